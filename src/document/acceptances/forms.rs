//! The forms: what each acceptance says, and who signed it with which key.

use serde::Serialize;

use super::AcceptanceRow;
use crate::diagnostic::counted;
use crate::document::decisions::Phase;
use crate::document::ratings::{Pair, rating};
use crate::document::table::{Cell, Column, Layout, Mark, Table, Tone};
use crate::document::words::{
    compensating, day, days_left, decision_word, demands_in_words, name_of, remaining, spaced,
};
use crate::model::{Kind, RiskRating};
use crate::reconcile::Register;
use crate::trust::{Capacity, Decided};

/// One form, as the template writes it.
#[derive(Serialize)]
pub(super) struct Form {
    id: String,
    title: String,
    /// The sentence that was read before signing.
    statement: String,
    standing: String,
    facts: Vec<Fact>,
    alternatives: String,
    conditions: Vec<String>,
    compensating: Vec<String>,
    demands: Vec<String>,
    signatures: Vec<Signature>,
}

/// One line of a form.
#[derive(Serialize)]
struct Fact {
    item: &'static str,
    value: String,
}

/// One signature on a form.
#[derive(Serialize)]
struct Signature {
    decision: &'static str,
    person: String,
    role: String,
    on: String,
    how: String,
}

/// Fills the form of an acceptance.
pub(super) fn form(register: &Register<'_>, row: &AcceptanceRow<'_>) -> Form {
    let acceptance = row.acceptance;
    let decisions = &register.standings.of(Kind::RiskAcceptance, row.id()).decisions;
    Form {
        id: row.id().to_string(),
        title: row.row.meta.title.clone(),
        statement: acceptance.statement.clone(),
        standing: standing(register, row),
        facts: facts(register, row),
        alternatives: acceptance.alternatives_considered.clone(),
        conditions: acceptance.conditions.clone(),
        compensating: acceptance.compensating.iter().map(compensating).collect(),
        demands: demands_in_words(register, Kind::RiskAcceptance, row.id()),
        signatures: decisions
            .iter()
            .map(|decided| signature(register, decided))
            .collect(),
    }
}

/// Says in a sentence whether somebody bears the risk today.
fn standing(register: &Register<'_>, row: &AcceptanceRow<'_>) -> String {
    let word = spaced(row.row.mark.word);
    let days = row
        .row
        .expires
        .map(|expires| remaining(days_left(register, expires)));
    let days = days.unwrap_or_else(|| "no end told".to_owned());
    match row.row.phase {
        Phase::Active | Phase::Expiring => format!("{word}: approved and in force, {days}"),
        Phase::Expired => format!("{word}: {days}, and not closed"),
        Phase::NotApproved => format!("{word}: in force for nobody"),
        Phase::NotStarted => format!("{word}: approved, begins on {}", row.row.starts()),
        Phase::Ended => format!("{word}: no longer in force"),
    }
}

fn facts(register: &Register<'_>, row: &AcceptanceRow<'_>) -> Vec<Fact> {
    let acceptance = row.acceptance;
    let subject = &acceptance.subject;
    let mut facts = Vec::new();
    let mut add = |item, value: String| facts.push(Fact { item, value });
    add("Kind of acceptance", spaced(acceptance.acceptance_type.word()));
    add("Owner", row.row.meta.owner.to_string());
    let expires = row
        .row
        .expires
        .map_or_else(|| "no end told".to_owned(), |day| day.to_string());
    add("From and to", format!("{} to {expires}", row.row.starts()));
    add("Risk", risk(register, row));
    add("Inherent risk", rating(register, &acceptance.inherent));
    add("Residual risk", residual(register, &acceptance.residual));
    add("Systems", listed(&subject.systems));
    let hosts = match subject.resolved.len() {
        0 => "none named".to_owned(),
        number => format!("{}: {}", counted(number, "host"), listed(&subject.resolved)),
    };
    add("Hosts when it was signed", hosts);
    add("Vulnerabilities", listed(&subject.vulns));
    if !subject.patches.is_empty() {
        add("Patches", listed(&subject.patches));
    }
    let exploited = if acceptance.covers_exploited { "yes" } else { "no" };
    add("Holds for exploited vulnerabilities", exploited.to_owned());
    add("Annual review", review(register, row));
    if let Some(before) = &row.row.meta.renews {
        add("Renews", before.to_string());
    }
    add("Findings that it covers now", row.row.bearing.covered.to_string());
    facts
}

fn risk(register: &Register<'_>, row: &AcceptanceRow<'_>) -> String {
    let Some(id) = row.risk() else {
        return "not recorded".to_owned();
    };
    match register.repository.risks.get(id) {
        Some(risk) => format!("{id}: {}", risk.meta.title),
        None => format!("{id}, of which there is no record"),
    }
}

