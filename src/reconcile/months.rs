//! The figures of the months before, each computed as of its own end.

use super::kpi::Figures;
use super::register::{Period, Register};
use crate::import::Product;
use crate::model::AsOf;

/// How many months a trend has.
const MONTHS: u32 = 12;

/// One month of a trend.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Month {
    pub period: Period,
    /// The month's end; the register's own as-of where that comes before it.
    pub as_of: AsOf,
    /// How many scans were known by then. Before the first nothing was known of any finding, and there are no figures.
    pub scans: usize,
    pub figures: Figures,
}

/// Returns the twelve months of which the last is the one in which a period ends, the oldest first.
pub fn months_before(period: Period, as_of: AsOf) -> impl Iterator<Item = (Period, AsOf)> {
    let last = period.to.min(as_of.day()).first_of_month();
    (0..MONTHS).rev().map(move |back| {
        let from = last.minus_months(back);
        let to = from.plus_months(1).plus_days(-1);
        let end = AsOf::end_of(to, as_of.zone());
        let month = Period { from, to };
        (
            month,
            if end.instant() < as_of.instant() {
                end
            } else {
                as_of
            },
        )
    })
}

/// Asks for the figures of each month of a register's trend; not for those before the first scan.
pub fn months(register: &Register<'_>, mut ask: impl FnMut(Period, AsOf) -> Figures) -> Vec<Month> {
    let asked = months_before(register.period, register.as_of).map(|(period, as_of)| {
        let lines = register.imports.iter();
        let known = lines.filter(|line| line.product == Product::Scan && !line.is_newer_than(as_of));
        let scans = known.count();
        let figures = if scans > 0 {
            ask(period, as_of)
        } else {
            Figures::new()
        };
        Month {
            period,
            as_of,
            scans,
            figures,
        }
    });
    asked.collect()
}
