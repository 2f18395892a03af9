//! `status`: what a record waits for, and what waits for a person.

use std::io::{self, Write};

use super::identity::identify;
use super::subject::{id_of, question_of, standing_of, subject_of};
use crate::author::{Inbox, Subject, inbox, until_words};
use crate::cli::args::{At, Global, Status};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, ERRORS, Failure};
use crate::cli::job::{Job, open};
use crate::load::Repository;
use crate::model::{Decision, KeyPurpose, RecordId, utc_text};
use crate::output::text::visible;
use crate::trust::{
    ApprovalState, Approver, Candidate, Decided, Met, Question, Standing, answers, candidates, judge,
};

/// The columns before what a line says.
const LABEL: usize = 14;
/// The most people that are named for one demand.
const MAX_NAMED: usize = 6;

pub(in crate::cli) fn status(
    console: &mut Console<'_>,
    global: &Global,
    status: &Status,
) -> Result<u8, Failure> {
    let id = status.id.as_deref().map(id_of).transpose()?;
    let job = open(console, global, &At::default())?;
    match id {
        Some(id) => of_record(console, &job, &id),
        None => of_person(console, &job, status),
    }
}

fn of_record(console: &mut Console<'_>, job: &Job, id: &RecordId) -> Result<u8, Failure> {
    let Some(subject) = subject_of(console, job, id)? else {
        return Ok(ERRORS);
    };
    let question = question_of(job, Some(&subject))?;
    let standings = judge(&job.repository, &question);
    let standing = standing_of(&standings, &subject);
    let mut rows = vec![("record", format!("{} {id}", subject.kind))];
    if let Some(meta) = subject.meta {
        rows.push(("title", meta.title.clone()));
        rows.push(("owner", meta.owner.value.to_string()));
        rows.push(("status", meta.declared().word().to_owned()));
    }
    rows.push(("digest", subject.digest(&job.repository)?));
    tell_rows(console.out, &rows)?;
    tell_needs(console.out, &job.repository, &question, &subject, standing)?;
    let decisions: Vec<_> = standing
        .decisions
        .iter()
        .map(|decided| ("decided", verdict(decided)))
        .collect();
    tell_rows(console.out, &decisions)?;
    if let Some(until) = until_words(&job.repository, id, job.as_of) {
        tell_rows(console.out, &[("ends", until)])?;
    }
    Ok(CLEAN)
}

/// Says what one decision is worth.
fn verdict(decided: &Decided) -> String {
    let what = match decided.decision {
        Decision::Approve => "approved",
        Decision::Reject => "rejected",
        Decision::Revoke => "revoked",
        Decision::ReviewKeep => "reviewed and kept",
        Decision::ReviewEnd => "reviewed and ended",
    };
    let worth = if !decided.flaws.is_empty() {
        let flaws: Vec<String> = decided
            .flaws
            .iter()
            .map(|flaw| format!("{} {flaw}", flaw.code()))
            .collect();
        format!("does not count: {}", flaws.join("; "))
    } else if !decided.counts() {
        "does not count: it is about another content".into()
    } else if decided.is_overridden {
        "counted, until the same person decided anew".into()
    } else {
        "counts".into()
    };
    let at = utc_text(decided.at);
    let reason = if decided.reason.is_empty() {
        String::new()
    } else {
        format!(" ({})", decided.reason)
    };
    format!(
        "{at} {} as {} {what}{reason}: {worth}",
        decided.person, decided.role
    )
}

/// Tells the state of a record, and each of its demands with who has answered it or who could.
pub(super) fn tell_needs(
    out: &mut dyn Write,
    repository: &Repository,
    question: &Question<'_>,
    subject: &Subject<'_>,
    standing: &Standing,
) -> io::Result<()> {
    let mut rows = vec![("state", state(subject, standing))];
    let is_open = standing.missing().next().is_some();
    let people = if is_open {
        candidates(
            repository,
            question,
            (subject.kind, subject.id),
            Decision::Approve,
        )
    } else {
        Vec::new()
    };
    for met in &standing.demands {
        rows.push(("needs", need(question, standing, met, &people)));
    }
    tell_rows(out, &rows)
}

fn state(subject: &Subject<'_>, standing: &Standing) -> String {
    let id = subject.id;
    match standing.state {
        ApprovalState::Absent if !standing.is_demanded => {
            "not approved; its approvals are asked for when it is submitted, or changed in a pull request"
                .into()
        }
        ApprovalState::Absent => format!("`{id}` is approved by nobody yet"),
        ApprovalState::Pending => format!("`{id}` is not approved yet"),
        ApprovalState::Approved => format!("`{id}` is approved"),
        ApprovalState::Emergency => {
            let until = standing.emergency.as_ref().map(|emergency| emergency.until);
            let until = until.map(utc_text);
            format!(
                "`{id}` counts by an emergency approval until {}, and is to be ratified before",
                until.unwrap_or_default()
            )
        }
        ApprovalState::Stale => {
            format!("`{id}` was changed after it was approved, and is to be approved anew")
        }
        ApprovalState::Rejected => format!("`{id}` is rejected"),
        ApprovalState::Revoked => format!("`{id}` is revoked"),
    }
}

