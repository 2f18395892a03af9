//! Which scanned machine is which governed host.
//!
//! Keys decide in an order: agent id, cloud instance id, BIOS UUID or serial, FQDN, host name, MAC,
//! and an IP only where the inventory calls it static. The first class of keys that matches decides;
//! when a later class points elsewhere the host is ambiguous.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::{Host, HostStatus};

const CLASSES: usize = 7;
const FQDN: usize = 3;
const HOST_NAME: usize = 4;
const IP: usize = 6;

/// A machine, from the inventory, from a System's list, or known from a scan alone.
#[derive(Clone, Debug)]
pub(super) struct KnownHost {
    pub(super) id: Arc<str>,
    pub(super) host: Host,
    /// Whether the inventory or a System's list names it.
    pub(super) is_known: bool,
}

/// Where a scanned host belongs.
pub(super) struct Resolved {
    pub(super) index: usize,
    /// Further hosts that it could be.
    pub(super) others: Vec<usize>,
}

#[derive(Default)]
pub(super) struct Identities {
    pub(super) hosts: Vec<KnownHost>,
    keys: [HashMap<String, Vec<usize>>; CLASSES],
    by_id: HashMap<Arc<str>, usize>,
}

impl Identities {
    /// Adds a governed host; a second one of the same name adds its keys to the first.
    pub(super) fn add_known(&mut self, host: &Host) -> usize {
        let id = id_of(host);
        if let Some(&index) = self.by_id.get(&*id) {
            self.index_keys(index, host, true);
            let known = &mut self.hosts[index];
            if known.host.fields.is_empty() {
                known.host = host.clone();
            }
            known.is_known = true;
            return index;
        }
        self.add(id, host, true)
    }

    /// Finds the host of a scan, or adds it as one that nobody knows.
    pub(super) fn resolve(&mut self, host: &Host) -> Resolved {
        let (decided, mut all) = self.matches(host);
        match decided {
            Some(index) => {
                all.remove(&index);
                Resolved {
                    index,
                    others: all.into_iter().collect(),
                }
            }
            None => Resolved {
                index: self.add_unknown(host),
                others: Vec::new(),
            },
        }
    }

    /// Finds a host that is known; one that could be several is none.
    pub(super) fn find(&self, host: &Host) -> Option<usize> {
        let (decided, all) = self.matches(host);
        decided.filter(|_| all.len() == 1)
    }

    /// The host that the first class of keys points to, and all that any class does.
    fn matches(&self, host: &Host) -> (Option<usize>, BTreeSet<usize>) {
        let mut decided: Option<BTreeSet<usize>> = None;
        let mut all = BTreeSet::new();
        for (class, keys) in keys_of(host, false).into_iter().enumerate() {
            let matched: BTreeSet<usize> = keys
                .iter()
                .filter_map(|key| self.keys[class].get(key))
                .flatten()
                .copied()
                .collect();
            if matched.is_empty() {
                continue;
            }
            all.extend(&matched);
            decided.get_or_insert(matched);
        }
        (decided.and_then(|set| set.first().copied()), all)
    }

    fn add_unknown(&mut self, host: &Host) -> usize {
        let id = id_of(host);
        match self.by_id.get(&*id) {
            Some(&index) => index,
            None => self.add(id, host, false),
        }
    }

    fn add(&mut self, id: Arc<str>, host: &Host, is_known: bool) -> usize {
        let index = self.hosts.len();
        self.by_id.insert(Arc::clone(&id), index);
        self.hosts.push(KnownHost {
            id,
            host: host.clone(),
            is_known,
        });
        self.index_keys(index, host, is_known);
        index
    }

    fn index_keys(&mut self, index: usize, host: &Host, is_known: bool) {
        for (class, keys) in keys_of(host, is_known).into_iter().enumerate() {
            for key in keys {
                let hosts = self.keys[class].entry(key).or_default();
                if !hosts.contains(&index) {
                    hosts.push(index);
                }
            }
        }
    }
}

/// Makes a host that is known by its name alone.
pub(super) fn listed(name: &str) -> Host {
    Host {
        name: name.to_owned(),
        status: HostStatus::Active,
        ..Host::default()
    }
}

