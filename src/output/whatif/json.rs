//! countersign/whatif/v1.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::{RATES, Report};
use crate::model::{Date, RecordId, Severity, Zone};
use crate::output::json::write_pretty;
use crate::reconcile::{Had, Register, Tally, Turned};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    as_of: String,
    commit: Option<&'a str>,
    period: PeriodEntry,
    changes: Vec<ChangeEntry<'a>>,
    total: TallyEntry,
    cells: Vec<CellEntry<'a>>,
    rates: BTreeMap<&'static str, RateEntry>,
    findings: Vec<TurnedEntry<'a>>,
}

#[derive(Serialize)]
struct PeriodEntry {
    from: Date,
    to: Date,
}

#[derive(Serialize)]
struct ChangeEntry<'a> {
    severity: Severity,
    tier: &'a str,
    days: u32,
    slas: Vec<HadEntry<'a>>,
}

#[derive(Serialize)]
struct HadEntry<'a> {
    id: &'a RecordId,
    days: Option<u32>,
    hours: Option<u32>,
}

#[derive(Serialize)]
struct TallyEntry {
    findings: u64,
    breached: u64,
    would_breach: u64,
    newly: u64,
    no_longer: u64,
}

#[derive(Serialize)]
struct CellEntry<'a> {
    severity: Severity,
    tier: Option<&'a str>,
    #[serde(flatten)]
    tally: TallyEntry,
}

#[derive(Serialize)]
struct RateEntry {
    is: ShareEntry,
    would_be: ShareEntry,
}

#[derive(Serialize)]
struct ShareEntry {
    value: String,
    numerator: u64,
    denominator: u64,
}

#[derive(Serialize)]
struct TurnedEntry<'a> {
    host: &'a str,
    system: Option<&'a RecordId>,
    vuln: &'a str,
    opened: String,
    severity: Severity,
    tier: Option<&'a str>,
    base_due: String,
    would_be_due: String,
    verdict: &'static str,
    would_be: &'static str,
}

pub(super) fn write(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (period, zone) = (report.is.period, report.is.as_of.zone());
    let tallies = report.difference.tallies.iter();
    let rate = |name: &'static str| {
        let (is, would_be) = (share(report.is, name)?, share(report.would_be, name)?);
        Some((name, RateEntry { is, would_be }))
    };
    let changes = report.changes.iter().zip(report.had);
    let document = Document {
        schema: "countersign/whatif/v1",
        as_of: report.is.as_of.to_string(),
        commit: report.commit,
        period: PeriodEntry {
            from: period.from,
            to: period.to,
        },
        changes: changes
            .map(|(change, had)| ChangeEntry {
                severity: change.severity,
                tier: &change.tier,
                days: change.days,
                slas: had.iter().map(had_entry).collect(),
            })
            .collect(),
        total: tally_entry(&report.difference.total),
        cells: tallies
            .map(|((severity, tier), tally)| CellEntry {
                severity: severity.0,
                tier: tier.as_deref(),
                tally: tally_entry(tally),
            })
            .collect(),
        rates: RATES.into_iter().filter_map(rate).collect(),
        findings: report
            .difference
            .turned
            .iter()
            .map(|turned| turned_entry(turned, zone))
            .collect(),
    };
    write_pretty(&document, out)
}

fn share(register: &Register<'_>, name: &str) -> Option<ShareEntry> {
    let kpi = register.kpis.get(name)?;
    Some(ShareEntry {
        value: kpi.value(),
        numerator: kpi.rate.numerator,
        denominator: kpi.rate.denominator,
    })
}

fn had_entry((id, cell): &Had) -> HadEntry<'_> {
    HadEntry {
        id,
        days: cell.days,
        hours: cell.hours,
    }
}

fn tally_entry(tally: &Tally) -> TallyEntry {
    TallyEntry {
        findings: tally.findings,
        breached: tally.breached,
        would_breach: tally.would_breach,
        newly: tally.newly,
        no_longer: tally.no_longer,
    }
}

fn turned_entry<'a>(turned: &Turned<'a>, zone: Zone) -> TurnedEntry<'a> {
    let is = turned.is;
    TurnedEntry {
        host: &is.host,
        system: is.system.as_ref(),
        vuln: &is.vuln,
        opened: is.first_seen.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        severity: is.severity,
        tier: is.tier.as_deref(),
        base_due: zone.text(is.base_due),
        would_be_due: zone.text(turned.would_be.base_due),
        verdict: turned.verdict.word(),
        would_be: turned.would.word(),
    }
}
