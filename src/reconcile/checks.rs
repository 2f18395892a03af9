//! Each check of each run: how it is rated and what it means, worked out once however often it is seen.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::alias::Aliases;
use super::runs::Run;
use super::sayings::sayings;
use crate::import::CheckInfo;
use crate::model::{Alias, CvssVector, Said, Severity, best_vector};

/// A check of one observer.
pub(super) struct Rated {
    /// With what its vendor knows of it, where it does not say so itself.
    pub(super) check: Arc<CheckInfo>,
    pub(super) severity: Severity,
    pub(super) vector: Option<CvssVector>,
    /// The scanner's own id with its family.
    pub(super) own: Arc<str>,
    pub(super) observer: Arc<str>,
}

/// A vulnerability that a check means.
pub(super) struct Meaning {
    pub(super) vuln: Arc<str>,
    /// Its place among all vulnerabilities, by name.
    pub(super) place: usize,
    /// Why the check means it.
    pub(super) alias: Option<Alias>,
    /// What the check says of it.
    pub(super) said: Arc<Said>,
}

/// The checks of all runs; what runs of one observer share is rated once.
pub(super) struct Ratings {
    all: Vec<(Rated, Vec<Meaning>)>,
    /// The place of each check of each run in the list.
    of_run: Vec<Vec<usize>>,
}

impl Ratings {
    pub(super) fn new(runs: &[Run<'_>], aliases: &Aliases) -> Self {
        // Runs of the ledger share their checks, and so do files that were read together; the two are alike at most.
        let mut shared: HashMap<(&str, *const CheckInfo), usize, RandomState> = HashMap::default();
        let mut alike: HashMap<(&str, &CheckInfo), usize, RandomState> = HashMap::default();
        let mut all = Vec::new();
        let of_run = runs.iter().map(|run| {
            let observer: Arc<str> = run.observer().into();
            let checks = run.scan.checks.iter().map(|check| {
                let place = shared.entry((run.observer(), Arc::as_ptr(check)));
                *place.or_insert_with(|| {
                    *alike.entry((run.observer(), check)).or_insert_with(|| {
                        all.push(rate(check, run, &observer, aliases));
                        all.len() - 1
                    })
                })
            });
            checks.collect()
        });
        let of_run = of_run.collect();
        number(&mut all);
        Self { all, of_run }
    }

    pub(super) fn get(&self, run: usize, check: usize) -> Option<&(Rated, Vec<Meaning>)> {
        self.all.get(*self.of_run.get(run)?.get(check)?)
    }
}

/// Gives each vulnerability its place by name, so that names are compared once.
fn number(all: &mut [(Rated, Vec<Meaning>)]) {
    let meanings = all.iter().flat_map(|(_, means)| means);
    let mut vulns: Vec<Arc<str>> = meanings.map(|meaning| Arc::clone(&meaning.vuln)).collect();
    vulns.sort_unstable();
    vulns.dedup();
    for meaning in all.iter_mut().flat_map(|(_, means)| means) {
        meaning.place = vulns.partition_point(|vuln| *vuln < meaning.vuln);
    }
}

/// Returns the scanner's own id with its family.
pub(super) fn own_id(check: &CheckInfo) -> Arc<str> {
    format!("{}:{}", check.family, check.id).into()
}

/// Rates by the best vector, else by the Source's map, else by the scanner's own scale; what nobody rates is critical.
fn rate(
    seen: &Arc<CheckInfo>,
    run: &Run<'_>,
    observer: &Arc<str>,
    aliases: &Aliases,
) -> (Rated, Vec<Meaning>) {
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
    let rated = Rated {
        severity: severity.unwrap_or(Severity::Critical),
        vector,
        check,
        own: own_id(seen),
        observer: Arc::clone(observer),
    };
    let means = aliases.of(seen, &rated.own, observer).into_iter();
    let means = means.map(|(vuln, alias)| Meaning {
        said: Arc::new(sayings(&vuln, [(&rated, alias.as_ref())])),
        vuln,
        place: 0,
        alias,
    });
    let means = means.collect();
    (rated, means)
}
