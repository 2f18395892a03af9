//! One decision judged: signature, person, authority, separation of duties, time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::authority::{Capacity, Humans, capacity, is_grant, is_holder, objections, person_at, roles_of};
use super::edit::Edit;
use super::facts::Facts;
use super::flaw::Flaw;
use super::keyring::Keyring;
use super::rules::ApprovalRules;
use super::sshsig::{Namespace, Signature, VerifyError};
use crate::load::{ApprovalFile, Repository};
use crate::model::{Date, Decision, KeyPurpose, Kind, Meta, Person, Record, RecordId, Zone};

/// Whom and what to believe: keys, people, roles, the matrix.
#[derive(Clone, Debug)]
pub struct Basis<'a> {
    pub repository: &'a Repository,
    pub keyring: Keyring,
    pub(super) humans: Humans,
}

impl<'a> Basis<'a> {
    /// Takes the keyring from the repository itself.
    pub fn of(repository: &'a Repository) -> Self {
        let keyring = Keyring::of(&repository.keyring);
        Self::with_keyring(repository, keyring)
    }

    /// Takes a keyring that was got elsewhere.
    pub fn with_keyring(repository: &'a Repository, keyring: Keyring) -> Self {
        Self {
            repository,
            keyring,
            humans: Humans::of(repository),
        }
    }

    /// Returns the zone in which days are counted.
    pub fn zone(&self) -> Zone {
        self.repository.zone()
    }
}

/// What git and its anchors tell of one approval file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Witness {
    /// When the commit was made that brought the file.
    pub committed_at: Option<DateTime<Utc>>,
    /// The latest anchor at which it was not there.
    pub absent_at: Option<DateTime<Utc>>,
    /// The earliest anchor at which it was there as it is.
    pub present_at: Option<DateTime<Utc>>,
}

/// What history tells beside the records.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    /// By the path of the approval.
    pub witnesses: BTreeMap<Arc<str>, Witness>,
    /// The e-mail of whoever last changed the content of a record, and the commit.
    pub authors: BTreeMap<RecordId, (String, String)>,
    /// What differs between the content that was last approved and the one that a record has now.
    pub edits: BTreeMap<RecordId, Vec<Edit>>,
}

impl Testimony {
    /// Returns when the commit was made that brought a decision, if the decision claims to be younger than that.
    pub(super) fn earlier_commit(&self, file: &ApprovalFile, rules: &ApprovalRules) -> Option<DateTime<Utc>> {
        let committed = self.witnesses.get(&file.path)?.committed_at?;
        let skew = TimeDelta::minutes(rules.max_skew_minutes.clamp(0, 1 << 20));
        (file.approval.at.value.utc() > committed + skew).then_some(committed)
    }
}

/// What a decision is judged by, beside the file itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bench<'a> {
    pub(super) basis: &'a Basis<'a>,
    pub(super) rules: &'a ApprovalRules,
    pub(super) testimony: &'a Testimony,
}

