//! Tables and figures as Markdown, put where the template left room for them.

use super::figure::Figure;
use super::table::{Cell, Layout, Table};
use super::text::escape_markdown;

/// Begins a placeholder. No value can hold it: characters for private use are shown as code points.
const OPEN: char = '\u{e000}';
/// Ends a placeholder.
const CLOSE: char = '\u{e001}';

/// What a placeholder stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot<'a> {
    Table(&'a str),
    Figure(&'a str),
}

impl Slot<'_> {
    /// Writes the placeholder.
    pub(super) fn mark(self) -> String {
        match self {
            Self::Table(name) => format!("{OPEN}table:{name}{CLOSE}"),
            Self::Figure(name) => format!("{OPEN}figure:{name}{CLOSE}"),
        }
    }
}

/// Reads a paragraph that is a placeholder and nothing else.
pub(super) fn slot_of(paragraph: &str) -> Option<Slot<'_>> {
    let inner = paragraph.trim().strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    if let Some(name) = inner.strip_prefix("table:") {
        return Some(Slot::Table(name));
    }
    inner.strip_prefix("figure:").map(Slot::Figure)
}

/// Finds a placeholder that does not stand between blank lines; no back end could tell where it ends.
pub(super) fn crowded_slot(page: &str) -> Option<String> {
    let lines: Vec<&str> = page.lines().collect();
    let is_blank = |line: Option<&&str>| line.is_none_or(|line| line.trim().is_empty());
    let crowded = lines.iter().enumerate().find(|(index, line)| {
        let before = index.checked_sub(1).and_then(|before| lines.get(before));
        let stands_alone = slot_of(line).is_some() && !line.starts_with(' ');
        line.contains([OPEN, CLOSE]) && !(stands_alone && is_blank(before) && is_blank(lines.get(index + 1)))
    });
    crowded.map(|(_, line)| line.trim().replace([OPEN, CLOSE], "`"))
}

/// Puts tables and the words of figures into a page; of several blank lines one stays.
pub(super) fn fill<'a>(
    page: &str,
    table: impl Fn(&str) -> Option<&'a Table>,
    figure: impl Fn(&str) -> Option<&'a Figure>,
) -> String {
    let mut out = String::with_capacity(page.len() * 2);
    let mut was_blank = true;
    for line in page.lines() {
        let is_blank = line.trim().is_empty();
        if is_blank && was_blank {
            continue;
        }
        was_blank = is_blank;
        match slot_of(line) {
            Some(Slot::Table(name)) => table(name)
                .into_iter()
                .for_each(|table| write_table(table, &mut out)),
            Some(Slot::Figure(name)) => figure(name)
                .into_iter()
                .for_each(|figure| write_figure(figure, &mut out)),
            None => {
                out.push_str(line.trim_end());
                out.push('\n');
            }
        }
    }
    out
}

fn write_figure(figure: &Figure, out: &mut String) {
    out.push_str("*Figure: ");
    escape_markdown(&figure.title, out);
    out.push_str(".* ");
    escape_markdown(&figure.description(), out);
    out.push('\n');
}

/// Writes a table; the cells beneath another follow it after a semicolon.
fn write_table(table: &Table, out: &mut String) {
    if table.rows.is_empty() {
        out.push_str(table.when_empty);
        out.push('\n');
        return;
    }
    let groups = table.groups();
    if table.layout != Layout::Facts {
        out.push_str("*Table: ");
        escape_markdown(&table.caption, out);
        out.push_str("*\n\n");
    }
    for group in &groups {
        out.push_str("| ");
        escape_markdown(&table.group_title(group), out);
        out.push(' ');
    }
    out.push_str("|\n");
    for group in &groups {
        let is_number = table
            .rows
            .iter()
            .any(|row| matches!(row[group[0]], Cell::Number(_) | Cell::Decimal(_)));
        out.push_str(if is_number { "| ---: " } else { "| --- " });
    }
    out.push_str("|\n");
    for row in &table.rows {
        for group in &groups {
            out.push_str("| ");
            write_group(table, row, group, out);
            out.push(' ');
        }
        out.push_str("|\n");
    }
}

fn write_group(table: &Table, row: &[Cell], group: &[usize], out: &mut String) {
    let mut is_first = true;
    for index in group {
        let (column, cell) = (&table.columns[*index], &row[*index]);
        if *cell == Cell::Empty {
            continue;
        }
        if !is_first {
            out.push_str("; ");
        }
        is_first = false;
        out.push_str(column.before);
        write_cell(cell, out);
        out.push_str(column.after);
    }
    if is_first {
        out.push('–');
    }
}

fn write_cell(cell: &Cell, out: &mut String) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => escape_markdown(text, out),
        Cell::Code(text) if text.chars().all(|character| character.is_ascii_hexdigit()) => {
            out.push('`');
            out.push_str(text);
            out.push('`');
        }
        Cell::Code(text) => escape_markdown(text, out),
        Cell::Number(number) => out.push_str(&number.to_string()),
        Cell::Decimal(number) => out.push_str(&number.to_string()),
        Cell::Mark(mark) => escape_markdown(&mark.word.replace('_', " "), out),
        Cell::List(texts) => {
            for (index, text) in texts.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "; " });
                escape_markdown(text, out);
            }
        }
        Cell::Share(share) => {
            out.push_str(&share.percent());
            out.push_str(&format!(" ({})", share.basis()));
        }
        Cell::Links(links) => {
            for (index, (text, file)) in links.iter().enumerate() {
                out.push_str(if index == 0 { "[" } else { "; [" });
                escape_markdown(text, out);
                out.push_str(&format!("]({file})"));
            }
        }
    }
}
