//! `countersign export` as a user meets it.

use std::collections::BTreeSet;

use countersign::export::EXPORTS;

use super::{NAMES, run};

#[test]
fn nothing_but_the_files_of_the_export_is_written() {
    let rows: [(&str, &[&str]); 5] = [
        (
            "oscal",
            &[
                "assessment-results.json",
                "component-definition.json",
                "poam.json",
            ],
        ),
        ("openvex", &["openvex.json"]),
        ("csaf-vex", &["countersign-vex-2026-09-30-"]),
        ("cyclonedx-vex", &["cyclonedx-vex.json"]),
        ("ics", &["calendar.ics"]),
    ];
    assert_eq!(EXPORTS.iter().map(|kind| kind.name).collect::<Vec<_>>(), NAMES);
    for (name, expected) in rows {
        let (code, said, files) = run("example-repo", name, &["--as-of", "2026-09-30"]);
        assert_eq!((code, files.len()), (0, expected.len()), "{name}: {said}");
        for (file, expected) in files.keys().zip(expected) {
            assert!(file.starts_with(expected), "{name}: {file}");
        }
        assert!(said.contains("as of 2026-09-30T23:59:59+02:00"), "{said}");
    }
}

#[test]
fn two_runs_give_the_same_bytes_and_another_day_gives_other_ids() {
    for name in NAMES {
        let first = run("example-repo", name, &["--as-of", "2026-09-29"]);
        let second = run("example-repo", name, &["--as-of", "2026-09-29"]);
        let other = run("example-repo", name, &["--as-of", "2026-09-30"]);
        assert_eq!(first.2, second.2, "{name}");
        let contents = |files: &super::Files| files.values().cloned().collect::<BTreeSet<_>>();
        assert!(contents(&first.2).is_disjoint(&contents(&other.2)), "{name}");
    }
}

#[test]
fn an_unknown_name_is_exit_2_with_the_names() {
    let (code, said, files) = run("example-repo", "spdx", &["--as-of", "2026-09-30"]);
    assert_eq!((code, files.len()), (2, 0), "{said}");
    for name in NAMES {
        assert!(said.contains(name), "{said}");
    }
}

#[test]
fn open_errors_are_told_and_the_files_are_made_all_the_same() {
    // The day after an exception of the example has ended.
    for name in NAMES {
        let (code, said, files) = run("example-repo", name, &["--as-of", "2026-10-01"]);
        assert_eq!(code, 1, "{name}: {said}");
        assert!(said.contains("made all the same"), "{name}: {said}");
        assert!(!files.is_empty(), "{name}");
    }
}

#[test]
fn a_scan_by_hand_and_a_period_are_taken() {
    let scan = "example-repo/imports/src-nessus/weekly-2026-09-13.nessus";
    let (_, said, files) = run(
        "example-repo",
        "openvex",
        &["--as-of", "2026-09-30", "--scan", scan],
    );
    assert_eq!(files.len(), 1, "{said}");
    let all = run("example-repo", "openvex", &["--as-of", "2026-09-30"]).2;
    assert_ne!(all, files, "the export names other findings");
    let (code, said, files) = run("example-repo", "cyclonedx-vex", &["--period", "2026-Q3"]);
    assert_eq!((code, files.len()), (0, 1), "{said}");
    assert!(said.contains("as of 2026-09-30T23:59:59+02:00"), "{said}");
}

#[test]
fn help_says_what_each_export_is() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = ["countersign", "export", "--help"].map(Into::into);
    let (code, help) = crate::cli::run_in(root, &words);
    assert_eq!(code, 0);
    assert!(help.contains("countersign export oscal"), "an example: {help}");
    for name in NAMES {
        assert!(help.contains(&format!("- {name}:")), "{help}");
    }
}
