//! The register of the sample, built by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use countersign::diagnostic::Diagnostic;
use countersign::document::Provenance;
use countersign::import::Product;
use countersign::load::Repository;
use countersign::model::{
    AsOf, ClaimStatus, CoverageRef, CvssVector, Disposition, Exploit, Finding, HostStatus, Rate, RecordId,
    Remedy, Said, Severity, Skipped, Zone, parse_date,
};
use countersign::reconcile::{
    HostRow, HostState, ImportLine, ImportState, Kpi, Period, Register, SystemRow, VersionMatch,
    VexStatement, WatchRow, WhoSaid,
};
use countersign::source::{FileId, Span};

pub(super) fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn as_of() -> AsOf {
    AsOf::end_of(
        parse_date("2026-01-01").unwrap(),
        Zone::named("Europe/Berlin").unwrap(),
    )
}

struct Seed(
    &'static str,
    Option<&'static str>,
    &'static str,
    &'static str,
    Severity,
    f64,
    Disposition,
    &'static str,
    Option<&'static str>,
);

#[rustfmt::skip]
fn seeds() -> Vec<Seed> {
    use Disposition as D;
    use Severity as S;
    vec![
        Seed("dc01.nordhafen.example", Some("sys-directory"), "CVE-2025-1333", "Netlogon elevation of privilege", S::Critical, 9.8, D::Overdue, "2025-12-20", None),
        Seed("dc02.nordhafen.example", Some("sys-directory"), "CVE-2025-1333", "Netlogon elevation of privilege", S::Critical, 9.8, D::Overdue, "2025-12-20", None),
        Seed("dc02.nordhafen.example", Some("sys-directory"), "CVE-2025-2001", "LDAP service memory corruption", S::High, 8.1, D::DueSoon, "2026-01-05", None),
        Seed("erp01.nordhafen.example", Some("sys-erp"), "CVE-2025-1000", "Kernel use after free", S::High, 7.8, D::Deferred, "2026-01-15", Some("exc-0002")),
        Seed("erp02.nordhafen.example", Some("sys-erp"), "CVE-2025-1000", "Kernel use after free", S::High, 7.8, D::Deferred, "2026-01-15", Some("exc-0002")),
        Seed("erp03.nordhafen.example", Some("sys-erp"), "CVE-2025-1000", "Kernel use after free", S::High, 7.8, D::Open, "2026-01-20", None),
        Seed("kiosk01.nordhafen.example", Some("sys-kiosk"), "CVE-2025-1222", "Browser type confusion", S::Medium, 6.5, D::Overdue, "2025-11-30", None),
        Seed("kiosk01.nordhafen.example", Some("sys-kiosk"), "CVE-2025-2002", "Printer spooler", S::Low, 3.1, D::Open, "2026-04-30", None),
        Seed("label01.nordhafen.example", Some("sys-legacy"), "CVE-2025-1777", "SMBv1 in use", S::High, 8.8, D::AcceptedUnsupported, "2026-04-30", Some("rac-0001")),
        Seed("label01.nordhafen.example", Some("sys-legacy"), "CVE-2025-1888", "Default credentials", S::Critical, 9.1, D::UnsupportedUngoverned, "2025-12-24", None),
        Seed("unknown-7f.nordhafen.example", None, "CVE-2025-2003", "Old OpenSSH", S::Medium, 5.3, D::Open, "2026-01-09", None),
        Seed("web01.nordhafen.example", Some("sys-web-shop"), "CVE-2025-1111", "TLS library buffer overflow", S::Critical, 9.8, D::Deferred, "2026-03-31", Some("exc-0003")),
        Seed("web01.nordhafen.example", Some("sys-web-shop"), "CVE-2025-2004", "Session fixation", S::Medium, 6.1, D::FixedInTime, "2025-12-31", None),
        Seed("web02.nordhafen.example", Some("sys-web-shop"), "CVE-2025-0009", "Weak TLS", S::Low, 3.7, D::NotApplicable, "2026-02-01", Some("tri-0001")),
        Seed("web02.nordhafen.example", Some("sys-web-shop"), "CVE-2025-2005", "Request smuggling", S::High, 8.2, D::FixedLate, "2025-10-10", None),
    ]
}

