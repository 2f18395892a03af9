//! What advisories say of software that Systems list, beside what scanners found.
//!
//! An advisory is the weakest ground there is: nobody looked. What no scanner has found stands in a list of its own,
//! without a clock, and in no figure; what a scanner has found is never closed by it. Source: reconciliation
//! semantics, quality order.

mod product;
mod statements;
mod version;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use self::product::{Listed, names_of};
pub(super) use self::statements::Vex;
pub use self::statements::VexStatement;
pub use self::version::VersionMatch;
use super::ByVuln;
use super::alias::plain_names;
use super::join::Life;
use super::register::{HostRow, ImportState};
use super::runs::Run;
use crate::import::{KevListing, Product};
use crate::load::Repository;
use crate::model::{
    Advice, AsOf, Claim, ClaimStatus, CvssVector, Date, RecordId, Remedy, Severity, Software, SystemState,
};

/// A vulnerability in software that a System lists, by the word of an advisory alone.
#[derive(Clone, PartialEq, Debug)]
pub struct WatchRow {
    pub system: RecordId,
    /// A CVE where the advisory names one.
    pub vuln: Arc<str>,
    pub aliases: Vec<Arc<str>>,
    pub title: Arc<str>,
    /// As the System lists it, with its version.
    pub software: Arc<str>,
    /// As the advisory names it.
    pub product: Arc<str>,
    pub version: VersionMatch,
    pub status: ClaimStatus,
    /// By the gravest vector of the advisory, else by its publisher's word; `None` where it has neither.
    pub severity: Option<Severity>,
    pub kev: Option<Date>,
    pub epss: Option<f64>,
    pub said: WhoSaid,
    /// What its publisher says is to be done.
    pub remedies: Vec<Remedy>,
    /// What else a reader must know, in sentences.
    pub notes: Vec<Arc<str>>,
}

/// Puts rows in the order in which people read them, the gravest first.
pub fn by_urgency(rows: &[WatchRow]) -> Vec<&WatchRow> {
    let mut rows: Vec<&WatchRow> = rows.iter().collect();
    rows.sort_by(|one, other| {
        let urgency = |row: &WatchRow| (row.kev.is_none(), std::cmp::Reverse(row.severity), row.status);
        let by_urgency = urgency(one).cmp(&urgency(other));
        by_urgency.then_with(|| (&one.system, &one.vuln).cmp(&(&other.system, &other.vuln)))
    });
    rows
}

/// Who says something, when, and in which import.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct WhoSaid {
    pub publisher: Arc<str>,
    /// The document's own id.
    pub document: Arc<str>,
    pub at: DateTime<Utc>,
    /// The id of the Source, else the format.
    pub observer: Arc<str>,
    pub file: Arc<str>,
}

/// One claim of the newest version of a document, with the entry that it stands in.
pub(super) struct Spoken<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) advice: &'a Advice,
    pub(super) claim: &'a Claim,
    pub(super) at: DateTime<Utc>,
    /// The name under which all documents speak of the vulnerability.
    pub(super) vuln: Arc<str>,
}

impl Spoken<'_> {
    fn said(&self) -> WhoSaid {
        let document = &self.advice.document;
        WhoSaid {
            publisher: document.publisher.as_str().into(),
            document: document.id.as_str().into(),
            at: self.at,
            observer: self.run.observer().into(),
            file: self.run.scan.file.as_str().into(),
        }
    }
}

/// Returns what is said at as-of: of a document its newest version, of one product and vulnerability the last word of
/// one publisher, and of two at one moment the graver.
pub(super) fn spoken<'a>(runs: &'a [Run<'a>], as_of: AsOf) -> Vec<Spoken<'a>> {
    let newest = newest(runs, as_of);
    let names = common_names(newest.iter().map(|(_, advice, _)| *advice));
    let mut last: BTreeMap<(&str, &str, Arc<str>, &str), Spoken<'a>> = BTreeMap::new();
    for (run, advice, issued) in newest {
        let own = advice.name().to_lowercase();
        let vuln = names.get(&own).cloned().unwrap_or_else(|| advice.name().into());
        for claim in &advice.claims {
            let at = claim.at.unwrap_or(issued);
            if at > as_of.instant() {
                continue;
            }
            let key = (
                run.observer(),
                advice.document.publisher.as_str(),
                Arc::clone(&vuln),
                claim.product.text.as_str(),
            );
            let stands = last
                .get(&key)
                .is_some_and(|known| known.at > at || known.at == at && known.claim.status <= claim.status);
            if !stands {
                let vuln = Arc::clone(&vuln);
                let spoken = Spoken {
                    run,
                    advice,
                    claim,
                    at,
                    vuln,
                };
                last.insert(key, spoken);
            }
        }
    }
    last.into_values().collect()
}

type Entry<'a> = (&'a Run<'a>, &'a Advice, DateTime<Utc>);
/// When a version of a document came out and when it was brought, and its entries.
type Version<'a> = (DateTime<Utc>, DateTime<Utc>, Vec<Entry<'a>>);

