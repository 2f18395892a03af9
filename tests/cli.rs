//! The command line in process: exit codes, streams, and what a user meets.

use std::ffi::OsString;
use std::path::Path;

use chrono::{DateTime, Utc};
use countersign::cli::{Console, run};

/// The moment at which all command lines of the tests are run.
fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Runs a command line in a folder; returns the exit code, and both streams one after the other.
pub(crate) fn run_in(folder: &Path, words: &[OsString]) -> (i32, String) {
    let (code, out, err) = streams(folder, words);
    (code, out + &err)
}

pub(crate) fn streams(folder: &Path, words: &[OsString]) -> (i32, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        now: now(),
        folder: folder.to_path_buf(),
        out_is_colored: false,
        err_is_terminal: false,
        width: usize::MAX,
    };
    let code = run(words.iter().cloned(), &mut console);
    (
        code.into(),
        String::from_utf8(out).unwrap(),
        String::from_utf8(err).unwrap(),
    )
}

fn example(arguments: &[&str]) -> (i32, String, String) {
    let mut words: Vec<OsString> = vec!["countersign".into()];
    words.extend(arguments.iter().map(Into::into));
    streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words)
}

#[test]
fn wrong_usage_is_exit_2_and_says_what_to_do() {
    let rows: [(&[&str], &str); 9] = [
        (&["check", "--repo", "nowhere"], "is not a folder"),
        (
            &["check", "--repo", "example-repo", "--as-of", "2026-11-23"],
            "lies in the future",
        ),
        (
            &["check", "--repo", "example-repo", "--as-of", "soon"],
            "neither a day nor an instant",
        ),
        (&["check", "--format", "xml"], "possible values"),
        (&["frobnicate"], "unrecognized subcommand"),
        (&["explain", "EXC999"], "there is no rule `EXC999`"),
        (&["schema", "nothing"], "there is no schema"),
        (
            &[
                "render",
                "--repo",
                "example-repo",
                "--document",
                "D99",
                "--out",
                "x",
            ],
            "there is no document",
        ),
        (
            &["render", "--repo", "example-repo", "--out", "example-repo/risks"],
            "holds governed files",
        ),
    ];
    for (arguments, words) in rows {
        let (code, out, err) = example(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(words), "{arguments:?}: {err}");
    }
}

#[test]
fn an_export_that_is_refused_is_exit_3_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cut = write(
        "cut.nessus",
        "<?xml version=\"1.0\"?>\n<NessusClientData_v2>\n<Report name=\"x\">\n<ReportHost name=\"a\">",
    );
    let foreign = write("foreign.txt", "hello\n");
    let absent = folder.path().join("absent").to_str().unwrap().to_owned();
    for (file, words) in [
        (&cut, "line 4"),
        (&foreign, "known formats"),
        (&absent, "is not a file"),
    ] {
        let (code, out, err) = example(&[
            "reconcile",
            "--repo",
            "example-repo",
            "--as-of",
            "2026-09-30",
            "--scan",
            file,
            "--format",
            "json",
        ]);
        assert_eq!((code, out.as_str()), (3, ""), "{file}: {err}");
        assert!(err.contains(words), "{file}: {err}");
    }
}

#[test]
fn data_goes_to_one_stream_and_talk_to_the_other() {
    let (code, out, err) = example(&[
        "check",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--format",
        "json",
    ]);
    assert_eq!(code, 0, "{err}");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "countersign/diagnostics/v1");
    assert_eq!(document["as_of"], "2026-09-30T23:59:59+02:00");
    assert_eq!(document["summary"]["error"], 0);
    assert!(err.contains("records"), "{err}");
    let (_, _, err) = example(&[
        "check",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--quiet",
    ]);
    assert_eq!(err, "");
}

#[test]
fn every_command_shows_an_example_in_its_help() {
    for command in [
        "check",
        "reconcile",
        "render",
        "bundle",
        "audit",
        "verify",
        "demo",
        "init",
        "new",
        "explain",
        "schema",
        "completions",
        "man",
    ] {
        let (code, out, _) = example(&[command, "--help"]);
        assert_eq!(code, 0);
        assert!(out.contains("Example:"), "{command}");
    }
    let (_, out, _) = example(&["--version"]);
    assert!(
        out.starts_with("countersign 0.1.0 (") && out.contains("rules "),
        "{out}"
    );
}

#[test]
fn the_paths_and_the_owner_narrow_what_is_shown() {
    let shown = |more: &[&str]| {
        let mut arguments = vec![
            "check",
            "--repo",
            "example-repo",
            "--as-of",
            "2026-10-01",
            "--format",
            "json",
        ];
        arguments.extend(more);
        let (_, out, _) = example(&arguments);
        let document: serde_json::Value = serde_json::from_str(&out).unwrap();
        document["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["file"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(shown(&[]).iter().any(|file| file.starts_with("systems/")));
    let narrowed = shown(&["exceptions/exc-0014.yaml"]);
    assert!(
        !narrowed.is_empty() && narrowed.iter().all(|file| file == "exceptions/exc-0014.yaml"),
        "{narrowed:?}"
    );
    let owned = shown(&["--owner", "role-erp-owner"]);
    assert!(
        owned.contains(&"exceptions/exc-0014.yaml".to_owned()),
        "{owned:?}"
    );
    assert!(owned.len() < shown(&[]).len());
}