fn finding(seed: &Seed, foreign: &str) -> Finding {
    let Seed(host, system, vuln, title, severity, score, disposition, due, coverage) = seed;
    let due = as_of()
        .zone()
        .end_of_day(parse_date(due).unwrap())
        .with_timezone(&Utc);
    let base_due = if coverage.is_some() {
        due - TimeDelta::days(60)
    } else {
        due
    };
    let kev = (*score > 9.5).then(|| parse_date("2025-12-10").unwrap());
    Finding {
        host: format!("{host}{foreign}").into(),
        system: system.map(id),
        vuln: (*vuln).into(),
        said: Arc::new(Said {
            aliases: [Arc::from(format!("nessus:{}{foreign}", vuln.len()).as_str())].into(),
            joined: [].into(),
            title: format!("{title}{foreign}").into(),
            remediation: Some(format!("KB50{}{foreign}", &vuln[9..]).into()),
            severity: Some(*severity),
            severity_given: format!("High{foreign}").into(),
            vector: Some(CvssVector {
                text: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
                version: 31,
                base: *score,
                score: *score,
            }),
            fix_available: None,
            patch_published: None,
            observers: ["src-nessus".into(), "src-qualys".into()].into(),
        }),
        environmental: None,
        severity: *severity,
        kev,
        exploited_since: kev,
        alerted: None,
        patch_published: None,
        epss: Some((score * 97.0).round() / 1000.0),
        exploit: if kev.is_some() {
            Exploit::Active
        } else {
            Exploit::Poc
        },
        first_seen: at("2025-11-20T04:00:00Z"),
        last_seen: at("2025-12-31T04:00:00Z"),
        base_due,
        due,
        due_reason: if kev.is_some() {
            "accelerator:exploited".into()
        } else {
            "sla:high/tier1".into()
        },
        segments: Arc::default(),
        plan_by: None,
        disposition: *disposition,
        triage: (*disposition == Disposition::NotApplicable).then(|| id("tri-0001")),
        coverage: coverage.map(|coverage| CoverageRef {
            id: id(coverage),
            until: due,
            is_emergency: false,
        }),
        suspended: if *host == "dc01.nordhafen.example" {
            vec![id("exc-0005")]
        } else {
            Vec::new()
        },
        lapsed: if *vuln == "CVE-2025-1222" {
            vec![id("exc-0004")]
        } else {
            Vec::new()
        },
        closed: disposition.is_closed().then(|| at("2025-12-30T10:00:00Z")),
        installed: None,
        recurrence: u32::from(*vuln == "CVE-2025-2003"),
        stale: *host == "kiosk01.nordhafen.example",
        discrepancy: None,
        instances: 2,
        tier: Some("tier1".into()),
        breached: (*disposition == Disposition::FixedLate).then_some(base_due),
        decided_at_base_due: coverage.is_some(),
        notes: if *vuln == "CVE-2025-2004" {
            vec![format!("rated lower by triage{foreign}").into()]
        } else {
            Vec::new()
        },
    }
}

