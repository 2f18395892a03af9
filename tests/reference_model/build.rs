//! Turns a world into what the real reconciliation takes: records from YAML, exports as they are collected.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use chrono::{DateTime, Utc};
use countersign::import::{CheckInfo, HostIndex, KevListing, Scan, Sighting, Sightings};
use countersign::load::{ApprovalFile, LoadLimits, Repository, parse_record};
use countersign::model::{
    Approval, Date, Decision, Envelope, Exploit, Fingerprint, Host, Instant, Kind, ObservationState, Quality,
    Record, RecordId, ScanSummary, Severity, Stamp, Table,
};
use countersign::source::{FileId, decode, parse};
use serde::de::DeserializeOwned;

use super::world::{
    Agreement, Case, Claim, Cover, Finds, Incident, Row, Run, Says, Sort, Span, Start, Unit, Verdict,
};
use crate::world::{KEV, SCANNER};

const HEAD: &str = "apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\n";

/// Records that were read before, by their text: reading one takes far longer than judging it.
type Known = BTreeMap<String, Box<dyn Any + Send>>;

static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());

/// Keeps no more than so many, for runs over very many worlds.
const MOST_KNOWN: usize = 4_000;

fn record<S: DeserializeOwned + Clone + Send + 'static>(
    kind: Kind,
    id: &str,
    version: &str,
    rest: &str,
) -> Record<S> {
    let text = format!(
        "{HEAD}kind: {}\nid: {id}\ntitle: Made\n{version}{rest}",
        kind.name()
    );
    if let Some(known) = KNOWN.lock().unwrap().get(&text) {
        return known.downcast_ref::<Record<S>>().unwrap().clone();
    }
    let record = read_record::<S>(kind, id, &text);
    let mut known = KNOWN.lock().unwrap();
    if known.len() < MOST_KNOWN {
        known.insert(text, Box::new(record.clone()));
    }
    record
}

fn read_record<S: DeserializeOwned>(kind: Kind, id: &str, text: &str) -> Record<S> {
    let typed = parse_record(FileId(0), text, Some(kind), LoadLimits::default())
        .unwrap_or_else(|faults| panic!("{text}\n{faults:#?}"));
    let envelope: Envelope<S> = decode(&typed.node).unwrap_or_else(|error| panic!("{text}\n{error:?}"));
    Record::new(
        envelope,
        kind,
        FileId(0),
        format!("{id}.yaml").into(),
        typed.references,
    )
}

const VERSION: &str = "version: 1.0.0\n";

