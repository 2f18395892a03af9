//! GOV005: history that is not the one that was anchored, and dates that do not fit it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Date, Meta, utc_text};
use crate::source::{Commit, History, Span, Spanned};
use crate::trust::sshsig::VerifyError;
use crate::trust::{Anchor, AnchorFlaw, PathChangeKind, Statement, anchored, is_anchor_path};

pub(in crate::check) const CHECK: Check = Check {
    code: "GOV005",
    name: "history-and-clock",
    family: Family::Governance,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "tolerance_days",
            default: Default::Number(3),
            meaning: "days by which a date may lie before its first commit, and the clock of commits may go back",
        },
        Parameter {
            name: "recheck_commits",
            default: Default::Number(1000),
            meaning: "commits of the first-parent line, the last ones, that are judged again where no anchor says they were seen",
        },
    ],
    explanation: include_str!("history_and_clock.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    anchors(context, out);
    anchors_changed(context, out);
    let Some(history) = context.history() else { return };
    if history.is_shallow {
        return out.push(shallow(context));
    }
    let Some(past) = context.past() else { return };
    if past.left_out > 0 {
        out.push(left_out(context, past.left_out));
    }
    // What was before the first key has no history that anybody vouched for.
    let Some(begins) = past.begins else { return };
    dates(context, history, begins, out);
    clock(context, history, begins, out);
}

/// Judges the statements by their text alone where nothing else is known of them.
fn anchors(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let sources = &context.repository().sources;
    let known: BTreeMap<&str, &Anchor> = context
        .anchors()
        .iter()
        .map(|anchor| (&*anchor.path, anchor))
        .collect();
    for anchor in context.anchors() {
        for flaw in &anchor.flaws {
            let span = sources
                .find(&anchor.path)
                .map_or_else(|| context.repository().root_span(), Span::start_of);
            out.push(tell_flaw(&anchor.path, anchor.statement.as_ref(), flaw, span));
        }
    }
    for source in sources.iter().filter(|source| is_anchor_path(&source.path)) {
        if known.contains_key(&*source.path) {
            continue;
        }
        let Some(file) = sources.find(&source.path) else {
            continue;
        };
        if let Err(what) = Statement::parse(&source.text) {
            let flaw = AnchorFlaw::Malformed(what);
            out.push(tell_flaw(&source.path, None, &flaw, Span::start_of(file)));
        }
    }
}

fn tell_flaw(path: &str, statement: Option<&Statement>, flaw: &AnchorFlaw, span: Span) -> Diagnostic {
    let diagnostic = match flaw {
        AnchorFlaw::Rewritten => {
            let commit = statement.map(|statement| statement.commit.get(..12).unwrap_or_default().to_owned());
            let at = statement.map(|statement| utc_text(statement.at));
            let message = format!(
                "history was rewritten: commit {}, where it stood on {}, does not lead to the one that is judged",
                commit.unwrap_or_default(),
                at.unwrap_or_default()
            );
            Diagnostic::error(CHECK.code, span, message)
                .help("find the old history on a second remote or in a clone, and bring it back")
        }
        AnchorFlaw::Malformed(_)
        | AnchorFlaw::TooMany
        | AnchorFlaw::Misnamed { .. }
        | AnchorFlaw::Unsigned
        | AnchorFlaw::PersonUnknown
        | AnchorFlaw::Signature(_)
        | AnchorFlaw::KeyNotInRecord { .. }
        | AnchorFlaw::OtherLength { .. }
        | AnchorFlaw::OtherGenesis { .. }
        | AnchorFlaw::LedgerRewritten
        | AnchorFlaw::BeforeCommit { .. }
        | AnchorFlaw::AfterCommit { .. } => {
            let message = format!("the anchor does not count: {flaw}");
            // A key that was lost later is no fault of the anchor; it holds nothing fast any more.
            let is_revoked = matches!(flaw, AnchorFlaw::Signature(VerifyError::Revoked { .. }));
            let diagnostic = if is_revoked {
                Diagnostic::warn(CHECK.code, span, message)
            } else {
                Diagnostic::error(CHECK.code, span, message)
            };
            diagnostic.help("anchors are made with `countersign anchor`, by a key of purpose `anchor`")
        }
    };
    diagnostic.subject(path)
}

/// In a pull request no anchor may go or change.
fn anchors_changed(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let Some(change) = context.change() else { return };
    let repository = context.repository();
    for changed in &change.paths {
        let is_anchor = is_anchor_path(changed.path.trim_end_matches(".sig"));
        let what = match changed.kind {
            PathChangeKind::Removed => "removed",
            PathChangeKind::Modified => "changed",
            PathChangeKind::Added => continue,
        };
        if is_anchor {
            let here = repository.sources.find(&changed.path);
            let span = here.map_or_else(|| repository.root_span(), Span::start_of);
            let message = format!("`{}` is {what} by this change", changed.path);
            out.push(
                Diagnostic::error(CHECK.code, span, message)
                    .help("put it back; an anchor is never changed or removed")
                    .subject(changed.path.to_string()),
            );
        }
    }
}

