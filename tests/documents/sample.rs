//! A repository and a register that are rich enough to fill every document.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use countersign::diagnostic::Diagnostic;
use countersign::document::Provenance;
use countersign::import::Product;
use countersign::load::{LoadLimits, Repository, load};
use countersign::model::controls::{Edition, catalogue, predecessors};
use countersign::model::{
    AsOf, Configuration, CoverageRef, Disposition, Exploit, Finding, HostStatus, Rate, RecordId, Severity, Skipped, Zone,
    parse_date,
};
use countersign::reconcile::{HostRow, HostState, ImportLine, ImportState, Kpi, Period, Register, SystemRow};
use countersign::source::{Span, FileId, read_folder};
use countersign::trust::standings;

pub fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn as_of() -> AsOf {
    AsOf::end_of(parse_date("2026-01-01").unwrap(), Zone::named("Europe/Berlin").unwrap())
}

fn record(kind: &str, id: &str, title: &str, extra: &str, spec: &str) -> String {
    let title = serde_json::to_string(title).unwrap();
    format!("apiVersion: countersign/v1\nkind: {kind}\nid: {id}\ntitle: {title}\nowner: role-ciso\ncreated: 2025-01-02\n{extra}spec:\n{spec}")
}

/// Returns the files of the sample; `foreign` is put into every field that people fill with words.
pub fn files(foreign: &str) -> BTreeMap<String, String> {
    let word = |text: &str| serde_json::to_string(&format!("{text}{foreign}")).unwrap();
    let mut files = BTreeMap::new();
    let mut put = |path: String, text: String| drop(files.insert(path, text));
    put("isms.yaml".into(), record("Isms", "isms", "ISMS", "version: 1.0.0\nclassification: internal\n", &format!(
        "  organisation: {}\n  scope_statement: {}\n  timezone: Europe/Berlin\n  frameworks:\n  - {{id: iso27001, edition: \"2022\"}}\n  severities: [critical, high, medium, low]\n  tiers:\n  - {{id: tier0, name: Identity and core}}\n  - {{id: tier1, name: Business critical}}\n  - {{id: tier2, name: Standard}}\n  risk_matrix:\n    likelihood: [rare, possible, likely]\n    impact: [minor, major]\n    levels: [[low, medium], [low, high], [medium, extreme]]\n",
        word("Nordhafen Logistics AG"),
        word("Operation of the web shop, the ERP and the identity services at the sites Hamburg and Kiel."),
    )));
    for (person, name) in [("p-kim", "Kim Larsen"), ("p-ada", "Ada Winter"), ("p-jon", "Jon Petersen")] {
        put(format!("people/{person}.yaml"), record("Person", person, name, "", &format!(
            "  name: {}\n  email: {}@nordhafen.example\n  active: {{from: 2020-01-01}}\n  keys: []\n", word(name), &person[2..])));
    }
    for (role, title) in [("role-ciso", "Chief information security officer"), ("role-it", "IT operations"), ("role-shop", "Owner of the web shop")] {
        put(format!("roles/{role}.yaml"), record("Role", role, title, "",
            "  type: role\n  holders:\n  - {person: p-kim, from: 2020-01-01}\n"));
    }
    for (system, title, tier, hosts) in [
        ("sys-directory", "Directory services", "tier0", "dc01.nordhafen.example, dc02.nordhafen.example"),
        ("sys-erp", "ERP", "tier1", "erp01.nordhafen.example, erp02.nordhafen.example, erp03.nordhafen.example"),
        ("sys-kiosk", "Warehouse kiosks", "tier2", "kiosk01.nordhafen.example"),
        ("sys-legacy", "Label printing (end of life)", "tier2", "label01.nordhafen.example"),
        ("sys-web-shop", "Web shop", "tier1", "web01.nordhafen.example, web02.nordhafen.example"),
    ] {
        put(format!("systems/{system}.yaml"), record("System", system, &format!("{title}{foreign}"), "", &format!(
            "  members: [{hosts}]\n  type: server\n  patch_owner: role-it\n  tier: {tier}\n  scope: {{in: true}}\n")));
    }
    for (source, title, hours) in [("src-nessus", "Nessus", 192), ("src-qualys", "Qualys", 48), ("src-cmdb", "CMDB", 720)] {
        put(format!("sources/{source}.yaml"), record("Source", source, title, "", &format!(
            "  roles: [scanner]\n  format: nessus-v2\n  timezone: UTC\n  max_age_hours: {hours}\n  state: approved\n")));
    }
    put("soa/soa-2025.yaml".into(), soa(&word));
    put("slas/sla-standard.yaml".into(), record("Sla", "sla-standard", "Standard agreement", "version: 2.1.0\n",
        "  parties: [role-ciso, role-it]\n  applies_to: {all: true}\n  matrix:\n  - {severity: critical, tier: tier0, days: 7}\n  clock: {start: first_detected, stop: verified_absence}\n  raci:\n  - {activity: patching, R: [role-it]}\n  escalation:\n  - {level: 1, role: role-ciso, within_hours: 24}\n  headline: net\n  expires: 2026-01-20\n"));
    put("triage/tri-0001.yaml".into(), record("Triage", "tri-0001", &format!("Weak TLS is a false positive{foreign}"), "",
        "  subject: {vuln: CVE-2025-0009, hosts: [web02.nordhafen.example]}\n  status: false_positive\n  method: read the configuration\n  evidence: [ev-0001]\n  expires: 2026-01-12\n"));
    decisions(&mut files, foreign);
    files
}

