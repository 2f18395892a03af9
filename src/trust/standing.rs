//! What the approval files say about each record.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::load::Repository;
use crate::model::{Decision, Kind, RecordId};
use crate::source::Span;

/// What the approvals of one record come to. None of it is verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalState {
    /// No approval names the record.
    Absent,
    /// At least one person approves, and nobody's latest decision is against; not verified.
    Unverified,
    /// The latest decision of at least one person rejects.
    Rejected,
    /// The latest decision of at least one person revokes, or ends it at a review.
    Revoked,
}

/// One person's latest decision in one role.
#[derive(Clone, Debug)]
pub struct Decided {
    pub person: RecordId,
    pub role: RecordId,
    pub decision: Decision,
    pub at: DateTime<Utc>,
    /// The digest that the person signed, as the file says.
    pub digest: String,
    pub path: Arc<str>,
    pub span: Span,
    /// Whether a `.sig` lies beside the file.
    pub has_signature: bool,
}

/// The approvals of one record.
#[derive(Clone, Debug)]
pub struct Standing {
    pub state: ApprovalState,
    /// The latest decision of each person and role, by time.
    pub decisions: Vec<Decided>,
    /// The moments of all approvals, repeated ones too, the earliest first.
    pub approved: Vec<DateTime<Utc>>,
}

impl Standing {
    /// Tells whether the record counts for coverage: approved by somebody, and by nobody refused.
    pub fn counts(&self) -> bool {
        self.state == ApprovalState::Unverified
    }
}

/// The standing of every record that an approval names.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    by_record: BTreeMap<(Kind, RecordId), Standing>,
}

impl Standings {
    /// Returns what is known of a record; absence is an answer too.
    pub fn of(&self, kind: Kind, id: &RecordId) -> Standing {
        self.by_record
            .get(&(kind, id.clone()))
            .cloned()
            .unwrap_or(Standing {
                state: ApprovalState::Absent,
                decisions: Vec::new(),
                approved: Vec::new(),
            })
    }
}

/// Reads the approvals up to a moment; later ones are not yet made.
pub fn standings(repository: &Repository, at: DateTime<Utc>) -> Standings {
    let mut latest: BTreeMap<(Kind, RecordId), BTreeMap<(RecordId, RecordId), Decided>> = BTreeMap::new();
    let mut approved: BTreeMap<(Kind, RecordId), Vec<DateTime<Utc>>> = BTreeMap::new();
    for file in &repository.approvals {
        let approval = &file.approval;
        let Some(kind) = Kind::from_name(&approval.subject.kind) else {
            continue;
        };
        let decided = Decided {
            person: approval.person.value.0.clone(),
            role: approval.role.value.0.clone(),
            decision: approval.decision,
            at: approval.at.value.utc(),
            digest: approval.subject.digest.clone(),
            path: Arc::clone(&file.path),
            span: approval.subject.span,
            has_signature: repository.files.contains(format!("{}.sig", file.path).as_str()),
        };
        if decided.at > at || !approval.subject.fragment.is_empty() {
            continue;
        }
        let record = (kind, approval.subject.id.clone());
        if decided.decision == Decision::Approve {
            approved.entry(record.clone()).or_default().push(decided.at);
        }
        let of_record = latest.entry(record).or_default();
        let key = (decided.person.clone(), decided.role.clone());
        let newer = of_record
            .get(&key)
            .is_none_or(|earlier| (earlier.at, &earlier.path) < (decided.at, &decided.path));
        if newer {
            of_record.insert(key, decided);
        }
    }
    let by_record = latest
        .into_iter()
        .map(|(record, decisions)| {
            let mut approved = approved.remove(&record).unwrap_or_default();
            approved.sort();
            (record, conclude(decisions, approved))
        })
        .collect();
    Standings { by_record }
}

fn conclude(decisions: BTreeMap<(RecordId, RecordId), Decided>, approved: Vec<DateTime<Utc>>) -> Standing {
    let mut decisions: Vec<Decided> = decisions.into_values().collect();
    decisions.sort_by(|one, other| (one.at, &one.path).cmp(&(other.at, &other.path)));
    let any = |wanted: &[Decision]| decisions.iter().any(|decided| wanted.contains(&decided.decision));
    let state = if any(&[Decision::Revoke, Decision::ReviewEnd]) {
        ApprovalState::Revoked
    } else if any(&[Decision::Reject]) {
        ApprovalState::Rejected
    } else if any(&[Decision::Approve, Decision::ReviewKeep]) {
        ApprovalState::Unverified
    } else {
        ApprovalState::Absent
    };
    Standing {
        state,
        decisions,
        approved,
    }
}
