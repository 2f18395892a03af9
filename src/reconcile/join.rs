//! Observations of all runs, sorted by host and vulnerability, folded into findings without dates yet.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::alias::Aliases;
use super::assets::Assets;
use super::episode::{Doubt, Episode, Event, Said, episodes};
use super::identity::{Identities, KnownHost, Resolved, in_order, listed};
use super::installs::Installs;
use super::register::ImportState;
use super::runs::Run;
use super::sayings::{Sayings, exploits, open_fingerprints, rises, sayings};
use crate::import::{CheckInfo, HostIndex, KevListing, Product, Sighting};
use crate::load::Repository;
use crate::model::{
    Alias, AsOf, CvssVector, Discrepancy, Host, HostStatus, Members, ObservationState, Quality, Severity,
    Stamp, Zone, best_vector,
};

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
    pub(super) aliases: Aliases,
    pub(super) identities: Identities,
    /// The looks at each host, by host index.
    pub(super) looks: Vec<Vec<Look>>,
    /// The index of each host of each run; `None` for one that has no name or was looked at after as-of.
    pub(super) placed: Vec<Vec<Option<usize>>>,
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
    /// Where its Sources disagree.
    pub(super) discrepancy: Option<Arc<Discrepancy>>,
}

/// Where the runs tell of each host, by host index: the run, and the place of the host in it.
pub(super) type Places = Vec<Vec<(usize, HostIndex)>>;

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
    /// With what its vendor knows of it, where it does not say so itself.
    check: Arc<CheckInfo>,
    pub(super) severity: Severity,
    pub(super) vector: Option<CvssVector>,
    /// The scanner's own id with its family.
    pub(super) own: Arc<str>,
    /// The vulnerabilities that it means, each with why.
    pub(super) means: Vec<(Arc<str>, Option<Alias>)>,
    pub(super) observer: Arc<str>,
}

