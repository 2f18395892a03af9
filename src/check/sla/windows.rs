//! SLA001, its part on calendars: a cell that is over before the next window opens.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::matrix::{CHECK, name, time};
use crate::check::Context;
use crate::check::words::{excerpt, listed_up_to};
use crate::diagnostic::Diagnostic;
use crate::model::{
    Calendar, ChangeType, Date, MatrixCell, Opening, Record, RecordId, Sla, Status, System, TimeUnit,
    Timetable,
};

/// Days from as-of for which windows are laid out.
const SPAN_DAYS: i64 = 366;
/// So many systems of one cell are named.
const TOLD_SYSTEMS: usize = 5;

/// A time without a window, between two of them.
struct Gap<'a> {
    from: DateTime<Utc>,
    next: Opening<'a>,
}

/// The calendars of the coming year, laid out once for all agreements.
pub(super) struct Windows<'a> {
    timetable: Timetable<'a>,
    begin: DateTime<Utc>,
}

impl<'a> Windows<'a> {
    /// Lays out every calendar that is asked for; `None` where there is none.
    pub(super) fn of(context: &Context<'a>) -> Option<Self> {
        let as_of = context.as_of();
        let calendars: Vec<&Record<Calendar>> = context
            .repository()
            .calendars
            .iter()
            .filter(|calendar| calendar.meta.declared() == Status::Submitted)
            .collect();
        let last = as_of.day().plus_days(SPAN_DAYS);
        (!calendars.is_empty()).then(|| Self {
            timetable: Timetable::new(calendars, as_of.zone(), as_of.day(), last),
            begin: as_of.instant(),
        })
    }

    /// Finds the times between two windows of a system, the first from as-of on.
    fn gaps(&self, system: &Record<System>) -> Vec<Gap<'a>> {
        let mut from = self.begin;
        let mut gaps = Vec::new();
        for opening in self.timetable.permitted(system, self.begin, ChangeType::Normal) {
            if opening.start > from {
                gaps.push(Gap { from, next: opening });
            }
            from = from.max(opening.end);
        }
        gaps
    }
}

/// Flags each cell that leaves less time than a system which it governs waits for a window.
///
/// A tier with an emergency lane is patched outside its windows, as it is outside its cycle.
pub(super) fn against_windows(
    context: &Context<'_>,
    windows: &Windows<'_>,
    sla: &Record<Sla>,
    out: &mut Vec<Diagnostic>,
) {
    let repository = context.repository();
    let policies = repository.policies.iter().filter(|policy| policy.meta.is_live());
    let lanes: Vec<&str> = policies
        .flat_map(|policy| &policy.spec.cadence)
        .filter(|cadence| cadence.emergency_lane)
        .map(|cadence| cadence.tier.value.as_str())
        .collect();
    let governed = context
        .register
        .systems
        .values()
        .filter(|row| row.counts && row.slas.as_slice() == std::slice::from_ref(sla.id()));
    let mut found: BTreeMap<usize, (Gap<'_>, Vec<&RecordId>)> = BTreeMap::new();
    for system in governed.filter_map(|row| repository.systems.get(&row.id)) {
        let tier = system.spec.tier.as_ref().map(|tier| tier.value.as_str());
        let Some(tier) = tier.filter(|tier| !lanes.contains(tier)) else {
            continue;
        };
        let cells = sla.spec.matrix.iter().enumerate();
        for (index, cell) in cells.filter(|(_, cell)| cell.tier == tier) {
            let mut gaps = windows.gaps(system).into_iter();
            let Some(gap) = gaps.find(|gap| is_over(context, windows, cell, gap)) else {
                continue;
            };
            let entry = found.entry(index).or_insert_with(|| (gap, Vec::new()));
            entry.1.push(system.id());
        }
    }
    out.extend(
        found
            .into_iter()
            .map(|(index, (gap, systems))| tell(context, &sla.spec.matrix[index], &gap, &systems)),
    );
}

/// Tells whether what is found when a window has closed is due before the next one opens.
fn is_over(context: &Context<'_>, windows: &Windows<'_>, cell: &MatrixCell, gap: &Gap<'_>) -> bool {
    let zone = context.as_of().zone();
    let first = zone.day_of(gap.from);
    let end = |day: Date| zone.end_of_day(day).with_timezone(&Utc);
    let due = match (cell.hours, cell.days, cell.unit) {
        (Some(hours), _, _) => gap.from + TimeDelta::hours(i64::from(hours)),
        (None, Some(days), Some(TimeUnit::Business)) => end(windows.timetable.plus_working_days(first, days)),
        (None, Some(days), Some(TimeUnit::Calendar) | None) => end(first.plus_days(i64::from(days))),
        // A cell without a time is SCH002.
        (None, None, _) => return false,
    };
    due < gap.next.start
}

fn tell(
    context: &Context<'_>,
    cell: &crate::source::Spanned<MatrixCell>,
    gap: &Gap<'_>,
    systems: &[&RecordId],
) -> Diagnostic {
    let zone = context.as_of().zone();
    let (from, next) = (zone.day_of(gap.from), zone.day_of(gap.next.start));
    let message = format!(
        "no window within SLA: {} has {}, there is none from {from} to {next}",
        name(cell),
        time(cell)
    );
    let related = format!("the next window is `{}`", excerpt(gap.next.window.id.as_str()));
    Diagnostic::warn(CHECK.code, cell.span, message)
        .label(format!("for {}", listed_up_to(TOLD_SYSTEMS, systems)))
        .related(gap.next.window.id.span, related)
        .help("open a window in between, lift the freeze, or open an emergency lane: `emergency_lane: true`")
}