/// The inventory's name, else the FQDN, else the scanner's name.
pub(super) fn id_of(host: &Host) -> Arc<str> {
    let from_inventory = !host.fields.is_empty();
    let name = if from_inventory || host.fqdn.is_none() {
        Some(&host.name)
    } else {
        host.fqdn.as_ref()
    };
    let first_ip = host.ips.first();
    name.filter(|name| !name.is_empty())
        .or(first_ip)
        .map_or_else(|| "(unnamed)".into(), |name| name.as_str().into())
}

fn keys_of(host: &Host, is_known: bool) -> [Vec<String>; CLASSES] {
    let one = |value: &Option<String>| value.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>();
    let mut fqdns = one(&host.fqdn);
    let mut names = one(&host.hostname);
    for name in std::iter::once(&host.name).chain(&host.aliases) {
        let name = name.trim_end_matches('.').to_lowercase();
        if name.is_empty() || name.parse::<std::net::IpAddr>().is_ok() {
            continue;
        }
        if name.contains('.') {
            fqdns.push(name)
        } else {
            names.push(name)
        }
    }
    if is_known {
        // A scanner that knows the short name only must still meet the host; two hosts with one short name do not count.
        let short: Vec<String> = fqdns
            .iter()
            .filter_map(|name| name.split('.').next())
            .map(str::to_owned)
            .collect();
        names.extend(short);
    }
    let is_static = host
        .fields
        .get("ip_static")
        .is_some_and(|value| matches!(value.to_lowercase().as_str(), "true" | "yes" | "static" | "1"));
    let ips = if is_static || !is_known {
        host.ips.clone()
    } else {
        Vec::new()
    };
    let mut machine = one(&host.uuid);
    machine.extend(one(&host.serial));
    let mut keys = [
        one(&host.agent),
        one(&host.cloud_id),
        machine,
        fqdns,
        names,
        host.macs.clone(),
        ips,
    ];
    for (class, keys) in keys.iter_mut().enumerate() {
        if matches!(class, FQDN | HOST_NAME | IP) || !keys.is_empty() {
            keys.sort();
            keys.dedup();
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::{Host, Identities};

    fn host(name: &str, fqdn: Option<&str>, uuid: Option<&str>, ip: Option<&str>) -> Host {
        Host {
            name: name.into(),
            fqdn: fqdn.map(Into::into),
            uuid: uuid.map(Into::into),
            ips: ip.map(str::to_owned).into_iter().collect(),
            ..Host::default()
        }
    }

    fn known(name: &str, fqdn: &str, uuid: Option<&str>, ip: &str, is_static: bool) -> Host {
        let mut host = host(name, Some(fqdn), uuid, Some(ip));
        host.fields.insert("name".into(), name.into());
        host.fields.insert("ip_static".into(), is_static.to_string());
        host
    }

    #[test]
    fn the_first_class_of_keys_decides() {
        let mut identities = Identities::default();
        identities.add_known(&known(
            "web01",
            "web01.example.org",
            Some("uuid-1"),
            "192.0.2.1",
            true,
        ));
        identities.add_known(&known(
            "web02",
            "web02.example.org",
            Some("uuid-2"),
            "192.0.2.2",
            false,
        ));
        let rows: [(&str, Host, usize, usize); 6] = [
            ("by name", host("web01", None, None, None), 0, 0),
            (
                "by FQDN in any case",
                host("192.0.2.9", Some("WEB02.example.org"), None, None),
                1,
                0,
            ),
            (
                "by a static address",
                host("192.0.2.1", None, None, Some("192.0.2.1")),
                0,
                0,
            ),
            (
                "never by a leased address",
                host("192.0.2.2", None, None, Some("192.0.2.2")),
                2,
                0,
            ),
            (
                "UUID before FQDN, and ambiguous",
                host("x", Some("web02.example.org"), Some("UUID-1"), None),
                0,
                1,
            ),
            (
                "a stranger is met again",
                host("192.0.2.2", None, None, Some("192.0.2.2")),
                2,
                0,
            ),
        ];
        for (case, scanned, index, others) in rows {
            let resolved = identities.resolve(&scanned);
            assert_eq!((resolved.index, resolved.others.len()), (index, others), "{case}");
        }
    }

    #[test]
    fn two_hosts_with_one_short_name_are_ambiguous() {
        let mut identities = Identities::default();
        identities.add_known(&known("a", "db.one.example", None, "192.0.2.1", false));
        identities.add_known(&known("b", "db.two.example", None, "192.0.2.2", false));
        let resolved = identities.resolve(&host("db", None, None, None));
        assert_eq!((resolved.index, resolved.others), (0, vec![1]));
    }
}
