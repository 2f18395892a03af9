//! Programs of others that check our output.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Says loudly that a test was skipped; with `CI=true`, where the programs must be there, it fails instead.
pub(crate) fn skip(why: &str) {
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "CI needs this: {why}"
    );
    eprintln!("SKIPPED: {why}");
}

/// Tells whether every program is there.
pub(crate) fn require(programs: &[&str]) -> bool {
    let is_there = |program: &&str| {
        let mut command = Command::new(program);
        command
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok()
    };
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| !is_there(program))
        .collect();
    if !missing.is_empty() {
        skip(&format!("not installed: {}", missing.join(", ")));
    }
    missing.is_empty()
}

/// The folder into which `.ci/run` lays the checkers of `.ci/peers.txt`.
pub(crate) fn folder() -> PathBuf {
    let target = option_env!("CARGO_TARGET_DIR").unwrap_or("target");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("peers")
}

/// A Python that has a module: the one of [`folder`], else that of the machine; `None` where there is none, which is said.
pub(crate) fn python(module: &str) -> Option<Command> {
    let own = folder().join("bin/python3");
    let has_module = |python: &&Path| {
        let output = Command::new(python)
            .args(["-c", &format!("import {module}")])
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    let pythons = [own.as_path(), Path::new("python3"), Path::new("/usr/bin/python3")];
    let found = pythons.into_iter().find(has_module);
    if found.is_none() {
        skip(&format!(
            "no Python has `{module}`; `.ci/peers.txt` tells how to install it"
        ));
    }
    found.map(Command::new)
}

/// A program of [`folder`], such as `trestle`; `None` where it is not, which is said.
pub(crate) fn program(name: &str) -> Option<Command> {
    let path = folder().join("bin").join(name);
    if path.is_file() {
        return Some(Command::new(path));
    }
    skip(&format!(
        "not installed: {name}; `.ci/peers.txt` tells how to install it"
    ));
    None
}
