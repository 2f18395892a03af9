//! The lives of one vulnerability on one host, from what each source said and when.
//!
//! Absence ends nothing by itself: only a complete run of a source whose absence means fixed, that had
//! the host among its targets and saw it at least as well, does. Source: reconciliation semantics,
//! de-duplication rules 1 and 4 to 7.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::{Quality, Zone};

/// What a source said at a moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Said {
    /// Gone: not in a complete run that would have shown it.
    Absent,
    Fixed,
    /// Not in a run that cannot prove anything by it.
    Missing,
    Seen,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) at: DateTime<Utc>,
    pub(super) said: Said,
    /// Numbers the source.
    pub(super) source: u32,
    pub(super) quality: Quality,
    pub(super) first_seen: Option<DateTime<Utc>>,
    /// When it was fixed, where the source says so; else the moment of the event.
    pub(super) fixed_at: Option<DateTime<Utc>>,
    /// The source itself says that it came back.
    pub(super) is_reopened: bool,
    /// Whether the source still counts for closing.
    pub(super) is_active: bool,
}

/// One life.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Episode {
    pub(super) first_seen: DateTime<Utc>,
    pub(super) last_seen: DateTime<Utc>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) recurrence: u32,
    pub(super) stale: bool,
}

/// The first word since the last sighting that it is gone.
#[derive(Clone, Copy)]
struct Fix {
    at: DateTime<Utc>,
    quality: Quality,
}

#[derive(Clone, Copy)]
struct OfSource {
    best: Quality,
    last_seen: DateTime<Utc>,
    fixed: Option<Fix>,
    is_active: bool,
    missing: bool,
}

struct Fold {
    episodes: Vec<Episode>,
    sources: BTreeMap<u32, OfSource>,
    /// The first look since the last best sighting, of any active source that sees as well.
    vouched: Option<Fix>,
    /// The least quality of what closed the current life.
    closing: Option<Quality>,
    reopen_window_days: i64,
    zone: Zone,
}

/// Folds events into lives; an event at the same moment counts as gone before it counts as seen.
///
/// The window within which a life goes on is counted in local days of the zone, to the end of the last.
pub(super) fn episodes(mut events: Vec<Event>, reopen_window_days: u32, zone: Zone) -> Vec<Episode> {
    events.sort_by_key(|event| (event.at, event.said, event.source));
    let mut fold = Fold {
        episodes: Vec::new(),
        sources: BTreeMap::new(),
        vouched: None,
        closing: None,
        reopen_window_days: i64::from(reopen_window_days),
        zone,
    };
    for event in &events {
        match event.said {
            Said::Seen => fold.seen(event),
            Said::Fixed | Said::Absent => fold.gone(event),
            Said::Missing => fold.missing(event),
        }
    }
    fold.episodes
}

impl Fold {
    fn seen(&mut self, event: &Event) {
        let first_seen = self.believed(event).unwrap_or(event.at).min(event.at);
        match self.episodes.last_mut() {
            None => self.open(event, first_seen, u32::from(event.is_reopened)),
            Some(current) => match current.closed {
                None => {
                    // A later import never moves the first sighting later; an earlier date is believed.
                    current.first_seen = current.first_seen.min(first_seen);
                    current.last_seen = current.last_seen.max(event.at);
                    if event.is_reopened {
                        // The source knows of a fix that nobody else saw; it is counted once.
                        current.recurrence = current.recurrence.max(1);
                    }
                    self.note(event);
                }
                Some(closed) => self.again(event, closed, first_seen),
            },
        }
        self.refresh();
    }

    /// The source's own first date; one from before the end of the previous life is not about this one.
    fn believed(&self, event: &Event) -> Option<DateTime<Utc>> {
        let previous = self.episodes.len().checked_sub(2);
        let ended = previous.and_then(|index| self.episodes[index].closed);
        event
            .first_seen
            .filter(|first| ended.is_none_or(|ended| *first > ended))
    }

    /// Seen after it was closed; what sees worse than what closed it cannot open it again.
    fn again(&mut self, event: &Event, closed: DateTime<Utc>, first_seen: DateTime<Utc>) {
        if self.closing.is_some_and(|closing| event.quality < closing) {
            return;
        }
        let recurrence = self.episodes.last().map_or(0, |current| current.recurrence) + 1;
        let last_day = self.zone.day_of(closed).plus_days(self.reopen_window_days);
        if self.zone.day_of(event.at) <= last_day {
            if let Some(current) = self.episodes.last_mut() {
                current.closed = None;
                current.recurrence = recurrence;
                current.first_seen = current.first_seen.min(first_seen);
                current.last_seen = event.at;
            }
            self.note(event);
            return;
        }
        self.sources.clear();
        let first_seen = event
            .first_seen
            .filter(|first| *first > closed)
            .unwrap_or(event.at)
            .min(event.at);
        self.open(event, first_seen, recurrence);
    }

