//! `--at REV|DATE` reads git's objects alone, whatever lies in the work tree.

use std::path::Path;

use serde_json::Value;

use super::anchors::{Lab, run_at};
use super::author_demo::DEMO;

fn as_of(folder: &Path, words: &[&str]) -> (i32, Value, String) {
    let (code, out, err) = run_at(folder, words);
    let document = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code} {err}"));
    (code, document, err)
}

fn titles(lab: &Lab, folder: &Path, words: &[&str]) -> (Value, String) {
    let (_, document, _) = as_of(folder, words);
    let commit = document["commit"].as_str().unwrap().to_owned();
    let subject = lab.git(&["log", "-1", "--format=%s", &commit]);
    (document, subject)
}

#[test]
fn a_day_is_read_from_objects_in_any_shape_of_repository() {
    let lab = Lab::new();
    lab.edit("isms.yaml", "scope_statement: ", "scope_statement: Second. ");
    lab.commit("2026-02-10T23:30:00Z", "Second");
    lab.edit("isms.yaml", "Second. ", "Third. ");
    let third = lab.commit("2026-03-10T09:00:00Z", "Third");

    let root = lab.root();
    let outside = root.parent().unwrap();
    let bare = outside.join("bare.git");
    lab.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let tree = outside.join("tree");
    lab.git(&[
        "worktree",
        "add",
        "-q",
        "--detach",
        tree.to_str().unwrap(),
        "HEAD",
    ]);
    // What lies there now must not matter: neither the files nor what git would do to them at a checkout.
    for folder in [&root, &tree] {
        std::fs::write(folder.join("isms.yaml"), "broken: [").unwrap();
        std::fs::write(folder.join(".gitattributes"), "* filter=evil\n").unwrap();
    }
    lab.git(&["config", "filter.evil.smudge", "false"]);
    lab.git(&["config", "filter.evil.required", "true"]);
    for folder in [&root, &bare, &tree] {
        let (document, subject) = titles(
            &lab,
            folder,
            &["check", "--repo", ".", "--at", "HEAD~1", "--format", "json"],
        );
        assert_eq!(subject, "Second", "{}", folder.display());
        let broken = document["diagnostics"].as_array().unwrap().iter();
        assert!(
            broken
                .filter(|one| one["file"] == "isms.yaml")
                .all(|one| one["code"] != "SCH001")
        );
    }
    // The day ends in the organisation's zone, and as-of follows the day.
    for folder in [&root, &bare, &tree] {
        let (document, subject) = titles(
            &lab,
            folder,
            &["check", "--repo", ".", "--at", "2026-02-10", "--format", "json"],
        );
        assert_eq!(
            (subject.as_str(), &document["as_of"]),
            ("Second", &Value::from("2026-02-10T23:59:59+00:00"))
        );
        let (document, subject) = titles(
            &lab,
            folder,
            &["check", "--repo", ".", "--at", "2026-02-09", "--format", "json"],
        );
        assert_eq!(
            (subject.as_str(), &document["as_of"]),
            ("Begin", &Value::from("2026-02-09T23:59:59+00:00"))
        );
        let (document, _) = titles(
            &lab,
            folder,
            &[
                "reconcile",
                "--repo",
                ".",
                "--at",
                "2026-02-10",
                "--as-of",
                "2026-02-12",
                "--format",
                "json",
            ],
        );
        assert_eq!(document["as_of"], "2026-02-12T23:59:59+00:00");
        assert_ne!(document["commit"].as_str(), Some(third.as_str()));
    }
    let (code, _, err) = run_at(&bare, &["check", "--repo", ".", "--at", "2025-12-31"]);
    assert!(
        code == 2 && err.contains("no commit on or before that day"),
        "{err}"
    );
    for (at, is_told) in [("2026-13-01", true), ("2026-1-1", false)] {
        let (code, _, err) = run_at(&bare, &["check", "--repo", ".", "--at", at]);
        let told = format!("the calendar has no day `{at}`");
        assert!(code == 2 && err.contains(&told) == is_told, "{err}");
        assert!(err.contains("names no commit"), "{err}");
    }
}

#[test]
fn documents_and_bundles_are_made_of_the_commit() {
    let lab = Lab::new();
    lab.edit("isms.yaml", "organisation: ", "organisation: Former ");
    lab.commit("2026-02-10T09:00:00Z", "Former name");
    lab.edit("isms.yaml", "Former ", "Later ");
    lab.commit("2026-03-10T09:00:00Z", "Later name");
    lab.edit("isms.yaml", "Later ", "Unsaved ");
    let outside = lab.root().parent().unwrap().to_path_buf();
    for (command, document) in [
        ("render", "D01.html"),
        ("bundle", "D01.html"),
        ("audit", "D01.html"),
    ] {
        let out = outside.join(command);
        let (code, _, err) = lab.run(&[command, "--at", "2026-02-28", "--out", out.to_str().unwrap()]);
        assert!(code < 2, "{command}: {err}");
        let page = std::fs::read_to_string(out.join(document)).unwrap();
        assert!(
            page.contains("Former") && !page.contains("Unsaved") && !page.contains("Later One"),
            "{command}"
        );
        assert!(page.contains("2026-02-28"), "{command}");
    }
}

/// The demo in the middle of its year, as it was and judged that day.
#[test]
fn the_demo_is_read_as_it_was_in_june() {
    let (code, document, _) = as_of(
        &DEMO.repository,
        &["check", "--repo", ".", "--at", "2026-06-30", "--format", "json"],
    );
    assert_eq!(document["as_of"], "2026-06-30T23:59:59+02:00");
    let errors = document["summary"]["error"].as_u64().unwrap();
    assert_eq!(code, i32::from(errors > 0));
    // Nothing of later months is in it, and nothing is judged that needs them.
    let files = document["diagnostics"].as_array().unwrap().iter();
    assert!(
        files
            .filter_map(|one| one["file"].as_str())
            .all(|file| file != "exceptions/exc-0014.yaml")
    );
    let codes: Vec<&str> = document["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["code"].as_str())
        .filter(|code| code.starts_with("GOV"))
        .collect();
    assert_eq!(codes, Vec::<&str>::new());
}
