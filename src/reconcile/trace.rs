//! One finding told from its beginning: what each run said, which records are about it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::episode::Said;
use super::hear::hear;
use super::identity::KnownHost;
use super::register::Register;
use super::runs;
use crate::import::Scan;
use crate::model::{Alias, Date, Finding, Kind, Meta, Quality, RecordId};
use crate::source::Spanned;
use crate::trust::ApprovalState;

/// What one run said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Saying {
    Seen,
    /// Seen, and the scanner itself says that it had been fixed.
    SeenAgain,
    Fixed,
    /// Not in a whole run whose absence means fixed.
    Absent,
    /// Not in a run that proves nothing by it.
    NotSeen,
}

impl Saying {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::SeenAgain => "seen_again",
            Self::Fixed => "fixed",
            Self::Absent => "absent",
            Self::NotSeen => "not_seen",
        }
    }
}

/// What one run said, and when.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceEvent {
    pub at: DateTime<Utc>,
    pub saying: Saying,
    /// The id of the Source, else the format.
    pub source: String,
    /// The export, and its SHA-256.
    pub file: String,
    pub sha256: String,
    pub quality: Quality,
    /// The scanner's id with its family, where the run names it.
    pub id: Option<Arc<str>>,
    pub severity_given: Option<Arc<str>>,
    /// When the scanner says that it saw it first.
    pub first_seen: Option<DateTime<Utc>>,
}

/// A record that names the finding.
#[derive(Clone, PartialEq, Debug)]
pub struct TraceRecord {
    pub kind: Kind,
    pub id: RecordId,
    pub title: String,
    pub state: ApprovalState,
    /// From when on all its approvals were there.
    pub approved: Option<DateTime<Utc>>,
    pub from: Option<Date>,
    pub until: Option<Date>,
}

/// One vulnerability on one host.
#[derive(Clone, Debug)]
pub struct Trace<'a> {
    pub host: Arc<str>,
    pub vuln: Arc<str>,
    /// By time.
    pub events: Vec<TraceEvent>,
    /// Its lives, the oldest first.
    pub lives: Vec<&'a Finding>,
    /// By kind and id.
    pub records: Vec<TraceRecord>,
}

impl Trace<'_> {
    /// Returns how the scanners' ids came to be this vulnerability.
    pub fn joined(&self) -> &[Alias] {
        self.lives.last().map_or(&[], |life| &life.said.joined)
    }
}

/// Tells what the register's runs said of a vulnerability on a host; several hosts may share a short name.
pub fn trace<'a>(register: &'a Register<'_>, scans: &[Scan], host: &str, vuln: &str) -> Vec<Trace<'a>> {
    let runs = runs::runs(register.repository, scans, register.as_of);
    let is_host = |known: &KnownHost| is_named(known, host);
    let is_vuln = |name: &str| name.eq_ignore_ascii_case(vuln);
    let heard = hear(register.repository, &runs, register.as_of, is_host, is_vuln);
    heard
        .into_iter()
        .map(|heard| {
            let events = heard.told.iter().map(|told| {
                let line = &runs[told.event.run].line;
                TraceEvent {
                    at: told.event.at,
                    saying: match told.event.said {
                        Said::Seen if told.event.is_reopened => Saying::SeenAgain,
                        Said::Seen => Saying::Seen,
                        Said::Fixed => Saying::Fixed,
                        Said::Absent => Saying::Absent,
                        Said::Missing => Saying::NotSeen,
                    },
                    source: runs[told.event.run].observer().to_owned(),
                    file: line.file.clone(),
                    sha256: line.sha256.clone(),
                    quality: told.event.quality,
                    id: told.seen_as.as_ref().map(|(id, _)| Arc::clone(id)),
                    severity_given: told.seen_as.as_ref().map(|(_, given)| Arc::clone(given)),
                    first_seen: told.event.first_seen,
                }
            });
            let lives: Vec<&Finding> = register
                .findings
                .iter()
                .filter(|finding| finding.host == heard.host && finding.vuln == heard.vuln)
                .collect();
            Trace {
                events: events.collect(),
                records: records(register, &heard.host, &heard.vuln, &lives),
                lives,
                host: heard.host,
                vuln: heard.vuln,
            }
        })
        .collect()
}

