//! Each event of the SLA clock, as a situation and the segments that a user must be able to read.

use countersign::model::{AsOf, Disposition, Exploit, Governor, Severity};
use countersign::output::Style;
use countersign::output::register::{Format, Report, write};
use countersign::reconcile::{Question, reconcile};

use crate::signing::believing;
use crate::world::{World, at, find};

const CVE: &str = "CVE-2026-1111";

fn seen(severity: Severity, first: &str) -> World {
    let mut world = World::new();
    world.scan("src-one", first, |scan| {
        scan.seen("app01", "200", &[CVE], severity, None);
    });
    world
}

/// Writes each segment as `from > due cause reason [what governs]`, in Berlin, without seconds.
fn steps(world: &World, when: &str, host: &str, vuln: &str) -> Vec<String> {
    world.judge(when, |register| {
        let finding = find(register, host, vuln);
        let zone = register.as_of.zone();
        let last = finding.segments.last().unwrap();
        assert_eq!(
            (last.due, &last.reason),
            (finding.base_due, segment_reason(finding))
        );
        let local = |at| AsOf::new(at, zone).to_string()[..16].to_owned();
        finding
            .segments
            .iter()
            .map(|segment| {
                let by: Vec<String> = segment.by.iter().map(governor).collect();
                format!(
                    "{} > {} {} {} [{}]",
                    local(segment.from),
                    local(segment.due),
                    segment.cause.word(),
                    segment.reason,
                    by.join(", ")
                )
            })
            .collect()
    })
}

/// The reason of the base due; where mitigation comes first the finding tells that one.
fn segment_reason(finding: &countersign::model::Finding) -> &countersign::model::DueReason {
    if finding.disposition == Disposition::MitigationPending {
        &finding.segments.last().unwrap().reason
    } else {
        &finding.due_reason
    }
}

fn governor(governor: &Governor) -> String {
    let (id, version) = match governor {
        Governor::Record { id, version, .. } => (id.as_str(), version),
        Governor::Regulation { id, edition } => (&**id, edition),
    };
    match version {
        Some(version) => format!("{id} {version}"),
        None => id.to_owned(),
    }
}

fn matrix(critical: &str, high: &str, medium: &str) -> String {
    format!(
        "  matrix:\n    - {{severity: critical, tier: tier1, {critical}}}\n    - {{severity: high, tier: tier1, {high}}}\n    - {{severity: medium, tier: tier1, {medium}}}\n    - {{severity: low, tier: tier1, days: 90}}\n"
    )
}

/// An agreement for all of tier 1; `envelope` and `more` end with a line break where they are not empty.
fn agreement(id: &str, version: &str, envelope: &str, cells: &str, clock: &str, more: &str) -> String {
    format!(
        "kind: Sla\nid: {id}\ntitle: All\nversion: {version}\n{envelope}spec:\n  parties: [role-ciso]\n  applies_to: \"tier == tier1\"\n{cells}  clock: {{start: first_detected, stop: verified_absence{clock}}}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n{more}"
    )
}

fn triage(world: &mut World, id: &str, more: &str, approved: &str) {
    world.record(
        &format!("triage/{id}.yaml"),
        &format!("kind: Triage\nid: {id}\ntitle: Looked at\nspec:\n  subject: {{vuln: {CVE}, resolved: [app01]}}\n  status: affected\n  method: looked\n  evidence: []\n  expires: 2026-12-31\n{more}"),
    );
    world.approve("Triage", id, approved);
}

const LOW_VECTOR: &str = "  cvss_env: CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:L/I:L/A:L\n";
const CRITICAL_VECTOR: &str = "  cvss_env: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n";

#[test]
fn a_plain_finding_has_one_segment_and_equal_ones_are_shared() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        for host in ["app01", "app02"] {
            scan.seen(host, "200", &[CVE], Severity::High, None);
        }
    });
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        ["2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]"]
    );
    world.judge("2026-09-20", |register| {
        let (one, other) = (&register.findings[0].segments, &register.findings[1].segments);
        assert!(std::sync::Arc::ptr_eq(one, other));
        let sentence = one[0].sentence(register.as_of.zone());
        assert_eq!(
            sentence,
            "2026-09-01T10:00:00+02:00: the clock starts; due 2026-09-15T23:59:59+02:00 as `sla:high/tier1`, \
             set by Sla `sla-all` 1.0.0"
        );
    });
}

/// `clock.start`: with a patch of 25 August, first seen on 1 September.
#[test]
fn the_clock_starts_where_the_agreement_says() {
    for (start, released, expected) in [
        ("first_detected", "2026-08-25", "2026-09-15"),
        ("patch_released", "2026-08-25", "2026-09-08"),
        ("earliest", "2026-08-25", "2026-09-08"),
        ("latest", "2026-08-25", "2026-09-15"),
        ("patch_released", "2026-09-04", "2026-09-18"),
        ("earliest", "2026-09-04", "2026-09-15"),
        ("latest", "2026-09-04", "2026-09-18"),
    ] {
        let mut world = World::new();
        world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
            scan.seen_with("app01", "200", &[CVE], Severity::High, None, |check| {
                check.patch_published = Some(countersign::model::parse_date(released).unwrap().0);
            });
        });
        let text = agreement(
            "sla-all",
            "1.0.0",
            "",
            &matrix("days: 7", "days: 14", "days: 30"),
            "",
            "",
        );
        world.record("slas/sla-all.yaml", &text.replace("first_detected", start));
        // What is listed later does not make the matrix count from the listing.
        world.kev(CVE, "2026-09-05", None);
        let found = steps(&world, "2026-09-20", "app01", CVE);
        assert_eq!(found.len(), 1, "{start} {released}: {found:?}");
        assert!(
            found[0].contains(&format!("> {expected}T23:59")),
            "{start} {released}: {found:?}"
        );
    }
}

