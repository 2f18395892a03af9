//! The terms of an agreement in words: times, conditions, clock, caps, overrides, tolerance.

use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::{approval_mark, moment};
use super::Agreed;
use crate::diagnostic::counted;
use crate::model::{
    CapStart, ClockPause, ClockStart, ClockStop, Kev, KevMode, Kind, MatrixCell, RegulationCap, Selector,
    Severity, Sla, TableTime, TimeUnit,
};
use crate::reconcile::Register;

/// Hours that a finding gets at least where an agreement says nothing. Source: reconciliation semantics, SLA clock.
const FLOOR_HOURS: u32 = 24;

/// Says which Systems an agreement is for.
pub(super) fn selector(selector: &Selector) -> String {
    selector.0.text().to_owned()
}

const MATRIX: &[Column] = &[
    Column::new("agreement", "Agreement").tight(),
    Column::new("tier", "Tier"),
    Column::beneath("tier_name", ""),
    Column::new("critical", "Critical").tight(),
    Column::new("high", "High").tight(),
    Column::new("medium", "Medium").tight(),
    Column::new("low", "Low").tight(),
];

/// Lists the agreed times: a row for each tier, a column for each severity.
pub(super) fn matrix(register: &Register<'_>, open: &[Agreed<'_>]) -> Table {
    let isms = register.repository.isms.as_ref();
    let tiers = isms.map_or(&[][..], |isms| &isms.spec.tiers[..]);
    let mut rows = Vec::new();
    for (sla, _) in open {
        let cells = &sla.spec.matrix.value;
        let mut ids: Vec<&str> = tiers.iter().map(|tier| tier.id.value.as_str()).collect();
        for cell in cells {
            if !ids.contains(&cell.value.tier.as_str()) {
                ids.push(&cell.value.tier);
            }
        }
        for id in ids {
            let tier = tiers.iter().find(|tier| tier.id.value == id);
            let mut row = vec![
                Cell::shown(sla.id()),
                Cell::text(id),
                Cell::maybe(tier.map(|tier| tier.name.as_str())),
            ];
            row.extend(
                [
                    Severity::Critical,
                    Severity::High,
                    Severity::Medium,
                    Severity::Low,
                ]
                .map(|severity| {
                    let mut cells = cells.iter().map(|cell| &cell.value);
                    let cell = cells.find(|cell| cell.severity == severity && cell.tier == id);
                    Cell::text(cell.map_or_else(|| "none agreed".to_owned(), time))
                }),
            );
            rows.push(row);
        }
    }
    Table {
        name: "matrix",
        caption: "Agreed times to remediate by tier and severity".into(),
        layout: Layout::Plain,
        columns: MATRIX,
        rows,
        when_empty: "No agreement stands.",
    }
}

/// Returns a time such as `7 days` or `5 business days`.
fn time(cell: &MatrixCell) -> String {
    match (cell.days, cell.hours, cell.unit) {
        (Some(days), _, Some(TimeUnit::Business)) => counted(days as usize, "business day"),
        (Some(days), _, Some(TimeUnit::Calendar) | None) => counted(days as usize, "day"),
        (None, Some(hours), _) => counted(hours as usize, "hour"),
        (None, None, _) => "none agreed".to_owned(),
    }
}

const CONDITIONS: &[Column] = &[
    Column::new("agreement", "Agreement").tight(),
    Column::new("condition", "When").wide(),
    Column::new("effect", "Then").wide(),
    Column::new("reason", "Reason printed with the due date").tight(),
];

/// Lists what shortens a time: accelerators, priority rules, listings as exploited, decision tables.
pub(super) fn conditions(register: &Register<'_>, open: &[Agreed<'_>]) -> Table {
    let mut rows = Vec::new();
    for (sla, _) in open {
        let mut add = |condition: String, effect: String, reason: String| {
            rows.push(vec![
                Cell::shown(sla.id()),
                Cell::text(condition),
                Cell::text(effect),
                Cell::text(reason),
            ]);
        };
        for one in &sla.spec.accelerators {
            add(
                one.when.value.text().to_owned(),
                format!(
                    "{} from the day on which it holds, if that is earlier",
                    counted(one.days as usize, "day")
                ),
                format!("accelerator:{}", one.name),
            );
        }
        for rule in &sla.spec.priority_rules {
            add(
                rule.when.value.text().to_owned(),
                format!("rated {} at least", rule.severity.word()),
                format!("sla:{}/…", rule.severity.word()),
            );
        }
        if let Some(kev) = &sla.spec.kev {
            listing(register, kev, &mut add);
        }
    }
    Table {
        name: "conditions",
        caption: "What shortens a time".into(),
        layout: Layout::Plain,
        columns: CONDITIONS,
        rows,
        when_empty: "Nothing shortens an agreed time.",
    }
}

