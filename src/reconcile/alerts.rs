//! Alerts of a SIEM or EDR: since when a vulnerability is exploited on a host.

use std::collections::HashMap;
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
}

impl Alerts {
    /// Collects the alerts up to as-of about hosts that are known; every export adds to the others.
    pub(super) fn of(runs: &[Run<'_>], identities: &Identities, as_of: AsOf) -> Self {
        let mut by_host: HashMap<usize, HashMap<Arc<str>, DateTime<Utc>>> = HashMap::new();
        let of_alerts = |run: &&Run<'_>| {
            run.scan.importer.product == Product::Alerts && run.state != ImportState::Ignored
        };
        for run in runs.iter().filter(of_alerts) {
            for (place, host) in (0..).map(HostIndex).zip(&run.scan.hosts) {
                for (sighting, _) in run.scan.sightings.on(place) {
                    let at = sighting.first_seen.map_or(run.at, |stamp| run.instant(stamp));
                    let check = run.scan.checks.get(sighting.check as usize);
                    let host = identities.find(host, at).filter(|_| at <= as_of.instant());
                    let (Some(check), Some(host)) = (check, host) else {
                        continue;
                    };
                    let known = by_host.entry(host).or_default();
                    for cve in &check.cves {
                        let first = known.entry(Arc::clone(cve)).or_insert(at);
                        *first = at.min(*first);
                    }
                }
            }
        }
        Self { by_host }
    }

    /// Adds the first alert about a finding to what is said of its exploits; one after it was closed is none of it.
    pub(super) fn add_to(&self, life: &Life, said: &mut Vec<(DateTime<Utc>, Exploit)>) {
        let Some(of_host) = self.by_host.get(&life.host) else {
            return;
        };
        let names = std::iter::once(&life.vuln).chain(&life.said.aliases);
        let first = names.filter_map(|name| of_host.get(name)).min();
        if let Some(at) = first.filter(|at| life.episode.closed.is_none_or(|closed| **at <= closed)) {
            said.push((*at, Exploit::Active));
            said.sort_by_key(|(at, _)| *at);
        }
    }
}
