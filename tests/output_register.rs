//! The register in each format: exact bytes for small inputs, validity against the schema, hostile text.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use countersign::diagnostic::Diagnostic;
use countersign::import::Product;
use countersign::load::Repository;
use countersign::model::{
    CoverageRef, CvssVector, Disposition, Exploit, Finding, HostStatus, Rate, RecordId, Said, Severity,
    Skipped, parse_date, parse_instant,
};
use countersign::output::Style;
use countersign::output::register::{Format, Report, write};
use countersign::output::text::is_unsafe;
use countersign::reconcile::{HostRow, HostState, ImportLine, ImportState, Kpi, Period, Register, SystemRow};
use countersign::source::{FileId, Span};
use countersign::trust::Standings;
use serde_json::Value;

use super::output::{as_of, assert_valid, output_schema, sources};

fn at(text: &str) -> DateTime<Utc> {
    parse_instant(text).unwrap().utc()
}

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

pub(crate) fn finding(host: &str, vuln: &str, disposition: Disposition) -> Finding {
    Finding {
        host: host.into(),
        system: Some(id("sys-web-shop")),
        vuln: vuln.into(),
        said: Arc::new(Said {
            aliases: ["nessus:12345".into()].into(),
            joined: [].into(),
            title: "A title".into(),
            remediation: Some("KB5043050".into()),
            severity: Some(Severity::Critical),
            severity_given: "High".into(),
            vector: Some(CvssVector {
                text: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
                version: 31,
                base: 9.8,
                score: 9.8,
            }),
            fix_available: None,
            patch_published: None,
            observers: ["src-nessus".into(), "src-qualys".into()].into(),
        }),
        environmental: None,
        severity: Severity::Critical,
        kev: parse_date("2026-09-10"),
        epss: Some(0.42),
        exploit: Exploit::Active,
        exploited_since: parse_date("2026-09-10"),
        alerted: None,
        patch_published: None,
        first_seen: at("2026-09-01T04:00:00Z"),
        last_seen: at("2026-09-30T04:00:00Z"),
        base_due: at("2026-09-15T21:59:59Z"),
        due: at("2026-09-15T21:59:59Z"),
        due_reason: "accelerator:exploited".into(),
        segments: Arc::default(),
        plan_by: None,
        disposition,
        triage: None,
        coverage: None,
        suspended: vec![],
        lapsed: vec![],
        breached: Some(at("2026-09-15T21:59:59Z")),
        decided_at_base_due: false,
        closed: None,
        installed: None,
        recurrence: 0,
        stale: false,
        discrepancy: None,
        instances: 2,
        tier: Some("tier1".into()),
        notes: vec![],
    }
}

fn deferred() -> Finding {
    Finding {
        severity: Severity::High,
        kev: None,
        due: at("2026-10-31T22:59:59Z"),
        due_reason: "sla:high/tier1".into(),
        triage: None,
        coverage: Some(CoverageRef {
            id: id("exc-0014"),
            until: at("2026-10-31T22:59:59Z"),
            is_emergency: false,
        }),
        breached: None,
        decided_at_base_due: true,
        ..finding("app01", "CVE-2026-2222", Disposition::Deferred)
    }
}

fn unclaimed() -> Finding {
    Finding {
        system: None,
        due: at("2026-10-02T06:00:00Z"),
        due_reason: "strictest:no-system".into(),
        breached: None,
        stale: true,
        severity: Severity::Low,
        kev: None,
        ..finding("日本-host", "nessus:10", Disposition::DueSoon)
    }
}

fn fixed() -> Finding {
    Finding {
        breached: None,
        closed: Some(at("2026-09-12T10:00:00Z")),
        severity: Severity::Medium,
        kev: None,
        ..finding("app01", "CVE-2026-3333", Disposition::FixedInTime)
    }
}

fn host(name: &str, system: Option<&str>, state: HostState) -> HostRow {
    HostRow {
        id: name.into(),
        system: system.map(id),
        claims: system.map(id).into_iter().collect(),
        is_known: system.is_some(),
        status: HostStatus::Active,
        retired_since: None,
        is_scanned: true,
        counts: system.is_some(),
        first_known: Some(at("2026-09-01T04:00:00Z")),
        last_scan: Some(at("2026-09-30T04:00:00Z")),
        last_authenticated_scan: None,
        last_qualifying_scan: None,
        candidates: vec![],
        replaced: None,
        location: None,
        os: None,
        ips: vec![],
        state,
    }
}

