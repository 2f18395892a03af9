//! Rows of the table of dispositions that the reference model showed to be read wrongly, each as one case.

use countersign::model::{Disposition, Exploit, ObservationState, Severity, Stamp};

use crate::world::{World, at, find};

const CVE: &str = "CVE-2026-1111";

fn seen() -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::High, None);
    });
    world
}

fn clean(world: &mut World, run: &str) {
    world.scan("src-one", run, |scan| {
        scan.host("app01");
    });
}

fn acceptance(world: &mut World, more: &str) {
    world.record(
        "acceptances/rac-0001.yaml",
        &format!("kind: RiskAcceptance\nid: rac-0001\ntitle: Old\nspec:\n  type: unsupported_system\n  subject: {{systems: [sys-app]}}\n  starts: 2026-08-01\n  inherent: {{likelihood: likely, impact: major}}\n  residual: {{likelihood: unlikely, impact: major}}\n  alternatives_considered: None.\n  statement: I accept.\n  expires: 2027-06-30\n{more}"),
    );
    world.approve("RiskAcceptance", "rac-0001", "2026-08-01T08:00:00Z");
}

fn system(world: &mut World, more: &str) {
    world.record(
        "systems/sys-app.yaml",
        &format!("kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  members: [app01, app02]\n  scope: {{in: true}}\n{more}"),
    );
}

/// Row 5: what is exploited and has no decision left goes on below the rows of decisions, 6 and 6b included.
#[test]
fn an_exploited_finding_of_an_unsupported_system_is_not_taken_out_of_the_rate() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "1", &[CVE], Severity::High, None, |check| {
            check.fix_available = Some(false)
        });
    });
    system(&mut world, "  lifecycle: {eol_date: 2023-10-10}\n");
    world.kev(CVE, "2026-09-03", None);
    let row = |world: &World| world.row("2026-09-20", "app01", CVE).0;
    assert_eq!(row(&world), Disposition::Overdue, "no acceptance at all");
    acceptance(&mut world, "  covers_exploited: true\n");
    assert_eq!(row(&world), Disposition::Overdue, "accepted before the listing");
    world.judge("2026-09-20", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.suspended[0].as_str(), "rac-0001");
    });
    world.approve("RiskAcceptance", "rac-0001", "2026-09-04T08:00:00Z");
    assert_eq!(row(&world), Disposition::AcceptedUnsupported, "accepted after it");
    acceptance(&mut world, "");
    assert_eq!(
        row(&world),
        Disposition::Overdue,
        "not meant for what is exploited"
    );
}

/// Days between two decisions are a breach, though one stood at the due date and another at the fix.
#[test]
fn a_gap_between_two_exceptions_leaves_a_finding_late() {
    for (second, expected) in [
        ("2026-09-18", Disposition::FixedInTime),
        ("2026-09-19", Disposition::FixedLate),
    ] {
        let mut world = seen();
        clean(&mut world, "2026-09-25T08:00:00Z");
        world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-17", "");
        world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
        world.exception("exc-0002", CVE, "app01", second, "2026-12-31", "");
        world.approve("Exception", "exc-0002", "2026-09-17T08:00:00Z");
        assert_eq!(world.row("2026-09-29", "app01", CVE).0, expected, "from {second}");
    }
}

