//! What a document is, by its first bytes, which may be cut off anywhere.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// So many names are collected.
const MOST: usize = 256;

/// What stands at the root of a document, by its first bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::import) enum Outline {
    /// The names of the entries that the first bytes hold.
    Object(BTreeSet<String>),
    /// The names of the first member's entries that the first bytes hold.
    ArrayOfObjects(BTreeSet<String>),
    Null,
    Other,
}

/// Outlines a document that may be cut off.
pub(in crate::import) fn outline(head: &[u8]) -> Outline {
    let head = head.trim_ascii();
    match head {
        b"null" => Outline::Null,
        [b'{', ..] => Outline::Object(names(head, 1)),
        [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => {
            Outline::ArrayOfObjects(names(head, 2))
        }
        _ => Outline::Other,
    }
}

/// Tells whether the root is an object with at least `count` of these names; what follows them is not read.
pub(in crate::import) fn has_some(head: &[u8], known: &[&str], count: usize) -> bool {
    let head = head.trim_ascii();
    let mut found: BTreeSet<&&str> = BTreeSet::new();
    if head.starts_with(b"{") {
        each_name(head, 1, |name| {
            found.extend(known.iter().find(|one| **one == name));
            if found.len() < count {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
    }
    found.len() >= count
}

/// Tells whether a document begins with a list of this name that is empty.
pub(in crate::import) fn begins_with_empty_list(head: &[u8], name: &str) -> bool {
    let begin = format!("{{\"{name}\":[]");
    let mut dense = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    begin.bytes().all(|byte| dense.next() == Some(&byte))
}

/// Collects the names at one depth, to the end of the first object there.
fn names(head: &[u8], wanted: u32) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    each_name(head, wanted, |name| {
        names.insert(name.to_owned());
        if names.len() < MOST {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    names
}

/// Hands out the names at one depth, to the end of the first object there, until nobody wants more.
fn each_name(head: &[u8], wanted: u32, mut take: impl FnMut(&str) -> ControlFlow<()>) {
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(byte) = head.get(at) {
        match byte {
            // A line of a report that is written for people begins with spaces.
            b' ' if head[at..].starts_with(b"        ") => at += 7,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == wanted => return,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(length) = text_length(&head[at + 1..]) else {
                    return;
                };
                let text = &head[at + 1..at + 1 + length];
                at += 1 + length;
                let is_name = head[at + 1..].trim_ascii_start().starts_with(b":");
                if depth == wanted && is_name && take(&String::from_utf8_lossy(text)).is_break() {
                    return;
                }
            }
            _ => {}
        }
        at += 1;
    }
}

fn text_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at = (at + 2).min(text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{Outline, has_some, outline};

    #[test]
    fn names_are_counted_at_the_root_alone_and_once() {
        let known = ["a", "b"];
        for (head, expected) in [
            (r#"{"a": 1, "b": 2, "cut"#, true),
            (r#" {"c": {"b": 1}, "a": [], "b": "#, true),
            (r#"{"a": 1, "a": 2}"#, false),
            (r#"{"a": {"b": 1}}"#, false),
            (r#"{"a": "b", "c": 1}"#, false),
            (r#"[{"a": 1, "b": 2}]"#, false),
        ] {
            assert_eq!(has_some(head.as_bytes(), &known, 2), expected, "{head}");
        }
    }

    #[test]
    fn the_outline_is_that_of_the_root() {
        let Outline::Object(names) =
            outline(br#" {"a": {"b": 1}, "c\"d": "e:", "f": ["g", {"h": 1}], "i": "cut"#)
        else {
            panic!()
        };
        assert_eq!(Vec::from_iter(names), ["a", "c\\\"d", "f", "i"]);
        let Outline::ArrayOfObjects(names) = outline(br#"[ {"a": 1, "b": [{"c": 2}]}, {"d": 3}]"#) else {
            panic!()
        };
        assert_eq!(Vec::from_iter(names), ["a", "b"]);
        assert_eq!(outline(b" null\n"), Outline::Null);
        for other in ["", "[]", "[1]", "\"a\"", "12", "nul", "<a>"] {
            assert_eq!(outline(other.as_bytes()), Outline::Other, "{other}");
        }
    }
}
