//! What all figures are drawn with: rectangles by pattern, texts, lines, and the legend.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::Serialize;

use crate::document::text::escape_html;

/// How a part is filled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::document) enum Fill {
    Solid,
    Hatched,
    Dotted,
    Crossed,
    Lined,
    Blank,
}

impl Fill {
    fn word(self) -> &'static str {
        match self {
            Self::Solid => "solid",
            Self::Hatched => "hatched",
            Self::Dotted => "dotted",
            Self::Crossed => "crossed",
            Self::Lined => "lined",
            Self::Blank => "blank",
        }
    }

    /// Returns what is drawn into a tile of 8 by 8; a solid and a blank part have none.
    fn tile(self) -> &'static str {
        match self {
            Self::Solid | Self::Blank => "",
            Self::Hatched => "<path d=\"M-2 2l4-4M0 8l8-8M6 10l4-4\" class=\"ink thick\"/>",
            Self::Dotted => {
                "<circle cx=\"2\" cy=\"2\" r=\"1.3\" class=\"dot\"/><circle cx=\"6\" cy=\"6\" r=\"1.3\" class=\"dot\"/>"
            }
            Self::Crossed => "<path d=\"M0 4h8M4 0v8\" class=\"ink\"/>",
            Self::Lined => "<path d=\"M0 2h8M0 6h8\" class=\"ink\"/>",
        }
    }

    /// Returns the class of a number that stands on the part.
    pub(super) fn number_class(self) -> &'static str {
        if self == Self::Solid {
            "number on-solid"
        } else {
            "number"
        }
    }
}

/// Every figure is this wide; the page scales it.
pub(in crate::document) const WIDTH: u64 = 760;
/// The width of a character, as labels and legends reckon it.
pub(super) const CHARACTER: u64 = 7;

/// Draws one figure and knows which patterns it used.
pub(super) struct Pen {
    name: &'static str,
    used: BTreeSet<Fill>,
    out: String,
}

impl Pen {
    pub(super) fn new(name: &'static str) -> Self {
        Self {
            name,
            used: BTreeSet::new(),
            out: String::new(),
        }
    }

    /// Returns what was drawn, behind the patterns that it uses.
    pub(super) fn finish(self) -> String {
        let mut out = String::from("<defs>");
        for fill in &self.used {
            if !fill.tile().is_empty() {
                let _ = write!(
                    out,
                    "<pattern id=\"figure-{}-{}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">{}</pattern>",
                    self.name,
                    fill.word(),
                    fill.tile()
                );
            }
        }
        out + "</defs>" + &self.out
    }

    /// Writes foreign text; an empty class is left out.
    pub(super) fn text(&mut self, (x, y): (u64, u64), class: &str, text: &str) {
        let class = if class.is_empty() {
            String::new()
        } else {
            format!(" class=\"{class}\"")
        };
        let _ = write!(self.out, "<text x=\"{x}\" y=\"{y}\"{class}>");
        escape_html(text, &mut self.out);
        self.out.push_str("</text>");
    }

    pub(super) fn rectangle(&mut self, fill: Fill, [x, y, width, height]: [u64; 4]) {
        self.used.insert(fill);
        let place = format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
        let _ = match fill {
            Fill::Solid => write!(self.out, "<rect {place} class=\"part solid\"/>"),
            Fill::Blank => write!(self.out, "<rect {place} class=\"part blank\"/>"),
            Fill::Hatched | Fill::Dotted | Fill::Crossed | Fill::Lined => write!(
                self.out,
                "<rect {place} class=\"part\" fill=\"url(#figure-{}-{})\"/>",
                self.name,
                fill.word()
            ),
        };
    }

    /// Draws a path; its class says with which line.
    pub(super) fn path(&mut self, class: &str, d: &str) {
        let _ = write!(self.out, "<path d=\"{d}\" class=\"{class}\"/>");
    }

    /// Writes the legend of patterns at the top and returns the height that it takes.
    pub(super) fn legend<'a>(&mut self, entries: impl IntoIterator<Item = (Fill, &'a str)>) -> u64 {
        let entries: Vec<(Fill, &str)> = entries.into_iter().collect();
        let places = places(entries.iter().map(|(_, word)| *word));
        for ((fill, word), (x, y)) in entries.iter().zip(&places) {
            self.rectangle(*fill, [*x, *y, 22, 16]);
            self.text((x + 30, y + 13), "", word);
        }
        places.last().map_or(0, |(_, y)| y + 24)
    }
}

/// Returns where each entry of a legend begins; words are reckoned by their length.
pub(super) fn places<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<(u64, u64)> {
    let (mut x, mut y) = (1, 2);
    let mut places = Vec::new();
    for word in words {
        let width = 50 + CHARACTER * word.chars().count() as u64;
        if x + width > WIDTH {
            (x, y) = (1, y + 24);
        }
        places.push((x, y));
        x += width;
    }
    places
}

/// Cuts a label to the room that it has; the table beneath the figure has it whole.
pub(super) fn cut(label: &str, room: u64) -> String {
    let most = usize::try_from(room / CHARACTER).unwrap_or(usize::MAX).max(2);
    if label.chars().count() <= most {
        return label.to_owned();
    }
    label.chars().take(most - 1).chain(['…']).collect()
}
