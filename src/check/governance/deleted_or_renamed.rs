//! GOV002: records that are removed, moved or renamed while they must stay, and decisions that are touched.

use std::collections::BTreeSet;

use super::places;
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::{Date, Kind, Meta, Status, parse_date};
use crate::trust::{Change, Facts, PathChangeKind, edits};

pub(in crate::check) const CHECK: Check = Check {
    code: "GOV002",
    name: "deleted-or-renamed",
    family: Family::Governance,
    level: Level::Error,
    parameters: &[Parameter {
        name: "retention_years",
        default: Default::Number(2),
        meaning: "years for which a record stays after its end; a longer time of a regulation or Policy counts",
    }],
    explanation: include_str!("deleted_or_renamed.md"),
    run,
};

/// A record with another id that differs in no more fields than this is the same record.
const MAX_DIFFERENCES: usize = 4;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let Some(change) = context.change() else { return };
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for before in &change.before {
        for meta in before.records().filter(|meta| is_gone(context, meta)) {
            if told.insert(&meta.path) {
                out.extend(gone(context, before, meta));
            }
        }
        for kind in Kind::ALL.iter().copied().filter(|kind| !kind.folder().is_empty()) {
            if told.insert(kind.folder()) {
                out.extend(emptied(context, before, kind));
            }
        }
    }
    decisions(context, change, out);
}

/// Tells whether a record is no longer where it was; one that cannot be read now is still there.
fn is_gone(context: &Context<'_>, meta: &Meta) -> bool {
    let after = context.repository();
    let known = after.known.get(&meta.id.value);
    match known {
        Some(known) => known.kind != meta.kind || known.path != meta.path,
        None => !after.files.contains(&meta.path) || after.records().any(|other| other.path == meta.path),
    }
}

fn gone(context: &Context<'_>, before: &Repository, meta: &Meta) -> Option<Diagnostic> {
    let after = context.repository();
    let span = places::start_of(after, &meta.path);
    let id = &meta.id.value;
    let (reason, is_kept) = reason(context, before, meta);
    let known = after.known.get(id);
    let diagnostic = match known {
        Some(known) if known.kind == meta.kind => Diagnostic::error(
            CHECK.code,
            span,
            format!("`{id}` was moved to `{}`", excerpt(&known.path)),
        ),
        Some(known) => Diagnostic::error(
            CHECK.code,
            span,
            format!("the id `{id}` of a {} is taken by a {}", meta.kind, known.kind),
        ),
        None if !is_kept => return None,
        None => Diagnostic::error(CHECK.code, span, format!("`{id}` was deleted {reason}")),
    };
    let help = if meta.is_live() {
        "put the file back; to end the record, set its `status` to `closed`"
    } else {
        "put the file back; it stays until its retention has passed"
    };
    let diagnostic = match twin(context, before, meta) {
        Some(twin) => diagnostic
            .label("an id never changes; age and approvals go with it")
            .related(
                twin.id.span,
                format!("`{}` says the same under another id", twin.id),
            ),
        None => diagnostic,
    };
    Some(diagnostic.help(help).subject(id.to_string()))
}

/// Says why a record must stay, and whether it must.
fn reason(context: &Context<'_>, before: &Repository, meta: &Meta) -> (String, bool) {
    let is_decided = before.approvals_of(meta.kind, &meta.id.value).next().is_some();
    match meta.declared() {
        Status::Draft if !is_decided => return (String::new(), false),
        Status::Draft | Status::Submitted => return ("while it is active".into(), true),
        Status::Closed | Status::Revoked | Status::Superseded => {}
    }
    let ended = last_day(before, meta);
    let until = years_after(ended, retention(context, before, meta));
    let word = meta.declared().word();
    let text = format!("while inside retention ({word}, last used {ended}, keep until {until})");
    (text, context.as_of().day() <= until)
}

