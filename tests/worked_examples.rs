//! The worked examples of the reconciliation semantics: those that no other test has, and where the others are.
//!
//! | example | test |
//! |---|---|
//! | W1 | `reconcile::w01_scanners_are_joined_by_cve_and_by_patch` |
//! | W2, W3, W6 | here, and `src/reconcile/episode/tests.rs` |
//! | W4 | `reconcile::w04_an_exception_ends_with_its_last_local_day` |
//! | W5 | `reconcile::w05_a_listing_suspends_what_was_decided_before_it`, `work_rules::a_decision_counts_from_the_day_after_the_listing` |
//! | W7 | `clock::w07_…` and `reconcile::w07_a_breach_stays_when_the_severity_is_lowered` |
//! | W8 | `clock::w08_an_override_reaches_what_is_open_while_it_is_in_force` |
//! | W9 | `clock::w09_a_freeze_does_not_move_a_due_date`, and `calendars` |
//! | W10 | here, and `the_first_class_of_keys_decides` in `src/reconcile/identity/mod.rs` |
//! | W11 | here, and `a_name_goes_to_the_machine_that_answers_under_it` in `src/reconcile/identity/succession.rs` |
//! | W12 | `clock::w12_…` and `reconcile::w12_days_are_counted_in_local_days_across_the_end_of_summer_time` |
//! | W13 | `ledger::a_run_with_far_fewer_hosts_needs_a_reason` |
//! | W14 | `src/check/exception/renewals.md` (EXC004) |
//! | W15 | `reconcile::w15_…` and `clock::evidence_and_listings_count_from_their_day_and_nobody_gets_less_than_the_floor` |
//! | W16 | `clock::w16_without_a_fix_the_clock_pauses_and_goes_on_with_the_rest` |
//! | W17 | `reconcile::an_unsupported_system_is_governed_by_its_acceptance_only` |
//! | W18 | here, and `src/check/reconcile/patched_but_vulnerable.md` (REC008) |
//! | W19 | `reconcile::w19_one_cve_of_a_check_can_be_taken_out` |
//! | W20 | here, and `ledger::what_cannot_be_history_is_refused` |
//! | W21 | `reconcile::w21_one_open_host_makes_the_system_non_compliant` |
//! | W22 | `approvals_time::an_old_approval_stays_good_for_ever` |
//! | W23 | `reconcile::w23_an_overlapping_exception_does_not_outlive_the_earlier_one_by_itself` |

use countersign::import::{Content, Export, Importer, Product, Scan, Sightings, collect};
use countersign::model::{
    Alias, AliasBy, DiscrepancyKind, Disposition, Host, HostStatus, ObservationState, Quality, ScanSummary,
    Severity, Stamp,
};
use countersign::reconcile::{Dimension, HostState, Register};

use crate::checks_findings::said;
use crate::world::{KEV, World, at, find};

const CVE: &str = "CVE-2026-1111";

/// What the register says of one finding: open or not, since when, closed when, how often it came back.
fn told(world: &World, when: &str) -> (Disposition, String, Option<String>, u32) {
    world.judge(when, |register| {
        let of_it = register.findings.iter().filter(|finding| *finding.vuln == *CVE);
        assert_eq!(of_it.count(), 1, "one life");
        let finding = find(register, "app01", CVE);
        let text = |at: chrono::DateTime<chrono::Utc>| at.format("%m-%d").to_string();
        (
            finding.disposition,
            text(finding.first_seen),
            finding.closed.map(text),
            finding.recurrence,
        )
    })
}

fn fixed_on_20_september(quality: Quality) -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-15T08:00:00Z", |scan| {
        scan.quality("app01", quality);
        scan.seen("app01", "200", &[CVE], Severity::Low, None);
    });
    world.scan("src-one", "2026-09-20T08:00:00Z", |scan| {
        scan.quality("app01", quality);
        let fixed = scan.seen("app01", "200", &[CVE], Severity::Low, None);
        fixed.state = ObservationState::Fixed;
        fixed.last_fixed = Some(Stamp::At(at("2026-09-20T08:00:00Z")));
    });
    world
}

fn seen_by_another_on_25_september(world: &mut World, quality: Quality) {
    world.scan("src-two", "2026-09-25T08:00:00Z", |scan| {
        scan.quality("app01", quality);
        scan.seen("app01", "200", &[CVE], Severity::Low, None);
    });
}

