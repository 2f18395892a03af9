//! Workflow commands of GitHub: one line a diagnostic, which becomes an annotation.

use std::io::{self, Write};

use super::{Report, full_message, path_of};
use crate::diagnostic::Level;
use crate::output::text::visible;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        let span = diagnostic.span;
        let command = match diagnostic.level {
            Level::Error => "error",
            Level::Warn => "warning",
            Level::Info => "notice",
        };
        write!(
            out,
            "::{command} file={},line={}",
            property(path_of(report.sources, span)),
            span.line
        )?;
        // GitHub takes columns only for what begins and ends on one line.
        if span.line == span.end_line {
            write!(
                out,
                ",col={},endLine={},endColumn={}",
                span.column, span.end_line, span.end_column
            )?;
        } else {
            write!(out, ",endLine={}", span.end_line)?;
        }
        let title = format!("{} {}", diagnostic.code, diagnostic.name);
        write!(
            out,
            ",title={}::{}",
            property(title.trim_end()),
            data(&full_message(diagnostic))
        )?;
        for related in &diagnostic.related {
            let place = format!(
                "{}:{}: {}",
                path_of(report.sources, related.span),
                related.span.line,
                related.message
            );
            write!(out, "%0A{}", data(&place))?;
        }
        if let Some(owner) = &diagnostic.owner {
            write!(out, "%0A{}", data(&format!("owner: {owner}")))?;
        }
        if let Some(help) = &diagnostic.help {
            write!(out, "%0A{}", data(&format!("help: {help}")))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Escapes what follows the second `::`.
fn data(text: &str) -> String {
    visible(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
