//! OVAL results: root `oval_results`.
//!
//! What `true` means depends on the class of the definition: of `vulnerability` and `patch` it is a finding, of
//! `compliance` it is good and `false` is the finding; `inventory` and `miscellaneous` find nothing. The system is
//! named after its results, so these are held until then.

use std::collections::{BTreeSet, HashMap};
use std::io::BufRead;

use super::super::stamp::{self, Written};
use super::super::tally::Tally;
use super::super::value::{self, Remediation};
use super::super::xml::{Tag, Xml};
use super::super::{ImportError, Options, Sink};
use super::host::{Keys, system_info};
use super::{FAMILY, attribute, local, text, unknown};
use crate::model::{Observation, ScanSummary, Severity, Stamp};

/// More definitions than any content has.
const MAX_DEFINITIONS: usize = 1 << 20;
const WITHOUT_CLASS: &str = "of a definition whose class the export does not give";

pub(super) fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        item: Observation::blank(FAMILY),
        definitions: HashMap::new(),
        at: None,
        withheld: BTreeSet::new(),
        has_compliance: false,
        systems: 0,
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Vulnerability,
    Patch,
    Compliance,
    Other,
}

/// What the definitions say of one.
struct Definition {
    class: Option<Class>,
    title: String,
    severity: String,
    issued: Option<chrono::NaiveDate>,
    references: Vec<String>,
}