#[test]
fn w02_as_good_a_look_that_still_finds_it_keeps_it_open() {
    let mut world = fixed_on_20_september(Quality::Authenticated);
    let closed = (Disposition::FixedInTime, "09-15".into(), Some("09-20".into()), 0);
    assert_eq!(told(&world, "2026-09-24"), closed);
    seen_by_another_on_25_september(&mut world, Quality::Authenticated);
    let open = (Disposition::Open, "09-15".into(), None, 1);
    assert_eq!(told(&world, "2026-09-26"), open);
    assert_eq!(told(&world, "2026-09-24"), closed, "as it was told then");
    assert_eq!(discrepancies(&world, "2026-09-24"), [""; 0]);
    let message = "`CVE-2026-1111` on `app01`: `src-one` calls it gone since 2026-09-20, and `src-two` saw it on 2026-09-25";
    assert_eq!(discrepancies(&world, "2026-09-26"), [message]);
    world.scans.reverse();
    assert_eq!(
        discrepancies(&world, "2026-09-26"),
        [message],
        "in whatever order they come"
    );
}

#[test]
fn w02_a_better_look_that_still_finds_it_settles_it() {
    let mut world = fixed_on_20_september(Quality::Authenticated);
    seen_by_another_on_25_september(&mut world, Quality::Agent);
    assert_eq!(told(&world, "2026-09-26").0, Disposition::Open);
    assert_eq!(discrepancies(&world, "2026-09-26"), [""; 0]);
}

fn discrepancies(world: &World, when: &str) -> Vec<String> {
    messages(world, when, "REC007")
}

/// What a rule says.
fn messages(world: &World, when: &str, code: &str) -> Vec<String> {
    let told = said(world, when, code).into_iter();
    told.map(|(_, _, message)| message).collect()
}

#[test]
fn w03_a_banner_does_not_undo_what_an_agent_called_fixed() {
    let mut world = fixed_on_20_september(Quality::Agent);
    seen_by_another_on_25_september(&mut world, Quality::Banner);
    assert_eq!(
        told(&world, "2026-09-26"),
        (Disposition::FixedInTime, "09-15".into(), Some("09-20".into()), 0)
    );
    let suspected = |world: &World, when: &str| {
        world.judge(when, |register| {
            let finding = find(register, "app01", CVE);
            finding.discrepancy.as_ref().map(|one| one.kind)
        })
    };
    assert_eq!(suspected(&world, "2026-09-24"), None);
    assert_eq!(suspected(&world, "2026-09-26"), Some(DiscrepancyKind::Suspected));
    let message = "`CVE-2026-1111` on `app01`: `src-one` calls it gone since 2026-09-20, and `src-two` sees worse and saw it on 2026-09-25";
    assert_eq!(discrepancies(&world, "2026-09-26"), [message]);

    // A rescan by the one that fixed it clears it, and so does a triage of both words; an older triage does not.
    let triage = |world: &mut World, approved: &str| {
        world.record(
            "triage/tri-0001.yaml",
            "kind: Triage\nid: tri-0001\ntitle: The banner was never changed\nspec:\n  subject: {vuln: CVE-2026-1111, systems: [sys-app], resolved: [app01]}\n  status: resolution\n  method: looked\n  evidence: []\n  settles: the banner against the package\n  expires: 2026-12-01\n",
        );
        world.approve("Triage", "tri-0001", approved);
    };
    triage(&mut world, "2026-09-22T08:00:00Z");
    assert_eq!(discrepancies(&world, "2026-09-27"), [message]);
    triage(&mut world, "2026-09-26T08:00:00Z");
    world.remove("approvals/tri-0001/00000000-p-kim-1.yaml");
    assert_eq!(discrepancies(&world, "2026-09-27"), [""; 0]);
    let mut world = fixed_on_20_september(Quality::Agent);
    seen_by_another_on_25_september(&mut world, Quality::Banner);
    world.scan("src-one", "2026-09-27T08:00:00Z", |scan| {
        scan.quality("app01", Quality::Agent);
    });
    assert_eq!(discrepancies(&world, "2026-09-28"), [""; 0]);
}

