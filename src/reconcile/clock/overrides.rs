//! Times that an incident sets for a while.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{Governor, Severity};

/// A time that an approved incident sets; systems and vulnerabilities are matched already.
#[derive(Clone, Debug)]
pub(in crate::reconcile) struct Override {
    pub(in crate::reconcile) severity: Severity,
    pub(in crate::reconcile) tier: String,
    pub(in crate::reconcile) hours: u32,
    pub(in crate::reconcile) from: DateTime<Utc>,
    pub(in crate::reconcile) to: DateTime<Utc>,
    /// Whether senior management has approved it, so that it may give more time than the matrix.
    pub(in crate::reconcile) may_loosen: bool,
    /// The incident.
    pub(in crate::reconcile) by: Governor,
    /// Its id.
    pub(in crate::reconcile) id: crate::model::RecordId,
}

impl Override {
    /// Returns when it first reaches a finding that was open from one moment on; `None` for one found later.
    pub(super) fn reaches(&self, first_seen: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let at = first_seen.max(self.from);
        (at <= self.to).then_some(at)
    }

    /// Tells whether it is in force at a moment for a severity on a tier.
    pub(super) fn holds(&self, at: DateTime<Utc>, severity: Severity, tier: Option<&str>) -> bool {
        self.from <= at && at <= self.to && self.severity == severity && Some(self.tier.as_str()) == tier
    }

    pub(super) fn after(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at + TimeDelta::hours(i64::from(self.hours))
    }
}
