//! How Greenbone rates a result: a score, a word, and how sure it is.

use crate::model::Severity;

/// A word for a class of scores.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Threat {
    Graded(Severity),
    /// An event that is no vulnerability.
    Log,
    FalsePositive,
    /// What the scanner says of itself.
    Error,
}

/// Reads a word; `None` where there is none, an `Err` where it is not known.
///
/// Source: the threat levels of the Greenbone Management Protocol. `Alarm` is the former word for `High`.
pub(super) fn threat(word: &str) -> Result<Option<Threat>, String> {
    let threat = match word.trim().to_ascii_lowercase().as_str() {
        "" => return Ok(None),
        "critical" => Threat::Graded(Severity::Critical),
        "high" | "alarm" => Threat::Graded(Severity::High),
        "medium" => Threat::Graded(Severity::Medium),
        "low" => Threat::Graded(Severity::Low),
        "log" | "debug" | "none" | "info" => Threat::Log,
        "false positive" | "false p." => Threat::FalsePositive,
        "error" | "error message" => Threat::Error,
        _ => {
            return Err(
                "`Critical`, `High`, `Medium`, `Low`, `Log`, `Debug`, `False Positive` and `Error` are"
                    .into(),
            );
        }
    };
    Ok(Some(threat))
}

/// Reads a score, −3.0 to 10.0; `None` where there is none, an `Err` where it is none.
pub(super) fn score(text: &str) -> Result<Option<f64>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|score| (-99.0..=10.0).contains(score));
    number
        .map(Some)
        .ok_or_else(|| "a score of `-1.0` to `10.0` is".into())
}

/// Reads the quality of detection, in percent; `None` where there is none.
pub(super) fn quality_of_detection(text: &str) -> Result<Option<u8>, String> {
    let text = text.trim().trim_end_matches('%').trim_end();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|percent| *percent <= 100);
    number
        .map(Some)
        .ok_or_else(|| "a quality of detection of `0` to `100` is".into())
}

/// Results below this quality of detection, in percent, are unconfirmed.
///
/// Source: Greenbone's own reports leave them out unless they are asked for.
pub(super) const CONFIRMED: u8 = 70;

/// What one result is rated, as it is written.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub(super) score: Option<f64>,
    pub(super) word: &'a str,
    pub(super) original_score: Option<f64>,
    pub(super) original_word: &'a str,
    /// The score of the check itself, whatever the result says.
    pub(super) base: Option<f64>,
}

/// What a result counts as.
#[derive(PartialEq, Debug)]
pub(super) enum Rating {
    Finding {
        /// `None` where nothing rates it.
        severity: Option<Severity>,
        given: String,
        suppressed: Option<String>,
    },
    Informational,
    /// Nothing that concerns the host.
    Error,
}

/// Rates a result. What somebody overrode in Greenbone is not taken for the scanner's: the higher counts.
pub(super) fn rate(said: &Said<'_>) -> Result<Rating, String> {
    let shown = class(said.score, threat(said.word)?);
    let original = class(said.original_score, threat(said.original_word)?);
    if shown == Class::Error {
        return Ok(Rating::Error);
    }
    // A table names a false positive, and not what it was before.
    let own = match (original, shown) {
        (Class::Unrated, Class::FalsePositive) => class(said.base, None),
        (Class::Log, Class::FalsePositive) => return Ok(Rating::Informational),
        (original, _) => original,
    };
    let (own_severity, shown_severity) = (own.graded(), shown.graded());
    let is_lowered = match shown {
        Class::Log => own_severity.is_some(),
        Class::Graded(_) if own_severity == shown_severity => {
            said.score.is_some() && said.original_score > said.score
        }
        Class::Graded(_) => own_severity > shown_severity,
        Class::FalsePositive | Class::Error | Class::Unrated => false,
    };
    let suppressed = if shown == Class::FalsePositive {
        Some("false positive in Greenbone".to_owned())
    } else {
        is_lowered.then(|| {
            let from = number(said.original_score, said.original_word);
            let to = number(said.score, said.word);
            format!("overridden from {from} to {to} in Greenbone")
        })
    };
    if suppressed.is_none() && shown == Class::Log {
        return Ok(Rating::Informational);
    }
    let given = if suppressed.is_some() || own_severity > shown_severity {
        written(said.original_score.or(said.base), said.original_word)
    } else {
        written(said.score, said.word)
    };
    Ok(Rating::Finding {
        severity: own_severity.max(shown_severity),
        given,
        suppressed,
    })
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Graded(Severity),
    Log,
    FalsePositive,
    Error,
    Unrated,
}

impl Class {
    fn graded(self) -> Option<Severity> {
        match self {
            Self::Graded(severity) => Some(severity),
            Self::Log | Self::FalsePositive | Self::Error | Self::Unrated => None,
        }
    }
}