/// Every fourth way of standing, exclusions, a missing control, a custom one and one that is unknown.
fn soa(word: &dyn Fn(&str) -> String) -> String {
    let mut spec = String::from("  edition: \"2022\"\n  entries:\n");
    for (index, control) in catalogue(Edition::Iso2022).iter().enumerate() {
        if control.id == "8.16" {
            continue;
        }
        let excluded = matches!(control.id, "7.4" | "8.30");
        let legacy = predecessors(control.id).iter().map(|id| format!("{id:?}")).collect::<Vec<_>>().join(", ");
        spec += &format!("  - control: {:?}\n    legacy: [{legacy}]\n    applicable: {}\n", control.id, !excluded);
        if excluded {
            spec += &format!("    justification: {}\n", word("No software is developed outside, and the site is guarded by the landlord."));
            continue;
        }
        let implementation = match index % 9 {
            0 => "partial",
            4 => "planned",
            7 if index % 2 == 0 => "none",
            _ => "implemented",
        };
        spec += &format!(
            "    reasons: [{}, practice]\n    justification: {}\n    implementation: {implementation}\n    owner: role-it\n    policies: [pol-patching]\n",
            if index % 3 == 0 { "\"risk:r-ransomware\"" } else { "\"legal:nis2\"" },
            word("Needed against loss of the web shop through known weaknesses."),
        );
        if implementation == "planned" {
            spec += "    planned: {date: 2026-06-30}\n";
        }
    }
    spec += &format!(
        "  - {{control: nh-1, title: {}, applicable: true, custom: true, justification: {}, implementation: implemented, owner: role-shop}}\n",
        word("Four eyes on every release of the shop"), word("Wanted by the largest customer."),
    );
    record("Soa", "soa-2025", "Statement of Applicability 2025", "version: 3.2.0\nclassification: internal\n", &spec)
}

