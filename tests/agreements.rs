//! A changed agreement never rewrites the past: what agreements and systems said before comes from git's history.

use countersign::import::{Scan, Sightings};
use countersign::model::{AsOf, Host, Kind, RecordId, ScanSummary, Severity, Stamp, Zone};
use countersign::reconcile::{Question, Register, reconcile_over};
use countersign::source::{ContentReader, facts, read_history};
use countersign::trust::{self, MissingHistory, judge, lineage, read_contents};

use super::author_keys::approve;
use super::example_repo::load_folder;
use super::house::House;
use super::worked_examples::INVENTORY;
use super::world::{World, at};

const CVE: &str = "CVE-2026-1111";
const SLA: &str = "slas/sla-all.yaml";
const SYSTEM: &str = "systems/sys-shop.yaml";

/// A house with an agreement of so many days for high, 14 on tier 1 and 30 on tier 2 where nothing else is said.
fn house() -> House {
    let house = House::new();
    house.write_role("role-ciso", "[{kind: Sla}, {kind: System}]", "");
    house.write_role("role-security-owner", "[{kind: System}, {kind: Person}]", "");
    write_sla(&house, 14);
    house.write(
        "sources/src-one.yaml",
        "apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\nkind: Source\nid: src-one\ntitle: Scanner\nspec:\n  roles: [scanner]\n  format: nessus-v2\n  timezone: UTC\n  max_age_hours: 192\n  quality: authenticated\n  absence_means_fixed: true\n  state: approved\n",
    );
    house.commit_at("p-lee", "An agreement", seconds("2026-08-01T08:00:00Z"));
    house
}

fn write_sla(house: &House, days: u32) {
    house.write(SLA, &format!("apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\nkind: Sla\nid: sla-all\ntitle: All\nversion: 1.0.{days}\nspec:\n  parties: [role-ciso]\n  applies_to: type == server\n  matrix:\n    - {{severity: high, tier: tier1, days: {days}}}\n    - {{severity: high, tier: tier2, days: 30}}\n  clock: {{start: first_detected, stop: verified_absence}}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n"));
}

fn seconds(when: &str) -> i64 {
    at(when).timestamp()
}

/// Lets an agreement of so many days be written on a day, and approved on another, or never.
fn agree(house: &House, days: u32, written: &str, approved: Option<&str>) {
    write_sla(house, days);
    house.commit_at(
        "p-lee",
        "Another agreement",
        seconds(&format!("{written}T08:00:00Z")),
    );
    if let Some(day) = approved {
        approve_anew(house, &format!("{day}T10:00:00Z"));
        house.commit_at("p-kim", "Approve", seconds(&format!("{day}T11:00:00Z")));
    }
}

/// Approves the agreement; an approval of the same content that is there already stays beside it.
fn approve_anew(house: &House, when: &str) {
    let before: Vec<(String, String)> = if house.root().join("approvals").exists() {
        let paths = house.approvals().into_iter();
        paths.map(|path| (path.clone(), house.read(&path))).collect()
    } else {
        Vec::new()
    };
    approve(house, (Kind::Sla, "sla-all"), &[("p-kim", "role-ciso")], when);
    for (path, text) in before {
        let now = house.read(&path);
        if now != text {
            house.write(&path.replace("-1.yaml", "-2.yaml"), &now);
            house.write(&path, &text);
        }
    }
}

