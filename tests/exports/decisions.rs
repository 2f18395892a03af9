//! What each disposition and each standing of a decision becomes in each format.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign::model::{CoverageRef, Disposition, RecordId, Severity};
use countersign::reconcile::Register;
use serde_json::Value;

use super::official::assert_official;
use super::{list, of_register, single, text};
use crate::world::World;

const CVE: &str = "CVE-2026-1111";
const HOST: &str = "urn:countersign:host:app01";

/// One finding on `app01`, seen every day of September.
fn world() -> World {
    let mut world = World::new();
    for run in ["2026-09-01T04:00:00Z", "2026-09-20T04:00:00Z"] {
        world.scan("src-one", run, |scan| {
            scan.seen_with("app01", "1", &[CVE], Severity::Critical, None, |check| {
                check.remediation = Some("KB5991111".into());
            });
        });
    }
    world
}

fn triage(world: &mut World, id: &str, status: &str, more: &str) {
    world.record(
        &format!("triage/{id}.yaml"),
        &format!("kind: Triage\nid: {id}\ntitle: Looked at\nspec:\n  subject: {{vuln: {CVE}, resolved: [app01]}}\n  status: {status}\n  method: read the configuration\n  evidence: []\n  expires: 2026-12-31\n{more}"),
    );
}

fn acceptance(world: &mut World, id: &str, kind: &str, more: &str) {
    world.record(
        &format!("acceptances/{id}.yaml"),
        &format!("kind: RiskAcceptance\nid: {id}\ntitle: Borne\nspec:\n  type: {kind}\n  subject: {{vulns: [{CVE}], systems: [sys-app], resolved: [app01]}}\n  starts: 2026-09-02\n  expires: 2026-12-31\n  inherent: {{likelihood: likely, impact: major}}\n  residual: {{likelihood: rare, impact: major}}\n  alternatives_considered: none\n  statement: I bear it\n{more}"),
    );
}

const CONTROL: &str = "  compensating:\n    - {type: segmentation, description: a network of its own}\n";

/// The answers of the three formats for one host and vulnerability, each on one line.
fn answers(register: &Register<'_>) -> [String; 3] {
    answers_of(register, HOST)
}

fn answers_of(register: &Register<'_>, host: &str) -> [String; 3] {
    let files = ["openvex", "csaf-vex", "cyclonedx-vex"].map(|name| {
        let files = of_register(name, register).files;
        assert_official(name, &files);
        files
    });
    let names = |part: &Value, list_name: &str| {
        let products = list(part, list_name).iter();
        products
            .filter_map(|one| one.as_str().or(one["@id"].as_str()).or(one["ref"].as_str()))
            .any(|one| one == host)
    };
    let [openvex, csaf, cyclonedx] = files.map(|files| {
        if files.is_empty() {
            Value::Null
        } else {
            single(&files)
        }
    });
    let mut by_openvex = BTreeSet::new();
    for statement in list(&openvex, "statements")
        .iter()
        .filter(|one| names(one, "products"))
    {
        let action = if statement.get("action_statement").is_some() {
            "+action"
        } else {
            ""
        };
        let why = statement["justification"]
            .as_str()
            .map_or(String::new(), |why| format!(" {why}"));
        by_openvex.insert(format!("{}{why}{action}", text(statement, "status")));
    }
    let mut by_csaf = BTreeSet::new();
    for one in list(&csaf, "vulnerabilities") {
        let groups = one["product_status"].as_object().unwrap().keys();
        by_csaf.extend(
            groups
                .filter(|group| names(&one["product_status"], group))
                .cloned(),
        );
        for (part, word) in [
            ("flags", "label"),
            ("remediations", "category"),
            ("threats", "category"),
        ] {
            let parts = list(one, part).iter().filter(|part| names(part, "product_ids"));
            by_csaf.extend(parts.map(|one| format!("{part}:{}", text(one, word))));
        }
    }
    let mut by_cyclonedx = BTreeSet::new();
    for one in list(&cyclonedx, "vulnerabilities")
        .iter()
        .filter(|one| names(one, "affects"))
    {
        let analysis = &one["analysis"];
        by_cyclonedx.insert(text(analysis, "state").to_owned());
        by_cyclonedx.extend(analysis["justification"].as_str().map(|why| format!("why:{why}")));
        by_cyclonedx.extend(
            list(analysis, "response")
                .iter()
                .map(|one| format!("response:{}", one.as_str().unwrap())),
        );
    }
    [by_openvex, by_csaf, by_cyclonedx].map(|words| words.into_iter().collect::<Vec<_>>().join(" "))
}

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

