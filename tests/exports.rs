//! Files for other systems: what a reader of each format would find, and what other programs say of them.

#[path = "exports/calendar.rs"]
mod calendar;
#[path = "exports/command.rs"]
mod command;
#[path = "exports/decisions.rs"]
mod decisions;
#[path = "exports/hostile.rs"]
mod hostile;
#[path = "exports/official.rs"]
mod official;
#[path = "exports/oscal.rs"]
mod oscal;
#[path = "exports/vex.rs"]
mod vex;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use countersign::export::{Exported, export, find};
use countersign::reconcile::Register;
use serde_json::Value;

use crate::cli::streams;
use crate::documents::provenance;

type Files = BTreeMap<String, Vec<u8>>;

const NAMES: [&str; 5] = ["oscal", "openvex", "csaf-vex", "cyclonedx-vex", "ics"];

/// Runs `countersign export` over a repository; returns the exit code, what was said, and the files.
fn run(repo: &str, name: &str, more: &[&str]) -> (i32, String, Files) {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().join("out");
    let mut words: Vec<OsString> = ["countersign", "export", name, "--repo", repo]
        .map(Into::into)
        .into();
    words.extend(more.iter().map(Into::into));
    words.extend(["--out".into(), folder.clone().into_os_string()]);
    let (code, said, error) = streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
    let entries = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(Result::unwrap);
    let files = entries.map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    });
    (code, said + &error, files.collect())
}

/// Exports `example-repo` as of the day on which it is meant to be read.
fn of_example(name: &str) -> Files {
    let (code, said, files) = run("example-repo", name, &["--as-of", "2026-09-30"]);
    assert_eq!(code, 0, "{said}");
    files
}

/// Exports a register made in a test.
fn of_register(name: &str, register: &Register<'_>) -> Exported {
    export(find(name).unwrap(), register, &provenance(&[]))
}

/// Returns the only file of an export.
fn single(files: &Files) -> Value {
    assert_eq!(files.len(), 1, "{:?}", files.keys());
    let bytes = files.values().next().unwrap();
    serde_json::from_slice(bytes).unwrap()
}

fn parsed(files: &Files, name: &str) -> Value {
    let bytes = files
        .get(name)
        .unwrap_or_else(|| panic!("no {name} in {:?}", files.keys()));
    serde_json::from_slice(bytes).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text `{name}` in {value:#}"))
}
