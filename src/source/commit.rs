//! The files of a governed repository as a commit holds them.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use git2::{ObjectType, Oid, Repository};

use super::git::open_required;
use super::objects::{MAX_DEPTH, Objects, TreeEntry};
use super::tree::{Bounds, Entry, EntryKind, GUARDED_FOLDERS, Tree};

/// Lists the governed folder as a commit, given by its full hash, holds it.
///
/// Nothing is checked out: what is read are git's objects.
pub fn read_commit(root: &Path, commit: &str) -> Result<Tree> {
    read_commit_within(root, commit, Bounds::default())
}

/// Lists as `read_commit` does, within bounds that the caller sets.
pub fn read_commit_within(root: &Path, commit: &str, bounds: Bounds) -> Result<Tree> {
    let (repository, prefix) = open_required(root)?;
    let (entries, guarded) = list(&repository, &prefix, commit, bounds)
        .with_context(|| format!("commit `{commit}` cannot be read"))?;
    Ok(Tree::of_commit(repository, entries, guarded))
}

fn list(
    repository: &Repository,
    prefix: &str,
    commit: &str,
    bounds: Bounds,
) -> Result<(Vec<Entry>, Vec<Entry>)> {
    let mut listing = Listing {
        objects: Objects::of(repository)?,
        entries: Vec::new(),
        guarded: Vec::new(),
        folders: 0,
        sizes: HashMap::new(),
        bounds,
    };
    let id = listing.objects.id(commit)?;
    let root = listing.objects.commit(id)?.tree;
    let folder = listing
        .objects
        .folder(root, prefix)?
        .with_context(|| format!("it has no folder `{prefix}`"))?;
    listing.list(folder, &mut String::new(), 1, false)?;
    Ok((listing.entries, listing.guarded))
}

struct Listing<'a> {
    objects: Objects<'a>,
    entries: Vec<Entry>,
    guarded: Vec<Entry>,
    /// How many folders were entered: few trees can stand for very many of them.
    folders: usize,
    /// The bytes of each content: one may stand at very many paths.
    sizes: HashMap<Oid, u64>,
    bounds: Bounds,
}

impl Listing<'_> {
    fn list(&mut self, tree: Oid, folder: &mut String, depth: usize, is_guarded: bool) -> Result<()> {
        if depth > MAX_DEPTH {
            bail!("folders lie more than {MAX_DEPTH} deep");
        }
        self.folders += 1;
        self.refuse_too_many()?;
        let tree = self.objects.tree(Some(tree))?;
        let length = folder.len();
        for entry in tree.entries() {
            let is_hidden = entry.name.starts_with(b".") && !is_guarded;
            folder.push_str(&String::from_utf8_lossy(entry.name));
            if !entry.is_tree() {
                self.add(&entry, folder, is_guarded)?;
            } else if !is_hidden || GUARDED_FOLDERS.contains(&folder.as_str()) {
                folder.push('/');
                self.list(entry.id(), folder, depth + 1, is_guarded || is_hidden)?;
            }
            folder.truncate(length);
        }
        Ok(())
    }

    fn refuse_too_many(&self) -> Result<()> {
        let most = self.bounds.entries;
        if self.entries.len() + self.guarded.len() + self.folders > most {
            bail!("it holds more than {most} files and folders");
        }
        Ok(())
    }

    fn add(&mut self, entry: &TreeEntry<'_>, path: &str, is_guarded: bool) -> Result<()> {
        self.refuse_too_many()?;
        let kind = match entry {
            entry if entry.is_submodule() => EntryKind::Submodule,
            entry if entry.is_link() => EntryKind::Symlink,
            entry if std::str::from_utf8(entry.name).is_err() => EntryKind::Other,
            _ => EntryKind::File,
        };
        let entry = Entry {
            path: path.into(),
            kind,
            size: match kind {
                EntryKind::File => self.size(entry.id(), path)?,
                EntryKind::Symlink | EntryKind::Submodule | EntryKind::Other => 0,
            },
            blob: Some(entry.id()),
        };
        let list = if is_guarded {
            &mut self.guarded
        } else {
            &mut self.entries
        };
        list.push(entry);
        Ok(())
    }

    fn size(&mut self, id: Oid, path: &str) -> Result<u64> {
        if let Some(size) = self.sizes.get(&id) {
            return Ok(*size);
        }
        let (size, kind) = self
            .objects
            .database
            .header(id)
            .with_context(|| format!("`{path}` cannot be read"))?;
        if kind != ObjectType::Blob {
            bail!("`{path}` is said to be a file, and its object `{id}` is a {kind}");
        }
        self.sizes.insert(id, size);
        Ok(size)
    }
}