fn listing(register: &Register<'_>, kev: &Kev, add: &mut dyn FnMut(String, String, String)) {
    const LISTED: &str = "listed in the catalogue of known exploited vulnerabilities";
    let reason = || "kev:listed".to_owned();
    match kev.mode {
        KevMode::CatalogDueDate => add(
            LISTED.into(),
            "due by the date of the catalogue, if that is earlier".into(),
            reason(),
        ),
        KevMode::DaysAfterAdded => {
            let days = kev.days.map_or_else(
                || "no time is told".to_owned(),
                |days| counted(days as usize, "day"),
            );
            add(
                LISTED.into(),
                format!("{days} after the day of the listing, if that is earlier"),
                reason(),
            );
        }
        KevMode::DecisionTable => {
            let path = kev.table.as_ref().map(|path| path.value.0.as_str());
            let table = path.and_then(|path| register.repository.decision_tables.get(path));
            for (number, row) in (1..).zip(table.map_or(&[][..], |table| &table.rows[..])) {
                let time = match row.time {
                    TableTime::Days(days) => counted(days as usize, "day"),
                    TableTime::Hours(hours) => counted(hours as usize, "hour"),
                };
                let effect = format!("{time}, if that is earlier; of several rows the first that holds");
                add(
                    row.when.value.text().to_owned(),
                    effect,
                    format!("kev:table/{number}"),
                );
            }
            if table.is_none() {
                let effect = format!(
                    "by the table {}, which cannot be read",
                    path.unwrap_or("that is not named")
                );
                add("as the decision table says".into(), effect, "kev:table".into());
            }
        }
    }
    if let Some(days) = kev.min_days {
        add(
            "listed before it was found on the host".into(),
            format!(
                "at least {} from the first sighting",
                counted(days as usize, "day")
            ),
            "kev:min_days".into(),
        );
    }
    add(
        LISTED.into(),
        format!(
            "never less than {} from the first sighting",
            counted(kev.floor_hours.unwrap_or(FLOOR_HOURS) as usize, "hour")
        ),
        "kev:floor".into(),
    );
}

/// Defines the clock of an agreement, a sentence each.
pub(super) fn clock(register: &Register<'_>, sla: &Sla) -> Vec<String> {
    let clock = &sla.clock;
    let zone = register.repository.isms.as_ref();
    let zone = zone.map_or("UTC", |isms| isms.spec.timezone.value.as_str());
    let start = match clock.start {
        ClockStart::FirstDetected => "when a scanner first sees the finding on the host",
        ClockStart::PatchReleased => {
            "on the day on which the vendor releases the patch; where no source tells that day, with the first sighting"
        }
        ClockStart::Earliest => "with the release of the patch or the first sighting, whichever comes first",
        ClockStart::Latest => "with the release of the patch or the first sighting, whichever comes later",
    };
    let stop = match clock.stop {
        ClockStop::VerifiedDeployment => {
            "with the deployment of the patch that a later scan confirms; where no deployment tool tells of it, with the \
             first qualifying scan that no longer sees the finding"
        }
        ClockStop::VerifiedAbsence => "with the first qualifying scan that no longer sees the finding",
    };
    let mut sentences = vec![
        format!("The clock starts {start}."),
        format!(
            "Days are local days in {zone}; a finding is due at the end of the last one. Hours are hours that pass."
        ),
    ];
    if sla
        .matrix
        .value
        .iter()
        .any(|cell| cell.value.unit == Some(TimeUnit::Business))
    {
        sentences.push("Business days leave out Saturdays, Sundays and the holidays of the calendar.".into());
    }
    sentences.push(format!("The clock stops {stop}."));
    sentences.extend(pauses(sla));
    sentences.push(
        "If the severity rises, the earlier of the old date and the new time counts. If an approved triage lowers it, the \
         time is counted anew from the start; a date that was missed before stays missed."
            .into(),
    );
    sentences.push(
        "Only an approved exception or risk acceptance puts another date in the place of the due date. When it ends and \
         the finding is open, the first due date counts again."
            .into(),
    );
    sentences
}

fn pauses(sla: &Sla) -> Vec<String> {
    let clock = &sla.clock;
    let may_pause = clock.pause.contains(&ClockPause::VendorFixMissing);
    let pause = match (may_pause, clock.max_pause_days) {
        (true, Some(days)) => format!(
            "The clock pauses while an approved triage says, with a reference, that the vendor has no fix: {} at most. \
             Then it goes on with the days that were left, at least one.",
            counted(days as usize, "day")
        ),
        (true, None) => {
            "The clock does not pause: a missing fix is named, and no longest pause is agreed.".into()
        }
        (false, _) => "The clock does not pause where the vendor has no fix.".into(),
    };
    let mut sentences = vec![pause];
    if let Some(days) = clock.mitigate_days.filter(|_| may_pause) {
        let days = counted(days as usize, "day");
        sentences.push(format!(
            "While there is no fix, the finding is to be mitigated within {days}."
        ));
    }
    sentences.push(if clock.freeze_pauses {
        "A freeze of changes pauses the clock of medium and low findings that are not exploited, by 14 days at most.".into()
    } else {
        "A freeze of changes moves no due date; the work is planned for the days before it.".into()
    });
    sentences
}

