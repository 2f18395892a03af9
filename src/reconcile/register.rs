//! The register: what everything after reconciliation reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::alerts::StrayAlerts;
use super::coverage::Coverages;
use super::estate::ScanDuty;
use super::facts::FactConflict;
use super::frozen::ForeignHosts;
use super::kpi::{Dimension, Figures, Frame, Population, SlaOutcome, Stage};
use super::months::Month;
use super::suppressed::Suppressed;
use super::watch::{VexStatement, WatchRow};
use crate::import::Product;
use crate::load::Repository;
use crate::model::{
    AsOf, Date, Disposition, Finding, HostStatus, Installed, Kind, Rate, Record, RecordId, Severity, Skipped,
    Sla, System,
};
use crate::trust::{MissingHistory, Standings};

/// The number below which a denominator says little, where nobody says. Source: reconciliation semantics, KPIs.
const SMALL_N: u64 = 20;

/// Records and findings, joined, at one moment.
#[derive(Debug)]
pub struct Register<'a> {
    pub repository: &'a Repository,
    pub standings: Standings,
    pub as_of: AsOf,
    pub period: Period,
    /// Every export that was read: those given by hand in their order, then those of the repository by path.
    pub imports: Vec<ImportLine>,
    /// Every governed or scanned host, by id.
    pub hosts: Vec<HostRow>,
    /// Every System, by id.
    pub systems: BTreeMap<RecordId, SystemRow>,
    /// By host, then vulnerability, then opening.
    pub findings: Vec<Finding>,
    /// Every vulnerability that a catalogue lists as exploited by as-of, with the day of its listing.
    pub kev: BTreeMap<String, Date>,
    /// Frozen hosts that were not of the Systems that their decision names, by record.
    pub foreign_hosts: BTreeMap<(Kind, RecordId), ForeignHosts>,
    /// Facts that records and inventories tell otherwise, by System and fact.
    pub conflicts: Vec<FactConflict>,
    /// What deployment tools installed, by host and patch.
    pub installs: Vec<InstallRow>,
    /// What scanners hide: the entries of their ignore files, then what an export calls hidden.
    pub suppressed: Vec<Suppressed>,
    /// Alerts about hosts that neither records nor exports know.
    pub stray_alerts: Vec<StrayAlerts>,
    /// What advisories say of listed software and no scanner has found; in no figure, and without a clock.
    pub watch_list: Vec<WatchRow>,
    /// What VEX says of vulnerabilities that were found; it closes nothing.
    pub vex: Vec<VexStatement>,
    /// By name, such as `sla_rate_strict`.
    pub kpis: Figures,
    /// The figures of the months before, where somebody asked for them; the oldest first.
    pub months: Vec<Month>,
    /// Why it is not known what agreements and systems said before, where it is not.
    pub missing_history: Option<MissingHistory>,
}

/// From the first day to the last, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    pub from: Date,
    pub to: Date,
}

impl Period {
    /// Returns the twelve months before a moment.
    pub fn year_before(as_of: AsOf) -> Self {
        let to = as_of.day();
        let from = to.0.checked_sub_months(chrono::Months::new(12)).unwrap_or(to.0);
        Self {
            from: Date(from).plus_days(1),
            to,
        }
    }
}

/// A patch that a deployment tool calls installed on a host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstallRow {
    pub host: Arc<str>,
    pub installed: Arc<Installed>,
    /// What the patch goes by: its own name, and those of what it fixes.
    pub names: Vec<Arc<str>>,
}

/// What became of an export.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ImportState {
    Complete,
    /// Partial; what it does not list proves nothing.
    Incomplete,
    /// Newer than as-of; counted, not used.
    Ignored,
}

impl ImportState {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Ignored => "ignored",
        }
    }
}

/// One export and what it brought.
#[derive(Clone, PartialEq, Debug)]
pub struct ImportLine {
    /// The Source that it belongs to; `None` when it cannot be told.
    pub source: Option<RecordId>,
    /// The name of the importer, such as `nessus-v2`.
    pub format: &'static str,
    pub product: Product,
    /// As it was given, or relative to the governed root.
    pub file: String,
    pub sha256: String,
    /// When the scan ran; `None` where the export does not say.
    pub run_at: Option<DateTime<Utc>>,
    pub hosts: u64,
    pub observations: u64,
    pub informational: u64,
    pub skipped: Vec<Skipped>,
    pub state: ImportState,
    pub reason: Option<String>,
    /// Whether the zone in which its times are read is known.
    pub zone_is_known: bool,
    /// How many of its hosts were looked at without credentials.
    pub unauthenticated_hosts: u64,
    /// Another export of the same Source that tells the same run with another content.
    pub same_run_as: Option<String>,
}

