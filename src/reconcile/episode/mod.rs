//! The lives of one vulnerability on one host, from what each source said and when.
//!
//! Absence ends nothing by itself: only a complete run of a source whose absence means fixed, that had
//! the host among its targets and saw it at least as well, does. Source: reconciliation semantics,
//! de-duplication rules 1 and 4 to 7.

mod by_source;
mod words;

use chrono::{DateTime, Utc};

use self::by_source::BySource;
use self::words::Words;
use crate::model::{DiscrepancyKind, Quality, Zone};

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
    /// Index of the run that says so.
    pub(super) run: usize,
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

impl Event {
    /// Its place among others: by time, and at the same moment gone before seen.
    pub(super) fn order(&self) -> (DateTime<Utc>, Said, u32) {
        (self.at, self.said, self.source)
    }
}

/// One life.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Episode {
    pub(super) first_seen: DateTime<Utc>,
    pub(super) last_seen: DateTime<Utc>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) recurrence: u32,
    pub(super) stale: bool,
    pub(super) doubt: Option<Doubt>,
}

/// What sources say against each other of a life; each with its number and the moment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Doubt {
    pub(super) kind: DiscrepancyKind,
    pub(super) gone: (u32, DateTime<Utc>),
    pub(super) seen: (u32, DateTime<Utc>),
}

/// The first word since the last sighting that it is gone.
#[derive(Clone, Copy)]
struct Fix {
    at: DateTime<Utc>,
    quality: Quality,
}

impl Fix {
    /// The later of two with the lesser quality; none where one of them is missing.
    fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (one, other) = (one?, other?);
        Some(Self {
            at: one.at.max(other.at),
            quality: one.quality.min(other.quality),
        })
    }
}

#[derive(Clone, Copy)]
struct OfSource {
    best: Quality,
    last_seen: DateTime<Utc>,
    fixed: Option<Fix>,
    is_active: bool,
    missing: bool,
}

/// Folds events into lives; its room is used again for the next ones.
pub(super) struct Fold {
    episodes: Vec<Episode>,
    sources: BySource<OfSource>,
    /// The first look since the last best sighting, of any active source that sees as well.
    vouched: Option<Fix>,
    /// The least quality of what closed the current life.
    closing: Option<Quality>,
    words: Words,
    reopen_window_days: i64,
    zone: Zone,
}

impl Fold {
    /// The window within which a life goes on is counted in local days of the zone, to the end of the last.
    pub(super) fn new(reopen_window_days: u32, zone: Zone) -> Self {
        Self {
            episodes: Vec::new(),
            sources: BySource::default(),
            vouched: None,
            closing: None,
            words: Words::default(),
            reopen_window_days: i64::from(reopen_window_days),
            zone,
        }
    }

    /// Folds events in their order into lives, the oldest first.
    pub(super) fn episodes(&mut self, events: &[Event]) -> impl Iterator<Item = Episode> {
        self.episodes.clear();
        self.sources.clear();
        self.words.clear();
        (self.vouched, self.closing) = (None, None);
        for event in events {
            self.words.hear(event);
            match event.said {
                Said::Seen => self.seen(event),
                Said::Fixed | Said::Absent => self.gone(event),
                Said::Missing => self.missing(event),
            }
        }
        if let Some(current) = self.episodes.last_mut()
            && current.closed.is_none()
        {
            current.doubt = self.words.doubt();
        }
        self.episodes.drain(..)
    }

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
            self.suspect(event, closed);
            return;
        }
        let recurrence = self.episodes.last().map_or(0, |current| current.recurrence) + 1;
        let last_day = self.zone.day_of(closed).plus_days(self.reopen_window_days);
        if self.zone.day_of(event.at) <= last_day {
            if let Some(current) = self.episodes.last_mut() {
                (current.closed, current.doubt) = (None, None);
                current.recurrence = recurrence;
                current.first_seen = current.first_seen.min(first_seen);
                current.last_seen = event.at;
            }
            self.note(event);
            return;
        }
        self.sources.clear();
        self.words.clear();
        self.words.hear(event);
        let first_seen = event
            .first_seen
            .filter(|first| *first > closed)
            .unwrap_or(event.at)
            .min(event.at);
        self.open(event, first_seen, recurrence);
    }

    /// Notes the first sighting that cannot open it again; a source that is retired raises no doubt.
    fn suspect(&mut self, event: &Event, closed: DateTime<Utc>) {
        let by = self.words.newest_gone().unwrap_or(event.source);
        if let Some(current) = self.episodes.last_mut().filter(|_| event.is_active) {
            current.doubt.get_or_insert(Doubt {
                kind: DiscrepancyKind::Suspected,
                gone: (by, closed),
                seen: (event.source, event.at),
            });
        }
    }

    /// A further look that does not see it, by whoever raised the doubt or as good as the one that closed it.
    fn reassure(&mut self, event: &Event) {
        let as_good = self.closing.is_some_and(|closing| event.quality >= closing);
        if let Some(current) = self.episodes.last_mut() {
            let of_same = |doubt: &Doubt| doubt.seen.0 == event.source;
            if current.closed.is_some() && current.doubt.is_some_and(|doubt| as_good || of_same(&doubt)) {
                current.doubt = None;
            }
        }
    }

    fn open(&mut self, event: &Event, first_seen: DateTime<Utc>, recurrence: u32) {
        self.episodes.push(Episode {
            first_seen,
            last_seen: event.at,
            closed: None,
            recurrence,
            stale: false,
            doubt: None,
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
        let entry = self.sources.or_insert(
            event.source,
            OfSource {
                best: event.quality,
                last_seen: event.at,
                fixed: None,
                is_active: event.is_active,
                missing: false,
            },
        );
        entry.best = entry.best.max(event.quality);
        entry.last_seen = entry.last_seen.max(event.at);
        entry.fixed = None;
        entry.missing = false;
    }

    fn gone(&mut self, event: &Event) {
        self.reassure(event);
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
        if let Some(source) = self.sources.get_mut(event.source) {
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
        if let Some(source) = self.sources.get_mut(event.source) {
            source.missing = true;
        }
        self.refresh();
    }

    /// Closed once every active source that saw it at the best quality calls it gone; with none of them left,
    /// once any that sees as well has looked.
    fn refresh(&mut self) {
        let best = self.best();
        let deciding = || {
            let all = self.sources.values();
            let deciding = all.filter(|source| source.is_active && Some(source.best) == best);
            deciding.map(|source| source.fixed)
        };
        let nobody_looks = deciding().next().is_none() && !self.sources.is_empty();
        let whole: Option<Fix> = if nobody_looks {
            self.vouched
        } else {
            deciding().reduce(Fix::both).flatten()
        };
        let missing = self
            .sources
            .values()
            .any(|source| source.is_active && source.missing && source.fixed.is_none());
        self.closing = whole.map(|fix| fix.quality);
        if let Some(current) = self.episodes.last_mut() {
            current.closed = whole.map(|fix| fix.at);
            current.stale = current.closed.is_none() && (missing || nobody_looks);
        }
    }
}

#[cfg(test)]
mod tests;