#[test]
fn a_severity_that_rises_gives_the_earlier_of_the_old_date_and_the_new_days() {
    for (rises, expected) in [
        (
            "2026-09-03T08:00:00Z",
            "2026-09-03T10:00 > 2026-09-10T23:59 severity sla:critical/tier1 [sla-all 1.0.0]",
        ),
        ("2026-09-12T08:00:00Z", ""),
    ] {
        let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
        world.scan("src-one", rises, |scan| {
            scan.seen(
                "app01",
                "200",
                &[CVE],
                Severity::Critical,
                Some("2026-09-01T08:00:00Z"),
            );
        });
        let mut want = vec!["2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]"];
        want.extend(Some(expected).filter(|text| !text.is_empty()));
        assert_eq!(steps(&world, "2026-09-20", "app01", CVE), want);
        world.judge("2026-09-20", |register| {
            assert_eq!(find(register, "app01", CVE).severity, Severity::Critical);
        });
        // The order of the exports says nothing.
        world.scans.reverse();
        assert_eq!(steps(&world, "2026-09-20", "app01", CVE), want);
    }
}

#[test]
fn an_approved_vector_raises_from_its_approval_on() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    triage(&mut world, "tri-0001", CRITICAL_VECTOR, "2026-09-04T08:00:00Z");
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [
            "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]",
            "2026-09-04T10:00 > 2026-09-11T23:59 severity sla:critical/tier1 [sla-all 1.0.0]",
        ]
    );
}

/// W7: the breach stays, the new date is from the start.
#[test]
fn w07_a_lowered_severity_is_counted_from_the_start_and_the_breach_stays() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    triage(&mut world, "tri-0001", LOW_VECTOR, "2026-09-21T08:00:00Z");
    assert_eq!(
        steps(&world, "2026-09-22", "app01", CVE),
        [
            "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]",
            "2026-09-21T10:00 > 2026-10-01T23:59 severity sla:medium/tier1 [sla-all 1.0.0]",
        ]
    );
    world.judge("2026-09-22", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.breached, Some(at("2026-09-15T21:59:59Z")));
        assert_eq!(
            &*finding.notes[0],
            "lowered from high to medium by `tri-0001`; the breach of 6 d before stays"
        );
    });
    // Before the approval the past is as it was.
    assert_eq!(steps(&world, "2026-09-20", "app01", CVE).len(), 1);
    // What becomes exploited is lowered no longer, and is due as if it had never been.
    world.kev(CVE, "2026-09-25", None);
    assert_eq!(
        steps(&world, "2026-09-30", "app01", CVE)[2..],
        ["2026-09-25T00:00 > 2026-09-15T23:59 condition sla:high/tier1 [sla-all 1.0.0]"]
    );
    world.judge("2026-09-30", |register| {
        assert_eq!(find(register, "app01", CVE).severity, Severity::High);
    });
}

#[test]
fn evidence_and_listings_count_from_their_day_and_nobody_gets_less_than_the_floor() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla(
        "  accelerators: [{name: proof, when: \"exploitation == poc\", days: 7}, {name: exploited, when: \"exploitation == active\", days: 3}]\n  kev: {mode: days_after_added, days: 1}\n",
    );
    triage(
        &mut world,
        "tri-0001",
        "  ssvc: {exploitation: poc}\n  exploit_evidence: [{source: src-one, at: 2026-09-03}]\n",
        "2026-09-03T08:00:00Z",
    );
    world.kev(CVE, "2026-09-05", None);
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [
            "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]",
            "2026-09-03T00:00 > 2026-09-10T23:59 condition accelerator:proof [sla-all 1.0.0]",
            "2026-09-05T00:00 > 2026-09-06T23:59 condition kev:listed [sla-all 1.0.0]",
        ]
    );
    // W15: listed years before it was found.
    let mut old = seen(Severity::High, "2026-09-20T10:00:00Z");
    old.kev(CVE, "2021-12-10", Some("2021-12-24"));
    for (kev, expected) in [
        (
            "mode: catalog_due_date, min_days: 3",
            "2026-09-23T23:59 start kev:min_days",
        ),
        ("mode: catalog_due_date", "2026-09-21T12:00 start kev:floor"),
        (
            "mode: catalog_due_date, floor_hours: 48",
            "2026-09-22T12:00 start kev:floor",
        ),
        (
            "mode: days_after_added, days: 14, min_days: 5",
            "2026-09-25T23:59 start kev:min_days",
        ),
    ] {
        old.sla(&format!("  kev: {{{kev}}}\n"));
        let found = steps(&old, "2026-09-21", "app01", CVE);
        assert_eq!(found, [format!("2026-09-20T12:00 > {expected} [sla-all 1.0.0]")]);
    }
}