#[test]
fn every_disposition_has_one_status_in_each_format() {
    let mut world = world();
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-12-31", "|");
    world.exception(
        "exc-0002",
        CVE,
        "app01",
        "2026-09-02",
        "2026-12-31",
        &format!("|{CONTROL}"),
    );
    acceptance(&mut world, "rac-0001", "vulnerability", "");
    acceptance(&mut world, "rac-0002", "unsupported_system", CONTROL);
    triage(
        &mut world,
        "tri-0001",
        "not_affected",
        "  justification: component_not_present\n",
    );
    triage(&mut world, "tri-0002", "false_positive", "");
    use Disposition as D;
    let fix = [
        "affected+action",
        "known_affected remediations:vendor_fix",
        "exploitable response:update",
    ];
    let none = [
        "affected+action",
        "known_affected remediations:none_available",
        "exploitable",
    ];
    let never = [
        "affected+action",
        "known_affected remediations:no_fix_planned",
        "exploitable response:will_not_fix",
    ];
    let fixed = ["fixed", "fixed", "resolved"];
    let rows: [(D, &str, [&str; 3]); 16] = [
        (D::ClosedRetired, "", ["", "", ""]),
        (D::FixedInTime, "", fixed),
        (D::FixedLate, "", fixed),
        (
            D::NotApplicable,
            "tri-0001",
            [
                "not_affected component_not_present",
                "flags:component_not_present known_not_affected threats:impact",
                "not_affected why:code_not_present",
            ],
        ),
        (
            D::NotApplicable,
            "tri-0002",
            [
                "not_affected",
                "known_not_affected threats:impact",
                "false_positive",
            ],
        ),
        // Nobody is named who says so: then it affects.
        (D::NotApplicable, "", fix),
        (D::OutOfScope, "", never),
        (
            D::AcceptedUnsupported,
            "rac-0002",
            [
                "affected+action",
                "known_affected remediations:no_fix_planned remediations:workaround",
                "exploitable response:can_not_fix response:workaround_available",
            ],
        ),
        (D::UnsupportedUngoverned, "", none),
        (D::Accepted, "rac-0001", never),
        (D::Deferred, "exc-0001", fix),
        (
            D::Deferred,
            "exc-0002",
            [
                "affected+action",
                "known_affected remediations:vendor_fix remediations:workaround",
                "exploitable response:update response:workaround_available",
            ],
        ),
        (D::PendingVerification, "", fix),
        (D::Open, "", fix),
        (D::DueSoon, "", fix),
        (D::Overdue, "", fix),
    ];
    let repository = world.repository();
    assert!(
        D::ALL
            .iter()
            .all(|one| rows.iter().any(|row| row.0 == *one) || *one == D::MitigationPending)
    );
    world.judge("2026-09-30", |judged| {
        for (disposition, record, expected) in rows {
            let mut register = Register {
                repository: &repository,
                ..sample(judged)
            };
            let finding = &mut register.findings[0];
            finding.disposition = disposition;
            finding.closed = disposition.is_closed().then_some(finding.last_seen);
            let until = finding.due;
            finding.triage = record.starts_with("tri").then(|| id(record));
            let is_coverage = record.starts_with("exc") || record.starts_with("rac");
            finding.coverage = is_coverage.then(|| CoverageRef {
                id: id(record),
                until,
                is_emergency: false,
            });
            assert_eq!(answers(&register), expected, "{disposition:?} {record}");
        }
        // With no fix at hand the same waits for one.
        let mut register = sample(judged);
        register.findings[0].disposition = D::MitigationPending;
        Arc::make_mut(&mut register.findings[0].said).remediation = None;
        assert_eq!(answers(&register), none);
    });
}

/// Copies a register as far as the exports read it.
fn sample<'a>(register: &Register<'a>) -> Register<'a> {
    Register {
        repository: register.repository,
        standings: register.standings.clone(),
        as_of: register.as_of,
        period: register.period,
        imports: register.imports.clone(),
        hosts: register.hosts.clone(),
        systems: register.systems.clone(),
        findings: register.findings.clone(),
        kev: register.kev.clone(),
        foreign_hosts: Default::default(),
        conflicts: Vec::new(),
        installs: Vec::new(),
        suppressed: Vec::new(),
        stray_alerts: Vec::new(),
        watch_list: Vec::new(),
        vex: Vec::new(),
        kpis: register.kpis.clone(),
        months: Vec::new(),
        missing_history: None,
    }
}