    fn open(&mut self, event: &Event, first_seen: DateTime<Utc>, recurrence: u32) {
        self.episodes.push(Episode {
            first_seen,
            last_seen: event.at,
            closed: None,
            recurrence,
            stale: false,
        });
        self.note(event);
    }

    fn best(&self) -> Option<Quality> {
        self.sources.values().map(|source| source.best).max()
    }

    fn note(&mut self, event: &Event) {
        if self.best().is_none_or(|best| event.quality >= best) {
            // Whoever called it gone before must look again.
            self.vouched = None;
            for source in self.sources.values_mut() {
                (source.fixed, source.missing) = (None, false);
            }
        }
        let entry = self.sources.entry(event.source).or_insert(OfSource {
            best: event.quality,
            last_seen: event.at,
            fixed: None,
            is_active: event.is_active,
            missing: false,
        });
        entry.best = entry.best.max(event.quality);
        entry.last_seen = entry.last_seen.max(event.at);
        entry.fixed = None;
        entry.missing = false;
    }

    fn gone(&mut self, event: &Event) {
        let at = event.fixed_at.unwrap_or(event.at).min(event.at);
        let believed = self.believed(event);
        match self.episodes.last_mut() {
            // A source may tell of a life that began and ended before anything was imported.
            None => {
                let first_seen = event.first_seen.unwrap_or(at).min(at);
                self.open(&Event { at, ..*event }, first_seen, 0);
            }
            Some(current) if current.closed.is_none() => {
                current.first_seen = current.first_seen.min(believed.unwrap_or(current.first_seen));
            }
            Some(_) => {}
        }
        let best = self.best();
        let fix = |last_seen: DateTime<Utc>| Fix {
            at: at.max(last_seen),
            quality: event.quality,
        };
        if let Some(source) = self.sources.get_mut(&event.source) {
            if event.quality >= source.best {
                // The first such look is the end; later ones only confirm it.
                source.fixed.get_or_insert(fix(source.last_seen));
            } else {
                source.missing = true;
            }
        }
        if event.is_active && Some(event.quality) >= best {
            let last_seen = self.sources.values().map(|source| source.last_seen).max();
            self.vouched.get_or_insert(fix(last_seen.unwrap_or(at)));
        }
        self.refresh();
    }

    fn missing(&mut self, event: &Event) {
        if let Some(source) = self.sources.get_mut(&event.source) {
            source.missing = true;
        }
        self.refresh();
    }

    /// Closed once every active source that saw it at the best quality calls it gone; with none of them left,
    /// once any that sees as well has looked.
    fn refresh(&mut self) {
        let best = self.best();
        let deciding: Vec<Option<Fix>> = self
            .sources
            .values()
            .filter(|source| source.is_active && Some(source.best) == best)
            .map(|source| source.fixed)
            .collect();
        let nobody_looks = deciding.is_empty() && !self.sources.is_empty();
        let fixes: Option<Vec<Fix>> = if nobody_looks {
            self.vouched.map(|fix| vec![fix])
        } else {
            deciding.into_iter().collect()
        };
        let fixes = fixes.unwrap_or_default();
        let missing = self
            .sources
            .values()
            .any(|source| source.is_active && source.missing && source.fixed.is_none());
        self.closing = fixes.iter().map(|fix| fix.quality).min();
        if let Some(current) = self.episodes.last_mut() {
            current.closed = fixes.iter().map(|fix| fix.at).max();
            current.stale = current.closed.is_none() && (missing || nobody_looks);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Episode, Event, Said, episodes};
    use crate::model::{Quality, Zone};

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day)
    }

    fn event(at: i64, said: Said, source: u32, quality: Quality) -> Event {
        Event {
            at: day(at),
            said,
            source,
            quality,
            first_seen: None,
            fixed_at: None,
            is_reopened: false,
            is_active: true,
        }
    }

    /// The first day, the day of closing, the recurrences, and whether it is stale.
    type LifeRow = (i64, Option<i64>, u32, bool);

    fn lives(events: &[Event]) -> Vec<LifeRow> {
        let number = |at: DateTime<Utc>| (at - day(0)).num_days();
        episodes(events.to_vec(), 90, Zone(chrono_tz::UTC))
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
            assert_eq!(episodes(history, 10, berlin).len(), lives, "{again}");
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
}
