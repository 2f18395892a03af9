//! What the rules about findings and hosts say of a register that was made by hand.

use countersign::check::{self, Settings};
use countersign::diagnostic::Level;
use countersign::model::{Configuration, Quality, Severity};

use crate::world::{ScanBuilder, World};

/// Returns level, subject and message of what one rule says at a moment.
pub(crate) fn said(world: &World, when: &str, code: &str) -> Vec<(Level, String, String)> {
    let settings = Settings::new(&Configuration::default()).unwrap();
    world.judge(when, |register| {
        let told = check::run(register, &settings)
            .into_iter()
            .filter(|diagnostic| diagnostic.code == code);
        told.map(|one| (one.level, one.subject.unwrap_or_default(), one.message))
            .collect()
    })
}

fn seen_on_app01(scan: &mut ScanBuilder) {
    scan.quality("app01", Quality::Authenticated);
    scan.seen("app01", "1", &["CVE-2026-1111"], Severity::Critical, None);
}

/// One critical finding on `app01`, first seen on 2026-09-01, due in seven local days.
fn critical_of_september() -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T09:00:00Z", seen_on_app01);
    world
}

#[test]
fn a_finding_is_due_to_the_end_of_its_day_and_overdue_from_the_next_midnight() {
    let world = critical_of_september();
    let soon = said(&world, "2026-09-08T23:59:59+02:00", "REC001");
    let message = "`CVE-2026-1111` on `app01` is due today, severity critical";
    assert_eq!(
        soon,
        [(Level::Warn, "app01 CVE-2026-1111".into(), message.into())]
    );
    let overdue = said(&world, "2026-09-09T00:00:00+02:00", "REC001");
    let message = "`CVE-2026-1111` on `app01` is overdue 1 d, severity critical";
    assert_eq!(
        overdue,
        [(Level::Error, "app01 CVE-2026-1111".into(), message.into())]
    );
}

#[test]
fn an_ended_decision_has_lapsed_unless_another_goes_on_from_it() {
    let mut world = critical_of_september();
    world.exception(
        "exc-0001",
        "CVE-2026-1111",
        "app01",
        "2026-09-01",
        "2026-09-20",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    assert!(said(&world, "2026-09-20", "REC002").is_empty());
    let lapsed = said(&world, "2026-09-21", "REC002");
    assert_eq!(
        lapsed[0].2,
        "`CVE-2026-1111` on `app01` is open although `exc-0001` no longer covers it"
    );
    world.exception(
        "exc-0002",
        "CVE-2026-1111",
        "app01",
        "2026-09-21",
        "2026-10-10",
        "renews: exc-0001\n",
    );
    world.approve("Exception", "exc-0002", "2026-09-20T08:00:00Z");
    assert!(said(&world, "2026-09-21", "REC002").is_empty());
}

#[test]
fn an_exploited_vulnerability_sets_an_old_decision_aside_and_asks_for_a_new_one() {
    let mut world = critical_of_september();
    world.exception(
        "exc-0001",
        "CVE-2026-1111",
        "app01",
        "2026-09-01",
        "2026-10-20",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-09-02T08:00:00Z");
    world.kev("CVE-2026-1111", "2026-09-10", None);
    assert_eq!(said(&world, "2026-09-11", "REC002").len(), 1);
    assert!(
        said(&world, "2026-09-11T23:59:59+02:00", "REC009").is_empty(),
        "24 h after the day of the listing"
    );
    let told = said(&world, "2026-09-12T00:00:00+02:00", "REC009");
    assert!(
        told[0]
            .2
            .contains("no decision since its listing on 2026-09-10, 2 d ago"),
        "{told:?}"
    );
    world.exception(
        "exc-0002",
        "CVE-2026-1111",
        "app01",
        "2026-09-11",
        "2026-10-20",
        "renews: exc-0001\n|  covers_exploited: true\n",
    );
    world.approve("Exception", "exc-0002", "2026-09-11T08:00:00Z");
    assert!(said(&world, "2026-09-12", "REC009").is_empty());
    assert!(said(&world, "2026-09-12", "REC002").is_empty());
}

#[test]
fn a_coverage_is_an_orphan_only_after_scans_that_could_have_seen_something() {
    let mut world = critical_of_september();
    world.exception(
        "exc-0001",
        "CVE-2026-9999",
        "app01",
        "2026-09-02",
        "2026-10-20",
        "",
    );
    let look = |world: &mut World, run: &str| world.scan("src-one", run, seen_on_app01);
    assert!(
        said(&world, "2026-09-05", "REC003").is_empty(),
        "the only scan was before its beginning"
    );
    look(&mut world, "2026-09-06T09:00:00Z");
    assert!(
        said(&world, "2026-09-07", "REC003").is_empty(),
        "one scan is too few"
    );
    look(&mut world, "2026-09-08T09:00:00Z");
    assert_eq!(said(&world, "2026-09-09", "REC003").len(), 1);
    world.exception(
        "exc-0001",
        "CVE-2026-9999",
        "app01, app02",
        "2026-09-02",
        "2026-10-20",
        "",
    );
    assert!(
        said(&world, "2026-09-09", "REC003").is_empty(),
        "nobody has looked at app02"
    );
    world.exception(
        "exc-0001",
        "CVE-2026-1111",
        "app01",
        "2026-09-02",
        "2026-10-20",
        "",
    );
    assert!(
        said(&world, "2026-09-09", "REC003").is_empty(),
        "it covers an open finding"
    );
}

#[test]
fn not_scanned_is_never_good_news() {
    let world = World::new();
    let never = said(&world, "2026-09-30", "REC004");
    assert_eq!(
        never.len(),
        10,
        "each host that counts, although there is no scan at all"
    );
    assert_eq!(
        never[0].2,
        "`app01` has no scan at all: one each 7 d is asked for"
    );
    let mut world = World::new();
    world.scan("src-one", "2026-09-20T09:00:00Z", seen_on_app01);
    let of_app01 = |when: &str| {
        let told = said(&world, when, "REC004");
        told.into_iter()
            .find(|(_, subject, _)| subject == "app01")
            .map(|(_, _, message)| message)
    };
    assert_eq!(of_app01("2026-09-27"), None);
    assert_eq!(
        of_app01("2026-09-30").as_deref(),
        Some("the last scan of `app01` is too old: 10 d > 7 d")
    );
}

#[test]
fn a_scanned_host_of_no_system_is_named_with_what_it_carries() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-20T09:00:00Z", |scan| {
        scan.seen(
            "stray",
            "1",
            &["CVE-2026-1111", "CVE-2026-2222"],
            Severity::Low,
            None,
        );
    });
    let told = said(&world, "2026-09-21", "REC005");
    let message = "scanned host `stray` belongs to no System; it has 2 open findings";
    assert_eq!(told, [(Level::Warn, "stray".into(), message.into())]);
}
