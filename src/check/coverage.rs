//! What exceptions and risk acceptances have in common: vulnerabilities on frozen hosts, for a time.

use std::collections::{BTreeMap, BTreeSet};

use crate::load::Repository;
use crate::model::{
    Date, Exception, Finding, Kind, Meta, Record, RecordId, RiskAcceptance, Severity, Status, SystemRef,
};
use crate::reconcile::Register;
use crate::source::Spanned;

/// An exception or a risk acceptance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coverage<'a> {
    pub(super) meta: &'a Meta,
    pub(super) vulns: &'a [Spanned<String>],
    pub(super) patches: &'a [Spanned<String>],
    pub(super) systems: &'a [Spanned<SystemRef>],
    pub(super) resolved: &'a [Spanned<String>],
    pub(super) starts: Spanned<Date>,
    /// The last day; an acceptance may lack it, which is RAC001's to flag.
    pub(super) expires: Option<Spanned<Date>>,
    pub(super) first_granted: Option<Spanned<Date>>,
    /// Only an exception names one.
    pub(super) severity: Option<Severity>,
}

/// Returns every exception and acceptance: by kind, then by id.
pub(super) fn coverages(repository: &Repository) -> Vec<Coverage<'_>> {
    let exceptions = repository.exceptions.iter().map(Coverage::of_exception);
    exceptions
        .chain(repository.acceptances.iter().map(Coverage::of_acceptance))
        .collect()
}

/// Returns the findings that an exception or a risk acceptance names and that are open, approved or not.
pub fn findings_named<'a>(register: &'a Register<'_>, id: &RecordId) -> Vec<&'a Finding> {
    let repository = register.repository;
    let exception = repository.exceptions.get(id).map(Coverage::of_exception);
    let acceptance = || repository.acceptances.get(id).map(Coverage::of_acceptance);
    let Some(coverage) = exception.or_else(acceptance) else {
        return Vec::new();
    };
    let open = register
        .findings
        .iter()
        .filter(|finding| finding.closed.is_none());
    open.filter(|finding| coverage.names(finding)).collect()
}

/// Returns every record that another one, which is in force or asked for, prolongs or replaces.
pub(super) fn replaced(repository: &Repository) -> BTreeSet<(Kind, &RecordId)> {
    let asked_for = repository
        .records()
        .filter(|meta| meta.is_live() && meta.declared() != Status::Draft);
    let named = asked_for.flat_map(|meta| [(meta.kind, &meta.renews), (meta.kind, &meta.supersedes)]);
    named
        .filter_map(|(kind, named)| named.as_ref().map(|id| (kind, &id.value)))
        .collect()
}

/// Returns the pairs of coverages that name a common vulnerability or patch on a common host, by their places in
/// the list.
pub(super) fn overlapping_pairs(coverages: &[Coverage<'_>]) -> BTreeSet<(usize, usize)> {
    let mut by_matter: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, coverage) in coverages.iter().enumerate() {
        for subject in coverage.vulns.iter().chain(coverage.patches) {
            for host in coverage.resolved {
                let indices = by_matter
                    .entry((subject.to_lowercase(), host.to_lowercase()))
                    .or_default();
                if indices.last() != Some(&index) {
                    indices.push(index);
                }
            }
        }
    }
    let of_one = |indices: &Vec<usize>| -> Vec<(usize, usize)> {
        let pairs = indices.iter().enumerate();
        pairs
            .flat_map(|(at, one)| indices[at + 1..].iter().map(|other| (*one, *other)))
            .collect()
    };
    by_matter.values().flat_map(of_one).collect()
}

impl<'a> Coverage<'a> {
    pub(super) fn of_exception(exception: &'a Record<Exception>) -> Self {
        let scope = &exception.spec.scope;
        Self {
            meta: &exception.meta,
            vulns: &scope.vulns,
            patches: &scope.patches,
            systems: &scope.systems,
            resolved: &scope.resolved,
            starts: exception.spec.starts,
            expires: Some(exception.spec.expires),
            first_granted: exception.spec.first_granted,
            severity: Some(exception.spec.severity.value),
        }
    }

    pub(super) fn of_acceptance(acceptance: &'a Record<RiskAcceptance>) -> Self {
        let subject = &acceptance.spec.subject;
        Self {
            meta: &acceptance.meta,
            vulns: &subject.vulns,
            patches: &subject.patches,
            systems: &subject.systems,
            resolved: &subject.resolved,
            starts: acceptance.spec.starts,
            expires: acceptance.spec.expires,
            first_granted: None,
            severity: None,
        }
    }

