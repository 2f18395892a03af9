//! `render`, `bundle`, `audit` and `verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{say, verdict};
use crate::attest::bundle::{Bundle, check_destination};
use crate::attest::contents::read_bundle;
use crate::attest::verify::{ListInUse, verify as verify_bundle};
use crate::check::rule_set_digest;
use crate::cli::args::{At, Audit, Bundle as BundleArguments, DocumentFormat, Global, Render, Scans, Verify};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure, TRUST};
use crate::cli::job::{Asked, Job, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::diagnostic::Diagnostic;
use crate::document::{self, DOCUMENTS, DocumentKind, Format, Lives, PORTAL, Provenance};
use crate::load::{ALLOWED_SIGNERS, REVOKED};
use crate::model::{Kind, RecordId};
use crate::output::text::visible;
use crate::output::{Style, Summary, diagnostics, register};
use crate::reconcile::Register;
use crate::source::write::{Files, check_path, write_folder};
use crate::source::{ContentReader, EntryKind, sha256_hex};
use crate::trust::signer::Signer;
use crate::trust::{CONFIGURATION_ID, LifeQuestion, canonical_json, lives_of};

const TEMPLATE_BYTES: u64 = 1 << 20;
const KEYRING_BYTES: u64 = 16 << 20;

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
        })
        .collect();
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
    let scans = job.scans(console, &render.scans)?;
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
    tell_errors(console, global, &found)
}

fn tell_errors(console: &mut Console<'_>, global: &Global, found: &[Diagnostic]) -> Result<u8, Failure> {
    let summary = Summary::of(found);
    if summary.error > 0 {
        say(
            console,
            global,
            format_args!(
                "the documents carry a banner: {}; `countersign check` shows them",
                summary.line()
            ),
        )?;
    }
    Ok(verdict(found, false))
}

fn document_named(word: &str) -> Result<&'static DocumentKind, Failure> {
    document::find(word).ok_or_else(|| {
        let names: Vec<String> = DOCUMENTS
            .iter()
            .chain([PORTAL])
            .map(|kind| format!("{} ({})", kind.id, kind.slug))
            .collect();
        Failure::usage(format!(
            "there is no document `{word}`; documents are {}",
            names.join(", ")
        ))
    })
}

/// Refuses a place where an output would stand among the sources.
fn destination(console: &Console<'_>, job: &Job, out: &Path) -> Result<PathBuf, Failure> {
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

pub(super) fn documents<'a>(
    job: &'a Job,
    register: &'a Register<'a>,
    found: &[Diagnostic],
    (kinds, formats): (&[&'static DocumentKind], &[Format]),
    is_live: bool,
) -> Result<Files, Failure> {
    let overrides = templates(job)?;
    let mut provenance = provenance(job, found)?;
    provenance.is_live = is_live;
    if kinds.iter().any(|kind| kind.id == PORTAL.id) {
        provenance.lives = lives(job, register)?;
    }
    document::render(kinds, formats, register, &provenance, &overrides)
        .map_err(|error| Failure::usage(format!("a document cannot be made: {error}")))
}

/// Reads the repository's own templates.
fn templates(job: &Job) -> Result<BTreeMap<String, String>, Failure> {
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

fn provenance<'a>(job: &Job, found: &'a [Diagnostic]) -> Result<Provenance<'a>, Failure> {
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
    })
}

/// Reads the life of every record from git; `None` outside it.
fn lives<'a>(job: &'a Job, register: &'a Register<'a>) -> Result<Option<Lives<'a>>, Failure> {
    let Some(history) = &job.history else {
        return Ok(None);
    };
    let reader = ContentReader::open(&job.root)?;
    let question = LifeQuestion {
        repository: &job.repository,
        history,
        reader: &reader,
        standings: &register.standings,
        as_of: job.as_of,
    };
    let configuration = RecordId::new(CONFIGURATION_ID);
    let ids = job.repository.known.keys().chain(&configuration);
    Ok(Some(Lives {
        by_id: lives_of(question, ids)?,
        is_shallow: history.is_shallow,
    }))
}

pub(in crate::cli) fn bundle(
    console: &mut Console<'_>,
    global: &Global,
    arguments: &BundleArguments,
) -> Result<u8, Failure> {
    let period = arguments.period.as_deref().map(time::period).transpose()?;
    make(
        console,
        global,
        &arguments.out,
        arguments.key.as_deref(),
        period,
        &arguments.at,
        &arguments.scans,
    )
}

pub(in crate::cli) fn audit(
    console: &mut Console<'_>,
    global: &Global,
    audit: &Audit,
) -> Result<u8, Failure> {
    make(
        console,
        global,
        &audit.out,
        audit.key.as_deref(),
        None,
        &audit.at,
        &audit.scans,
    )
}

