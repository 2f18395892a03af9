//! What a pull request changes, and the base branch that judges it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::canonical::digest;
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

    /// Returns the records whose content the change touches, `compliance` for the configuration and the files
    /// beside it.
    ///
    /// A record is touched, too, where a file that it names is; what approvals leave out touches nothing.
    pub fn subjects(&self, after: &Repository) -> BTreeSet<RecordId> {
        let paths: BTreeSet<&str> = self.paths.iter().map(|changed| &*changed.path).collect();
        let mut subjects = BTreeSet::new();
        for repository in std::iter::once(after).chain(&self.before) {
            for meta in repository.records() {
                let mut files = meta
                    .references
                    .iter()
                    .filter(|reference| reference.sort == ReferenceSort::File);
                if paths.contains(&*meta.path) || files.any(|file| paths.contains(&*file.text)) {
                    subjects.insert(meta.id.value.clone());
                }
            }
        }
        subjects.retain(|id| !self.before.iter().all(|before| is_same(before, after, id)));
        if paths.iter().any(|path| is_configuration(path)) {
            subjects.extend(RecordId::new(CONFIGURATION_ID));
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

/// Tells whether what approvals cover is the same in both; what cannot be read is another.
fn is_same(before: &Repository, after: &Repository, id: &RecordId) -> bool {
    let (Some(was), Some(is)) = (before.record(id), after.record(id)) else {
        return false;
    };
    let digests = (digest(before, was).ok(), digest(after, is).ok());
    was.kind == is.kind && was.path == is.path && digests.0.is_some() && digests.0 == digests.1
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
