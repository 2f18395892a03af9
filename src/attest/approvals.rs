//! The decisions in a bundle: whose signatures they are, by a keyring.
//!
//! A signature is judged by `trust` as it is in a repository. What a bundle cannot show is not judged here:
//! the authority of whoever signed, and what anchors tell of when they did.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::contents::Problem;
use super::manifest::digest_of;
use crate::load::{ALLOWED_SIGNERS, LoadLimits, REVOKED, parse_record};
use crate::model::{Approval, Kind};
use crate::source::write::Files;
use crate::source::{FileId, decode};
use crate::trust::Keyring;
use crate::trust::revoked::Revoked;
use crate::trust::sshsig::{Namespace, VerifyError};

const FOLDER: &str = "approvals/";
const SIGNATURE: &str = ".sig";
/// The record of a person may have this many bytes.
const MAX_PERSON_BYTES: usize = 1 << 20;

/// One decision of a bundle, not yet judged.
pub(super) struct Decision<'a> {
    pub(super) path: &'a str,
    pub(super) approval: Approval,
    bytes: &'a [u8],
}

/// What became of the decisions.
#[derive(Default)]
pub(super) struct Judged {
    /// How many count by their signature.
    pub(super) good: usize,
    /// How many of those are over a record as the bundle holds it.
    pub(super) over_records: usize,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
}

/// Reads every decision of a bundle; what is none, with the reason, as a problem.
pub(super) fn decisions_in(files: &Files) -> (Vec<Decision<'_>>, Vec<Problem>) {
    let (mut decisions, mut problems) = (Vec::new(), Vec::new());
    for (path, bytes) in files.range(FOLDER.to_owned()..) {
        if !path.starts_with(FOLDER) {
            break;
        }
        let decided = match path.strip_suffix(SIGNATURE) {
            Some(signed) if files.contains_key(signed) => continue,
            Some(_) => Err("is a signature of no file".to_owned()),
            None => read(bytes),
        };
        match decided {
            Ok(approval) => decisions.push(Decision {
                path,
                approval,
                bytes,
            }),
            Err(why) => problems.push(Problem::Approval(path.clone(), why)),
        }
    }
    (decisions, problems)
}

fn read(bytes: &[u8]) -> Result<Approval, String> {
    let limits = LoadLimits::default();
    if bytes.len() as u64 > limits.yaml.max_bytes {
        return Err(format!("has more than {} bytes", limits.yaml.max_bytes));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())?;
    let typed = parse_record(FileId(0), text, Some(Kind::Approval), limits).map_err(|faults| {
        let first = faults
            .first()
            .map(|fault| format!(": line {}: {}", fault.span.line, fault.message));
        format!("is no approval{}", first.unwrap_or_default())
    })?;
    decode(&typed.node).map_err(|_| "is no approval".to_owned())
}

impl Decision<'_> {
    /// Names the decision by what it is about and who made it.
    fn name(&self) -> String {
        let approval = &self.approval;
        format!("{}/{}", approval.subject.value.id, approval.person.value.0)
    }

    pub(super) fn at(&self) -> DateTime<Utc> {
        self.approval.at.value.utc()
    }

    /// Returns the address under which the keyring lists the person, from the record in the bundle.
    pub(super) fn email(&self, files: &Files) -> Option<String> {
        let person = &self.approval.person.value.0;
        let bytes = files.get(&format!("records/{}/{person}.json", Kind::Person.folder()))?;
        if bytes.len() > MAX_PERSON_BYTES {
            return None;
        }
        let record: Value = serde_json::from_slice(bytes).ok()?;
        let is_it = record["kind"] == Kind::Person.name() && record["id"] == person.as_str();
        is_it.then(|| record.pointer("/spec/email")?.as_str().map(str::to_owned))?
    }

    /// Returns where the bundle holds the canonical form of the record that it is about.
    pub(super) fn record_path(&self) -> Option<String> {
        let subject = &self.approval.subject.value;
        let kind = Kind::from_name(&subject.kind)?;
        let folder = kind.folder();
        let slash = if folder.is_empty() { "" } else { "/" };
        Some(format!("records/{folder}{slash}{}.json", subject.id))
    }

    fn is_over_record(&self, files: &Files) -> bool {
        let record = self.record_path().and_then(|path| files.get(&path));
        // The file ends with a line feed, which the digest leaves out.
        let canonical = record.and_then(|bytes| bytes.strip_suffix(b"\n"));
        canonical
            .is_some_and(|bytes| format!("sha256:{}", digest_of(bytes)) == self.approval.subject.value.digest)
    }

    fn judge(&self, files: &Files, keyring: &Keyring) -> Result<(), Refusal> {
        let Some(email) = self.email(files) else {
            let person = &self.approval.person.value.0;
            return Err(Refusal::Other(format!(
                "the bundle holds no record of `{person}`"
            )));
        };
        let Some(signature) = files.get(&format!("{}{SIGNATURE}", self.path)) else {
            return Err(Refusal::Other("it has no signature".to_owned()));
        };
        match keyring.judge_as(&email, signature, self.bytes, Namespace::Approval, self.at()) {
            Ok(_) => Ok(()),
            Err(error @ VerifyError::Revoked { .. }) => Err(Refusal::Revoked(error.to_string())),
            Err(error) => Err(Refusal::Other(error.to_string())),
        }
    }

    /// One person decides about one thing in one role once; the latest decision stands.
    fn seat(&self) -> [&str; 4] {
        let approval = &self.approval;
        let subject = &approval.subject.value;
        let (person, role) = (&approval.person.value.0, &approval.role.value.0);
        [&subject.kind, subject.id.as_str(), person.as_str(), role.as_str()]
    }
}

