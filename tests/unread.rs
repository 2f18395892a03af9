//! Readers of the output that go away, and disks that are full: the verdict stays what it is.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::readme::copy;

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo")
}

fn command(repository: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .args(words)
        .arg("--repo")
        .arg(repository)
        .args(["--as-of", "2026-09-30"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Reads a few bytes of the output, as `head -c` would, and closes it.
fn verdict_of_a_short_look(repository: &Path, words: &[&str]) -> Option<i32> {
    let mut child = command(repository, words).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0; 8]).unwrap();
    drop(output);
    let ended = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(!told.contains("pipe"), "it is no failure: {told}");
    ended.status.code()
}

#[test]
fn a_reader_that_goes_away_does_not_change_the_verdict() {
    let check = ["check", "--format", "json"];
    assert_eq!(verdict_of_a_short_look(&example(), &check), Some(0));
    let folder = tempfile::tempdir().unwrap();
    copy(&example(), folder.path());
    let record = folder.path().join("exceptions/exc-0014.yaml");
    let longer = std::fs::read_to_string(&record)
        .unwrap()
        .replace("expires: 2026-09-30", "expires: 2026-10-05");
    std::fs::write(&record, longer).unwrap();
    assert_eq!(
        verdict_of_a_short_look(folder.path(), &check),
        Some(1),
        "what nobody signed blocks, whoever reads it"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_cannot_be_written_is_a_failure() {
    for words in [&["check"][..], &["reconcile", "--format", "json"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = command(&example(), words).stdout(full).output().unwrap();
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(3), "{words:?}: {told}");
        assert!(told.contains("cannot be written"), "{words:?}: {told}");
    }
}
