//! What to patch when: missing patches by system, in the order in which systems depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::register::Register;
use crate::model::{
    Calendar, ChangeType, Date, Disposition, Finding, Kind, Opening, Record, RecordId, Severity, Status,
    System, Timetable,
};

/// Days from as-of for which windows are laid out.
const SPAN_DAYS: i64 = 366;

/// How a missing patch stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum PatchState {
    /// At least one of its findings is late, and no decision stands for that.
    Overdue,
    Open,
    /// The vendor has no fix for any of its findings.
    NoFix,
    /// A decision stands for each of its findings.
    Covered,
}

impl PatchState {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Open => "open",
            Self::NoFix => "no_fix",
            Self::Covered => "covered",
        }
    }
}

/// A patch that is missing on a host: the findings of one remediation key, or one finding without a key.
#[derive(Clone, Debug)]
pub struct MissingPatch<'a> {
    pub host: &'a str,
    pub remediation: Option<&'a str>,
    /// The vulnerabilities that it would end, sorted.
    pub vulns: Vec<&'a str>,
    pub title: &'a str,
    /// The gravest of its findings.
    pub severity: Severity,
    /// Whether one of its vulnerabilities is listed as exploited.
    pub is_listed: bool,
    pub findings: u64,
    /// The earliest due date of its findings.
    pub due: DateTime<Utc>,
    /// The last day before the freeze in which it is due.
    pub plan_by: Option<Date>,
    pub state: PatchState,
}

/// Days on which nothing is changed on a system.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrozenDays<'a> {
    pub calendar: &'a RecordId,
    pub name: &'a str,
    pub first: Date,
    /// The last day, to its end.
    pub last: Date,
}

/// What is missing on a system.
#[derive(Clone, Debug)]
pub struct SystemPlan<'a> {
    /// `None` for hosts that no single system claims.
    pub system: Option<&'a Record<System>>,
    /// The systems of the plan that come first, directly or through others.
    pub after: BTreeSet<&'a RecordId>,
    /// The next time at which a normal change is permitted.
    pub window: Option<Opening<'a>>,
    /// Those in force at as-of, and those that begin until the last uncovered patch is due or the
    /// window closes.
    pub freezes: Vec<FrozenDays<'a>>,
    /// By due date, then severity, then host.
    pub patches: Vec<MissingPatch<'a>>,
}

/// Everything that is missing, and what was left out.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// In the order in which to patch: what others depend on first, of the rest what is due first.
    pub systems: Vec<SystemPlan<'a>>,
    /// Open findings that were removed by triage or are out of scope.
    pub left_out: u64,
}

/// Plans what is open.
pub fn plan<'a>(register: &'a Register<'a>) -> Plan<'a> {
    let open = || {
        register
            .findings
            .iter()
            .filter(|finding| finding.closed.is_none())
    };
    let removed = |finding: &&Finding| {
        matches!(
            finding.disposition,
            Disposition::NotApplicable | Disposition::OutOfScope
        )
    };
    let mut by_system: BTreeMap<Option<&RecordId>, Vec<&Finding>> = BTreeMap::new();
    for finding in open().filter(|finding| !removed(finding)) {
        by_system
            .entry(finding.system.as_ref())
            .or_default()
            .push(finding);
    }
    let calendars = Calendars::of(register);
    let plans = by_system
        .into_iter()
        .map(|(id, findings)| {
            let system = id.and_then(|id| register.repository.systems.get(id));
            let patches = patches(&findings);
            let (window, freezes) = calendars.of_system(register, system, &patches);
            SystemPlan {
                system,
                after: BTreeSet::new(),
                window,
                freezes,
                patches,
            }
        })
        .collect();
    Plan {
        systems: in_order(register, plans),
        left_out: open().filter(removed).count() as u64,
    }
}

/// Host and remediation key, and the vulnerability where there is no key.
type PatchKey<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

fn patches<'a>(findings: &[&'a Finding]) -> Vec<MissingPatch<'a>> {
    let mut groups: BTreeMap<PatchKey<'_>, Vec<&'a Finding>> = BTreeMap::new();
    for &finding in findings {
        let key = finding.said.remediation.as_deref();
        let alone = if key.is_none() { Some(&*finding.vuln) } else { None };
        groups
            .entry((&*finding.host, key, alone))
            .or_default()
            .push(finding);
    }
    let mut patches: Vec<MissingPatch<'_>> = groups
        .into_iter()
        .filter_map(|((host, remediation, _), findings)| patch(host, remediation, &findings))
        .collect();
    patches.sort_by(|one, other| {
        let key = |patch: &MissingPatch<'_>| (patch.due, std::cmp::Reverse(patch.severity));
        (key(one), one.host, one.remediation, &one.vulns).cmp(&(
            key(other),
            other.host,
            other.remediation,
            &other.vulns,
        ))
    });
    patches
}

