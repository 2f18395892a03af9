//! A filled page as HTML that stands alone: no address is fetched, no script is needed.
//!
//! The Markdown tree is written node by node. What a template cannot need (raw HTML, images, other
//! schemes of addresses) has no form here and comes out as text.

mod page;
mod site;
mod table;

use std::collections::BTreeSet;

use comrak::nodes::{AstNode, ListType, NodeValue};
use comrak::{Arena, Options};

use super::Document;
use super::figure::Figure;
use super::markdown::{Slot, slot_of};
use super::text::escape_html;

pub(super) use site::{Block, Page, Surroundings, write_page};

/// Writes a document whose template is filled.
pub(super) fn write(document: &Document, filled: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.alerts = true;
    let arena = Arena::new();
    let root = comrak::parse_document(&arena, filled, &options);
    let mut writer = Writer {
        document,
        out: String::new(),
        headings: Vec::new(),
        ids: TAKEN_IDS.map(String::from).into(),
    };
    writer.children(root);
    page::write(document, &writer.out, &writer.headings)
}

/// Ids of the page itself; those of tables and figures begin with `table-`, `filter-` and `figure-`.
const TAKEN_IDS: [&str; 3] = ["content", "contents", "site"];

/// One heading of the second level, for the table of contents.
pub(in crate::document) struct Heading {
    pub(in crate::document) id: String,
    pub(in crate::document) text: String,
}

struct Writer<'a> {
    document: &'a Document,
    out: String,
    headings: Vec<Heading>,
    ids: BTreeSet<String>,
}

impl Writer<'_> {
    fn children<'n>(&mut self, node: &'n AstNode<'n>) {
        for child in node.children() {
            self.node(child);
        }
    }

    fn within<'n>(&mut self, element: &str, node: &'n AstNode<'n>) {
        self.out.push_str(&format!("<{element}>"));
        self.children(node);
        self.out.push_str(&format!("</{element}>"));
    }

    fn text(&mut self, text: &str) {
        escape_html(text, &mut self.out);
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what a template cannot need is written as its text"
    )]
    fn node<'n>(&mut self, node: &'n AstNode<'n>) {
        match &node.data.borrow().value {
            NodeValue::Paragraph => self.paragraph(node),
            NodeValue::Heading(heading) => self.heading(heading.level, node),
            NodeValue::Text(text) => self.text(text),
            NodeValue::SoftBreak => self.out.push('\n'),
            NodeValue::LineBreak => self.out.push_str("<br>"),
            NodeValue::Emph => self.within("em", node),
            NodeValue::Strong => self.within("strong", node),
            NodeValue::BlockQuote => self.within("blockquote", node),
            NodeValue::Item(_) => self.within("li", node),
            NodeValue::ThematicBreak => self.out.push_str("<hr>\n"),
            NodeValue::List(list) if list.list_type == ListType::Ordered => self.within("ol", node),
            NodeValue::List(_) => self.within("ul", node),
            NodeValue::Code(code) => self.verbatim("code", &code.literal),
            NodeValue::CodeBlock(block) => {
                self.out.push_str("<pre tabindex=\"0\">");
                self.verbatim("code", block.literal.trim_end());
                self.out.push_str("</pre>\n");
            }
            NodeValue::Alert(_) => {
                self.out.push_str("<div class=\"banner\" role=\"note\">");
                self.children(node);
                self.out.push_str("</div>\n");
            }
            NodeValue::Link(link) => self.link(&link.url, node),
            NodeValue::Table(_) => self.small_table(node),
            NodeValue::HtmlInline(html) => self.text(html),
            NodeValue::HtmlBlock(block) => {
                self.out.push_str("<p>");
                self.text(&block.literal);
                self.out.push_str("</p>\n");
            }
            _ => self.children(node),
        }
    }

    fn verbatim(&mut self, element: &str, literal: &str) {
        self.out.push_str(&format!("<{element}>"));
        for (index, line) in literal.split('\n').enumerate() {
            self.out.push_str(if index == 0 { "" } else { "\n" });
            self.text(line);
        }
        self.out.push_str(&format!("</{element}>"));
    }

    fn paragraph<'n>(&mut self, node: &'n AstNode<'n>) {
        let document = self.document;
        match plain_text(node).as_deref().and_then(slot_of) {
            Some(Slot::Table(name)) => {
                document
                    .table(name)
                    .into_iter()
                    .for_each(|table| table::write(table, &mut self.out));
            }
            Some(Slot::Figure(name)) => document
                .figure(name)
                .into_iter()
                .for_each(|figure| write_figure(figure, &mut self.out)),
            None => {
                self.within("p", node);
                self.out.push('\n');
            }
        }
    }

    fn heading<'n>(&mut self, level: u8, node: &'n AstNode<'n>) {
        let text = all_text(node);
        let id = self.id_for(&text);
        self.out.push_str(&format!("<h{level} id=\"{id}\">"));
        self.children(node);
        self.out.push_str(&format!("</h{level}>\n"));
        if level == 2 {
            self.headings.push(Heading { id, text });
        }
    }

    /// Makes an id from letters, digits and hyphens that no other heading has.
    fn id_for(&mut self, text: &str) -> String {
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
        while !self.ids.insert(id.clone()) {
            number += 1;
            id = format!("{slug}-{number}");
        }
        id
    }

    /// Writes a link whose address is of a kind that no script can hide in; of another, its words.
    fn link<'n>(&mut self, url: &str, node: &'n AstNode<'n>) {
        if !is_harmless(url) {
            return self.children(node);
        }
        self.out.push_str("<a href=\"");
        self.text(url);
        self.out.push_str("\">");
        self.children(node);
        self.out.push_str("</a>");
    }

    /// Writes a table that a template spelt out.
    fn small_table<'n>(&mut self, node: &'n AstNode<'n>) {
        self.out
            .push_str("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table\"><table>");
        for row in node.children() {
            let is_head = matches!(row.data.borrow().value, NodeValue::TableRow(true));
            let cell = if is_head { "th" } else { "td" };
            let open = if is_head { "<th scope=\"col\">" } else { "<td>" };
            self.out.push_str(if is_head { "<thead><tr>" } else { "<tr>" });
            for child in row.children() {
                self.out.push_str(open);
                self.children(child);
                self.out.push_str(&format!("</{cell}>"));
            }
            self.out.push_str(if is_head { "</tr></thead>" } else { "</tr>" });
        }
        self.out.push_str("</table></div>\n");
    }
}

fn write_figure(figure: &Figure, out: &mut String) {
    out.push_str("<figure><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Figure: ");
    escape_html(&figure.title, out);
    out.push_str("\">");
    out.push_str(&figure.svg());
    out.push_str("</div><figcaption>Figure: ");
    escape_html(&figure.title, out);
    out.push_str(". The numbers stand in the table beneath.</figcaption></figure>\n");
}

/// Tells whether an address is relative, of this page, of the web or of mail.
fn is_harmless(url: &str) -> bool {
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
fn plain_text<'n>(node: &'n AstNode<'n>) -> Option<String> {
    let mut text = String::new();
    for child in node.children() {
        let NodeValue::Text(part) = &child.data.borrow().value else {
            return None;
        };
        text.push_str(part);
    }
    Some(text)
}

fn all_text<'n>(node: &'n AstNode<'n>) -> String {
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