pub(crate) fn register(repository: &Repository, findings: Vec<Finding>) -> Register<'_> {
    let import = ImportLine {
        source: Some(id("src-nessus")),
        format: "nessus-v2",
        product: Product::Scan,
        file: "imports/src-nessus/2026-09-30.nessus".into(),
        sha256: "ab".repeat(32),
        run_at: Some(at("2026-09-30T04:00:00Z")),
        hosts: 3,
        observations: 340,
        informational: 1210,
        skipped: vec![Skipped {
            reason: "no plugin id".into(),
            rows: 2,
        }],
        state: ImportState::Complete,
        reason: None,
        zone_is_known: true,
        unauthenticated_hosts: 0,
        same_run_as: None,
    };
    let later = ImportLine {
        source: None,
        file: "later.csv".into(),
        run_at: None,
        skipped: vec![],
        state: ImportState::Ignored,
        reason: Some("newer than as-of".into()),
        ..import.clone()
    };
    let system = SystemRow {
        id: id("sys-web-shop"),
        hosts: vec!["app01".into(), "web01".into()],
        slas: vec![id("sla-main")],
        counts: true,
        is_unsupported: false,
        state: HostState::Overdue,
        closed_rate: Rate {
            numerator: 1,
            denominator: 3,
        },
        by_disposition: BTreeMap::from([(Disposition::Overdue, 1)]),
    };
    let kpi = Kpi::share;
    Register {
        repository,
        standings: Standings::default(),
        as_of: as_of(),
        period: Period::year_before(as_of()),
        imports: vec![import, later],
        hosts: vec![
            host("app01", Some("sys-web-shop"), HostState::Deferred),
            host("web01", Some("sys-web-shop"), HostState::Overdue),
            host("日本-host", None, HostState::Open),
        ],
        systems: BTreeMap::from([(system.id.clone(), system)]),
        findings,
        kev: BTreeMap::new(),
        foreign_hosts: BTreeMap::new(),
        conflicts: Vec::new(),
        suppressed: Vec::new(),
        stray_alerts: Vec::new(),
        watch_list: Vec::new(),
        vex: Vec::new(),
        kpis: BTreeMap::from([
            ("host_compliance", kpi("good hosts, of all", 0, 0)),
            ("sla_rate_governed", kpi("in time or decided, of all", 29, 30)),
            ("sla_rate_net", kpi("in time, of those undecided", 9, 10)),
            ("sla_rate_strict", kpi("in time, of all", 28, 30)),
        ]),
        months: Vec::new(),
        installs: Vec::new(),
        missing_history: None,
    }
}

pub(crate) fn shop() -> Vec<Finding> {
    vec![
        deferred(),
        fixed(),
        finding("web01", "CVE-2026-1111", Disposition::Overdue),
        unclaimed(),
    ]
}

pub(crate) fn repository() -> Repository {
    Repository {
        sources: sources(&[("isms.yaml", "id: isms\n")]),
        ..Repository::default()
    }
}

