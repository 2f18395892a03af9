//! CVSS vectors of version 2.0, 3.0, 3.1 and 4.0: read strictly, scored, and laid over with an environment.
//!
//! A vector is taken as its specification writes it and no other way: each metric once, names and
//! values in their own case, every base metric present, and in versions 2.0 and 4.0 in the order
//! that those fix. Exporters leave the prefix out, put brackets around, or write `CVSS2#`; that much
//! is put right. Source: the CVSS v2 guide, and the specification documents of v3.0, v3.1 and v4.0.

mod grammar;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use cvss::v3::Metric as _;

use super::kinds::CvssProfile;
use super::severity::Severity;
use grammar::{Grammar, Metrics};

/// A CVSS vector with its scores.
#[derive(Clone, PartialEq, Debug)]
pub struct CvssVector {
    /// The vector as it is written; of version 3.0 and later with its prefix.
    pub text: Arc<str>,
    /// 20, 30, 31 or 40.
    pub version: u8,
    /// The score of the base metrics alone, 0.0 to 10.0.
    pub base: f64,
    /// The score of all metrics: base, temporal or threat, environmental; 0.0 to 10.0.
    pub score: f64,
}

/// A score is always a number.
impl Eq for CvssVector {}

/// What is written tells the rest.
impl Hash for CvssVector {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl CvssVector {
    /// Reads a vector; `None` when no version of CVSS accepts it.
    ///
    /// Without a prefix the version is told by a metric that only it has; `PR` alone means 3.0, since the
    /// base scores of 3.0 and 3.1 are the same.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text
            .strip_prefix('(')
            .map_or(Some(text), |inner| inner.strip_suffix(')'))?;
        let (grammar, metrics) = grammar::read(text)?;
        Self::of(grammar, &metrics)
    }

    /// Returns the severity of all its metrics; `None` for 0.0 and for v2, which has no such scale.
    ///
    /// For vectors that somebody answers for, such as that of a Triage.
    pub fn severity(&self) -> Option<Severity> {
        self.rated(self.score)
    }

    /// Returns the severity of the base metrics; `None` for 0.0 and for v2, which has no such scale.
    ///
    /// Exports are rated by it: what a scanner says of threat or environment lowers nothing, only a
    /// record does.
    pub fn base_severity(&self) -> Option<Severity> {
        self.rated(self.base)
    }

    fn rated(&self, score: f64) -> Option<Severity> {
        Severity::of_score(score).filter(|_| self.version >= 30)
    }

    /// Returns the base metrics in the environment of a System; `None` where its profile says nothing to the version.
    ///
    /// The requirements `CR`, `IR` and `AR` are metrics of every version. `MAV` is one of 3.0, 3.1 and 4.0;
    /// version 2.0 has no modified metrics, so there it is left out and the access stays as it was scored.
    /// A value of `X` says nothing. Other metrics than those of the base are dropped: the profile is the
    /// environment, and nobody answers for a threat that an export states.
    pub fn environmental(&self, profile: &CvssProfile) -> Option<Self> {
        let (grammar, mut metrics) = grammar::read(&self.text)?;
        metrics.keep_base(grammar);
        let mut is_said = false;
        for (name, value) in profile.metrics() {
            is_said |= value != "X" && metrics.set(grammar, name, value);
        }
        if is_said {
            Self::of(grammar, &metrics)
        } else {
            None
        }
    }

    fn of(grammar: &'static Grammar, metrics: &Metrics) -> Option<Self> {
        let mut base_metrics = metrics.clone();
        base_metrics.keep_base(grammar);
        let base = scores(grammar.version, &base_metrics.text(grammar))?.0;
        let text = metrics.text(grammar);
        let score = if *metrics == base_metrics {
            base
        } else {
            scores(grammar.version, &text)?.1
        };
        Some(Self {
            text: metrics.as_written(grammar).into(),
            version: grammar.version,
            base,
            score,
        })
    }
}

/// Scores a vector in the order of its specification: the base metrics, and all metrics.
fn scores(version: u8, text: &str) -> Option<(f64, f64)> {
    match version {
        20 => {
            let vector: cvss::v2::Vector = text.parse().ok()?;
            Some((vector.score().value(), vector.environmental_score().value()))
        }
        30 => Some(scores_of_3_0(&text.parse().ok()?)),
        31 => {
            let vector: cvss::v3::Vector = text.parse().ok()?;
            Some((vector.base_score().value(), vector.environmental_score().value()))
        }
        _ => {
            let vector: cvss::v4::Vector = text.parse().ok()?;
            let score = vector.score().value();
            Some((score, score))
        }
    }
}

/// Scores version 3.0, whose rounding asks for the smallest tenth that is not below the exact product.
///
/// In binary `10.0 * 0.92` is a hair above 9.2 and would be rounded up to 9.3; version 3.1 mended its text for
/// that reason. Tenths and hundredths as whole numbers are exact.
fn scores_of_3_0(vector: &cvss::v3::Vector) -> (f64, f64) {
    let hundredths = |factor: Option<f64>| (factor.unwrap_or(1.0) * 100.0).round() as u64;
    let without_temporal = cvss::v3::Vector {
        e: None,
        rl: None,
        rc: None,
        ..vector.clone()
    };
    let tenths = (without_temporal.environmental_score().value() * 10.0).round() as u64;
    let product = tenths
        * hundredths(vector.e.map(|metric| metric.score()))
        * hundredths(vector.rl.map(|metric| metric.score()))
        * hundredths(vector.rc.map(|metric| metric.score()));
    let score = product.div_ceil(1_000_000) as f64 / 10.0;
    (vector.base_score().value(), score)
}

/// Chooses the vector to rate by: v4 before v3.1 before v3.0; of one version the highest base score.
///
/// A v2 vector never rates: the specification has no scale of words for it.
pub fn best_vector(vectors: impl IntoIterator<Item = CvssVector>) -> Option<CvssVector> {
    vectors
        .into_iter()
        .filter(|vector| vector.version >= 30)
        .max_by(|one, other| {
            (one.version, one.base)
                .partial_cmp(&(other.version, other.base))
                .unwrap_or(std::cmp::Ordering::Equal)
        })
}
