//! countersign/diagnostics/v1.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{Report, path_of};
use crate::diagnostic::{Diagnostic, Level};
use crate::output::Summary;
use crate::output::json::{Each, write_pretty};
use crate::source::Sources;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    commit: Option<&'a str>,
    diagnostics: Entries<'a>,
    summary: Summary,
}

#[derive(Serialize)]
struct Entry<'a> {
    code: &'static str,
    name: &'static str,
    level: Level,
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    message: &'a str,
    help: Option<&'a str>,
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    related: Vec<RelatedEntry<'a>>,
}

#[derive(Serialize)]
struct RelatedEntry<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

/// The `diagnostics` member, which the register's document carries too.
#[derive(Clone, Copy)]
pub(in crate::output) struct Entries<'a> {
    pub(in crate::output) diagnostics: &'a [Diagnostic],
    pub(in crate::output) sources: &'a Sources,
}

impl Serialize for Entries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Each(|| {
            self.diagnostics
                .iter()
                .map(|diagnostic| entry(self.sources, diagnostic))
        })
        .serialize(serializer)
    }
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: "countersign/diagnostics/v1",
        as_of: report.as_of.to_string(),
        commit: report.commit,
        diagnostics: Entries {
            diagnostics: report.diagnostics,
            sources: report.sources,
        },
        summary: Summary::of(report.diagnostics),
    };
    write_pretty(&document, out)
}

fn entry<'a>(sources: &'a Sources, diagnostic: &'a Diagnostic) -> Entry<'a> {
    let span = diagnostic.span;
    Entry {
        code: diagnostic.code,
        name: diagnostic.name,
        level: diagnostic.level,
        subject: diagnostic.subject.as_deref(),
        owner: diagnostic.owner.as_deref(),
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        file: path_of(sources, span),
        line: span.line,
        column: span.column,
        end_line: span.end_line,
        end_column: span.end_column,
        related: diagnostic
            .related
            .iter()
            .map(|related| RelatedEntry {
                file: path_of(sources, related.span),
                line: related.span.line,
                column: related.span.column,
                message: &related.message,
            })
            .collect(),
    }
}
