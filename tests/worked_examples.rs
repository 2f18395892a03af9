//! The worked examples of the reconciliation semantics: those that no other test has, and where the others are.
//!
//! | example | test |
//! |---|---|
//! | W1 | `reconcile::w01_scanners_are_joined_by_cve_and_by_patch` |
//! | W2, W3, W6 | here, and `lives_open_close_and_reopen` in `src/reconcile/episode.rs` |
//! | W4 | `reconcile::w04_an_exception_ends_with_its_last_local_day` |
//! | W5 | `reconcile::w05_a_listing_suspends_what_was_decided_before_it`, `work_rules::a_decision_counts_from_the_day_after_the_listing` |
//! | W7 | `clock::w07_…` and `reconcile::w07_a_breach_stays_when_the_severity_is_lowered` |
//! | W8 | `clock::w08_an_override_reaches_what_is_open_while_it_is_in_force` |
//! | W9 | `clock::w09_a_freeze_does_not_move_a_due_date`, and `calendars` |
//! | W10 | here, and `the_first_class_of_keys_decides` in `src/reconcile/identity.rs` |
//! | W11 | none: a new serial under an old FQDN is not told apart yet |
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

use countersign::import::{Content, Export, Importer, Product, Scan, collect};
use countersign::model::{Disposition, Host, ObservationState, Quality, ScanSummary, Severity, Stamp};

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
}

#[test]
fn w03_a_banner_does_not_undo_what_an_agent_called_fixed() {
    let mut world = fixed_on_20_september(Quality::Agent);
    seen_by_another_on_25_september(&mut world, Quality::Banner);
    assert_eq!(
        told(&world, "2026-09-26"),
        (Disposition::FixedInTime, "09-15".into(), Some("09-20".into()), 0)
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

fn inventory(is_static: bool) -> Scan {
    let laptop = Host {
        name: "laptop-1".into(),
        ips: vec!["10.0.0.7".into()],
        fields: [
            ("name", "laptop-1"),
            ("ip_static", if is_static { "true" } else { "false" }),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        ..Host::default()
    };
    Scan {
        absence_means_fixed: None,
        file: "inventory".into(),
        source: None,
        is_ad_hoc: true,
        importer: &INVENTORY,
        sha256: "inventory".into(),
        summary: ScanSummary::default(),
        hosts: vec![laptop],
        checks: Vec::new(),
        sightings: Vec::new(),
        kev: Vec::new(),
        epss: Vec::new(),
    }
}

#[test]
fn w10_a_leased_address_attaches_nothing_to_the_machine_that_had_it() {
    for (is_static, expected) in [(false, "10.0.0.7"), (true, "laptop-1")] {
        let mut world = World::new();
        world.scan("src-one", "2026-09-01T14:00:00Z", |scan| {
            scan.seen("10.0.0.7", "200", &[CVE], Severity::High, None);
        });
        world.scans[0].hosts[0].ips = vec!["10.0.0.7".into()];
        world.scans.push(inventory(is_static));
        world.judge("2026-09-02", |register| {
            let hosts: Vec<&str> = register.findings.iter().map(|finding| &*finding.host).collect();
            assert_eq!(hosts, [expected]);
            assert_eq!(&*register.findings[0].due_reason, "strictest:no-system");
        });
    }
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
