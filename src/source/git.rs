//! What git knows: commits read from the object database, without a checkout.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use git2::{ErrorCode, Oid, Repository};

use super::database::is_shallow;
use super::history::ends;
use super::objects::Objects;

/// Where a folder stands in git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitFacts {
    /// The full hash of HEAD; `None` before the first commit.
    pub commit: Option<String>,
    /// The governed root within the work tree, with `/`; empty for the work tree itself.
    pub prefix: String,
    /// Whether files under the root differ from HEAD, untracked ones included.
    pub modified: bool,
    /// Whether there is no work tree: only commits can be read.
    pub is_bare: bool,
    /// Whether the clone lacks old commits.
    pub shallow: bool,
}

/// Finds the work tree around a folder; `None` outside git.
pub fn facts(root: &Path) -> Result<Option<GitFacts>> {
    let Some((repository, prefix)) = open(root)? else {
        return Ok(None);
    };
    Ok(Some(GitFacts {
        commit: head(&repository)?.map(|id| id.to_string()),
        modified: is_modified(&repository, &prefix)?,
        prefix,
        is_bare: repository.is_bare(),
        shallow: is_shallow(&repository),
    }))
}

/// Returns the commit of HEAD; `None` before the first one.
pub(super) fn head(repository: &Repository) -> Result<Option<Oid>> {
    match repository.head() {
        Ok(head) => {
            let commit = head.peel_to_commit().context("HEAD does not lead to a commit")?;
            Ok(Some(commit.id()))
        }
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
        Err(error) => Err(error).context("HEAD cannot be read"),
    }
}

fn is_modified(repository: &Repository, prefix: &str) -> Result<bool> {
    if repository.is_bare() {
        return Ok(false);
    }
    let mut options = git2::StatusOptions::new();
    // What a submodule holds is not governed here, and its repository is not opened.
    options
        .include_untracked(true)
        .recurse_untracked_dirs(false)
        .exclude_submodules(true)
        .include_ignored(false);
    if !prefix.is_empty() {
        options.pathspec(prefix).disable_pathspec_match(true);
    }
    let statuses = repository
        .statuses(Some(&mut options))
        .context("cannot compare the work tree with HEAD")?;
    Ok(!statuses.is_empty())
}

/// Finds the work tree around a folder; `None` outside git.
pub fn work_tree_around(folder: &Path) -> Option<std::path::PathBuf> {
    Repository::discover(folder)
        .ok()?
        .workdir()
        .map(Path::to_path_buf)
}

pub(super) fn open(root: &Path) -> Result<Option<(Repository, String)>> {
    let repository = match Repository::discover(root) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(cannot_open(root, &error)),
    };
    let Some(work_tree) = repository.workdir() else {
        return Ok(Some((repository, String::new())));
    };
    let work_tree = work_tree
        .canonicalize()
        .context("the work tree cannot be found")?;
    let root = root
        .canonicalize()
        .with_context(|| format!("`{}` cannot be found", root.display()))?;
    let relative = root.strip_prefix(&work_tree).unwrap_or(Path::new(""));
    let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
    let prefix = parts
        .context("the path of the governed folder is not UTF-8")?
        .join("/");
    Ok(Some((repository, prefix)))
}

/// Says why a repository cannot be opened, and what to do about it.
fn cannot_open(root: &Path, error: &git2::Error) -> anyhow::Error {
    let root = root.display();
    let reason = error.message().to_lowercase();
    if reason.contains("refstorage") {
        return anyhow::anyhow!(
            "the repository at `{root}` keeps its references as a reftable, which this version does not read; \
             clone it with `git clone --ref-format=files`"
        );
    }
    if reason.contains("object format") || reason.contains("objectformat") {
        return anyhow::anyhow!(
            "the repository at `{root}` has objects of a format that this version does not read; SHA-1 and \
             SHA-256 are read"
        );
    }
    if error.code() == ErrorCode::Owner {
        return anyhow::anyhow!(
            "the repository at `{root}` belongs to another user; when you trust it, say so with \
             `git config --global --add safe.directory <its folder>`"
        );
    }
    anyhow::anyhow!("git cannot open the repository at `{root}`: {}", error.message())
}

pub(super) fn open_required(root: &Path) -> Result<(Repository, String)> {
    open(root)?.with_context(|| format!("`{}` is not in a git repository", root.display()))
}

/// Resolves a revision, as `git rev-parse` reads it, to the full hash of its commit.
pub fn resolve_revision(root: &Path, revision: &str) -> Result<String> {
    let (repository, _) = open_required(root)?;
    Ok(commit_of(&repository, revision)?.to_string())
}

fn commit_of(repository: &Repository, revision: &str) -> Result<Oid> {
    let object = repository.revparse_single(revision).map_err(|error| {
        let help = if error.code() == ErrorCode::Ambiguous {
            "it fits more than one; write more of the hash"
        } else if is_shallow(repository) {
            "the clone is shallow: fetch the whole history with `git fetch --unshallow`"
        } else {
            "give a branch, a tag, a hash or what else `git rev-parse` takes"
        };
        anyhow::anyhow!("`{revision}` names no commit; {help}")
    })?;
    let commit = object
        .peel_to_commit()
        .with_context(|| format!("`{revision}` is not a commit"))?;
    Ok(commit.id())
}

/// Returns when a commit was committed, as the commit itself tells.
pub fn committed_at(root: &Path, commit: &str) -> Result<DateTime<Utc>> {
    let (repository, _) = open_required(root)?;
    let id = commit_of(&repository, commit)?;
    let seconds = repository
        .find_commit(id)
        .with_context(|| format!("the commit `{commit}` cannot be read"))?
        .time()
        .seconds();
    DateTime::from_timestamp(seconds, 0)
        .with_context(|| format!("the commit `{commit}` tells no time that can be read"))
}

/// Finds every best common ancestor of two revisions, as full hashes, sorted.
///
/// Having none is an error: nothing then says what one side changed.
pub fn merge_bases(root: &Path, one: &str, other: &str) -> Result<Vec<String>> {
    let (repository, _) = open_required(root)?;
    let (first, second) = (commit_of(&repository, one)?, commit_of(&repository, other)?);
    let found = match repository.merge_bases(first, second) {
        Ok(found) => found.iter().map(ToString::to_string).collect(),
        Err(error) if error.code() == ErrorCode::NotFound => Vec::new(),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("the histories of `{one}` and `{other}` cannot be read"));
        }
    };
    let mut found: Vec<String> = found;
    found.sort();
    if !found.is_empty() {
        return Ok(found);
    }
    if is_shallow(&repository) {
        bail!(
            "`{one}` and `{other}` have no common ancestor in this clone, which is shallow; fetch the whole \
             history with `git fetch --unshallow`"
        );
    }
    bail!("`{one}` and `{other}` have unrelated histories: no commit leads to both")
}

/// Finds the last commit on HEAD's first-parent line that is not younger than `until`, in Unix seconds.
pub fn resolve_day(root: &Path, until: i64) -> Result<String> {
    let (repository, _) = open_required(root)?;
    let objects = Objects::of(&repository)?;
    let ends = ends(&repository)?;
    let mut id = head(&repository)?.context("there is no commit yet")?;
    loop {
        let commit = objects
            .commit(id)
            .context("a commit before that day cannot be read")?;
        if commit.committer.1.timestamp() <= until {
            return Ok(id.to_string());
        }
        id = match commit.parents.first() {
            Some(_) if ends.contains(&id) => {
                bail!("the clone is shallow and ends before that day; fetch the whole history first")
            }
            Some(parent) => *parent,
            None => bail!("there is no commit on or before that day"),
        };
    }
}
