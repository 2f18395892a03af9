//! The lives of one vulnerability on one host, from what each source said and when.
//!
//! Absence ends nothing by itself: only a complete run of a source whose absence means fixed, that had
//! the host among its targets and saw it at least as well, does. Source: reconciliation semantics,
//! de-duplication rules 1 and 4 to 7.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Quality;

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

#[derive(Clone, Copy)]
struct OfSource {
    best: Quality,
    last_seen: DateTime<Utc>,
    fixed: Option<DateTime<Utc>>,
    is_active: bool,
    missing: bool,
}

struct Fold {
    episodes: Vec<Episode>,
    sources: BTreeMap<u32, OfSource>,
    reopen_window: TimeDelta,
}

/// Folds events into lives; an event at the same moment counts as gone before it counts as seen.
pub(super) fn episodes(mut events: Vec<Event>, reopen_window_days: u32) -> Vec<Episode> {
    events.sort_by_key(|event| (event.at, event.said, event.source));
    let mut fold = Fold {
        episodes: Vec::new(),
        sources: BTreeMap::new(),
        reopen_window: TimeDelta::days(i64::from(reopen_window_days)),
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
        let first_seen = event.first_seen.unwrap_or(event.at).min(event.at);
        match self.episodes.last_mut() {
            None => self.open(event, first_seen, u32::from(event.is_reopened)),
            Some(current) => match current.closed {
                None => {
                    // A later import never moves the first sighting later; an earlier date is believed.
                    current.first_seen = current.first_seen.min(first_seen);
                    current.last_seen = current.last_seen.max(event.at);
                    self.note(event);
                }
                Some(closed) => self.again(event, closed),
            },
        }
        self.refresh();
    }

    /// Seen after it was closed; what sees worse than what closed it cannot open it again.
    fn again(&mut self, event: &Event, closed: DateTime<Utc>) {
        let closing = self
            .sources
            .values()
            .filter(|source| source.fixed.is_some())
            .map(|source| source.best)
            .max();
        if closing.is_some_and(|best| event.quality < best) {
            return;
        }
        let recurrence = self.episodes.last().map_or(0, |current| current.recurrence) + 1;
        if event.at - closed <= self.reopen_window {
            if let Some(current) = self.episodes.last_mut() {
                current.closed = None;
                current.recurrence = recurrence;
                current.last_seen = event.at;
            }
            self.note(event);
            return;
        }
        self.sources.clear();
        let first_seen = event
            .first_seen
            .filter(|first| *first > closed)
            .unwrap_or(event.at);
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

    fn note(&mut self, event: &Event) {
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
        if self.episodes.is_empty() {
            // A source may tell of a life that began and ended before anything was imported.
            let first_seen = event.first_seen.unwrap_or(at).min(at);
            self.open(event, first_seen, 0);
        }
        if let Some(source) = self.sources.get_mut(&event.source)
            && event.quality >= source.best
        {
            source.fixed = Some(at);
        }
        self.refresh();
    }

    fn missing(&mut self, event: &Event) {
        if let Some(source) = self.sources.get_mut(&event.source) {
            source.missing = true;
        }
        self.refresh();
    }

    /// Closed once every active source that saw it at the best quality calls it gone.
    fn refresh(&mut self) {
        let best = self.sources.values().map(|source| source.best).max();
        let deciding: Vec<OfSource> = self
            .sources
            .values()
            .filter(|source| source.is_active && Some(source.best) == best)
            .copied()
            .collect();
        let all_gone = !deciding.is_empty() && deciding.iter().all(|source| source.fixed.is_some());
        let nobody_looks = deciding.is_empty() && !self.sources.is_empty();
        let missing = self
            .sources
            .values()
            .any(|source| source.missing && source.fixed.is_none());
        if let Some(current) = self.episodes.last_mut() {
            current.closed = if all_gone {
                deciding.iter().filter_map(|source| source.fixed).max()
            } else {
                None
            };
            current.stale = current.closed.is_none() && (missing || nobody_looks);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Episode, Event, Said, episodes};
    use crate::model::Quality;

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
        episodes(events.to_vec(), 90)
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
                "absent",
                vec![event(1, Seen, a, Agent), event(5, Absent, a, Agent)],
                vec![(1, Some(5), 0, false)],
            ),
            (
                "worse look",
                vec![event(1, Seen, a, Agent), event(5, Absent, a, Unauthenticated)],
                vec![(1, None, 0, false)],
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
        let mut seen = event(1, Said::Seen, 1, Quality::Agent);
        seen.is_active = false;
        assert_eq!(lives(&[seen]), vec![(1, None, 0, true)]);
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