#[rustfmt::skip]
fn hosts(foreign: &str) -> Vec<HostRow> {
    let row = |host: &str, system: Option<&str>, state: HostState, scan: Option<&str>| HostRow {
        id: format!("{host}{foreign}").into(),
        system: system.map(id),
        claims: system.map(id).into_iter().collect(),
        is_known: system.is_some(),
        status: HostStatus::Active,
        retired_since: None,
        is_scanned: scan.is_some(),
        counts: system.is_some(),
        first_known: scan.map(at),
        last_scan: scan.map(at),
        last_authenticated_scan: None,
        last_qualifying_scan: scan.map(at).filter(|_| state != HostState::Unscanned),
        candidates: Vec::new(),
        replaced: None,
        location: None,
        os: Some(format!("Windows Server 2022{foreign}")),
        ips: vec!["10.0.0.7".into()],
        state,
    };
    let scan = Some("2025-12-31T04:00:00Z");
    let mut hosts = vec![
        row("dc01.nordhafen.example", Some("sys-directory"), HostState::Overdue, scan),
        row("dc02.nordhafen.example", Some("sys-directory"), HostState::Overdue, scan),
        row("erp01.nordhafen.example", Some("sys-erp"), HostState::Deferred, scan),
        row("erp02.nordhafen.example", Some("sys-erp"), HostState::Deferred, scan),
        row("erp03.nordhafen.example", Some("sys-erp"), HostState::Open, scan),
        row("kiosk01.nordhafen.example", Some("sys-kiosk"), HostState::Overdue, scan),
        row("kiosk02.nordhafen.example", Some("sys-kiosk"), HostState::Unscanned, None),
        row("label01.nordhafen.example", Some("sys-legacy"), HostState::Accepted, scan),
        row("unknown-7f.nordhafen.example", None, HostState::Open, scan),
        row("web01.nordhafen.example", Some("sys-web-shop"), HostState::Deferred, scan),
        row("web02.nordhafen.example", Some("sys-web-shop"), HostState::Unscanned, scan),
    ];
    hosts[4].claims.push(id("sys-web-shop"));
    hosts[8].candidates = vec!["erp02.nordhafen.example".into()];
    hosts
}

#[rustfmt::skip]
fn imports(foreign: &str) -> Vec<ImportLine> {
    let line = |source: Option<&str>, file: &str, run_at: Option<&str>, counts: [u64; 3], state: ImportState| ImportLine {
        source: source.map(id),
        format: "nessus-v2",
        product: Product::Scan,
        file: format!("{file}{foreign}"),
        sha256: format!("{:064x}", counts[0]),
        run_at: run_at.map(at),
        hosts: 10,
        observations: counts[0],
        informational: counts[1],
        skipped: if counts[2] > 0 { vec![Skipped { reason: format!("no severity{foreign}"), rows: counts[2] }] } else { Vec::new() },
        state,
        reason: (state != ImportState::Complete).then(|| format!("the run was stopped{foreign}")),
        zone_is_known: true,
        unauthenticated_hosts: 0,
        same_run_as: None,
    };
    vec![
        line(Some("src-nessus"), "imports/src-nessus/2025-12-31.nessus", Some("2025-12-31T04:00:00Z"), [340, 1210, 3], ImportState::Complete),
        line(Some("src-qualys"), "imports/src-qualys/2025-12-20.csv", Some("2025-12-20T22:00:00Z"), [128, 512, 0], ImportState::Incomplete),
        line(None, "scan.json", None, [12, 0, 0], ImportState::Complete),
        line(Some("src-nessus"), "imports/src-nessus/2026-01-07.nessus", Some("2026-01-07T04:00:00Z"), [200, 800, 0], ImportState::Ignored),
    ]
}

/// Builds the register by hand; `foreign` is put into every field that a scanner fills with words.
#[rustfmt::skip]
pub(crate) fn sample_register<'a>(repository: &'a Repository, foreign: &str) -> Register<'a> {
    let as_of = as_of();
    let findings: Vec<Finding> = seeds().iter().map(|seed| finding(seed, foreign)).collect();
    let hosts = hosts(foreign);
    let system = |system: &str, state: HostState, rate: (u64, u64)| {
        let mut by_disposition = BTreeMap::new();
        for finding in findings.iter().filter(|finding| finding.system == Some(id(system))) {
            *by_disposition.entry(finding.disposition).or_insert(0) += 1;
        }
        let of_system = hosts.iter().filter(|host| host.system == Some(id(system)));
        let row = SystemRow {
            id: id(system),
            hosts: of_system.map(|host| host.id.clone()).collect(),
            slas: vec![id("sla-standard")],
            counts: true,
            is_unsupported: system == "sys-legacy",
            state,
            closed_rate: Rate { numerator: rate.0, denominator: rate.1 },
            by_disposition,
        };
        (row.id.clone(), row)
    };
    let systems = BTreeMap::from([
        system("sys-directory", HostState::Overdue, (31, 34)),
        system("sys-erp", HostState::Open, (12, 14)),
        system("sys-kiosk", HostState::Overdue, (0, 0)),
        system("sys-legacy", HostState::Accepted, (2, 9)),
        system("sys-web-shop", HostState::Unscanned, (40, 40)),
    ]);
    let kpi = Kpi::share;
    let kpis = BTreeMap::from([
        ("host_compliance", kpi("hosts without an overdue finding and with a qualifying scan, over hosts that count", 6, 10)),
        ("scan_coverage", kpi("hosts with a qualifying scan in time, over hosts that count", 8, 10)),
        ("sla_rate_governed", kpi("closed in time or under a decision, over all findings due in the period", 33, 36)),
        ("sla_rate_net", kpi("closed in time, over findings due in the period and under no decision", 28, 30)),
        ("sla_rate_strict", kpi("closed in time, over all findings due in the period", 28, 36)),
    ]);
    Register {
        repository,
        standings: crate::signing::believing(repository, as_of.instant()),
        as_of,
        period: Period::year_before(as_of),
        imports: imports(foreign),
        hosts,
        systems,
        findings,
        kev: BTreeMap::new(),
        foreign_hosts: BTreeMap::new(),
        conflicts: Vec::new(),
        suppressed: Vec::new(),
        stray_alerts: Vec::new(),
        watch_list: vec![suspicion(foreign)],
        vex: vec![statement(foreign)],
        kpis,
        months: Vec::new(),
        installs: Vec::new(),
        missing_history: None,
    }
}

