//! A bundle as found on disk, folder or archive: files in bounds, and what could not be accepted.

use std::fmt;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use walkdir::{DirEntry, WalkDir};

use super::archive::{is_archive_of, read_archive};
use crate::source::write::{Files, check_path, check_paths};

/// The most files that a bundle may have.
pub const MAX_FILES: usize = 200_000;
/// The most bytes that one file may have.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// The most bytes that all files together may have.
pub const MAX_TOTAL_BYTES: u64 = 2 << 30;

/// How deep folders may lie in each other.
const MAX_DEPTH: usize = 64;

/// Something because of which a bundle does not stand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// A file is not the one that was listed.
    DigestDiffers(String),
    /// A listed file is not there.
    Missing(String),
    /// A file is there that the manifest does not list.
    NotListed(String),
    /// A file, or an entry that is no plain file, cannot be accepted, and why.
    Refused(String, String),
    /// A decision whose signature does not count, named by its record and person, and why.
    Approval(String, String),
    /// The bundle as a whole, or a file that vouches for others, fails, and why.
    Bundle(String, String),
}

impl Problem {
    pub(super) fn entry(name: &str, why: &str) -> Problem {
        Problem::Refused(name.to_owned(), why.to_owned())
    }

    pub(super) fn damaged_after(name: Option<&str>) -> Problem {
        let after = name
            .map(|name| format!(" after `{}`", name.escape_debug()))
            .unwrap_or_default();
        Problem::Bundle("archive".to_owned(), format!("is damaged or cut off{after}"))
    }

    /// The file that the problem is with.
    pub fn path(&self) -> Option<&str> {
        match self {
            Problem::DigestDiffers(path)
            | Problem::Missing(path)
            | Problem::NotListed(path)
            | Problem::Refused(path, _) => Some(path),
            Problem::Approval(_, _) | Problem::Bundle(_, _) => None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Problem::Approval(name, why) = self {
            return write!(formatter, "FAIL approval {}: {why}", name.escape_debug());
        }
        let (name, why) = match self {
            Problem::DigestDiffers(path) => (path, "digest differs"),
            Problem::Missing(path) => (path, "missing"),
            Problem::NotListed(path) => (path, "not listed in SHA256SUMS"),
            Problem::Refused(path, why) | Problem::Approval(path, why) | Problem::Bundle(path, why) => {
                (path, why.as_str())
            }
        };
        write!(formatter, "FAIL {} {why}", name.escape_debug())
    }
}

/// The files of a bundle as found, nothing of them believed yet.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The plain files.
    pub files: Files,
    /// What could not be accepted while reading.
    pub problems: Vec<Problem>,
    total: u64,
    /// Where the bundle is an archive, its place; its bytes are compared with those that we would write.
    archive: Option<PathBuf>,
}

impl Contents {
    /// Reads one file if its name is acceptable; how many bytes there were.
    pub(super) fn read_file(&mut self, name: &str, input: &mut impl Read) -> Result<u64> {
        if self.files.len() >= MAX_FILES {
            bail!("the bundle has more than {MAX_FILES} files");
        }
        let mut bytes = Vec::new();
        input
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("could not read `{name}`"))?;
        let length = bytes.len() as u64;
        self.total += length;
        if length > MAX_FILE_BYTES || self.total > MAX_TOTAL_BYTES {
            bail!(
                "the bundle is too large at `{}`: {MAX_FILE_BYTES} bytes a file and {MAX_TOTAL_BYTES} in all are the limit",
                name.escape_debug()
            );
        }
        if let Err(error) = check_path(name) {
            self.problems
                .push(Problem::entry(name, &format!("refused: {error}")));
        } else if self.files.insert(name.to_owned(), bytes).is_some() {
            self.problems.push(Problem::entry(name, "is there twice"));
        }
        Ok(length)
    }

    /// Whether an archive is, byte for byte, the one that we would write of its files; a folder has no form.
    ///
    /// `modified` is the time of its entries in seconds since 1970.
    pub(super) fn has_archive_form(&self, modified: u64) -> bool {
        let Some(path) = &self.archive else { return true };
        File::open(path).is_ok_and(|file| is_archive_of(&self.files, modified, BufReader::new(file)))
    }
}

/// Reads a bundle, a folder or an archive, without following any link.
///
/// Fails only if nothing sensible can be read, or the bundle is over a limit; all else is a problem in the
/// contents.
pub fn read_bundle(path: &Path) -> Result<Contents> {
    let cannot = || format!("could not read the bundle `{}`", path.display());
    let found = fs::metadata(path).with_context(cannot)?;
    let mut contents = Contents::default();
    if found.is_dir() {
        read_folder(path, &mut contents).with_context(cannot)?;
    } else if found.is_file() {
        let file = File::open(path).with_context(cannot)?;
        read_archive(BufReader::new(file), &mut contents).with_context(cannot)?;
        contents.archive = Some(path.to_owned());
    } else {
        bail!("`{}` is neither a folder nor an archive", path.display());
    }
    if let Err(error) = check_paths(contents.files.keys().map(String::as_str)) {
        contents
            .problems
            .push(Problem::Bundle("bundle".to_owned(), format!("refused: {error}")));
    }
    Ok(contents)
}

fn read_folder(root: &Path, contents: &mut Contents) -> Result<()> {
    for entry in WalkDir::new(root)
        .follow_links(false)
        .min_depth(1)
        .sort_by_file_name()
    {
        let entry = entry?;
        if entry.depth() > MAX_DEPTH {
            bail!("folders lie in each other more than {MAX_DEPTH} deep");
        }
        let name = name_in(root, &entry);
        if entry.file_type().is_dir() {
            continue;
        }
        match name {
            Err(shown) => contents
                .problems
                .push(Problem::entry(&shown, "has a name that is not UTF-8")),
            Ok(name) if entry.file_type().is_symlink() => {
                contents
                    .problems
                    .push(Problem::entry(&name, "is a symbolic link"));
            }
            Ok(name) if !entry.file_type().is_file() => {
                contents.problems.push(Problem::entry(&name, "is no plain file"));
            }
            Ok(name) => {
                let mut file = File::open(entry.path())?;
                contents.read_file(&name, &mut file)?;
            }
        }
    }
    Ok(())
}

/// The path of an entry below `root` with `/`; `Err` with what can be shown of it if it is not UTF-8.
fn name_in(root: &Path, entry: &DirEntry) -> Result<String, String> {
    let below = entry.path().strip_prefix(root).unwrap_or_else(|_| entry.path());
    let parts: Option<Vec<&str>> = below.iter().map(|part| part.to_str()).collect();
    parts
        .map(|parts| parts.join("/"))
        .ok_or_else(|| below.to_string_lossy().into_owned())
}
