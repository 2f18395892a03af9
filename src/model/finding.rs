//! One vulnerability on one host, joined with what the records say about it.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::CvssVector;
use super::id::RecordId;
use super::observation::{Exploit, VulnId};
use super::segment::Segments;
use super::severity::Severity;

/// The answer of the decision table for one finding.
///
/// Source: reconciliation semantics, disposition; the first row that matches wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    ClosedRetired,
    FixedInTime,
    FixedLate,
    NotApplicable,
    OutOfScope,
    AcceptedUnsupported,
    UnsupportedUngoverned,
    Accepted,
    Deferred,
    PendingVerification,
    MitigationPending,
    Open,
    DueSoon,
    Overdue,
}

impl Disposition {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 14] = [
        Self::ClosedRetired,
        Self::FixedInTime,
        Self::FixedLate,
        Self::NotApplicable,
        Self::OutOfScope,
        Self::AcceptedUnsupported,
        Self::UnsupportedUngoverned,
        Self::Accepted,
        Self::Deferred,
        Self::PendingVerification,
        Self::MitigationPending,
        Self::Open,
        Self::DueSoon,
        Self::Overdue,
    ];

    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::ClosedRetired => "closed_retired",
            Self::FixedInTime => "fixed_in_time",
            Self::FixedLate => "fixed_late",
            Self::NotApplicable => "not_applicable",
            Self::OutOfScope => "out_of_scope",
            Self::AcceptedUnsupported => "accepted_unsupported",
            Self::UnsupportedUngoverned => "unsupported_ungoverned",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::PendingVerification => "pending_verification",
            Self::MitigationPending => "mitigation_pending",
            Self::Open => "open",
            Self::DueSoon => "due_soon",
            Self::Overdue => "overdue",
        }
    }

    /// Tells whether the finding's life has ended.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::ClosedRetired | Self::FixedInTime | Self::FixedLate)
    }

    /// Tells whether a decision stands for the finding (rows 6 to 8).
    pub fn is_by_decision(self) -> bool {
        matches!(self, Self::AcceptedUnsupported | Self::Accepted | Self::Deferred)
    }

    /// Tells whether the finding is left out of the rates (rows 3, 4 and 6b); it is printed all the same.
    pub fn is_removed(self) -> bool {
        matches!(
            self,
            Self::NotApplicable | Self::OutOfScope | Self::UnsupportedUngoverned
        )
    }
}

/// Why a due date is what it is, such as `sla:critical/tier1` or `accelerator:exploited`.
pub type DueReason = Arc<str>;

/// The reason of a due date that freezes have moved.
pub const FREEZE_REASON: &str = "freeze";

/// The record that stands for a finding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoverageRef {
    pub id: RecordId,
    /// The last moment at which it counts.
    pub until: DateTime<Utc>,
    /// Whether it counts by an emergency approval only, which is still to be ratified.
    pub is_emergency: bool,
}

/// How a scanner's id came to mean the vulnerability of a finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Alias {
    /// The scanner's id with its family, such as `qualys:38173`.
    pub id: Arc<str>,
    /// The further id by which it does, such as `GHSA-…`; `None` where it is its own.
    pub through: Option<Arc<str>>,
    pub by: AliasBy,
}

/// Who says that two ids are one vulnerability.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum AliasBy {
    /// The exports of a Source, by its id, else by the format.
    Export(Arc<str>),
    /// The table of a Source's record.
    Record(RecordId),
}

/// How sources disagree about one finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscrepancyKind {
    /// It is fixed, and a look that is worse than the one that says so still sees it.
    Suspected,
    /// It is called gone, and a later look that is no better still sees it.
    Contradicted,
    /// It is called gone, and another source that saw it as well has not looked since.
    Awaited,
}

impl DiscrepancyKind {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Contradicted => "contradicted",
            Self::Awaited => "awaited",
        }
    }
}

/// Two Sources that disagree about one finding, each by its id, else by the format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Discrepancy {
    pub kind: DiscrepancyKind,
    /// Who calls it gone, and since when.
    pub gone_by: Arc<str>,
    pub gone_at: DateTime<Utc>,
    /// Who saw it, and when.
    pub seen_by: Arc<str>,
    pub seen_at: DateTime<Utc>,
}

/// A patch that a deployment tool calls installed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Installed {
    /// When the tool first no longer missed it.
    pub at: DateTime<Utc>,
    /// When the tool last missed it, and the last moment at which it may have been installed.
    pub between: (DateTime<Utc>, DateTime<Utc>),
    /// The id of the Source, else the format.
    pub source: Arc<str>,
    /// The patch, such as `RHSA-2026:1234`.
    pub patch: Arc<str>,
}