/// Returns the records of a world with their approvals.
pub(super) fn repository(case: &Case) -> Repository {
    let isms = format!(
        "spec:\n  organisation: Test\n  scope_statement: All.\n  timezone: {}\n  frameworks: [{{id: iso27001, edition: '2022'}}]\n  severities: [critical, high, medium, low]\n  tiers: [{{id: tier1, name: One}}, {{id: tier2, name: Two}}]\n  regulations: [{{id: law, tag: law, caps: [{{severity: critical, days: 5, from: first_detected}}, {{severity: high, days: 9, from: first_detected}}]}}]\n",
        case.zone
    );
    let (exceptions, acceptances): (Vec<&Cover>, Vec<&Cover>) = case
        .covers
        .iter()
        .partition(|cover| cover.sort == Sort::Exception);
    let mut repository = Repository {
        isms: Some(record(Kind::Isms, "isms", VERSION, &isms)),
        systems: Table::new(case.systems.iter().map(system).collect()),
        tools: Table::new(
            (0..case.scanners.len())
                .map(|index| scanner(case, index))
                .collect(),
        ),
        slas: Table::new(case.agreements.iter().map(agreement).collect()),
        triages: Table::new(case.triages.iter().map(|verdict| triage(case, verdict)).collect()),
        exceptions: Table::new(exceptions.iter().map(|cover| exception(case, cover)).collect()),
        incidents: Table::new(case.incidents.iter().map(|one| incident(case, one)).collect()),
        acceptances: Table::new(acceptances.iter().map(|cover| acceptance(case, cover)).collect()),
        ..Repository::default()
    };
    if let Some(days) = case.reopen_window {
        let policy = format!(
            "spec:\n  text: policies/pol-patch.md\n  cadence: []\n  scanning: {{max_age_days: 7, authenticated: true}}\n  approved_sources: []\n  change_rules: []\n  communications: []\n  retention_years: 2\n  reopen_window_days: {days}\n"
        );
        repository.policies = Table::new(vec![record(Kind::Policy, "pol-patch", VERSION, &policy)]);
    }
    for cover in &case.covers {
        let kind = if cover.sort == Sort::Exception {
            Kind::Exception
        } else {
            Kind::RiskAcceptance
        };
        for at in &cover.approvals {
            repository
                .approvals
                .push(approval(kind, &cover.id, Decision::Approve, *at));
        }
        for at in cover.revoked.iter() {
            repository
                .approvals
                .push(approval(kind, &cover.id, Decision::Revoke, *at));
        }
    }
    if !case.holidays.is_empty() {
        let days: Vec<String> = case.holidays.iter().map(ToString::to_string).collect();
        let rest = format!("spec:\n  holidays: [{}]\n", days.join(", "));
        repository.calendars = Table::new(vec![record(Kind::Calendar, "cal-2026", "", &rest)]);
        let start = DateTime::UNIX_EPOCH;
        repository
            .approvals
            .push(approval(Kind::Calendar, "cal-2026", Decision::Approve, start));
    }
    for incident in &case.incidents {
        for at in &incident.approvals {
            repository
                .approvals
                .push(approval(Kind::Incident, &incident.id, Decision::Approve, *at));
        }
    }
    for verdict in &case.triages {
        for at in &verdict.approvals {
            repository
                .approvals
                .push(approval(Kind::Triage, &verdict.id, Decision::Approve, *at));
        }
    }
    repository
}

static APPROVAL: LazyLock<Approval> = LazyLock::new(|| {
    let text = format!(
        "apiVersion: countersign/v1\nkind: Approval\nsubject: {{kind: Triage, id: tri-0001, fragment: '', digest: 'sha256:{}'}}\ndecision: approve\nrole: role-ciso\nperson: p-kim\nat: 2026-01-01T00:00:00Z\nshown: yes I do\n",
        "0".repeat(64)
    );
    let node = parse(FileId(0), &text, LoadLimits::default().yaml).unwrap();
    decode(&node).unwrap()
});

fn approval(kind: Kind, id: &str, decision: Decision, at: DateTime<Utc>) -> ApprovalFile {
    let mut approval = APPROVAL.clone();
    approval.subject.value.kind = kind.name().into();
    approval.subject.value.id = RecordId::new(id).unwrap();
    approval.decision = decision;
    approval.at.value = Instant(at.fixed_offset());
    ApprovalFile {
        approval,
        file: FileId(0),
        path: format!("approvals/{id}/00000000-p-kim-{}.yaml", at.timestamp()).into(),
        references: Vec::new(),
        signature: None,
    }
}

fn system(unit: &Unit) -> Record<countersign::model::System> {
    let scope = match &unit.out_of_scope {
        None => "{in: true}".into(),
        Some(None) => "{in: false, basis: none}".into(),
        Some(Some(id)) => format!("{{in: false, basis: none, acceptance: {id}}}"),
    };
    let mut rest = format!(
        "spec:\n  type: server\n  tier: {}\n  members: [{}]\n  scope: {scope}\n",
        unit.tier,
        unit.hosts.join(", ")
    );
    if unit.is_regulated {
        rest.push_str("  regulations: [law]\n");
    }
    if let Some(day) = unit.end_of_life {
        let more = unit.extended_support.map_or(String::new(), |day| {
            format!(", extended_support: {{until: {day}}}")
        });
        writeln!(rest, "  lifecycle: {{eol_date: {day}{more}}}").unwrap();
    }
    if let Some(day) = unit.retired_on {
        writeln!(rest, "  state: retired\n  retired_on: {day}").unwrap();
    }
    record(Kind::System, &unit.id, "", &rest)
}

