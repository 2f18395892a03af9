//! Trivy: JSON reports of images, file systems, repositories and clusters.
//!
//! `SchemaVersion` 2, the older array of results (or `null`, when there were none), and the reports of
//! `trivy k8s`. A host is the artefact, or in a cluster the resource as `Kind/Namespace/Name`.

mod document;
mod finding;

use std::collections::HashMap;
use std::io::BufRead;

use super::json::{Document, Flaw, Json, Outline, Stop, has_some, outline};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use crate::model::{Host, Observation, ScanSummary, Severity};
use finding::{Score, Vulnerability};

pub(super) const IMPORTER: Importer = Importer {
    name: "trivy-json",
    product: Product::Scan,
    recognises,
    import,
};

/// So many findings may come before the name of what they are on.
const MAX_HELD: usize = 20_000;

fn recognises(head: &[u8]) -> bool {
    // A run may have thousands of reports, of which the first names tell enough.
    let own = ["SchemaVersion", "ArtifactName", "ArtifactType", "Results"];
    if has_some(head, &own, 2) {
        return true;
    }
    match outline(head) {
        Outline::Null => true,
        Outline::Object(names) => {
            let has = |name: &str| names.contains(name);
            has("ClusterName") && document::RESOURCE_LISTS.iter().any(|name| has(name))
        }
        Outline::ArrayOfObjects(names) => {
            names.contains("Target")
                && ["Vulnerabilities", "Class", "Type"]
                    .iter()
                    .any(|name| names.contains(*name))
        }
        Outline::Other => false,
    }
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        item: Observation::blank("trivy"),
        vectors: Vectors::default(),
        artefact: Artefact::default(),
        resources: HashMap::new(),
        shape: Shape::Artefact,
        has_schema: false,
        given: Vulnerability::default(),
    };
    super::json::read(input, &mut reader)?;
    Ok(reader.tally.summary)
}

/// Which of the reports is read; it decides where names come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Artefact,
    /// An array of results, whose first target names the artefact.
    Legacy,
    Cluster,
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    vectors: Vectors,
    artefact: Artefact,
    /// The resources of a cluster that were seen; one may be listed several times.
    resources: HashMap<String, Option<HostIndex>>,
    shape: Shape,
    has_schema: bool,
    /// The finding that is read, in memory of the one before.
    given: Vulnerability,
}

/// The image, file system or resource whose findings are read.
#[derive(Default)]
struct Artefact {
    host: Host,
    index: Option<HostIndex>,
    is_poured: bool,
    /// Findings that came before the name.
    held: Vec<Observation>,
}

impl Document for Reader<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        self.root(json)
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

