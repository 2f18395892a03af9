//! What git's history says of paths: one pass over every commit that leads to one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use git2::{Oid, Repository};

use super::content::ContentId;
use super::database::is_shallow;
use super::git::open;
use super::objects::{Identity, MAX_DEPTH, Objects, RawCommit, TreeEntry};
use super::renames::find_renames;
use super::tree::{Bounds, read_file};

/// The most changes that are held of one history.
const MAX_CHANGES: usize = 5_000_000;
/// The most bytes that the list of a shallow clone's ends may have.
const MAX_SHALLOW_BYTES: u64 = 64 << 20;

/// Every commit that leads to one, that one included.
#[derive(Clone, Debug)]
pub struct History {
    /// Parents before children; the same order each time.
    pub commits: Vec<Commit>,
    /// The first-parent line as places in `commits`, oldest first.
    pub mainline: Vec<usize>,
    /// Whether the clone lacks old commits: a commit without parents may then have had some.
    pub is_shallow: bool,
    /// Places in `commits`, sorted by the commit's hash.
    by_id: Vec<usize>,
}

/// A commit, and what it did to the governed folder.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The full hash.
    pub id: String,
    /// Places in [`History::commits`]; parents that a shallow clone lacks are left out.
    pub parents: Vec<usize>,
    pub author: Identity,
    pub committer: Identity,
    pub authored_at: DateTime<Utc>,
    pub committed_at: DateTime<Utc>,
    /// The first paragraph of the message on one line; what it holds is not made safe for a terminal.
    pub summary: String,
    /// Whether the commit carries a signature, good or not.
    pub is_signed: bool,
    /// Paths that differ from every parent, sorted: the commit's own work. `before` is the first parent's.
    pub changes: Vec<PathChange>,
    /// What a merge on the first-parent line brings against its first parent; empty for other commits.
    pub merged: Vec<PathChange>,
}

/// A path that a commit changed.
///
/// A rename is two of them: the old path loses its content, and the new one has `renamed_from`. A file that
/// became a link, or the other way round, is a change even where the content stayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathChange {
    /// Relative to the governed root; below dot-folders too.
    pub path: Arc<str>,
    /// The content before, at the old path when it was renamed; `None` for a new one.
    pub before: Option<ContentId>,
    /// `None` when nothing is left at the path.
    pub after: Option<ContentId>,
    pub renamed_from: Option<Arc<str>>,
}

/// A path that was removed and later taken for other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReusedPath {
    /// Relative to the governed root.
    pub path: String,
    /// The commit that removed the first file, in full.
    pub removed_in: String,
}

/// Reads the history that leads to a commit, given by its full hash; `None` outside git.
///
/// Folders that are equal in two commits are not opened. Errors name objects that are missing or damaged.
pub fn read_history(root: &Path, commit: &str) -> Result<Option<History>> {
    read_history_within(root, commit, Bounds::default())
}

/// Reads as `read_history` does, within bounds that the caller sets.
pub fn read_history_within(root: &Path, commit: &str, bounds: Bounds) -> Result<Option<History>> {
    read(root, commit, true, bounds)
}

/// Finds `<folder>/<name>` paths that came back with other content after they had been removed.
///
/// Outside git there is no history.
pub fn reused_paths(root: &Path, commit: &str, folders: &[&str]) -> Result<Vec<ReusedPath>> {
    // Renames play no part in it, and without them no content is read.
    let history = read(root, commit, false, Bounds::default())?;
    Ok(history.map_or_else(Vec::new, |history| history.reused_paths(folders)))
}

impl History {
    /// Returns the place of a commit, given by its full hash.
    pub fn position(&self, id: &str) -> Option<usize> {
        let found = self
            .by_id
            .binary_search_by(|index| self.commits[*index].id.as_str().cmp(id));
        found.ok().map(|index| self.by_id[index])
    }

