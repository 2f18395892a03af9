//! CycloneDX: the vulnerabilities of a bill of materials, and VEX, as JSON and as XML.
//!
//! The host is the component that the bill is of, by its name. A vulnerability is one observation, whatever
//! components it affects. The states of an analysis are words of who wrote the file: `not_affected`,
//! `false_positive` and `resolved` hide a vulnerability and never close one; that needs a record. Versions 1.2
//! and 1.3 have their vulnerabilities in an extension, within each component.

mod json;
mod xml;

use std::collections::HashMap;

use super::rows::{LateHost, Refusal, also_known_as, locate, take_vector, text_time, unknown, words};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{Options, Sink, stamp};
use crate::model::{CvssVector, Observation, Severity};

pub(super) use json::IMPORTER as JSON;
pub(super) use xml::IMPORTER as XML;

/// A bill may name this many components; the largest honest ones have some ten thousand.
const MAX_COMPONENTS: usize = 500_000;
/// A vulnerability may affect this many of them.
const MAX_AFFECTED: usize = 100_000;

/// What either notation says of a component.
#[derive(Default)]
struct Component {
    reference: String,
    group: String,
    name: String,
    version: String,
}

impl Component {
    fn text(&self) -> String {
        let name = match self.group.trim() {
            "" => self.name.trim().to_owned(),
            group => format!("{group}/{}", self.name.trim()),
        };
        super::rows::package(&name, &self.version)
    }
}

#[derive(Default)]
struct Rating {
    severity: String,
    score: String,
    method: String,
    vector: String,
}

/// What either notation says of a vulnerability.
#[derive(Default)]
struct Vulnerability {
    id: String,
    references: Vec<String>,
    ratings: Vec<Rating>,
    state: String,
    justification: String,
    detail: String,
    affects: Vec<String>,
}

/// What both readers pour into.
struct Bill<'s> {
    tally: Tally<'s>,
    item: Observation,
    vectors: Vectors,
    host: LateHost,
    /// The names of the components by their references.
    components: HashMap<String, String>,
    has_metadata: bool,
    has_vulnerabilities: bool,
}

impl<'s> Bill<'s> {
    fn new(options: &Options<'s>, sink: &'s mut dyn Sink) -> Self {
        Self {
            tally: Tally::new(options, sink),
            item: Observation::blank("cyclonedx"),
            vectors: Vectors::default(),
            host: LateHost::default(),
            components: HashMap::new(),
            has_metadata: false,
            has_vulnerabilities: false,
        }
    }

    /// Takes the version of the format.
    fn version(given: &str) -> Result<(), Refusal> {
        let minor = given.trim().strip_prefix("1.").map(str::parse::<u8>);
        if matches!(minor, Some(Ok(0..=7))) {
            return Ok(());
        }
        Err(unknown("specVersion", given, "`1.0` to `1.7`"))
    }

    fn made_at(&mut self, timestamp: &str) -> Result<(), Refusal> {
        if let Some(made) = text_time("metadata.timestamp", timestamp)? {
            stamp::keep_latest(&mut self.tally.summary.run_at, made);
        }
        Ok(())
    }

    /// Takes what the bill is of; its versions are one host.
    fn subject(&mut self, component: Component) -> Result<(), Refusal> {
        let host = &mut self.host.host;
        host.name = component.name.trim().to_owned();
        let full = component.text();
        if full != host.name {
            host.aliases = vec![full];
        }
        self.component(component)
    }

    fn component(&mut self, component: Component) -> Result<(), Refusal> {
        if self.components.len() >= MAX_COMPONENTS {
            let message = format!("more than {MAX_COMPONENTS} components");
            return Err(Refusal::OverLimit(message));
        }
        let text = component.text();
        if !component.reference.is_empty() && !text.is_empty() {
            self.components.insert(component.reference, text);
        }
        Ok(())
    }

