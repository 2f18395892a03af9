//! `check` and `reconcile`.

use super::{deliver, say, verdict};
use crate::cli::args::{Check, CheckFormat, Global, Reconcile, RegisterFormat};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Asked, Job, open_against, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::diagnostic::Diagnostic;
use crate::output::{Summary, diagnostics, register};

pub(in crate::cli) fn check(
    console: &mut Console<'_>,
    global: &Global,
    check: &Check,
) -> Result<u8, Failure> {
    let progress = Progress::start(console, global, "checking");
    let job = open_against(console, global, &check.at, check.base.as_deref())?;
    let scans = job.scans(console, &progress, &check.scans)?;
    let register = job.register(&scans, None);
    let mut found = job.diagnostics(&register, &scans);
    drop(progress);
    narrow(&job, check, &mut found);
    let report = diagnostics::Report {
        diagnostics: &found,
        sources: &job.repository.sources,
        as_of: job.as_of,
        commit: job.commit.as_deref(),
        codes_off: &job.settings.codes_off(),
    };
    let format = match check.format {
        CheckFormat::Human => diagnostics::Format::Human,
        CheckFormat::Json => diagnostics::Format::Json,
        CheckFormat::Sarif => diagnostics::Format::Sarif,
        CheckFormat::Junit => diagnostics::Format::Junit,
        CheckFormat::Github => diagnostics::Format::Github,
        CheckFormat::Gitlab => diagnostics::Format::Gitlab,
    };
    deliver(console, check.output.as_deref(), |out, style| {
        diagnostics::write(&report, format, style, out)
    })?;
    let records = job.repository.records().count();
    let summary = Summary::of(&found).line();
    say(
        console,
        global,
        format_args!(
            "{records} records, {} findings as of {}: {summary}{}",
            register.findings.len(),
            job.as_of,
            history_note(&job)
        ),
    )?;
    Ok(verdict(&found, check.strict))
}

/// Says why history was not judged; a shallow clone is told of by the rules.
fn history_note(job: &Job) -> &'static str {
    match (&job.history, &job.past) {
        (None, _) => "; outside git nothing is judged that needs history",
        (Some(history), Some(past)) if past.begins.is_none() && !history.is_shallow => {
            "; earlier commits are judged from the first key on, in a folder of a larger repository from the first anchor on"
        }
        (Some(_), _) => "",
    }
}

/// Keeps what lies under the named paths, and what belongs to records of the named owner.
fn narrow(job: &Job, check: &Check, found: &mut Vec<Diagnostic>) {
    let sources = &job.repository.sources;
    if !check.paths.is_empty() {
        found.retain(|diagnostic| {
            let path = sources.path(diagnostic.span.file);
            check.paths.iter().any(|wanted| {
                let wanted = wanted.trim_start_matches("./").trim_end_matches('/');
                path == wanted
                    || path
                        .strip_prefix(wanted)
                        .is_some_and(|rest| rest.starts_with('/'))
            })
        });
    }
    if let Some(owner) = &check.owner {
        found.retain(|diagnostic| diagnostic.owner.as_deref() == Some(owner.as_str()));
    }
}

pub(in crate::cli) fn reconcile(
    console: &mut Console<'_>,
    global: &Global,
    reconcile: &Reconcile,
) -> Result<u8, Failure> {
    let period = reconcile.period.as_deref().map(time::period).transpose()?;
    let progress = Progress::start(console, global, "reconciling");
    let job = open_in(
        console,
        global,
        &reconcile.at,
        Asked {
            period,
            has_months: false,
        },
    )?;
    let scans = job.scans(console, &progress, &reconcile.scans)?;
    let joined = job.register(&scans, period);
    let found = job.diagnostics(&joined, &scans);
    drop(progress);
    let report = register::Report {
        register: &joined,
        diagnostics: &found,
        commit: job.commit.as_deref(),
    };
    let format = match reconcile.format {
        RegisterFormat::Human => register::Format::Human,
        RegisterFormat::Json => register::Format::Json,
        RegisterFormat::Jsonl => register::Format::Jsonl,
        RegisterFormat::Csv => register::Format::Csv,
    };
    deliver(console, reconcile.output.as_deref(), |out, style| {
        register::write(&report, format, style, out)
    })?;
    let summary = Summary::of(&found).line();
    say(
        console,
        global,
        format_args!(
            "{} findings as of {}: {summary}",
            joined.findings.len(),
            job.as_of
        ),
    )?;
    Ok(verdict(&found, false))
}
