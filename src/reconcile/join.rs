//! Observations of all runs, sorted by host and vulnerability, folded into findings without dates yet.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::alias::Aliases;
use super::episode::{Doubt, Episode, Event, Said, episodes};
use super::identity::{Identities, KnownHost, Resolved, in_order, listed};
use super::installs::Installs;
use super::register::ImportState;
use super::runs::Run;
use super::sayings::{Sayings, exploits, open_fingerprints, rises, sayings};
use crate::import::{CheckInfo, KevListing, Product, Sighting};
use crate::load::Repository;
use crate::model::{
    Alias, AsOf, CvssVector, Discrepancy, Host, Members, ObservationState, Quality, Severity, best_vector,
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

/// One sighting fanned out to one vulnerability.
pub(super) struct Fanned<'a> {
    pub(super) host: usize,
    pub(super) vuln: Arc<str>,
    pub(super) run: usize,
    pub(super) sighting: &'a Sighting,
    pub(super) check: &'a CheckInfo,
    pub(super) rated: Arc<Rated>,
}

/// What is worked out once for a check of a run, however often it is seen.
pub(super) struct Rated {
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
    let (mut joined, fanned) = gather(repository, runs, as_of);
    joined.lives = lives(&fanned, runs, &joined, as_of, reopen_window_days);
    joined
}

/// Finds the hosts, and sorts what was seen on them by host and vulnerability.
fn gather<'a>(repository: &Repository, runs: &'a [Run<'a>], as_of: AsOf) -> (Joined, Vec<Fanned<'a>>) {
    let mut identities = Identities::default();
    let inventories = runs
        .iter()
        .filter(|run| run.scan.importer.product == Product::Inventory && is_used(run));
    let rows = inventories.flat_map(|run| run.scan.hosts.iter().map(|host| (host, run.zone)));
    for (host, zone) in in_order(rows.collect()) {
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
    let mut fanned = Vec::new();
    for (index, run) in runs.iter().enumerate().filter(|(_, run)| is_of_scan(run)) {
        fan_out(run, index, &joined, &mut fanned);
    }
    joined.installs = Installs::of(runs, &joined.identities, as_of);
    joined.looks.resize(joined.identities.hosts.len(), Vec::new());
    fanned.par_sort_by(|one: &Fanned<'_>, other: &Fanned<'_>| {
        // The order of rows in an export means nothing.
        let mine = (one.host, &one.vuln, one.run, &one.check.id);
        mine.cmp(&(other.host, &other.vuln, other.run, &other.check.id))
    });
    (joined, fanned)
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
    let (joined, fanned) = gather(repository, runs, as_of);
    let mut heard = Vec::new();
    for group in fanned.chunk_by(|one, other| one.host == other.host && one.vuln == other.vuln) {
        let Some(first) = group.first() else { continue };
        let known = &joined.identities.hosts[first.host];
        let mut names = group.iter().flat_map(|fanned| {
            let named = fanned.check.aliases.iter().chain(&fanned.check.remediation);
            named.chain([&fanned.vuln, &fanned.rated.own])
        });
        if !is_host(known) || !names.any(|name| is_vuln(name)) {
            continue;
        }
        let looks = joined.looks.get(first.host).map_or(&[][..], Vec::as_slice);
        let seen_as = |run: usize| {
            let seen = group.iter().find(|fanned| fanned.run == run)?;
            Some((
                Arc::clone(&seen.rated.own),
                Arc::clone(&seen.check.severity_given),
            ))
        };
        let observers = observers(group, runs, looks);
        let mut told: Vec<Told> = all_events(group, runs, (looks, &observers), as_of)
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
        for (at, host, index, place) in sought {
            let resolved = self.identities.resolve(host, at, index);
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

fn fan_out<'a>(run: &Run<'a>, index: usize, joined: &Joined, fanned: &mut Vec<Fanned<'a>>) {
    let placed = &joined.placed[index];
    let observer: Arc<str> = run.observer().into();
    let rated: Vec<Arc<Rated>> = run
        .scan
        .checks
        .iter()
        .map(|check| Arc::new(rate(check, run, &observer, &joined.aliases)))
        .collect();
    for sighting in &run.scan.sightings {
        let host = placed.get(sighting.host.0 as usize).copied().flatten();
        let check = sighting.check as usize;
        let (Some(host), Some(check), Some(rated)) = (host, run.scan.checks.get(check), rated.get(check))
        else {
            continue;
        };
        for (vuln, _) in &rated.means {
            fanned.push(Fanned {
                host,
                vuln: Arc::clone(vuln),
                run: index,
                sighting,
                check,
                rated: Arc::clone(rated),
            });
        }
    }
}

fn lives(
    fanned: &[Fanned<'_>],
    runs: &[Run<'_>],
    joined: &Joined,
    as_of: AsOf,
    reopen_window_days: u32,
) -> Vec<Life> {
    let mut lives = Vec::new();
    for group in fanned.chunk_by(|one, other| one.host == other.host && one.vuln == other.vuln) {
        let Some(first) = group.first() else { continue };
        let looks = joined.looks.get(first.host).map_or(&[][..], Vec::as_slice);
        let observers = observers(group, runs, looks);
        let events = all_events(group, runs, (looks, &observers), as_of);
        let events = events.into_iter().map(|(_, event)| event).collect();
        let mut said = sayings(group);
        said.fingerprints = open_fingerprints(group, runs);
        said.rises = rises(group, runs);
        said.exploits = exploits(group, runs);
        let said = Arc::new(said);
        // Nobody can look again at a machine that another one has taken the place of.
        let is_replaced = joined.identities.hosts[first.host].replaced.is_some();
        for mut episode in episodes(events, reopen_window_days, as_of.zone()) {
            episode.stale |= is_replaced && episode.closed.is_none();
            lives.push(Life {
                host: first.host,
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
fn observers<'r>(group: &[Fanned<'_>], runs: &'r [Run<'_>], looks: &[Look]) -> Vec<&'r str> {
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
fn all_events(
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
        let host = &run.scan.hosts[fanned.sighting.host.0 as usize];
        let stamp = |stamp: Option<crate::model::Stamp>| stamp.map(|stamp| run.instant(stamp));
        let looked_at = run.host_at(host);
        let is_fixed = fanned.sighting.state == ObservationState::Fixed;
        let seen_at = stamp(fanned.sighting.last_seen)
            .filter(|_| !is_fixed)
            .unwrap_or(looked_at);
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

/// Returns the scanner's own id with its family.
pub(super) fn own_id(check: &CheckInfo) -> Arc<str> {
    format!("{}:{}", check.family, check.id).into()
}

/// Rates by the best vector, else by the Source's map, else by the scanner's own scale; what nobody rates is critical.
fn rate(check: &CheckInfo, run: &Run<'_>, observer: &Arc<str>, aliases: &Aliases) -> Rated {
    let vector = best_vector(check.vectors.iter().cloned());
    let mapped = run
        .source
        .and_then(|source| source.spec.severity_map.get(&*check.severity_given).copied());
    let severity = vector
        .as_ref()
        .and_then(CvssVector::base_severity)
        .or(mapped)
        .or(check.severity);
    let own: Arc<str> = own_id(check);
    Rated {
        severity: severity.unwrap_or(Severity::Critical),
        vector,
        means: aliases.of(check, &own, observer),
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
