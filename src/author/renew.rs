//! A renewal: a new record that goes on where an exception or an acceptance ends. The old one is never edited.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::fields::{ordered, put};
use super::new::{finish, next_number};
use crate::load::{LoadLimits, Repository, parse_record};
use crate::model::{Date, Kind, RecordId, parse_date, schema_text};

/// Makes the record that renews another until a day; returns its path in the repository and its text.
///
/// Scope and hosts stay those of the old record. Who asks, and why it takes longer, is for the author.
pub fn renew(repository: &Repository, id: &RecordId, until: Date, day: Date) -> Result<(String, String)> {
    let old = repository
        .record(id)
        .with_context(|| format!("there is no record `{id}`"))?;
    if !matches!(old.kind, Kind::Exception | Kind::RiskAcceptance) {
        bail!(
            "`{id}` is a {}; only exceptions and risk acceptances are renewed",
            old.kind
        );
    }
    if !old.is_live() {
        bail!("`{id}` has ended or was replaced; write a new record with `countersign new`");
    }
    let successor = repository
        .records()
        .find(|record| record.renews.as_ref().is_some_and(|renews| renews.value == *id));
    if let Some(successor) = successor {
        bail!("`{id}` is renewed by `{}` already", successor.id);
    }
    let file = repository
        .sources
        .get(old.file)
        .context("the record's file is not loaded")?;
    let typed = parse_record(old.file, &file.text, Some(old.kind), LoadLimits::default())
        .map_err(|_| anyhow::anyhow!("`{}` does not fit its schema", old.path))?;
    let mut record = typed.node.to_json();
    let text_at = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let day_at = |pointer: &str| text_at(pointer).and_then(|text| parse_date(&text));
    let starts = day_at("/spec/expires")
        .map_or(day, |expires| expires.plus_days(1))
        .max(day);
    if until < starts {
        bail!(
            "the renewal would begin on {starts}, after its end on {until}; give a later day with `--until`"
        );
    }
    let first_granted = text_at("/spec/first_granted").or_else(|| text_at("/spec/starts"));
    let new_id = RecordId::new(&next_number(repository, old.kind)).context("the next number makes no id")?;
    lay_over(&mut record, old.kind, &new_id, id, day);
    put(&mut record, "spec.starts", json!(starts.to_string()));
    put(&mut record, "spec.expires", json!(until.to_string()));
    if old.kind == Kind::Exception {
        put(&mut record, "spec.first_granted", json!(first_granted));
    }
    let schema: Value =
        serde_json::from_str(schema_text(old.kind)).context("the embedded schema cannot be read")?;
    finish(repository, old.kind, &new_id, &ordered(record, &schema))
}

fn lay_over(record: &mut Value, kind: Kind, id: &RecordId, old: &RecordId, day: Date) {
    let today = json!(day.to_string());
    put(record, "id", json!(id.as_str()));
    put(record, "renews", json!(old.as_str()));
    put(record, "created", today.clone());
    put(record, "status", json!("draft"));
    if let Some(members) = record.as_object_mut() {
        members.shift_remove("review");
        members.shift_remove("supersedes");
    }
    if kind == Kind::Exception {
        put(record, "spec.requested_by", json!(""));
        put(record, "spec.requested_on", today);
        put(record, "spec.plan.target_date", json!(""));
        if let Some(spec) = record.get_mut("spec").and_then(Value::as_object_mut) {
            spec.shift_remove("reviews");
        }
    }
}
