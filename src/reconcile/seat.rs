//! What all findings of one host are judged by, worked out once.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::clock::{Alike, Freeze, Law, Likeness, Likenesses, SystemVersion};
use super::coverage::OfHost;
use super::judge::Bench;
use super::moves::Stay;
use super::rating::OverrideOf;
use super::register::HostRow;
use crate::model::{
    HostStatus, Kind, Record, RecordId, RiskAcceptanceType, Sla, Status, System, SystemState,
};

/// A host with what its findings are judged by.
pub(super) struct Seat<'s> {
    pub(super) host: &'s HostRow,
    /// As it is judged for the host.
    pub(super) system: Option<&'s Record<System>>,
    /// Whether the System is approved.
    pub(super) is_approved: bool,
    /// Whether the System is out of scope by an acceptance that counts.
    pub(super) is_excluded: bool,
    /// The System, where it is past its support.
    pub(super) unsupported: Option<&'s RecordId>,
    pub(super) tier: Option<Arc<str>>,
    /// When the host was retired, whoever saw it after.
    pub(super) retired: Option<DateTime<Utc>>,
    /// The one agreement of the System, as it governs now.
    pub(super) sla: Option<&'s Sla>,
    pub(super) law: Law<'s>,
    /// What the System has said, by time.
    pub(super) systems: Cow<'s, [SystemVersion<'s>]>,
    /// The Systems that the host has been of; none where it has always been of one.
    pub(super) stays: &'s [Stay],
    pub(super) freezes: &'s [Freeze],
    pub(super) overrides: &'s [OverrideOf<'s>],
    pub(super) decisions: Option<&'s OfHost>,
    /// The number of the hosts that are alike; `None` where it has moved.
    pub(super) likeness: Option<Likeness>,
}

impl Bench<'_> {
    /// Works out by what the findings of a host are judged.
    pub(super) fn seat<'s>(&'s self, host: &'s HostRow, likenesses: &mut Likenesses<'s>) -> Seat<'s> {
        let of_system = host.system.as_ref();
        let recorded = of_system.and_then(|id| self.repository.systems.get(id));
        let system = self.exposed.system_of(&host.id).or(recorded);
        let row = of_system.and_then(|id| self.systems.get(id));
        let ambiguity = self.ambiguity(host);
        let stays = self.clocks.stays(host);
        let tier = system.and_then(|system| system.spec.tier.as_ref());
        Seat {
            host,
            system,
            is_approved: system.is_some_and(|system| self.standings.of(Kind::System, system.id()).counts()),
            is_excluded: system.is_some_and(|system| self.is_excluded(system)),
            unsupported: row.filter(|row| row.is_unsupported).map(|row| &row.id),
            tier: tier.map(|tier| tier.value.as_str().into()),
            retired: self.retired_at(host, system),
            sla: self.clocks.sla_of(host),
            law: self.clocks.law(host, ambiguity),
            systems: self.clocks.systems_of(system),
            stays,
            freezes: self.clocks.freezes_of(host),
            overrides: self.clocks.overrides_of(host),
            decisions: self.coverages.of_host(&host.id),
            likeness: stays.is_empty().then(|| {
                likenesses.number(Alike {
                    system: of_system,
                    exposure: system.and_then(|system| system.spec.exposure),
                    ambiguity,
                })
            }),
        }
    }

    /// Returns why no single agreement counts for a host; `None` where one does.
    fn ambiguity(&self, host: &HostRow) -> Option<&'static str> {
        match (&host.system, host.claims.len(), host.candidates.is_empty()) {
            (_, _, false) => Some("strictest:ambiguous-host"),
            (None, 0, true) => Some("strictest:no-system"),
            (None, _, true) => Some("strictest:several-systems"),
            (Some(system), _, true) => match self.systems.get(system).map_or(0, |row| row.slas.len()) {
                0 => Some("strictest:no-sla"),
                1 => None,
                _ => Some("strictest:several-slas"),
            },
        }
    }

    /// A system's own day counts once it has passed; a host that only the inventory calls retired counts from as-of.
    fn retired_at(&self, host: &HostRow, system: Option<&Record<System>>) -> Option<DateTime<Utc>> {
        let of_system = system
            .filter(|system| system.spec.state == Some(SystemState::Retired))
            .map(|system| {
                let day = system.spec.retired_on.as_ref().map(|day| day.value);
                day.map_or(self.as_of.instant(), |day| {
                    self.as_of.zone().end_of_day(day).with_timezone(&Utc)
                })
            })
            .filter(|retired| *retired <= self.as_of.instant());
        let of_host =
            (host.status == HostStatus::Retired).then(|| host.last_scan.unwrap_or(self.as_of.instant()));
        of_system.or(of_host)
    }

    /// Tells whether a System is out of scope with an acceptance of that type that counts and has not ended.
    fn is_excluded(&self, system: &Record<System>) -> bool {
        let scope = &system.spec.scope;
        let Some(reference) = scope.acceptance.as_ref().filter(|_| !scope.is_in.value) else {
            return false;
        };
        let Some(acceptance) = self.repository.acceptances.get(&reference.value.0) else {
            return false;
        };
        let spec = &acceptance.spec;
        spec.acceptance_type == RiskAcceptanceType::ScopeExclusion
            && acceptance.meta.declared() == Status::Submitted
            && self.standings.of(Kind::RiskAcceptance, acceptance.id()).counts()
            && spec.starts.value <= self.as_of.day()
            && spec
                .expires
                .is_some_and(|expires| !self.as_of.is_past(expires.value))
            && spec
                .subject
                .systems
                .iter()
                .any(|subject| subject.value.0 == *system.id())
    }
}
