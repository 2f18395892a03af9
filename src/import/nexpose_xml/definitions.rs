//! The definitions of vulnerabilities, which come last.

use super::super::ImportError;
use super::super::value::{self, Remediation};
use super::super::xml::Tag;
use super::{MAX_TEXT, Reader};
use crate::model::{CvssVector, Exploit, Observation, Severity};

/// What a definition adds to a test.
#[derive(Default)]
pub(super) struct Definition {
    title: String,
    severity_given: String,
    /// `None` is no vulnerability, or not rated.
    severity: Option<Severity>,
    vector: Option<CvssVector>,
    cves: Vec<String>,
    remediation: Option<String>,
    exploit: Exploit,
}

impl Definition {
    pub(super) fn is_informational(&self) -> bool {
        self.severity_given == "0"
    }

    pub(super) fn describe(&self, item: &mut Observation) {
        item.title.push_str(&self.title);
        item.severity_given.push_str(&self.severity_given);
        item.severity = self.severity;
        item.vectors.extend(self.vector.clone());
        item.cves.extend_from_slice(&self.cves);
        item.remediation.clone_from(&self.remediation);
        item.exploit = self.exploit;
    }
}

/// Returns the severity of a number of Nexpose, 1 to 10; `None` where it is none, and for 0.
///
/// Source: its help on report formats, by which 8 to 10 are `Critical`, 4 to 7 `Severe` and 1 to 3
/// `Moderate`. A Source may map the numbers otherwise.
fn severity(number: u8) -> Option<Severity> {
    match number {
        8..=10 => Some(Severity::Critical),
        4..=7 => Some(Severity::High),
        1..=3 => Some(Severity::Medium),
        _ => None,
    }
}

impl Reader<'_, '_> {
    /// Reads the definitions; those that no test needs are passed over where the tests came before.
    pub(super) fn definitions(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let id = self.attribute("id")?.to_lowercase();
            if self.xml.name() != b"vulnerability" || self.has_nodes && !self.held.needs(&id) {
                self.xml.skip()?;
                continue;
            }
            let place = self.xml.place();
            let definition = self.definition()?;
            match self.held.define(&id, definition) {
                Ok(true) => {}
                Ok(false) => {
                    let message = format!("the vulnerability {} is defined twice", value::shown(&id));
                    return Err(ImportError::Malformed { place, message });
                }
                Err(message) => return Err(ImportError::OverLimit { place, message }),
            }
        }
        Ok(())
    }

    fn definition(&mut self) -> Result<Definition, ImportError> {
        let mut definition = Definition {
            title: self.attribute("title")?,
            severity_given: self.attribute("severity")?,
            ..Definition::default()
        };
        if !definition.severity_given.is_empty() {
            let number = definition
                .severity_given
                .parse()
                .ok()
                .filter(|number| *number <= 10);
            definition.severity = severity(number.ok_or_else(|| {
                self.unknown("severity", &definition.severity_given, "`0` to `10` are known")
            })?);
        }
        let vector = self.attribute("cvssVector")?;
        definition.vector = self.vectors.read(&vector);
        if definition.vector.is_none() && !vector.is_empty() {
            self.tally.leave_out("not a CVSS vector");
        }
        let mut remediation = None;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"references" => self.references(&mut definition, &mut remediation)?,
                b"exploits" => self.exploits(&mut definition, Exploit::Poc)?,
                b"malware" => self.exploits(&mut definition, Exploit::Active)?,
                _ => self.xml.skip()?,
            }
        }
        value::settle_cves(&mut definition.cves);
        definition.remediation = remediation.map(|(_, key)| key);
        Ok(definition)
    }

    fn references(
        &mut self,
        definition: &mut Definition,
        remediation: &mut Option<Remediation>,
    ) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let source = self.attribute("source")?.to_uppercase();
            let text = self.xml.text(MAX_TEXT)?.trim();
            match source.as_str() {
                "CVE" => match value::cve(text) {
                    Some(cve) => definition.cves.push(cve),
                    None => self.tally.leave_out("not a CVE id"),
                },
                "MSKB" => value::prefer(remediation, value::advisory_of_family(&format!("MSKB:{text}"))),
                "URL" => {}
                _ => value::prefer(remediation, value::advisory(text)),
            }
            if definition.cves.len() > value::MAX_CVES {
                return Err(ImportError::OverLimit {
                    place: self.xml.place(),
                    message: format!("a vulnerability has more than {} CVEs", value::MAX_CVES),
                });
            }
        }
        Ok(())
    }

    /// Takes what is listed as a sign that an exploit exists; an empty list is none.
    fn exploits(&mut self, definition: &mut Definition, level: Exploit) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            definition.exploit = definition.exploit.max(level);
            self.xml.skip()?;
        }
        Ok(())
    }
}
