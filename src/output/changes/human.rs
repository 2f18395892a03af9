//! Changes for people at a terminal.

use std::io::{self, Write};

use super::{Report, days_words, need_words};
use crate::check::ChangedRecord;
use crate::diagnostic::counted;
use crate::output::Style;
use crate::output::text::{Paint, painted, visible};
use crate::trust::{Classified, Effect};

/// Findings that are listed by name; the machine format has them all.
const MAX_FINDINGS: usize = 10;

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}",
        painted(style, Some(Paint::Bold), &visible(&report.changes.headline))
    )?;
    for one in &report.changes.records {
        write_record(report, one, style, out)?;
    }
    Ok(())
}

fn write_record(
    report: &Report<'_>,
    one: &ChangedRecord,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let change = &one.change;
    let head = format!("{} {}{}", change.id, one.what, days_words(one));
    writeln!(
        out,
        "\n{}  {}  {}",
        painted(style, Some(Paint::Bold), &visible(&head)),
        visible(&change.path),
        visible(&change.title)
    )?;
    for edit in &change.edits {
        write_edit(report, edit, style, out)?;
    }
    if let Some(state) = one.state {
        writeln!(out, "  approvals: {state}")?;
    }
    for need in &one.needs {
        writeln!(out, "  needs {}", visible(&need_words(need)))?;
    }
    if !one.covers.is_empty() {
        writeln!(out, "  stands for {}", counted(one.covers.len(), "open finding"))?;
    }
    for covered in one.covers.iter().take(MAX_FINDINGS) {
        writeln!(
            out,
            "    {} {} {} {}",
            visible(&covered.host),
            visible(&covered.vuln),
            covered.severity,
            covered.disposition
        )?;
    }
    Ok(())
}

fn write_edit(report: &Report<'_>, edit: &Classified, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let paint = match edit.effect {
        Effect::Weakens => Paint::Red,
        Effect::Tightens => Paint::Green,
        Effect::Neutral => Paint::Faint,
    };
    let word = format!("{:<8}", edit.effect.word());
    let line = edit.span.map_or_else(String::new, |span| {
        format!("{}:{} ", report.sources.path(span.file), span.line)
    });
    let why = if edit.why.is_empty() {
        String::new()
    } else {
        format!(": {}", edit.why)
    };
    writeln!(
        out,
        "  {} {} {}{}{}",
        painted(style, Some(paint), &word),
        edit.rule,
        visible(&line),
        visible(&edit.edit.to_string()),
        visible(&why)
    )
}