/// Tells whether a host goes by a name: in full, by one of its names, or by its id up to the first dot.
fn is_named(known: &KnownHost, name: &str) -> bool {
    let host = &known.host;
    let names = [
        host.fqdn.as_deref(),
        host.hostname.as_deref(),
        Some(host.name.as_str()),
    ];
    let mut names = names
        .into_iter()
        .flatten()
        .chain(host.aliases.iter().map(String::as_str))
        .chain([&*known.id, known.id.split('.').next().unwrap_or_default()]);
    !name.is_empty() && names.any(|known| known.eq_ignore_ascii_case(name))
}

/// Collects the records that name the vulnerability on this host or its System.
fn records(register: &Register<'_>, host: &str, vuln: &str, lives: &[&Finding]) -> Vec<TraceRecord> {
    let repository = register.repository;
    let system = register.host(host).and_then(|row| row.system.clone());
    let mut names: Vec<&str> = vec![vuln];
    for life in lives {
        names.extend(life.said.aliases.iter().map(|alias| &**alias));
        names.extend(life.said.remediation.as_deref());
    }
    let names_vuln = |texts: &[Spanned<String>]| {
        let mut texts = texts.iter();
        texts.any(|text| names.iter().any(|name| name.eq_ignore_ascii_case(&text.value)))
    };
    let names_host =
        |texts: &[Spanned<String>]| texts.iter().any(|text| text.value.eq_ignore_ascii_case(host));
    let is_own = |id: &RecordId| system.as_ref() == Some(id);
    let mut found = Vec::new();
    let mut add = |meta: &Meta, from: Option<Date>, until: Option<Date>| {
        let standing = register.standings.of(meta.kind, &meta.id);
        found.push(TraceRecord {
            kind: meta.kind,
            id: meta.id.value.clone(),
            title: meta.title.clone(),
            state: standing.state,
            approved: standing.since,
            from,
            until,
        });
    };
    for exception in &repository.exceptions {
        let scope = &exception.spec.scope;
        let is_about = names_vuln(&scope.vulns) || names_vuln(&scope.patches);
        if is_about && names_host(&scope.resolved) {
            let spec = &exception.spec;
            add(&exception.meta, Some(spec.starts.value), Some(spec.expires.value));
        }
    }
    for acceptance in &repository.acceptances {
        let subject = &acceptance.spec.subject;
        let is_all = subject.vulns.is_empty() && subject.patches.is_empty();
        let is_about = is_all || names_vuln(&subject.vulns) || names_vuln(&subject.patches);
        if is_about && names_host(&subject.resolved) {
            let until = acceptance.spec.expires.map(|expires| expires.value);
            add(&acceptance.meta, Some(acceptance.spec.starts.value), until);
        }
    }
    for triage in &repository.triages {
        let subject = &triage.spec.subject;
        let is_about = names_vuln(std::slice::from_ref(&subject.vuln));
        let is_here = names_host(&subject.resolved)
            || subject.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
            || (subject.resolved.is_empty()
                && subject.hosts.is_empty()
                && subject.systems.iter().any(|system| is_own(&system.value.0)));
        if is_about && is_here {
            add(&triage.meta, None, Some(triage.spec.expires.value));
        }
    }
    for incident in &repository.incidents {
        let spec = &incident.spec;
        if names_vuln(&spec.vulns) && spec.systems.iter().any(|system| is_own(&system.value.0)) {
            add(&incident.meta, None, None);
        }
    }
    if let Some(sla) = system.as_ref().and_then(|system| register.sla_of(system)) {
        add(&sla.meta, None, Some(sla.spec.expires.value));
    }
    found.sort_by(|one, other| (one.kind, &one.id).cmp(&(other.kind, &other.id)));
    found
}
