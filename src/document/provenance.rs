//! Where a document comes from, as far as the register does not know it.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Level};
use crate::model::RecordId;
use crate::trust::Life;

/// Where a document comes from, as far as the register does not know it.
#[derive(Clone, Debug)]
pub struct Provenance<'a> {
    /// The full hash; `None` outside git.
    pub commit: Option<String>,
    /// Whether the files that were read differ from the commit.
    pub modified: bool,
    /// The digest of the tree, as `source::Tree::digest` computes it.
    pub tree_digest: String,
    /// The SHA-256 of `compliance.yaml`; `None` where there is none, and the defaults hold.
    pub config_digest: Option<String>,
    pub tool_version: String,
    /// The digest of all rules, as `check::rule_set_digest` computes it.
    pub rule_set_digest: String,
    /// What the rules say, in their order.
    pub diagnostics: &'a [Diagnostic],
    /// What git tells of each record, where somebody asked for it.
    pub lives: Option<Lives<'a>>,
    /// Whether pages come from a server of ours, and ask it for newer ones.
    pub is_live: bool,
    /// Whether the calendar of what ends is laid beside the portal, at [`super::CALENDAR`].
    pub has_calendar: bool,
}

/// What git tells of records.
#[derive(Clone, Debug)]
pub struct Lives<'a> {
    pub by_id: BTreeMap<RecordId, Life<'a>>,
    /// Whether the clone lacks old commits.
    pub is_shallow: bool,
}

impl Provenance<'_> {
    /// Counts the diagnostics of a level.
    pub fn count(&self, level: Level) -> usize {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.level == level)
            .count()
    }
}
