//! Kinds that hold a decision: triage, exception, risk acceptance, and the approval that makes one count.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::reference::{
    AcceptanceRef, ChangeRef, EvidenceRef, PersonRef, RiskRef, RoleRef, SystemRef,
};
use crate::model::severity::Severity;
use crate::model::time::{Date, Instant};
use crate::source::Spanned;

use super::technology::words;

/// A decision about one vulnerability.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Triage {
    pub subject: TriageSubject,
    pub status: TriageStatus,
    /// Why nothing is affected, in the words of VEX.
    pub justification: Option<Justification>,
    /// How it was found out.
    #[schemars(length(min = 1))]
    pub method: String,
    pub evidence: Vec<Spanned<EvidenceRef>>,
    /// `sha256:` of the scanner's result that was looked at.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub fingerprint: Option<String>,
    /// A CVSS vector with environmental metrics.
    pub cvss_env: Option<Spanned<String>>,
    #[serde(default)]
    pub ssvc: BTreeMap<String, String>,
    #[serde(default)]
    pub exploit_evidence: Vec<ExploitEvidence>,
    pub fix_available: Option<FixAvailable>,
    pub expires: Spanned<Date>,
    /// The discrepancy that it settles.
    pub settles: Option<String>,
}

/// What a triage is about.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TriageSubject {
    /// A CVE, or a scanner's id such as `qualys:38173`.
    pub vuln: Spanned<String>,
    #[serde(default)]
    pub systems: Vec<Spanned<SystemRef>>,
    #[serde(default)]
    pub hosts: Vec<String>,
    pub product: Option<String>,
    /// The hosts that were frozen when it was signed.
    #[serde(default)]
    pub resolved: Vec<Spanned<String>>,
}

words! {
    /// What was found out.
    TriageStatus {
        FalsePositive = "false_positive", NotAffected = "not_affected", Affected = "affected",
        UnderInvestigation = "under_investigation", Resolution = "resolution",
    }
    /// Why nothing is affected, in the words of VEX.
    Justification {
        ComponentNotPresent = "component_not_present",
        VulnerableCodeNotPresent = "vulnerable_code_not_present",
        VulnerableCodeNotInExecutePath = "vulnerable_code_not_in_execute_path",
        VulnerableCodeCannotBeControlledByAdversary = "vulnerable_code_cannot_be_controlled_by_adversary",
        InlineMitigationsAlreadyExist = "inline_mitigations_already_exist",
    }
    /// Why a patch waits.
    ExceptionReason {
        AvailabilityConstraint = "availability_constraint", VendorFixMissing = "vendor_fix_missing",
        Compatibility = "compatibility", BusinessCycle = "business_cycle", Resource = "resource", Legacy = "legacy",
    }
    /// What an acceptance is for.
    RiskAcceptanceType {
        Vulnerability = "vulnerability", ScopeExclusion = "scope_exclusion", UnsupportedSystem = "unsupported_system",
        Freeze = "freeze", Supplier = "supplier",
    }
    /// What a person decided.
    Decision {
        Approve = "approve", Reject = "reject", Revoke = "revoke", ReviewKeep = "review_keep", ReviewEnd = "review_end",
    }
}

/// A kind of compensating control, such as `segmentation` or `waf`.
pub type CompensatingKind = String;

/// Evidence that a vulnerability is exploited, or that an exploit exists.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExploitEvidence {
    pub source: Spanned<String>,
    pub at: Spanned<Date>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// Whether a vendor's fix exists, since when, and who says so.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct FixAvailable {
    pub value: bool,
    pub since: Option<Spanned<Date>>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// An approved, time-limited departure from the agreed time to remediate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub scope: ExceptionScope,
    pub severity: Spanned<Severity>,
    pub reason: Option<ExceptionReason>,
    pub business_impact: Option<Spanned<String>>,
    /// The risk that the exception carries.
    pub risk: Option<Spanned<RiskRef>>,
    pub requested_by: Option<Spanned<PersonRef>>,
    pub requested_on: Option<Spanned<Date>>,
    /// When the first exception of the chain began.
    pub first_granted: Option<Spanned<Date>>,
    pub starts: Spanned<Date>,
    /// The last day, to its end.
    pub expires: Spanned<Date>,
    #[serde(default)]
    pub compensating: Vec<Compensating>,
    pub plan: Option<ExceptionPlan>,
    pub acceptance: Option<Spanned<AcceptanceRef>>,
    /// Whether it is meant to hold although the vulnerability is exploited.
    #[serde(default)]
    pub covers_exploited: bool,
    #[serde(default)]
    pub consulted: Vec<Spanned<RoleRef>>,
    pub dispute: Option<Conflict>,
    #[serde(default)]
    pub reviews: Vec<ExceptionReview>,
}

