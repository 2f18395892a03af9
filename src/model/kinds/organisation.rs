//! Kinds that say who decides what: the management system, people, roles, policies, controls and risks.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::controls::Edition;
use crate::model::expression::{Expression, Selector};
use crate::model::reference::{
    AcceptanceRef, ControlText, FilePath, OwnerRef, PersonRef, PolicyRef, RoleRef, SourceRef, SystemRef,
};
use crate::model::severity::Severity;
use crate::model::time::Date;
use crate::source::Spanned;

use super::technology::CapStart;

/// The management system: scope, zone, frameworks, tiers and regulations.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Isms {
    /// The name of the organisation.
    #[schemars(length(min = 1))]
    pub organisation: String,
    /// What the management system covers.
    #[schemars(length(min = 1))]
    pub scope_statement: String,
    /// The organisation's zone by its IANA name, such as `Europe/Berlin`; dates are local days in it.
    pub timezone: Spanned<String>,
    /// The frameworks in force, with their editions.
    #[schemars(length(min = 1))]
    pub frameworks: Vec<Framework>,
    /// The certification.
    pub certification: Option<Certification>,
    /// The severities in use, the gravest first.
    #[schemars(length(min = 1))]
    pub severities: Spanned<Vec<Severity>>,
    /// The tiers of systems, the most critical first.
    #[schemars(length(min = 1))]
    pub tiers: Vec<Tier>,
    /// Regulations with caps of their own.
    #[serde(default)]
    pub regulations: Vec<Regulation>,
    /// The scales of likelihood and impact, and the level of each pair.
    pub risk_matrix: Option<RiskMatrix>,
    /// Measurable objectives.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// Figures of others to compare with.
    #[serde(default)]
    pub benchmarks: Vec<Benchmark>,
    /// Terms with the preferred word.
    #[serde(default)]
    pub glossary: Vec<GlossaryTerm>,
    /// From which number of cases a rate is called certain.
    pub certainty: Option<Certainty>,
}

/// A framework and its edition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Framework {
    /// Such as `iso27001` or `pci`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9]*$"))]
    pub id: String,
    /// Such as `2022` or `4.0.1`.
    pub edition: String,
}

/// The certification body and its next visit.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Certification {
    pub body: String,
    pub next_audit: Option<Date>,
}

/// A tier of systems.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Tier {
    /// Such as `tier0`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub id: Spanned<String>,
    pub name: String,
    /// Expressions over a system's fields; one that holds puts the system into this tier.
    #[serde(default)]
    pub criteria: Vec<Spanned<Expression>>,
}

/// A regulation with its caps.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Regulation {
    pub id: String,
    pub edition: Option<String>,
    /// The tag that a system carries in `regulations`.
    pub tag: String,
    #[serde(default)]
    pub caps: Vec<RegulationCap>,
    #[schemars(range(min = 1))]
    pub retention_years: Option<u32>,
    pub report_due: Option<String>,
}

/// The longest time that a regulation leaves; exactly one of `days` and `months`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RegulationCap {
    pub severity: Severity,
    #[schemars(range(min = 1))]
    pub days: Option<u32>,
    #[schemars(range(min = 1))]
    pub months: Option<u32>,
    pub from: CapStart,
}

/// Scales of likelihood and impact; `levels` has a row for each likelihood and a column for each impact.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RiskMatrix {
    #[schemars(length(min = 1))]
    pub likelihood: Vec<String>,
    #[schemars(length(min = 1))]
    pub impact: Vec<String>,
    #[schemars(length(min = 1))]
    pub levels: Vec<Vec<String>>,
    pub appetite: Option<String>,
}

/// A measurable objective.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Objective {
    pub id: String,
    pub kpi: String,
    pub target: String,
    pub direction: Option<String>,
    pub owner: Spanned<RoleRef>,
    pub linked: Option<String>,
}

/// A figure of others, with its source.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Benchmark {
    pub kpi: String,
    pub source: String,
    pub value: String,
    pub as_of: Option<String>,
}

/// A term and the word to use for it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct GlossaryTerm {
    pub term: String,
    pub preferred: Option<String>,
    pub definition: String,
}

/// From which number of cases a rate is called certain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Certainty {
    #[schemars(range(min = 1))]
    pub small_n: u32,
}

/// A human being, with keys.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    #[schemars(length(min = 1))]
    pub name: String,
    /// The principal in `keyring/allowed_signers`.
    #[schemars(regex(pattern = r"^[!-~]+@[!-~]+$"))]
    pub email: Spanned<String>,
    /// From when to when the person belongs to the organisation.
    pub active: ActivePeriod,
    pub function: Option<PersonFunction>,
    pub manager: Option<Spanned<PersonRef>>,
    pub keys: Vec<Key>,
    #[serde(default)]
    pub delegations: Vec<Delegation>,
}

/// From when to when, both days included.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ActivePeriod {
    pub from: Spanned<Date>,
    pub to: Option<Spanned<Date>>,
}

/// What a person does in the organisation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum PersonFunction {
    ItOps,
    Security,
    Compliance,
    Business,
    Legal,
    Soc,
    Audit,
}

/// A public key by its fingerprint.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Key {
    #[serde(rename = "type")]
    pub key_type: Option<KeyType>,
    /// As `ssh-keygen -l` prints it.
    #[schemars(regex(pattern = r"^SHA256:[A-Za-z0-9+/]{43}$"))]
    pub fingerprint: Spanned<String>,
    pub valid_from: Spanned<Date>,
    pub valid_to: Option<Spanned<Date>>,
    pub purpose: Option<KeyPurpose>,
}

