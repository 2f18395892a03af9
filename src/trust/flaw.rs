//! Why a decision does not count: each reason with its rule, in words for people.

use std::fmt;

use chrono::{DateTime, Utc};

use super::sshsig::VerifyError;
use crate::model::{Date, RecordId, Severity, utc_text};

/// Why a decision does not count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// No `.sig` lies beside the file.
    Unsigned,
    /// The signature is not good for this person at that time.
    Signature(VerifyError),
    /// The person is in no record that is believed.
    PersonUnknown,
    /// The list of keys knows the key, the person's record does not, or not for approvals.
    KeyNotInRecord {
        fingerprint: String,
    },
    /// The trust that it needs comes with the change that it is to justify.
    TrustFromChange {
        because: Box<Flaw>,
    },
    PersonInactive {
        day: Date,
    },
    RoleUnknown,
    /// The record of the person or of the role is a draft, which nobody has approved.
    OnlyDraft {
        id: RecordId,
    },
    RoleNotHeld {
        day: Date,
    },
    DelegationLapsed {
        of: RecordId,
        from: Date,
        until: Date,
        day: Date,
    },
    /// No entry of `may_approve` names the kind.
    KindNotAllowed {
        kind: String,
    },
    AboveSeverity {
        max: Severity,
        is: Severity,
    },
    TierNotAllowed {
        outside: Vec<String>,
        allowed: Vec<String>,
    },
    TooManyDays {
        max: u32,
        days: i64,
    },
    NoEnd {
        max: u32,
    },
    AboveResidual {
        max: String,
        is: String,
    },
    Requester {
        requester: RecordId,
    },
    /// Signed on behalf of the requester, by a delegation.
    RequesterByDelegate {
        requester: RecordId,
    },
    Author {
        commit: String,
    },
    Beneficiary,
    /// The approver holds the role that owns the record, and signs in another one.
    OwnerBenefits {
        owner: RecordId,
    },
    Incompatible {
        role: RecordId,
        other: RecordId,
    },
    /// Another content was signed than the record has now.
    OtherContent {
        signed: String,
        current: String,
    },
    TooOld {
        days: i64,
        max: i64,
    },
    /// A later good approval of the same subject covers another content.
    Overtaken {
        at: DateTime<Utc>,
    },
    BeforeRecord {
        field: &'static str,
        day: Date,
    },
    /// Git brought the file before the time that it claims.
    AfterCommit {
        committed: DateTime<Utc>,
    },
    /// An anchor shows that it was not there when the key had already ended.
    AgainstAnchor {
        absent_at: DateTime<Utc>,
        ended: DateTime<Utc>,
    },
}

