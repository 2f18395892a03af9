//! Contents by the ids that git gives them, whether git holds them or not.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use git2::{ObjectFormat, ObjectType, Oid, Repository};

use super::database::{Database, LooseFolders};
use super::git::open_required;

/// The id that git gives to the bytes of a file: SHA-1 or SHA-256, as the repository does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContentId(pub(super) Oid);

impl fmt::Display for ContentId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl ContentId {
    /// Tells whether the id is that of the bytes, by the id's own hash.
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        content_id_in(self.0.object_format(), bytes) == *self
    }
}

/// Returns the id of bytes in a repository of SHA-1 objects, which is git's default.
pub fn content_id_of(bytes: &[u8]) -> ContentId {
    content_id_in(ObjectFormat::Sha1, bytes)
}

fn content_id_in(format: ObjectFormat, bytes: &[u8]) -> ContentId {
    // Hashing bytes in memory does not fail; the id of zeros would be that of no content.
    ContentId(Oid::hash_object_ext(ObjectType::Blob, bytes, format).unwrap_or(Oid::ZERO_SHA1))
}

/// Returns the id of a file's bytes as they lie on disk: no filter and no attribute changes them.
pub(super) fn content_id_of_file(format: ObjectFormat, path: &Path) -> Result<ContentId> {
    Oid::hash_file_ext(ObjectType::Blob, path, format)
        .map(ContentId)
        .with_context(|| format!("cannot read `{}`", path.display()))
}

/// Returns the hash that a folder's repository uses; git's default outside git.
pub(super) fn object_format_around(folder: &Path) -> ObjectFormat {
    Repository::discover(folder).map_or(ObjectFormat::Sha1, |repository| repository.object_format())
}

/// Reads contents of one repository by their ids.
pub struct ContentReader {
    repository: Repository,
    loose: Arc<LooseFolders>,
}

impl fmt::Debug for ContentReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ContentReader").finish_non_exhaustive()
    }
}

impl ContentReader {
    /// Opens the repository around a folder.
    pub fn open(root: &Path) -> Result<Self> {
        let (repository, _) = open_required(root)?;
        let loose = Arc::new(LooseFolders::of(&repository));
        Ok(Self { repository, loose })
    }

    /// Reads a content whole; one above `max_bytes` is refused before it is read.
    pub fn read(&self, id: &ContentId, max_bytes: u64) -> Result<Vec<u8>> {
        let database = Database::with(&self.repository, &self.loose)?;
        let object = database.read(id.0, ObjectType::Blob, max_bytes)?;
        Ok(object.data().to_vec())
    }
}

/// Reads one content whole; for many of one repository see [`ContentReader`].
pub fn read_content(root: &Path, id: &ContentId, max_bytes: u64) -> Result<Vec<u8>> {
    ContentReader::open(root)?.read(id, max_bytes)
}
