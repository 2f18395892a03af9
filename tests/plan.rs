//! `plan`: missing patches by system, at the command line and over small worlds.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use countersign::model::{Severity, parse_date};
use countersign::output::Style;
use countersign::output::plan::{Format, Report, write};
use serde_json::Value;

use super::output::{assert_valid, output_schema};
use super::world::World;

fn example(arguments: &[&str]) -> (i32, String, String) {
    let day = ["--repo", "example-repo", "--as-of", "2026-09-30"];
    let words = ["countersign"].into_iter().chain(arguments.iter().copied());
    let words: Vec<OsString> = words.chain(day).map(Into::into).collect();
    super::cli::streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words)
}

fn planned(world: &World, when: &str, format: Format) -> String {
    world.judge(when, |register| {
        let plan = countersign::reconcile::plan(register);
        let report = Report {
            plan: &plan,
            as_of: register.as_of,
            commit: None,
        };
        let mut out = Vec::new();
        write(&report, format, Style::plain(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    })
}

fn document(world: &World, when: &str) -> Value {
    let json: Value = serde_json::from_str(&planned(world, when, Format::Json)).unwrap();
    assert_valid(&output_schema("plan-v1"), &json);
    json
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or("")
}

/// System, host, key or vulnerability; due, state, number.
type Rows = BTreeMap<(String, String, String), (String, bool, u64)>;

/// The missing patches, put together again from the findings of the register.
fn grouped(register: &Value) -> Rows {
    let mut groups: BTreeMap<_, Vec<&Value>> = BTreeMap::new();
    for finding in register["findings"].as_array().unwrap() {
        let is_removed = ["not_applicable", "out_of_scope"].contains(&text(finding, "disposition"));
        if finding["closed"].is_null() && !is_removed {
            let key = finding["remediation"].as_str().unwrap_or(text(finding, "vuln"));
            let group = (
                text(finding, "system").into(),
                text(finding, "host").into(),
                key.into(),
            );
            groups.entry(group).or_default().push(finding);
        }
    }
    let decided = ["accepted", "deferred", "accepted_unsupported"];
    groups
        .into_iter()
        .map(|(group, findings)| {
            let due = findings.iter().map(|finding| {
                let due = chrono::DateTime::parse_from_rfc3339(text(finding, "due")).unwrap();
                (due, text(finding, "due").to_owned())
            });
            let covered = findings
                .iter()
                .all(|finding| decided.contains(&text(finding, "disposition")));
            (group, (due.min().unwrap().1, covered, findings.len() as u64))
        })
        .collect()
}

#[test]
fn the_plan_of_the_example_is_its_open_findings_by_patch() {
    let (code, out, err) = example(&["plan", "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    let plan: Value = serde_json::from_str(&out).unwrap();
    assert_valid(&output_schema("plan-v1"), &plan);
    let (_, out, _) = example(&["reconcile", "--format", "json"]);
    let expected = grouped(&serde_json::from_str(&out).unwrap());
    let mut found: Rows = BTreeMap::new();
    let mut before: BTreeSet<&str> = BTreeSet::new();
    for system in plan["systems"].as_array().unwrap() {
        for needed in system["after"].as_array().unwrap() {
            assert!(
                before.contains(needed.as_str().unwrap()),
                "{needed} comes too late"
            );
        }
        before.insert(text(system, "system"));
        let mut last = String::new();
        for patch in system["patches"].as_array().unwrap() {
            let alone = patch["vulns"][0].as_str().unwrap();
            let key = patch["remediation"].as_str().unwrap_or(alone).to_owned();
            // Of one zone but for its summer time, whose day is enough for the order.
            assert!(last.as_str() <= &text(patch, "due")[..10]);
            last = text(patch, "due")[..10].to_owned();
            found.insert(
                (text(system, "system").into(), text(patch, "host").into(), key),
                (
                    text(patch, "due").into(),
                    patch["covered"] == true,
                    patch["findings"].as_u64().unwrap(),
                ),
            );
        }
    }
    assert_eq!(found, expected);
    assert_eq!(plan["totals"]["missing_patches"], expected.len());
    // The line of OT stops once in November, and its KEV finding is under a decision until then.
    let (_, human, _) = example(&["plan"]);
    for line in [
        "next window `line-stop`: 2026-11-07 06:00 to 2026-11-09 06:00",
        "freeze `month-end`: 2026-09-29 to 2026-09-30",
        "after sys-ad, sys-edge, sys-erp-prod",
    ] {
        assert!(human.contains(line), "{line} is not in\n{human}");
    }
    let (code, csv, _) = example(&["plan", "--format", "csv", "--quiet"]);
    let rows = csv::Reader::from_reader(csv.as_bytes()).into_records().count();
    assert_eq!((code, rows), (0, expected.len()));
}

#[test]
fn a_patch_is_covered_only_if_all_its_findings_are() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        for (number, cve, severity) in [
            ("1", "CVE-2026-0001", Severity::High),
            ("2", "CVE-2026-0002", Severity::Critical),
        ] {
            scan.seen_with("app01", number, &[cve], severity, None, |check| {
                check.remediation = Some("KB1".into());
            });
        }
        scan.seen("app01", "3", &["CVE-2026-0003"], Severity::Low, None);
    });
    world.exception(
        "exc-0001",
        "CVE-2026-0002",
        "app01",
        "2026-09-01",
        "2026-12-31",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-09-01T09:00:00Z");
    let patches = |world: &World| document(world, "2026-09-10")["systems"][0]["patches"].clone();
    let found = patches(&world);
    let first = &found[0];
    assert_eq!(
        (
            text(first, "remediation"),
            text(first, "state"),
            text(first, "severity")
        ),
        ("KB1", "open", "critical")
    );
    // The exception gives the other finding time; the patch is due by the one that it does not cover.
    assert_eq!(text(first, "due"), "2026-09-15T23:59:59+02:00");
    assert_eq!(
        first["vulns"],
        serde_json::json!(["CVE-2026-0001", "CVE-2026-0002"])
    );
    assert_eq!(
        (found[1]["remediation"].is_null(), &found[1]["vulns"][0]),
        (true, &Value::from("CVE-2026-0003"))
    );
    world.exception(
        "exc-0002",
        "CVE-2026-0001",
        "app01",
        "2026-09-01",
        "2026-10-31",
        "",
    );
    world.approve("Exception", "exc-0002", "2026-09-01T09:00:00Z");
    let found = patches(&world);
    let covered = found
        .as_array()
        .unwrap()
        .iter()
        .find(|patch| text(patch, "remediation") == "KB1");
    assert_eq!(
        covered.map(|patch| (text(patch, "state"), &text(patch, "due")[..10])),
        Some(("covered", "2026-10-31"))
    );
}

/// A chain of systems in which the last is due first, with a link that misses nothing itself.
fn chained(first_needs: &str) -> World {
    let mut world = World::new();
    for (name, needs) in [
        ("base", first_needs),
        ("link", "[sys-base]"),
        ("front", "[sys-link]"),
    ] {
        world.record(
            &format!("systems/sys-{name}.yaml"),
            &format!("kind: System\nid: sys-{name}\ntitle: X\nspec:\n  type: server\n  tier: tier1\n  members: [{name}01]\n  depends_on: {needs}\n  scope: {{in: true}}\n"),
        );
    }
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("base01", "1", &["CVE-2026-0001"], Severity::Low, None);
        scan.seen("front01", "2", &["CVE-2026-0002"], Severity::Critical, None);
        scan.seen("app01", "3", &["CVE-2026-0003"], Severity::High, None);
        scan.seen("stray", "4", &["CVE-2026-0004"], Severity::Medium, None);
    });
    world
}

