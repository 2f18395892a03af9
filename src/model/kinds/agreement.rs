//! Agreements: how fast which severity is remediated on which tier.

use schemars::JsonSchema;
use serde::Deserialize;

use super::technology::{ClockPause, ClockStart, ClockStop, Headline, KevMode, TimeUnit};
use crate::model::expression::{Expression, Selector};
use crate::model::reference::{FilePath, RoleRef};
use crate::model::severity::Severity;
use crate::model::time::Date;
use crate::source::Spanned;

/// An agreement on the time to remediate, per severity and tier.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    #[schemars(length(min = 1))]
    pub parties: Vec<Spanned<RoleRef>>,
    /// Which systems the agreement is for, over their fields.
    pub applies_to: Spanned<Selector>,
    /// One cell for each severity and tier.
    pub matrix: Spanned<Vec<Spanned<MatrixCell>>>,
    pub clock: SlaClock,
    #[serde(default)]
    pub accelerators: Vec<Accelerator>,
    #[serde(default)]
    pub priority_rules: Vec<PriorityRule>,
    pub kev: Option<Kev>,
    pub raci: Vec<RaciRow>,
    pub escalation: Vec<Escalation>,
    pub tolerance: Option<Tolerance>,
    pub headline: Option<Headline>,
    pub expires: Spanned<Date>,
}

/// One cell; exactly one of `days` and `hours`.
#[derive(Clone, PartialEq, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct MatrixCell {
    pub severity: Severity,
    /// The id of a tier of the Isms.
    pub tier: String,
    #[schemars(range(min = 1, max = 3660))]
    pub days: Option<u32>,
    #[schemars(range(min = 1, max = 87840))]
    pub hours: Option<u32>,
    pub unit: Option<TimeUnit>,
}

/// When the clock starts, stops and pauses.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SlaClock {
    pub start: ClockStart,
    pub stop: ClockStop,
    #[serde(default)]
    pub pause: Vec<ClockPause>,
    /// The most days of a pause; where it is missing nothing pauses.
    pub max_pause_days: Option<u32>,
    /// Days to mitigate where no fix exists.
    #[schemars(range(min = 1))]
    pub mitigate_days: Option<u32>,
    /// Whether freezes pause the clock, for medium and low, not exploited, 14 days at most.
    #[serde(default)]
    pub freeze_pauses: bool,
}

/// A shorter time under a condition; the reason of the due date is `accelerator:<name>`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Accelerator {
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: String,
    /// Over `exploitation`, `kev`, `epss`, `severity`, `ssvc.…` as triages decide it, and the system's fields.
    pub when: Spanned<Expression>,
    #[schemars(range(min = 1))]
    pub days: u32,
}

/// A severity under a condition.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct PriorityRule {
    pub when: Spanned<Expression>,
    pub severity: Severity,
}

/// What a listing in the catalogue of known exploited vulnerabilities means.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Kev {
    pub mode: KevMode,
    /// Days after the listing, for `days_after_added`.
    #[schemars(range(min = 1))]
    pub days: Option<u32>,
    /// Days that a finding of an old listing gets, counted from its first sighting.
    #[schemars(range(min = 1))]
    pub min_days: Option<u32>,
    /// Hours that every finding gets at least; 24 where it is missing.
    pub floor_hours: Option<u32>,
    /// The decision table, for `decision_table`: YAML with `rows`, each `{when, days}` or `{when, hours}`; the first that
    /// holds gives the time, whether the vulnerability is listed or not.
    pub table: Option<Spanned<FilePath>>,
}

/// Who does, answers for, is asked and is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct RaciRow {
    pub activity: String,
    #[serde(rename = "R", default)]
    pub responsible: Vec<Spanned<RoleRef>>,
    #[serde(rename = "A", default)]
    pub accountable: Vec<Spanned<RoleRef>>,
    #[serde(rename = "C", default)]
    pub consulted: Vec<Spanned<RoleRef>>,
    #[serde(rename = "I", default)]
    pub informed: Vec<Spanned<RoleRef>>,
}

/// Who is asked next, and after how many hours.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Escalation {
    pub level: u32,
    pub role: Spanned<RoleRef>,
    pub within_hours: u32,
}

/// What the parties tolerate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Tolerance {
    #[schemars(range(max = 100))]
    pub sla_rate_min: Option<u32>,
    pub max_exceptions: Option<u32>,
}