/// Judges the records by their history, with a finding of each host and first sighting.
fn judged<T>(house: &House, seen: &[(&str, &str)], when: &str, look: impl FnOnce(&Register<'_>) -> T) -> T {
    let repository = load_folder(&house.root());
    assert!(repository.faults.is_empty(), "{:#?}", repository.faults);
    let head = facts(&house.root()).unwrap().unwrap().commit.unwrap();
    let history = read_history(&house.root(), &head).unwrap().unwrap();
    let reader = ContentReader::open(&house.root()).unwrap();
    let contents = read_contents(&repository, &history, &reader).unwrap();
    let as_of = AsOf::new(at(when), Zone::named("UTC").unwrap());
    let asked = trust::Question::of_itself(&repository, as_of.instant());
    let standings = judge(&repository, &asked);
    let lineage = lineage(&repository, &asked, &contents);
    let mut world = World::new();
    for (host, first) in seen {
        world.scan("src-one", first, |scan| {
            scan.seen(host, "200", &[CVE], Severity::High, None);
        });
    }
    let question = Question {
        as_of,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    look(&reconcile_over(
        &repository,
        standings,
        &lineage,
        &world.scans,
        question,
    ))
}

/// The steps of the clock of a finding as `from > due cause, agreement`, and the due date that was missed.
fn steps(house: &House, first: &str, when: &str) -> (Vec<String>, Option<String>) {
    let first = format!("{first}T08:00:00Z");
    judged(
        house,
        &[("shop01", &first)],
        &format!("{when}T20:00:00Z"),
        |register| {
            let finding = &register.findings[0];
            let day = |at: chrono::DateTime<chrono::Utc>| at.format("%m-%d").to_string();
            let steps = finding.segments.iter().map(|segment| {
                let by = segment.by.first().map(ToString::to_string).unwrap_or_default();
                let version = by.split(' ').nth(2).unwrap_or_default().to_owned();
                let (from, due) = (day(segment.from), day(segment.due));
                format!("{from} > {due} {} {version}", segment.cause.word())
            });
            (steps.collect(), finding.breached.map(day))
        },
    )
}

fn told(steps: &[&str], missed: Option<&str>) -> (Vec<String>, Option<String>) {
    let steps = steps.iter().map(|&step| step.to_owned());
    (steps.collect(), missed.map(str::to_owned))
}

#[test]
fn an_agreement_that_was_changed_in_place_governs_from_its_approval_on() {
    let first = "09-01 > 09-15 start 1.0.14";
    for (days, approved, when, expected, missed) in [
        // More time, in time, after the breach, and not approved yet on the day that is asked about.
        (
            30,
            Some("2026-09-10"),
            "2026-09-30",
            vec![first, "09-10 > 10-01 agreement 1.0.30"],
            None,
        ),
        (
            30,
            Some("2026-09-20"),
            "2026-09-30",
            vec![first, "09-20 > 10-01 agreement 1.0.30"],
            Some("09-15"),
        ),
        (30, Some("2026-09-20"), "2026-09-19", vec![first], Some("09-15")),
        // Less time counts from the approval, never from before.
        (
            7,
            Some("2026-09-03"),
            "2026-09-30",
            vec![first, "09-03 > 09-10 agreement 1.0.7"],
            Some("09-10"),
        ),
        (7, Some("2026-09-12"), "2026-09-30", vec![first], Some("09-15")),
        // What nobody approved governs nothing.
        (30, None, "2026-09-30", vec![first], Some("09-15")),
        (7, None, "2026-09-14", vec![first], None),
    ] {
        let house = house();
        agree(&house, 14, "2026-08-01", Some("2026-08-01"));
        agree(&house, days, "2026-09-02", approved);
        let found = steps(&house, "2026-09-01", when);
        assert_eq!(found, told(&expected, missed), "{days} {approved:?} {when}");
    }
}

#[test]
fn each_approved_version_has_its_time_and_what_came_between_has_none() {
    let house = house();
    agree(&house, 14, "2026-08-01", Some("2026-08-01"));
    agree(&house, 90, "2026-09-02", None);
    agree(&house, 20, "2026-09-03", Some("2026-09-04"));
    agree(&house, 14, "2026-09-05", Some("2026-09-06"));
    let expected = [
        "09-01 > 09-15 start 1.0.14",
        "09-04 > 09-21 agreement 1.0.20",
        "09-06 > 09-20 agreement 1.0.14",
    ];
    assert_eq!(steps(&house, "2026-09-01", "2026-09-10"), told(&expected, None));
    // Nothing is approved of what lies there and is in no commit.
    write_sla(&house, 365);
    assert_eq!(steps(&house, "2026-09-01", "2026-09-10"), told(&expected, None));
}

#[test]
fn of_contents_that_nobody_ever_approved_the_strictest_counts() {
    let house = house();
    agree(&house, 60, "2026-08-02", None);
    assert_eq!(
        steps(&house, "2026-09-01", "2026-09-10"),
        told(&["09-01 > 09-15 start 1.0.14"], None)
    );
}

#[test]
fn an_author_who_approves_their_own_agreement_has_agreed_to_nothing() {
    let house = house();
    agree(&house, 14, "2026-08-01", Some("2026-08-01"));
    write_sla(&house, 60);
    house.commit_at("p-kim", "More time for us", seconds("2026-08-20T08:00:00Z"));
    approve(
        &house,
        (Kind::Sla, "sla-all"),
        &[("p-kim", "role-ciso")],
        "2026-08-20T10:00:00Z",
    );
    house.commit_at("p-kim", "Approve", seconds("2026-08-20T11:00:00Z"));
    agree(&house, 20, "2026-09-20", Some("2026-09-20"));
    assert_eq!(
        steps(&house, "2026-09-01", "2026-09-10"),
        told(&["09-01 > 09-15 start 1.0.14"], None)
    );
}

const OWNERS: [(&str, &str); 2] = [("p-kim", "role-ciso"), ("p-osei", "role-security-owner")];

#[test]
fn a_tier_that_was_changed_in_place_is_stricter_at_once_and_looser_only_once_approved() {
    let one = "09-01 > 09-15 start 1.0.14";
    let two = "09-01 > 10-01 start 1.0.14";
    for (tiers, approved, when, expected, missed) in [
        (["tier1", "tier2"], None, "2026-09-30", vec![one], Some("09-15")),
        (
            ["tier1", "tier2"],
            Some("2026-09-10"),
            "2026-09-30",
            vec![one, "09-10 > 10-01 tier 1.0.14"],
            None,
        ),
        (
            ["tier1", "tier2"],
            Some("2026-09-20"),
            "2026-09-30",
            vec![one, "09-20 > 10-01 tier 1.0.14"],
            Some("09-15"),
        ),
        (
            ["tier2", "tier1"],
            None,
            "2026-09-18",
            vec![two, "09-05 > 09-19 tier 1.0.14"],
            None,
        ),
        (
            ["tier2", "tier1"],
            Some("2026-09-10"),
            "2026-09-18",
            vec![two, "09-05 > 09-19 tier 1.0.14"],
            None,
        ),
    ] {
        let house = house();
        if tiers[0] == "tier2" {
            // So it was from the first commit on.
            std::fs::remove_dir_all(house.root().join(".git")).unwrap();
            git2::Repository::init(house.root()).unwrap();
            house.replace(SYSTEM, "tier: tier1", "tier: tier2");
        }
        agree(&house, 14, "2026-08-01", Some("2026-08-01"));
        house.replace(
            SYSTEM,
            &format!("tier: {}", tiers[0]),
            &format!("tier: {}", tiers[1]),
        );
        house.commit_at("p-lee", "Another tier", seconds("2026-09-05T08:00:00Z"));
        if let Some(day) = approved {
            approve(
                &house,
                (Kind::System, "sys-shop"),
                &OWNERS,
                &format!("{day}T10:00:00Z"),
            );
            house.commit_at("p-kim", "Approve", seconds(&format!("{day}T11:00:00Z")));
        }
        let found = steps(&house, "2026-09-01", when);
        assert_eq!(found, told(&expected, missed), "{tiers:?} {approved:?} {when}");
        if (tiers[0], approved) == ("tier1", None) {
            // Nor does it give more time to what is found after it.
            let later = told(&["09-08 > 09-22 start 1.0.14"], None);
            assert_eq!(steps(&house, "2026-09-08", "2026-09-10"), later);
        }
    }
}

const OTHER: &str = "apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\nkind: System\nid: sys-two\ntitle: Two\nspec:\n  type: server\n  tier: tier2\n  members: [shop03]\n  scope: {in: true}\n";

#[test]
fn an_episode_follows_a_host_that_moves_and_the_stricter_time_counts() {
    let house = house();
    house.write("systems/sys-two.yaml", OTHER);
    agree(&house, 14, "2026-08-01", Some("2026-08-01"));
    // From tier 2 to tier 1.
    house.write(
        "systems/sys-two.yaml",
        &OTHER.replace("[shop03]", "[shop03, shop01]"),
    );
    house.replace(SYSTEM, "[shop01, shop02]", "[shop02]");
    house.commit_at("p-lee", "Where it was", seconds("2026-08-02T08:00:00Z"));
    house.write("systems/sys-two.yaml", OTHER);
    house.replace(SYSTEM, "[shop02]", "[shop01, shop02]");
    house.commit_at("p-lee", "A move", seconds("2026-09-05T08:00:00Z"));
    let moved = ["09-01 > 10-01 start 1.0.14", "09-05 > 09-19 tier 1.0.14"];
    assert_eq!(steps(&house, "2026-09-01", "2026-09-18"), told(&moved, None));
    assert_eq!(
        steps(&house, "2026-08-01", "2026-09-18"),
        told(&["08-01 > 08-15 start 1.0.14"], Some("08-15")),
        "it had been of tier 1 before, and the looser tier gives no more time"
    );
    assert_eq!(
        steps(&house, "2026-09-06", "2026-09-18"),
        told(&["09-06 > 09-20 start 1.0.14"], None),
        "what is found after the move goes by the new System alone"
    );
    let cited = sentence(&house, 1);
    assert!(cited.contains("and System `sys-shop` ("), "{cited}");
}

#[test]
fn an_inventory_that_moves_a_host_moves_its_findings() {
    let mut world = World::new();
    let system = |name: &str, tier: &str| {
        format!(
            "kind: System\nid: sys-{name}\ntitle: App\nspec:\n  type: server\n  department: {name}\n  tier: {tier}\n  members: {{cmdb: \"app == {name}\"}}\n  scope: {{in: true}}\n"
        )
    };
    world.remove("systems/sys-app.yaml");
    world.remove("slas/sla-all.yaml");
    for (name, days) in [("one", 14), ("two", 3)] {
        world.record(&format!("systems/sys-{name}.yaml"), &system(name, "tier1"));
        world.record(&format!("slas/sla-{name}.yaml"), &format!("kind: Sla\nid: sla-{name}\ntitle: All\nversion: 1.0.{days}\nspec:\n  parties: [role-ciso]\n  applies_to: department == {name}\n  matrix:\n    - {{severity: high, tier: tier1, days: {days}}}\n  clock: {{start: first_detected, stop: verified_absence}}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n"));
    }
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "200", &[CVE], Severity::High, None);
    });
    inventory(&mut world, "2026-08-30T08:00:00Z", "one");
    inventory(&mut world, "2026-09-10T08:00:00Z", "two");
    let steps = |when: &str| {
        world.judge(when, |register| {
            let steps = register.findings[0].segments.iter().map(|segment| {
                let by: Vec<String> = segment.by.iter().map(ToString::to_string).collect();
                format!(
                    "{} {} {}",
                    segment.due.format("%m-%d"),
                    segment.cause.word(),
                    by.join(", ")
                )
            });
            steps.collect::<Vec<_>>()
        })
    };
    let first = "09-15 start Sla `sla-one` 1.0.14";
    assert_eq!(steps("2026-09-09T20:00:00Z"), [first]);
    let second = "09-13 tier Sla `sla-two` 1.0.3, System `sys-two`";
    assert_eq!(steps("2026-09-12T20:00:00Z"), [first, second]);
}

