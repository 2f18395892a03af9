//! REC009 and INC001: what counts as acting on a vulnerability that is used in attacks, and from when on.

use countersign::check::{self, Settings};
use countersign::diagnostic::Diagnostic;
use countersign::model::{Configuration, Exploit, Severity};

use crate::world::World;

fn told(world: &World, when: &str, code: &str) -> Vec<Diagnostic> {
    let settings = Settings::new(&Configuration::default()).unwrap();
    world.judge(when, |register| {
        let mut told = check::run(register, &settings);
        told.retain(|diagnostic| diagnostic.code == code);
        told
    })
}

fn count(world: &World, when: &str, code: &str) -> usize {
    told(world, when, code).len()
}

const NOON: &str = "2026-09-14T12:00:00Z";

/// One finding on two hosts since 1 September, listed as exploited on 10 September.
fn listed() -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T09:00:00Z", |scan| {
        for host in ["app01", "app02"] {
            scan.seen_with(host, "1", &["CVE-2026-1111"], Severity::Critical, None, |check| {
                check.remediation = Some("KB5043050".into());
            });
        }
    });
    world.kev("CVE-2026-1111", "2026-09-10", None);
    world
}

fn change(world: &mut World, spec: &str) {
    let envelope = spec.split_once('|').map_or("", |(envelope, _)| envelope);
    let spec = spec.split_once('|').map_or(spec, |(_, spec)| spec);
    let mut text = format!(
        "kind: Change\nid: chg-0001\ntitle: Update\n{envelope}spec:\n{spec}  risk: low\n  rollback: {{steps: [back]}}\n"
    );
    for (field, value) in [
        ("type", "normal"),
        ("systems", "[sys-app]"),
        ("patches", "[p-2026-09-kb5043050]"),
        ("start", "2026-09-15T01:00:00Z"),
        ("end", "2026-09-15T03:00:00Z"),
    ] {
        if !text.contains(&format!("  {field}:")) {
            text.push_str(&format!("  {field}: {value}\n"));
        }
    }
    world.record("changes/chg-0001.yaml", &text);
}

fn incident(world: &mut World, more: &str) {
    let (envelope, spec) = more.split_once('|').unwrap_or(("", more));
    let mut text = format!(
        "kind: Incident\nid: inc-0001\ntitle: Attack\n{envelope}spec:\n{spec}  impact: high\n  urgency: high\n  priority: P1\n  \
         support_tier: tier3\n"
    );
    for (field, value) in [
        ("class", "exploited_vulnerability"),
        ("vulns", "[CVE-2026-1111]"),
        ("systems", "[sys-app]"),
        ("detected", "2026-09-11T08:00:00Z"),
    ] {
        if !text.contains(&format!("  {field}:")) {
            text.push_str(&format!("  {field}: {value}\n"));
        }
    }
    world.record("incidents/inc-0001.yaml", &text);
}

#[test]
fn each_rule_begins_after_its_hours() {
    let world = listed();
    let rows = [
        ("2026-09-10T23:59:59+02:00", 0, 0),
        ("2026-09-11T23:59:59+02:00", 0, 0),
        ("2026-09-12T00:00:00+02:00", 2, 1),
    ];
    for (when, kev, emergency) in rows {
        assert_eq!(count(&world, when, "REC009"), kev, "REC009 at {when}");
        assert_eq!(count(&world, when, "INC001"), emergency, "INC001 at {when}");
    }
    let told = told(&world, NOON, "INC001");
    let message = "`CVE-2026-1111` is exploited and open on `sys-app` for 86 h, and no emergency was declared: `app01` and `app02`";
    assert_eq!(told[0].message, message);
    assert_eq!(told[0].subject.as_deref(), Some("sys-app"));
}

/// An old listing that a new host brings is acted on from its first sighting.
#[test]
fn a_finding_of_an_old_listing_has_its_own_hours() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-20T09:00:00Z", |scan| {
        scan.seen("app03", "1", &["CVE-2021-44228"], Severity::Critical, None);
    });
    world.kev("CVE-2021-44228", "2021-12-10", Some("2021-12-24"));
    for (when, expected) in [("2026-09-21T09:00:00Z", 0), ("2026-09-21T09:00:01Z", 1)] {
        assert_eq!(count(&world, when, "REC009"), expected, "{when}");
        assert_eq!(count(&world, when, "INC001"), expected, "{when}");
    }
}

#[test]
fn what_does_not_face_the_internet_has_three_days() {
    for (exposure, begins) in [
        ("exposure: internal", "2026-09-14T00:00:00+02:00"),
        ("exposure: partner", "2026-09-14T00:00:00+02:00"),
        ("exposure: internet", "2026-09-12T00:00:00+02:00"),
        ("role: web", "2026-09-12T00:00:00+02:00"),
    ] {
        let mut world = listed();
        world.record(
            "systems/sys-app.yaml",
            &format!("kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n  {exposure}\n  members: [app01, app02]\n  scope: {{in: true}}\n"),
        );
        assert_eq!(count(&world, begins, "INC001"), 1, "{exposure}");
        let before = begins
            .replace("-14T00:00:00", "-13T23:59:59")
            .replace("-12T00:00:00", "-11T23:59:59");
        assert_eq!(count(&world, &before, "INC001"), 0, "{exposure}");
    }
}

