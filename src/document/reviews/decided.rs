//! What was decided at reviews, one by one, and who may sign off.

use std::collections::BTreeSet;

use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, decision_word, name_of, verification};
use crate::model::{Decision, Exception, Kind, PersonFunction, Record, RecordId, RoleType};
use crate::reconcile::Register;
use crate::trust::{Decided, is_holder};

/// The reviews of the period.
pub(super) struct Reviews {
    rows: Vec<Vec<Cell>>,
    /// Reviews whose signature counts.
    pub(super) signed: usize,
    /// Reviews that a record tells of, or whose signature does not count.
    pub(super) unsigned: usize,
    /// Exceptions with a signed review.
    pub(super) exceptions: usize,
    /// People who signed one.
    pub(super) people: usize,
}

const DECISIONS: &[Column] = &[
    Column::new("on", "On").tight(),
    Column::new("exception", "Exception").tight(),
    Column::beneath("title", ""),
    Column::new("decision", "Decision"),
    Column::new("person", "By"),
    Column::beneath("role", "").around("as ", "").tight(),
    Column::new("note", "What the record notes").wide(),
    Column::beneath("reason", "").around("reason: ", ""),
    Column::new("standing", "Standing"),
    Column::beneath("why", ""),
    Column::new("key", "Key"),
];

impl Reviews {
    /// Collects the signed reviews of the period, and those that records tell of without a signature.
    pub(super) fn of(register: &Register<'_>) -> Self {
        let mut found: Vec<(String, String, Vec<Cell>)> = Vec::new();
        let (mut exceptions, mut people) = (BTreeSet::new(), BTreeSet::new());
        let (mut signed, mut unsigned) = (0, 0);
        for exception in &register.repository.exceptions {
            for decided in reviews_of(register, exception) {
                if decided.counts() {
                    signed += 1;
                    exceptions.insert(exception.id());
                    people.insert(&decided.person);
                } else {
                    unsigned += 1;
                }
                let row = signed_row(register, exception, decided);
                found.push((day(register.as_of, decided.at), exception.id().to_string(), row));
            }
            for row in unsigned_rows(register, exception) {
                unsigned += 1;
                found.push(row);
            }
        }
        found.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
        Self {
            rows: found.into_iter().map(|(_, _, row)| row).collect(),
            signed,
            unsigned,
            exceptions: exceptions.len(),
            people: people.len(),
        }
    }
}

/// Returns the decisions at reviews that were signed in the period.
fn reviews_of<'a>(
    register: &'a Register<'_>,
    exception: &'a Record<Exception>,
) -> impl Iterator<Item = &'a Decided> {
    let (zone, period) = (register.as_of.zone(), register.period);
    let standing = register.standings.of(Kind::Exception, exception.id());
    standing.decisions.iter().filter(move |decided| {
        matches!(decided.decision, Decision::ReviewKeep | Decision::ReviewEnd)
            && (period.from..=period.to).contains(&zone.day_of(decided.at))
    })
}

fn signed_row(register: &Register<'_>, exception: &Record<Exception>, decided: &Decided) -> Vec<Cell> {
    let on = register.as_of.zone().day_of(decided.at);
    let noted = exception.spec.reviews.iter();
    let mut noted = noted.filter(|review| review.at.value == on && review.by.value.0 == decided.person);
    let (word, rank, tone) = if decided.counts() {
        ("signed", 2, Tone::Good)
    } else {
        ("does_not_count", 1, Tone::Bad)
    };
    vec![
        Cell::shown(on),
        Cell::shown(exception.id()),
        Cell::text(exception.meta.title.as_str()),
        Cell::text(decision_word(decided.decision)),
        person(register, &decided.person),
        Cell::shown(&decided.role),
        Cell::maybe(noted.next().map(|review| review.outcome.as_str())),
        Cell::text(decided.reason.as_str()),
        Cell::Mark(Mark { word, rank, tone }),
        Cell::maybe((!decided.counts()).then(|| verification(decided))),
        decided
            .fingerprint
            .as_deref()
            .map_or(Cell::Empty, |key| Cell::Code(key.into())),
    ]
}