/// Returns the entries of the newest version of each document, by Source and document.
fn newest<'a>(runs: &'a [Run<'a>], as_of: AsOf) -> Vec<Entry<'a>> {
    let mut documents: BTreeMap<(&str, &str, &str), Version<'a>> = BTreeMap::new();
    let is_used = |run: &&Run<'_>| {
        run.scan.importer.product == Product::Advisories && run.state != ImportState::Ignored
    };
    for run in runs.iter().filter(is_used) {
        for advice in &run.scan.advice {
            let document = &advice.document;
            let issued = document.issued.unwrap_or(run.at);
            if issued > as_of.instant() {
                continue;
            }
            let key = (run.observer(), document.publisher.as_str(), document.id.as_str());
            let known = documents
                .entry(key)
                .or_insert_with(|| (issued, run.at, Vec::new()));
            if (issued, run.at) > (known.0, known.1) {
                *known = (issued, run.at, Vec::new());
            }
            // The same version of a document that came twice says the same twice.
            if (issued, run.at) == (known.0, known.1) {
                known.2.push((run, advice, issued));
            }
        }
    }
    documents
        .into_values()
        .flat_map(|(_, _, entries)| entries)
        .collect()
}

/// Names each further id by the CVE that some document gives beside it, in lower case.
fn common_names<'a>(all: impl Iterator<Item = &'a Advice>) -> HashMap<String, Arc<str>> {
    let mut names: HashMap<String, Arc<str>> = HashMap::new();
    for advice in all {
        if let [cve] = advice.cves.as_slice() {
            for alias in &advice.aliases {
                names
                    .entry(alias.to_lowercase())
                    .or_insert_with(|| cve.as_str().into());
            }
        }
    }
    names
}

/// What the rows are made from.
pub(super) struct Ground<'a> {
    pub(super) repository: &'a Repository,
    pub(super) kev: &'a ByVuln<'a, KevListing>,
    pub(super) epss: &'a ByVuln<'a, f64>,
    /// What scanners found.
    pub(super) found: &'a Found,
}

/// Since when each vulnerability that a scanner ever found on a System is closed; `None` while it is open somewhere.
#[derive(Default)]
pub(super) struct Found(HashMap<(RecordId, String), Option<DateTime<Utc>>>);

impl Found {
    /// Collects the lives of every System's hosts.
    pub(super) fn of(of_hosts: &[(&HostRow, &[Life])]) -> Self {
        let mut found: HashMap<(RecordId, String), Option<DateTime<Utc>>> = HashMap::new();
        let lives = of_hosts.iter();
        for (life, host) in lives.flat_map(|(host, lives)| lives.iter().map(move |life| (life, host))) {
            let closed = life.episode.closed;
            for system in &host.claims {
                for name in plain_names(&life.vuln, &life.said.aliases) {
                    let known = found.entry((system.clone(), name)).or_insert(closed);
                    *known = match (*known, closed) {
                        (Some(one), Some(other)) => Some(one.max(other)),
                        (None, _) | (_, None) => None,
                    };
                }
            }
        }
        Self(found)
    }

    /// Tells since when a vulnerability is closed on a System; `None` where no scanner ever found it there.
    fn closed(&self, system: &RecordId, names: &BTreeSet<String>) -> Option<Option<DateTime<Utc>>> {
        let lives = names
            .iter()
            .filter_map(|name| self.0.get(&(system.clone(), name.clone())));
        lives.copied().reduce(|one, other| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (None, _) | (_, None) => None,
        })
    }
}

/// Lists what advisories say of listed software and no scanner has found, by System, vulnerability and software.
pub(super) fn watch_list(ground: &Ground<'_>, spoken: &[Spoken<'_>]) -> Vec<WatchRow> {
    let by_name = by_name(spoken);
    let mut rows = Vec::new();
    for system in &ground.repository.systems {
        let is_gone = system.spec.state == Some(SystemState::Retired);
        if !system.meta.is_live() || is_gone {
            continue;
        }
        for software in &system.spec.software {
            let listed = Listed::new(software);
            let mut matched: BTreeMap<&Arc<str>, Vec<Matched<'_>>> = BTreeMap::new();
            for one in candidates(&listed, spoken, &by_name) {
                if let Some(version) = listed.matched(&one.claim.product) {
                    let matched = matched.entry(&one.vuln).or_default();
                    matched.push(Matched { version, one });
                }
            }
            let of_software = matched.into_values();
            rows.extend(of_software.filter_map(|matched| row(ground, (system.id(), software), matched)));
        }
    }
    rows.sort_by(|one, other| {
        (&one.system, &one.vuln, &one.software).cmp(&(&other.system, &other.vuln, &other.software))
    });
    rows
}

