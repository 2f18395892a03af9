//! Rules about the files of the project itself, each a test that names the file and the line.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use countersign::check::CHECKS;

/// The longest source file, in lines.
const MAX_LINES: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Reads every text file under some folders, as path and text, by path.
fn texts(folders: &[&str]) -> Vec<(String, String)> {
    let walk = folders
        .iter()
        .flat_map(|folder| walkdir::WalkDir::new(root().join(folder)).sort_by_file_name());
    walk.map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| {
            Some((
                relative(entry.path()),
                std::fs::read_to_string(entry.path()).ok()?,
            ))
        })
        .collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap()
        .to_str()
        .unwrap()
        .replace('\\', "/")
}

fn places(texts: &[(String, String)], is_wrong: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = texts
        .iter()
        .flat_map(|(path, text)| text.lines().enumerate().map(move |line| (path, line)));
    lines
        .filter(|(_, (_, line))| is_wrong(line))
        .map(|(path, (index, line))| format!("{path}:{}: {}", index + 1, line.trim()))
        .collect()
}

/// Tells whether a word stands in a line by itself.
fn has_word(line: &str, word: &str) -> bool {
    let is_part =
        |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    line.match_indices(word).any(|(start, _)| {
        !is_part(line[..start].chars().next_back()) && !is_part(line[start + word.len()..].chars().next())
    })
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = texts(&["src"])
        .iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert!(
        long.is_empty(),
        "split these files along a concept; {MAX_LINES} lines is the most:\n{}",
        long.join("\n")
    );
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not hold them.
    let words = [["TO", "DO"], ["FIX", "ME"]].map(|parts| parts.concat());
    let fragments = [
        ["to", "do!"],
        ["un", "implemented!"],
        ["#[", "ignore"],
        ["should_", "panic"],
    ];
    let fragments = fragments.map(|parts| parts.concat());
    let found = places(&texts(&["src", "tests", "benches"]), |line| {
        words.iter().any(|word| has_word(line, word))
            || fragments.iter().any(|part| line.contains(part.as_str()))
    });
    assert!(
        found.is_empty(),
        "finish it, or open an issue:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_explanation_belongs_to_a_check() {
    let explained: BTreeSet<&str> = CHECKS.iter().map(|check| check.explanation).collect();
    let files = texts(&["src/check"]);
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        assert!(
            explained.contains(text.as_str()),
            "{path} is the explanation of no check in `CHECKS`"
        );
        let rule = path.replace(".md", ".rs");
        assert!(
            files.iter().any(|(other, _)| *other == rule),
            "{path} has no `{rule}` beside it"
        );
    }
    for (path, text) in files
        .iter()
        .filter(|(_, text)| text.contains("const CHECK: Check"))
    {
        let name = path.rsplit('/').next().unwrap().replace(".rs", ".md");
        assert!(
            text.contains(&format!("include_str!(\"{name}\")")),
            "{path} does not embed `{name}`"
        );
    }
    let written = files
        .iter()
        .filter(|(_, text)| text.contains("const CHECK: Check"))
        .count();
    assert_eq!(
        written,
        CHECKS.len(),
        "a check is written but not registered in `CHECKS`, or twice"
    );
}

#[test]
fn every_explanation_begins_with_its_check() {
    for check in CHECKS {
        let heading = format!("# {} {}", check.code, check.name);
        assert_eq!(check.explanation.lines().next(), Some(heading.as_str()));
    }
    let codes: BTreeSet<&str> = CHECKS.iter().map(|check| check.code).collect();
    assert_eq!(codes.len(), CHECKS.len(), "a code is used twice");
}

#[test]
fn no_tracked_file_names_a_machine() {
    let Ok(listed) = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
    else {
        return println!("skipped: there is no git");
    };
    if !listed.status.success() {
        return println!("skipped: this is no git work tree");
    }
    let folders = ["work", "home", "root"].map(|folder| format!("/{folder}/"));
    let is_inside = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() || "._-".contains(letter))
    };
    let names_machine = |line: &str| {
        let mut places = folders
            .iter()
            .flat_map(|folder| line.match_indices(folder.as_str()));
        places.any(|(start, _)| !is_inside(line[..start].chars().next_back()))
    };
    let paths = String::from_utf8(listed.stdout).unwrap();
    let tracked: Vec<(String, String)> = paths
        .split_terminator('\0')
        .filter_map(|path| Some((path.to_owned(), std::fs::read_to_string(root().join(path)).ok()?)))
        .collect();
    assert!(!tracked.is_empty());
    let found = places(&tracked, names_machine);
    assert!(
        found.is_empty(),
        "write paths relative to the project:\n{}",
        found.join("\n")
    );
}

#[test]
fn words_are_found_by_themselves() {
    let rows = [
        ("a b", "b", true),
        ("ab", "b", false),
        ("b_a", "b", false),
        ("(b)", "b", true),
        ("ab b", "b", true),
    ];
    for (line, word, expected) in rows {
        assert_eq!(has_word(line, word), expected, "{line:?} {word:?}");
    }
}
