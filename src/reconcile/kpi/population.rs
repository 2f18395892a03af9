//! What figures are counted over, and how it is cut into segments.

use std::collections::BTreeMap;

use chrono::Utc;
use rayon::prelude::*;

use super::exceptions::Grant;
use super::{Frame, Stretch};
use crate::load::Repository;
use crate::model::{Evidence, Finding, Record, RecordId, Severity, System};
use crate::reconcile::coverage::Coverages;
use crate::reconcile::register::{HostRow, SystemRow};

/// What a figure may be broken down by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Dimension {
    SystemType,
    Department,
    Location,
    Tier,
    Severity,
}

impl Dimension {
    /// All of them, in the order of the machine formats.
    pub const ALL: [Self; 5] = [
        Self::SystemType,
        Self::Department,
        Self::Location,
        Self::Tier,
        Self::Severity,
    ];

    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::SystemType => "system_type",
            Self::Department => "department",
            Self::Location => "location",
            Self::Tier => "tier",
            Self::Severity => "severity",
        }
    }
}

/// The segment of what has no value.
const NONE: &str = "none";
/// The segment of what has several values.
const SEVERAL: &str = "several";

/// The segment in each dimension.
pub(super) type Keys<'a> = [&'a str; 5];

/// A finding with what was measured of it.
#[derive(Clone, Copy)]
pub(super) struct Measured<'a> {
    pub(super) finding: &'a Finding,
    host: Option<&'a HostRow>,
    /// Seconds of the period in which an exception stood for it.
    pub(super) deferred: u64,
    /// From when to when its host was exposed to a known exploit.
    pub(super) exposed: Option<Stretch>,
}

/// An unsupported system, and whether a decision stands for each of its hosts.
#[derive(Clone, Copy)]
pub(super) struct Unsupported<'a> {
    pub(super) is_accepted: bool,
    keys: Keys<'a>,
}

/// Everything that figures are counted over.
#[derive(Clone, Default)]
pub(in crate::reconcile) struct Population<'a> {
    pub(super) findings: Vec<Measured<'a>>,
    /// Those that count.
    pub(super) hosts: Vec<(&'a HostRow, Keys<'a>)>,
    pub(super) unsupported: Vec<Unsupported<'a>>,
    /// The exceptions that somebody approved.
    pub(super) grants: Vec<(Grant<'a>, Keys<'a>)>,
    /// Whether there is evidence, for each checkpoint.
    pub(super) checkpoints: Vec<bool>,
    /// The segments of each System.
    of_systems: BTreeMap<&'a RecordId, Keys<'a>>,
}

impl<'a> Population<'a> {
    /// Collects and measures.
    pub(in crate::reconcile) fn new(
        repository: &'a Repository,
        coverages: &Coverages<'_>,
        (findings, hosts, systems): (&'a [Finding], &'a [HostRow], &'a BTreeMap<RecordId, SystemRow>),
        frame: Frame,
    ) -> Self {
        let of_systems: BTreeMap<&RecordId, Keys<'a>> = repository
            .systems
            .iter()
            .map(|system| (system.id(), of_system(system)))
            .collect();
        let keys_of = |system: Option<&RecordId>| keys_of(&of_systems, system);
        let known: BTreeMap<&str, &HostRow> = hosts.iter().map(|host| (&*host.id, host)).collect();
        // Findings of one host stand together, so that it is looked up once.
        let first = || ("", None, None);
        let measured = findings.par_iter().map_init(first, |last, finding| {
            if *last.0 != *finding.host {
                let id = &*finding.host;
                *last = (id, known.get(id).copied(), coverages.of_host(id));
            }
            let (_, host, decisions) = *last;
            Measured {
                finding,
                host,
                deferred: coverages.deferred_seconds(finding, decisions, (frame.begin, frame.end)),
                exposed: exposed(finding, host, frame),
            }
        });
        let counted = hosts.iter().filter(|host| host.counts);
        let unsupported = systems.values().filter(|row| row.counts && row.is_unsupported);
        Self {
            findings: measured.collect(),
            hosts: counted
                .map(|host| (host, at_place(keys_of(host.system.as_ref()), Some(host))))
                .collect(),
            unsupported: unsupported
                .map(|row| Unsupported {
                    is_accepted: is_accepted(coverages, row),
                    keys: keys_of(Some(&row.id)),
                })
                .collect(),
            grants: Grant::all(repository, coverages, findings, frame.as_of)
                .into_iter()
                .map(|grant| (grant, of_grant(&grant, &keys_of)))
                .collect(),
            checkpoints: checkpoints(repository, frame),
            of_systems,
        }
    }

    /// Returns the segment of a finding in one dimension.
    fn segment(&self, of: &Measured<'a>, dimension: Dimension) -> &'a str {
        let keys = at_place(keys_of(&self.of_systems, of.finding.system.as_ref()), of.host);
        with_severity(keys, Some(of.finding.severity))[dimension as usize]
    }

    /// Leaves out what does not belong to the period, as a register of that period does.
    pub(in crate::reconcile) fn leave_out_others(&mut self, frame: Frame) {
        self.findings.retain(|measured| frame.concerns(measured.finding));
    }

    /// Cuts it into segments; each member is in exactly one.
    pub(in crate::reconcile) fn split(&self, dimension: Dimension) -> BTreeMap<&'a str, Self> {
        let place = dimension as usize;
        let mut parts: BTreeMap<&str, Self> = BTreeMap::new();
        for measured in &self.findings {
            let part = parts.entry(self.segment(measured, dimension)).or_default();
            part.findings.push(*measured);
        }
        for (host, keys) in &self.hosts {
            parts.entry(keys[place]).or_default().hosts.push((host, *keys));
        }
        for unsupported in &self.unsupported {
            let part = parts.entry(unsupported.keys[place]).or_default();
            part.unsupported.push(*unsupported);
        }
        for (grant, keys) in &self.grants {
            parts.entry(keys[place]).or_default().grants.push((*grant, *keys));
        }
        if !self.checkpoints.is_empty() {
            let part = parts.entry(NONE).or_default();
            part.checkpoints.clone_from(&self.checkpoints);
        }
        parts
    }
}

fn keys_of<'a>(of_systems: &BTreeMap<&RecordId, Keys<'a>>, system: Option<&RecordId>) -> Keys<'a> {
    let found = system.and_then(|id| of_systems.get(id).copied());
    found.unwrap_or([NONE; 5])
}

