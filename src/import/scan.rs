//! One export, collected: its hosts, and what was seen on them, each text kept once.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use rayon::prelude::*;

use super::input::import_with;
use super::{
    HostIndex, ImportError, Imported, Importer, Input, Meter, Options, Part, Sighting, Sightings, Sink,
};
use crate::model::{
    Advice, CvssVector, Date, DateOrder, Exploit, Host, HostStatus, MappingProfile, Observation, RecordId,
    ScanSummary, Severity, Stamp,
};

/// An export to read.
#[derive(Clone, Debug)]
pub struct Export {
    /// As it was given, or relative to the governed root.
    pub file: String,
    pub content: Content,
    /// The Source that it is said to come from.
    pub source: Option<RecordId>,
    /// The column mapping of that Source.
    pub mapping: Option<MappingProfile>,
    /// Which comes first in that Source's dates, where an export does not show it.
    pub date_order: Option<DateOrder>,
    pub host: Option<String>,
    /// Given by hand, not taken from the repository.
    pub is_ad_hoc: bool,
}

impl Export {
    /// Returns what its importer is told.
    pub fn options(&self) -> Options<'_> {
        Options {
            mapping: self.mapping.as_ref(),
            host: self.host.as_deref(),
            date_order: self.date_order,
        }
    }

    /// Returns where its bytes are.
    pub fn input(&self) -> Input<'_> {
        match &self.content {
            Content::File(path) => Input::File(path),
            Content::Bytes(bytes) => Input::Bytes(bytes),
            Content::Part(part) => Input::Part(part),
        }
    }

    /// Returns how many bytes are read of it; 0 where that cannot be told.
    pub fn bytes(&self) -> u64 {
        match &self.content {
            Content::File(path) => std::fs::metadata(path).map_or(0, |found| found.len()),
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Part(part) => part.bytes(),
        }
    }
}

/// Where the bytes of an export are.
#[derive(Clone, Debug)]
pub enum Content {
    /// A file; a folder or an archive is split by [`super::unfold`].
    File(PathBuf),
    Bytes(Arc<[u8]>),
    /// The files of a folder or an archive that one importer reads.
    Part(Part),
}

/// What does not change from one sighting of a check to the next.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CheckInfo {
    pub family: Arc<str>,
    pub id: Arc<str>,
    pub cves: Vec<Arc<str>>,
    pub aliases: Vec<Arc<str>>,
    pub title: Arc<str>,
    pub severity_given: Arc<str>,
    pub severity: Option<Severity>,
    pub vectors: Vec<CvssVector>,
    pub remediation: Option<Arc<str>>,
    pub fix_available: Option<bool>,
    pub exploit: Exploit,
    pub patch_published: Option<chrono::NaiveDate>,
    pub potential: bool,
}

/// A listing in the catalogue of known exploited vulnerabilities.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct KevListing {
    pub added: Date,
    pub due: Option<Date>,
}

/// One export, read.
#[derive(Debug)]
pub struct Scan {
    pub file: String,
    pub source: Option<RecordId>,
    pub is_ad_hoc: bool,
    pub importer: &'static Importer,
    pub sha256: String,
    /// What its Source said of absence when it came into the ledger; `None` where that is what it says now.
    pub absence_means_fixed: Option<bool>,
    pub summary: ScanSummary,
    pub hosts: Vec<Host>,
    /// Runs of one Source in the ledger share them; not each need be seen in this one.
    pub checks: Vec<Arc<CheckInfo>>,
    pub sightings: Sightings,
    pub kev: Vec<(Arc<str>, KevListing)>,
    pub epss: Vec<(Arc<str>, f64)>,
    /// What the vendor of a scanner knows of its checks; of one that comes twice the later entry counts.
    pub knowledge: Vec<Arc<CheckInfo>>,
    /// What documents say of vulnerabilities in products.
    pub advice: Vec<Arc<Advice>>,
}

impl Scan {
    /// Returns when it ran: by the export, else the day such as `2026-09-28` in the name of its file.
    pub fn stamp(&self) -> Option<Stamp> {
        self.summary
            .run_at
            .or_else(|| date_in_name(&self.file).map(|day| Stamp::Day(day.0)))
    }
}