/// An inventory by which `app01` is of one application.
fn inventory(world: &mut World, run: &str, app: &str) {
    let summary = ScanSummary {
        run_at: Some(Stamp::At(at(run))),
        ..ScanSummary::default()
    };
    world.scans.push(Scan {
        absence_means_fixed: None,
        file: format!("hosts-{run}"),
        source: None,
        is_ad_hoc: true,
        importer: &INVENTORY,
        sha256: run.to_owned(),
        summary,
        hosts: vec![Host {
            name: "app01".into(),
            fields: std::iter::once(("app".to_owned(), app.to_owned())).collect(),
            ..Host::default()
        }],
        checks: Vec::new(),
        sightings: Sightings::default(),
        kev: Vec::new(),
        epss: Vec::new(),
        knowledge: Vec::new(),
        advice: Vec::new(),
    });
}

#[test]
fn a_step_of_the_clock_cites_the_content_that_set_it() {
    let house = house();
    agree(&house, 14, "2026-08-01", Some("2026-08-01"));
    let first = sentence(&house, 0);
    assert!(
        first.contains("set by Sla `sla-all` 1.0.14 (") && first.contains(", approved 2026-08-01T10:00:00Z)"),
        "{first}"
    );
    agree(&house, 30, "2026-09-02", Some("2026-09-10"));
    let [first, second] = [0, 1].map(|step| sentence(&house, step));
    assert!(
        first.contains(", commit ") && first.contains("approved 2026-08-01T10:00:00Z)"),
        "{first}"
    );
    assert!(
        second.contains("1.0.30 (") && second.contains("approved 2026-09-10T10:00:00Z)"),
        "{second}"
    );
    let id = RecordId::new("sla-all").unwrap();
    let repository = load_folder(&house.root());
    let now = trust::digest(&repository, &repository.slas.get(&id).unwrap().meta).unwrap();
    assert!(
        second.contains(&now[7..15]) && !first.contains(&now[7..15]),
        "{second}"
    );
}

