//! Severity, and the one place that makes it from CVSS.

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

/// A CVSS vector with its base score.
#[derive(Clone, PartialEq, Debug)]
pub struct CvssVector {
    /// The vector as it is written, with its prefix.
    pub text: Box<str>,
    /// 20, 30, 31 or 40.
    pub version: u8,
    /// The base score, 0.0 to 10.0.
    pub score: f64,
}

impl CvssVector {
    /// Reads a vector; `None` when no version of CVSS accepts it.
    ///
    /// Exporters write v2 as `CVSS2#AV:…`, leave the prefix out or put it in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('(').trim_end_matches(')');
        let (version, body) = if text.starts_with("CVSS:4.0/") {
            (40, text.to_owned())
        } else if text.starts_with("CVSS:3.1/") {
            (31, text.to_owned())
        } else if text.starts_with("CVSS:3.0/") {
            (30, text.to_owned())
        } else if let Some(rest) = text.strip_prefix("CVSS2#") {
            (20, rest.to_owned())
        } else if text.contains("/AT:") {
            (40, format!("CVSS:4.0/{text}"))
        } else if text.contains("/Au:") {
            (20, text.to_owned())
        } else if text.contains("/PR:") {
            (30, format!("CVSS:3.0/{text}"))
        } else {
            return None;
        };
        let score = match version {
            40 => body.parse::<cvss::v4::Vector>().ok()?.score().value(),
            30 | 31 => body.parse::<cvss::v3::Vector>().ok()?.base_score().value(),
            _ => body.parse::<cvss::v2::Vector>().ok()?.score().value(),
        };
        Some(Self {
            text: body.into(),
            version,
            score,
        })
    }

    /// Returns the severity of the base score; `None` for 0.0 and for v2, which has no such scale.
    pub fn severity(&self) -> Option<Severity> {
        if self.version < 30 {
            None
        } else {
            Severity::of_score(self.score)
        }
    }
}

/// Chooses the vector to rate by: v4 before v3.1 before v3.0; of one version the highest score.
///
/// A v2 vector never rates: the specification has no scale of words for it.
pub fn best_vector(vectors: impl IntoIterator<Item = CvssVector>) -> Option<CvssVector> {
    vectors
        .into_iter()
        .filter(|vector| vector.version >= 30)
        .max_by(|one, other| {
            (one.version, one.score)
                .partial_cmp(&(other.version, other.score))
                .unwrap_or(std::cmp::Ordering::Equal)
        })
}
