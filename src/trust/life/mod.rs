//! The life of one record as history tells it: written, changed, decided about, renewed, ended, removed.

mod chain;
mod many;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::authority::person_at;
use super::change::Change;
use super::edit::{Edit, edits};
use super::past::{id_of, kind_of};
use super::standing::{CONFIGURATION_ID, CONFIGURATION_KIND, Standing, Standings};
use crate::load::{CONFIGURATION, LoadLimits, Repository};
use crate::model::{AsOf, Decision, Kind, RecordId, parse_date, parse_instant};
use crate::source::{Commit, ContentId, ContentReader, FileId, History, Identity, PathChange, parse};

use chain::{Renewals, chain};

pub use chain::Chain;
pub use many::lives_of;

/// A text may have this many bytes in an old commit; one that is too large for a record is not compared.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// What happened to a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    Created,
    Changed,
    /// Its end was moved to a later day.
    Weakened,
    /// Its end was moved to an earlier day.
    Tightened,
    /// Its file got another name.
    Moved,
    /// Its status says that it has ended.
    Closed,
    Removed,
    Approved,
    Rejected,
    Revoked,
    Reviewed,
    /// The file of a decision was changed, which nobody may.
    DecisionChanged,
    DecisionRemoved,
    /// Another record prolongs it.
    Renewed,
}

/// A decision as its file says it, and whether it counts today.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DecisionTold {
    /// Relative to the governed root.
    pub path: Arc<str>,
    pub person: String,
    pub role: String,
    pub at: Option<DateTime<Utc>>,
    /// `None` where it is not judged: its file is gone, or it is later than the moment.
    pub counts: Option<bool>,
    /// Why it does not count.
    pub why: Vec<String>,
}

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    pub kind: EventKind,
    /// When the commit was made; of what is in no commit, when it was decided.
    pub at: DateTime<Utc>,
    /// The commit, in full; `None` for what is in none yet.
    pub commit: Option<String>,
    pub author: Option<Identity>,
    /// The person whose address the author has.
    pub person: Option<RecordId>,
    /// Whether the commit carries a signature, good or not.
    pub is_signed: bool,
    pub fields: Vec<Edit>,
    /// The other path or record that it is about.
    pub other: Option<String>,
    pub decision: Option<DecisionTold>,
}

/// The life of a record.
#[derive(Clone, Debug)]
pub struct Life<'a> {
    pub id: RecordId,
    /// The name of the kind.
    pub kind: &'static str,
    /// `None` where the record is gone.
    pub title: Option<String>,
    /// Where it lies, or last lay.
    pub path: Arc<str>,
    pub is_present: bool,
    /// In the order of history.
    pub events: Vec<Event>,
    pub chain: Option<Chain>,
    pub standing: Option<&'a Standing>,
}

/// What a life is told from.
#[derive(Clone, Copy, Debug)]
pub struct LifeQuestion<'q, 'a> {
    pub repository: &'q Repository,
    pub history: &'q History,
    pub reader: &'q ContentReader,
    pub standings: &'a Standings,
    pub as_of: AsOf,
}

/// Tells the life of a record; `None` where neither the records nor history know it.
pub fn life_of<'a>(question: LifeQuestion<'_, 'a>, id: &RecordId) -> Result<Option<Life<'a>>> {
    let Some((path, kind)) = find(question, id) else {
        return Ok(None);
    };
    let renewals = Renewals::of(question.repository);
    let mut teller = Teller::new(question, (id, kind), &path, &renewals);
    for commit in question.history.commits.iter().rev() {
        teller.commit(commit, commit.changes.iter().rev())?;
    }
    Ok(Some(teller.end(path)))
}

/// Finds where a record lies or last lay; no kind is the configuration.
fn find(question: LifeQuestion<'_, '_>, id: &RecordId) -> Option<(Arc<str>, Option<Kind>)> {
    if id.as_str() == CONFIGURATION_ID {
        return Some((CONFIGURATION.into(), None));
    }
    if let Some(known) = question.repository.known.get(id) {
        return Some((Arc::clone(&known.path), Some(known.kind)));
    }
    let commits = question.history.commits.iter().rev();
    commits
        .flat_map(|commit| &commit.changes)
        .find_map(|change| match kind_of(&change.path) {
            Some(kind) if id_of(&change.path).as_ref() == Some(id) => {
                Some((Arc::clone(&change.path), Some(kind)))
            }
            Some(_) | None => None,
        })
}

