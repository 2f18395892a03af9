//! Observations of all runs, sorted by host and vulnerability, folded into findings without dates yet.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::episode::{Episode, Event, Said, episodes};
use super::identity::{Identities, KnownHost, listed};
use super::installs::Installs;
use super::register::ImportState;
use super::runs::Run;
use super::sayings::{Sayings, exploits, open_fingerprints, rises, sayings};
use crate::import::{CheckInfo, HostIndex, KevListing, Product, Sighting};
use crate::load::Repository;
use crate::model::{AsOf, CvssVector, Members, ObservationState, Quality, Severity, Stamp, best_vector};

/// When and how well a run saw a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) at: DateTime<Utc>,
    pub(super) quality: Quality,
    /// Index of the run.
    pub(super) run: usize,
}

/// All observations, joined by host and vulnerability.
pub(super) struct Joined {
    pub(super) identities: Identities,
    /// The looks at each host, by host index.
    pub(super) looks: Vec<Vec<Look>>,
    /// Hosts that a scan could not tell apart, with the others that they could be.
    pub(super) ambiguous: HashMap<usize, Vec<usize>>,
    pub(super) lives: Vec<Life>,
    pub(super) installs: Installs,
}

/// One life of a vulnerability on a host, with what was said of it.
pub(super) struct Life {
    pub(super) host: usize,
    pub(super) vuln: Arc<str>,
    pub(super) episode: Episode,
    pub(super) said: Arc<Sayings>,
}

/// Where the runs tell of each host, by host index: the run, and the place of the host in it.
type Places = Vec<Vec<(usize, HostIndex)>>;

/// One sighting on a host fanned out to one vulnerability.
pub(super) struct Fanned<'a> {
    pub(super) vuln: Arc<str>,
    pub(super) run: usize,
    /// The place of the host in the run.
    pub(super) place: HostIndex,
    pub(super) sighting: &'a Sighting,
    pub(super) last_seen: Option<Stamp>,
    pub(super) check: &'a CheckInfo,
    pub(super) rated: &'a Rated,
}

/// What is worked out once for a check of a run, however often it is seen.
pub(super) struct Rated {
    pub(super) severity: Severity,
    pub(super) vector: Option<CvssVector>,
    /// The scanner's own id with its family.
    pub(super) own: Arc<str>,
    pub(super) observer: Arc<str>,
}

