//! The Markdown tree of a filled page, as HTML and PDF read it alike.

use std::collections::BTreeSet;

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options};

/// Reads a filled page; raw HTML stays what it is, and each back end writes it as text.
pub(super) fn parse<'a>(arena: &'a Arena<'a>, filled: &str) -> &'a AstNode<'a> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.alerts = true;
    comrak::parse_document(arena, filled, &options)
}

/// The ids of the headings of one page.
#[derive(Default)]
pub(super) struct Ids(BTreeSet<String>);

impl Ids {
    /// Begins with ids that are taken.
    pub(super) fn new<const N: usize>(taken: [&str; N]) -> Self {
        Self(taken.map(String::from).into())
    }

    /// Makes an id from letters, digits and hyphens that no other heading has.
    pub(super) fn id_for(&mut self, text: &str) -> String {
        let mut slug = String::new();
        for character in text.to_lowercase().chars() {
            match character {
                'a'..='z' | '0'..='9' => slug.push(character),
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
        let slug = if slug.is_empty() {
            "section".into()
        } else {
            slug.trim_end_matches('-').to_owned()
        };
        let mut id = slug.clone();
        let mut number = 1;
        while !self.0.insert(id.clone()) {
            number += 1;
            id = format!("{slug}-{number}");
        }
        id
    }
}

/// Tells whether an address is relative, of this page, of the web or of mail.
pub(super) fn is_harmless(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    if url
        .chars()
        .any(|character| character.is_control() || character.is_whitespace())
        || lower.starts_with("//")
    {
        return false;
    }
    match lower.split_once(':') {
        // A colon after a slash, a question mark or a hash belongs to the path, not to a scheme.
        Some((scheme, _)) if !scheme.contains(['/', '?', '#']) => {
            matches!(scheme, "http" | "https" | "mailto")
        }
        Some(_) | None => true,
    }
}

/// Returns the text of a paragraph that is nothing but text.
pub(super) fn plain_text<'n>(node: &'n AstNode<'n>) -> Option<String> {
    let mut text = String::new();
    for child in node.children() {
        let NodeValue::Text(part) = &child.data.borrow().value else {
            return None;
        };
        text.push_str(part);
    }
    Some(text)
}

/// Returns the words of a heading.
pub(super) fn all_text<'n>(node: &'n AstNode<'n>) -> String {
    let mut text = String::new();
    for descendant in node.descendants() {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only these two hold words")]
        match &descendant.data.borrow().value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::Code(code) => text.push_str(&code.literal),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn only_known_schemes_become_links() {
        for url in [
            "D05.html",
            "#findings",
            "a/b:c",
            "https://x.example/",
            "mailto:a@x.example",
            "?q=a:b",
        ] {
            assert!(is_harmless(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            "JaVaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc",
            "//x.example",
            "java\tscript:x",
        ] {
            assert!(!is_harmless(url), "{url}");
        }
    }
}
