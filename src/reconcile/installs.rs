//! What deployment tools call installed: a patch that one run of a tool missed on a host, and a later one does not,
//! where a run lists all that is missing; elsewhere a patch of which the tool says so itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::identity::Identities;
use super::register::{ImportState, InstallRow};
use super::runs::Run;
use crate::import::{CheckInfo, HostIndex, Product};
use crate::model::{AsOf, Installed, ObservationState, Zone};

/// The names of a patch: its own, those of what it fixes, and its other ones.
type Names = Vec<Arc<str>>;

/// What a run of a tool missed on a host, and when it ran.
type Missing = (DateTime<Utc>, BTreeMap<Arc<str>, Names>);

/// Installed patches, and those that a tool says are not, by host.
#[derive(Default)]
pub(super) struct Installs {
    by_host: HashMap<usize, Vec<Known>>,
    lacking: HashMap<usize, Vec<Lacking>>,
}

/// An installed patch.
struct Known {
    names: Names,
    installed: Arc<Installed>,
    /// Whether it is known when it came; else the tool had it before anybody asked.
    is_dated: bool,
}

/// A patch of which a tool says that it is missing, failed or waits for a restart.
struct Lacking {
    names: Names,
    patch: Arc<str>,
    source: Arc<str>,
    at: DateTime<Utc>,
    /// What the tool says, in our words.
    says: Arc<str>,
}

impl Installs {
    /// Compares each run of a deployment tool with the one before it; of a run that is not whole only what it says
    /// itself counts.
    ///
    /// Only hosts that an inventory, a record or a scanner knows are told; `runs` stand in their time.
    pub(super) fn of(runs: &[Run<'_>], identities: &Identities, as_of: AsOf) -> Self {
        let mut missing: HashMap<(&str, usize), Missing> = HashMap::new();
        let mut installs = Self::default();
        let of_tools = runs.iter().filter(|run| {
            run.scan.importer.product == Product::Deployment && run.state != ImportState::Ignored
        });
        for run in of_tools {
            let lists_all = run.scan.importer.lists_all_missing();
            if lists_all && run.state != ImportState::Complete {
                continue;
            }
            for (place, host) in (0..).map(HostIndex).zip(&run.scan.hosts) {
                let at = run.host_at(host);
                let Some(index) = identities.find(host, at).filter(|_| at <= as_of.instant()) else {
                    continue;
                };
                if !lists_all {
                    installs.hear(run, (place, index), at, as_of);
                    continue;
                }
                let now = lacking(run, place);
                let before = missing.insert((run.observer(), index), (at, now.clone()));
                let before = before.unwrap_or((at, BTreeMap::new()));
                let latest = run.scan.stamp().map_or(at, |stamp| at.max(run.last_of(stamp)));
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
        known.retain(|one| &*one.installed.source != source || !now.contains_key(&one.installed.patch));
        for (patch, names) in before {
            if !now.contains_key(&patch) {
                let installed = Installed {
                    at,
                    between: (missed_at, latest),
                    source: source.into(),
                    patch,
                };
                known.push(Known {
                    names,
                    installed: Arc::new(installed),
                    is_dated: true,
                });
            }
        }
    }

    /// Takes what a run says of each patch on a host; what it does not name is as it was.
    fn hear(&mut self, run: &Run<'_>, (place, host): (HostIndex, usize), at: DateTime<Utc>, as_of: AsOf) {
        let source: Arc<str> = run.observer().into();
        let known = self.by_host.entry(host).or_default();
        let lacking = self.lacking.entry(host).or_default();
        for (sighting, last_seen) in run.scan.sightings.on(place) {
            let Some(check) = run.scan.checks.get(sighting.check as usize) else {
                continue;
            };
            let (patch, names) = named(check);
            let is_it = |other_source: &str, other: &str| *source == *other_source && *patch == *other;
            if sighting.state != ObservationState::Fixed {
                let at = last_seen.map_or(at, |stamp| run.instant(stamp));
                known.retain(|one| {
                    !is_it(&one.installed.source, &one.installed.patch) || one.installed.at > at
                });
                lacking.retain(|one| !is_it(&one.source, &one.patch));
                lacking.push(Lacking {
                    names,
                    patch,
                    source: Arc::clone(&source),
                    at,
                    says: Arc::clone(&check.title),
                });
                continue;
            }
            let missed = lacking
                .iter()
                .find(|one| is_it(&one.source, &one.patch))
                .map(|one| one.at);
            let told = sighting
                .last_fixed
                .map(|stamp| (run.instant(stamp), run.last_of(stamp)));
            // A run without a time says that it is installed, and nobody can tell when.
            let (at, between) = match (told, missed, run.line.run_at) {
                (Some((first, last)), ..) => (first, (first, last)),
                (None, Some(missed), Some(_)) => (at, (missed, at)),
                (None, _, Some(_)) => (at, (at, at)),
                (None, _, None) => continue,
            };
            if at > as_of.instant() {
                continue;
            }
            lacking.retain(|one| !is_it(&one.source, &one.patch) || one.at > at);
            let is_dated = told.is_some() || missed.is_some();
            // Said again it is the same install, unless it is only now known when it was.
            let same = |one: &Known| is_it(&one.installed.source, &one.installed.patch);
            if known.iter().any(|one| same(one) && (one.is_dated || !is_dated)) {
                continue;
            }
            known.retain(|one| !same(one));
            let installed = Installed {
                at,
                between,
                source: Arc::clone(&source),
                patch,
            };
            known.push(Known {
                names,
                installed: Arc::new(installed),
                is_dated,
            });
        }
    }

    /// Says what a tool says of a patch under one of the names on a host, where it is not installed: the newest word.
    pub(super) fn not_yet<'a>(
        &self,
        host: usize,
        names: impl Iterator<Item = &'a Arc<str>> + Clone,
        zone: Zone,
    ) -> Option<Arc<str>> {
        let named = self.lacking.get(&host)?.iter().filter(|one| {
            let mut names = names.clone();
            names.any(|name| one.names.contains(name))
        });
        let one = named.max_by_key(|one| one.at)?;
        let day = zone.day_of(one.at);
        Some(format!("{}, {day}: {}: {}", one.source, one.patch, one.says).into())
    }

    /// Lists every patch that was installed at a known time with the id of its host, by host and patch.
    pub(super) fn rows(self, id_of: impl Fn(usize) -> Arc<str>) -> Vec<InstallRow> {
        let of_host = |(host, known): (usize, Vec<Known>)| {
            let host = id_of(host);
            let dated = known.into_iter().filter(|one| one.is_dated);
            dated.map(move |one| InstallRow {
                host: Arc::clone(&host),
                installed: one.installed,
                names: one.names,
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
        let named = self.by_host.get(&host)?.iter().filter(|one| {
            let mut names = names.clone();
            names.any(|name| one.names.contains(name))
        });
        named
            .map(|one| &one.installed)
            .max_by_key(|installed| installed.at)
    }
}

/// The patches that a run misses on one of its hosts.
fn lacking(run: &Run<'_>, place: HostIndex) -> BTreeMap<Arc<str>, Names> {
    run.scan
        .sightings
        .on(place)
        .filter_map(|(sighting, _)| run.scan.checks.get(sighting.check as usize))
        .map(|check| named(check))
        .collect()
}

/// The patch of a check, and all that it goes by.
fn named(check: &CheckInfo) -> (Arc<str>, Names) {
    let patch = check.remediation.as_ref().unwrap_or(&check.id);
    let names = check.cves.iter().chain(&check.aliases).chain([patch, &check.id]);
    (Arc::clone(patch), names.cloned().collect())
}
