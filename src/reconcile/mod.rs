//! Records and observations laid side by side: hosts, clocks, coverage, dispositions, figures.
//!
//! No file is read in here, no clock is asked, nothing is rendered. The work goes in five steps: runs are
//! put into their time, hosts are told apart, observations become lives, each life is judged by the
//! table of dispositions, and figures are counted.

mod alerts;
mod alias;
mod assets;
mod checks;
mod clock;
mod coverage;
mod environment;
mod episode;
mod estate;
mod events;
mod facts;
mod frozen;
mod hear;
mod identity;
mod installs;
mod join;
mod judge;
mod knowledge;
mod kpi;
mod months;
mod moves;
mod plan;
mod provenance;
mod rating;
mod register;
mod runs;
mod sample;
mod sayings;
mod seat;
mod suppressed;
mod trace;
mod watch;
mod whatif;

pub use alerts::StrayAlerts;
pub use facts::FactConflict;
pub use frozen::ForeignHosts;
pub use kpi::{Dimension, Figures, Kpi, SlaOutcome, Stage, Unit};
pub use months::{Month, months, months_before};
pub use plan::{FrozenDays, MissingPatch, PatchState, Plan, SystemPlan, plan};
pub use register::{HostRow, HostState, ImportLine, ImportState, InstallRow, Period, Register, SystemRow};
pub use sample::{Drawn, Item, METHOD, Sample, Stratum, sample};
pub use suppressed::{HiddenBy, Naming, Suppressed, SuppressedState};
pub use trace::{Saying, Trace, TraceEvent, TraceRecord, trace};
pub use watch::{VersionMatch, VexStatement, WatchRow, WhoSaid, by_urgency};
pub use whatif::{
    CellChange, Difference, Had, Tally, Turned, Verdict, contents_with_cells, difference, with_cells,
};

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;

use crate::import::Scan;
use crate::load::Repository;
use crate::model::AsOf;
use crate::trust::{Lineage, Standings};
use chrono::Utc;

/// What is found by the name of a vulnerability.
type ByVuln<'a, T> = HashMap<&'a str, T, RandomState>;

/// What reconciliation is told beside its inputs.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub as_of: AsOf,
    /// The twelve months before as-of when missing.
    pub period: Option<Period>,
    /// Days before a due date from which a finding is called due soon.
    pub due_soon_days: i64,
    /// Hours within which a scan is to confirm what a deployment tool calls installed.
    pub verify_hours: i64,
}

/// Days within which a finding that is seen again goes on, where no Policy says.
const REOPEN_WINDOW_DAYS: u32 = 90;

/// Lays records and exports side by side at one moment; each agreement and system counts as it is now.
pub fn reconcile<'a>(
    repository: &'a Repository,
    standings: Standings,
    scans: &[Scan],
    question: Question,
) -> Register<'a> {
    reconcile_over(repository, standings, &Lineage::default(), scans, question)
}

/// Lays records and exports side by side at one moment; agreements and systems count as they were then.
pub fn reconcile_over<'a>(
    repository: &'a Repository,
    standings: Standings,
    lineage: &Lineage,
    scans: &[Scan],
    question: Question,
) -> Register<'a> {
    let as_of = question.as_of;
    let period = question.period.unwrap_or_else(|| Period::year_before(as_of));
    let mut runs = runs::runs(repository, scans, as_of);
    provenance::mark_same_runs(&mut runs);
    let window = repository
        .policies
        .iter()
        .filter_map(|policy| policy.spec.reopen_window_days)
        .max();
    let joined = join::join(repository, &runs, as_of, window.unwrap_or(REOPEN_WINDOW_DAYS));
    let duty = estate::ScanDuty::of(repository);
    let (mut hosts, places) = estate::hosts(repository, &joined, duty);
    provenance::mark_retired(&mut hosts, &runs, &joined.identities, as_of);
    let records = clock::Records {
        repository,
        standings: &standings,
        lineage,
    };
    let mut systems = estate::systems(records, &hosts, as_of);
    let moves = moves::moves(records, &runs, &joined.identities, &hosts, as_of);
    // A host's place is that of its row.
    let known = || {
        let all = joined.identities.hosts.iter().zip(&places);
        all.map(|(known, &place)| (&hosts[place], known))
    };
    let conflicts = facts::conflicts(repository, known());
    let exposed = facts::Exposed::new(repository, known());
    let coverages = coverage::Coverages::new(repository, &standings, as_of);
    let bench = judge::Bench {
        repository,
        standings: &standings,
        as_of,
        soon_until: (as_of.zone())
            .start_of_day(as_of.day().plus_days(question.due_soon_days).plus_days(1))
            .with_timezone(&Utc),
        verify_hours: question.verify_hours,
        installs: &joined.installs,
        alerts: alerts::Alerts::of(&runs, &joined.identities, as_of),
        systems: &systems,
        exposed: &exposed,
        coverages: &coverages,
        kev: join::kev_listings(&runs, as_of),
        epss: join::epss_scores(&runs),
        triages: judge::triages(repository, &standings, as_of),
        clocks: rating::Clocks::new(records, &systems, moves, as_of),
    };
    let of_hosts = join::by_row(&joined.lives, &places, &hosts);
    let mut findings = bench.judge_all(&of_hosts);
    let frame = kpi::Frame::new(period, as_of, duty);
    findings.retain(|finding| frame.concerns(finding));
    let spoken = watch::spoken(&runs, as_of);
    let vex = watch::Vex::new(&spoken, as_of.zone()).tell(repository, &mut findings);
    let kev = bench
        .kev
        .iter()
        .map(|(vuln, listing)| ((*vuln).to_owned(), listing.added))
        .collect();
    // Who watches nothing need not know what was found.
    let watched = if spoken.is_empty() { &[] } else { &of_hosts[..] };
    let found = watch::Found::of(watched);
    let ground = watch::Ground {
        repository,
        kev: &bench.kev,
        epss: &bench.epss,
        found: &found,
    };
    let watch_list = watch::watch_list(&ground, &spoken);
    let stray_alerts = bench.alerts.into_stray();
    estate::merge_states(&mut hosts, &mut systems, &findings, frame);
    let rows = (&findings[..], &hosts[..], &systems);
    let kpis = kpi::Population::new(repository, &coverages, rows, frame).figures(frame);
    let hidden = suppressed::hidden((repository, &standings), &runs, &joined, &findings, as_of);
    let mut suppressed = suppressed::configured(repository, &standings, &findings, &kev, &runs, as_of);
    suppressed.extend(hidden);
    let foreign_hosts = frozen::foreign_hosts(repository, &runs, as_of);
    let mut imports: Vec<(usize, ImportLine)> = runs.into_iter().map(|run| (run.given, run.line)).collect();
    imports.sort_by_key(|(given, _)| *given);
    let imports = imports.into_iter().map(|(_, line)| line).collect();
    let known = &joined.identities.hosts;
    let installs = joined.installs.rows(|host| Arc::clone(&known[host].id));
    Register {
        repository,
        standings,
        as_of,
        period,
        imports,
        hosts,
        systems,
        findings,
        kev,
        foreign_hosts,
        conflicts,
        installs,
        suppressed,
        stray_alerts,
        watch_list,
        vex,
        kpis,
        months: Vec::new(),
        missing_history: lineage.missing,
    }
}
