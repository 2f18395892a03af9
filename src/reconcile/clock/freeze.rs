//! Freezes: they never move a due date, except where an agreement lets them pause the clock.

use chrono::{DateTime, Utc};

use super::Almanac;
use crate::model::{Date, Governor, Severity, Sla};

/// The most days by which freezes move a due date together.
pub(super) const MAX_DAYS: i64 = 14;

/// A freeze of a system, in local days.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct Freeze {
    pub(in crate::reconcile) first: Date,
    /// The last day, to its end.
    pub(in crate::reconcile) last: Date,
    pub(in crate::reconcile) by: Governor,
}

/// Tells whether freezes pause the clock of a finding: only of what is neither grave nor exploited.
pub(super) fn pauses(sla: &Sla, severity: Severity, is_exploited: bool) -> bool {
    sla.clock.freeze_pauses && matches!(severity, Severity::Low | Severity::Medium) && !is_exploited
}

/// Moves a date that was counted from a moment by the days of the freezes between the two.
pub(super) fn moved(
    freezes: &[Freeze],
    due: DateTime<Utc>,
    counted_from: DateTime<Utc>,
    almanac: &Almanac,
) -> DateTime<Utc> {
    // The first day that may still be frozen, so that freezes which overlap count once.
    let mut next = almanac.day_of(counted_from);
    let (mut due, mut left) = (due, MAX_DAYS);
    for freeze in freezes {
        let first = freeze.first.max(next);
        if first > almanac.day_of(due) || freeze.last < first {
            continue;
        }
        let days = (freeze.last.days_since(first) + 1).min(left);
        left -= days;
        next = freeze.last.plus_days(1);
        due = almanac.moved(due, days);
    }
    due
}

/// Returns the day before the freeze in which a due date falls; the earliest where freezes overlap.
pub(in crate::reconcile) fn plan_by(freezes: &[Freeze], due: Date) -> Option<Date> {
    let mut day = due;
    // A freeze that ends on the day before another begins is one with it.
    while let Some(freeze) = freezes
        .iter()
        .find(|freeze| freeze.first <= day && day <= freeze.last)
    {
        let before = freeze.first.plus_days(-1);
        if before >= day {
            break;
        }
        day = before;
    }
    (day < due).then_some(day)
}
