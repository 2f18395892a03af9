//! Nessus: `.nessus` files of version 2, root `NessusClientData_v2`.
//!
//! The policy before the report is passed over. An item's texts are not kept but for its title; its
//! output is hashed as it passes, so that an item may be of any size.

mod host;
mod item;
mod known;

use std::io::BufRead;

use memchr::memmem;
use sha2::{Digest as _, Sha256};

use super::stamp::{self, Written};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::xml::{Tag, Xml, root_name};
use super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use crate::model::{Exploit, Host, Observation, ObservationState, ScanSummary, Severity, Stamp};
use host::{Times, is_needed, property};
use item::{Details, local};
use known::Known;

pub(super) const IMPORTER: Importer = Importer {
    name: "nessus-v2",
    product: Product::Scan,
    recognises,
    import,
};

/// The longest of the short texts that are needed, such as a vector.
const MAX_TEXT: usize = 64 * 1024;

/// Knows the root, and a document of ours that is broken before it, so that what is wrong can be said.
fn recognises(head: &[u8]) -> bool {
    match root_name(head) {
        Ok(name) => matches!(name.as_slice(), b"NessusClientData_v2" | b"NessusClientData"),
        Err(_) => {
            head.trim_ascii_start().starts_with(b"<") && memmem::find(head, b"<NessusClientData").is_some()
        }
    }
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        item: Observation::blank("nessus"),
        vectors: Vectors::default(),
        known: Known::default(),
        plugin: String::new(),
        title: String::new(),
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    item: Observation,
    vectors: Vectors,
    known: Known,
    /// The id of the present item's plugin, and the name in its tag.
    plugin: String,
    title: String,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        if self.xml.name() != b"NessusClientData_v2" {
            let message = "`NessusClientData` is version 1; export the scan as `.nessus` version 2";
            return Err(ImportError::Foreign(message.into()));
        }
        let mut has_report = false;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"Report" {
                has_report = true;
                self.report()?;
            } else {
                self.xml.skip()?;
            }
        }
        self.xml.next()?;
        if has_report {
            return Ok(());
        }
        let message = "a Nessus policy, which holds no `Report`; export the scan's results";
        Err(ImportError::Foreign(message.into()))
    }

    fn report(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"ReportHost" {
                self.report_host()?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    /// Reads one host. Its properties come before its items; an export in which they do not is refused.
    fn report_host(&mut self) -> Result<(), ImportError> {
        let mut host = Host {
            name: self.trimmed("name")?,
            ..Host::default()
        };
        let mut times = Times::default();
        let mut index = None;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"HostProperties" if index.is_some() => {
                    return Err(self
                        .xml
                        .malformed("`HostProperties` come after the first `ReportItem`"));
                }
                b"HostProperties" => self.properties(&mut host, &mut times)?,
                b"ReportItem" => {
                    let known = match index {
                        Some(known) => known,
                        None => self.pour_host(&mut host, &times)?,
                    };
                    index = Some(known);
                    self.report_item(known)?;
                }
                _ => self.xml.skip()?,
            }
        }
        if index.is_none() {
            self.pour_host(&mut host, &times)?;
        }
        Ok(())
    }

    fn pour_host(&mut self, host: &mut Host, times: &Times) -> Result<Option<HostIndex>, ImportError> {
        host.scanned_at = times.scanned_at();
        host.quality = times.quality();
        if let Some(time) = host.scanned_at {
            stamp::keep_latest(&mut self.tally.summary.run_at, time);
        }
        if let Some(ip) = value::ip(&host.name).filter(|ip| !host.ips.contains(ip)) {
            host.ips.push(ip);
        }
        if host.name.is_empty() {
            let named = host.fqdn.as_ref().or(host.hostname.as_ref()).or(host.ips.first());
            host.name = named.cloned().unwrap_or_default();
        }
        self.tally.host(host).map_err(|flaw| self.xml.malformed(flaw))
    }

    fn properties(&mut self, host: &mut Host, times: &mut Times) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let name = self.trimmed("name")?;
            if !is_needed(&name) {
                self.xml.skip()?;
                continue;
            }
            let place = self.xml.place();
            let text = self.xml.text(MAX_TEXT)?.trim();
            let unknown = |message: String| ImportError::UnknownValue { place, message };
            property(&name, text, host, times).map_err(unknown)?;
        }
        Ok(())
    }

    /// Reads the severity of an item; `None` is informational.
    fn severity(&self) -> Result<Option<(Severity, &'static str)>, ImportError> {
        let given = self.required("severity")?;
        match given.as_ref() {
            "0" => Ok(None),
            "1" => Ok(Some((Severity::Low, "Low"))),
            "2" => Ok(Some((Severity::Medium, "Medium"))),
            "3" => Ok(Some((Severity::High, "High"))),
            "4" => Ok(Some((Severity::Critical, "Critical"))),
            other => Err(self.unknown("severity", other, "`0` to `4` are known")),
        }
    }

    fn item_attributes(&mut self) -> Result<(), ImportError> {
        let id = self
            .xml
            .attribute("pluginID")?
            .ok_or_else(|| self.xml.malformed("a `ReportItem` without `pluginID`"))?;
        self.item.id.push_str(id.trim());
        if let Some(title) = self.xml.attribute("pluginName")? {
            self.item.title.push_str(title.trim());
        }
        if let Some(port) = self.xml.attribute("port")? {
            self.item.instance.push_str(port.trim());
        }
        if let Some(protocol) = self.xml.attribute("protocol")? {
            self.item.instance.push('/');
            self.item.instance.push_str(protocol.trim());
        }
        Ok(())
    }

    fn item_child(&mut self, details: &mut Details) -> Result<(), ImportError> {
        match local(self.xml.name()) {
            b"cve" => self.cve(),
            b"cvss_vector" | b"cvss3_vector" | b"cvss4_vector" => self.vector(),
            b"xref" => self.xref(details),
            b"plugin_output" | b"compliance-actual-value" => {
                let hash = details.output.get_or_insert_with(Sha256::new);
                self.xml.content(|chunk| hash.update(chunk))
            }
            b"exploit_available" => self.exploit("exploit_available", Exploit::Poc),
            b"exploited_by_nessus" => self.exploit("exploited_by_nessus", Exploit::Poc),
            b"exploited_by_malware" => self.exploit("exploited_by_malware", Exploit::Active),
            b"patch_publication_date" => {
                let day = match self.date("patch_publication_date")? {
                    Stamp::Day(day) => day,
                    Stamp::Wall(wall) => wall.date(),
                    Stamp::At(instant) => instant.date_naive(),
                };
                self.item.patch_published = Some(day);
                self.item.fix_available = Some(true);
                Ok(())
            }
            b"vulnerability_state" => self.state(),
            b"first_found" => self
                .date("first_found")
                .map(|stamp| self.item.first_seen = Some(stamp)),
            b"last_found" => self
                .date("last_found")
                .map(|stamp| self.item.last_seen = Some(stamp)),
            b"last_fixed" => self
                .date("last_fixed")
                .map(|stamp| self.item.last_fixed = Some(stamp)),
            b"compliance-check-id" => {
                details.check =
                    Some(self.xml.text(MAX_TEXT)?.trim().to_owned()).filter(|check| !check.is_empty());
                Ok(())
            }
            b"compliance-check-name" => {
                self.item.title = self.xml.text(MAX_TEXT)?.trim().to_owned();
                Ok(())
            }
            name if name.starts_with(b"exploit_framework_") => {
                self.exploit("exploit_framework", Exploit::Poc)
            }
            _ => self.xml.skip(),
        }
    }

    fn cve(&mut self) -> Result<(), ImportError> {
        if self.item.cves.len() >= value::MAX_CVES {
            let message = format!("an item has more than {} CVEs", value::MAX_CVES);
            return Err(ImportError::OverLimit {
                place: self.xml.place(),
                message,
            });
        }
        match value::cve(self.xml.text(MAX_TEXT)?) {
            Some(cve) => self.item.cves.push(cve),
            None => self.tally.leave_out("not a CVE id"),
        }
        Ok(())
    }

    fn vector(&mut self) -> Result<(), ImportError> {
        let text = self.xml.text(MAX_TEXT)?.trim();
        match self.vectors.read(text) {
            Some(vector) => self.item.vectors.push(vector),
            None if text.is_empty() => {}
            None => self.tally.leave_out("not a CVSS vector"),
        }
        Ok(())
    }

    fn xref(&mut self, details: &mut Details) -> Result<(), ImportError> {
        let text = self.xml.text(MAX_TEXT)?.trim();
        if text.starts_with("CISA-KNOWN-EXPLOITED:") {
            self.item.exploit = Exploit::Active;
        }
        value::prefer(&mut details.remediation, value::advisory_of_family(text));
        Ok(())
    }

    fn exploit(&mut self, name: &str, level: Exploit) -> Result<(), ImportError> {
        let text = self.xml.text(MAX_TEXT)?.trim();
        if text.eq_ignore_ascii_case("true") {
            self.item.exploit = self.item.exploit.max(level);
        } else if !text.eq_ignore_ascii_case("false") {
            let text = text.to_owned();
            return Err(self.unknown(name, &text, "`true` and `false` are known"));
        }
        Ok(())
    }

    fn state(&mut self) -> Result<(), ImportError> {
        let text = self.xml.text(MAX_TEXT)?.trim();
        self.item.state = match text.to_ascii_lowercase().as_str() {
            "active" | "new" => ObservationState::Seen,
            "resurfaced" => ObservationState::Reopened,
            "fixed" => ObservationState::Fixed,
            _ => {
                let text = text.to_owned();
                let known = "`Active`, `New`, `Resurfaced` and `Fixed` are known";
                return Err(self.unknown("vulnerability_state", &text, known));
            }
        };
        Ok(())
    }

    fn date(&mut self, name: &str) -> Result<Stamp, ImportError> {
        let text = self.xml.text(MAX_TEXT)?.trim();
        match time(text) {
            Some(stamp) => Ok(stamp),
            None => {
                let text = text.to_owned();
                Err(self.unknown(name, &text, "it is no date"))
            }
        }
    }

    fn trimmed(&self, attribute: &str) -> Result<String, ImportError> {
        Ok(self
            .xml
            .attribute(attribute)?
            .map(|text| text.trim().to_owned())
            .unwrap_or_default())
    }

    fn required(&self, attribute: &str) -> Result<std::borrow::Cow<'_, str>, ImportError> {
        let found = self.xml.attribute(attribute)?;
        found.ok_or_else(|| {
            self.xml
                .malformed(format!("a `ReportItem` without `{attribute}`"))
        })
    }

    fn unknown(&self, name: &str, given: &str, known: &str) -> ImportError {
        let given: String = given.chars().take(80).flat_map(char::escape_debug).collect();
        ImportError::UnknownValue {
            place: self.xml.place(),
            message: format!("`{name}` is `{given}`; {known}"),
        }
    }
}

fn time(text: &str) -> Option<Stamp> {
    match stamp::read(text) {
        Some(Written::Sure(stamp)) => Some(stamp),
        Some(Written::Either { .. }) | None => stamp::epoch(text),
    }
}
