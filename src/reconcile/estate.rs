//! Hosts and systems: who claims what, what was scanned when, and how each stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::clock::{Records, governing};
use super::join::{Joined, Look};
use super::kpi::Frame;
use super::register::{HostRow, HostState, SystemRow};
use crate::load::Repository;
use crate::model::{
    AsOf, Disposition, Finding, Host, HostStatus, Members, Quality, Rate, Record, RecordId, System,
    SystemState, host_value,
};

/// What the policies ask of a scan: the strictest of all in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanDuty {
    max_age_days: u32,
    authenticated: bool,
}

impl ScanDuty {
    pub(super) fn of(repository: &Repository) -> Self {
        let live = || repository.policies.iter().filter(|policy| policy.meta.is_live());
        Self {
            max_age_days: live()
                .map(|policy| policy.spec.scanning.max_age_days)
                .min()
                .unwrap_or(7),
            authenticated: live().any(|policy| policy.spec.scanning.authenticated),
        }
    }

    /// Tells whether the newest qualifying scan of a host is recent enough.
    pub(super) fn is_met(self, host: &HostRow, as_of: AsOf) -> bool {
        self.is_recent(host.last_qualifying_scan, as_of)
    }

    /// Tells whether a scan lies within the cadence.
    pub(super) fn is_recent(self, scan: Option<DateTime<Utc>>, as_of: AsOf) -> bool {
        let oldest = as_of.day().plus_days(-i64::from(self.max_age_days));
        scan.is_some_and(|at| as_of.zone().day_of(at) >= oldest)
    }

    fn accepts(self, look: &Look) -> bool {
        !self.authenticated || look.quality >= Quality::Authenticated
    }
}

/// Lists every host with the systems that claim it; sorted by id. The second value maps a host's number to its row.
pub(super) fn hosts(repository: &Repository, joined: &Joined, duty: ScanDuty) -> (Vec<HostRow>, Vec<usize>) {
    let known = &joined.identities.hosts;
    let claimants = Claimants::of(repository);
    let mut rows: Vec<(usize, HostRow)> = known
        .iter()
        .enumerate()
        .map(|(index, known_host)| {
            let claims = if known_host.is_known {
                claimants.of_host(&known_host.id, &known_host.host)
            } else {
                Vec::new()
            };
            let looks = joined.looks.get(index).map_or(&[][..], Vec::as_slice);
            let system = if let [single] = claims.as_slice() {
                Some(single.clone())
            } else {
                None
            };
            let record = system.as_ref().and_then(|id| repository.systems.get(id));
            let status = known_host.host.status;
            let row = HostRow {
                id: Arc::clone(&known_host.id),
                counts: record.is_some_and(is_counted) && status != HostStatus::Retired,
                system,
                claims,
                is_known: known_host.is_known,
                status,
                retired_since: None,
                is_scanned: !looks.is_empty(),
                first_known: first_known(joined, index),
                last_scan: looks.iter().map(|look| look.at).max(),
                last_authenticated_scan: looks
                    .iter()
                    .filter(|look| look.quality >= Quality::Authenticated)
                    .map(|look| look.at)
                    .max(),
                last_qualifying_scan: looks
                    .iter()
                    .filter(|look| duty.accepts(look))
                    .map(|look| look.at)
                    .max(),
                candidates: candidates(joined, index),
                replaced: known_host
                    .replaced
                    .map(|replaced| (Arc::clone(&known[replaced.by].id), replaced.at)),
                location: location(&known_host.host),
                os: known_host.host.os.clone(),
                ips: known_host.host.ips.clone(),
                state: HostState::NotCounted,
            };
            (index, row)
        })
        .collect();
    rows.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
    let mut places = vec![0; rows.len()];
    for (place, (index, _)) in rows.iter().enumerate() {
        places[*index] = place;
    }
    (rows.into_iter().map(|(_, row)| row).collect(), places)
}

/// The first time that an export tells of: a look at the host, or the first sighting of something on it.
fn first_known(joined: &Joined, index: usize) -> Option<DateTime<Utc>> {
    let looks = joined.looks.get(index).map_or(&[][..], Vec::as_slice);
    let lives = joined.lives.get(index).map_or(&[][..], Vec::as_slice).iter();
    let sightings = lives.map(|life| life.episode.first_seen);
    looks.iter().map(|look| look.at).chain(sightings).min()
}

fn location(host: &Host) -> Option<String> {
    let said = host.fields.get("location").map(|text| text.trim());
    said.filter(|said| !said.is_empty()).map(str::to_owned)
}

fn candidates(joined: &Joined, index: usize) -> Vec<Arc<str>> {
    let others = joined.ambiguous.get(&index).map_or(&[][..], Vec::as_slice);
    if others.is_empty() {
        return Vec::new();
    }
    let mut ids: Vec<Arc<str>> = std::iter::once(&index)
        .chain(others)
        .map(|&other| Arc::clone(&joined.identities.hosts[other].id))
        .collect();
    ids.sort();
    ids
}

/// The Systems by what they claim: those that list hosts by each name, and those that ask the inventory.
struct Claimants<'a> {
    by_name: HashMap<&'a str, Vec<&'a Record<System>>>,
    by_inventory: Vec<&'a Record<System>>,
}

impl<'a> Claimants<'a> {
    fn of(repository: &'a Repository) -> Self {
        let mut by_name: HashMap<&str, Vec<&Record<System>>> = HashMap::new();
        let mut by_inventory = Vec::new();
        for system in &repository.systems {
            match &system.spec.members.value {
                Members::Cmdb(_) => by_inventory.push(system),
                Members::Hosts(names) => {
                    for name in names {
                        by_name.entry(name).or_default().push(system);
                    }
                }
            }
        }
        Self {
            by_name,
            by_inventory,
        }
    }

