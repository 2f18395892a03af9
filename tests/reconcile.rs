//! The worked cases of reconciliation, each a situation and the answer a user must get.

use countersign::model::{Disposition, ObservationState, Severity, Stamp};
use countersign::reconcile::HostState;

use crate::world::{World, at, find};

const CVE: &str = "CVE-2026-1111";

fn seen(severity: Severity, first: &str) -> World {
    let mut world = World::new();
    world.scan("src-one", first, |scan| {
        scan.seen("app01", "200", &[CVE], severity, None);
    });
    world
}

/// W1: two scanners, one finding; one patch behind two findings.
#[test]
fn w01_scanners_are_joined_by_cve_and_by_patch() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with(
            "app01",
            "92100",
            &["CVE-2026-0001", "CVE-2026-0002"],
            Severity::High,
            None,
            |check| {
                check.family = "qualys".into();
                check.remediation = Some("KB5043050".into());
            },
        );
    });
    world.scan("src-two", "2026-09-01T09:00:00Z", |scan| {
        scan.seen_with(
            "APP01",
            "200",
            &["CVE-2026-0001"],
            Severity::High,
            None,
            |check| {
                check.remediation = Some("KB5043050".into());
            },
        );
    });
    world.judge("2026-09-02", |register| {
        assert_eq!(register.findings.len(), 2);
        let first = find(register, "app01", "CVE-2026-0001");
        assert_eq!(
            first
                .said
                .observers
                .iter()
                .map(|name| &**name)
                .collect::<Vec<_>>(),
            ["src-one", "src-two"]
        );
        assert_eq!(find(register, "app01", "CVE-2026-0002").said.observers.len(), 1);
        let mut patches: Vec<_> = register
            .findings
            .iter()
            .map(|finding| (&finding.host, &finding.said.remediation))
            .collect();
        patches.dedup();
        assert_eq!(patches.len(), 1, "one missing patch");
    });
}

/// W4: the last day of an exception lasts to its end, in the organisation's zone.
#[test]
fn w04_an_exception_ends_with_its_last_local_day() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    let deferred = world.row("2026-09-30T23:30:00+02:00", "app01", CVE);
    assert_eq!(
        deferred,
        (
            Disposition::Deferred,
            "2026-09-30T23:59:59+02:00".into(),
            "sla:high/tier1".into()
        )
    );
    let overdue = world.row("2026-10-01T00:00:00+02:00", "app01", CVE);
    assert_eq!(
        overdue,
        (
            Disposition::Overdue,
            "2026-09-15T23:59:59+02:00".into(),
            "sla:high/tier1".into()
        )
    );
    world.judge("2026-10-01T00:00:00+02:00", |register| {
        assert_eq!(find(register, "app01", CVE).lapsed[0].as_str(), "exc-0001");
    });
}

/// W5: an exception from before the listing is set aside, and the listing sets the date.
#[test]
fn w05_a_listing_suspends_what_was_decided_before_it() {
    let mut world = seen(Severity::High, "2026-08-30T08:00:00Z");
    world.sla("  kev: {mode: catalog_due_date, min_days: 3}\n");
    world.exception(
        "exc-0001",
        CVE,
        "app01",
        "2026-09-01",
        "2026-11-30",
        "|  covers_exploited: true\n",
    );
    world.approve("Exception", "exc-0001", "2026-09-01T08:00:00Z");
    world.kev(CVE, "2026-09-10", Some("2026-09-24"));
    assert_eq!(world.row("2026-09-09", "app01", CVE).0, Disposition::Deferred);
    let (disposition, due, reason) = world.row("2026-09-11", "app01", CVE);
    assert_eq!(
        (disposition, due.as_str(), reason.as_str()),
        (
            Disposition::DueSoon,
            "2026-09-13T23:59:59+02:00",
            "sla:high/tier1"
        )
    );
    world.judge("2026-09-11", |register| {
        assert_eq!(find(register, "app01", CVE).suspended[0].as_str(), "exc-0001");
    });
    // Approved anew on the day of the listing is not after it; on the day after it is.
    world.approve("Exception", "exc-0001", "2026-09-10T20:00:00Z");
    assert_ne!(world.row("2026-09-11", "app01", CVE).0, Disposition::Deferred);
    world.approve("Exception", "exc-0001", "2026-09-10T22:30:00Z");
    assert_eq!(
        world.row("2026-09-11", "app01", CVE).0,
        Disposition::Deferred,
        "00:30 in Berlin is the next day"
    );
}