#[test]
fn a_source_that_has_not_looked_again_is_told_of_after_the_days_to_settle() {
    let mut world = World::new();
    for source in ["src-one", "src-two"] {
        world.scan(source, "2026-09-01T08:00:00Z", |scan| {
            scan.quality("app01", Quality::Agent);
            scan.seen("app01", "200", &[CVE], Severity::Low, None);
        });
    }
    world.scan("src-one", "2026-09-08T08:00:00Z", |scan| {
        scan.quality("app01", Quality::Agent);
    });
    assert_eq!(discrepancies(&world, "2026-09-15"), [""; 0]);
    let message = "`CVE-2026-1111` on `app01`: `src-one` calls it gone since 2026-09-08, and `src-two` has not looked since 2026-09-01";
    assert_eq!(discrepancies(&world, "2026-09-16"), [message]);
}

/// Two scanners without a CVE for it, one with an advisory that a third one knows.
fn three_names() -> World {
    let mut world = World::new();
    let rows = [
        ("src-one", "qualys", "38173"),
        ("src-two", "tenable", "20007"),
        ("src-two", "trivy", "GHSA-aaaa-bbbb-cccc"),
    ];
    for (index, (source, family, id)) in rows.into_iter().enumerate() {
        world.scan(source, &format!("2026-09-0{}T08:00:00Z", index + 1), |scan| {
            scan.seen_with("app01", id, &[], Severity::High, None, |check| {
                check.family = family.into();
            });
        });
    }
    world
}

/// Each finding's name, and why its ids mean it.
fn names(world: &World) -> Vec<(String, Vec<String>)> {
    world.judge("2026-09-10", |register| {
        let why = |alias: &Alias| {
            let by = match &alias.by {
                AliasBy::Export(observer) => format!("export of {observer}"),
                AliasBy::Record(source) => format!("table of {source}"),
            };
            format!("{} by {by}", alias.id)
        };
        let findings = register.findings.iter();
        findings
            .map(|one| (one.vuln.to_string(), one.said.joined.iter().map(why).collect()))
            .collect()
    })
}

#[test]
fn ids_that_mean_one_vulnerability_are_one_finding_and_it_is_told_why() {
    let mut world = three_names();
    let own = |id: &str| (id.to_owned(), Vec::new());
    assert_eq!(
        names(&world),
        [
            own("qualys:38173"),
            own("tenable:20007"),
            own("trivy:GHSA-aaaa-bbbb-cccc")
        ]
    );
    world.record(
        "sources/src-one.yaml",
        "kind: Source\nid: src-one\ntitle: Scanner\nspec:\n  roles: [scanner]\n  format: nessus-v2\n  timezone: UTC\n  max_age_hours: 192\n  quality: authenticated\n  absence_means_fixed: true\n  alias: {'qualys:38173': weak-tls, 'tenable:20007': weak-tls}\n  state: approved\n",
    );
    world.scan("src-one", "2026-09-08T08:00:00Z", |scan| {
        scan.seen_with(
            "app02",
            "92100",
            &[CVE, "CVE-2026-2222"],
            Severity::High,
            None,
            |check| {
                check.family = "qualys".into();
                check.aliases = vec!["GHSA-aaaa-bbbb-cccc".into()];
            },
        );
    });
    let by_advisory = "trivy:GHSA-aaaa-bbbb-cccc by export of src-one".to_owned();
    let by_scanner = "qualys:92100 by export of src-one".to_owned();
    let both = |name: &str, why: &String| (name.to_owned(), vec![why.clone()]);
    let expected = [
        both(CVE, &by_advisory),
        both("CVE-2026-2222", &by_advisory),
        (
            "weak-tls".to_owned(),
            vec![
                "qualys:38173 by table of src-one".to_owned(),
                "tenable:20007 by table of src-one".to_owned(),
            ],
        ),
        both(CVE, &by_scanner),
        both("CVE-2026-2222", &by_scanner),
    ];
    assert_eq!(names(&world), expected);
    world.scans.reverse();
    assert_eq!(names(&world), expected, "in whatever order they come");
}

