//! Working days, freezes, windows and the rules by which days come again.

use std::time::{Duration as Time, Instant as Clock};

use chrono::{DateTime, Utc};
use countersign::load::Repository;
use countersign::model::{
    ChangeType, Date, Duration, Record, RecordId, Recurrence, System, TimeOfDay, Timetable, parse_date,
};
use proptest::prelude::*;

use crate::checks::{base, read};

fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn with_calendar(spec: &str) -> Repository {
    let folder = base();
    let head = "apiVersion: countersign/v1\nkind: Calendar\nid: cal-1\ntitle: Windows\nowner: role-committee\n\
                created: 2025-12-01\nspec:\n";
    std::fs::create_dir_all(folder.path().join("calendar")).unwrap();
    std::fs::write(folder.path().join("calendar/cal-1.yaml"), format!("{head}{spec}")).unwrap();
    // The file service names no window, so that selectors decide.
    let path = folder.path().join("systems/sys-files.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("  window: sun-early\n", "")).unwrap();
    let (_, repository, _) = read(folder.path());
    assert!(repository.faults.is_empty(), "{:#?}", repository.faults);
    repository
}

fn system<'a>(repository: &'a Repository, id: &str) -> &'a Record<System> {
    repository.systems.get(&RecordId::new(id).unwrap()).unwrap()
}

fn timetable<'a>(repository: &'a Repository, first: &str, last: &str) -> Timetable<'a> {
    Timetable::new(&repository.calendars, repository.zone(), day(first), day(last))
}

const HOLIDAYS: &str = "  holidays: [2026-01-01, 2026-12-25, 2026-12-31, 2027-01-01, 2028-02-29]\n";

#[test]
fn working_days_leave_out_weekends_and_holidays() {
    let repository = with_calendar(HOLIDAYS);
    let table = timetable(&repository, "2026-01-01", "2026-12-31");
    let rows = [
        ("2026-01-01", false),
        ("2026-01-02", true),
        ("2026-01-03", false),
        ("2026-01-04", false),
        ("2026-12-25", false),
        ("2028-02-28", true),
        ("2028-02-29", false),
        ("2027-02-28", false),
    ];
    for (text, expected) in rows {
        assert_eq!(table.is_working_day(day(text)), expected, "{text}");
    }
    let rows = [
        ("2026-01-02", 0, "2026-01-02"),
        ("2026-01-02", 1, "2026-01-05"),
        ("2026-01-03", 0, "2026-01-03"),
        ("2026-01-03", 1, "2026-01-05"),
        ("2026-01-30", 1, "2026-02-02"),
        ("2026-12-24", 1, "2026-12-28"),
        ("2026-12-30", 1, "2027-01-04"),
        ("2026-12-28", 5, "2027-01-06"),
        ("2028-02-28", 1, "2028-03-01"),
        ("2027-02-26", 1, "2027-03-01"),
        ("2026-10-22", 7, "2026-11-02"),
    ];
    for (from, days, expected) in rows {
        let found = table.plus_working_days(day(from), days);
        assert_eq!(found, day(expected), "{from} + {days}");
    }
}

#[test]
fn no_holidays_at_all_and_no_calendar_are_weekends_only() {
    let repository = with_calendar("  holidays: []\n");
    let none = Timetable::new([], repository.zone(), day("2026-01-01"), day("2026-12-31"));
    assert_eq!(none.plus_working_days(day("2026-01-01"), 1), day("2026-01-02"));
    let shop = system(&repository, "sys-shop");
    assert!(none.is_free(day("2026-12-24"), shop, ChangeType::Normal));
    assert!(
        none.next_permitted(shop, moment("2026-01-01T00:00:00Z"), ChangeType::Normal)
            .is_none()
    );
}