fn scanner(case: &Case, index: usize) -> Record<countersign::model::Source> {
    let scanner = &case.scanners[index];
    let quality = match scanner.quality {
        Quality::Agent => "agent",
        Quality::Authenticated => "authenticated",
        Quality::Unauthenticated | Quality::Banner | Quality::Advisory => "unauthenticated",
    };
    let rest = format!(
        "spec:\n  roles: [scanner]\n  format: nessus-v2\n  timezone: {}\n  max_age_hours: 192\n  priority: {}\n  quality: {quality}\n  absence_means_fixed: {}\n  state: {}\n",
        scanner.zone,
        index + 1,
        scanner.absence_means_fixed,
        if scanner.is_retired { "retired" } else { "approved" }
    );
    record(Kind::Source, &scanner.id, "", &rest)
}

fn agreement(agreement: &Agreement) -> Record<countersign::model::Sla> {
    let start = match agreement.start {
        Start::FirstDetected => "first_detected",
        Start::PatchReleased => "patch_released",
        Start::Earliest => "earliest",
        Start::Latest => "latest",
    };
    let mut rest = format!(
        "spec:\n  parties: [role-ciso]\n  applies_to: \"tier == {}\"\n  clock: {{start: {start}, stop: verified_absence}}\n  raci: []\n  escalation: []\n  expires: 2029-12-31\n  matrix:\n",
        agreement.tier
    );
    for (severity, cell) in Severity::ALL.iter().zip(agreement.cells) {
        let cell = match cell {
            Span::Days(days) => format!("days: {days}"),
            Span::Business(days) => format!("days: {days}, unit: business"),
            Span::Hours(hours) => format!("hours: {hours}"),
        };
        writeln!(
            rest,
            "    - {{severity: {severity}, tier: {}, {cell}}}",
            agreement.tier
        )
        .unwrap();
    }
    if let Some(kev) = agreement.kev {
        let mode = if kev.days.is_some() {
            "days_after_added"
        } else {
            "catalog_due_date"
        };
        write!(rest, "  kev: {{mode: {mode}").unwrap();
        for (name, value) in [
            ("days", kev.days),
            ("min_days", kev.min_days),
            ("floor_hours", kev.floor_hours),
        ] {
            if let Some(value) = value {
                write!(rest, ", {name}: {value}").unwrap();
            }
        }
        rest.push_str("}\n");
    }
    if let Some(days) = agreement.exploited_days {
        writeln!(
            rest,
            "  accelerators: [{{name: exploited, when: \"exploitation == active\", days: {days}}}]"
        )
        .unwrap();
    }
    record(Kind::Sla, &agreement.id, VERSION, &rest)
}

fn scope(case: &Case, cover: &Cover) -> String {
    let names: Vec<&str> = cover
        .vulns
        .iter()
        .map(|vuln| {
            let vuln = &case.vulns[*vuln];
            if cover.by_patch {
                vuln.patch.as_str()
            } else {
                vuln.id.as_str()
            }
        })
        .collect();
    let field = if cover.by_patch { "patches" } else { "vulns" };
    let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    format!(
        "{{{field}: [{}], systems: [{}], resolved: [{}]}}",
        names.join(", "),
        cover.system,
        cover.hosts.join(", ")
    )
}

fn envelope(cover: &Cover) -> String {
    let renews = cover
        .renews
        .as_ref()
        .map_or(String::new(), |id| format!("renews: {id}\n"));
    format!("status: {}\n{renews}", cover.status)
}

