//! What waits for one person, and what ends soon that is theirs.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::check::next_review;
use crate::load::Repository;
use crate::model::{Date, Decision, Meta, RecordId, Status};
use crate::trust::{
    ApprovalState, Decided, Intent, Question, Standing, Standings, answers, foresee, is_holder,
    roles_in_any_capacity,
};

/// How far ahead an inbox looks, in days.
const DAYS_AHEAD: i64 = 30;

/// A demand that the person could answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub kind: String,
    pub id: RecordId,
    pub title: String,
    /// The role in which the person may answer.
    pub role: RecordId,
    pub because: String,
}

/// Something that ends, or is due, on a day.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Lapse {
    pub day: Date,
    pub what: String,
}

/// What waits for one person.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Inbox {
    pub waiting: Vec<Waiting>,
    /// The earliest first.
    pub lapses: Vec<Lapse>,
    /// Records that count by an emergency approval, and until when.
    pub fuses: Vec<(RecordId, DateTime<Utc>)>,
}

/// Collects what waits for a person at the moment of the question.
pub fn inbox(
    repository: &Repository,
    question: &Question<'_>,
    standings: &Standings,
    person: &RecordId,
) -> Inbox {
    let today = question.basis.zone().day_of(question.at);
    let mine = Mine {
        repository,
        person,
        today,
    };
    let mut inbox = Inbox::default();
    for (kind, id, standing) in standings.iter() {
        if standing.state == ApprovalState::Emergency {
            let emergency = standing.emergency.iter();
            inbox
                .fuses
                .extend(emergency.map(|emergency| (id.clone(), emergency.until)));
        }
        let title = repository.record(id).map_or("", |meta| meta.title.as_str());
        if let Some((role, because)) = waits(repository, question, (kind, id), standing, person) {
            inbox.waiting.push(Waiting {
                kind: kind.to_owned(),
                id: id.clone(),
                title: title.to_owned(),
                role,
                because,
            });
        }
    }
    inbox.lapses.extend(mine.decisions(standings));
    inbox.lapses.extend(mine.trust());
    inbox.lapses.extend(mine.reviews(question, standings));
    inbox.lapses.sort();
    inbox.lapses.dedup();
    inbox
}

/// Finds the role in which the person could answer a demand that is open, and why it is made.
fn waits(
    repository: &Repository,
    question: &Question<'_>,
    subject: (&str, &RecordId),
    standing: &Standing,
    person: &RecordId,
) -> Option<(RecordId, String)> {
    let is_open = match standing.state {
        ApprovalState::Absent | ApprovalState::Pending | ApprovalState::Stale | ApprovalState::Emergency => {
            true
        }
        ApprovalState::Approved | ApprovalState::Rejected | ApprovalState::Revoked => false,
    };
    let meta = repository.record(subject.1);
    let is_asked_for = meta.is_none_or(|meta| meta.declared() == Status::Submitted);
    // Who has answered one demand does not count for a second one.
    let has_answered = standing.demands.iter().any(|met| met.by.contains(person));
    if !is_open || !is_asked_for || !standing.is_demanded || has_answered {
        return None;
    }
    for role in roles_in_any_capacity(question, person) {
        let mut open = standing.missing();
        let Some(met) = open.find(|met| answers(question, &met.demand, person, role)) else {
            continue;
        };
        let intent = Intent {
            kind: subject.0,
            id: subject.1,
            decision: Decision::Approve,
            role,
            person,
            at: question.at,
        };
        if foresee(repository, question, &intent).is_empty() {
            return Some((role.clone(), met.demand.because.clone()));
        }
    }
    None
}

/// What belongs to one person.
struct Mine<'a> {
    repository: &'a Repository,
    person: &'a RecordId,
    today: Date,
}

impl Mine<'_> {
    fn is_near(&self, day: Date) -> bool {
        self.today <= day && day <= self.today.plus_days(DAYS_AHEAD)
    }

    fn owns(&self, meta: &Meta) -> bool {
        let owner = &meta.owner.value;
        owner == self.person || is_holder(self.repository, self.person, owner, self.today)
    }

    /// Exceptions and acceptances that the person owns or has approved, and nobody has renewed.
    fn decisions(&self, standings: &Standings) -> Vec<Lapse> {
        let repository = self.repository;
        let asked = repository.records().filter(|meta| meta.is_live());
        let renewed: BTreeSet<&RecordId> = asked
            .filter_map(|meta| meta.renews.as_ref())
            .map(|renews| &renews.value)
            .collect();
        let exceptions = repository
            .exceptions
            .iter()
            .map(|record| (&record.meta, Some(record.spec.expires.value)));
        let acceptances = repository
            .acceptances
            .iter()
            .map(|record| (&record.meta, record.spec.expires.map(|expires| expires.value)));
        let mut lapses = Vec::new();
        for (meta, expires) in exceptions.chain(acceptances) {
            let Some(day) = expires.filter(|day| self.is_near(*day)) else {
                continue;
            };
            let is_standing = meta.declared() == Status::Submitted && !renewed.contains(&meta.id.value);
            let approved = |decided: &Decided| {
                decided.person == *self.person && decided.decision == Decision::Approve && decided.counts()
            };
            let is_mine = self.owns(meta) || standings.of(meta.kind, &meta.id).decisions.iter().any(approved);
            if is_standing && is_mine {
                let what = format!("{} {} ends", meta.kind, meta.id);
                lapses.push(Lapse { day, what });
            }
        }
        lapses
    }

    /// Delegations, terms of roles, and keys.
    fn trust(&self) -> Vec<Lapse> {
        let mut lapses = Vec::new();
        let mut push = |day: Date, what: String| {
            if self.is_near(day) {
                lapses.push(Lapse { day, what });
            }
        };
        for person in &self.repository.people {
            for delegation in &person.spec.delegations {
                let to = &delegation.to.value.0;
                if person.id() == self.person || to == self.person {
                    let roles: Vec<&str> = delegation
                        .roles
                        .iter()
                        .map(|role| role.value.0.as_str())
                        .collect();
                    let what = format!(
                        "the delegation of {} by {} to {to} ends",
                        roles.join(", "),
                        person.id()
                    );
                    push(delegation.until.value, what);
                }
            }
            for key in person.spec.keys.iter().filter(|_| person.id() == self.person) {
                if let Some(last) = key.valid_to {
                    push(last.value, format!("the key {} ends", key.fingerprint.value));
                }
            }
        }
        for role in &self.repository.roles {
            for holder in role
                .spec
                .holders
                .iter()
                .filter(|holder| holder.person.value.0 == *self.person)
            {
                if let Some(last) = holder.to {
                    push(last.value, format!("the term as {} ends", role.id()));
                }
            }
        }
        lapses
    }

    /// Reviews of records that the person owns; those that are overdue too.
    fn reviews(&self, question: &Question<'_>, standings: &Standings) -> Vec<Lapse> {
        let zone = question.basis.zone();
        let owned = self
            .repository
            .records()
            .filter(|meta| meta.is_live() && self.owns(meta));
        owned
            .filter_map(|meta| {
                let day = next_review(self.repository, standings, zone, meta)?.date;
                let what = format!("{} {} is to be reviewed", meta.kind, meta.id);
                (day <= self.today.plus_days(DAYS_AHEAD)).then_some(Lapse { day, what })
            })
            .collect()
    }
}
