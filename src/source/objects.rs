//! Commits and trees as git stores them, read and judged by ourselves: nothing is taken on trust.
//!
//! Neither grafts nor replacements are looked at, so that a commit is what its hash says.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use git2::{ObjectFormat, ObjectType, Oid, Repository};
use memchr::{memchr, memrchr};

use super::database::Database;

/// The most bytes that one folder's list may have.
const MAX_TREE_BYTES: u64 = 128 << 20;
/// The most bytes that one commit may have, its message included.
const MAX_COMMIT_BYTES: u64 = 16 << 20;
/// Trees of up to twice as many bytes are kept at hand.
const KEPT_TREE_BYTES: usize = 16 << 20;
/// The deepest folder that is entered.
pub(super) const MAX_DEPTH: usize = 64;

const KIND_BITS: u32 = 0o170_000;
const TREE: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;

/// One line of a tree, as stored.
#[derive(Clone, Copy)]
pub(super) struct TreeEntry<'a> {
    mode: u32,
    pub(super) name: &'a [u8],
    id: &'a [u8],
}

impl TreeEntry<'_> {
    pub(super) fn id(&self) -> Oid {
        // Its length was chosen by the format; an id of zeros would be an object that is nowhere.
        Oid::from_bytes(self.id).unwrap_or(Oid::ZERO_SHA1)
    }

    pub(super) fn has_id_of(&self, other: &Self) -> bool {
        self.id == other.id
    }

    pub(super) fn is_tree(&self) -> bool {
        self.mode & KIND_BITS == TREE
    }

    pub(super) fn is_link(&self) -> bool {
        self.mode & KIND_BITS == LINK
    }

    pub(super) fn is_submodule(&self) -> bool {
        self.mode & KIND_BITS == SUBMODULE
    }

    /// Tells whether both are files, or links, or the like; that a file can be run makes no difference.
    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        self.mode & KIND_BITS == other.mode & KIND_BITS
    }

    /// Compares as git sorts: a folder's name ends with `/`.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let length = self.name.len().min(other.name.len());
        let end = |entry: &Self| match entry.name.get(length) {
            Some(byte) => *byte,
            None if entry.is_tree() => b'/',
            None => 0,
        };
        self.name[..length]
            .cmp(&other.name[..length])
            .then_with(|| end(self).cmp(&end(other)))
    }
}

/// The bytes of a tree, known to be well-formed.
#[derive(Clone)]
pub(super) struct TreeBytes {
    bytes: Arc<[u8]>,
    id_bytes: usize,
}

impl TreeBytes {
    /// The tree that holds nothing.
    pub(super) fn empty(format: ObjectFormat) -> Self {
        Self {
            bytes: Arc::from([]),
            id_bytes: id_bytes(format),
        }
    }

    /// Returns what starts at a place with where the next entry starts; `None` at the end.
    pub(super) fn entry_at(&self, start: usize) -> Option<(TreeEntry<'_>, usize)> {
        parse_entry(&self.bytes, start, self.id_bytes)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = TreeEntry<'_>> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let (entry, next) = self.entry_at(start)?;
            start = next;
            Some(entry)
        })
    }

    pub(super) fn find(&self, name: &str) -> Option<TreeEntry<'_>> {
        self.entries().find(|entry| entry.name == name.as_bytes())
    }

    /// Moves two places past the entries that both trees share, byte for byte.
    pub(super) fn skip_equal(&self, other: &Self, mut at: usize, mut at_other: usize) -> (usize, usize) {
        while let Some(name_end) = memchr(0, &self.bytes[at..]) {
            let length = name_end + 1 + self.id_bytes;
            let here = self.bytes.get(at..at + length);
            if here.is_none() || here != other.bytes.get(at_other..at_other + length) {
                break;
            }
            at += length;
            at_other += length;
        }
        (at, at_other)
    }

    /// Says what is wrong with the tree, if anything is.
    fn fault(&self) -> Option<String> {
        let (mut start, mut before): (usize, Option<TreeEntry<'_>>) = (0, None);
        while start < self.bytes.len() {
            let Some((entry, next)) = self.entry_at(start) else {
                return Some("it cannot be parsed".into());
            };
            if is_forbidden(entry.name) {
                let name = String::from_utf8_lossy(entry.name);
                return Some(format!("it holds the name {name:?}, which git allows nowhere"));
            }
            if before.is_some_and(|before| before.order(&entry) != Ordering::Less) {
                return Some("its names are not in order, or one is there twice".into());
            }
            (start, before) = (next, Some(entry));
        }
        None
    }
}

fn is_forbidden(name: &[u8]) -> bool {
    name.is_empty()
        || matches!(name, b"." | b"..")
        || name.eq_ignore_ascii_case(b".git")
        || memchr(b'/', name).is_some()
}

fn id_bytes(format: ObjectFormat) -> usize {
    match format {
        ObjectFormat::Sha1 => 20,
        ObjectFormat::Sha256 => 32,
    }
}

fn parse_entry(bytes: &[u8], start: usize, id_bytes: usize) -> Option<(TreeEntry<'_>, usize)> {
    let rest = bytes.get(start..)?;
    let name_end = memchr(0, rest)?;
    let space = memchr(b' ', &rest[..name_end])?;
    let mut mode = 0;
    for digit in &rest[..space] {
        if !(b'0'..=b'7').contains(digit) || space > 6 {
            return None;
        }
        mode = mode * 8 + u32::from(digit - b'0');
    }
    let id = rest.get(name_end + 1..name_end + 1 + id_bytes)?;
    let entry = TreeEntry {
        mode,
        name: &rest[space + 1..name_end],
        id,
    };
    Some((entry, start + name_end + 1 + id_bytes))
}

