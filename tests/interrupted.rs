//! Ctrl-C while something is written: a real process, a real signal, and nothing half-written.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::readme::copy;
use crate::streaming::large_export;

struct Lab {
    folder: tempfile::TempDir,
}

impl Lab {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
        copy(&example, &folder.path().join("repo"));
        std::fs::write(folder.path().join("large.nessus"), large_export(6000)).unwrap();
        std::fs::create_dir(folder.path().join("out")).unwrap();
        Self { folder }
    }

    fn start(&self, words: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(words)
            .arg("--repo")
            .arg(self.folder.path().join("repo"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// All paths beside and below what is written.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for part in ["out", "repo/ledger", "repo/imports/manifest"] {
            let folder = self.folder.path().join(part);
            for entry in walkdir::WalkDir::new(&folder).into_iter().flatten() {
                names.push(
                    entry
                        .path()
                        .strip_prefix(self.folder.path())
                        .unwrap()
                        .display()
                        .to_string(),
                );
            }
        }
        names
    }
}

fn interrupt(child: &Child) {
    let status = Command::new("kill")
        .args(["-s", "INT", &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// Waits until a partial folder, or the lock of the ledger, is there; `false` where the process was quicker.
fn wait_until_it_writes(lab: &Lab, child: &mut Child) -> bool {
    let end = Instant::now() + Duration::from_secs(300);
    loop {
        if lab
            .names()
            .iter()
            .any(|name| name.contains(".partial-") || name.ends_with(".lock"))
        {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(Instant::now() < end, "nothing is ever written");
    }
}

fn is_whole(path: &PathBuf) -> bool {
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str::<serde_json::Value>(&text).is_ok()
}

#[test]
fn an_interrupted_run_leaves_what_was_there_or_what_is_whole() {
    let commands: [&[&str]; 3] = [
        &[
            "reconcile",
            "--as-of",
            "2026-09-30",
            "--scan",
            "large.nessus",
            "--format",
            "json",
            "--output",
            "out/r.json",
        ],
        &[
            "audit",
            "--as-of",
            "2026-09-30",
            "--scan",
            "large.nessus",
            "--out",
            "out/audit",
        ],
        &["import", "--source", "src-nessus", "large.nessus"],
    ];
    for words in commands {
        let name = words[0];
        let mut interrupted = 0;
        for delay in [0, 2, 20] {
            let lab = Lab::new();
            let register = lab.folder.path().join("out/r.json");
            std::fs::write(&register, "{\"before\": true}").unwrap();
            let mut child = lab.start(words);
            if wait_until_it_writes(&lab, &mut child) {
                std::thread::sleep(Duration::from_millis(delay));
                if child.try_wait().unwrap().is_none() {
                    interrupt(&child);
                }
            }
            let out = child.wait_with_output().unwrap();
            let said = String::from_utf8(out.stderr).unwrap();
            interrupted += usize::from(out.status.code() == Some(130));
            assert!(
                matches!(out.status.code(), Some(0 | 1 | 130)),
                "{name}: {:?} {said}",
                out.status
            );
            assert!(!said.contains("error: could not"), "{name}: {said}");
            let names = lab.names();
            assert!(
                !names
                    .iter()
                    .any(|name| name.contains(".partial-") || name.ends_with(".lock")),
                "{name} after {delay} ms: {names:#?}"
            );
            assert!(is_whole(&register), "{name}");
            // A folder of documents is there as a whole or not at all.
            let audit = lab.folder.path().join("out/audit");
            assert_eq!(audit.exists(), audit.join("SHA256SUMS").exists(), "{names:#?}");
            // A segment stands with its statement.
            let count = |part: &str| names.iter().filter(|name| name.starts_with(part)).count();
            let segments = names
                .iter()
                .filter(|name| name.ends_with(".jsonl") || name.ends_with(".zst"))
                .count();
            assert!(count("repo/imports/manifest/") >= segments, "{names:#?}");
        }
        assert!(interrupted > 0, "{name} was always quicker than the signal");
    }
}