fn residual(register: &Register<'_>, of: &RiskRating) -> String {
    let above = Pair::of(of).is_above_appetite(register) == Some(true);
    format!(
        "{}{}",
        rating(register, of),
        if above { ", above the appetite" } else { "" }
    )
}

fn review(register: &Register<'_>, row: &AcceptanceRow<'_>) -> String {
    let reviewed = row.reviewed(register);
    let last = match (reviewed.recorded, reviewed.signed) {
        (_, Some(signed)) => format!("last signed on {signed}"),
        (Some(recorded), None) => format!("recorded for {recorded}, signed by nobody"),
        (None, None) => "none yet".to_owned(),
    };
    let Some(due) = reviewed.due else { return last };
    let late = if reviewed.is_overdue(register) {
        ", overdue"
    } else {
        ""
    };
    format!("{last}; next by {due}{late}")
}

fn listed<T: std::fmt::Display>(values: &[T]) -> String {
    if values.is_empty() {
        return "none named".to_owned();
    }
    values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

fn signature(register: &Register<'_>, decided: &Decided) -> Signature {
    let function = function(register, decided);
    let function = function.map_or_else(String::new, |function| format!(", {function}"));
    let capacity = capacity(decided).map_or_else(String::new, |capacity| format!(", {capacity}"));
    let why = why_not(decided);
    let how = match (&decided.fingerprint, why.is_empty()) {
        (Some(key), true) => format!("verified, key {key}"),
        (None, true) => "not verified".to_owned(),
        (_, false) => format!("does not count: {}", why.join("; ")),
    };
    Signature {
        decision: decision_word(decided.decision),
        person: format!(
            "{} ({}){function}",
            name_of(register, &decided.person),
            decided.person
        ),
        role: format!("{}{capacity}", decided.role),
        on: day(register.as_of, decided.at),
        how,
    }
}

fn function(register: &Register<'_>, decided: &Decided) -> Option<String> {
    let person = register.repository.people.get(&decided.person)?;
    Some(spaced(person.spec.function?.word()))
}

/// Says for whom a person signed who does not hold the role.
fn capacity(decided: &Decided) -> Option<String> {
    match decided.capacity.as_ref()? {
        Capacity::Holder => None,
        Capacity::Deputy => Some("as deputy".to_owned()),
        Capacity::Delegate { of } => Some(format!("delegated by {of}")),
    }
}

/// Lists why a signature does not count; empty where it does.
fn why_not(decided: &Decided) -> Vec<String> {
    let mut why: Vec<String> = decided.flaws.iter().map(ToString::to_string).collect();
    if why.is_empty() && !decided.counts() {
        why.push("it was given for another content than the record has now".to_owned());
    }
    if why.is_empty() && decided.is_overridden {
        why.push("the same person decided again later".to_owned());
    }
    why
}

const SIGNATURES: &[Column] = &[
    Column::new("acceptance", "Acceptance"),
    Column::new("decision", "Decision"),
    Column::new("person", "Person"),
    Column::new("name", "Name"),
    Column::new("function", "Function"),
    Column::new("role", "Role"),
    Column::new("capacity", "Capacity"),
    Column::new("on", "Day").tight(),
    Column::new("state", "State"),
    Column::new("key", "Key").wide(),
    Column::new("why_not", "Why it does not count").wide(),
];

/// Lists every signature on every acceptance.
pub(super) fn signature_table(register: &Register<'_>, rows: &[AcceptanceRow<'_>]) -> Table {
    let rows = rows.iter().flat_map(|row| {
        let standing = register.standings.of(Kind::RiskAcceptance, row.id());
        standing.decisions.iter().map(|decided| {
            let why = why_not(decided);
            let mark = |word, rank, tone| Cell::Mark(Mark { word, rank, tone });
            vec![
                Cell::shown(row.id()),
                Cell::text(decision_word(decided.decision)),
                Cell::shown(&decided.person),
                Cell::text(name_of(register, &decided.person)),
                Cell::maybe(function(register, decided)),
                Cell::shown(&decided.role),
                Cell::maybe(capacity(decided)),
                Cell::text(day(register.as_of, decided.at)),
                if why.is_empty() {
                    mark("counts", 1, Tone::Good)
                } else {
                    mark("does_not_count", 0, Tone::Bad)
                },
                Cell::maybe(decided.fingerprint.as_deref()),
                Cell::list(why),
            ]
        })
    });
    Table {
        name: "signatures",
        caption: "Signatures on the acceptances".into(),
        layout: Layout::Sortable,
        columns: SIGNATURES,
        rows: rows.collect(),
        when_empty: "No acceptance is signed.",
    }
}