#[test]
fn a_decision_table_is_asked_from_the_top_at_each_event() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla("  kev: {mode: decision_table, table: data/kev-table.yaml}\n");
    world.file(
        "data/kev-table.yaml",
        "rows:\n  - {when: \"kev and exposure == internet and ssvc.automatable == 'yes'\", hours: 48}\n  - {when: \"kev and severity in [critical, high]\", days: 5}\n  - {when: exploitation == poc, days: 10}\n",
    );
    world.kev(CVE, "2026-09-03", Some("2026-09-04"));
    triage(
        &mut world,
        "tri-0001",
        "  ssvc: {automatable: 'yes'}\n",
        "2026-09-04T08:00:00Z",
    );
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [
            "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]",
            "2026-09-03T00:00 > 2026-09-08T23:59 condition kev:table/2 [sla-all 1.0.0]",
            "2026-09-04T10:00 > 2026-09-06T10:00 condition kev:table/1 [sla-all 1.0.0]",
        ]
    );
    // Of a table that is not there the catalogue's own date is left.
    world.remove("data/kev-table.yaml");
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE)[1..],
        ["2026-09-03T00:00 > 2026-09-04T23:59 condition kev:listed [sla-all 1.0.0]"]
    );
}

#[test]
fn a_decision_table_with_mistakes_is_told_at_its_lines() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla("  kev: {mode: decision_table, table: data/kev-table.yaml}\n");
    world.file(
        "data/kev-table.yaml",
        "rows:\n  - {when: kev, dayz: 5}\n  - {when: \"tier =\", days: 5}\n",
    );
    let repository = world.loaded();
    let told: Vec<(&str, u32, &str)> = repository
        .faults
        .iter()
        .map(|fault| {
            (
                repository.sources.path(fault.span.file),
                fault.span.line,
                fault.message.as_str(),
            )
        })
        .collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told.iter().all(|(path, _, _)| *path == "data/kev-table.yaml"));
    assert_eq!((told[0].1, told[0].2), (2, "unknown field `dayz`"));
    assert_eq!(told[2].1, 3);
    world.file(
        "data/kev-table.yaml",
        "rows:\n  - {when: shoe_size > 40, days: 5}\n",
    );
    let repository = world.repository();
    let settings = countersign::check::Settings::new(&repository.configuration).unwrap();
    let as_of = crate::world::as_of("2026-09-02");
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    let register = reconcile(
        &repository,
        believing(&repository, as_of.instant()),
        &world.scans,
        question,
    );
    let found = countersign::check::run(&register, &settings);
    let found: Vec<_> = found
        .iter()
        .filter(|found| found.message.contains("shoe_size"))
        .collect();
    assert_eq!((found[0].code, found[0].span.line), ("SCH002", 2));
}

#[test]
fn regulations_run_beside_the_agreement() {
    let mut world = World::new();
    world.record(
        "systems/sys-app.yaml",
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  regulations: [pci_dss]\n  members: [app01]\n  scope: {in: true}\n",
    );
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "200", &[CVE], Severity::Critical, None, |check| {
            check.patch_published = Some(countersign::model::parse_date("2026-08-04").unwrap().0);
        });
    });
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        ["2026-09-01T10:00 > 2026-09-04T23:59 start cap:pci [pci]"]
    );
}

fn incident(world: &mut World, hours: u32, from: &str, to: &str) {
    world.record(
        "incidents/inc-0003.yaml",
        &format!("kind: Incident\nid: inc-0003\ntitle: Exploited\nspec:\n  class: exploited_vulnerability\n  vulns: [{CVE}]\n  systems: [sys-app]\n  impact: high\n  urgency: high\n  priority: P1\n  support_tier: tier3\n  detected: 2026-09-10T06:00:00Z\n  sla_overrides:\n    - {{severity: critical, tier: tier1, hours: {hours}, from: {from}, to: {to}, justification: seen in the wild}}\n"),
    );
}

/// W8: what is found while the override is in force keeps its date; what is found after it has the matrix.
#[test]
fn w08_an_override_reaches_what_is_open_while_it_is_in_force() {
    for (first, expected) in [
        (
            "2026-09-12T06:00:00Z",
            vec!["2026-09-12T08:00 > 2026-09-13T08:00 start override:inc-0003 [sla-all 1.0.0, inc-0003]"],
        ),
        (
            "2026-09-09T06:00:00Z",
            vec![
                "2026-09-09T08:00 > 2026-09-16T23:59 start sla:critical/tier1 [sla-all 1.0.0]",
                "2026-09-10T10:00 > 2026-09-11T10:00 override override:inc-0003 [sla-all 1.0.0, inc-0003]",
            ],
        ),
        (
            "2026-09-15T08:00:01Z",
            vec!["2026-09-15T10:00 > 2026-09-22T23:59 start sla:critical/tier1 [sla-all 1.0.0]"],
        ),
    ] {
        let mut world = seen(Severity::Critical, first);
        incident(&mut world, 24, "2026-09-10T08:00:00Z", "2026-09-15T08:00:00Z");
        assert_eq!(
            steps(&world, "2026-09-30", "app01", CVE).len(),
            1,
            "nobody approved it"
        );
        world.approve("Incident", "inc-0003", "2026-09-10T08:00:00Z");
        assert_eq!(
            steps(&world, "2026-09-30", "app01", CVE),
            expected,
            "first seen {first}"
        );
    }
}

