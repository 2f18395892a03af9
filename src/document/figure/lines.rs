//! Figures over time: one line a series, told apart by mark and dash; where there is no value the line breaks.

use std::fmt::Write as _;

use serde::Serialize;

use super::pen::{Pen, WIDTH, places};
use crate::model::Rate;

/// What the upright axis counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::document) enum Scale {
    /// Values are tenths of a percent; the axis ends at 100 %.
    Percent,
    /// Values are whole numbers; the axis ends at a round number above the largest.
    Count,
}

/// One series.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Line {
    pub(in crate::document) word: String,
    /// One for each point of time; `None` where nothing could be computed.
    pub(in crate::document) values: Vec<Option<u64>>,
}

/// Lines over the same points of time.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Lines {
    pub(in crate::document) scale: Scale,
    pub(in crate::document) points: Vec<String>,
    pub(in crate::document) lines: Vec<Line>,
}

const LEFT: u64 = 60;
const RIGHT: u64 = 20;
const HEIGHT: u64 = 200;
const BENEATH: u64 = 30;
const STEPS: u64 = 4;
const DASHES: [&str; 4] = ["line", "line dash", "line dots", "line long"];

impl Lines {
    pub(super) fn description(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let values: Vec<String> = self
                .points
                .iter()
                .zip(&line.values)
                .map(|(point, value)| {
                    let value = value.map_or_else(|| "n/a".to_owned(), |value| self.shown(value));
                    format!("{point} {value}")
                })
                .collect();
            format!("{}: {}", line.word, values.join(", "))
        });
        lines.collect::<Vec<_>>().join("; ") + "."
    }

    fn shown(&self, value: u64) -> String {
        match self.scale {
            Scale::Percent => format!("{}.{} %", value / 10, value % 10),
            Scale::Count => value.to_string(),
        }
    }

    fn top(&self) -> u64 {
        let most = self
            .lines
            .iter()
            .flat_map(|line| line.values.iter().flatten())
            .max();
        match self.scale {
            Scale::Percent => 1_000,
            Scale::Count => round_up(most.copied().unwrap_or(0)),
        }
    }

    /// Draws the lines and returns the height of the figure.
    pub(super) fn draw(&self, pen: &mut Pen) -> u64 {
        let legend = self.legend(pen);
        let top = self.top();
        let ground = legend + 10 + HEIGHT;
        for step in 0..=STEPS {
            let y = ground - HEIGHT * step / STEPS;
            pen.path("rule", &format!("M{LEFT} {y}H{}", WIDTH - RIGHT));
            pen.text((LEFT - 8, y + 4), "end", &self.shown(top * step / STEPS));
        }
        let each = (WIDTH - RIGHT - LEFT) / (self.points.len() as u64).max(1);
        let x_of = |index: usize| LEFT + each * index as u64 + each / 2;
        // Labels that would run into each other are left out; the first always stands.
        let every = (64 / each.max(1) + 1) as usize;
        for (index, point) in self.points.iter().enumerate().step_by(every) {
            pen.text((x_of(index), ground + 20), "middle", point);
        }
        for (number, line) in self.lines.iter().enumerate() {
            let mut path = String::new();
            let mut is_open = false;
            for (index, value) in line.values.iter().enumerate() {
                let Some(value) = value else {
                    is_open = false;
                    continue;
                };
                let (x, y) = (x_of(index), ground - HEIGHT * (*value).min(top) / top.max(1));
                let _ = write!(path, "{}{x} {y}", if is_open { 'L' } else { 'M' });
                is_open = true;
                mark(pen, number, (x, y));
            }
            pen.path(DASHES[number % DASHES.len()], &path);
        }
        ground + BENEATH
    }

    fn legend(&self, pen: &mut Pen) -> u64 {
        let places = places(self.lines.iter().map(|line| line.word.as_str()));
        for (number, (line, (x, y))) in self.lines.iter().zip(&places).enumerate() {
            pen.path(
                DASHES[number % DASHES.len()],
                &format!("M{x} {}H{}", y + 8, x + 22),
            );
            mark(pen, number, (x + 11, y + 8));
            pen.text((x + 30, y + 13), "", &line.word);
        }
        places.last().map_or(0, |(_, y)| y + 24)
    }
}

/// Returns a rate as tenths of a percent, rounded down; `None` where nothing was counted.
pub(in crate::document) fn tenths(rate: Rate) -> Option<u64> {
    (rate.denominator > 0).then(|| rate.numerator.saturating_mul(1_000) / rate.denominator)
}

/// Draws the mark of a series: circle, square, triangle, diamond.
fn mark(pen: &mut Pen, number: usize, (x, y): (u64, u64)) {
    let d = match number % 4 {
        0 => format!("M{} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", x - 4),
        1 => format!("M{} {}h8v8h-8z", x - 4, y.saturating_sub(4)),
        2 => format!("M{x} {}l5 9h-10z", y.saturating_sub(5)),
        _ => format!("M{x} {}l5 5l-5 5l-5 -5z", y.saturating_sub(5)),
    };
    pen.path("mark", &d);
}

/// Rounds up to 4, or to 1, 2 or 5 times a power of ten, such that four steps are whole numbers.
fn round_up(most: u64) -> u64 {
    let mut step = 1;
    loop {
        for factor in [1, 2, 5] {
            if step * factor * STEPS >= most {
                return step * factor * STEPS;
            }
        }
        step *= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::round_up;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (most, end) in [
            (0, 4),
            (4, 4),
            (5, 8),
            (17, 20),
            (21, 40),
            (100, 200),
            (1_999, 2_000),
        ] {
            assert_eq!(round_up(most), end, "{most}");
        }
    }
}