/// Says who is asked, why, and who has answered or could.
fn need(question: &Question<'_>, standing: &Standing, met: &Met, people: &[Candidate]) -> String {
    let who = met.demand.who().join(" or ");
    let seats = if met.needed > 1 {
        format!(", {} of {} people", met.by.len(), met.needed)
    } else {
        String::new()
    };
    let by: Vec<&str> = met.by.iter().map(RecordId::as_str).collect();
    let answer = match (met.is_met(), by.is_empty()) {
        (true, _) => format!("approved by {}", by.join(", ")),
        (false, false) => format!(
            "approved by {}; {}",
            by.join(", "),
            could(question, standing, met, people)
        ),
        (false, true) => could(question, standing, met, people),
    };
    format!("{who}{seats} ({}): {answer}", met.demand.because)
}

/// Names those who could answer a demand: in a role of it, and not barred.
fn could(question: &Question<'_>, standing: &Standing, met: &Met, people: &[Candidate]) -> String {
    let is_counted = |person: &RecordId| standing.demands.iter().any(|other| other.by.contains(person));
    let mut names: Vec<String> = Vec::new();
    let mut barred: Vec<String> = Vec::new();
    for candidate in people {
        let is_fitting = answers(question, &met.demand, &candidate.person, &candidate.role);
        if !is_fitting || is_counted(&candidate.person) {
            continue;
        }
        if let Some(flaw) = candidate.flaws.first() {
            barred.push(format!("{} may not: {flaw}", candidate.person));
            continue;
        }
        let key = if has_key(question, &candidate.person) {
            ""
        } else {
            ", who has no key for it"
        };
        let role = match &met.demand.by {
            Approver::Roles(roles) | Approver::Committee(roles) if roles.len() < 2 => String::new(),
            Approver::Roles(_) | Approver::Committee(_) | Approver::Business | Approver::Person(_) => {
                format!(" as {}", candidate.role)
            }
        };
        names.push(format!("{}{role}{key}", candidate.person));
    }
    let more = names.len() > MAX_NAMED;
    names.truncate(MAX_NAMED);
    if more {
        names.push("…".into());
    }
    barred.truncate(MAX_NAMED);
    match (names.is_empty(), barred.is_empty()) {
        (false, _) => format!("open; could be {}", names.join(", ")),
        (true, false) => format!("open; {}", barred.join("; ")),
        (true, true) if met.has_double => "open; one person counts once, and nobody else holds it".into(),
        (true, true) => "open; nobody holds it today".into(),
    }
}

fn has_key(question: &Question<'_>, person: &RecordId) -> bool {
    let day = question.basis.zone().day_of(question.at);
    let person = question.basis.repository.people.get(person);
    person.is_some_and(|person| {
        person.spec.keys.iter().any(|key| {
            key.purpose.unwrap_or(KeyPurpose::Approve) == KeyPurpose::Approve
                && key.valid_from.value <= day
                && key.valid_to.is_none_or(|last| day <= last.value)
        })
    })
}

fn of_person(console: &mut Console<'_>, job: &Job, status: &Status) -> Result<u8, Failure> {
    let question = question_of(job, None)?;
    let identity = match identify(console, job, &question, status.key.as_deref())? {
        Ok(identity) => identity,
        Err(flaw) => {
            return Err(Failure::usage(format!(
                "the key says nothing of whose inbox it is: {flaw}"
            )));
        }
    };
    let standings = judge(&job.repository, &question);
    let inbox = inbox(&job.repository, &question, &standings, &identity.person);
    tell_inbox(console.out, &identity.person, &inbox)?;
    Ok(CLEAN)
}

fn tell_inbox(out: &mut dyn Write, person: &RecordId, inbox: &Inbox) -> io::Result<()> {
    if inbox == &Inbox::default() {
        return writeln!(
            out,
            "nothing waits for {person}, and nothing of theirs ends in the next 30 days"
        );
    }
    let waiting: Vec<[String; 4]> = inbox
        .waiting
        .iter()
        .map(|one| {
            [
                one.id.to_string(),
                format!("as {}", one.role),
                one.because.clone(),
                one.title.clone(),
            ]
        })
        .collect();
    table(out, &format!("waits for {person}"), &waiting)?;
    let lapses: Vec<[String; 2]> = inbox
        .lapses
        .iter()
        .map(|one| [one.day.to_string(), one.what.clone()])
        .collect();
    table(out, "ends or is due by then", &lapses)?;
    let fuses: Vec<[String; 2]> = inbox
        .fuses
        .iter()
        .map(|(id, until)| {
            let until = utc_text(*until);
            [
                until,
                format!("the emergency approval of {id} ends unless it is ratified"),
            ]
        })
        .collect();
    table(out, "emergency approvals", &fuses)
}

/// Writes a heading and aligned rows; nothing where there are none.
fn table<const N: usize>(out: &mut dyn Write, heading: &str, rows: &[[String; N]]) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", visible(heading))?;
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect())
        .collect();
    let wide = |column: usize| {
        let cells = shown.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    for row in &shown {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = if column + 1 < N { wide(column) } else { 0 };
            format!("{cell:width$}")
        });
        writeln!(out, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

/// Writes lines of a label and what it says, aligned and made harmless.
pub(super) fn tell_rows(out: &mut dyn Write, rows: &[(&str, String)]) -> io::Result<()> {
    for (label, text) in rows {
        writeln!(out, "{label:LABEL$}{}", visible(text))?;
    }
    Ok(())
}