#[test]
fn an_override_that_gives_more_time_needs_senior_management() {
    let mut world = seen(Severity::Critical, "2026-09-09T06:00:00Z");
    incident(&mut world, 480, "2026-09-10T08:00:00Z", "2026-09-15T08:00:00Z");
    world.approve("Incident", "inc-0003", "2026-09-10T08:00:00Z");
    assert_eq!(steps(&world, "2026-09-30", "app01", CVE).len(), 1);
    world.judge("2026-09-30", |register| {
        let notes = &find(register, "app01", CVE).notes;
        assert!(notes[0].contains("`inc-0003` gives 480 h"), "{notes:?}");
        assert!(
            notes[0].contains("senior management has not approved it"),
            "{notes:?}"
        );
    });
    world.approve_as(
        "Incident",
        "inc-0003",
        "2026-09-10T08:00:00Z",
        "role-senior-management",
    );
    assert_eq!(
        steps(&world, "2026-09-30", "app01", CVE)[1..],
        ["2026-09-10T10:00 > 2026-09-30T10:00 override override:inc-0003 [sla-all 1.0.0, inc-0003]"]
    );
}

const PAUSE: &str = ", pause: [vendor_fix_missing], max_pause_days: 30, mitigate_days: 5";

fn paused_world(clock: &str) -> World {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    let cells = matrix("days: 7", "days: 14", "days: 30");
    world.record(
        "slas/sla-all.yaml",
        &agreement("sla-all", "1.0.0", "", &cells, clock, ""),
    );
    triage(
        &mut world,
        "tri-0001",
        "  fix_available: {value: false, since: 2026-09-03, ref: vendor statement}\n",
        "2026-09-03T08:00:00Z",
    );
    world
}

/// W16: no fix from 3 to 17 September; twelve days were left.
#[test]
fn w16_without_a_fix_the_clock_pauses_and_goes_on_with_the_rest() {
    let mut world = paused_world(PAUSE);
    let start = "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]";
    let paused = "2026-09-03T10:00 > 2026-10-15T23:59 pause pause [sla-all 1.0.0, tri-0001]";
    assert_eq!(steps(&world, "2026-09-10", "app01", CVE), [start, paused]);
    // The mitigation is due on its own.
    assert_eq!(
        world.row("2026-09-08", "app01", CVE),
        (
            Disposition::MitigationPending,
            "2026-09-08T23:59:59+02:00".into(),
            "mitigation".into()
        )
    );
    triage(
        &mut world,
        "tri-0002",
        "  fix_available: {value: true, since: 2026-09-17, ref: KB1}\n",
        "2026-09-17T08:00:00Z",
    );
    let resumed = "2026-09-17T10:00 > 2026-09-29T23:59 resume pause [sla-all 1.0.0, tri-0001, tri-0002]";
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [start, paused, resumed]
    );
    assert_eq!(world.row("2026-09-30", "app01", CVE).0, Disposition::Overdue);
    // A fix on the next day ends the mitigation clock.
    triage(
        &mut world,
        "tri-0002",
        "  fix_available: {value: true, since: 2026-09-04, ref: KB1}\n",
        "2026-09-04T08:00:00Z",
    );
    assert_eq!(
        world.row("2026-09-05", "app01", CVE).1,
        "2026-09-16T23:59:59+02:00"
    );
}

#[test]
fn a_pause_has_limits() {
    let start = "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]";
    for (clock, expected) in [
        ("", None),
        (", pause: [vendor_fix_missing]", None),
        (", max_pause_days: 30", None),
        (
            ", pause: [vendor_fix_missing], max_pause_days: 4",
            Some("2026-09-19"),
        ),
    ] {
        let world = paused_world(clock);
        let found = steps(&world, "2026-12-01", "app01", CVE);
        assert_eq!(found[0], start);
        let moved = expected
            .map(|day| format!("2026-09-03T10:00 > {day}T23:59 pause pause [sla-all 1.0.0, tri-0001]"));
        assert_eq!(found.get(1), moved.as_ref(), "{clock}");
    }
    // Without a reference nobody vouches for it.
    let mut world = paused_world(PAUSE);
    triage(
        &mut world,
        "tri-0001",
        "  fix_available: {value: false, since: 2026-09-03}\n",
        "2026-09-03T08:00:00Z",
    );
    assert_eq!(steps(&world, "2026-12-01", "app01", CVE), [start]);
    // One day is left at least, and what had passed stays missed.
    for (since, approved, due, breached) in [
        ("2026-09-15", "2026-09-15T08:00:00Z", "2026-10-16", None),
        (
            "2026-09-03",
            "2026-09-20T08:00:00Z",
            "2026-10-15",
            Some("2026-09-15T21:59:59Z"),
        ),
    ] {
        let mut world = paused_world(PAUSE);
        let more = format!("  fix_available: {{value: false, since: {since}, ref: x}}\n");
        world.remove("approvals/tri-0001/00000000-p-kim-1.yaml");
        triage(&mut world, "tri-0001", &more, approved);
        let found = steps(&world, "2026-10-14", "app01", CVE);
        assert!(found[1].contains(&format!("> {due}T23:59 pause")), "{found:?}");
        world.judge("2026-10-14", |register| {
            assert_eq!(find(register, "app01", CVE).breached, breached.map(at));
        });
    }
    // A clock that had run out before the pause began does not pause.
    let mut world = paused_world(PAUSE);
    triage(
        &mut world,
        "tri-0001",
        "  fix_available: {value: false, since: 2026-09-16, ref: x}\n",
        "2026-09-16T08:00:00Z",
    );
    assert_eq!(steps(&world, "2026-12-01", "app01", CVE), [start]);
}

