//! The base branch opened beside the change that it judges.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::failure::{Failure, USAGE};
use super::job::Job;
use crate::load::{LoadLimits, load};
use crate::model::Configuration;
use crate::source::{self, ContentId, EntryKind, Tree};
use crate::trust::{Change, ChangedPath, PathChangeKind};

/// The tip of the base branch, before the change is compared with it.
pub(super) struct Base {
    pub(super) name: String,
    pub(super) commit: String,
    pub(super) tree: Tree,
}

impl Base {
    /// Reads the tip of a revision from git objects.
    pub(super) fn open(root: &Path, name: &str) -> Result<Self, Failure> {
        let usage = |error: anyhow::Error| Failure { code: USAGE, error };
        let commit = source::resolve_revision(root, name).map_err(usage)?;
        let tree = source::read_commit(root, &commit)?;
        Ok(Self {
            name: name.to_owned(),
            commit,
            tree,
        })
    }

    /// Reads a commit that somebody vouched for, or with which trust begins.
    pub(super) fn vouched(root: &Path, commit: &str) -> Result<Self, Failure> {
        Ok(Self {
            name: commit.get(..12).unwrap_or(commit).to_owned(),
            commit: commit.to_owned(),
            tree: source::read_commit(root, commit)?,
        })
    }

    /// Compares a change with what it started from.
    pub(super) fn compare(
        self,
        root: &Path,
        head_commit: &str,
        head: &Tree,
        configuration: &Configuration,
        limits: LoadLimits,
    ) -> Result<Change, Failure> {
        let usage = |error: anyhow::Error| Failure { code: USAGE, error };
        let merge_bases = source::merge_bases(root, &self.commit, head_commit).map_err(usage)?;
        let base = load(&self.tree, configuration.clone(), limits)?;
        let now = contents(head)?;
        let mut before = Vec::new();
        let mut paths: BTreeMap<Arc<str>, PathChangeKind> = BTreeMap::new();
        for merge_base in &merge_bases {
            // A change that is up to date starts from the tip, which is read already.
            if *merge_base == self.commit {
                compare(&contents(&self.tree)?, &now, &mut paths);
                before.push(base.clone());
                continue;
            }
            let tree = source::read_commit(root, merge_base)?;
            compare(&contents(&tree)?, &now, &mut paths);
            before.push(load(&tree, configuration.clone(), limits)?);
        }
        Ok(Change {
            base_name: self.name,
            base_commit: self.commit,
            base,
            merge_bases,
            before,
            paths: in_order(paths),
        })
    }
}

/// Compares two commits as they are, whatever lies between them.
pub(super) fn between(then: &Job, now: &Job, name: &str) -> Result<Change, Failure> {
    let mut paths = BTreeMap::new();
    compare(&contents(&then.tree)?, &contents(&now.tree)?, &mut paths);
    let commit = then.commit.clone().unwrap_or_default();
    Ok(Change {
        base_name: name.to_owned(),
        base_commit: commit.clone(),
        base: then.repository.clone(),
        merge_bases: vec![commit],
        before: vec![then.repository.clone()],
        paths: in_order(paths),
    })
}

fn in_order(paths: BTreeMap<Arc<str>, PathChangeKind>) -> Vec<ChangedPath> {
    let paths = paths.into_iter();
    paths.map(|(path, kind)| ChangedPath { path, kind }).collect()
}

/// Returns the content of every file, those that drive the forge included.
fn contents(tree: &Tree) -> Result<BTreeMap<Arc<str>, Option<ContentId>>, Failure> {
    let mut contents = BTreeMap::new();
    for entry in tree.entries().iter().chain(tree.guarded()) {
        // A link or a submodule has no content of its own; that it is there is enough to see it change.
        let content = match entry.kind {
            EntryKind::File => Some(tree.content_id(entry)?),
            EntryKind::Symlink | EntryKind::Submodule | EntryKind::Other => None,
        };
        contents.insert(Arc::clone(&entry.path), content);
    }
    Ok(contents)
}

fn compare(
    before: &BTreeMap<Arc<str>, Option<ContentId>>,
    after: &BTreeMap<Arc<str>, Option<ContentId>>,
    paths: &mut BTreeMap<Arc<str>, PathChangeKind>,
) {
    for (path, content) in before {
        let kind = match after.get(path) {
            None => PathChangeKind::Removed,
            Some(now) if now != content => PathChangeKind::Modified,
            Some(_) => continue,
        };
        paths.insert(Arc::clone(path), kind);
    }
    for path in after.keys().filter(|path| !before.contains_key(*path)) {
        paths.entry(Arc::clone(path)).or_insert(PathChangeKind::Added);
    }
}