/// The due date passed under an exception; the listing set it aside, and from then on the finding was late.
#[test]
fn an_exception_that_a_listing_set_aside_does_not_hold_to_the_fix() {
    let mut world = seen();
    clean(&mut world, "2026-09-25T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-12-31", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    assert_eq!(world.row("2026-09-29", "app01", CVE).0, Disposition::FixedInTime);
    world.kev(CVE, "2026-09-20", None);
    assert_eq!(world.row("2026-09-29", "app01", CVE).0, Disposition::FixedLate);
}

/// One closes an exception when the finding is fixed; a draft never stood.
#[test]
fn what_its_author_closed_after_the_fix_stood_until_then() {
    for (status, expected) in [
        ("closed", Disposition::FixedInTime),
        ("draft", Disposition::FixedLate),
    ] {
        let mut world = seen();
        clean(&mut world, "2026-09-25T08:00:00Z");
        let status = format!("status: {status}\n");
        world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-12-31", &status);
        world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
        assert_eq!(world.row("2026-09-29", "app01", CVE).0, expected, "{status}");
    }
}

/// Row 1: a host that was seen after its retirement keeps its findings, whatever the scan listed.
#[test]
fn a_host_is_retired_once_its_day_has_passed_and_nobody_saw_it_after() {
    let mut world = seen();
    system(&mut world, "  state: retired\n  retired_on: 2026-09-10\n");
    let row = |world: &World, when: &str| world.row(when, "app01", CVE).0;
    assert_eq!(row(&world, "2026-09-10T12:00:00+02:00"), Disposition::DueSoon);
    assert_eq!(row(&world, "2026-09-11"), Disposition::ClosedRetired);
    world.judge("2026-09-29", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.disposition, Disposition::ClosedRetired);
        assert_eq!(finding.breached, None, "it was not due by then");
        let rate = register.kpis["sla_rate_strict"].rate;
        assert_eq!(
            (rate.numerator, rate.denominator),
            (0, 0),
            "neither in time nor late"
        );
    });
    world.scan("src-two", "2026-09-12T08:00:00Z", |scan| {
        scan.host("app01");
    });
    assert_eq!(row(&world, "2026-09-29"), Disposition::Overdue, "seen after it");
}

/// Row 3: the result that a triage looked at is compared with those that are open now.
#[test]
fn a_fingerprint_is_compared_with_the_newest_result_of_each_source() {
    let (old, new) = (
        format!("sha256:{}", "a".repeat(64)),
        format!("sha256:{}", "b".repeat(64)),
    );
    let mut world = World::new();
    for (run, print) in [("2026-09-08T08:00:00Z", &new), ("2026-09-01T08:00:00Z", &old)] {
        world.scan("src-one", run, |scan| {
            scan.seen("app01", "200", &[CVE], Severity::High, None)
                .fingerprint = Some(countersign::model::Fingerprint::read(print).unwrap());
        });
    }
    for (print, expected) in [(&new, Disposition::NotApplicable), (&old, Disposition::DueSoon)] {
        world.record(
            "triage/tri-0001.yaml",
            &format!("kind: Triage\nid: tri-0001\ntitle: No\nspec:\n  subject: {{vuln: {CVE}, resolved: [app01]}}\n  status: false_positive\n  method: looked\n  evidence: []\n  fingerprint: '{print}'\n  expires: 2026-12-31\n"),
        );
        world.approve("Triage", "tri-0001", "2026-09-09T08:00:00Z");
        assert_eq!(world.row("2026-09-10", "app01", CVE).0, expected);
    }
}

/// Days before a due date are local days, at whatever hour one asks.
#[test]
fn a_finding_is_due_soon_from_the_morning_on() {
    let world = seen();
    assert_eq!(
        world.row("2026-09-07T23:59:59+02:00", "app01", CVE).0,
        Disposition::Open
    );
    assert_eq!(
        world.row("2026-09-08T00:00:00+02:00", "app01", CVE).0,
        Disposition::DueSoon
    );
}

/// The end of a finding is the first look that did not find it, not the newest one.
#[test]
fn later_clean_scans_do_not_make_a_fix_late() {
    let mut world = seen();
    for run in [
        "2026-09-10T08:00:00Z",
        "2026-09-20T08:00:00Z",
        "2026-09-27T08:00:00Z",
    ] {
        clean(&mut world, run);
    }
    world.judge("2026-09-29", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.disposition, Disposition::FixedInTime);
        assert_eq!(finding.closed, Some(at("2026-09-10T08:00:00Z")));
    });
}

