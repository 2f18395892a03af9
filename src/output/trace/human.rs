//! Four parts a finding: what was said, what it came to, how its clock went, which records are about it.

use std::io::{self, Write};

use super::Report;
use crate::model::{AliasBy, Finding};
use crate::output::Style;
use crate::output::table::{self, Cell, Column};
use crate::output::text::{Paint, painted, visible};
use crate::reconcile::{Saying, Trace, TraceEvent};

pub(super) fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for (index, trace) in report.traces.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        one(report, trace, style, out)?;
    }
    match report.missing_history {
        Some(missing) => writeln!(out, "\n{}", missing.sentence()),
        None => Ok(()),
    }
}

fn one(report: &Report<'_>, trace: &Trace<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let title = format!("{} on {}", visible(&trace.vuln), visible(&trace.host));
    writeln!(out, "{}", painted(style, Some(Paint::Bold), &title))?;
    if let Some(last) = trace.lives.last() {
        let system = last.system.as_ref().map_or("no system", |system| system.as_str());
        let tier = last
            .tier
            .as_deref()
            .map(|tier| format!(", {tier}"))
            .unwrap_or_default();
        writeln!(
            out,
            "{} ({}{})",
            visible(&last.said.title),
            visible(system),
            visible(&tier)
        )?;
    }
    joined(trace, out)?;
    heading(style, out, "what was said")?;
    let columns = [
        Column::whole("when", 0),
        Column::whole("what", 0),
        Column::whole("source", 0),
        Column::whole("how well", 2),
        Column::whole("as", 1),
        Column::flexible("export", 12, 3),
    ];
    let rows: Vec<[Cell; 6]> = trace.events.iter().map(|event| row(report, event)).collect();
    table::write(&columns, &rows, style, out)?;
    for (index, life) in trace.lives.iter().enumerate() {
        let which = if trace.lives.len() > 1 {
            format!("life {} of {}", index + 1, trace.lives.len())
        } else {
            "what it comes to".into()
        };
        heading(style, out, &which)?;
        life_of(report, life, out)?;
        heading(style, out, "its clock")?;
        for segment in life.segments.iter() {
            writeln!(out, "{}", visible(&segment.sentence(report.as_of.zone())))?;
        }
    }
    heading(style, out, "records about it")?;
    if trace.records.is_empty() {
        writeln!(out, "none")?;
    }
    for record in &trace.records {
        let span = match (record.from, record.until) {
            (Some(from), Some(until)) => format!(", {from} to {until}"),
            (Some(from), None) => format!(", from {from}"),
            (None, Some(until)) => format!(", until {until}"),
            (None, None) => String::new(),
        };
        let approved = record
            .approved
            .map(|at| format!(" since {}", report.as_of.text(at)))
            .unwrap_or_default();
        writeln!(
            out,
            "{} {}: {}{span}; {}{approved}",
            record.kind.name(),
            visible(record.id.as_str()),
            visible(&record.title),
            record.state.word()
        )?;
    }
    Ok(())
}

/// Says why the ids of the scanners are this vulnerability.
fn joined(trace: &Trace<'_>, out: &mut dyn Write) -> io::Result<()> {
    for alias in trace.joined() {
        let by = match &alias.by {
            AliasBy::Export(observer) => format!("the exports of {observer}"),
            AliasBy::Record(source) => format!("the table of {source}"),
        };
        let through = alias
            .through
            .as_ref()
            .map(|id| format!(" through {id}"))
            .unwrap_or_default();
        let line = format!("{} is {} by {by}{through}", alias.id, trace.vuln);
        writeln!(out, "{}", visible(&line))?;
    }
    Ok(())
}

fn heading(style: Style, out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{}", painted(style, Some(Paint::Bold), text))
}

fn row(report: &Report<'_>, event: &TraceEvent) -> [Cell; 6] {
    let what = match event.saying {
        Saying::Seen => "seen",
        Saying::SeenAgain => "seen again",
        Saying::Fixed => "called fixed",
        Saying::Absent => "not there any more",
        Saying::NotSeen => "not seen, proves nothing",
    };
    let zone = report.as_of.zone();
    let first = event.first_seen.filter(|first| *first < event.at);
    let what = match first {
        Some(first) => format!("{what}, first on {}", zone.day_of(first)),
        None => what.to_owned(),
    };
    let id = event.id.as_deref().unwrap_or_default();
    let given = event.severity_given.as_deref().unwrap_or_default();
    let known_as = if given.is_empty() {
        id.to_owned()
    } else {
        format!("{id} {given}")
    };
    [
        Cell::plain(report.as_of.text(event.at)),
        Cell::plain(what),
        Cell::plain(visible(&event.source)),
        Cell::plain(event.quality.word()),
        Cell::plain(visible(&known_as)),
        Cell::plain(visible(&event.file)),
    ]
}

fn life_of(report: &Report<'_>, life: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let at = |at| report.as_of.text(at);
    writeln!(
        out,
        "severity     {} ({} by the scanner)",
        life.severity,
        visible(&life.said.severity_given)
    )?;
    writeln!(out, "first seen   {}", at(life.first_seen))?;
    writeln!(out, "last seen    {}", at(life.last_seen))?;
    if let Some(closed) = life.closed {
        writeln!(out, "closed       {}", at(closed))?;
    }
    writeln!(
        out,
        "due          {} as {}",
        at(life.due),
        visible(&life.due_reason)
    )?;
    if life.due != life.base_due {
        writeln!(out, "base due     {}", at(life.base_due))?;
    }
    if let Some(plan_by) = life.plan_by {
        writeln!(out, "plan by      {plan_by}")?;
    }
    if let Some(breached) = life.breached {
        writeln!(out, "breached     {}", at(breached))?;
    }
    writeln!(out, "disposition  {}", life.disposition.word())?;
    if let Some(coverage) = &life.coverage {
        writeln!(
            out,
            "covered by   {} until {}",
            visible(coverage.id.as_str()),
            at(coverage.until)
        )?;
    }
    for (label, ids) in [("set aside", &life.suspended), ("ended", &life.lapsed)] {
        if !ids.is_empty() {
            let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
            writeln!(out, "{label:<12} {}", visible(&ids.join(", ")))?;
        }
    }
    if life.recurrence > 0 {
        writeln!(out, "came back    {} times", life.recurrence)?;
    }
    if let Some(one) = &life.discrepancy {
        writeln!(
            out,
            "{:<12} {} calls it gone on {}, {} saw it on {}",
            one.kind.word(),
            visible(&one.gone_by),
            at(one.gone_at),
            visible(&one.seen_by),
            at(one.seen_at)
        )?;
    }
    for note in &life.notes {
        writeln!(out, "note         {}", visible(note))?;
    }
    Ok(())
}
