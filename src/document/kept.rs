//! How the agreements were kept, System by System.

use std::collections::BTreeMap;

use crate::model::{Disposition, Rate, RecordId};
use crate::reconcile::{Register, SlaOutcome};

/// Findings of one System.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Kept {
    pub(super) in_time: u64,
    pub(super) by_decision: u64,
    pub(super) missed: u64,
    /// Open, whatever stands for them.
    pub(super) open: u64,
    /// Open, past their due date, and under no decision.
    pub(super) overdue: u64,
}

impl Kept {
    /// Returns what was fixed in time or stood under a decision, of all that was due in the period.
    pub(super) fn governed(self) -> Rate {
        let kept = self.in_time + self.by_decision;
        Rate {
            numerator: kept,
            denominator: kept + self.missed,
        }
    }
}

/// Counts the findings of each System that has any.
pub(super) fn by_system<'a>(register: &'a Register<'_>) -> BTreeMap<&'a RecordId, Kept> {
    let mut systems: BTreeMap<&RecordId, Kept> = BTreeMap::new();
    let outcome = register.sla_outcomes();
    for finding in &register.findings {
        let Some(system) = &finding.system else { continue };
        let kept = systems.entry(system).or_default();
        match outcome(finding) {
            Some(SlaOutcome::InTime) => kept.in_time += 1,
            Some(SlaOutcome::ByDecision) => kept.by_decision += 1,
            Some(SlaOutcome::Missed) => kept.missed += 1,
            None => {}
        }
        kept.open += u64::from(finding.closed.is_none());
        kept.overdue += u64::from(finding.disposition == Disposition::Overdue);
    }
    systems
}
