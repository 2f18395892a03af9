//! Single objects of git's database: bounded, and never waiting for a file that was cut off.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result, bail};
use flate2::{Decompress, FlushDecompress, Status};
use git2::{ObjectType, Odb, OdbObject, Oid, Repository};

use super::tree::read_file;

/// The most folders of objects that are looked into, borrowed ones included.
const MAX_OBJECT_FOLDERS: usize = 16;
const MAX_ALTERNATES_BYTES: u64 = 64 << 10;

/// The objects of one repository.
pub(super) struct Database<'a> {
    repository: &'a Repository,
    objects: Odb<'a>,
    loose: Arc<LooseFolders>,
}

impl<'a> Database<'a> {
    pub(super) fn of(repository: &'a Repository) -> Result<Self> {
        Self::with(repository, &Arc::new(LooseFolders::of(repository)))
    }

    /// Opens the database of a repository whose folders of objects were looked up before.
    pub(super) fn with(repository: &'a Repository, loose: &Arc<LooseFolders>) -> Result<Self> {
        Ok(Self {
            repository,
            objects: repository.odb().context("the object database cannot be opened")?,
            loose: Arc::clone(loose),
        })
    }

    /// Returns the bytes that an object has, and its kind.
    pub(super) fn header(&self, id: Oid) -> Result<(u64, ObjectType)> {
        self.objects
            .read_header(id)
            .map(|(size, kind)| (size as u64, kind))
            .map_err(|error| self.unreadable(id, &error))
    }

    /// Reads an object whole; another kind, or more than `max_bytes`, is refused before it is read.
    pub(super) fn read(&self, id: Oid, kind: ObjectType, max_bytes: u64) -> Result<OdbObject<'_>> {
        let (size, found) = self.header(id)?;
        if found != kind {
            bail!("object `{id}` is a {found}, not a {kind}; look with `git fsck`");
        }
        if size > max_bytes {
            bail!("object `{id}` has {size} bytes; at most {max_bytes} are read");
        }
        if !self.loose.is_whole(id, max_bytes) {
            bail!(
                "object `{id}` is damaged (its file is cut off); look with `git fsck`, then clone the repository anew"
            );
        }
        self.objects.read(id).map_err(|error| self.unreadable(id, &error))
    }

    /// Says why an object cannot be read, and what to do about it.
    fn unreadable(&self, id: Oid, error: &git2::Error) -> anyhow::Error {
        if error.code() != git2::ErrorCode::NotFound {
            return anyhow::anyhow!(
                "object `{id}` is damaged ({}); look with `git fsck`, then clone the repository anew",
                error.message()
            );
        }
        let help = if is_partial(self.repository) {
            "the clone is partial: fetch what it lacks with `git fetch --refetch --no-filter`"
        } else if is_shallow(self.repository) {
            "the clone is shallow: fetch the whole history with `git fetch --unshallow`"
        } else {
            "the repository is damaged: look with `git fsck`, then clone it anew"
        };
        anyhow::anyhow!("object `{id}` is not in this clone; {help}")
    }
}

/// Where objects may lie by themselves, each place as it was when it was first asked for.
pub(super) struct LooseFolders {
    /// Each folder of objects, with which of its 256 folders by first byte there are.
    folders: Vec<(PathBuf, Box<[OnceLock<bool>; 256]>)>,
}

impl LooseFolders {
    pub(super) fn of(repository: &Repository) -> Self {
        let unseen = |folder| (folder, Box::new([const { OnceLock::new() }; 256]));
        Self {
            folders: object_folders(repository).into_iter().map(unseen).collect(),
        }
    }

    /// Tells whether the file of an object that lies by itself is complete; where it lies in a pack, there is none.
    ///
    /// The library waits for ever for the end of a file that was cut off.
    fn is_whole(&self, id: Oid, max_bytes: u64) -> bool {
        let first = id.as_bytes().first().copied().unwrap_or(0);
        let is_there = |(folder, there): &&(PathBuf, Box<[OnceLock<bool>; 256]>)| {
            *there[usize::from(first)].get_or_init(|| folder.join(format!("{first:02x}")).is_dir())
        };
        let mut folders = self.folders.iter().filter(is_there).peekable();
        if folders.peek().is_none() {
            return true;
        }
        let hash = id.to_string();
        let (byte, name) = hash.split_at(2);
        folders.all(|(objects, _)| {
            let file = std::fs::File::open(objects.join(byte).join(name));
            file.map_or(true, |file| inflates_to_its_end(BufReader::new(file), max_bytes))
        })
    }
}

/// Returns the folder of objects, and those that it borrows from.
fn object_folders(repository: &Repository) -> Vec<PathBuf> {
    let mut folders = vec![repository.commondir().join("objects")];
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        let borrowed = read_file(&folder.join("info/alternates"), MAX_ALTERNATES_BYTES);
        let borrowed = String::from_utf8_lossy(&borrowed.unwrap_or_default()).into_owned();
        for line in borrowed
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let place = folder.join(line);
            if folders.len() < MAX_OBJECT_FOLDERS && !folders.contains(&place) {
                folders.push(place);
            }
        }
    }
    folders
}

fn inflates_to_its_end(mut input: impl BufRead, max_bytes: u64) -> bool {
    let mut inflate = Decompress::new(true);
    let mut output = [0_u8; 1 << 14];
    loop {
        let Ok(bytes) = input.fill_buf() else { return false };
        let before = (inflate.total_in(), inflate.total_out());
        let status = inflate.decompress(bytes, &mut output, FlushDecompress::None);
        let read = usize::try_from(inflate.total_in() - before.0).unwrap_or(usize::MAX);
        input.consume(read);
        let is_stuck = (inflate.total_in(), inflate.total_out()) == before;
        match status {
            Ok(Status::StreamEnd) => return true,
            Ok(Status::Ok | Status::BufError) if is_stuck => return false,
            Ok(Status::Ok | Status::BufError) if inflate.total_out() > max_bytes.saturating_add(64) => {
                return false;
            }
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return false,
        }
    }
}

/// Tells whether the clone left out objects that its remote still holds.
pub(super) fn is_partial(repository: &Repository) -> bool {
    let Ok(config) = repository.config() else {
        return false;
    };
    let promisors = config.entries(Some("remote\\..*\\.promisor"));
    config.get_string("extensions.partialclone").is_ok()
        || promisors.is_ok_and(|mut entries| entries.next().is_some())
}

/// Tells whether the clone lacks old commits; a linked work tree shares that with its main one.
pub(super) fn is_shallow(repository: &Repository) -> bool {
    repository.is_shallow()
        || std::fs::metadata(repository.commondir().join("shallow")).is_ok_and(|metadata| metadata.len() > 0)
}
