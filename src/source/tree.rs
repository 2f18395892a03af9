//! The files of a governed repository, from a folder or from a commit.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::digest::{hex, sha256_hex};

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryKind {
    File,
    Symlink,
    Submodule,
    /// A socket, device or pipe, or a name that is not UTF-8.
    Other,
}

/// One path of the tree.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Relative to the governed root, with `/`.
    pub path: Arc<str>,
    pub kind: EntryKind,
    /// Bytes.
    pub size: u64,
    pub(super) blob: Option<git2::Oid>,
}

/// All files under the governed root, sorted by path; contents are read on demand.
pub struct Tree {
    root: Root,
    entries: Vec<Entry>,
}

enum Root {
    Folder(PathBuf),
    Commit(Mutex<git2::Repository>),
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tree")
            .field("entries", &self.entries.len())
            .finish()
    }
}

impl Tree {
    pub(super) fn of_commit(repository: git2::Repository, mut entries: Vec<Entry>) -> Self {
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Self {
            root: Root::Commit(Mutex::new(repository)),
            entries,
        }
    }

    /// Returns every path, sorted.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the entry at a path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        self.entries
            .binary_search_by(|entry| (*entry.path).cmp(path))
            .ok()
            .map(|index| &self.entries[index])
    }

    /// Returns where a file lies on disk, when the tree is a folder.
    pub fn path_on_disk(&self, entry: &Entry) -> Option<PathBuf> {
        match &self.root {
            Root::Folder(root) => Some(root.join(&*entry.path)),
            Root::Commit(_) => None,
        }
    }

    /// Reads a file whole; one above `max_bytes` is refused.
    pub fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Vec<u8>> {
        if entry.kind != EntryKind::File {
            bail!("`{}` is not a regular file", entry.path);
        }
        match &self.root {
            Root::Folder(root) => read_file(&root.join(&*entry.path), max_bytes),
            Root::Commit(repository) => {
                let repository = repository
                    .lock()
                    .map_err(|_| anyhow::anyhow!("the object database was left locked"))?;
                let oid = entry
                    .blob
                    .with_context(|| format!("`{}` has no content", entry.path))?;
                let blob = repository.find_blob(oid).with_context(|| {
                    format!(
                        "the content of `{}` is not in this clone; fetch it with `git fetch --refetch`",
                        entry.path
                    )
                })?;
                if blob.size() as u64 > max_bytes {
                    bail!("`{}` has more than {max_bytes} bytes", entry.path);
                }
                Ok(blob.content().to_vec())
            }
        }
    }

    /// Returns the SHA-256 over the lines of `sha256sum` of every governed file, sorted by path.
    ///
    /// Dot-folders, `imports/`, `ledger/` and `generated/` are left out: exports have digests of
    /// their own, and documents are made from the rest.
    pub fn digest(&self) -> Result<String> {
        let mut whole = Sha256::new();
        for entry in self.entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            let first = entry.path.split('/').next().unwrap_or("");
            let nested = entry.path.contains('/');
            if nested && matches!(first, "imports" | "ledger" | "generated") {
                continue;
            }
            let bytes = self.read(entry, 1 << 30)?;
            whole.update(format!("{}  {}\n", sha256_hex(&bytes), entry.path));
        }
        Ok(hex(&whole.finalize()))
    }
}

/// Reads a file whole; one above `max_bytes` is refused.
pub fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    if bytes.len() as u64 > max_bytes {
        bail!("`{}` has more than {max_bytes} bytes", path.display());
    }
    Ok(bytes)
}

/// Lists a folder without following any link; dot-folders are not entered.
pub fn read_folder(root: &Path) -> Result<Tree> {
    if !root.is_dir() {
        bail!("`{}` is not a folder", root.display());
    }
    let mut entries = Vec::new();
    let walk = walkdir::WalkDir::new(root)
        .follow_links(false)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            !(entry.file_type().is_dir() && name.starts_with('.'))
        });
    for entry in walk {
        let entry = entry.with_context(|| format!("cannot list `{}`", root.display()))?;
        if entry.file_type().is_dir() {
            continue;
        }
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
        let kind = match (&parts, entry.file_type()) {
            (None, _) => EntryKind::Other,
            (Some(_), kind) if kind.is_file() => EntryKind::File,
            (Some(_), kind) if kind.is_symlink() => EntryKind::Symlink,
            (Some(_), _) => EntryKind::Other,
        };
        let path = parts.map_or_else(
            || relative.to_string_lossy().into_owned(),
            |parts| parts.join("/"),
        );
        let size = entry.metadata().map_or(0, |metadata| metadata.len());
        entries.push(Entry {
            path: path.into(),
            kind,
            size,
            blob: None,
        });
    }
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Tree {
        root: Root::Folder(root.to_path_buf()),
        entries,
    })
}
