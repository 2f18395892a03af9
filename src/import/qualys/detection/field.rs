//! The fields of a host and of a detection, by the names that the XML gives them.

use super::super::super::{stamp, value};
use super::super::{Names, flag, flaw_of_qid, is_nothing, moment, severity};
use crate::model::{Host, Observation, ObservationState, Quality, Stamp};

pub(super) const HOST_FIELDS: [&str; 15] = [
    "ID",
    "ASSET_ID",
    "IP",
    "IPV6",
    "TRACKING_METHOD",
    "OS",
    "DNS",
    "FQDN",
    "NETBIOS",
    "QG_HOSTID",
    "CLOUD_RESOURCE_ID",
    "EC2_INSTANCE_ID",
    "LAST_SCAN_DATETIME",
    "LAST_VM_SCANNED_DATE",
    "LAST_VM_AUTH_SCANNED_DATE",
];

pub(super) const SEEN_FIELDS: [&str; 12] = [
    "QID",
    "TYPE",
    "SEVERITY",
    "PORT",
    "PROTOCOL",
    "INSTANCE",
    "STATUS",
    "FIRST_FOUND_DATETIME",
    "LAST_FOUND_DATETIME",
    "LAST_FIXED_DATETIME",
    "IS_IGNORED",
    "IS_DISABLED",
];

/// Finds a field by its name.
pub(super) fn find(fields: &[&'static str], name: &[u8]) -> Option<&'static str> {
    fields.iter().copied().find(|field| field.as_bytes() == name)
}

/// What is said of a host before its detections.
#[derive(Default)]
pub(super) struct Subject {
    names: Names,
    processed: Option<Stamp>,
    scanned: Option<Stamp>,
    authenticated: Option<Stamp>,
}

impl Subject {
    /// Takes a field, and returns how many addresses in it are none; the error says what is wrong with it.
    pub(super) fn take(&mut self, field: &str, text: &str) -> Result<usize, String> {
        if is_nothing(text) {
            return Ok(0);
        }
        let names = &mut self.names;
        let place = match field {
            "IP" | "IPV6" => return Ok(names.take_ips(text)),
            "LAST_SCAN_DATETIME" => return moment(field, text).map(|at| set(&mut self.processed, at)),
            "LAST_VM_SCANNED_DATE" => return moment(field, text).map(|at| set(&mut self.scanned, at)),
            "LAST_VM_AUTH_SCANNED_DATE" => {
                return moment(field, text).map(|at| set(&mut self.authenticated, at));
            }
            "ID" => &mut names.host,
            "ASSET_ID" => &mut names.asset,
            "TRACKING_METHOD" => &mut names.tracking,
            "OS" => &mut names.os,
            "DNS" => &mut names.dns,
            "FQDN" => &mut names.fqdn,
            "NETBIOS" => &mut names.netbios,
            "QG_HOSTID" => &mut names.agent,
            "CLOUD_RESOURCE_ID" | "EC2_INSTANCE_ID" => &mut names.cloud,
            _ => return Ok(0),
        };
        *place = Some(text.to_owned());
        Ok(0)
    }

    /// Returns the host; the scan of it, not what was done with the results afterwards, says when it was looked at.
    pub(super) fn host(self) -> Host {
        let mut last = self.scanned;
        if let Some(at) = self.authenticated {
            stamp::keep_latest(&mut last, at);
        }
        let quality = self.authenticated.map(|at| {
            if Some(at) == last {
                Quality::Authenticated
            } else {
                Quality::Unauthenticated
            }
        });
        let host = self.names.host();
        Host {
            scanned_at: last.or(self.processed),
            quality: host.quality.or(quality),
            ..host
        }
    }
}

fn set(place: &mut Option<Stamp>, at: Option<Stamp>) -> usize {
    *place = at;
    0
}

/// What the type of a detection says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Confirmed,
    Potential,
    Information,
}

/// What is known of a detection only at its end.
#[derive(Default)]
pub(super) struct Row {
    sort: Option<Sort>,
    port: String,
    protocol: String,
    instance: String,
    is_ignored: bool,
    is_disabled: bool,
}

impl Row {
    /// Takes a field; the error says what is wrong with it.
    pub(super) fn take(&mut self, item: &mut Observation, field: &str, text: &str) -> Result<(), String> {
        match field {
            "QID" => {
                if let Some(flaw) = flaw_of_qid(text) {
                    return Err(flaw);
                }
                text.clone_into(&mut item.id);
            }
            "TYPE" => self.sort = Some(sort(text)?),
            "SEVERITY" if text.is_empty() => {}
            "SEVERITY" => {
                item.severity = severity(text);
                text.clone_into(&mut item.severity_given);
                if item.severity.is_none() {
                    return Err(format!(
                        "`SEVERITY` is {}; `1` to `5` are known",
                        value::shown(text)
                    ));
                }
            }
            "PORT" => text.clone_into(&mut self.port),
            "PROTOCOL" => text.clone_into(&mut self.protocol),
            "INSTANCE" => text.clone_into(&mut self.instance),
            "STATUS" => item.state = state(text)?,
            "FIRST_FOUND_DATETIME" => item.first_seen = moment(field, text)?,
            "LAST_FOUND_DATETIME" => item.last_seen = moment(field, text)?,
            "LAST_FIXED_DATETIME" => item.last_fixed = moment(field, text)?,
            "IS_IGNORED" => self.is_ignored = flag(field, text)?,
            "IS_DISABLED" => self.is_disabled = flag(field, text)?,
            _ => {}
        }
        Ok(())
    }

    /// Completes the observation, and says of which sort it is; the error says what is missing.
    pub(super) fn finish(self, item: &mut Observation) -> Result<Sort, &'static str> {
        if item.id.is_empty() {
            return Err("a detection without a `QID`");
        }
        let sort = self.sort.ok_or("a detection without a `TYPE`")?;
        item.potential = sort == Sort::Potential;
        for (before, part) in [("", &self.port), ("/", &self.protocol), (" ", &self.instance)] {
            if !part.is_empty() {
                item.instance
                    .push_str(if item.instance.is_empty() { "" } else { before });
                item.instance.push_str(part);
            }
        }
        item.suppressed = if self.is_ignored {
            Some("ignored in Qualys".into())
        } else if self.is_disabled {
            Some("disabled in Qualys".into())
        } else {
            None
        };
        Ok(sort)
    }
}

fn sort(text: &str) -> Result<Sort, String> {
    match text {
        "Confirmed" => Ok(Sort::Confirmed),
        "Potential" => Ok(Sort::Potential),
        "Info" => Ok(Sort::Information),
        _ => Err(format!(
            "`TYPE` is {}; `Confirmed`, `Potential` and `Info` are known",
            value::shown(text)
        )),
    }
}

/// Reads a status, which every export of Qualys writes alike; what says none was seen.
pub(in crate::import::qualys) fn state(text: &str) -> Result<ObservationState, String> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["New", "Active", ""]) {
        Ok(ObservationState::Seen)
    } else if is(&["Re-Opened", "Reopened"]) {
        Ok(ObservationState::Reopened)
    } else if is(&["Fixed"]) {
        Ok(ObservationState::Fixed)
    } else {
        Err(format!(
            "a status is {}; `New`, `Active`, `Re-Opened` and `Fixed` are known",
            value::shown(text)
        ))
    }
}
