//! What differs between two contents of one record, field by field.

use std::collections::BTreeMap;

use crate::load::{LoadLimits, parse_record};
use crate::model::Kind;
use crate::source::{FileId, Node, NodeValue, Span};

/// Entries of a list that carry one of these fields are told apart by it, and not by their place.
const NAMES: [&str; 8] = [
    "id",
    "control",
    "person",
    "kpi",
    "fingerprint",
    "term",
    "name",
    "to",
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

/// Shows a text as itself, control characters written out, and anything else as JSON; what is long is cut.
fn shown(json: &str) -> String {
    const MOST: usize = 60;
    let text: Option<String> = serde_json::from_str(json).ok();
    let plain = text.as_deref().unwrap_or(json);
    let mut cut = String::new();
    for (index, character) in plain.chars().enumerate() {
        if index == MOST {
            cut.push('…');
            break;
        }
        match character {
            control if control.is_control() => cut.extend(control.escape_default()),
            other => cut.push(other),
        }
    }
    cut
}

/// A scalar of a record, as JSON, with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    pub value: String,
    pub span: Span,
}

/// Returns every scalar of a text by its path (`None`: of the configuration); `None` where it cannot be read.
pub fn fields(file: FileId, kind: Option<Kind>, text: &str) -> Option<BTreeMap<String, Field>> {
    let typed = parse_record(file, text, kind, LoadLimits::default()).ok()?;
    let mut found = BTreeMap::new();
    walk(&typed.node, String::new(), &mut found);
    Some(found)
}

/// Compares two texts of one kind of record (`None`: the configuration); `None` where one of them cannot be read.
pub fn edits(kind: Option<Kind>, before: &str, after: &str) -> Option<Vec<Edit>> {
    let read = |text: &str| fields(FileId(0), kind, text);
    Some(edits_of(&read(before)?, &read(after)?))
}

/// Compares the scalars of two contents.
pub fn edits_of(before: &BTreeMap<String, Field>, after: &BTreeMap<String, Field>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for (field, was) in before {
        let now = after.get(field).map(|now| &now.value);
        if now != Some(&was.value) {
            edits.push(Edit {
                field: field.clone(),
                before: Some(was.value.clone()),
                after: now.cloned(),
            });
        }
    }
    let added = after.iter().filter(|(field, _)| !before.contains_key(*field));
    edits.extend(added.map(|(field, now)| Edit {
        field: field.clone(),
        before: None,
        after: Some(now.value.clone()),
    }));
    edits.sort();
    edits
}

/// Finds where a field stands; where it is gone, the nearest field that is left around it.
pub fn place_of(field: &str, new: &BTreeMap<String, Field>) -> Option<Span> {
    let mut path = field;
    loop {
        if let Some(found) = new.get(path) {
            return Some(found.span);
        }
        if path != field
            && let Some((_, found)) = new
                .range(path.to_owned()..)
                .next()
                .filter(|(name, _)| name.starts_with(path))
        {
            return Some(found.span);
        }
        match path.rfind(['.', '[']) {
            Some(end) => path = &path[..end],
            None => return new.get("id").map(|found| found.span),
        }
    }
}

fn walk(node: &Node, path: String, found: &mut BTreeMap<String, Field>) {
    match &node.value {
        NodeValue::Mapping(entries) if !entries.is_empty() => {
            for (key, member) in entries {
                let separator = if path.is_empty() { "" } else { "." };
                walk(member, format!("{path}{separator}{}", key.name), found);
            }
        }
        NodeValue::Sequence(items) if !items.is_empty() => {
            let is_plain = items
                .iter()
                .all(|item| !matches!(item.value, NodeValue::Mapping(_) | NodeValue::Sequence(_)));
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for (index, item) in items.iter().enumerate() {
                let name = if is_plain {
                    json(item)
                } else {
                    name_of(item, index)
                };
                // Entries of one name are counted, so that one more in front of them changes none.
                let name = name.trim_matches('"').to_owned();
                let count = counts.entry(name.clone()).or_insert(0_usize);
                *count += 1;
                let entry = if *count == 1 {
                    format!("{path}[{name}]")
                } else {
                    format!("{path}[{name} #{count}]")
                };
                walk(item, entry, found);
            }
        }
        NodeValue::Null
        | NodeValue::Bool(_)
        | NodeValue::Integer(_)
        | NodeValue::Float(_)
        | NodeValue::String(_)
        | NodeValue::Plain(_)
        | NodeValue::Sequence(_)
        | NodeValue::Mapping(_) => {
            let value = json(node);
            let span = node.span;
            found.insert(path, Field { value, span });
        }
    }
}

fn json(node: &Node) -> String {
    node.to_json().to_string()
}

fn name_of(item: &Node, index: usize) -> String {
    let named = NAMES.iter().find_map(|name| item.get(name));
    let pair = match (item.get("severity"), item.get("tier")) {
        (Some(severity), Some(tier)) => Some(format!("{}/{}", json(severity), json(tier)).replace('"', "")),
        (_, _) => None,
    };
    pair.or_else(|| named.map(json))
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
