//! When a record was looked at last, and by when it must be again.

use super::table::{Cell, Mark, Tone};
use super::words::days_left;
use crate::check::next_review;
use crate::model::{Date, Decision, Meta};
use crate::reconcile::Register;

/// The reviews of one record.
pub(super) struct Reviewed {
    /// The day that the record tells.
    pub(super) recorded: Option<Date>,
    /// The last day on which somebody signed that the record stays.
    pub(super) signed: Option<Date>,
    /// The day by which the next one is due; `None` where neither the record nor its kind sets one.
    pub(super) due: Option<Date>,
}

impl Reviewed {
    /// Reads the reviews of a record; due is what rule DAT001 says, and `cycle_days` holds besides where the
    /// record tells no cycle and no next day.
    pub(super) fn of(
        register: &Register<'_>,
        meta: &Meta,
        recorded: Option<Date>,
        cycle_days: Option<i64>,
    ) -> Self {
        let review = meta.review.as_ref();
        let told = review.and_then(|review| review.last).map(|last| last.value);
        let recorded = recorded.into_iter().chain(told).max();
        let standing = register.standings.of(meta.kind, &meta.id.value);
        let kept = standing
            .decisions
            .iter()
            .filter(|decided| decided.flaws.is_empty() && decided.decision == Decision::ReviewKeep);
        let signed = kept.map(|decided| register.as_of.zone().day_of(decided.at)).max();
        let from = recorded
            .into_iter()
            .chain(signed)
            .max()
            .unwrap_or(meta.created.value);
        let tells_none = review.is_none_or(|review| review.next.is_none() && review.cycle_days.is_none());
        let by_cycle = cycle_days.filter(|_| tells_none).map(|days| from.plus_days(days));
        let zone = register.as_of.zone();
        let next = next_review(register.repository, &register.standings, zone, meta);
        let due = next.map(|next| next.date).into_iter().chain(by_cycle).min();
        Self {
            recorded,
            signed,
            due,
        }
    }

    /// Tells whether the day of the next review has passed.
    pub(super) fn is_overdue(&self, register: &Register<'_>) -> bool {
        self.due.is_some_and(|due| days_left(register, due) < 0)
    }

    /// Returns four cells: how it stands, the recorded day, the signed day, the day by which the next is due.
    pub(super) fn cells(&self, register: &Register<'_>) -> [Cell; 4] {
        let (word, rank, tone) = match self.due {
            _ if self.is_overdue(register) => ("overdue", 0, Tone::Bad),
            Some(_) => ("in_time", 2, Tone::Good),
            None => ("no_day_set", 1, Tone::Warning),
        };
        [
            Cell::Mark(Mark { word, rank, tone }),
            self.recorded.map_or_else(|| Cell::text("never"), Cell::shown),
            Cell::maybe_shown(self.signed),
            Cell::maybe_shown(self.due),
        ]
    }
}