#[test]
fn of_facts_that_disagree_the_spec_says_which_counts() {
    let row = [
        ("name", "app01"),
        ("exposure", "Internet"),
        ("location", "BER"),
        ("tier", "tier2"),
        ("scope", "yes"),
    ];
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  exposure: internal\n  location: HAM\n  members: [app01, app02]\n  scope: {in: true}\n",
    );
    world.sla("  accelerators: [{name: exposed, when: \"exposure == internet\", days: 3}]\n");
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        for host in ["app01", "app02"] {
            scan.seen(host, "200", &[CVE], Severity::High, None);
        }
    });
    world.scans.push(inventory(&[&row]));
    world.judge("2026-09-02", |register| {
        let told: Vec<(&str, &str, &str, &str)> = register
            .conflicts
            .iter()
            .map(|one| (one.fact, &*one.in_record, &*one.in_inventory, &*one.counts))
            .collect();
        assert_eq!(
            told,
            [
                ("exposure", "internal", "Internet", "Internet"),
                ("location", "HAM", "BER", "BER"),
                ("tier", "tier1", "tier2", "tier1"),
            ]
        );
        let reason = |host: &str| find(register, host, CVE).due_reason.to_string();
        assert_eq!(reason("app01"), "accelerator:exposed");
        assert_eq!(reason("app02"), "sla:high/tier1");
        let places = &register.kpi_segments()[&Dimension::Location];
        assert_eq!(places.keys().collect::<Vec<_>>(), ["BER", "HAM"]);
    });
    let lines = messages(&world, "2026-09-02", "REC005");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(
        lines[0],
        "the record of `sys-app` says exposure `internal`, and the inventory `Internet` of `app01`"
    );
}

/// A day's list of what a deployment tool misses on `app01`.
fn errata(world: &mut World, day: &str, is_missing: bool) {
    let results = if is_missing {
        format!(
            r#"{{"id": 1, "pulp_id": "RHSA-2026:1", "title": "An update", "errata_id": "RHSA-2026:1", "issued": "2026-09-01", "updated": "2026-09-01", "severity": "Important", "description": "", "solution": "", "summary": "", "reboot_suggested": true, "uuid": "RHSA-2026:1", "name": "n", "type": "security", "cves": [{{"cve_id": "{CVE}", "href": "https://access.example/"}}], "bugs": [], "hosts_available_count": 1, "hosts_applicable_count": 1, "packages": ["a-1-1.x86_64"], "module_streams": [], "installable": true}}"#
        )
    } else {
        String::new()
    };
    let count = u8::from(is_missing);
    let text = format!(
        r#"{{"total": {count}, "subtotal": {count}, "selectable": {count}, "page": 1, "per_page": "20", "error": null, "search": null, "sort": {{"by": "updated", "order": "desc"}}, "results": [{results}]}}"#
    );
    let export = Export {
        file: format!("errata-{day}.json"),
        content: Content::Bytes(text.into_bytes().into()),
        source: None,
        mapping: None,
        date_order: None,
        host: Some("app01".into()),
        is_ad_hoc: true,
    };
    world
        .scans
        .extend(collect(&[export]).into_iter().map(Result::unwrap));
}

#[test]
fn w18_what_a_tool_calls_installed_waits_for_a_scan_and_then_is_an_error() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-09T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::High, None);
    });
    errata(&mut world, "2026-09-08", true);
    errata(&mut world, "2026-09-10", false);
    let judged = |world: &World, when: &str| (told(world, when).0, said(world, when, "REC008").len());
    assert_eq!(judged(&world, "2026-09-09T20:00:00Z"), (Disposition::Open, 0));
    for when in ["2026-09-10T20:00:00Z", "2026-09-13T00:00:00Z"] {
        assert_eq!(
            judged(&world, when),
            (Disposition::PendingVerification, 0),
            "{when}"
        );
    }
    assert_eq!(judged(&world, "2026-09-13T02:00:00Z"), (Disposition::Open, 1));
    let message = &said(&world, "2026-09-13T02:00:00Z", "REC008")[0].2;
    assert!(
        message.ends_with("and no scan has confirmed it in 74 h"),
        "{message}"
    );
    // The restart never came: the next scan sees it still.
    world.scan("src-one", "2026-09-11T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::High, None);
    });
    assert_eq!(judged(&world, "2026-09-11T20:00:00Z"), (Disposition::Open, 1));
    let message = &said(&world, "2026-09-11T20:00:00Z", "REC008")[0].2;
    assert!(
        message.ends_with("and src-one still saw it on 2026-09-11"),
        "{message}"
    );
}

