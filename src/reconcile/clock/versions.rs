//! The versions of an agreement, and of the system that it governs, over the life of a finding.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::load::Repository;
use crate::model::{
    AsOf, CitedContent, DecisionTable, Governor, Kind, Meta, Record, RecordId, Sla, Status, System, Zone,
    system_value,
};
use crate::trust::{Lineage, Standings, Version};

/// The records, how they stand, and what they said before.
#[derive(Clone, Copy)]
pub(in crate::reconcile) struct Records<'a> {
    pub(in crate::reconcile) repository: &'a Repository,
    pub(in crate::reconcile) standings: &'a Standings,
    pub(in crate::reconcile) lineage: &'a Lineage,
}

/// One version of an agreement, and from when on it governs.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct AgreementVersion<'a> {
    /// From its approval on, until the next one's; the first governs what was found before, too.
    pub(in crate::reconcile) from: DateTime<Utc>,
    /// Whether it may give more time than the version before it: only once it is approved.
    pub(in crate::reconcile) loosens: bool,
    pub(in crate::reconcile) sla: &'a Sla,
    /// The decision table that it names, where that was another one then.
    pub(in crate::reconcile) table: Option<&'a DecisionTable>,
    /// The record's id and version.
    pub(in crate::reconcile) by: Arc<[Governor]>,
    /// The place among the systems that a host has been of; a version takes the place of those of its own only.
    pub(in crate::reconcile) line: usize,
}

/// The System of a host, and from when on it is, or says what it says.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct SystemVersion<'a> {
    pub(in crate::reconcile) from: DateTime<Utc>,
    /// Whether it may give more time than what held before: an approved change of the tier may, a move never.
    pub(in crate::reconcile) loosens: bool,
    pub(in crate::reconcile) system: Option<&'a Record<System>>,
    /// The record with its content, where that is known.
    pub(in crate::reconcile) by: Option<Governor>,
    /// The place among the systems that a host has been of.
    pub(in crate::reconcile) line: usize,
}

fn cite(meta: &Meta, content: Option<CitedContent>) -> Governor {
    Governor::Record {
        kind: meta.kind,
        id: meta.id.value.clone(),
        version: meta.version.as_ref().map(|version| version.as_str().into()),
        content,
    }
}

/// Cites the content that history holds.
fn cite_version<S>(version: &Version<S>) -> Governor {
    let content = &version.content;
    let brought = content.brought.as_ref();
    let is_granted = version.is_approved && !version.is_first;
    cite(
        &content.record.meta,
        Some(CitedContent {
            digest: content.digest.as_str().into(),
            approved: is_granted.then_some(version.from),
            commit: brought.map(|brought| brought.commit.as_str().into()),
        }),
    )
}

fn version<'a>(
    records: Records<'_>,
    record: &'a Record<Sla>,
    from: DateTime<Utc>,
    loosens: bool,
) -> AgreementVersion<'a> {
    let standing = records.standings.of(Kind::Sla, record.id());
    let content = standing.digest.as_deref().map(|digest| CitedContent {
        digest: digest.into(),
        approved: standing.since,
        commit: None,
    });
    AgreementVersion {
        from,
        loosens,
        sla: &record.spec,
        table: None,
        by: Arc::new([cite(&record.meta, content)]),
        line: 0,
    }
}

impl<'a> Records<'a> {
    fn slas_before(self, id: &RecordId) -> &'a [Version<Sla>] {
        self.lineage.slas.get(id).map_or(&[], Vec::as_slice)
    }

    /// Returns an agreement as it governs now: a change of it that nobody approved governs nothing.
    fn in_force(self, record: &'a Record<Sla>) -> &'a Record<Sla> {
        let last = self.slas_before(record.id()).last();
        last.filter(|last| last.is_approved)
            .map_or(record, |last| &last.content.record)
    }

    fn counts(self, id: &RecordId) -> bool {
        let is_approved = self.slas_before(id).iter().any(|version| version.is_approved);
        is_approved || self.standings.of(Kind::Sla, id).counts()
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
    records: Records<'_>,
    system: &Record<System>,
    as_of: AsOf,
) -> Vec<RecordId> {
    let repository = records.repository;
    let counts = |id: &RecordId| records.counts(id);
    let successors = |sla: &Record<Sla>| {
        let id = sla.id().clone();
        repository.slas.iter().filter(move |other| {
            other.meta.supersedes.as_ref().is_some_and(|old| old.value == id)
                && matches!(other.meta.declared(), Status::Submitted | Status::Superseded)
        })
    };
    let has_begun = |sla: &Record<Sla>| {
        let expires = records.slas_before(sla.id()).last();
        let expires = expires.filter(|last| last.is_approved);
        let expires = expires.map_or(sla.spec.expires, |last| last.content.record.spec.expires);
        !as_of.is_past(expires.value) && sla.meta.created.value <= as_of.day()
    };
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
        !counts(sla.id()) && old.is_some_and(|old| applies(records.in_force(old), system) && in_force(old))
    };
    repository
        .slas
        .iter()
        .filter(|sla| in_force(sla) && applies(records.in_force(sla), system) && !waits(sla))
        .map(|sla| sla.id().clone())
        .collect()
}

