//! Changes as Markdown for a comment on a pull request.
//!
//! What comes from files is written so that it stays text: no markup, no HTML, no mention, no link.

use std::io::{self, Write};

use super::{Report, days_words, need_words};
use crate::check::ChangedRecord;
use crate::diagnostic::counted;
use crate::output::text::visible;
use crate::trust::Classified;

/// Rows of one table; a comment has a greatest length, and the machine format has them all.
const MAX_ROWS: usize = 50;
/// Characters of one cell.
const MAX_CELL: usize = 200;

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "### {}\n", report.changes.headline)?;
    writeln!(
        out,
        "Against {} at {}, as of {}.",
        plain(report.base.0),
        plain(report.base.1.get(..12).unwrap_or(report.base.1)),
        plain(&report.as_of.to_string())
    )?;
    for one in &report.changes.records {
        write_record(report, one, out)?;
    }
    Ok(())
}

fn write_record(report: &Report<'_>, one: &ChangedRecord, out: &mut dyn Write) -> io::Result<()> {
    let change = &one.change;
    writeln!(
        out,
        "\n#### {} {}{}: {}\n",
        plain(&change.id),
        one.what,
        days_words(one),
        plain(&change.title)
    )?;
    writeln!(
        out,
        "| effect | rule | where | what | why |\n|---|---|---|---|---|"
    )?;
    for edit in change.edits.iter().take(MAX_ROWS) {
        write_row(report, one, edit, out)?;
    }
    if let Some(more) = change.edits.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        writeln!(out, "\n{more} more.")?;
    }
    if let Some(state) = one.state {
        writeln!(out, "\nApprovals: {state}.")?;
    }
    if !one.needs.is_empty() {
        writeln!(out)?;
    }
    for need in &one.needs {
        writeln!(out, "- needs {}", plain(&need_words(need)))?;
    }
    if !one.covers.is_empty() {
        writeln!(
            out,
            "\nStands for {}:\n",
            counted(one.covers.len(), "open finding")
        )?;
        writeln!(
            out,
            "| host | vulnerability | severity | disposition |\n|---|---|---|---|"
        )?;
        for covered in one.covers.iter().take(MAX_ROWS) {
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                plain(&covered.host),
                plain(&covered.vuln),
                covered.severity,
                covered.disposition
            )?;
        }
    }
    Ok(())
}

fn write_row(
    report: &Report<'_>,
    one: &ChangedRecord,
    edit: &Classified,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = match edit.span {
        Some(span) => format!("{}:{}", report.sources.path(span.file), span.line),
        None => one.change.path.to_string(),
    };
    writeln!(
        out,
        "| {} | {} | {} | {} | {} |",
        edit.effect.word(),
        edit.rule,
        plain(&place),
        plain(&edit.edit.to_string()),
        plain(&edit.why)
    )
}

/// Returns foreign text as code, where no forge looks for markup, HTML, mentions, links or issues.
fn plain(text: &str) -> String {
    let mut cut: String = text.chars().take(MAX_CELL).collect();
    if text.chars().nth(MAX_CELL).is_some() {
        cut.push('…');
    }
    if cut.trim().is_empty() {
        return String::new();
    }
    let mut shown = String::with_capacity(cut.len() + 16);
    shown.push('`');
    for character in visible(&cut).chars() {
        match character {
            '`' => shown.push('\''),
            // A row of a table ends here even in code.
            '|' => shown.push_str("\\|"),
            // Harmless in code; who reads the Markdown itself shall see no HTML either.
            '<' => shown.push_str("\\u{3c}"),
            other => shown.push(other),
        }
    }
    shown.push('`');
    shown
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_from_a_file_leaves_its_code() {
        let rows = [
            ("<script>", "`\\u{3c}script>`"),
            ("@admin fixes #12", "`@admin fixes #12`"),
            ("`@admin`", "`'@admin'`"),
            ("a | b\nc", "`a \\| b\\nc`"),
            ("  ", ""),
        ];
        for (text, expected) in rows {
            assert_eq!(plain(text), expected);
        }
    }
}
