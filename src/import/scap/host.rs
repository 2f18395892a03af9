//! The host of a result: what the result itself says of it, and what the report's list of assets does.

use super::super::ImportError;
use super::super::value;
use super::super::xml::{Tag, Xml};
use super::{local, text};
use crate::model::Host;

/// More names or addresses than any machine has.
const MAX_KEYS: usize = 1024;

/// What identifies a host, collected piece by piece.
#[derive(Clone, Default)]
pub(super) struct Keys {
    /// In the order in which they are given.
    names: Vec<String>,
    fqdn: Option<String>,
    hostname: Option<String>,
    pub(super) ips: Vec<String>,
    macs: Vec<String>,
    uuid: Option<String>,
    os: Vec<String>,
}

impl Keys {
    /// Takes a name; an address that stands as one counts as an address, too.
    pub(super) fn add_name(&mut self, name: &str) {
        if let Some(ip) = value::ip(name) {
            self.add_ip(&ip);
        } else if !name.is_empty() && !is_every_machine(name) {
            add(&mut self.names, name.to_owned());
        }
    }

    /// Takes an address; `false` where it is none. One that every machine has is passed over.
    pub(super) fn add_ip(&mut self, text: &str) -> bool {
        let Some(ip) = value::ip(text) else { return false };
        let is_own = ip
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| !ip.is_loopback() && !ip.is_unspecified());
        if is_own {
            add(&mut self.ips, ip);
        }
        true
    }

    pub(super) fn add_mac(&mut self, text: &str) -> bool {
        let Some(mac) = value::mac(text) else { return false };
        if mac != "00:00:00:00:00:00" {
            add(&mut self.macs, mac);
        }
        true
    }

    /// Takes a name with its domain; one without is a host's name only.
    pub(super) fn add_fqdn(&mut self, text: &str) {
        match value::fqdn(text).filter(|name| !is_every_machine(name)) {
            Some(name) if name.contains('.') => self.fqdn = Some(name),
            Some(name) => self.add_hostname(&name),
            None => {}
        }
    }

    pub(super) fn add_hostname(&mut self, text: &str) {
        if let Some(name) = value::hostname(text).filter(|name| !is_every_machine(name)) {
            self.hostname.get_or_insert(name);
        }
    }

    pub(super) fn add_os(&mut self, text: &str) {
        add(&mut self.os, text.to_owned());
    }

    /// Takes a fact of a `target-facts`, by the last part of its name; `false` where its value is none of its sort.
    pub(super) fn add_fact(&mut self, name: &str, text: &str) -> bool {
        if text.is_empty() {
            return true;
        }
        match name.rsplit(':').next().unwrap_or_default() {
            "fqdn" => self.add_fqdn(text),
            "host_name" => self.add_hostname(text),
            "ipv4" | "ipv6" => return self.add_ip(text),
            "mac" | "MAC" => return self.add_mac(text),
            "os_name" | "os_version" => self.add_os(text),
            _ => {}
        }
        true
    }

    /// Adds what the list of assets knows of the same host; what the result says itself comes first.
    pub(super) fn join(&mut self, asset: &Self) {
        for (mine, other) in [
            (&mut self.names, &asset.names),
            (&mut self.ips, &asset.ips),
            (&mut self.macs, &asset.macs),
        ] {
            other.iter().for_each(|one| add(mine, one.clone()));
        }
        for (mine, other) in [
            (&mut self.fqdn, &asset.fqdn),
            (&mut self.hostname, &asset.hostname),
            (&mut self.uuid, &asset.uuid),
        ] {
            if mine.is_none() {
                mine.clone_from(other);
            }
        }
    }

    /// Returns the host; its name is empty where nothing names it.
    pub(super) fn host(&self) -> Host {
        let mut names = self.names.iter();
        let first = names.next().or(self.fqdn.as_ref()).or(self.hostname.as_ref());
        Host {
            name: first.or(self.ips.first()).cloned().unwrap_or_default(),
            fqdn: self.fqdn.clone(),
            hostname: self.hostname.clone(),
            ips: self.ips.clone(),
            macs: self.macs.clone(),
            uuid: self.uuid.clone(),
            os: (!self.os.is_empty()).then(|| self.os.join(" ")),
            aliases: names.cloned().collect(),
            ..Host::default()
        }
    }
}

fn add(list: &mut Vec<String>, one: String) {
    if list.len() < MAX_KEYS && !list.contains(&one) {
        list.push(one);
    }
}

/// Tells whether a name is one by which every machine calls itself, so that it names none.
fn is_every_machine(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_lowercase();
    let first = name.split('.').next().unwrap_or_default();
    matches!(first, "localhost" | "localhost4" | "localhost6")
}

/// Reads an asset, which was opened last, whatever stands around its names and addresses.
pub(super) fn asset(xml: &mut Xml<'_>) -> Result<Keys, ImportError> {
    let mut keys = Keys::default();
    let mut depth = 1_u32;
    while depth > 0 {
        if xml.next()? != Tag::Open {
            depth -= 1;
            continue;
        }
        match local(xml.name()) {
            b"fqdn" => keys.add_fqdn(&text(xml)?),
            b"hostname" => keys.add_hostname(&text(xml)?),
            b"ip-v4" | b"ip-v6" => drop(keys.add_ip(&text(xml)?)),
            b"mac-address" => drop(keys.add_mac(&text(xml)?)),
            b"motherboard-guid" => {
                keys.uuid = Some(text(xml)?.to_lowercase()).filter(|text| !text.is_empty())
            }
            _ => depth += 1,
        }
    }
    Ok(keys)
}

/// Reads the `system_info` of OVAL, which was opened last.
pub(super) fn system_info(xml: &mut Xml<'_>) -> Result<Keys, ImportError> {
    let mut keys = Keys::default();
    let mut depth = 1_u32;
    while depth > 0 {
        if xml.next()? != Tag::Open {
            depth -= 1;
            continue;
        }
        match local(xml.name()) {
            b"primary_host_name" => keys.add_name(&text(xml)?),
            b"ip_address" => drop(keys.add_ip(&text(xml)?)),
            b"mac_address" => drop(keys.add_mac(&text(xml)?)),
            b"os_name" => keys.add_os(&text(xml)?),
            _ => depth += 1,
        }
    }
    Ok(keys)
}