impl ImportLine {
    /// Returns the rows that became nothing.
    pub fn skipped_rows(&self) -> u64 {
        self.skipped.iter().map(|skipped| skipped.rows).sum()
    }

    /// Tells whether the scan ran after a moment, so that nothing of it is known then.
    pub fn is_newer_than(&self, as_of: AsOf) -> bool {
        self.run_at.is_some_and(|run_at| run_at > as_of.instant())
    }

    /// Returns whole hours between the run and a moment; `None` where the export names no time.
    pub fn age_hours(&self, as_of: AsOf) -> Option<i64> {
        self.run_at.map(|run_at| (as_of.instant() - run_at).num_hours())
    }
}

/// How a host or system stands; ordered, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HostState {
    Overdue,
    /// No qualifying scan within the cadence.
    Unscanned,
    Open,
    Deferred,
    Accepted,
    Compliant,
    /// Out of scope or retired.
    NotCounted,
}

impl HostState {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Unscanned => "unknown",
            Self::Open => "open",
            Self::Deferred => "deferred",
            Self::Accepted => "accepted",
            Self::Compliant => "compliant",
            Self::NotCounted => "not_counted",
        }
    }
}

/// One machine that is governed or was scanned.
#[derive(Clone, PartialEq, Debug)]
pub struct HostRow {
    /// The CMDB's name, else the FQDN, else the scanner's name.
    pub id: Arc<str>,
    /// The System that claims it; `None` when none or several do.
    pub system: Option<RecordId>,
    /// Every System that claims it.
    pub claims: Vec<RecordId>,
    /// Whether the inventory, or a System's list, names it.
    pub is_known: bool,
    pub status: HostStatus,
    /// When an inventory first called it retired and none called it in use again; `None` where no inventory with a
    /// time does.
    pub retired_since: Option<DateTime<Utc>>,
    /// Whether a scanner export names it.
    pub is_scanned: bool,
    /// In scope, active and not retired.
    pub counts: bool,
    /// The first trace of it in an export, or of anything on it.
    pub first_known: Option<DateTime<Utc>>,
    /// The newest scan of any quality.
    pub last_scan: Option<DateTime<Utc>>,
    /// The newest scan that signed in or ran on it.
    pub last_authenticated_scan: Option<DateTime<Utc>>,
    /// The newest scan of the quality that the Policy asks for.
    pub last_qualifying_scan: Option<DateTime<Utc>>,
    /// The ids of known hosts that it could be, when its keys disagree.
    pub candidates: Vec<Arc<str>>,
    /// The id of the machine that has answered under its name, with another serial, from a moment on.
    pub replaced: Option<(Arc<str>, DateTime<Utc>)>,
    /// Where the inventory says that it stands; its System's own place counts where that says nothing.
    pub location: Option<String>,
    pub os: Option<String>,
    pub ips: Vec<String>,
    pub state: HostState,
}

/// One governed unit, with what was computed for it.
#[derive(Clone, Debug)]
pub struct SystemRow {
    pub id: RecordId,
    /// Ids of its hosts, sorted.
    pub hosts: Vec<Arc<str>>,
    /// Agreements in force that apply to it, by id.
    pub slas: Vec<RecordId>,
    /// In scope and not retired.
    pub counts: bool,
    /// Past its end of support, extended support included.
    pub is_unsupported: bool,
    pub state: HostState,
    /// Findings closed over all findings of the period, covered ones aside.
    pub closed_rate: Rate,
    pub by_disposition: BTreeMap<Disposition, u64>,
}