fn decisions(files: &mut BTreeMap<String, String>, foreign: &str) {
    let word = |text: &str| serde_json::to_string(&format!("{text}{foreign}")).unwrap();
    // Id, title, status line, renews, starts, expires, severity, reason, vulnerability, approval.
    let exceptions = [
        ("exc-0001", "ERP: kernel patch waits for the vendor", "superseded", "", "2025-03-01", "2025-06-30", "high", "vendor_fix_missing", "CVE-2025-1000", "approve"),
        ("exc-0002", "ERP: kernel patch still waits", "", "exc-0001", "2025-07-01", "2026-01-15", "high", "vendor_fix_missing", "CVE-2025-1000", "approve"),
        ("exc-0003", "Web shop: TLS library until after the season", "", "", "2025-11-10", "2026-03-31", "critical", "business_cycle", "CVE-2025-1111", "approve"),
        ("exc-0004", "Kiosk: browser, no window", "", "", "2025-09-01", "2025-12-15", "medium", "resource", "CVE-2025-1222", "approve"),
        ("exc-0005", "Directory: agent breaks replication", "", "", "2025-12-01", "2026-02-28", "critical", "compatibility", "CVE-2025-1333", ""),
        ("exc-0006", "Directory: old request", "", "", "2025-12-01", "2026-02-28", "low", "legacy", "CVE-2025-1444", "reject"),
        ("exc-0007", "ERP: reporting module", "", "", "2026-02-01", "2026-04-30", "medium", "availability_constraint", "CVE-2025-1555", "approve"),
        ("exc-0008", "Web shop: image library", "closed", "", "2025-04-01", "2025-08-31", "high", "compatibility", "CVE-2025-1666", "approve"),
    ];
    for (id, title, status, renews, starts, expires, severity, reason, vuln, decision) in exceptions {
        let status = if status.is_empty() { String::new() } else { format!("status: {status}\n") };
        let renews = if renews.is_empty() { String::new() } else { format!("renews: {renews}\n") };
        let spec = format!(
            "  scope:\n    vulns: [{vuln}]\n    systems: [sys-erp]\n    resolved: [erp01.nordhafen.example, erp02.nordhafen.example]\n    as_of: {starts}\n  severity: {severity}\n  reason: {reason}\n  business_impact: {}\n  requested_by: p-jon\n  requested_on: {starts}\n  starts: {starts}\n  expires: {expires}\n  compensating:\n  - {{type: segmentation, description: {}, verified_at: 2025-11-20, verified_by: p-ada}}\n  - {{type: waf, description: {}}}\n  plan: {{target_date: {expires}}}\n",
            word("Orders stop for a day"), word("only the application tier reaches the host"), word("rule 1447 blocks the known path"),
        );
        files.insert(format!("exceptions/{id}.yaml"), record("Exception", id, &format!("{title}{foreign}"), &(status + &renews), &spec));
        approve(files, "Exception", id, decision, starts);
    }
    for (id, title, kind, starts, expires, decision) in [
        ("rac-0001", "Label printing stays unsupported until it is replaced", "unsupported_system", "2025-05-01", "2026-04-30", "approve"),
        ("rac-0002", "Kiosk firmware: residual risk", "vulnerability", "2025-12-20", "2026-12-19", ""),
    ] {
        let spec = format!(
            "  type: {kind}\n  subject:\n    vulns: [CVE-2025-1777]\n    systems: [sys-legacy]\n    resolved: [label01.nordhafen.example]\n  starts: {starts}\n  inherent: {{likelihood: likely, impact: major}}\n  residual: {{likelihood: rare, impact: major}}\n  alternatives_considered: {}\n  expires: {expires}\n  statement: {}\n",
            word("replacing it at once"), word("I bear the residual risk of the label printer until its replacement."),
        );
        files.insert(format!("acceptances/{id}.yaml"), record("RiskAcceptance", id, &format!("{title}{foreign}"), "", &spec));
        approve(files, "RiskAcceptance", id, decision, starts);
    }
    approve(files, "Soa", "soa-2025", "approve", "2025-02-01");
}

fn approve(files: &mut BTreeMap<String, String>, kind: &str, id: &str, decision: &str, day: &str) {
    if decision.is_empty() {
        return;
    }
    let path = format!("approvals/{id}/00000000-p-kim-1.yaml");
    let text = format!(
        "apiVersion: countersign/v1\nkind: Approval\nsubject: {{kind: {kind}, id: {id}, digest: \"sha256:{}\"}}\ndecision: {decision}\nrole: role-ciso\nperson: p-kim\nat: {day}T09:00:00Z\nreason: too vague\nshown: \"I decide\"\n",
        "0".repeat(64)
    );
    files.insert(format!("{path}.sig"), "not looked at".into());
    files.insert(path, text);
}

/// Writes files into a folder and loads them as a repository.
pub fn repository(files: &BTreeMap<String, String>) -> Repository {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = read_folder(folder.path()).unwrap();
    let repository = load(&tree, Configuration::default(), LoadLimits::default()).unwrap();
    let faults: Vec<String> = repository
        .faults
        .iter()
        .map(|fault| format!("{}: {}", repository.sources.path(fault.span.file), fault.message))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
    repository
}