fn date_in_name(file: &str) -> Option<Date> {
    let name = file.rsplit('/').next()?;
    (0..name.len())
        .filter_map(|start| name.get(start..start + 10))
        .find_map(crate::model::parse_date)
}

/// Reads every export, on all cores; each result stands at the place of its export.
pub fn collect(exports: &[Export]) -> Vec<Result<Scan, ImportError>> {
    collect_with(exports, &Meter::default())
}

/// Reads every export as [`collect`] does, and counts the bytes that are read.
pub fn collect_with(exports: &[Export], meter: &Meter) -> Vec<Result<Scan, ImportError>> {
    let known = KnownChecks::default();
    exports
        .par_iter()
        .map(|export| {
            let mut scan = collect_one(export, meter)?;
            if exports.len() > 1 {
                known.share(&mut scan.checks);
            }
            Ok(scan)
        })
        .collect()
}

/// The checks of exports that are read together: equal ones are kept once.
#[derive(Default)]
struct KnownChecks(Mutex<HashSet<Arc<CheckInfo>, RandomState>>);

impl KnownChecks {
    /// Puts the check that was seen first in the place of each that is equal to it.
    fn share(&self, checks: &mut [Arc<CheckInfo>]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for check in checks {
            if let Some(first) = known.get(check) {
                *check = Arc::clone(first);
            } else {
                known.insert(Arc::clone(check));
            }
        }
    }
}

fn collect_one(export: &Export, meter: &Meter) -> Result<Scan, ImportError> {
    let mut collector = Collector::default();
    let Imported {
        importer,
        summary,
        sha256,
    } = import_with(export.input(), &export.options(), &mut collector, meter)?;
    Ok(Scan {
        file: export.file.clone(),
        source: export.source.clone(),
        is_ad_hoc: export.is_ad_hoc,
        importer,
        sha256,
        absence_means_fixed: None,
        summary,
        hosts: collector.hosts,
        checks: collector.checks,
        sightings: collector.sightings.into_iter().collect(),
        kev: collector.kev,
        epss: collector.epss,
        knowledge: collector.knowledge,
        advice: collector.advice,
    })
}

/// So many texts are looked for among those that were seen; they are forgotten then, and none of them is lost.
const MOST_TEXTS: usize = 1 << 16;

/// Keeps each distinct check once, and a text that comes often; several instances of a check on a host become one
/// sighting.
#[derive(Default)]
struct Collector {
    hosts: Vec<Host>,
    checks: Vec<Arc<CheckInfo>>,
    /// By host.
    sightings: Vec<Vec<Sighting>>,
    kev: Vec<(Arc<str>, KevListing)>,
    epss: Vec<(Arc<str>, f64)>,
    knowledge: Vec<Arc<CheckInfo>>,
    advice: Vec<Arc<Advice>>,
    /// Texts that were seen, so that one which comes again is kept once.
    texts: HashSet<Arc<str>, RandomState>,
    /// Places in `checks`, found by all that a check says: an id may come with as many texts as a file likes.
    known_checks: HashTable<u32>,
    hashes: Vec<u64>,
    hasher: RandomState,
    /// The last sighting of each check: its host, and its place among those of the host.
    latest: Vec<Option<(HostIndex, u32)>>,
    /// The same for every host; filled only when an export comes back to a host that it had left.
    of_host: HashMap<(HostIndex, u32), usize, RandomState>,
    host: Option<HostIndex>,
    comes_back: bool,
    /// The check of each number that an importer gave.
    repeated: Vec<Option<u32>>,
}