pub(super) fn join(
    repository: &Repository,
    runs: &[Run<'_>],
    as_of: AsOf,
    reopen_window_days: u32,
) -> Joined {
    let (mut joined, places) = gather(repository, runs, as_of);
    let ratings = Ratings::new(runs, &joined.aliases);
    // Host by host, so that what all runs said is never held at once for more than a few.
    joined.lives = places
        .par_iter()
        .zip(&joined.looks)
        .zip(&joined.identities.hosts)
        .enumerate()
        .flat_map_iter(|(host, ((places, looks), known))| {
            let fanned = fan_out(runs, places, &ratings);
            lives((host, known), &fanned, (runs, looks), (as_of, reopen_window_days))
        })
        .collect();
    joined
}

/// Finds the hosts, and where the runs tell of them.
pub(super) fn gather(repository: &Repository, runs: &[Run<'_>], as_of: AsOf) -> (Joined, Places) {
    let mut identities = Identities::default();
    let inventories = runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Inventory && is_used(run));
    let rows: Vec<(Cow<'_, Host>, Zone)> = inventories
        .flat_map(|run| run.scan.hosts.iter().map(|host| (believed(run, host), run.zone)))
        .collect();
    for (host, zone) in in_order(rows.iter().map(|(host, zone)| (&**host, *zone)).collect()) {
        identities.add_known(host, zone);
    }
    for system in &repository.systems {
        if let Members::Hosts(names) = &system.spec.members.value {
            names.iter().for_each(|name| {
                identities.add_known(&listed(name), as_of.zone());
            });
        }
    }
    let mut joined = Joined {
        aliases: Aliases::new(repository, runs.iter().filter(|run| is_used(run))),
        identities,
        looks: Vec::new(),
        placed: Vec::new(),
        ambiguous: HashMap::new(),
        lives: Vec::new(),
        installs: Installs::default(),
    };
    joined.place_hosts(runs, as_of);
    let mut places = Places::new();
    places.resize_with(joined.identities.hosts.len(), Vec::new);
    for (index, placed) in joined.placed.iter().enumerate() {
        for (place, host) in (0..).map(HostIndex).zip(placed) {
            if let Some(host) = host {
                places[*host].push((index, place));
            }
        }
    }
    joined.installs = Installs::of(runs, &joined.identities, as_of);
    joined.looks.resize(joined.identities.hosts.len(), Vec::new());
    (joined, places)
}

/// Returns a row of an inventory; one that is not whole retires nobody: in what is missing the host may be in use.
fn believed<'a>(run: &Run<'a>, host: &'a Host) -> Cow<'a, Host> {
    if run.is_whole() || host.status != HostStatus::Retired {
        return Cow::Borrowed(host);
    }
    Cow::Owned(Host {
        status: HostStatus::Unknown,
        ..host.clone()
    })
}

fn is_used(run: &Run<'_>) -> bool {
    run.state != ImportState::Ignored
}

fn is_of_scan(run: &Run<'_>) -> bool {
    run.scan.importer.product == Product::Scan && is_used(run)
}

impl Joined {
    /// Finds each host of each run, in the order of time, and notes that it was looked at.
    fn place_hosts(&mut self, runs: &[Run<'_>], as_of: AsOf) {
        let of_scans = runs.iter().enumerate().filter(|(_, run)| is_of_scan(run));
        let mut sought: Vec<(DateTime<Utc>, &Host, usize, usize)> = of_scans
            .flat_map(|(index, run)| {
                let hosts = run.scan.hosts.iter().enumerate();
                hosts.map(move |(place, host)| (run.host_at(host), host, index, place))
            })
            .filter(|(at, host, _, _)| {
                let is_named = !host.name.is_empty() || host.fqdn.is_some() || !host.ips.is_empty();
                is_named && *at <= as_of.instant()
            })
            .collect();
        // The order of rows in an export means nothing.
        sought.sort_by(
            |(at, host, run, place), (other_at, other, other_run, other_place)| {
                let mine = (at, &host.serial, &host.uuid, &host.fqdn, &host.name, run, place);
                let theirs = (&other.serial, &other.uuid, &other.fqdn, &other.name);
                let (serial, uuid, fqdn, name) = theirs;
                mine.cmp(&(other_at, serial, uuid, fqdn, name, other_run, other_place))
            },
        );
        self.placed = runs.iter().map(|run| vec![None; run.scan.hosts.len()]).collect();
        let assets = Assets::of(runs.iter().filter(|run| is_used(run)));
        for (at, host, index, place) in sought {
            let resolved = self.identities.resolve(&assets.with_keys(host), at, index);
            self.placed[index][place] = Some(resolved.index);
            self.note_look(&runs[index], host, index, resolved);
        }
    }

    fn note_look(&mut self, run: &Run<'_>, host: &Host, index: usize, resolved: Resolved) {
        if self.looks.len() <= resolved.index {
            self.looks.resize(resolved.index + 1, Vec::new());
        }
        if run.line.run_at.is_some() || host.scanned_at.is_some() {
            self.looks[resolved.index].push(Look {
                at: run.host_at(host),
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
    }
}

/// Sorts what the runs saw on one host by vulnerability, then by run.
pub(super) fn fan_out<'a>(
    runs: &'a [Run<'a>],
    places: &[(usize, HostIndex)],
    ratings: &'a Ratings,
) -> Vec<Fanned<'a>> {
    let mut fanned = Vec::new();
    for &(index, place) in places {
        let scan = runs[index].scan;
        let sightings = scan.sightings.on(place);
        fanned.reserve(sightings.size_hint().0);
        for (sighting, last_seen) in sightings {
            let check = sighting.check as usize;
            let Some(rated) = ratings.get(index, check) else {
                continue;
            };
            for (vuln, _) in &rated.means {
                fanned.push(Fanned {
                    vuln: Arc::clone(vuln),
                    run: index,
                    place,
                    sighting,
                    last_seen,
                    check: &rated.check,
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
pub(super) struct Ratings(Vec<Vec<Arc<Rated>>>);

impl Ratings {
    pub(super) fn new(runs: &[Run<'_>], aliases: &Aliases) -> Self {
        let mut known: HashMap<(&str, *const CheckInfo), Arc<Rated>> = HashMap::new();
        let rated = runs.iter().map(|run| {
            let observer: Arc<str> = run.observer().into();
            let checks = run.scan.checks.iter().map(|check| {
                let rated = known
                    .entry((run.observer(), Arc::as_ptr(check)))
                    .or_insert_with(|| Arc::new(rate(check, run, &observer, aliases)));
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
    (host, known): (usize, &KnownHost),
    fanned: &[Fanned<'_>],
    (runs, looks): (&[Run<'_>], &[Look]),
    (as_of, reopen_window_days): (AsOf, u32),
) -> Vec<Life> {
    let mut lives = Vec::new();
    for group in fanned.chunk_by(|one, other| one.vuln == other.vuln) {
        let Some(first) = group.first() else { continue };
        let observers = observers(group, runs, looks);
        let events = all_events(group, runs, (looks, &observers), as_of);
        let events = events.into_iter().map(|(_, event)| event).collect();
        let mut said = sayings(group);
        said.fingerprints = open_fingerprints(group, runs);
        said.rises = rises(group, runs);
        said.exploits = exploits(group, runs);
        let said = Arc::new(said);
        // Nobody can look again at a machine that another one has taken the place of.
        let is_replaced = known.replaced.is_some();
        for mut episode in episodes(events, reopen_window_days, as_of.zone()) {
            episode.stale |= is_replaced && episode.closed.is_none();
            lives.push(Life {
                host,
                vuln: Arc::clone(&first.vuln),
                discrepancy: episode
                    .doubt
                    .map(|doubt| Arc::new(discrepancy(doubt, &observers))),
                episode,
                said: Arc::clone(&said),
            });
        }
    }
    lives
}

fn discrepancy(doubt: Doubt, observers: &[&str]) -> Discrepancy {
    let name = |number: u32| observers.get(number as usize).copied().unwrap_or_default().into();
    Discrepancy {
        kind: doubt.kind,
        gone_by: name(doubt.gone.0),
        gone_at: doubt.gone.1,
        seen_by: name(doubt.seen.0),
        seen_at: doubt.seen.1,
    }
}

/// The sources whose word counts, by name; their places number them.
pub(super) fn observers<'r>(group: &[Fanned<'_>], runs: &'r [Run<'_>], looks: &[Look]) -> Vec<&'r str> {
    let mut observers: Vec<&str> = group.iter().map(|fanned| runs[fanned.run].observer()).collect();
    // Where a source that saw it is no longer in use, others may have looked in its place.
    if group.iter().any(|fanned| !runs[fanned.run].is_active()) {
        observers.extend(looks.iter().map(|look| runs[look.run].observer()));
    }
    observers.sort_unstable();
    observers.dedup();
    observers
}

/// What each run says that saw it, or looked and did not; with the index of the run.
pub(super) fn all_events(
    group: &[Fanned<'_>],
    runs: &[Run<'_>],
    (looks, observers): (&[Look], &[&str]),
    as_of: AsOf,
) -> Vec<(usize, Event)> {
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
            said: match (is_fixed, run.is_whole()) {
                (true, true) => Said::Fixed,
                // In what is missing it may be open, at another port or path.
                (true, false) => Said::Missing,
                (false, _) => Said::Seen,
            },
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
    keep_unproven(&mut events);
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

/// Believes a run that is not whole that something was there and is gone when nobody saw it open: nothing is closed
/// by that, and the finding is not lost.
fn keep_unproven(events: &mut [(usize, Event)]) {
    let first = events
        .iter_mut()
        .map(|(_, event)| event)
        .min_by_key(|event| (event.at, event.said));
    if let Some(first) = first.filter(|event| event.said == Said::Missing) {
        first.said = Said::Fixed;
    }
}

/// Returns the scanner's own id with its family.
pub(super) fn own_id(check: &CheckInfo) -> Arc<str> {
    format!("{}:{}", check.family, check.id).into()
}

/// Rates by the best vector, else by the Source's map, else by the scanner's own scale; what nobody rates is critical.
fn rate(seen: &Arc<CheckInfo>, run: &Run<'_>, observer: &Arc<str>, aliases: &Aliases) -> Rated {
    let check = aliases.knowledge.informed(seen);
    let vector = best_vector(check.vectors.iter().cloned());
    let mapped = run
        .source
        .and_then(|source| source.spec.severity_map.get(&*check.severity_given).copied());
    let severity = vector
        .as_ref()
        .and_then(CvssVector::base_severity)
        .or(mapped)
        .or(check.severity);
    let own: Arc<str> = own_id(seen);
    Rated {
        severity: severity.unwrap_or(Severity::Critical),
        vector,
        means: aliases.of(seen, &own, observer),
        check,
        own,
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