    /// Tells whether one commit leads to another, or is it; both are places in `commits`.
    pub fn is_ancestor(&self, ancestor: usize, of: usize) -> bool {
        if ancestor >= of {
            return ancestor == of && of < self.commits.len();
        }
        // What stands before a commit of the first-parent line leads to it: that is how they are ordered.
        if self.mainline.binary_search(&of).is_ok() {
            return true;
        }
        let mut seen = vec![false; of.min(self.commits.len())];
        let mut waiting = vec![of];
        while let Some(index) = waiting.pop() {
            for parent in self.commits.get(index).map_or(&[][..], |commit| &commit.parents) {
                if *parent == ancestor {
                    return true;
                }
                if *parent > ancestor && !std::mem::replace(&mut seen[*parent], true) {
                    waiting.push(*parent);
                }
            }
        }
        false
    }

    /// Returns what a commit of the first-parent line changed there; the index is a place in `commits`.
    pub fn mainline_changes(&self, index: usize) -> &[PathChange] {
        match self.commits.get(index) {
            Some(commit) if commit.parents.len() > 1 => &commit.merged,
            Some(commit) => &commit.changes,
            None => &[],
        }
    }

    /// Finds `<folder>/<name>` paths that came back with other content after they had been removed, on the
    /// first-parent line.
    pub fn reused_paths(&self, folders: &[&str]) -> Vec<ReusedPath> {
        let is_asked = |path: &str| {
            path.rsplit_once('/')
                .is_some_and(|(folder, _)| folders.contains(&folder))
        };
        let mut lives: BTreeMap<&str, Life<'_>> = BTreeMap::new();
        let mut reused = BTreeMap::new();
        for index in &self.mainline {
            let changes = self.mainline_changes(*index).iter();
            for change in changes.filter(|change| is_asked(&change.path)) {
                let life = lives.entry(&change.path).or_default();
                let Some(content) = change.after else {
                    life.removed_in = Some(&self.commits[*index].id);
                    life.is_present = false;
                    continue;
                };
                // What comes back as it was is a removal undone, not an id taken again.
                let is_new = life.contents.insert(content);
                if let (false, Some(removed_in), true) = (life.is_present, life.removed_in, is_new) {
                    reused.insert(change.path.to_string(), removed_in.to_owned());
                }
                life.is_present = true;
            }
        }
        let reused = reused.into_iter();
        reused
            .map(|(path, removed_in)| ReusedPath { path, removed_in })
            .collect()
    }
}

/// Every content that a path has had, and the commit that last removed it.
#[derive(Default)]
struct Life<'a> {
    contents: BTreeSet<ContentId>,
    removed_in: Option<&'a str>,
    is_present: bool,
}

fn read(root: &Path, commit: &str, with_renames: bool, bounds: Bounds) -> Result<Option<History>> {
    let Some((repository, prefix)) = open(root)? else {
        return Ok(None);
    };
    let mut reader = Reader {
        objects: Objects::of(&repository)?,
        paths: HashSet::new(),
        with_renames,
        changes: 0,
        folders: 0,
        bounds,
    };
    let tip = reader.objects.id(commit)?;
    let ordered = order(&reader.objects, tip, &ends(&repository)?)?;
    let mainline = mainline(&ordered);
    let mut folders: Vec<Option<Oid>> = Vec::with_capacity(ordered.len());
    let mut commits = Vec::with_capacity(ordered.len());
    for (index, ordered) in ordered.into_iter().enumerate() {
        let folder = reader
            .objects
            .folder(ordered.raw.tree, &prefix)
            .with_context(|| format!("the commit `{}` cannot be read", ordered.id))?;
        let parents: Vec<Option<Oid>> = ordered.parents.iter().map(|parent| folders[*parent]).collect();
        folders.push(folder);
        let (changes, merged) = reader
            .changes_of(folder, &parents, mainline.binary_search(&index).is_ok())
            .with_context(|| format!("the commit `{}` cannot be read", ordered.id))?;
        commits.push(ordered.into_commit(changes, merged));
    }
    let mut by_id: Vec<usize> = (0..commits.len()).collect();
    by_id.sort_by(|one, other| commits[*one].id.cmp(&commits[*other].id));
    Ok(Some(History {
        commits,
        mainline,
        is_shallow: is_shallow(&repository),
        by_id,
    }))
}

/// A commit that knows where its parents stand.
struct Ordered {
    id: Oid,
    raw: RawCommit,
    parents: Vec<usize>,
}

