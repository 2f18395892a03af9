//! What a change does in governance terms: for people who must agree to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::governance::changes;

use crate::model::{Kind, RecordId, parse_date};
use crate::reconcile::Register;
use crate::trust::{CONFIGURATION_KIND, Change, Effect, KEYRING_KIND, RecordChange, RecordFate, Standing};

/// All that a change does.
#[derive(Clone, Debug)]
pub struct Changes {
    /// One line, such as `1 exception +37 d, 0 weakenings`.
    pub headline: String,
    /// How many edits weaken trust or rules, or take back what was decided.
    pub weakenings: usize,
    pub records: Vec<ChangedRecord>,
}

/// What a change does to one record.
#[derive(Clone, Debug)]
pub struct ChangedRecord {
    pub change: RecordChange,
    /// `added`, `changed`, `renewed` or `removed`.
    pub what: &'static str,
    /// Days by which it lasts longer, where that can be said.
    pub days: Option<i64>,
    /// Where its approvals stand; `None` where none are demanded.
    pub state: Option<&'static str>,
    /// Who must still approve.
    pub needs: Vec<Need>,
    /// The open findings that it stands for, or would once it is approved.
    pub covers: Vec<Covered>,
}

/// An approval that is missing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Need {
    pub who: Vec<String>,
    /// How many people it takes.
    pub people: usize,
    /// Who has approved.
    pub by: Vec<String>,
    pub because: String,
}

/// A finding that a decision is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Covered {
    pub host: Arc<str>,
    pub vuln: String,
    pub severity: &'static str,
    pub disposition: &'static str,
}

/// Says what a change does; the register is that of the repository with the change.
pub fn changes_of(register: &Register<'_>, change: &Change) -> Changes {
    let records: Vec<ChangedRecord> = changes(change, register.repository)
        .into_iter()
        .map(|one| record(register, change, one))
        .collect();
    let weakenings = records
        .iter()
        .flat_map(|one| &one.change.edits)
        .filter(|edit| edit.effect == Effect::Weakens)
        .count();
    Changes {
        headline: headline(&records, weakenings),
        weakenings,
        records,
    }
}

fn record(register: &Register<'_>, change: &Change, one: RecordChange) -> ChangedRecord {
    let what = match (one.fate, &one.renews) {
        (RecordFate::Added, Some(_)) => "renewed",
        (fate, _) => fate.word(),
    };
    let standing = standing(register, &one);
    let demanded = standing.filter(|standing| standing.is_demanded);
    let needs = demanded.map_or_else(Vec::new, |standing| {
        let missing = standing.missing();
        missing
            .map(|met| Need {
                who: met.demand.who(),
                people: met.needed,
                by: met.by.iter().map(ToString::to_string).collect(),
                because: met.demand.because.clone(),
            })
            .collect()
    });
    ChangedRecord {
        what,
        days: days(register, change, &one),
        state: demanded.map(|standing| standing.state.word()),
        needs,
        covers: covers(register, &one),
        change: one,
    }
}

fn standing<'a>(register: &'a Register<'_>, one: &RecordChange) -> Option<&'a Standing> {
    if one.kind == CONFIGURATION_KIND {
        return Some(register.standings.of_configuration());
    }
    let (kind, id) = (Kind::from_name(one.kind)?, RecordId::new(&one.id)?);
    Some(register.standings.of(kind, &id))
}

/// Counts the days by which a decision ends later: than before, or than the one that it renews.
fn days(register: &Register<'_>, change: &Change, one: &RecordChange) -> Option<i64> {
    let of_edit = one.edits.iter().find(|edit| edit.edit.field == "spec.expires");
    if let Some(edit) = of_edit {
        let day = |value: &Option<String>| parse_date(value.as_deref()?.trim_matches('"'));
        return Some(day(&edit.edit.after)?.days_since(day(&edit.edit.before)?));
    }
    if one.fate != RecordFate::Added {
        return None;
    }
    let id = RecordId::new(&one.id)?;
    let after = register.repository;
    let end = |repository: &crate::load::Repository, id: &RecordId| {
        let exception = repository.exceptions.get(id).map(|one| one.spec.expires.value);
        let acceptance = repository.acceptances.get(id).and_then(|one| one.spec.expires);
        exception.or(acceptance.map(|expires| expires.value))
    };
    let start = |id: &RecordId| {
        let exception = after.exceptions.get(id).map(|one| one.spec.starts.value);
        exception.or_else(|| after.acceptances.get(id).map(|one| one.spec.starts.value))
    };
    let until = end(after, &id)?;
    let before = one.renews.as_ref().and_then(|renewed| {
        let mut known = change.before.iter().filter_map(|before| end(before, renewed));
        known.next()
    });
    match before {
        Some(before) => Some(until.days_since(before)),
        None => Some(until.days_since(start(&id)?) + 1),
    }
}

