//! Severity, in the four words that all records use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How grave a vulnerability is; ordered, `Low` first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// All of them, the gravest first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Finds a severity by its word, in any case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.word().eq_ignore_ascii_case(word))
    }

    /// Returns the severity of a CVSS v3 or v4 score; `None` for 0.0, which is no severity.
    ///
    /// Source: the qualitative severity rating scale of the CVSS v3.1 and v4.0 specifications.
    pub fn of_score(score: f64) -> Option<Self> {
        match score {
            score if score >= 9.0 => Some(Self::Critical),
            score if score >= 7.0 => Some(Self::High),
            score if score >= 4.0 => Some(Self::Medium),
            score if score > 0.0 => Some(Self::Low),
            _ => None,
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.word())
    }
}