impl Ordered {
    fn into_commit(self, changes: Vec<PathChange>, merged: Vec<PathChange>) -> Commit {
        Commit {
            id: self.id.to_string(),
            parents: self.parents,
            author: self.raw.author.0,
            committer: self.raw.committer.0,
            authored_at: self.raw.author.1,
            committed_at: self.raw.committer.1,
            summary: self.raw.summary,
            is_signed: self.raw.is_signed,
            changes,
            merged,
        }
    }
}

/// Returns the commits whose parents a shallow clone lacks.
pub(super) fn ends(repository: &Repository) -> Result<HashSet<Oid>> {
    let path = repository.commondir().join("shallow");
    if !path.exists() {
        return Ok(HashSet::new());
    }
    let text = String::from_utf8_lossy(&read_file(&path, MAX_SHALLOW_BYTES)?).into_owned();
    let format = repository.object_format();
    text.lines()
        .map(|line| {
            Oid::from_str_ext(line.trim(), format)
                .with_context(|| format!("`{}` is malformed", path.display()))
        })
        .collect()
}

/// Orders all commits: a parent, and all that leads to it, before the next parent and the child.
///
/// So what stands before a commit of the first-parent line is what leads to it.
fn order(objects: &Objects<'_>, tip: Oid, ends: &HashSet<Oid>) -> Result<Vec<Ordered>> {
    let open = |id: Oid| -> Result<(Oid, RawCommit, usize)> {
        let mut raw = objects.commit(id)?;
        if ends.contains(&id) {
            raw.parents.clear();
        }
        Ok((id, raw, 0))
    };
    let mut ordered = Vec::new();
    let mut places: HashMap<Oid, usize> = HashMap::new();
    let mut waiting = vec![open(tip)?];
    while let Some((id, raw, next)) = waiting.last_mut() {
        match raw.parents.get(*next).copied() {
            Some(parent) => {
                *next += 1;
                if !places.contains_key(&parent) {
                    let child = *id;
                    let opened = open(parent).with_context(|| format!("of the parents of `{child}`"))?;
                    waiting.push(opened);
                }
            }
            None => {
                let id = *id;
                let Some((_, raw, _)) = waiting.pop() else { break };
                let parents = raw
                    .parents
                    .iter()
                    .filter_map(|parent| places.get(parent).copied())
                    .collect();
                places.insert(id, ordered.len());
                ordered.push(Ordered { id, raw, parents });
            }
        }
    }
    Ok(ordered)
}

fn mainline(ordered: &[Ordered]) -> Vec<usize> {
    let tip = ordered.len().checked_sub(1);
    let mut line: Vec<usize> =
        std::iter::successors(tip, |index| ordered[*index].parents.first().copied()).collect();
    line.reverse();
    line
}

/// What stands at a path of a tree.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    pub(super) id: Oid,
    /// Neither a link nor a submodule.
    pub(super) is_file: bool,
}

impl Leaf {
    fn of(entry: &TreeEntry<'_>) -> Self {
        Self {
            id: entry.id(),
            is_file: !entry.is_link() && !entry.is_submodule(),
        }
    }
}

/// A path at which two trees differ.
#[derive(Clone)]
pub(super) struct Difference {
    pub(super) path: Arc<str>,
    pub(super) before: Option<Leaf>,
    pub(super) after: Option<Leaf>,
}

struct Reader<'a> {
    objects: Objects<'a>,
    /// Each path once, whatever number of commits changed it.
    paths: HashSet<Arc<str>>,
    with_renames: bool,
    /// How many changes have been found so far.
    changes: usize,
    /// How many pairs of folders have been opened so far.
    folders: usize,
    bounds: Bounds,
}

