//! DAT001: a review whose day has come.

use crate::check::systems::is_retired;
use crate::check::{Check, Context, Default, Family, Parameter, Setting};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::{Date, Decision, Kind, Meta, Status, Zone};
use crate::source::{Span, Spanned};
use crate::trust::Standings;

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
        let longest = longest(repository, meta, |kind| context.by_name("max_cycle", kind));
        let seen = Seen::of(&context.register.standings, context.as_of().zone(), meta);
        let Some(due) = due(meta, longest, &seen) else {
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

/// Returns when the next review of a record is due, by the rule as the repository sets it; `None` where none is.
pub fn next_review(
    repository: &Repository,
    standings: &Standings,
    zone: Zone,
    meta: &Meta,
) -> Option<NextReview> {
    let setting = Setting::of_rule(&CHECK, &repository.configuration);
    let longest = longest(repository, meta, |kind| {
        setting.table("max_cycle").get(kind).copied()
    });
    due(meta, longest, &Seen::of(standings, zone, meta))
}

/// A template of changes has a cycle; a change ends by itself.
fn longest(repository: &Repository, meta: &Meta, of_kind: impl Fn(&str) -> Option<i64>) -> Option<i64> {
    let change = repository.changes.get(&meta.id);
    let is_template = change.is_some_and(|change| change.spec.template);
    of_kind(if is_template {
        "ChangeTemplate"
    } else {
        meta.kind.name()
    })
}

fn overdue(context: &Context<'_>, meta: &Meta, due: &NextReview, past: i64) -> Diagnostic {
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

fn soon(meta: &Meta, due: &NextReview, days: i64) -> Diagnostic {
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
    fn of(standings: &Standings, zone: Zone, meta: &Meta) -> Self {
        let standing = standings.of(meta.kind, &meta.id);
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

/// When the next review of a record is due, and why.
#[derive(Clone, Debug)]
pub struct NextReview {
    pub date: Date,
    /// What in the record says so.
    pub span: Span,
    pub reason: String,
}

/// Returns the earliest of the day that is written, the day that the cycle gives and the day that the kind gives.
///
/// A record that was never reviewed counts its cycle from the day on which it was written, and so does one whose
/// `review.last` is no day until which anybody signed anything. A draft has no cycle of its kind: it is not in force.
fn due(meta: &Meta, longest: Option<i64>, seen: &Seen) -> Option<NextReview> {
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
        .map(|days| NextReview {
            date: from.value.plus_days(days),
            span: from.span,
            reason: format!(
                "{reviewed} on {from}, at least every {days} d for a {}",
                meta.kind
            ),
        });
    let review = meta.review.as_ref();
    let written = review.and_then(|review| review.next).map(|next| NextReview {
        date: next.value,
        span: next.span,
        reason: "the day under `review.next`".into(),
    });
    let cycle = review.and_then(|review| review.cycle_days);
    let by_cycle = cycle.map(|cycle| NextReview {
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
