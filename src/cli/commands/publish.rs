//! `render`: documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::difference::difference;
use super::pages::documents;
use super::{say, tell_errors};
use crate::check::rule_set_digest;
use crate::cli::args::{DocumentFormat, Global, Render};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Asked, Job, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::diagnostic::Diagnostic;
use crate::document::{
    self, DOCUMENTS, DocumentError, DocumentKind, Format, PORTAL, POSTURE_DIFF, Provenance,
};
use crate::model::Kind;
use crate::output::text::visible;
use crate::source::write::write_folder;
use crate::source::{EntryKind, sha256_hex};

/// What open errors mean for documents.
pub(super) const BANNER: &str = "the documents carry a banner";
const TEMPLATE_BYTES: u64 = 1 << 20;

pub(in crate::cli) fn render(
    console: &mut Console<'_>,
    global: &Global,
    render: &Render,
) -> Result<u8, Failure> {
    let kinds = if render.documents.is_empty() {
        DOCUMENTS.iter().collect()
    } else {
        render
            .documents
            .iter()
            .map(|word| document_named(word))
            .collect::<Result<Vec<_>, _>>()?
    };
    let formats: Vec<Format> = render
        .formats
        .iter()
        .map(|format| match format {
            DocumentFormat::Html => Format::Html,
            DocumentFormat::Md => Format::Markdown,
            DocumentFormat::Csv => Format::Csv,
            DocumentFormat::Json => Format::Json,
            DocumentFormat::Xlsx => Format::Xlsx,
            DocumentFormat::Pdf => Format::Pdf,
        })
        .collect();
    if formats.iter().any(|format| !format.is_built_in()) {
        return Err(Failure::usage(DocumentError::NoTypesetter.to_string()));
    }
    let is_difference = kinds.iter().any(|kind| kind.id == POSTURE_DIFF.id);
    match (&render.from, &render.to) {
        (None, None) if !is_difference => {}
        (Some(from), Some(to)) if is_difference && kinds.len() == 1 => {
            return difference(console, global, render, (from, to), &formats);
        }
        (_, _) => {
            return Err(Failure::usage(
                "`posture-diff` is rendered alone, between two moments: `--document posture-diff --from A --to B`, each a \
                 day or a revision; no other document takes `--from` and `--to`",
            ));
        }
    }
    if kinds.iter().any(|kind| kind.id == PORTAL.id) && !formats.contains(&Format::Html) {
        return Err(Failure::usage(
            "the portal is a site of HTML pages; leave `--format` out, or name `html`",
        ));
    }
    let period = render.period.as_deref().map(time::period).transpose()?;
    let progress = Progress::start(console, global, "rendering");
    let has_months = document::shows_months(&kinds);
    let job = open_in(console, global, &render.at, Asked { period, has_months })?;
    let out = destination(console, &job, &render.out)?;
    let scans = job.scans(console, &progress, &render.scans)?;
    let mut register = job.register(&scans, period);
    if has_months {
        register.months = job.months(&scans, &register);
    }
    let found = job.diagnostics(&register, &scans);
    let files = documents(&job, &register, &found, (&kinds, &formats), false)?;
    write_folder(&out, &files)?;
    drop(progress);
    say(
        console,
        global,
        format_args!(
            "{} files in {}, as of {}",
            files.len(),
            visible(&out.display().to_string()),
            job.as_of
        ),
    )?;
    tell_errors(console, global, &found, BANNER)
}

fn document_named(word: &str) -> Result<&'static DocumentKind, Failure> {
    document::find(word).ok_or_else(|| {
        let mut names: Vec<String> = DOCUMENTS
            .iter()
            .chain([PORTAL])
            .map(|kind| format!("{} ({})", kind.id, kind.slug))
            .collect();
        names.push(POSTURE_DIFF.id.to_owned());
        Failure::usage(format!(
            "there is no document `{word}`; documents are {}",
            names.join(", ")
        ))
    })
}

/// Refuses a place where an output would stand among the sources.
pub(super) fn destination(console: &Console<'_>, job: &Job, out: &Path) -> Result<PathBuf, Failure> {
    let out = console.folder.join(out);
    let existing = out
        .ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(Path::new("/"));
    let rest = out.strip_prefix(existing).unwrap_or(Path::new(""));
    let real = existing
        .canonicalize()
        .context("the place of the output cannot be found")?
        .join(rest);
    let root = job
        .root
        .canonicalize()
        .context("the governed folder cannot be found")?;
    let refused = || {
        Failure::usage(format!(
            "`{}` holds governed files; write into a folder of its own, such as `../documents`",
            out.display()
        ))
    };
    if root.starts_with(&real) {
        return Err(refused());
    }
    let first = real
        .strip_prefix(&root)
        .ok()
        .and_then(|inside| inside.iter().next()?.to_str());
    let is_governed = first.is_some_and(|folder| {
        Kind::ALL.iter().any(|kind| kind.folder() == folder)
            || matches!(
                folder,
                "templates" | "schemas" | "data" | "imports" | "ledger" | "anchors" | "keyring"
            )
            || folder.starts_with('.')
    });
    if is_governed { Err(refused()) } else { Ok(out) }
}

/// Reads the repository's own templates.
pub(super) fn templates(job: &Job) -> Result<BTreeMap<String, String>, Failure> {
    let mut templates = BTreeMap::new();
    for entry in job
        .tree
        .entries()
        .iter()
        .filter(|entry| entry.kind == EntryKind::File)
    {
        let Some(name) = entry
            .path
            .strip_prefix("templates/")
            .filter(|name| name.ends_with(".md"))
        else {
            continue;
        };
        let bytes = job.tree.read(entry, TEMPLATE_BYTES)?;
        let text = String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", entry.path))?;
        templates.insert(name.to_owned(), text);
    }
    Ok(templates)
}

/// Says where a document or an export comes from.
pub(super) fn provenance<'a>(job: &Job, found: &'a [Diagnostic]) -> Result<Provenance<'a>, Failure> {
    let config = job.tree.entry("compliance.yaml");
    let config_digest = config
        .map(|entry| job.tree.read(entry, TEMPLATE_BYTES))
        .transpose()?;
    Ok(Provenance {
        commit: job.commit.clone(),
        modified: job.is_modified,
        tree_digest: job.tree.digest()?,
        config_digest: config_digest.map(|bytes| sha256_hex(&bytes)),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        rule_set_digest: rule_set_digest(),
        diagnostics: found,
        lives: None,
        is_live: false,
        has_calendar: false,
    })
}

pub(super) fn unmade(error: DocumentError) -> Failure {
    Failure::usage(format!("a document cannot be made: {error}"))
}
