//! What all scanners together say of one vulnerability on one host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::join::Fanned;
use super::runs::Run;
use crate::model::{Alias, CvssVector, Date, Exploit, ObservationState, Severity};

/// What all scanners together say of a vulnerability on a host.
#[derive(Clone, Default)]
pub(super) struct Sayings {
    pub(super) aliases: Vec<Arc<str>>,
    /// How each scanner's id came to mean it.
    pub(super) joined: Arc<[Alias]>,
    pub(super) title: Arc<str>,
    pub(super) remediation: Option<Arc<str>>,
    pub(super) severity: Option<Severity>,
    /// Each time that it was rated higher than before, the first rating included; empty where it was rated alike.
    pub(super) rises: Vec<(DateTime<Utc>, Severity)>,
    pub(super) severity_given: Arc<str>,
    pub(super) vector: Option<CvssVector>,
    pub(super) fix_available: Option<bool>,
    /// Each time that it was called more exploited than before; empty where nobody does.
    pub(super) exploits: Vec<(DateTime<Utc>, Exploit)>,
    pub(super) patch_published: Option<Date>,
    pub(super) observers: Vec<Arc<str>>,
    pub(super) instances: u32,
    /// Of each open result in the newest run of each source that lists it.
    pub(super) fingerprints: Vec<Option<Arc<str>>>,
}

/// Joins what all scanners say; of two severities the higher, of two dates the earlier.
pub(super) fn sayings(group: &[Fanned<'_>]) -> Sayings {
    let mut said = Sayings {
        fix_available: Some(false),
        ..Sayings::default()
    };
    let newest = group.iter().map(|fanned| fanned.run).max();
    for fanned in group {
        let (check, rated) = (fanned.check, &fanned.rated);
        if said.severity.is_none_or(|known| rated.severity > known) {
            said.severity = Some(rated.severity);
            said.severity_given = Arc::clone(&check.severity_given);
            said.vector = rated.vector.clone();
            said.title = Arc::clone(&check.title);
        }
        let other_names = check.aliases.iter().chain(std::iter::once(&rated.own));
        said.aliases
            .extend(other_names.filter(|name| **name != fanned.vuln).cloned());
        said.remediation = said.remediation.take().or_else(|| check.remediation.clone());
        said.fix_available = match (said.fix_available, check.fix_available) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (None, _) | (_, None) => None,
            (Some(false), Some(false)) => Some(false),
        };
        let published = check.patch_published.map(Date);
        said.patch_published = said.patch_published.into_iter().chain(published).min();
        said.observers.push(Arc::clone(&rated.observer));
        let is_open = fanned.sighting.state != ObservationState::Fixed;
        if Some(fanned.run) == newest || is_open {
            said.instances = said.instances.max(fanned.sighting.instances);
        }
    }
    let means = group.iter().flat_map(|fanned| &fanned.rated.means);
    let of_it = means.filter(|(vuln, _)| group.first().is_some_and(|first| first.vuln == *vuln));
    let joined: BTreeSet<&Alias> = of_it.filter_map(|(_, alias)| alias.as_ref()).collect();
    said.joined = joined.into_iter().cloned().collect();
    for names in [&mut said.aliases, &mut said.observers] {
        names.sort();
        names.dedup();
    }
    said
}

/// Collects what each source last said, where that is not that it is fixed: older results are no longer open.
pub(super) fn open_fingerprints(group: &[Fanned<'_>], runs: &[Run<'_>]) -> Vec<Option<Arc<str>>> {
    let looked_at = |fanned: &Fanned<'_>| {
        let run = &runs[fanned.run];
        run.host_at(&run.scan.hosts[fanned.place.0 as usize])
    };
    let is_open = |fanned: &Fanned<'_>| fanned.sighting.state != ObservationState::Fixed;
    if let [only] = group {
        // By far the most.
        return Vec::from_iter(is_open(only).then(|| only.sighting.fingerprint.clone()));
    }
    let mut newest: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for fanned in group {
        let at = newest.entry(&fanned.rated.observer).or_insert(looked_at(fanned));
        *at = (*at).max(looked_at(fanned));
    }
    group
        .iter()
        .filter(|fanned| newest.get(&*fanned.rated.observer) == Some(&looked_at(fanned)))
        .filter(|fanned| is_open(fanned))
        .map(|fanned| fanned.sighting.fingerprint.clone())
        .collect()
}

/// Finds the times at which the severity rose, by the runs' own time; nothing but a decision lowers it.
pub(super) fn rises(group: &[Fanned<'_>], runs: &[Run<'_>]) -> Vec<(DateTime<Utc>, Severity)> {
    let mut rated = group.iter().map(|fanned| fanned.rated.severity);
    let first = rated.next();
    if rated.all(|severity| Some(severity) == first) {
        return Vec::new();
    }
    let steps = steps(group, runs, |fanned| fanned.rated.severity);
    if steps.len() > 1 { steps } else { Vec::new() }
}

/// Finds the times at which runs said more of exploits than before; what an export says now it need not have said
/// before.
pub(super) fn exploits(group: &[Fanned<'_>], runs: &[Run<'_>]) -> Vec<(DateTime<Utc>, Exploit)> {
    if group.iter().all(|fanned| fanned.check.exploit == Exploit::None) {
        return Vec::new();
    }
    let mut steps = steps(group, runs, |fanned| fanned.check.exploit);
    steps.retain(|(_, level)| *level > Exploit::None);
    steps
}

/// Keeps what is higher than all before it, by the runs' own time.
fn steps<T: Ord + Copy>(
    group: &[Fanned<'_>],
    runs: &[Run<'_>],
    level: impl Fn(&Fanned<'_>) -> T,
) -> Vec<(DateTime<Utc>, T)> {
    let mut steps: Vec<(DateTime<Utc>, T)> = group
        .iter()
        .map(|fanned| {
            let run = &runs[fanned.run];
            let host = &run.scan.hosts[fanned.place.0 as usize];
            (run.host_at(host), level(fanned))
        })
        .collect();
    steps.sort_unstable_by_key(|(at, level)| (*at, std::cmp::Reverse(*level)));
    let mut highest = None;
    steps.retain(|(_, level)| {
        let rises = highest.is_none_or(|highest| *level > highest);
        highest = highest.max(Some(*level));
        rises
    });
    steps
}
