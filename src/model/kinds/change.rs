//! The kind that says what is changed when, by whose leave and how it is taken back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::technology::words;
use crate::model::reference::{ChangeRef, EvidenceRef, PatchRef, PersonRef, ReviewRef, SourceRef, SystemRef};
use crate::model::time::{Date, Instant};
use crate::source::Spanned;

/// A change of Systems, or the template of a standard change.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Whether it is a template, which changes nothing itself.
    #[serde(default)]
    pub template: bool,
    /// The template of a standard change.
    pub uses: Option<Spanned<ChangeRef>>,
    #[serde(rename = "type")]
    pub change_type: Spanned<ChangeType>,
    /// What is changed; a template may leave it empty.
    pub systems: Vec<Spanned<SystemRef>>,
    /// The patches that are installed, such as `p-2026-09-kb5043050`.
    pub patches: Vec<Spanned<PatchRef>>,
    pub risk: ChangeRisk,
    /// When the work begins; every Change but a template has it.
    pub start: Option<Spanned<Instant>>,
    /// When the work ends at the latest; every Change but a template has it.
    pub end: Option<Spanned<Instant>>,
    #[serde(default)]
    pub phases: Vec<Phase>,
    /// In which order the Systems are changed.
    #[serde(default)]
    pub order: Vec<Spanned<SystemRef>>,
    pub rollback: Rollback,
    #[serde(default)]
    pub prechecks: Vec<ChangeCheck>,
    #[serde(default)]
    pub postchecks: Vec<ChangeCheck>,
    #[serde(default)]
    pub notices: Vec<Notice>,
    /// What makes it an emergency.
    pub trigger: Option<ChangeTrigger>,
    /// Why an emergency cannot wait.
    pub justification: Option<Spanned<String>>,
    /// A freeze that it departs from; it needs the approver of freezes.
    pub freeze_approval: Option<FreezeApproval>,
    /// Its number in the ticket system.
    pub itsm_ref: Option<String>,
    /// What was done, as an import says.
    pub execution: Option<Execution>,
    pub result: Option<Spanned<ChangeResult>>,
    /// The review after it.
    pub pir: Option<Spanned<ReviewRef>>,
    /// What a Change by this template may be.
    pub limits: Option<TemplateLimits>,
    /// The last day on which a Change may use this template.
    pub valid_until: Option<Spanned<Date>>,
}

words! {
    /// How a change comes to be allowed.
    ChangeType { Standard = "standard", Normal = "normal", Emergency = "emergency" }
    /// How much a change may break.
    ChangeRisk { Low = "low", Medium = "medium", High = "high" }
    /// What became of it.
    ChangeResult { Success = "success", Partial = "partial", Failed = "failed", RolledBack = "rolled_back" }
    /// What makes a change an emergency.
    TriggerKind { Exploited = "exploited", KevListed = "kev_listed", Outage = "outage", Advisory = "advisory" }
    /// What a check found.
    CheckResult { Pass = "pass", Fail = "fail" }
}

/// One part of a roll-out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Phase {
    pub cohort: String,
    /// Hosts or Systems.
    #[serde(default)]
    pub systems: Vec<Spanned<String>>,
    /// The share of hosts that is done by then, in percent.
    #[schemars(range(min = 1, max = 100))]
    pub pct: Option<u32>,
    /// Hours to watch before the next phase.
    pub soak_hours: Option<u32>,
    /// What must hold before the next phase.
    pub gate: Option<Threshold>,
}

/// A figure and the most that it may be.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Threshold {
    pub metric: String,
    pub max: f64,
}

/// How it is taken back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Rollback {
    #[serde(default)]
    pub steps: Vec<String>,
    /// Where the script lies.
    pub script: Option<String>,
    /// Its SHA-256 in lower-case hexadecimal, with or without `sha256:` before it.
    #[schemars(regex(pattern = r"^(sha256:)?[0-9a-f]{64}$"))]
    pub script_sha256: Option<String>,
    #[serde(default)]
    pub manual_steps: Vec<String>,
    /// Steps for the other nodes of a cluster.
    #[serde(default)]
    pub ha_steps: Vec<String>,
    /// When it is taken back.
    #[serde(default)]
    pub triggers: Vec<Threshold>,
    pub tested_at: Option<Spanned<Date>>,
    #[schemars(range(min = 1))]
    pub max_minutes: Option<u32>,
    #[serde(default)]
    pub snapshots: Vec<Snapshot>,
    pub executed: Option<RollbackRun>,
}

/// A state to go back to.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Snapshot {
    /// A host or a System.
    pub system: Spanned<String>,
    #[serde(rename = "ref")]
    pub reference: String,
    pub taken_at: Spanned<Date>,
    /// The last day on which it is there.
    pub retain_until: Spanned<Date>,
}

/// That it was taken back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RollbackRun {
    pub at: Spanned<Instant>,
    pub by: Option<Spanned<PersonRef>>,
    pub reason: String,
    /// Minutes that it took.
    pub minutes: Option<u32>,
}

/// A check before or after the work.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ChangeCheck {
    #[schemars(length(min = 1))]
    pub check: String,
    pub result: Option<CheckResult>,
    pub at: Option<Spanned<Instant>>,
    pub by: Option<Spanned<PersonRef>>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// Who was told, and when.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Notice {
    pub audience: String,
    pub sent: Spanned<Date>,
    pub channel: Option<String>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// What makes a change an emergency.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ChangeTrigger {
    #[serde(rename = "type")]
    pub trigger_type: TriggerKind,
    /// CVEs, or scanners' ids such as `qualys:38173`.
    #[serde(default)]
    pub vulns: Vec<Spanned<String>>,
    pub at: Option<Spanned<Instant>>,
    pub evidence: Option<Spanned<EvidenceRef>>,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// Why it is done in a freeze.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct FreezeApproval {
    /// The name of the freeze.
    pub freeze: Spanned<String>,
    #[schemars(length(min = 1))]
    pub reason: String,
}

/// What was done, as an import says.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Execution {
    pub started: Spanned<Instant>,
    pub finished: Option<Spanned<Instant>>,
    pub source: Option<Spanned<SourceRef>>,
    #[serde(default)]
    pub hosts: Vec<String>,
    pub evidence: Option<Spanned<EvidenceRef>>,
}

/// What a Change by a template may be.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TemplateLimits {
    /// Ids of tiers of the Isms.
    #[serde(default)]
    pub tiers: Vec<Spanned<String>>,
    #[schemars(range(min = 1))]
    pub max_hosts: Option<u32>,
    #[schemars(range(min = 1))]
    pub max_minutes: Option<u32>,
    pub max_risk: Option<ChangeRisk>,
}