/// Checks, reconciles, renders and seals; with open errors the bundle is written all the same.
pub(super) fn make(
    console: &mut Console<'_>,
    global: &Global,
    out: &Path,
    key: Option<&Path>,
    period: Option<crate::reconcile::Period>,
    at: &At,
    scans: &Scans,
) -> Result<u8, Failure> {
    let signer = key
        .map(|key| Ok::<_, Failure>(Signer::open(&console.folder.join(key))?.asking(console.can_ask)))
        .transpose()?;
    let progress = Progress::start(console, global, "auditing");
    let has_months = true;
    let job = open_in(console, global, at, Asked { period, has_months })?;
    let out = destination(console, &job, out)?;
    check_destination(&out)?;
    let scans = job.scans(console, scans)?;
    let mut register = job.register(&scans, period);
    register.months = job.months(&scans, &register);
    let found = job.diagnostics(&register, &scans);
    let bundle = Bundle {
        as_of: job
            .as_of
            .instant()
            .with_timezone(&job.as_of.zone().0)
            .fixed_offset(),
        commit: job.commit.clone(),
        tool: format!("countersign {}", env!("CARGO_PKG_VERSION")),
        files: contents(&job, &register, &found)?,
        more_instructions: String::new(),
    };
    let unlisted = signer
        .as_ref()
        .filter(|signer| bundle.principal_of(signer.public_key()).is_none());
    let fingerprint = unlisted.map(|signer| signer.public_key().fingerprint());
    let sealed = match &signer {
        Some(signer) => bundle.seal_signed(signer)?,
        None => bundle.seal()?,
    };
    sealed.write(&out)?;
    drop(progress);
    if let Some(fingerprint) = fingerprint {
        say(
            console,
            global,
            format_args!("the key {fingerprint} is not in the repository's list of signers"),
        )?;
    }
    let kind = if signer.is_some() {
        "signed"
    } else {
        "not signed: give `--key KEY`"
    };
    say(
        console,
        global,
        format_args!(
            "{} files in {}, {kind}",
            sealed.files.len(),
            visible(&out.display().to_string())
        ),
    )?;
    tell_errors(console, global, &found)
}

/// Everything that a bundle vouches for.
fn contents(job: &Job, register: &Register<'_>, found: &[Diagnostic]) -> Result<Files, Failure> {
    let kinds: Vec<&'static DocumentKind> = DOCUMENTS.iter().collect();
    let mut files = documents(job, register, found, (&kinds, &Format::ALL), false)?;
    for meta in job.repository.records() {
        let folder = if meta.kind.folder().is_empty() {
            String::new()
        } else {
            format!("{}/", meta.kind.folder())
        };
        let text = canonical_json(&job.repository, meta)?;
        files.insert(
            format!("records/{folder}{}.json", meta.id),
            (text + "\n").into_bytes(),
        );
    }
    let commit = job.commit.as_deref();
    let mut json = Vec::new();
    let report = register::Report {
        register,
        diagnostics: found,
        commit,
    };
    register::write(&report, register::Format::Json, Style::plain(), &mut json)?;
    files.insert("register.json".into(), json);
    let mut json = Vec::new();
    let report = diagnostics::Report {
        diagnostics: found,
        sources: &job.repository.sources,
        as_of: job.as_of,
        commit,
        codes_off: &job.settings.codes_off(),
    };
    diagnostics::write(&report, diagnostics::Format::Json, Style::plain(), &mut json)?;
    files.insert("diagnostics.json".into(), json);
    files.insert("imports.sha256".into(), import_digests(register).into_bytes());
    if let Some(entry) = job.tree.entry(ALLOWED_SIGNERS) {
        files.insert("allowed_signers".into(), job.tree.read(entry, KEYRING_BYTES)?);
    }
    files.extend(decisions(job)?);
    Ok(files)
}

/// Takes along every approval as it was signed, and the keyring by which its signature can be judged.
fn decisions(job: &Job) -> Result<Files, Failure> {
    let mut files = Files::new();
    for path in [ALLOWED_SIGNERS, REVOKED] {
        if let Some(entry) = job.tree.entry(path) {
            files.insert(path.into(), job.tree.read(entry, KEYRING_BYTES)?);
        }
    }
    // A path that no archive may hold is an error of its own, and its approval is listed there.
    let named = job
        .repository
        .approvals
        .iter()
        .filter(|file| check_path(&file.path).is_ok());
    for file in named {
        let Some(source) = job.repository.sources.get(file.file) else {
            continue;
        };
        files.insert(file.path.to_string(), source.text.as_bytes().to_vec());
        if let Some(signature) = &file.signature {
            files.insert(format!("{}.sig", file.path), signature.to_vec());
        }
    }
    Ok(files)
}

/// Lists the exports as `sha256sum` does, so that whoever holds them can check them.
fn import_digests(register: &Register<'_>) -> String {
    let mut lines: Vec<String> = register
        .imports
        .iter()
        .map(|line| format!("{}  {}\n", line.sha256, visible(&line.file)))
        .collect();
    lines.sort();
    lines.dedup();
    lines.concat()
}

pub(in crate::cli) fn verify(console: &mut Console<'_>, verify: &Verify) -> Result<u8, Failure> {
    let list = list_in_use(console, verify.allowed_signers.as_deref())?;
    let keyring = list_in_use(console, verify.keyring.as_deref())?;
    let contents = read_bundle(&console.folder.join(&verify.bundle))?;
    let report = verify_bundle(&contents, &list, &keyring);
    for line in report.lines() {
        writeln!(console.out, "{}", visible(&line))?;
    }
    Ok(if report.ok() { CLEAN } else { TRUST })
}

fn list_in_use(console: &Console<'_>, file: Option<&Path>) -> Result<ListInUse, Failure> {
    let Some(file) = file else {
        return Ok(ListInUse::BundlesOwn);
    };
    let bytes = crate::source::read_file(&console.folder.join(file), KEYRING_BYTES)?;
    let text = String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", file.display()))?;
    Ok(ListInUse::Given(text))
}
