//! Pages over the example organisation, and over the records of the sample as a test changes them.

use std::collections::BTreeMap;
use std::path::Path;

use countersign::document::{Format, find, render};

use super::{provenance, repository, sample_register, text};
use crate::cli::streams;

/// Renders one document over `example-repo` as of the day that it is meant to be read.
pub(super) fn of_example(id: &str, extension: &str) -> String {
    let out = tempfile::tempdir().unwrap();
    let words = [
        "countersign",
        "render",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--document",
        id,
        "--format",
        extension,
        "--out",
    ];
    let mut words: Vec<std::ffi::OsString> = words.map(Into::into).into();
    words.push(out.path().into());
    let (code, said, error) = streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words);
    assert_eq!(code, 0, "{said}{error}");
    std::fs::read_to_string(out.path().join(format!("{id}.{extension}"))).unwrap()
}

/// Renders one document as Markdown over the register of the sample, with records of the caller's.
pub(super) fn of_records(id: &str, records: &BTreeMap<String, String>) -> String {
    let repository = repository(records);
    let register = sample_register(&repository, "");
    let made = render(
        &[find(id).unwrap()],
        &[Format::Markdown],
        &register,
        &provenance(&[]),
        &BTreeMap::new(),
    );
    text(&made.unwrap(), &format!("{id}.md")).to_owned()
}

/// Replaces words in one file of the records; the words must be there.
pub(super) fn put(records: &mut BTreeMap<String, String>, path: &str, old: &str, new: &str) {
    let record = records.get_mut(path).unwrap();
    assert!(record.contains(old), "`{old}` is not in {path}:\n{record}");
    *record = record.replace(old, new);
}
