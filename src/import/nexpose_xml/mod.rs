//! Nexpose and InsightVM: reports named `XML Export` and `XML Export 2.0`, root `NexposeReport`.
//!
//! What a vulnerability is comes after the hosts that have it. Of each test that found something a few
//! numbers are held until then; of a test that found nothing, nothing.

mod definitions;
mod held;
mod nodes;

use std::collections::HashMap;
use std::io::BufRead;

use super::stamp::{self, Written};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::xml::{Tag, Xml, root_name};
use super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use crate::model::{ScanSummary, Stamp};
use held::Held;

pub(super) const IMPORTER: Importer = Importer {
    name: "nexpose-xml",
    product: Product::Scan,
    recognises,
    import,
};

/// The longest of the short texts that are needed.
const MAX_TEXT: usize = 64 * 1024;
/// A report may bring together this many scans.
const MAX_SCANS: usize = 1 << 20;

fn recognises(head: &[u8]) -> bool {
    root_name(head).is_ok_and(|name| matches!(name.as_slice(), b"NexposeReport" | b"NeXposeSimpleXML"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        vectors: Vectors::default(),
        scans: HashMap::new(),
        hosts: HashMap::new(),
        held: Held::default(),
        has_nodes: false,
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    vectors: Vectors,
    /// When each scan ended, by its id.
    scans: HashMap<String, Stamp>,
    /// The hosts that were poured, by address and device; a report may write one twice.
    hosts: HashMap<String, Option<HostIndex>>,
    held: Held,
    has_nodes: bool,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        if self.xml.name() != b"NexposeReport" {
            let message =
                "Nexpose's simple XML, which leaves the vulnerabilities out; export `XML Export 2.0`";
            return Err(ImportError::Foreign(message.into()));
        }
        let version = self.attribute("version")?;
        if !matches!(version.as_str(), "1.0" | "2.0") {
            return Err(self.unknown("version", &version, "`1.0` and `2.0` are known"));
        }
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"scans" => self.all_scans()?,
                b"nodes" => self.nodes()?,
                b"VulnerabilityDefinitions" => self.definitions()?,
                _ => self.xml.skip()?,
            }
        }
        self.xml.next()?;
        if !self.has_nodes {
            self.tally.incomplete("holds no `nodes`");
        }
        let tally = &mut self.tally;
        let others = self.held.pour(|host, item| tally.observation(host, item));
        self.tally.summary.informational += others.informational;
        if others.undefined > 0 {
            let reason = format!("lacks the definitions of {} tests", others.undefined);
            self.tally.incomplete(reason);
        }
        Ok(())
    }

    fn all_scans(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let ended = match self.time("endTime")? {
                Some(ended) => Some(ended),
                None => self.time("startTime")?,
            };
            if let Some(ended) = ended {
                stamp::keep_latest(&mut self.tally.summary.run_at, ended);
                self.scans.insert(self.attribute("id")?, ended);
            }
            if self.scans.len() > MAX_SCANS {
                return Err(ImportError::OverLimit {
                    place: self.xml.place(),
                    message: format!("more than {MAX_SCANS} scans"),
                });
            }
            let status = self.attribute("status")?;
            if !matches!(status.as_str(), "finished" | "") {
                let reason = format!("the scan is `{}`", value::remark(&status));
                self.tally.incomplete(reason);
            }
            self.xml.skip()?;
        }
        Ok(())
    }

    fn attribute(&self, name: &str) -> Result<String, ImportError> {
        let found = self.xml.attribute(name)?;
        Ok(found.map(|text| text.trim().to_owned()).unwrap_or_default())
    }

    fn time(&self, name: &str) -> Result<Option<Stamp>, ImportError> {
        let text = self.attribute(name)?;
        match stamp::read(&text) {
            _ if text.is_empty() => Ok(None),
            Some(Written::Sure(stamp)) => Ok(Some(stamp)),
            Some(Written::Either { .. }) | None => {
                Err(self.unknown(name, &text, "a time such as `20260922T170957000` is"))
            }
        }
    }

    fn unknown(&self, name: &str, given: &str, known: &str) -> ImportError {
        ImportError::UnknownValue {
            place: self.xml.place(),
            message: format!("`{name}` is {}; {known}", value::shown(given)),
        }
    }
}
