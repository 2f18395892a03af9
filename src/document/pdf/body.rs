//! The Markdown tree of a filled page becomes blocks, with tables and figures in their slots.

use std::collections::BTreeMap;

use comrak::Arena;
use comrak::nodes::{AstNode, ListType, NodeValue};

use super::super::Document;
use super::super::figure::{Figure, WIDTH};
use super::super::markdown::{Slot, slot_of};
use super::super::table::{Layout, Table};
use super::super::tree::{Ids, all_text, is_harmless, parse, plain_text};
use super::content::{Block, Inline, LONGEST};
use super::fit::Grid;
use super::fonts::FONTS;
use super::table::{cards, cut, facts, has_rows, is_wide, spelt};

/// Blocks within blocks that are laid out; what lies deeper stands as its words.
const MAX_DEPTH: usize = 8;
/// The width of a page between its margins, in points; `templates/page.typ` has the same numbers.
const UPRIGHT: f64 = 515.0;
const ON_ITS_SIDE: f64 = 762.0;
/// The width of a figure at the most, and its height on each sort of page, in points.
const FIGURE_WIDTH: f64 = 460.0;
const UPRIGHT_FIGURE: f64 = 560.0;
const FIGURE_ON_ITS_SIDE: f64 = 330.0;

/// The blocks of a document and what they need beside them.
pub(super) struct Body {
    pub(super) blocks: Vec<Block>,
    pub(super) is_landscape: bool,
    /// Figures as SVG, by the file name that a block gives.
    pub(super) figures: BTreeMap<String, String>,
    /// Files that hold what tables leave out.
    pub(super) twins: BTreeMap<String, Vec<u8>>,
}

/// Makes the blocks of a document whose template is filled.
pub(super) fn read(document: &Document, filled: &str) -> Body {
    let arena = Arena::new();
    let root = parse(&arena, filled);
    let is_used = |table: &&Table| filled.contains(&Slot::Table(table.name).mark());
    let is_landscape = document
        .view
        .tables
        .iter()
        .filter(is_used)
        .any(|table| has_rows(table) && is_wide(table, UPRIGHT));
    let mut covers = document.cover.tables.iter().filter(is_used);
    let mut reader = Reader {
        document,
        targets: targets(root),
        ids: Ids::default(),
        has_title: false,
        awaits_cover: covers.any(|table| table.layout == Layout::Facts),
        has_contents: false,
        body: Body {
            blocks: Vec::new(),
            is_landscape,
            figures: BTreeMap::new(),
            twins: BTreeMap::new(),
        },
    };
    reader.body.blocks = reader.blocks(root, 0);
    reader.body
}

/// Returns the ids that the headings of a page will get.
fn targets<'n>(root: &'n AstNode<'n>) -> Vec<String> {
    let mut ids = Ids::default();
    let headings = root
        .children()
        .filter(|node| matches!(node.data.borrow().value, NodeValue::Heading(_)));
    headings.map(|node| ids.id_for(&all_text(node))).collect()
}

/// Tells whether a heading follows.
fn begins_a_part<'n>(node: &'n AstNode<'n>) -> bool {
    node.next_sibling()
        .is_some_and(|next| matches!(next.data.borrow().value, NodeValue::Heading(_)))
}

struct Reader<'a> {
    document: &'a Document,
    targets: Vec<String>,
    ids: Ids,
    has_title: bool,
    /// Whether the table that says what the document is comes, after which the contents stand.
    awaits_cover: bool,
    has_contents: bool,
    body: Body,
}