impl Collector {
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        if self.texts.len() >= MOST_TEXTS {
            self.texts.clear();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn check(&mut self, observation: &Observation) -> u32 {
        let hash = self.hasher.hash_one(said(observation));
        let is_known = |index: &u32| is_same(&self.checks[*index as usize], observation);
        if let Some(index) = self.known_checks.find(hash, is_known) {
            return *index;
        }
        let info = CheckInfo {
            family: self.text(observation.family),
            id: self.text(&observation.id),
            cves: observation.cves.iter().map(|cve| self.text(cve)).collect(),
            aliases: observation.aliases.iter().map(|alias| self.text(alias)).collect(),
            title: self.text(&observation.title),
            severity_given: self.text(&observation.severity_given),
            severity: observation.severity,
            vectors: observation.vectors.clone(),
            remediation: observation.remediation.as_deref().map(|key| self.text(key)),
            fix_available: observation.fix_available,
            exploit: observation.exploit,
            patch_published: observation.patch_published,
            potential: observation.potential,
        };
        let index = u32::try_from(self.checks.len()).unwrap_or(u32::MAX);
        self.checks.push(Arc::new(info));
        self.hashes.push(hash);
        let hashes = &self.hashes;
        self.known_checks
            .insert_unique(hash, index, |index| hashes[*index as usize]);
        index
    }
}

/// Lists all that an observation says of its check.
fn said(observation: &Observation) -> impl std::hash::Hash {
    let ids = (
        observation.family,
        &*observation.id,
        &*observation.cves,
        &*observation.aliases,
    );
    let rated = (
        &*observation.severity_given,
        observation.severity,
        &*observation.vectors,
    );
    let fix = (
        observation.remediation.as_deref(),
        observation.fix_available,
        observation.patch_published,
    );
    (
        ids,
        rated,
        fix,
        &*observation.title,
        observation.exploit,
        observation.potential,
    )
}

fn is_same(check: &CheckInfo, observation: &Observation) -> bool {
    let same_texts = |kept: &[Arc<str>], seen: &[String]| {
        kept.len() == seen.len() && kept.iter().zip(seen).all(|(kept, seen)| **kept == **seen)
    };
    *check.family == *observation.family
        && *check.severity_given == *observation.severity_given
        && check.severity == observation.severity
        && same_texts(&check.cves, &observation.cves)
        && same_texts(&check.aliases, &observation.aliases)
        && check.remediation.as_deref() == observation.remediation.as_deref()
        && check.fix_available == observation.fix_available
        && check.exploit == observation.exploit
        && check.patch_published == observation.patch_published
        && check.potential == observation.potential
        && check.vectors == observation.vectors
        && *check.title == *observation.title
}

impl Sink for Collector {
    fn host(&mut self, host: &Host) -> HostIndex {
        let index = HostIndex(u32::try_from(self.hosts.len()).unwrap_or(u32::MAX));
        self.hosts.push(host.clone());
        self.sightings.push(Vec::new());
        index
    }

    fn amend(&mut self, index: HostIndex, host: &Host) {
        if let Some(known) = self.hosts.get_mut(index.0 as usize) {
            known.clone_from(host);
        }
    }

    fn same_host(&mut self, index: HostIndex, host: &Host) {
        if let Some(known) = self.hosts.get_mut(index.0 as usize) {
            join(known, host);
        }
    }

    fn observation(&mut self, host: HostIndex, observation: &Observation) {
        let check = self.check(observation);
        self.sighting(host, check, observation);
    }

    fn repeated(&mut self, host: HostIndex, observation: &Observation, number: usize) {
        let check = match self.repeated.get(number).copied().flatten() {
            Some(check) => check,
            None => {
                let check = self.check(observation);
                self.repeated.resize(self.repeated.len().max(number + 1), None);
                self.repeated[number] = Some(check);
                check
            }
        };
        self.sighting(host, check, observation);
    }

    fn kev(&mut self, cve: &str, added: Date, due: Option<Date>) {
        let cve = self.text(cve);
        self.kev.push((cve, KevListing { added, due }));
    }

    fn epss(&mut self, cve: &str, probability: f64) {
        self.epss.push((cve.into(), probability));
    }

    fn knowledge(&mut self, check: CheckInfo) {
        self.knowledge.push(Arc::new(check));
    }