/// The objects of a repository, with the trees that were read last.
pub(super) struct Objects<'a> {
    pub(super) database: Database<'a>,
    pub(super) format: ObjectFormat,
    recent: HashMap<Oid, TreeBytes>,
    older: HashMap<Oid, TreeBytes>,
    recent_bytes: usize,
}

impl<'a> Objects<'a> {
    pub(super) fn of(repository: &'a Repository) -> Result<Self> {
        Ok(Self {
            database: Database::of(repository)?,
            format: repository.object_format(),
            recent: HashMap::new(),
            older: HashMap::new(),
            recent_bytes: 0,
        })
    }

    /// Returns the bytes of an id.
    pub(super) fn id_bytes(&self) -> usize {
        id_bytes(self.format)
    }

    /// Parses a full hash.
    pub(super) fn id(&self, hash: &str) -> Result<Oid> {
        if hash.len() != 2 * id_bytes(self.format) {
            bail!("`{hash}` is not a full commit hash of this repository");
        }
        Oid::from_str_ext(hash, self.format).with_context(|| format!("`{hash}` is not a commit hash"))
    }

    /// Reads a tree and judges it; `None` is the empty one.
    pub(super) fn tree(&mut self, id: Option<Oid>) -> Result<TreeBytes> {
        let Some(id) = id else {
            return Ok(TreeBytes::empty(self.format));
        };
        if let Some(tree) = self.recent.get(&id) {
            return Ok(tree.clone());
        }
        let tree = match self.older.remove(&id) {
            Some(tree) => tree,
            None => self.read_tree(id)?,
        };
        if self.recent_bytes > KEPT_TREE_BYTES {
            self.older = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
        self.recent_bytes += tree.bytes.len();
        self.recent.insert(id, tree.clone());
        Ok(tree)
    }

    fn read_tree(&self, id: Oid) -> Result<TreeBytes> {
        let object = self.database.read(id, ObjectType::Tree, MAX_TREE_BYTES)?;
        let tree = TreeBytes {
            bytes: object.data().into(),
            id_bytes: id_bytes(self.format),
        };
        match tree.fault() {
            None => Ok(tree),
            Some(fault) => bail!("the tree `{id}` is malformed: {fault}; look with `git fsck`"),
        }
    }

    /// Finds a folder below a tree; `None` where there is none.
    pub(super) fn folder(&mut self, root: Oid, prefix: &str) -> Result<Option<Oid>> {
        let mut id = root;
        for name in prefix.split('/').filter(|name| !name.is_empty()) {
            match self.tree(Some(id))?.find(name).filter(TreeEntry::is_tree) {
                Some(entry) => id = entry.id(),
                None => return Ok(None),
            }
        }
        Ok(Some(id))
    }

    pub(super) fn commit(&self, id: Oid) -> Result<RawCommit> {
        let object = self.database.read(id, ObjectType::Commit, MAX_COMMIT_BYTES)?;
        parse_commit(object.data(), self.format)
            .with_context(|| format!("the commit `{id}` is malformed; look with `git fsck`"))
    }
}

/// Who wrote or took in a commit, as the commit says; nothing proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub name: String,
    pub email: String,
}

/// A commit as stored.
pub(super) struct RawCommit {
    pub(super) tree: Oid,
    pub(super) parents: Vec<Oid>,
    pub(super) author: (Identity, DateTime<Utc>),
    pub(super) committer: (Identity, DateTime<Utc>),
    pub(super) summary: String,
    pub(super) is_signed: bool,
}

fn parse_commit(bytes: &[u8], format: ObjectFormat) -> Option<RawCommit> {
    let (mut tree, mut author, mut committer) = (None, None, None);
    let (mut parents, mut is_signed, mut rest) = (Vec::new(), false, bytes);
    let id = |value: &[u8]| Oid::from_str_ext(std::str::from_utf8(value).ok()?, format).ok();
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        // A line that begins with a blank goes on with the one before, and none of those counts here.
        let space = memchr(b' ', line).unwrap_or(line.len());
        let value = line.get(space + 1..).unwrap_or_default();
        match &line[..space] {
            b"tree" if tree.is_none() => tree = Some(id(value)?),
            b"parent" => parents.push(id(value)?),
            b"author" if author.is_none() => author = Some(parse_identity(value)?),
            b"committer" if committer.is_none() => committer = Some(parse_identity(value)?),
            b"gpgsig" | b"gpgsig-sha256" => is_signed = true,
            _ => {}
        }
    }
    Some(RawCommit {
        tree: tree?,
        parents,
        author: author?,
        committer: committer?,
        summary: first_paragraph(rest),
        is_signed,
    })
}

/// Splits `Name <email> seconds zone`.
fn parse_identity(value: &[u8]) -> Option<(Identity, DateTime<Utc>)> {
    let start = memchr(b'<', value)?;
    let end = start + memchr(b'>', &value[start..])?;
    let date = &value[memrchr(b'>', value)? + 1..];
    let seconds = std::str::from_utf8(date).ok()?.split_ascii_whitespace().next()?;
    let identity = Identity {
        name: String::from_utf8_lossy(value[..start].trim_ascii()).into_owned(),
        email: String::from_utf8_lossy(value[start + 1..end].trim_ascii()).into_owned(),
    };
    Some((identity, DateTime::from_timestamp(seconds.parse().ok()?, 0)?))
}

/// Joins the lines of the first paragraph, as git's subject does.
fn first_paragraph(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    lines.join(" ")
}
