//! Controls and risks: the Statement of Applicability, and what it answers to.

use schemars::JsonSchema;
use serde::Deserialize;

use super::decisions::RiskRating;
use crate::model::controls::Edition;
use crate::model::reference::{AcceptanceRef, ControlText, FilePath, OwnerRef, PolicyRef, SystemRef};
use crate::model::time::Date;
use crate::source::Spanned;

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
pub struct ActionRef(
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]{2,62}$"), extend("x-ref" = ["Action"]))] pub String,
);

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
    pub residual: Option<RiskRating>,
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

impl Treatment {
    /// Returns the word of the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Modify => "modify",
            Self::Retain => "retain",
            Self::Avoid => "avoid",
            Self::Share => "share",
        }
    }
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
