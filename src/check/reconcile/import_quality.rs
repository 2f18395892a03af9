//! REC012: an import on which nothing should be built: too old, not whole, seen from outside only, or far too small.

use chrono::{DateTime, TimeDelta, Utc};

use super::place_of_source;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::import::{IMPORTERS, Product};
use crate::model::{Record, Source, SourceQuality, SourceRole, SourceState};
use crate::reconcile::{ImportLine, ImportState};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC012",
    name: "import-quality-fault",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[Parameter {
        name: "drop_pct",
        default: Default::Number(20),
        meaning: "percent of its hosts that a run may have less than the run of the same Source before it",
    }],
    explanation: include_str!("import_quality.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let wants_authenticated = context
        .repository()
        .policies
        .iter()
        .any(|policy| policy.meta.is_live() && policy.spec.scanning.authenticated);
    for source in &context.repository().tools {
        let is_used = matches!(source.spec.state, SourceState::Approved | SourceState::Proposed);
        if !source.meta.is_live() || !is_used {
            continue;
        }
        let runs = runs_of(context, source);
        out.extend(stale(context, source, &runs));
        out.extend(dropped(context, source, &runs));
        for run in runs.iter().filter(|run| !is_replaced(run, &runs)) {
            out.extend(unclear(context, source, run));
            if wants_authenticated {
                out.extend(unauthenticated(context, source, run));
            }
        }
    }
}

/// An export with the moment by which its age is told.
struct Run<'a> {
    line: &'a ImportLine,
    /// When it ran, else when it came into the ledger.
    at: Option<DateTime<Utc>>,
}

/// Lists what a Source had brought by as-of, the oldest first.
fn runs_of<'a>(context: &Context<'a>, source: &Record<Source>) -> Vec<Run<'a>> {
    let now = context.as_of().instant();
    let lines = context.register.imports.iter();
    let mine = lines.filter(|line| line.source.as_ref() == Some(source.id()));
    let mut runs: Vec<Run<'a>> = mine
        .map(|line| Run {
            line,
            at: line.run_at.or_else(|| imported_at(context, line)),
        })
        .filter(|run| run.at.is_none_or(|at| at <= now))
        .collect();
    runs.sort_by_key(|run| (run.at, &run.line.file, &run.line.sha256));
    runs
}

fn imported_at(context: &Context<'_>, line: &ImportLine) -> Option<DateTime<Utc>> {
    let mut statements = context.ledger()?.statements.values();
    let statement = statements.find(|statement| statement.sha256 == line.sha256)?;
    Some(statement.imported_at)
}

/// Tells whether a later whole run, over no fewer hosts, stands in the place of a run.
fn is_replaced(run: &Run<'_>, runs: &[Run<'_>]) -> bool {
    runs.iter().any(|other| {
        other.at > run.at && other.line.state != ImportState::Incomplete && other.line.hosts >= run.line.hosts
    })
}

fn fault(
    context: &Context<'_>,
    source: &Record<Source>,
    level: Level,
    message: String,
    label: String,
    help: &str,
) -> Diagnostic {
    let span = place_of_source(context, Some(source.id()));
    let found = match level {
        Level::Error => Diagnostic::error(CHECK.code, span, message),
        Level::Warn => Diagnostic::warn(CHECK.code, span, message),
        Level::Info => Diagnostic::info(CHECK.code, span, message),
    };
    found
        .label(label)
        .help(format!("`{}`: {help}", source.meta.owner))
        .subject(source.id().to_string())
}

/// Flags a Source whose newest import is too old; of one that never brought anything its own age counts.
fn stale(context: &Context<'_>, source: &Record<Source>, runs: &[Run<'_>]) -> Option<Diagnostic> {
    let now = context.as_of().instant();
    let max = TimeDelta::hours(i64::from(source.spec.max_age_hours));
    let (id, allowed) = (source.id(), source.spec.max_age_hours);
    let Some(newest) = runs.iter().max_by_key(|run| run.at) else {
        let since = context.as_of().zone().end_of_day(source.meta.created.value);
        let is_missed = is_needed(context, source) && now > since + max;
        return is_missed.then(|| {
            fault(
                context,
                source,
                Level::Error,
                format!("nothing was ever imported from `{id}`: one import each {allowed} h is asked for"),
                format!("declared on {}, `max_age_hours: {allowed}`", source.meta.created),
                "import an export of it, or set `state: retired`; what it would say is missing from every figure",
            )
        });
    };
    let at = newest.at?;
    let age = now - at;
    (age > max).then(|| {
        fault(
            context,
            source,
            Level::Error,
            format!(
                "the newest import of `{id}` is too old: {} h > {allowed} h",
                age.num_hours()
            ),
            format!(
                "`{}`, of {}",
                excerpt(&newest.line.file),
                context.as_of().zone().day_of(at)
            ),
            "export anew and import it; what came up since is not in the register",
        )
    })
}

