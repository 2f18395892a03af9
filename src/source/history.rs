//! What git's history says of paths: one walk over the first-parent line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};
use git2::{Oid, Repository};

use super::git::open;

/// A path that was removed and later taken for other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReusedPath {
    /// Relative to the governed root.
    pub path: String,
    /// The commit that removed the first file, in full.
    pub removed_in: String,
}

/// Every content that a path has had, and the commit that last removed it.
#[derive(Default)]
struct Life {
    contents: BTreeSet<Oid>,
    removed_in: Option<Oid>,
    is_present: bool,
}

struct Walk<'a> {
    repository: &'a Repository,
    lives: BTreeMap<String, Life>,
    reused: BTreeMap<String, String>,
}

/// Finds `<folder>/<name>` paths that came back with other content after they had been removed.
///
/// Looks at the folders that are named only; what is equal in two commits is not opened. Outside git, and
/// before the first commit, there is no history.
pub fn reused_paths(root: &Path, commit: &str, folders: &[&str]) -> Result<Vec<ReusedPath>> {
    let Some((repository, prefix)) = open(root)? else {
        return Ok(Vec::new());
    };
    let mut commits = Vec::new();
    let oid = Oid::from_str(commit).context("not a commit hash")?;
    let mut next = Some(
        repository
            .find_commit(oid)
            .context("the commit is not in this clone")?,
    );
    while let Some(commit) = next {
        next = commit.parent(0).ok();
        commits.push(commit);
    }
    let mut walk = Walk {
        repository: &repository,
        lives: BTreeMap::new(),
        reused: BTreeMap::new(),
    };
    let mut earlier: BTreeMap<&str, Option<Oid>> = BTreeMap::new();
    for commit in commits.iter().rev() {
        let tree = commit.tree().context("a commit has no tree")?;
        for folder in folders {
            let path = if prefix.is_empty() {
                (*folder).to_owned()
            } else {
                format!("{prefix}/{folder}")
            };
            let now = tree.get_path(Path::new(&path)).ok().map(|entry| entry.id());
            let before = earlier.insert(folder, now).flatten();
            if before != now {
                walk.step(folder, before, now, commit.id())?;
            }
        }
    }
    Ok(walk
        .reused
        .into_iter()
        .map(|(path, removed_in)| ReusedPath { path, removed_in })
        .collect())
}

impl Walk<'_> {
    fn step(&mut self, folder: &str, before: Option<Oid>, now: Option<Oid>, commit: Oid) -> Result<()> {
        let before = self.files(before)?;
        let now = self.files(now)?;
        for name in before.keys().filter(|name| !now.contains_key(*name)) {
            if let Some(life) = self.lives.get_mut(&format!("{folder}/{name}")) {
                life.is_present = false;
                life.removed_in = Some(commit);
            }
        }
        for (name, content) in now
            .iter()
            .filter(|(name, content)| before.get(*name) != Some(*content))
        {
            let path = format!("{folder}/{name}");
            let life = self.lives.entry(path.clone()).or_default();
            // What comes back as it was is a removal undone, not an id taken again.
            let is_new = life.contents.insert(*content);
            if let (false, Some(removed_in), true) = (life.is_present, life.removed_in, is_new) {
                self.reused.insert(path, removed_in.to_string());
            }
            life.is_present = true;
        }
        Ok(())
    }

    fn files(&self, tree: Option<Oid>) -> Result<BTreeMap<String, Oid>> {
        let Some(tree) = tree else {
            return Ok(BTreeMap::new());
        };
        let Ok(tree) = self.repository.find_tree(tree) else {
            return Ok(BTreeMap::new());
        };
        Ok(tree
            .iter()
            .filter_map(|entry| Some((entry.name().ok()?.to_owned(), entry.id())))
            .collect())
    }
}
