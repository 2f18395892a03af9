//! The figures, each with what it was computed from. Source: reconciliation semantics, KPIs.

mod episodes;
mod estate;
mod exceptions;
mod population;
mod stages;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use episodes::SlaOutcome;
pub use population::Dimension;
pub(super) use population::Population;
pub use stages::Stage;

use super::estate::ScanDuty;
use super::register::Period;
use crate::model::{AsOf, Finding, Rate};

/// A figure with what it was computed from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kpi {
    /// One sentence: what over what.
    pub title: &'static str,
    pub unit: Unit,
    pub rate: Rate,
    /// Whether people see it at once; the others are in the machine formats.
    pub is_headline: bool,
}

/// What numerator and denominator of a figure are, and how they make its value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Unit {
    /// The numerator out of the denominator, as a percentage.
    Percent,
    /// Seconds that were summed up over the denominator; their mean in days.
    MeanDays,
    /// The seconds of one out of the denominator, in days.
    Days,
    /// Seconds in which findings were in a state, summed up over the denominator, in days.
    FindingDays,
    /// Seconds in which hosts were in a state, summed up over the denominator, in days.
    HostDays,
    /// So many exceptions out of the denominator.
    Exceptions,
}

impl Unit {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::MeanDays | Self::Days => "days",
            Self::FindingDays => "finding_days",
            Self::HostDays => "host_days",
            Self::Exceptions => "exceptions",
        }
    }
}

impl Kpi {
    /// Makes a share that people see at once.
    pub fn share(title: &'static str, numerator: u64, denominator: u64) -> Self {
        Self::of(Unit::Percent, title, numerator, denominator).headline()
    }

    fn of(unit: Unit, title: &'static str, numerator: u64, denominator: u64) -> Self {
        Self {
            title,
            unit,
            rate: Rate {
                numerator,
                denominator,
            },
            is_headline: false,
        }
    }

    fn headline(mut self) -> Self {
        self.is_headline = true;
        self
    }

    /// Returns the value unrounded, as a numerator over a denominator in its unit; `None` over nothing.
    pub fn exact(&self) -> Option<(u64, u64)> {
        const DAY: u64 = 86_400;
        let Rate {
            numerator,
            denominator,
        } = self.rate;
        let value = match self.unit {
            Unit::Percent => (numerator.saturating_mul(100), denominator),
            Unit::MeanDays => (numerator, denominator.saturating_mul(DAY)),
            Unit::Days | Unit::FindingDays | Unit::HostDays => (numerator, DAY),
            Unit::Exceptions => (numerator, 1),
        };
        (denominator > 0).then_some(value)
    }

    /// Returns the value: a percentage rounded down, days rounded up, a count, or `n/a` over nothing.
    pub fn value(&self) -> String {
        let Rate {
            numerator,
            denominator,
        } = self.rate;
        if denominator == 0 {
            return "n/a".into();
        }
        match self.unit {
            Unit::Percent => self.rate.percent(),
            Unit::MeanDays => days(numerator, denominator),
            Unit::Days | Unit::FindingDays | Unit::HostDays => days(numerator, 1),
            Unit::Exceptions => numerator.to_string(),
        }
    }
}

/// Writes seconds as days with one decimal, rounded up: a time is never shown shorter than it was.
fn days(seconds: u64, over: u64) -> String {
    let tenths = (u128::from(seconds) * 10).div_ceil(86_400 * u128::from(over));
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// When and by which duty figures are computed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) as_of: AsOf,
    pub(super) duty: ScanDuty,
    /// The first moment of the period.
    begin: DateTime<Utc>,
    /// The last moment of the period that as-of knows of.
    end: DateTime<Utc>,
}

impl Frame {
    pub(super) fn new(period: Period, as_of: AsOf, duty: ScanDuty) -> Self {
        let zone = as_of.zone();
        let end = zone.end_of_day(period.to).with_timezone(&Utc);
        Self {
            as_of,
            duty,
            begin: zone.start_of_day(period.from).with_timezone(&Utc),
            end: end.min(as_of.instant()),
        }
    }

