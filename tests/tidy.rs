//! The law: a module may name only modules above it in `src/lib.rs`.
//!
//! A tree is a map from path to text, so that a breach can be planted without touching a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Tree = BTreeMap<String, String>;

fn read_sources() -> Tree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    walkdir::WalkDir::new(root.join("src"))
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| {
            entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .map(|entry| {
            let path = entry
                .path()
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            (path, std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// Returns the rooms in the order of the map, from the `pub mod` lines of `src/lib.rs`.
fn rooms(tree: &Tree) -> Vec<&str> {
    let map = tree["src/lib.rs"].lines();
    map.filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect()
}

/// Returns every breach of the law as `file:line: message`.
fn breaches(tree: &Tree) -> Vec<String> {
    let rooms = rooms(tree);
    let mut breaches = Vec::new();
    for (path, text) in tree {
        let mut parts = path.trim_start_matches("src/").trim_end_matches(".rs").split('/');
        let here = parts.next().unwrap_or_default();
        let Some(place) = rooms.iter().position(|room| *room == here) else {
            continue;
        };
        let depth = 1 + parts.filter(|part| *part != "mod").count();
        let code = without_comments(text);
        for (offset, named) in mentions(&code, depth, &rooms) {
            let line = code[..offset].matches('\n').count() + 1;
            match rooms.iter().position(|room| *room == named) {
                Some(above) if above <= place => {}
                Some(_) => breaches.push(format!(
                    "{path}:{line}: `{here}` names `{named}`, which stands below it"
                )),
                None => breaches.push(format!(
                    "{path}:{line}: `{here}` names `{named}`, which is no room of the map"
                )),
            }
        }
    }
    breaches
}

/// Takes line comments out, doc comments too; offsets change, line numbers do not.
fn without_comments(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// Finds what stands behind each `crate::`, and behind as many `super::` as lead out of the room.
fn mentions<'a>(code: &'a str, depth: usize, rooms: &[&str]) -> Vec<(usize, &'a str)> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        if !code[..start].ends_with(is_word) {
            let path = start + "crate::".len();
            found.extend(heads(&code[path..]).into_iter().map(|name| (start, name)));
        }
    }
    let climb = "super::".repeat(depth);
    for (start, _) in code.match_indices(&climb) {
        let names = heads(&code[start + climb.len()..]);
        found.extend(
            names
                .into_iter()
                .filter(|name| rooms.contains(name))
                .map(|name| (start, name)),
        );
    }
    found
}

/// Returns the first names of a path, or of each branch of a `{…}` group.
fn heads(rest: &str) -> Vec<&str> {
    let Some(group) = rest.strip_prefix('{') else {
        return vec![head(rest)];
    };
    let (mut nesting, mut start, mut heads) = (0, 0, Vec::new());
    for (end, letter) in group.char_indices() {
        match letter {
            '{' => nesting += 1,
            '}' if nesting > 0 => nesting -= 1,
            ',' | '}' if nesting == 0 => {
                heads.push(head(group[start..end].trim_start()));
                start = end + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn head(path: &str) -> &str {
    let end = path
        .find(|letter| !is_word(letter) && letter != '*')
        .unwrap_or(path.len());
    &path[..end]
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[test]
fn a_room_names_only_rooms_above_it() {
    let found = breaches(&read_sources());
    assert!(
        found.is_empty(),
        "the law is broken; move the code up, or pass a value:\n{}",
        found.join("\n")
    );
}

#[test]
fn a_planted_breach_is_caught() {
    let map = "/// One.\npub mod model;\n\n/// Two.\npub mod load;\n\n/// Three.\npub mod check;\n";
    let rows: &[(&str, &str, &[usize])] = &[
        ("src/load/mod.rs", "use crate::check::x;", &[1]),
        ("src/load/mod.rs", "fn f() {\n    crate::check::x();\n}", &[2]),
        ("src/load/mod.rs", "use crate::{model, check::b};", &[1]),
        (
            "src/load/mod.rs",
            "use crate::{\n    model::{a, b},\n    check,\n};",
            &[1],
        ),
        (
            "src/load/mod.rs",
            "use crate::{model::check, load::{check}};",
            &[],
        ),
        (
            "src/load/mod.rs",
            "use crate::model::x;\nuse crate::load::y;",
            &[],
        ),
        (
            "src/load/mod.rs",
            "/// See `crate::check::x`.\n// crate::check\n",
            &[],
        ),
        ("src/load/mod.rs", "use mycrate::check::x;", &[]),
        ("src/load/mod.rs", "use crate::*;", &[1]),
        ("src/load/mod.rs", "use crate::elsewhere::x;", &[1]),
        ("src/load/mod.rs", "use super::check::x;", &[1]),
        (
            "src/load/deep/leaf.rs",
            "use super::check::x;\nuse super::super::super::{check};",
            &[2],
        ),
        ("src/load/leaf.rs", "use super::super::{model, check};", &[1]),
        (
            "src/model.rs",
            "use crate::load::x;\npub(in crate::model) fn f() {}",
            &[1],
        ),
        ("src/check/rule.rs", "use crate::{load, model};", &[]),
    ];
    for (path, text, lines) in rows {
        let tree: Tree = [("src/lib.rs", map), (*path, *text)]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into();
        let expected: Vec<String> = lines.iter().map(|line| format!("{path}:{line}:")).collect();
        let found = breaches(&tree);
        let agrees = found.len() == expected.len()
            && found
                .iter()
                .zip(&expected)
                .all(|(breach, place)| breach.starts_with(place));
        assert!(agrees, "{path} with {text:?} gave {found:?}");
    }
}

#[test]
fn the_map_names_each_room_in_a_sentence() {
    let tree = read_sources();
    let rooms = rooms(&tree);
    let folders: BTreeSet<&str> = tree
        .keys()
        .map(|path| path.trim_start_matches("src/").split(['/', '.']).next().unwrap())
        .filter(|room| !["lib", "main", "build"].contains(room))
        .collect();
    assert_eq!(
        rooms.iter().copied().collect::<BTreeSet<_>>(),
        folders,
        "the map and the folders of src differ"
    );
    let lines: Vec<&str> = tree["src/lib.rs"].lines().collect();
    for room in rooms {
        let place = lines
            .iter()
            .position(|line| *line == format!("pub mod {room};"))
            .unwrap();
        let sentence = lines[place - 1];
        assert!(
            sentence.starts_with("/// ") && sentence.ends_with('.'),
            "the map says nothing of `{room}`"
        );
    }
}