impl Reader<'_> {
    /// Returns the commit's own changes, and for a merge on the first-parent line what it brings there.
    fn changes_of(
        &mut self,
        folder: Option<Oid>,
        parents: &[Option<Oid>],
        is_mainline: bool,
    ) -> Result<(Vec<PathChange>, Vec<PathChange>)> {
        let brought = self.compare(parents.first().copied().flatten(), folder)?;
        if parents.len() < 2 {
            return Ok((self.named(brought)?, Vec::new()));
        }
        let mut own = brought.clone();
        for parent in parents.iter().skip(1).filter(|_| !brought.is_empty()) {
            let other = self.compare(*parent, folder)?;
            let other: BTreeSet<&str> = other.iter().map(|difference| &*difference.path).collect();
            own.retain(|difference| other.contains(&*difference.path));
        }
        let merged = if is_mainline {
            self.named(brought)?
        } else {
            Vec::new()
        };
        Ok((self.named(own)?, merged))
    }

    /// Finds the renames among differences.
    fn named(&mut self, differences: Vec<Difference>) -> Result<Vec<PathChange>> {
        self.changes += differences.len();
        if self.changes > MAX_CHANGES {
            bail!("the history holds more than {MAX_CHANGES} changes of files; it is too large to be read");
        }
        let renames = if self.with_renames {
            find_renames(&self.objects, &differences)?
        } else {
            BTreeMap::new()
        };
        let named = differences.iter().enumerate().map(|(index, difference)| {
            let from = renames.get(&index).map(|from| &differences[*from]);
            let before = from.unwrap_or(difference).before;
            PathChange {
                path: difference.path.clone(),
                before: before.map(|leaf| ContentId(leaf.id)),
                after: difference.after.map(|leaf| ContentId(leaf.id)),
                renamed_from: from.map(|from| from.path.clone()),
            }
        });
        Ok(named.collect())
    }

    /// Lists the paths at which two trees differ, sorted.
    fn compare(&mut self, before: Option<Oid>, after: Option<Oid>) -> Result<Vec<Difference>> {
        let mut found = Vec::new();
        self.compare_folder(before, after, &mut String::new(), 1, &mut found)?;
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    fn compare_folder(
        &mut self,
        before: Option<Oid>,
        after: Option<Oid>,
        folder: &mut String,
        depth: usize,
        found: &mut Vec<Difference>,
    ) -> Result<()> {
        if before == after {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            bail!("folders lie more than {MAX_DEPTH} deep");
        }
        self.folders += 1;
        let most = self.bounds.folders;
        if self.folders > most {
            bail!("the history changes more than {most} folders; it is too large to be read");
        }
        let (old, new) = (self.objects.tree(before)?, self.objects.tree(after)?);
        let (mut at, mut at_new) = (0, 0);
        loop {
            (at, at_new) = old.skip_equal(&new, at, at_new);
            let (one, other) = (old.entry_at(at), new.entry_at(at_new));
            let order = match (&one, &other) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((one, _)), Some((other, _))) => one.order(other),
            };
            let one = one.filter(|_| order.is_le());
            let other = other.filter(|_| order.is_ge());
            at = one.map_or(at, |(_, next)| next);
            at_new = other.map_or(at_new, |(_, next)| next);
            let pair = (one.map(|(entry, _)| entry), other.map(|(entry, _)| entry));
            self.compare_entries(pair, folder, depth, found)?;
        }
    }

    fn compare_entries(
        &mut self,
        (one, other): (Option<TreeEntry<'_>>, Option<TreeEntry<'_>>),
        folder: &mut String,
        depth: usize,
        found: &mut Vec<Difference>,
    ) -> Result<()> {
        let Some(either) = one.or(other) else {
            return Ok(());
        };
        let length = folder.len();
        folder.push_str(&String::from_utf8_lossy(either.name));
        if either.is_tree() {
            folder.push('/');
            let (one, other) = (one.map(|entry| entry.id()), other.map(|entry| entry.id()));
            self.compare_folder(one, other, folder, depth + 1, found)?;
        } else if !is_same(one.as_ref(), other.as_ref()) {
            let most = self.bounds.entries;
            if found.len() >= most {
                bail!("it changes more than {most} files");
            }
            found.push(Difference {
                path: self.path(folder),
                before: one.as_ref().map(Leaf::of),
                after: other.as_ref().map(Leaf::of),
            });
        }
        folder.truncate(length);
        Ok(())
    }

    fn path(&mut self, path: &str) -> Arc<str> {
        if let Some(known) = self.paths.get(path) {
            return known.clone();
        }
        let path: Arc<str> = path.into();
        self.paths.insert(path.clone());
        path
    }
}

fn is_same(one: Option<&TreeEntry<'_>>, other: Option<&TreeEntry<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.has_id_of(other) && one.is_same_kind(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
