//! Which scanned machine is which governed host.
//!
//! Keys decide in an order: agent id, cloud instance id, BIOS UUID or serial, FQDN, host name, MAC, and an
//! address only where the inventory calls it static or a lease covers the moment. The first class of keys
//! that matches decides; when a later class points elsewhere the host is ambiguous. A name with another
//! serial behind it is another machine (`succession`).

mod keys;
mod machine;
mod succession;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::keys::{Bearer, CLASSES, FQDN, HOST_NAME, IP, Keys, Lease, MACHINE, keys_of, leases_of};
use self::machine::{Likeness, Machine, written};
use crate::model::{Host, HostStatus, Zone};

/// A key that so many hosts share tells none of them apart, such as `localhost.localdomain`.
const MOST_SHARING: usize = 256;

/// A machine, from the inventory, from a System's list, or known from a scan alone.
#[derive(Clone, Debug)]
pub(super) struct KnownHost {
    pub(super) id: Arc<str>,
    pub(super) host: Host,
    /// Whether the inventory or a System's list names it.
    pub(super) is_known: bool,
    /// Another machine that answers under its name now.
    pub(super) replaced: Option<Replaced>,
    machine: Machine,
    /// The first moment at which it may be found by its name alone.
    since: DateTime<Utc>,
    /// When, and in which run, a scanner last read its numbers.
    last_read: Option<(DateTime<Utc>, usize)>,
    /// Whether it and another machine answer under one name in turn.
    is_contested: bool,
}

/// From when on another machine has the name, and its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Replaced {
    pub(super) at: DateTime<Utc>,
    pub(super) by: usize,
}

/// Where a scanned host belongs.
#[derive(Clone, Default, Debug)]
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
    leases: HashMap<String, Vec<(Lease, usize)>>,
    /// Governed hosts by the addresses that they have or had.
    listed_ips: HashMap<String, Vec<usize>>,
}

/// What the keys of a host point to.
struct Found {
    decided: Option<usize>,
    others: BTreeSet<usize>,
    /// Whether one of its names belongs to a machine with other numbers.
    is_other_machine: bool,
}

/// The inventories' hosts in the order in which they are added: leases last, and what is in use before what is gone.
pub(super) fn in_order(mut hosts: Vec<(&Host, Zone)>) -> Vec<(&Host, Zone)> {
    hosts.sort_by_key(|(host, _)| (keys::is_leased(host), host.status == HostStatus::Retired));
    hosts
}

impl Identities {
    /// Adds a governed host; a second row of the same machine adds its keys to the first.
    pub(super) fn add_known(&mut self, host: &Host, zone: Zone) -> usize {
        let machine = Machine::of(host);
        let index = match self.id_known(host, &machine) {
            Ok(index) => {
                self.index_keys(index, host, Bearer::Known);
                let known = &mut self.hosts[index];
                if known.host.fields.is_empty() {
                    known.host = host.clone();
                }
                known.is_known = true;
                known.machine.learn(&machine);
                index
            }
            Err(id) => self.add(id, host, Bearer::Known),
        };
        for ip in &host.ips {
            note(self.listed_ips.entry(ip.clone()).or_default(), index);
        }
        for lease in leases_of(host, zone) {
            self.leases
                .entry(lease.ip.clone())
                .or_default()
                .push((lease, index));
        }
        index
    }

    /// Finds the host of a row of an inventory, by its name and its numbers.
    pub(super) fn of_row(&self, host: &Host) -> Option<usize> {
        self.id_known(host, &Machine::of(host)).ok()
    }

    /// Returns the host that a row is about, else the id for a new one: machines of one name are told apart by number.
    fn id_known(&self, host: &Host, machine: &Machine) -> Result<usize, Arc<str>> {
        let id = id_of(host);
        let same = |id: &Arc<str>| {
            let index = *self.by_id.get(id)?;
            (self.hosts[index].machine.compare(machine) != Likeness::Other).then_some(index)
        };
        if let Some(index) = same(&id) {
            return Ok(index);
        }
        if !self.by_id.contains_key(&id) {
            return Err(id);
        }
        let id = numbered(&id, host);
        same(&id).ok_or(id)
    }