/// Returns the last day that the record itself or a decision about it speaks of.
fn last_day(before: &Repository, meta: &Meta) -> Date {
    let zone = before.zone();
    let id = &meta.id.value;
    let decided = before
        .approvals_of(meta.kind, id)
        .map(|file| zone.day_of(file.approval.at.value.utc()));
    let ends = [
        before.exceptions.get(id).map(|one| one.spec.expires.value),
        before.triages.get(id).map(|one| one.spec.expires.value),
        before.slas.get(id).map(|one| one.spec.expires.value),
        before
            .acceptances
            .get(id)
            .and_then(|one| one.spec.expires.map(|expires| expires.value)),
        before
            .systems
            .get(id)
            .and_then(|one| one.spec.retired_on.map(|day| day.value)),
        meta.review
            .as_ref()
            .and_then(|review| review.last.map(|last| last.value)),
    ];
    let days = decided.chain(ends.into_iter().flatten());
    days.fold(meta.created.value, Date::max)
}

/// Returns the same day some years on; the 29th of February becomes the 1st of March.
fn years_after(day: Date, years: i64) -> Date {
    let year = i64::from(day.year()) + years;
    let text = day.to_string();
    let rest = text.get(5..).unwrap_or_default();
    let same = parse_date(&format!("{year:04}-{rest}"));
    same.or_else(|| parse_date(&format!("{year:04}-03-01")))
        .unwrap_or(day)
}

fn retention(context: &Context<'_>, before: &Repository, meta: &Meta) -> i64 {
    let tags = Facts::of(before, before, meta).regulations;
    let regulations = before.isms.iter().flat_map(|isms| &isms.spec.regulations);
    let of_regulations = regulations
        .filter(|regulation| tags.contains(regulation.tag.as_str()))
        .filter_map(|regulation| regulation.retention_years);
    let policies = before.policies.iter().filter(|policy| policy.meta.is_live());
    let of_policies = policies.map(|policy| policy.spec.retention_years);
    let longest = of_regulations.chain(of_policies).max().map_or(0, i64::from);
    longest.max(context.number("retention_years")).min(1000)
}

/// Finds the record that came in its place: of the same kind, new, and saying the same.
fn twin<'a>(context: &Context<'a>, before: &Repository, meta: &Meta) -> Option<&'a Meta> {
    let after = context.repository();
    let text = |repository: &Repository, meta: &Meta| {
        let source = repository.sources.get(meta.file)?;
        Some(source.text.clone())
    };
    let old = text(before, meta)?;
    let mut new = after
        .records()
        .filter(|other| other.kind == meta.kind && before.record(&other.id).is_none());
    new.find(|other| {
        let differences = text(after, other).and_then(|new| edits(Some(meta.kind), &old, &new));
        differences.is_some_and(|differences| differences.len() <= MAX_DIFFERENCES)
    })
}

/// Flags the folder of a kind that held records and holds none.
fn emptied(context: &Context<'_>, before: &Repository, kind: Kind) -> Option<Diagnostic> {
    let folder = format!("{}/", kind.folder());
    let is_in = |path: &&std::sync::Arc<str>| path.starts_with(&folder) && path.ends_with(".yaml");
    let first = before.files.iter().find(is_in)?;
    let after = context.repository();
    if after.files.iter().any(|path| path.starts_with(&folder)) {
        return None;
    }
    let span = places::start_of(after, first);
    let message = format!("the folder `{folder}` held records and is empty now");
    Some(
        Diagnostic::error(CHECK.code, span, message)
            .help("put the records back; what has ended stays as a record")
            .subject(folder),
    )
}

/// A decision, once made, is never changed or removed.
fn decisions(context: &Context<'_>, change: &Change, out: &mut Vec<Diagnostic>) {
    let is_decision = |path: &str| path.starts_with("approvals/");
    for changed in change.paths.iter().filter(|changed| is_decision(&changed.path)) {
        let what = match changed.kind {
            PathChangeKind::Added => continue,
            PathChangeKind::Removed => "removed",
            PathChangeKind::Modified => "changed",
        };
        let path = excerpt(&changed.path);
        let noun = if path.ends_with(".sig") {
            "a signature"
        } else {
            "an approval"
        };
        let mut diagnostic = Diagnostic::error(
            CHECK.code,
            places::start_of(context.repository(), &changed.path),
            format!("{noun} was {what}: `{path}`"),
        )
        .help("put the file back as it was; to take a decision back, make a new one: `countersign revoke`");
        if let Some(id) = changed.path.split('/').nth(1) {
            diagnostic = diagnostic.subject(id);
        }
        out.push(diagnostic);
    }
}
