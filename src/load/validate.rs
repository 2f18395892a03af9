//! The identity of a record: its kind, its id, its file.

use super::repository::{AnyRecord, Known};
use crate::diagnostic::Diagnostic;
use crate::model::{Kind, RecordId};
use crate::source::{Node, Span};

/// Reads the kind of a document and holds it against the folder.
pub(super) fn kind_of(node: &Node, folder_kind: Kind) -> Result<Kind, Box<Diagnostic>> {
    let Some((key, value)) = node.entry("kind") else {
        return Err(Box::new(
            Diagnostic::error("SCH002", head(node), "the field `kind` is missing")
                .help(format!("add `kind: {folder_kind}`; it is required")),
        ));
    };
    let name = value.text().unwrap_or_default();
    let Some(kind) = Kind::from_name(name) else {
        let names: Vec<String> = Kind::ALL.iter().map(|kind| format!("`{kind}`")).collect();
        return Err(Box::new(
            Diagnostic::error("SCH002", value.span, format!("`{name}` is no kind of record"))
                .help(format!("kinds are {}", names.join(", "))),
        ));
    };
    if kind == folder_kind {
        return Ok(kind);
    }
    let place = if kind.folder().is_empty() {
        "the root".into()
    } else {
        format!("`{}/`", kind.folder())
    };
    Err(Box::new(
        Diagnostic::error(
            "SCH003",
            key.span,
            format!("a record of kind `{kind}` in the place of `{folder_kind}`"),
        )
        .help(format!("move the file to {place}, or mend `kind`")),
    ))
}

/// Reads the id of a document even where the rest does not fit, so that references to it resolve.
pub(super) fn known(node: &Node, kind: Kind, path: &str) -> Option<Known> {
    if kind == Kind::Approval {
        return None;
    }
    let id = node.get("id")?;
    Some(Known {
        id: RecordId::new(id.text()?)?,
        kind,
        span: id.span,
        path: path.into(),
    })
}

/// Holds the id against the file's name.
pub(super) fn identity(record: &AnyRecord, path: &str) -> Vec<Diagnostic> {
    let stem = path
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".yaml"))
        .unwrap_or_default();
    if let AnyRecord::Approval(approval) = record {
        return approval_identity(&approval.approval, path, stem);
    }
    let Some(meta) = record.meta() else {
        return Vec::new();
    };
    if meta.id.value.as_str() == stem {
        return Vec::new();
    }
    let fault = Diagnostic::error(
        "SCH003",
        meta.id.span,
        format!("the id `{}` is not the file's name", meta.id),
    )
    .help(format!("name the file `{}.yaml`, or write `id: {stem}`", meta.id))
    .subject(meta.id.to_string());
    vec![fault]
}

fn approval_identity(approval: &crate::model::Approval, path: &str, stem: &str) -> Vec<Diagnostic> {
    let subject = &approval.subject;
    let folder = path.split('/').nth(1).unwrap_or_default();
    let digest8 = subject
        .digest
        .strip_prefix("sha256:")
        .unwrap_or_default()
        .get(..8)
        .unwrap_or_default();
    let expected = format!("{digest8}-{}-", approval.person.value);
    let number = stem.strip_prefix(&expected).unwrap_or_default();
    let numbered = number
        .parse::<u32>()
        .is_ok_and(|parsed| parsed > 0 && parsed.to_string() == number);
    if folder == subject.id.as_str() && numbered {
        return Vec::new();
    }
    let fault = Diagnostic::error(
        "SCH003",
        subject.span,
        "the approval does not lie where its subject, digest and person say",
    )
    .help(format!(
        "its place is `approvals/{}/{expected}<n>.yaml`, n = 1, 2, …",
        subject.id
    ))
    .subject(subject.id.to_string());
    vec![fault]
}

fn head(node: &Node) -> Span {
    let mut span = node.span;
    (span.end, span.end_line, span.end_column) = (span.start, span.line, span.column);
    span
}
