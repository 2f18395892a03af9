//! What is to be decided: each exception with age, days past due, plan and what the facts suggest.

use super::super::Request;
use super::super::decisions::{Body, DecisionRow, Phase, decision_rows};
use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, days_left, decision_word, name_of, severity};
use crate::diagnostic::Level;
use crate::diagnostic::counted;
use crate::model::{Date, Decision, Exception, Kind, RecordId};
use crate::reconcile::Register;

/// What facts suggest; nobody but the committee decides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Suggestion {
    Keep,
    Close,
    Escalate,
}

impl Suggestion {
    pub(super) fn mark(self) -> Mark {
        let (word, rank, tone) = match self {
            Self::Escalate => ("escalate", 0, Tone::Warning),
            Self::Close => ("close", 1, Tone::Decided),
            Self::Keep => ("keep", 2, Tone::Quiet),
        };
        Mark { word, rank, tone }
    }
}

/// One exception on the agenda.
pub(super) struct Item<'a> {
    pub(super) row: DecisionRow<'a>,
    pub(super) exception: &'a Exception,
    /// Open findings under it, or left by it, whose first due date has passed.
    pub(super) late_findings: u64,
    /// The days since, summed up.
    pub(super) late_days: i64,
    /// The days of reviews whose signature counts, by time.
    pub(super) reviews: Vec<Date>,
    pub(super) last_review: String,
    pub(super) suggestion: Suggestion,
    pub(super) facts: Vec<String>,
}

/// Lists what is to be decided, the oldest first.
pub(super) fn items<'a>(request: &Request<'a>) -> Vec<Item<'a>> {
    let mut items: Vec<Item<'a>> = decision_rows(request)
        .into_iter()
        .filter(|row| match row.phase {
            Phase::Active | Phase::Expiring | Phase::Expired | Phase::NotApproved => true,
            Phase::NotStarted | Phase::Ended => false,
        })
        .filter_map(|row| match row.body {
            Body::Exception(exception) => Some(item(request, row, exception)),
            Body::Acceptance(_) => None,
        })
        .collect();
    items.sort_by_key(|item| (item.row.first_granted, item.row.meta.id.value.clone()));
    items
}

fn item<'a>(request: &Request<'a>, row: DecisionRow<'a>, exception: &'a Exception) -> Item<'a> {
    let register = request.register;
    let id = &row.meta.id.value;
    let (late_findings, late_days) = past_due(register, id);
    let standing = register.standings.of(Kind::Exception, id);
    let signed = standing.decisions.iter().filter(|decided| {
        matches!(decided.decision, Decision::ReviewKeep | Decision::ReviewEnd) && decided.counts()
    });
    let zone = register.as_of.zone();
    let last = signed.clone().max_by_key(|decided| decided.at);
    let last_review = last.map_or_else(
        || "none".to_owned(),
        |decided| {
            let name = name_of(register, &decided.person);
            format!(
                "{}: {} by {name}",
                day(register.as_of, decided.at),
                decision_word(decided.decision)
            )
        },
    );
    let mut reviews: Vec<Date> = signed.map(|decided| zone.day_of(decided.at)).collect();
    reviews.sort_unstable();
    let (suggestion, facts) = weigh(request, &row, exception);
    Item {
        exception,
        late_findings,
        late_days,
        reviews,
        last_review,
        suggestion,
        facts,
        row,
    }
}

/// Counts the open findings that a decision holds up, and the days since their first due dates.
fn past_due(register: &Register<'_>, id: &RecordId) -> (u64, i64) {
    let (zone, today) = (register.as_of.zone(), register.as_of.day());
    let held = register.findings.iter().filter(|finding| {
        let covers = finding
            .coverage
            .as_ref()
            .is_some_and(|coverage| coverage.id == *id);
        !finding.disposition.is_closed() && (covers || finding.lapsed.contains(id))
    });
    held.map(|finding| today.days_since(zone.day_of(finding.base_due)))
        .filter(|days| *days > 0)
        .fold((0, 0), |(findings, sum), days| (findings + 1, sum + days))
}

/// Collects the facts, and what they come to: with nothing left under it close, with an objection escalate, else keep.
fn weigh(request: &Request<'_>, row: &DecisionRow<'_>, exception: &Exception) -> (Suggestion, Vec<String>) {
    let (register, bearing) = (request.register, row.bearing);
    let held = bearing.covered + bearing.suspended + bearing.lapsed;
    let is_approved = row.phase != Phase::NotApproved;
    if held == 0 && is_approved {
        return (
            Suggestion::Close,
            vec!["no open finding is left under it".to_owned()],
        );
    }
    let mut objections = Vec::new();
    if bearing.lapsed > 0 {
        let findings = counted(bearing.lapsed as usize, "finding");
        objections.push(format!("{findings} still open after it ended"));
    }
    if bearing.suspended > 0 {
        let findings = counted(bearing.suspended as usize, "finding");
        objections.push(format!("set aside for {findings}: exploited"));
    }
    if !is_approved {
        objections.push("not approved: it covers nothing".to_owned());
    }
    let target = exception.plan.as_ref().and_then(|plan| plan.target_date);
    match target.map(|target| target.value) {
        None => objections.push("no planned end".to_owned()),
        Some(target) if days_left(register, target) < 0 => {
            objections.push(format!("the planned end, {target}, has passed"));
        }
        Some(target) if target > exception.expires.value => {
            objections.push(format!("the planned end, {target}, lies after its last day"));
        }
        Some(_) => {}
    }
    if exception
        .dispute
        .as_ref()
        .is_some_and(|dispute| dispute.decision.is_none())
    {
        objections.push("a dispute over it is undecided".to_owned());
    }
    let id = row.meta.id.value.as_str();
    let of_record = request.provenance.diagnostics.iter();
    let of_record = of_record.filter(|one| one.level == Level::Error && one.subject.as_deref() == Some(id));
    objections.extend(of_record.map(|one| format!("{}: {}", one.code, one.message)));
    if objections.is_empty() {
        let findings = counted(bearing.covered as usize, "finding");
        let left = counted(
            days_left(register, exception.expires.value).unsigned_abs() as usize,
            "day",
        );
        return (
            Suggestion::Keep,
            vec![format!(
                "{findings} under it, the planned end lies ahead, {left} left"
            )],
        );
    }
    (Suggestion::Escalate, objections)
}

