//! Policies: a text in force, and the numbers in it that rules read.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::expression::{Expression, Selector};
use crate::model::reference::{ControlText, FilePath, RoleRef, SourceRef};
use crate::model::severity::Severity;
use crate::source::Spanned;

/// A text in force, with the parameters that rules read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The Markdown file of the text.
    pub text: Spanned<FilePath>,
    #[serde(default)]
    pub clauses: Vec<Clause>,
    pub cadence: Vec<Cadence>,
    #[serde(default)]
    pub adoption: Vec<Adoption>,
    pub scanning: Scanning,
    pub testing: Option<Testing>,
    pub approved_sources: Vec<Spanned<SourceRef>>,
    pub change_rules: Vec<ChangeRule>,
    pub phasing: Option<Phasing>,
    #[serde(default)]
    pub rings: Vec<Ring>,
    #[serde(default)]
    pub auto_install: Vec<AutoInstall>,
    #[serde(default)]
    pub prechecks: Vec<String>,
    #[serde(default)]
    pub postchecks: Vec<String>,
    pub communications: Vec<Communication>,
    #[serde(default)]
    pub playbooks: Vec<String>,
    #[serde(default)]
    pub runbooks: Vec<Runbook>,
    #[serde(default)]
    pub incident_priority: Vec<IncidentPriority>,
    #[schemars(range(min = 1))]
    pub retention_years: u32,
    #[serde(default)]
    pub triggers: Vec<String>,
    /// Caps in days by severity; they may only be stricter than the rule's.
    pub exception_rules: Option<ExceptionRules>,
    /// Days within which a closed finding that is seen again goes on under its old due date.
    pub reopen_window_days: Option<u32>,
    #[serde(default)]
    pub approval_matrix: Vec<ApprovalMatrixRow>,
    pub emergency: Option<Emergency>,
}

/// A clause of the text and the controls that it answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Clause {
    pub id: String,
    #[serde(default)]
    pub controls: Vec<Spanned<ControlText>>,
}

/// How often a tier is patched.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Cadence {
    pub tier: Spanned<String>,
    pub cycle: Spanned<Cycle>,
    #[serde(default)]
    pub emergency_lane: bool,
}

/// How often.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Cycle {
    Weekly,
    Fortnightly,
    Monthly,
    Quarterly,
}

impl Cycle {
    /// Returns the longest number of days between two runs.
    pub fn days(self) -> u32 {
        match self {
            Self::Weekly => 7,
            Self::Fortnightly => 14,
            Self::Monthly => 31,
            Self::Quarterly => 92,
        }
    }
}

/// How soon a class of patch is taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Adoption {
    pub class: String,
    pub strategy: AdoptionStrategy,
    pub delay_days: Option<u32>,
    pub condition: Option<String>,
}

/// At once, or after a delay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum AdoptionStrategy {
    VendorRecommended,
    Delay,
}

/// How often hosts are scanned.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Scanning {
    /// Days after which a scan no longer counts.
    #[schemars(range(min = 1))]
    pub max_age_days: u32,
    pub after_change_hours: Option<u32>,
    /// Whether only an authenticated or agent scan counts.
    #[serde(default)]
    pub authenticated: bool,
}

/// Which tiers are tested first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Testing {
    pub tiers: Vec<String>,
    pub max_regression_pct: Option<u32>,
}

/// Which type of change a situation needs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ChangeRule {
    pub when: Spanned<Expression>,
    #[serde(rename = "type")]
    pub change_type: String,
    #[serde(default)]
    pub approvals: Vec<Spanned<RoleRef>>,
}

/// How a roll-out is cut into phases.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Phasing {
    pub min_hosts: u32,
    #[schemars(range(max = 100))]
    pub first_max_pct: u32,
    pub min_soak_hours: u32,
}

/// A deployment ring.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Ring {
    pub id: String,
    pub selector: Spanned<Selector>,
    pub severity: Option<Severity>,
    pub delay_hours: Option<u32>,
    #[serde(default)]
    pub approvals: Vec<Spanned<RoleRef>>,
}

/// From when a severity is installed without asking.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct AutoInstall {
    pub severity: Severity,
    #[schemars(range(min = 1))]
    pub within_hours: Spanned<u32>,
}

/// Who is told, and how long before.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Communication {
    pub audience: String,
    pub lead_hours: u32,
    pub channel: String,
    pub template: Option<String>,
}

/// A runbook and its version.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Runbook {
    pub id: String,
    pub version: String,
}

/// The priority of an impact and an urgency.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct IncidentPriority {
    pub impact: String,
    pub urgency: String,
    pub priority: String,
    pub tier: String,
}

/// Stricter caps for exceptions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ExceptionRules {
    /// Longest days by severity.
    #[serde(default)]
    pub caps: BTreeMap<Severity, u32>,
}

/// Which roles must approve a kind of record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ApprovalMatrixRow {
    pub kind: String,
    pub severity: Option<Vec<Severity>>,
    pub tiers: Option<Vec<String>>,
    pub when: Option<Spanned<Expression>>,
    pub roles: Vec<Spanned<RoleRef>>,
}

/// How long an emergency approval lasts before it must be ratified.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Emergency {
    #[schemars(range(min = 1))]
    pub fuse_hours: u32,
}
