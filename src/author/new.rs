//! New records: everything that can be computed is filled in, and the rest is left for the author.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::defaults::defaults;
use super::fields::{blank, ordered, put, set};
use crate::check::Settings;
use crate::load::Repository;
use crate::model::{Date, Finding, Kind, RecordId, Severity, schema_file_name, schema_text};
use crate::reconcile::Register;

/// The longest life of a triage, in days. Source: domain model, table of kinds.
const TRIAGE_DAYS: i64 = 180;

/// What the author asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub kind: Kind,
    /// Dotted paths and values, such as `spec.severity` and `high`.
    pub sets: &'a [(String, String)],
    /// What an exception, an acceptance, a triage, a change or an incident is about.
    pub vulns: &'a [String],
    pub systems: &'a [String],
}

/// Makes a record; returns its path in the repository and its text. Nothing is written.
///
/// With a register the hosts that have the vulnerabilities are frozen into the record. What nobody said is
/// an empty text, which `check` asks for.
pub fn new_record(
    repository: &Repository,
    register: Option<&Register<'_>>,
    wanted: Wanted<'_>,
    day: Date,
) -> Result<(String, String)> {
    let kind = wanted.kind;
    if kind == Kind::Approval {
        bail!("approvals are signed decisions, and are not written by hand");
    }
    let has_subject = matches!(
        kind,
        Kind::Exception | Kind::RiskAcceptance | Kind::Triage | Kind::Change | Kind::Incident
    );
    let has_flags = !wanted.vulns.is_empty() || !wanted.systems.is_empty();
    if has_flags && !has_subject {
        bail!(
            "`--vuln` and `--system` belong to exceptions, risk acceptances, triages, changes and incidents, not to a {kind}"
        );
    }
    let schema: Value =
        serde_json::from_str(schema_text(kind)).context("the embedded schema cannot be read")?;
    let mut record = blank(&schema);
    put(&mut record, "created", json!(day.to_string()));
    if kind.needs_version() {
        put(&mut record, "version", json!("0.1.0"));
    }
    if let Some(cycle) = kind.max_review_days().filter(|_| !has_subject) {
        put(
            &mut record,
            "review",
            json!({ "cycle_days": cycle, "next": day.plus_days(cycle).to_string() }),
        );
    }
    for (path, value) in defaults(repository, kind, day) {
        put(&mut record, path, value);
    }
    if has_subject {
        put(&mut record, "status", json!("draft"));
        let subject = Subject::new(repository, register, &wanted)?;
        subject.fill(&mut record, repository, kind, day);
    }
    for (path, text) in wanted.sets {
        set(&mut record, &schema, path, text)?;
    }
    fit_end(&mut record, repository, kind, wanted.sets);
    let id = identify(&mut record, repository, kind)?;
    if kind == Kind::Policy && record.pointer("/spec/text") == Some(&json!("")) {
        put(&mut record, "spec.text", json!(format!("policies/{id}.md")));
    }
    finish(repository, kind, &id, &ordered(record, &schema))
}

/// Writes the text of a record, and refuses a place that is taken.
pub(super) fn finish(
    repository: &Repository,
    kind: Kind,
    id: &RecordId,
    record: &Value,
) -> Result<(String, String)> {
    let (path, schemas) = match kind.folder() {
        "" => (format!("{id}.yaml"), "schemas"),
        folder => (format!("{folder}/{id}.yaml"), "../schemas"),
    };
    if repository.files.contains(path.as_str()) || repository.known.contains_key(id) {
        bail!(
            "there is a record `{id}` already, and an id is never used twice; choose another with `--set id=…`"
        );
    }
    let yaml = serde_yaml::to_string(record).context("could not write the record as YAML")?;
    let text = format!(
        "# yaml-language-server: $schema={schemas}/{}\n{yaml}",
        schema_file_name(Some(kind))
    );
    Ok((path, text))
}

/// Vulnerabilities, systems and hosts that a decision is about.
struct Subject<'a> {
    vulns: &'a [String],
    systems: BTreeSet<String>,
    hosts: BTreeSet<String>,
    severity: Option<Severity>,
}

impl<'a> Subject<'a> {
    fn new(repository: &Repository, register: Option<&Register<'_>>, wanted: &Wanted<'a>) -> Result<Self> {
        for system in wanted.systems {
            let known = RecordId::new(system).is_some_and(|id| repository.systems.get(&id).is_some());
            if !known {
                let known: Vec<&str> = repository
                    .systems
                    .iter()
                    .map(|system| system.id().as_str())
                    .collect();
                bail!("there is no System `{system}`; Systems are {}", known.join(", "));
            }
        }
        let mut subject = Self {
            vulns: wanted.vulns,
            systems: wanted.systems.iter().cloned().collect(),
            hosts: BTreeSet::new(),
            severity: None,
        };
        if let Some(register) = register {
            subject.resolve(register);
        }
        Ok(subject)
    }