impl Reader<'_> {
    fn created_at<E: serde::de::Error>(&mut self, text: &str) -> Result<(), E> {
        match stamp::read(text) {
            Some(Written::Sure(stamp)) => {
                stamp::keep_latest(&mut self.tally.summary.run_at, stamp);
                Ok(())
            }
            Some(Written::Either { .. }) | None => Err(self
                .flaw
                .unknown(format!("`CreatedAt` is {text:?}, which is no time"))),
        }
    }

    /// Notes a resource that the scanner could not look at; what it may hold is not known.
    fn not_scanned(&mut self, error: &str) {
        let error: String = error.chars().take(200).flat_map(char::escape_debug).collect();
        let name = &self.artefact.host.name;
        self.tally
            .incomplete(format!("`{name}` could not be scanned: {error}"));
        self.tally.skip("a resource that could not be scanned", 1);
    }

    /// The first target of an older report is the artefact, with its system in brackets.
    fn name_by_target(&mut self, target: &str) {
        if self.shape == Shape::Legacy && self.artefact.host.name.is_empty() {
            let name = target.split_once(" (").map_or(target, |(name, _)| name);
            self.artefact.host.name = name.trim().to_owned();
        }
    }

    fn vulnerability<E: serde::de::Error>(
        &mut self,
        given: &Vulnerability,
        target: &str,
        hidden: Option<String>,
    ) -> Result<(), E> {
        self.item.clear();
        if let Some(flaw) = value::flaw_of_id(&given.id) {
            return Err(self.flaw.malformed(format!("`VulnerabilityID`: {flaw}")));
        }
        self.item.id.push_str(&given.id);
        self.item.severity_given.push_str(&given.severity);
        self.item.severity = severity(&given.severity).map_err(|message| self.flaw.unknown(message))?;
        status(given, &mut self.item).map_err(|message| self.flaw.unknown(message))?;
        if hidden.is_some() {
            self.item.suppressed = hidden;
        }
        self.ids(given);
        self.scores(given);
        self.describe(given, target);
        self.pour_item()
    }

    fn ids(&mut self, given: &Vulnerability) {
        self.item.cves.extend(value::cve(&given.id));
        let mut remediation = None;
        for text in given.vendor_ids.iter().take(value::MAX_CVES) {
            match value::cve(text) {
                Some(cve) => self.item.cves.push(cve),
                None if value::flaw_of_id(text).is_none() => self.item.aliases.push(text.clone()),
                None => self.tally.leave_out("not a vendor's id"),
            }
            value::prefer(&mut remediation, value::advisory(text));
        }
        value::settle_cves(&mut self.item.cves);
        self.item.remediation = remediation.map(|(_, key)| key);
    }

    /// Takes all vectors, those of the source that rates first.
    fn scores(&mut self, given: &Vulnerability) {
        let is_rating = |score: &&Score| score.source == given.severity_source;
        let rating = given.cvss.iter().filter(is_rating);
        let others = given.cvss.iter().filter(|score| !is_rating(score));
        for text in rating
            .chain(others)
            .flat_map(|score| [&score.v4, &score.v3, &score.v2])
        {
            match self.vectors.read(text) {
                Some(vector) if !self.item.vectors.contains(&vector) => self.item.vectors.push(vector),
                None if !text.is_empty() => self.tally.leave_out("not a CVSS vector"),
                Some(_) | None => {}
            }
        }
    }

    fn describe(&mut self, given: &Vulnerability, target: &str) {
        let item = &mut self.item;
        item.instance.push_str(&given.pkg_name);
        if !given.installed_version.is_empty() {
            item.instance.push('@');
            item.instance.push_str(&given.installed_version);
        }
        let path = if given.pkg_path.is_empty() {
            target
        } else {
            &given.pkg_path
        };
        if !path.is_empty() {
            item.instance.push(' ');
            item.instance.push_str(path);
        }
        item.fingerprint = Some(value::fingerprint(item.instance.as_bytes()));
        match given.title.trim() {
            "" => item.title = format!("{} in {}", given.id, given.pkg_name),
            title => item.title.push_str(title),
        }
    }

    fn pour_item<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if !self.artefact.is_poured && self.artefact.host.name.is_empty() {
            if self.artefact.held.len() >= MAX_HELD {
                let message =
                    format!("more than {MAX_HELD} findings stand before the name of what they are on");
                return Err(self.flaw.over_limit(message));
            }
            self.artefact.held.push(self.item.clone());
            return Ok(());
        }
        self.pour()?;
        self.tally.observation(self.artefact.index, &self.item);
        Ok(())
    }

    /// Pours the artefact, once, and what was held until it had a name.
    fn pour<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.artefact.is_poured {
            return Ok(());
        }
        let host = &self.artefact.host;
        let known = self
            .resources
            .get(&host.name)
            .copied()
            .filter(|_| self.shape == Shape::Cluster);
        self.artefact.index = match known {
            Some(known) => known,
            None => self.tally.host(host).map_err(|flaw| self.flaw.malformed(flaw))?,
        };
        if self.shape == Shape::Cluster && !host.name.is_empty() {
            self.resources.insert(host.name.clone(), self.artefact.index);
        }
        self.artefact.is_poured = true;
        for item in std::mem::take(&mut self.artefact.held) {
            self.tally.observation(self.artefact.index, &item);
        }
        Ok(())
    }
}

/// Reads the severity; `None` where the scanner says that it does not know.
fn severity(given: &str) -> Result<Option<Severity>, String> {
    match given {
        "UNKNOWN" | "" => Ok(None),
        given => Severity::from_word(given).map(Some).ok_or_else(|| {
            format!("`Severity` is {given:?}; `CRITICAL`, `HIGH`, `MEDIUM`, `LOW` and `UNKNOWN` are known")
        }),
    }
}

/// Takes the status, which is that of the fix and not of the finding.
fn status(given: &Vulnerability, item: &mut Observation) -> Result<(), String> {
    let by_status = match given.status.as_str() {
        "fixed" => Some(true),
        "affected" | "will_not_fix" | "fix_deferred" | "end_of_life" => Some(false),
        "under_investigation" | "unknown" | "" => None,
        "not_affected" => {
            item.suppressed = Some("not affected, by the scanner's source".into());
            None
        }
        other => {
            return Err(format!(
                "`Status` is {other:?}; `fixed`, `affected`, `will_not_fix`, `fix_deferred`, `end_of_life`, \
                 `under_investigation`, `not_affected` and `unknown` are known"
            ));
        }
    };
    item.fix_available = if given.fixed_version.trim().is_empty() {
        by_status
    } else {
        Some(true)
    };
    Ok(())
}
