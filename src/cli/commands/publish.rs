//! `render`, `bundle` and `audit`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::difference::difference;
use super::pages::documents;
use super::{say, tell_errors};
use crate::attest::bundle::{Bundle, check_destination};
use crate::attest::contents::MAX_FILE_BYTES;
use crate::attest::manifest::{GIT_BUNDLE, Inputs, LeftOut, StatedImport, Statement};
use crate::attest::timestamp::MAX_TIME_STAMP_BYTES;
use crate::check::rule_set_digest;
use crate::cli::args::{At, Audit, Bundle as BundleArguments, DocumentFormat, Global, Proof, Render, Scans};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Asked, Job, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::diagnostic::Diagnostic;
use crate::document::{
    self, DOCUMENTS, DocumentError, DocumentKind, Format, PORTAL, POSTURE_DIFF, Provenance,
};
use crate::import::Scan;
use crate::load::{ALLOWED_SIGNERS, REVOKED};
use crate::model::Kind;
use crate::output::text::visible;
use crate::output::{Style, diagnostics, register};
use crate::reconcile::{Period, Register};
use crate::source::write::{Files, check_path, write_folder};
use crate::source::{self, EntryKind, GitBundle, sha256_hex};
use crate::trust::canonical_json;
use crate::trust::signer::Signer;

/// What open errors mean for documents.
pub(super) const BANNER: &str = "the documents carry a banner";
const TEMPLATE_BYTES: u64 = 1 << 20;
pub(super) const KEYRING_BYTES: u64 = 16 << 20;

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
    })
}

pub(in crate::cli) fn bundle(
    console: &mut Console<'_>,
    global: &Global,
    arguments: &BundleArguments,
) -> Result<u8, Failure> {
    let period = arguments.period.as_deref().map(time::period).transpose()?;
    let wanted = Wanted {
        out: &arguments.out,
        proof: &arguments.proof,
        period,
        at: &arguments.at,
        scans: &arguments.scans,
    };
    make(console, global, &wanted)
}

pub(in crate::cli) fn audit(
    console: &mut Console<'_>,
    global: &Global,
    audit: &Audit,
) -> Result<u8, Failure> {
    let wanted = Wanted {
        out: &audit.out,
        proof: &audit.proof,
        period: None,
        at: &audit.at,
        scans: &audit.scans,
    };
    make(console, global, &wanted)
}

/// Which bundle is to be made.
pub(super) struct Wanted<'a> {
    pub(super) out: &'a Path,
    pub(super) proof: &'a Proof,
    pub(super) period: Option<Period>,
    pub(super) at: &'a At,
    pub(super) scans: &'a Scans,
}

/// Checks, reconciles, renders and seals; with open errors the bundle is written all the same.
pub(super) fn make(console: &mut Console<'_>, global: &Global, wanted: &Wanted<'_>) -> Result<u8, Failure> {
    let &Wanted {
        period, at, scans, ..
    } = wanted;
    let time_stamp = wanted.proof.timestamp.as_deref();
    let time_stamp = time_stamp
        .map(|file| source::read_file(&console.folder.join(file), MAX_TIME_STAMP_BYTES))
        .transpose()?;
    let signer = wanted.proof.key.as_deref();
    let signer = signer
        .map(|key| Ok::<_, Failure>(Signer::open(&console.folder.join(key))?.asking(console.can_ask)))
        .transpose()?;
    let progress = Progress::start(console, global, "auditing");
    let has_months = true;
    let job = open_in(console, global, at, Asked { period, has_months })?;
    let out = destination(console, &job, wanted.out)?;
    check_destination(&out)?;
    let read = job.scans(console, scans)?;
    let (mut bundle, found) = unsealed(&job, &read, period, scans.host.as_deref())?;
    let told = add_history(&mut bundle, &job)?;
    let unlisted = signer
        .as_ref()
        .filter(|signer| bundle.principal_of(signer.public_key()).is_none());
    let fingerprint = unlisted.map(|signer| signer.public_key().fingerprint());
    let mut sealed = match &signer {
        Some(signer) => bundle.seal_signed(signer)?,
        None => bundle.seal()?,
    };
    if let Some(response) = time_stamp {
        sealed.add_time_stamp(response)?;
    }
    sealed.write(&out)?;
    drop(progress);
    if let Some(why) = told {
        say(
            console,
            global,
            format_args!("the history is not in the bundle: {why}"),
        )?;
    }
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
    tell_errors(console, global, &found, BANNER)
}

