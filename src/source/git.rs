//! What git knows: commits read from the object database, without a checkout.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use git2::{ObjectType, Repository, TreeWalkMode, TreeWalkResult};

use super::tree::{Entry, EntryKind, Tree};

/// Where a folder stands in git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitFacts {
    /// The full hash of HEAD; `None` before the first commit.
    pub commit: Option<String>,
    /// The governed root within the work tree, with `/`; empty for the work tree itself.
    pub prefix: String,
    /// Whether files under the root differ from HEAD, untracked ones included.
    pub modified: bool,
    /// Whether the clone lacks old commits.
    pub shallow: bool,
}

/// Finds the work tree around a folder; `None` outside git.
pub fn facts(root: &Path) -> Result<Option<GitFacts>> {
    let Some((repository, prefix)) = open(root)? else {
        return Ok(None);
    };
    let commit = match repository.head() {
        Ok(head) => Some(
            head.peel_to_commit()
                .context("HEAD does not lead to a commit")?
                .id()
                .to_string(),
        ),
        Err(_) => None,
    };
    let mut options = git2::StatusOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(false)
        .include_ignored(false);
    if !prefix.is_empty() {
        options.pathspec(&prefix).disable_pathspec_match(true);
    }
    let statuses = repository
        .statuses(Some(&mut options))
        .context("cannot compare the work tree with HEAD")?;
    Ok(Some(GitFacts {
        commit,
        prefix,
        modified: !statuses.is_empty(),
        shallow: repository.is_shallow(),
    }))
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
        Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
        Err(error) => {
            return Err(error)
                .with_context(|| format!("git cannot open the repository at `{}`", root.display()));
        }
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

fn open_required(root: &Path) -> Result<(Repository, String)> {
    open(root)?.with_context(|| format!("`{}` is not in a git repository", root.display()))
}

/// Resolves a revision to the full hash of its commit.
pub fn resolve_revision(root: &Path, revision: &str) -> Result<String> {
    let (repository, _) = open_required(root)?;
    let object = repository.revparse_single(revision).with_context(|| {
        format!("`{revision}` names no commit; in a shallow clone fetch the whole history first")
    })?;
    let commit = object
        .peel_to_commit()
        .with_context(|| format!("`{revision}` is not a commit"))?;
    Ok(commit.id().to_string())
}

/// Finds the last commit on HEAD's first-parent line that is not younger than `until`, in Unix seconds.
pub fn resolve_day(root: &Path, until: i64) -> Result<String> {
    let (repository, _) = open_required(root)?;
    let mut commit = repository
        .head()
        .context("there is no commit yet")?
        .peel_to_commit()?;
    while commit.time().seconds() > until {
        commit = match commit.parent(0) {
            Ok(parent) => parent,
            Err(_) if repository.is_shallow() => {
                bail!("the clone is shallow and ends before that day; fetch the whole history first")
            }
            Err(_) => bail!("there is no commit on or before that day"),
        };
    }
    Ok(commit.id().to_string())
}

/// Lists the governed folder as a commit holds it.
pub fn read_commit(root: &Path, commit: &str) -> Result<Tree> {
    let (repository, prefix) = open_required(root)?;
    let mut entries = Vec::new();
    {
        let oid = git2::Oid::from_str(commit).with_context(|| format!("`{commit}` is not a commit hash"))?;
        let mut tree = repository
            .find_commit(oid)
            .with_context(|| format!("no commit `{commit}`"))?
            .tree()?;
        if !prefix.is_empty() {
            let entry = tree
                .get_path(Path::new(&prefix))
                .with_context(|| format!("commit `{commit}` has no folder `{prefix}`"))?;
            tree = repository
                .find_tree(entry.id())
                .with_context(|| format!("`{prefix}` is not a folder"))?;
        }
        let database = repository.odb().context("the object database cannot be opened")?;
        let mut failure = None;
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            visit(&database, folder, entry, &mut entries).unwrap_or_else(|error| {
                failure = Some(error);
                TreeWalkResult::Abort
            })
        })
        .or_else(|error| if failure.is_some() { Ok(()) } else { Err(error) })
        .context("the tree of the commit cannot be read")?;
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(Tree::of_commit(repository, entries))
}

fn visit(
    database: &git2::Odb<'_>,
    folder: &str,
    entry: &git2::TreeEntry<'_>,
    entries: &mut Vec<Entry>,
) -> Result<TreeWalkResult> {
    let name = entry.name().ok();
    let path = format!(
        "{folder}{}",
        name.map_or_else(|| String::from_utf8_lossy(entry.name_bytes()), Into::into)
    );
    let kind = match (entry.kind(), entry.filemode()) {
        (Some(ObjectType::Tree), _) => {
            let hidden = name.is_some_and(|name| name.starts_with('.'));
            return Ok(if hidden {
                TreeWalkResult::Skip
            } else {
                TreeWalkResult::Ok
            });
        }
        (Some(ObjectType::Commit), _) => EntryKind::Submodule,
        (_, 0o120_000) => EntryKind::Symlink,
        _ if name.is_none() => EntryKind::Other,
        _ => EntryKind::File,
    };
    let size = match kind {
        EntryKind::File => {
            let (size, _) = database.read_header(entry.id()).with_context(|| {
                format!("the content of `{path}` is not in this clone; fetch it with `git fetch --refetch`")
            })?;
            size as u64
        }
        EntryKind::Symlink | EntryKind::Submodule | EntryKind::Other => 0,
    };
    entries.push(Entry {
        path: path.into(),
        kind,
        size,
        blob: Some(entry.id()),
    });
    Ok(TreeWalkResult::Ok)
}
