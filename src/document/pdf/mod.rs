//! A filled page as PDF/A-3a: tagged, with its fonts, its bookmarks and its JSON twin inside.
//!
//! Everything that others wrote goes to the typesetter as data (`page.json`) for one fixed program
//! (`templates/page.typ`), so that no text can become code. Built with the feature `pdf` only.

mod body;
mod content;
mod fit;
mod fonts;
mod table;
mod world;

use std::collections::BTreeMap;

use super::text::visible;
use super::{Document, DocumentError};
use crate::model::AsOf;
use crate::source::sha256_hex;
use content::{Inline, Page, Twin};
use fonts::beginning;

/// Bytes that a filled page may have before tables are put in; a page of sentences has a few thousand.
const MAX_TEXT_BYTES: usize = 1 << 20;
/// Bytes of a JSON twin that is attached; a larger one is written beside the document.
const MAX_ATTACHED_BYTES: usize = 32 << 20;

/// Makes a document whose template is filled: the PDF under its name, and the files that it says were written beside it.
pub(super) fn write(
    document: &Document,
    page: &str,
    twin: Vec<u8>,
    as_of: AsOf,
) -> Result<BTreeMap<String, Vec<u8>>, DocumentError> {
    let kind = document.kind;
    if page.len() > MAX_TEXT_BYTES {
        return Err(DocumentError::TooLarge {
            name: kind.template.to_owned(),
            limit: MAX_TEXT_BYTES,
        });
    }
    let body = body::read(document, page);
    let mut made = body.twins;
    let twin_name = format!("{}.json", kind.id);
    let is_attached = twin.len() <= MAX_ATTACHED_BYTES;
    let digest = sha256_hex(&twin);
    let values = &document.cover.values;
    let title = format!("{} {} – {}", kind.id, kind.title, values.as_of_day);
    let page = Page {
        title,
        author: visible(&values.organisation).into_owned(),
        description: kind.purpose.to_owned(),
        keywords: vec![
            kind.id.to_owned(),
            kind.slug.to_owned(),
            values.classification.to_owned(),
        ],
        is_landscape: body.is_landscape,
        head: head(document),
        classification: vec![Inline::text(&values.classification.to_uppercase())],
        foot: vec![Inline::text(&foot(document))],
        blocks: body.blocks,
        twin: Twin {
            is_attached,
            description: "The same content for machines".into(),
            words: twin_in_words(&twin_name, &digest, is_attached),
            name: twin_name.clone(),
        },
    };
    let id = kind.id;
    let data = serde_json::to_vec(&page).map_err(|source| DocumentError::Unwritable { id, source })?;
    let identity = format!("{id} {} {digest} {}", values.as_of, sha256_hex(&data));
    let mut files: BTreeMap<String, Vec<u8>> = body
        .figures
        .into_iter()
        .map(|(name, svg)| (name, svg.into_bytes()))
        .collect();
    files.insert("page.json".into(), data);
    if is_attached {
        files.insert(twin_name, twin);
    } else {
        made.insert(twin_name, twin);
    }
    let pdf = world::typeset(files, identity, as_of);
    let pdf = pdf.map_err(|message| DocumentError::Untypeset { id, message })?;
    made.insert(format!("{id}.pdf"), pdf);
    Ok(made)
}

fn head(document: &Document) -> Vec<Inline> {
    let values = &document.cover.values;
    let kind = document.kind;
    let name = if kind.id == kind.slug {
        kind.title.to_owned()
    } else {
        format!("{} {}", kind.id, kind.title)
    };
    let mut head = vec![Inline::text(&beginning(&format!(
        "{name} · {}",
        values.organisation
    )))];
    if values.has_errors {
        head.push(Inline::text(" · "));
        head.push(Inline::Mark {
            tone: "bad",
            word: format!("made with {} open", values.errors_in_words),
        });
    }
    head
}

/// Characters of a commit that the foot of a page shows.
const COMMIT_CHARACTERS: usize = 12;

fn foot(document: &Document) -> String {
    let values = &document.cover.values;
    let commit = match &values.commit {
        Some(commit) => {
            let short: String = commit.chars().take(COMMIT_CHARACTERS).collect();
            let note = if values.modified { ", changed since" } else { "" };
            format!("commit {short}{note}")
        }
        None => "not in git".to_owned(),
    };
    format!("As of {} · {commit}", values.as_of)
}

fn twin_in_words(name: &str, digest: &str, is_attached: bool) -> Vec<Inline> {
    let place = if is_attached {
        " is attached to this file"
    } else {
        " was written beside this file, for its size"
    };
    vec![
        Inline::text("The same content for machines: "),
        Inline::code(name),
        Inline::text(&format!("{place}; its SHA-256 is ")),
        Inline::code(digest),
        Inline::text("."),
    ]
}
