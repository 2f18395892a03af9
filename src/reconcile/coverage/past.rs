//! What stood for a finding at each moment of its life.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Coverage, Coverages};
use crate::model::{Date, Finding};
use crate::reconcile::clock::{Breach, Late};

/// What stood for one finding over its life.
pub(super) struct Past<'c> {
    coverages: &'c Coverages<'c>,
    matching: &'c [usize],
    exploited_since: Option<Date>,
    /// Whether the finding is open, so that its last moment is the one of the judgement.
    is_open: bool,
    last: DateTime<Utc>,
    /// Every moment at which what stands may change.
    turns: Vec<DateTime<Utc>>,
}

impl<'c> Past<'c> {
    pub(super) fn new(
        coverages: &'c Coverages<'c>,
        finding: &Finding,
        exploited_since: Option<Date>,
        matching: &'c [usize],
    ) -> Self {
        let zone = coverages.as_of.zone();
        let since = exploited_since.map(|day| zone.start_of_day(day).with_timezone(&Utc));
        let turns = matching.iter().flat_map(|&index| {
            let coverage = &coverages.all[index];
            let ends = [coverage.from, coverage.until + TimeDelta::seconds(1)];
            let decided = coverage.approvals.iter().chain(&coverage.revocations);
            ends.into_iter().chain(decided.copied())
        });
        let mut turns: Vec<DateTime<Utc>> = if matching.is_empty() {
            Vec::new()
        } else {
            turns.chain(since).collect()
        };
        turns.sort_unstable();
        Self {
            coverages,
            matching,
            exploited_since,
            is_open: finding.closed.is_none(),
            last: finding.closed.unwrap_or(coverages.as_of.instant()),
            turns,
        }
    }

    /// Tells whether decisions stood at each moment from the base due to the end.
    ///
    /// What ends while the finding is open leaves it late since its base due, however short the gap; what its
    /// author has ended since stood until then for what is closed.
    pub(super) fn held(&self, finding: &Finding) -> bool {
        let due = finding.base_due + TimeDelta::seconds(1);
        // A clock that starts with the patch may have run out before the finding was seen.
        let first = due.max(finding.first_seen).min(self.last);
        self.first_gap(first, self.last).is_none()
    }

    pub(super) fn breach(&self, late: &Late) -> Option<Breach> {
        let gap = self.first_gap(late.from, late.until)?;
        Some(Breach {
            due: late.due,
            at: gap,
        })
    }

    /// Finds the first moment of a stretch at which nothing stood.
    fn first_gap(&self, first: DateTime<Utc>, last: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let turns = self.turns.iter().copied();
        let turns = turns.filter(|at| first < *at && *at < last);
        let mut moments = [first].into_iter().chain(turns).chain([last]);
        moments.find(|at| !self.stands(*at))
    }

    fn stands(&self, at: DateTime<Utc>) -> bool {
        let all = self.coverages;
        let is_now = self.is_open && at == self.last;
        let lives = |coverage: &Coverage<'_>| {
            if is_now {
                coverage.counts
            } else {
                coverage.was_approved
            }
        };
        let day = all.as_of.zone().day_of(at);
        let exploited = self.exploited_since.filter(|since| *since <= day);
        self.matching.iter().any(|&index| {
            let coverage = &all.all[index];
            lives(coverage)
                && coverage.is_active(at)
                && (is_now || !coverage.is_revoked(at))
                && !all.is_spent(index, self.matching, at, &lives)
                && exploited.is_none_or(|day| coverage.survives_exploitation(day, at, all.as_of))
        })
    }
}
