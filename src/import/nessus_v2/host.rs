//! What a report says of a host before its items.

use super::super::stamp;
use super::super::value;
use super::time;
use crate::model::{Host, Quality, Stamp};

/// The times of one host; one with its offset is better than the scanner's wall time.
#[derive(Default)]
pub(super) struct Times {
    end: Option<Stamp>,
    start: Option<Stamp>,
    credentialed: Option<Quality>,
    last_authenticated: Option<Stamp>,
    last_unauthenticated: Option<Stamp>,
}

impl Times {
    pub(super) fn scanned_at(&self) -> Option<Stamp> {
        let mut last_results = self.last_authenticated;
        if let Some(stamp) = self.last_unauthenticated {
            stamp::keep_latest(&mut last_results, stamp);
        }
        let known = [self.end, last_results, self.start];
        let instant = known
            .into_iter()
            .flatten()
            .find(|stamp| matches!(stamp, Stamp::At(_)));
        instant.or_else(|| known.into_iter().flatten().next())
    }

    /// The scan's own word decides; without it, which kind of results came last.
    pub(super) fn quality(&self) -> Option<Quality> {
        let mut last = self.last_unauthenticated;
        if let Some(stamp) = self.last_authenticated {
            stamp::keep_latest(&mut last, stamp);
        }
        let by_results = last.map(|last| match self.last_authenticated {
            Some(authenticated) if authenticated == last => Quality::Authenticated,
            Some(_) | None => Quality::Unauthenticated,
        });
        self.credentialed.or(by_results)
    }
}

pub(super) fn is_needed(tag: &str) -> bool {
    const NEEDED: [&str; 20] = [
        "host-ip",
        "host-fqdn",
        "hostname",
        "netbios-name",
        "mac-address",
        "host-uuid",
        "bios-uuid",
        "operating-system",
        "Credentialed_Scan",
        "aws-instance-id",
        "aws-instance-instanceId",
        "azure-instance-id",
        "azure-vm-id",
        "gcp-instance-id",
        "HOST_START",
        "HOST_END",
        "HOST_START_TIMESTAMP",
        "HOST_END_TIMESTAMP",
        "LastAuthenticatedResults",
        "LastUnauthenticatedResults",
    ];
    NEEDED.contains(&tag)
}

/// Takes one tag of a host; the error says what is wrong with its value.
pub(super) fn property(name: &str, text: &str, host: &mut Host, times: &mut Times) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    match name {
        "host-ip" => add_new(&mut host.ips, value::list(text).filter_map(value::ip)),
        "mac-address" => add_new(&mut host.macs, value::list(text).filter_map(value::mac)),
        "host-fqdn" => host.fqdn = value::fqdn(text),
        "hostname" => host.hostname = value::hostname(text),
        "netbios-name" if host.hostname.is_none() => host.hostname = value::hostname(text),
        "host-uuid" => host.agent = Some(text.to_owned()),
        "bios-uuid" => host.uuid = Some(text.to_lowercase()),
        "operating-system" => host.os = Some(text.to_owned()),
        "Credentialed_Scan" => times.credentialed = Some(credentialed(text)?),
        "HOST_END_TIMESTAMP" => times.end = Some(epoch(name, text)?),
        "HOST_START_TIMESTAMP" => times.start = Some(epoch(name, text)?),
        "HOST_END" => keep_instant(&mut times.end, wall(name, text)?),
        "HOST_START" => keep_instant(&mut times.start, wall(name, text)?),
        "LastAuthenticatedResults" => times.last_authenticated = Some(epoch(name, text)?),
        "LastUnauthenticatedResults" => times.last_unauthenticated = Some(epoch(name, text)?),
        "netbios-name" => {}
        _ => host.cloud_id = Some(text.to_owned()),
    }
    Ok(())
}

fn add_new(list: &mut Vec<String>, found: impl Iterator<Item = String>) {
    for one in found.take(256) {
        if !list.contains(&one) {
            list.push(one);
        }
    }
}

fn credentialed(text: &str) -> Result<Quality, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Ok(Quality::Authenticated),
        "false" => Ok(Quality::Unauthenticated),
        _ => Err(format!(
            "`Credentialed_Scan` is {text:?}; `true` and `false` are known"
        )),
    }
}

fn epoch(name: &str, text: &str) -> Result<Stamp, String> {
    stamp::epoch(text).ok_or_else(|| format!("`{name}` is {text:?}, which is no count of seconds"))
}

fn wall(name: &str, text: &str) -> Result<Stamp, String> {
    time(text).ok_or_else(|| format!("`{name}` is {text:?}, which is no time"))
}

fn keep_instant(kept: &mut Option<Stamp>, found: Stamp) {
    if !matches!(kept, Some(Stamp::At(_))) {
        *kept = Some(found);
    }
}
