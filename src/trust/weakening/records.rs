//! Records compared field by field.

use std::collections::{BTreeMap, BTreeSet};

use super::looser::plain;
use super::{Classified, Effect, RecordChange, RecordFate, is_trust, table};
use crate::load::Repository;
use crate::model::{Kind, Meta, ReferenceSort, Status};
use crate::source::Span;
use crate::trust::change::Change;
use crate::trust::edit::{Edit, Field, edits_of, fields, place_of};

type Fields = BTreeMap<String, Field>;

/// Compares every record that a change touches with what it was.
pub(super) fn compare(change: &Change, before: &Repository, after: &Repository) -> Vec<RecordChange> {
    let touched: BTreeSet<&str> = change.paths.iter().map(|changed| &*changed.path).collect();
    let is_touched = |meta: &&Meta| {
        let names_file = |reference: &crate::model::Reference| {
            reference.sort == ReferenceSort::File && touched.contains(&*reference.text)
        };
        touched.contains(&*meta.path) || meta.references.iter().any(names_file)
    };
    let tiers = Tiers::of(before);
    let mut changes = Vec::new();
    for now in after.records().filter(is_touched) {
        let was = before.record(&now.id).filter(|was| was.kind == now.kind);
        let change = match was {
            Some(was) => changed(before, was, after, now, &tiers),
            None => Some(added(after, now)),
        };
        changes.extend(change);
    }
    for was in before.records().filter(is_touched) {
        let is_there = after
            .known
            .get(&was.id.value)
            .is_some_and(|known| known.kind == was.kind);
        if !is_there && !after.files.contains(&was.path) {
            changes.push(removed(was));
        }
    }
    changes
}

/// The ids of the tiers, the most critical first.
struct Tiers(Vec<String>);

impl Tiers {
    fn of(repository: &Repository) -> Self {
        let tiers = repository.isms.iter().flat_map(|isms| &isms.spec.tiers);
        Self(tiers.map(|tier| tier.id.value.clone()).collect())
    }

