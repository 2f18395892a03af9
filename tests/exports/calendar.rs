//! The calendar: which days it notes, and that another reader finds the same.

use std::collections::BTreeSet;

use countersign::reconcile::Register;

use super::official::read_calendar;
use super::{of_example, of_register};
use crate::world::World;

/// Returns the lines with their folds undone.
fn unfolded(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(
        text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']),
        "lines end in CR LF"
    );
    assert!(
        text.split("\r\n").all(|line| line.len() <= 75),
        "a line is too long"
    );
    text.replace("\r\n ", "").lines().map(str::to_owned).collect()
}

/// Returns day and summary of each event.
pub(super) fn events(bytes: &[u8]) -> Vec<(String, String)> {
    let lines = unfolded(bytes);
    let of = |name: &str| -> Vec<String> {
        lines
            .iter()
            .filter_map(|line| line.strip_prefix(name))
            .map(str::to_owned)
            .collect()
    };
    of("DTSTART;VALUE=DATE:")
        .into_iter()
        .zip(of("SUMMARY:"))
        .collect()
}

fn of_example_calendar() -> Vec<u8> {
    of_example("ics").remove("calendar.ics").unwrap()
}

fn calendar_of(register: &Register<'_>) -> Vec<u8> {
    of_register("ics", register).files.remove("calendar.ics").unwrap()
}

#[test]
fn the_calendar_of_the_example_notes_what_ends_and_what_is_due() {
    let events = events(&of_example_calendar());
    for (day, summary) in [
        ("20260930", "exc-0014: the exception ends"),
        ("20260930", "exc-0014: the plan of the exception is due"),
        ("20261108", "rac-0005: the acceptance ends"),
        ("20261106", "rac-0005: the review is due"),
        ("20261130", "tri-0012: the triage ends"),
        ("20261116", "isms: the audit of the certification body"),
        ("20231010", "sys-hr-legacy: the support ends"),
        ("20270331", "soa-2022: control 5.8 is to be implemented"),
        ("20261117", "soa-2022: the review is due"),
    ] {
        let wanted = (day.to_owned(), summary.to_owned());
        assert!(events.contains(&wanted), "{wanted:?} is not among {events:#?}");
    }
    assert!(
        events
            .iter()
            .any(|(_, summary)| summary == "sla-standard: the agreement ends"),
        "{events:#?}"
    );
    assert!(events.is_sorted(), "by day");
}

#[test]
fn another_reader_finds_the_same_events_of_a_whole_day() {
    let bytes = of_example_calendar();
    let own = events(&bytes);
    let Some(read) = read_calendar(&bytes) else { return };
    assert_eq!(read.len(), own.len());
    let mut ids = BTreeSet::new();
    for (line, (day, _)) in read.iter().zip(&own) {
        let words: Vec<&str> = line.split(' ').collect();
        let date = countersign::model::parse_date(words[0]).unwrap();
        assert_eq!(words[0].replace('-', ""), *day);
        assert_eq!(
            words[1],
            date.plus_days(1).to_string(),
            "the end is the day after"
        );
        assert!(ids.insert(words[2].to_owned()), "an id is given twice: {line}");
    }
}

#[test]
fn stamps_are_as_of_and_an_id_stays_when_its_day_moves() {
    let ids = |bytes: &[u8]| -> BTreeSet<String> {
        unfolded(bytes)
            .into_iter()
            .filter(|line| line.starts_with("UID:"))
            .collect()
    };
    let calendar = |expires: &str| {
        let mut world = World::new();
        world.exception("exc-0001", "CVE-2026-1111", "app01", "2026-09-02", expires, "|");
        world.approve("Exception", "exc-0001", "2026-09-02T09:00:00Z");
        world.judge("2026-09-30", calendar_of)
    };
    let (first, second) = (calendar("2026-10-31"), calendar("2026-11-30"));
    assert_eq!(ids(&first), ids(&second));
    assert_ne!(events(&first), events(&second));
    let stamps: BTreeSet<String> = unfolded(&first)
        .into_iter()
        .filter(|line| line.starts_with("DTSTAMP"))
        .collect();
    assert_eq!(stamps, BTreeSet::from(["DTSTAMP:20260930T215959Z".to_owned()]));
}

#[test]
fn what_nobody_approved_ends_nothing() {
    let mut world = World::new();
    world.exception(
        "exc-0001",
        "CVE-2026-1111",
        "app01",
        "2026-09-02",
        "2026-10-31",
        "|",
    );
    world.judge("2026-09-30", |register| {
        let exported = of_register("ics", register);
        let text = exported
            .files
            .values()
            .next()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert!(!text.unwrap_or_default().contains("exc-0001"));
    });
}