/// Says what the parties tolerate, and which rate they put first.
pub(super) fn tolerance(sla: &Sla) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(least) = sla
        .tolerance
        .as_ref()
        .and_then(|tolerance| tolerance.sla_rate_min)
    {
        sentences.push(format!("At least {least} % of the findings are closed in time."));
    }
    if let Some(most) = sla
        .tolerance
        .as_ref()
        .and_then(|tolerance| tolerance.max_exceptions)
    {
        sentences.push(format!(
            "At most {} in force at one time.",
            counted(most as usize, "exception")
        ));
    }
    if sentences.is_empty() {
        sentences.push("Not recorded: the agreement names no tolerance.".into());
    }
    if let Some(headline) = sla.headline {
        sentences.push(format!(
            "The {} rate heads each report; all three are printed.",
            headline.word()
        ));
    }
    sentences
}

const CAPS: &[Column] = &[
    Column::new("regulation", "Regulation"),
    Column::beneath("edition", "").around("edition ", ""),
    Column::new("severity", "Severity"),
    Column::new("at_most", "At most").tight(),
    Column::new("counted_from", "Counted from").wide(),
    Column::new("tag", "Systems with the tag"),
    Column::new("systems", "These are").wide(),
];

/// Lists the longest times that regulations leave; they bind whatever was agreed.
pub(super) fn caps(register: &Register<'_>) -> Table {
    let isms = register.repository.isms.as_ref();
    let regulations = isms.map_or(&[][..], |isms| &isms.spec.regulations[..]);
    let mut rows = Vec::new();
    for regulation in regulations {
        let systems = register.repository.systems.iter();
        let tagged = systems
            .filter(|system| system.meta.is_live() && system.spec.regulations.contains(&regulation.tag));
        let tagged: Vec<String> = tagged.map(|system| system.id().to_string()).collect();
        rows.extend(regulation.caps.iter().map(|cap| {
            vec![
                Cell::text(regulation.id.as_str()),
                Cell::maybe(regulation.edition.as_deref()),
                Cell::text(cap.severity.word()),
                Cell::text(longest(cap)),
                Cell::text(match cap.from {
                    CapStart::PatchReleased => {
                        "the release of the patch; where no source tells it, the first sighting"
                    }
                    CapStart::FirstDetected => "the first sighting",
                }),
                Cell::text(regulation.tag.as_str()),
                if tagged.is_empty() {
                    Cell::text("none")
                } else {
                    Cell::list(tagged.iter().map(String::as_str))
                },
            ]
        }));
    }
    Table {
        name: "caps",
        caption: "Longest times that regulations leave; the earlier date counts".into(),
        layout: Layout::Plain,
        columns: CAPS,
        rows,
        when_empty: "No regulation with a longest time is recorded.",
    }
}

fn longest(cap: &RegulationCap) -> String {
    match (cap.days, cap.months) {
        (Some(days), _) => counted(days as usize, "day"),
        (None, Some(months)) => counted(months as usize, "month"),
        (None, None) => "not told".to_owned(),
    }
}

const OVERRIDES: &[Column] = &[
    Column::new("incident", "Incident").tight(),
    Column::beneath("title", ""),
    Column::new("approval", "Approval"),
    Column::new("severity", "Severity"),
    Column::beneath("tier", "").around("on ", ""),
    Column::new("hours", "Hours"),
    Column::new("from", "For findings open from").tight(),
    Column::beneath("to", "").around("to ", "").tight(),
    Column::new("systems", "Systems").tight(),
    Column::new("justification", "Why").wide(),
];

/// Lists the times that incidents set, approved or not.
pub(super) fn overrides(register: &Register<'_>) -> Table {
    let mut rows = Vec::new();
    for incident in &register.repository.incidents {
        rows.extend(incident.spec.sla_overrides.iter().map(|one| {
            vec![
                Cell::shown(incident.id()),
                Cell::text(incident.meta.title.as_str()),
                Cell::Mark(approval_mark(register, Kind::Incident, incident.id())),
                Cell::text(one.severity.word()),
                Cell::text(one.tier.value.as_str()),
                Cell::count(one.hours),
                Cell::text(moment(register.as_of, one.from.value.utc())),
                Cell::text(moment(register.as_of, one.to.value.utc())),
                Cell::list_shown(incident.spec.systems.iter().map(|system| &system.value)),
                Cell::text(one.justification.as_str()),
            ]
        }));
    }
    Table {
        name: "overrides",
        caption: "Times that incidents set for a while; one without its approvals changes nothing".into(),
        layout: Layout::Plain,
        columns: OVERRIDES,
        rows,
        when_empty: "No incident sets another time.",
    }
}