/// A decision of each sort in each standing: who has not decided has no say.
#[test]
fn only_what_counts_changes_a_status() {
    let open = [
        "affected+action",
        "known_affected remediations:vendor_fix",
        "exploitable response:update",
    ];
    let safe = [
        "not_affected vulnerable_code_not_in_execute_path",
        "flags:vulnerable_code_not_in_execute_path known_not_affected threats:impact",
        "not_affected why:code_not_reachable",
    ];
    let looked_at = ["under_investigation", "under_investigation", "in_triage"];
    let accepted = [
        "affected+action",
        "known_affected remediations:no_fix_planned",
        "exploitable response:will_not_fix",
    ];
    let justification = "  justification: vulnerable_code_not_in_execute_path\n";
    let approve = |world: &mut World, kind: &str, id: &str| world.approve(kind, id, "2026-09-03T09:00:00Z");
    type Make<'a> = &'a dyn Fn(&mut World);
    let rows: [(&str, Make<'_>, &str, [&str; 3]); 9] = [
        ("nobody decided", &|_| {}, "2026-09-30", open),
        (
            "a triage that nobody approved",
            &|world| triage(world, "tri-0001", "not_affected", justification),
            "2026-09-30",
            open,
        ),
        (
            "a triage that is approved",
            &|world| {
                triage(world, "tri-0001", "not_affected", justification);
                approve(world, "Triage", "tri-0001");
            },
            "2026-09-30",
            safe,
        ),
        (
            "a triage that has ended",
            &|world| {
                triage(world, "tri-0001", "not_affected", justification);
                approve(world, "Triage", "tri-0001");
            },
            "2027-01-01",
            open,
        ),
        (
            "an investigation that is approved",
            &|world| {
                triage(world, "tri-0001", "under_investigation", "");
                approve(world, "Triage", "tri-0001");
            },
            "2026-09-30",
            looked_at,
        ),
        (
            "an investigation that nobody approved",
            &|world| triage(world, "tri-0001", "under_investigation", ""),
            "2026-09-30",
            open,
        ),
        (
            "an acceptance that nobody approved",
            &|world| acceptance(world, "rac-0001", "vulnerability", ""),
            "2026-09-30",
            open,
        ),
        (
            "an acceptance that is approved",
            &|world| {
                acceptance(world, "rac-0001", "vulnerability", "");
                approve(world, "RiskAcceptance", "rac-0001");
            },
            "2026-09-30",
            accepted,
        ),
        (
            "an acceptance beside an investigation",
            &|world| {
                acceptance(world, "rac-0001", "vulnerability", "");
                approve(world, "RiskAcceptance", "rac-0001");
                triage(world, "tri-0001", "under_investigation", "");
                approve(world, "Triage", "tri-0001");
            },
            "2026-09-30",
            accepted,
        ),
    ];
    for (name, make, day, expected) in rows {
        let mut world = world();
        make(&mut world);
        world.judge(day, |register| assert_eq!(answers(register), expected, "{name}"));
    }
}

/// `app02` was never scanned: what a decision that counts says of it is all that is known.
#[test]
fn decisions_speak_of_hosts_that_no_scan_saw() {
    let mut world = world();
    world.exception("exc-0001", CVE, "app01, app02", "2026-09-02", "2026-12-31", "|");
    let unseen = "urn:countersign:host:app02";
    world.judge("2026-09-30", |register| {
        assert_eq!(answers_of(register, unseen), ["", "", ""], "not approved");
    });
    world.approve("Exception", "exc-0001", "2026-09-02T09:00:00Z");
    world.judge("2026-09-30", |register| {
        let [openvex, csaf, cyclonedx] = answers_of(register, unseen);
        assert_eq!((&*openvex, &*cyclonedx), ("affected+action", "exploitable"));
        assert!(csaf.starts_with("known_affected"), "{csaf}");
    });
}

#[test]
fn where_there_is_nothing_to_state_no_file_pretends_to() {
    World::new().judge("2026-09-30", |register| {
        for name in ["openvex", "csaf-vex"] {
            let exported = of_register(name, register);
            assert!(exported.files.is_empty(), "{name}");
            assert!(
                exported.left_out[0].contains("nothing to state"),
                "{:?}",
                exported.left_out
            );
        }
        let files = of_register("cyclonedx-vex", register).files;
        assert!(list(&single(&files), "vulnerabilities").is_empty());
        assert_official("cyclonedx-vex", &files);
    });
}
