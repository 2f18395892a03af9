//! What vendors know of their checks: it is joined to sightings that name no CVE, such as those of a host detection.
//!
//! A sighting keeps what it says itself. Of exploits nothing is taken over, since a knowledge base does not say
//! since when they are known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::checks::own_id;
use super::runs::Run;
use crate::import::{CheckInfo, Product};

/// The newest entry of each check that is seen without a CVE.
#[derive(Default)]
pub(super) struct Knowledge(BTreeMap<Arc<str>, Known>);

/// What is known of a check, and by whom.
pub(super) struct Known {
    pub(super) check: Arc<CheckInfo>,
    pub(super) observer: Arc<str>,
}

impl Knowledge {
    /// Collects the entries of the wanted checks, whose ids are in upper case; of two the one of the later run counts.
    pub(super) fn new<'a>(runs: impl Iterator<Item = &'a Run<'a>>, wanted: &BTreeSet<String>) -> Self {
        let mut all = BTreeMap::new();
        for run in runs.filter(|run| run.scan.importer.product == Product::Knowledge) {
            let observer: Arc<str> = run.observer().into();
            for check in &run.scan.knowledge {
                let id = own_id(check);
                if wanted.contains(&id.to_uppercase()) {
                    let known = Known {
                        check: Arc::clone(check),
                        observer: Arc::clone(&observer),
                    };
                    all.insert(id, known);
                }
            }
        }
        Self(all)
    }

    /// Returns what is known of a check by its id with its family.
    pub(super) fn of(&self, own: &str) -> Option<&Known> {
        self.0.get(own)
    }

    /// Fills in what a check that names no CVE does not say itself.
    pub(super) fn informed(&self, check: &Arc<CheckInfo>) -> Arc<CheckInfo> {
        let known = Some(check).filter(|check| check.cves.is_empty());
        let Some(known) = known.and_then(|check| self.of(&own_id(check))) else {
            return Arc::clone(check);
        };
        let known = &known.check;
        let mut informed = CheckInfo::clone(check);
        if informed.title.is_empty() {
            informed.title = Arc::clone(&known.title);
        }
        if informed.severity_given.is_empty() {
            informed.severity_given = Arc::clone(&known.severity_given);
            informed.severity = known.severity;
        }
        if informed.vectors.is_empty() {
            informed.vectors.clone_from(&known.vectors);
        }
        informed.remediation = informed.remediation.or_else(|| known.remediation.clone());
        informed.fix_available = informed.fix_available.or(known.fix_available);
        informed.patch_published = informed.patch_published.or(known.patch_published);
        Arc::new(informed)
    }
}
