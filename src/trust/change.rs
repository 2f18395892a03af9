//! What a pull request changes, and the base branch that judges it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::standing::CONFIGURATION_ID;
use crate::load::{ALLOWED_SIGNERS, CONFIGURATION, REVOKED, Repository};
use crate::model::{RecordId, ReferenceSort};

/// What became of a path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PathChangeKind {
    Added,
    Removed,
    Modified,
}

/// A path that differs between a merge base and the change.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ChangedPath {
    /// Relative to the governed root.
    pub path: Arc<str>,
    pub kind: PathChangeKind,
}

/// A change and the state of the base branch by which it is judged.
#[derive(Debug)]
pub struct Change {
    /// The revision as it was named, such as `origin/main`.
    pub base_name: String,
    /// The commit at the tip of the base, in full.
    pub base_commit: String,
    /// The records at the tip of the base: whose keys, roles, matrix and configuration are believed.
    pub base: Repository,
    /// The merge bases, in full: where the change left the base.
    pub merge_bases: Vec<String>,
    /// The records at each merge base, in the same order: what the change started from.
    pub before: Vec<Repository>,
    /// What differs from any of the merge bases, by path.
    pub paths: Vec<ChangedPath>,
}

impl Change {
    /// Returns the states of the base that a change is compared with: its tip, and each merge base that is another.
    pub fn base_states(&self) -> impl Iterator<Item = &Repository> {
        let starts = self.merge_bases.iter().zip(&self.before);
        let others = starts.filter(|(commit, _)| **commit != self.base_commit);
        std::iter::once(&self.base).chain(others.map(|(_, before)| before))
    }

    /// Returns the records that the change touches, `compliance` for the configuration and the files beside it.
    pub fn subjects(&self, after: &Repository) -> BTreeSet<RecordId> {
        let mut subjects = BTreeSet::new();
        for changed in &self.paths {
            let path = &*changed.path;
            let here = |repository: &Repository| -> Vec<RecordId> {
                let names = |meta: &&crate::model::Meta| {
                    let names_file = meta
                        .references
                        .iter()
                        .any(|reference| reference.sort == ReferenceSort::File && *reference.text == *path);
                    *meta.path == *path || names_file
                };
                repository
                    .records()
                    .filter(names)
                    .map(|meta| meta.id.value.clone())
                    .collect()
            };
            subjects.extend(here(after));
            for before in &self.before {
                subjects.extend(here(before));
            }
            if is_configuration(path) {
                subjects.extend(RecordId::new(CONFIGURATION_ID));
            }
        }
        subjects
    }

    /// Tells whether a path is one that says how everything is judged or shown, the keyring aside.
    pub fn is_guarded(path: &str) -> bool {
        is_configuration(path)
    }

    /// Tells whether a path belongs to the keyring.
    pub fn is_keyring(path: &str) -> bool {
        path == ALLOWED_SIGNERS || path == REVOKED || path.starts_with("keyring/")
    }
}

fn is_configuration(path: &str) -> bool {
    path == CONFIGURATION
        || ["schemas/", "templates/", ".github/", ".gitlab/"]
            .iter()
            .any(|folder| path.starts_with(folder))
        || matches!(
            path,
            ".gitlab-ci.yml" | "CODEOWNERS" | "docs/CODEOWNERS" | ".gitattributes"
        )
}
