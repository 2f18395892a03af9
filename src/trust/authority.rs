//! Who may decide: holders of roles, deputies and delegates on a day, and what a role may approve.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::flaw::Flaw;
use crate::load::Repository;
use crate::model::{Date, Decision, Kind, MayApprove, Person, Record, RecordId, Role, Status, skeleton};

/// In what capacity somebody acts in a role.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Capacity {
    Holder,
    Deputy,
    /// By a written delegation of this holder.
    Delegate {
        of: RecordId,
    },
}

/// Says in what capacity a person acts in a role on a day, or why in none.
pub fn capacity(
    believed: &Repository,
    person: &RecordId,
    role: &RecordId,
    day: Date,
) -> Result<Capacity, Flaw> {
    let Some(who) = believed.people.get(person) else {
        return Err(Flaw::PersonUnknown);
    };
    if !is_active(who, day) {
        return Err(Flaw::PersonInactive { day });
    }
    let Some(found) = believed.roles.get(role) else {
        return Err(Flaw::RoleUnknown);
    };
    let draft = [&who.meta, &found.meta]
        .into_iter()
        .find(|meta| meta.declared() == Status::Draft);
    if let Some(draft) = draft {
        let id = draft.id.value.clone();
        return Err(Flaw::OnlyDraft { id });
    }
    if holds(found, person, day) {
        return Ok(Capacity::Holder);
    }
    let is_deputy = found
        .spec
        .deputy
        .as_ref()
        .is_some_and(|deputy| deputy.value.0 == *person);
    if is_deputy {
        return Ok(Capacity::Deputy);
    }
    delegated(believed, person, found, day)
}

/// A delegation counts while it is written, in its time, by somebody who holds the role that day.
fn delegated(
    believed: &Repository,
    person: &RecordId,
    role: &Record<Role>,
    day: Date,
) -> Result<Capacity, Flaw> {
    let mut lapsed = None;
    for from in &believed.people {
        for delegation in &from.spec.delegations {
            let is_meant = delegation.to.value.0 == *person
                && delegation.roles.iter().any(|named| named.value.0 == *role.id());
            if !is_meant {
                continue;
            }
            let in_time = delegation.from.value <= day && day <= delegation.until.value;
            if in_time && holds(role, from.id(), day) && is_active(from, day) {
                return Ok(Capacity::Delegate {
                    of: from.id().clone(),
                });
            }
            lapsed = Some(Flaw::DelegationLapsed {
                of: from.id().clone(),
                from: delegation.from.value,
                until: delegation.until.value,
                day,
            });
        }
    }
    Err(lapsed.unwrap_or(Flaw::RoleNotHeld { day }))
}

fn holds(role: &Record<Role>, person: &RecordId, day: Date) -> bool {
    role.spec.holders.iter().any(|holder| {
        holder.person.value.0 == *person
            && holder.from.value <= day
            && holder.to.is_none_or(|to| day <= to.value)
    })
}

/// Tells whether a person belongs to the organisation on a day.
pub fn is_active(person: &Record<Person>, day: Date) -> bool {
    let active = &person.spec.active;
    active.from.value <= day && active.to.is_none_or(|to| day <= to.value)
}

/// Tells whether a person holds a role on a day, in their own name.
pub fn is_holder(believed: &Repository, person: &RecordId, role: &RecordId, day: Date) -> bool {
    believed
        .roles
        .get(role)
        .is_some_and(|role| holds(role, person, day))
}

/// Returns the roles that a person holds on a day, in their own name.
pub fn roles_of<'a>(believed: &'a Repository, person: &RecordId, day: Date) -> Vec<&'a RecordId> {
    let held = believed.roles.iter().filter(|role| holds(role, person, day));
    held.map(Record::id).collect()
}

/// Says why a role may not approve a record; nothing when it may.
///
/// Of several entries for one kind the one with the fewest objections speaks.
pub fn objections(
    believed: &Repository,
    role: &RecordId,
    kind: &str,
    facts: Option<&Facts<'_>>,
) -> Vec<Flaw> {
    let Some(role) = believed.roles.get(role) else {
        return vec![Flaw::RoleUnknown];
    };
    let entries = role
        .spec
        .may_approve
        .iter()
        .filter(|may| may.kind == kind && may.fragment.is_none());
    let best = entries
        .map(|may| facts.map_or_else(Vec::new, |facts| against(believed, may, facts)))
        .min_by_key(Vec::len);
    best.unwrap_or_else(|| {
        vec![Flaw::KindNotAllowed {
            kind: kind.to_owned(),
        }]
    })
}

