//! Figures as SVG: told apart by pattern and mark, not by colour, with the same numbers in words.

mod bars;
mod grid;
mod lines;
mod pen;
mod timeline;

use std::fmt::Write as _;

use serde::Serialize;

use super::text::escape_html;
pub(super) use bars::{Bar, Bars, Series};
pub(super) use grid::{Grid, GridCell};
pub(super) use lines::{Line, Lines, Scale, tenths};
use pen::Pen;
pub(super) use pen::{Fill, WIDTH};
pub(super) use timeline::{Milestone, Stretch, Timeline};

/// One figure of a document.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) title: String,
    /// What is counted, in the plural, such as `controls`.
    pub(super) unit: &'static str,
    #[serde(flatten)]
    pub(super) drawing: Drawing,
}

/// What is drawn.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "form", rename_all = "lowercase")]
pub(super) enum Drawing {
    Bars(Bars),
    Lines(Lines),
    Timeline(Timeline),
    Grid(Grid),
}

impl Figure {
    /// Returns the figure in words.
    pub(super) fn description(&self) -> String {
        match &self.drawing {
            Drawing::Bars(bars) => bars.description(self.unit),
            Drawing::Lines(lines) => lines.description(),
            Drawing::Timeline(timeline) => timeline.description(),
            Drawing::Grid(grid) => grid.description(self.unit),
        }
    }

    /// Draws the figure; classes take their colours from the page's style sheet.
    pub(super) fn svg(&self) -> String {
        let mut pen = Pen::new(self.name);
        let height = match &self.drawing {
            Drawing::Bars(bars) => bars.draw(&mut pen),
            Drawing::Lines(lines) => lines.draw(&mut pen),
            Drawing::Timeline(timeline) => timeline.draw(&mut pen),
            Drawing::Grid(grid) => grid.draw(&mut pen),
        };
        let name = self.name;
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"figure-{name}-title figure-{name}-desc\" \
             xmlns=\"http://www.w3.org/2000/svg\"><title id=\"figure-{name}-title\">"
        );
        escape_html(&self.title, &mut out);
        let _ = write!(out, "</title><desc id=\"figure-{name}-desc\">");
        escape_html(&self.description(), &mut out);
        out.push_str("</desc>");
        out.push_str(&pen.finish());
        out.push_str("</svg>");
        out
    }
}
