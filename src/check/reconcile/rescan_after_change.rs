//! REC014: hosts that were changed, and no scan has looked at them since.

use chrono::{DateTime, TimeDelta, Utc};

use crate::check::words::listed_up_to;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Change, ChangeRisk, ChangeType, HostStatus, Kind, Record, RecordId, Status};
use crate::reconcile::HostRow;
use crate::trust::ApprovalState;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC014",
    name: "rescan-after-change",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[Parameter {
        name: "hours",
        default: Default::Number(72),
        meaning: "hours after a change within which its hosts are scanned, where no Policy says so under `scanning`",
    }],
    explanation: include_str!("rescan_after_change.md"),
    run,
};

/// So many hosts of one change are named.
const TOLD_HOSTS: usize = 5;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let live = context.repository().policies.iter();
    let live = live.filter(|policy| policy.meta.is_live());
    let asked = live.filter_map(|policy| policy.spec.scanning.after_change_hours);
    let hours = asked.min().map_or_else(|| context.number("hours"), i64::from);
    for change in &context.repository().changes {
        if let Some(end) = ended(context, change).filter(|_| is_significant(&change.spec)) {
            out.extend(judge(context, change, end, hours));
        }
    }
}

/// A standard change of low risk is none that anybody must look after.
fn is_significant(change: &Change) -> bool {
    let is_routine = change.change_type.value == ChangeType::Standard && change.risk == ChangeRisk::Low;
    !change.template && !is_routine
}

/// Returns when a change was done: as an import says, else when it was to end; `None` for what nobody did.
fn ended(context: &Context<'_>, change: &Record<Change>) -> Option<DateTime<Utc>> {
    let is_meant = match change.meta.declared() {
        Status::Submitted | Status::Closed => true,
        Status::Draft | Status::Revoked | Status::Superseded => false,
    };
    let state = context.register.standings.of(Kind::Change, change.id()).state;
    let is_refused = matches!(state, ApprovalState::Rejected | ApprovalState::Revoked);
    let execution = change.spec.execution.as_ref();
    let finished = execution.and_then(|execution| execution.finished);
    let end = finished.or(change.spec.end)?.utc();
    (is_meant && (!is_refused || execution.is_some())).then_some(end)
}

fn judge(
    context: &Context<'_>,
    change: &Record<Change>,
    end: DateTime<Utc>,
    hours: i64,
) -> Option<Diagnostic> {
    let as_of = context.as_of();
    let until = end.checked_add_signed(TimeDelta::try_hours(hours)?)?;
    if until >= as_of.instant() {
        return None;
    }
    let changed: Vec<&HostRow> = context
        .register
        .hosts
        .iter()
        .filter(|host| host.status != HostStatus::Retired && is_changed(&change.spec, host))
        .collect();
    let unseen = changed
        .iter()
        .filter(|host| host.last_qualifying_scan.is_none_or(|at| at <= end));
    let unseen: Vec<&str> = unseen.map(|host| &*host.id).collect();
    if unseen.is_empty() {
        return None;
    }
    let message = format!(
        "`{}` ended on {}, and {} of {} changed hosts had no qualifying scan since, {} h > {hours} h: {}",
        change.id(),
        as_of.text(end),
        unseen.len(),
        changed.len(),
        (as_of.instant() - end).num_hours(),
        listed_up_to(TOLD_HOSTS, &unseen)
    );
    Some(
        Diagnostic::error(CHECK.code, change.meta.id.span, message)
            .label(format!("a scan was due by {}", as_of.text(until)))
            .help("scan these hosts as the Policy asks and import the export; a change that was never made is `status: revoked`")
            .subject(change.id().to_string()),
    )
}

/// The hosts that an import names were changed; where it names none, all of its Systems that count.
fn is_changed(change: &Change, host: &HostRow) -> bool {
    let executed = change
        .execution
        .as_ref()
        .map_or(&[][..], |execution| &execution.hosts);
    if !executed.is_empty() {
        return executed.iter().any(|named| **named == *host.id);
    }
    let is_of = |system: &RecordId| change.systems.iter().any(|named| named.value.0 == *system);
    host.counts && host.system.as_ref().is_some_and(is_of)
}