fn exception(case: &Case, cover: &Cover) -> Record<countersign::model::Exception> {
    let rest = format!(
        "spec:\n  scope: {}\n  severity: critical\n  starts: {}\n  expires: {}\n  covers_exploited: {}\n",
        scope(case, cover),
        cover.starts,
        cover.expires,
        cover.covers_exploited
    );
    record(Kind::Exception, &cover.id, &envelope(cover), &rest)
}

fn acceptance(case: &Case, cover: &Cover) -> Record<countersign::model::RiskAcceptance> {
    let (sort, subject) = match cover.sort {
        Sort::Exception | Sort::Acceptance => ("vulnerability", scope(case, cover)),
        Sort::Unsupported => ("unsupported_system", format!("{{systems: [{}]}}", cover.system)),
        Sort::ScopeExclusion => ("scope_exclusion", format!("{{systems: [{}]}}", cover.system)),
    };
    let rest = format!(
        "spec:\n  type: {sort}\n  subject: {subject}\n  starts: {}\n  expires: {}\n  covers_exploited: {}\n  inherent: {{likelihood: likely, impact: major}}\n  residual: {{likelihood: unlikely, impact: major}}\n  alternatives_considered: None.\n  statement: I accept.\n",
        cover.starts, cover.expires, cover.covers_exploited
    );
    record(Kind::RiskAcceptance, &cover.id, &envelope(cover), &rest)
}

/// A vector of each severity.
fn vector(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        Severity::High => "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        Severity::Medium => "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N",
        Severity::Low => "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N",
    }
}

fn triage(case: &Case, verdict: &Verdict) -> Record<countersign::model::Triage> {
    let subject = if verdict.hosts.is_empty() {
        format!("systems: [{}]", verdict.system)
    } else {
        format!("resolved: [{}]", verdict.hosts.join(", "))
    };
    let finds = match verdict.finds {
        Finds::FalsePositive => "status: false_positive\n".into(),
        Finds::NotAffected => "status: not_affected\n  justification: component_not_present\n".into(),
        Finds::UnderInvestigation => "status: under_investigation\n".into(),
        Finds::Rated(severity) => format!("status: affected\n  cvss_env: {}\n", vector(severity)),
        Finds::Exploited(day) => format!(
            "status: affected\n  ssvc: {{exploitation: active}}\n  exploit_evidence: [{{source: src-cert, at: {day}}}]\n"
        ),
    };
    let print = verdict.fingerprint.map_or(String::new(), |print| {
        format!("  fingerprint: '{}'\n", fingerprint(print))
    });
    let rest = format!(
        "spec:\n  subject: {{vuln: '{}', {subject}}}\n  {finds}{print}  method: looked\n  evidence: []\n  expires: {}\n",
        case.vulns[verdict.vuln].id, verdict.expires
    );
    record(Kind::Triage, &verdict.id, "", &rest)
}

fn incident(case: &Case, incident: &Incident) -> Record<countersign::model::Incident> {
    let vulns: Vec<String> = incident
        .vulns
        .iter()
        .map(|vuln| format!("'{}'", case.vulns[*vuln].id))
        .collect();
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let rest = format!(
        "status: {}\nspec:\n  class: exploited_vulnerability\n  vulns: [{}]\n  systems: [{}]\n  impact: high\n  urgency: high\n  priority: P1\n  support_tier: tier3\n  detected: {from}\n  sla_overrides:\n    - {{severity: {}, tier: {}, hours: {}, from: {from}, to: {}, justification: seen}}\n",
        incident.status,
        vulns.join(", "),
        incident.system,
        incident.severity,
        incident.tier,
        incident.hours,
        instant(incident.to),
        from = instant(incident.from),
    );
    record(Kind::Incident, &incident.id, "", &rest)
}

fn fingerprint(print: char) -> String {
    format!("sha256:{}", print.to_string().repeat(64))
}