/// What scanners say of a vulnerability; shared by the findings of which the same checks say it.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Said {
    pub aliases: Arc<[Arc<str>]>,
    /// How each scanner's id came to be this vulnerability, sorted.
    pub joined: Arc<[Alias]>,
    pub title: Arc<str>,
    pub remediation: Option<Arc<str>>,
    /// The highest that one of them gives; `None` where none knows.
    pub severity: Option<Severity>,
    /// The word of the scanner that gives it, verbatim.
    pub severity_given: Arc<str>,
    /// The vector of the check that gives it.
    pub vector: Option<CvssVector>,
    pub fix_available: Option<bool>,
    /// The day on which the vendor's patch came out.
    pub patch_published: Option<super::time::Date>,
    /// Sources that saw it, sorted.
    pub observers: Arc<[Arc<str>]>,
}

/// One life of one vulnerability on one host.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    pub host: Arc<str>,
    /// `None` when no system claims the host.
    pub system: Option<RecordId>,
    pub vuln: VulnId,
    /// What the scanners say of it; its own fields are what became of that.
    pub said: Arc<Said>,
    pub severity: Severity,
    /// The vector with the System's environment, where that rates it.
    pub environmental: Option<Box<CvssVector>>,
    /// The day on which the KEV catalogue listed it.
    pub kev: Option<super::time::Date>,
    pub epss: Option<f64>,
    pub exploit: Exploit,
    /// The day on which its exploitation became known; `None` where nobody says that it is exploited.
    pub exploited_since: Option<super::time::Date>,
    /// When a SIEM or EDR first alerted to it on the host.
    pub alerted: Option<DateTime<Utc>>,
    /// The day on which the vendor's patch came out, where an export says it.
    pub patch_published: Option<super::time::Date>,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    /// The due date without any decision.
    pub base_due: DateTime<Utc>,
    /// The date that counts now: the base due, or the end of the decision that stands for it.
    pub due: DateTime<Utc>,
    pub due_reason: DueReason,
    /// How the base due came about, by time; the last one gives it. Equal lists are shared.
    pub segments: Segments,
    /// The last day before the freeze in which it is due.
    pub plan_by: Option<super::time::Date>,
    pub disposition: Disposition,
    pub coverage: Option<CoverageRef>,
    /// The triage by which it is no vulnerability here; only of what is not applicable.
    pub triage: Option<RecordId>,
    /// Coverages set aside because the vulnerability is exploited.
    pub suspended: Vec<RecordId>,
    /// Coverages that ended while the finding is open.
    pub lapsed: Vec<RecordId>,
    /// A due date that passed while the finding was open and no decision stood for it; it stays recorded.
    pub breached: Option<DateTime<Utc>>,
    /// Whether decisions stood for it from its base due on, until it was closed or is judged.
    pub decided_at_base_due: bool,
    pub closed: Option<DateTime<Utc>>,
    /// What a deployment tool says of its patch, where it says that it is installed.
    pub installed: Option<Arc<Installed>>,
    pub recurrence: u32,
    /// Whether the newest run that should have seen it did not, without closing it.
    pub stale: bool,
    /// Where Sources disagree and no triage has settled it.
    pub discrepancy: Option<Arc<Discrepancy>>,
    /// How many places on the host (ports, paths, packages).
    pub instances: u32,
    pub tier: Option<Arc<str>>,
    /// What else a reader must know, in sentences.
    pub notes: Vec<Arc<str>>,
}

impl Finding {
    /// Lists the vulnerability with its aliases.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> + Clone {
        std::iter::once(&self.vuln).chain(&*self.said.aliases)
    }

    /// Returns the vector that it is rated by.
    pub fn cvss(&self) -> Option<&Arc<str>> {
        let rating = self.environmental.as_deref().or(self.said.vector.as_ref());
        rating.map(|vector| &vector.text)
    }

    /// Returns the score of that vector, 0.0 to 10.0.
    pub fn score(&self) -> Option<f64> {
        let by_environment = self.environmental.as_ref().map(|vector| vector.score);
        by_environment.or(self.score_base())
    }

    /// Returns the score of the base metrics alone, 0.0 to 10.0.
    pub fn score_base(&self) -> Option<f64> {
        self.said.vector.as_ref().map(|vector| vector.base)
    }

    /// Tells whether its base due is later because a freeze paused its clock.
    pub fn is_moved_by_freeze(&self) -> bool {
        let last = self.segments.last();
        last.is_some_and(|last| &*last.reason == FREEZE_REASON)
    }
}