fn of_system(system: &Record<System>) -> Keys<'_> {
    let spec = &system.spec;
    [
        spec.system_type.word(),
        spec.department.as_deref().unwrap_or(NONE),
        spec.location.as_deref().unwrap_or(NONE),
        spec.tier.as_ref().map_or(NONE, |tier| tier.value.as_str()),
        NONE,
    ]
}

/// Where a host stands the inventory knows better than the record of its System.
fn at_place<'a>(mut keys: Keys<'a>, host: Option<&'a HostRow>) -> Keys<'a> {
    if let Some(location) = host.and_then(|host| host.location.as_deref()) {
        keys[Dimension::Location as usize] = location;
    }
    keys
}

fn with_severity(mut keys: Keys<'_>, severity: Option<Severity>) -> Keys<'_> {
    keys[Dimension::Severity as usize] = severity.map_or(NONE, Severity::word);
    keys
}

/// An exception is about the systems that it names; where they differ it is in no segment of one of them.
fn of_grant<'a>(grant: &Grant<'a>, keys_of: &impl Fn(Option<&RecordId>) -> Keys<'a>) -> Keys<'a> {
    let scope = &grant.record.spec.scope;
    let mut systems = scope.systems.iter().map(|system| keys_of(Some(&system.value.0)));
    let mut keys = systems.next().unwrap_or([NONE; 5]);
    for other in systems {
        for (key, other) in keys.iter_mut().zip(other) {
            if *key != other {
                *key = SEVERAL;
            }
        }
    }
    with_severity(keys, Some(grant.record.spec.severity.value))
}

/// What is critical or listed is exposed from the day on which its exploitation became known, once its host is there.
///
/// No record says when a host came to be: its first trace in an export stands for that.
fn exposed(finding: &Finding, host: Option<&HostRow>, frame: Frame) -> Option<Stretch> {
    let counts = finding.severity == Severity::Critical || finding.kev.is_some();
    if !counts || finding.disposition.is_removed() || !frame.saw_open(finding) {
        return None;
    }
    let zone = frame.as_of.zone();
    let known = zone.start_of_day(finding.exploited_since?).with_timezone(&Utc);
    let there = host
        .and_then(|host| host.first_known)
        .unwrap_or(finding.first_seen);
    let stop = finding.closed.unwrap_or(frame.as_of.instant());
    let start = known.max(there);
    (start < stop && start <= frame.end).then_some((start, stop))
}

fn is_accepted(coverages: &Coverages<'_>, row: &SystemRow) -> bool {
    let mut hosts = row.hosts.iter();
    if row.hosts.is_empty() {
        coverages.is_governed(&row.id, "")
    } else {
        hosts.all(|host| coverages.is_governed(&row.id, host))
    }
}

fn checkpoints(repository: &Repository, frame: Frame) -> Vec<bool> {
    let is_there = |evidence: &&Record<Evidence>| {
        evidence.meta.is_live() && evidence.spec.produced_at.value.utc() <= frame.as_of.instant()
    };
    let proven: std::collections::BTreeSet<&str> = repository
        .evidence
        .iter()
        .filter(is_there)
        .flat_map(|evidence| &evidence.spec.checkpoints)
        .map(|checkpoint| checkpoint.value.as_str())
        .collect();
    let statements = repository.soas.iter().filter(|soa| soa.meta.is_live());
    statements
        .flat_map(|soa| soa.spec.entries.value.iter())
        .filter(|entry| entry.applicable.value)
        .flat_map(|entry| &entry.checkpoints)
        .map(|checkpoint| proven.contains(checkpoint.id.as_str()))
        .collect()
}