#[test]
fn an_exception_that_does_not_cover_exploited_vulnerabilities_is_suspended_by_a_listing() {
    let mut world = seen(Severity::High, "2026-08-30T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-01", "2026-11-30", "");
    world.approve("Exception", "exc-0001", "2026-09-20T08:00:00Z");
    world.kev(CVE, "2026-09-10", None);
    assert_eq!(world.row("2026-09-21", "app01", CVE).0, Disposition::Overdue);
}

/// W7: a severity that is lowered late does not undo the breach.
#[test]
fn w07_a_breach_stays_when_the_severity_is_lowered() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.record(
        "triage/tri-0001.yaml",
        &format!("kind: Triage\nid: tri-0001\ntitle: Low\nspec:\n  subject: {{vuln: {CVE}, resolved: [app01]}}\n  status: affected\n  method: looked\n  evidence: []\n  cvss_env: CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:L/I:L/A:L\n  expires: 2026-12-31\n"),
    );
    world.approve("Triage", "tri-0001", "2026-09-21T08:00:00Z");
    assert_eq!(
        world.row("2026-09-20", "app01", CVE).0,
        Disposition::Overdue,
        "not yet approved"
    );
    world.judge("2026-09-22", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.severity, Severity::Medium);
        assert_eq!(
            register.as_of.zone().day_of(finding.due).to_string(),
            "2026-10-01"
        );
        assert_eq!(finding.disposition, Disposition::Open);
        let breached = finding.breached.unwrap();
        assert_eq!(register.as_of.zone().day_of(breached).to_string(), "2026-09-15");
        assert!(finding.notes[0].contains("6 d"), "{:?}", finding.notes);
        assert_eq!(register.kpis["sla_rate_strict"].rate.numerator, 0);
        assert_eq!(register.kpis["sla_rate_strict"].rate.denominator, 1);
    });
}

/// W12: days are local days, not 24 hours each.
#[test]
fn w12_days_are_counted_in_local_days_across_the_end_of_summer_time() {
    let world = seen(Severity::Critical, "2026-10-22T08:00:00Z");
    assert_eq!(
        world.row("2026-10-23", "app01", CVE).1,
        "2026-10-29T23:59:59+01:00"
    );
    let late = seen(Severity::Critical, "2026-10-21T22:30:00Z");
    assert_eq!(
        late.row("2026-10-23", "app01", CVE).1,
        "2026-10-29T23:59:59+01:00",
        "00:30 in Berlin"
    );
}

/// W15: an old listing on a new host gives `min_days`, not five years of delay.
#[test]
fn w15_an_old_listing_on_a_new_host_counts_from_the_first_sighting() {
    let mut world = World::new();
    world.sla("  kev: {mode: catalog_due_date, min_days: 3}\n");
    world.kev("CVE-2021-44228", "2021-12-10", Some("2021-12-24"));
    world.scan("src-one", "2026-09-20T10:00:00Z", |scan| {
        scan.seen("app01", "1", &["CVE-2021-44228"], Severity::Critical, None);
    });
    let row = world.row("2026-09-21", "app01", "CVE-2021-44228");
    assert_eq!(
        row,
        (
            Disposition::DueSoon,
            "2026-09-23T23:59:59+02:00".into(),
            "kev:min_days".into()
        )
    );
    world.sla("  kev: {mode: catalog_due_date}\n");
    let row = world.row("2026-09-21", "app01", "CVE-2021-44228");
    assert_eq!(
        (row.1.as_str(), row.2.as_str()),
        ("2026-09-21T12:00:00+02:00", "kev:floor")
    );
}

