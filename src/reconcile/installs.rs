//! What deployment tools call installed: a patch that one run of a tool missed on a host, and a later one does not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::identity::Identities;
use super::register::{ImportState, InstallRow};
use super::runs::Run;
use crate::import::{HostIndex, Product};
use crate::model::{AsOf, Date, Installed, Stamp};

/// The names of a patch: its own, those of what it fixes, and its other ones.
type Names = Vec<Arc<str>>;

/// What a run of a tool missed on a host, and when it ran.
type Missing = (DateTime<Utc>, BTreeMap<Arc<str>, Names>);

/// Installed patches, by host.
#[derive(Default)]
pub(super) struct Installs {
    by_host: HashMap<usize, Vec<(Names, Arc<Installed>)>>,
}

impl Installs {
    /// Compares each run of a deployment tool with the one before it; a run that is not whole proves nothing.
    ///
    /// Only hosts that an inventory, a record or a scanner knows are told; `runs` stand in their time.
    pub(super) fn of(runs: &[Run<'_>], identities: &Identities, as_of: AsOf) -> Self {
        let mut missing: HashMap<(&str, usize), Missing> = HashMap::new();
        let mut installs = Self::default();
        for run in runs.iter().filter(|run| {
            run.scan.importer.product == Product::Deployment && run.state == ImportState::Complete
        }) {
            for (place, host) in (0..).map(HostIndex).zip(&run.scan.hosts) {
                let at = run.host_at(host);
                let Some(index) = identities.find(host, at).filter(|_| at <= as_of.instant()) else {
                    continue;
                };
                let now = lacking(run, place);
                let before = missing.insert((run.observer(), index), (at, now.clone()));
                let before = before.unwrap_or((at, BTreeMap::new()));
                // A run that names only its day may be of any time of it.
                let latest = match run.scan.stamp() {
                    Some(Stamp::Day(day)) => at.max(run.zone.end_of_day(Date(day)).with_timezone(&Utc)),
                    Some(Stamp::At(_) | Stamp::Wall(_)) | None => at,
                };
                installs.compare(index, before, &now, (at, latest, run.observer()));
            }
        }
        installs
    }

    fn compare(
        &mut self,
        host: usize,
        (missed_at, before): Missing,
        now: &BTreeMap<Arc<str>, Names>,
        (at, latest, source): (DateTime<Utc>, DateTime<Utc>, &str),
    ) {
        let known = self.by_host.entry(host).or_default();
        // What is missing again was taken back, or never there.
        known.retain(|(_, installed)| &*installed.source != source || !now.contains_key(&installed.patch));
        for (patch, names) in before {
            if !now.contains_key(&patch) {
                let installed = Installed {
                    at,
                    between: (missed_at, latest),
                    source: source.into(),
                    patch,
                };
                known.push((names, Arc::new(installed)));
            }
        }
    }

    /// Lists every installed patch with the id of its host, by host and patch.
    pub(super) fn rows(self, id_of: impl Fn(usize) -> Arc<str>) -> Vec<InstallRow> {
        let of_host = |(host, known): (usize, Vec<(Names, Arc<Installed>)>)| {
            let host = id_of(host);
            known.into_iter().map(move |(names, installed)| InstallRow {
                host: Arc::clone(&host),
                installed,
                names,
            })
        };
        let mut rows: Vec<InstallRow> = self.by_host.into_iter().flat_map(of_host).collect();
        rows.sort_by(|one, other| {
            let key = |row: &InstallRow| {
                (
                    Arc::clone(&row.host),
                    Arc::clone(&row.installed.patch),
                    row.installed.at,
                )
            };
            key(one).cmp(&key(other))
        });
        rows
    }

    /// Returns the patch under one of the names that was last installed on a host.
    pub(super) fn newest<'a>(
        &self,
        host: usize,
        names: impl Iterator<Item = &'a Arc<str>> + Clone,
    ) -> Option<&Arc<Installed>> {
        let named = self.by_host.get(&host)?.iter().filter(|(known, _)| {
            let mut names = names.clone();
            names.any(|name| known.contains(name))
        });
        named
            .map(|(_, installed)| installed)
            .max_by_key(|installed| installed.at)
    }
}

/// The patches that a run misses on one of its hosts.
fn lacking(run: &Run<'_>, place: HostIndex) -> BTreeMap<Arc<str>, Names> {
    run.scan
        .sightings
        .on(place)
        .filter_map(|(sighting, _)| run.scan.checks.get(sighting.check as usize))
        .map(|check| {
            let patch = check.remediation.as_ref().unwrap_or(&check.id);
            let names = check.cves.iter().chain(&check.aliases).chain([patch, &check.id]);
            (Arc::clone(patch), names.cloned().collect())
        })
        .collect()
}