struct Seed(&'static str, Option<&'static str>, &'static str, &'static str, Severity, f64, Disposition, &'static str, Option<&'static str>);

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
    let due = as_of().zone().end_of_day(parse_date(due).unwrap()).with_timezone(&Utc);
    let base_due = if coverage.is_some() { due - TimeDelta::days(60) } else { due };
    let kev = (*score > 9.5).then(|| parse_date("2025-12-10").unwrap());
    Finding {
        host: format!("{host}{foreign}").into(),
        system: system.map(id),
        vuln: (*vuln).into(),
        aliases: vec![Arc::from(format!("nessus:{}{foreign}", vuln.len()).as_str())],
        title: format!("{title}{foreign}").into(),
        remediation: Some(format!("KB50{}{foreign}", &vuln[9..]).into()),
        severity: *severity,
        severity_given: format!("High{foreign}").into(),
        cvss: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()),
        score: Some(*score),
        kev,
        epss: Some(score / 10.5),
        exploit: if kev.is_some() { Exploit::Active } else { Exploit::Poc },
        first_seen: at("2025-11-20T04:00:00Z"),
        last_seen: at("2025-12-31T04:00:00Z"),
        base_due,
        due,
        due_reason: if kev.is_some() { "accelerator:exploited".into() } else { "sla:high/tier1".into() },
        disposition: *disposition,
        coverage: coverage.map(|coverage| CoverageRef { id: id(coverage), until: due }),
        suspended: if *host == "dc01.nordhafen.example" { vec![id("exc-0005")] } else { Vec::new() },
        lapsed: if *vuln == "CVE-2025-1222" { vec![id("exc-0004")] } else { Vec::new() },
        breached: None,
        decided_at_base_due: false,
        notes: Vec::new(),
        closed: disposition.is_closed().then(|| at("2025-12-30T10:00:00Z")),
        recurrence: u32::from(*vuln == "CVE-2025-2003"),
        stale: *host == "kiosk01.nordhafen.example",
        observers: vec!["src-nessus".into(), "src-qualys".into()],
        instances: 2,
        tier: Some("tier1".into()),
    }
}

fn hosts(foreign: &str) -> Vec<HostRow> {
    let row = |host: &str, system: Option<&str>, state: HostState, scan: Option<&str>| HostRow {
        id: format!("{host}{foreign}").into(),
        system: system.map(id),
        claims: system.map(id).into_iter().collect(),
        is_known: system.is_some(),
        status: HostStatus::Active,
        is_scanned: scan.is_some(),
        counts: system.is_some(),
        last_scan: scan.map(at),
        last_qualifying_scan: scan.map(at).filter(|_| state != HostState::Unscanned),
        candidates: Vec::new(),
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
    };
    vec![
        line(Some("src-nessus"), "imports/src-nessus/2025-12-31.nessus", Some("2025-12-31T04:00:00Z"), [340, 1210, 3], ImportState::Complete),
        line(Some("src-qualys"), "imports/src-qualys/2025-12-20.csv", Some("2025-12-20T22:00:00Z"), [128, 512, 0], ImportState::Incomplete),
        line(None, "scan.json", None, [12, 0, 0], ImportState::Complete),
        line(Some("src-nessus"), "imports/src-nessus/2026-01-07.nessus", Some("2026-01-07T04:00:00Z"), [200, 800, 0], ImportState::Ignored),
    ]
}

/// Builds the register by hand; `foreign` is put into every field that a scanner fills with words.
pub fn sample_register<'a>(repository: &'a Repository, foreign: &str) -> Register<'a> {
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
    let kpi = |title, numerator, denominator| Kpi { title, rate: Rate { numerator, denominator } };
    let kpis = BTreeMap::from([
        ("host_compliance", kpi("hosts without an overdue finding and with a qualifying scan, over hosts that count", 6, 10)),
        ("scan_coverage", kpi("hosts with a qualifying scan in time, over hosts that count", 8, 10)),
        ("sla_rate_governed", kpi("closed in time or under a decision, over all findings due in the period", 33, 36)),
        ("sla_rate_net", kpi("closed in time, over findings due in the period and under no decision", 28, 30)),
        ("sla_rate_strict", kpi("closed in time, over all findings due in the period", 28, 36)),
    ]);
    Register {
        repository,
        standings: standings(repository, as_of.instant()),
        as_of,
        period: Period::year_before(as_of),
        imports: imports(foreign),
        hosts,
        systems,
        findings,
        kpis,
    }
}

pub fn diagnostics(foreign: &str) -> Vec<Diagnostic> {
    let span = Span::start_of(FileId(0));
    vec![
        Diagnostic::error("REC001", span, format!("finding is overdue since `2025-12-20`{foreign}")).subject(format!("dc01.nordhafen.example CVE-2025-1333{foreign}")),
        Diagnostic::error("EXC001", span, "exception `exc-0004` has expired").subject("exc-0004"),
        Diagnostic::warn("SOA005", span, "control 8.8 names another id"),
    ]
}

pub fn provenance(diagnostics: &[Diagnostic]) -> Provenance<'_> {
    Provenance {
        commit: Some("4be1c0ffee4be1c0ffee4be1c0ffee4be1c0ffee".into()),
        modified: false,
        tree_digest: "aa".repeat(32),
        config_digest: Some("bb".repeat(32)),
        tool_version: "0.1.0".into(),
        rule_set_digest: "cc".repeat(32),
        diagnostics,
    }
}
