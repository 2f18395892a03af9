//! Further keys of scanned hosts, by the lists of hosts that scanners keep: a scan that names an agent alone is of
//! the machine that has this agent, with its cloud id and its numbers.

use std::borrow::Cow;
use std::collections::HashMap;

use super::runs::Run;
use crate::import::Product;
use crate::model::Host;

/// The hosts of the scanners' own lists, by their agents' ids and by further names; `None` for a key of several.
#[derive(Default)]
pub(super) struct Assets<'a> {
    by_agent: HashMap<String, Option<&'a Host>>,
    by_alias: HashMap<String, Option<&'a Host>>,
}

impl<'a> Assets<'a> {
    /// Collects the lists; runs come in the order of their time, and the later list counts.
    pub(super) fn of(runs: impl Iterator<Item = &'a Run<'a>>) -> Self {
        let mut all = Self::default();
        for run in runs.filter(|run| run.scan.importer.product == Product::Hosts) {
            let mut listed = Self::default();
            for host in &run.scan.hosts {
                if let Some(agent) = &host.agent {
                    note(&mut listed.by_agent, agent, host);
                }
                for alias in &host.aliases {
                    note(&mut listed.by_alias, alias, host);
                }
            }
            all.by_agent.extend(listed.by_agent);
            all.by_alias.extend(listed.by_alias);
        }
        all
    }

    /// Adds to a scanned host the keys that it lacks; names only where it has none.
    pub(super) fn with_keys<'h>(&self, host: &'h Host) -> Cow<'h, Host> {
        let listed = |keys: &HashMap<String, Option<&'a Host>>, key: &String| {
            keys.get(&key.to_lowercase()).copied().flatten()
        };
        let by_agent = host
            .agent
            .as_ref()
            .and_then(|agent| listed(&self.by_agent, agent));
        let by_alias = || {
            host.aliases
                .iter()
                .find_map(|alias| listed(&self.by_alias, alias))
        };
        let Some(asset) = by_agent.or_else(by_alias) else {
            return Cow::Borrowed(host);
        };
        let mut known = host.clone();
        for (place, key) in [
            (&mut known.agent, &asset.agent),
            (&mut known.cloud_id, &asset.cloud_id),
            (&mut known.uuid, &asset.uuid),
            (&mut known.serial, &asset.serial),
        ] {
            if place.is_none() {
                place.clone_from(key);
            }
        }
        if known.macs.is_empty() {
            known.macs.clone_from(&asset.macs);
        }
        if known.fqdn.is_none() && known.hostname.is_none() {
            known
                .aliases
                .extend(asset.fqdn.iter().chain(&asset.hostname).cloned());
        }
        Cow::Owned(known)
    }
}

fn note<'a>(keys: &mut HashMap<String, Option<&'a Host>>, key: &str, host: &'a Host) {
    let known = keys.entry(key.to_lowercase()).or_insert(Some(host));
    if known.is_some_and(|known| known != host) {
        *known = None;
    }
}
