//! The hosts of a report, of which some is said beside the results and some only after them.

use std::collections::HashMap;

use super::super::tally::Tally;
use super::super::value;
use super::super::{HostIndex, stamp};
use crate::model::{Host, Quality, Stamp};

/// A report may have this many hosts; what is known of each is held to its end.
const MAX_HOSTS: usize = 4_000_000;

/// The hosts that were poured, by the address that the report writes, which is not always one.
#[derive(Default)]
pub(super) struct Hosts {
    places: HashMap<String, usize>,
    known: Vec<Known>,
}

struct Known {
    index: Option<HostIndex>,
    host: Host,
    /// Whether more is known of it than was poured.
    is_new: bool,
}

/// What a result or a row says of its host.
#[derive(Clone, Copy, Default)]
pub(super) struct Named<'a> {
    pub(super) address: &'a str,
    pub(super) hostname: &'a str,
    /// The id of the asset in the console.
    pub(super) asset: &'a str,
}

/// What a report says of a host after its results.
#[derive(Default)]
pub(super) struct Details {
    pub(super) start: Option<Stamp>,
    pub(super) end: Option<Stamp>,
    pub(super) hostname: Option<String>,
    pub(super) os: Option<String>,
    pub(super) macs: Vec<String>,
    /// Whether it could log in with one protocol at least; `None` where it did not try.
    pub(super) has_login: Option<bool>,
}

impl Hosts {
    /// Finds a host by its address, or pours it where it is new.
    pub(super) fn settle(
        &mut self,
        named: &Named<'_>,
        tally: &mut Tally<'_>,
    ) -> Result<Option<HostIndex>, String> {
        let key = if named.address.is_empty() {
            named.hostname
        } else {
            named.address
        };
        if let Some(place) = self.places.get(key) {
            let known = &mut self.known[*place];
            known.is_new |= learn(&mut known.host, named);
            return Ok(known.index);
        }
        let mut host = Host::default();
        learn(&mut host, named);
        match value::ip(named.address) {
            Some(ip) => host.ips.push(ip),
            None if named.address.is_empty() => {}
            None => tally.leave_out("not an address"),
        }
        let own_name = host.fqdn.as_ref().or(host.hostname.as_ref());
        host.name = own_name.cloned().unwrap_or_else(|| named.address.to_owned());
        if self.known.len() >= MAX_HOSTS {
            return Err(format!("more than {MAX_HOSTS} hosts"));
        }
        let index = tally.host(&host)?;
        self.places.insert(key.to_owned(), self.known.len());
        self.known.push(Known {
            index,
            host,
            is_new: false,
        });
        Ok(index)
    }

    /// Adds what a report says of a host after its results, or pours a host that has none.
    pub(super) fn detail(
        &mut self,
        named: &Named<'_>,
        details: Details,
        tally: &mut Tally<'_>,
    ) -> Result<(), String> {
        let named = Named {
            hostname: details.hostname.as_deref().unwrap_or_default(),
            ..*named
        };
        self.settle(&named, tally)?;
        let Some(known) = self
            .places
            .get(named.address)
            .and_then(|place| self.known.get_mut(*place))
        else {
            return Ok(());
        };
        known.is_new = true;
        let host = &mut known.host;
        host.os = details.os.or(host.os.take());
        for mac in details.macs {
            if !host.macs.contains(&mac) {
                host.macs.push(mac);
            }
        }
        if let Some(found) = details.end.or(details.start) {
            stamp::keep_latest(&mut host.scanned_at, found);
        }
        host.quality = host.quality.max(details.has_login.map(|has_login| {
            if has_login {
                Quality::Authenticated
            } else {
                Quality::Unauthenticated
            }
        }));
        Ok(())
    }

    /// Pours what came to be known of the hosts after they were poured.
    pub(super) fn finish(&mut self, tally: &mut Tally<'_>) -> Result<(), String> {
        for known in self.known.iter_mut().filter(|known| known.is_new) {
            tally.amend(known.index, &known.host)?;
            known.is_new = false;
        }
        Ok(())
    }
}

/// Adds the names that a host has not yet; tells whether there were any.
///
/// A console may write the address for the name, and names of further virtual hosts behind one address:
/// the first name counts.
fn learn(host: &mut Host, named: &Named<'_>) -> bool {
    let mut is_new = false;
    let name = named.hostname.trim();
    if host.fqdn.is_none() && host.hostname.is_none() && !name.is_empty() && value::ip(name).is_none() {
        if name.contains('.') {
            host.fqdn = value::fqdn(name);
        } else {
            host.hostname = value::hostname(name);
        }
        is_new = true;
    }
    if host.agent.is_none() && !named.asset.is_empty() {
        host.agent = Some(named.asset.to_owned());
        is_new = true;
    }
    is_new
}
