//! A person's decision about a record, signed and filed.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};

use super::approvals::{Statement, approval_text, shown};
use crate::load::{LoadLimits, Repository, parse_record};
use crate::model::{Decision, Kind, Meta, RecordId};
use crate::source::FileId;
use crate::source::write::write_new;
use crate::trust::signer::Signer;
use crate::trust::sshsig::Namespace;
use crate::trust::{
    CONFIGURATION_ID, CONFIGURATION_KIND, Intent, Question, Standing, configuration_digest, digest,
    judge_signature,
};

/// The most decisions of one person over one content.
const MAX_NUMBER: u32 = 10_000;

/// What is decided about: a record, or the configuration with the files that guard the repository.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The name of the kind.
    pub kind: &'a str,
    pub id: &'a RecordId,
    /// `None` for the configuration.
    pub meta: Option<&'a Meta>,
}

/// Why there is nothing to decide about.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The words name nothing that could be decided about.
    Usage(String),
    /// The record does not fit its schema.
    Faulty(RecordId),
}

/// Finds what the words of a command line name.
pub fn subject<'a>(repository: &'a Repository, id: &'a RecordId) -> Result<Subject<'a>, Refusal> {
    if id.as_str() == CONFIGURATION_ID {
        return Ok(Subject {
            kind: CONFIGURATION_KIND,
            id,
            meta: None,
        });
    }
    if let Some(meta) = repository.record(id) {
        return Ok(Subject {
            kind: meta.kind.name(),
            id,
            meta: Some(meta),
        });
    }
    if repository.known.contains_key(id) {
        return Err(Refusal::Faulty(id.clone()));
    }
    Err(Refusal::Usage(format!(
        "there is no record `{id}`; an id is the name of the record's file, and `{CONFIGURATION_ID}` is the configuration"
    )))
}

impl Subject<'_> {
    /// Returns the digest of the content as it is.
    pub fn digest(&self, repository: &Repository) -> Result<String> {
        match self.meta {
            Some(meta) => digest(repository, meta),
            None => configuration_digest(repository),
        }
    }

    /// Returns the kind; `None` for the configuration.
    pub fn record_kind(&self) -> Option<Kind> {
        self.meta.map(|meta| meta.kind)
    }

    /// Returns the sentence that goes into the signed file.
    pub fn shown(&self, repository: &Repository) -> String {
        match self.meta {
            Some(meta) => shown(repository, meta.kind, self.id),
            None => format!(
                "{CONFIGURATION_ID}, compliance.yaml and {} guarded files",
                repository.guarded.len()
            ),
        }
    }
}

/// What a person decides.
#[derive(Clone, Copy, Debug)]
pub struct Act<'a> {
    pub decision: Decision,
    pub role: &'a RecordId,
    pub person: &'a RecordId,
    /// In whole seconds.
    pub at: DateTime<Utc>,
    pub basis_commit: Option<&'a str>,
    pub reason: &'a str,
}

impl<'a> Act<'a> {
    /// Makes a decision that is only thought of, to see whether it would count.
    pub(super) fn thought(
        decision: Decision,
        role: &'a RecordId,
        person: &'a RecordId,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            decision,
            role,
            person,
            at,
            basis_commit: None,
            reason: "",
        }
    }

    /// Finds the file in which the person has decided the same about the same content, where that stands.
    pub fn already<'b>(&self, standing: &'b Standing) -> Option<&'b str> {
        // A review is made again at each of its days.
        if self.decision == Decision::ReviewKeep {
            return None;
        }
        let mut decisions = standing.decisions.iter();
        let same = decisions.find(|decided| {
            decided.decision == self.decision
                && decided.person == *self.person
                && decided.role == *self.role
                && decided.covers_current
                && decided.is_in_force()
        })?;
        Some(&same.path)
    }

    /// Returns what is to be judged before it is signed.
    pub fn intent(&self, subject: &Subject<'a>) -> Intent<'a> {
        Intent {
            kind: subject.kind,
            id: subject.id,
            decision: self.decision,
            role: self.role,
            person: self.person,
            at: self.at,
        }
    }
}

/// A signed decision that is not filed yet.
#[derive(Clone, Debug)]
pub struct Signed {
    /// `approvals/<id>/<digest8>-<person>`, to which the number is added.
    stem: String,
    text: String,
    signature: Vec<u8>,
}

/// Signs a decision over the content as it is; a signature that would not count is refused.
pub fn sign(
    repository: &Repository,
    question: &Question<'_>,
    subject: &Subject<'_>,
    act: &Act<'_>,
    signer: &Signer,
) -> Result<Signed> {
    let digest = subject.digest(repository)?;
    let digest8 = digest
        .strip_prefix("sha256:")
        .and_then(|hex| hex.get(..8))
        .context("the digest has no hex")?;
    let text = approval_text(&Statement {
        kind: subject.kind,
        id: subject.id,
        fragment: "",
        digest: &digest,
        decision: act.decision,
        role: act.role,
        person: act.person,
        at: act.at,
        basis_commit: act.basis_commit,
        reason: act.reason,
        shown: &subject.shown(repository),
    });
    // What the loader would refuse is not signed, such as a reason with a character that hides text.
    if let Err(faults) = parse_record(FileId(0), &text, Some(Kind::Approval), LoadLimits::default()) {
        let what = faults
            .first()
            .map_or("it does not fit its schema", |fault| fault.message.as_str());
        bail!("the decision cannot be written down: {what}");
    }
    let signature = signer.sign(text.as_bytes(), Namespace::Approval)?;
    if let Some(flaw) = judge_signature(question, &act.intent(subject), &text, &signature) {
        bail!("what the key signed would not count, so that nothing was written: {flaw}");
    }
    Ok(Signed {
        stem: format!("approvals/{}/{digest8}-{}", subject.id, act.person),
        text,
        signature,
    })
}

/// Writes a signed decision and its signature under the next free number; returns both paths.
///
/// The signature comes first: it claims the number, and a decision never lies there unsigned.
pub fn file(root: &Path, signed: &Signed) -> Result<[String; 2]> {
    for number in 1..=MAX_NUMBER {
        let path = format!("{}-{number}.yaml", signed.stem);
        let beside = format!("{path}.sig");
        if root.join(&path).symlink_metadata().is_ok() || !write_new(root, &beside, &signed.signature)? {
            continue;
        }
        if write_new(root, &path, signed.text.as_bytes())? {
            return Ok([path, beside]);
        }
        bail!("`{path}` came while it was written; remove `{beside}`, which belongs to nothing");
    }
    bail!("`{}-…` has {MAX_NUMBER} numbers, and all are taken", signed.stem)
}
