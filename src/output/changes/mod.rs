//! What a change does in governance terms, in each format.

mod human;
mod json;
mod markdown;

use std::io::{self, Write};

use super::Style;
use crate::check::{ChangedRecord, Changes};
use crate::model::AsOf;
use crate::source::Sources;

/// The formats of changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Format {
    Human,
    /// countersign/changes/v1.
    Json,
    /// Markdown, for a comment on a pull request.
    Markdown,
}

/// Everything that an output of changes is made from.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub changes: &'a Changes,
    pub sources: &'a Sources,
    pub as_of: AsOf,
    /// The base as it was named, and its commit.
    pub base: (&'a str, &'a str),
    /// The commit with the change.
    pub commit: Option<&'a str>,
}

/// Writes a report; the caller buffers.
pub fn write(report: &Report<'_>, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Markdown => markdown::write(report, out),
    }
}

/// Says who must still approve, in a sentence.
fn need_words(need: &crate::check::Need) -> String {
    let mut text = need.who.join(" or ");
    if need.people > 1 {
        text.push_str(&format!(" ({} of {} people)", need.by.len(), need.people));
    }
    format!("{text}, as {}", need.because)
}

/// Says by how much a decision lasts longer.
fn days_words(one: &ChangedRecord) -> String {
    one.days.map_or_else(String::new, |days| format!(" {days:+} d"))
}
