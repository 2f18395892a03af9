//! What all scanners together say of one vulnerability, and what their runs say of it on one host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::checks::Rated;
use super::events::Fanned;
use crate::model::{Alias, Date, Exploit, Fingerprint, ObservationState, Said, Severity};

/// What the runs say of a vulnerability on one host.
#[derive(Clone, Default)]
pub(super) struct OnHost {
    /// Each time that it was rated higher than before, the first rating included; empty where it was rated alike.
    pub(super) rises: Vec<(DateTime<Utc>, Severity)>,
    /// Each time that it was called more exploited than before; empty where nobody does.
    pub(super) exploits: Vec<(DateTime<Utc>, Exploit)>,
    pub(super) instances: u32,
    pub(super) open: OpenResults,
}

/// The fingerprints of the open results in the newest run of each source that lists it.
#[derive(Clone, Default)]
pub(super) enum OpenResults {
    #[default]
    None,
    /// All have the same, or all have none.
    Alike(Option<Fingerprint>),
    Different,
}

impl OpenResults {
    /// Tells whether each open result has a fingerprint.
    pub(super) fn all_are(&self, expected: Option<Fingerprint>) -> bool {
        match self {
            Self::None => true,
            Self::Alike(fingerprint) => fingerprint.is_some() && *fingerprint == expected,
            Self::Different => false,
        }
    }

    fn add(&mut self, fingerprint: Option<Fingerprint>) {
        *self = match self {
            Self::None => Self::Alike(fingerprint),
            Self::Alike(known) if *known == fingerprint => return,
            Self::Alike(_) | Self::Different => Self::Different,
        };
    }
}

/// Joins what checks say of a vulnerability, in their order; of two severities the higher, of two dates the earlier.
pub(super) fn sayings<'r>(
    vuln: &Arc<str>,
    checks: impl IntoIterator<Item = (&'r Rated, Option<&'r Alias>)>,
) -> Said {
    let mut said = Said {
        fix_available: Some(false),
        ..Said::default()
    };
    let (mut aliases, mut observers, mut joined) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (rated, alias) in checks {
        let check = &rated.check;
        if said.severity.is_none_or(|known| rated.severity > known) {
            said.severity = Some(rated.severity);
            said.severity_given = Arc::clone(&check.severity_given);
            said.vector = rated.vector.clone();
            said.title = Arc::clone(&check.title);
        }
        let other_names = check.aliases.iter().chain(std::iter::once(&rated.own));
        aliases.extend(other_names.filter(|name| *name != vuln).cloned());
        said.remediation = said.remediation.take().or_else(|| check.remediation.clone());
        said.fix_available = match (said.fix_available, check.fix_available) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (None, _) | (_, None) => None,
            (Some(false), Some(false)) => Some(false),
        };
        let published = check.patch_published.map(Date);
        said.patch_published = said.patch_published.into_iter().chain(published).min();
        observers.insert(Arc::clone(&rated.observer));
        joined.extend(alias.cloned());
    }
    said.aliases = aliases.into_iter().collect();
    said.observers = observers.into_iter().collect();
    said.joined = joined.into_iter().collect();
    said
}

/// Joins what checks say of the vulnerability of a group; mostly it is one check that says it.
pub(super) fn said_by(group: &[Fanned<'_>], first: &Fanned<'_>) -> Arc<Said> {
    let is_same = |fanned: &Fanned<'_>| std::ptr::eq(fanned.meaning, first.meaning);
    if group.iter().all(is_same) {
        return Arc::clone(&first.meaning.said);
    }
    let checks = group
        .iter()
        .map(|fanned| (fanned.rated, fanned.meaning.alias.as_ref()));
    Arc::new(sayings(&first.meaning.vuln, checks))
}

/// Collects what the runs say of the vulnerability of a group on its host.
pub(super) fn on_host(group: &[Fanned<'_>]) -> OnHost {
    let newest = group.iter().map(|fanned| fanned.run).max();
    let counted = group
        .iter()
        .filter(|fanned| Some(fanned.run) == newest || is_open(fanned));
    OnHost {
        rises: rises(group),
        exploits: exploits(group),
        instances: counted.map(|fanned| fanned.sighting.instances).max().unwrap_or(0),
        open: open_results(group),
    }
}

fn is_open(fanned: &Fanned<'_>) -> bool {
    fanned.sighting.state != ObservationState::Fixed
}

/// Collects what each source last said, where that is not that it is fixed: older results are no longer open.
fn open_results(group: &[Fanned<'_>]) -> OpenResults {
    let mut open = OpenResults::None;
    let mut newest: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    // Of one alone that is known, and they are by far the most.
    if group.len() > 1 {
        for fanned in group {
            let at = newest.entry(&fanned.rated.observer).or_insert(fanned.at);
            *at = (*at).max(fanned.at);
        }
    }
    for fanned in group.iter().filter(|fanned| is_open(fanned)) {
        let newest = newest.get(&*fanned.rated.observer);
        if newest.is_none_or(|newest| *newest == fanned.at) {
            open.add(fanned.sighting.fingerprint);
        }
    }
    open
}

/// Finds the times at which the severity rose, by the runs' own time; nothing but a decision lowers it.
fn rises(group: &[Fanned<'_>]) -> Vec<(DateTime<Utc>, Severity)> {
    let mut rated = group.iter().map(|fanned| fanned.rated.severity);
    let first = rated.next();
    if rated.all(|severity| Some(severity) == first) {
        return Vec::new();
    }
    let steps = steps(group, |fanned| fanned.rated.severity);
    if steps.len() > 1 { steps } else { Vec::new() }
}

/// Finds the times at which runs said more of exploits than before; what an export says now it need not have said
/// before.
fn exploits(group: &[Fanned<'_>]) -> Vec<(DateTime<Utc>, Exploit)> {
    if group
        .iter()
        .all(|fanned| fanned.rated.check.exploit == Exploit::None)
    {
        return Vec::new();
    }
    let mut steps = steps(group, |fanned| fanned.rated.check.exploit);
    steps.retain(|(_, level)| *level > Exploit::None);
    steps
}

/// Keeps what is higher than all before it, by the runs' own time.
fn steps<T: Ord + Copy>(group: &[Fanned<'_>], level: impl Fn(&Fanned<'_>) -> T) -> Vec<(DateTime<Utc>, T)> {
    let mut steps: Vec<(DateTime<Utc>, T)> = group.iter().map(|fanned| (fanned.at, level(fanned))).collect();
    steps.sort_unstable_by_key(|(at, level)| (*at, std::cmp::Reverse(*level)));
    let mut highest = None;
    steps.retain(|(_, level)| {
        let rises = highest.is_none_or(|highest| *level > highest);
        highest = highest.max(Some(*level));
        rises
    });
    steps
}