    fn vulnerability(&mut self, given: &Vulnerability) -> Result<(), Refusal> {
        let id = given.id.trim();
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("`id`: {flaw}")));
        }
        self.item.clear();
        self.item.id.push_str(id);
        let mut remediation = None;
        for text in std::iter::once(id).chain(given.references.iter().map(String::as_str)) {
            also_known_as(&mut self.item, &mut self.tally, text)?;
            value::prefer(&mut remediation, value::advisory(text));
        }
        self.item.remediation = remediation.map(|(_, key)| key);
        let is_informational = self.rate(&given.ratings)?;
        self.item.suppressed = analysis(given)?;
        let instance = self.instance(given);
        self.item.title = match instance.as_str() {
            "" => id.to_owned(),
            instance => format!("{id} in {}", words(instance)),
        };
        locate(&mut self.item, instance);
        if is_informational {
            self.tally.informational();
            return Ok(());
        }
        if self.has_metadata {
            self.host.pour(&mut self.tally)?;
        }
        self.host.take(&mut self.tally, &self.item)
    }

    /// Names the components that are affected; one of another bill by the end of its link.
    fn instance(&self, given: &Vulnerability) -> String {
        let names = given.affects.iter().map(|reference| {
            let known = self.components.get(reference.as_str());
            known.map_or_else(
                || {
                    reference
                        .rsplit_once('#')
                        .map_or(reference.as_str(), |(_, own)| own)
                },
                String::as_str,
            )
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// Takes the vectors and the highest of the ratings; tells whether all of them are below low.
    ///
    /// Who wrote the file may rate lower than the sources beside it: that is a word, not an answer.
    fn rate(&mut self, ratings: &[Rating]) -> Result<bool, Refusal> {
        let mut is_below_low = false;
        for rating in ratings {
            let is_cvss = rating.method.is_empty() || rating.method.starts_with("CVSS");
            let vector = if is_cvss { rating.vector() } else { String::new() };
            take_vector(&mut self.item, &mut self.tally, &mut self.vectors, &vector);
            let by_word = severity(&rating.severity)?;
            let by_score = || rating.by_score();
            let by_vector = || {
                self.vectors
                    .read(&vector)
                    .as_ref()
                    .and_then(CvssVector::base_severity)
            };
            let found = match by_word {
                Word::Is(severity) => Some(severity),
                Word::BelowLow => None,
                Word::Unknown => by_score().or_else(by_vector),
            };
            is_below_low |= matches!(by_word, Word::BelowLow);
            if found > self.item.severity || self.item.severity_given.is_empty() {
                let word = if rating.severity.is_empty() {
                    &rating.score
                } else {
                    &rating.severity
                };
                self.item.severity_given.clone_from(word);
                self.item.severity = found;
            }
        }
        Ok(is_below_low && self.item.severity.is_none())
    }

    /// Pours what was held. A bill without the list was not looked through for vulnerabilities.
    fn end(&mut self) -> Result<(), Refusal> {
        if !self.has_vulnerabilities {
            let reason =
                "a bill of materials without `vulnerabilities`, so that nothing shows what was looked for";
            self.tally.incomplete(reason);
        }
        self.host.pour(&mut self.tally)
    }
}

impl Rating {
    /// Returns the vector with the prefix of its method; some are written without.
    fn vector(&self) -> String {
        let vector = self.vector.trim();
        let prefix = match self.method.trim() {
            "CVSSv3" => "CVSS:3.0/",
            "CVSSv31" => "CVSS:3.1/",
            "CVSSv4" => "CVSS:4.0/",
            _ => "",
        };
        if vector.is_empty() || vector.starts_with("CVSS:") {
            vector.to_owned()
        } else {
            format!("{prefix}{vector}")
        }
    }

    /// Rates by the score where its method has a scale.
    fn by_score(&self) -> Option<Severity> {
        let has_scale = matches!(self.method.trim(), "CVSSv3" | "CVSSv31" | "CVSSv4");
        let score = self.score.trim().parse::<f64>().ok().filter(|_| has_scale)?;
        Severity::of_score(score)
    }
}

enum Word {
    Is(Severity),
    BelowLow,
    Unknown,
}

/// Reads the severity of one rating; the older extension writes it with a capital.
fn severity(given: &str) -> Result<Word, Refusal> {
    match given.trim().to_ascii_lowercase().as_str() {
        "" | "unknown" => Ok(Word::Unknown),
        "info" | "none" => Ok(Word::BelowLow),
        _ => Severity::from_word(given.trim()).map(Word::Is).ok_or_else(|| {
            let known = "`critical`, `high`, `medium`, `low`, `info`, `none` and `unknown`";
            unknown("ratings.severity", given, known)
        }),
    }
}

/// Says why a vulnerability is hidden by what its analysis says; `None` when it is not.
fn analysis(given: &Vulnerability) -> Result<Option<String>, Refusal> {
    let mut why = match given.state.trim() {
        "" | "exploitable" | "in_triage" => return Ok(None),
        "resolved" | "resolved_with_pedigree" => "called resolved",
        "false_positive" => "called a false positive",
        "not_affected" => "called not affected",
        other => {
            let known = "`resolved`, `resolved_with_pedigree`, `exploitable`, `in_triage`, `false_positive` and \
                         `not_affected`";
            return Err(unknown("analysis.state", other, known));
        }
    }
    .to_owned();
    if !given.justification.trim().is_empty() {
        why += &format!(" ({})", words(&given.justification));
    }
    if !given.detail.trim().is_empty() {
        why += &format!(": {}", words(&given.detail));
    }
    Ok(Some(why))
}

/// Adds a reference to what is affected.
fn affect(affects: &mut Vec<String>, reference: &str) -> Result<(), Refusal> {
    if affects.len() >= MAX_AFFECTED {
        let message = format!("more than {MAX_AFFECTED} components of one vulnerability");
        return Err(Refusal::OverLimit(message));
    }
    affects.push(reference.to_owned());
    Ok(())
}
