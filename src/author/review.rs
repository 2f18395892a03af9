//! A review written into its record: the fields that approvals do not cover, and nothing else of the text.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::fields::put;
use crate::load::{LoadLimits, Repository, parse_record};
use crate::model::{Date, Decision, Kind, Meta, RecordId};
use crate::source::{FileId, Node, NodeValue};
use crate::trust::digest_of_text;

/// A record with its review written into it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reviewed {
    /// Relative to the governed folder.
    pub path: String,
    pub text: String,
    /// The day of the next review, where the record has a cycle.
    pub next: Option<Date>,
}

/// Writes a review into the text of a record, in place: comments, order and form of all else stay.
///
/// What comes out is read back, and must be the record with these fields set and with the same digest.
pub fn reviewed(
    repository: &Repository,
    meta: &Meta,
    decision: Decision,
    by: &RecordId,
    day: Date,
) -> Result<Reviewed> {
    let source = repository
        .sources
        .get(meta.file)
        .context("the record's file is not loaded")?;
    let before: &str = &source.text;
    let read = |text: &str| -> Result<Node> {
        let typed = parse_record(FileId(0), text, Some(meta.kind), LoadLimits::default());
        typed
            .map(|typed| typed.node)
            .map_err(|_| anyhow::anyhow!("`{}` does not fit its schema", meta.path))
    };
    let cycle = meta.review.as_ref().and_then(|review| review.cycle_days);
    let next = cycle
        .filter(|_| decision == Decision::ReviewKeep)
        .map(|days| day.plus_days(i64::from(days.value)));
    let mut expected = read(before)?.to_json();
    let mut text = before.to_owned();
    // A record without a cycle has no dates to keep; a block made now would be new content to approve.
    let last = meta.review.as_ref().map(|_| day);
    for (field, day) in [("last", last), ("next", next)] {
        let Some(day) = day else { continue };
        text = set_review(&text, &read(&text)?, field, day);
        put(&mut expected, &format!("review.{field}"), json!(day.to_string()));
    }
    if meta.kind == Kind::Exception {
        let outcome = if decision == Decision::ReviewEnd {
            "end"
        } else {
            "keep"
        };
        text = add_entry(
            &text,
            &read(&text)?,
            &format!("{{at: {day}, by: {by}, outcome: {outcome}}}"),
        );
        add_expected(&mut expected, day, by, outcome);
    }
    let by_hand = || {
        format!(
            "the review cannot be written into `{}` without touching more; set `review.last: {day}` and its like by hand",
            meta.path
        )
    };
    let after = read(&text).with_context(by_hand)?.to_json();
    let digest = |text: &str| digest_of_text(meta.kind, text, &repository.file_digests);
    if after != expected || digest(before)? != digest(&text)? {
        bail!(by_hand());
    }
    Ok(Reviewed {
        path: meta.path.to_string(),
        text,
        next,
    })
}

fn add_expected(record: &mut Value, day: Date, by: &RecordId, outcome: &str) {
    let entry = json!({ "at": day.to_string(), "by": by.as_str(), "outcome": outcome });
    match record.pointer_mut("/spec/reviews").and_then(Value::as_array_mut) {
        Some(reviews) => reviews.push(entry),
        None => put(record, "spec.reviews", json!([entry])),
    }
}

/// Sets `review.<field>`, adding the field where it is not there.
fn set_review(text: &str, root: &Node, field: &str, day: Date) -> String {
    let Some(review) = root.get("review") else {
        return text.to_owned();
    };
    match review.get(field) {
        Some(node) => splice(text, node.span.start, node.span.end, &day.to_string()),
        None => {
            let first = first_key(review).unwrap_or_default();
            insert_entry(text, review, &first, &format!("{field}: {day}"))
        }
    }
}

fn first_key(node: &Node) -> Option<String> {
    match &node.value {
        NodeValue::Mapping(entries) => entries.first().map(|(key, _)| key.name.to_string()),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::String(_)
        | NodeValue::Plain(_)
        | NodeValue::Sequence(_) => None,
    }
}

/// Puts an entry before the one of a name, in the form that the mapping has.
fn insert_entry(text: &str, mapping: &Node, before: &str, entry: &str) -> String {
    let is_flow = is_flow(text, mapping);
    let Some((key, _)) = mapping.entry(before) else {
        // An empty mapping can only be `{}`.
        let inside = mapping.span.start + 1;
        return splice(text, inside, inside, entry);
    };
    let at = key.span.start;
    let separator = if is_flow {
        ", ".to_owned()
    } else {
        let indent = usize::try_from(key.span.column).unwrap_or(1).saturating_sub(1);
        format!("\n{}", " ".repeat(indent))
    };
    splice(text, at, at, &format!("{entry}{separator}"))
}

/// Adds an entry to `spec.reviews`, as its last.
fn add_entry(text: &str, root: &Node, entry: &str) -> String {
    let Some(spec) = root.get("spec") else {
        return text.to_owned();
    };
    let Some(reviews) = spec.get("reviews") else {
        let first = first_key(spec).unwrap_or_default();
        return insert_entry(text, spec, &first, &format!("reviews: [{entry}]"));
    };
    let last = match &reviews.value {
        NodeValue::Sequence(items) => items.last(),
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::String(_)
        | NodeValue::Plain(_)
        | NodeValue::Mapping(_) => None,
    };
    let Some(last) = last else {
        let inside = reviews.span.start + 1;
        return splice(text, inside, inside, entry);
    };
    let end = content_end(text, last);
    if is_flow(text, reviews) {
        return splice(text, end, end, &format!(", {entry}"));
    }
    // The dash of the last entry stands at the head of its line.
    let start = usize::try_from(last.span.start).unwrap_or(0);
    let line = text.get(..start).unwrap_or_default();
    let line = line.rfind('\n').map_or(line, |newline| &line[newline + 1..]);
    let indent: String = line.chars().take_while(|letter| *letter == ' ').collect();
    let rest = text.get(usize::try_from(end).unwrap_or(0)..).unwrap_or_default();
    let line_end = end + u32::try_from(rest.find('\n').unwrap_or(rest.len())).unwrap_or(0);
    splice(text, line_end, line_end, &format!("\n{indent}- {entry}"))
}

/// Returns where the text of a node ends, white space behind it aside.
fn content_end(text: &str, node: &Node) -> u32 {
    let (start, end) = (node.span.start as usize, node.span.end as usize);
    let inside = text.get(start..end).unwrap_or_default().trim_end();
    node.span.start + u32::try_from(inside.len()).unwrap_or(0)
}

fn is_flow(text: &str, node: &Node) -> bool {
    let rest = text.get(node.span.start as usize..).unwrap_or_default();
    rest.starts_with(['{', '['])
}

fn splice(text: &str, start: u32, end: u32, new: &str) -> String {
    let head = text.get(..start as usize).unwrap_or(text);
    let tail = text.get(end as usize..).unwrap_or_default();
    format!("{head}{new}{tail}")
}
