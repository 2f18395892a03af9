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
        can_ask: false,
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

#[cfg(not(feature = "pdf"))]
#[test]
fn a_build_without_a_typesetter_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let arguments = [
        "render",
        "--repo",
        "example-repo",
        "--as-of",
        "2026-09-30",
        "--format",
        "html,pdf",
        "--out",
        &out,
    ];
    let (code, _, err) = example(&arguments);
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("cargo install --features pdf") && err.contains("release binary"),
        "{err}"
    );
    assert!(!folder.path().join("out").exists(), "nothing was written");
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
        (&absent, "is not there"),
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
        "renew",
        "approve",
        "reject",
        "revoke",
        "review",
        "status",
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

/// The same records, exports and key in two folders, zones and languages give the same bytes.
#[test]
fn the_same_inputs_give_the_same_bundle() {
    if !crate::peers::require(&["ssh-keygen"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let mut bundles = Vec::new();
    for (name, zone, language) in [
        ("one", "Asia/Tokyo", "de_DE.UTF-8"),
        ("some other", "America/New_York", "C"),
    ] {
        let place = folder.path().join(name);
        crate::readme::copy(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo"),
            &place.join("repo"),
        );
        let status = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args([
                "audit",
                "--repo",
                "repo",
                "--as-of",
                "2026-09-30",
                "--out",
                "audit",
                "--quiet",
                "--key",
            ])
            .arg(&key)
            .env("TZ", zone)
            .env("LC_ALL", language)
            .current_dir(&place)
            .status()
            .unwrap();
        assert_eq!(status.code(), Some(0));
        let mut files = std::collections::BTreeMap::new();
        for entry in walkdir::WalkDir::new(place.join("audit"))
            .into_iter()
            .map(Result::unwrap)
        {
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(&place).unwrap().to_path_buf();
                files.insert(path, std::fs::read(entry.path()).unwrap());
            }
        }
        bundles.push(files);
    }
    assert!(bundles[0].len() > 50);
    for (path, bytes) in &bundles[0] {
        assert!(bundles[1].get(path) == Some(bytes), "{} differs", path.display());
    }
    assert_eq!(bundles[0].len(), bundles[1].len());
}

/// A reader that wants one thing gets it: SARIF for a code host, with the place of the error.
#[test]
fn an_exception_set_to_end_yesterday_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let repo = folder.path().join("repo");
    crate::readme::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo"), &repo);
    let path = repo.join("exceptions/exc-0013.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("expires: 2026-10-12", "expires: 2026-09-29")).unwrap();
    let (code, out, _) = streams(
        folder.path(),
        &[
            "countersign",
            "check",
            "--repo",
            "repo",
            "--as-of",
            "2026-09-30",
            "--format",
            "json",
        ]
        .map(Into::into),
    );
    assert_eq!(code, 1);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    let all = document["diagnostics"].as_array().unwrap();
    let expired = all.iter().find(|one| one["code"] == "EXC001").unwrap();
    assert_eq!(expired["file"], "exceptions/exc-0013.yaml");
    assert_eq!((&expired["line"], &expired["column"]), (&22.into(), &12.into()));
    assert_eq!(expired["subject"], "exc-0013");
}