enum Refusal {
    Revoked(String),
    Other(String),
}

/// What a decision's signature is worth.
pub(super) enum Verdict {
    Good,
    /// A lost key made it, and it was decided anew: it stays as evidence, and nothing hangs on it.
    Replaced(String),
    Bad(String),
}

/// Judges decisions, each at the time that it names, for the address of the person it names.
pub(super) fn verdicts(decisions: &[Decision<'_>], files: &Files, keyring: &Keyring) -> Vec<Verdict> {
    let judged: Vec<Result<(), Refusal>> = decisions
        .iter()
        .map(|decision| decision.judge(files, keyring))
        .collect();
    let mut latest: BTreeMap<[&str; 4], DateTime<Utc>> = BTreeMap::new();
    for (decision, _) in decisions.iter().zip(&judged).filter(|(_, one)| one.is_ok()) {
        let last = latest.entry(decision.seat()).or_insert(decision.at());
        *last = decision.at().max(*last);
    }
    let is_replaced = |decision: &Decision<'_>| {
        let last = latest.get(&decision.seat());
        last.is_some_and(|last| *last > decision.at())
    };
    let pairs = decisions.iter().zip(judged);
    let verdict = |(decision, judged): (&Decision<'_>, _)| match judged {
        Ok(()) => Verdict::Good,
        Err(Refusal::Revoked(why)) if is_replaced(decision) => Verdict::Replaced(why),
        Err(Refusal::Revoked(why) | Refusal::Other(why)) => Verdict::Bad(why),
    };
    pairs.map(verdict).collect()
}

/// Judges every decision of a bundle.
pub(super) fn judge_all(files: &Files, keyring: &Keyring) -> Judged {
    let (decisions, problems) = decisions_in(files);
    let mut judged = Judged {
        problems,
        ..Judged::default()
    };
    for (decision, verdict) in decisions.iter().zip(verdicts(&decisions, files, keyring)) {
        match verdict {
            Verdict::Good => {
                judged.good += 1;
                judged.over_records += usize::from(decision.is_over_record(files));
            }
            Verdict::Replaced(why) => judged.notes.push(format!(
                "approval {}: {why}; a later decision stands in its place",
                decision.name()
            )),
            Verdict::Bad(why) => judged.problems.push(Problem::Approval(
                decision.name(),
                format!("{why} (`{}`)", decision.path),
            )),
        }
    }
    judged
}

/// Returns the keyring that a bundle brings; `None` where it brings none.
pub(super) fn keyring_in(files: &Files) -> Option<Keyring> {
    let allowed = std::str::from_utf8(files.get(ALLOWED_SIGNERS)?).ok()?;
    Some(Keyring::parse(allowed, revoked_in(files)))
}

/// Returns a keyring that was got otherwise; what the bundle itself revokes counts for nothing there either.
pub(super) fn keyring_given(text: &str, files: &Files) -> Keyring {
    let mut keyring = Keyring::parse(text, b"");
    keyring.revoked.extend(&Revoked::parse(revoked_in(files)));
    keyring
}

fn revoked_in(files: &Files) -> &[u8] {
    files.get(REVOKED).map(Vec::as_slice).unwrap_or_default()
}
