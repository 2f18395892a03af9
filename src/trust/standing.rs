//! The standing of every record: what it needs, who decided, and whether that makes it count.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};

use super::authority::Capacity;
use super::flaw::Flaw;
use super::matching::Met;
use crate::model::{Decision, Kind, RecordId};
use crate::source::{FileId, Span};

/// The name of what stands for `compliance.yaml` and the files that guard the repository.
pub const CONFIGURATION_KIND: &str = "Configuration";
/// The id under which the configuration is approved.
pub const CONFIGURATION_ID: &str = "compliance";

/// What the decisions about one record come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ApprovalState {
    /// Nobody has decided anything that counts.
    Absent,
    /// Some of the approvals that it needs are there.
    Pending,
    /// Everybody who must approve has approved the content as it is.
    Approved,
    /// Approved by an emergency approver, until it must be ratified.
    Emergency,
    /// What was approved is another content.
    Stale,
    /// The latest decision of at least one person rejects the content as it is.
    Rejected,
    /// The latest decision of at least one person revokes it, or ends it at a review.
    Revoked,
}

impl ApprovalState {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Emergency => "emergency",
            Self::Stale => "stale",
            Self::Rejected => "rejected",
            Self::Revoked => "revoked",
        }
    }
}

/// One decision, judged.
#[derive(Clone, Debug)]
pub struct Decided {
    pub person: RecordId,
    pub role: RecordId,
    pub decision: Decision,
    pub at: DateTime<Utc>,
    /// The digest that the person signed.
    pub digest: String,
    pub reason: String,
    pub path: Arc<str>,
    pub file: FileId,
    pub span: Span,
    /// The key that signed, where the signature is good.
    pub fingerprint: Option<String>,
    /// In what capacity the person acted, where the role was theirs.
    pub capacity: Option<Capacity>,
    /// Whether it is about the content as it is now.
    pub covers_current: bool,
    /// Whether the same person decided otherwise later, in the same role.
    pub is_overridden: bool,
    /// Why it does not count.
    pub flaws: Vec<Flaw>,
}

impl Decided {
    /// Tells whether the decision counts: well signed, by somebody who may, in time, over the content as it is.
    ///
    /// A decision that ends a record counts whatever content it was made about.
    pub fn counts(&self) -> bool {
        let ends = matches!(self.decision, Decision::Revoke | Decision::ReviewEnd);
        self.flaws.is_empty() && (self.covers_current || ends)
    }

    /// Tells whether it counts and no later decision of the same person and role replaces it.
    pub fn is_in_force(&self) -> bool {
        self.counts() && !self.is_overridden
    }
}

/// An emergency approval and its fuse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Emergency {
    pub person: RecordId,
    pub at: DateTime<Utc>,
    /// When it ends unless it is ratified.
    pub until: DateTime<Utc>,
}

/// What is decided about one record.
#[derive(Clone, Debug)]
pub struct Standing {
    pub state: ApprovalState,
    /// The digest of the content as it is; `None` where the record cannot be read, or nobody has decided.
    pub digest: Option<String>,
    /// The approvals that it needs, and who has given them.
    pub demands: Vec<Met>,
    /// Whether the demands must be met now; otherwise they tell what a change of it would need.
    pub is_demanded: bool,
    /// Every decision up to the moment, by time.
    pub decisions: Vec<Decided>,
    /// From when on all approvals were there.
    pub since: Option<DateTime<Utc>>,
    /// The moments of all approvals that count, repeated ones too, the earliest first.
    pub approved: Vec<DateTime<Utc>>,
    pub emergency: Option<Emergency>,
}

static ABSENT: LazyLock<Standing> = LazyLock::new(Standing::default);

impl Default for Standing {
    /// Returns the standing of what nobody has decided about.
    fn default() -> Self {
        Self {
            state: ApprovalState::Absent,
            digest: None,
            demands: Vec::new(),
            is_demanded: false,
            decisions: Vec::new(),
            since: None,
            approved: Vec::new(),
            emergency: None,
        }
    }
}

impl Standing {
    /// Tells whether the record counts for coverage.
    pub fn counts(&self) -> bool {
        matches!(self.state, ApprovalState::Approved | ApprovalState::Emergency)
    }

    /// Returns the demands that nobody has answered.
    pub fn missing(&self) -> impl Iterator<Item = &Met> {
        self.demands.iter().filter(|met| !met.is_met())
    }
}

/// The standing of every record.
#[derive(Clone, Debug, Default)]
pub struct Standings {
    by_kind: BTreeMap<Box<str>, BTreeMap<RecordId, Standing>>,
}

impl Standings {
    /// Takes standings that were judged elsewhere, by the name of the kind and the id.
    pub fn new(by_subject: BTreeMap<(Box<str>, RecordId), Standing>) -> Self {
        let mut by_kind: BTreeMap<Box<str>, BTreeMap<RecordId, Standing>> = BTreeMap::new();
        for ((kind, id), standing) in by_subject {
            by_kind.entry(kind).or_default().insert(id, standing);
        }
        Self { by_kind }
    }

    /// Returns what was judged of a record, or of `compliance` by the name of its kind.
    pub fn get(&self, kind: &str, id: &RecordId) -> Option<&Standing> {
        self.by_kind.get(kind)?.get(id)
    }

    /// Returns what is known of a record; absence is an answer too.
    pub fn of(&self, kind: Kind, id: &RecordId) -> &Standing {
        self.get(kind.name(), id).unwrap_or(&ABSENT)
    }

    /// Returns the standing of `compliance.yaml` and the files that guard the repository.
    pub fn of_configuration(&self) -> &Standing {
        let id = RecordId::new(CONFIGURATION_ID);
        id.and_then(|id| self.get(CONFIGURATION_KIND, &id))
            .unwrap_or(&ABSENT)
    }

    /// Walks all of them: the name of the kind, the id, the standing.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &RecordId, &Standing)> {
        self.by_kind.iter().flat_map(|(kind, standings)| {
            standings
                .iter()
                .map(move |(id, standing)| (&**kind, id, standing))
        })
    }
}