const FREEZES: &str = "  freezes:
    - {name: peak, from: 2026-12-15, to: 2027-01-05, systems: {department: sales}}
    - {name: month-end, rule: last_working_days, count: 2, systems: {department: depot}, exempt: [emergency]}
    - {name: last friday, rrule: \"FREQ=MONTHLY;BYDAY=-1FR\", systems: \"tier == tier1\"}
  holidays: [2026-04-30, 2026-12-25, 2026-12-31]
";

fn frozen_by(table: &Timetable<'_>, system: &Record<System>, text: &str) -> Vec<String> {
    let found = table.freezes_on(day(text), system);
    found.map(|in_force| in_force.freeze.name.value.clone()).collect()
}

#[test]
fn freezes_hold_by_day_system_and_type() {
    let repository = with_calendar(FREEZES);
    let table = timetable(&repository, "2026-01-01", "2028-12-31");
    let rows = [
        ("sys-shop", "2026-12-14", &[][..]),
        ("sys-shop", "2026-12-15", &["peak"]),
        ("sys-shop", "2026-12-25", &["peak", "last friday"]),
        ("sys-shop", "2027-01-05", &["peak"]),
        ("sys-shop", "2027-01-06", &[]),
        ("sys-files", "2026-12-20", &[]),
        // The last working days of months that end on a weekday, a weekend, a holiday, and in a leap year.
        ("sys-files", "2026-09-29", &["month-end"]),
        ("sys-files", "2026-09-30", &["month-end"]),
        ("sys-files", "2026-09-28", &[]),
        ("sys-files", "2026-05-29", &["month-end"]),
        ("sys-files", "2026-05-28", &["month-end"]),
        ("sys-files", "2026-05-31", &[]),
        ("sys-files", "2026-04-30", &[]),
        ("sys-files", "2026-04-29", &["month-end"]),
        ("sys-files", "2026-04-28", &["month-end"]),
        ("sys-files", "2026-12-30", &["month-end"]),
        ("sys-files", "2026-12-29", &["month-end"]),
        ("sys-files", "2026-12-31", &[]),
        ("sys-files", "2027-02-26", &["month-end"]),
        ("sys-files", "2027-02-28", &[]),
        ("sys-files", "2028-02-29", &["month-end"]),
        ("sys-files", "2028-02-28", &["month-end"]),
        ("sys-shop", "2026-02-27", &["last friday"]),
        ("sys-shop", "2026-02-20", &[]),
    ];
    for (id, text, expected) in rows {
        assert_eq!(
            frozen_by(&table, system(&repository, id), text),
            expected,
            "{id} {text}"
        );
    }
    let files = system(&repository, "sys-files");
    assert!(!table.is_free(day("2026-09-30"), files, ChangeType::Normal));
    assert!(!table.is_free(day("2026-09-30"), files, ChangeType::Standard));
    assert!(table.is_free(day("2026-09-30"), files, ChangeType::Emergency));
}

/// W9: the due date stays, the plan moves before the freeze.
#[test]
fn work_is_planned_before_the_freeze_in_which_it_is_due() {
    let repository = with_calendar(FREEZES);
    let table = timetable(&repository, "2026-11-01", "2027-01-31");
    let shop = system(&repository, "sys-shop");
    let plan = |from: &str, due: &str| table.plan_by(day(from), day(due), shop, ChangeType::Normal);
    assert_eq!(plan("2026-12-01", "2026-12-20"), Some(day("2026-12-14")));
    assert_eq!(plan("2026-12-01", "2026-12-10"), Some(day("2026-12-10")));
    assert_eq!(plan("2026-12-15", "2026-12-20"), None, "found within the freeze");
    let files = system(&repository, "sys-files");
    let of_files = table.plan_by(day("2026-12-01"), day("2026-12-20"), files, ChangeType::Normal);
    assert_eq!(of_files, Some(day("2026-12-20")));
}

fn window(rest: &str) -> String {
    format!("  windows:\n    - {{id: sun-early, {rest}}}\n")
}

fn opens(spec: &str, id: &str, after: &str) -> Option<(String, String)> {
    let repository = with_calendar(spec);
    let table = timetable(&repository, "2026-01-01", "2027-12-31");
    let found = table.next_permitted(system(&repository, id), moment(after), ChangeType::Normal)?;
    Some((found.start.to_rfc3339(), found.end.to_rfc3339()))
}

/// A wall time that the spring night skips is the end of the gap, one that the autumn night has twice is the first;
/// the hours of the window pass in full each time.
#[test]
fn windows_open_on_the_wall_of_their_own_zone() {
    let rows = [
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"01:00\", duration: PT4H",
            "2026-09-30T22:00:00Z",
            "2026-10-03T23:00",
            "2026-10-04T03:00",
        ),
        // One that begins at the moment counts, one that is open has begun before.
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"01:00\", duration: PT4H",
            "2026-10-03T23:00:00Z",
            "2026-10-03T23:00",
            "2026-10-04T03:00",
        ),
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"01:00\", duration: PT4H",
            "2026-10-03T23:00:01Z",
            "2026-10-10T23:00",
            "2026-10-11T03:00",
        ),
        // 02:30 on 28 March 2027 does not exist in Berlin: 03:00 summer time.
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"02:30\", duration: PT4H",
            "2027-03-27T12:00:00Z",
            "2027-03-28T01:00",
            "2027-03-28T05:00",
        ),
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"02:20\", duration: PT1H",
            "2027-03-27T12:00:00Z",
            "2027-03-28T01:00",
            "2027-03-28T02:00",
        ),
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"01:30\", duration: PT2H",
            "2027-03-27T12:00:00Z",
            "2027-03-28T00:30",
            "2027-03-28T02:30",
        ),
        // 02:30 on 25 October 2026 comes twice in Berlin: the first is summer time.
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"02:30\", duration: PT4H",
            "2026-10-24T12:00:00Z",
            "2026-10-25T00:30",
            "2026-10-25T04:30",
        ),
        (
            "rrule: FREQ=WEEKLY;BYDAY=SU, at: \"02:30\", duration: PT4H",
            "2026-10-25T12:00:00Z",
            "2026-11-01T01:30",
            "2026-11-01T05:30",
        ),
        (
            "rrule: FREQ=WEEKLY;BYDAY=SA, at: \"22:00\", duration: PT90M, timezone: America/New_York",
            "2026-07-01T00:00:00Z",
            "2026-07-05T02:00",
            "2026-07-05T03:30",
        ),
        // Midnight of 24 April 2026 does not exist in Cairo.
        (
            "rrule: FREQ=DAILY, at: \"00:10\", duration: PT1H, timezone: Africa/Cairo",
            "2026-04-23T12:00:00Z",
            "2026-04-23T22:00",
            "2026-04-23T23:00",
        ),
        (
            "rrule: FREQ=MONTHLY;BYMONTHDAY=-1, at: \"23:00\", duration: PT2H, timezone: UTC",
            "2026-12-31T00:00:00Z",
            "2026-12-31T23:00",
            "2027-01-01T01:00",
        ),
        (
            "rrule: FREQ=WEEKLY;INTERVAL=2;BYDAY=SU, from: 2026-01-04, at: \"00:00\", duration: P1D, timezone: UTC",
            "2026-02-02T00:00:00Z",
            "2026-02-15T00:00",
            "2026-02-16T00:00",
        ),
    ];
    for (rest, after, start, end) in rows {
        let expected = (format!("{start}:00+00:00"), format!("{end}:00+00:00"));
        assert_eq!(
            opens(&window(rest), "sys-shop", after),
            Some(expected),
            "{rest} after {after}"
        );
    }
}

