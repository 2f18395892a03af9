//! What became of records and decisions.

use std::collections::BTreeMap;

use crate::check::{ChangedRecord, Changes};
use crate::document::decisions::{DecisionRow, decision_rows};
use crate::document::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::document::words::spaced;
use crate::document::{Earlier, Request};
use crate::model::RecordId;
use crate::trust::{Classified, Effect, RecordFate};

const RECORDS: &[Column] = &[
    Column::new("record", "Record").tight(),
    Column::beneath("title", ""),
    Column::new("kind", "Kind").facet(),
    Column::new("what", "What became of it").facet(),
    Column::beneath("days", "").around("", " days"),
    Column::new("weakens", "Weakens"),
    Column::new("tightens", "Tightens"),
    Column::new("neutral", "Neither"),
    Column::new("approval", "Approval at the end"),
    Column::beneath("missing", "").around("missing: ", ""),
];

/// Lists every record that is another, what weakens most first.
pub(super) fn record_table(changes: &Changes) -> Table {
    let mut records: Vec<&ChangedRecord> = changes.records.iter().collect();
    records.sort_by_key(|one| {
        (
            std::cmp::Reverse(of_effect(one, Effect::Weakens)),
            one.change.kind,
            one.change.id.clone(),
        )
    });
    let rows = records.into_iter().map(|one| {
        let count = |effect| Cell::count(of_effect(one, effect));
        let missing: Vec<String> = one.needs.iter().map(|need| need.who.join(" or ")).collect();
        vec![
            Cell::text(&*one.change.id),
            Cell::text(one.change.title.as_str()),
            Cell::text(one.change.kind),
            Cell::text(ended(one).unwrap_or(one.what)),
            one.days
                .map_or(Cell::Empty, |days| Cell::text(format!("{days:+}"))),
            count(Effect::Weakens),
            count(Effect::Tightens),
            count(Effect::Neutral),
            Cell::text(one.state.map_or_else(|| "none asked for".to_owned(), spaced)),
            Cell::list(missing),
        ]
    });
    Table {
        name: "records",
        caption: "Records that differ, those that weaken most first".into(),
        layout: Layout::Sortable,
        columns: RECORDS,
        rows: rows.collect(),
        when_empty: "No record differs.",
    }
}

fn of_effect(one: &ChangedRecord, effect: Effect) -> usize {
    let edits = one.change.edits.iter();
    edits.filter(|edit| edit.effect == effect).count()
}

/// Returns the word of its end where the record was declared to have ended.
fn ended(one: &ChangedRecord) -> Option<&'static str> {
    let status = one.change.edits.iter().find(|edit| edit.edit.field == "status")?;
    match status.edit.after.as_deref()?.trim_matches('"') {
        "closed" => Some("closed"),
        "revoked" => Some("revoked"),
        "superseded" => Some("superseded"),
        _ => None,
    }
}

const EDITS: &[Column] = &[
    Column::new("record", "Record").tight(),
    Column::new("effect", "Effect").facet(),
    Column::new("field", "Field").wide(),
    Column::new("before", "From").wide(),
    Column::new("after", "To").wide(),
    Column::new("why", "Why").wide(),
    Column::beneath("rule", ""),
];

/// Lists every edit, what weakens first. A record that is new or gone is one row.
pub(super) fn edit_table(changes: &Changes) -> Table {
    let edits = changes
        .records
        .iter()
        .flat_map(|one| one.change.edits.iter().map(move |edit| (one, edit)));
    let mut edits: Vec<(&ChangedRecord, &Classified)> = edits.collect();
    edits.sort_by_key(|(one, edit)| (edit.effect, one.change.id.clone(), edit.edit.field.clone()));
    let rows = edits.into_iter().map(|(one, edit)| {
        let value = |json: &Option<String>| Cell::maybe(json.as_deref().map(|json| json.trim_matches('"')));
        vec![
            Cell::text(&*one.change.id),
            Cell::Mark(mark(edit.effect)),
            Cell::text(field(one, edit)),
            value(&edit.edit.before),
            value(&edit.edit.after),
            Cell::text(edit.why.as_str()),
            Cell::text(edit.rule),
        ]
    });
    Table {
        name: "edits",
        caption: "Edits, those that weaken first".into(),
        layout: Layout::Filterable,
        columns: EDITS,
        rows: rows.collect(),
        when_empty: "No field differs.",
    }
}

/// Names what was edited; of a record that is new or gone that is the whole.
fn field<'a>(one: &ChangedRecord, edit: &'a Classified) -> &'a str {
    match (one.change.fate, edit.edit.field.as_str()) {
        (RecordFate::Added | RecordFate::Removed, "id") => "the whole record",
        (RecordFate::Added | RecordFate::Removed | RecordFate::Changed, field) => field,
    }
}

fn mark(effect: Effect) -> Mark {
    let (rank, tone) = match effect {
        Effect::Weakens => (0, Tone::Bad),
        Effect::Tightens => (1, Tone::Good),
        Effect::Neutral => (2, Tone::Quiet),
    };
    Mark {
        word: effect.word(),
        rank,
        tone,
    }
}

const DECISIONS: &[Column] = &[
    Column::new("decision", "Decision").tight(),
    Column::beneath("title", ""),
    Column::new("from", "From").tight(),
    Column::new("to", "To").tight(),
    Column::new("from_expires", "Last day, from").tight(),
    Column::new("to_expires", "Last day, to").tight(),
    Column::new("from_findings", "Findings under it, from"),
    Column::new("to_findings", "Findings under it, to"),
];

/// Lists exceptions and acceptances that stand otherwise, or for another number of findings.
pub(super) fn decision_table(request: &Request<'_>, earlier: &Earlier<'_>) -> Table {
    let then = Request {
        register: earlier.register,
        provenance: earlier.provenance,
        kinds: request.kinds,
        formats: request.formats,
        earlier: None,
    };
    let (before, after) = (decision_rows(&then), decision_rows(request));
    let mut all: BTreeMap<&RecordId, [Option<&DecisionRow<'_>>; 2]> = BTreeMap::new();
    for (side, rows) in [&before, &after].into_iter().enumerate() {
        for row in rows {
            all.entry(&row.meta.id.value).or_default()[side] = Some(row);
        }
    }
    let told =
        |row: Option<&DecisionRow<'_>>| row.map(|row| (row.mark.word, row.expires, row.bearing.covered));
    let rows = all.into_iter().filter_map(|(id, [was, is])| {
        let row = is.or(was).filter(|_| told(was) != told(is))?;
        let state = |row: Option<&DecisionRow<'_>>| {
            row.map_or_else(|| Cell::text("not there"), |row| Cell::Mark(row.mark))
        };
        let expires = |row: Option<&DecisionRow<'_>>| Cell::maybe_shown(row.and_then(|row| row.expires));
        let covered =
            |row: Option<&DecisionRow<'_>>| row.map_or(Cell::Empty, |row| Cell::count(row.bearing.covered));
        Some(vec![
            Cell::shown(id),
            Cell::text(row.meta.title.as_str()),
            state(was),
            state(is),
            expires(was),
            expires(is),
            covered(was),
            covered(is),
        ])
    });
    Table {
        name: "decisions",
        caption: "Exceptions and acceptances that stand otherwise".into(),
        layout: Layout::Sortable,
        columns: DECISIONS,
        rows: rows.collect(),
        when_empty: "Every exception and acceptance stands as it did.",
    }
}
