//! An auditor's sample, in each format.

mod human;
mod json;

use std::io::{self, Write};

use super::Style;
use super::spreadsheet::{begin, write_row};
use crate::model::AsOf;
use crate::reconcile::{Period, Sample};

/// What is told.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub sample: &'a Sample,
    pub as_of: AsOf,
    pub period: Period,
    /// The commit that was judged; `None` outside git.
    pub commit: Option<&'a str>,
}

/// How it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// What was drawn, and how to draw it again.
    Human,
    /// countersign/sample/v1.
    Json,
    /// One drawn item a row, with columns for the auditor to fill.
    Csv,
}

/// Writes a sample.
pub fn write(report: &Report<'_>, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Csv => csv(report, out),
    }
}

const HEADINGS: [&str; 9] = [
    "position",
    "item",
    "title",
    "state",
    "sha256",
    "seed",
    "population_sha256",
    "result",
    "remark",
];

fn csv(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let sample = report.sample;
    let mut writer = begin(out, &HEADINGS)?;
    for (index, drawn) in sample.drawn.iter().enumerate() {
        let position = (index + 1).to_string();
        let cells = [
            &position,
            &drawn.item.line,
            &drawn.item.title,
            drawn.item.state,
            &drawn.sha256,
            &sample.seed,
            &sample.population_sha256,
            "",
            "",
        ];
        write_row(&mut writer, &cells)?;
    }
    writer.flush()
}
