//! Tables as HTML: with caption and scopes, in a region that scrolls and can be reached by keyboard.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::super::table::{Cell, Layout, Mark, Room, Table};
use super::super::text::escape_html;

/// Appends a table in its layout.
pub(super) fn write(table: &Table, out: &mut String) {
    if table.rows.is_empty() {
        out.push_str("<p class=\"empty\">");
        escape_html(table.when_empty, out);
        out.push_str("</p>\n");
        return;
    }
    match table.layout {
        Layout::Facts => write_facts(table, out),
        Layout::Cards => write_cards(table, out),
        Layout::Plain | Layout::Sortable => write_grid(table, out),
        Layout::Filterable => {
            write_filters(table, out);
            write_grid(table, out);
        }
    }
}

fn write_facts(table: &Table, out: &mut String) {
    let _ = write!(out, "<dl class=\"facts {}\">", table.name);
    for row in &table.rows {
        out.push_str("<div><dt>");
        write_cell(&row[0], out);
        out.push_str("</dt><dd>");
        write_cell(&row[1], out);
        out.push_str("</dd></div>");
    }
    out.push_str("</dl>\n");
}

/// Writes the first column as the label, the second large, the rest beneath.
fn write_cards(table: &Table, out: &mut String) {
    out.push_str("<dl class=\"cards\">");
    for row in &table.rows {
        let mut shown = table.groups().into_iter().map(|group| &row[group[0]]);
        let (label, figure) = (shown.next(), shown.next());
        out.push_str("<div><dt>");
        label.into_iter().for_each(|cell| write_cell(cell, out));
        out.push_str("</dt><dd class=\"figure\">");
        match figure {
            Some(Cell::Share(share)) => {
                escape_html(&share.percent(), out);
                out.push_str(" <small>");
                escape_html(&share.basis(), out);
                out.push_str("</small>");
            }
            Some(cell) => write_cell(cell, out),
            None => {}
        }
        out.push_str("</dd>");
        for cell in shown.filter(|cell| **cell != Cell::Empty) {
            out.push_str("<dd>");
            write_cell(cell, out);
            out.push_str("</dd>");
        }
        out.push_str("</div>");
    }
    out.push_str("</dl>\n");
}

/// Writes the choices of a filterable table; they stay hidden where no script runs.
fn write_filters(table: &Table, out: &mut String) {
    let name = table.name;
    let _ = write!(
        out,
        "<form class=\"filters\" hidden data-for=\"table-{name}\"><p><label for=\"filter-{name}-q\">Text</label>\
         <input type=\"search\" id=\"filter-{name}-q\" name=\"q\" autocomplete=\"off\"></p>"
    );
    for (place, group) in table.groups().iter().enumerate() {
        let column = &table.columns[group[0]];
        if !column.is_facet {
            continue;
        }
        let key = column.key;
        let _ = write!(
            out,
            "<p><label for=\"filter-{name}-{key}\">{}</label>",
            column.title
        );
        let _ = write!(
            out,
            "<select id=\"filter-{name}-{key}\" name=\"{key}\" data-column=\"{place}\"><option value=\"\">all</option>"
        );
        for ((_, value), count) in facet(table, group[0]) {
            out.push_str("<option value=\"");
            escape_html(&value, out);
            out.push_str("\">");
            escape_html(&value.replace('_', " "), out);
            let _ = write!(out, " ({count})</option>");
        }
        out.push_str("</select></p>");
    }
    out.push_str("<p><button type=\"reset\">Show all</button></p></form>\n");
    let rows = table.rows.len();
    let _ = writeln!(
        out,
        "<p class=\"shown\" role=\"status\" aria-live=\"polite\" id=\"table-{name}-shown\">{rows} of {rows} rows shown</p>"
    );
}

/// Counts the values of a column, marks in their order, texts by the alphabet.
fn facet(table: &Table, index: usize) -> BTreeMap<(u8, String), usize> {
    let mut values = BTreeMap::new();
    for row in &table.rows {
        let value = match &row[index] {
            Cell::Mark(mark) => (mark.rank, mark.word.to_owned()),
            Cell::Text(text) => (0, text.to_string()),
            Cell::Links(links) if links.len() == 1 => (0, links[0].0.to_string()),
            Cell::Empty
            | Cell::Code(_)
            | Cell::Number(_)
            | Cell::Decimal(_)
            | Cell::List(_)
            | Cell::Share(_)
            | Cell::Links(_) => continue,
        };
        *values.entry(value).or_default() += 1;
    }
    values
}

