//! How a due date came about: a list of segments, each with what set it and by which record.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::finding::DueReason;
use super::id::RecordId;
use super::kind::Kind;
use super::time::{Zone, utc_text};

/// What happened when a segment began.
///
/// Source: reconciliation semantics, SLA clock, the events of the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentCause {
    /// The clock started.
    Start,
    /// The severity changed, by a scanner or by an approved triage.
    Severity,
    /// The host's System, or the System's tier, became another.
    Tier,
    /// Another version of the agreement came into force.
    Agreement,
    /// Evidence of exploitation, a listing, or what else the agreement makes a condition.
    Condition,
    /// An incident set another time.
    Override,
    /// The vendor has no fix.
    Pause,
    /// The vendor's fix came out.
    Resume,
    /// A freeze that pauses the clock.
    Freeze,
}

impl SegmentCause {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Severity => "severity",
            Self::Tier => "tier",
            Self::Agreement => "agreement",
            Self::Condition => "condition",
            Self::Override => "override",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Freeze => "freeze",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Start => "the clock starts",
            Self::Severity => "the severity changes",
            Self::Tier => "the system or its tier changes",
            Self::Agreement => "another version of the agreement comes into force",
            Self::Condition => "a condition holds that asks for an earlier date",
            Self::Override => "an incident sets another time",
            Self::Pause => "the clock pauses, there is no fix",
            Self::Resume => "the clock goes on, there is a fix",
            Self::Freeze => "the clock pauses for a freeze",
        }
    }
}

/// What a due date rests on: a record in its version, or a regulation in its edition.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Governor {
    Record {
        kind: Kind,
        id: RecordId,
        version: Option<Box<str>>,
        /// Which of its contents, where that is known.
        content: Option<CitedContent>,
    },
    Regulation {
        id: Box<str>,
        edition: Option<Box<str>>,
    },
}

/// One content of a record: its digest, and by what it governs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CitedContent {
    /// `sha256:` and the digest that approvals cover.
    pub digest: Box<str>,
    /// When it was approved.
    pub approved: Option<DateTime<Utc>>,
    /// The commit that brought it, in full.
    pub commit: Option<Box<str>>,
}

impl std::fmt::Display for CitedContent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hex = self.digest.strip_prefix("sha256:").unwrap_or(&self.digest);
        write!(formatter, "{}", hex.get(..8).unwrap_or(hex))?;
        if let Some(commit) = &self.commit {
            write!(formatter, ", commit {}", commit.get(..12).unwrap_or(commit))?;
        }
        match self.approved {
            Some(at) => write!(formatter, ", approved {}", utc_text(at)),
            None => write!(formatter, ", not approved"),
        }
    }
}

impl std::fmt::Display for Governor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, id, version, content) = match self {
            Self::Record {
                kind,
                id,
                version,
                content,
            } => (kind.name(), id.as_str(), version, content.as_ref()),
            Self::Regulation { id, edition } => ("regulation", &**id, edition, None),
        };
        write!(formatter, "{name} `{id}`")?;
        if let Some(version) = version {
            write!(formatter, " {version}")?;
        }
        match content {
            Some(content) => write!(formatter, " ({content})"),
            None => Ok(()),
        }
    }
}

/// From one moment on: which date is due, why, and what says so.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Segment {
    /// From when on it governs.
    pub from: DateTime<Utc>,
    pub due: DateTime<Utc>,
    pub reason: DueReason,
    pub cause: SegmentCause,
    /// The agreement first, then what else moved the date; empty where no record says anything.
    pub by: Arc<[Governor]>,
}

impl Segment {
    /// Says in one sentence what happened, when, and which date followed from it.
    pub fn sentence(&self, zone: Zone) -> String {
        let local = |at: DateTime<Utc>| zone.text(at);
        let by: Vec<String> = self.by.iter().map(ToString::to_string).collect();
        let by = if by.is_empty() {
            String::new()
        } else {
            format!(", set by {}", by.join(" and "))
        };
        format!(
            "{}: {}; due {} as `{}`{by}",
            local(self.from),
            self.cause.sentence(),
            local(self.due),
            self.reason
        )
    }
}

/// The segments of a finding by time; equal ones are shared between findings.
pub type Segments = Arc<[Segment]>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_instant;

    #[test]
    fn a_segment_is_one_sentence() {
        let at = |text: &str| parse_instant(text).unwrap().utc();
        let mut segment = Segment {
            from: at("2026-09-01T08:00:00Z"),
            due: at("2026-09-15T21:59:59Z"),
            reason: "sla:high/tier1".into(),
            cause: SegmentCause::Start,
            by: Arc::new([Governor::Record {
                kind: Kind::Sla,
                id: RecordId::new("sla-all").unwrap(),
                version: Some("1.2.0".into()),
                content: None,
            }]),
        };
        let zone = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(
            segment.sentence(zone),
            "2026-09-01T10:00:00+02:00: the clock starts; due 2026-09-15T23:59:59+02:00 as `sla:high/tier1`, \
             set by Sla `sla-all` 1.2.0"
        );
        segment.by = Arc::new([Governor::Record {
            kind: Kind::System,
            id: RecordId::new("sys-app").unwrap(),
            version: None,
            content: Some(CitedContent {
                digest: "sha256:0123456789abcdef".into(),
                approved: Some(at("2026-08-01T08:00:00Z")),
                commit: Some("fedcba9876543210".into()),
            }),
        }]);
        let cited = "System `sys-app` (01234567, commit fedcba987654, approved 2026-08-01T08:00:00Z)";
        assert!(
            segment.sentence(zone).ends_with(cited),
            "{}",
            segment.sentence(zone)
        );
        segment.by = Arc::default();
        assert!(segment.sentence(zone).ends_with("as `sla:high/tier1`"));
    }
}
