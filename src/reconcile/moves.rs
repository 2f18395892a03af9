//! Hosts that were of another System before: told by the members that Systems had, and by older inventories.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::clock::Records;
use super::estate::claims;
use super::identity::Identities;
use super::register::HostRow;
use super::runs::Run;
use crate::import::Product;
use crate::model::{AsOf, Host, Record, RecordId, System};

/// A time in which a host was of one System.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Stay {
    pub(super) from: DateTime<Utc>,
    pub(super) system: RecordId,
}

/// The stays of each host that moved, the oldest first, by the host's id; in the last it is still.
pub(super) type Moves = BTreeMap<Arc<str>, Vec<Stay>>;

/// What an inventory said of a host, and when.
type Told<'a> = (DateTime<Utc>, &'a Host);

/// Finds the hosts that moved; a time in which none or several Systems claimed a host is no stay.
pub(super) fn moves(
    records: Records<'_>,
    runs: &[Run<'_>],
    identities: &Identities,
    hosts: &[HostRow],
    as_of: AsOf,
) -> Moves {
    let changes = member_changes(records);
    let told = inventories(runs, identities, as_of);
    if changes.is_empty() && told.is_empty() {
        return Moves::new();
    }
    let known: BTreeMap<&str, &Host> = identities
        .hosts
        .iter()
        .map(|known| (&*known.id, &known.host))
        .collect();
    let mut moves = Moves::new();
    for row in hosts {
        let (Some(now), Some(host)) = (&row.system, known.get(&*row.id)) else {
            continue;
        };
        let of_host = told.get(&row.id).map_or(&[][..], Vec::as_slice);
        let is_told_otherwise = of_host.iter().any(|(_, then)| then.fields != host.fields);
        let is_listed_otherwise = || {
            changes
                .iter()
                .any(|(_, one, other)| claims(one, &row.id, host) != claims(other, &row.id, host))
        };
        if !is_told_otherwise && !is_listed_otherwise() {
            continue;
        }
        let moments = changes
            .iter()
            .map(|(at, _, _)| *at)
            .chain(of_host.iter().map(|(at, _)| *at));
        let mut moments: Vec<DateTime<Utc>> = moments.filter(|at| *at <= as_of.instant()).collect();
        moments.push(DateTime::<Utc>::MIN_UTC);
        moments.sort_unstable();
        moments.dedup();
        let stays = stays(records, (&row.id, host, of_host), &moments, (now, as_of));
        if stays.len() > 1 {
            moves.insert(Arc::clone(&row.id), stays);
        }
    }
    moves
}

fn stays(
    records: Records<'_>,
    (id, host, told): (&str, &Host, &[Told<'_>]),
    moments: &[DateTime<Utc>],
    (now, as_of): (&RecordId, AsOf),
) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    let mut add = |from: DateTime<Utc>, system: &RecordId| {
        if stays.last().is_none_or(|last| last.system != *system) {
            let from = if stays.is_empty() {
                DateTime::<Utc>::MIN_UTC
            } else {
                from
            };
            let system = system.clone();
            stays.push(Stay { from, system });
        }
    };
    for at in moments {
        let then = told.iter().rfind(|(when, _)| when <= at).or(told.first());
        let host = then.map_or(host, |(_, host)| *host);
        let mut claiming = records.repository.systems.iter().filter(|system| {
            let system = version_at(records, system, *at);
            claims(system, id, host)
        });
        if let (Some(single), None) = (claiming.next(), claiming.next()) {
            add(*at, single.id());
        }
    }
    add(as_of.instant(), now);
    stays
}

/// Returns what a System said at a moment.
fn version_at<'a>(records: Records<'a>, system: &'a Record<System>, at: DateTime<Utc>) -> &'a Record<System> {
    let versions = records
        .lineage
        .systems
        .get(system.id())
        .map_or(&[][..], Vec::as_slice);
    let version = versions
        .iter()
        .rfind(|version| version.from <= at)
        .or(versions.first());
    version.map_or(system, |version| &version.content.record)
}

/// Lists when a System got other members: what it said before, and from then on.
fn member_changes(records: Records<'_>) -> Vec<(DateTime<Utc>, &Record<System>, &Record<System>)> {
    let all = records.lineage.systems.values();
    let pairs = all.flat_map(|versions| versions.windows(2));
    let changed = pairs.filter_map(|pair| {
        let [before, after] = pair else { return None };
        let (one, other) = (&before.content.record, &after.content.record);
        (one.spec.members.value != other.spec.members.value).then_some((after.from, one, other))
    });
    changed.collect()
}

/// Collects what several inventories said of each host, by time; nothing where there is one only.
fn inventories<'a>(
    runs: &'a [Run<'_>],
    identities: &Identities,
    as_of: AsOf,
) -> BTreeMap<Arc<str>, Vec<Told<'a>>> {
    let whole = runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Inventory && run.is_whole());
    let whole: Vec<(DateTime<Utc>, &Run<'_>)> = whole
        .filter_map(|run| Some((run.line.run_at.filter(|at| *at <= as_of.instant())?, run)))
        .collect();
    if whole.len() < 2 {
        return BTreeMap::new();
    }
    let mut found: BTreeMap<Arc<str>, (&str, Vec<Told<'_>>)> = BTreeMap::new();
    let mut torn: BTreeSet<Arc<str>> = BTreeSet::new();
    // Runs stand in their time.
    for (at, run) in whole {
        for host in &run.scan.hosts {
            let Some(index) = identities.find(host, at) else {
                continue;
            };
            let id = Arc::clone(&identities.hosts[index].id);
            let (observer, told) = found
                .entry(Arc::clone(&id))
                .or_insert_with(|| (run.observer(), Vec::new()));
            told.push((at, host));
            // What two inventories say of one host is no change of it.
            if *observer != run.observer() {
                torn.insert(id);
            }
        }
    }
    found.retain(|id, _| !torn.contains(id));
    found.into_iter().map(|(id, (_, told))| (id, told)).collect()
}
