//! Programs of others that check our output.

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
