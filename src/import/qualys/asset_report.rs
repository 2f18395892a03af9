//! The asset data report, root `ASSET_DATA_REPORT`.
//!
//! What a check is stands in the glossary, which comes last: rows are held in a short form until then, and
//! poured when the document has ended.

use std::collections::HashMap;
use std::io::BufRead;

use super::super::stamp;
use super::super::tally::Tally;
use super::super::value::{self, Vectors};
use super::super::xml::{Tag, Xml};
use super::super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use super::details::{Details, Tools};
use super::detection::state;
use super::{FAMILY, Names, digest, flaw_of_qid, is_root, said, text, time, unknown};
use crate::model::{Fingerprint, Observation, ObservationState, ScanSummary, Stamp};

pub(super) const IMPORTER: Importer = Importer {
    name: "qualys-asset-data-report",
    product: Product::Scan,
    recognises,
    import,
};

/// A row takes a few hundred bytes; a report of a gigabyte has about half a million of them.
const MAX_ROWS: usize = 4_000_000;
/// The knowledge base has about 200 000 checks.
const MAX_CHECKS: usize = 1_000_000;

fn recognises(head: &[u8]) -> bool {
    is_root(head, "ASSET_DATA_REPORT")
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
        rows: Vec::new(),
        glossary: HashMap::new(),
    };
    reader.document()?;
    reader.pour();
    Ok(reader.tally.summary)
}

