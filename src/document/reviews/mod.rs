//! D07, the review of exceptions: what a committee has to decide, what the facts suggest, and what was decided.

mod agenda;
mod decided;

use serde::Serialize;

use super::cover::each_once;
use super::decisions::Phase;
use super::figure::{Drawing, Figure, Fill, Milestone, Stretch, Timeline};
use super::table::{Cell, Column, Layout, Table};
use super::{DocumentKind, Request, View, values};
use crate::diagnostic::counted;
use crate::model::Kind;
use crate::reconcile::Register;
use agenda::{Item, Suggestion, agenda_table, items};
pub(super) use decided::member_table;
use decided::{Reviews, decision_table};

/// The review of exceptions.
pub(in crate::document) const D07: DocumentKind = DocumentKind {
    id: "D07",
    slug: "exception-review",
    title: "Review of exceptions",
    audience: "the committee that reviews exceptions, auditors",
    purpose: "Which exceptions are to be decided, what the facts suggest for each, and what was decided and signed.",
    template: "D07.md",
    tables: &["totals", "agenda", "oldest", "decisions", "members"],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Review {
    agenda: usize,
    period_from: String,
    period_to: String,
    signed: usize,
    unsigned: usize,
}

/// So many of the oldest are listed.
const OLDEST: usize = 5;

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let items = items(request);
    let reviews = Reviews::of(register);
    let underlying = items
        .iter()
        .map(|item| (Kind::Exception, item.row.meta.id.value.clone()));
    View {
        classification: "confidential",
        values: values(&Review {
            agenda: items.len(),
            period_from: register.period.from.to_string(),
            period_to: register.period.to.to_string(),
            signed: reviews.signed,
            unsigned: reviews.unsigned,
        }),
        tables: vec![
            totals(register, &items, &reviews),
            agenda_table(register, &items),
            oldest(register, &items),
            decision_table(reviews),
            member_table(register),
        ],
        figures: vec![lives(register, &items)],
        underlying: each_once(underlying.collect()),
    }
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn totals(register: &Register<'_>, items: &[Item<'_>], reviews: &Reviews) -> Table {
    let of = |wanted: Suggestion| Cell::count(items.iter().filter(|item| item.suggestion == wanted).count());
    let all = format!("of {} on the agenda", items.len());
    let late: u64 = items.iter().map(|item| item.late_findings).sum();
    let days: i64 = items.iter().map(|item| item.late_days).sum();
    let granted = items.iter().filter(|item| item.row.phase != Phase::NotApproved);
    let oldest = granted.map(|item| item.row.age_days(register)).max();
    let row =
        |label: &str, number: Cell, meaning: String| vec![Cell::text(label), number, Cell::text(meaning)];
    let rows = vec![
        row(
            "On the agenda",
            Cell::count(items.len()),
            "in force, expired and not closed, or waiting for approval".into(),
        ),
        row("Facts suggest: escalate", of(Suggestion::Escalate), all.clone()),
        row("Facts suggest: close", of(Suggestion::Close), all.clone()),
        row("Facts suggest: keep", of(Suggestion::Keep), all),
        row(
            "Oldest, in days",
            oldest.map_or_else(|| Cell::text("n/a"), Cell::Number),
            "since the first of its chain was granted".into(),
        ),
        row(
            "Past due, in finding-days",
            Cell::count(days),
            format!(
                "days past the first due date, summed up over {}",
                counted(late as usize, "open finding")
            ),
        ),
        row(
            "Signed reviews",
            Cell::count(reviews.signed),
            format!(
                "in the period, over {}, by {}",
                counted(reviews.exceptions, "exception"),
                counted(reviews.people, "person")
            ),
        ),
    ];
    Table {
        name: "totals",
        caption: "The review in figures".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows,
        when_empty: "",
    }
}

const OLDEST_COLUMNS: &[Column] = &[
    Column::new("exception", "Exception").tight(),
    Column::beneath("title", ""),
    Column::new("age_days", "Days since first granted"),
    Column::new("renewals", "Renewals"),
    Column::new("target", "Planned end").tight(),
    Column::new("last_review", "Last signed review").wide(),
    Column::new("facts_suggest", "Facts suggest"),
];

/// Lists the oldest with what was done about them.
fn oldest(register: &Register<'_>, items: &[Item<'_>]) -> Table {
    let granted = items.iter().filter(|item| item.row.phase != Phase::NotApproved);
    let rows = granted.take(OLDEST).map(|item| {
        let plan = item.exception.plan.as_ref();
        let target = plan.and_then(|plan| plan.target_date).map(|target| target.value);
        vec![
            Cell::shown(&item.row.meta.id.value),
            Cell::text(item.row.meta.title.as_str()),
            Cell::Number(item.row.age_days(register)),
            Cell::count(item.row.chain.len() - 1),
            target.map_or_else(|| Cell::text("none"), Cell::shown),
            Cell::text(item.last_review.clone()),
            Cell::Mark(item.suggestion.mark()),
        ]
    });
    Table {
        name: "oldest",
        caption: "The oldest that were granted, and what was done about them".into(),
        layout: Layout::Plain,
        columns: OLDEST_COLUMNS,
        rows: rows.collect(),
        when_empty: "No exception on the agenda was granted.",
    }
}

/// Draws each exception from the first grant to its last day.
fn lives(register: &Register<'_>, items: &[Item<'_>]) -> Figure {
    let stretch = |item: &Item<'_>| {
        let plan = item.exception.plan.as_ref();
        let target = plan.and_then(|plan| plan.target_date).map(|target| Milestone {
            on: target.value,
            word: "planned end".into(),
            is_done: false,
        });
        let reviews = item.reviews.iter().map(|on| Milestone {
            on: *on,
            word: "signed review".into(),
            is_done: true,
        });
        Stretch {
            label: item.row.meta.id.to_string(),
            days: Some((item.row.first_granted, item.exception.expires.value)),
            fill: match item.row.phase {
                Phase::Active | Phase::Expiring => Fill::Dotted,
                Phase::Expired => Fill::Hatched,
                Phase::NotApproved | Phase::NotStarted | Phase::Ended => Fill::Blank,
            },
            milestones: reviews.chain(target).collect(),
        }
    };
    Figure {
        name: "lives",
        title: "Exceptions on the agenda, from the first grant to the last day".into(),
        unit: "exceptions",
        drawing: Drawing::Timeline(Timeline {
            legend: vec![
                (Fill::Dotted, "in force"),
                (Fill::Hatched, "expired, not closed"),
                (Fill::Blank, "not approved"),
            ],
            today: register.as_of.day(),
            rows: items.iter().map(stretch).collect(),
        }),
    }
}
