//! Freezes: they never move a due date, except where an agreement lets them pause the clock.

use chrono::{DateTime, Utc};

use super::Almanac;
use crate::model::{Date, Governor, Severity, Sla};

/// The most days by which freezes move a due date together.
const MAX_DAYS: i64 = 14;

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
    let first_day = almanac.day_of(counted_from);
    let (mut due, mut left) = (due, MAX_DAYS);
    for freeze in freezes {
        if freeze.first > almanac.day_of(due) || freeze.last < first_day {
            continue;
        }
        let days = freeze.last.days_since(freeze.first.max(first_day)) + 1;
        let days = days.min(left);
        left -= days;
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
