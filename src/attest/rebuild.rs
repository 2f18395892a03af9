//! A bundle beside the one that was made again from its commit: the first byte that differs, and where.

use std::fmt;

use super::manifest::{SUMS, is_exempt};
use crate::source::write::Files;

/// So many characters of a line are shown from where it differs, and so many before.
const SHOWN: usize = 80;
const SHOWN_BEFORE: usize = 20;
/// So many bytes are shown of what is no text.
const SHOWN_BYTES: usize = 8;

/// The first thing in which two bundles differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub path: String,
    pub what: What,
    /// How many files differ besides.
    pub more: usize,
}

/// In what a file differs; of two values the first is that of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Only the bundle has it.
    NotMade,
    /// Only what was made again has it.
    NotGiven,
    /// A line of text, counted from 1.
    Line(usize, String, String),
    /// A byte, counted from 0.
    Byte(usize, String, String),
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FAIL {} ", self.path.escape_debug())?;
        match &self.what {
            What::NotMade => write!(formatter, "is in the bundle, and is not made again")?,
            What::NotGiven => write!(formatter, "is made again, and is not in the bundle")?,
            What::Line(line, given, made) => write!(
                formatter,
                "differs at line {line}: the bundle has `{given}`, rebuilt it is `{made}`"
            )?,
            What::Byte(place, given, made) => write!(
                formatter,
                "differs at byte {place}: the bundle has {given}, rebuilt it is {made}"
            )?,
        }
        match self.more {
            0 => Ok(()),
            1 => write!(formatter, " (1 more file differs)"),
            more => write!(formatter, " ({more} more files differ)"),
        }
    }
}

/// Compares all files but signatures; `None`: they are the same.
///
/// A git bundle has a check of its own, and goes into `made` as it is.
pub fn first_difference(given: &Files, made: &Files) -> Option<Difference> {
    let mut paths: Vec<&String> = given.keys().chain(made.keys()).filter(is_compared).collect();
    // The list of digests differs wherever anything does, and says the least of it.
    paths.sort_by_key(|path| (*path == SUMS, *path));
    paths.dedup();
    let mut differing = paths
        .into_iter()
        .filter(|path| given.get(*path) != made.get(*path));
    let path = differing.next()?;
    let what = match (given.get(path), made.get(path)) {
        (Some(_), None) => What::NotMade,
        (Some(given), Some(made)) => first_in(given, made),
        (None, _) => What::NotGiven,
    };
    Some(Difference {
        path: path.clone(),
        what,
        more: differing.count(),
    })
}

/// Returns how many files are compared.
pub fn compared(files: &Files) -> usize {
    files.keys().filter(is_compared).count()
}

fn is_compared(path: &&String) -> bool {
    *path == SUMS || !is_exempt(path)
}

fn first_in(given: &[u8], made: &[u8]) -> What {
    let place = given
        .iter()
        .zip(made)
        .take_while(|(one, other)| one == other)
        .count();
    match (std::str::from_utf8(given), std::str::from_utf8(made)) {
        (Ok(one), Ok(other)) if !given.contains(&0) => {
            let line = given[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
            What::Line(line, around(one, place), around(other, place))
        }
        (_, _) => What::Byte(place, bytes_at(given, place), bytes_at(made, place)),
    }
}

/// Returns the line at a place, as far as it is worth showing.
fn around(text: &str, place: usize) -> String {
    let mut place = place.min(text.len());
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    let start = text[..place].rfind('\n').map_or(0, |end| end + 1);
    let before: Vec<char> = text[start..place].chars().collect();
    let behind = text[place..].lines().next().unwrap_or_default();
    let kept = &before[before.len().saturating_sub(SHOWN_BEFORE)..];
    let cut_before = if kept.len() < before.len() { "…" } else { "" };
    let cut_behind = if behind.chars().count() > SHOWN { "…" } else { "" };
    let shown: String = kept.iter().copied().chain(behind.chars().take(SHOWN)).collect();
    format!("{cut_before}{shown}{cut_behind}")
}

fn bytes_at(bytes: &[u8], place: usize) -> String {
    let shown: Vec<String> = bytes
        .iter()
        .skip(place)
        .take(SHOWN_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if shown.is_empty() {
        "no more bytes".to_owned()
    } else {
        format!("`{}`", shown.join(" "))
    }
}