fn sentence(house: &House, step: usize) -> String {
    judged(
        house,
        &[("shop01", "2026-09-01T08:00:00Z")],
        "2026-09-30T20:00:00Z",
        |register| register.findings[0].segments[step].sentence(register.as_of.zone()),
    )
}

#[test]
fn without_the_history_it_is_said_once_that_nothing_earlier_is_known() {
    let house = house();
    let earlier = |house: &House| {
        let (_, out, err) = house.run(&["reconcile", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let (_, people, _) = house.run(&["reconcile"]);
        assert_eq!(people.matches("earlier terms").count(), 1, "{people}");
        let line = people.lines().find(|line| line.starts_with("earlier terms"));
        (document["missing_history"].clone(), line.unwrap().to_owned())
    };
    let (missing, line) = earlier(&house);
    assert!(
        missing.is_null() && line.contains("count as they were then"),
        "{line}"
    );
    let tip = git2::Repository::open(house.root())
        .unwrap()
        .head()
        .unwrap()
        .target()
        .unwrap();
    std::fs::write(house.root().join(".git/shallow"), format!("{tip}\n")).unwrap();
    let (missing, line) = earlier(&house);
    assert!(
        missing == "shallow" && line.contains("a shallow clone does not hold"),
        "{line}"
    );
    std::fs::remove_dir_all(house.root().join(".git")).unwrap();
    let (missing, line) = earlier(&house);
    assert!(
        missing == "outside_git" && line.contains("outside git nobody knows"),
        "{line}"
    );
    assert_eq!(MissingHistory::Shallow.word(), "shallow");
}