#[test]
fn w06_what_comes_back_is_late_since_its_first_due_date() {
    let mut world = World::new();
    for run in ["2026-07-27T08:00:00Z", "2026-09-20T08:00:00Z"] {
        world.scan("src-one", run, |scan| {
            scan.seen("app01", "200", &[CVE], Severity::High, None);
        });
    }
    world.scan("src-one", "2026-08-01T08:00:00Z", |scan| {
        scan.host("app01");
    });
    let closed = (Disposition::FixedInTime, "07-27".into(), Some("08-01".into()), 0);
    assert_eq!(told(&world, "2026-09-19"), closed);
    let open = (Disposition::Overdue, "07-27".into(), None, 1);
    assert_eq!(told(&world, "2026-09-20"), open);
    world.judge("2026-09-20", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.due, at("2026-08-10T21:59:59Z"));
        assert_eq!(finding.breached, Some(at("2026-08-10T21:59:59Z")));
    });
}

pub(crate) static INVENTORY: Importer = Importer {
    name: "inventory-by-hand",
    product: Product::Inventory,
    recognises: KEV.recognises,
    import: KEV.import,
};

fn inventory(rows: &[&[(&str, &str)]]) -> Scan {
    let host = |row: &&[(&str, &str)]| {
        let of = |wanted: &str| {
            let cell = row.iter().find(|(name, _)| *name == wanted);
            cell.map(|(_, text)| (*text).to_owned())
        };
        Host {
            name: of("name").unwrap(),
            fqdn: of("fqdn"),
            ips: of("ip").into_iter().collect(),
            serial: of("serial"),
            status: if of("status").as_deref() == Some("retired") {
                HostStatus::Retired
            } else {
                HostStatus::Active
            },
            fields: row
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            ..Host::default()
        }
    };
    Scan {
        absence_means_fixed: None,
        file: "inventory".into(),
        source: None,
        is_ad_hoc: true,
        importer: &INVENTORY,
        sha256: "inventory".into(),
        summary: ScanSummary::default(),
        hosts: rows.iter().map(host).collect(),
        checks: Vec::new(),
        sightings: Sightings::default(),
        kev: Vec::new(),
        epss: Vec::new(),
        knowledge: Vec::new(),
        advice: Vec::new(),
    }
}

#[test]
fn w10_a_leased_address_attaches_nothing_to_the_machine_that_had_it() {
    let laptop = [("name", "laptop-1"), ("ip", "10.0.0.7")];
    let leased = [
        ("lease_from", "2026-09-01T08:00:00Z"),
        ("lease_to", "2026-09-01T12:00:00Z"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&laptop, more].concat();
    let rows = [
        ("no word of a lease", with(&[]), "14:00", "10.0.0.7"),
        ("after the lease", with(&leased), "14:00", "10.0.0.7"),
        ("at its end", with(&leased), "12:00", "10.0.0.7"),
        ("while it lasts", with(&leased), "11:59", "laptop-1"),
        (
            "a static one",
            with(&[("ip_static", "true")]),
            "14:00",
            "laptop-1",
        ),
    ];
    for (case, row, time, expected) in rows {
        let mut world = World::new();
        world.scan("src-one", &format!("2026-09-01T{time}:00Z"), |scan| {
            scan.seen("10.0.0.7", "200", &[CVE], Severity::High, None);
        });
        world.scans[0].hosts[0].ips = vec!["10.0.0.7".into()];
        world.scans.push(inventory(&[&row]));
        let names = |register: &Register<'_>| {
            let hosts: Vec<&str> = register.findings.iter().map(|finding| &*finding.host).collect();
            assert_eq!(hosts, [expected], "{case}");
            let is_apart = expected != "laptop-1";
            let row = register.host(expected).unwrap();
            let candidates: Vec<&str> = row.candidates.iter().map(|id| &**id).collect();
            let reason = if is_apart {
                assert_eq!(candidates, ["10.0.0.7", "laptop-1"], "{case}: both are listed");
                "strictest:ambiguous-host"
            } else {
                assert!(candidates.is_empty(), "{case}");
                "strictest:no-system"
            };
            assert_eq!(&*register.findings[0].due_reason, reason, "{case}");
        };
        world.judge("2026-09-02", names);
    }
}

