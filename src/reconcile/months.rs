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
    /// The figures of its days as they are known at the register's as-of, by the dates that later exports tell.
    pub known_since: Figures,
}

/// Returns the twelve months of which the last is the one in which a period ends, the oldest first.
pub fn months_before(period: Period, as_of: AsOf) -> impl Iterator<Item = (Period, AsOf)> {
    let last = period.to.min(as_of.day()).first_of_month();
    (0..MONTHS).rev().map(move |back| {
        let from = last.minus_months(back);
        let to = from.plus_months(1).plus_days(-1);
        let end = AsOf::end_of(to, as_of.zone());
        let month = Period { from, to };
        let has_ended = end.instant() < as_of.instant();
        (month, if has_ended { end } else { as_of })
    })
}

/// Asks for a register of each month of a trend; not for those before the first scan.
///
/// It is asked for all months at once, too, where the register begins after the first of them.
pub fn months<'a>(register: &Register<'_>, ask: impl Fn(Period, AsOf) -> Register<'a>) -> Vec<Month> {
    let all: Vec<(Period, AsOf)> = months_before(register.period, register.as_of).collect();
    let Some(((first, _), (last, _))) = all.first().zip(all.last()) else {
        return Vec::new();
    };
    let whole = Period {
        from: first.from,
        to: last.to,
    };
    let periods = all.iter().map(|(period, _)| *period);
    let known_since = if register.period.from > whole.from {
        ask(whole, register.as_of).figures_of(periods)
    } else {
        register.figures_of(periods)
    };
    let month = |((period, as_of), known_since): ((Period, AsOf), Figures)| {
        let lines = register.imports.iter();
        let known = lines.filter(|line| line.product == Product::Scan && !line.is_newer_than(as_of));
        let scans = known.count();
        let figures = if scans > 0 {
            ask(period, as_of).kpis
        } else {
            Figures::new()
        };
        Month {
            period,
            as_of,
            scans,
            figures,
            known_since,
        }
    };
    all.into_iter().zip(known_since).map(month).collect()
}
