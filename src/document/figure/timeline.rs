//! Stretches of time one beneath the other, with milestones and the day of the document.

use serde::Serialize;

use super::pen::{Fill, Pen, WIDTH, cut};
use crate::model::Date;

/// A moment on a row.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Milestone {
    pub(in crate::document) on: Date,
    pub(in crate::document) word: String,
    pub(in crate::document) is_done: bool,
}

/// One row: a stretch of days and its milestones.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Stretch {
    pub(in crate::document) label: String,
    /// Its first and last day; `None` where it has milestones alone.
    pub(in crate::document) days: Option<(Date, Date)>,
    pub(in crate::document) fill: Fill,
    pub(in crate::document) milestones: Vec<Milestone>,
}

/// Rows over one axis of time.
#[derive(Clone, Debug, Serialize)]
pub(in crate::document) struct Timeline {
    /// What the patterns mean.
    pub(in crate::document) legend: Vec<(Fill, &'static str)>,
    /// The day of the document, drawn as a line.
    pub(in crate::document) today: Date,
    pub(in crate::document) rows: Vec<Stretch>,
}

const LABEL: u64 = 190;
const RIGHT: u64 = 20;
const ROW: u64 = 30;
const BAR: u64 = 16;
/// Labels on the axis need this much room.
const TICK: u64 = 70;
/// Steps of the axis in months, the smallest that fits is taken.
const STEPS: [u32; 7] = [1, 3, 6, 12, 24, 60, 120];

impl Timeline {
    pub(super) fn description(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let days = row.days.map(|(from, to)| format!("from {from} to {to}"));
            let milestones = row.milestones.iter().map(|milestone| {
                let done = if milestone.is_done { " (done)" } else { "" };
                format!("{} {}{done}", milestone.on, milestone.word)
            });
            let parts: Vec<String> = days.into_iter().chain(milestones).collect();
            format!("{}: {}", row.label, parts.join(", "))
        });
        let rows: Vec<String> = rows.collect();
        format!("As of {}. {}.", self.today, rows.join("; "))
    }

    /// Returns the first day of the axis, and how many days it has.
    fn axis(&self) -> (Date, i64) {
        let days = self.rows.iter().flat_map(|row| {
            let ends = row.days.into_iter().flat_map(|(from, to)| [from, to]);
            ends.chain(row.milestones.iter().map(|milestone| milestone.on))
        });
        let (mut first, mut last) = (self.today, self.today);
        for day in days {
            first = first.min(day);
            last = last.max(day);
        }
        let first = first.first_of_month();
        (first, last.days_since(first).max(27) + 4)
    }

    /// Draws the rows and returns the height of the figure.
    pub(super) fn draw(&self, pen: &mut Pen) -> u64 {
        let legend = pen.legend(self.legend.iter().copied());
        let (first, days) = self.axis();
        let room = WIDTH - LABEL - RIGHT;
        let x_of = |day: Date| {
            let since = u64::try_from(day.days_since(first)).unwrap_or(0);
            LABEL + since * room / days.unsigned_abs().max(1)
        };
        let top = legend + 26;
        let ground = top + ROW * self.rows.len() as u64;
        ticks(pen, first, days, (top, ground), &x_of);
        for (index, row) in self.rows.iter().enumerate() {
            let y = top + ROW * index as u64 + 7;
            pen.text((LABEL - 10, y + 13), "end", &cut(&row.label, LABEL - 10));
            if let Some((from, to)) = row.days {
                let width = x_of(to.plus_days(1)).saturating_sub(x_of(from)).max(2);
                pen.rectangle(row.fill, [x_of(from), y, width, BAR]);
            }
            for milestone in &row.milestones {
                let class = if milestone.is_done { "mark" } else { "mark open" };
                let d = format!("M{} {}l7 8l-7 8l-7 -8z", x_of(milestone.on), y);
                pen.path(class, &d);
            }
        }
        let x = x_of(self.today);
        pen.path("today", &format!("M{x} {top}V{ground}"));
        pen.text((x, ground + 16), "middle", &format!("as of {}", self.today));
        ground + 24
    }
}

fn ticks(pen: &mut Pen, first: Date, days: i64, (top, ground): (u64, u64), x_of: &dyn Fn(Date) -> u64) {
    let room = WIDTH - LABEL - RIGHT;
    let most = (room / TICK).max(1);
    let months = days.unsigned_abs() / 28 + 1;
    let step = STEPS
        .into_iter()
        .find(|step| months / u64::from(*step) <= most)
        .unwrap_or(240);
    let mut tick = first;
    for _ in 0..=most {
        let x = x_of(tick);
        if x + TICK / 2 > WIDTH {
            break;
        }
        pen.path("rule", &format!("M{x} {top}V{ground}"));
        let (year, month) = (tick.year(), tick.month());
        pen.text((x, top - 8), "middle", &format!("{year}-{month:02}"));
        tick = tick.plus_months(step);
    }
}