/// Returns the exports of a world.
pub(super) fn scans(case: &Case) -> Vec<Scan> {
    let mut scans: Vec<Scan> = case.runs.iter().map(|run| scan(case, run)).collect();
    if !case.listings.is_empty() {
        let lines = case.listings.iter().map(|listing| {
            let line = KevListing {
                added: Date(listing.added),
                due: listing.due.map(Date),
            };
            (Arc::from(case.vulns[listing.vuln].id.as_str()), line)
        });
        scans.push(Scan {
            absence_means_fixed: None,
            file: "kev".into(),
            source: None,
            is_ad_hoc: true,
            importer: &KEV,
            sha256: "kev".into(),
            summary: ScanSummary::default(),
            hosts: Vec::new(),
            checks: Vec::new(),
            sightings: Sightings::default(),
            kev: lines.collect(),
            epss: Vec::new(),
            knowledge: Vec::new(),
            advice: Vec::new(),
        });
    }
    scans
}

fn scan(case: &Case, run: &Run) -> Scan {
    let scanner = &case.scanners[run.scanner];
    let hosts: Vec<Host> = run
        .targets
        .iter()
        .map(|target| Host {
            name: target.host.clone(),
            quality: target.quality,
            ..Host::default()
        })
        .collect();
    let checks = run.rows.iter().map(|row| Arc::new(check(case, row))).collect();
    let sightings = run
        .rows
        .iter()
        .enumerate()
        .map(|(index, row)| sighting(run, row, index))
        .collect();
    Scan {
        absence_means_fixed: None,
        file: format!("{}-{}", scanner.id, run.at),
        source: RecordId::new(&scanner.id),
        is_ad_hoc: true,
        importer: &SCANNER,
        sha256: format!("{run:?}"),
        summary: ScanSummary {
            run_at: Some(Stamp::At(run.at)),
            hosts: hosts.len() as u64,
            observations: run.rows.len() as u64,
            incomplete: (!run.is_complete).then(|| "cut short".into()),
            ..ScanSummary::default()
        },
        hosts,
        checks,
        sightings,
        kev: Vec::new(),
        epss: Vec::new(),
        knowledge: Vec::new(),
        advice: Vec::new(),
    }
}

fn check(case: &Case, row: &Row) -> CheckInfo {
    let vuln = &case.vulns[row.vuln];
    CheckInfo {
        family: "nessus".into(),
        id: vuln.check.as_str().into(),
        cves: if vuln.has_cve {
            vec![vuln.id.as_str().into()]
        } else {
            Vec::new()
        },
        aliases: Vec::new(),
        title: "A check".into(),
        severity_given: row.severity.word().into(),
        severity: Some(row.severity),
        vectors: Vec::new(),
        remediation: Some(vuln.patch.as_str().into()),
        fix_available: row.fix_available,
        exploit: if row.is_exploited {
            Exploit::Active
        } else {
            Exploit::None
        },
        patch_published: vuln.patch_published,
        potential: false,
    }
}

fn sighting(run: &Run, row: &Row, check: usize) -> (HostIndex, Sighting) {
    let host = run
        .targets
        .iter()
        .position(|target| target.host == row.host)
        .unwrap();
    let (state, last_fixed) = match row.says {
        Says::Open => (ObservationState::Seen, None),
        Says::Reopened => (ObservationState::Reopened, None),
        Says::Fixed(at) => (ObservationState::Fixed, at.map(Stamp::At)),
    };
    let sighting = Sighting {
        check: check as u32,
        state,
        first_seen: row.first.map(|claim| match claim {
            Claim::At(at) => Stamp::At(at),
            Claim::Wall(wall) => Stamp::Wall(wall),
            Claim::Day(day) => Stamp::Day(day),
        }),
        last_seen: None,
        last_fixed,
        fingerprint: row
            .fingerprint
            .and_then(|print| Fingerprint::read(&fingerprint(print))),
        instances: 1,
        suppressed: None,
    };
    (HostIndex(host as u32), sighting)
}
