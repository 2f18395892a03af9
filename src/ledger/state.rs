//! What one Source has said so far: hosts, checks, and what stood on each host when it was last looked at.
//!
//! A run is written as its difference to the run before it, and read back as if it were whole: what it has in
//! common with that run is shared.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use foldhash::fast::RandomState;

use crate::import::{CheckInfo, KevListing, SharedSighting, Sighting};
use crate::model::{Advice, Host, Stamp, Zone};

/// A sighting as it is kept: every moment in it is resolved.
pub(super) type Seen = Arc<Sighting>;

/// Returns a moment of a sighting that is kept.
pub(super) fn instant(stamp: Option<Stamp>) -> Option<DateTime<Utc>> {
    stamp.map(|stamp| Zone(chrono_tz::UTC).instant(stamp))
}

/// Tells whether two say the same but for when it was last seen.
pub(super) fn is_same(one: &Sighting, other: &Sighting) -> bool {
    let dated = Sighting {
        last_seen: other.last_seen,
        ..one.clone()
    };
    dated == *other
}

/// What stands on a host.
#[derive(Clone, Debug, Default)]
pub(super) struct OnHost {
    /// What was seen of each check; `None` once it was not there any more.
    pub(super) seen: BTreeMap<Arc<str>, Option<Vec<Seen>>>,
    /// The same as a run tells it, once one did; each run that found nothing else shares it.
    pub(super) told: Option<Arc<[SharedSighting]>>,
}

/// Everything that one Source has said up to a run.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) hosts: Vec<Host>,
    pub(super) by_key: HashMap<String, u32>,
    pub(super) checks: Vec<Arc<CheckInfo>>,
    /// Places in `checks`, by all that a check says: an id may come with as many texts as a file likes.
    places: HashMap<Arc<CheckInfo>, u32, RandomState>,
    /// The scanner's ids with their family, each once.
    ids: HashSet<Arc<str>>,
    pub(super) on_host: Vec<OnHost>,
    pub(super) kev: BTreeMap<Arc<str>, KevListing>,
    pub(super) epss: BTreeMap<Arc<str>, f64>,
    /// By the scanner's id with its family.
    pub(super) knowledge: BTreeMap<Arc<str>, Arc<CheckInfo>>,
    /// By document, its time and the place in it.
    pub(super) advice: BTreeMap<Arc<str>, Arc<Advice>>,
}

impl State {
    /// Adds a host, or takes over how it is named now.
    pub(super) fn put_host(&mut self, index: u32, key: String, host: Host) -> bool {
        let place = index as usize;
        match place.cmp(&self.hosts.len()) {
            std::cmp::Ordering::Less => self.hosts[place] = host,
            std::cmp::Ordering::Equal => {
                self.hosts.push(host);
                self.on_host.push(OnHost::default());
            }
            std::cmp::Ordering::Greater => return false,
        }
        self.by_key.insert(key, index);
        true
    }

    /// Finds a check that says exactly the same.
    pub(super) fn find_check(&self, check: &CheckInfo) -> Option<u32> {
        self.places.get(check).copied()
    }

    pub(super) fn put_check(&mut self, check: Arc<CheckInfo>) -> u32 {
        let index = u32::try_from(self.checks.len()).unwrap_or(u32::MAX);
        self.ids.insert(id_of(&check));
        self.places.entry(Arc::clone(&check)).or_insert(index);
        self.checks.push(check);
        index
    }

    /// Returns an id of a check as it is kept already, else a new text.
    pub(super) fn id(&self, id: &str) -> Arc<str> {
        let known = self.ids.get(id);
        known.map_or_else(|| id.into(), Arc::clone)
    }
}

/// The scanner's id with its family.
pub(super) fn id_of(check: &CheckInfo) -> Arc<str> {
    format!("{}:{}", check.family, check.id).into()
}

/// What tells one entry of an advisory from another: the document, its version by its time, and the place in it.
pub(super) fn key_of(advice: &Advice) -> Arc<str> {
    let document = &advice.document;
    let issued = document.issued.map(crate::model::utc_text).unwrap_or_default();
    format!(
        "{}|{}|{issued}|{:06}",
        document.publisher, document.id, advice.entry
    )
    .into()
}

/// What tells one host from another in the exports of one Source: its best key, numbered where several share it.
pub(super) fn keys_of(hosts: &[Host]) -> Vec<String> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    hosts
        .iter()
        .map(|host| {
            let key = best_key(host);
            let count = counts.entry(key.clone()).or_default();
            *count += 1;
            if *count == 1 {
                key
            } else {
                format!("{key}#{count}")
            }
        })
        .collect()
}

fn best_key(host: &Host) -> String {
    let named = |class: &str, value: &Option<String>| {
        let value = value.as_ref().filter(|value| !value.is_empty())?;
        Some(format!("{class}:{value}"))
    };
    let name = Some(host.name.clone());
    named("agent", &host.agent)
        .or_else(|| named("cloud", &host.cloud_id))
        .or_else(|| named("uuid", &host.uuid))
        .or_else(|| named("serial", &host.serial))
        .or_else(|| named("fqdn", &host.fqdn))
        .or_else(|| named("name", &host.hostname))
        .or_else(|| named("name", &name))
        .or_else(|| named("ip", &host.ips.first().cloned()))
        .unwrap_or_default()
}

/// A host without what only one run says of it.
pub(super) fn lasting(host: &Host) -> Host {
    Host {
        scanned_at: None,
        quality: None,
        ..host.clone()
    }
}
