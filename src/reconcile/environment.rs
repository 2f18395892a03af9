//! The severity of a finding in the environment of its System.
//!
//! Source: reconciliation semantics, deduplication across scanners, 2: the best vector, then the
//! environmental profile, then the priority rules.

use std::sync::Arc;

use super::clock::Facts;
use super::join::Life;
use super::seat::Seat;
use crate::model::{CvssVector, Finding, Severity};

/// What the profile of a System makes of a finding.
pub(super) struct Environment {
    /// `None` where no profile rates it.
    severity: Option<Severity>,
    note: Option<Arc<str>>,
    /// The vector that rates it; `None` where no profile does.
    vector: Option<CvssVector>,
}

impl Environment {
    /// Lays the profile over the vector that rated the finding; a label without a vector stays as it is.
    ///
    /// A profile lowers nothing that is exploited or listed as exploited, and nothing on an ambiguous host: there it
    /// may be the profile of another machine's System. One that nobody has approved lowers nothing either.
    pub(super) fn of(life: &Life, seat: &Seat<'_>, facts: &Facts<'_>) -> Self {
        let highest = life.said.severity.unwrap_or(Severity::Critical);
        let unchanged = Self {
            severity: None,
            note: None,
            vector: None,
        };
        let laid = life.said.vector.as_ref().and_then(|base| {
            let system = seat.system?;
            let vector = base.environmental(system.spec.cvss_profile.as_ref()?)?;
            Some((base, system, vector.severity()?, vector))
        });
        let Some((base, system, severity, vector)) = laid else {
            return unchanged;
        };
        let is_exploited = facts.is_exploited();
        let forbids = match (is_exploited, seat.host.candidates.is_empty(), seat.is_approved) {
            (true, _, _) => Some("it is exploited"),
            (false, false, _) => Some("the host is ambiguous"),
            (false, true, false) => Some("nobody has approved it"),
            (false, true, true) => None,
        };
        let (by, to) = (system.id(), vector.score);
        if let Some(why) = forbids.filter(|_| vector.score < base.base) {
            let note = format!("the CVSS profile of `{by}` would lower its score to {to:.1}; {why}");
            return Self {
                note: Some(note.into()),
                ..unchanged
            };
        }
        let note = (severity != highest).then(|| {
            let way = if severity < highest { "lowered" } else { "raised" };
            Arc::from(format!(
                "{way} from {highest} to {severity} by the CVSS profile of `{by}`"
            ))
        });
        Self {
            severity: Some(severity),
            note,
            vector: Some(vector),
        }
    }

    /// Rates the finding; what a profile rates has had that severity all its life.
    pub(super) fn rate(&self, facts: &mut Facts<'_>) {
        if let Some(severity) = self.severity {
            facts.severity = severity;
            facts.rises.clear();
        }
    }

    /// Shows the vector and the score that rate the finding, and says why; the base score stays beside it.
    pub(super) fn describe(&self, finding: &mut Finding) {
        if let Some(note) = &self.note {
            finding.notes.insert(0, Arc::clone(note));
        }
        if let Some(vector) = &self.vector {
            finding.environmental = Some(Box::new(vector.clone()));
        }
    }
}