/// What came out for one definition on the present system.
struct Outcome {
    id: String,
    class: Option<Class>,
    instance: String,
    result: Truth,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Truth {
    True,
    False,
    NotApplicable,
    /// Nobody knows, for this reason.
    Open(&'static str),
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    item: Observation,
    definitions: HashMap<String, Definition>,
    /// When the export was made.
    at: Option<Stamp>,
    /// Results that the tool was told to leave out.
    withheld: BTreeSet<&'static str>,
    has_compliance: bool,
    systems: u64,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"generator" => self.at = self.generator()?,
                b"directives" => self.directives(true)?,
                b"class_directives" => {
                    let class = attribute(&self.xml, "class")?;
                    self.directives(matches!(class.as_str(), "vulnerability" | "patch" | "compliance"))?;
                }
                b"oval_definitions" => self.descend("definitions", "definition", Self::definition)?,
                b"results" => self.results()?,
                _ => self.xml.skip()?,
            }
        }
        self.xml.next()?;
        if self.systems == 0 {
            let message = "OVAL results without a `system`; export the results of a scan";
            return Err(ImportError::Foreign(message.into()));
        }
        self.judge_directives();
        Ok(())
    }

    /// Hands on each element of one name inside the children of another, and passes over the rest.
    fn descend(
        &mut self,
        list: &str,
        member: &str,
        take: fn(&mut Self) -> Result<(), ImportError>,
    ) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if local(self.xml.name()) != list.as_bytes() {
                self.xml.skip()?;
                continue;
            }
            while self.xml.next()? == Tag::Open {
                if local(self.xml.name()) == member.as_bytes() {
                    take(self)?;
                } else {
                    self.xml.skip()?;
                }
            }
        }
        Ok(())
    }

    fn generator(&mut self) -> Result<Option<Stamp>, ImportError> {
        let mut at = None;
        while self.xml.next()? == Tag::Open {
            if local(self.xml.name()) != b"timestamp" {
                self.xml.skip()?;
                continue;
            }
            let given = text(&mut self.xml)?;
            at = match stamp::read(&given) {
                Some(Written::Sure(stamp)) => Some(stamp),
                Some(Written::Either { .. }) | None => {
                    return Err(unknown(&self.xml, "timestamp", &given, "it is no time"));
                }
            };
        }
        Ok(at)
    }

    /// Notes which results are not reported; those of classes that find nothing do not matter.
    fn directives(&mut self, matters: bool) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let is_withheld = matches!(attribute(&self.xml, "reported")?.as_str(), "false" | "0");
            let result = match local(self.xml.name()) {
                b"definition_true" => Some("true"),
                b"definition_false" => Some("false"),
                b"definition_unknown" => Some("unknown"),
                b"definition_error" => Some("error"),
                b"definition_not_evaluated" => Some("not evaluated"),
                _ => None,
            };
            self.withheld.extend(result.filter(|_| is_withheld && matters));
            self.xml.skip()?;
        }
        Ok(())
    }

    /// A result that is left out may be a finding, or nobody's knowledge; `false` of a vulnerability is neither.
    fn judge_directives(&mut self) {
        if !self.has_compliance {
            self.withheld.remove("false");
        }
        if !self.withheld.is_empty() {
            let words: Vec<String> = self.withheld.iter().map(|word| format!("`{word}`")).collect();
            let words = words.join(", ");
            self.tally
                .incomplete(format!("its directives leave out results that are {words}"));
        }
    }

    fn definition(&mut self) -> Result<(), ImportError> {
        let id = attribute(&self.xml, "id")?;
        let mut definition = Definition {
            class: self.class()?,
            title: String::new(),
            severity: String::new(),
            issued: None,
            references: Vec::new(),
        };
        while self.xml.next()? == Tag::Open {
            if local(self.xml.name()) == b"metadata" {
                self.metadata(&mut definition)?;
            } else {
                self.xml.skip()?;
            }
        }
        if self.definitions.len() >= MAX_DEFINITIONS {
            return Err(self.over_limit());
        }
        self.definitions.insert(id, definition);
        Ok(())
    }

    fn metadata(&mut self, definition: &mut Definition) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"title" => definition.title = text(&mut self.xml)?,
                b"reference" => {
                    definition.references.push(attribute(&self.xml, "ref_id")?);
                    self.xml.skip()?;
                }
                b"advisory" => self.advisory(definition)?,
                _ => self.xml.skip()?,
            }
            if definition.references.len() > value::MAX_CVES {
                let message = format!("a definition has more than {} references", value::MAX_CVES);
                return Err(ImportError::OverLimit {
                    place: self.xml.place(),
                    message,
                });
            }
        }
        Ok(())
    }

    /// Reads what vendors add to their definitions.
    fn advisory(&mut self, definition: &mut Definition) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"severity" => definition.severity = text(&mut self.xml)?,
                b"cve" if definition.references.len() < value::MAX_CVES => {
                    definition.references.push(text(&mut self.xml)?);
                }
                b"issued" => {
                    let given = attribute(&self.xml, "date")?;
                    definition.issued = match stamp::read(&given) {
                        Some(Written::Sure(Stamp::Day(day))) => Some(day),
                        Some(Written::Sure(Stamp::At(instant))) => Some(instant.date_naive()),
                        Some(Written::Sure(Stamp::Wall(wall))) => Some(wall.date()),
                        Some(Written::Either { .. }) | None if given.is_empty() => None,
                        Some(Written::Either { .. }) | None => {
                            return Err(unknown(&self.xml, "issued", &given, "it is no date"));
                        }
                    };
                    self.xml.skip()?;
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn class(&self) -> Result<Option<Class>, ImportError> {
        Ok(Some(match attribute(&self.xml, "class")?.as_str() {
            "" => return Ok(None),
            "vulnerability" => Class::Vulnerability,
            "patch" => Class::Patch,
            "compliance" => Class::Compliance,
            "inventory" | "miscellaneous" => Class::Other,
            other => {
                let known =
                    "`vulnerability`, `patch`, `compliance`, `inventory` and `miscellaneous` are known";
                return Err(unknown(&self.xml, "class", other, known));
            }
        }))
    }

    fn results(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            if local(self.xml.name()) == b"system" {
                self.system()?;
            } else {
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn system(&mut self) -> Result<(), ImportError> {
        self.systems += 1;
        let mut outcomes = Vec::new();
        let (mut keys, mut at) = (Keys::default(), None);
        while self.xml.next()? == Tag::Open {
            match local(self.xml.name()) {
                b"definitions" => self.outcomes(&mut outcomes)?,
                b"oval_system_characteristics" => {
                    while self.xml.next()? == Tag::Open {
                        match local(self.xml.name()) {
                            b"generator" => at = self.generator()?,
                            b"system_info" => keys = system_info(&mut self.xml)?,
                            _ => self.xml.skip()?,
                        }
                    }
                }
                _ => self.xml.skip()?,
            }
        }
        let mut host = keys.host();
        host.scanned_at = at.or(self.at);
        if let Some(at) = host.scanned_at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        let index = self.tally.host(&host).map_err(|flaw| self.xml.malformed(flaw))?;
        let mut open = 0;
        for outcome in &outcomes {
            if self.judge(outcome) {
                self.tally.observation(index, &self.item);
            }
            open +=
                u64::from(matches!(outcome.result, Truth::Open(_)) && outcome.class != Some(Class::Other));
            open += u64::from(outcome.class.is_none() && !matches!(outcome.result, Truth::Open(_)));
        }
        if open > 0 {
            self.tally
                .incomplete(format!("{open} definitions could not be decided"));
        }
        Ok(())
    }

    fn outcomes(&mut self, outcomes: &mut Vec<Outcome>) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            let id = attribute(&self.xml, "definition_id")?;
            if let Some(flaw) = value::flaw_of_id(&id) {
                return Err(self.xml.malformed(format!("`definition_id`: {flaw}")));
            }
            let of_definition = self.definitions.get(&id).and_then(|definition| definition.class);
            let class = self.class()?.or(of_definition);
            self.has_compliance |= class == Some(Class::Compliance);
            outcomes.push(Outcome {
                class,
                id,
                instance: attribute(&self.xml, "variable_instance")?,
                result: self.truth()?,
            });
            if outcomes.len() > MAX_DEFINITIONS {
                return Err(self.over_limit());
            }
            self.xml.skip()?;
        }
        Ok(())
    }

    fn truth(&self) -> Result<Truth, ImportError> {
        Ok(match attribute(&self.xml, "result")?.as_str() {
            "true" => Truth::True,
            "false" => Truth::False,
            "not applicable" => Truth::NotApplicable,
            "unknown" => Truth::Open("`unknown`: not evidenced"),
            "error" => Truth::Open("`error`: not evidenced"),
            "not evaluated" => Truth::Open("`not evaluated`: not evidenced"),
            other => {
                let known =
                    "`true`, `false`, `unknown`, `error`, `not evaluated` and `not applicable` are known";
                return Err(unknown(&self.xml, "result", other, known));
            }
        })
    }

    /// Counts an outcome; where it is a finding, makes the observation and returns true.
    fn judge(&mut self, outcome: &Outcome) -> bool {
        let is_finding = match (outcome.class, outcome.result) {
            (Some(Class::Other), _) => false,
            (_, Truth::Open(reason)) => {
                self.tally.skip(reason, 1);
                return false;
            }
            (None, _) => {
                self.tally.skip(WITHOUT_CLASS, 1);
                return false;
            }
            (Some(_), Truth::NotApplicable) => false,
            (Some(Class::Vulnerability | Class::Patch), truth) => truth == Truth::True,
            (Some(Class::Compliance), truth) => truth == Truth::False,
        };
        if is_finding {
            self.describe(outcome);
        } else {
            self.tally.informational();
        }
        is_finding
    }

    fn describe(&mut self, outcome: &Outcome) {
        let item = &mut self.item;
        item.clear();
        item.id.push_str(&outcome.id);
        item.instance.push_str(&outcome.instance);
        let Some(definition) = self.definitions.get(&outcome.id) else {
            item.title.push_str(&outcome.id);
            return;
        };
        let title = &definition.title;
        item.title
            .push_str(if title.is_empty() { &outcome.id } else { title });
        item.severity_given.push_str(&definition.severity);
        item.severity = severity(&definition.severity);
        if item.severity.is_none() && !is_without_severity(&definition.severity) {
            self.tally.leave_out("a vendor's severity that is not known");
        }
        item.patch_published = definition.issued;
        let mut remediation: Option<Remediation> = None;
        for reference in &definition.references {
            match value::cve(reference) {
                Some(cve) => item.cves.push(cve),
                None => value::prefer(&mut remediation, value::advisory(reference)),
            }
        }
        value::settle_cves(&mut item.cves);
        let is_patch = outcome.class == Some(Class::Patch) || remediation.is_some();
        item.fix_available = is_patch.then_some(true);
        item.remediation = remediation.map(|(_, key)| key);
    }

    fn over_limit(&self) -> ImportError {
        ImportError::OverLimit {
            place: self.xml.place(),
            message: format!("more than {MAX_DEFINITIONS} definitions"),
        }
    }
}

/// Reads the severity that vendors put into an advisory. Source: the definitions of Red Hat, SUSE and Ubuntu, which
/// OVAL itself does not rule; the words stand for what the vendors say they mean.
fn severity(given: &str) -> Option<Severity> {
    match given.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "important" | "high" => Some(Severity::High),
        "moderate" | "medium" => Some(Severity::Medium),
        "low" | "negligible" => Some(Severity::Low),
        _ => None,
    }
}

/// Tells whether the vendor itself gives none.
fn is_without_severity(given: &str) -> bool {
    let given = given.to_ascii_lowercase();
    matches!(given.as_str(), "" | "none" | "untriaged" | "unknown")
}
