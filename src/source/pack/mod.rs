//! A repository's history in one file, as `git bundle` writes and reads it.
//!
//! It is packed here and not by the library, whose order hangs on the tags of a clone: the same commit gives
//! the same bytes.

mod check;
mod delta;
mod reach;
mod write;

use std::path::Path;

use anyhow::Result;
use git2::{ObjectFormat, Repository};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::database::{is_partial, is_shallow};
use super::git::open_required;
use super::objects::Objects;

/// One object, and one pack, may have this many bytes at the most.
const MAX_BYTES: u64 = 1 << 30;

const OFFSET_DELTA: u8 = 6;
const BASE_DELTA: u8 = 7;

/// The history that led to a commit, in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GitBundle {
    /// The bytes of the file.
    Made(Vec<u8>),
    /// There is none, and why.
    LeftOut(String),
}

/// Packs all that a commit, given by its full hash, leads to.
///
/// Of a folder inside of a work tree there is none: the history is not its own.
pub fn make_git_bundle(root: &Path, commit: &str, max_bytes: u64) -> Result<GitBundle> {
    let (repository, prefix) = open_required(root)?;
    if let Some(why) = why_left_out(&repository, &prefix) {
        return Ok(GitBundle::LeftOut(why.to_owned()));
    }
    let mut objects = Objects::of(&repository)?;
    let head = objects.id(commit)?;
    let reached = reach::reach(&mut objects, head)?;
    let made = write::write(&objects, head, &reached, max_bytes.min(MAX_BYTES))?;
    Ok(made.map_or_else(
        || {
            let megabytes = max_bytes.min(MAX_BYTES) >> 20;
            GitBundle::LeftOut(format!("the history takes more than {megabytes} MiB"))
        },
        GitBundle::Made,
    ))
}

/// Tells whether a repository's history goes into a bundle, and why not.
pub fn why_no_git_bundle(root: &Path) -> Result<Option<&'static str>> {
    let (repository, prefix) = open_required(root)?;
    Ok(why_left_out(&repository, &prefix))
}

fn why_left_out(repository: &Repository, prefix: &str) -> Option<&'static str> {
    if !prefix.is_empty() {
        Some("the folder lies inside of a larger work tree")
    } else if is_shallow(repository) {
        Some("the clone is shallow")
    } else if is_partial(repository) {
        Some("the clone is partial")
    } else {
        None
    }
}

/// Returns the commit that a git bundle ends in; else says what is wrong with it.
pub fn git_bundle_head(bytes: &[u8]) -> Result<String, String> {
    check::read_head(bytes).map(|(head, _)| head.to_owned())
}

/// Compares a git bundle with a repository: it must end in the commit and hold exactly what that leads to.
///
/// Returns the number of objects, or the first thing that differs.
pub fn check_git_bundle(root: &Path, commit: &str, bytes: &[u8]) -> Result<Result<usize, String>> {
    let (repository, _) = open_required(root)?;
    let mut objects = Objects::of(&repository)?;
    let head = objects.id(commit)?;
    let reached = reach::reach(&mut objects, head)?;
    Ok(check::check(&objects, commit, &reached, bytes))
}

/// Returns the hash that ends a pack.
fn pack_hash(format: ObjectFormat, bytes: &[u8]) -> Vec<u8> {
    match format {
        ObjectFormat::Sha1 => Sha1::digest(bytes).to_vec(),
        ObjectFormat::Sha256 => Sha256::digest(bytes).to_vec(),
    }
}
