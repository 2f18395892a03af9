//! The pages in a real browser, where there is one; a continuous integration must have one.

use std::path::Path;
use std::process::Command;

use super::rendered;

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Opens a page without a window and returns its tree and what it logged; `None` where no browser is.
fn open(folder: &Path, address: &str) -> Option<(String, String)> {
    let profile = tempfile::tempdir().unwrap();
    let url = format!("file://{}/{address}", folder.display());
    let output = BROWSERS.iter().find_map(|browser| {
        let mut command = Command::new(browser);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ]);
        command.args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]);
        command.args(["--no-first-run", "--enable-logging=stderr", "--v=0", "--dump-dom"]);
        command
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(&url);
        command.output().ok()
    });
    let Some(output) = output else {
        crate::peers::skip(&format!(
            "no browser of {BROWSERS:?} is installed; the pages were not opened"
        ));
        return None;
    };
    let (tree, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Some((tree.into_owned(), log.into_owned()))
}

fn console(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("CONSOLE")).collect()
}

#[test]
fn pages_run_in_a_browser_without_a_complaint() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in rendered(" <b onclick=\"x\">'|`") {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    for id in ["D01", "D02", "D05", "index"] {
        let Some((tree, log)) = open(folder.path(), &format!("{id}.html")) else {
            return;
        };
        assert!(
            tree.contains("aria-sort=\"none\""),
            "{id}: the script made heads that sort"
        );
        assert_eq!(console(&log), Vec::<&str>::new(), "{id}");
    }
}

#[test]
fn the_address_carries_the_filter() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in rendered("") {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    for (address, shown) in [
        ("D05.html#severity=critical", "4 of 15 rows shown"),
        (
            "D05.html#severity=critical&disposition=overdue",
            "2 of 15 rows shown",
        ),
        ("D05.html#q=kernel+erp02", "1 of 15 rows shown"),
        ("D01.html#status=excluded", "2 of 93 rows shown"),
    ] {
        let Some((tree, log)) = open(folder.path(), address) else {
            return;
        };
        assert!(
            tree.contains(shown),
            "{address}: {:?}",
            tree.split("rows shown")
                .next()
                .map(|before| &before[before.len() - 30..])
        );
        assert_eq!(console(&log), Vec::<&str>::new(), "{address}");
    }
}
