//! The results of one scan, root `SCAN`: no history, and what a check is stands beside each finding.

use std::io::BufRead;

use memchr::memmem;

use super::super::tally::Tally;
use super::super::value::{self, Vectors};
use super::super::xml::{Tag, Xml};
use super::super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use super::details::{Details, Tools};
use super::{FAMILY, Names, digest, flaw_of_qid, is_nothing, is_root, said, text, time, unknown};
use crate::model::{Fingerprint, Observation, ScanSummary};

pub(super) const IMPORTER: Importer = Importer {
    name: "qualys-scan-xml",
    product: Product::Scan,
    recognises,
    import,
};

/// How a scan ends that looked at all it was to look at.
const ENDS: [&str; 3] = ["FINISHED", "NOVULNSFOUND", "NOHOSTALIVE"];

fn recognises(head: &[u8]) -> bool {
    let is_ours = |mark: &[u8]| memmem::find(head, mark).is_some();
    is_root(head, "SCAN") && (is_ours(b"scan-1.dtd") || is_ours(b"\"scan/"))
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
        item: Observation::blank(FAMILY),
        alive: None,
        poured: 0,
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    vectors: Vectors,
    item: Observation,
    /// How many hosts the header says were alive.
    alive: Option<u64>,
    poured: u64,
}

/// What the section of a finding says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Confirmed,
    Potential,
    Information,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"HEADER" => self.header()?,
                b"IP" => self.host()?,
                b"ERROR" => {
                    let said = text(&mut self.xml)?;
                    self.tally
                        .incomplete(format!("the scan failed: {}", value::shown(&said)));
                }
                _ => self.xml.skip()?,
            }
        }
        if let Some(alive) = self.alive.filter(|alive| *alive > self.poured) {
            let reason = format!("it says that {alive} hosts were alive, and names {}", self.poured);
            self.tally.summary.incomplete.get_or_insert(reason);
        }
        self.xml.next().map(drop)
    }

    fn header(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let key = self.xml.attribute("value")?.unwrap_or_default().into_owned();
            match (self.xml.name(), key.as_str()) {
                (b"KEY", "DATE") => self.tally.summary.run_at = time(&mut self.xml)?,
                (b"KEY", "STATUS") => {
                    let status = text(&mut self.xml)?;
                    if !ENDS.contains(&status.as_str()) {
                        let reason = format!("the scan did not end: its status is {}", value::shown(&status));
                        self.tally.incomplete(reason);
                    }
                }
                (b"KEY", "NBHOST_ALIVE") => self.alive = text(&mut self.xml)?.parse().ok(),
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// Reads one host. What names it comes before what was found on it; an export in which it does not is refused.
    fn host(&mut self) -> Result<(), ImportError> {
        let mut names = Names::default();
        let attribute = |name: &str| -> Result<Option<String>, ImportError> {
            let text = self.xml.attribute(name)?.map(|text| text.trim().to_owned());
            Ok(text.filter(|text| !is_nothing(text)))
        };
        let (ip, dns) = (attribute("value")?, attribute("name")?);
        names.dns = dns;
        let junk = ip.map_or(0, |ip| names.take_ips(&ip));
        (0..junk).for_each(|_| self.tally.leave_out("not an IP address"));
        let mut poured = None;
        while self.xml.next()? == Tag::Open {
            let section = match self.xml.name() {
                b"VULNS" => Some(Section::Confirmed),
                b"PRACTICES" => Some(Section::Potential),
                b"INFOS" | b"SERVICES" => Some(Section::Information),
                _ => None,
            };
            let Some(section) = section else {
                self.name(&mut names, poured.is_some())?;
                continue;
            };
            let host = match poured {
                Some(host) => host,
                None => self.pour_host(std::mem::take(&mut names))?,
            };
            poured = Some(host);
            self.section(host, section)?;
        }
        if poured.is_none() {
            self.pour_host(names)?;
        }
        Ok(())
    }

    fn name(&mut self, names: &mut Names, is_poured: bool) -> Result<(), ImportError> {
        let place = match self.xml.name() {
            b"OS" => &mut names.os,
            b"NETBIOS_HOSTNAME" => &mut names.netbios,
            _ => return self.xml.skip(),
        };
        if is_poured {
            return Err(self
                .xml
                .malformed("a name of the host comes after what was found on it"));
        }
        *place = said(&mut self.xml)?;
        Ok(())
    }

    fn pour_host(&mut self, names: Names) -> Result<Option<HostIndex>, ImportError> {
        self.poured += 1;
        self.tally
            .host(&names.host())
            .map_err(|flaw| self.xml.malformed(flaw))
    }

    fn section(&mut self, host: Option<HostIndex>, section: Section) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if self.xml.name() != b"CAT" {
                self.xml.skip()?;
                continue;
            }
            let part = |name: &str| -> Result<String, ImportError> {
                Ok(self.xml.attribute(name)?.unwrap_or_default().trim().to_owned())
            };
            let parts = [part("port")?, part("protocol")?];
            let named: Vec<&str> = parts
                .iter()
                .map(String::as_str)
                .filter(|part| !part.is_empty())
                .collect();
            let instance = named.join("/");
            while self.xml.next()? == Tag::Open {
                match (self.xml.name(), section) {
                    (b"VULN" | b"PRACTICE", Section::Confirmed | Section::Potential) => {
                        self.finding(host, section, &instance)?;
                    }
                    (b"INFO" | b"SERVICE", Section::Information) => {
                        self.tally.informational();
                        self.xml.skip()?;
                    }
                    _ => self.xml.skip()?,
                }
            }
        }
        Ok(())
    }

    fn finding(
        &mut self,
        host: Option<HostIndex>,
        section: Section,
        instance: &str,
    ) -> Result<(), ImportError> {
        self.item.clear();
        let mut details = Details::default();
        let qid = self
            .xml
            .attribute("number")?
            .unwrap_or_default()
            .trim()
            .to_owned();
        if let Some(flaw) = flaw_of_qid(&qid) {
            return Err(unknown(&self.xml, flaw));
        }
        let level = self
            .xml
            .attribute("severity")?
            .unwrap_or_default()
            .trim()
            .to_owned();
        details.rate(&level, &self.xml)?;
        let cves = self.xml.attribute("cveid")?.unwrap_or_default().into_owned();
        value::list(&cves).for_each(|cve| details.cve(cve, &mut self.tally));
        details.check_count(&self.xml)?;
        while self.xml.next()? == Tag::Open {
            if self.xml.name() == b"RESULT" {
                self.item.fingerprint = digest(&mut self.xml)?.map(Fingerprint);
                continue;
            }
            let mut tools = Tools {
                tally: &mut self.tally,
                vectors: &mut self.vectors,
            };
            details.child(&mut self.xml, &mut tools)?;
        }
        details.tell(&mut self.item);
        self.item.id = qid;
        self.item.instance.push_str(instance);
        self.item.potential = section == Section::Potential;
        self.tally.observation(host, &self.item);
        Ok(())
    }
}