/// Lists the findings that a decision names: hosts that it froze, with vulnerabilities that it is about.
fn covers(register: &Register<'_>, one: &RecordChange) -> Vec<Covered> {
    let Some(id) = RecordId::new(&one.id) else {
        return Vec::new();
    };
    let repository = register.repository;
    let words = |words: &[crate::source::Spanned<String>]| -> Vec<String> {
        words.iter().map(|word| word.value.to_lowercase()).collect()
    };
    let (names, hosts) = if let Some(exception) = repository.exceptions.get(&id) {
        let scope = &exception.spec.scope;
        (
            [words(&scope.vulns), words(&scope.patches)].concat(),
            words(&scope.resolved),
        )
    } else if let Some(acceptance) = repository.acceptances.get(&id) {
        let subject = &acceptance.spec.subject;
        (
            [words(&subject.vulns), words(&subject.patches)].concat(),
            words(&subject.resolved),
        )
    } else {
        return Vec::new();
    };
    let mut found: Vec<Covered> = register
        .findings
        .iter()
        .filter(|finding| finding.closed.is_none())
        .filter(|finding| {
            let vuln = finding.vuln.to_string().to_lowercase();
            let also = finding.said.aliases.iter().map(|alias| alias.to_lowercase());
            let patch = finding.said.remediation.iter().map(|patch| patch.to_lowercase());
            let is_named = std::iter::once(vuln)
                .chain(also)
                .chain(patch)
                .any(|name| names.contains(&name));
            let is_covered = finding
                .coverage
                .as_ref()
                .is_some_and(|coverage| coverage.id == id);
            is_covered || (is_named && hosts.contains(&finding.host.to_lowercase()))
        })
        .map(|finding| Covered {
            host: finding.host.clone(),
            vuln: finding.vuln.to_string(),
            severity: finding.severity.word(),
            disposition: finding.disposition.word(),
        })
        .collect();
    found.sort_by(|one, other| (&one.host, &one.vuln).cmp(&(&other.host, &other.vuln)));
    found
}

fn headline(records: &[ChangedRecord], weakenings: usize) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for one in records {
        match one.days {
            Some(days) => parts.push(format!("1 {} {days:+} d", noun(one.change.kind, 1))),
            None => *counts.entry(one.change.kind).or_default() += 1,
        }
    }
    parts.extend(
        counts
            .into_iter()
            .map(|(kind, count)| format!("{count} {}", noun(kind, count))),
    );
    if parts.is_empty() {
        parts.push("no record".into());
    }
    let word = if weakenings == 1 {
        "weakening"
    } else {
        "weakenings"
    };
    format!("{}, {weakenings} {word}", parts.join(", "))
}

/// Returns the word for a kind in a sentence.
fn noun(kind: &str, count: usize) -> String {
    let (one, many) = match Kind::from_name(kind) {
        Some(Kind::Isms) => ("management system", "management systems"),
        Some(Kind::Person) => ("person", "people"),
        Some(Kind::Role) => ("role", "roles"),
        Some(Kind::Policy) => ("policy", "policies"),
        Some(Kind::Soa) => ("statement of applicability", "statements of applicability"),
        Some(Kind::Risk) => ("risk", "risks"),
        Some(Kind::System) => ("system", "systems"),
        Some(Kind::Source) => ("source", "sources"),
        Some(Kind::Triage) => ("triage", "triages"),
        Some(Kind::Exception) => ("exception", "exceptions"),
        Some(Kind::RiskAcceptance) => ("risk acceptance", "risk acceptances"),
        Some(Kind::Sla) => ("agreement", "agreements"),
        Some(Kind::Change) => ("change of systems", "changes of systems"),
        Some(Kind::Calendar) => ("calendar", "calendars"),
        Some(Kind::Incident) => ("incident", "incidents"),
        Some(Kind::Evidence) => ("piece of evidence", "pieces of evidence"),
        Some(Kind::Approval) => ("approval", "approvals"),
        None if kind == KEYRING_KIND => ("keyring", "keyrings"),
        None => ("configuration", "configurations"),
    };
    if count == 1 { one } else { many }.to_owned()
}
