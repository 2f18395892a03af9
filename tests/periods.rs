//! `--period`: as-of at its end, what is newer left out, and an old report made again to the same bytes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::cli::{Console, run};
use serde_json::Value;

use super::attest_keys::instant;
use super::author_demo::DEMO;

/// Runs a command line at a moment; returns the exit code and both streams.
fn run_on(now: &str, folder: &Path, words: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        now: instant(now),
        folder: folder.to_path_buf(),
        out_is_colored: false,
        err_is_terminal: false,
        can_ask: false,
        width: usize::MAX,
    };
    let words = std::iter::once(&"countersign").chain(words).map(OsString::from);
    let code = run(words, &mut console);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let file = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    };
    entries.map(file).collect()
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The demo as it was at the end of a day.
fn as_it_was(day: &str, folder: &Path) -> PathBuf {
    let then = folder.join(day);
    git(
        folder,
        &[
            "clone",
            "-q",
            DEMO.repository.to_str().unwrap(),
            then.to_str().unwrap(),
        ],
    );
    let before = format!("--before={day}T23:59:59Z");
    let commit = git(&then, &["log", "-1", "--format=%H", &before]);
    git(&then, &["reset", "-q", "--hard", &commit]);
    then
}

#[test]
fn an_old_report_is_made_again_to_the_same_bytes() {
    for (day, period, next_day) in [
        ("2026-06-30", "2026-06", "2026-07-02T09:00:00Z"),
        ("2026-09-30", "2026-Q3", "2026-10-02T09:00:00Z"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let then = as_it_was(day, folder.path());
        let forms = ["--format", "html,md,csv,json", "--period", period, "--out"];
        let words = |more: &[&'static str]| [&["render"], &forms[..], more].concat();
        let old = [words(&["../old"]), vec!["--repo", "."]].concat();
        let (_, _, said) = run_on(next_day, &then, &old);
        assert!(said.contains(&format!("as of {day}T23:59:59+02:00")), "{said}");
        let made = [words(&["../new"]), vec!["--at", day, "--repo"]].concat();
        let made = [made, vec![DEMO.repository.to_str().unwrap()]].concat();
        run_on("2027-09-01T12:00:00Z", &then, &made);
        let (old, new) = (
            files_of(&folder.path().join("old")),
            files_of(&folder.path().join("new")),
        );
        assert!(old.len() > 20, "{:?}", old.keys());
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&old), names(&new), "{period}");
        for (name, bytes) in &old {
            assert!(new[name] == *bytes, "{period}: {name} differs");
        }
    }
}

#[test]
fn what_was_scanned_after_the_period_is_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    for (period, end, newer) in [
        ("2026-08", "2026-08-31T23:59:59+02:00", 10),
        ("2026-09-01..2026-09-15", "2026-09-15T23:59:59+02:00", 9),
        ("2026-Q3", "2026-09-30T23:59:59+02:00", 0),
    ] {
        let out = folder.path().join(period);
        let words = [
            "render",
            "--document",
            "D05",
            "--format",
            "md,json",
            "--period",
            period,
            "--repo",
            DEMO.repository.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        run_on("2027-09-01T12:00:00Z", folder.path(), &words);
        let json: Value = serde_json::from_slice(&std::fs::read(out.join("D05.json")).unwrap()).unwrap();
        let cover = &json["provenance"];
        assert_eq!(cover["as_of"], end);
        assert_eq!(cover["imports_newer"], newer, "{period}");
        let rows = cover["imports"]["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 10, "each export is listed");
        let left_out = rows.iter().filter(|row| row["reason"] == "newer than as-of");
        assert_eq!(left_out.count(), newer, "{period}");
        let page = std::fs::read_to_string(out.join("D05.md")).unwrap();
        assert!(
            page.contains(&format!("newer than as-of and left out: {newer} ")),
            "{period}"
        );
        let findings = json["view"]["findings"].as_u64().unwrap();
        assert_eq!(findings == 0, newer == 10, "{period}: {findings}");
    }
}

#[test]
fn a_period_that_has_not_ended_is_said_to_be_so() {
    let now = "2026-10-15T10:00:00Z";
    let repository = DEMO.repository.as_path();
    let words = |period| ["reconcile", "--repo", ".", "--period", period, "--format", "json"];
    let (_, out, err) = run_on(now, repository, &words("2026-Q4"));
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["as_of"], "2026-10-15T12:00:00+02:00");
    assert!(
        err.contains("2026-10-01 to 2026-12-31 has not ended") && err.contains("2026-10-15T12:00:00+02:00"),
        "{err}"
    );
    let (code, _, err) = run_on(now, repository, &words("2027"));
    assert!(code == 2 && err.contains("begins on 2027-01-01"), "{code} {err}");

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let render = [
        "render",
        "--repo",
        ".",
        "--document",
        "D02",
        "--format",
        "md",
        "--out",
        out,
    ];
    run_on(now, repository, &[&render[..], &["--period", "2026-10"]].concat());
    let page = std::fs::read_to_string(folder.path().join("D02.md")).unwrap();
    assert!(page.contains("2026-10-01 to 2026-10-31; it has not ended: the figures go up to as-of"));
}
