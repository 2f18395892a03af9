//! The keys of a host, by their class.

use chrono::{DateTime, Utc};

use super::machine::Machine;
use crate::model::{Host, Stamp, Zone};

/// Classes of keys in the order in which they decide.
pub(super) const CLASSES: usize = 7;
pub(super) const MACHINE: usize = 2;
pub(super) const FQDN: usize = 3;
pub(super) const HOST_NAME: usize = 4;
pub(super) const IP: usize = 6;

pub(super) type Keys = [Vec<String>; CLASSES];

/// Of whom the keys are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Bearer {
    /// What a scan or a tool says, to be found.
    Sought,
    /// Named by an inventory or a record.
    Known,
    /// Known from scans alone.
    Stranger,
}

/// An address that a host has for a while.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) ip: String,
    pub(super) from: DateTime<Utc>,
    /// No longer at this moment.
    pub(super) to: DateTime<Utc>,
}

/// Collects the keys of a host. An address joins only where the inventory calls it static; leases are asked apart.
pub(super) fn keys_of(host: &Host, bearer: Bearer) -> Keys {
    let one = |value: &Option<String>| value.iter().map(|text| text.to_lowercase()).collect::<Vec<_>>();
    let (mut fqdns, mut names) = (one(&host.fqdn), one(&host.hostname));
    for name in std::iter::once(&host.name).chain(&host.aliases) {
        let name = name.trim_end_matches('.').to_lowercase();
        if name.is_empty() || name.parse::<std::net::IpAddr>().is_ok() {
            continue;
        }
        if name.contains('.') {
            fqdns.push(name);
        } else {
            names.push(name);
        }
    }
    if bearer == Bearer::Known {
        // A scanner that knows the short name only must still meet the host; two hosts with one short name do not count.
        let short = fqdns.iter().filter_map(|name| name.split('.').next());
        names.extend(short.map(str::to_owned).collect::<Vec<_>>());
    }
    let ips = match bearer {
        Bearer::Sought => host.ips.clone(),
        Bearer::Known if is_static(host) => host.ips.clone(),
        Bearer::Known | Bearer::Stranger => Vec::new(),
    };
    let mut keys = [
        one(&host.agent),
        one(&host.cloud_id),
        Machine::of(host).keys(),
        fqdns,
        names,
        host.macs.clone(),
        ips,
    ];
    for keys in &mut keys {
        keys.sort();
        keys.dedup();
    }
    keys
}

/// Tells whether an inventory calls the addresses of a host static.
pub(super) fn is_static(host: &Host) -> bool {
    let said = host.fields.get("ip_static");
    said.is_some_and(|value| matches!(value.to_lowercase().as_str(), "true" | "yes" | "static" | "1"))
}

/// Tells whether a row of an inventory is about a lease.
pub(super) fn is_leased(host: &Host) -> bool {
    let is_given = |name: &str| host.fields.get(name).is_some_and(|text| !text.is_empty());
    is_given("lease_from") || is_given("lease_to")
}

/// Reads the leases of a row; one without both ends proves nothing.
pub(super) fn leases_of(host: &Host, zone: Zone) -> impl Iterator<Item = Lease> {
    let end = |name: &str| {
        let stamp = host.fields.get(name).and_then(|text| Stamp::parse(text))?;
        Some(zone.instant(stamp))
    };
    let span = end("lease_from").zip(end("lease_to"));
    let of_span = |(from, to)| {
        host.ips.iter().map(move |ip| Lease {
            ip: ip.clone(),
            from,
            to,
        })
    };
    span.into_iter().flat_map(of_span)
}