    fn words(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

fn changed(
    before: &Repository,
    was: &Meta,
    after: &Repository,
    now: &Meta,
    tiers: &Tiers,
) -> Option<RecordChange> {
    let read = |repository: &Repository, meta: &Meta| {
        let text = &repository.sources.get(meta.file)?.text;
        fields(meta.file, Some(meta.kind), text)
    };
    let (old, new) = (read(before, was)?, read(after, now)?);
    let mut edits = entry_edits(&old, &new);
    if now.kind == Kind::Isms {
        edits.extend(orders(before, after));
    }
    let mut classified: Vec<Classified> = edits
        .into_iter()
        .map(|edit| one(now.kind, edit, &new, tiers))
        .collect();
    classified.extend(files(before, was, after, now));
    (!classified.is_empty()).then(|| RecordChange {
        fate: RecordFate::Changed,
        edits: classified,
        ..of(now)
    })
}

fn of(meta: &Meta) -> RecordChange {
    RecordChange {
        kind: meta.kind.name(),
        id: meta.id.value.as_str().into(),
        path: meta.path.clone(),
        title: meta.title.clone(),
        fate: RecordFate::Changed,
        renews: meta.renews.as_ref().map(|renews| renews.value.clone()),
        edits: Vec::new(),
    }
}

fn added(after: &Repository, meta: &Meta) -> RecordChange {
    let (effect, rule, why) = match meta.kind {
        Kind::System => match after.systems.get(&meta.id.value) {
            Some(system) if system.spec.scope.is_in.value => {
                (Effect::Tightens, "APR001", "one system more is governed")
            }
            Some(_) | None => (Effect::Weakens, "GOV003", "a system is declared to be outside"),
        },
        Kind::Person => (Effect::Weakens, "GOV003", "one person more may sign"),
        Kind::Role => (Effect::Weakens, "GOV003", "one role more may decide"),
        Kind::Source => (Effect::Weakens, "GOV003", "one source more is believed"),
        Kind::Isms | Kind::Policy | Kind::Sla | Kind::Calendar => (
            Effect::Weakens,
            "GOV003",
            "it adds to the rules by which everything is judged",
        ),
        Kind::Soa
        | Kind::Risk
        | Kind::Triage
        | Kind::Exception
        | Kind::RiskAcceptance
        | Kind::Change
        | Kind::Incident
        | Kind::Evidence
        | Kind::Approval => (Effect::Neutral, "APR001", "it is a decision of its own"),
    };
    let edit = Edit {
        field: "id".into(),
        before: None,
        after: Some(format!("\"{}\"", meta.id)),
    };
    RecordChange {
        fate: RecordFate::Added,
        edits: vec![Classified {
            edit,
            effect,
            rule,
            why: why.into(),
            span: Some(meta.id.span),
        }],
        ..of(meta)
    }
}

fn removed(meta: &Meta) -> RecordChange {
    let edit = Edit {
        field: "id".into(),
        before: Some(format!("\"{}\"", meta.id)),
        after: None,
    };
    RecordChange {
        fate: RecordFate::Removed,
        edits: vec![Classified {
            edit,
            effect: Effect::Weakens,
            rule: "GOV002",
            why: "a record is removed".into(),
            span: None,
        }],
        ..of(meta)
    }
}

/// Compares two contents; an entry of a list that came or went is one edit.
pub fn entry_edits(old: &Fields, new: &Fields) -> Vec<Edit> {
    collapse(edits_of(old, new), old, new)
}

/// Tells entries of lists that came or went as one edit each, and drops what an empty list alone makes differ.
fn collapse(edits: Vec<Edit>, old: &Fields, new: &Fields) -> Vec<Edit> {
    let mut entries: BTreeMap<(String, bool), Vec<Edit>> = BTreeMap::new();
    let mut kept = Vec::new();
    for edit in edits {
        let is_empty = |value: &Option<String>| matches!(value.as_deref(), None | Some("[]" | "{}"));
        if is_empty(&edit.before) && is_empty(&edit.after) {
            continue;
        }
        let entry = prefixes(&edit.field)
            .find(|entry| has_entry(old, entry) != has_entry(new, entry))
            .map(str::to_owned);
        match entry {
            Some(entry) => {
                let is_new = has_entry(new, &entry);
                entries.entry((entry, is_new)).or_default().push(edit);
            }
            None => kept.push(edit),
        }
    }
    for ((entry, is_new), parts) in entries {
        let summary = summary(&entry, &parts);
        kept.push(Edit {
            field: entry,
            before: (!is_new).then(|| summary.clone()),
            after: is_new.then_some(summary),
        });
    }
    kept.sort();
    kept
}

/// Returns the entries of lists that a field lies in, the outermost first.
fn prefixes(field: &str) -> impl Iterator<Item = &str> {
    field
        .match_indices(']')
        .map(|(end, _)| &field[..=end])
        .filter(|prefix| matches!(field[prefix.len()..].chars().next(), None | Some('.' | '[')))
}

fn has_entry(fields: &Fields, entry: &str) -> bool {
    let starts = |field: &String| {
        field
            .strip_prefix(entry)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    // Only what sorts right behind the entry can begin with it.
    fields
        .range(entry.to_owned()..)
        .take_while(|(field, _)| field.starts_with(entry))
        .any(|(field, _)| starts(field))
}

fn summary(entry: &str, parts: &[Edit]) -> String {
    let words: Vec<String> = parts
        .iter()
        .map(|part| {
            let value = part
                .after
                .as_deref()
                .or(part.before.as_deref())
                .unwrap_or_default();
            let name = part.field[entry.len()..].trim_start_matches('.');
            match name {
                "" => plain(value).to_owned(),
                _ => format!("{name} {}", plain(value)),
            }
        })
        .collect();
    serde_json::Value::from(words.join(", ")).to_string()
}

/// Severities and tiers are ranked by their order, which a comparison by name does not see.
fn orders(before: &Repository, after: &Repository) -> Vec<Edit> {
    let tiers = |repository: &Repository| Tiers::of(repository).0;
    let severities = |repository: &Repository| -> Vec<String> {
        let isms = repository.isms.iter();
        isms.flat_map(|isms| isms.spec.severities.value.iter().map(ToString::to_string))
            .collect()
    };
    [
        ("spec.severities.order", severities(before), severities(after)),
        ("spec.tiers.order", tiers(before), tiers(after)),
    ]
    .into_iter()
    .filter_map(|(field, was, is)| {
        let common = |words: &[String], others: &[String]| -> Vec<String> {
            words
                .iter()
                .filter(|word| others.contains(word))
                .cloned()
                .collect()
        };
        let json = |words: Vec<String>| serde_json::Value::from(words.join(", ")).to_string();
        let (was, is) = (common(&was, &is), common(&is, &was));
        (was != is).then(|| Edit {
            field: field.into(),
            before: Some(json(was)),
            after: Some(json(is)),
        })
    })
    .collect()
}

/// A file that a record names is part of its content.
fn files(before: &Repository, was: &Meta, after: &Repository, now: &Meta) -> Vec<Classified> {
    let named = |repository: &Repository, meta: &Meta| -> BTreeMap<String, (String, Span)> {
        let files = meta
            .references
            .iter()
            .filter(|one| one.sort == ReferenceSort::File);
        files
            .map(|one| {
                let digest = repository.file_digests.get(&*one.text);
                let digest = format!("\"{}\"", digest.map_or("missing", String::as_str));
                (one.text.to_string(), (digest, one.span))
            })
            .collect()
    };
    let (old, new) = (named(before, was), named(after, now));
    let differing = new.into_iter().filter_map(|(path, (digest, span))| {
        let (known, _) = old.get(&path)?;
        (*known != digest).then(|| {
            let is_trust = is_trust(now.kind);
            Classified {
                edit: Edit {
                    field: path,
                    before: Some(known.clone()),
                    after: Some(digest),
                },
                effect: if is_trust {
                    Effect::Weakens
                } else {
                    Effect::Neutral
                },
                rule: if is_trust { "GOV003" } else { "APR004" },
                why: "the text of the file that it names is another".into(),
                span: Some(span),
            }
        })
    });
    differing.collect()
}

fn one(kind: Kind, edit: Edit, new: &Fields, tiers: &Tiers) -> Classified {
    let span = place_of(&edit.field, new);
    let classified = |edit, effect, rule, why: &str| Classified {
        edit,
        effect,
        rule,
        why: why.into(),
        span,
    };
    if edit.field == "status" {
        let (effect, rule, why) = status(kind, &edit);
        return classified(edit, effect, rule, why);
    }
    let is_reviews = edit.field.starts_with("spec.reviews[") || edit.field.starts_with("review.");
    let Some(row) = table::find(kind, &edit.field) else {
        return if is_reviews {
            classified(edit, Effect::Neutral, "DAT001", "")
        } else if is_trust(kind) {
            classified(
                edit,
                Effect::Weakens,
                "GOV003",
                "no rule knows that it is harmless",
            )
        } else {
            classified(edit, Effect::Neutral, "APR004", "")
        };
    };
    let words = tiers.words();
    let mut effect = row
        .looser
        .effect(edit.before.as_deref(), edit.after.as_deref(), &words);
    let mut why = row.why;
    if effect == Effect::Tightens && is_decision(kind) && is_emptied(&edit.field, new) {
        (effect, why) = (
            Effect::Weakens,
            "the list is empty now, and names nothing in particular",
        );
    }
    if effect != Effect::Weakens {
        why = "";
    }
    let rule = match (effect, is_trust(kind), is_decision(kind)) {
        (Effect::Weakens, _, true) => "GOV001",
        (Effect::Weakens | Effect::Tightens, true, _) => "GOV003",
        (Effect::Neutral, true, _) => "APR001",
        (_, false, _) => "APR004",
    };
    classified(edit, effect, rule, why)
}

/// Kinds whose limits are only ever prolonged by a new record.
fn is_decision(kind: Kind) -> bool {
    matches!(kind, Kind::Exception | Kind::RiskAcceptance | Kind::Triage)
}

fn is_emptied(field: &str, new: &Fields) -> bool {
    let is_scope = field.starts_with("spec.scope.") || field.starts_with("spec.subject.");
    let list = field.split_once('[').map(|(list, _)| format!("{list}["));
    is_scope && list.is_some_and(|list| !new.keys().any(|field| field.starts_with(&list)))
}

/// A status only ever moves forward.
fn status(kind: Kind, edit: &Edit) -> (Effect, &'static str, &'static str) {
    let of = |value: &Option<String>| match value.as_deref().map(plain) {
        Some("draft") => Status::Draft,
        Some("closed") => Status::Closed,
        Some("revoked") => Status::Revoked,
        Some("superseded") => Status::Superseded,
        Some(_) | None => Status::Submitted,
    };
    let step = |status: Status| match status {
        Status::Draft => 0,
        Status::Submitted => 1,
        Status::Closed | Status::Revoked | Status::Superseded => 2,
    };
    let (before, after) = (of(&edit.before), of(&edit.after));
    if step(after) < step(before) {
        return (Effect::Weakens, "GOV001", "a status never moves back");
    }
    match (after.is_live(), is_trust(kind)) {
        (false, true) if before.is_live() => (Effect::Weakens, "GOV003", "it no longer counts"),
        (false, false) if before.is_live() => (Effect::Tightens, "APR001", ""),
        (_, _) => (Effect::Neutral, "APR001", ""),
    }
}