    /// Finds the host of a look of a run, or adds it as one that nobody knows. Looks are told in their order of time.
    pub(super) fn resolve(&mut self, host: &Host, at: DateTime<Utc>, run: usize) -> Resolved {
        let machine = Machine::of(host);
        let keys = keys_of(host, Bearer::Sought);
        let found = self.matches(&keys, &machine, at);
        let resolved = match found.decided {
            Some(index) => Resolved {
                index,
                others: found.others.into_iter().collect(),
            },
            None => self.add_unknown(host, &keys, found.is_other_machine.then_some(at)),
        };
        if resolved.others.is_empty() && !machine.is_empty() {
            self.hosts[resolved.index].machine.learn(&machine);
            self.succeed(resolved.index, &keys, (at, run));
        }
        resolved
    }

    /// Finds a host that is known by then; one that could be several is none.
    pub(super) fn find(&self, host: &Host, at: DateTime<Utc>) -> Option<usize> {
        let found = self.matches(&keys_of(host, Bearer::Sought), &Machine::of(host), at);
        found.decided.filter(|_| found.others.is_empty())
    }

    /// The host that the first class of keys points to, and those that any class points to beside it.
    fn matches(&self, keys: &Keys, machine: &Machine, at: DateTime<Utc>) -> Found {
        let mut decided: Option<BTreeSet<usize>> = None;
        let mut others = BTreeSet::new();
        let mut is_other_machine = false;
        for (class, keys) in keys.iter().enumerate() {
            let mut matched = BTreeSet::new();
            for key in keys {
                let hosts = self.keys[class].get(key).map_or(&[][..], Vec::as_slice);
                if hosts.len() > MOST_SHARING {
                    is_other_machine |= !machine.is_empty();
                } else {
                    matched.extend(hosts);
                }
            }
            if class == IP {
                matched.extend(keys.iter().flat_map(|ip| self.leased(ip, at)));
            }
            // Where the numbers themselves have decided, a name of another machine is a contradiction.
            if class > MACHINE && decided.is_none() {
                let before = matched.len();
                self.keep_of_machine(&mut matched, machine);
                is_other_machine |= matched.len() < before;
            }
            if matches!(class, FQDN | HOST_NAME | IP) {
                matched.retain(|&index| self.may_be_named(index, machine, at));
            }
            match &decided {
                _ if matched.is_empty() => {}
                // A class that points to the one host among others says nothing against it.
                Some(one) if one.len() == 1 && one.is_subset(&matched) => {}
                Some(_) => others.extend(matched),
                None => {
                    others.extend(&matched);
                    decided = Some(matched);
                }
            }
        }
        let decided = decided.and_then(|set| set.first().copied());
        decided.iter().for_each(|index| {
            others.remove(index);
        });
        Found {
            decided,
            others,
            is_other_machine,
        }
    }

    /// Keeps the hosts with the same numbers, else those whose numbers are not known to be others.
    fn keep_of_machine(&self, matched: &mut BTreeSet<usize>, machine: &Machine) {
        let likeness = |index: &usize| self.hosts[*index].machine.compare(machine);
        if matched.iter().any(|index| likeness(index) == Likeness::Same) {
            matched.retain(|index| likeness(index) == Likeness::Same);
        } else {
            matched.retain(|index| likeness(index) != Likeness::Other);
        }
    }

    fn leased(&self, ip: &str, at: DateTime<Utc>) -> impl Iterator<Item = usize> {
        let leases = self.leases.get(ip).into_iter().flatten();
        leases
            .filter(move |(lease, _)| lease.from <= at && at < lease.to)
            .map(|(_, index)| *index)
    }