/// W19: one CVE of three is not affected; the patch stays due by the other two.
#[test]
fn w19_one_cve_of_a_check_can_be_taken_out() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with(
            "app01",
            "300",
            &["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"],
            Severity::High,
            None,
            |check| {
                check.remediation = Some("KB1".into());
            },
        );
    });
    world.record(
        "triage/tri-0001.yaml",
        "kind: Triage\nid: tri-0001\ntitle: Not here\nspec:\n  subject: {vuln: CVE-2026-0002, systems: [sys-app]}\n  status: not_affected\n  justification: component_not_present\n  method: looked\n  evidence: []\n  expires: 2026-12-31\n",
    );
    assert_eq!(
        world.row("2026-09-02", "app01", "CVE-2026-0002").0,
        Disposition::Open,
        "nobody approved it"
    );
    world.approve("Triage", "tri-0001", "2026-09-02T08:00:00Z");
    assert_eq!(
        world.row("2026-09-02", "app01", "CVE-2026-0002").0,
        Disposition::NotApplicable
    );
    assert_eq!(
        world.row("2026-09-02", "app01", "CVE-2026-0001").0,
        Disposition::Open
    );
    assert_eq!(
        world.row("2026-09-16", "app01", "CVE-2026-0003").0,
        Disposition::Overdue
    );
    assert_eq!(
        world.row("2027-01-01", "app01", "CVE-2026-0002").0,
        Disposition::Overdue,
        "the triage has ended"
    );
}

/// W21: nine of ten are fixed; the rate says 90 %, and the system is not compliant.
#[test]
fn w21_one_open_host_makes_the_system_non_compliant() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        for host in 1..=10 {
            scan.seen(&format!("app{host:02}"), "200", &[CVE], Severity::High, None);
        }
    });
    world.scan("src-one", "2026-09-14T08:00:00Z", |scan| {
        for host in 1..=10 {
            scan.host(&format!("app{host:02}"));
        }
        scan.seen("app10", "200", &[CVE], Severity::High, None);
    });
    world.judge("2026-09-16", |register| {
        let system = register.systems.values().next().unwrap();
        assert_eq!(system.closed_rate.percent(), "90.0");
        assert_eq!(
            (system.closed_rate.numerator, system.closed_rate.denominator),
            (9, 10)
        );
        assert_eq!(system.state, HostState::Overdue);
        assert_eq!(register.by_disposition()[&Disposition::FixedInTime], 9);
        assert_eq!(register.by_disposition()[&Disposition::Overdue], 1);
        assert_eq!(register.kpis["sla_rate_strict"].rate.percent(), "90.0");
        assert_eq!(register.kpis["host_compliance"].rate.percent(), "90.0");
    });
}

/// W23: after the earlier of two overlapping exceptions has ended, the later does not stand alone.
#[test]
fn w23_an_overlapping_exception_does_not_outlive_the_earlier_one_by_itself() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
    world.exception("exc-0002", CVE, "app01", "2026-09-02", "2026-12-31", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.approve("Exception", "exc-0002", "2026-09-02T08:00:00Z");
    let row = world.row("2026-09-20", "app01", CVE);
    assert_eq!(
        (row.0, row.1.as_str()),
        (Disposition::Deferred, "2026-09-30T23:59:59+02:00"),
        "the earlier end governs"
    );
    assert_eq!(world.row("2026-10-01", "app01", CVE).0, Disposition::Overdue);
    world.approve("Exception", "exc-0002", "2026-10-01T08:00:00Z");
    assert_eq!(
        world.row("2026-10-01", "app01", CVE).0,
        Disposition::Deferred,
        "approved anew"
    );
    let mut renewed = seen(Severity::High, "2026-09-01T08:00:00Z");
    renewed.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-09-30", "");
    renewed.exception(
        "exc-0002",
        CVE,
        "app01",
        "2026-09-02",
        "2026-12-31",
        "renews: exc-0001\n",
    );
    renewed.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    renewed.approve("Exception", "exc-0002", "2026-09-02T08:00:00Z");
    assert_eq!(
        renewed.row("2026-10-01", "app01", CVE).0,
        Disposition::Deferred,
        "it renews the other"
    );
}