    fn holds(self, at: DateTime<Utc>) -> bool {
        (self.begin..=self.end).contains(&at)
    }

    /// Tells whether a finding was open at some moment of the period.
    pub(super) fn saw_open(self, finding: &Finding) -> bool {
        finding.closed.is_none_or(|closed| closed >= self.begin)
    }

    /// Tells whether a finding belongs to the period: it was open in it, or due in it and fixed before.
    pub(super) fn concerns(self, finding: &Finding) -> bool {
        self.saw_open(finding) || SlaOutcome::of(finding, self).is_some()
    }
}

/// From a moment to another.
pub(super) type Stretch = (DateTime<Utc>, DateTime<Utc>);

/// Figures by name, such as `sla_rate_strict`.
pub type Figures = BTreeMap<&'static str, Kpi>;

impl Population<'_> {
    /// Computes every figure whose inputs stand.
    pub(super) fn figures(&self, frame: Frame) -> Figures {
        let mut figures = Figures::new();
        let sums = episodes::Sums::of(&self.findings, frame);
        episodes::rates(&sums, &mut figures);
        episodes::times(&sums, &mut figures);
        episodes::exposure(&sums, &mut figures);
        estate::hosts(self, frame, &mut figures);
        estate::unsupported(self, &mut figures);
        estate::evidence(self, &mut figures);
        exceptions::volume(self, frame, &mut figures);
        exceptions::debt(&sums, &mut figures);
        exceptions::ageing(self, frame, &mut figures);
        figures
    }
}

/// Counts what holds.
fn count<T>(items: &[T], which: impl Fn(&T) -> bool) -> u64 {
    number(items.iter().filter(|item| which(item)).count())
}

fn number(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Returns the whole seconds between two moments, as documents write them; none where the second comes first.
fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from(to.timestamp() - from.timestamp()).unwrap_or(0)
}

/// Sums up spans of time, each moment once.
pub(super) fn united_seconds(mut spans: Vec<Stretch>) -> u64 {
    spans.sort_unstable();
    let mut total = 0;
    let mut reached = DateTime::<Utc>::MIN_UTC;
    for (from, to) in spans {
        total += seconds(from.max(reached), to);
        reached = reached.max(to);
    }
    total
}

/// Returns the value in sorted ones that the share `tenths` / 10 of them does not exceed; of two middle ones the greater.
fn quantile(sorted: &[u64], tenths: usize) -> u64 {
    let place = (sorted.len() * tenths / 10).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Kpi, Unit, quantile};

    #[test]
    fn values_never_look_better_than_they_are() {
        let rows = [
            (Unit::Percent, 28, 30, "93.3"),
            (Unit::Percent, 0, 0, "n/a"),
            (Unit::MeanDays, 86_400 * 3, 2, "1.5"),
            (Unit::MeanDays, 86_400 * 3 + 1, 2, "1.6"),
            (Unit::Days, 1, 40, "0.1"),
            (Unit::Days, 0, 0, "n/a"),
            (Unit::FindingDays, 86_400 * 12, 4, "12.0"),
            (Unit::Exceptions, 3, 7, "3"),
            (Unit::Exceptions, 0, 0, "n/a"),
        ];
        for (unit, numerator, denominator, expected) in rows {
            let kpi = Kpi::of(unit, "", numerator, denominator);
            assert_eq!(kpi.value(), expected, "{unit:?} {numerator}/{denominator}");
        }
    }

    #[test]
    fn of_two_middle_values_the_greater_counts() {
        assert_eq!(quantile(&[1, 2, 3], 5), 2);
        assert_eq!(quantile(&[1, 2, 3, 4], 5), 3);
        assert_eq!(quantile(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 9), 10);
        assert_eq!(quantile(&[7], 9), 7);
        assert_eq!(quantile(&[], 9), 0);
    }
}