impl Bench<'_> {
    /// Judges the signature: whose key it is, and whether it counted at the time that the file claims.
    pub(super) fn signature(&self, text: &str, file: &ApprovalFile) -> Result<String, Flaw> {
        let person = &file.approval.person.value.0;
        let at = file.approval.at.value.utc();
        let Some(who) = self.basis.repository.people.get(person) else {
            return Err(Flaw::PersonUnknown);
        };
        let Some(signature) = &file.signature else {
            return Err(Flaw::Unsigned);
        };
        let email = &who.spec.email.value;
        let keyring = &self.basis.keyring;
        let judged = keyring.judge_as(email, signature, text.as_bytes(), Namespace::Approval, at);
        let signed = match judged {
            Ok(signed) => signed,
            Err(error @ VerifyError::Revoked { .. }) if self.was_anchored(who, signature, file) => keyring
                .without_revocation()
                .judge_as(email, signature, text.as_bytes(), Namespace::Approval, at)
                .map_err(|_| Flaw::Signature(error))?,
            Err(error) => return Err(Flaw::Signature(error)),
        };
        let day = self.basis.zone().day_of(at);
        let listed = key_of(who, &signed.fingerprint, day);
        if !listed {
            return Err(Flaw::KeyNotInRecord {
                fingerprint: signed.fingerprint,
            });
        }
        self.against_anchor(who, &signed.fingerprint, file)?;
        Ok(signed.fingerprint)
    }

    /// A signature from before the loss of a key stays good only if an anchor from before it holds the file.
    ///
    /// The day of the loss is the last day of the key in the person's record; without one nothing stays good.
    fn was_anchored(&self, who: &Record<Person>, signature: &[u8], file: &ApprovalFile) -> bool {
        let Ok(signature) = Signature::parse(signature) else {
            return false;
        };
        let fingerprint = signature.key().fingerprint();
        let Some(lost) = last_moment(who, &fingerprint, self.basis.zone()) else {
            return false;
        };
        let witness = self.testimony.witnesses.get(&file.path);
        witness
            .and_then(|witness| witness.present_at)
            .is_some_and(|present| present <= lost)
    }

    /// What an anchor shows to be missing when the key had ended was signed after it, whatever the file claims.
    fn against_anchor(
        &self,
        who: &Record<Person>,
        fingerprint: &str,
        file: &ApprovalFile,
    ) -> Result<(), Flaw> {
        let witness = self.testimony.witnesses.get(&file.path);
        let absent_at = witness.and_then(|witness| witness.absent_at);
        let ended = last_moment(who, fingerprint, self.basis.zone());
        match (absent_at, ended) {
            (Some(absent_at), Some(ended)) if ended < absent_at => {
                Err(Flaw::AgainstAnchor { absent_at, ended })
            }
            (_, _) => Ok(()),
        }
    }

    /// Judges authority and time of a decision over the record as it is.
    pub(super) fn authority(
        &self,
        file: &ApprovalFile,
        record: Option<(&Meta, &Facts<'_>)>,
    ) -> (Option<Capacity>, Vec<Flaw>) {
        let approval = &file.approval;
        let (person, role) = (&approval.person.value.0, &approval.role.value.0);
        let at = approval.at.value.utc();
        let day = self.basis.zone().day_of(at);
        let believed = self.basis.repository;
        let mut flaws = Vec::new();
        let capacity = match capacity(believed, person, role, day) {
            Ok(capacity) => Some(capacity),
            Err(flaw) => {
                flaws.push(flaw);
                None
            }
        };
        let facts = record.map(|(_, facts)| facts);
        let is_collector = facts.is_some_and(|facts| facts.collector == Some(person));
        if is_grant(approval.decision) && capacity.is_some() && !is_collector {
            flaws.extend(objections(believed, role, &approval.subject.kind, facts));
        }
        flaws.extend(self.time(file, record, day));
        if let (Some((_, facts)), Some(capacity)) = (record, &capacity)
            && matches!(approval.decision, Decision::Approve | Decision::ReviewKeep)
            && !is_collector
        {
            flaws.extend(self.duties(file, facts, capacity, day));
        }
        (capacity, flaws)
    }

    fn time(&self, file: &ApprovalFile, record: Option<(&Meta, &Facts<'_>)>, day: Date) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if let Some(committed) = self.testimony.earlier_commit(file, self.rules) {
            flaws.push(Flaw::AfterCommit { committed });
        }
        let Some((meta, facts)) = record else { return flaws };
        if day < meta.created.value {
            flaws.push(Flaw::BeforeRecord {
                field: "created",
                day: meta.created.value,
            });
        }
        if let Some(requested) = facts.requested_on.filter(|requested| day < *requested) {
            flaws.push(Flaw::BeforeRecord {
                field: "requested_on",
                day: requested,
            });
        }
        flaws
    }

    /// Separation of duties.
    fn duties(&self, file: &ApprovalFile, facts: &Facts<'_>, capacity: &Capacity, day: Date) -> Vec<Flaw> {
        let approval = &file.approval;
        let (person, role) = (&approval.person.value.0, &approval.role.value.0);
        let believed = self.basis.repository;
        let same = |other: &RecordId| self.basis.humans.are_same(person, other);
        let mut flaws = Vec::new();
        if let Some(requester) = facts.requester {
            let of = match capacity {
                Capacity::Delegate { of } => Some(of),
                Capacity::Holder | Capacity::Deputy => None,
            };
            if same(requester) {
                flaws.push(Flaw::Requester {
                    requester: requester.clone(),
                });
            } else if of.is_some_and(|of| self.basis.humans.are_same(of, requester)) {
                flaws.push(Flaw::RequesterByDelegate {
                    requester: requester.clone(),
                });
            }
        }
        if approval.decision != Decision::Approve {
            return flaws;
        }
        flaws.extend(self.author(person, facts.id));
        if facts.beneficiaries.iter().any(|beneficiary| same(beneficiary)) {
            flaws.push(Flaw::Beneficiary);
        }
        let is_decision = matches!(facts.kind, Kind::Exception | Kind::RiskAcceptance | Kind::Triage);
        // Another record of the same human being holds and owns on behalf of this one.
        let alike: Vec<&RecordId> = believed
            .people
            .iter()
            .map(Record::id)
            .filter(|id| same(id))
            .collect();
        let owns = same(facts.owner) || alike.iter().any(|one| is_holder(believed, one, facts.owner, day));
        // A risk that a person owns by name is theirs to accept.
        let is_their_risk = facts.risk_owner == Some(person) && facts.owner == person;
        if is_decision && owns && role != facts.owner && !is_their_risk {
            flaws.push(Flaw::OwnerBenefits {
                owner: facts.owner.clone(),
            });
        }
        let mut held = alike.iter().flat_map(|one| roles_of(believed, one, day));
        let other = held.find(|other| are_incompatible(believed, role, other));
        if let Some(other) = other {
            flaws.push(Flaw::Incompatible {
                role: role.clone(),
                other: other.clone(),
            });
        }
        flaws
    }

    fn author(&self, person: &RecordId, record: &RecordId) -> Option<Flaw> {
        let (email, commit) = self.testimony.authors.get(record)?;
        let author = person_at(self.basis.repository, email)?;
        self.basis
            .humans
            .are_same(person, author.id())
            .then(|| Flaw::Author {
                commit: commit.get(..12).unwrap_or(commit).to_owned(),
            })
    }
}

