//! The files of a governed repository, from a folder or from a commit.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::content::{ContentId, content_id_of_file, object_format_around};
use super::database::{Database, LooseFolders};
use super::digest::{hex, sha256_hex};
use super::objects::MAX_DEPTH;

/// The most files and folders of one tree.
const MAX_ENTRIES: usize = 1_000_000;
/// The most folders that are opened in one history; few trees can stand for very many of them.
const MAX_FOLDERS: usize = 10_000_000;

/// How much of a git repository is read before it is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Files and folders of one commit, and files that one commit changes.
    pub entries: usize,
    /// Pairs of folders that are opened in one history.
    pub folders: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            entries: MAX_ENTRIES,
            folders: MAX_FOLDERS,
        }
    }
}

/// Folders whose files say what a forge does with the repository.
pub(super) const GUARDED_FOLDERS: &[&str] = &[".github", ".gitlab"];
/// Files that say who decides, or how git treats the others.
const GUARDED_FILES: &[&str] = &[
    ".gitattributes",
    ".gitlab-ci.yml",
    "CODEOWNERS",
    "docs/CODEOWNERS",
];

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
    guarded: Vec<Entry>,
}

enum Root {
    Folder {
        path: PathBuf,
        /// How its repository hashes; looked up when it is asked for.
        format: OnceLock<git2::ObjectFormat>,
    },
    Commit {
        repository: Mutex<git2::Repository>,
        loose: Arc<LooseFolders>,
    },
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
    /// Puts a tree together; `guarded` holds what lies in the guarded folders.
    fn new(root: Root, mut entries: Vec<Entry>, mut guarded: Vec<Entry>) -> Self {
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        let is_guarded =
            |entry: &&Entry| GUARDED_FILES.contains(&&*entry.path) || GUARDED_FOLDERS.contains(&&*entry.path);
        guarded.extend(entries.iter().filter(is_guarded).cloned());
        guarded.sort_by(|one, other| one.path.cmp(&other.path));
        Self {
            root,
            entries,
            guarded,
        }
    }

    pub(super) fn of_commit(repository: git2::Repository, entries: Vec<Entry>, guarded: Vec<Entry>) -> Self {
        let root = Root::Commit {
            loose: Arc::new(LooseFolders::of(&repository)),
            repository: Mutex::new(repository),
        };
        Self::new(root, entries, guarded)
    }

    /// Returns every path, sorted.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns what says how a forge and git treat the repository, sorted: all below `.github/` and
    /// `.gitlab/`, and `.gitattributes`, `.gitlab-ci.yml` and `CODEOWNERS` where git and forges look for them.
    ///
    /// Those outside the two folders are in [`Tree::entries`] as well.
    pub fn guarded(&self) -> &[Entry] {
        &self.guarded
    }

    /// Returns the id that git gives to a file's bytes; no filter and no attribute changes them.
    pub fn content_id(&self, entry: &Entry) -> Result<ContentId> {
        if entry.kind != EntryKind::File {
            bail!("`{}` is not a regular file", entry.path);
        }
        match &self.root {
            Root::Folder { path, format } => {
                let format = format.get_or_init(|| object_format_around(path));
                content_id_of_file(*format, &path.join(&*entry.path))
            }
            Root::Commit { .. } => entry
                .blob
                .map(ContentId)
                .with_context(|| format!("`{}` has no content", entry.path)),
        }
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
            Root::Folder { path, .. } => Some(path.join(&*entry.path)),
            Root::Commit { .. } => None,
        }
    }

    /// Reads a file whole; one above `max_bytes` is refused.
    pub fn read(&self, entry: &Entry, max_bytes: u64) -> Result<Vec<u8>> {
        if entry.kind != EntryKind::File {
            bail!("`{}` is not a regular file", entry.path);
        }
        match &self.root {
            Root::Folder { path, .. } => read_file_of(&path.join(&*entry.path), entry.size, max_bytes),
            Root::Commit { repository, loose } => read_blob(&*locked(repository)?, loose, entry, max_bytes),
        }
    }

    /// Returns the SHA-256 over the lines of `sha256sum` of every governed file, sorted by path.
    ///
    /// Dot-folders, `imports/`, `ledger/` and `generated/` are left out: exports have digests of
    /// their own, and documents are made from the rest.
    pub fn digest(&self) -> Result<String> {
        self.digest_without(&[])
    }

    /// Returns the same digest with some folders, named from the root, left out besides.
    pub fn digest_without(&self, folders: &[&str]) -> Result<String> {
        let is_in = |path: &str, folder: &&str| {
            path.strip_prefix(*folder)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        let mut whole = Sha256::new();
        for entry in self.entries.iter().filter(|entry| entry.kind == EntryKind::File) {
            let first = entry.path.split('/').next().unwrap_or("");
            let nested = entry.path.contains('/');
            if nested && matches!(first, "imports" | "ledger" | "generated") {
                continue;
            }
            if folders.iter().any(|folder| is_in(&entry.path, folder)) {
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
    read_file_of(path, 0, max_bytes)
}

/// Reads a file whole that had `expected` bytes when its folder was listed.
fn read_file_of(path: &Path, expected: u64, max_bytes: u64) -> Result<Vec<u8>> {
    let file = std::fs::File::open(path).with_context(|| format!("cannot open `{}`", path.display()))?;
    // One byte more than expected, so that the end shows without a second buffer.
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(max_bytes)).unwrap_or(0) + 1);
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    if bytes.len() as u64 > max_bytes {
        bail!("`{}` has more than {max_bytes} bytes", path.display());
    }
    Ok(bytes)
}

fn locked(repository: &Mutex<git2::Repository>) -> Result<MutexGuard<'_, git2::Repository>> {
    repository
        .lock()
        .map_err(|_| anyhow::anyhow!("the object database was left locked"))
}