fn patch<'a>(
    host: &'a str,
    remediation: Option<&'a str>,
    findings: &[&'a Finding],
) -> Option<MissingPatch<'a>> {
    let first = findings
        .iter()
        .min_by_key(|finding| (finding.due, std::cmp::Reverse(finding.severity)))?;
    let mut vulns: Vec<&str> = findings.iter().map(|finding| &*finding.vuln).collect();
    vulns.sort_unstable();
    vulns.dedup();
    let all = |which: fn(Disposition) -> bool| findings.iter().all(|finding| which(finding.disposition));
    let state = if all(Disposition::is_by_decision) {
        PatchState::Covered
    } else if findings
        .iter()
        .any(|finding| finding.disposition == Disposition::Overdue)
    {
        PatchState::Overdue
    } else if all(|one| one == Disposition::MitigationPending) {
        PatchState::NoFix
    } else {
        PatchState::Open
    };
    Some(MissingPatch {
        host,
        remediation,
        vulns,
        title: &first.said.title,
        severity: findings
            .iter()
            .map(|finding| finding.severity)
            .max()
            .unwrap_or(first.severity),
        is_listed: findings.iter().any(|finding| finding.kev.is_some()),
        findings: findings.len() as u64,
        due: first.due,
        plan_by: findings.iter().filter_map(|finding| finding.plan_by).min(),
        state,
    })
}

/// The calendars that were approved, laid out from as-of on.
struct Calendars<'a>(Option<Timetable<'a>>);

impl<'a> Calendars<'a> {
    fn of(register: &'a Register<'a>) -> Self {
        let calendars: Vec<&Record<Calendar>> = register
            .repository
            .calendars
            .iter()
            .filter(|calendar| {
                let is_asked = calendar.meta.declared() == Status::Submitted;
                is_asked && register.standings.of(Kind::Calendar, calendar.id()).counts()
            })
            .collect();
        let (zone, today) = (register.as_of.zone(), register.as_of.day());
        let last = today.plus_days(SPAN_DAYS);
        Self((!calendars.is_empty()).then(|| Timetable::new(calendars, zone, today, last)))
    }

    fn of_system(
        &self,
        register: &Register<'_>,
        system: Option<&'a Record<System>>,
        patches: &[MissingPatch<'_>],
    ) -> (Option<Opening<'a>>, Vec<FrozenDays<'a>>) {
        let (Some(timetable), Some(system)) = (&self.0, system) else {
            return (None, Vec::new());
        };
        let (zone, now) = (register.as_of.zone(), register.as_of);
        let window = timetable.next_permitted(system, now.instant(), ChangeType::Normal);
        let waiting = patches.iter().filter(|patch| patch.state != PatchState::Covered);
        let due = waiting.map(|patch| patch.due);
        let until = due.chain(window.map(|window| window.end)).max();
        let until = until.map_or(now.day(), |at| zone.day_of(at));
        let stretches = timetable.stretches(system).into_iter();
        let freezes = stretches
            .filter(|(_, first, last)| *first <= until && now.day() <= *last)
            .map(|(in_force, first, last)| FrozenDays {
                calendar: in_force.calendar.id(),
                name: &in_force.freeze.name.value,
                first,
                last,
            });
        (window, freezes.collect())
    }
}

/// Puts what others depend on before them; of what is free to come next, what is due first comes first.
///
/// What a system waits for is as urgent as the system.
fn in_order<'a>(register: &'a Register<'a>, plans: Vec<SystemPlan<'a>>) -> Vec<SystemPlan<'a>> {
    let mut waiting: BTreeMap<Option<&'a RecordId>, SystemPlan<'a>> = plans
        .into_iter()
        .map(|plan| (plan.system.map(Record::id), plan))
        .collect();
    let planned: BTreeSet<&RecordId> = waiting.keys().copied().flatten().collect();
    for (id, plan) in &mut waiting {
        plan.after = id.map_or_else(BTreeSet::new, |id| needs(register, id));
        plan.after.retain(|needed| planned.contains(needed));
    }
    let mut urgency: BTreeMap<Option<&RecordId>, DateTime<Utc>> = BTreeMap::new();
    for (id, plan) in &waiting {
        let Some(due) = plan.patches.first().map(|patch| patch.due) else {
            continue;
        };
        let needed = plan.after.iter().map(|needed| Some(*needed));
        for one in needed.chain([*id]) {
            let earliest = urgency.entry(one).or_insert(due);
            *earliest = due.min(*earliest);
        }
    }
    let mut ordered: Vec<SystemPlan<'_>> = Vec::new();
    while !waiting.is_empty() {
        let rank = |(id, plan): (&Option<&'a RecordId>, &SystemPlan<'_>)| {
            let waits = plan
                .after
                .iter()
                .any(|needed| waiting.contains_key(&Some(*needed)));
            let own = plan.patches.first().map(|patch| patch.due);
            // In a circle, which is an error of its own, all wait, and what is due first comes first.
            (waits, urgency.get(id).copied(), own, *id)
        };
        let Some(next) = waiting.iter().map(rank).min().map(|(_, _, _, id)| id) else {
            break;
        };
        ordered.extend(waiting.remove(&next));
    }
    ordered
}

/// The systems that a system depends on, directly or through others, without itself.
fn needs<'a>(register: &'a Register<'a>, id: &'a RecordId) -> BTreeSet<&'a RecordId> {
    let mut found: BTreeSet<&RecordId> = BTreeSet::new();
    let mut next = vec![id];
    while let Some(record) = next.pop().and_then(|id| register.repository.systems.get(id)) {
        for needed in &record.spec.depends_on {
            let needed = &needed.value.0;
            if register.repository.systems.get(needed).is_some() && found.insert(needed) {
                next.push(needed);
            }
        }
    }
    found.remove(id);
    found
}