pub(crate) fn written(register: &Register<'_>, format: Format, style: Style) -> String {
    let diagnostic =
        Diagnostic::error("REC001", Span::start_of(FileId(0)), "overdue").subject("web01 CVE-2026-1111");
    let report = Report {
        register,
        diagnostics: &[diagnostic],
        commit: None,
    };
    let mut out = Vec::new();
    write(&report, format, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn json_has_the_members_of_the_contract_in_its_order() {
    let repository = repository();
    let register = register(&repository, shop());
    let text = written(&register, Format::Json, Style::plain());
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_valid(&output_schema("register-v1"), &document);
    let in_order = |value: &Value, contract: &[&str]| {
        let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let found: Vec<&str> = keys
            .iter()
            .copied()
            .filter(|key| contract.contains(key))
            .collect();
        assert_eq!(found, contract);
    };
    in_order(
        &document,
        &[
            "schema",
            "as_of",
            "imports",
            "totals",
            "kpis",
            "findings",
            "diagnostics",
            "summary",
        ],
    );
    in_order(
        &document["imports"][0],
        &[
            "source",
            "file",
            "sha256",
            "run_at",
            "hosts",
            "observations",
            "informational",
            "skipped",
            "state",
            "reason",
        ],
    );
    let finding = serde_json::json!({
        "host": "web01", "system": "sys-web-shop", "vuln": "CVE-2026-1111", "aliases": ["nessus:12345"],
        "remediation": "KB5043050", "severity": "critical", "severity_given": "High",
        "cvss": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "kev": true, "epss": 0.42,
        "first_seen": "2026-09-01T04:00:00Z", "due": "2026-09-15T23:59:59+02:00",
        "due_reason": "accelerator:exploited", "disposition": "overdue", "coverage": null,
        "opened": "2026-09-01T04:00:00Z", "closed": null, "recurrence": 0, "observers": ["src-nessus", "src-qualys"],
    });
    let contract: Vec<&str> = finding.as_object().unwrap().keys().map(String::as_str).collect();
    in_order(&document["findings"][2], &contract);
    for (name, value) in finding.as_object().unwrap() {
        assert_eq!(&document["findings"][2][name], value, "{name}");
    }
    assert_eq!(
        document["findings"][0]["coverage"],
        serde_json::json!({"id": "exc-0014", "until": "2026-10-31T23:59:59+01:00", "approval": "approved"})
    );
    assert_eq!(document["totals"]["findings"], 4);
    assert_eq!(document["totals"]["by_disposition"]["overdue"], 1);
    assert_eq!(document["totals"]["by_disposition"]["accepted"], 0);
    assert_eq!(document["kpis"]["sla_rate_strict"]["value"], "93.3");
    assert_eq!(document["kpis"]["host_compliance"]["value"], "n/a");
    assert_eq!(document["imports"][0]["skipped"], 2);
    assert_eq!(document["summary"]["error"], 1);
    assert_eq!(document["diagnostics"][0]["code"], "REC001");
}

#[test]
fn an_empty_register_is_valid() {
    let repository = repository();
    let mut register = register(&repository, vec![]);
    register.imports.clear();
    register.hosts.clear();
    register.systems.clear();
    register.kpis.clear();
    let document = serde_json::from_str(&written(&register, Format::Json, Style::plain())).unwrap();
    assert_valid(&output_schema("register-v1"), &document);
}

#[test]
fn each_line_of_jsonl_is_a_finding_of_the_json() {
    let repository = repository();
    let register = register(&repository, shop());
    let document: Value = serde_json::from_str(&written(&register, Format::Json, Style::plain())).unwrap();
    let lines = written(&register, Format::Jsonl, Style::plain());
    let findings: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(document["findings"], Value::Array(findings));
}

/// Refuses to be given much at once, and to take more than a few bytes.
struct Narrow(usize);

impl std::io::Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        assert!(bytes.len() <= 16 * 1024, "{} bytes were held", bytes.len());
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn machine_formats_hold_nothing_and_stop_at_a_closed_pipe() {
    let repository = repository();
    let register = register(&repository, (0..2000).flat_map(|_| shop()).collect());
    for format in [Format::Json, Format::Jsonl, Format::Csv] {
        let report = Report {
            register: &register,
            diagnostics: &[],
            commit: None,
        };
        write(&report, format, Style::plain(), &mut Narrow(usize::MAX)).unwrap();
        let error = write(&report, format, Style::plain(), &mut Narrow(100_000)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
}

#[test]
fn a_spreadsheet_gets_numbers_as_numbers_and_formulas_as_text() {
    let repository = repository();
    let mut hostile = finding("=HYPERLINK(\"http://x\")", "@x", Disposition::Open);
    let said = Arc::make_mut(&mut hostile.said);
    said.title = "+1\n\"quoted\", \u{202e}".into();
    said.severity_given = "\u{ff20}SUM".into();
    said.aliases = [Arc::from("-1")].into();
    let register = register(&repository, vec![hostile]);
    let text = written(&register, Format::Csv, Style::plain());
    assert_eq!(text.lines().count(), 2, "{text}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |name: &str| {
        row.get(headings.iter().position(|heading| heading == name).unwrap())
            .unwrap()
    };
    assert_eq!(cell("host"), "'=HYPERLINK(\"http://x\")");
    assert_eq!(cell("vuln"), "'@x");
    assert_eq!(cell("title"), "'+1\\n\"quoted\", \\u{202e}");
    assert_eq!(cell("severity_given"), "'\u{ff20}SUM");
    assert_eq!(cell("aliases"), "'-1");
    assert_eq!(
        (cell("due"), cell("disposition")),
        ("2026-09-15T23:59:59+02:00", "open")
    );
    assert!(
        text.contains(",9.8,") && text.contains(",0.42,") && text.contains("\"'=HYPER"),
        "{text}"
    );
}

#[test]
fn hostile_names_stay_text_in_every_format() {
    let repository = repository();
    let hostile = "::error::\u{1b}[31m\u{202e}\r\n##vso[task.x]";
    let mut finding = finding(hostile, hostile, Disposition::Overdue);
    Arc::make_mut(&mut finding.said).title = hostile.into();
    (finding.system, finding.due_reason) = (None, hostile.into());
    let mut register = register(&repository, vec![finding]);
    register.imports[0].file = hostile.into();
    register.imports[0].skipped[0].reason = hostile.into();
    register.imports[1].reason = Some(hostile.into());
    for format in Format::ALL {
        let text = written(&register, format, Style::plain());
        assert!(
            !text
                .chars()
                .any(|character| character != '\n' && is_unsafe(character)),
            "{text:?}"
        );
        assert!(!text.contains("##vso["), "{text}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{text}"
        );
    }
    let line: Value = serde_json::from_str(&written(&register, Format::Jsonl, Style::plain())).unwrap();
    assert_eq!(line["host"], hostile);
}