fn said(foreign: &str) -> WhoSaid {
    WhoSaid {
        publisher: format!("Example Project{foreign}").into(),
        document: format!("EX-2025-7{foreign}").into(),
        at: at("2025-12-28T09:00:00Z"),
        observer: "src-advisories".into(),
        file: format!("imports/src-advisories/ex-2025-7.json{foreign}").into(),
    }
}

/// What an advisory alone says.
fn suspicion(foreign: &str) -> WatchRow {
    WatchRow {
        system: id("sys-web-shop"),
        vuln: "CVE-2025-3003".into(),
        aliases: vec![format!("EX-7{foreign}").into()],
        title: format!("Request smuggling{foreign}").into(),
        software: format!("nginx{foreign}").into(),
        product: format!("nginx before 1.29.4{foreign}").into(),
        version: VersionMatch::NotCompared,
        status: ClaimStatus::Affected,
        severity: Some(Severity::High),
        kev: None,
        epss: Some(0.12),
        said: said(foreign),
        remedies: vec![Remedy {
            category: "vendor_fix".into(),
            details: format!("Update to 1.29.4.{foreign}"),
            url: Some(format!("https://advisories.example/7{foreign}")),
            key: None,
            date: None,
        }],
        notes: vec![format!("version not compared{foreign}").into()],
    }
}

/// What VEX says of a finding.
fn statement(foreign: &str) -> VexStatement {
    VexStatement {
        vuln: "CVE-2025-1000".into(),
        status: ClaimStatus::NotAffected,
        said: said(foreign),
        title: format!("Widget{foreign}").into(),
        products: vec![format!("Widget 1{foreign}").into()],
        product_count: 1,
        justification: Some(format!("component_not_present{foreign}").into()),
        impact: None,
        open: 3,
    }
}

#[rustfmt::skip]
pub(crate) fn diagnostics(foreign: &str) -> Vec<Diagnostic> {
    let span = Span::start_of(FileId(0));
    vec![
        Diagnostic::error("REC001", span, format!("finding is overdue since `2025-12-20`{foreign}")).subject(format!("dc01.nordhafen.example CVE-2025-1333{foreign}")),
        Diagnostic::error("EXC001", span, "exception `exc-0004` has expired").subject("exc-0004"),
        Diagnostic::warn("SOA005", span, "control 8.8 names another id"),
    ]
}

pub(crate) fn provenance(diagnostics: &[Diagnostic]) -> Provenance<'_> {
    Provenance {
        commit: Some("4be1c0ffee4be1c0ffee4be1c0ffee4be1c0ffee".into()),
        modified: false,
        tree_digest: "aa".repeat(32),
        config_digest: Some("bb".repeat(32)),
        tool_version: "0.1.0".into(),
        rule_set_digest: "cc".repeat(32),
        diagnostics,
        lives: None,
        is_live: false,
        has_calendar: false,
    }
}
