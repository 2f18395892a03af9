//! What the rules say, in each format.

mod excerpt;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod sarif;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::source::sha256_of_parts;

use super::Style;
use crate::diagnostic::Diagnostic;
use crate::model::AsOf;
use crate::source::{Sources, Span};

pub(super) use json::Entries;

/// The formats of diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Format {
    /// Frames with the lines they speak of.
    Human,
    /// countersign/diagnostics/v1.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit, as build servers read it.
    Junit,
    /// Workflow commands of GitHub, which become annotations.
    Github,
    /// GitLab's code quality report.
    Gitlab,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Human,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
    ];

    /// Returns the word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }
}

/// Everything that an output of diagnostics is made from.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// In the order in which they are to be shown.
    pub diagnostics: &'a [Diagnostic],
    pub sources: &'a Sources,
    pub as_of: AsOf,
    /// The commit that was judged; `None` outside git.
    pub commit: Option<&'a str>,
    /// Codes of rules that are turned off, so that no format calls them passed.
    pub codes_off: &'a [&'static str],
}

/// Writes a report; the caller buffers.
pub fn write(report: &Report<'_>, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Human => human::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Github => github::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
    }
}

/// Returns the path of a place; `isms.yaml` for one in no file, which is where a repository begins.
fn path_of(sources: &Sources, span: Span) -> &str {
    match sources.path(span.file) {
        "" => "isms.yaml",
        path => path,
    }
}

/// Returns the message with the words at the place, for formats that show no frame.
fn full_message(diagnostic: &Diagnostic) -> String {
    match &diagnostic.label {
        Some(label) => format!("{}: {label}", diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

/// Returns a number for each diagnostic that stays the same while lines move and as-of goes on.
///
/// It is made from the rule, the file, the subject and the text at the place; the second of two that
/// agree in all of these is told apart by being the second.
fn fingerprints(report: &Report<'_>) -> Vec<String> {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    report
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let text = text_at(report.sources, diagnostic.span);
            let subject = diagnostic.subject.as_deref().unwrap_or("");
            let key = sha256_of_parts([
                diagnostic.code,
                path_of(report.sources, diagnostic.span),
                subject,
                text,
            ]);
            let number = seen.entry(key.clone()).or_default();
            *number += 1;
            sha256_of_parts([key.as_str(), number.to_string().as_str()])
        })
        .collect()
}

fn text_at(sources: &Sources, span: Span) -> &str {
    let text = sources.get(span.file).map_or("", |file| &file.text);
    text.get(span.start as usize..span.end as usize).unwrap_or("")
}