fn person(register: &Register<'_>, id: &RecordId) -> Cell {
    Cell::text(format!("{} ({id})", name_of(register, id)))
}

/// Lists reviews of the period that the record tells of and nobody signed.
fn unsigned_rows(register: &Register<'_>, exception: &Record<Exception>) -> Vec<(String, String, Vec<Cell>)> {
    let (zone, period) = (register.as_of.zone(), register.period);
    let decisions = &register.standings.of(Kind::Exception, exception.id()).decisions;
    let told = exception.spec.reviews.iter().filter(|review| {
        let is_signed = decisions.iter().any(|decided| {
            matches!(decided.decision, Decision::ReviewKeep | Decision::ReviewEnd)
                && decided.person == review.by.value.0
                && zone.day_of(decided.at) == review.at.value
        });
        !is_signed && (period.from..=period.to).contains(&review.at.value)
    });
    let rows = told.map(|review| {
        let mut row = vec![Cell::Empty; DECISIONS.len()];
        row[0] = Cell::shown(review.at.value);
        row[1] = Cell::shown(exception.id());
        row[2] = Cell::text(exception.meta.title.as_str());
        row[3] = Cell::text("told by the record alone");
        row[4] = person(register, &review.by.value.0);
        row[6] = Cell::text(review.outcome.as_str());
        row[8] = Cell::Mark(Mark {
            word: "not_signed",
            rank: 0,
            tone: Tone::Bad,
        });
        (review.at.value.to_string(), exception.id().to_string(), row)
    });
    rows.collect()
}

/// Lists the reviews of the period by day.
pub(super) fn decision_table(reviews: Reviews) -> Table {
    Table {
        name: "decisions",
        caption: "Decisions at reviews of the period, one by one".into(),
        layout: Layout::Sortable,
        columns: DECISIONS,
        rows: reviews.rows,
        when_empty: "Nobody has signed a review in the period.",
    }
}

const MEMBERS: &[Column] = &[
    Column::new("committee", "Committee").tight(),
    Column::beneath("title", ""),
    Column::beneath("quorum", "").around("quorum ", ""),
    Column::new("member", "Member"),
    Column::new("function", "From"),
];

/// Lists the members of the committees on the day of as-of.
pub(in crate::document) fn member_table(register: &Register<'_>) -> Table {
    let (repository, today) = (register.repository, register.as_of.day());
    let mut rows = Vec::new();
    let committees = repository.roles.iter();
    for role in committees.filter(|role| role.spec.role_type == RoleType::Committee && role.meta.is_live()) {
        let members = repository.people.iter();
        let members = members.filter(|person| is_holder(repository, person.id(), role.id(), today));
        rows.extend(members.map(|person| {
            vec![
                Cell::shown(role.id()),
                Cell::text(role.meta.title.as_str()),
                role.spec.quorum.map_or(Cell::Empty, Cell::count),
                Cell::text(format!("{} ({})", person.spec.name, person.id())),
                Cell::text(person.spec.function.map_or("not told", function)),
            ]
        }));
    }
    Table {
        name: "members",
        caption: "Members of the committees".into(),
        layout: Layout::Plain,
        columns: MEMBERS,
        rows,
        when_empty: "No role of the repository is a committee with members.",
    }
}

fn function(function: PersonFunction) -> &'static str {
    match function {
        PersonFunction::ItOps => "IT operations",
        PersonFunction::Security => "security",
        PersonFunction::Compliance => "compliance",
        PersonFunction::Business => "business",
        PersonFunction::Legal => "legal",
        PersonFunction::Soc => "security operations",
        PersonFunction::Audit => "audit",
    }
}
