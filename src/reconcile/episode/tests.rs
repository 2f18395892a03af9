//! The lives of one vulnerability on one host.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Doubt, Episode, Event, Fold, Said};
use crate::model::{DiscrepancyKind, Quality, Zone};

fn day(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
}

fn event(at: i64, said: Said, source: u32, quality: Quality) -> Event {
    Event {
        at: day(at),
        said,
        run: 0,
        source,
        quality,
        first_seen: None,
        fixed_at: None,
        is_reopened: false,
        is_active: true,
    }
}

fn folded(events: &[Event], window: u32, zone: Zone) -> Vec<Episode> {
    let mut events = events.to_vec();
    events.sort_by_key(Event::order);
    Fold::new(window, zone).episodes(&events).collect()
}

/// The first day, the day of closing, the recurrences, and whether it is stale.
type LifeRow = (i64, Option<i64>, u32, bool);

fn lives(events: &[Event]) -> Vec<LifeRow> {
    let number = |at: DateTime<Utc>| (at - day(0)).num_days();
    folded(events, 90, Zone(chrono_tz::UTC))
        .iter()
        .map(|life: &Episode| {
            (
                number(life.first_seen),
                life.closed.map(number),
                life.recurrence,
                life.stale,
            )
        })
        .collect()
}

#[test]
fn lives_open_close_and_reopen() {
    use Quality::{Agent, Authenticated, Unauthenticated};
    use Said::{Absent, Fixed, Missing, Seen};
    let (a, b) = (1, 2);
    let rows: Vec<(&str, Vec<Event>, Vec<LifeRow>)> = vec![
        ("seen", vec![event(1, Seen, a, Agent)], vec![(1, None, 0, false)]),
        (
            "fixed",
            vec![event(1, Seen, a, Agent), event(5, Fixed, a, Agent)],
            vec![(1, Some(5), 0, false)],
        ),
        (
            "absent; a later look confirms the end and does not move it",
            vec![
                event(1, Seen, a, Agent),
                event(5, Absent, a, Agent),
                event(9, Absent, a, Agent),
            ],
            vec![(1, Some(5), 0, false)],
        ),
        (
            "after another one saw it, the first must look again",
            vec![
                event(1, Seen, a, Agent),
                event(5, Absent, a, Agent),
                event(7, Seen, b, Agent),
                event(9, Absent, b, Agent),
            ],
            vec![(1, None, 1, false)],
        ),
        (
            "a fix that was seen well is not undone by a worse look, though as good as the first one",
            vec![
                event(1, Seen, a, Unauthenticated),
                event(5, Fixed, a, Agent),
                event(9, Seen, a, Unauthenticated),
            ],
            vec![(1, Some(5), 0, false)],
        ),
        (
            "worse look",
            vec![event(1, Seen, a, Agent), event(5, Absent, a, Unauthenticated)],
            vec![(1, None, 0, true)],
        ),
        (
            "no proof",
            vec![event(1, Seen, a, Agent), event(5, Missing, a, Agent)],
            vec![(1, None, 0, true)],
        ),
        (
            "one of two",
            vec![
                event(1, Seen, a, Agent),
                event(2, Seen, b, Agent),
                event(5, Fixed, a, Agent),
            ],
            vec![(1, None, 0, false)],
        ),
        (
            "the worse source does not hold it open",
            vec![
                event(1, Seen, a, Agent),
                event(2, Seen, b, Unauthenticated),
                event(5, Fixed, a, Agent),
            ],
            vec![(1, Some(5), 0, false)],
        ),
        (
            "W3: a banner cannot reopen",
            vec![
                event(1, Seen, a, Agent),
                event(5, Fixed, a, Agent),
                event(9, Seen, b, Unauthenticated),
            ],
            vec![(1, Some(5), 0, false)],
        ),
        (
            "W2: an equal look reopens",
            vec![
                event(1, Seen, a, Authenticated),
                event(5, Fixed, a, Authenticated),
                event(9, Seen, b, Authenticated),
            ],
            vec![(1, None, 1, false)],
        ),
        (
            "W6: within the window the same life goes on",
            vec![
                event(1, Seen, a, Agent),
                event(5, Fixed, a, Agent),
                event(55, Seen, a, Agent),
            ],
            vec![(1, None, 1, false)],
        ),
        (
            "after the window a new life begins",
            vec![
                event(1, Seen, a, Agent),
                event(5, Fixed, a, Agent),
                event(100, Seen, a, Agent),
            ],
            vec![(1, Some(5), 0, false), (100, None, 1, false)],
        ),
        (
            "order of imports",
            vec![
                event(9, Seen, a, Agent),
                event(5, Fixed, a, Agent),
                event(1, Seen, a, Agent),
            ],
            vec![(1, None, 1, false)],
        ),
    ];
    for (case, events, expected) in rows {
        assert_eq!(lives(&events), expected, "{case}");
    }
}

