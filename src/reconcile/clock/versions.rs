//! The versions of an agreement, and of the system that it governs, over the life of a finding.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::load::Repository;
use crate::model::{AsOf, Governor, Kind, Record, RecordId, Sla, Status, System, Zone, system_value};
use crate::trust::Standings;

/// One version of an agreement, and from when on it governs.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct AgreementVersion<'a> {
    /// From its approval on, until the next one's; the first governs what was found before, too.
    pub(in crate::reconcile) from: DateTime<Utc>,
    /// Whether it may give more time than the version before it: only once it is approved.
    pub(in crate::reconcile) loosens: bool,
    pub(in crate::reconcile) sla: &'a Sla,
    /// The record's id and version.
    pub(in crate::reconcile) by: Arc<[Governor]>,
}

/// The System of a host, and from when on it is, or says what it says.
///
/// Today there is one: a change of the record, or of the host's place, is known to the history only.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct SystemVersion<'a> {
    pub(in crate::reconcile) from: DateTime<Utc>,
    /// Whether it may give more time than what held before: an approved change of the tier may, a move never.
    pub(in crate::reconcile) loosens: bool,
    pub(in crate::reconcile) system: Option<&'a Record<System>>,
}

fn version(record: &Record<Sla>, from: DateTime<Utc>, loosens: bool) -> AgreementVersion<'_> {
    AgreementVersion {
        from,
        loosens,
        sla: &record.spec,
        by: Arc::new([Governor::Record {
            kind: Kind::Sla,
            id: record.id().clone(),
            version: record
                .meta
                .version
                .as_ref()
                .map(|version| version.as_str().into()),
        }]),
    }
}

fn applies(sla: &Record<Sla>, system: &Record<System>) -> bool {
    let selector = &sla.spec.applies_to.value.0;
    selector.holds(&|name| system_value(system, name))
}

/// Finds the agreements in force for a system, by id.
///
/// An agreement is in force when it has begun, is not past its end, and is asked for. One that supersedes
/// another takes its place with its approval: until then the other one governs, whatever its status says,
/// so that the past can be judged by what governed then.
pub(in crate::reconcile) fn governing(
    repository: &Repository,
    standings: &Standings,
    system: &Record<System>,
    as_of: AsOf,
) -> Vec<RecordId> {
    let counts = |id: &RecordId| standings.of(Kind::Sla, id).counts();
    let successors = |sla: &Record<Sla>| {
        let id = sla.id().clone();
        repository.slas.iter().filter(move |other| {
            other.meta.supersedes.as_ref().is_some_and(|old| old.value == id)
                && matches!(other.meta.declared(), Status::Submitted | Status::Superseded)
        })
    };
    let has_begun =
        |sla: &Record<Sla>| !as_of.is_past(sla.spec.expires.value) && sla.meta.created.value <= as_of.day();
    let is_replaced = |sla: &Record<Sla>| successors(sla).any(|other| counts(other.id()));
    let in_force = |sla: &Record<Sla>| match sla.meta.declared() {
        Status::Submitted => has_begun(sla) && !is_replaced(sla),
        // What is superseded before its successor is approved goes on until then.
        Status::Superseded => {
            has_begun(sla) && counts(sla.id()) && !is_replaced(sla) && successors(sla).next().is_some()
        }
        Status::Draft | Status::Closed | Status::Revoked => false,
    };
    let waits = |sla: &Record<Sla>| {
        let old = sla.meta.supersedes.as_ref();
        let old = old.and_then(|id| repository.slas.get(&id.value));
        !counts(sla.id()) && old.is_some_and(|old| applies(old, system) && in_force(old))
    };
    repository
        .slas
        .iter()
        .filter(|sla| in_force(sla) && applies(sla, system) && !waits(sla))
        .map(|sla| sla.id().clone())
        .collect()
}

/// Lists an agreement with those that it supersedes and that governed the system before, by time.
pub(in crate::reconcile) fn versions_of<'a>(
    repository: &'a Repository,
    standings: &Standings,
    system: &Record<System>,
    id: &RecordId,
    zone: Zone,
) -> Vec<AgreementVersion<'a>> {
    let mut found = Vec::new();
    let mut next = repository.slas.get(id);
    let mut waiting = None;
    // A circle of records ends after as many steps as there are records.
    for _ in 0..repository.slas.len() {
        let Some(record) = next else { break };
        match standings.of(Kind::Sla, record.id()).since {
            Some(since) => found.push(version(record, since, true)),
            None if record.id() == id => waiting = Some(record),
            // What nobody approved never governed anything.
            None => {}
        }
        let old = record.meta.supersedes.as_ref();
        next = old
            .and_then(|id| repository.slas.get(&id.value))
            .filter(|old| applies(old, system) && old.meta.declared() != Status::Draft);
    }
    // The order of approval is the order of government; of one moment the newest comes last.
    found.reverse();
    found.sort_by_key(|version| version.from);
    if let Some(record) = waiting {
        // Until somebody has approved it, it counts from its own day on, and gives nobody more time.
        let created = zone.start_of_day(record.meta.created.value).with_timezone(&Utc);
        let last = found.last().map_or(created, |last| last.from);
        found.push(version(record, created.max(last), false));
    }
    found
}

/// Lists every live agreement by itself, for what no single one governs.
pub(in crate::reconcile) fn standing_alone(repository: &Repository) -> Vec<AgreementVersion<'_>> {
    let live = repository.slas.iter().filter(|sla| sla.meta.is_live());
    live.map(|sla| version(sla, DateTime::<Utc>::MIN_UTC, true))
        .collect()
}
