//! One line an event: day, what, who, commit, and what of it.

use std::io::{self, Write};

use super::{Report, standing, who, word};
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::{Paint, painted, visible};
use crate::trust::{Event, EventKind};

/// Fields of one commit that are shown; the JSON has all.
const MAX_FIELDS: usize = 8;

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let life = report.life;
    let title = format!("{} {}", life.kind, visible(life.id.as_str()));
    let name = life
        .title
        .as_ref()
        .map(|title| format!(": {}", visible(title)))
        .unwrap_or_default();
    let gone = if life.is_present { "" } else { ", gone" };
    writeln!(out, "{}{name}", painted(style, Some(Paint::Bold), &title))?;
    writeln!(out, "{}{gone}\n", visible(&life.path))?;
    let columns = [
        Column::whole("when", 0),
        Column::whole("what", 0),
        Column::whole("who", 0),
        Column::whole("commit", 2),
        Column::whole("signed", 3),
        Column::flexible("of it", 20, 0),
    ];
    let mut rows = Vec::new();
    for event in &life.events {
        rows.extend(rows_of(event, report));
    }
    if rows.is_empty() {
        writeln!(out, "no commit has it yet")?;
    } else {
        table::write(&columns, &rows, style, out)?;
    }
    if let Some(chain) = &life.chain {
        let ids: Vec<String> = chain
            .ids
            .iter()
            .map(|id| visible(id.as_str()).into_owned())
            .collect();
        let span = if chain.from > report.as_of.day() {
            format!("begins on {}", chain.from)
        } else {
            format!("{} d, from {} to {}", chain.days(), chain.from, chain.until)
        };
        writeln!(out, "\nchain     {}: {span}", ids.join(" > "))?;
    } else {
        writeln!(out)?;
    }
    let ended = life.chain.as_ref().map(|chain| chain.until);
    let ended = ended.filter(|until| report.as_of.is_past(*until));
    let ended = ended.map(|until| format!("; its time ended on {until}"));
    let ended = ended.unwrap_or_default();
    writeln!(out, "standing  {} as of {}{ended}", standing(life), report.as_of)
}

fn rows_of(event: &Event, report: &Report<'_>) -> Vec<[Cell; 6]> {
    let details = details(event);
    let when = report.as_of.text(event.at);
    let when = when.get(..16).unwrap_or(&when).replace('T', " ");
    let commit = event.commit.as_deref();
    let commit = commit.map_or("none yet", |commit| commit.get(..12).unwrap_or(commit));
    let signed = match (&event.commit, event.is_signed) {
        (None, _) => "",
        (Some(_), true) => "yes",
        (Some(_), false) => "no",
    };
    let mut rows = Vec::new();
    for (index, detail) in details.iter().enumerate() {
        rows.push(if index == 0 {
            [
                Cell::plain(&when),
                Cell::painted(word(event.kind), paint(event.kind)),
                Cell::plain(who(event)),
                Cell::plain(commit),
                Cell::plain(signed),
                Cell::plain(detail),
            ]
        } else {
            [
                Cell::plain(""),
                Cell::plain(""),
                Cell::plain(""),
                Cell::plain(""),
                Cell::plain(""),
                Cell::plain(detail),
            ]
        });
    }
    rows
}

/// What is to be said of an event, one line each; at least one.
fn details(event: &Event) -> Vec<String> {
    let mut details = Vec::new();
    if let Some(decision) = &event.decision {
        let mut text = format!("{} as {}", decision.person, decision.role);
        match (decision.counts, decision.why.first()) {
            (Some(true), _) => {}
            (Some(false), Some(why)) => text.push_str(&format!("; does not count: {why}")),
            (Some(false), None) => text.push_str("; does not count"),
            (None, _) => text.push_str("; not judged"),
        }
        details.push(text);
    }
    let other = event.other.as_ref();
    details.extend(other.map(|other| match event.kind {
        EventKind::Renewed => format!("by {other}"),
        EventKind::Moved if event.fields.is_empty() => format!("`{other}`"),
        EventKind::Moved => format!("from `{other}`"),
        EventKind::Created
        | EventKind::Changed
        | EventKind::Weakened
        | EventKind::Tightened
        | EventKind::Closed
        | EventKind::Removed
        | EventKind::Approved
        | EventKind::Rejected
        | EventKind::Revoked
        | EventKind::Reviewed
        | EventKind::DecisionChanged
        | EventKind::DecisionRemoved => other.clone(),
    }));
    details.extend(event.fields.iter().take(MAX_FIELDS).map(ToString::to_string));
    let more = event.fields.len().saturating_sub(MAX_FIELDS);
    if more > 0 {
        details.push(format!("and {more} more fields"));
    }
    if details.is_empty() {
        details.push(String::new());
    }
    details
}

fn paint(kind: EventKind) -> Option<Paint> {
    match kind {
        EventKind::Approved | EventKind::Reviewed => Some(Paint::Green),
        EventKind::Rejected
        | EventKind::Revoked
        | EventKind::Removed
        | EventKind::Moved
        | EventKind::DecisionChanged
        | EventKind::DecisionRemoved => Some(Paint::Red),
        EventKind::Weakened | EventKind::Renewed => Some(Paint::Yellow),
        EventKind::Created | EventKind::Changed | EventKind::Tightened | EventKind::Closed => None,
    }
}