fn read_blob(
    repository: &git2::Repository,
    loose: &Arc<LooseFolders>,
    entry: &Entry,
    max_bytes: u64,
) -> Result<Vec<u8>> {
    let id = entry
        .blob
        .with_context(|| format!("`{}` has no content", entry.path))?;
    if entry.size > max_bytes {
        bail!("`{}` has more than {max_bytes} bytes", entry.path);
    }
    let database = Database::with(repository, loose)?;
    let object = database
        .read(id, git2::ObjectType::Blob, max_bytes)
        .with_context(|| format!("`{}` cannot be read", entry.path))?;
    Ok(object.data().to_vec())
}

/// Lists a folder without following any link; dot-folders are not entered, save for what is guarded.
pub fn read_folder(root: &Path) -> Result<Tree> {
    if !root.is_dir() {
        bail!("`{}` is not a folder", root.display());
    }
    let mut entries = Vec::new();
    list_folder(root, root, false, &mut entries)?;
    let mut guarded = Vec::new();
    for folder in GUARDED_FOLDERS.iter().map(|name| root.join(name)) {
        if std::fs::symlink_metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
            list_folder(root, &folder, true, &mut guarded)?;
        }
    }
    let root = Root::Folder {
        path: root.to_path_buf(),
        format: OnceLock::new(),
    };
    Ok(Tree::new(root, entries, guarded))
}

fn list_folder(root: &Path, folder: &Path, with_hidden: bool, entries: &mut Vec<Entry>) -> Result<()> {
    let walk = walkdir::WalkDir::new(folder)
        .follow_links(false)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| {
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            with_hidden || !(is_hidden && entry.file_type().is_dir())
        });
    for (number, entry) in walk.enumerate() {
        // What another run had begun may be gone since its folder was listed: then it is not there.
        let is_gone = |error: &walkdir::Error| {
            let kind = error.io_error().map(std::io::Error::kind);
            kind == Some(std::io::ErrorKind::NotFound) && error.depth() > 0
        };
        if entry.as_ref().is_err_and(is_gone) {
            continue;
        }
        let entry = entry.with_context(|| format!("cannot list `{}`", root.display()))?;
        if entry.depth() > MAX_DEPTH {
            bail!("folders lie more than {MAX_DEPTH} deep in `{}`", folder.display());
        }
        if number >= MAX_ENTRIES {
            bail!(
                "`{}` holds more than {MAX_ENTRIES} files and folders",
                folder.display()
            );
        }
        if entry.file_type().is_dir() {
            continue;
        }
        entries.push(entry_on_disk(root, &entry));
    }
    Ok(())
}

fn entry_on_disk(root: &Path, entry: &walkdir::DirEntry) -> Entry {
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
    Entry {
        path: path.into(),
        kind,
        size: entry.metadata().map_or(0, |metadata| metadata.len()),
        blob: None,
    }
}