fn against(believed: &Repository, may: &MayApprove, facts: &Facts<'_>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if let (Some(max), Some(is)) = (may.max_severity, facts.severity)
        && is > max
    {
        flaws.push(Flaw::AboveSeverity { max, is });
    }
    if let Some(tiers) = &may.tiers {
        let outside: Vec<String> = facts
            .tiers
            .iter()
            .filter(|tier| !tiers.contains(tier))
            .cloned()
            .collect();
        let unknown = facts.tiers.is_empty() && facts.rank == Some(0);
        if !outside.is_empty() || unknown {
            flaws.push(Flaw::TierNotAllowed {
                outside,
                allowed: tiers.clone(),
            });
        }
    }
    if let Some(max) = may.max_days {
        match facts.days {
            Some(days) if days > i64::from(max) => flaws.push(Flaw::TooManyDays { max, days }),
            Some(_) => {}
            None if matches!(facts.kind, Kind::Exception | Kind::RiskAcceptance) => {
                flaws.push(Flaw::NoEnd { max });
            }
            None => {}
        }
    }
    if let Some(max) = &may.max_residual {
        let matrix = believed
            .isms
            .as_ref()
            .and_then(|isms| isms.spec.risk_matrix.as_ref());
        let rank = |level: &str| matrix.and_then(|matrix| matrix.rank(level));
        let is = facts.residual.as_deref();
        let fits = matches!((is.and_then(rank), rank(max)), (Some(is), Some(max)) if is <= max);
        if !fits {
            flaws.push(Flaw::AboveResidual {
                max: max.clone(),
                is: is.unwrap_or("not known").to_owned(),
            });
        }
    }
    flaws
}

/// Returns whose e-mail address it is; addresses that look alike are the same.
pub(super) fn person_at<'a>(believed: &'a Repository, email: &str) -> Option<&'a Record<Person>> {
    let email = skeleton(email);
    let mut people = believed.people.iter();
    people.find(|person| skeleton(&person.spec.email.value) == email)
}

/// Tells one human being from another: people who share a key or an address are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Humans {
    by_person: BTreeMap<RecordId, usize>,
}

impl Humans {
    /// Joins the people of a repository by their fingerprints and addresses.
    pub(super) fn of(believed: &Repository) -> Self {
        let mut by_mark: BTreeMap<String, usize> = BTreeMap::new();
        let mut parent: Vec<usize> = (0..believed.people.len()).collect();
        let mut by_person = BTreeMap::new();
        for (index, person) in believed.people.iter().enumerate() {
            by_person.insert(person.id().clone(), index);
            let email = skeleton(&person.spec.email.value);
            let keys = person.spec.keys.iter().map(|key| key.fingerprint.value.clone());
            for mark in keys.chain([email]) {
                let first = *by_mark.entry(mark).or_insert(index);
                let (one, other) = (root(&parent, first), root(&parent, index));
                parent[one.max(other)] = one.min(other);
            }
        }
        for index in by_person.values_mut() {
            *index = root(&parent, *index);
        }
        Self { by_person }
    }

    /// Tells whether two ids mean one human being.
    pub(super) fn are_same(&self, one: &RecordId, other: &RecordId) -> bool {
        one == other
            || matches!((self.by_person.get(one), self.by_person.get(other)), (Some(one), Some(other)) if one == other)
    }
}

fn root(parent: &[usize], mut at: usize) -> usize {
    while parent[at] != at {
        at = parent[at];
    }
    at
}

/// Tells whether a decision makes a record count; all others end or look at one.
pub(super) fn is_grant(decision: Decision) -> bool {
    match decision {
        Decision::Approve => true,
        Decision::Reject | Decision::Revoke | Decision::ReviewKeep | Decision::ReviewEnd => false,
    }
}
