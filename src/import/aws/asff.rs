//! The AWS Security Finding Format: findings of any product as Security Hub keeps them.
//!
//! The root is an object with `Findings`, a list, or a single finding. What somebody did in Security Hub
//! (suppressed, resolved by hand, a lowered severity) hides a finding and closes none. That a record is archived
//! means only that its product shows it no longer; Inspector alone says beside it that the finding is closed.

use std::io::BufRead;

use memchr::memmem;
use serde::Deserialize as _;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::json::{
    Array, Document, Flaw, Json, Members, Outline, Stop, Strict, Text, begins_with_empty_list, outline, read,
};
use super::super::rows::{
    Hosts, Refusal, also_known_as, id_of, locate, said, take_vector, time, unknown, words,
};
use super::super::tally::Tally;
use super::super::value::{self, Vectors};
use super::super::{ImportError, Importer, Options, Product, Sink, stamp};
use super::finding::{Finding, Rated, Resource, Vulnerability};
use super::inspector2::yes_or_no;
use super::{Package, host_of, severity};
use crate::model::{Exploit, Observation, ObservationState, ScanSummary, Severity};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "asff",
    product: Product::Scan,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    match outline(head) {
        Outline::Object(names) if names.contains("Findings") => {
            memmem::find(head, b"\"ProductArn\"").is_some() || begins_with_empty_list(head, "Findings")
        }
        Outline::Object(names) | Outline::ArrayOfObjects(names) => {
            names.contains("ProductArn") && (names.contains("GeneratorId") || names.contains("Resources"))
        }
        Outline::Null | Outline::Other => false,
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
        item: Observation::blank("asff"),
        vectors: Vectors::default(),
        hosts: Hosts::default(),
        rows: 0,
    };
    read(input, &mut reader)?;
    Ok(reader.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    item: Observation,
    vectors: Vectors,
    hosts: Hosts,
    rows: u64,
}

impl Document for Reader<'_> {
    fn read(&mut self, json: &mut Json<'_>) -> Result<(), Stop> {
        json.deserialize_any(Root(self))
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}

struct Root<'r, 's>(&'r mut Reader<'s>);

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("findings, a list of them, or one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        Array(self.0).visit_seq(members)
    }

    /// Takes the first name to tell a list from a finding; the fields of a finding come in any order.
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut is_list = false;
        while let Some(name) = entries.next_key::<Text<'de>>()? {
            match &*name.0 {
                "Findings" if is_list => return Err(self.0.flaw.malformed("`Findings` comes twice".into())),
                "Findings" => {
                    is_list = true;
                    entries.next_value_seed(Array(&mut *self.0))?;
                }
                "NextToken" => {
                    if said(&entries.next_value::<Option<Text<'de>>>()?).is_some() {
                        let reason = "is one page of several: `NextToken` is given";
                        self.0.tally.incomplete(reason);
                    }
                }
                _ if is_list || !is_of_finding(&name.0) => entries.next_value::<IgnoredAny>().map(drop)?,
                _ => {
                    let rest = Rest {
                        first: Some(name),
                        entries,
                    };
                    let finding = Finding::deserialize(serde::de::value::MapAccessDeserializer::new(rest))?;
                    return self.0.finding(&finding);
                }
            }
        }
        if is_list {
            return Ok(());
        }
        Err(self.0.flaw.malformed("neither `Findings` nor a finding".into()))
    }
}

/// Names that a finding has and a list of findings has not.
fn is_of_finding(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The entries of an object whose first name was read already.
struct Rest<'de, A> {
    first: Option<Text<'de>>,
    entries: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Rest<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(name) => {
                let name = serde::de::value::CowStrDeserializer::new(name.0);
                seed.deserialize(name).map(Some)
            }
            None => self.entries.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.entries.next_value_seed(seed)
    }
}

impl Members for Reader<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(finding)) = members.next_element::<Strict<Finding<'de>>>()? else {
            return Ok(false);
        };
        self.finding(&finding)?;
        Ok(true)
    }
}

