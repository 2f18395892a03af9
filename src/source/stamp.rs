//! Whether anything in a folder may have changed, without reading what is in it.

use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result, bail};

use super::digest::sha256_of_parts;
use super::git::{head, open};

/// Files and folders that are looked at.
const MAX_ENTRIES: usize = 1_000_000;

/// Returns a digest of the names, sizes and times of all files below a folder, and of the commit of HEAD.
///
/// Two equal ones say that nothing was written in between; dot-folders are left out.
pub fn stamp(root: &Path) -> Result<String> {
    let mut lines: Vec<String> = Vec::new();
    let walk = walkdir::WalkDir::new(root)
        .follow_links(false)
        .min_depth(1)
        .into_iter()
        .filter_entry(|entry| {
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            !(is_hidden && entry.file_type().is_dir())
        });
    for entry in walk {
        let entry = entry.with_context(|| format!("cannot list `{}`", root.display()))?;
        if lines.len() >= MAX_ENTRIES {
            bail!(
                "`{}` holds more than {MAX_ENTRIES} files and folders",
                root.display()
            );
        }
        if entry.file_type().is_dir() {
            continue;
        }
        // What vanishes while it is looked at has changed.
        let (size, time) = entry.metadata().map_or((0, 0), |metadata| {
            let written = metadata
                .modified()
                .ok()
                .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
            (metadata.len(), written.map_or(0, |since| since.as_nanos()))
        });
        lines.push(format!("{}\0{size}\0{time}", entry.path().display()));
    }
    lines.sort();
    if let Some((repository, _)) = open(root)? {
        lines.push(head(&repository)?.map_or_else(String::new, |id| id.to_string()));
    }
    Ok(sha256_of_parts(lines.iter().map(String::as_str)))
}