#[test]
fn a_system_has_the_window_that_it_names_or_those_that_select_it() {
    let spec = "  windows:
    - {id: sun-early, rrule: \"FREQ=WEEKLY;BYDAY=SU\", at: \"01:00\", duration: PT4H, timezone: UTC}
    - {id: depot, rrule: \"FREQ=WEEKLY;BYDAY=MO\", at: \"01:00\", duration: PT4H, timezone: UTC, systems: \"department in [depot, sales]\"}
";
    let after = "2026-10-01T00:00:00Z";
    let start = |id: &str| opens(spec, id, after).unwrap().0;
    assert_eq!(
        start("sys-shop"),
        "2026-10-04T01:00:00+00:00",
        "the one that it names"
    );
    assert_eq!(
        start("sys-files"),
        "2026-10-05T01:00:00+00:00",
        "the one that selects it"
    );
    let other = window("rrule: FREQ=DAILY, at: \"01:00\", duration: PT4H");
    assert_eq!(
        opens(&other, "sys-files", after),
        None,
        "neither named nor selected"
    );
}

#[test]
fn a_window_that_touches_a_freeze_is_left_out_whole() {
    let windows = window("rrule: FREQ=WEEKLY;BYDAY=TU, at: \"23:00\", duration: PT4H");
    let spec = format!(
        "{windows}  freezes: [{{name: peak, from: 2026-12-16, to: 2027-01-05, exempt: [emergency]}}]\n"
    );
    // It begins on the 15th and runs into the 16th.
    let next = opens(&spec, "sys-shop", "2026-12-14T00:00:00Z").unwrap();
    assert_eq!(next.0, "2027-01-12T22:00:00+00:00");
    let repository = with_calendar(&spec);
    let table = timetable(&repository, "2026-12-01", "2027-01-31");
    let shop = system(&repository, "sys-shop");
    let emergency = table.next_permitted(shop, moment("2026-12-14T00:00:00Z"), ChangeType::Emergency);
    assert_eq!(emergency.unwrap().start.to_rfc3339(), "2026-12-15T22:00:00+00:00");
    // One that ends at midnight does not touch the next day.
    let early = window("rrule: FREQ=WEEKLY;BYDAY=TU, at: \"20:00\", duration: PT4H");
    let spec = format!("{early}  freezes: [{{name: peak, from: 2026-12-16, to: 2027-01-05}}]\n");
    let next = opens(&spec, "sys-shop", "2026-12-14T00:00:00Z").unwrap();
    assert_eq!(next.0, "2026-12-15T19:00:00+00:00");
}

fn days(rule: &str, from: Option<&str>, first: &str, last: &str) -> Vec<String> {
    let found = Recurrence::parse(rule)
        .unwrap()
        .days(from.map(day), day(first), day(last));
    found.iter().map(ToString::to_string).collect()
}

/// A rule, its beginning, the span, and the days.
type Row<'a> = (&'a str, Option<&'a str>, &'a str, &'a str, &'a [&'a str]);

#[test]
fn rules_name_days() {
    let rows: [Row<'_>; 15] = [
        (
            "FREQ=MONTHLY;BYDAY=2TU",
            None,
            "2026-09-01",
            "2026-11-30",
            &["2026-09-08", "2026-10-13", "2026-11-10"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-1",
            None,
            "2028-01-31",
            "2028-03-31",
            &["2028-01-31", "2028-02-29", "2028-03-31"],
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            None,
            "2026-01-01",
            "2026-05-30",
            &["2026-01-31", "2026-03-31"],
        ),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            None,
            "2026-01-01",
            "2032-12-31",
            &["2028-02-29", "2032-02-29"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            None,
            "2026-05-01",
            "2026-07-01",
            &["2026-05-29", "2026-06-30"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=SU",
            None,
            "2026-12-27",
            "2027-01-10",
            &["2026-12-27", "2027-01-03", "2027-01-10"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
            Some("2026-01-04"),
            "2026-12-20",
            "2027-01-20",
            &["2026-12-20", "2027-01-03", "2027-01-17"],
        ),
        (
            "FREQ=DAILY;COUNT=3",
            Some("2026-02-27"),
            "2026-01-01",
            "2026-12-31",
            &["2026-02-27", "2026-02-28", "2026-03-01"],
        ),
        (
            "FREQ=DAILY;UNTIL=20260302",
            None,
            "2026-03-01",
            "2026-12-31",
            &["2026-03-01", "2026-03-02"],
        ),
        (
            "FREQ=DAILY;UNTIL=20260302T230000Z",
            None,
            "2026-03-02",
            "2026-12-31",
            &["2026-03-02"],
        ),
        (
            "FREQ=MONTHLY",
            Some("2026-01-31"),
            "2026-01-01",
            "2026-04-30",
            &["2026-01-31", "2026-03-31"],
        ),
        (
            "FREQ=YEARLY;BYYEARDAY=-1",
            None,
            "2026-01-01",
            "2027-12-31",
            &["2026-12-31", "2027-12-31"],
        ),
        ("FREQ=WEEKLY;BYDAY=SU", None, "2026-10-05", "2026-10-10", &[]),
        ("FREQ=DAILY", None, "2026-10-05", "2026-10-04", &[]),
        ("FREQ=DAILY", Some("2027-01-01"), "2026-10-05", "2026-10-10", &[]),
    ];
    for (rule, from, first, last, expected) in rows {
        assert_eq!(days(rule, from, first, last), expected, "{rule} from {from:?}");
    }
    assert_eq!(
        days("FREQ=DAILY", Some("1990-01-01"), "2026-01-01", "2026-12-31").len(),
        365
    );
}

#[test]
fn a_rule_that_counts_says_so() {
    for (rule, expected) in [
        ("FREQ=DAILY", false),
        ("FREQ=WEEKLY;BYDAY=SU", false),
        ("FREQ=WEEKLY", true),
        ("FREQ=MONTHLY", true),
        ("FREQ=YEARLY;BYMONTH=3", true),
        ("FREQ=MONTHLY;BYMONTHDAY=1", false),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", true),
        ("FREQ=WEEKLY;INTERVAL=1;BYDAY=SU", false),
        ("FREQ=DAILY;COUNT=9", true),
    ] {
        assert_eq!(Recurrence::parse(rule).unwrap().counts_from(), expected, "{rule}");
    }
}

#[test]
fn hostile_rules_are_refused_with_the_reason_and_soon() {
    let long = format!("FREQ=DAILY;BYMONTHDAY={}", "1,".repeat(120));
    let rows = [
        ("", "is not `NAME=VALUE`"),
        ("every day", "is not `NAME=VALUE`"),
        ("INTERVAL=2", "`FREQ` is ``; it is one of DAILY"),
        ("FREQ=SECONDLY", "`FREQ` is `SECONDLY`"),
        ("FREQ=MINUTELY", "`FREQ` is `MINUTELY`"),
        ("FREQ=HOURLY", "`FREQ` is `HOURLY`"),
        ("freq=daily", "is not `NAME=VALUE`"),
        ("FREQ=DAILY;FREQ=DAILY", "`FREQ` is there twice"),
        ("FREQ=DAILY;INTERVAL=0", "`INTERVAL=0` never moves on"),
        ("FREQ=DAILY;INTERVAL=70000", "INTERVAL"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "`COUNT=0` names no day"),
        ("FREQ=DAILY;COUNT=99999999999", "COUNT"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261231", "both `UNTIL` and `COUNT`"),
        ("FREQ=DAILY;UNTIL=20260230", "is no day"),
        ("FREQ=DAILY;UNTIL=2026", "is no day"),
        ("FREQ=DAILY;UNTIL=20261231T", "is no day"),
        ("FREQ=DAILY;BYHOUR=1,2,3", "names a time"),
        ("FREQ=DAILY;BYSECOND=1", "names a time"),
        ("FREQ=DAILY;BYEASTER=1", "is no part of a rule here"),
        ("FREQ=DAILY;X-OWN=1", "is no part of a rule here"),
        (
            "DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY",
            "is not `NAME=VALUE`",
        ),
        ("FREQ=DAILY;BYMONTH=13", "BYMONTH"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=32", ""),
        ("FREQ=YEARLY;BYYEARDAY=367", ""),
        ("FREQ=WEEKLY;BYDAY=XX", ""),
        ("FREQ=DAILY;BYSETPOS=1", ""),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "names no day at all"),
        (
            "FREQ=MONTHLY;BYMONTH=4,6,9,11;BYMONTHDAY=31",
            "names no day at all",
        ),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31", "names no day at all"),
        ("FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30", ""),
        (&long, "longer than 200 bytes"),
    ];
    let begun = Clock::now();
    for (rule, reason) in rows {
        let fault = Recurrence::parse(rule).expect_err(rule);
        assert!(fault.contains(reason), "{rule}: {fault}");
    }
    assert!(begun.elapsed() < Time::from_secs(20), "{:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever fits the grammar is read or refused, and a rule that is read names days in order within the span.
    #[test]
    fn any_rule_is_read_or_refused_and_stays_in_its_span(
        frequency in prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
        parts in prop::collection::vec(
            (
                prop::sample::select(vec!["BYDAY", "BYMONTH", "BYMONTHDAY", "BYSETPOS", "BYWEEKNO", "BYYEARDAY", "INTERVAL", "COUNT", "UNTIL", "WKST"]),
                prop::sample::select(vec!["1", "-1", "2", "31", "53", "366", "SU", "-1FR", "2TU", "MO,TU,WE", "1,15,-1", "20271231", "65535", "5SU"]),
            ),
            0..4,
        ),
        from in 0_i64..20_000,
    ) {
        let mut rule = format!("FREQ={frequency}");
        for (name, value) in parts {
            rule.push_str(&format!(";{name}={value}"));
        }
        if let Ok(read) = Recurrence::parse(&rule) {
            let (first, last) = (day("2026-02-10"), day("2027-03-09"));
            let from = day("1980-01-01").plus_days(from);
            for days in [read.days(None, first, last), read.days(Some(from), first, last)] {
                prop_assert!(days.iter().all(|day| (first..=last).contains(day)), "{rule}");
                prop_assert!(days.is_sorted(), "{rule}");
            }
        }
    }
}

#[test]
fn times_of_day_and_durations_have_one_form() {
    for good in ["00:00", "01:30", "23:59"] {
        assert_eq!(TimeOfDay::parse(good).unwrap().to_string(), good);
    }
    for bad in ["24:00", "1:30", "01:60", "01:30:00", "0130", "+1:30", ""] {
        assert!(TimeOfDay::parse(bad).is_none(), "{bad}");
    }
    for (good, minutes) in [
        ("PT4H", 240),
        ("PT90M", 90),
        ("PT1H30M", 90),
        ("P1D", 1440),
        ("P1DT2H", 1560),
        ("P7D", 10_080),
    ] {
        assert_eq!(
            Duration::parse(good).map(Duration::minutes),
            Some(minutes),
            "{good}"
        );
    }
    for bad in [
        "", "P", "PT", "4H", "PT0M", "P0D", "P8D", "P1DT", "PT4H4H", "PT30M4H", "PT-4H", "P1W", "PT4S",
        "PT99999H",
    ] {
        assert!(Duration::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_timetable_is_bounded() {
    let repository = with_calendar(&window("rrule: FREQ=DAILY, at: \"01:00\", duration: P7D"));
    let table = timetable(&repository, "2026-01-01", "2099-12-31");
    assert_eq!(table.last(), day("2026-01-01").plus_days(3660));
    let shop = system(&repository, "sys-shop");
    assert_eq!(
        table
            .permitted(shop, moment("2026-01-01T00:00:00Z"), ChangeType::Normal)
            .count(),
        3661
    );
    let end = table.next_permitted(shop, moment("2098-01-01T00:00:00Z"), ChangeType::Normal);
    assert!(end.is_none(), "what lies behind the span is not known");
}