impl Reader<'_> {
    fn width(&self) -> f64 {
        if self.body.is_landscape {
            ON_ITS_SIDE
        } else {
            UPRIGHT
        }
    }

    fn blocks<'n>(&mut self, node: &'n AstNode<'n>, depth: usize) -> Vec<Block> {
        let mut blocks = Vec::new();
        for child in node.children() {
            if depth > MAX_DEPTH {
                blocks.push(Block::Paragraph(vec![Inline::text(&all_text(child))]));
            } else {
                self.block(child, depth, &mut blocks);
            }
        }
        blocks
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what a template cannot need is written as its text"
    )]
    fn block<'n>(&mut self, node: &'n AstNode<'n>, depth: usize, out: &mut Vec<Block>) {
        match &node.data.borrow().value {
            NodeValue::Paragraph => self.paragraph(node, out),
            NodeValue::Heading(heading) => self.heading(heading.level, node, depth, out),
            NodeValue::BlockQuote => out.push(Block::Quote(self.blocks(node, depth + 1))),
            NodeValue::Alert(_) => out.push(Block::Banner(self.blocks(node, depth + 1))),
            NodeValue::ThematicBreak => out.push(if depth == 0 && begins_a_part(node) {
                Block::Page
            } else {
                Block::Rule
            }),
            NodeValue::List(list) => {
                let items = node.children().map(|item| self.blocks(item, depth + 1));
                out.push(Block::List {
                    is_ordered: list.list_type == ListType::Ordered,
                    items: items.collect(),
                });
            }
            NodeValue::CodeBlock(block) => out.push(Block::Code(lines(&block.literal))),
            NodeValue::HtmlBlock(block) => out.push(Block::Paragraph(vec![Inline::text(&block.literal)])),
            NodeValue::Table(_) => {
                let rows = node
                    .children()
                    .map(|row| row.children().map(|cell| self.inlines(cell, depth)).collect());
                let grid = spelt(rows.collect());
                let width = self.width();
                out.push(Block::Table(grid.fitted(width)));
            }
            _ => {
                let words = self.inlines(node, depth);
                if !words.is_empty() {
                    out.push(Block::Paragraph(words));
                }
            }
        }
    }

    fn heading<'n>(&mut self, level: u8, node: &'n AstNode<'n>, depth: usize, out: &mut Vec<Block>) {
        let words = self.inlines(node, 0);
        if level == 1 && !self.has_title {
            self.has_title = true;
            self.ids.id_for(&all_text(node));
            out.push(Block::Title(words));
            return;
        }
        if depth > 0 {
            // Within a list or a quotation it belongs to no section.
            out.push(Block::Paragraph(vec![Inline::Strong(words)]));
            return;
        }
        if !self.has_contents && !self.awaits_cover {
            self.has_contents = true;
            out.push(Block::Contents);
        }
        out.push(Block::Heading {
            level: level.saturating_sub(1).max(1),
            id: self.ids.id_for(&all_text(node)),
            words,
        });
    }

    fn paragraph<'n>(&mut self, node: &'n AstNode<'n>, out: &mut Vec<Block>) {
        let document = self.document;
        match plain_text(node).as_deref().and_then(slot_of) {
            Some(Slot::Table(name)) => {
                if let Some(table) = document.table(name) {
                    out.push(self.table(table));
                }
            }
            Some(Slot::Figure(name)) => {
                if let Some(figure) = document.figure(name) {
                    out.push(self.figure(figure));
                }
            }
            None => {
                let words = self.inlines(node, 0);
                if !words.is_empty() {
                    out.push(Block::Paragraph(words));
                }
            }
        }
    }

    fn table(&mut self, table: &Table) -> Block {
        if table.rows.is_empty() {
            return Block::Empty(vec![Inline::text(table.when_empty)]);
        }
        match table.layout {
            Layout::Facts => {
                self.awaits_cover = false;
                Block::Facts(facts(table))
            }
            Layout::Cards => Block::Cards(cards(table)),
            Layout::Plain | Layout::Sortable | Layout::Filterable => {
                let made = cut(table, self.document.kind.id);
                self.body.twins.extend(made.twin);
                let grid: Grid = made.grid;
                Block::Table(grid.fitted(self.width()))
            }
        }
    }

    fn figure(&mut self, figure: &Figure) -> Block {
        let (svg, height) = svg_for_print(figure);
        let file = format!("{}.svg", figure.name);
        let most = if self.body.is_landscape {
            FIGURE_ON_ITS_SIDE
        } else {
            UPRIGHT_FIGURE
        };
        let width = FIGURE_WIDTH.min(most * WIDTH as f64 / height.max(1.0));
        self.body.figures.insert(file.clone(), svg);
        Block::Figure {
            file,
            alt: FONTS.shown(&figure.description()),
            caption: vec![Inline::text(&format!(
                "Figure: {}. The numbers stand in the table beneath.",
                figure.title
            ))],
            width,
        }
    }

    fn inlines<'n>(&mut self, node: &'n AstNode<'n>, depth: usize) -> Vec<Inline> {
        let mut out = Vec::new();
        for child in node.children() {
            if depth > MAX_DEPTH {
                out.push(Inline::text(&all_text(child)));
            } else {
                self.inline(child, depth, &mut out);
            }
        }
        out
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what a template cannot need is written as its text"
    )]
    fn inline<'n>(&mut self, node: &'n AstNode<'n>, depth: usize, out: &mut Vec<Inline>) {
        match &node.data.borrow().value {
            NodeValue::Text(text) => out.push(Inline::text(text)),
            NodeValue::SoftBreak => out.push(Inline::text(" ")),
            NodeValue::LineBreak => out.push(Inline::Break),
            NodeValue::Code(code) => out.push(Inline::code(&code.literal)),
            NodeValue::HtmlInline(html) => out.push(Inline::text(html)),
            NodeValue::Emph => out.push(Inline::Emphasis(self.inlines(node, depth + 1))),
            NodeValue::Strong => out.push(Inline::Strong(self.inlines(node, depth + 1))),
            NodeValue::Link(link) => {
                let words = self.inlines(node, depth + 1);
                out.extend(self.link(&link.url, words));
            }
            _ => out.extend(self.inlines(node, depth + 1)),
        }
    }

    /// Links to the web, to mail and to headings; of other addresses the words stay, since a PDF travels alone.
    fn link(&self, url: &str, words: Vec<Inline>) -> Vec<Inline> {
        if words.iter().all(|word| word.words().is_empty()) {
            return words;
        }
        if let Some(id) = url.strip_prefix('#') {
            if self.targets.iter().any(|target| target == id) {
                let to = id.to_owned();
                return vec![Inline::Jump { to, words }];
            }
            return words;
        }
        let lower = url.to_ascii_lowercase();
        let leads_out = ["https://", "http://", "mailto:"]
            .iter()
            .any(|start| lower.starts_with(start));
        if leads_out && is_harmless(url) && url.is_ascii() {
            let to = url.to_owned();
            return vec![Inline::Link { to, words }];
        }
        words
    }
}

/// Returns the lines of a code block, each of which may be folded.
fn lines(literal: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    for (index, line) in literal.trim_end().split('\n').enumerate() {
        if index > 0 {
            out.push(Inline::Break);
        }
        let mut code = Inline::code(line);
        code.cut(LONGEST);
        out.push(code);
    }
    out
}

/// The colours and lines of figures on paper, in place of the page's style sheet.
const FIGURE_STYLE: &str = include_str!("../../../templates/figure.css");

/// Returns a figure with its own styles, in characters that the fonts have, and its height.
fn svg_for_print(figure: &Figure) -> (String, f64) {
    let svg = FONTS.covered(&figure.svg());
    let height = svg
        .split_once("viewBox=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .and_then(|(size, _)| size.rsplit(' ').next()?.parse().ok())
        .unwrap_or(WIDTH as f64);
    let style = format!("<defs><style>{FIGURE_STYLE}</style>");
    let size = format!("<svg width=\"{WIDTH}\" height=\"{height}\" ");
    let svg = svg.replacen("<svg ", &size, 1).replacen("<defs>", &style, 1);
    (svg, height)
}
