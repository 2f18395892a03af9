//! DAT001: a review whose day has come.

use crate::check::systems::is_retired;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::{Date, Decision, Kind, Meta, Status};
use crate::source::{Span, Spanned};

pub(in crate::check) const CHECK: Check = Check {
    code: "DAT001",
    name: "review-overdue",
    family: Family::Date,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "max_cycle",
            default: Default::Table(&[
                ("Isms", 365),
                ("Person", 180),
                ("Role", 180),
                ("Policy", 365),
                ("Soa", 365),
                ("Risk", 365),
                ("System", 365),
                ("Source", 180),
                ("Sla", 365),
                ("Calendar", 365),
                ("ChangeTemplate", 180),
            ]),
            meaning: "days after the last review, or after `created`, at which one is due whatever the record says, by kind",
        },
        Parameter {
            name: "grace_days",
            default: Default::Number(7),
            meaning: "days after the due day for which an overdue review is a warning",
        },
        Parameter {
            name: "soon_days",
            default: Default::Number(30),
            meaning: "days before the due day from which the coming review is a warning",
        },
    ],
    explanation: include_str!("review_overdue.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let day = context.as_of().day();
    for meta in repository
        .records()
        .filter(|meta| meta.is_live() && !is_past(repository, meta, day))
    {
        let longest = longest(context, meta);
        let Some(due) = due(meta, longest, &Seen::of(context, meta)) else {
            continue;
        };
        let past = day.days_since(due.date);
        if -past > context.number("soon_days") {
            continue;
        }
        let diagnostic = if past > 0 {
            overdue(context, meta, &due, past)
        } else {
            soon(meta, &due, -past)
        };
        out.push(diagnostic.label(due.reason).subject(meta.id.to_string()));
    }
}

/// A template of changes has a cycle; a change ends by itself.
fn longest(context: &Context<'_>, meta: &Meta) -> Option<i64> {
    let is_template = context
        .repository()
        .changes
        .get(&meta.id)
        .is_some_and(|change| change.spec.template);
    let name = if is_template {
        "ChangeTemplate"
    } else {
        meta.kind.name()
    };
    context.by_name("max_cycle", name)
}

fn overdue(context: &Context<'_>, meta: &Meta, due: &Due, past: i64) -> Diagnostic {
    let what = if meta.kind == Kind::Source {
        "tool evaluation"
    } else {
        "review"
    };
    let message = format!("{what} overdue {past} d: `{}` was due on {}", meta.id, due.date);
    // A tool that was not evaluated again still does its work, so that it never blocks.
    let is_mild = meta.kind == Kind::Source || past <= context.number("grace_days");
    let new = if is_mild {
        Diagnostic::warn
    } else {
        Diagnostic::error
    };
    let help = format!(
        "review it: `countersign review {} --keep` signs it; its owner is `{}`",
        meta.id, meta.owner
    );
    new(CHECK.code, due.span, message).help(help)
}

fn soon(meta: &Meta, due: &Due, days: i64) -> Diagnostic {
    let message = format!("the review of `{}` is due on {}, in {days} d", meta.id, due.date);
    Diagnostic::warn(CHECK.code, due.span, message).help(format!("plan it with its owner `{}`", meta.owner))
}

/// Who looked at a record, by what they signed.
struct Seen {
    /// The last day on which somebody signed a review.
    reviewed: Option<Date>,
    /// The last day on which somebody signed anything about it that lets it stand.
    signed: Option<Date>,
}

impl Seen {
    fn of(context: &Context<'_>, meta: &Meta) -> Self {
        let zone = context.as_of().zone();
        let standing = context.register.standings.of(meta.kind, &meta.id);
        let good = standing
            .decisions
            .iter()
            .filter(|decided| decided.flaws.is_empty());
        let last = |wanted: &[Decision]| {
            let days = good.clone().filter(|decided| wanted.contains(&decided.decision));
            days.map(|decided| zone.day_of(decided.at)).max()
        };
        Self {
            reviewed: last(&[Decision::ReviewKeep]),
            signed: last(&[Decision::ReviewKeep, Decision::Approve]),
        }
    }
}

struct Due {
    date: Date,
    span: Span,
    reason: String,
}

/// Returns the earliest of the day that is written, the day that the cycle gives and the day that the kind gives.
///
/// A record that was never reviewed counts its cycle from the day on which it was written, and so does one whose
/// `review.last` is no day until which anybody signed anything. A draft has no cycle of its kind: it is not in force.
fn due(meta: &Meta, longest: Option<i64>, seen: &Seen) -> Option<Due> {
    let last = meta.review.as_ref().and_then(|review| review.last);
    let is_believed = |last: &Spanned<Date>| {
        // Of exceptions EXC010 says which review nobody signed.
        meta.kind == Kind::Exception
            || last.value <= meta.created.value
            || seen.signed.is_some_and(|signed| last.value <= signed)
            || meta.declared() == Status::Draft
    };
    let believed = last.filter(is_believed).map(|last| last.value);
    let since = believed.into_iter().chain(seen.reviewed).max();
    let place = last.map_or(meta.created.span, |last| last.span);
    let (value, reviewed) = match (since, last) {
        (Some(since), _) => (since, "last reviewed"),
        (None, Some(_)) => (meta.created.value, "no review is signed; written"),
        (None, None) => (meta.created.value, "written, never reviewed"),
    };
    let from = Spanned { value, span: place };
    let by_kind = longest
        .filter(|_| meta.declared() != Status::Draft)
        .map(|days| Due {
            date: from.value.plus_days(days),
            span: from.span,
            reason: format!(
                "{reviewed} on {from}, at least every {days} d for a {}",
                meta.kind
            ),
        });
    let review = meta.review.as_ref();
    let written = review.and_then(|review| review.next).map(|next| Due {
        date: next.value,
        span: next.span,
        reason: "the day under `review.next`".into(),
    });
    let cycle = review.and_then(|review| review.cycle_days);
    let by_cycle = cycle.map(|cycle| Due {
        date: from.value.plus_days(i64::from(cycle.value)),
        span: last.map_or(cycle.span, |last| last.span),
        reason: format!("{reviewed} on {from}, every {} d", cycle.value),
    });
    // Of two that fall on one day the one that the record itself says is told.
    [written, by_cycle, by_kind]
        .into_iter()
        .flatten()
        .min_by_key(|due| due.date)
}

/// What is retired needs no review.
fn is_past(repository: &Repository, meta: &Meta, day: Date) -> bool {
    repository
        .systems
        .get(&meta.id)
        .is_some_and(|system| is_retired(system, day))
}