impl<'a> Register<'a> {
    /// Returns the System of a finding.
    pub fn system_of(&self, finding: &Finding) -> Option<&'a Record<System>> {
        finding
            .system
            .as_ref()
            .and_then(|id| self.repository.systems.get(id))
    }

    /// Returns the single agreement that governs a System.
    pub fn sla_of(&self, system: &RecordId) -> Option<&'a Record<Sla>> {
        let row = self.systems.get(system)?;
        if let [single] = row.slas.as_slice() {
            self.repository.slas.get(single)
        } else {
            None
        }
    }

    /// Counts the findings whose due date is later because a freeze paused their clock.
    pub fn moved_by_freezes(&self) -> u64 {
        self.findings
            .iter()
            .filter(|finding| finding.is_moved_by_freeze())
            .count() as u64
    }

    /// Counts findings by disposition; every disposition is there.
    pub fn by_disposition(&self) -> BTreeMap<Disposition, u64> {
        let mut counts: BTreeMap<Disposition, u64> =
            Disposition::ALL.into_iter().map(|one| (one, 0)).collect();
        for finding in &self.findings {
            *counts.entry(finding.disposition).or_default() += 1;
        }
        counts
    }

    /// Counts findings by severity; every severity is there.
    pub fn by_severity(&self) -> BTreeMap<Severity, u64> {
        let mut counts: BTreeMap<Severity, u64> = Severity::ALL.into_iter().map(|one| (one, 0)).collect();
        for finding in &self.findings {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }

    /// Computes the figures of each segment, by dimension and value; each finding, host and record is in one of each.
    pub fn kpi_segments(&self) -> BTreeMap<Dimension, BTreeMap<String, Figures>> {
        let frame = self.frame();
        let coverages = Coverages::new(self.repository, &self.standings, self.as_of);
        let population = self.population(&coverages, frame);
        let figures = |dimension| {
            let parts = population.split(dimension).into_iter();
            parts
                .map(|(value, part)| (value.to_owned(), part.figures(frame)))
                .collect()
        };
        Dimension::ALL
            .into_iter()
            .map(|dimension| (dimension, figures(dimension)))
            .collect()
    }

    /// Computes the figures of other periods; none may begin before the register's own.
    pub fn figures_of(&self, periods: impl IntoIterator<Item = Period>) -> Vec<Figures> {
        let coverages = Coverages::new(self.repository, &self.standings, self.as_of);
        let duty = ScanDuty::of(self.repository);
        let figures = |period| {
            let frame = Frame::new(period, self.as_of, duty);
            let mut population = self.population(&coverages, frame);
            population.leave_out_others(frame);
            population.figures(frame)
        };
        periods.into_iter().map(figures).collect()
    }

    fn population(&self, coverages: &Coverages<'_>, frame: Frame) -> Population<'_> {
        let rows = (&self.findings[..], &self.hosts[..], &self.systems);
        Population::new(self.repository, coverages, rows, frame)
    }

    fn frame(&self) -> Frame {
        Frame::new(self.period, self.as_of, ScanDuty::of(self.repository))
    }

    /// Returns what tells as what a finding counts in the rates of agreements; `None` where it was not due in the
    /// period, or is left out.
    pub fn sla_outcomes(&self) -> impl Fn(&Finding) -> Option<SlaOutcome> {
        let frame = self.frame();
        move |finding| SlaOutcome::of(finding, frame)
    }

    /// Returns how long the findings that were fixed in the period stood in each stage, from the vendor's patch to the
    /// scan that proves the fix; the last one is the whole, to which the others add up.
    pub fn latency(&self) -> [Stage; 5] {
        Stage::all(&self.findings, self.frame())
    }

    /// Returns the number below which a denominator says little: the organisation's own, else 20.
    pub fn small_n(&self) -> u64 {
        let isms = self.repository.isms.as_ref();
        let certainty = isms.and_then(|isms| isms.spec.certainty.as_ref());
        certainty.map_or(SMALL_N, |certainty| u64::from(certainty.small_n))
    }

    /// Tells whether a host had a scan of the quality and age that the Policies ask for.
    pub fn is_scanned_in_time(&self, host: &HostRow) -> bool {
        ScanDuty::of(self.repository).is_met(host, self.as_of)
    }

    /// Returns the row of a host by its id.
    pub fn host(&self, id: &str) -> Option<&HostRow> {
        self.hosts
            .binary_search_by(|row| (*row.id).cmp(id))
            .ok()
            .map(|index| &self.hosts[index])
    }
}
