//! `compliance.yaml`: what differs from the defaults of the rules.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::source::{Node, Span, Spanned};

/// The configuration as it is written; the check room knows which rules and parameters exist.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The oldest tool version that may judge the repository, such as `>= 0.1`.
    pub tool: Option<Spanned<String>>,
    /// Settings by rule code.
    pub rules: Vec<RuleSetting>,
    /// Paths beside the record folders that hold other YAML.
    pub exclude: Vec<Spanned<String>>,
    /// Diagnostics that shall not block for a while.
    pub suppressions: Vec<Spanned<Suppression>>,
}

/// One diagnostic that shall not block for a while, as it is written; whether it counts is judged by a rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Suppression {
    /// Its own id, of the form of record ids.
    pub id: Option<Spanned<String>>,
    /// The code of the rule, such as `REC001`.
    pub rule: Option<Spanned<String>>,
    /// What the diagnostic is about, exactly as it is told.
    pub subject: Option<Spanned<String>>,
    /// The id of the Role that answers for it.
    pub owner: Option<Spanned<String>>,
    /// Why, in at least 20 characters.
    pub reason: Option<Spanned<String>>,
    /// The last day on which it counts.
    pub expires: Option<Spanned<String>>,
}

/// What is set for one rule.
#[derive(Clone, Debug)]
pub struct RuleSetting {
    pub code: Spanned<String>,
    /// Each parameter with the place of its name and its value as a tree.
    pub parameters: Vec<(Spanned<String>, Node)>,
}

/// The shape of the file, for its schema.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigurationFile {
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    pub kind: String,
    /// The oldest tool version that may judge this repository.
    #[schemars(regex(pattern = r"^>= *[0-9]+(\.[0-9]+){0,2}$"))]
    pub tool: Option<Spanned<String>>,
    /// Settings that differ from the defaults, by rule code.
    #[serde(default)]
    pub rules: BTreeMap<String, RuleFile>,
    /// Paths beside the record folders that hold other YAML.
    #[serde(default)]
    pub exclude: Vec<Spanned<String>>,
    /// Diagnostics that shall not block for a while; each needs all its fields, and the approval of this file.
    #[serde(default)]
    pub suppressions: Vec<Spanned<Suppression>>,
}

/// The settings of one rule; the parameters differ from rule to rule.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(inline, extend("type" = "object"))]
pub struct RuleFile {}

impl RuleSetting {
    /// Returns the place of the rule's code.
    pub fn span(&self) -> Span {
        self.code.span
    }
}
