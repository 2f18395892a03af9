//! Files that are no records: the keyring, and what drives the forge or shows documents.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Classified, Effect, KEYRING_ID, KEYRING_KIND, RecordChange, RecordFate};
use crate::load::{ALLOWED_SIGNERS, REVOKED, Repository};
use crate::model::{Kind, configuration_schema, schema_file_name, schema_text};
use crate::source::{Sources, Span, sha256_hex};
use crate::trust::edit::Edit;

/// Compares the lists of keys by their lines; the order of lines and comments mean nothing.
pub(super) fn keyring(before: &Repository, after: &Repository) -> Option<RecordChange> {
    let mut edits = Vec::new();
    let (was, is) = (signers(before), signers(after));
    for line in is.difference(&was) {
        let edit = of_line(ALLOWED_SIGNERS, None, Some(line));
        let span = line_in(&after.sources, line);
        edits.push(weakens(edit, "a key counts, or counts otherwise", span));
    }
    for line in was.difference(&is) {
        edits.push(tightens(
            of_line(ALLOWED_SIGNERS, Some(line), None),
            "a key counts no more",
        ));
    }
    edits.extend(revoked(before, after));
    (!edits.is_empty()).then(|| RecordChange {
        kind: KEYRING_KIND,
        id: KEYRING_ID.into(),
        path: ALLOWED_SIGNERS.into(),
        title: "keys that count".into(),
        fate: RecordFate::Changed,
        renews: None,
        edits,
    })
}

fn signers(repository: &Repository) -> BTreeSet<&str> {
    let text = repository.keyring.allowed_signers.as_deref().unwrap_or_default();
    lines(text.as_bytes()).unwrap_or_default()
}

fn revoked(before: &Repository, after: &Repository) -> Vec<Classified> {
    let bytes = |repository: &Repository| repository.keyring.revoked.as_deref().unwrap_or_default().to_vec();
    let (was, is) = (bytes(before), bytes(after));
    if was == is {
        return Vec::new();
    }
    let (Some(was_lines), Some(is_lines)) = (lines(&was), lines(&is)) else {
        let edit = Edit {
            field: REVOKED.into(),
            before: Some(quoted(&sha256_hex(&was))),
            after: Some(quoted(&sha256_hex(&is))),
        };
        return vec![weakens(edit, "a list in binary form cannot be compared", None)];
    };
    let added = is_lines.difference(&was_lines);
    let removed = was_lines.difference(&is_lines);
    added
        .map(|line| tightens(of_line(REVOKED, None, Some(line)), "a key counts no more"))
        .chain(removed.map(|line| {
            let edit = of_line(REVOKED, Some(line), None);
            weakens(edit, "a revoked key counts again", None)
        }))
        .collect()
}

/// Compares what guards the repository by its digests; a schema that is the tool's own changes nothing.
pub(super) fn guarded(before: &Repository, after: &Repository) -> Option<RecordChange> {
    let mut edits = Vec::new();
    let paths: BTreeSet<&Arc<str>> = before.guarded.keys().chain(after.guarded.keys()).collect();
    for path in paths {
        let (was, is) = (before.guarded.get(path), after.guarded.get(path));
        if was == is {
            continue;
        }
        let edit = Edit {
            field: path.to_string(),
            before: was.map(|digest| quoted(digest)),
            after: is.map(|digest| quoted(digest)),
        };
        let span = after.sources.find(path).map(Span::start_of);
        if is.is_some_and(|digest| is_own_schema(path, digest)) {
            edits.push(Classified {
                edit,
                effect: Effect::Neutral,
                rule: "APR001",
                why: "it is the schema that the tool brings".into(),
                span,
            });
        } else {
            edits.push(weakens(
                edit,
                "it says how the repository is judged or shown",
                span,
            ));
        }
    }
    RecordChange::of_configuration(edits)
}

fn is_own_schema(path: &str, digest: &str) -> bool {
    let Some(name) = path.strip_prefix("schemas/") else {
        return false;
    };
    let kinds = Kind::ALL.iter().copied().map(Some).chain([None]);
    kinds
        .filter(|kind| schema_file_name(*kind) == name)
        .any(|kind| sha256_hex(kind.map_or(configuration_schema(), schema_text).as_bytes()) == digest)
}

/// Returns the lines that mean something; `None` for what is no text.
fn lines(bytes: &[u8]) -> Option<BTreeSet<&str>> {
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))?;
    let lines = text.lines().map(str::trim);
    Some(
        lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect(),
    )
}

fn of_line(path: &str, before: Option<&&str>, after: Option<&&str>) -> Edit {
    Edit {
        field: path.into(),
        before: before.map(|line| quoted(line)),
        after: after.map(|line| quoted(line)),
    }
}

fn line_in(sources: &Sources, wanted: &str) -> Option<Span> {
    let file = sources.find(ALLOWED_SIGNERS)?;
    let text = &sources.get(file)?.text;
    let index = text.lines().position(|line| line.trim() == wanted)?;
    let number = u32::try_from(index + 1).ok()?;
    let start: usize = text.split_inclusive('\n').take(index).map(str::len).sum();
    let (start, length) = (u32::try_from(start).ok()?, u32::try_from(wanted.len()).ok()?);
    Some(Span {
        file,
        start,
        end: start.saturating_add(length),
        line: number,
        column: 1,
        end_line: number,
        end_column: length.saturating_add(1),
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn weakens(edit: Edit, why: &str, span: Option<Span>) -> Classified {
    Classified {
        edit,
        effect: Effect::Weakens,
        rule: "GOV003",
        why: why.into(),
        span,
    }
}

fn tightens(edit: Edit, why: &str) -> Classified {
    Classified {
        edit,
        effect: Effect::Tightens,
        rule: "GOV003",
        why: why.into(),
        span: None,
    }
}
