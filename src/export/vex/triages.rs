//! The triages that count, and the hosts that each is about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{Finding, Kind, Record, RecordId, Status, Triage};
use crate::reconcile::Register;

/// Triages that are approved and in force, by id.
pub(super) struct Triages<'a> {
    all: Vec<(&'a Record<Triage>, BTreeSet<Arc<str>>)>,
    /// Places in the list, by vulnerability.
    by_name: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Triages<'a> {
    pub(super) fn new(register: &'a Register<'a>) -> Self {
        let counts = |triage: &&Record<Triage>| {
            register.standings.of(Kind::Triage, triage.id()).counts()
                && triage.meta.declared() == Status::Submitted
                && !register.as_of.is_past(triage.spec.expires.value)
        };
        let counting = register.repository.triages.iter().filter(counts);
        let all: Vec<_> = counting
            .map(|triage| (triage, hosts(register, &triage.spec)))
            .collect();
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, (triage, _)) in all.iter().enumerate() {
            by_name
                .entry(&triage.spec.subject.vuln.value)
                .or_default()
                .push(place);
        }
        Self { all, by_name }
    }

    /// Walks all of them with their hosts.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(&'a Record<Triage>, BTreeSet<Arc<str>>)> {
        self.all.iter()
    }

    /// Returns those about a finding.
    pub(super) fn about(&self, finding: &Finding) -> impl Iterator<Item = &'a Record<Triage>> {
        let names = finding.names();
        let places = names.filter_map(|name| self.by_name.get(&**name)).flatten();
        places
            .map(|place| &self.all[*place])
            .filter(|(_, hosts)| hosts.contains(&finding.host))
            .map(|(triage, _)| *triage)
    }
}

/// One with frozen hosts is about those only, one without about the hosts of its systems, as in reconciliation.
fn hosts(register: &Register<'_>, triage: &Triage) -> BTreeSet<Arc<str>> {
    let subject = &triage.subject;
    if !subject.resolved.is_empty() {
        return subject
            .resolved
            .iter()
            .map(|host| host.value.as_str().into())
            .collect();
    }
    if !subject.hosts.is_empty() {
        return subject.hosts.iter().map(|host| host.as_str().into()).collect();
    }
    let systems: BTreeSet<&RecordId> = subject.systems.iter().map(|system| &system.value.0).collect();
    let rows = systems.into_iter().filter_map(|id| register.systems.get(id));
    rows.flat_map(|row| row.hosts.iter().cloned()).collect()
}
