//! What exports tell of each other: the same run twice, and since when a host is retired.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::identity::Identities;
use super::register::HostRow;
use super::runs::Run;
use crate::import::Product;
use crate::model::{AsOf, Host, HostStatus, RecordId};

/// Notes on each run the earlier one of the same Source, moment and host whose content is another.
pub(super) fn mark_same_runs(runs: &mut [Run<'_>]) {
    let mut by_moment: BTreeMap<(&RecordId, DateTime<Utc>), Vec<usize>> = BTreeMap::new();
    for (index, run) in runs.iter().enumerate() {
        if let (Some(source), Some(at)) = (run.source, run.line.run_at) {
            by_moment.entry((source.id(), at)).or_default().push(index);
        }
    }
    let several: Vec<Vec<usize>> = by_moment.into_values().filter(|same| same.len() > 1).collect();
    for same in several {
        let mut told: Vec<(usize, BTreeSet<String>)> = Vec::new();
        for index in same {
            let keys: BTreeSet<String> = runs[index].scan.hosts.iter().map(key).collect();
            let twin = told.iter().find(|(other, others)| {
                let has_none = keys.is_empty() && others.is_empty();
                runs[*other].scan.sha256 != runs[index].scan.sha256 && (has_none || !keys.is_disjoint(others))
            });
            let twin = twin.map(|(other, _)| runs[*other].scan.file.clone());
            runs[index].line.same_run_as = twin;
            told.push((index, keys));
        }
    }
}

/// Names a host as one Source does; what has no name is known by its addresses.
fn key(host: &Host) -> String {
    let name = host
        .fqdn
        .as_deref()
        .or(Some(&*host.name))
        .filter(|name| !name.is_empty());
    name.map_or_else(|| host.ips.join(" "), str::to_lowercase)
}

/// Notes on each retired host when an inventory first said so, if none called it in use afterwards.
pub(super) fn mark_retired(hosts: &mut [HostRow], runs: &[Run<'_>], identities: &Identities, as_of: AsOf) {
    let mut since: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    // Runs stand by their time, and an inventory that is superseded now was in force then.
    let inventories = runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Inventory);
    for run in inventories {
        let Some(at) = run.line.run_at.filter(|at| *at <= as_of.instant()) else {
            continue;
        };
        for host in &run.scan.hosts {
            let Some(index) = identities.of_row(host) else {
                continue;
            };
            let id = &*identities.hosts[index].id;
            match host.status {
                HostStatus::Retired => {
                    since.entry(id).or_insert(at);
                }
                HostStatus::Active | HostStatus::Unknown => {
                    since.remove(id);
                }
            }
        }
    }
    for host in hosts.iter_mut().filter(|host| host.status == HostStatus::Retired) {
        host.retired_since = since.get(&*host.id).copied();
    }
}
