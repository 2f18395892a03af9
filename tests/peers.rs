//! Programs of others that check our output.

use std::process::Command;

/// Tells whether every program is there; a missing one is said loudly, and with `CI=true` it fails the test.
pub(crate) fn require(programs: &[&str]) -> bool {
    let missing: Vec<&str> = programs
        .iter()
        .copied()
        .filter(|program| {
            !Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .output()
                .is_ok_and(|output| output.status.success())
        })
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "missing: {}",
        missing.join(", ")
    );
    eprintln!(
        "SKIPPED, because these programs are missing: {}",
        missing.join(", ")
    );
    false
}