#[test]
fn coverage_needs_an_approval_a_frozen_host_and_its_own_time() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-05", "2026-10-30", "");
    assert_eq!(
        world.row("2026-09-20", "app01", CVE).0,
        Disposition::Overdue,
        "no approval"
    );
    world.approve("Exception", "exc-0001", "2026-09-10T08:00:00Z");
    assert_eq!(
        world.row("2026-09-09", "app01", CVE).0,
        Disposition::DueSoon,
        "the approval is not yet made"
    );
    assert_eq!(world.row("2026-09-20", "app01", CVE).0, Disposition::Deferred);
    world.exception("exc-0001", CVE, "app02", "2026-09-05", "2026-10-30", "");
    assert_eq!(
        world.row("2026-09-20", "app01", CVE).0,
        Disposition::Overdue,
        "another host"
    );
    world.exception(
        "exc-0001",
        CVE,
        "app01",
        "2026-09-05",
        "2026-10-30",
        "status: draft\n",
    );
    assert_eq!(
        world.row("2026-09-20", "app01", CVE).0,
        Disposition::Overdue,
        "a draft"
    );
    world.exception("exc-0001", CVE, "app01", "2026-09-21", "2026-10-30", "");
    assert_eq!(
        world.row("2026-09-20", "app01", CVE).0,
        Disposition::Overdue,
        "not begun"
    );
}

#[test]
fn an_accelerator_counts_from_the_day_of_its_evidence() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla("  accelerators: [{name: exploit_available, when: \"exploitation == poc\", days: 7}]\n");
    world.record(
        "triage/tri-0001.yaml",
        &format!("kind: Triage\nid: tri-0001\ntitle: Proof\nspec:\n  subject: {{vuln: {CVE}, systems: [sys-app]}}\n  status: affected\n  method: read\n  evidence: []\n  ssvc: {{exploitation: poc}}\n  exploit_evidence: [{{source: src-one, at: 2026-09-05}}]\n  expires: 2026-12-31\n"),
    );
    world.approve("Triage", "tri-0001", "2026-09-06T08:00:00Z");
    let row = world.row("2026-09-10", "app01", CVE);
    assert_eq!(
        (row.1.as_str(), row.2.as_str()),
        ("2026-09-12T23:59:59+02:00", "accelerator:exploit_available")
    );
}

#[test]
fn a_host_of_no_system_gets_the_shortest_cell_and_no_agreement_means_due_at_once() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("stranger", "200", &[CVE], Severity::High, None);
    });
    let row = world.row("2026-09-02", "stranger", CVE);
    assert_eq!(
        (row.1.as_str(), row.2.as_str()),
        ("2026-09-15T23:59:59+02:00", "strictest:no-system")
    );
    world.record("slas/sla-all.yaml", "kind: Sla\nid: sla-all\ntitle: All\nversion: 1.0.0\nstatus: closed\nspec:\n  parties: [role-ciso]\n  applies_to: \"tier == tier1\"\n  matrix: []\n  clock: {start: first_detected, stop: verified_absence}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n");
    let row = world.row("2026-09-02", "stranger", CVE);
    assert_eq!(
        (row.0, row.1.as_str()),
        (Disposition::Overdue, "2026-09-01T10:00:00+02:00")
    );
}

#[test]
fn exports_newer_than_as_of_are_counted_and_not_used() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.scan("src-one", "2026-09-10T08:00:00Z", |scan| {
        scan.seen("app02", "200", &[CVE], Severity::High, None);
    });
    world.judge("2026-09-05", |register| {
        assert_eq!(register.findings.len(), 1);
        assert_eq!(register.imports[1].state.word(), "ignored");
    });
}