fn calendar(world: &mut World, spec: &str) {
    world.record(
        "calendar/cal-2026.yaml",
        &format!("kind: Calendar\nid: cal-2026\ntitle: Calendar\nspec:\n{spec}"),
    );
    world.approve("Calendar", "cal-2026", "2025-12-10T08:00:00Z");
}

const PEAK: &str = "  freezes: [{name: peak, from: 2026-12-15, to: 2027-01-05}]\n";

/// W9: a freeze moves nothing; the finding says by when to plan.
#[test]
fn w09_a_freeze_does_not_move_a_due_date() {
    let mut world = seen(Severity::High, "2026-12-06T08:00:00Z");
    calendar(&mut world, PEAK);
    assert_eq!(
        steps(&world, "2026-12-10", "app01", CVE),
        ["2026-12-06T09:00 > 2026-12-20T23:59 start sla:high/tier1 [sla-all 1.0.0]"]
    );
    world.judge("2026-12-10", |register| {
        let plan_by = find(register, "app01", CVE).plan_by.unwrap();
        assert_eq!(plan_by.to_string(), "2026-12-14");
    });
    assert_eq!(world.row("2026-12-21", "app01", CVE).0, Disposition::Overdue);
    let early = seen(Severity::High, "2026-11-20T08:00:00Z");
    early.judge("2026-11-21", |register| {
        assert_eq!(find(register, "app01", CVE).plan_by, None);
    });
}

#[test]
fn a_freeze_pauses_only_where_it_is_agreed_and_only_what_is_not_grave() {
    let cells = matrix("days: 7", "days: 14", "days: 30");
    let start = |severity: &str| {
        format!("2026-11-20T09:00 > 2026-12-20T23:59 start sla:{severity}/tier1 [sla-all 1.0.0]")
    };
    for (severity, cells, listed, expected) in [
        // 22 days are frozen; 14 is the most.
        (Severity::Medium, cells.clone(), false, Some("2027-01-03")),
        (Severity::Medium, cells.clone(), true, None),
        (Severity::High, cells.replace("days: 14", "days: 30"), false, None),
    ] {
        let mut world = seen(severity, "2026-11-20T08:00:00Z");
        calendar(&mut world, PEAK);
        if listed {
            world.kev(CVE, "2026-11-01", None);
        }
        world.record(
            "slas/sla-all.yaml",
            &agreement("sla-all", "1.0.0", "", &cells, ", freeze_pauses: true", ""),
        );
        let found = steps(&world, "2026-12-10", "app01", CVE);
        assert_eq!(found[0], start(severity.word()));
        let moved = expected
            .map(|day| format!("2026-12-15T00:00 > {day}T23:59 freeze freeze [sla-all 1.0.0, cal-2026]"));
        assert_eq!(found.get(1), moved.as_ref(), "{severity} {listed}");
    }
}

#[test]
fn the_number_of_moved_dues_is_printed() {
    let mut world = World::new();
    world.scan("src-one", "2026-11-20T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::Medium, None);
        scan.seen("app02", "200", &[CVE], Severity::Medium, None);
        scan.seen("app03", "201", &["CVE-2026-2222"], Severity::High, None);
    });
    calendar(&mut world, PEAK);
    let printed = |world: &World| {
        world.judge("2026-12-10", |register| {
            let report = Report {
                register,
                diagnostics: &[],
                commit: None,
            };
            let written = |format| {
                let mut out = Vec::new();
                write(&report, format, Style::plain(), &mut out).unwrap();
                String::from_utf8(out).unwrap()
            };
            let document: serde_json::Value = serde_json::from_str(&written(Format::Json)).unwrap();
            let people = written(Format::Human);
            let line = people
                .lines()
                .find(|line| line.starts_with("freezes"))
                .unwrap()
                .to_owned();
            (document["totals"]["moved_by_freezes"].clone(), line)
        })
    };
    let none = "freezes         0 due dates moved by freezes that pause the clock";
    assert_eq!(printed(&world), (0.into(), none.to_owned()));
    let cells = matrix("days: 7", "days: 30", "days: 30");
    world.record(
        "slas/sla-all.yaml",
        &agreement("sla-all", "1.0.0", "", &cells, ", freeze_pauses: true", ""),
    );
    let two = none.replace('0', "2");
    assert_eq!(printed(&world), (2.into(), two));
}

/// Two freezes that overlap are one; those before the first sighting are over.
#[test]
fn frozen_days_count_once() {
    let mut world = seen(Severity::Medium, "2026-09-01T08:00:00Z");
    calendar(
        &mut world,
        "  freezes:\n    - {name: past, from: 2026-08-01, to: 2026-08-20}\n    - {name: one, from: 2026-09-10, to: 2026-09-14}\n    - {name: two, from: 2026-09-13, to: 2026-09-16}\n    - {name: later, from: 2026-12-01, to: 2026-12-02}\n",
    );
    let cells = matrix("days: 7", "days: 14", "days: 30");
    world.record(
        "slas/sla-all.yaml",
        &agreement("sla-all", "1.0.0", "", &cells, ", freeze_pauses: true", ""),
    );
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [
            "2026-09-01T10:00 > 2026-10-01T23:59 start sla:medium/tier1 [sla-all 1.0.0]",
            "2026-09-10T00:00 > 2026-10-06T23:59 freeze freeze [sla-all 1.0.0, cal-2026]",
            "2026-09-13T00:00 > 2026-10-08T23:59 freeze freeze [sla-all 1.0.0, cal-2026]",
        ]
    );
}

