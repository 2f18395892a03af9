//! The records of the sample, as files.

use std::collections::BTreeMap;

use countersign::load::{LoadLimits, Repository, load};
use countersign::model::Configuration;
use countersign::model::controls::{Edition, catalogue, predecessors};
use countersign::source::read_folder;

#[rustfmt::skip]
fn record(kind: &str, id: &str, title: &str, extra: &str, spec: &str) -> String {
    let short: String = title.chars().take(200).collect();
    let title = serde_json::to_string(&short).unwrap();
    format!("apiVersion: countersign/v1\nkind: {kind}\nid: {id}\ntitle: {title}\nowner: role-ciso\ncreated: 2025-01-02\n{extra}spec:\n{spec}")
}

/// Returns the files of the sample; `foreign` is put into every field that people fill with words.
#[rustfmt::skip]
pub(crate) fn files(foreign: &str) -> BTreeMap<String, String> {
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
    let lifecycle = format!(
        "  lifecycle:\n    eol_date: 2024-10-08\n    eol_source: {}\n    feasibility: {{option: replace, technical: {}}}\n    roadmap:\n    - {{milestone: {}, due: 2025-06-30, done: 2025-07-03}}\n    - {{milestone: {}, due: 2025-12-15}}\n",
        word("letter of the maker"), word("no driver for newer systems"), word("new printers bought"), word("labels printed by the new ones"),
    );
    *files.get_mut("systems/sys-legacy.yaml").unwrap() += &lifecycle;
    let mut put = |path: String, text: String| drop(files.insert(path, text));
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
    risks(&mut files, foreign);
    files
}

/// One risk that is treated and approved, one that nobody approved and that has no plan, one that is closed.
#[rustfmt::skip]
fn risks(files: &mut BTreeMap<String, String>, foreign: &str) {
    let word = |text: &str| serde_json::to_string(&format!("{text}{foreign}")).unwrap();
    let plan = format!(
        "  plan:\n  - {{step: {}, due: 2026-01-20, owner: role-it, control: \"iso27001:2022/8.8\"}}\n  - {{step: {}, due: 2025-10-01}}\n  residual: {{likelihood: rare, impact: major}}\n",
        word("Shop and directory patched within three days"), word("Second line to the data centre"),
    );
    for (id, title, status, rating, treatment, plan) in [
        ("r-ransomware", "Ransomware through a known weakness", "", ("likely", "major"), "modify", plan.as_str()),
        ("r-labels", "Label printing stands still", "", ("possible", "major"), "avoid", ""),
        ("r-old", "The old shop is defaced", "status: closed\n", ("rare", "minor"), "retain", ""),
    ] {
        files.insert(format!("risks/{id}.yaml"), record("Risk", id, &format!("{title}{foreign}"), status, &format!(
            "  scenario: {}\n  assets: [sys-web-shop]\n  threats: [{}]\n  likelihood: {}\n  impact: {}\n  treatment: {treatment}\n{plan}  reviewed: 2025-06-01\n",
            word("The shop is lost for a week"), word("criminals"), rating.0, rating.1,
        )));
    }
    approve(files, "Risk", "r-ransomware", "approve", "2025-02-01");
}

/// Every fourth way of standing, exclusions, a missing control, a custom one and one that is unknown.
#[rustfmt::skip]
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

#[rustfmt::skip]
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
        approve(files, "Exception", id, decision, if starts.starts_with("2026") { "2025-12-20" } else { starts });
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
pub(crate) fn repository(files: &BTreeMap<String, String>) -> Repository {
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