#[test]
fn the_words_of_a_scanner_close_and_reopen_a_finding() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-20T08:00:00Z", |scan| {
        let sighting = scan.seen(
            "app01",
            "200",
            &[CVE],
            Severity::High,
            Some("2026-09-01T08:00:00Z"),
        );
        sighting.state = ObservationState::Fixed;
        sighting.last_fixed = Some(Stamp::At(at("2026-09-12T08:00:00Z")));
        let late = scan.seen(
            "app02",
            "200",
            &[CVE],
            Severity::High,
            Some("2026-09-01T08:00:00Z"),
        );
        late.state = ObservationState::Fixed;
        late.last_fixed = Some(Stamp::At(at("2026-09-16T08:00:00Z")));
        let again = scan.seen(
            "app03",
            "200",
            &[CVE],
            Severity::High,
            Some("2026-09-01T08:00:00Z"),
        );
        again.state = ObservationState::Reopened;
    });
    assert_eq!(world.row("2026-09-21", "app01", CVE).0, Disposition::FixedInTime);
    assert_eq!(world.row("2026-09-21", "app02", CVE).0, Disposition::FixedLate);
    assert_eq!(world.row("2026-09-21", "app03", CVE).0, Disposition::Overdue);
    world.judge("2026-09-21", |register| {
        assert_eq!(find(register, "app03", CVE).recurrence, 1)
    });
}

#[test]
fn an_unsupported_system_is_governed_by_its_acceptance_only() {
    let mut world = World::new();
    let system = |more: &str| {
        format!(
            "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  members: [app01]\n  scope: {{in: true}}\n  lifecycle: {{eol_date: 2023-10-10}}\n{more}"
        )
    };
    world.record("systems/sys-app.yaml", &system(""));
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "1", &["CVE-2026-0001"], Severity::High, None, |check| {
            check.fix_available = Some(false)
        });
        scan.seen_with("app01", "2", &["CVE-2026-0002"], Severity::High, None, |check| {
            check.fix_available = Some(true)
        });
        scan.seen("app01", "3", &["CVE-2026-0003"], Severity::High, None);
    });
    assert_eq!(
        world.row("2026-09-20", "app01", "CVE-2026-0001").0,
        Disposition::UnsupportedUngoverned
    );
    world.record(
        "acceptances/rac-0001.yaml",
        "kind: RiskAcceptance\nid: rac-0001\ntitle: Old\nspec:\n  type: unsupported_system\n  subject: {systems: [sys-app]}\n  starts: 2026-08-01\n  inherent: {likelihood: likely, impact: major}\n  residual: {likelihood: unlikely, impact: major}\n  alternatives_considered: None.\n  statement: I accept.\n  expires: 2027-06-30\n",
    );
    world.approve("RiskAcceptance", "rac-0001", "2026-08-01T08:00:00Z");
    assert_eq!(
        world.row("2026-09-20", "app01", "CVE-2026-0001").0,
        Disposition::AcceptedUnsupported
    );
    assert_eq!(
        world.row("2026-09-20", "app01", "CVE-2026-0002").0,
        Disposition::Overdue,
        "a fix exists"
    );
    assert_eq!(
        world.row("2026-09-20", "app01", "CVE-2026-0003").0,
        Disposition::Overdue,
        "unknown means that there is one"
    );
}

#[test]
fn an_acceptance_names_the_row_and_the_earlier_end_governs() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-02", "2026-10-15", "");
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.record(
        "acceptances/rac-0001.yaml",
        &format!("kind: RiskAcceptance\nid: rac-0001\ntitle: Bear it\nspec:\n  type: vulnerability\n  subject: {{vulns: [{CVE}], systems: [sys-app], resolved: [app01]}}\n  starts: 2026-09-01\n  inherent: {{likelihood: likely, impact: major}}\n  residual: {{likelihood: unlikely, impact: major}}\n  alternatives_considered: None.\n  statement: I accept.\n  expires: 2027-06-30\n"),
    );
    world.approve("RiskAcceptance", "rac-0001", "2026-09-02T08:00:00Z");
    let row = world.row("2026-09-20", "app01", CVE);
    assert_eq!(
        (row.0, row.1.as_str()),
        (Disposition::Accepted, "2026-10-15T23:59:59+02:00")
    );
}

