//! Qualys: what its exports share, and those in XML.
//!
//! Every one of them names a DTD, which is neither fetched nor needed. Times are RFC 3339 in UTC.

mod asset_report;
mod details;
mod detection;
mod host_asset;
mod knowledge;
mod scan;

use memchr::memmem;
use sha2::{Digest as _, Sha256};

use super::stamp::{self, Written};
use super::tally::Tally;
use super::value;
use super::xml::{Tag, Xml, root_name};
use super::{ImportError, Importer};
use crate::model::{Host, Quality, Severity, Stamp};

pub(super) const SCAN: Importer = scan::IMPORTER;
pub(super) const ASSET_REPORT: Importer = asset_report::IMPORTER;
pub(super) const DETECTION: Importer = detection::IMPORTER;
pub(super) const KNOWLEDGE: Importer = knowledge::IMPORTER;
pub(super) const HOST_ASSET: Importer = host_asset::IMPORTER;

/// The family of its ids, the same in all its formats.
pub(super) const FAMILY: &str = "qualys";
/// The longest of the short texts that are needed, such as a title.
const MAX_TEXT: usize = 64 * 1024;
/// What `RESPONSE/WARNING` says where an answer is one page of several.
const MORE_PAGES: &str = "1980";

/// Reads a severity level.
///
/// Source: the severity levels of Qualys's knowledge base, 1 minimal, 2 medium, 3 serious, 4 critical, 5 urgent.
pub(super) fn severity(level: &str) -> Option<Severity> {
    match level {
        "1" | "2" => Some(Severity::Low),
        "3" => Some(Severity::Medium),
        "4" => Some(Severity::High),
        "5" => Some(Severity::Critical),
        _ => None,
    }
}

/// Says what is wrong with a check's number; `None` when nothing is.
pub(super) fn flaw_of_qid(qid: &str) -> Option<String> {
    let is_number = !qid.is_empty() && qid.len() <= 12 && qid.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then(|| format!("a QID is {}; a number is expected", value::shown(qid)))
}

/// Finds the vector in a text such as `8.1 (AV:N/…)`, and writes it with the prefix that the text leaves out.
///
/// Returns `false` for a text with a score alone, which has none.
pub(super) fn vector_in(text: &str, prefix: &str, vector: &mut String) -> bool {
    let Some(start) = text.find("AV:") else {
        return false;
    };
    let given = text[..start].rsplit(['(', ' ']).next().unwrap_or_default();
    vector.clear();
    // Vectors of version 2 have no prefix.
    if !given.contains("CVSS:") {
        vector.push_str(prefix);
    } else if !given.contains("CVSS:2") {
        vector.push_str(given);
    }
    vector.push_str(text[start..].trim_end_matches([')', ' ']));
    true
}

pub(super) fn is_domain_name(name: &str) -> bool {
    name.contains('.') && value::ip(name).is_none() && !name.contains([' ', ','])
}

pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['.', ':', ' ', ','])
}

/// Returns the further name that a host has by its id, which is a number, in the scanner's list of hosts.
pub(super) fn name_of_host(id: &str) -> String {
    format!("qualys-host-{id}")
}

/// Tells whether a text stands for nothing.
pub(super) fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "-" | "N/A") || text.eq_ignore_ascii_case("No registered hostname")
}

/// Knows a document by its root, and one that is broken before it, so that what is wrong can be said.
fn is_root(head: &[u8], root: &str) -> bool {
    match root_name(head) {
        Ok(name) => name == root.as_bytes(),
        Err(_) => {
            let open = format!("<{root}");
            head.trim_ascii_start().starts_with(b"<") && memmem::find(head, open.as_bytes()).is_some()
        }
    }
}

/// What names a host, as the exports in XML say it.
#[derive(Default)]
struct Names {
    dns: Option<String>,
    fqdn: Option<String>,
    netbios: Option<String>,
    ips: Vec<String>,
    /// The id of the host in the scanner's own list.
    host: Option<String>,
    /// The id of the asset, which may be seen by scanners and agents.
    asset: Option<String>,
    agent: Option<String>,
    cloud: Option<String>,
    os: Option<String>,
    tracking: Option<String>,
}

impl Names {
    /// Takes an address or a list of them; returns how many are none.
    fn take_ips(&mut self, text: &str) -> usize {
        let mut junk = 0;
        for part in value::list(text) {
            match value::ip(part) {
                Some(ip) if !self.ips.contains(&ip) => self.ips.push(ip),
                Some(_) => {}
                None => junk += 1,
            }
        }
        junk
    }

    /// Returns the host.
    ///
    /// The agent's id is its key, the asset's where no agent is; by the id of the host other exports meet it again.
    fn host(self) -> Host {
        let said = [self.dns.as_deref(), self.fqdn.as_deref()];
        let fqdn = said.into_iter().flatten().find(|name| is_domain_name(name));
        let plain = said.into_iter().flatten().find(|name| is_plain_name(name));
        let netbios = self.netbios.as_deref();
        let name = [said[0], said[1], netbios, self.ips.first().map(String::as_str)];
        let name = name.into_iter().flatten().next().unwrap_or_default().to_owned();
        let is_agent = |tracking: &String| tracking.to_ascii_uppercase().contains("AGENT");
        Host {
            name,
            fqdn: fqdn.and_then(value::fqdn),
            hostname: netbios
                .and_then(value::hostname)
                .or_else(|| plain.and_then(value::hostname)),
            agent: self.agent.or(self.asset),
            cloud_id: self.cloud,
            quality: self.tracking.filter(is_agent).map(|_| Quality::Agent),
            aliases: self.host.iter().map(|id| name_of_host(id)).collect(),
            os: self.os,
            ips: self.ips,
            ..Host::default()
        }
    }
}