/// A row that waits for the glossary.
struct Row {
    host: Option<HostIndex>,
    qid: u64,
    is_potential: bool,
    state: ObservationState,
    first_seen: Option<Stamp>,
    last_seen: Option<Stamp>,
    last_fixed: Option<Stamp>,
    result: Option<[u8; 32]>,
    /// Port, protocol and instance.
    instance: Box<str>,
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    vectors: Vectors,
    rows: Vec<Row>,
    glossary: HashMap<u64, Details>,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"HEADER" => self.header()?,
                b"HOST_LIST" => {
                    while self.xml.next()? == Tag::Open {
                        if self.xml.name() == b"HOST" {
                            self.host()?;
                        } else {
                            self.xml.skip()?;
                        }
                    }
                }
                b"GLOSSARY" => {
                    while self.xml.next()? == Tag::Open {
                        self.details_list()?;
                    }
                }
                _ => self.xml.skip()?,
            }
        }
        self.xml.next().map(drop)
    }

    fn header(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"GENERATION_DATETIME" {
                self.tally.summary.run_at = time(&mut self.xml)?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    /// Reads one host. A report is made from results that may be old: the newest of them says when it was looked at.
    fn host(&mut self) -> Result<(), ImportError> {
        let mut names = Names::default();
        let mut looked_at = None;
        let first = self.rows.len();
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"VULN_INFO_LIST" => {
                    while self.xml.next()? == Tag::Open {
                        if self.xml.name() == b"VULN_INFO" {
                            self.row(&mut looked_at)?;
                        } else {
                            self.xml.skip()?;
                        }
                    }
                }
                b"EC2_INFO" | b"CLOUD_INFO" | b"GCP_INFO" | b"AZURE_VM_INFO" => {
                    while self.xml.next()? == Tag::Open {
                        self.name(&mut names)?;
                    }
                }
                _ => self.name(&mut names)?,
            }
        }
        let mut host = names.host();
        host.scanned_at = looked_at;
        let index = self.tally.host(&host).map_err(|flaw| self.xml.malformed(flaw))?;
        self.rows[first..].iter_mut().for_each(|row| row.host = index);
        Ok(())
    }

    fn name(&mut self, names: &mut Names) -> Result<(), ImportError> {
        let xml = &mut self.xml;
        match xml.name() {
            b"IP" | b"IPV6" => {
                let junk = said(xml)?.map_or(0, |text| names.take_ips(&text));
                (0..junk).for_each(|_| self.tally.leave_out("not an IP address"));
            }
            b"DNS" => names.dns = said(xml)?,
            b"NETBIOS" => names.netbios = said(xml)?,
            b"OPERATING_SYSTEM" => names.os = said(xml)?,
            b"TRACKING_METHOD" => names.tracking = said(xml)?,
            b"QG_HOSTID" => names.agent = said(xml)?,
            b"HOST_ID" => names.host = said(xml)?,
            b"ASSET_ID" => names.asset = said(xml)?,
            b"EC2_INSTANCE_ID" | b"INSTANCE_ID" | b"VM_ID" => names.cloud = said(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    }

    fn row(&mut self, looked_at: &mut Option<Stamp>) -> Result<(), ImportError> {
        let mut parts = Parts::default();
        let mut row = Row {
            host: None,
            qid: 0,
            is_potential: false,
            state: ObservationState::Seen,
            first_seen: None,
            last_seen: None,
            last_fixed: None,
            result: None,
            instance: Box::default(),
        };
        while self.xml.next()? == Tag::Open {
            parts.child(&mut row, &mut self.xml)?;
        }
        for at in row.last_seen.into_iter().chain(row.last_fixed) {
            stamp::keep_latest(looked_at, at);
        }
        row.qid = parts
            .qid
            .ok_or_else(|| self.xml.malformed("a `VULN_INFO` without a `QID`"))?;
        let sort = parts.sort;
        row.instance = parts.instance();
        row.is_potential = match sort {
            Some(Sort::Information) => {
                self.tally.informational();
                return Ok(());
            }
            Some(sort) => sort == Sort::Practice,
            None => return Err(self.xml.malformed("a `VULN_INFO` without a `TYPE`")),
        };
        if self.rows.len() >= MAX_ROWS {
            return Err(ImportError::OverLimit {
                place: self.xml.place(),
                message: format!("a report has more than {MAX_ROWS} rows; make one for each asset group"),
            });
        }
        self.rows.push(row);
        Ok(())
    }

    fn details_list(&mut self) -> Result<(), ImportError> {
        if self.xml.name() != b"VULN_DETAILS_LIST" {
            return self.xml.skip();
        }
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"VULN_DETAILS" {
                self.details()?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn details(&mut self) -> Result<(), ImportError> {
        let mut details = Details::default();
        let mut qid = None;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"QID" {
                qid = Some(number(&mut self.xml)?);
                continue;
            }
            let mut tools = Tools {
                tally: &mut self.tally,
                vectors: &mut self.vectors,
            };
            details.child(&mut self.xml, &mut tools)?;
        }
        let qid = qid.ok_or_else(|| self.xml.malformed("a `VULN_DETAILS` without a `QID`"))?;
        if self.glossary.len() >= MAX_CHECKS {
            return Err(ImportError::OverLimit {
                place: self.xml.place(),
                message: format!("a glossary has more than {MAX_CHECKS} checks"),
            });
        }
        if self.glossary.insert(qid, details).is_some() {
            return Err(self
                .xml
                .malformed(format!("the glossary has the QID {qid} twice")));
        }
        Ok(())
    }

    /// Pours the rows, each with what the glossary says of its check.
    fn pour(&mut self) {
        let mut item = Observation::blank(FAMILY);
        for row in std::mem::take(&mut self.rows) {
            item.clear();
            item.id = row.qid.to_string();
            match self.glossary.get(&row.qid) {
                Some(details) => details.tell(&mut item),
                None => self.tally.leave_out("a check that is not in the glossary"),
            }
            item.potential = row.is_potential;
            item.state = row.state;
            item.first_seen = row.first_seen;
            item.last_seen = row.last_seen;
            item.last_fixed = row.last_fixed;
            item.instance.push_str(&row.instance);
            item.fingerprint = row.result.map(Fingerprint);
            self.tally.observation(row.host, &item);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Vulnerability,
    /// What Qualys calls a potential vulnerability elsewhere.
    Practice,
    Information,
}

/// What is known of a row only at its end.
#[derive(Default)]
struct Parts {
    qid: Option<u64>,
    sort: Option<Sort>,
    port: String,
    protocol: String,
    instance: String,
}

impl Parts {
    fn child(&mut self, row: &mut Row, xml: &mut Xml<'_>) -> Result<(), ImportError> {
        match xml.name() {
            b"QID" => self.qid = Some(number(xml)?),
            b"TYPE" => {
                let given = text(xml)?;
                self.sort = Some(match given.as_str() {
                    "Vuln" => Sort::Vulnerability,
                    "Practice" | "Potential" => Sort::Practice,
                    "Ig" => Sort::Information,
                    _ => {
                        let given = value::shown(&given);
                        let message = format!("`TYPE` is {given}; `Vuln`, `Practice` and `Ig` are known");
                        return Err(unknown(xml, message));
                    }
                });
            }
            b"PORT" => self.port = text(xml)?,
            b"PROTOCOL" => self.protocol = text(xml)?,
            b"INSTANCE" => self.instance = text(xml)?,
            b"RESULT" => {
                row.result = digest(xml)?;
            }
            b"FIRST_FOUND" => row.first_seen = time(xml)?,
            b"LAST_FOUND" => row.last_seen = time(xml)?,
            b"LAST_FIXED" => row.last_fixed = time(xml)?,
            b"VULN_STATUS" => {
                let given = text(xml)?;
                row.state = state(&given).map_err(|message| unknown(xml, message))?;
            }
            _ => xml.skip()?,
        }
        Ok(())
    }

    fn instance(self) -> Box<str> {
        let parts = [self.port, self.protocol];
        let named: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let mut instance = named.join("/");
        if !self.instance.is_empty() {
            instance.push_str(if instance.is_empty() { "" } else { " " });
            instance.push_str(&self.instance);
        }
        instance.into()
    }
}

fn number(xml: &mut Xml<'_>) -> Result<u64, ImportError> {
    let given = text(xml)?;
    match given.parse() {
        Ok(number) if flaw_of_qid(&given).is_none() => Ok(number),
        Ok(_) | Err(_) => Err(unknown(xml, flaw_of_qid(&given).unwrap_or_default())),
    }
}