/// The type of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum KeyType {
    #[serde(rename = "ssh-ed25519")]
    Ed25519,
    #[serde(rename = "sk-ssh-ed25519")]
    SkEd25519,
    #[serde(rename = "ecdsa-sha2-nistp256")]
    EcdsaP256,
    #[serde(rename = "ecdsa-sha2-nistp384")]
    EcdsaP384,
    #[serde(rename = "ecdsa-sha2-nistp521")]
    EcdsaP521,
    #[serde(rename = "sk-ecdsa")]
    SkEcdsa,
    #[serde(rename = "ssh-rsa")]
    Rsa,
}

/// What a key may sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum KeyPurpose {
    Approve,
    SignBundle,
    Import,
    Anchor,
}

/// Roles handed to another person for a time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Delegation {
    pub to: Spanned<PersonRef>,
    pub roles: Vec<Spanned<RoleRef>>,
    pub from: Spanned<Date>,
    pub until: Spanned<Date>,
    pub reason: Option<String>,
}

/// A function, committee or party, with its holders and what it may approve.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    #[serde(rename = "type")]
    pub role_type: RoleType,
    pub holders: Spanned<Vec<Holder>>,
    pub deputy: Option<Spanned<PersonRef>>,
    #[serde(default)]
    pub functions_required: Vec<PersonFunction>,
    #[schemars(range(min = 1))]
    pub quorum: Option<u32>,
    #[serde(default)]
    pub may_approve: Vec<MayApprove>,
    #[serde(default)]
    pub incompatible_with: Vec<Spanned<RoleRef>>,
    #[serde(default)]
    pub raci_labels: Vec<String>,
}

/// What sort of role it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum RoleType {
    Role,
    Committee,
    Party,
}

/// A person who holds a role from one day to another, both included.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Holder {
    pub person: Spanned<PersonRef>,
    pub from: Spanned<Date>,
    pub to: Option<Spanned<Date>>,
}

/// What a role may approve, and up to where.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct MayApprove {
    pub kind: String,
    pub fragment: Option<String>,
    pub max_severity: Option<Severity>,
    pub tiers: Option<Vec<String>>,
    pub max_days: Option<u32>,
    pub max_residual: Option<String>,
}

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

/// The Statement of Applicability.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Soa {
    /// The edition of ISO/IEC 27001 that is certified against.
    pub edition: Spanned<Edition>,
    /// One entry for each control of the edition.
    pub entries: Spanned<Vec<SoaEntry>>,
}

/// One control of the statement.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SoaEntry {
    /// The id in the certified edition, such as `8.8`.
    pub control: Spanned<String>,
    /// The ids of the 2013 edition that it takes up.
    pub legacy: Option<Spanned<Vec<Spanned<String>>>>,
    /// A title for a custom control; that of Annex A is built in.
    pub title: Option<String>,
    pub applicable: Spanned<bool>,
    /// Why the control is included: `risk:<id>`, `legal:…`, `contract:…` or `practice`.
    #[serde(default)]
    pub reasons: Vec<Spanned<String>>,
    /// Why it is included or excluded, in a sentence.
    pub justification: Spanned<String>,
    pub implementation: Option<Implementation>,
    #[serde(default)]
    pub policies: Vec<Spanned<PolicyRef>>,
    pub owner: Option<Spanned<OwnerRef>>,
    #[serde(default)]
    pub checkpoints: Vec<Checkpoint>,
    pub planned: Option<Planned>,
    /// Whether the control is the organisation's own, outside Annex A.
    #[serde(default)]
    pub custom: bool,
}

/// Whether a control applies, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Applicability {
    Applicable,
    Excluded,
}

/// How far a control is implemented.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Implementation {
    Implemented,
    Partial,
    Planned,
    None,
}

impl Implementation {
    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Implemented => "implemented",
            Self::Partial => "partial",
            Self::Planned => "planned",
            Self::None => "none",
        }
    }
}

/// A question that an auditor asks of a control.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Checkpoint {
    pub id: String,
    pub question: String,
    pub evidence_type: Option<String>,
    pub period: Option<String>,
}

/// By when a control is to be implemented.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Planned {
    pub date: Spanned<Date>,
    pub action: Option<ActionRef>,
}

/// An action; the kind is not built yet, so that only the form is checked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ActionRef(#[schemars(regex(pattern = r"^[a-z][a-z0-9-]{2,62}$"), extend("x-ref" = ["Action"]))] pub String);

/// A risk, its rating and its treatment; the level is computed from the matrix.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    #[schemars(length(min = 1))]
    pub scenario: String,
    #[serde(default)]
    pub assets: Vec<Spanned<SystemRef>>,
    #[serde(default)]
    pub threats: Vec<String>,
    /// A word of the matrix's scale of likelihood.
    pub likelihood: Spanned<String>,
    /// A word of the matrix's scale of impact.
    pub impact: Spanned<String>,
    pub treatment: Treatment,
    #[serde(default)]
    pub plan: Vec<TreatmentStep>,
    #[serde(default)]
    pub controls: Vec<Spanned<ControlText>>,
    pub residual: Option<super::decisions::RiskRating>,
    pub accepted_by: Option<Spanned<AcceptanceRef>>,
    pub reviewed: Spanned<Date>,
    pub threat_model: Option<Spanned<FilePath>>,
}

/// The treatment of a risk, in the words of ISO/IEC 27005.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Treatment {
    Modify,
    Retain,
    Avoid,
    Share,
}

/// One step of a treatment plan.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct TreatmentStep {
    pub step: String,
    pub due: Spanned<Date>,
    pub owner: Option<Spanned<OwnerRef>>,
    pub control: Option<Spanned<ControlText>>,
}
