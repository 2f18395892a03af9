//! Observations of all runs, sorted by host and vulnerability, folded into findings without dates yet.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rayon::prelude::*;

use super::ByVuln;
use super::alias::Aliases;
use super::assets::Assets;
use super::checks::Ratings;
use super::episode::{Doubt, Episode, Fold};
use super::events::{Fanned, Listener, Speakers};
use super::identity::{Identities, KnownHost, Resolved, in_order, listed};
use super::installs::Installs;
use super::register::{HostRow, ImportState};
use super::runs::Run;
use super::sayings::{OnHost, on_host, said_by};
use crate::import::{HostIndex, KevListing, Product};
use crate::load::Repository;
use crate::model::{AsOf, Discrepancy, Host, HostStatus, Members, Quality, Said, Zone};

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
    /// The lives of each host, by host index; there by vulnerability and time.
    pub(super) lives: Vec<Vec<Life>>,
    pub(super) installs: Installs,
}

/// One life of a vulnerability on a host, with what was said of it.
pub(super) struct Life {
    pub(super) host: usize,
    pub(super) vuln: Arc<str>,
    pub(super) episode: Episode,
    pub(super) said: Arc<Said>,
    pub(super) on_host: OnHost,
    /// Where its Sources disagree.
    pub(super) discrepancy: Option<Arc<Discrepancy>>,
}

impl Life {
    /// Lists the vulnerability with its aliases.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> + Clone {
        std::iter::once(&self.vuln).chain(&*self.said.aliases)
    }
}

/// Where the runs tell of each host, by host index: the run, and the place of the host in it.
pub(super) type Places = Vec<Vec<(usize, HostIndex)>>;

pub(super) fn join(
    repository: &Repository,
    runs: &[Run<'_>],
    as_of: AsOf,
    reopen_window_days: u32,
) -> Joined {
    let (mut joined, places) = gather(repository, runs, as_of);
    let ratings = Ratings::new(runs, &joined.aliases);
    let speakers = Speakers::new(runs, as_of);
    // Host by host, so that what all runs said is never held at once for more than a few.
    joined.lives = places
        .par_iter()
        .zip(&joined.looks)
        .zip(&joined.identities.hosts)
        .enumerate()
        .map_init(
            || Room::new(reopen_window_days, as_of.zone()),
            |room, (host, ((places, looks), known))| {
                speakers.fan_out(places, &ratings, &mut room.fanned);
                room.lives((host, known), looks, &speakers)
            },
        )
        .collect();
    joined
}

/// Lays the lives of each host beside its row, in the order of the rows; a host without any is left out.
pub(super) fn by_row<'h>(
    lives: &'h [Vec<Life>],
    places: &[usize],
    rows: &'h [HostRow],
) -> Vec<(&'h HostRow, &'h [Life])> {
    let mut of_row: Vec<&[Life]> = vec![&[]; rows.len()];
    for (lives, &place) in lives.iter().zip(places) {
        of_row[place] = lives;
    }
    let all = rows.iter().zip(of_row);
    all.filter(|(_, lives)| !lives.is_empty()).collect()
}

/// What the work on one host needs, used again for the next one.
struct Room<'a> {
    fanned: Vec<Fanned<'a>>,
    listener: Listener,
    fold: Fold,
}

impl Room<'_> {
    fn new(reopen_window_days: u32, zone: Zone) -> Self {
        Self {
            fanned: Vec::new(),
            listener: Listener::default(),
            fold: Fold::new(reopen_window_days, zone),
        }
    }

    /// Folds what was fanned out into lives, by vulnerability and time.
    fn lives(
        &mut self,
        (host, known): (usize, &KnownHost),
        looks: &[Look],
        speakers: &Speakers<'_>,
    ) -> Vec<Life> {
        let mut lives = Vec::with_capacity(self.fanned.len());
        for group in self
            .fanned
            .chunk_by(|one, other| one.meaning.place == other.meaning.place)
        {
            let Some(first) = group.first() else { continue };
            let events = self.listener.hear(speakers, group, looks);
            let (said, on_host) = (said_by(group, first), on_host(group));
            // Nobody can look again at a machine that another one has taken the place of.
            let is_replaced = known.replaced.is_some();
            lives.extend(self.fold.episodes(events).map(|mut episode| {
                episode.stale |= is_replaced && episode.closed.is_none();
                let doubt = episode.doubt;
                Life {
                    host,
                    vuln: Arc::clone(&first.meaning.vuln),
                    discrepancy: doubt.map(|doubt| Arc::new(discrepancy(doubt, speakers))),
                    episode,
                    said: Arc::clone(&said),
                    on_host: on_host.clone(),
                }
            }));
        }
        lives
    }
}

fn discrepancy(doubt: Doubt, speakers: &Speakers<'_>) -> Discrepancy {
    Discrepancy {
        kind: doubt.kind,
        gone_by: speakers.name(doubt.gone.0).into(),
        gone_at: doubt.gone.1,
        seen_by: speakers.name(doubt.seen.0).into(),
        seen_at: doubt.seen.1,
    }
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

/// Joins the newest catalogues of known exploited vulnerabilities; listings after as-of are not yet made.
pub(super) fn kev_listings<'a>(runs: &'a [Run<'_>], as_of: AsOf) -> ByVuln<'a, KevListing> {
    let mut listings: ByVuln<'_, KevListing> = ByVuln::default();
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
pub(super) fn epss_scores<'a>(runs: &'a [Run<'_>]) -> ByVuln<'a, f64> {
    let mut scores: ByVuln<'_, f64> = ByVuln::default();
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
