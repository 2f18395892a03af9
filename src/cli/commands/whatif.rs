//! `whatif`: what other times in the agreements would have meant.

use super::deliver;
use crate::cli::args::{Global, Whatif};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::cli::job::{Asked, Job, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::model::Severity;
use crate::output::whatif;
use crate::reconcile::{CellChange, Had, contents_with_cells, difference, with_cells};

/// The most days that a cell may have, as the schema of Sla says.
const MOST_DAYS: u32 = 3660;

pub(in crate::cli) fn whatif(
    console: &mut Console<'_>,
    global: &Global,
    asked: &Whatif,
) -> Result<u8, Failure> {
    let period = asked.period.as_deref().map(time::period).transpose()?;
    let progress = Progress::start(console, global, "reconciling");
    let job = open_in(
        console,
        global,
        &asked.at,
        Asked {
            period,
            has_months: false,
        },
    )?;
    let changes = changes(&job, &asked.slas)?;
    let (changed, had) = with_cells(&job.repository, &changes);
    let contents = contents_with_cells(&job.contents, &changes);
    refuse_unknown_cells(&job, &changes, &had)?;
    let scans = job.scans(console, &progress, &asked.scans)?;
    let is = job.register(&scans, period);
    let would_be = job.register_of((&changed, &contents), &scans, period);
    let difference = difference(&is, &would_be);
    drop(progress);
    let report = whatif::Report {
        changes: &changes,
        had: &had,
        is: &is,
        would_be: &would_be,
        difference: &difference,
        commit: job.commit.as_deref(),
    };
    deliver(console, asked.output.as_deref(), |out, style| {
        whatif::write(&report, asked.format.into(), style, out)
    })?;
    Ok(CLEAN)
}

fn changes(job: &Job, texts: &[String]) -> Result<Vec<CellChange>, Failure> {
    let mut changes: Vec<CellChange> = Vec::new();
    for text in texts {
        let change = parse(job, text)?;
        let is_known = |other: &CellChange| (other.severity, &other.tier) == (change.severity, &change.tier);
        if changes.iter().any(is_known) {
            return Err(Failure::usage(format!(
                "`--sla {text}` names `{}/{}` once more; give each cell one time",
                change.severity, change.tier
            )));
        }
        changes.push(change);
    }
    Ok(changes)
}

fn parse(job: &Job, text: &str) -> Result<CellChange, Failure> {
    let refused = |what: &str| {
        let severities: Vec<&str> = Severity::ALL.iter().map(|severity| severity.word()).collect();
        Failure::usage(format!(
            "`--sla {text}` {what}; write SEVERITY/TIER=DAYS such as `critical/tier1=5`: severities are {}, tiers \
             are {}, and 1 to {MOST_DAYS} days are allowed",
            severities.join(", "),
            tiers(job).join(", ")
        ))
    };
    let (cell, days) = text.split_once('=').ok_or_else(|| refused("has no `=`"))?;
    let (severity, tier) = cell.split_once('/').ok_or_else(|| refused("has no `/`"))?;
    let severity = Severity::ALL
        .into_iter()
        .find(|known| known.word() == severity)
        .ok_or_else(|| refused("names no severity"))?;
    if !tiers(job).contains(&tier) {
        return Err(refused("names no tier"));
    }
    let is_number = days.bytes().all(|byte| byte.is_ascii_digit());
    let days: Option<u32> = days
        .parse()
        .ok()
        .filter(|days| is_number && (1..=MOST_DAYS).contains(days));
    Ok(CellChange {
        severity,
        tier: tier.to_owned(),
        days: days.ok_or_else(|| refused("has no number of days"))?,
    })
}

fn tiers(job: &Job) -> Vec<&str> {
    let isms = job.repository.isms.as_ref();
    let tiers = isms.map(|isms| isms.spec.tiers.iter());
    tiers.into_iter().flatten().map(|tier| tier.id.as_str()).collect()
}

/// A cell that no agreement has would change nothing, which nobody should take for an answer.
fn refuse_unknown_cells(job: &Job, changes: &[CellChange], had: &[Vec<Had>]) -> Result<(), Failure> {
    let missing = changes.iter().zip(had).find(|(_, had)| had.is_empty());
    let Some((change, _)) = missing else {
        return Ok(());
    };
    let mut cells: Vec<String> = job
        .repository
        .slas
        .iter()
        .flat_map(|sla| &sla.spec.matrix.value)
        .map(|cell| format!("{}/{}", cell.value.severity, cell.value.tier))
        .collect();
    cells.sort();
    cells.dedup();
    Err(Failure::usage(format!(
        "no agreement has the cell `{}/{}`; cells are {}",
        change.severity,
        change.tier,
        cells.join(", ")
    )))
}