const AGENDA: &[Column] = &[
    Column::new("exception", "Exception").wide(),
    Column::beneath("title", ""),
    Column::beneath("severity", ""),
    Column::beneath("owner", "").around("owner ", "").tight(),
    Column::new("state", "State").tight(),
    Column::beneath("expires", "").around("to ", "").tight(),
    Column::new("age_days", "Age, days").tight(),
    Column::beneath("renewals", "").around("renewals: ", ""),
    Column::new("covered", "Findings under it").tight(),
    Column::beneath("suspended", "").around("set aside: ", ""),
    Column::beneath("lapsed", "").around("left by it: ", ""),
    Column::new("late_days", "Past due, finding-days").tight(),
    Column::beneath("late_findings", "").around("over findings: ", ""),
    Column::new("target", "Plan").wide(),
    Column::beneath("progress", ""),
    Column::beneath("steps", ""),
    Column::beneath("change", ""),
    Column::new("last_review", "Last signed review"),
    Column::new("facts_suggest", "Facts suggest").wide(),
    Column::beneath("facts", ""),
];

/// Lists what is to be decided.
pub(super) fn agenda_table(register: &Register<'_>, items: &[Item<'_>]) -> Table {
    Table {
        name: "agenda",
        caption: "Exceptions to decide, the oldest first".into(),
        layout: Layout::Sortable,
        columns: AGENDA,
        rows: items.iter().map(|item| agenda_row(register, item)).collect(),
        when_empty: "No exception is in force, expired and open, or waiting for approval.",
    }
}

fn agenda_row(register: &Register<'_>, item: &Item<'_>) -> Vec<Cell> {
    let (row, exception) = (&item.row, item.exception);
    let plan = exception.plan.as_ref();
    let target = plan.and_then(|plan| plan.target_date).map(|target| target.value);
    let some = |count: u64| {
        if count == 0 {
            Cell::Empty
        } else {
            Cell::count(count)
        }
    };
    vec![
        Cell::shown(&row.meta.id.value),
        Cell::text(row.meta.title.as_str()),
        Cell::Mark(severity(exception.severity.value)),
        Cell::shown(&row.meta.owner),
        Cell::Mark(row.mark),
        Cell::shown(exception.expires.value),
        Some(row.age_days(register))
            .filter(|days| *days >= 0)
            .map_or_else(|| Cell::text("not begun"), Cell::Number),
        some(row.chain.len() as u64 - 1),
        Cell::count(row.bearing.covered),
        some(row.bearing.suspended),
        some(row.bearing.lapsed),
        Cell::Number(item.late_days),
        some(item.late_findings),
        target.map_or_else(
            || Cell::text("no planned end"),
            |target| Cell::text(format!("end planned on {target}")),
        ),
        Cell::maybe(target.map(|target| progress(register, row.first_granted, target))),
        Cell::list(
            plan.into_iter()
                .flat_map(|plan| plan.steps.iter().map(String::as_str)),
        ),
        Cell::maybe(
            plan.and_then(|plan| plan.change.as_ref())
                .map(|change| change_state(register, &change.value.0)),
        ),
        Cell::text(item.last_review.as_str()),
        Cell::Mark(item.suggestion.mark()),
        Cell::list(item.facts.iter().map(String::as_str)),
    ]
}

/// Says how much of the time to the planned end has passed; progress of single steps is not recorded.
fn progress(register: &Register<'_>, from: Date, target: Date) -> String {
    let (passed, all) = (register.as_of.day().days_since(from), target.days_since(from));
    match days_left(register, target) {
        left if left < 0 => format!(
            "{} past the planned end",
            counted(left.unsigned_abs() as usize, "day")
        ),
        _ if passed < 0 => format!("begins on {from}"),
        _ => format!("{passed} of {all} days have passed"),
    }
}

fn change_state(register: &Register<'_>, id: &RecordId) -> String {
    let Some(change) = register.repository.changes.get(id) else {
        return format!("change {id}: no such record");
    };
    let execution = change.spec.execution.as_ref();
    let result = change
        .spec
        .result
        .as_ref()
        .map(|result| result.value.word().replace('_', " "));
    match (result, execution.and_then(|execution| execution.finished)) {
        (Some(result), _) => format!("change {id}: {result}"),
        (None, Some(finished)) => format!(
            "change {id}: done on {}",
            day(register.as_of, finished.value.utc())
        ),
        (None, None) => match change.spec.start {
            Some(start) => format!(
                "change {id}: planned for {}",
                day(register.as_of, start.value.utc())
            ),
            None => format!("change {id}: no time planned"),
        },
    }
}