/// What a scanner or a Triage says is as good as the catalogue.
#[test]
fn attacks_that_only_a_scanner_knows_of_count_too() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T09:00:00Z", |scan| {
        scan.seen_with(
            "app01",
            "1",
            &["CVE-2026-1111"],
            Severity::Critical,
            None,
            |check| {
                check.exploit = Exploit::Active;
            },
        );
    });
    assert_eq!(count(&world, "2026-09-02T23:59:59+02:00", "REC009"), 0);
    let told = told(&world, "2026-09-03", "REC009");
    assert!(
        told[0]
            .message
            .contains("no decision since exploitation became known on 2026-09-01, 2 d ago"),
        "{told:?}"
    );
    assert_eq!(count(&world, "2026-09-03", "INC001"), 1);
}

#[test]
fn a_change_counts_while_it_is_approved_names_the_finding_and_may_still_succeed() {
    let no = "no change names it";
    let rows: [(&str, bool, usize, &str); 17] = [
        ("", true, 0, ""),
        (
            "",
            false,
            2,
            "`chg-0001` names it and is not approved by all who must",
        ),
        ("  patches: [p-cve-2026-1111]\n", true, 0, ""),
        ("  patches: [p-nessus-1]\n", true, 0, ""),
        ("  patches: [p-2026-09-kb50430501]\n", true, 2, no),
        ("  patches: []\n", true, 2, no),
        (
            "  patches: []\n  trigger: {type: exploited, vulns: [cve-2026-1111]}\n",
            true,
            0,
            "",
        ),
        ("  systems: [sys-other]\n", true, 2, no),
        ("  result: success\n", true, 0, ""),
        ("  result: failed\n", true, 2, "`chg-0001` names it and failed"),
        ("  result: rolled_back\n", true, 2, "was rolled back"),
        ("  result: partial\n", true, 2, "was done in part"),
        ("status: draft\n|", true, 2, "is a draft"),
        ("status: closed\n|", true, 2, "has ended"),
        ("  end: 2026-09-11T12:00:00Z\n", true, 0, ""),
        (
            "  end: 2026-09-11T11:59:59Z\n",
            true,
            2,
            "ended on 2026-09-11, with the finding open",
        ),
        ("  type: standard\n  template: true\n", true, 2, no),
    ];
    for (spec, is_approved, expected, words) in rows {
        let mut world = listed();
        world.record(
            "systems/sys-other.yaml",
            "kind: System\nid: sys-other\ntitle: Other\nspec:\n  type: server\n  tier: tier1\n  members: [oth01]\n  scope: {in: true}\n",
        );
        change(&mut world, spec);
        if is_approved {
            world.approve("Change", "chg-0001", "2026-09-11T08:00:00Z");
        }
        let told = told(&world, NOON, "REC009");
        assert_eq!(told.len(), expected, "{spec}: {told:#?}");
        let label = told.first().and_then(|one| one.label.clone()).unwrap_or_default();
        if words == no {
            assert!(!label.contains("chg-0001"), "{spec}: {label}");
        } else {
            assert!(label.contains(words), "{spec}: {label}");
        }
    }
}

#[test]
fn only_an_emergency_change_is_an_emergency() {
    for (spec, expected) in [("", 1), ("  type: emergency\n", 0)] {
        let mut world = listed();
        change(&mut world, spec);
        world.approve("Change", "chg-0001", "2026-09-11T08:00:00Z");
        assert_eq!(count(&world, NOON, "INC001"), expected, "{spec}");
        assert_eq!(count(&world, NOON, "REC009"), 0, "{spec}");
    }
}

#[test]
fn an_incident_counts_while_it_is_about_what_is_open() {
    let rows = [
        ("", 0, 0),
        ("  vulns: [nessus:1]\n", 0, 0),
        ("  vulns: [CVE-2026-2222]\n", 2, 1),
        ("  class: patch_outage\n", 0, 1),
        ("  resolved: 2026-09-13T08:00:00Z\n", 2, 1),
        ("  resolved: 2026-09-20T08:00:00Z\n", 0, 0),
        ("  detected: 2026-09-20T08:00:00Z\n", 2, 1),
        ("status: closed\n|", 2, 1),
        ("status: draft\n|", 2, 1),
    ];
    for (more, kev, emergency) in rows {
        let mut world = listed();
        incident(&mut world, more);
        assert_eq!(count(&world, NOON, "REC009"), kev, "REC009 {more}");
        assert_eq!(count(&world, NOON, "INC001"), emergency, "INC001 {more}");
    }
}

/// W5: what was decided before the listing is set aside, what was decided later stands.
#[test]
fn a_decision_counts_from_the_day_after_the_listing() {
    for (approved, expected) in [("2026-09-09T08:00:00Z", 2), ("2026-09-11T08:00:00Z", 0)] {
        let mut world = listed();
        let more = "|  covers_exploited: true\n";
        world.exception(
            "exc-0001",
            "CVE-2026-1111",
            "app01, app02",
            "2026-09-08",
            "2026-10-20",
            more,
        );
        world.approve("Exception", "exc-0001", approved);
        assert_eq!(count(&world, NOON, "REC009"), expected, "{approved}");
        assert_eq!(count(&world, NOON, "INC001"), expected / 2, "{approved}");
    }
}

#[test]
fn a_finding_that_is_fixed_or_never_exploited_is_nothing_for_either() {
    let mut world = listed();
    world.scan("src-one", "2026-09-11T09:00:00Z", |scan| {
        scan.quality("app01", countersign::model::Quality::Authenticated);
        scan.quality("app02", countersign::model::Quality::Authenticated);
        scan.seen("app01", "2", &["CVE-2026-3333"], Severity::Critical, None);
    });
    assert_eq!(count(&world, NOON, "REC009"), 0);
    assert_eq!(count(&world, NOON, "INC001"), 0);
}