fn write_grid(table: &Table, out: &mut String) {
    let name = table.name;
    let groups = table.groups();
    let class = match table.layout {
        Layout::Filterable => "sortable long",
        Layout::Sortable => "sortable",
        Layout::Plain | Layout::Facts | Layout::Cards => "plain",
    };
    let _ = write!(
        out,
        "<div class=\"scroll {class}\" role=\"region\" tabindex=\"0\" aria-labelledby=\"table-{name}-caption\">\
         <table id=\"table-{name}\" class=\"{class}\"><caption id=\"table-{name}-caption\">"
    );
    escape_html(&table.caption, out);
    out.push_str("</caption><thead><tr>");
    let numbers: Vec<bool> = groups.iter().map(|group| is_number(table, group[0])).collect();
    for (group, is_number) in groups.iter().zip(&numbers) {
        out.push_str(if *is_number {
            "<th scope=\"col\" class=\"n\">"
        } else {
            "<th scope=\"col\">"
        });
        escape_html(&table.group_title(group), out);
        out.push_str("</th>");
    }
    out.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (index, (group, is_number)) in groups.iter().zip(&numbers).enumerate() {
            write_group(table, row, group, (index == 0, *is_number), out);
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

fn is_number(table: &Table, index: usize) -> bool {
    let mut cells = table
        .rows
        .iter()
        .map(|row| &row[index])
        .filter(|cell| **cell != Cell::Empty)
        .peekable();
    cells.peek().is_some() && cells.all(|cell| matches!(cell, Cell::Number(_) | Cell::Decimal(_)))
}

/// Writes a cell with those beneath it; the first cell of a row is its heading.
fn write_group(
    table: &Table,
    row: &[Cell],
    group: &[usize],
    (is_first, is_number): (bool, bool),
    out: &mut String,
) {
    out.push_str(if is_first { "<th scope=\"row\"" } else { "<td" });
    let room = table.columns[group[0]].room;
    out.push_str(match (is_number, room) {
        (true, _) => " class=\"n\"",
        (false, Room::Tight) => " class=\"tight\"",
        (false, Room::Wide) => " class=\"wide\"",
        (false, Room::Any) => "",
    });
    if let Cell::Mark(Mark { rank, word, .. }) = &row[group[0]] {
        let _ = write!(out, " data-rank=\"{rank}\" data-value=\"{word}\"");
    }
    out.push('>');
    let mut is_empty = true;
    for (depth, index) in group.iter().enumerate() {
        let (column, cell) = (&table.columns[*index], &row[*index]);
        if *cell == Cell::Empty {
            continue;
        }
        is_empty = false;
        out.push_str(match (depth, column.room) {
            (0, _) => "",
            (_, Room::Tight) => "<small class=\"tight\">",
            (_, Room::Any | Room::Wide) => "<small>",
        });
        out.push_str(column.before);
        match (depth, cell) {
            (0, Cell::List(texts)) if texts.len() > 1 => write_list(texts, out),
            (0, Cell::Links(links)) if links.len() > 1 => write_ways(links, out),
            _ => write_cell(cell, out),
        }
        out.push_str(column.after);
        out.push_str(if depth == 0 { "" } else { "</small>" });
    }
    if is_empty {
        out.push('–');
    }
    out.push_str(if is_first { "</th>" } else { "</td>" });
}

fn write_cell(cell: &Cell, out: &mut String) {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) => escape_html(text, out),
        Cell::Code(text) => {
            out.push_str("<code>");
            escape_html(text, out);
            out.push_str("</code>");
        }
        Cell::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Cell::Decimal(number) => {
            let _ = write!(out, "{number}");
        }
        Cell::Mark(mark) => {
            let _ = write!(
                out,
                "<b class=\"{}\">{}</b>",
                mark.tone.class(),
                mark.word.replace('_', " ")
            );
        }
        Cell::List(texts) => {
            for (index, text) in texts.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "<br>" });
                escape_html(text, out);
            }
        }
        Cell::Share(share) => {
            escape_html(&share.percent(), out);
            out.push_str("<small>");
            escape_html(&share.basis(), out);
            out.push_str("</small>");
        }
        Cell::Links(links) => {
            for (index, link) in links.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "<br>" });
                write_way(link, out);
            }
        }
    }
}

/// Writes links as a list, far enough from each other for a finger.
fn write_ways(links: &[(Arc<str>, Arc<str>)], out: &mut String) {
    out.push_str("<ul class=\"ways\">");
    for link in links {
        out.push_str("<li>");
        write_way(link, out);
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

fn write_way((words, address): &(Arc<str>, Arc<str>), out: &mut String) {
    out.push_str("<a href=\"");
    escape_html(address, out);
    out.push_str("\">");
    escape_html(words, out);
    out.push_str("</a>");
}

/// Writes texts as a list; within a line of small print there can be none.
fn write_list(texts: &[Arc<str>], out: &mut String) {
    out.push_str("<ul>");
    for text in texts {
        out.push_str("<li>");
        escape_html(text, out);
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}
