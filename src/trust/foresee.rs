//! Decisions before they are signed, judged by the code that judges them afterwards.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::authority::{capacity, is_active};
use super::certificate::Certificate;
use super::facts::Facts;
use super::flaw::Flaw;
use super::judge::Question;
use super::matching::fits;
use super::matrix::Demand;
use super::sshsig::{Namespace, PublicKey, VerifyError};
use super::verdict::{Basis, Bench, key_of};
use crate::load::{ApprovalFile, Repository};
use crate::model::{Approval, ApprovalSubject, Decision, Instant, Kind, PersonRef, RecordId, RoleRef};
use crate::source::{FileId, Span, Spanned};

/// A decision that somebody means to make about the content as it is.
#[derive(Clone, Copy, Debug)]
pub struct Intent<'a> {
    /// The name of the kind, `Configuration` for the configuration.
    pub kind: &'a str,
    pub id: &'a RecordId,
    pub decision: Decision,
    pub role: &'a RecordId,
    pub person: &'a RecordId,
    pub at: DateTime<Utc>,
}

/// Somebody in a role that is theirs, and what stands against a decision by them.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub person: RecordId,
    pub role: RecordId,
    pub flaws: Vec<Flaw>,
}

/// Says why a decision would not count; its signature aside.
pub fn foresee(repository: &Repository, question: &Question<'_>, intent: &Intent<'_>) -> Vec<Flaw> {
    let file = as_file(intent, None);
    let kind = Kind::from_name(intent.kind);
    let meta = repository
        .record(intent.id)
        .filter(|meta| Some(meta.kind) == kind);
    let facts = meta.map(|meta| Facts::of(repository, question.basis.repository, meta));
    let (_, flaws) = bench(question).authority(&file, meta.zip(facts.as_ref()));
    flaws
}

/// Says why a signed decision would not count for its signature.
pub fn judge_signature(
    question: &Question<'_>,
    intent: &Intent<'_>,
    text: &str,
    signature: &[u8],
) -> Option<Flaw> {
    let file = as_file(intent, Some(signature));
    bench(question).signature(text, &file).err()
}

/// Says why nothing that a key signs at a moment counts as a person's approval.
///
/// What only the signature itself can show, such as a pattern that leaves the person's address out, is for
/// `judge_signature`.
pub fn judge_key(
    basis: &Basis<'_>,
    person: &RecordId,
    key: &PublicKey,
    certificate: Option<&Certificate>,
    at: DateTime<Utc>,
) -> Option<Flaw> {
    let Some(who) = basis.repository.people.get(person) else {
        return Some(Flaw::PersonUnknown);
    };
    let keyring = &basis.keyring;
    if let Some(what) = keyring.revoked.fault() {
        let what = what.to_owned();
        return Some(Flaw::Signature(VerifyError::RevocationsUnreadable { what }));
    }
    let fingerprint = key.fingerprint();
    let is_revoked = keyring.revoked.revokes(key)
        || certificate.is_some_and(|certificate| keyring.revoked.revokes_certificate(certificate));
    if is_revoked {
        return Some(Flaw::Signature(VerifyError::Revoked { fingerprint }));
    }
    // Whether an authority vouches for a certificate is seen by what it signs.
    if certificate.is_none() && keyring.principals_of(key, Namespace::Approval, at).is_empty() {
        return Some(Flaw::Signature(not_listed(basis, key, at)));
    }
    let day = basis.zone().day_of(at);
    (!key_of(who, &fingerprint, day)).then_some(Flaw::KeyNotInRecord { fingerprint })
}

/// Finds out what the list of signers has against a key: the first line that holds it says why not.
fn not_listed(basis: &Basis<'_>, key: &PublicKey, at: DateTime<Utc>) -> VerifyError {
    let mut lines = basis.keyring.signers.lines_of(key);
    let refusal = lines.find_map(|line| line.refusal(Namespace::Approval, at));
    refusal.unwrap_or_else(|| VerifyError::NotListed {
        fingerprint: key.fingerprint(),
        principal: None,
    })
}

/// Lists everybody who acts in some role on the day, with what stands against a decision by them.
pub fn candidates(
    repository: &Repository,
    question: &Question<'_>,
    subject: (&str, &RecordId),
    decision: Decision,
) -> Vec<Candidate> {
    let believed = question.basis.repository;
    let day = question.basis.zone().day_of(question.at);
    let mut found = Vec::new();
    let people = believed.people.iter().filter(|person| is_active(person, day));
    for person in people {
        for role in roles_in_any_capacity(question, person.id()) {
            let intent = Intent {
                kind: subject.0,
                id: subject.1,
                decision,
                role,
                person: person.id(),
                at: question.at,
            };
            found.push(Candidate {
                person: person.id().clone(),
                role: role.clone(),
                flaws: foresee(repository, question, &intent),
            });
        }
    }
    found
}

/// Returns the roles in which a person acts at the moment: as holder, as deputy, or by a delegation.
pub fn roles_in_any_capacity<'a>(question: &Question<'a>, person: &RecordId) -> Vec<&'a RecordId> {
    let believed = question.basis.repository;
    let day = question.basis.zone().day_of(question.at);
    let roles = believed.roles.iter().map(crate::model::Record::id);
    roles
        .filter(|role| capacity(believed, person, role, day).is_ok())
        .collect()
}

/// Tells whether an approval of a person in a role is one that a demand asks for.
pub fn answers(question: &Question<'_>, demand: &Demand, person: &RecordId, role: &RecordId) -> bool {
    fits(&question.basis, demand, person, role)
}

fn bench<'a>(question: &'a Question<'_>) -> Bench<'a> {
    Bench {
        basis: &question.basis,
        rules: &question.rules,
        testimony: &question.testimony,
    }
}

/// Makes the file in memory that the decision would become; it stands nowhere, so that no history is of it.
fn as_file(intent: &Intent<'_>, signature: Option<&[u8]>) -> ApprovalFile {
    fn placed<T>(value: T) -> Spanned<T> {
        let span = Span::start_of(FileId(u32::MAX));
        Spanned { value, span }
    }
    let approval = Approval {
        api_version: "countersign/v1".into(),
        kind: "Approval".into(),
        subject: placed(ApprovalSubject {
            kind: intent.kind.to_owned(),
            id: intent.id.clone(),
            fragment: String::new(),
            digest: String::new(),
        }),
        decision: intent.decision,
        role: placed(RoleRef(intent.role.clone())),
        person: placed(PersonRef(intent.person.clone())),
        at: placed(Instant(intent.at.fixed_offset())),
        basis_commit: None,
        reason: None,
        shown: String::new(),
    };
    ApprovalFile {
        approval,
        file: FileId(u32::MAX),
        path: "".into(),
        references: Vec::new(),
        signature: signature.map(Arc::from),
    }
}
