//! What differs between two contents of one record, field by field.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::load::{LoadLimits, parse_record};
use crate::model::Kind;
use crate::source::FileId;

/// Entries of a list that carry one of these fields are told apart by it, and not by their place.
const NAMES: [&str; 8] = [
    "id",
    "control",
    "person",
    "kpi",
    "fingerprint",
    "term",
    "to",
    "name",
];

/// One field that differs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Edit {
    /// Dotted path, such as `spec.expires`; an entry of a list stands in brackets.
    pub field: String,
    /// The value before, as JSON; `None` where the field is new.
    pub before: Option<String>,
    /// The value after, as JSON; `None` where the field is gone.
    pub after: Option<String>,
}

impl std::fmt::Display for Edit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => {
                write!(out, "{} {} -> {}", self.field, shown(before), shown(after))
            }
            (Some(before), None) => write!(out, "{} {} removed", self.field, shown(before)),
            (None, Some(after)) => write!(out, "{} {} added", self.field, shown(after)),
            (None, None) => out.write_str(&self.field),
        }
    }
}

/// Strips the quotes of a text and cuts what is long.
fn shown(json: &str) -> String {
    const MOST: usize = 60;
    let plain = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json);
    let mut cut: String = plain.chars().take(MOST).collect();
    if plain.chars().nth(MOST).is_some() {
        cut.push('…');
    }
    cut
}

/// Compares two texts of one kind of record (`None`: the configuration); `None` where one of them cannot be read.
pub fn edits(kind: Option<Kind>, before: &str, after: &str) -> Option<Vec<Edit>> {
    let read = |text: &str| {
        let typed = parse_record(FileId(0), text, kind, LoadLimits::default()).ok()?;
        Some(typed.node.to_json())
    };
    let (before, after) = (leaves(&read(before)?), leaves(&read(after)?));
    let mut edits: Vec<Edit> = Vec::new();
    for (field, value) in &before {
        let now = after.get(field);
        if now != Some(value) {
            edits.push(Edit {
                field: field.clone(),
                before: Some(value.clone()),
                after: now.cloned(),
            });
        }
    }
    let added = after.iter().filter(|(field, _)| !before.contains_key(*field));
    edits.extend(added.map(|(field, value)| Edit {
        field: field.clone(),
        before: None,
        after: Some(value.clone()),
    }));
    edits.sort();
    Some(edits)
}

/// Returns every scalar by its path.
fn leaves(value: &Value) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(value, String::new(), &mut found);
    found
}

fn walk(value: &Value, path: String, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, member) in members {
                let separator = if path.is_empty() { "" } else { "." };
                walk(member, format!("{path}{separator}{name}"), found);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let is_plain = items.iter().all(|item| !item.is_object() && !item.is_array());
            for (index, item) in items.iter().enumerate() {
                let name = if is_plain {
                    item.to_string()
                } else {
                    name_of(item, index)
                };
                // Two entries of one name are told apart by their place after all.
                let mut entry = format!("{path}[{}]", name.trim_matches('"'));
                if found
                    .keys()
                    .any(|known| known == &entry || known.starts_with(&format!("{entry}.")))
                {
                    entry = format!("{path}[{} #{index}]", name.trim_matches('"'));
                }
                walk(item, entry, found);
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            found.insert(path, value.to_string());
        }
    }
}

fn name_of(item: &Value, index: usize) -> String {
    let named = NAMES.iter().find_map(|name| item.get(*name));
    let pair = match (item.get("severity"), item.get("tier")) {
        (Some(severity), Some(tier)) => Some(format!("{severity}/{tier}").replace('"', "")),
        (_, _) => None,
    };
    pair.or_else(|| named.map(ToString::to_string))
        .unwrap_or_else(|| index.to_string())
}

#[cfg(test)]
mod tests {
    use super::edits;
    use crate::model::Kind;

    const ROLE: &str = "apiVersion: countersign/v1\nkind: Role\nid: role-x1\ntitle: X\nowner: role-x1\ncreated: 2026-01-01\n\
                        spec:\n  type: role\n  holders:\n    - {person: p-one, from: 2026-01-01}\n    - {person: p-two, from: 2026-01-01}\n";

    fn told(before: &str, after: &str) -> Vec<String> {
        edits(Some(Kind::Role), before, after)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn entries_of_lists_are_told_apart_by_name_and_not_by_place() {
        let other = ROLE.replace("    - {person: p-one, from: 2026-01-01}\n", "");
        assert_eq!(
            told(ROLE, &other),
            [
                "spec.holders[p-one].from 2026-01-01 removed",
                "spec.holders[p-one].person p-one removed"
            ]
        );
        let later = ROLE.replace(
            "{person: p-two, from: 2026-01-01}",
            "{person: p-two, from: 2026-02-01}",
        );
        assert_eq!(
            told(ROLE, &later),
            ["spec.holders[p-two].from 2026-01-01 -> 2026-02-01"]
        );
        let swapped = ROLE.replace("title: X\nowner: role-x1", "owner: role-x1 # here\ntitle: \"X\"");
        assert!(told(ROLE, &swapped).is_empty());
    }
}
