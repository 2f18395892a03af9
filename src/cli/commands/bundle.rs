//! `bundle` and `audit`.

use std::collections::BTreeMap;
use std::path::Path;

use super::publish::{BANNER, destination, provenance, templates, unmade};
use super::redact::{self, redacted};
use super::{say, tell_errors};
use crate::attest::bundle::{Bundle, check_destination};
use crate::attest::contents::MAX_FILE_BYTES;
use crate::attest::manifest::{GIT_BUNDLE, Inputs, LeftOut, StatedImport, Statement};
use crate::attest::timestamp::MAX_TIME_STAMP_BYTES;
use crate::cli::args::{At, Audit, Bundle as BundleArguments, Global, Proof, Scans};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Asked, Job, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::diagnostic::Diagnostic;
use crate::document::{self, DOCUMENTS, DocumentKind, Format};
use crate::import::Scan;
use crate::load::{ALLOWED_SIGNERS, REVOKED};
use crate::output::text::visible;
use crate::output::{Style, diagnostics, register};
use crate::reconcile::{Period, Register};
use crate::source::write::{Files, check_path};
use crate::source::{self, GitBundle};
use crate::trust::canonical_json;
use crate::trust::signer::Signer;

pub(super) const KEYRING_BYTES: u64 = 16 << 20;

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
    let (signer, time_stamp) = proof(console, wanted.proof)?;
    let progress = Progress::start(console, global, "auditing");
    let has_months = true;
    let job = open_in(console, global, at, Asked { period, has_months })?;
    let out = destination(console, &job, wanted.out)?;
    check_destination(&out)?;
    let secret = redact::secret(console, &job, wanted.proof, signer.as_ref())?;
    let read = job.scans(console, &progress, scans)?;
    let made = judged(&job, &read, period)?;
    let mut bundle = unsealed(&job, &read, &made, scans.host.as_deref())?;
    let told = add_history(&mut bundle, &job)?;
    if let Some(secret) = secret {
        bundle = redacted((&job, &read), &made, bundle, signer.as_ref(), &secret)?;
    }
    let unlisted = signer
        .as_ref()
        .filter(|signer| bundle.principal_of(signer.public_key()).is_none());
    let unlisted = unlisted.map(|signer| signer.public_key().fingerprint());
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
        let line = format_args!("the history is not in the bundle: {why}");
        say(console, global, line)?;
    }
    if let Some(fingerprint) = unlisted {
        let line = format_args!("the key {fingerprint} is not in the repository's list of signers");
        say(console, global, line)?;
    }
    let kind = match &signer {
        Some(_) => "signed",
        None => "not signed: give `--key KEY`",
    };
    let place = visible(&out.display().to_string()).into_owned();
    say(
        console,
        global,
        format_args!("{} files in {place}, {kind}", sealed.files.len()),
    )?;
    tell_errors(console, global, &made.found, BANNER)
}

/// Opens the key, and reads the time stamp.
fn proof(console: &Console<'_>, proof: &Proof) -> Result<(Option<Signer>, Option<Vec<u8>>), Failure> {
    let stamp = proof.timestamp.as_deref();
    let stamp = stamp.map(|file| source::read_file(&console.folder.join(file), MAX_TIME_STAMP_BYTES));
    let signer = proof.key.as_deref();
    let signer = signer.map(|key| Signer::open(&console.folder.join(key)));
    let signer = signer.transpose()?.map(|signer| signer.asking(console.can_ask));
    Ok((signer, stamp.transpose()?))
}

/// A repository, judged, with all that a bundle of it is made from.
pub(super) struct Made<'a> {
    pub(super) register: Register<'a>,
    pub(super) found: Vec<Diagnostic>,
    /// The repository's own templates.
    pub(super) overrides: BTreeMap<String, String>,
}

/// Judges the repository.
pub(super) fn judged<'a>(job: &'a Job, scans: &[Scan], period: Option<Period>) -> Result<Made<'a>, Failure> {
    let mut register = job.register(scans, period);
    register.months = job.months(scans, &register);
    let found = job.diagnostics(&register, scans);
    let overrides = templates(job)?;
    Ok(Made {
        register,
        found,
        overrides,
    })
}

/// Puts together all that a bundle vouches for but the history in git.
///
/// A rebuild goes the same way, so that the same inputs give the same bytes.
pub(super) fn unsealed(
    job: &Job,
    scans: &[Scan],
    made: &Made<'_>,
    host: Option<&str>,
) -> Result<Bundle, Failure> {
    let Made {
        register,
        found,
        overrides,
    } = made;
    let provenance = provenance(job, found)?;
    let inputs = Inputs {
        tree_sha256: Some(provenance.tree_digest.clone()),
        configuration_sha256: provenance.config_digest.clone(),
        templates_sha256: Some(document::templates_digest(overrides).map_err(unmade)?),
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
        redacted: None,
        signer: None,
    };
    let kinds: Vec<&'static DocumentKind> = DOCUMENTS.iter().collect();
    let files = document::render(&kinds, &Format::ALL, register, &provenance, overrides).map_err(unmade)?;
    Ok(Bundle {
        statement,
        files: contents(job, register, found, files)?,
        more_instructions: String::new(),
    })
}

/// Returns the tool that runs, with its version, as bundles name it.
pub(super) fn tool() -> String {
    format!("countersign {}", env!("CARGO_PKG_VERSION"))
}

/// Lists the exports in the order in which documents name them, so that they are given again in that order.
fn stated_imports(scans: &[Scan], host: Option<&str>) -> Vec<StatedImport> {
    scans
        .iter()
        .map(|scan| StatedImport {
            file: scan.file.clone(),
            sha256: scan.sha256.clone(),
            source: scan.source.as_ref().map(ToString::to_string),
            host: host.filter(|_| scan.is_ad_hoc).map(str::to_owned),
            by_hand: scan.is_ad_hoc,
        })
        .collect()
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
pub(super) fn contents(
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
