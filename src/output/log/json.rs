//! countersign/log/v1.

use std::io::{self, Write};

use serde::Serialize;

use super::{Report, standing, word};
use crate::model::RecordId;
use crate::output::json::write_pretty;
use crate::trust::Event;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    commit: &'a str,
    id: &'a str,
    kind: &'static str,
    title: Option<&'a str>,
    file: &'a str,
    present: bool,
    standing: &'static str,
    chain: Option<ChainEntry<'a>>,
    events: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct ChainEntry<'a> {
    ids: Vec<&'a str>,
    from: String,
    until: String,
    days: i64,
}

#[derive(Serialize)]
struct Entry<'a> {
    event: &'static str,
    at: String,
    commit: Option<&'a str>,
    person: Option<&'a str>,
    author: Option<&'a str>,
    signed: bool,
    fields: Vec<Field<'a>>,
    other: Option<&'a str>,
    decision: Option<DecisionEntry<'a>>,
}

#[derive(Serialize)]
struct Field<'a> {
    field: &'a str,
    before: Option<serde_json::Value>,
    after: Option<serde_json::Value>,
}

#[derive(Serialize)]
struct DecisionEntry<'a> {
    file: &'a str,
    person: &'a str,
    role: &'a str,
    at: Option<String>,
    counts: Option<bool>,
    why: &'a [String],
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let life = report.life;
    let document = Document {
        schema: "countersign/log/v1",
        as_of: report.as_of.text(report.as_of.instant()),
        commit: report.commit,
        id: life.id.as_str(),
        kind: life.kind,
        title: life.title.as_deref(),
        file: &life.path,
        present: life.is_present,
        standing: standing(life),
        chain: life.chain.as_ref().map(|chain| ChainEntry {
            ids: chain.ids.iter().map(RecordId::as_str).collect(),
            from: chain.from.to_string(),
            until: chain.until.to_string(),
            days: chain.days(),
        }),
        events: life.events.iter().map(|event| entry(event, report)).collect(),
    };
    write_pretty(&document, out)
}

fn entry<'a>(event: &'a Event, report: &Report<'_>) -> Entry<'a> {
    let value = |text: &Option<String>| {
        let text = text.as_ref()?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::String(text.clone())))
    };
    Entry {
        event: word(event.kind),
        at: report.as_of.text(event.at),
        commit: event.commit.as_deref(),
        person: event.person.as_ref().map(RecordId::as_str),
        author: event.author.as_ref().map(|author| author.email.as_str()),
        signed: event.is_signed,
        fields: event
            .fields
            .iter()
            .map(|edit| Field {
                field: &edit.field,
                before: value(&edit.before),
                after: value(&edit.after),
            })
            .collect(),
        other: event.other.as_deref(),
        decision: event.decision.as_ref().map(|decision| DecisionEntry {
            file: &decision.path,
            person: &decision.person,
            role: &decision.role,
            at: decision.at.map(|at| report.as_of.text(at)),
            counts: decision.counts,
            why: &decision.why,
        }),
    }
}