/// Lists an agreement with those that it supersedes and that governed the system before, by time.
pub(in crate::reconcile) fn versions_of<'a>(
    records: Records<'a>,
    system: &Record<System>,
    id: &RecordId,
    zone: Zone,
) -> Vec<AgreementVersion<'a>> {
    let slas = &records.repository.slas;
    let mut found = Vec::new();
    let mut next = slas.get(id);
    let mut waiting = None;
    // A circle of records ends after as many steps as there are records.
    for _ in 0..slas.len() {
        let Some(record) = next else { break };
        let since = records.standings.of(Kind::Sla, record.id()).since;
        let before = records.slas_before(record.id());
        let until = found.iter().map(|later: &AgreementVersion<'_>| later.from).min();
        if !before.is_empty() {
            // What was changed in place after another record took its place governed nothing.
            let own = before.iter().filter(|version| {
                let is_in_time = until.is_none_or(|until| version.from < until);
                is_in_time && applies(&version.content.record, system)
            });
            found.extend(own.map(version_before));
        } else if let Some(since) = since {
            found.push(version(records, record, since, true));
        } else if record.id() == id {
            waiting = Some(record);
        }
        let old = record.meta.supersedes.as_ref();
        next = old
            .and_then(|id| slas.get(&id.value))
            .filter(|old| applies(records.in_force(old), system) && old.meta.declared() != Status::Draft);
    }
    // The order of approval is the order of government; of one moment the newest comes last.
    found.reverse();
    found.sort_by_key(|version| version.from);
    if let Some(record) = waiting {
        // Until somebody has approved it, it counts from its own day on, and gives nobody more time.
        let created = zone.start_of_day(record.meta.created.value).with_timezone(&Utc);
        let last = found.last().map_or(created, |last| last.from);
        found.push(version(records, record, created.max(last), false));
    }
    found
}

fn version_before(version: &Version<Sla>) -> AgreementVersion<'_> {
    AgreementVersion {
        from: version.from,
        loosens: version.is_approved,
        sla: &version.content.record.spec,
        table: version.content.table.as_ref(),
        by: Arc::new([cite_version(version)]),
        line: 0,
    }
}

/// Lists what a system has said, by time; `None` where it was never changed in place.
pub(in crate::reconcile) fn system_versions<'a>(
    records: Records<'a>,
    id: &RecordId,
) -> Option<Vec<SystemVersion<'a>>> {
    let versions = records.lineage.systems.get(id)?;
    let version = |version: &'a Version<System>| SystemVersion {
        from: version.from,
        loosens: version.is_approved,
        system: Some(&version.content.record),
        by: Some(cite_version(version)),
        line: 0,
    };
    Some(versions.iter().map(version).collect())
}

/// A version that governs from a moment on, in one of the systems that a host has been of.
pub(in crate::reconcile) trait Lined: Clone {
    fn from(&self) -> DateTime<Utc>;
    fn loosens(&self) -> bool;
    /// Puts it into the stay of a number; the first of a later one is a move, which gives no more time.
    fn put(&mut self, line: usize, from: DateTime<Utc>, is_move: bool);
}

impl Lined for AgreementVersion<'_> {
    fn from(&self) -> DateTime<Utc> {
        self.from
    }

    fn loosens(&self) -> bool {
        self.loosens
    }

    fn put(&mut self, line: usize, from: DateTime<Utc>, is_move: bool) {
        (self.line, self.from) = (line, from);
        self.loosens &= !is_move;
    }
}

impl Lined for SystemVersion<'_> {
    fn from(&self) -> DateTime<Utc> {
        self.from
    }

    fn loosens(&self) -> bool {
        self.loosens
    }

    fn put(&mut self, line: usize, from: DateTime<Utc>, is_move: bool) {
        (self.line, self.from) = (line, from);
        self.loosens &= !is_move;
        let cited = self.system.filter(|_| self.by.is_none());
        self.by = self
            .by
            .take()
            .or_else(|| cited.map(|system| cite(&system.meta, None)));
    }
}

/// Lays the versions of one stay after another: those that counted when it began, and those that came in it.
pub(in crate::reconcile) fn laid_out<V: Lined>(stays: &[(DateTime<Utc>, Cow<'_, [V]>)]) -> Vec<V> {
    let mut all = Vec::new();
    for (line, (from, versions)) in stays.iter().enumerate() {
        let until = stays.get(line + 1).map(|(next, _)| *next);
        let begun = versions
            .iter()
            .rposition(|version| version.from() <= *from)
            .unwrap_or(0);
        let first = (0..=begun)
            .rev()
            .find(|index| versions.get(*index).is_some_and(V::loosens));
        for (number, version) in versions.iter().skip(first.unwrap_or(0)).enumerate() {
            if number > 0 && until.is_some_and(|until| version.from() >= until) {
                break;
            }
            let mut version = version.clone();
            version.put(line, version.from().max(*from), line > 0 && number == 0);
            all.push(version);
        }
    }
    all
}

/// Lists every live agreement by itself, for what no single one governs.
pub(in crate::reconcile) fn standing_alone<'a>(records: Records<'a>) -> Vec<AgreementVersion<'a>> {
    let live = records.repository.slas.iter().filter(|sla| sla.meta.is_live());
    let alone = live.map(|sla| {
        let last = records.slas_before(sla.id()).last();
        match last.filter(|last| last.is_approved) {
            Some(last) => version_before(last),
            None => version(records, sla, DateTime::<Utc>::MIN_UTC, true),
        }
    });
    alone.collect()
}