/// Tells whether a Source is of a sort that brings data, and no other Source of that sort has brought any.
fn is_needed(context: &Context<'_>, source: &Record<Source>) -> bool {
    let brings = [SourceRole::Scanner, SourceRole::Cmdb, SourceRole::Feed];
    let product = IMPORTERS
        .iter()
        .find(|importer| importer.name == source.spec.format.value)
        .map(|importer| importer.product);
    let has_others = context.register.imports.iter().any(|line| {
        Some(line.product) == product && line.run_at.is_none_or(|at| at <= context.as_of().instant())
    });
    source.spec.state == SourceState::Approved
        && source.spec.roles.iter().any(|role| brings.contains(role))
        && product.is_some()
        && !has_others
}

/// Flags a run without a time or a zone, and one that is not whole.
fn unclear(context: &Context<'_>, source: &Record<Source>, run: &Run<'_>) -> Vec<Diagnostic> {
    let (line, file) = (run.line, excerpt(&run.line.file));
    let error = |message: String, label: String, help: &str| {
        fault(context, source, Level::Error, message, label, help)
    };
    let mut found = Vec::new();
    let needs_time = !matches!(line.product, Product::Hosts);
    if run.at.is_none() && needs_time {
        found.push(error(
            format!("`{file}` names no time, so its age cannot be told and it proves nothing"),
            "no time in the export and no day in its name".into(),
            "put the day into its name, such as `hosts-2026-09-30.csv`, or file it with `countersign import`",
        ));
    } else if line.state == ImportState::Incomplete && line.run_at.is_some() {
        let why = line.reason.as_deref().map(excerpt).unwrap_or_default();
        found.push(error(
            format!("`{file}` is not whole, and no later run of `{}` is", source.id()),
            why,
            "let the run end, export it whole and import it; until then it closes nothing",
        ));
    }
    if !line.zone_is_known {
        found.push(error(
            format!(
                "the times in `{file}` carry no zone, and `{}` is none: they were read as UTC",
                excerpt(&source.spec.timezone.value)
            ),
            format!("`timezone: {}`", excerpt(&source.spec.timezone.value)),
            "write a zone by its IANA name, such as `Europe/Berlin`",
        ));
    }
    found
}

/// Flags hosts of a Source that is to look with credentials and did not; one that is not to is judged by REC004.
fn unauthenticated(context: &Context<'_>, source: &Record<Source>, run: &Run<'_>) -> Option<Diagnostic> {
    let line = run.line;
    let is_meant = source.spec.quality != Some(SourceQuality::Unauthenticated);
    let (without, all) = (line.unauthenticated_hosts, line.hosts);
    if line.product != Product::Scan || !is_meant || without == 0 {
        return None;
    }
    // Some hosts that refused the credentials are work for an operator; with none at all the run was set up wrong.
    let level = if without >= all { Level::Error } else { Level::Warn };
    Some(fault(
        context,
        source,
        level,
        format!(
            "`{}` looked at {without} of {all} hosts without credentials, and the Policy counts authenticated scans only",
            excerpt(&line.file)
        ),
        "`scanning.authenticated: true`".into(),
        "mend the credentials and scan again, or declare `quality: unauthenticated` for a scan from outside",
    ))
}

/// Flags a newest run that has far fewer hosts than the one before, unless somebody said why when it was filed.
fn dropped(context: &Context<'_>, source: &Record<Source>, runs: &[Run<'_>]) -> Option<Diagnostic> {
    let counts =
        |run: &&Run<'_>| matches!(run.line.product, Product::Scan | Product::Inventory) && run.at.is_some();
    let mut newest_first = runs.iter().rev().filter(counts);
    let (now, before) = (newest_first.next()?.line, newest_first.next()?.line);
    let limit = context.number("drop_pct");
    let lost = i64::try_from(before.hosts.saturating_sub(now.hosts)).unwrap_or(i64::MAX);
    let all = i64::try_from(before.hosts).unwrap_or(i64::MAX);
    if all == 0 || lost.saturating_mul(100) <= limit.saturating_mul(all) || is_accepted(context, now) {
        return None;
    }
    Some(fault(
        context,
        source,
        Level::Error,
        format!(
            "`{}` has {} hosts, {} % fewer than the {} of the run before; {limit} % are allowed",
            excerpt(&now.file),
            now.hosts,
            lost.saturating_mul(100) / all,
            before.hosts
        ),
        format!("the run before is `{}`", excerpt(&before.file)),
        "export it whole; if the hosts are gone indeed, file it with \
         `countersign import --accept-drop` and the reason",
    ))
}

fn is_accepted(context: &Context<'_>, line: &ImportLine) -> bool {
    let segments = context.ledger().map_or(&[][..], |ledger| &ledger.segments);
    segments.iter().any(|segment| {
        let reason = segment.head.accept_drop.as_deref().unwrap_or_default();
        segment.head.sha256 == line.sha256 && !reason.trim().is_empty()
    })
}
