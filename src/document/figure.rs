//! Bars as SVG: told apart by pattern, not by colour, with the same numbers in words.

use std::fmt::Write as _;

use serde::Serialize;

use super::text::escape_html;

/// How the part of a bar is filled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fill {
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
}

/// One part of every bar.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Series {
    pub(super) word: &'static str,
    pub(super) fill: Fill,
}

/// One bar: a value for each series.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) values: Vec<u64>,
}

/// Horizontal bars, each made of the same series.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) title: String,
    /// What is counted, in the plural, such as `controls`.
    pub(super) unit: &'static str,
    pub(super) series: Vec<Series>,
    pub(super) bars: Vec<Bar>,
}

const WIDTH: u64 = 760;
const LABEL: u64 = 190;
const TOTAL: u64 = 60;
const ROW: u64 = 34;
const BAR: u64 = 22;
/// A part that is narrower than this carries no number; the table beneath has it.
const NUMBER_WIDTH: u64 = 20;
/// The width of a character, as a legend reckons it.
const CHARACTER: u64 = 7;

impl Figure {
    /// Returns the figure in words.
    pub(super) fn description(&self) -> String {
        let bars = self.bars.iter().map(|bar| {
            let parts: Vec<String> = self
                .series
                .iter()
                .zip(&bar.values)
                .filter(|(_, value)| **value > 0)
                .map(|(series, value)| format!("{value} {}", series.word))
                .collect();
            let parts = if parts.is_empty() {
                "none".to_owned()
            } else {
                parts.join(", ")
            };
            format!(
                "{}: {} {} ({parts})",
                bar.label,
                bar.values.iter().sum::<u64>(),
                self.unit
            )
        });
        bars.collect::<Vec<_>>().join("; ") + "."
    }

    /// Draws the figure; classes take their colours from the page's style sheet.
    pub(super) fn svg(&self) -> String {
        let entries = self.legend();
        let legend = entries.last().map_or(0, |(_, y)| y + 24);
        let height = legend + ROW * self.bars.len() as u64 + 8;
        let name = self.name;
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"figure-{name}-title figure-{name}-desc\" \
             xmlns=\"http://www.w3.org/2000/svg\"><title id=\"figure-{name}-title\">"
        );
        escape_html(&self.title, &mut out);
        let _ = write!(out, "</title><desc id=\"figure-{name}-desc\">");
        escape_html(&self.description(), &mut out);
        out.push_str("</desc><defs>");
        for series in &self.series {
            let fill = series.fill;
            if !fill.tile().is_empty() {
                let _ = write!(
                    out,
                    "<pattern id=\"figure-{name}-{}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">{}</pattern>",
                    fill.word(),
                    fill.tile()
                );
            }
        }
        out.push_str("</defs>");
        for (series, (x, y)) in self.series.iter().zip(entries) {
            self.part(series.fill, [x, y, 22, 16], &mut out);
            let _ = write!(out, "<text x=\"{}\" y=\"{}\">", x + 30, y + 13);
            escape_html(series.word, &mut out);
            out.push_str("</text>");
        }
        for (index, bar) in self.bars.iter().enumerate() {
            self.bar(bar, legend + ROW * index as u64 + 8, &mut out);
        }
        out.push_str("</svg>");
        out
    }

    /// Returns where each entry of the legend begins; words are reckoned by their length.
    fn legend(&self) -> Vec<(u64, u64)> {
        let (mut x, mut y) = (1, 2);
        let mut places = Vec::new();
        for series in &self.series {
            let width = 50 + CHARACTER * series.word.len() as u64;
            if x + width > WIDTH {
                (x, y) = (1, y + 24);
            }
            places.push((x, y));
            x += width;
        }
        places
    }

    fn bar(&self, bar: &Bar, y: u64, out: &mut String) {
        let most = self
            .bars
            .iter()
            .map(|bar| bar.values.iter().sum())
            .max()
            .unwrap_or(0)
            .max(1);
        let room = WIDTH - LABEL - TOTAL;
        let _ = write!(out, "<text x=\"{}\" y=\"{}\" class=\"end\">", LABEL - 10, y + 16);
        escape_html(&bar.label, out);
        out.push_str("</text>");
        let mut before: u64 = 0;
        for (series, value) in self.series.iter().zip(&bar.values) {
            // Both ends are rounded from the sums, so that parts meet and never add up to more than the bar.
            let (from, to) = (before * room / most, (before + value) * room / most);
            before += value;
            if *value == 0 {
                continue;
            }
            self.part(series.fill, [LABEL + from, y, (to - from).max(1), BAR], out);
            if to - from >= NUMBER_WIDTH {
                let class = if series.fill == Fill::Solid {
                    "number on-solid"
                } else {
                    "number"
                };
                let x = LABEL + (from + to) / 2;
                let _ = write!(
                    out,
                    "<text x=\"{x}\" y=\"{}\" class=\"{class}\">{value}</text>",
                    y + 16
                );
            }
        }
        let x = LABEL + before * room / most + 8;
        let _ = write!(
            out,
            "<text x=\"{x}\" y=\"{}\" class=\"total\">{before}</text>",
            y + 16
        );
    }

    fn part(&self, fill: Fill, [x, y, width, height]: [u64; 4], out: &mut String) {
        let place = format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
        let _ = match fill {
            Fill::Solid => write!(out, "<rect {place} class=\"part solid\"/>"),
            Fill::Blank => write!(out, "<rect {place} class=\"part blank\"/>"),
            Fill::Hatched | Fill::Dotted | Fill::Crossed | Fill::Lined => {
                write!(
                    out,
                    "<rect {place} class=\"part\" fill=\"url(#figure-{}-{})\"/>",
                    self.name,
                    fill.word()
                )
            }
        };
    }
}
