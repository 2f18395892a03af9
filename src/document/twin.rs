//! The JSON twin of a document: all that it shows, for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cover::Cover;
use super::figure::Figure;
use super::table::Table;
use super::text::escape_json;
use super::{Document, DocumentError};

/// The JSON twin of a document.
#[derive(Serialize)]
struct Twin<'a> {
    schema: &'static str,
    document: TwinHead,
    provenance: &'a Cover,
    view: &'a serde_json::Value,
    tables: BTreeMap<&'static str, &'a Table>,
    figures: &'a [Figure],
}

#[derive(Serialize)]
struct TwinHead {
    id: &'static str,
    slug: &'static str,
    title: &'static str,
    audience: &'static str,
}

/// Writes the twin.
pub(super) fn write(document: &Document) -> Result<String, DocumentError> {
    let kind = document.kind;
    let twin = Twin {
        schema: "countersign/document/v1",
        document: TwinHead {
            id: kind.id,
            slug: kind.slug,
            title: kind.title,
            audience: kind.audience,
        },
        provenance: &document.cover,
        view: &document.view.values,
        tables: document
            .view
            .tables
            .iter()
            .map(|table| (table.name, table))
            .collect(),
        figures: &document.view.figures,
    };
    let json = serde_json::to_string_pretty(&twin)
        .map_err(|source| DocumentError::Unwritable { id: kind.id, source })?;
    Ok(escape_json(&json) + "\n")
}
