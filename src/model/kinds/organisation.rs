//! Kinds that say who decides: the management system, people and roles.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::technology::CapStart;
use crate::model::expression::Expression;
use crate::model::reference::{PersonRef, RoleRef};
use crate::model::severity::Severity;
use crate::model::time::Date;
use crate::source::Spanned;

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

impl RiskMatrix {
    /// Returns the level of a pair; `None` where a word is not on its scale.
    pub fn level(&self, likelihood: &str, impact: &str) -> Option<&str> {
        let row = self.likelihood.iter().position(|word| word == likelihood)?;
        let column = self.impact.iter().position(|word| word == impact)?;
        Some(self.levels.get(row)?.get(column)?)
    }

    /// Returns where a level stands among all, 0 for the lowest; `None` for a word that the matrix does not use.
    pub fn rank(&self, level: &str) -> Option<usize> {
        self.ranked().into_iter().position(|word| word == level)
    }

    /// Returns every level that the matrix uses, the lowest first.
    ///
    /// A level is as high as the smallest sum of steps on both scales at which it stands.
    pub fn ranked(&self) -> Vec<&str> {
        let mut first: BTreeMap<&str, usize> = BTreeMap::new();
        for (row, levels) in self.levels.iter().enumerate() {
            for (column, word) in levels.iter().enumerate() {
                let steps = row + column;
                first
                    .entry(word)
                    .and_modify(|least| *least = steps.min(*least))
                    .or_insert(steps);
            }
        }
        let mut order: Vec<(usize, &str)> = first.into_iter().map(|(word, steps)| (steps, word)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, word)| word).collect()
    }
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

impl PersonFunction {
    /// Returns the word of the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::ItOps => "it_ops",
            Self::Security => "security",
            Self::Compliance => "compliance",
            Self::Business => "business",
            Self::Legal => "legal",
            Self::Soc => "soc",
            Self::Audit => "audit",
        }
    }
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

impl KeyPurpose {
    /// Returns the word of the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::SignBundle => "sign_bundle",
            Self::Import => "import",
            Self::Anchor => "anchor",
        }
    }
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
