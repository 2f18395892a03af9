//! What is said of a check once, whichever export says it: title, CVEs, vectors, references, patches, exploits.

use std::sync::Arc;

use chrono::NaiveDate;

use super::super::tally::Tally;
use super::super::value::{self, Remediation, Vectors};
use super::super::xml::{Tag, Xml};
use super::super::{CheckInfo, ImportError};
use super::{FAMILY, MAX_TEXT, flag, name_of, severity, text, time, unknown, vector_in};
use crate::model::{CvssVector, Exploit, Observation, Severity, Stamp};

/// What reading needs beside the document.
pub(super) struct Tools<'t, 's> {
    pub(super) tally: &'t mut Tally<'s>,
    pub(super) vectors: &'t mut Vectors,
}

#[derive(Default)]
pub(super) struct Details {
    title: String,
    severity_given: String,
    severity: Option<Severity>,
    cves: Vec<String>,
    vectors: Vec<CvssVector>,
    remediation: Option<Remediation>,
    fix_available: Option<bool>,
    patch_published: Option<NaiveDate>,
    exploit: Exploit,
}

impl Details {
    /// Reads the element that was opened last, where it is of a check; others are passed over.
    pub(super) fn child(&mut self, xml: &mut Xml<'_>, tools: &mut Tools<'_, '_>) -> Result<(), ImportError> {
        match xml.name() {
            b"TITLE" => self.title = text(xml)?,
            b"SEVERITY" | b"SEVERITY_LEVEL" => {
                let level = text(xml)?;
                self.rate(&level, xml)?;
            }
            b"CVE_LIST" | b"CVE_ID_LIST" => ids(xml, |xml| {
                let id = xml.text(MAX_TEXT)?.trim();
                self.cve(id, tools.tally);
                self.check_count(xml)
            })?,
            b"VENDOR_REFERENCE_LIST" => ids(xml, |xml| {
                for part in value::list(xml.text(MAX_TEXT)?) {
                    value::prefer(&mut self.remediation, value::advisory(part));
                }
                Ok(())
            })?,
            b"CVSS_BASE" => self.vector(xml, "", tools)?,
            b"CVSS3_BASE" => self.vector(xml, "CVSS:3.0/", tools)?,
            b"CVSS" | b"CVSS_SCORE" => self.scores(xml, "", tools)?,
            b"CVSS_V3" | b"CVSS3_SCORE" => self.scores(xml, "CVSS:3.0/", tools)?,
            b"CORRELATION" => self.correlation(xml)?,
            b"PATCHABLE" => {
                let name = name_of(xml);
                let given = text(xml)?;
                let patchable = flag(&name, &given).map_err(|message| unknown(xml, message))?;
                self.fix_available = Some(patchable || self.patch_published.is_some());
            }
            b"PATCH_PUBLISHED_DATE" => self.patch(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    }

    /// Takes a level of severity; what is none is refused.
    pub(super) fn rate(&mut self, level: &str, xml: &Xml<'_>) -> Result<(), ImportError> {
        self.severity = severity(level);
        if self.severity.is_none() {
            let message = format!("a severity is {}; `1` to `5` are known", value::shown(level));
            return Err(unknown(xml, message));
        }
        level.clone_into(&mut self.severity_given);
        Ok(())
    }

    /// Takes a CVE; what is none is left out and counted.
    pub(super) fn cve(&mut self, id: &str, tally: &mut Tally<'_>) {
        match value::cve(id) {
            Some(cve) => self.cves.push(cve),
            None => tally.leave_out("not a CVE id"),
        }
    }

    /// Refuses a check with more CVEs than one may have.
    pub(super) fn check_count(&self, xml: &Xml<'_>) -> Result<(), ImportError> {
        if self.cves.len() <= value::MAX_CVES {
            return Ok(());
        }
        Err(ImportError::OverLimit {
            place: xml.place(),
            message: format!("a check has more than {} CVEs", value::MAX_CVES),
        })
    }

    fn scores(
        &mut self,
        xml: &mut Xml<'_>,
        prefix: &str,
        tools: &mut Tools<'_, '_>,
    ) -> Result<(), ImportError> {
        while xml.next()? == Tag::Open {
            match xml.name() {
                b"VECTOR_STRING" | b"CVSS_BASE" | b"CVSS3_BASE" => self.vector(xml, prefix, tools)?,
                _ => xml.skip()?,
            }
        }
        Ok(())
    }

    fn vector(
        &mut self,
        xml: &mut Xml<'_>,
        prefix: &str,
        tools: &mut Tools<'_, '_>,
    ) -> Result<(), ImportError> {
        let mut whole = String::new();
        if !vector_in(xml.text(MAX_TEXT)?.trim(), prefix, &mut whole) {
            return Ok(());
        }
        match tools.vectors.read(&whole) {
            Some(vector) if !self.vectors.contains(&vector) => self.vectors.push(vector),
            Some(_) => {}
            None => tools.tally.leave_out("not a CVSS vector"),
        }
        Ok(())
    }

    /// Takes what is known of exploits and of malware; a list without entries says nothing.
    fn correlation(&mut self, xml: &mut Xml<'_>) -> Result<(), ImportError> {
        while xml.next()? == Tag::Open {
            let level = match xml.name() {
                b"EXPLOITS" | b"EXPLOITABILITY" => Exploit::Poc,
                b"MALWARE" => Exploit::Active,
                _ => Exploit::None,
            };
            while xml.next()? == Tag::Open {
                self.exploit = self.exploit.max(level);
                xml.skip()?;
            }
        }
        Ok(())
    }

    fn patch(&mut self, xml: &mut Xml<'_>) -> Result<(), ImportError> {
        let Some(stamp) = time(xml)? else { return Ok(()) };
        self.patch_published = Some(match stamp {
            Stamp::At(instant) => instant.date_naive(),
            Stamp::Wall(wall) => wall.date(),
            Stamp::Day(day) => day,
        });
        self.fix_available = Some(true);
        Ok(())
    }

    /// Says of an observation what is said of its check.
    pub(super) fn tell(&self, item: &mut Observation) {
        item.title.clone_from(&self.title);
        item.severity_given.clone_from(&self.severity_given);
        item.severity = self.severity;
        item.cves.clone_from(&self.cves);
        value::settle_cves(&mut item.cves);
        item.vectors.clone_from(&self.vectors);
        item.remediation = self.remediation.as_ref().map(|(_, key)| key.clone());
        item.fix_available = self.fix_available;
        item.patch_published = self.patch_published;
        item.exploit = self.exploit;
    }

    /// Makes the entry of a knowledge base.
    pub(super) fn into_check(mut self, qid: &str) -> CheckInfo {
        value::settle_cves(&mut self.cves);
        CheckInfo {
            family: FAMILY.into(),
            id: qid.into(),
            cves: self.cves.into_iter().map(Arc::from).collect(),
            aliases: Vec::new(),
            title: self.title.into(),
            severity_given: self.severity_given.into(),
            severity: self.severity,
            vectors: self.vectors,
            remediation: self.remediation.map(|(_, key)| Arc::from(key)),
            fix_available: self.fix_available,
            exploit: self.exploit,
            patch_published: self.patch_published,
            potential: false,
        }
    }
}

/// Goes through a list of elements that have an `ID` each.
fn ids(
    xml: &mut Xml<'_>,
    mut take: impl FnMut(&mut Xml<'_>) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    while xml.next()? == Tag::Open {
        while xml.next()? == Tag::Open {
            if xml.name() == b"ID" {
                take(xml)?;
            } else {
                xml.skip()?;
            }
        }
    }
    Ok(())
}