#[test]
fn agreements_that_supersede_in_a_circle_end() {
    let mut world = two_versions("2026-09-01T08:00:00Z", "days: 3", "supersedes: sla-two\n");
    world.approve("Sla", "sla-two", "2026-09-10T08:00:00Z");
    // Each takes the other's place, so that none is left.
    let found = steps(&world, "2026-09-20", "app01", CVE);
    assert!(found[0].contains("start strictest:no-sla"), "{found:?}");
    let alone = two_versions("2026-09-01T08:00:00Z", "days: 3", "supersedes: sla-one\n");
    assert!(!steps(&alone, "2026-09-20", "app01", CVE).is_empty());
}

#[test]
fn priority_rules_raise_from_the_day_on_which_they_hold() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla("  priority_rules: [{when: kev, severity: critical}]\n");
    world.kev(CVE, "2026-09-04", None);
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [
            "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]",
            "2026-09-04T00:00 > 2026-09-11T23:59 condition sla:critical/tier1 [sla-all 1.0.0]",
        ]
    );
}

#[test]
fn working_days_leave_out_the_holidays_of_an_approved_calendar() {
    let mut world = seen(Severity::High, "2026-12-21T08:00:00Z");
    let cells = matrix("days: 7", "days: 5, unit: business", "days: 30");
    world.record(
        "slas/sla-all.yaml",
        &agreement("sla-all", "1.0.0", "", &cells, "", ""),
    );
    let due = |world: &World| world.row("2026-12-22", "app01", CVE).1;
    assert_eq!(due(&world), "2026-12-28T23:59:59+01:00");
    calendar(&mut world, "  holidays: [2026-12-24, 2026-12-25, 2026-12-26]\n");
    assert_eq!(due(&world), "2026-12-30T23:59:59+01:00");
    world.remove("approvals/cal-2026/00000000-p-kim-1.yaml");
    assert_eq!(
        due(&world),
        "2026-12-28T23:59:59+01:00",
        "nobody approved the calendar"
    );
}

/// W12, at both changes of the clock, and in a zone west of UTC.
#[test]
fn w12_local_days_are_counted_in_the_zone_of_the_organisation() {
    for (zone, first, expected) in [
        (
            "Europe/Berlin",
            "2026-10-22T08:00:00Z",
            "2026-10-29T23:59:59+01:00",
        ),
        (
            "Europe/Berlin",
            "2026-03-24T08:00:00Z",
            "2026-03-31T23:59:59+02:00",
        ),
        (
            "Europe/Berlin",
            "2026-03-24T23:30:00Z",
            "2026-04-01T23:59:59+02:00",
        ),
        (
            "America/Los_Angeles",
            "2026-10-28T05:00:00Z",
            "2026-11-03T23:59:59-08:00",
        ),
        (
            "America/Los_Angeles",
            "2026-10-28T08:00:00Z",
            "2026-11-04T23:59:59-08:00",
        ),
    ] {
        let world = seen(Severity::Critical, first);
        let repository = world.repository();
        let zone = countersign::model::Zone::named(zone).unwrap();
        let as_of = AsOf::new(at(first) + chrono::TimeDelta::days(1), zone);
        let question = Question {
            as_of,
            period: None,
            due_soon_days: 7,
            verify_hours: 72,
        };
        let standings = believing(&repository, as_of.instant());
        let register = reconcile(&repository, standings, &world.scans, question);
        let due = AsOf::new(register.findings[0].base_due, zone).to_string();
        assert_eq!(due, expected, "{zone:?} {first}");
    }
}

/// Version 1 until 10 September, then version 2 with other days for high.
fn two_versions(first_seen: &str, high: &str, status: &str) -> World {
    let mut world = seen(Severity::High, first_seen);
    let cells = |high: &str| matrix("days: 7", high, "days: 30");
    world.remove("slas/sla-all.yaml");
    world.record(
        "slas/sla-one.yaml",
        &agreement("sla-one", "1.0.0", status, &cells("days: 14"), "", ""),
    );
    world.record(
        "slas/sla-two.yaml",
        &agreement("sla-two", "2.0.0", "supersedes: sla-one\n", &cells(high), "", ""),
    );
    world.approve("Sla", "sla-one", "2025-01-02T08:00:00Z");
    world
}

