//! Findings that an export lists and calls hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decisions::decisions;
use super::{HiddenBy, Naming, Suppressed, SuppressedState, names};
use crate::import::{CheckInfo, Product, Sighting};
use crate::load::Repository;
use crate::model::{AsOf, Disposition, Finding, ObservationState};
use crate::reconcile::alias::Aliases;
use crate::reconcile::checks::own_id;
use crate::reconcile::join::Joined;
use crate::reconcile::register::ImportState;
use crate::reconcile::runs::Run;
use crate::trust::Standings;

/// Where a finding is hidden: the observer, the host and the vulnerability.
type Place<'a> = (&'a str, Arc<str>, Arc<str>);
/// The newest run that hides it, the scanner's own id of it, and why.
type Newest<'a> = BTreeMap<Place<'a>, (usize, Arc<str>, Arc<str>)>;

/// Returns the open findings that the newest run of a Source calls hidden.
pub(in crate::reconcile) fn hidden(
    (repository, standings): (&Repository, &Standings),
    runs: &[Run<'_>],
    joined: &Joined,
    findings: &[Finding],
    as_of: AsOf,
) -> Vec<Suppressed> {
    let newest = newest(runs, joined);
    if newest.is_empty() {
        return Vec::new();
    }
    let open = findings.iter().filter(|finding| finding.closed.is_none());
    let by_place: BTreeMap<(&str, &str), &Finding> = open
        .map(|finding| ((&*finding.host, &*finding.vuln), finding))
        .collect();
    let decisions = decisions(repository, standings, as_of);
    let mut all = Vec::new();
    for ((observer, host, vuln), (run, check, why)) in newest {
        let Some(finding) = by_place.get(&(&*host, &*vuln)) else {
            continue;
        };
        let named: BTreeSet<String> = names(finding).collect();
        let is_decided = is_decided(finding);
        let mut records: BTreeMap<(bool, _), Naming> = BTreeMap::new();
        for (decision, name) in named.iter().filter_map(|name| decisions.get(name)).flatten() {
            let governs = finding
                .coverage
                .as_ref()
                .is_some_and(|one| one.id == *decision.id);
            if is_decided && !governs && !decision.is_fact {
                continue;
            }
            let elsewhere = (!is_decided).then_some("it does not stand for this finding");
            let naming = Naming {
                id: decision.id.clone(),
                name: (*name).to_owned(),
                until: decision.until,
                not_because: decision.not_because.or(elsewhere),
            };
            records
                .entry((naming.not_because.is_some(), naming.id.clone()))
                .or_insert(naming);
        }
        all.push(Suppressed {
            by: HiddenBy::Scanner {
                observer: observer.into(),
                host: Arc::clone(&finding.host),
                system: finding.system.clone(),
                check,
                why,
            },
            file: runs[run].scan.file.as_str().into(),
            id: Some(finding.vuln.to_string()),
            until: None,
            reason: None,
            narrowed_to: Vec::new(),
            state: if is_decided {
                SuppressedState::Covered
            } else {
                SuppressedState::Uncovered
            },
            seen_as: vec![Arc::clone(&finding.vuln)],
            open: 1,
            records: records.into_values().collect(),
        });
    }
    all
}

fn is_decided(finding: &Finding) -> bool {
    let is_removed = matches!(
        finding.disposition,
        Disposition::NotApplicable | Disposition::OutOfScope
    );
    is_removed || finding.disposition.is_by_decision()
}

fn newest<'a>(runs: &'a [Run<'_>], joined: &Joined) -> Newest<'a> {
    let mut newest = Newest::new();
    let mut observers: BTreeSet<&str> = BTreeSet::new();
    let is_used =
        |run: &Run<'_>| run.scan.importer.product == Product::Scan && run.state != ImportState::Ignored;
    for (index, run) in runs.iter().enumerate().filter(|(_, run)| is_used(run)) {
        if run.scan.sightings.iter().any(|(_, one)| one.suppressed.is_some()) {
            observers.insert(run.observer());
        }
        // Most scanners hide nothing; their sightings are not walked.
        if !observers.contains(run.observer()) {
            continue;
        }
        let placed = &joined.placed[index];
        for (host, sighting) in run.scan.sightings.iter() {
            let host = placed.get(host.0 as usize).copied().flatten();
            let check = run.scan.checks.get(sighting.check as usize);
            // A run that is not whole ends nothing: what it calls fixed may be open in what is missing.
            let is_heard = run.is_whole() || sighting.state != ObservationState::Fixed;
            if let (Some(host), Some(check), true) = (host, check, is_heard) {
                let host = &joined.identities.hosts[host].id;
                let observer = (run.observer(), index);
                note(&mut newest, observer, host, (check, &joined.aliases), sighting);
            }
        }
    }
    newest
}

/// Notes what one sighting says of each of its vulnerabilities.
fn note<'a>(
    newest: &mut Newest<'a>,
    (observer, run): (&'a str, usize),
    host: &Arc<str>,
    (check, aliases): (&CheckInfo, &Aliases),
    sighting: &Sighting,
) {
    let own = own_id(check);
    for (vuln, _) in aliases.of(check, &own, &observer.into()) {
        let place = (observer, Arc::clone(host), vuln);
        match &sighting.suppressed {
            Some(why) if sighting.state != ObservationState::Fixed => {
                newest.insert(place, (run, Arc::clone(&own), Arc::clone(why)));
            }
            // What a run hides in one place stays hidden there; a newer run that shows it ends that.
            Some(_) | None => {
                if newest.get(&place).is_some_and(|(other, ..)| *other < run) {
                    newest.remove(&place);
                }
            }
        }
    }
}