    /// Lists the Systems that claim a host, by their ids.
    fn of_host(&self, id: &str, host: &Host) -> Vec<RecordId> {
        let named = self.by_name.get(id).into_iter().flatten();
        let asked = self.by_inventory.iter().filter(|system| claims(system, id, host));
        let ids: BTreeSet<&RecordId> = named.chain(asked).map(|system| system.id()).collect();
        ids.into_iter().cloned().collect()
    }
}

pub(super) fn claims(system: &Record<System>, id: &str, host: &Host) -> bool {
    match &system.spec.members.value {
        Members::Cmdb(expression) => {
            !host.fields.is_empty() && expression.holds(&|name| host_value(host, id, name))
        }
        Members::Hosts(names) => names.iter().any(|name| name == id),
    }
}

/// In scope and in use.
pub(super) fn is_counted(system: &Record<System>) -> bool {
    let in_use = !matches!(
        system.spec.state,
        Some(SystemState::Retired | SystemState::Planned)
    );
    system.meta.is_live() && system.spec.scope.is_in.value && in_use
}

/// Lists every system with its hosts and the agreements in force for it.
pub(super) fn systems(records: Records<'_>, hosts: &[HostRow], as_of: AsOf) -> BTreeMap<RecordId, SystemRow> {
    let mut rows: BTreeMap<RecordId, SystemRow> = records
        .repository
        .systems
        .iter()
        .map(|system| {
            let row = SystemRow {
                id: system.id().clone(),
                hosts: Vec::new(),
                slas: governing(records, system, as_of),
                counts: is_counted(system),
                is_unsupported: is_unsupported(system, as_of),
                state: HostState::NotCounted,
                closed_rate: Rate {
                    numerator: 0,
                    denominator: 0,
                },
                by_disposition: BTreeMap::new(),
            };
            (system.id().clone(), row)
        })
        .collect();
    for host in hosts {
        if let Some(row) = host.system.as_ref().and_then(|id| rows.get_mut(id)) {
            row.hosts.push(Arc::clone(&host.id));
        }
    }
    rows
}

fn is_unsupported(system: &Record<System>, as_of: AsOf) -> bool {
    let Some(lifecycle) = &system.spec.lifecycle else {
        return false;
    };
    let extended = lifecycle
        .extended_support
        .as_ref()
        .map(|support| support.until.value);
    let end = lifecycle
        .eol_date
        .map(|date| date.value)
        .into_iter()
        .chain(extended)
        .max();
    lifecycle.eol_date.is_some() && end.is_some_and(|end| as_of.is_past(end))
}

/// Merges findings upward: one overdue finding makes its host, and one such host its system, non-compliant.
pub(super) fn merge_states(
    hosts: &mut [HostRow],
    systems: &mut BTreeMap<RecordId, SystemRow>,
    findings: &[Finding],
    frame: Frame,
) {
    let mut of_host: HashMap<&str, HostState> = HashMap::new();
    // Findings of one host stand together, so that its rows are looked up once.
    let is_beside = |one: &Finding, other: &Finding| one.host == other.host && one.system == other.system;
    for group in findings.chunk_by(is_beside) {
        let Some(first) = group.first() else { continue };
        if let Some(worst) = group.iter().filter_map(|one| state_of(one.disposition)).min() {
            let known = of_host.entry(&first.host).or_insert(worst);
            *known = worst.min(*known);
        }
        if let Some(row) = first.system.as_ref().and_then(|id| systems.get_mut(id)) {
            count(row, group, frame);
        }
    }
    for host in hosts.iter_mut().filter(|host| host.counts) {
        let worst = of_host.get(&*host.id).copied().unwrap_or(HostState::Compliant);
        host.state = if frame.duty.is_met(host, frame.as_of) {
            worst
        } else {
            worst.min(HostState::Unscanned)
        };
    }
    for row in systems.values_mut().filter(|row| row.counts) {
        let of_system = |id: &Arc<str>| {
            let place = hosts.binary_search_by(|host| host.id.cmp(id)).ok()?;
            hosts.get(place).filter(|host| host.counts)
        };
        let states = row.hosts.iter().filter_map(of_system).map(|host| host.state);
        row.state = states.min().unwrap_or(HostState::Unscanned);
    }
}

fn count(row: &mut SystemRow, findings: &[Finding], frame: Frame) {
    for finding in findings {
        *row.by_disposition.entry(finding.disposition).or_default() += 1;
        if !finding.disposition.is_removed() && frame.saw_open(finding) {
            row.closed_rate.denominator += 1;
            row.closed_rate.numerator += u64::from(finding.disposition.is_closed());
        }
    }
}

fn state_of(disposition: Disposition) -> Option<HostState> {
    match disposition {
        Disposition::Overdue => Some(HostState::Overdue),
        Disposition::Open
        | Disposition::DueSoon
        | Disposition::PendingVerification
        | Disposition::MitigationPending => Some(HostState::Open),
        Disposition::Deferred => Some(HostState::Deferred),
        Disposition::Accepted | Disposition::AcceptedUnsupported => Some(HostState::Accepted),
        Disposition::UnsupportedUngoverned => Some(HostState::Open),
        Disposition::ClosedRetired
        | Disposition::FixedInTime
        | Disposition::FixedLate
        | Disposition::NotApplicable
        | Disposition::OutOfScope => None,
    }
}