struct Teller<'a, 'b> {
    question: LifeQuestion<'b, 'a>,
    id: &'b RecordId,
    kind: Option<Kind>,
    standing: Option<&'a Standing>,
    /// The names that the file has had so far, going back.
    tracked: BTreeSet<Arc<str>>,
    all_renewals: &'b Renewals,
    renewals: BTreeMap<Arc<str>, RecordId>,
    /// The decisions that a commit brought.
    told: BTreeSet<Arc<str>>,
    /// The newest first.
    events: Vec<Event>,
}

impl<'a, 'b> Teller<'a, 'b> {
    fn new(
        question: LifeQuestion<'b, 'a>,
        (id, kind): (&'b RecordId, Option<Kind>),
        path: &Arc<str>,
        all_renewals: &'b Renewals,
    ) -> Self {
        Self {
            question,
            id,
            kind,
            standing: question
                .standings
                .get(kind.map_or(CONFIGURATION_KIND, Kind::name), id),
            tracked: BTreeSet::from([Arc::clone(path)]),
            all_renewals,
            renewals: all_renewals.of_record(id),
            told: BTreeSet::new(),
            events: Vec::new(),
        }
    }

    fn end(mut self, path: Arc<str>) -> Life<'a> {
        self.events.reverse();
        self.uncommitted();
        let repository = self.question.repository;
        Life {
            id: self.id.clone(),
            kind: self.kind.map_or(CONFIGURATION_KIND, Kind::name),
            title: repository.record(self.id).map(|meta| meta.title.clone()),
            is_present: repository.files.contains(&path),
            path,
            chain: chain(repository, self.all_renewals, self.id, self.question.as_of),
            standing: self.standing,
            events: self.events,
        }
    }

    /// Tells what a commit did, by those of its changes that may bear on the record, the last one first.
    fn commit<'c>(&mut self, commit: &Commit, changes: impl Iterator<Item = &'c PathChange>) -> Result<()> {
        let decisions = format!("approvals/{}/", self.id);
        for change in changes {
            let path = &change.path;
            let event = if path.starts_with(&decisions) && path.ends_with(".yaml") {
                Some(self.decision(commit, change)?)
            } else if self.tracked.contains(path) {
                self.own(commit, change)?
            } else if let Some(other) = self.renewals.get(path).filter(|_| change.before.is_none()) {
                let mut event = self.event(EventKind::Renewed, commit);
                event.other = Some(other.to_string());
                Some(event)
            } else if self.kind.is_none() && Change::is_guarded(path) {
                let mut event = self.event(EventKind::Changed, commit);
                event.other = Some(path.to_string());
                Some(event)
            } else {
                None
            };
            self.events.extend(event);
        }
        // Its old names count in older commits only: in this one, that they are gone is the renaming itself.
        let renamed = commit
            .changes
            .iter()
            .filter(|change| self.tracked.contains(&change.path));
        let old: Vec<Arc<str>> = renamed.filter_map(|change| change.renamed_from.clone()).collect();
        self.tracked.extend(old);
        Ok(())
    }

    fn event(&self, kind: EventKind, commit: &Commit) -> Event {
        let person = person_at(self.question.repository, &commit.author.email);
        Event {
            kind,
            at: commit.committed_at,
            commit: Some(commit.id.clone()),
            author: Some(commit.author.clone()),
            person: person.map(|person| person.id().clone()),
            is_signed: commit.is_signed,
            fields: Vec::new(),
            other: None,
            decision: None,
        }
    }

    /// Tells what a commit did to the file of the record.
    fn own(&self, commit: &Commit, change: &PathChange) -> Result<Option<Event>> {
        let Some(after) = change.after else {
            let to = commit
                .changes
                .iter()
                .find(|other| other.renamed_from.as_ref() == Some(&change.path));
            let kind = if to.is_some() {
                EventKind::Moved
            } else {
                EventKind::Removed
            };
            let mut event = self.event(kind, commit);
            event.other = to.map(|to| to.path.to_string());
            return Ok(Some(event));
        };
        let Some(before) = change.before else {
            return Ok(Some(self.event(EventKind::Created, commit)));
        };
        let fields = edits(self.kind, &self.read(before)?, &self.read(after)?).unwrap_or_default();
        let kind = if change.renamed_from.is_some() {
            EventKind::Moved
        } else {
            kind_of_edits(&fields)
        };
        let mut event = self.event(kind, commit);
        event.other = change.renamed_from.as_ref().map(ToString::to_string);
        event.fields = fields;
        Ok(Some(event))
    }

    fn decision(&mut self, commit: &Commit, change: &PathChange) -> Result<Event> {
        let shown = change.after.or(change.before);
        let text = shown.map(|content| self.read(content)).transpose()?;
        let (decision, mut told) = told(&change.path, &text.unwrap_or_default());
        let kind = match (change.before, change.after) {
            (_, None) => EventKind::DecisionRemoved,
            (Some(_), Some(_)) => EventKind::DecisionChanged,
            (None, Some(_)) => decision.map_or(EventKind::DecisionChanged, kind_of_decision),
        };
        if change.after.is_some() {
            self.told.insert(Arc::clone(&change.path));
            self.judged(&mut told);
        }
        let mut event = self.event(kind, commit);
        event.decision = Some(told);
        Ok(event)
    }

    /// Adds whether a decision counts.
    fn judged(&self, told: &mut DecisionTold) {
        let decisions = self.standing.map_or(&[][..], |standing| &standing.decisions);
        let Some(decided) = decisions.iter().find(|decided| decided.path == told.path) else {
            return;
        };
        told.counts = Some(decided.counts());
        told.why = decided.flaws.iter().map(ToString::to_string).collect();
        if !decided.covers_current && told.why.is_empty() && !decided.counts() {
            told.why
                .push("it covers another content than the record has now".into());
        }
    }

    /// Adds the decisions that lie there and are in no commit yet.
    fn uncommitted(&mut self) {
        let decisions = self.standing.map_or(&[][..], |standing| &standing.decisions);
        for decided in decisions
            .iter()
            .filter(|decided| !self.told.contains(&decided.path))
        {
            let mut told = DecisionTold {
                path: Arc::clone(&decided.path),
                person: decided.person.to_string(),
                role: decided.role.to_string(),
                at: Some(decided.at),
                counts: None,
                why: Vec::new(),
            };
            self.judged(&mut told);
            self.events.push(Event {
                kind: kind_of_decision(decided.decision),
                at: decided.at,
                commit: None,
                author: None,
                person: Some(decided.person.clone()),
                is_signed: false,
                fields: Vec::new(),
                other: None,
                decision: Some(told),
            });
        }
    }

    /// Reads a text; one that is none is empty.
    fn read(&self, content: ContentId) -> Result<String> {
        let bytes = self.question.reader.read(&content, MAX_TEXT_BYTES)?;
        Ok(String::from_utf8(bytes).unwrap_or_default())
    }
}

