//! Alerts of a SIEM or EDR: since when a vulnerability is exploited on a host.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::identity::Identities;
use super::join::Life;
use super::register::ImportState;
use super::runs::Run;
use crate::import::{HostIndex, Product};
use crate::model::{AsOf, Exploit};

/// The first alert of each vulnerability, by host.
pub(super) struct Alerts {
    by_host: HashMap<usize, HashMap<Arc<str>, DateTime<Utc>>>,
    stray: BTreeMap<(usize, String), StrayAlerts>,
}

/// Alerts of one export about a host that nobody knows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StrayAlerts {
    /// The place of the export in [`Register::imports`](super::Register::imports).
    pub import: usize,
    /// As the export names it.
    pub host: String,
    /// The vulnerability of the first of them.
    pub vuln: Arc<str>,
    pub first: DateTime<Utc>,
    pub count: usize,
}

impl Alerts {
    /// Collects the alerts up to as-of; every export adds to the others.
    pub(super) fn of(runs: &[Run<'_>], identities: &Identities, as_of: AsOf) -> Self {
        let mut alerts = Self {
            by_host: HashMap::new(),
            stray: BTreeMap::new(),
        };
        let of_alerts = |run: &&Run<'_>| {
            run.scan.importer.product == Product::Alerts && run.state != ImportState::Ignored
        };
        for run in runs.iter().filter(of_alerts) {
            for (place, host) in (0..).map(HostIndex).zip(&run.scan.hosts) {
                for (sighting, _) in run.scan.sightings.on(place) {
                    let at = sighting.first_seen.map_or(run.at, |stamp| run.instant(stamp));
                    let check = run.scan.checks.get(sighting.check as usize);
                    let Some(check) = check.filter(|_| at <= as_of.instant()) else {
                        continue;
                    };
                    for cve in &check.cves {
                        match identities.find(host, at) {
                            Some(known) => alerts.add(known, cve, at),
                            None => alerts.add_stray(run.given, &host.name, cve, at),
                        }
                    }
                }
            }
        }
        alerts
    }

    fn add(&mut self, host: usize, cve: &Arc<str>, at: DateTime<Utc>) {
        let of_host = self.by_host.entry(host).or_default();
        let first = of_host.entry(Arc::clone(cve)).or_insert(at);
        *first = at.min(*first);
    }

    fn add_stray(&mut self, import: usize, host: &str, cve: &Arc<str>, at: DateTime<Utc>) {
        let stray = self.stray.entry((import, host.to_owned()));
        let stray = stray.or_insert_with(|| StrayAlerts {
            import,
            host: host.to_owned(),
            vuln: Arc::clone(cve),
            first: at,
            count: 0,
        });
        stray.count += 1;
        if at < stray.first {
            (stray.first, stray.vuln) = (at, Arc::clone(cve));
        }
    }

    /// Returns what is said of hosts that nobody knows, by export and host.
    pub(super) fn into_stray(self) -> Vec<StrayAlerts> {
        self.stray.into_values().collect()
    }

    /// Returns the first alert about a finding; one after it was closed is none of it.
    pub(super) fn first(&self, life: &Life) -> Option<DateTime<Utc>> {
        let of_host = self.by_host.get(&life.host)?;
        let names = life.names();
        let first = names.filter_map(|name| of_host.get(name)).min().copied();
        first.filter(|at| life.episode.closed.is_none_or(|closed| *at <= closed))
    }

    /// Adds the first alert about a finding to what is said of its exploits.
    pub(super) fn add_to(&self, life: &Life, said: &mut Vec<(DateTime<Utc>, Exploit)>) {
        if let Some(at) = self.first(life) {
            said.push((at, Exploit::Active));
            said.sort_by_key(|(at, _)| *at);
        }
    }
}