#[test]
fn a_changed_agreement_counts_from_its_approval_and_never_rewrites_the_past() {
    let first = "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-one 1.0.0]";
    for status in ["status: superseded\n", ""] {
        let before = two_versions("2026-09-01T08:00:00Z", "days: 3", status);
        assert_eq!(
            steps(&before, "2026-09-20", "app01", CVE),
            [first],
            "nobody approved the second"
        );
        before.judge("2026-09-20", |register| {
            let row = register.systems.values().next().unwrap();
            assert_eq!(
                row.slas.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
                ["sla-one"]
            );
        });
        for (high, expected, breached) in [
            // Stricter: no earlier than what the change leaves.
            ("days: 3", Some("2026-09-10T10:00 > 2026-09-13T23:59"), None),
            ("days: 10", None, None),
            // Looser: from the start, and from now on.
            ("days: 20", Some("2026-09-10T10:00 > 2026-09-21T23:59"), None),
            ("days: 14", Some("2026-09-10T10:00 > 2026-09-15T23:59"), None),
        ] {
            let mut world = two_versions("2026-09-01T08:00:00Z", high, status);
            world.approve("Sla", "sla-two", "2026-09-10T08:00:00Z");
            let second = expected.map(|text| format!("{text} agreement sla:high/tier1 [sla-two 2.0.0]"));
            let mut want = vec![first.to_owned()];
            want.extend(second);
            assert_eq!(steps(&world, "2026-09-20", "app01", CVE), want, "{high}");
            // A report of the days before is the same as it was.
            assert_eq!(steps(&world, "2026-09-09", "app01", CVE), [first], "{high}");
            world.judge("2026-09-20", |register| {
                let finding = find(register, "app01", CVE);
                let missed = finding.breached.filter(|_| high == "days: 20");
                assert_eq!(missed, breached);
                let row = register.systems.values().next().unwrap();
                assert_eq!(
                    row.slas.iter().map(|id| id.as_str()).collect::<Vec<_>>(),
                    ["sla-two"]
                );
            });
        }
        // What is found afterwards knows the second only.
        let mut world = two_versions("2026-09-12T08:00:00Z", "days: 20", status);
        world.approve("Sla", "sla-two", "2026-09-10T08:00:00Z");
        assert_eq!(
            steps(&world, "2026-09-20", "app01", CVE),
            ["2026-09-12T10:00 > 2026-10-02T23:59 start sla:high/tier1 [sla-two 2.0.0]"]
        );
    }
}

#[test]
fn a_looser_agreement_does_not_mend_what_was_missed_under_the_stricter_one() {
    let mut world = two_versions("2026-08-20T08:00:00Z", "days: 40", "status: superseded\n");
    world.approve("Sla", "sla-two", "2026-09-10T08:00:00Z");
    assert_eq!(
        steps(&world, "2026-09-20", "app01", CVE),
        [
            "2026-08-20T10:00 > 2026-09-03T23:59 start sla:high/tier1 [sla-one 1.0.0]",
            "2026-09-10T10:00 > 2026-09-29T23:59 agreement sla:high/tier1 [sla-two 2.0.0]",
        ]
    );
    world.judge("2026-09-20", |register| {
        let finding = find(register, "app01", CVE);
        assert_eq!(finding.breached, Some(at("2026-09-03T21:59:59Z")));
        assert_eq!(
            &*finding.notes[0],
            "more time by Sla `sla-two` 2.0.0; the breach of 7 d before stays"
        );
        assert_eq!(register.kpis["sla_rate_strict"].rate.numerator, 0);
    });
}

#[test]
fn what_happens_after_the_fix_moves_nothing() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.scan("src-one", "2026-09-08T08:00:00Z", |scan| {
        scan.host("app01");
    });
    world.sla("  kev: {mode: days_after_added, days: 1}\n");
    world.kev(CVE, "2026-09-09", None);
    assert_eq!(steps(&world, "2026-09-20", "app01", CVE).len(), 1);
    assert_eq!(world.row("2026-09-20", "app01", CVE).0, Disposition::FixedInTime);
}

#[test]
fn on_any_ambiguity_the_agreement_with_the_shortest_cell_is_named() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("stranger", "200", &[CVE], Severity::High, None);
    });
    world.scan("src-one", "2026-09-03T08:00:00Z", |scan| {
        scan.seen("stranger", "200", &[CVE], Severity::Critical, None);
    });
    assert_eq!(
        steps(&world, "2026-09-20", "stranger", CVE),
        [
            "2026-09-01T10:00 > 2026-09-15T23:59 start strictest:no-system [sla-all 1.0.0]",
            "2026-09-03T10:00 > 2026-09-10T23:59 severity strictest:no-system [sla-all 1.0.0]",
        ]
    );
    world.remove("slas/sla-all.yaml");
    assert_eq!(
        steps(&world, "2026-09-02", "stranger", CVE),
        ["2026-09-01T10:00 > 2026-09-01T10:00 start strictest:no-system []"]
    );
}

/// What an export says of exploits it need not have said before: it counts from the run that first says it.
#[test]
fn an_exploit_that_a_scanner_names_counts_from_the_run_that_names_it() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla("  accelerators: [{name: exploited, when: \"exploitation == active\", days: 3}]\n");
    for run in ["2026-09-05T08:00:00Z", "2026-09-07T08:00:00Z"] {
        world.scan("src-one", run, |scan| {
            scan.seen_with("app01", "200", &[CVE], Severity::High, None, |check| {
                check.exploit = Exploit::Active;
            });
        });
    }
    let want = [
        "2026-09-01T10:00 > 2026-09-15T23:59 start sla:high/tier1 [sla-all 1.0.0]",
        "2026-09-05T10:00 > 2026-09-08T23:59 condition accelerator:exploited [sla-all 1.0.0]",
    ];
    assert_eq!(steps(&world, "2026-09-20", "app01", CVE), want);
    assert_eq!(steps(&world, "2026-09-04", "app01", CVE), want[..1]);
    world.scans.reverse();
    assert_eq!(steps(&world, "2026-09-20", "app01", CVE), want);
}