    fn advice(&mut self, advice: Advice) {
        self.advice.push(Arc::new(advice));
    }
}

impl Collector {
    /// Finds the last sighting of a check on a host, among those of the host.
    fn known(&mut self, host: HostIndex, check: u32) -> Option<usize> {
        if self.host != Some(host) {
            self.host = Some(host);
            let is_old = self
                .sightings
                .get(host.0 as usize)
                .is_some_and(|sightings| !sightings.is_empty());
            if is_old && !std::mem::replace(&mut self.comes_back, true) {
                for (host, sightings) in (0..).map(HostIndex).zip(&self.sightings) {
                    let places = sightings.iter().enumerate();
                    self.of_host
                        .extend(places.map(|(place, sighting)| ((host, sighting.check), place)));
                }
            }
        }
        if self.comes_back {
            return self.of_host.get(&(host, check)).copied();
        }
        let latest = self.latest.get(check as usize).copied().flatten();
        latest
            .filter(|(of, _)| *of == host)
            .map(|(_, place)| place as usize)
    }

    /// Keeps what was seen of a check on a host.
    fn sighting(&mut self, host: HostIndex, check: u32, observation: &Observation) {
        let known = self.known(host, check);
        let suppressed = observation.suppressed.as_deref().map(|text| self.text(text));
        let Some(sightings) = self.sightings.get_mut(host.0 as usize) else {
            return;
        };
        if let Some(sighting) = known.and_then(|index| sightings.get_mut(index))
            && sighting.state == observation.state
            && sighting.fingerprint == observation.fingerprint
            && sighting.suppressed == suppressed
        {
            sighting.instances = sighting.instances.saturating_add(1);
            sighting.first_seen = earliest(sighting.first_seen, observation.first_seen);
            sighting.last_seen = latest(sighting.last_seen, observation.last_seen);
            sighting.last_fixed = latest(sighting.last_fixed, observation.last_fixed);
            return;
        }
        let slot = check as usize;
        if self.latest.len() <= slot {
            self.latest.resize(slot + 1, None);
        }
        let place = u32::try_from(sightings.len()).unwrap_or(u32::MAX);
        self.latest[slot] = Some((host, place));
        if self.comes_back {
            self.of_host.insert((host, check), sightings.len());
        }
        sightings.push(Sighting {
            check,
            state: observation.state,
            first_seen: observation.first_seen,
            last_seen: observation.last_seen,
            last_fixed: observation.last_fixed,
            fingerprint: observation.fingerprint,
            instances: 1,
            suppressed,
        });
    }
}

/// Adds what another file of the run says of a host; where they differ the first stands.
fn join(known: &mut Host, other: &Host) {
    let fill = |known: &mut Option<String>, other: &Option<String>| {
        if known.is_none() {
            known.clone_from(other);
        }
    };
    fill(&mut known.fqdn, &other.fqdn);
    fill(&mut known.hostname, &other.hostname);
    fill(&mut known.uuid, &other.uuid);
    fill(&mut known.serial, &other.serial);
    fill(&mut known.agent, &other.agent);
    fill(&mut known.cloud_id, &other.cloud_id);
    fill(&mut known.os, &other.os);
    let lists = [
        (&mut known.ips, &other.ips),
        (&mut known.macs, &other.macs),
        (&mut known.aliases, &other.aliases),
    ];
    for (known, other) in lists {
        for value in other {
            if !known.contains(value) {
                known.push(value.clone());
            }
        }
    }
    if known.status == HostStatus::Unknown {
        known.status = other.status;
    }
    // The host was seen no better than in the file that saw it worst.
    known.quality = [known.quality, other.quality].into_iter().flatten().min();
    known.scanned_at = latest(known.scanned_at, other.scanned_at);
    for (name, value) in &other.fields {
        known.fields.entry(name.clone()).or_insert_with(|| value.clone());
    }
}

fn earliest(one: Option<Stamp>, other: Option<Stamp>) -> Option<Stamp> {
    [one, other]
        .into_iter()
        .flatten()
        .min_by_key(|stamp| Stamp::naive(*stamp))
}

fn latest(one: Option<Stamp>, other: Option<Stamp>) -> Option<Stamp> {
    [one, other]
        .into_iter()
        .flatten()
        .max_by_key(|stamp| Stamp::naive(*stamp))
}
