//! What a page of a PDF is made of: data that `templates/page.typ` lays out, and none of which it evaluates.

use serde::Serialize;

use super::fonts::{FONTS, pieces, width, width_of_code};

/// Characters that a piece of running text has at the most.
pub(super) const LONGEST: usize = 24;

/// Something within a line.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "form", content = "of", rename_all = "lowercase")]
pub(super) enum Inline {
    /// Text in pieces between which a line may end.
    Text(Vec<String>),
    Code(Vec<String>),
    /// A word of a closed set with the shape of its tone.
    Mark {
        tone: &'static str,
        word: String,
    },
    Strong(Vec<Self>),
    Emphasis(Vec<Self>),
    /// An address of the web or of mail.
    Link {
        to: String,
        words: Vec<Self>,
    },
    /// A heading of this document.
    Jump {
        to: String,
        words: Vec<Self>,
    },
    Break,
}

impl Inline {
    /// Holds foreign text.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(pieces(&FONTS.shown(text), LONGEST))
    }

    /// Holds foreign text in letters of one width.
    pub(super) fn code(text: &str) -> Self {
        Self::Code(pieces(&FONTS.shown(text), LONGEST))
    }

    /// Returns the words without their form.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Text(parts) | Self::Code(parts) => parts.concat(),
            Self::Mark { word, .. } => word.clone(),
            Self::Strong(inner)
            | Self::Emphasis(inner)
            | Self::Link { words: inner, .. }
            | Self::Jump { words: inner, .. } => inner.iter().map(Self::words).collect(),
            Self::Break => " ".into(),
        }
    }

    /// Cuts anew at places where a line may end.
    pub(super) fn cut(&mut self, most: usize) {
        match self {
            Self::Text(parts) | Self::Code(parts) => *parts = pieces(&parts.concat(), most),
            Self::Strong(inner)
            | Self::Emphasis(inner)
            | Self::Link { words: inner, .. }
            | Self::Jump { words: inner, .. } => inner.iter_mut().for_each(|inline| inline.cut(most)),
            Self::Mark { .. } | Self::Break => {}
        }
    }

    /// Reckons the width on one line, in parts of the size of letters.
    fn width(&self) -> f64 {
        match self {
            Self::Text(parts) => parts.iter().map(|part| width(part)).sum(),
            Self::Code(parts) => parts.iter().map(|part| width_of_code(part)).sum(),
            Self::Mark { word, .. } => MARK + width(word),
            Self::Strong(inner)
            | Self::Emphasis(inner)
            | Self::Link { words: inner, .. }
            | Self::Jump { words: inner, .. } => inner.iter().map(Self::width).sum(),
            Self::Break => 0.0,
        }
    }

    /// Reckons the width of the widest part that no line may cut.
    fn widest_part(&self) -> f64 {
        let widest = |parts: &[String], reckon: fn(&str) -> f64| {
            let words = parts.iter().flat_map(|part| part.split(' '));
            words.map(reckon).fold(0.0, f64::max)
        };
        match self {
            Self::Text(parts) => widest(parts, width),
            Self::Code(parts) => widest(parts, width_of_code),
            Self::Mark { word, .. } => MARK + widest(std::slice::from_ref(word), width),
            Self::Strong(inner)
            | Self::Emphasis(inner)
            | Self::Link { words: inner, .. }
            | Self::Jump { words: inner, .. } => inner.iter().map(Self::widest_part).fold(0.0, f64::max),
            Self::Break => 0.0,
        }
    }
}

/// The room that the shape of a tone takes, in parts of the size of letters.
const MARK: f64 = 0.95;

/// One line of a cell.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub(super) is_small: bool,
    pub(super) parts: Vec<Inline>,
}

impl Line {
    /// Holds foreign text.
    pub(super) fn text(text: &str) -> Self {
        Self {
            is_small: false,
            parts: vec![Inline::text(text)],
        }
    }

    fn scale(&self) -> f64 {
        if self.is_small { SMALL } else { 1.0 }
    }

    /// Reckons the width, in parts of the size of letters.
    pub(super) fn width(&self) -> f64 {
        self.scale() * self.parts.iter().map(Inline::width).sum::<f64>()
    }

    /// Reckons the width of the widest part that no line may cut.
    pub(super) fn widest_part(&self) -> f64 {
        self.scale() * self.parts.iter().map(Inline::widest_part).fold(0.0, f64::max)
    }

    /// Counts the characters.
    pub(super) fn length(&self) -> usize {
        self.parts.iter().map(|part| part.words().chars().count()).sum()
    }
}

/// The size of small print beside that of the text above it; the page has the same number.
const SMALL: f64 = 0.88;

/// A name and its value.
#[derive(Debug, Serialize)]
pub(super) struct Pair {
    pub(super) name: Vec<Line>,
    pub(super) value: Vec<Line>,
}

/// One figure among a few, large.
#[derive(Debug, Serialize)]
pub(super) struct Card {
    pub(super) label: Vec<Line>,
    pub(super) figure: Vec<Line>,
    pub(super) notes: Vec<Vec<Line>>,
}

/// A row, and whether it is so tall that it may go over two pages.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) is_tall: bool,
    pub(super) cells: Vec<Vec<Line>>,
}

/// A table with its measures.
#[derive(Debug, Serialize)]
pub(super) struct Sheet {
    pub(super) caption: Vec<Inline>,
    pub(super) heads: Vec<Vec<Inline>>,
    /// Whether a column holds numbers.
    pub(super) numbers: Vec<bool>,
    /// In points.
    pub(super) widths: Vec<f64>,
    /// The size of letters, in points.
    pub(super) size: f64,
    /// Whether it is so short that it stands on one page.
    pub(super) is_short: bool,
    /// Whether it has columns to be written into by hand.
    pub(super) is_form: bool,
    /// Room that a page must have left for it to begin there, in points; 0 for a short one.
    pub(super) to_begin: f64,
    pub(super) rows: Vec<Row>,
    /// What is not in here, and where it is.
    pub(super) rest: Vec<Inline>,
}

/// One block of a page.
#[derive(Debug, Serialize)]
#[serde(tag = "form", content = "of", rename_all = "lowercase")]
pub(super) enum Block {
    Title(Vec<Inline>),
    Contents,
    Heading {
        level: u8,
        id: String,
        words: Vec<Inline>,
    },
    Paragraph(Vec<Inline>),
    List {
        is_ordered: bool,
        items: Vec<Vec<Self>>,
    },
    Quote(Vec<Self>),
    Banner(Vec<Self>),
    Code(Vec<Inline>),
    Rule,
    /// What follows begins a page.
    Page,
    Empty(Vec<Inline>),
    Facts(Vec<Vec<Pair>>),
    Cards(Vec<Card>),
    Table(Sheet),
    Figure {
        file: String,
        alt: String,
        caption: Vec<Inline>,
        /// In points.
        width: f64,
    },
}

/// A whole document as `templates/page.typ` reads it.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) author: String,
    pub(super) description: String,
    pub(super) keywords: Vec<String>,
    pub(super) is_landscape: bool,
    pub(super) head: Vec<Inline>,
    pub(super) classification: Vec<Inline>,
    pub(super) foot: Vec<Inline>,
    pub(super) blocks: Vec<Block>,
    pub(super) twin: Twin,
}

/// The JSON twin and where it is.
#[derive(Debug, Serialize)]
pub(super) struct Twin {
    pub(super) name: String,
    pub(super) is_attached: bool,
    pub(super) description: String,
    /// What the last lines of the document say of it.
    pub(super) words: Vec<Inline>,
}