/// Returns the name of the element that was opened last, for a message.
fn name_of(xml: &Xml<'_>) -> String {
    String::from_utf8_lossy(xml.name()).into_owned()
}

fn text(xml: &mut Xml<'_>) -> Result<String, ImportError> {
    Ok(xml.text(MAX_TEXT)?.trim().to_owned())
}

/// Returns the digest of a result, which may be of any size; `None` for one that is empty.
fn digest(xml: &mut Xml<'_>) -> Result<Option<[u8; 32]>, ImportError> {
    let mut hash = Sha256::new();
    let mut is_empty = true;
    xml.content(|chunk| {
        is_empty &= chunk.trim_ascii().is_empty();
        hash.update(chunk);
    })?;
    Ok((!is_empty).then(|| hash.finalize().into()))
}

/// Reads a text; `None` for what stands for nothing.
fn said(xml: &mut Xml<'_>) -> Result<Option<String>, ImportError> {
    Ok(Some(text(xml)?).filter(|text| !is_nothing(text)))
}

fn unknown(xml: &Xml<'_>, message: String) -> ImportError {
    ImportError::UnknownValue {
        place: xml.place(),
        message,
    }
}

/// Reads a time; the error says what is wrong with it.
fn moment(name: &str, text: &str) -> Result<Option<Stamp>, String> {
    if is_nothing(text) {
        return Ok(None);
    }
    match stamp::read(text) {
        Some(Written::Sure(stamp)) => Ok(Some(stamp)),
        Some(Written::Either { .. }) | None => Err(format!(
            "`{name}` is {}; a time such as `2026-09-01T12:00:00Z` is expected",
            value::shown(text)
        )),
    }
}

fn time(xml: &mut Xml<'_>) -> Result<Option<Stamp>, ImportError> {
    let name = name_of(xml);
    let text = text(xml)?;
    moment(&name, &text).map_err(|message| unknown(xml, message))
}

/// Reads `1` or `0`; the error says what is wrong with it.
fn flag(name: &str, text: &str) -> Result<bool, String> {
    match text {
        "1" | "true" => Ok(true),
        "0" | "false" | "" => Ok(false),
        _ => Err(format!(
            "`{name}` is {}; `0` and `1` are known",
            value::shown(text)
        )),
    }
}

/// An answer of the service: its time, its warnings, and a list of rows.
trait Answer<'r, 's> {
    /// What it is, for messages.
    const WHAT: &'static str;
    const LIST: &'static [u8];
    const ROW: &'static [u8];

    fn parts(&mut self) -> (&mut Xml<'r>, &mut Tally<'s>);

    /// Reads the row that was opened last.
    fn row(&mut self) -> Result<(), ImportError>;

    fn document(&mut self) -> Result<(), ImportError> {
        self.parts().0.next()?;
        let mut has_response = false;
        while self.parts().0.next()? == Tag::Open {
            if self.parts().0.name() == b"RESPONSE" {
                has_response = true;
                self.response()?;
            } else {
                self.parts().0.skip()?;
            }
        }
        if !has_response {
            let message = format!("{} without `RESPONSE`", Self::WHAT);
            return Err(self.parts().0.malformed(message));
        }
        self.parts().0.next().map(drop)
    }

    fn response(&mut self) -> Result<(), ImportError> {
        while self.parts().0.next()? == Tag::Open {
            let (xml, tally) = self.parts();
            match xml.name() {
                b"DATETIME" => tally.summary.run_at = time(xml)?,
                b"WARNING" => tally.incomplete(warning(xml)?),
                name if name == Self::LIST => self.list()?,
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn list(&mut self) -> Result<(), ImportError> {
        while self.parts().0.next()? == Tag::Open {
            if self.parts().0.name() == Self::ROW {
                self.row()?;
            } else {
                self.parts().0.skip()?;
            }
        }
        Ok(())
    }
}

/// Reads a warning of the service; whatever it is about, the answer is not all that was asked for.
fn warning(xml: &mut Xml<'_>) -> Result<String, ImportError> {
    let (mut code, mut message) = (String::new(), String::new());
    while xml.next()? == Tag::Open {
        match xml.name() {
            b"CODE" => code = text(xml)?,
            b"TEXT" => message = text(xml)?,
            _ => xml.skip()?,
        }
    }
    Ok(incomplete(&code, &message))
}

/// Says why an answer with a warning is not whole. The address of the next page, which names the service, is left out.
fn incomplete(code: &str, message: &str) -> String {
    if code == MORE_PAGES {
        return "Qualys cut the answer off (warning 1980); ask again with `truncation_limit=0`".into();
    }
    format!("Qualys warns {}: {}", value::shown(code), value::shown(message))
}