impl Reader<'_> {
    fn finding<E: serde::de::Error>(&mut self, finding: &Finding<'_>) -> Result<(), E> {
        self.rows += 1;
        let row = self.rows;
        let taken = self.take(finding);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("finding {row}")))
    }

    fn take(&mut self, finding: &Finding<'_>) -> Result<(), Refusal> {
        self.item.clear();
        self.life(finding)?;
        let rating = rating(finding)?;
        self.item.severity_given = rating.given;
        if let Some(recast) = rating.recast {
            self.item.suppressed.get_or_insert(recast);
        }
        let resources = finding.resources.as_deref().unwrap_or_default();
        if resources.is_empty() {
            return Err(Refusal::Malformed("a finding without `Resources`".into()));
        }
        self.what(finding, resources)?;
        let other_sort = other_sort(finding)?;
        for Strict(resource) in resources {
            let id = said(&resource.id).unwrap_or_default();
            let (host, junk) = host_of(id, &resource.details(), self.item.last_seen);
            for _ in 0..junk {
                self.tally.leave_out("not an address");
            }
            let index = self.hosts.pour(&mut self.tally, id, || host)?;
            match (other_sort, rating.severity) {
                (Sort::Skipped(reason), _) => self.tally.skip(reason, 1),
                (Sort::Informational, _) | (Sort::Weakness, None) => self.tally.informational(),
                (Sort::Weakness, Some(severity)) => {
                    self.item.severity = Some(severity);
                    self.tally.observation(index, &self.item);
                }
            }
        }
        Ok(())
    }

    fn life(&mut self, finding: &Finding<'_>) -> Result<(), Refusal> {
        let item = &mut self.item;
        let updated = time("UpdatedAt", &finding.updated_at)?;
        item.first_seen = time("FirstObservedAt", &finding.first_observed_at)?;
        item.last_seen = time("LastObservedAt", &finding.last_observed_at)?.or(updated);
        for found in [item.last_seen, updated].into_iter().flatten() {
            stamp::keep_latest(&mut self.tally.summary.run_at, found);
        }
        let fields = finding.product_fields.as_ref().map(|Strict(fields)| fields);
        let is_closed = fields
            .is_some_and(|fields| said(&fields.inspector_status).is_some_and(|status| status == "CLOSED"));
        let workflow = finding.workflow.as_ref();
        let workflow = workflow.and_then(|Strict(workflow)| said(&workflow.status));
        let mut why = match workflow.unwrap_or("NEW") {
            "NEW" | "NOTIFIED" => None,
            "SUPPRESSED" => Some("suppressed in Security Hub"),
            "RESOLVED" => Some("called resolved in Security Hub"),
            other => {
                let known = "`NEW`, `NOTIFIED`, `SUPPRESSED` and `RESOLVED`";
                return Err(unknown("Workflow.Status", other, known));
            }
        };
        match said(&finding.record_state).unwrap_or("ACTIVE") {
            "ACTIVE" if is_closed => item.state = ObservationState::Fixed,
            "ACTIVE" => {}
            "ARCHIVED" if is_closed => item.state = ObservationState::Fixed,
            "ARCHIVED" => why = why.or(Some("archived by its product")),
            other => return Err(unknown("RecordState", other, "`ACTIVE` and `ARCHIVED`")),
        }
        if item.state == ObservationState::Fixed {
            item.last_fixed = updated.or(item.last_seen);
        }
        let note = finding.note.as_ref().and_then(|Strict(note)| said(&note.text));
        item.suppressed = why.map(|why| match note {
            Some(note) => format!("{why}: {}", words(note)),
            None => why.to_owned(),
        });
        Ok(())
    }

    /// Takes the ids: those of the vulnerabilities, else what a template wrote, else the check that found it.
    fn what(&mut self, finding: &Finding<'_>, resources: &[Strict<Resource<'_>>]) -> Result<(), Refusal> {
        let mut instances = Vec::new();
        for Strict(vulnerability) in finding.vulnerabilities.iter().flatten() {
            self.vulnerability(vulnerability, &mut instances)?;
        }
        for other in resources.iter().filter_map(|Strict(resource)| resource.other()) {
            if let Some(id) = said(&other.cve) {
                self.id(id)?;
                also_known_as(&mut self.item, &mut self.tally, id)?;
            }
            let (name, version, path) = (&other.package, &other.installed, &None);
            instances.push(Package { name, version, path }.text());
            for text in [&other.v3, &other.v2].into_iter().filter_map(said) {
                take_vector(&mut self.item, &mut self.tally, &mut self.vectors, text);
            }
            if said(&other.patched).is_some() {
                self.item.fix_available = Some(true);
            }
        }
        if self.item.id.is_empty() {
            self.id(&id_of(said(&finding.generator_id).unwrap_or_default()))?;
        }
        let named = value::advisory(&self.item.id);
        self.item.remediation = named.map(|(_, key)| key);
        instances.retain(|instance| !instance.is_empty());
        locate(&mut self.item, instances.join(", "));
        self.item.title = said(&finding.title).unwrap_or(&self.item.id).to_owned();
        Ok(())
    }

    fn vulnerability(
        &mut self,
        given: &Vulnerability<'_>,
        instances: &mut Vec<String>,
    ) -> Result<(), Refusal> {
        let id = said(&given.id).unwrap_or_default();
        self.id(id)?;
        let related = given.related_vulnerabilities.iter().flatten();
        for text in std::iter::once(id).chain(related.map(|text| &*text.0)) {
            also_known_as(&mut self.item, &mut self.tally, text)?;
        }
        for Strict(score) in given.cvss.iter().flatten() {
            let text = said(&score.base_vector).unwrap_or_default();
            take_vector(&mut self.item, &mut self.tally, &mut self.vectors, text);
        }
        if let Some(has_fix) = yes_or_no("FixAvailable", &given.fix_available)? {
            self.item.fix_available = Some(has_fix || self.item.fix_available == Some(true));
        }
        if yes_or_no("ExploitAvailable", &given.exploit_available)? == Some(true) {
            self.item.exploit = Exploit::Poc;
        }
        let packages = given.vulnerable_packages.iter().flatten();
        instances.extend(packages.map(|Strict(found)| {
            let (name, version, path) = (&found.name, &found.version, &found.file_path);
            Package { name, version, path }.text()
        }));
        Ok(())
    }

    /// Checks an id, and takes the first.
    fn id(&mut self, id: &str) -> Result<(), Refusal> {
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("the id of a vulnerability: {flaw}")));
        }
        if self.item.id.is_empty() {
            self.item.id.push_str(id);
        }
        Ok(())
    }
}