/// Classes a score and a word; where they differ the higher severity counts.
///
/// A score is rated on the scale of CVSS v3, for the words of older consoles end with `High`. Below zero it
/// is a mark: −1.0 for a false positive, −2.0 for debugging, −3.0 for an error. Source: the Greenbone
/// Management Protocol.
fn class(score: Option<f64>, word: Option<Threat>) -> Class {
    match (score, word) {
        (_, Some(Threat::FalsePositive)) => Class::FalsePositive,
        (_, Some(Threat::Error)) => Class::Error,
        (Some(score), _) if score <= -3.0 => Class::Error,
        (Some(score), _) if score <= -2.0 => Class::Log,
        (Some(score), _) if score < 0.0 => Class::FalsePositive,
        (Some(score), Some(Threat::Graded(word))) => {
            Class::Graded(Severity::of_score(score).map_or(word, |severity| severity.max(word)))
        }
        (Some(score), Some(Threat::Log) | None) => {
            Severity::of_score(score).map_or(Class::Log, Class::Graded)
        }
        (None, Some(Threat::Graded(word))) => Class::Graded(word),
        (None, Some(Threat::Log)) => Class::Log,
        (None, None) => Class::Unrated,
    }
}

/// Returns the score, or the scanner's word where it has none.
fn number(score: Option<f64>, word: &str) -> String {
    score.map_or_else(|| word.trim().to_owned(), |score| format!("{score:.1}"))
}

/// Returns the scanner's word, or the score where it has none.
fn written(score: Option<f64>, word: &str) -> String {
    match (word.trim(), score) {
        ("", Some(score)) => format!("{score:.1}"),
        ("", None) => String::new(),
        (word, _) => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rating, Said, quality_of_detection, rate, score, threat};
    use crate::model::Severity::{Critical, High, Low, Medium};

    fn rated(shown: (Option<f64>, &str), original: (Option<f64>, &str), base: Option<f64>) -> Rating {
        rate(&Said {
            score: shown.0,
            word: shown.1,
            original_score: original.0,
            original_word: original.1,
            base,
        })
        .unwrap()
    }

    #[test]
    fn a_result_counts_as_what_the_scanner_rated_it() {
        let none = (None, "");
        let rows = [
            ((Some(9.8), "High"), none, None, Some(Critical), "High", None),
            ((Some(4.0), ""), none, None, Some(Medium), "4.0", None),
            ((None, "Medium"), none, Some(9.9), Some(Medium), "Medium", None),
            (
                (Some(2.6), "Low"),
                (Some(2.6), "Low"),
                None,
                Some(Low),
                "Low",
                None,
            ),
            (
                (Some(7.5), "High"),
                (Some(5.0), "Medium"),
                None,
                Some(High),
                "High",
                None,
            ),
            (
                (Some(2.0), "Low"),
                (Some(7.5), "High"),
                None,
                Some(High),
                "High",
                Some("overridden from 7.5 to 2.0 in Greenbone"),
            ),
            (
                (Some(0.0), "Log"),
                (Some(7.5), "High"),
                None,
                Some(High),
                "High",
                Some("overridden from 7.5 to 0.0 in Greenbone"),
            ),
            (
                (Some(4.3), "Medium"),
                (Some(5.0), "Medium"),
                None,
                Some(Medium),
                "Medium",
                Some("overridden from 5.0 to 4.3 in Greenbone"),
            ),
            (
                (Some(-1.0), "False Positive"),
                (Some(5.0), "Medium"),
                None,
                Some(Medium),
                "Medium",
                Some("false positive in Greenbone"),
            ),
            (
                (Some(-1.0), "False Positive"),
                none,
                Some(7.5),
                Some(High),
                "7.5",
                Some("false positive in Greenbone"),
            ),
            (
                (None, "False Positive"),
                none,
                None,
                None,
                "",
                Some("false positive in Greenbone"),
            ),
            (
                (None, "Medium"),
                (Some(5.0), "Medium"),
                None,
                Some(Medium),
                "Medium",
                None,
            ),
            (none, none, None, None, "", None),
        ];
        for (shown, original, base, severity, given, suppressed) in rows {
            let expected = Rating::Finding {
                severity,
                given: given.to_owned(),
                suppressed: suppressed.map(str::to_owned),
            };
            assert_eq!(rated(shown, original, base), expected, "{shown:?} {original:?}");
        }
        assert_eq!(rated((Some(0.0), "Log"), none, Some(5.0)), Rating::Informational);
        assert_eq!(rated((None, "Log"), none, Some(5.0)), Rating::Informational);
        assert_eq!(rated((Some(-2.0), "Debug"), none, None), Rating::Informational);
        let (denied, log) = ((Some(-1.0), "False Positive"), (Some(0.0), "Log"));
        assert_eq!(rated(denied, log, Some(5.0)), Rating::Informational);
        assert_eq!(rated((Some(-3.0), "Error"), none, None), Rating::Error);
    }

    #[test]
    fn what_is_no_rating_is_not_read() {
        assert!(threat("Grave").is_err() && threat(" ").unwrap().is_none());
        for text in ["11", "x", "NaN", "inf", "1,5"] {
            assert!(score(text).is_err(), "{text}");
        }
        for text in ["101", "-1", "x"] {
            assert!(quality_of_detection(text).is_err(), "{text}");
        }
        assert_eq!(quality_of_detection("70 %").unwrap(), Some(70));
    }
}