impl Flaw {
    /// Returns the code of the rule that says it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsigned | Self::Signature(_) | Self::PersonUnknown | Self::KeyNotInRecord { .. } => {
                "APR005"
            }
            Self::TrustFromChange { .. } => "APR006",
            Self::PersonInactive { .. }
            | Self::RoleUnknown
            | Self::OnlyDraft { .. }
            | Self::RoleNotHeld { .. }
            | Self::KindNotAllowed { .. }
            | Self::AboveSeverity { .. }
            | Self::TierNotAllowed { .. }
            | Self::TooManyDays { .. }
            | Self::NoEnd { .. }
            | Self::AboveResidual { .. } => "APR002",
            Self::Requester { .. }
            | Self::RequesterByDelegate { .. }
            | Self::Author { .. }
            | Self::Beneficiary
            | Self::OwnerBenefits { .. }
            | Self::Incompatible { .. } => "APR003",
            Self::OtherContent { .. } | Self::TooOld { .. } | Self::Overtaken { .. } => "APR004",
            Self::DelegationLapsed { .. }
            | Self::BeforeRecord { .. }
            | Self::AfterCommit { .. }
            | Self::AgainstAnchor { .. } => "APR007",
        }
    }

    /// Returns what to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unsigned => {
                "approvals are made with `countersign approve`, which writes the `.sig` beside them"
            }
            Self::Signature(_) | Self::KeyNotInRecord { .. } => {
                "have the decision made anew with a key that the keyring lists for that person and that day"
            }
            Self::PersonUnknown => {
                "only a person with a record can decide; write the record in a pull request of its own"
            }
            Self::TrustFromChange { .. } => {
                "bring people, keys and roles in a pull request of their own first; then have it approved"
            }
            Self::PersonInactive { .. }
            | Self::RoleUnknown
            | Self::OnlyDraft { .. }
            | Self::RoleNotHeld { .. } => {
                "have somebody decide who held the role that day, or is its deputy or delegate"
            }
            Self::KindNotAllowed { .. }
            | Self::AboveSeverity { .. }
            | Self::TierNotAllowed { .. }
            | Self::TooManyDays { .. }
            | Self::NoEnd { .. }
            | Self::AboveResidual { .. } => "ask a role whose `may_approve` reaches that far",
            Self::Requester { .. }
            | Self::RequesterByDelegate { .. }
            | Self::Author { .. }
            | Self::Beneficiary
            | Self::OwnerBenefits { .. }
            | Self::Incompatible { .. } => "ask somebody else: nobody approves their own work",
            Self::OtherContent { .. } | Self::TooOld { .. } | Self::Overtaken { .. } => {
                "ask for a new approval"
            }
            Self::DelegationLapsed { .. } => "have the holder decide, or delegate anew in writing first",
            Self::BeforeRecord { .. } | Self::AfterCommit { .. } | Self::AgainstAnchor { .. } => {
                "have the decision made anew, with the clock as it is"
            }
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => out.write_str("it has no signature"),
            Self::Signature(error) => error.fmt(out),
            Self::PersonUnknown => out.write_str("nobody of that id is known"),
            Self::KeyNotInRecord { fingerprint } => {
                write!(
                    out,
                    "the record of the person holds no key {fingerprint} for approvals on that day"
                )
            }
            Self::TrustFromChange { because } => {
                write!(
                    out,
                    "what would make it count is added in this change itself; on the base: {because}"
                )
            }
            Self::PersonInactive { day } => {
                write!(out, "the person did not belong to the organisation on {day}")
            }
            Self::RoleUnknown => out.write_str("there is no such role"),
            Self::OnlyDraft { id } => write!(out, "`{id}` is a draft, and a draft gives nobody authority"),
            Self::RoleNotHeld { day } => write!(out, "the person did not hold the role on {day}"),
            Self::DelegationLapsed { of, from, until, day } => {
                write!(
                    out,
                    "the delegation by `{of}` counts from {from} to {until}, not on {day}"
                )
            }
            Self::KindNotAllowed { kind } => write!(out, "the role may not approve the kind {kind}"),
            Self::AboveSeverity { max, is } => write!(out, "the role may approve up to {max}; this is {is}"),
            Self::TierNotAllowed { outside, allowed } => {
                let outside = if outside.is_empty() {
                    "of no known tier".to_owned()
                } else {
                    outside.join(", ")
                };
                write!(
                    out,
                    "the role may approve for {}; this is {outside}",
                    allowed.join(", ")
                )
            }
            Self::TooManyDays { max, days } => {
                write!(out, "the role may approve up to {max} d; this is {days} d")
            }
            Self::NoEnd { max } => write!(out, "the role may approve up to {max} d; this has no end"),
            Self::AboveResidual { max, is } => {
                write!(
                    out,
                    "the role may accept a residual risk up to {max}; this is {is}"
                )
            }
            Self::Requester { requester } => write!(
                out,
                "`{requester}` requested it and cannot approve it (separation of duties: requester/approver)"
            ),
            Self::RequesterByDelegate { requester } => write!(
                out,
                "it is signed on behalf of `{requester}`, who requested it (separation of duties: requester/approver)"
            ),
            Self::Author { commit } => write!(
                out,
                "the approver wrote the last change of the content, in commit {commit} (separation of duties: author/approver)"
            ),
            Self::Beneficiary => {
                out.write_str("the record is about the approver (separation of duties: beneficiary/approver)")
            }
            Self::OwnerBenefits { owner } => write!(
                out,
                "the approver holds `{owner}`, which owns the record (separation of duties: owner/approver)"
            ),
            Self::Incompatible { role, other } => {
                write!(
                    out,
                    "the approver also holds `{other}`, which is incompatible with `{role}`"
                )
            }
            Self::OtherContent { signed, current } => {
                write!(
                    out,
                    "it covers {}, the record is now {}",
                    short(signed),
                    short(current)
                )
            }
            Self::TooOld { days, max } => write!(out, "it is {days} d old, and counts for {max} d"),
            Self::Overtaken { at } => {
                write!(out, "another content was approved on {}", utc_text(*at))
            }
            Self::BeforeRecord { field, day } => {
                write!(out, "it is earlier than `{field}` of the record, {day}")
            }
            Self::AfterCommit { committed } => write!(
                out,
                "it is later than the commit that brought it, of {}",
                utc_text(*committed)
            ),
            Self::AgainstAnchor { absent_at, ended } => write!(
                out,
                "it was not there at the anchor of {}, when its key had ended on {}",
                utc_text(*absent_at),
                utc_text(*ended)
            ),
        }
    }
}

/// Shortens a digest for a message.
pub fn short(digest: &str) -> String {
    match digest.get(..15) {
        Some(start) if digest.starts_with("sha256:") => format!("{start}…"),
        Some(_) | None => digest.to_owned(),
    }
}
