//! REC015: what a deployment tool installed, and no Change covers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{place, place_of_source};
use crate::check::actions::{Actions, names_patch};
use crate::check::words::{excerpt, listed_up_to};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level, counted};
use crate::model::{
    Calendar, Change, ChangeType, Kind, Record, RecordId, SourceState, Status, System, Timetable,
};
use crate::reconcile::{HostRow, InstallRow};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC015",
    name: "unauthorised-deployment",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("unauthorised_deployment.md"),
    run,
};

/// So many hosts of one patch are named.
const TOLD_HOSTS: usize = 5;
/// A window opens at least once in so many days, or is no window of the System.
const YEAR_DAYS: i64 = 366;

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let register = context.register;
    let zone = context.as_of().zone();
    let is_asked = |row: &&InstallRow| {
        let day = zone.day_of(row.installed.at);
        (register.period.from..=register.period.to).contains(&day)
    };
    let installs: Vec<&InstallRow> = register.installs.iter().filter(is_asked).collect();
    sources(context, &installs, out);
    let Some(judge) = Judge::of(context, &installs) else {
        return;
    };
    let mut cases: BTreeMap<(&RecordId, &str, String), Vec<&InstallRow>> = BTreeMap::new();
    for row in installs {
        let host = register.host(&row.host).filter(|host| host.counts);
        let system = host.and_then(|host| host.system.as_ref());
        let record = system.and_then(|id| context.repository().systems.get(id));
        if let (Some(host), Some(record)) = (host, record)
            && let Some(why) = judge.fault(row, host, record)
        {
            let key = (record.id(), &*row.installed.patch, why);
            cases.entry(key).or_default().push(row);
        }
    }
    for ((system, patch, why), rows) in cases {
        out.extend(tell(context, (system, patch), &why, &rows));
    }
}

/// Flags tools that deploy without anybody's leave, once each.
fn sources(context: &Context<'_>, installs: &[&InstallRow], out: &mut Vec<Diagnostic>) {
    let mut patches: BTreeMap<&str, usize> = BTreeMap::new();
    for row in installs {
        *patches.entry(&row.installed.source).or_default() += 1;
    }
    for (name, count) in patches {
        let id = RecordId::new(name);
        let source = id.as_ref().and_then(|id| context.repository().tools.get(id));
        let state = source.map(|source| source.spec.state);
        let why = match state {
            Some(SourceState::Approved | SourceState::Retired) => continue,
            Some(state @ (SourceState::Proposed | SourceState::Prohibited)) => format!("which is {state}"),
            None => "which is no declared Source".to_owned(),
        };
        let installs = counted(count, "install");
        let message = format!("{installs} by `{}`, {why}", excerpt(name));
        out.push(
            Diagnostic::error(CHECK.code, place_of_source(context, id.as_ref()), message)
                .label("nobody has approved what deploys from here")
                .help("have the Source approved with `state: approved`, or stop what it deploys and look at what it installed")
                .subject(name.to_owned()),
        );
    }
}

struct Judge<'a> {
    context: &'a Context<'a>,
    actions: Actions<'a>,
    timetable: Option<Timetable<'a>>,
}

impl<'a> Judge<'a> {
    /// Lays out the approved calendars over the days of the installs; `None` where nothing was installed.
    fn of(context: &'a Context<'a>, installs: &[&InstallRow]) -> Option<Self> {
        let zone = context.as_of().zone();
        let first = installs.iter().map(|row| row.installed.between.0).min()?;
        let last = installs.iter().map(|row| row.installed.between.1).max()?;
        let calendars: Vec<&Record<Calendar>> = context
            .repository()
            .calendars
            .iter()
            .filter(|calendar| {
                let standing = context.register.standings.of(Kind::Calendar, calendar.id());
                calendar.meta.declared() == Status::Submitted && standing.counts()
            })
            .collect();
        // So far back that each window has opened at least once.
        let (first, last) = (zone.day_of(first).plus_days(-YEAR_DAYS), zone.day_of(last));
        let lay_out = || Timetable::new(calendars.iter().copied(), zone, first, last);
        Some(Self {
            context,
            actions: Actions::new(context, 0),
            timetable: (!calendars.is_empty()).then(lay_out),
        })
    }

