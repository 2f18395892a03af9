//! Which file may lie where.

use super::names::name_fault;
use super::suppressions::is_ignore_file;
use crate::model::Kind;
use crate::source::{Entry, EntryKind};

/// Folders that hold no records.
pub const FREE_FOLDERS: &[&str] = &[
    "templates",
    "schemas",
    "generated",
    "data",
    "imports",
    "ledger",
    "anchors",
    "keyring",
];

/// Folders of kinds that this version does not know.
const LATER_FOLDERS: &[&str] = &["suppliers", "patches", "reviews", "actions"];

/// What a file is by its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordPlace {
    /// Nothing that this tool reads as text.
    Ignored,
    Configuration,
    /// Text beside the records; it must not be one.
    Free,
    Record(Kind),
}

/// Why a file must not lie where it lies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misplaced {
    /// `SCH004` for what is unsafe anywhere, `SCH003` for what only lies in the wrong place.
    pub code: &'static str,
    pub message: String,
    pub help: String,
}

/// Decides what a file is by its place.
pub fn place_of(entry: &Entry, excluded: &[&str]) -> Result<RecordPlace, Misplaced> {
    let path = &*entry.path;
    if let Some(fault) = unsafe_entry(entry) {
        return Err(fault);
    }
    if excluded.iter().any(|prefix| is_under(path, prefix)) {
        return Ok(if is_yaml(path) {
            RecordPlace::Free
        } else {
            RecordPlace::Ignored
        });
    }
    // A scanner reads its ignore file wherever it lies, and so it is read here.
    if is_ignore_file(path) {
        return Ok(RecordPlace::Free);
    }
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or("");
    let depth = path.split('/').count();
    if depth == 1 {
        return root_file(path);
    }
    if path
        .rsplit('/')
        .next()
        .is_some_and(|name| name == "compliance.yaml" || name == "compliance.yml")
    {
        return Err(misplaced(
            "a second `compliance.yaml`",
            "the one at the root is the only configuration",
        ));
    }
    if FREE_FOLDERS.contains(&first) {
        return Ok(if is_yaml(path) && first != "imports" {
            RecordPlace::Free
        } else {
            RecordPlace::Ignored
        });
    }
    if LATER_FOLDERS.contains(&first) {
        return Err(misplaced(
            &format!("this version knows no records of `{first}/`"),
            "use a newer version, or move the file out of the repository",
        ));
    }
    let kind = Kind::ALL
        .iter()
        .copied()
        .find(|kind| kind.folder() == first && !first.is_empty());
    match kind {
        Some(Kind::Approval) => approval_file(path, depth),
        Some(kind) => record_file(path, depth, kind),
        None if is_yaml(path) => Err(misplaced(
            &format!("YAML in `{first}/`, which is no folder of records"),
            "move the record into the folder of its kind, or name the path under `exclude` in `compliance.yaml`",
        )),
        None => Ok(RecordPlace::Ignored),
    }
}

fn unsafe_entry(entry: &Entry) -> Option<Misplaced> {
    let (message, help) = match entry.kind {
        EntryKind::Symlink => (
            "a symbolic link".into(),
            "replace it by the file; a link can lead out of what is governed",
        ),
        EntryKind::Submodule => (
            "a submodule".into(),
            "copy the files; another repository is not governed here",
        ),
        EntryKind::Other => (
            "not a regular file with a UTF-8 name".into(),
            "remove it, or give it a name in plain letters",
        ),
        EntryKind::File => (
            name_fault(&entry.path)?,
            "rename it, so that every machine holds and shows it alike",
        ),
    };
    Some(Misplaced {
        code: "SCH004",
        message,
        help: help.into(),
    })
}

fn root_file(path: &str) -> Result<RecordPlace, Misplaced> {
    match path {
        "isms.yaml" => Ok(RecordPlace::Record(Kind::Isms)),
        "compliance.yaml" => Ok(RecordPlace::Configuration),
        // It drives the forge, which looks for it here; it is among the files that guard the repository.
        ".gitlab-ci.yml" => Ok(RecordPlace::Free),
        _ if is_yaml(path) => Err(misplaced(
            "an unknown YAML file at the root",
            "only `isms.yaml` and `compliance.yaml` lie at the root; each other record lies in its kind's folder",
        )),
        _ => Ok(RecordPlace::Ignored),
    }
}

fn record_file(path: &str, depth: usize, kind: Kind) -> Result<RecordPlace, Misplaced> {
    let folder = kind.folder();
    if kind == Kind::Policy && path.ends_with(".md") {
        return Ok(RecordPlace::Ignored);
    }
    if depth == 2 && path.ends_with(".yaml") {
        return Ok(RecordPlace::Record(kind));
    }
    Err(misplaced(
        &format!("an unknown file under `{folder}/`"),
        &format!("`{folder}/` holds `<id>.yaml`, one file a record and no folders"),
    ))
}

fn approval_file(path: &str, depth: usize) -> Result<RecordPlace, Misplaced> {
    let well_placed = depth == 3;
    if well_placed && path.ends_with(".yaml") {
        return Ok(RecordPlace::Record(Kind::Approval));
    }
    if well_placed && path.ends_with(".yaml.sig") {
        return Ok(RecordPlace::Ignored);
    }
    Err(misplaced(
        "an unknown file under `approvals/`",
        "approvals lie at `approvals/<id>/<digest8>-<person>-<n>.yaml`, each with its `.sig`",
    ))
}

pub(super) fn is_under(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path == prefix
        || path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn is_yaml(path: &str) -> bool {
    let lower = path.to_lowercase();
    lower.ends_with(".yaml") || lower.ends_with(".yml")
}

fn misplaced(message: &str, help: &str) -> Misplaced {
    Misplaced {
        code: "SCH003",
        message: message.into(),
        help: help.into(),
    }
}
