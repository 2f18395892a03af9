//! The year of the example organisation: which file came when, by whom, and what was changed later.
//!
//! The example as it lies in the binary is the last state. A step names the files that came with it, and
//! the changes that it made to older ones; the states before are found by taking the changes back.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};

use super::year::{Edit, STEPS, Step};
use crate::source::write::Files;

/// Returns the moment of a step.
pub(super) fn moment(step: &Step) -> Result<DateTime<Utc>> {
    step.at
        .parse()
        .with_context(|| format!("`{}` is no moment", step.at))
}

/// Returns, for each step, the files that it writes as they were then. Approvals are in none of them.
pub(super) fn states(last: &Files) -> Result<Vec<Files>> {
    let mut now: BTreeMap<&str, String> = BTreeMap::new();
    let mut added: Vec<Vec<&str>> = STEPS.iter().map(|_| Vec::new()).collect();
    for (path, bytes) in last.iter().filter(|(path, _)| !path.starts_with("approvals/")) {
        let index = step_of(path).with_context(|| format!("no step of the year brings `{path}`"))?;
        if let Some(of_step) = added.get_mut(index) {
            of_step.push(path);
        }
        let text = std::str::from_utf8(bytes).with_context(|| format!("`{path}` is no text"))?;
        now.insert(path, text.to_owned());
    }
    let mut states: Vec<Files> = Vec::new();
    for (step, added) in STEPS.iter().zip(&added).rev() {
        let mut written = Files::new();
        let mut record = |path: &str, text: &str| written.insert(path.to_owned(), text.as_bytes().to_vec());
        for path in added {
            record(path, now.get(path).map_or("", String::as_str));
        }
        for change in step.changes {
            for (path, text) in now.iter_mut().filter(|(path, _)| fits(change.path, path)) {
                record(path, text);
            }
        }
        for path in added {
            now.remove(path);
        }
        // Changes are taken back only after the state with all of them has been kept.
        for change in step.changes.iter().rev() {
            for (path, text) in now.iter_mut().filter(|(path, _)| fits(change.path, path)) {
                *text = taken_back(&change.edit, text)
                    .with_context(|| format!("`{path}` in the step of {}", step.at))?;
            }
        }
        states.push(written);
    }
    states.reverse();
    Ok(states)
}

/// An exact name wins over a beginning; among equals the first step wins.
fn step_of(path: &str) -> Option<usize> {
    let exact = STEPS.iter().position(|step| step.adds.contains(&path));
    exact.or_else(|| {
        STEPS
            .iter()
            .position(|step| step.adds.iter().any(|pattern| fits(pattern, path)))
    })
}

fn fits(pattern: &str, path: &str) -> bool {
    pattern
        .strip_suffix('*')
        .map_or(pattern == path, |start| path.starts_with(start))
}

fn taken_back(edit: &Edit, text: &str) -> Result<String> {
    match edit {
        Edit::Replace { before, after } => {
            if text.matches(after).count() != 1 {
                bail!("`{}` does not stand there once", after.trim());
            }
            Ok(text.replacen(after, before, 1))
        }
        Edit::NewLine(part) => {
            let kept: String = text
                .split_inclusive('\n')
                .filter(|line| !line.contains(part))
                .collect();
            if kept.len() == text.len() {
                bail!("no line holds `{part}`");
            }
            Ok(kept)
        }
    }
}
