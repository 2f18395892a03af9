//! When a finding must be remediated, and how that date came about.
//!
//! A clock is a walk over what happened in the life of a finding, by time. What asks for an earlier date
//! makes it earlier, at once. Only a decision that somebody approved makes it later: then the date is
//! worked out anew, as if the decision had stood from the start, and what was missed before stays missed.
//! Each step is a segment. Source: reconciliation semantics, SLA clock and time rules.

mod counting;
mod courses;
mod days;
mod demands;
mod freeze;
mod happenings;
mod history;
mod late;
mod overrides;
mod pause;
mod sharing;
#[cfg(test)]
mod tests;
mod versions;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

pub(super) use courses::{Alike, Courses, Likeness, Likenesses};
pub(super) use days::Almanac;
pub(super) use freeze::{Freeze, plan_by};
pub(super) use history::{Course, Note, course};
pub(super) use late::{Breach, Late, late};
pub(super) use overrides::Override;
pub(super) use pause::{FixWord, Pause, pause_of};
pub(super) use sharing::Sharing;
pub(super) use versions::{
    AgreementVersion, Records, SystemVersion, governing, laid_out, standing_alone, system_versions,
    versions_of,
};

use crate::import::KevListing;
use crate::model::{
    AsOf, Date, DecisionTable, DueReason, Exploit, ExpressionValue, Governor, Isms, Record, RecordId,
    SegmentCause, Severity, Sla, System, Triage, Zone, system_value,
};

/// What is known of a finding when its clock is set.
pub(super) struct Facts<'a> {
    pub(super) first_seen: DateTime<Utc>,
    /// When its life ended; what happens later moves nothing.
    pub(super) closed: Option<DateTime<Utc>>,
    /// The severity at the first sighting, by the scanners.
    pub(super) severity: Severity,
    /// When scanners rated it higher, and how; by time.
    pub(super) rises: Vec<(DateTime<Utc>, Severity)>,
    /// What an approved triage made of the severity.
    pub(super) rated: Option<Rated>,
    pub(super) patch_published: Option<Date>,
    pub(super) kev: Option<KevListing>,
    pub(super) epss: Option<f64>,
    /// What the scanners say of exploits, and when one of them first did; by time.
    pub(super) exploit_said: Vec<(DateTime<Utc>, Exploit)>,
    /// Evidence of exploits by its day.
    pub(super) evidence: Vec<(Date, Exploit)>,
    /// Triages that count, with the moment of their approval: they decide the points of SSVC.
    pub(super) triages: Vec<(&'a Record<Triage>, DateTime<Utc>)>,
    /// The system that the host is of, in its versions by time; the first holds from the start.
    pub(super) systems: Cow<'a, [SystemVersion<'a>]>,
    pub(super) pause: Option<Pause>,
    /// The overrides of incidents that are about it, by the moment from which they are in force.
    pub(super) overrides: Vec<&'a Override>,
    /// The freezes of its system, by their first day.
    pub(super) freezes: &'a [Freeze],
}

/// A severity by an approved triage.
#[derive(Clone, Debug)]
pub(super) struct Rated {
    pub(super) at: DateTime<Utc>,
    pub(super) severity: Severity,
    pub(super) by: RecordId,
}

/// What all clocks share.
pub(super) struct Ground<'a> {
    pub(super) as_of: AsOf,
    pub(super) isms: Option<&'a Isms>,
    pub(super) tables: &'a BTreeMap<Arc<str>, DecisionTable>,
    pub(super) almanac: Almanac,
    pub(super) sharing: Sharing,
}

/// By what a clock is set.
#[derive(Clone, Copy)]
pub(super) enum Law<'a> {
    /// The versions of the one agreement, by time; the first holds from the start.
    Agreement(&'a [AgreementVersion<'a>]),
    /// On any ambiguity the shortest cell that any agreement has counts; the reason says which ambiguity.
    Strictest {
        versions: &'a [AgreementVersion<'a>],
        reason: &'static str,
        /// The one agreement of the host's system, where there is one: its priority rules raise the severity.
        own: Option<&'a Sla>,
    },
}