    /// Adds a host that nobody knows. What is known by its address alone could be whoever had that at another time.
    fn add_unknown(&mut self, host: &Host, keys: &Keys, takes_name_at: Option<DateTime<Utc>>) -> Resolved {
        let mut id = id_of(host);
        if takes_name_at.is_some() {
            id = numbered(&id, host);
        }
        let index = match self.by_id.get(&*id) {
            Some(&index) => index,
            None => self.add(id, host, Bearer::Stranger),
        };
        if let Some(at) = takes_name_at.filter(|_| self.hosts[index].last_read.is_none()) {
            self.hosts[index].since = at;
        }
        let has_address_only = keys
            .iter()
            .enumerate()
            .all(|(class, keys)| class == IP || keys.is_empty());
        let listed = keys[IP].iter().filter_map(|ip| self.listed_ips.get(ip)).flatten();
        let others: BTreeSet<usize> = listed
            .copied()
            .filter(|&other| has_address_only && other != index)
            .collect();
        Resolved {
            index,
            others: others.into_iter().collect(),
        }
    }

    fn add(&mut self, id: Arc<str>, host: &Host, bearer: Bearer) -> usize {
        let index = self.hosts.len();
        self.by_id.insert(Arc::clone(&id), index);
        self.hosts.push(KnownHost {
            id,
            host: host.clone(),
            is_known: bearer == Bearer::Known,
            replaced: None,
            machine: Machine::of(host),
            since: DateTime::<Utc>::MIN_UTC,
            last_read: None,
            is_contested: false,
        });
        self.index_keys(index, host, bearer);
        index
    }

    fn index_keys(&mut self, index: usize, host: &Host, bearer: Bearer) {
        for (class, keys) in keys_of(host, bearer).into_iter().enumerate() {
            for key in keys {
                note(self.keys[class].entry(key).or_default(), index);
            }
        }
    }
}

/// Adds a host to those of a key, once.
fn note(hosts: &mut Vec<usize>, index: usize) {
    if hosts.len() <= MOST_SHARING && !hosts.contains(&index) {
        hosts.push(index);
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

/// Makes the id of a further machine of one name, such as `web01#5B2`.
fn numbered(id: &Arc<str>, host: &Host) -> Arc<str> {
    written(host).map_or_else(|| Arc::clone(id), |number| format!("{id}#{number}").into())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Host, Identities};
    use crate::model::Zone;

    const ZONE: Zone = Zone(chrono_tz::UTC);
    const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

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
        let one = known("web01", "web01.example.org", Some("uuid-1"), "192.0.2.1", true);
        identities.add_known(&one, ZONE);
        let other = known("web02", "web02.example.org", Some("uuid-2"), "192.0.2.2", false);
        identities.add_known(&other, ZONE);
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
                1,
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
                1,
            ),
        ];
        for (case, scanned, index, others) in rows {
            let resolved = identities.resolve(&scanned, NOON, 0);
            assert_eq!((resolved.index, resolved.others.len()), (index, others), "{case}");
        }
    }

    #[test]
    fn two_hosts_with_one_short_name_are_ambiguous() {
        let mut identities = Identities::default();
        identities.add_known(&known("a", "db.one.example", None, "192.0.2.1", false), ZONE);
        identities.add_known(&known("b", "db.two.example", None, "192.0.2.2", false), ZONE);
        let resolved = identities.resolve(&host("db", None, None, None), NOON, 0);
        assert_eq!((resolved.index, resolved.others), (0, vec![1]));
    }

    #[test]
    fn an_address_joins_while_it_is_leased() {
        let mut identities = Identities::default();
        let mut laptop = known("laptop-1", "laptop-1.example.org", None, "10.0.0.7", false);
        for (field, text) in [
            ("lease_from", "1970-01-01T08:00:00"),
            ("lease_to", "1970-01-01T12:00:00"),
        ] {
            laptop.fields.insert(field.into(), text.into());
        }
        identities.add_known(&laptop, ZONE);
        let found = |hour: i64| {
            let address = host("10.0.0.7", None, None, Some("10.0.0.7"));
            identities.find(&address, NOON + TimeDelta::hours(hour))
        };
        assert_eq!(
            [7, 8, 11, 12, 14].map(found),
            [None, Some(0), Some(0), None, None]
        );
        laptop.fields.remove("lease_to");
        let mut open_end = Identities::default();
        open_end.add_known(&laptop, ZONE);
        assert_eq!(
            open_end.find(&host("10.0.0.7", None, None, Some("10.0.0.7")), NOON),
            None
        );
    }
}
