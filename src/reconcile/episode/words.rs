//! The last word of each source on one life, and where two of them disagree.

use chrono::{DateTime, Utc};

use super::by_source::BySource;
use super::{Doubt, Event, Said};
use crate::model::{DiscrepancyKind, Quality};

/// What a source said last.
#[derive(Clone, Copy)]
struct Word {
    /// The best quality of its sightings.
    best: Quality,
    seen: DateTime<Utc>,
    /// The quality of its last sighting.
    seen_with: Quality,
    gone: Option<Gone>,
    is_active: bool,
}

/// What it says since it saw it last.
#[derive(Clone, Copy)]
struct Gone {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    quality: Quality,
}

/// The last words of all sources that saw it, by their number.
#[derive(Default)]
pub(super) struct Words(BySource<Word>);

impl Words {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn hear(&mut self, event: &Event) {
        match event.said {
            Said::Seen => self.seen(event),
            Said::Fixed | Said::Absent => self.gone(event),
            Said::Missing => {}
        }
    }

    fn seen(&mut self, event: &Event) {
        let word = self.0.or_insert(
            event.source,
            Word {
                best: event.quality,
                seen: event.at,
                seen_with: event.quality,
                gone: None,
                is_active: event.is_active,
            },
        );
        word.best = word.best.max(event.quality);
        (word.seen, word.seen_with, word.gone) = (event.at, event.quality, None);
    }

    /// A look that is worse than its own sightings proves nothing.
    fn gone(&mut self, event: &Event) {
        let word = self.0.get_mut(event.source);
        if let Some(word) = word.filter(|word| event.quality >= word.best) {
            let first = word.gone.map_or(event.at, |gone| gone.first);
            word.gone = Some(Gone {
                first,
                last: event.at,
                quality: event.quality,
            });
        }
    }

    /// Returns the source that called it gone last.
    pub(super) fn newest_gone(&self) -> Option<u32> {
        let gone = self
            .0
            .iter()
            .filter_map(|(source, word)| Some((word.gone?.last, source)));
        gone.max().map(|(_, source)| source)
    }

    /// Finds where one source says gone and another one not, of an open life.
    ///
    /// A later sighting that is better settles it: it is open. What nobody contradicts waits for the other to look.
    pub(super) fn doubt(&self) -> Option<Doubt> {
        let active = || self.0.iter().filter(|(_, word)| word.is_active);
        let best = active().map(|(_, word)| word.best).max()?;
        let pairs = active()
            .filter_map(|(source, word)| Some((source, word.gone?)))
            .flat_map(|gone| active().map(move |(other, word)| (gone, (other, word))))
            .filter(|((source, _), (other, word))| source != other && word.gone.is_none());
        let doubts = pairs.filter_map(|((source, gone), (other, word))| {
            let is_later = word.seen > gone.last;
            let (kind, since) = if is_later && word.seen_with <= gone.quality {
                (DiscrepancyKind::Contradicted, gone.last)
            } else if !is_later && word.best == best && gone.quality >= best {
                let since = if gone.first > word.seen {
                    gone.first
                } else {
                    gone.last
                };
                (DiscrepancyKind::Awaited, since)
            } else {
                return None;
            };
            Some(Doubt {
                kind,
                gone: (source, since),
                seen: (other, word.seen),
            })
        });
        doubts.max_by_key(|doubt| (doubt.kind == DiscrepancyKind::Contradicted, doubt.seen.1))
    }
}