/// A claim about listed software.
struct Matched<'m> {
    version: VersionMatch,
    one: &'m Spoken<'m>,
}

/// The places of the claims, by every name of their products.
type ByName = HashMap<String, Vec<usize>>;

fn by_name(spoken: &[Spoken<'_>]) -> ByName {
    let mut places = ByName::new();
    // Many claims are about one product, which is taken apart once.
    let mut known: HashMap<*const crate::model::AdvisoryProduct, BTreeSet<String>> = HashMap::new();
    for (place, one) in spoken.iter().enumerate() {
        let names = known
            .entry(Arc::as_ptr(&one.claim.product))
            .or_insert_with(|| names_of(&one.claim.product));
        for name in names.iter() {
            match places.get_mut(name) {
                Some(places) => places.push(place),
                None => {
                    places.insert(name.clone(), vec![place]);
                }
            }
        }
    }
    places
}

fn candidates<'m>(
    listed: &Listed,
    spoken: &'m [Spoken<'m>],
    by_name: &ByName,
) -> impl Iterator<Item = &'m Spoken<'m>> + use<'m> {
    let places = listed.names().filter_map(|name| by_name.get(name)).flatten();
    let places: BTreeSet<usize> = places.copied().collect();
    places.into_iter().filter_map(|place| spoken.get(place))
}

/// Makes the row of software on a System and a vulnerability of the gravest and surest claim; what else is said stands in notes.
fn row(
    ground: &Ground<'_>,
    (system, software): (&RecordId, &Software),
    mut matched: Vec<Matched<'_>>,
) -> Option<WatchRow> {
    matched.sort_by_key(|one| {
        let claim = one.one.claim;
        (
            claim.status,
            one.version,
            std::cmp::Reverse(one.one.at),
            one.one.said(),
        )
    });
    let best = matched
        .first()
        .filter(|best| best.one.claim.status.is_suspect())?;
    let (one, advice) = (best.one, best.one.advice);
    let names: BTreeSet<String> = matched
        .iter()
        .flat_map(|one| one.one.advice.names())
        .map(str::to_lowercase)
        .collect();
    let mut notes = Vec::new();
    match ground.found.closed(system, &names) {
        None => {}
        Some(None) => return None,
        Some(Some(closed)) if closed >= one.at => return None,
        Some(Some(_)) => notes.push("a scanner found it and called it gone before this was said".into()),
    }
    if best.version == VersionMatch::NotCompared {
        notes.push("version not compared".into());
    }
    let others = matched.iter().skip(1).filter(|other| {
        let is_other = other.one.advice.document.id != advice.document.id;
        is_other || !other.one.claim.status.is_suspect()
    });
    let others: BTreeSet<String> = others.map(|other| statements::sentence(other.one)).collect();
    notes.extend(others.into_iter().map(Arc::from));
    let all = || std::iter::once(&*one.vuln).chain(advice.cves.iter().map(String::as_str));
    let remedies = one.claim.remedies.iter();
    Some(WatchRow {
        system: system.clone(),
        vuln: Arc::clone(&one.vuln),
        aliases: advice
            .names()
            .filter(|name| **name != *one.vuln)
            .map(Arc::from)
            .collect(),
        title: advice_title(advice).into(),
        software: written(software).into(),
        product: one.claim.product.text.as_str().into(),
        version: best.version,
        status: one.claim.status,
        severity: severity(advice),
        kev: all()
            .filter_map(|name| ground.kev.get(name))
            .map(|listing| listing.added)
            .min(),
        epss: all()
            .filter_map(|name| ground.epss.get(name))
            .copied()
            .reduce(f64::max),
        said: one.said(),
        remedies: remedies
            .filter_map(|place| advice.remedies.get(*place as usize).cloned())
            .collect(),
        notes,
    })
}

fn advice_title(advice: &Advice) -> &str {
    if advice.title.is_empty() {
        &advice.document.title
    } else {
        &advice.title
    }
}

fn written(software: &Software) -> String {
    match &software.version {
        Some(version) => format!("{} {version}", software.product),
        None => software.product.clone(),
    }
}

/// The gravest vector counts, of whichever product: strictest wins.
fn severity(advice: &Advice) -> Option<Severity> {
    let vectors = advice.vectors.iter().filter_map(|text| CvssVector::parse(text));
    let gravest = vectors.filter_map(|vector| vector.base_severity()).max();
    gravest.or_else(|| advice.severity_of_document())
}
