//! How a due date came about: a list of segments, each with what set it and by which record.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::finding::DueReason;
use super::id::RecordId;
use super::kind::Kind;
use super::time::Zone;

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
    },
    Regulation {
        id: Box<str>,
        edition: Option<Box<str>>,
    },
}

impl std::fmt::Display for Governor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, id, version) = match self {
            Self::Record { kind, id, version } => (kind.name(), id.as_str(), version),
            Self::Regulation { id, edition } => ("regulation", &**id, edition),
        };
        write!(formatter, "{name} `{id}`")?;
        match version {
            Some(version) => write!(formatter, " {version}"),
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
            }]),
        };
        let zone = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(
            segment.sentence(zone),
            "2026-09-01T10:00:00+02:00: the clock starts; due 2026-09-15T23:59:59+02:00 as `sla:high/tier1`, \
             set by Sla `sla-all` 1.2.0"
        );
        segment.by = Arc::default();
        assert!(segment.sentence(zone).ends_with("as `sla:high/tier1`"));
    }
}
