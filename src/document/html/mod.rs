//! A filled page as HTML that stands alone: no address is fetched, no script is needed.
//!
//! The Markdown tree is written node by node. What a template cannot need (raw HTML, images, other
//! schemes of addresses) has no form here and comes out as text.

mod page;
mod site;
mod table;

use comrak::Arena;
use comrak::nodes::{AstNode, ListType, NodeValue};

use super::Document;
use super::figure::Figure;
use super::markdown::{Slot, slot_of};
use super::text::escape_html;
use super::tree::{Ids, all_text, is_harmless, parse, plain_text};

pub(super) use site::{Block, Page, Surroundings, write_page};

/// Writes a document whose template is filled.
pub(super) fn write(document: &Document, filled: &str) -> String {
    let arena = Arena::new();
    let root = parse(&arena, filled);
    let mut writer = Writer {
        document,
        out: String::new(),
        headings: Vec::new(),
        ids: Ids::new(TAKEN_IDS),
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
    ids: Ids,
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
        let id = self.ids.id_for(&text);
        self.out.push_str(&format!("<h{level} id=\"{id}\">"));
        self.children(node);
        self.out.push_str(&format!("</h{level}>\n"));
        if level == 2 {
            self.headings.push(Heading { id, text });
        }
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