#[test]
fn a_retired_source_neither_closes_nor_holds_open() {
    let retired = |at: i64, said: Said| Event {
        is_active: false,
        ..event(at, said, 1, Quality::Authenticated)
    };
    let seen = retired(1, Said::Seen);
    assert_eq!(lives(&[seen]), vec![(1, None, 0, true)]);
    assert_eq!(lives(&[seen, retired(3, Said::Absent)]), vec![(1, None, 0, true)]);
    let worse = event(5, Said::Absent, 2, Quality::Unauthenticated);
    assert_eq!(lives(&[seen, worse]), vec![(1, None, 0, true)]);
    let as_good = event(7, Said::Absent, 2, Quality::Authenticated);
    assert_eq!(lives(&[seen, worse, as_good]), vec![(1, Some(7), 0, false)]);
}

#[test]
fn a_fix_is_never_older_than_the_last_sighting_and_counts_with_its_own_dates() {
    let mut fixed = event(9, Said::Fixed, 1, Quality::Agent);
    (fixed.first_seen, fixed.fixed_at) = (Some(day(2)), Some(day(4)));
    assert_eq!(lives(&[fixed]), vec![(2, Some(4), 0, false)]);
    let seen = event(6, Said::Seen, 1, Quality::Agent);
    assert_eq!(lives(&[seen, fixed]), vec![(2, Some(6), 0, false)]);
}

#[test]
fn a_new_life_does_not_begin_before_the_last_one_ended() {
    let mut again = event(120, Said::Seen, 1, Quality::Agent);
    again.first_seen = Some(day(1));
    let history = [
        event(1, Said::Seen, 1, Quality::Agent),
        event(5, Said::Fixed, 1, Quality::Agent),
        event(110, Said::Seen, 1, Quality::Agent),
        again,
    ];
    assert_eq!(
        lives(&history),
        vec![(1, Some(5), 0, false), (110, None, 1, false)]
    );
}

#[test]
fn a_source_that_says_reopened_knows_of_a_fix() {
    let mut again = event(5, Said::Seen, 1, Quality::Agent);
    again.is_reopened = true;
    let seen = event(1, Said::Seen, 1, Quality::Agent);
    let later = Event { at: day(9), ..again };
    assert_eq!(lives(&[seen, again, later]), vec![(1, None, 1, false)]);
}

#[test]
fn the_window_lasts_to_the_end_of_its_last_local_day() {
    let berlin = Zone(chrono_tz::Europe::Berlin);
    let at = |text: &str| crate::model::parse_instant(text).unwrap().utc();
    let moment = |text: &str, said: Said| Event {
        at: at(text),
        ..event(0, said, 1, Quality::Agent)
    };
    for (again, lives) in [("2026-10-11T21:59:59Z", 1), ("2026-10-11T22:00:00Z", 2)] {
        let history = vec![
            moment("2026-10-01T00:00:00Z", Said::Seen),
            moment("2026-10-01T08:00:00Z", Said::Fixed),
            moment(again, Said::Seen),
        ];
        assert_eq!(folded(&history, 10, berlin).len(), lives, "{again}");
    }
}