    /// Freezes the hosts with an open finding; without vulnerabilities, or where none is open, all hosts of the systems.
    fn resolve(&mut self, register: &Register<'_>) {
        let found: Vec<&Finding> = register
            .findings
            .iter()
            .filter(|finding| self.is_about(finding))
            .collect();
        self.severity = found.iter().map(|finding| finding.severity).max();
        self.hosts = found.iter().map(|finding| finding.host.to_string()).collect();
        if self.systems.is_empty() {
            self.systems = found
                .iter()
                .filter_map(|finding| finding.system.as_ref())
                .map(ToString::to_string)
                .collect();
        }
        if self.hosts.is_empty() {
            let rows = register.hosts.iter().filter(|row| row.counts);
            let of_systems = rows.filter(|row| {
                row.system
                    .as_ref()
                    .is_some_and(|system| self.systems.contains(system.as_str()))
            });
            self.hosts = of_systems.map(|row| row.id.to_string()).collect();
        }
    }

    fn is_about(&self, finding: &Finding) -> bool {
        let names = |vuln: &String| {
            let mut names = finding.names().chain(&finding.said.remediation);
            names.any(|name| **name == **vuln)
        };
        let in_systems = || {
            finding
                .system
                .as_ref()
                .is_some_and(|system| self.systems.contains(system.as_str()))
        };
        finding.closed.is_none() && self.vulns.iter().any(names) && (self.systems.is_empty() || in_systems())
    }

    fn fill(&self, record: &mut Value, repository: &Repository, kind: Kind, day: Date) {
        let today = json!(day.to_string());
        let about = [
            self.vulns.join(", "),
            self.systems.iter().cloned().collect::<Vec<_>>().join(", "),
        ];
        if let [vulns, systems] = &about
            && !vulns.is_empty()
        {
            let on = if systems.is_empty() {
                String::new()
            } else {
                format!(" on {systems}")
            };
            put(record, "title", json!(format!("{vulns}{on}")));
        }
        let owners: BTreeSet<&str> = self
            .systems
            .iter()
            .filter_map(|system| RecordId::new(system).and_then(|id| repository.systems.get(&id)))
            .map(|system| system.meta.owner.value.as_str())
            .collect();
        if let (Some(owner), 1) = (owners.first(), owners.len()) {
            put(record, "owner", json!(owner));
        }
        match kind {
            Kind::Triage => {
                put(
                    record,
                    "spec.subject.vuln",
                    json!(self.vulns.first().map_or("", String::as_str)),
                );
                put(record, "spec.subject.systems", json!(self.systems));
                put(record, "spec.subject.resolved", json!(self.hosts));
                put(
                    record,
                    "spec.expires",
                    json!(day.plus_days(TRIAGE_DAYS).to_string()),
                );
            }
            Kind::Exception => {
                self.fill_scope(record, "spec.scope", &today);
                put(
                    record,
                    "spec.severity",
                    json!(self.severity.map_or("", Severity::word)),
                );
                for field in [
                    "spec.reason",
                    "spec.business_impact",
                    "spec.risk",
                    "spec.requested_by",
                    "spec.expires",
                ] {
                    put(record, field, json!(""));
                }
                put(record, "spec.requested_on", today.clone());
                put(record, "spec.starts", today);
                put(record, "spec.plan", json!({ "target_date": "", "steps": [] }));
            }
            Kind::RiskAcceptance => {
                self.fill_scope(record, "spec.subject", &today);
                put(
                    record,
                    "spec.type",
                    json!(if self.vulns.is_empty() {
                        ""
                    } else {
                        "vulnerability"
                    }),
                );
                put(record, "spec.risk", json!(""));
                put(record, "spec.expires", json!(""));
                put(record, "spec.starts", today);
                put(record, "spec.conditions", json!([]));
            }
            Kind::Change => {
                put(record, "spec.systems", json!(self.systems));
                if !self.vulns.is_empty() {
                    put(record, "spec.trigger", json!({ "type": "", "vulns": self.vulns }));
                }
            }
            Kind::Incident => {
                if !self.systems.is_empty() {
                    put(record, "spec.systems", json!(self.systems));
                }
                put(record, "spec.vulns", json!(self.vulns));
            }
            Kind::Isms
            | Kind::Person
            | Kind::Role
            | Kind::Policy
            | Kind::Soa
            | Kind::Risk
            | Kind::System
            | Kind::Source
            | Kind::Sla
            | Kind::Calendar
            | Kind::Evidence
            | Kind::Approval => {}
        }
    }

