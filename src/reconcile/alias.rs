//! Ids that mean one vulnerability: by the exports, which name a CVE beside an id of their own or of an advisory, and
//! by the tables of Sources.
//!
//! A row that names CVEs is those CVEs. One that names none is looked up, first in the tables, then in what the
//! vendor of its scanner knows of it, then in what all exports say of its ids: an advisory with several CVEs is as
//! many findings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::knowledge::Knowledge;
use super::runs::Run;
use crate::import::CheckInfo;
use crate::load::Repository;
use crate::model::{Alias, AliasBy, RecordId};

/// An id that stands for more CVEs than this is a collection, not a name.
const MOST_CVES: usize = 1_000;

/// Every id that is known to mean another.
#[derive(Default)]
pub(super) struct Aliases {
    /// By the scanner's id with its family: the name, and the Source whose table says so.
    by_record: BTreeMap<String, (Arc<str>, RecordId)>,
    /// By an id in upper case: its CVEs, each with the first observer by name that says so.
    by_export: BTreeMap<String, BTreeMap<Arc<str>, Arc<str>>>,
    pub(super) knowledge: Knowledge,
}

impl Aliases {
    /// Collects the tables of the Sources in use, by their id, and what the runs say; their order means nothing.
    pub(super) fn new<'a>(repository: &Repository, runs: impl Iterator<Item = &'a Run<'a>>) -> Self {
        let mut all = Self::default();
        for source in repository.tools.iter().filter(|source| source.meta.is_live()) {
            for (id, name) in &source.spec.alias {
                let said = (Arc::from(folded(name)), source.id().clone());
                all.by_record.entry(id.to_uppercase()).or_insert(said);
            }
        }
        let runs: Vec<&Run<'_>> = runs.collect();
        let unnamed = wanted(&runs);
        if unnamed.is_empty() {
            return all;
        }
        all.knowledge = Knowledge::new(runs.iter().copied(), &unnamed);
        for run in runs {
            let observer: Arc<str> = run.observer().into();
            for check in run.scan.checks.iter().filter(|check| !check.cves.is_empty()) {
                for id in ids_of(check).chain(check.remediation.iter().map(|key| key.to_uppercase())) {
                    if unnamed.contains(&id) {
                        all.learn(id, check, &observer);
                    }
                }
            }
        }
        all
    }

    fn learn(&mut self, id: String, check: &CheckInfo, observer: &Arc<str>) {
        let cves = self.by_export.entry(id).or_default();
        for cve in check.cves.iter().take(MOST_CVES) {
            let by = cves
                .entry(Arc::clone(cve))
                .or_insert_with(|| Arc::clone(observer));
            if observer < by {
                *by = Arc::clone(observer);
            }
        }
    }

    /// Returns the vulnerabilities that a check finds, each with how its own id came to mean it.
    pub(super) fn of(
        &self,
        check: &CheckInfo,
        own: &Arc<str>,
        observer: &Arc<str>,
    ) -> Vec<(Arc<str>, Option<Alias>)> {
        let alias = |by: AliasBy, through: Option<Arc<str>>| {
            Some(Alias {
                id: Arc::clone(own),
                through,
                by,
            })
        };
        if !check.cves.is_empty() {
            let by = || alias(AliasBy::Export(Arc::clone(observer)), None);
            return check.cves.iter().map(|cve| (Arc::clone(cve), by())).collect();
        }
        if let Some((name, source)) = self.by_record.get(&own.to_uppercase()) {
            return vec![(Arc::clone(name), alias(AliasBy::Record(source.clone()), None))];
        }
        if let Some(known) = self
            .knowledge
            .of(own)
            .filter(|known| !known.check.cves.is_empty())
        {
            let by = || alias(AliasBy::Export(Arc::clone(&known.observer)), None);
            return known
                .check
                .cves
                .iter()
                .map(|cve| (Arc::clone(cve), by()))
                .collect();
        }
        let mut found: BTreeMap<Arc<str>, Option<Alias>> = BTreeMap::new();
        for id in ids_of(check) {
            let cves = self.by_export.get(&id).filter(|cves| cves.len() <= MOST_CVES);
            for (cve, by) in cves.into_iter().flatten() {
                let through = (id != own.to_uppercase()).then(|| Arc::from(id.as_str()));
                found
                    .entry(Arc::clone(cve))
                    .or_insert_with(|| alias(AliasBy::Export(Arc::clone(by)), through));
            }
        }
        if found.is_empty() {
            return vec![(Arc::clone(own), None)];
        }
        found.into_iter().collect()
    }
}

/// The ids of all checks that name no CVE.
fn wanted(runs: &[&Run<'_>]) -> BTreeSet<String> {
    let checks = runs.iter().flat_map(|run| &run.scan.checks);
    checks
        .filter(|check| check.cves.is_empty())
        .flat_map(|check| ids_of(check))
        .collect()
}

/// The scanner's id with its family, without it where it is an advisory's, and the other ids that it gives.
fn ids_of(check: &CheckInfo) -> impl Iterator<Item = String> {
    let own = format!("{}:{}", check.family, check.id).to_uppercase();
    // A number alone, such as a plugin's, means something only with its family.
    let bare = (!check.id.bytes().all(|byte| byte.is_ascii_digit())).then(|| check.id.to_uppercase());
    let aliases = check.aliases.iter().map(|alias| alias.to_uppercase());
    std::iter::once(own).chain(bare).chain(aliases)
}

/// A CVE is written in upper case; another name as the table has it.
fn folded(name: &str) -> String {
    let upper = name.to_uppercase();
    if upper.starts_with("CVE-") {
        upper
    } else {
        name.to_owned()
    }
}

/// Returns the names of a vulnerability in lower case, a scanner's own advisory with and without its family.
pub(super) fn plain_names<'n>(
    vuln: &'n Arc<str>,
    aliases: &'n [Arc<str>],
) -> impl Iterator<Item = String> + 'n {
    std::iter::once(vuln).chain(aliases).flat_map(|name| {
        let name = name.to_lowercase();
        let bare = name.split_once(':').map(|(_, rest)| rest.to_owned());
        // `qualys:38173` is a number of Qualys only; `trivy:ghsa-…` is an advisory of everybody.
        let bare = bare.filter(|rest| rest.contains('-'));
        std::iter::once(name).chain(bare)
    })
}