/// Where the source that saw it is retired, another one that sees as well closes what it no longer finds.
#[test]
fn another_source_looks_in_place_of_a_retired_one() {
    let mut world = seen();
    world.record(
        "sources/src-one.yaml",
        "kind: Source\nid: src-one\ntitle: Scanner\nspec:\n  roles: [scanner]\n  format: nessus-v2\n  timezone: UTC\n  max_age_hours: 192\n  quality: authenticated\n  absence_means_fixed: true\n  state: retired\n",
    );
    assert_eq!(world.row("2026-09-29", "app01", CVE).0, Disposition::Overdue);
    world.scan("src-two", "2026-09-10T08:00:00Z", |scan| {
        scan.host("app01");
    });
    assert_eq!(world.row("2026-09-29", "app01", CVE).0, Disposition::FixedInTime);
}

/// A date of the scanner is believed where it says fixed, too, and when it says reopened.
#[test]
fn the_first_date_of_a_fixed_or_reopened_row_is_believed() {
    let mut world = seen();
    world.scan("src-one", "2026-09-10T08:00:00Z", |scan| {
        let sighting = scan.seen(
            "app01",
            "200",
            &[CVE],
            Severity::High,
            Some("2026-08-20T08:00:00Z"),
        );
        sighting.state = ObservationState::Fixed;
        sighting.last_fixed = Some(Stamp::At(at("2026-09-09T08:00:00Z")));
    });
    let first = |world: &World| world.judge("2026-09-29", |register| find(register, "app01", CVE).first_seen);
    assert_eq!(first(&world), at("2026-08-20T08:00:00Z"));
    world.scan("src-one", "2026-09-12T08:00:00Z", |scan| {
        let again = scan.seen(
            "app01",
            "200",
            &[CVE],
            Severity::High,
            Some("2026-08-10T08:00:00Z"),
        );
        again.state = ObservationState::Reopened;
    });
    assert_eq!(first(&world), at("2026-08-10T08:00:00Z"));
}

/// Row 5: an approval from between the first sighting and the run that calls it exploited is an older one.
#[test]
fn what_was_approved_before_a_scanner_called_it_exploited_is_set_aside() {
    let mut world = seen();
    world.scan("src-one", "2026-09-05T08:00:00Z", |scan| {
        scan.seen_with("app01", "200", &[CVE], Severity::High, None, |check| {
            check.exploit = Exploit::Active;
        });
    });
    let more = "|  covers_exploited: true\n";
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-12-31", more);
    for (approved, expected) in [
        ("2026-09-03T08:00:00Z", Disposition::Overdue),
        ("2026-09-05T20:00:00Z", Disposition::Overdue),
        ("2026-09-06T08:00:00Z", Disposition::Deferred),
    ] {
        world.approve("Exception", "exc-0001", approved);
        assert_eq!(world.row("2026-09-29", "app01", CVE).0, expected, "{approved}");
    }
}

/// A decision over very many hosts and vulnerabilities is kept otherwise, and covers the same.
#[test]
fn a_decision_over_many_hosts_covers_each_of_them_and_no_other() {
    let mut world = seen();
    world.scan("src-one", "2026-09-02T08:00:00Z", |scan| {
        for host in ["app01", "app02"] {
            scan.seen(host, "200", &[CVE], Severity::High, None);
            scan.seen(host, "300", &["CVE-2026-3333"], Severity::High, None);
        }
    });
    let others: Vec<String> = (0..300).map(|number| format!("web{number:03}")).collect();
    let vulns = format!("{CVE}, CVE-2026-2222");
    let hosts = format!("app01, {}", others.join(", "));
    world.exception("exc-0001", &vulns, &hosts, "2026-09-02", "2026-12-31", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    for (host, vuln, expected) in [
        ("app01", CVE, Disposition::Deferred),
        ("app01", "CVE-2026-3333", Disposition::Open),
        ("app02", CVE, Disposition::Open),
    ] {
        let found = world.row("2026-09-03", host, vuln).0;
        assert_eq!(found, expected, "{vuln} on {host}");
    }
}