fn kind_of_decision(decision: Decision) -> EventKind {
    match decision {
        Decision::Approve => EventKind::Approved,
        Decision::Reject => EventKind::Rejected,
        Decision::Revoke | Decision::ReviewEnd => EventKind::Revoked,
        Decision::ReviewKeep => EventKind::Reviewed,
    }
}

/// Reads what the file of a decision says, whoever wrote it.
fn told(path: &Arc<str>, text: &str) -> (Option<Decision>, DecisionTold) {
    let node = parse(FileId(0), text, LoadLimits::default().yaml).ok();
    let field = |name: &str| -> String {
        let value = node.as_ref().and_then(|node| node.get(name)?.text());
        value.unwrap_or_default().to_owned()
    };
    let decision = match field("decision").as_str() {
        "approve" => Some(Decision::Approve),
        "reject" => Some(Decision::Reject),
        "revoke" => Some(Decision::Revoke),
        "review_keep" => Some(Decision::ReviewKeep),
        "review_end" => Some(Decision::ReviewEnd),
        _ => None,
    };
    let told = DecisionTold {
        path: Arc::clone(path),
        person: field("person"),
        role: field("role"),
        at: parse_instant(&field("at")).map(|at| at.utc()),
        counts: None,
        why: Vec::new(),
    };
    (decision, told)
}

/// Says what edits come to: an end, a later end, an earlier one, or just a change.
fn kind_of_edits(fields: &[Edit]) -> EventKind {
    let plain = |text: &Option<String>| text.as_deref().map(|text| text.trim_matches('"').to_owned());
    let of = |field: &str| fields.iter().find(|edit| edit.field == field);
    let ends = |status: &str| matches!(status, "closed" | "revoked" | "superseded");
    if of("status").is_some_and(|edit| plain(&edit.after).is_some_and(|status| ends(&status))) {
        return EventKind::Closed;
    }
    let Some(expires) = of("spec.expires") else {
        return EventKind::Changed;
    };
    let day = |text: &Option<String>| plain(text).and_then(|text| parse_date(&text));
    match (day(&expires.before), day(&expires.after)) {
        (Some(before), Some(after)) if after > before => EventKind::Weakened,
        (Some(_), None) => EventKind::Weakened,
        (Some(_), Some(_)) | (None, Some(_)) => EventKind::Tightened,
        (None, None) => EventKind::Changed,
    }
}
