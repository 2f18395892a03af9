//! Horizontal bars, each made of the same series.

use serde::Serialize;

use super::pen::{Fill, Pen, WIDTH, cut};

/// One part of every bar.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Series {
    pub(in crate::document) word: &'static str,
    pub(in crate::document) fill: Fill,
}

/// One bar: a value for each series.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Bar {
    pub(in crate::document) label: String,
    pub(in crate::document) values: Vec<u64>,
}

/// Horizontal bars.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Bars {
    pub(in crate::document) series: Vec<Series>,
    pub(in crate::document) bars: Vec<Bar>,
}

const LABEL: u64 = 190;
const TOTAL: u64 = 60;
const ROW: u64 = 34;
const BAR: u64 = 22;
/// A part that is narrower than this carries no number; the table beneath has it.
const NUMBER_WIDTH: u64 = 20;

impl Bars {
    pub(super) fn description(&self, unit: &str) -> String {
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
                "{}: {} {unit} ({parts})",
                bar.label,
                bar.values.iter().sum::<u64>()
            )
        });
        bars.collect::<Vec<_>>().join("; ") + "."
    }

    /// Draws the bars and returns the height of the figure.
    pub(super) fn draw(&self, pen: &mut Pen) -> u64 {
        let legend = pen.legend(self.series.iter().map(|series| (series.fill, series.word)));
        for (index, bar) in self.bars.iter().enumerate() {
            self.bar(bar, legend + ROW * index as u64 + 8, pen);
        }
        legend + ROW * self.bars.len() as u64 + 8
    }

    fn bar(&self, bar: &Bar, y: u64, pen: &mut Pen) {
        let most = self
            .bars
            .iter()
            .map(|bar| bar.values.iter().sum())
            .max()
            .unwrap_or(0)
            .max(1);
        let room = WIDTH - LABEL - TOTAL;
        pen.text((LABEL - 10, y + 16), "end", &cut(&bar.label, LABEL - 10));
        let mut before: u64 = 0;
        for (series, value) in self.series.iter().zip(&bar.values) {
            // Both ends are rounded from the sums, so that parts meet and never add up to more than the bar.
            let (from, to) = (before * room / most, (before + value) * room / most);
            before += value;
            if *value == 0 {
                continue;
            }
            pen.rectangle(series.fill, [LABEL + from, y, (to - from).max(1), BAR]);
            if to - from >= NUMBER_WIDTH {
                let place = (LABEL + (from + to) / 2, y + 16);
                pen.text(place, series.fill.number_class(), &value.to_string());
            }
        }
        let x = LABEL + before * room / most + 8;
        pen.text((x, y + 16), "total", &before.to_string());
    }
}