/// What an exception covers: vulnerabilities on hosts that were frozen into it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExceptionScope {
    /// CVEs, or scanners' ids such as `qualys:38173`.
    #[serde(default)]
    pub vulns: Vec<Spanned<String>>,
    /// Remediation keys, such as `KB5043050` or `RHSA-2026:1234`.
    #[serde(default)]
    pub patches: Vec<Spanned<String>>,
    #[serde(default)]
    pub systems: Vec<Spanned<SystemRef>>,
    /// The hosts; one that joins a system later is not covered.
    #[serde(default)]
    pub resolved: Vec<Spanned<String>>,
    /// The day on which the hosts were resolved.
    pub as_of: Option<Spanned<Date>>,
}

/// A control that lowers the risk while the patch is missing.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Compensating {
    #[serde(rename = "type")]
    pub control_type: CompensatingKind,
    pub description: String,
    pub covers: Option<String>,
    pub assessed_by: Option<Spanned<PersonRef>>,
    pub verified_at: Option<Spanned<Date>>,
    pub verified_by: Option<Spanned<PersonRef>>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// How the exception ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExceptionPlan {
    pub target_date: Option<Spanned<Date>>,
    #[serde(default)]
    pub steps: Vec<String>,
    pub change: Option<Spanned<ChangeRef>>,
}

/// A dispute over an exception.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Conflict {
    pub raised: Spanned<Date>,
    #[schemars(range(min = 1))]
    pub level: u32,
    pub decision: Option<String>,
}

/// A review of a standing exception.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExceptionReview {
    pub at: Spanned<Date>,
    pub by: Spanned<PersonRef>,
    pub outcome: String,
}

/// A risk owner bears a residual risk until a date.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskAcceptance {
    #[serde(rename = "type")]
    pub acceptance_type: RiskAcceptanceType,
    pub subject: RiskAcceptanceSubject,
    pub starts: Spanned<Date>,
    /// Whether it is meant to hold although the vulnerability is exploited.
    #[serde(default)]
    pub covers_exploited: bool,
    pub risk: Option<Spanned<RiskRef>>,
    pub inherent: RiskRating,
    pub residual: RiskRating,
    #[schemars(length(min = 1))]
    pub alternatives_considered: String,
    #[serde(default)]
    pub conditions: Vec<String>,
    #[serde(default)]
    pub compensating: Vec<Compensating>,
    /// The last day, to its end; at most 365 days after the start.
    pub expires: Option<Spanned<Date>>,
    /// The sentence that the signer reads.
    #[schemars(length(min = 1))]
    pub statement: String,
}

/// What is accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RiskAcceptanceSubject {
    #[serde(default)]
    pub vulns: Vec<Spanned<String>>,
    #[serde(default)]
    pub patches: Vec<Spanned<String>>,
    #[serde(default)]
    pub systems: Vec<Spanned<SystemRef>>,
    #[serde(default)]
    pub resolved: Vec<Spanned<String>>,
    pub as_of: Option<Spanned<Date>>,
    pub risk: Option<Spanned<RiskRef>>,
}

/// A likelihood and an impact, in the words of the risk matrix.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RiskRating {
    pub likelihood: Spanned<String>,
    pub impact: Spanned<String>,
}

/// The attestation of one person's decision; written by the tool, never by hand.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    pub kind: String,
    pub subject: Spanned<ApprovalSubject>,
    pub decision: Decision,
    pub role: Spanned<RoleRef>,
    pub person: Spanned<PersonRef>,
    /// UTC, in whole seconds, with `Z`.
    pub at: Spanned<Instant>,
    /// The commit on which the decision was made.
    pub basis_commit: Option<String>,
    /// For a rejection, a revocation and a review that ends.
    pub reason: Option<String>,
    /// The sentence that the person was shown.
    pub shown: String,
}

/// What a decision is about.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ApprovalSubject {
    pub kind: String,
    pub id: crate::model::id::RecordId,
    /// A part of the record; empty for the whole.
    #[serde(default)]
    pub fragment: String,
    /// `sha256:` of the record's canonical form.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub digest: String,
}