/// Judges the repository, and puts together all that a bundle vouches for but the history in git.
///
/// A rebuild goes the same way, so that the same inputs give the same bytes.
pub(super) fn unsealed(
    job: &Job,
    scans: &[Scan],
    period: Option<Period>,
    host: Option<&str>,
) -> Result<(Bundle, Vec<Diagnostic>), Failure> {
    let mut register = job.register(scans, period);
    register.months = job.months(scans, &register);
    let found = job.diagnostics(&register, scans);
    let provenance = provenance(job, &found)?;
    let overrides = templates(job)?;
    let inputs = Inputs {
        tree_sha256: Some(provenance.tree_digest.clone()),
        configuration_sha256: provenance.config_digest.clone(),
        templates_sha256: Some(document::templates_digest(&overrides).map_err(unmade)?),
        rules_sha256: Some(provenance.rule_set_digest.clone()),
        imports: stated_imports(scans, host),
    };
    let statement = Statement {
        as_of: job
            .as_of
            .instant()
            .with_timezone(&job.as_of.zone().0)
            .fixed_offset(),
        period: Some(register.period),
        commit: job.commit.clone(),
        modified: job.is_modified,
        tool: tool(),
        inputs,
        left_out: Vec::new(),
        signer: None,
    };
    let kinds: Vec<&'static DocumentKind> = DOCUMENTS.iter().collect();
    let files = document::render(&kinds, &Format::ALL, &register, &provenance, &overrides).map_err(unmade)?;
    let bundle = Bundle {
        statement,
        files: contents(job, &register, &found, files)?,
        more_instructions: String::new(),
    };
    Ok((bundle, found))
}

/// Returns the tool that runs, with its version, as bundles name it.
pub(super) fn tool() -> String {
    format!("countersign {}", env!("CARGO_PKG_VERSION"))
}

pub(super) fn unmade(error: DocumentError) -> Failure {
    Failure::usage(format!("a document cannot be made: {error}"))
}

fn stated_imports(scans: &[Scan], host: Option<&str>) -> Vec<StatedImport> {
    let mut imports: Vec<StatedImport> = scans
        .iter()
        .map(|scan| StatedImport {
            file: scan.file.clone(),
            sha256: scan.sha256.clone(),
            source: scan.source.as_ref().map(ToString::to_string),
            host: host.filter(|_| scan.is_ad_hoc).map(str::to_owned),
            by_hand: scan.is_ad_hoc,
        })
        .collect();
    imports.sort();
    imports
}

/// Adds the history that led to the commit; where it is left out, that is stated, and what to tell is returned.
pub(super) fn add_history(bundle: &mut Bundle, job: &Job) -> Result<Option<String>, Failure> {
    let Some(commit) = &job.commit else {
        return Ok(None);
    };
    match source::make_git_bundle(&job.root, commit, MAX_FILE_BYTES)? {
        GitBundle::Made(bytes) => {
            bundle.files.insert(GIT_BUNDLE.to_owned(), bytes);
            Ok(None)
        }
        GitBundle::LeftOut(why) => {
            bundle.statement.left_out.push(LeftOut {
                what: GIT_BUNDLE.to_owned(),
                why: why.clone(),
            });
            Ok(Some(why))
        }
    }
}

/// Adds to the documents all else that a bundle vouches for.
fn contents(
    job: &Job,
    register: &Register<'_>,
    found: &[Diagnostic],
    mut files: Files,
) -> Result<Files, Failure> {
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