fn shallow(context: &Context<'_>) -> Diagnostic {
    Diagnostic::info(
        CHECK.code,
        context.repository().root_span(),
        "the clone is shallow, so that nothing is judged that needs history: anchors and dates (GOV005), ids taken \
         twice (SCH003), authors who approve (APR003), when approvals came (APR007), and earlier commits (GOV001, \
         GOV002)",
    )
    .help("fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` where a workflow checks out")
}

fn left_out(context: &Context<'_>, commits: usize) -> Diagnostic {
    let message = format!("{commits} older commits are not judged again (`recheck_commits`)");
    Diagnostic::info(CHECK.code, context.repository().root_span(), message)
        .help("sign where history stands with `countersign anchor`; what an anchor saw is not judged again")
}

/// The commit that first held each record, through renames.
fn first_commits<'h>(context: &Context<'_>, history: &'h History) -> BTreeMap<Arc<str>, (usize, &'h Commit)> {
    let mut now: BTreeMap<Arc<str>, Arc<str>> = context
        .repository()
        .records()
        .map(|meta| (Arc::clone(&meta.path), Arc::clone(&meta.path)))
        .collect();
    let mut first = BTreeMap::new();
    // From the newest back, so that the old name of a file is known before its changes come.
    for (place, commit) in history.commits.iter().enumerate().rev() {
        for change in &commit.changes {
            let Some(name) = now.get(&change.path).cloned() else {
                continue;
            };
            if let Some(old) = &change.renamed_from {
                now.entry(Arc::clone(old)).or_insert_with(|| Arc::clone(&name));
            }
            if change.after.is_some() {
                first.insert(name, (place, commit));
            }
        }
    }
    first
}

fn dates(context: &Context<'_>, history: &History, begins: usize, out: &mut Vec<Diagnostic>) {
    let first = first_commits(context, history);
    let anchored = anchored(context.anchors(), history);
    let repository = context.repository();
    for meta in repository.records() {
        let Some((place, commit)) = first.get(&meta.path).filter(|(place, _)| *place > begins) else {
            continue;
        };
        let absent_at = anchored
            .iter()
            .filter(|anchor| !history.is_ancestor(*place, anchor.commit))
            .map(|anchor| anchor.at)
            .max();
        let requested = repository
            .exceptions
            .get(&meta.id.value)
            .and_then(|exception| exception.spec.requested_on);
        let dates = [("created", Some(meta.created)), ("requested_on", requested)];
        for (field, day) in dates {
            if let Some(day) = day {
                out.extend(date(context, meta, (field, day), commit, absent_at));
            }
        }
    }
}

/// Compares a date of a record with the commit that brought it, and with the anchors that did not hold it yet.
fn date(
    context: &Context<'_>,
    meta: &Meta,
    (field, day): (&str, Spanned<Date>),
    commit: &Commit,
    absent_at: Option<DateTime<Utc>>,
) -> Option<Diagnostic> {
    let zone = context.repository().zone();
    let tolerance = context.number("tolerance_days");
    let committed = zone.day_of(commit.committed_at);
    let short = commit.id.get(..12).unwrap_or(&commit.id);
    let absent = absent_at.map(|at| zone.day_of(at));
    let message = if day.value > committed {
        format!(
            "`{field}` is {}, and commit {short} of {committed} already has it",
            day.value
        )
    } else if absent.is_some_and(|absent| absent.days_since(day.value) > tolerance) {
        let absent = absent.map(|absent| absent.to_string()).unwrap_or_default();
        format!(
            "`{field}` is {}, and the anchor of {absent} does not know it yet",
            day.value
        )
    } else if committed.days_since(day.value) > tolerance {
        let days = committed.days_since(day.value);
        format!(
            "`{field}` is {}, and git first has it {days} d later, in commit {short} of {committed}",
            day.value
        )
    } else {
        return None;
    };
    Some(
        Diagnostic::warn(CHECK.code, day.span, message)
            .help(format!(
                "a date says when it was written down; more than {tolerance} d apart asks for an explanation"
            ))
            .subject(meta.id.to_string()),
    )
}

/// The times of the commits of the first-parent line must not go back.
fn clock(context: &Context<'_>, history: &History, begins: usize, out: &mut Vec<Diagnostic>) {
    let tolerance = context.number("tolerance_days");
    let mut latest: Option<&Commit> = None;
    let mut is_told = false;
    for place in history.mainline.iter().filter(|place| **place >= begins) {
        let commit = &history.commits[*place];
        let Some(before) = latest.filter(|before| before.committed_at > commit.committed_at) else {
            latest = Some(commit);
            is_told = false;
            continue;
        };
        let days = (before.committed_at - commit.committed_at).num_days();
        if days <= tolerance || std::mem::replace(&mut is_told, true) {
            continue;
        }
        let zone = context.repository().zone();
        let short = |commit: &Commit| commit.id.get(..12).unwrap_or(&commit.id).to_owned();
        let message = format!(
            "the clock of commits goes back by {days} d: commit {} of {} follows {} of {}",
            short(commit),
            zone.day_of(commit.committed_at),
            short(before),
            zone.day_of(before.committed_at)
        );
        out.push(
            Diagnostic::warn(CHECK.code, context.repository().root_span(), message)
                .help("find out whose clock was wrong; anchors tell the order that can be trusted"),
        );
    }
}