#[test]
fn the_order_of_exports_does_not_matter() {
    let mut world = World::new();
    for (source, run) in [
        ("src-one", "2026-09-01T08:00:00Z"),
        ("src-two", "2026-09-03T08:00:00Z"),
        ("src-one", "2026-09-08T08:00:00Z"),
    ] {
        world.scan(source, run, |scan| {
            scan.seen("app01", "200", &[CVE], Severity::High, None);
            scan.seen("stranger", "201", &["CVE-2026-2222"], Severity::Low, None);
        });
    }
    world.scan("src-two", "2026-09-09T08:00:00Z", |scan| {
        scan.host("app01");
    });
    let first = world.judge("2026-09-20", |register| format!("{:?}", register.findings));
    for _ in 0..world.scans.len() {
        world.scans.rotate_left(1);
        assert_eq!(
            world.judge("2026-09-20", |register| format!("{:?}", register.findings)),
            first
        );
    }
    world.scans.reverse();
    assert_eq!(
        world.judge("2026-09-20", |register| format!("{:?}", register.findings)),
        first
    );
}

#[test]
fn an_ambiguous_host_gets_no_decision() {
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  members: [db.one.example, db.two.example]\n  scope: {in: true}\n",
    );
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("db", "200", &[CVE], Severity::High, None);
    });
    world.exception(
        "exc-0001",
        CVE,
        "db.one.example, db.two.example",
        "2026-09-02",
        "2026-12-31",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    let row = world.row("2026-09-20", "db.one.example", CVE);
    assert_eq!(
        (row.0, row.2.as_str()),
        (Disposition::Overdue, "strictest:ambiguous-host")
    );
}

/// An exception that ends before the fix leaves the finding late; one that stands until the fix does not.
#[test]
fn what_is_fixed_after_its_exception_ended_is_late() {
    for (expires, expected) in [
        ("2026-09-15", Disposition::FixedLate),
        ("2026-09-16", Disposition::FixedLate),
        ("2026-09-17", Disposition::FixedInTime),
    ] {
        let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
        world.scan("src-one", "2026-09-17T08:00:00Z", |scan| {
            scan.host("app01");
        });
        world.exception("exc-0001", CVE, "app01", "2026-09-01", expires, "");
        world.approve("Exception", "exc-0001", "2026-09-01T09:00:00Z");
        assert_eq!(
            world.row("2026-09-29", "app01", CVE).0,
            expected,
            "until {expires}"
        );
    }
}

/// A decision after the due date covers from then on; the days before stay a breach in the rates.
#[test]
fn a_late_exception_does_not_mend_the_rate() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.exception("exc-0001", CVE, "app01", "2026-09-01", "2026-12-31", "");
    world.approve("Exception", "exc-0001", "2026-09-20T09:00:00Z");
    let rates = |when: &str| {
        world.judge(when, |register| {
            let rate = |name: &str| {
                (
                    register.kpis[name].rate.numerator,
                    register.kpis[name].rate.denominator,
                )
            };
            (
                find(register, "app01", CVE).disposition,
                rate("sla_rate_net"),
                rate("sla_rate_governed"),
            )
        })
    };
    assert_eq!(rates("2026-09-29"), (Disposition::Deferred, (0, 1), (0, 1)));
    world.approve("Exception", "exc-0001", "2026-09-10T09:00:00Z");
    let rates = world.judge("2026-09-29", |register| {
        register.kpis["sla_rate_governed"].rate.numerator
    });
    assert_eq!(
        rates, 1,
        "an approval in time counts, though the person approved again later"
    );
}