fn are_incompatible(believed: &Repository, one: &RecordId, other: &RecordId) -> bool {
    let names = |role: &RecordId, named: &RecordId| {
        believed.roles.get(role).is_some_and(|role| {
            role.spec
                .incompatible_with
                .iter()
                .any(|incompatible| incompatible.value.0 == *named)
        })
    };
    one != other && (names(one, other) || names(other, one))
}

/// Tells whether a person's record holds a key for approvals on a day.
pub(super) fn key_of(who: &Record<Person>, fingerprint: &str, day: Date) -> bool {
    who.spec.keys.iter().any(|key| {
        key.fingerprint.value == fingerprint
            && key.purpose.unwrap_or(KeyPurpose::Approve) == KeyPurpose::Approve
            && key.valid_from.value <= day
            && key.valid_to.is_none_or(|last| day <= last.value)
    })
}

/// Returns the end of a key's last day; `None` where it has none.
fn last_moment(who: &Record<Person>, fingerprint: &str, zone: Zone) -> Option<DateTime<Utc>> {
    let keys = who
        .spec
        .keys
        .iter()
        .filter(|key| key.fingerprint.value == fingerprint);
    let ends = keys.filter(|key| key.purpose.unwrap_or(KeyPurpose::Approve) == KeyPurpose::Approve);
    let last = ends
        .map(|key| key.valid_to.map(|last| last.value))
        .collect::<Option<Vec<Date>>>()?;
    last.into_iter()
        .max()
        .map(|day| zone.end_of_day(day).with_timezone(&Utc))
}