#[test]
fn a_date_of_the_scanner_is_believed_when_it_is_earlier() {
    let mut first = event(9, Said::Seen, 1, Quality::Agent);
    first.first_seen = Some(day(3));
    let mut later = event(12, Said::Seen, 1, Quality::Agent);
    later.first_seen = Some(day(11));
    assert_eq!(lives(&[first, later]), vec![(3, None, 0, false)]);
}

/// The case, what was said before it and in it, and what comes of that.
type DoubtCase<'a> = (&'a str, &'a [Event], Vec<Event>, Option<DoubtRow>);

/// What is said against each other: how, by whom it is called gone and when, by whom it is seen and when.
type DoubtRow = (DiscrepancyKind, (u32, i64), (u32, i64));

#[test]
fn sources_that_disagree_are_told() {
    use DiscrepancyKind::{Awaited, Contradicted, Suspected};
    use Quality::{Agent, Authenticated, Banner};
    use Said::{Absent, Fixed, Seen};
    let (a, b) = (1, 2);
    let fixed = [
        event(1, Seen, a, Authenticated),
        event(5, Fixed, a, Authenticated),
    ];
    let both = [
        event(1, Seen, a, Agent),
        event(2, Seen, b, Agent),
        event(5, Fixed, a, Agent),
    ];
    let rows: Vec<DoubtCase<'_>> = vec![
        ("one source alone", &fixed, vec![], None),
        (
            "one source that sees it again",
            &fixed,
            vec![event(9, Seen, a, Authenticated)],
            None,
        ),
        (
            "W2: as good a look that still sees it",
            &fixed,
            vec![event(9, Seen, b, Authenticated)],
            Some((Contradicted, (a, 5), (b, 9))),
        ),
        (
            "a better look settles it",
            &fixed,
            vec![event(9, Seen, b, Agent)],
            None,
        ),
        (
            "both see it again",
            &fixed,
            vec![
                event(9, Seen, b, Authenticated),
                event(11, Seen, a, Authenticated),
            ],
            None,
        ),
        (
            "W3: a worse look",
            &fixed,
            vec![event(9, Seen, b, Banner), event(12, Seen, b, Banner)],
            Some((Suspected, (a, 5), (b, 9))),
        ),
        (
            "whoever suspected it looks again",
            &fixed,
            vec![event(9, Seen, b, Banner), event(12, Absent, b, Banner)],
            None,
        ),
        (
            "whoever fixed it looks again",
            &fixed,
            vec![event(9, Seen, b, Banner), event(12, Absent, a, Authenticated)],
            None,
        ),
        (
            "one of two has looked",
            &both,
            vec![],
            Some((Awaited, (a, 5), (b, 2))),
        ),
        ("both have looked", &both, vec![event(8, Absent, b, Agent)], None),
        (
            "the other one still sees it",
            &both,
            vec![event(8, Seen, b, Agent)],
            Some((Contradicted, (a, 5), (b, 8))),
        ),
        (
            "and the first one still does not",
            &both,
            vec![event(8, Seen, b, Agent), event(9, Absent, a, Agent)],
            Some((Awaited, (a, 9), (b, 8))),
        ),
    ];
    for (case, before, after, expected) in rows {
        let events = [before, &after].concat();
        let number = |at: DateTime<Utc>| (at - day(0)).num_days();
        let lives = folded(&events, 90, Zone(chrono_tz::UTC));
        let found = lives.last().unwrap().doubt.map(|doubt: Doubt| {
            let (gone, seen) = (doubt.gone, doubt.seen);
            (doubt.kind, (gone.0, number(gone.1)), (seen.0, number(seen.1)))
        });
        assert_eq!(found, expected, "{case}");
    }
}