pub(super) fn join(
    repository: &Repository,
    runs: &[Run<'_>],
    as_of: AsOf,
    reopen_window_days: u32,
) -> Joined {
    let (mut joined, places) = gather(repository, runs, as_of);
    let ratings = Ratings::new(runs);
    // Host by host, so that what all runs said is never held at once for more than a few.
    joined.lives = places
        .par_iter()
        .zip(&joined.looks)
        .enumerate()
        .flat_map_iter(|(host, (places, looks))| {
            let fanned = fan_out(runs, places, &ratings);
            lives(host, &fanned, runs, looks, (as_of, reopen_window_days))
        })
        .collect();
    joined
}

/// Finds the hosts, and where the runs tell of them.
fn gather(repository: &Repository, runs: &[Run<'_>], as_of: AsOf) -> (Joined, Places) {
    let mut identities = Identities::default();
    for run in runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Inventory && is_used(run))
    {
        for host in &run.scan.hosts {
            identities.add_known(host);
        }
    }
    for system in &repository.systems {
        if let Members::Hosts(names) = &system.spec.members.value {
            names.iter().for_each(|name| {
                identities.add_known(&listed(name));
            });
        }
    }
    let is_of_scan = |run: &Run<'_>| run.scan.importer.product == Product::Scan && is_used(run);
    let mut joined = Joined {
        identities,
        looks: Vec::new(),
        ambiguous: HashMap::new(),
        lives: Vec::new(),
        installs: Installs::default(),
    };
    let mut places = Places::new();
    for (index, run) in runs.iter().enumerate().filter(|(_, run)| is_of_scan(run)) {
        let placed = joined.place_hosts(run, index, as_of);
        for (place, host) in (0..).map(HostIndex).zip(placed) {
            let Some(host) = host else { continue };
            places.resize_with(places.len().max(host + 1), Vec::new);
            places[host].push((index, place));
        }
    }
    joined.installs = Installs::of(runs, &joined.identities, as_of);
    joined.looks.resize(joined.identities.hosts.len(), Vec::new());
    places.resize_with(joined.identities.hosts.len(), Vec::new);
    (joined, places)
}

/// What the runs said of one vulnerability on one host, by time.
pub(super) struct Heard {
    pub(super) host: Arc<str>,
    pub(super) vuln: Arc<str>,
    pub(super) told: Vec<Told>,
}

/// What one run said.
pub(super) struct Told {
    pub(super) event: Event,
    /// Index of the run.
    pub(super) run: usize,
    /// The scanner's id with its family, and its word for the severity; nothing where it was not seen.
    pub(super) seen_as: Option<(Arc<str>, Arc<str>)>,
}

/// Tells what was said of the wanted vulnerabilities on the wanted hosts.
pub(super) fn hear(
    repository: &Repository,
    runs: &[Run<'_>],
    as_of: AsOf,
    is_host: impl Fn(&KnownHost) -> bool,
    is_vuln: impl Fn(&str) -> bool,
) -> Vec<Heard> {
    let (joined, places) = gather(repository, runs, as_of);
    let ratings = Ratings::new(runs);
    let mut heard = Vec::new();
    for (host, known) in joined.identities.hosts.iter().enumerate() {
        if is_host(known) {
            let fanned = fan_out(runs, &places[host], &ratings);
            heard.extend(hear_host(
                known,
                &fanned,
                runs,
                &joined.looks[host],
                (as_of, &is_vuln),
            ));
        }
    }
    heard
}

/// Tells what was said of the wanted vulnerabilities on one host.
fn hear_host(
    known: &KnownHost,
    fanned: &[Fanned<'_>],
    runs: &[Run<'_>],
    looks: &[Look],
    (as_of, is_vuln): (AsOf, &dyn Fn(&str) -> bool),
) -> Vec<Heard> {
    let mut heard = Vec::new();
    for group in fanned.chunk_by(|one, other| one.vuln == other.vuln) {
        let Some(first) = group.first() else { continue };
        let mut names = group.iter().flat_map(|fanned| {
            let named = fanned.check.aliases.iter().chain(&fanned.check.remediation);
            named.chain([&fanned.vuln, &fanned.rated.own])
        });
        if !names.any(|name| is_vuln(name)) {
            continue;
        }
        let seen_as = |run: usize| {
            let seen = group.iter().find(|fanned| fanned.run == run)?;
            Some((
                Arc::clone(&seen.rated.own),
                Arc::clone(&seen.check.severity_given),
            ))
        };
        let mut told: Vec<Told> = all_events(group, runs, looks, as_of)
            .into_iter()
            .map(|(run, event)| Told {
                event,
                run,
                seen_as: seen_as(run),
            })
            .collect();
        told.sort_by_key(|told| (told.event.at, told.event.said, told.event.source));
        heard.push(Heard {
            host: Arc::clone(&known.id),
            vuln: Arc::clone(&first.vuln),
            told,
        });
    }
    heard
}

fn is_used(run: &Run<'_>) -> bool {
    run.state != ImportState::Ignored
}

impl Joined {
    /// Finds each host of a run, and notes that it was looked at; `None` for one that has no name.
    fn place_hosts(&mut self, run: &Run<'_>, index: usize, as_of: AsOf) -> Vec<Option<usize>> {
        let mut placed = Vec::with_capacity(run.scan.hosts.len());
        for host in &run.scan.hosts {
            let at = run.host_at(host);
            if (host.name.is_empty() && host.fqdn.is_none() && host.ips.is_empty()) || at > as_of.instant() {
                placed.push(None);
                continue;
            }
            let resolved = self.identities.resolve(host);
            if self.looks.len() <= resolved.index {
                self.looks.resize(resolved.index + 1, Vec::new());
            }
            if run.line.run_at.is_some() || host.scanned_at.is_some() {
                self.looks[resolved.index].push(Look {
                    at,
                    quality: run.quality(host),
                    run: index,
                });
            }
            if !resolved.others.is_empty() {
                let others = self.ambiguous.entry(resolved.index).or_default();
                others.extend(resolved.others);
                others.sort_unstable();
                others.dedup();
            }
            placed.push(Some(resolved.index));
        }
        placed
    }
}

/// Sorts what the runs saw on one host by vulnerability, then by run.
fn fan_out<'a>(runs: &'a [Run<'a>], places: &[(usize, HostIndex)], ratings: &'a Ratings) -> Vec<Fanned<'a>> {
    let mut fanned = Vec::new();
    for &(index, place) in places {
        let scan = runs[index].scan;
        for (sighting, last_seen) in scan.sightings.on(place) {
            let check = sighting.check as usize;
            let (Some(check), Some(rated)) = (scan.checks.get(check), ratings.get(index, check)) else {
                continue;
            };
            let own = check.cves.is_empty().then_some(&rated.own);
            for vuln in check.cves.iter().chain(own) {
                fanned.push(Fanned {
                    vuln: Arc::clone(vuln),
                    run: index,
                    place,
                    sighting,
                    last_seen,
                    check,
                    rated,
                });
            }
        }
    }
    fanned.sort_by(|one, other| {
        // The order of rows in an export means nothing.
        let mine = (&one.vuln, one.run, &one.check.id);
        mine.cmp(&(&other.vuln, other.run, &other.check.id))
    });
    fanned
}

/// Each check of each run, rated; what runs of one observer share is rated once.
struct Ratings(Vec<Vec<Arc<Rated>>>);

impl Ratings {
    fn new(runs: &[Run<'_>]) -> Self {
        let mut known: HashMap<(&str, *const CheckInfo), Arc<Rated>> = HashMap::new();
        let rated = runs.iter().map(|run| {
            let observer: Arc<str> = run.observer().into();
            let checks = run.scan.checks.iter().map(|check| {
                let rated = known
                    .entry((run.observer(), Arc::as_ptr(check)))
                    .or_insert_with(|| Arc::new(rate(check, run, &observer)));
                Arc::clone(rated)
            });
            checks.collect()
        });
        Self(rated.collect())
    }

    fn get(&self, run: usize, check: usize) -> Option<&Rated> {
        self.0.get(run)?.get(check).map(|rated| &**rated)
    }
}

fn lives(
    host: usize,
    fanned: &[Fanned<'_>],
    runs: &[Run<'_>],
    looks: &[Look],
    (as_of, reopen_window_days): (AsOf, u32),
) -> Vec<Life> {
    let mut lives = Vec::new();
    for group in fanned.chunk_by(|one, other| one.vuln == other.vuln) {
        let Some(first) = group.first() else { continue };
        let mut said = sayings(group);
        said.fingerprints = open_fingerprints(group, runs);
        said.rises = rises(group, runs);
        said.exploits = exploits(group, runs);
        let said = Arc::new(said);
        for episode in episodes(
            events(group, runs, looks, as_of),
            reopen_window_days,
            as_of.zone(),
        ) {
            lives.push(Life {
                host,
                vuln: Arc::clone(&first.vuln),
                episode,
                said: Arc::clone(&said),
            });
        }
    }
    lives
}

fn events(group: &[Fanned<'_>], runs: &[Run<'_>], looks: &[Look], as_of: AsOf) -> Vec<Event> {
    let events = all_events(group, runs, looks, as_of);
    events.into_iter().map(|(_, event)| event).collect()
}

/// What each run says that saw it, or looked and did not; with the index of the run.
fn all_events(group: &[Fanned<'_>], runs: &[Run<'_>], looks: &[Look], as_of: AsOf) -> Vec<(usize, Event)> {
    let mut observers: Vec<&str> = group.iter().map(|fanned| runs[fanned.run].observer()).collect();
    // Where a source that saw it is no longer in use, others may have looked in its place.
    if group.iter().any(|fanned| !runs[fanned.run].is_active()) {
        observers.extend(looks.iter().map(|look| runs[look.run].observer()));
    }
    observers.sort_unstable();
    observers.dedup();
    let number = |name: &str| {
        observers
            .binary_search(&name)
            .ok()
            .and_then(|index| u32::try_from(index).ok())
    };
    let mut events = Vec::new();
    for fanned in group {
        let run = &runs[fanned.run];
        let host = &run.scan.hosts[fanned.place.0 as usize];
        let stamp = |stamp: Option<Stamp>| stamp.map(|stamp| run.instant(stamp));
        let looked_at = run.host_at(host);
        let is_fixed = fanned.sighting.state == ObservationState::Fixed;
        let seen_at = stamp(fanned.last_seen).filter(|_| !is_fixed).unwrap_or(looked_at);
        let quality = run.quality(host);
        let event = Event {
            at: seen_at.min(looked_at.max(seen_at)).min(as_of.instant()),
            said: if is_fixed { Said::Fixed } else { Said::Seen },
            source: number(run.observer()).unwrap_or(0),
            quality: if fanned.check.potential {
                quality.min(Quality::Banner)
            } else {
                quality
            },
            first_seen: stamp(fanned.sighting.first_seen),
            fixed_at: stamp(fanned.sighting.last_fixed).filter(|_| is_fixed),
            is_reopened: fanned.sighting.state == ObservationState::Reopened,
            is_active: run.is_active(),
        };
        events.push((fanned.run, event));
    }
    let seen_in = |run: usize| group.binary_search_by_key(&run, |fanned| fanned.run).is_ok();
    for look in looks.iter().filter(|look| !seen_in(look.run)) {
        let run = &runs[look.run];
        let Some(source) = number(run.observer()) else {
            continue;
        };
        let proves = run.proves_absence();
        let event = Event {
            at: look.at,
            said: if proves { Said::Absent } else { Said::Missing },
            source,
            quality: look.quality,
            first_seen: None,
            fixed_at: None,
            is_reopened: false,
            is_active: run.is_active(),
        };
        events.push((look.run, event));
    }
    // Absence before the first sighting says nothing of a life.
    let first = events
        .iter()
        .filter(|(_, event)| matches!(event.said, Said::Seen | Said::Fixed))
        .map(|(_, event)| event.at)
        .min();
    events.retain(|(_, event)| !matches!(event.said, Said::Absent | Said::Missing) || Some(event.at) > first);
    events
}

/// Rates by the best vector, else by the Source's map, else by the scanner's own scale; what nobody rates is critical.
fn rate(check: &CheckInfo, run: &Run<'_>, observer: &Arc<str>) -> Rated {
    let vector = best_vector(check.vectors.iter().cloned());
    let mapped = run
        .source
        .and_then(|source| source.spec.severity_map.get(&*check.severity_given).copied());
    let severity = vector
        .as_ref()
        .and_then(CvssVector::base_severity)
        .or(mapped)
        .or(check.severity);
    Rated {
        severity: severity.unwrap_or(Severity::Critical),
        vector,
        own: format!("{}:{}", check.family, check.id).into(),
        observer: Arc::clone(observer),
    }
}

/// Joins the newest catalogues of known exploited vulnerabilities; listings after as-of are not yet made.
pub(super) fn kev_listings<'a>(runs: &'a [Run<'_>], as_of: AsOf) -> HashMap<&'a str, KevListing> {
    let mut listings: HashMap<&str, KevListing> = HashMap::new();
    for run in runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Kev && is_used(run))
    {
        for (cve, listing) in run
            .scan
            .kev
            .iter()
            .filter(|(_, listing)| listing.added <= as_of.day())
        {
            let earlier = listings
                .get(&**cve)
                .is_none_or(|known| listing.added < known.added);
            if earlier {
                listings.insert(cve, *listing);
            }
        }
    }
    listings
}

/// Joins the newest exploit predictions; of two the higher.
pub(super) fn epss_scores<'a>(runs: &'a [Run<'_>]) -> HashMap<&'a str, f64> {
    let mut scores: HashMap<&str, f64> = HashMap::new();
    for run in runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Epss && is_used(run))
    {
        for (cve, score) in &run.scan.epss {
            let known = scores.entry(cve).or_insert(*score);
            *known = known.max(*score);
        }
    }
    scores
}
