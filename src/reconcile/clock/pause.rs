//! The pause of the clock while the vendor has no fix.

use chrono::{DateTime, Utc};

use super::Almanac;
use crate::model::{ClockPause, Date, Governor, Sla};

/// That the vendor has no fix, by an approved triage.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct Pause {
    /// The first local day without a running clock.
    pub(super) since: Date,
    /// When it was approved; until then the clock ran.
    pub(super) known: DateTime<Utc>,
    /// The day of the fix, or the one on which the triage that says there is none has ended.
    pub(super) until: Option<Date>,
    /// When that became known.
    pub(super) until_known: Option<DateTime<Utc>>,
    pub(super) by: Governor,
    /// The triage that says that there is a fix; none where an export says so.
    pub(super) ended_by: Option<Governor>,
}

/// What one triage that counts says of the vendor's fix.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct FixWord {
    pub(in crate::reconcile) is_there: bool,
    /// Since when, or the day of the approval where it does not say.
    pub(in crate::reconcile) since: Date,
    pub(in crate::reconcile) approved: DateTime<Utc>,
    /// The last day of the triage.
    pub(in crate::reconcile) expires: Date,
    /// A triage that its author has ended pauses nothing unless the day of the fix is known.
    pub(in crate::reconcile) is_ended: bool,
    /// Whether it names where the vendor says so.
    pub(in crate::reconcile) has_reference: bool,
    pub(in crate::reconcile) by: Governor,
}

/// Joins what triages and exports say of the fix: the first day without one, and the first day with one.
pub(in crate::reconcile) fn pause_of(
    words: &[FixWord],
    patch_published: Option<Date>,
    almanac: &Almanac,
) -> Option<Pause> {
    let missing = || words.iter().filter(|word| !word.is_there && word.has_reference);
    let first = missing().min_by_key(|word| (word.since, word.approved))?;
    let found = words
        .iter()
        .filter(|word| word.is_there && word.since > first.since)
        .min_by_key(|word| (word.since, word.approved));
    let published = patch_published.filter(|day| *day > first.since);
    let by_triage = found.map(|word| (word.since, word.approved.max(almanac.start_of(word.since))));
    let by_export = published.map(|day| (day, almanac.start_of(day)));
    let fixed = by_triage.into_iter().chain(by_export).min();
    if fixed.is_none() && missing().all(|word| word.is_ended) {
        return None;
    }
    // Nobody vouches for the missing fix after the last triage that says so.
    let ended = missing().map(|word| word.expires.plus_days(1)).max();
    let ended = ended.map(|day| (day, almanac.start_of(day)));
    let end = fixed.into_iter().chain(ended).min();
    Some(Pause {
        since: first.since,
        known: first.approved.max(almanac.start_of(first.since)),
        until: end.map(|(day, _)| day),
        until_known: end.map(|(_, known)| known),
        by: first.by.clone(),
        ended_by: found
            .filter(|_| by_triage.is_some() && by_triage == end)
            .map(|word| word.by.clone()),
    })
}

/// The local days on which the clock does not run: from the first to the one before `until`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Paused {
    pub(super) since: Date,
    pub(super) until: Date,
    /// Whether a fix ended it, and not the agreement's limit.
    pub(super) is_fixed: bool,
}

impl Pause {
    /// Returns the days that an agreement lets pass; `None` where it pauses for nothing.
    ///
    /// Without `max_pause_days` nothing pauses: a pause without an end would be an exception that nobody granted.
    pub(super) fn under(&self, sla: &Sla, first_day: Date, is_over: bool) -> Option<Paused> {
        let longest = sla.clock.max_pause_days?;
        if !sla.clock.pause.contains(&ClockPause::VendorFixMissing) {
            return None;
        }
        let since = self.since.max(first_day);
        let limit = since.plus_days(i64::from(longest));
        let fixed = self.until.filter(|until| is_over && *until < limit);
        let until = fixed.unwrap_or(limit);
        (until > since).then_some(Paused {
            since,
            until,
            is_fixed: fixed.is_some(),
        })
    }
}

impl Paused {
    /// Moves a date that was counted from a moment by the days of the pause that the clock had still to run.
    ///
    /// At least one day is left when the clock goes on. A date that had passed when the pause began stays.
    pub(super) fn moved(
        self,
        due: DateTime<Utc>,
        counted_from: DateTime<Utc>,
        almanac: &Almanac,
    ) -> DateTime<Utc> {
        let days = self
            .until
            .days_since(self.since.max(almanac.day_of(counted_from)));
        if days <= 0 || almanac.day_of(due) < self.since {
            return due;
        }
        let least = almanac.end_of(self.until.plus_days(1));
        almanac.moved(due, days).max(least)
    }
}