/// A due date that passed while a decision stood for the finding is no breach when it is moved later.
#[test]
fn what_a_decision_stood_over_is_no_breach_when_more_time_is_given() {
    for (expires, breached, note) in [
        ("2026-09-20", None, None),
        (
            "2026-09-16",
            Some("2026-09-15T21:59:59Z"),
            Some("lowered from high to medium by `tri-0001`; the breach of 3 d before stays"),
        ),
    ] {
        let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
        world.exception("exc-0001", CVE, "app01", "2026-09-02", expires, "");
        world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
        triage(&mut world, "tri-0001", LOW_VECTOR, "2026-09-18T08:00:00Z");
        world.judge("2026-09-25", |register| {
            let finding = find(register, "app01", CVE);
            assert_eq!(finding.breached, breached.map(at), "until {expires}");
            assert_eq!(finding.notes.first().map(|note| &**note), note, "until {expires}");
        });
    }
}

/// An older listing without a date of its own gives `min_days` from the first sighting, which have passed: the
/// breach that was recorded before it stays where it was.
#[test]
fn a_listing_does_not_move_a_recorded_breach_back() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    world.sla("  kev: {mode: catalog_due_date, min_days: 3}\n");
    world.kev(CVE, "2026-09-18", None);
    for (when, due) in [
        ("2026-09-17", "2026-09-15T21:59:59Z"),
        ("2026-09-20", "2026-09-04T21:59:59Z"),
    ] {
        world.judge(when, |register| {
            let finding = find(register, "app01", CVE);
            assert_eq!(finding.base_due, at(due), "{when}");
            assert_eq!(finding.breached, Some(at("2026-09-15T21:59:59Z")), "{when}");
        });
    }
}

/// A host whose System no agreement governs still is of a System that a regulation is for.
#[test]
fn a_regulation_is_asked_where_no_agreement_governs() {
    let mut world = seen(Severity::Critical, "2026-09-01T08:00:00Z");
    world.record(
        "systems/sys-app.yaml",
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  members: [app01]\n  regulations: [pci_dss]\n  scope: {in: true}\n",
    );
    world.record(
        "isms.yaml",
        "kind: Isms\nid: isms\ntitle: Test\nversion: 1.0.0\nspec:\n  organisation: Test\n  scope_statement: All.\n  timezone: Europe/Berlin\n  frameworks: [{id: iso27001, edition: '2022'}]\n  severities: [critical, high, medium, low]\n  tiers: [{id: tier1, name: One}]\n  regulations: [{id: pci, tag: pci_dss, caps: [{severity: critical, days: 2, from: first_detected}]}]\n",
    );
    assert_eq!(
        steps(&world, "2026-09-02", "app01", CVE),
        ["2026-09-01T10:00 > 2026-09-03T23:59 start cap:pci [pci]"]
    );
}

/// Of two approved vectors the graver counts, and what is exploited is not held down by one that was as grave.
#[test]
fn the_graver_vector_counts_and_none_holds_down_what_is_exploited() {
    let mut world = seen(Severity::High, "2026-09-01T08:00:00Z");
    triage(&mut world, "tri-0001", LOW_VECTOR, "2026-09-02T08:00:00Z");
    triage(
        &mut world,
        "tri-0002",
        "  cvss_env: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N\n",
        "2026-09-03T08:00:00Z",
    );
    let severity =
        |world: &World| world.judge("2026-09-10", |register| find(register, "app01", CVE).severity);
    assert_eq!(severity(&world), Severity::High);
    world.scan("src-one", "2026-09-06T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::Critical, None);
    });
    assert_eq!(severity(&world), Severity::High, "the triage has settled it");
    world.kev(CVE, "2026-09-04", None);
    assert_eq!(severity(&world), Severity::Critical);
}

/// A pause had moved the date to after that of the override: the earlier one counts, whoever approved it.
#[test]
fn an_override_counts_where_a_pause_has_moved_the_date_later() {
    let mut world = paused_world(PAUSE);
    world.record(
        "incidents/inc-0003.yaml",
        &format!("kind: Incident\nid: inc-0003\ntitle: Exploited\nspec:\n  class: exploited_vulnerability\n  vulns: [{CVE}]\n  systems: [sys-app]\n  impact: high\n  urgency: high\n  priority: P1\n  support_tier: tier3\n  detected: 2026-09-04T06:00:00Z\n  sla_overrides:\n    - {{severity: high, tier: tier1, hours: 400, from: 2026-09-04T08:00:00Z, to: 2026-09-12T08:00:00Z, justification: seen in the wild}}\n"),
    );
    let last = |world: &World| steps(world, "2026-09-10", "app01", CVE).pop().unwrap();
    assert!(
        last(&world).contains("2026-10-15T23:59 pause"),
        "{}",
        last(&world)
    );
    world.approve("Incident", "inc-0003", "2026-09-04T08:00:00Z");
    assert!(
        last(&world).contains("2026-09-21T02:00 override"),
        "{}",
        last(&world)
    );
}
