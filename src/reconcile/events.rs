//! What the runs say of one vulnerability on one host, as events in their order.

use chrono::{DateTime, Utc};

use super::checks::{Meaning, Rated, Ratings};
use super::episode::{Event, Said};
use super::join::Look;
use super::runs::Run;
use crate::import::{HostIndex, Sighting};
use crate::model::{AsOf, ObservationState, Quality, Stamp};

/// One sighting on a host fanned out to one vulnerability.
pub(super) struct Fanned<'a> {
    /// Index of the run.
    pub(super) run: usize,
    /// When the run looked at the host, and how well.
    pub(super) at: DateTime<Utc>,
    quality: Quality,
    pub(super) sighting: &'a Sighting,
    last_seen: Option<Stamp>,
    pub(super) rated: &'a Rated,
    pub(super) meaning: &'a Meaning,
}

/// The runs, with what is worked out once of each.
pub(super) struct Speakers<'r> {
    runs: &'r [Run<'r>],
    /// The names of their sources, sorted; a place among them is the number of a source.
    names: Vec<&'r str>,
    all: Vec<Speaker>,
    as_of: AsOf,
}

#[derive(Clone, Copy)]
struct Speaker {
    source: u32,
    is_active: bool,
    is_whole: bool,
    proves_absence: bool,
}

impl<'r> Speakers<'r> {
    pub(super) fn new(runs: &'r [Run<'r>], as_of: AsOf) -> Self {
        let mut names: Vec<&str> = runs.iter().map(Run::observer).collect();
        names.sort_unstable();
        names.dedup();
        let speaker = |run: &Run<'_>| {
            let place = names.partition_point(|name| *name < run.observer());
            Speaker {
                source: u32::try_from(place).unwrap_or(u32::MAX),
                is_active: run.is_active(),
                is_whole: run.is_whole(),
                proves_absence: run.proves_absence(),
            }
        };
        let all = runs.iter().map(speaker).collect();
        Self {
            runs,
            names,
            all,
            as_of,
        }
    }

    /// Returns the name of a source by its number.
    pub(super) fn name(&self, source: u32) -> &'r str {
        self.names.get(source as usize).copied().unwrap_or_default()
    }

    /// Lists what the runs saw on one host, by vulnerability, then by run.
    pub(super) fn fan_out<'a>(
        &'a self,
        places: &[(usize, HostIndex)],
        ratings: &'a Ratings,
        fanned: &mut Vec<Fanned<'a>>,
    ) {
        fanned.clear();
        for &(index, place) in places {
            let run = &self.runs[index];
            let host = &run.scan.hosts[place.0 as usize];
            let (at, quality) = (run.host_at(host), run.quality(host));
            let sightings = run.scan.sightings.on(place);
            fanned.reserve(sightings.size_hint().0);
            for (sighting, last_seen) in sightings {
                let Some((rated, means)) = ratings.get(index, sighting.check as usize) else {
                    continue;
                };
                fanned.extend(means.iter().map(|meaning| Fanned {
                    run: index,
                    at,
                    quality,
                    sighting,
                    last_seen,
                    rated,
                    meaning,
                }));
            }
        }
        fanned.sort_by(|one, other| {
            // The order of rows in an export means nothing.
            let mine = (one.meaning.place, one.run, &one.rated.check.id);
            mine.cmp(&(other.meaning.place, other.run, &other.rated.check.id))
        });
    }
}

/// Hears what the runs say of one vulnerability after another; its room is used again.
#[derive(Default)]
pub(super) struct Listener {
    /// The sources that saw it, by their numbers.
    sources: Vec<u32>,
    events: Vec<Event>,
}

impl Listener {
    /// Returns what each run says that saw it, or looked and did not, by time.
    pub(super) fn hear(&mut self, speakers: &Speakers<'_>, group: &[Fanned<'_>], looks: &[Look]) -> &[Event] {
        self.events.clear();
        let seen = group.iter().map(|fanned| event_of(fanned, speakers));
        self.events.extend(seen);
        keep_unproven(&mut self.events);
        self.sources.clear();
        let of_group = group.iter().map(|fanned| speakers.all[fanned.run].source);
        self.sources.extend(of_group);
        self.sources.sort_unstable();
        // Where a source that saw it is no longer in use, others may have looked in its place.
        let all_count = group.iter().any(|fanned| !speakers.all[fanned.run].is_active);
        let counts = |source: u32| all_count || self.sources.binary_search(&source).is_ok();
        let has_seen = |run: usize| group.binary_search_by_key(&run, |fanned| fanned.run).is_ok();
        let others = looks
            .iter()
            .filter(|look| !has_seen(look.run))
            .filter_map(|look| {
                let speaker = &speakers.all[look.run];
                counts(speaker.source).then_some(Event {
                    at: look.at,
                    said: if speaker.proves_absence {
                        Said::Absent
                    } else {
                        Said::Missing
                    },
                    run: look.run,
                    source: speaker.source,
                    quality: look.quality,
                    first_seen: None,
                    fixed_at: None,
                    is_reopened: false,
                    is_active: speaker.is_active,
                })
            });
        self.events.extend(others);
        // Absence before the first sighting says nothing of a life.
        let is_sighting = |event: &&Event| matches!(event.said, Said::Seen | Said::Fixed);
        let first = self.events.iter().filter(is_sighting).map(|event| event.at).min();
        self.events
            .retain(|event| is_sighting(&event) || Some(event.at) > first);
        self.events.sort_by_key(Event::order);
        &self.events
    }
}

fn event_of(fanned: &Fanned<'_>, speakers: &Speakers<'_>) -> Event {
    let (run, speaker) = (&speakers.runs[fanned.run], &speakers.all[fanned.run]);
    let stamp = |stamp: Option<Stamp>| stamp.map(|stamp| run.instant(stamp));
    let is_fixed = fanned.sighting.state == ObservationState::Fixed;
    let seen_at = stamp(fanned.last_seen.filter(|_| !is_fixed)).unwrap_or(fanned.at);
    Event {
        at: seen_at.min(speakers.as_of.instant()),
        said: match (is_fixed, speaker.is_whole) {
            (true, true) => Said::Fixed,
            // In what is missing it may be open, at another port or path.
            (true, false) => Said::Missing,
            (false, _) => Said::Seen,
        },
        run: fanned.run,
        source: speaker.source,
        quality: if fanned.rated.check.potential {
            fanned.quality.min(Quality::Banner)
        } else {
            fanned.quality
        },
        first_seen: stamp(fanned.sighting.first_seen),
        fixed_at: stamp(fanned.sighting.last_fixed.filter(|_| is_fixed)),
        is_reopened: fanned.sighting.state == ObservationState::Reopened,
        is_active: speaker.is_active,
    }
}

/// Believes a run that is not whole that something was there and is gone when nobody saw it open: nothing is closed
/// by that, and the finding is not lost.
fn keep_unproven(events: &mut [Event]) {
    let first = events.iter_mut().min_by_key(|event| (event.at, event.said));
    if let Some(first) = first.filter(|event| event.said == Said::Missing) {
        first.said = Said::Fixed;
    }
}