    fn fill_scope(&self, record: &mut Value, path: &str, today: &Value) {
        let (patches, vulns): (Vec<&String>, Vec<&String>) =
            self.vulns.iter().partition(|vuln| is_patch(vuln));
        put(record, &format!("{path}.vulns"), json!(vulns));
        if !patches.is_empty() {
            put(record, &format!("{path}.patches"), json!(patches));
        }
        put(record, &format!("{path}.systems"), json!(self.systems));
        put(record, &format!("{path}.resolved"), json!(self.hosts));
        put(record, &format!("{path}.as_of"), today.clone());
    }
}

/// A CVE, or a scanner's id with its family before a colon, is a vulnerability; a vendor's number is a patch.
fn is_patch(vuln: &str) -> bool {
    ["KB", "RHSA-", "USN-", "DSA-"]
        .iter()
        .any(|start| vuln.starts_with(start))
}

/// Lets a decision end on the last day that its rules allow, unless the author said when.
fn fit_end(record: &mut Value, repository: &Repository, kind: Kind, sets: &[(String, String)]) {
    let said = sets.iter().any(|(path, _)| path == "spec.expires");
    let starts = record
        .pointer("/spec/starts")
        .and_then(Value::as_str)
        .and_then(crate::model::parse_date);
    let Some(starts) = starts.filter(|_| !said) else {
        return;
    };
    let days = match kind {
        Kind::Exception => {
            let severity = record
                .pointer("/spec/severity")
                .and_then(Value::as_str)
                .and_then(Severity::from_word);
            severity.and_then(|severity| longest_exception(repository, severity))
        }
        Kind::RiskAcceptance => Settings::new(&repository.configuration)
            .ok()
            .and_then(|settings| settings.number("RAC001", "max_days")),
        Kind::Isms
        | Kind::Person
        | Kind::Role
        | Kind::Policy
        | Kind::Soa
        | Kind::Risk
        | Kind::System
        | Kind::Source
        | Kind::Triage
        | Kind::Sla
        | Kind::Change
        | Kind::Calendar
        | Kind::Incident
        | Kind::Evidence
        | Kind::Approval => None,
    };
    if let Some(days) = days {
        put(record, "spec.expires", json!(starts.plus_days(days).to_string()));
    }
}

/// Returns the cap in days of EXC003: the configured one, or a Policy's where that is stricter.
fn longest_exception(repository: &Repository, severity: Severity) -> Option<i64> {
    let settings = Settings::new(&repository.configuration).ok()?;
    let configured = settings.entry("EXC003", "caps", severity.word());
    let policies = repository.policies.iter().filter(|policy| policy.meta.is_live());
    let written =
        policies.filter_map(|policy| policy.spec.exception_rules.as_ref()?.caps.get(&severity).copied());
    configured.into_iter().chain(written.map(i64::from)).min()
}

/// Reads the id that was set, or makes one: the next number, or a name out of the title.
fn identify(record: &mut Value, repository: &Repository, kind: Kind) -> Result<RecordId> {
    let set = record.get("id").and_then(Value::as_str).unwrap_or_default();
    let id = match kind {
        _ if !set.is_empty() => set.to_owned(),
        Kind::Risk
        | Kind::Triage
        | Kind::Exception
        | Kind::RiskAcceptance
        | Kind::Change
        | Kind::Incident
        | Kind::Evidence => next_number(repository, kind),
        Kind::Isms
        | Kind::Person
        | Kind::Role
        | Kind::Policy
        | Kind::Soa
        | Kind::System
        | Kind::Source
        | Kind::Sla
        | Kind::Calendar
        | Kind::Approval => named(record, repository, kind),
    };
    put(record, "id", json!(id));
    RecordId::new(&id).with_context(|| {
        format!("`{id}` is no id; an id is 3 to 63 lower-case letters, digits and hyphens, a letter first")
    })
}

/// Returns the number after the greatest that is there, as wide as those.
pub(super) fn next_number(repository: &Repository, kind: Kind) -> String {
    let prefix = kind.id_prefix();
    let numbers = repository.known.keys().filter_map(|id| {
        let digits = id.as_str().strip_prefix(prefix)?;
        Some((digits.parse::<u64>().ok()?, digits.len()))
    });
    let (greatest, width) = numbers.fold((0, 0), |(greatest, width), (number, digits)| {
        (greatest.max(number), width.max(digits))
    });
    let width = if width == 0 { 4 } else { width };
    format!("{prefix}{:0width$}", greatest.saturating_add(1))
}

fn named(record: &Value, repository: &Repository, kind: Kind) -> String {
    let title = record
        .get("title")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_lowercase();
    let words: Vec<String> = title
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(4)
        .map(|word| word.chars().take(12).collect())
        .collect();
    let name = if words.is_empty() {
        "new".to_owned()
    } else {
        words.join("-")
    };
    let first = format!("{}{name}", kind.id_prefix());
    let others = (2..1000).map(|number| format!("{first}-{number}"));
    let is_free = |id: &String| !repository.known.contains_key(id.as_str());
    std::iter::once(first.clone())
        .chain(others)
        .find(is_free)
        .unwrap_or(first)
}