    /// Says why an install was not authorised; `None` where a Change covers it.
    fn fault(&self, row: &InstallRow, host: &HostRow, system: &Record<System>) -> Option<String> {
        let mut short: Option<String> = None;
        let changes = self.context.repository().changes.iter();
        for change in changes.filter(|change| is_about(&change.spec, row, host, system.id())) {
            match self.fault_of(change, row, system) {
                None => return None,
                Some(why) => {
                    short = short.or_else(|| Some(format!("`{}` is about it and {why}", change.id())))
                }
            }
        }
        Some(short.unwrap_or_else(|| "no Change names it and the System".to_owned()))
    }

    /// A deployment tool tells only that a patch came between two of its runs: what fits any time between fits.
    fn fault_of(&self, change: &Record<Change>, row: &InstallRow, system: &Record<System>) -> Option<String> {
        let spec = &change.spec;
        match change.meta.declared() {
            Status::Submitted | Status::Closed => {}
            Status::Draft => return Some("is a draft".into()),
            Status::Revoked | Status::Superseded => return Some("has ended".into()),
        }
        if let Some(fault) = self.actions.unapproved(change) {
            return Some(fault);
        }
        let Some((start, end)) = time_of(spec) else {
            return Some("says no time".into());
        };
        let (after, latest) = row.installed.between;
        if start > latest || end <= after {
            let zone = self.context.as_of().zone();
            return Some(format!("is from {} to {}", zone.day_of(start), zone.day_of(end)));
        }
        let is_free = spec.change_type.value == ChangeType::Emergency || spec.freeze_approval.is_some();
        let timetable = self.timetable.as_ref().filter(|_| !is_free)?;
        let (first, last) = (start.max(after), end.min(latest));
        if !timetable.has_windows(system) || timetable.is_open(system, first, last, spec.change_type.value) {
            return None;
        }
        Some("no window of the System was open then".into())
    }
}

/// Returns when a Change was made: as planned, and as an import says.
fn time_of(change: &Change) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let execution = change.execution.as_ref();
    let started = execution.map(|execution| execution.started);
    let finished = execution.and_then(|execution| execution.finished);
    let start = started
        .into_iter()
        .chain(change.start)
        .map(|start| start.utc())
        .min()?;
    let end = finished
        .into_iter()
        .chain(change.end)
        .map(|end| end.utc())
        .max()?;
    Some((start, end))
}

/// A Change is about an install by the System, or the host that it names, and by the patch.
///
/// A standard change without patches is the routine of its template, whatever patch comes.
fn is_about(change: &Change, row: &InstallRow, host: &HostRow, system: &RecordId) -> bool {
    let by_system = change.systems.iter().any(|named| named.value.0 == *system);
    let execution = change.execution.as_ref();
    let by_host = execution.is_some_and(|execution| execution.hosts.iter().any(|named| **named == *host.id));
    let is_routine = change.change_type.value == ChangeType::Standard && change.patches.is_empty();
    let names = || row.names.iter().map(|name| &**name);
    let by_patch = || {
        change
            .patches
            .iter()
            .any(|patch| names_patch(&patch.value.0, names()))
    };
    !change.template && (by_system || by_host) && (is_routine || by_patch())
}

fn tell(
    context: &Context<'_>,
    (system, patch): (&RecordId, &str),
    why: &str,
    rows: &[&InstallRow],
) -> Option<Diagnostic> {
    let zone = context.as_of().zone();
    let first = rows.iter().map(|row| row.installed.at).min()?;
    let source = &rows.first()?.installed.source;
    let hosts = listed_up_to(TOLD_HOSTS, rows.iter().map(|row| &row.host));
    let message = format!(
        "`{}` was installed on {hosts} by {}, as `{}` says, and no Change covers it",
        excerpt(patch),
        zone.day_of(first),
        excerpt(source)
    );
    Some(
        Diagnostic::error(CHECK.code, place(context, Some(system)), message)
            .label(why.to_owned())
            .help("find out who installed it and why; what could not wait is an emergency Change, approved after the fact")
            .subject(format!("{system} {patch}")),
    )
}