/// What a finding is about.
#[derive(Clone, Copy)]
enum Sort {
    Weakness,
    Informational,
    Skipped(&'static str),
}

/// Tells weaknesses from detections, and from controls that are met or could not be looked at.
fn other_sort(finding: &Finding<'_>) -> Result<Sort, Refusal> {
    let mut types = finding.types.iter().flatten().peekable();
    let is_weakness = |sort: &Text<'_>| sort.0.trim().starts_with("Software and Configuration Checks");
    if types.peek().is_some() && !types.any(is_weakness) {
        return Ok(Sort::Skipped("a detection, not a vulnerability"));
    }
    let control = finding.compliance.as_ref();
    match control.and_then(|Strict(control)| said(&control.status)) {
        None | Some("FAILED" | "WARNING") => Ok(Sort::Weakness),
        Some("PASSED") => Ok(Sort::Informational),
        Some("NOT_AVAILABLE") => Ok(Sort::Skipped("a control that could not be evaluated")),
        Some(other) => {
            let known = "`PASSED`, `FAILED`, `WARNING` and `NOT_AVAILABLE`";
            Err(unknown("Compliance.Status", other, known))
        }
    }
}

struct Rating {
    given: String,
    /// `None` where it is informational.
    severity: Option<Severity>,
    recast: Option<String>,
}

/// Rates a finding. A severity that was lowered in Security Hub is not taken for that of its product: the higher counts.
fn rating(finding: &Finding<'_>) -> Result<Rating, Refusal> {
    let missing = || Refusal::Malformed("a finding without `Severity`".into());
    let Strict(rated) = finding.severity.as_ref().ok_or_else(missing)?;
    let (given, now) = one_rating(rated)?.ok_or_else(missing)?;
    let provider = finding.finding_provider_fields.as_ref();
    let provider = provider.and_then(|Strict(fields)| fields.severity.as_ref());
    let own = provider.map(|Strict(own)| one_rating(own)).transpose()?.flatten();
    match own {
        Some((own_given, own)) if own > now => Ok(Rating {
            recast: Some(format!("recast from {own_given} to {given} in Security Hub")),
            given: own_given,
            severity: own,
        }),
        Some(_) | None => Ok(Rating {
            given,
            severity: now,
            recast: None,
        }),
    }
}

/// Reads the label, else the older number. Source of the ranges: the ASFF syntax reference, `Severity`.
fn one_rating(rated: &Rated<'_>) -> Result<Option<(String, Option<Severity>)>, Refusal> {
    if let Some(label) = said(&rated.label) {
        return severity("Severity.Label", label).map(|severity| Some((label.to_owned(), severity)));
    }
    let Some(number) = rated.normalized else {
        return Ok(None);
    };
    let severity = match number {
        0 => None,
        1..=39 => Some(Severity::Low),
        40..=69 => Some(Severity::Medium),
        70..=89 => Some(Severity::High),
        90..=100 => Some(Severity::Critical),
        101.. => {
            return Err(unknown(
                "Severity.Normalized",
                &number.to_string(),
                "`0` to `100`",
            ));
        }
    };
    Ok(Some((number.to_string(), severity)))
}
