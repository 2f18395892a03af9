//! Every command that the README shows is run, in its order, beside a copy of the example.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::peers::require;

pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The lines of the sh blocks, with what their comments say of the exit code.
fn commands(readme: &str) -> Vec<(String, i32)> {
    let mut commands = Vec::new();
    let mut is_shell = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            is_shell = line == "```sh";
        } else if is_shell && !line.trim().is_empty() {
            let (command, comment) = line.split_once("   # ").unwrap_or((line, ""));
            let code = comment
                .strip_prefix("exit ")
                .map_or(0, |code| code.parse().unwrap());
            commands.push((command.trim().to_owned(), code));
        }
    }
    commands
}

/// Splits a line as a shell does, as far as the README needs it.
fn words(line: &str) -> Vec<OsString> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(Into::into)
        .collect()
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    if !require(&["ssh-keygen", "sha256sum"]) {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    copy(&root.join("example-repo"), &folder.path().join("example-repo"));
    let commands = commands(&readme);
    assert!(commands.len() > 15, "the README has lost its commands");
    for (command, expected) in commands {
        if command.starts_with("cargo ") {
            continue;
        }
        let (code, said) = if command.starts_with("countersign ") {
            crate::cli::run_in(folder.path(), &words(&command))
        } else {
            let output = Command::new("sh")
                .arg("-c")
                .arg(&command)
                .current_dir(folder.path())
                .output()
                .unwrap();
            (
                output.status.code().unwrap(),
                String::from_utf8_lossy(&output.stderr).into_owned(),
            )
        };
        assert_eq!(code, expected, "{command}\n{said}");
    }
}

#[test]
fn the_frame_in_the_readme_is_the_one_that_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let frame = readme
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let line = "countersign check exceptions --repo example-repo --as-of 2026-10-01";
    let (_, said) = crate::cli::run_in(root, &words(line));
    assert!(said.contains(frame), "{said}");
}

#[test]
fn the_set_up_is_the_first_two_cargo_lines() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let cargo: Vec<String> = commands(&readme)
        .into_iter()
        .map(|(line, _)| line)
        .filter(|line| line.starts_with("cargo "))
        .collect();
    assert_eq!(cargo, ["cargo run -- demo --out target/demo", "cargo test"]);
    assert!(
        readme.find("--as-of 2026-09-30") < readme.find("--as-of 2026-10-01"),
        "the first date is the documented one"
    );
}
