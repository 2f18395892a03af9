//! Which file names every machine can hold, and which paths some machines take for one.

use std::collections::{BTreeSet, HashMap};

use crate::source::{Entry, unsafe_character};

/// Names that Windows keeps for devices, whatever stands behind a dot.
const DEVICES: &[&str] = &[
    "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6",
    "COM7", "COM8", "COM9", "COM¹", "COM²", "COM³", "LPT0", "LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6",
    "LPT7", "LPT8", "LPT9", "LPT¹", "LPT²", "LPT³",
];

/// Says why a path cannot be shown, or not be checked out everywhere.
pub(super) fn name_fault(path: &str) -> Option<String> {
    let unsafe_name = path.chars().find_map(|character| match character {
        '\t' | '\n' | '\r' => Some("a control character"),
        other => unsafe_character(other),
    });
    if let Some(name) = unsafe_name {
        return Some(format!("{name} in the file name"));
    }
    path.split('/').find_map(part_fault)
}

fn part_fault(part: &str) -> Option<String> {
    let stem = part.split('.').next().unwrap_or("").trim_end().to_uppercase();
    if DEVICES.contains(&stem.as_str()) {
        return Some(format!("the name `{part}`, which Windows keeps for a device"));
    }
    if part.ends_with(['.', ' ']) {
        return Some(format!("the name `{part}`, whose last character Windows drops"));
    }
    if part.eq_ignore_ascii_case("git~1") {
        return Some(format!("the name `{part}`, which Windows takes for `.git`"));
    }
    let character = part.chars().find(|character| "<>:\"|?*\\".contains(*character))?;
    Some(format!(
        "`{character}` in the name `{part}`, which Windows does not allow"
    ))
}

/// Finds paths and folders that differ only in case, or of which one is a file and the other a folder.
///
/// Gives the place in `entries` of one file of each, and what the other is called.
pub(super) fn colliding(entries: &[Entry]) -> Vec<(usize, String)> {
    let mut names = Names::default();
    let mut last_folder = "";
    for (index, entry) in entries.iter().enumerate() {
        let path = &*entry.path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder != last_folder {
            for (end, _) in path.match_indices('/') {
                names.note(&path[..end], true, index);
            }
            last_folder = folder;
        }
        names.note(path, false, index);
    }
    names.collisions
}

#[derive(Clone, Copy)]
struct Name<'a> {
    path: &'a str,
    is_folder: bool,
    index: usize,
}

#[derive(Default)]
struct Names<'a> {
    by_folded: HashMap<String, Name<'a>>,
    collisions: Vec<(usize, String)>,
    reported: BTreeSet<(&'a str, bool)>,
}

impl<'a> Names<'a> {
    fn note(&mut self, path: &'a str, is_folder: bool, index: usize) {
        let name = Name {
            path,
            is_folder,
            index,
        };
        let first = *self.by_folded.entry(path.to_lowercase()).or_insert(name);
        if first.path == path && first.is_folder == is_folder {
            // A file that is there twice is no other file; a tree of git cannot hold it.
            return;
        }
        for (name, other) in [(first, name), (name, first)] {
            if self.reported.insert((name.path, name.is_folder)) {
                self.collisions.push((name.index, other.path.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::name_fault;

    #[test]
    fn names_of_windows_and_of_terminals_are_refused() {
        for (path, words) in [
            ("risks/aux.yaml", Some("device")),
            ("data/Com1", Some("device")),
            ("data/nul .txt", Some("device")),
            ("risks/r-001.yaml.", Some("drops")),
            ("data /x", Some("drops")),
            ("data/a:b", Some("`:`")),
            ("data/a\\b", Some("`\\`")),
            ("GIT~1/config", Some("`.git`")),
            ("data/a\nb", Some("control character")),
            ("data/\u{1b}[31mred", Some("control character")),
            ("data/a\u{202e}b", Some("bidirectional")),
            ("data/a\u{200b}b", Some("invisible")),
            ("data/auxiliary.csv", None),
            ("data/Übersicht (neu) 1.2.csv", None),
            (".github/workflows/x.yaml", None),
        ] {
            let found = name_fault(path);
            assert_eq!(found.is_some(), words.is_some(), "{path:?}: {found:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(words.unwrap_or("")), "{path:?}: {found}");
        }
    }
}
