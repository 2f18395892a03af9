//! What a document is, by its first bytes, which may be cut off anywhere.

use std::collections::BTreeSet;

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
        [b'{', ..] => Outline::Object(names_at(head, 1)),
        [b'[', rest @ ..] if rest.trim_ascii_start().starts_with(b"{") => {
            Outline::ArrayOfObjects(names_at(head, 2))
        }
        _ => Outline::Other,
    }
}

/// Tells whether a document begins with a list of this name that is empty.
pub(in crate::import) fn begins_with_empty_list(head: &[u8], name: &str) -> bool {
    let begin = format!("{{\"{name}\":[]");
    let mut dense = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    begin.bytes().all(|byte| dense.next() == Some(&byte))
}

/// Collects the names at one depth, to the end of the first object there.
fn names_at(head: &[u8], wanted: u32) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut depth = 0_u32;
    let mut at = 0;
    while let Some(byte) = head.get(at) {
        match byte {
            // A line of a report that is written for people begins with spaces.
            b' ' if head[at..].starts_with(b"        ") => at += 7,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == wanted => return names,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let Some(length) = text_length(&head[at + 1..]) else {
                    return names;
                };
                let text = &head[at + 1..at + 1 + length];
                at += 1 + length;
                let is_name = head[at + 1..].trim_ascii_start().starts_with(b":");
                if depth == wanted && is_name && names.len() < 256 {
                    names.insert(String::from_utf8_lossy(text).into_owned());
                }
            }
            _ => {}
        }
        at += 1;
    }
    names
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
    use super::{Outline, outline};

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
