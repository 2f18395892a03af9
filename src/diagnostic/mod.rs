//! What is wrong, where it is, and what to do about it. Printing is not in here.

use serde::{Deserialize, Serialize};

use crate::source::Span;

/// How grave a diagnostic is; `Error` blocks.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warn,
    Info,
}

impl Level {
    /// Returns the word that all formats use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
        }
    }
}

/// Returns a number with its noun, in the plural unless it is one: `1 error`, `2 errors`.
pub fn counted<N: std::fmt::Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

/// One thing that a rule says about the repository.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The rule's code, such as `EXC001`.
    pub code: &'static str,
    /// The rule's name, such as `expired-exception`; the check room fills it in.
    pub name: &'static str,
    pub level: Level,
    /// The id of the record, or the host and vulnerability, that it is about.
    pub subject: Option<String>,
    /// Who answers for the record that it is about; the check room fills it in.
    pub owner: Option<String>,
    /// What is wrong, without a full stop.
    pub message: String,
    /// A few words at the place itself.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    pub span: Span,
    pub related: Vec<Related>,
}

/// A second place that a diagnostic speaks of.
#[derive(Clone, Debug)]
pub struct Related {
    pub span: Span,
    pub message: String,
}

impl Diagnostic {
    /// Makes a diagnostic at error level; the rule's configured level replaces it.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Level::Error, span, message)
    }

    /// Makes a diagnostic at warn level.
    pub fn warn(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Level::Warn, span, message)
    }

    /// Makes a diagnostic at info level.
    pub fn info(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Level::Info, span, message)
    }

    fn new(code: &'static str, level: Level, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            name: "",
            level,
            subject: None,
            owner: None,
            message: message.into(),
            label: None,
            help: None,
            span,
            related: Vec::new(),
        }
    }

    /// Names what the diagnostic is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Says a few words at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Points at a second place.
    #[must_use]
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related {
            span,
            message: message.into(),
        });
        self
    }
}