#[test]
fn what_others_depend_on_is_patched_first() {
    let order = |world: &World| -> Vec<String> {
        let plan = document(world, "2026-09-02");
        let systems = plan["systems"].as_array().unwrap().iter();
        systems.map(|system| text(system, "system").to_owned()).collect()
    };
    // The base is due last of all, but as urgent as what waits for it.
    assert_eq!(order(&chained("[]")), ["sys-base", "sys-front", "sys-app", ""]);
    // In a circle nothing waits for ever.
    assert_eq!(
        order(&chained("[sys-front]")),
        ["sys-app", "", "sys-front", "sys-base"]
    );
}

#[test]
fn windows_and_freezes_come_from_the_calendar() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "1", &["CVE-2026-0001"], Severity::Critical, None);
        scan.seen("app01", "2", &["CVE-2026-0002"], Severity::High, None);
    });
    assert!(document(&world, "2026-09-02")["systems"][0]["window"].is_null());
    world.record(
        "calendar/cal-one.yaml",
        "kind: Calendar\nid: cal-one\ntitle: One\nspec:\n  windows:\n    - {id: sunday, rrule: FREQ=WEEKLY;BYDAY=SU, at: \"01:00\", duration: PT4H, systems: \"tier == tier1\"}\n  freezes:\n    - {name: the fair, from: 2026-09-05, to: 2026-09-12}\n",
    );
    // What nobody has approved permits nothing.
    assert!(document(&world, "2026-09-02")["systems"][0]["window"].is_null());
    world.approve("Calendar", "cal-one", "2026-08-01T08:00:00Z");
    let plan = document(&world, "2026-09-02");
    let system = &plan["systems"][0];
    // The Sunday of the fair is left out.
    assert_eq!(text(&system["window"], "start"), "2026-09-13T01:00:00+02:00");
    assert_eq!(
        system["freezes"],
        serde_json::json!([{"calendar": "cal-one", "name": "the fair", "first": "2026-09-05", "last": "2026-09-12"}])
    );
    let patches = system["patches"].as_array().unwrap();
    let row = |patch: &Value| {
        (
            text(patch, "due")[..10].to_owned(),
            patch["plan_by"].as_str().and_then(parse_date),
            patch["window_in_time"] == true,
        )
    };
    assert_eq!(
        row(&patches[0]),
        ("2026-09-08".into(), parse_date("2026-09-04"), false)
    );
    assert_eq!(row(&patches[1]), ("2026-09-15".into(), None, true));
}

#[test]
fn a_spreadsheet_takes_nothing_of_the_plan_for_a_formula() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with(
            "=cmd|'/c'!A1",
            "1",
            &["CVE-2026-0001"],
            Severity::High,
            None,
            |check| {
                check.title = "@SUM(A1)\u{202e}".into();
                check.remediation = Some("+KB1".into());
            },
        );
    });
    let csv = planned(&world, "2026-09-02", Format::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let row = reader.records().next().unwrap().unwrap();
    let cells: Vec<&str> = row.iter().collect();
    for expected in ["'=cmd|'/c'!a1", "'@SUM(A1)\\u{202e}", "'+KB1"] {
        let found = cells.iter().any(|cell| cell.eq_ignore_ascii_case(expected));
        assert!(found, "{expected} is not in {cells:?}");
    }
    let human = planned(&world, "2026-09-02", Format::Human);
    assert!(
        human.contains("hosts of no single system") && !human.contains('\u{202e}'),
        "{human}"
    );
}