    /// Tells whether it was ever asked for: a draft was not.
    pub(super) fn is_asked_for(&self) -> bool {
        self.meta.declared() != Status::Draft
    }

    /// Tells whether it is asked for and has not been ended by its status.
    pub(super) fn is_standing(&self) -> bool {
        self.is_asked_for() && self.meta.is_live()
    }

    /// Tells whether a day lies within its time.
    pub(super) fn holds_on(&self, day: Date) -> bool {
        self.starts.value <= day && self.expires.is_none_or(|expires| day <= expires.value)
    }

    /// Tells whether another one says that it prolongs or replaces this one, or the other way round.
    pub(super) fn follows_or_leads(&self, other: &Self) -> bool {
        let names = |one: &Self, two: &Self| {
            let named = [&one.meta.renews, &one.meta.supersedes];
            named
                .into_iter()
                .flatten()
                .any(|named| named.value == two.meta.id.value)
        };
        names(self, other) || names(other, self)
    }

    /// Tells whether it names a finding's host and its vulnerability or patch; time and approval aside.
    pub(super) fn names(&self, finding: &Finding) -> bool {
        let mut hosts = self.resolved.iter();
        hosts.any(|host| host.eq_ignore_ascii_case(&finding.host)) && self.names_subject(finding)
    }

    /// Tells whether it names a finding's vulnerability or patch.
    fn names_subject(&self, finding: &Finding) -> bool {
        let is = |named: &Spanned<String>, text: &str| named.value.eq_ignore_ascii_case(text);
        let vuln = |named: &&Spanned<String>| finding.names().any(|name| is(named, name));
        let patch = |named: &&Spanned<String>| {
            finding
                .said
                .remediation
                .as_ref()
                .is_some_and(|key| is(named, key))
        };
        self.vulns.iter().any(|named| vuln(&named)) || self.patches.iter().any(|named| patch(&named))
    }

    /// Returns what two of them have in common; `None` where they share no vulnerability and patch, or no host.
    pub(super) fn shared(&self, other: &Self) -> Option<Shared<'a>> {
        let subjects: Vec<&str> = in_both(self.vulns, other.vulns)
            .into_iter()
            .chain(in_both(self.patches, other.patches))
            .collect();
        let hosts = in_both(self.resolved, other.resolved);
        (!subjects.is_empty() && !hosts.is_empty()).then_some(Shared { subjects, hosts })
    }
}

/// The findings of each host, so that what a coverage names is found without walking all.
#[derive(Debug)]
pub(super) struct FindingsByHost<'a> {
    by_host: BTreeMap<String, Vec<&'a Finding>>,
}

impl<'a> FindingsByHost<'a> {
    pub(super) fn new(register: &'a Register<'_>) -> Self {
        let mut by_host: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
        for finding in &register.findings {
            by_host
                .entry(finding.host.to_ascii_lowercase())
                .or_default()
                .push(finding);
        }
        Self { by_host }
    }

    /// Walks the findings that a coverage names, closed ones too.
    pub(super) fn named_by<'c>(
        &'c self,
        coverage: &'c Coverage<'_>,
    ) -> impl Iterator<Item = &'a Finding> + 'c {
        coverage
            .resolved
            .iter()
            .filter_map(|host| self.by_host.get(&host.to_ascii_lowercase()))
            .flatten()
            .copied()
            .filter(|finding| coverage.names_subject(finding))
    }

    /// Returns the gravest severity of the open findings that a coverage names.
    pub(super) fn gravest(&self, coverage: &Coverage<'_>) -> Option<Severity> {
        let open = self.named_by(coverage).filter(|finding| finding.closed.is_none());
        open.map(|finding| finding.severity).max()
    }
}

/// What two coverages have in common.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    /// Vulnerabilities, then patches.
    pub(super) subjects: Vec<&'a str>,
    pub(super) hosts: Vec<&'a str>,
}

fn in_both<'a>(one: &'a [Spanned<String>], other: &[Spanned<String>]) -> Vec<&'a str> {
    let other: BTreeSet<String> = other.iter().map(|text| text.to_lowercase()).collect();
    let mut seen = BTreeSet::new();
    let both = one
        .iter()
        .map(|text| text.value.as_str())
        .filter(|text| other.contains(&text.to_lowercase()));
    both.filter(|text| seen.insert(text.to_lowercase())).collect()
}