/// A due date, its reason, and what set it.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) at: DateTime<Utc>,
    pub(super) reason: DueReason,
    pub(super) by: Arc<[Governor]>,
    /// What asked for it, where it is not the matrix.
    pub(super) cause: Option<SegmentCause>,
}

impl Due {
    pub(super) fn earlier(self, other: Self) -> Self {
        if other.at < self.at { other } else { self }
    }
}

impl Facts<'_> {
    /// Returns what was known of exploits at a moment of a day.
    pub(super) fn exploit_at(&self, at: DateTime<Utc>, day: Date) -> Exploit {
        let said = self.exploit_said.iter().filter(|(since, _)| *since <= at);
        let said = said.map(|(_, level)| *level);
        let shown = self.evidence.iter().filter(|(since, _)| *since <= day);
        let shown = shown.map(|(_, level)| *level);
        let listed = self.kev.filter(|listing| listing.added <= day);
        said.chain(shown)
            .chain(listed.map(|_| Exploit::Active))
            .fold(Exploit::None, Exploit::max)
    }

    /// Returns the highest level that is known, and the local day on which it became known.
    pub(super) fn exploited(&self, zone: Zone) -> Option<(Exploit, Date)> {
        let said = self.exploit_said.iter();
        let said = said.map(|(at, level)| (*level, zone.day_of(*at)));
        let shown = self.evidence.iter().map(|(day, level)| (*level, *day));
        let listed = self.kev.map(|listing| (Exploit::Active, listing.added));
        said.chain(shown)
            .chain(listed)
            .filter(|(level, _)| *level > Exploit::None)
            .max_by_key(|(level, day)| (*level, std::cmp::Reverse(*day)))
    }

    /// Tells whether it is listed, or known to be used in attacks, at whatever time that became known.
    pub(super) fn is_exploited(&self) -> bool {
        let said = self.exploit_said.iter().map(|(_, level)| *level);
        let shown = self.evidence.iter().map(|(_, level)| *level);
        self.kev.is_some() || said.chain(shown).any(|level| level == Exploit::Active)
    }

    /// Returns the scanners' severity at a moment.
    pub(super) fn severity_at(&self, at: DateTime<Utc>) -> Severity {
        let risen = self.rises.iter().filter(|(since, _)| *since <= at);
        risen
            .map(|(_, severity)| *severity)
            .fold(self.severity, Severity::max)
    }

    /// Returns the value of an SSVC decision point, by the newest triage that was approved by then.
    fn decision_point(&self, point: &str, at: DateTime<Utc>) -> Option<ExpressionValue> {
        let decided = self
            .triages
            .iter()
            .filter(|(_, approved)| *approved <= at)
            .filter_map(|(triage, approved)| Some((*approved, triage.spec.ssvc.get(point)?)));
        decided
            .max_by_key(|(approved, _)| *approved)
            .map(|(_, value)| ExpressionValue::Text(value.clone()))
    }
}

/// What is known at one moment.
#[derive(Clone, Copy)]
struct State<'s, 'a> {
    facts: &'s Facts<'a>,
    at: DateTime<Utc>,
    severity: Severity,
    exploit: Exploit,
    kev: Option<KevListing>,
    system: Option<&'a Record<System>>,
}

impl State<'_, '_> {
    fn tier(&self) -> Option<&str> {
        let tier = self.system.and_then(|system| system.spec.tier.as_ref());
        tier.map(|tier| tier.value.as_str())
    }

    fn fact(&self, name: &str) -> Option<ExpressionValue> {
        match name {
            "exploitation" => Some(ExpressionValue::Text(self.exploit.word().into())),
            "kev" => Some(ExpressionValue::Bool(self.kev.is_some())),
            "epss" => self.facts.epss.map(ExpressionValue::Number),
            "severity" => Some(ExpressionValue::Text(self.severity.word().into())),
            _ => match name.strip_prefix("ssvc.") {
                Some(point) => self.facts.decision_point(point, self.at),
                None => self.system.and_then(|system| system_value(system, name)),
            },
        }
    }

    /// An exploited vulnerability is never lowered, and no freeze pauses its clock.
    fn is_exploited(&self) -> bool {
        self.kev.is_some() || self.exploit == Exploit::Active
    }
}
