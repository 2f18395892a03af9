//! The kind that says when work is done: windows, freezes, cycles, holidays, meetings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::change::ChangeType;
use super::technology::words;
use crate::model::expression::Selector;
use crate::model::id::RecordId;
use crate::model::recurrence::{Duration, Recurrence, TimeOfDay};
use crate::model::reference::RoleRef;
use crate::model::time::Date;
use crate::source::Spanned;

/// When changes are made and when they rest. Days are local days of the organisation.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub windows: Vec<Window>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub freezes: Vec<Freeze>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub cycles: Vec<PatchCycle>,
    /// Days on which nobody works, beside Saturdays and Sundays.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub holidays: Vec<Spanned<Date>>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub meetings: Vec<Meeting>,
}

/// A time in which changes may be made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Window {
    /// What a System names under `window`.
    pub id: Spanned<RecordId>,
    /// The days on which it opens, such as `FREQ=WEEKLY;BYDAY=SU`; times do not belong in here.
    pub rrule: Spanned<Recurrence>,
    /// The day from which `INTERVAL` and `COUNT` count; no window opens before it.
    pub from: Option<Spanned<Date>>,
    /// The wall time at which it opens; one that a clock change skips is the end of the gap, one that comes twice is the first.
    pub at: TimeOfDay,
    /// How long it is open; hours that pass, not hours on the wall.
    pub duration: Duration,
    /// The zone of `at` by its IANA name; the organisation's where it is missing.
    pub timezone: Option<Spanned<String>>,
    /// The Systems that it is for, beside those that name it; none where it is missing.
    pub systems: Option<Spanned<Selector>>,
}

/// A time in which nothing is changed: exactly one of `from` with `to`, `rrule`, and `rule` with `count`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Freeze {
    #[schemars(length(min = 1, max = 100))]
    pub name: Spanned<String>,
    pub from: Option<Spanned<Date>>,
    /// The last day, to its end.
    pub to: Option<Spanned<Date>>,
    /// The days that are frozen, such as `FREQ=MONTHLY;BYDAY=-1FR`.
    pub rrule: Option<Spanned<Recurrence>>,
    pub rule: Option<FreezeRule>,
    /// How many days of each month the rule takes.
    #[schemars(range(min = 1, max = 31))]
    pub count: Option<u32>,
    /// The Systems that rest; all where it is missing.
    pub systems: Option<Spanned<Selector>>,
    /// The types of Change that it does not hold back.
    #[serde(default)]
    pub exempt: Vec<ChangeType>,
}

words! {
    /// Which days of each month are frozen.
    FreezeRule { LastWorkingDays = "last_working_days" }
}

/// When a tier is patched.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct PatchCycle {
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    pub rrule: Spanned<Recurrence>,
    /// The day from which `INTERVAL` and `COUNT` count.
    pub from: Option<Spanned<Date>>,
    /// Days after the day of the rule on which the cycle begins.
    #[serde(default)]
    #[schemars(range(max = 366))]
    pub offset_days: u32,
    /// The id of a tier of the Isms.
    pub tier: Spanned<String>,
}

/// A meeting that comes again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Meeting {
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    pub rrule: Spanned<Recurrence>,
    /// The day from which `INTERVAL` and `COUNT` count.
    pub from: Option<Spanned<Date>>,
    pub at: Option<TimeOfDay>,
    pub duration: Option<Duration>,
    pub timezone: Option<Spanned<String>>,
    /// Who meets.
    pub committee: Option<Spanned<RoleRef>>,
}