/// Two weekly runs: `app01` with its first serial and a finding, then the same name with another serial and the
/// same finding.
fn re_imaged() -> World {
    let mut world = World::new();
    for (run, serial) in [("2026-09-01T08:00:00Z", "S1"), ("2026-09-08T08:00:00Z", "S2")] {
        world.scan("src-one", run, |scan| {
            scan.seen("app01", "200", &[CVE], Severity::High, None);
        });
        let scan = world.scans.last_mut().unwrap();
        scan.hosts[0].fqdn = Some("app01.example.org".into());
        scan.hosts[0].serial = Some(serial.into());
    }
    world
}

#[test]
fn w11_a_new_serial_under_an_old_name_is_a_new_machine() {
    let old = [("name", "app01"), ("fqdn", "app01.example.org"), ("serial", "S1")];
    let retired = [&old[..], &[("status", "retired")]].concat();
    let mut world = re_imaged();
    world.scans.push(inventory(&[&old]));
    let told = |world: &World| {
        world.judge("2026-09-16", |register| {
            let findings = register.findings.iter();
            let of = findings.map(|one| (one.host.to_string(), one.disposition, one.first_seen, one.stale));
            let replaced: Vec<String> = register
                .hosts
                .iter()
                .filter_map(|host| Some(format!("{} by {}", host.id, host.replaced.as_ref()?.0)))
                .collect();
            let state = register.host("app01").unwrap().state;
            (of.collect::<Vec<_>>(), replaced, state)
        })
    };
    let new = "app01.example.org#S2";
    let first = told(&world);
    let (findings, replaced, state) = &first;
    assert_eq!(
        findings[..],
        [
            (
                "app01".into(),
                Disposition::Overdue,
                at("2026-09-01T08:00:00Z"),
                true
            ),
            (
                new.into(),
                Disposition::DueSoon,
                at("2026-09-08T08:00:00Z"),
                false
            ),
        ]
        .map(|(host, disposition, first, stale): (String, _, _, _)| (
            host,
            disposition,
            first,
            stale
        )),
        "both are shown, the old one stale"
    );
    assert_eq!(replaced[..], [format!("app01 by {new}")]);
    assert_eq!(*state, HostState::Overdue);

    // Neither the order of the exports nor giving one twice changes anything.
    world.scans.reverse();
    assert_eq!(told(&world), first);
    world.scans.extend(re_imaged().scans.drain(..1));
    assert_eq!(told(&world), first);

    // Retired in the inventory, the old one's findings end with it.
    *world
        .scans
        .iter_mut()
        .find(|scan| scan.file == "inventory")
        .unwrap() = inventory(&[&retired]);
    let (findings, _, _) = told(&world);
    assert_eq!(findings[0].1, Disposition::ClosedRetired);
    assert_eq!(findings[1].1, Disposition::DueSoon);
}

#[test]
fn w11_the_old_machine_counts_as_unscanned_and_no_rescan_of_the_new_one_closes_what_it_had() {
    let mut world = re_imaged();
    world.scan("src-one", "2026-09-10T08:00:00Z", |scan| {
        scan.host("app01");
    });
    let scan = world.scans.last_mut().unwrap();
    scan.hosts[0].fqdn = Some("app01.example.org".into());
    world.judge("2026-09-16", |register| {
        let old = register.host("app01").unwrap();
        assert!(
            !register.is_scanned_in_time(old),
            "it was last seen on 2026-09-01"
        );
        let closed: Vec<bool> = register.findings.iter().map(|one| one.closed.is_some()).collect();
        assert_eq!(
            closed,
            [false, true],
            "the look without a serial was at the new machine"
        );
    });
}

#[test]
fn w20_an_older_export_that_comes_later_opens_nothing_again() {
    let mut world = World::new();
    let seen = |world: &mut World, run: &str| {
        world.scan("src-one", run, |scan| {
            scan.seen("app01", "200", &[CVE], Severity::High, None);
        });
    };
    seen(&mut world, "2026-09-01T08:00:00Z");
    world.scan("src-one", "2026-09-08T08:00:00Z", |scan| {
        scan.host("app01");
    });
    let closed = (Disposition::FixedInTime, "09-01".into(), Some("09-08".into()), 0);
    assert_eq!(told(&world, "2026-09-20"), closed);
    seen(&mut world, "2026-09-04T08:00:00Z");
    assert_eq!(told(&world, "2026-09-20"), closed);
    seen(&mut world, "2026-09-09T08:00:00Z");
    assert_eq!(
        told(&world, "2026-09-20").0,
        Disposition::Overdue,
        "a newer one does"
    );
}
