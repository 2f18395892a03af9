//! Clocks that were set before: most findings of a System differ in nothing that sets their clock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;

use super::{Course, Facts};
use crate::import::KevListing;
use crate::model::{Date, Exposure, RecordId, Severity};

/// What sets the clock of a finding of which nothing else is known.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Plain {
    first_seen: DateTime<Utc>,
    closed: Option<DateTime<Utc>>,
    severity: Severity,
    patch_published: Option<Date>,
    kev: Option<KevListing>,
    /// Its bits.
    epss: Option<u64>,
}

/// Hosts that are alike in all that sets the clocks of their findings; those that have moved are alike to none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::reconcile) struct Alike<'s> {
    pub(in crate::reconcile) system: Option<&'s RecordId>,
    /// As it is judged, which may be stricter than the record.
    pub(in crate::reconcile) exposure: Option<Exposure>,
    /// Why no single agreement counts.
    pub(in crate::reconcile) ambiguity: Option<&'static str>,
}

/// What clocks came to, by all that set them.
#[derive(Default)]
pub(in crate::reconcile) struct Courses<'s> {
    known: HashMap<(Alike<'s>, Plain), Course, RandomState>,
}

/// So many are kept; a history of many days has findings that are alike in nothing.
const MOST: usize = 4096;

impl<'s> Courses<'s> {
    /// Returns what the clock of a finding comes to, which is worked out where none was alike.
    pub(in crate::reconcile) fn of(
        &mut self,
        hosts: Option<Alike<'s>>,
        facts: &Facts<'_>,
        work_out: impl Fn() -> Course,
    ) -> Course {
        let Some(key) = hosts.zip(facts.plain()) else {
            return work_out();
        };
        if self.known.len() >= MOST {
            self.known.clear();
        }
        let course = self.known.entry(key).or_insert_with(&work_out).clone();
        debug_assert_eq!(course, work_out(), "something else sets the clock");
        course
    }
}

impl Facts<'_> {
    /// Returns what sets its clock beside its host; `None` where decisions, evidence or changes do so, too.
    fn plain(&self) -> Option<Plain> {
        // Every field by its name, so that a new one cannot be forgotten here.
        let Self {
            first_seen,
            closed,
            severity,
            rises,
            rated,
            patch_published,
            kev,
            epss,
            exploit_said,
            evidence,
            triages,
            systems: _,
            pause,
            overrides,
            freezes: _,
        } = self;
        let is_plain = rises.is_empty()
            && rated.is_none()
            && exploit_said.is_empty()
            && evidence.is_empty()
            && triages.is_empty()
            && pause.is_none()
            && overrides.is_empty();
        is_plain.then_some(Plain {
            first_seen: *first_seen,
            closed: *closed,
            severity: *severity,
            patch_published: *patch_published,
            kev: *kev,
            epss: epss.map(f64::to_bits),
        })
    }
}
