//! What another agreement would have meant: the same findings under other cells.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::register::Register;
use crate::load::Repository;
use crate::model::{Disposition, Finding, MatrixCell, Record, RecordId, Severity, Sla};
use crate::trust::Contents;

/// A cell of the matrix, set to another number of days.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CellChange {
    pub severity: Severity,
    pub tier: String,
    pub days: u32,
}

impl CellChange {
    fn fits(&self, cell: &MatrixCell) -> bool {
        cell.severity == self.severity && cell.tier == self.tier
    }
}

/// What an agreement has in a cell.
pub type Had = (RecordId, MatrixCell);

/// Returns the records with a cell changed in each agreement that has it, and for each change what there was.
///
/// Every version of an agreement is changed: what governed then is asked, too.
pub fn with_cells(repository: &Repository, changes: &[CellChange]) -> (Repository, Vec<Vec<Had>>) {
    let mut changed = repository.clone();
    let mut had: Vec<Vec<Had>> = vec![Vec::new(); changes.len()];
    for sla in &repository.slas {
        for cell in &sla.spec.matrix.value {
            for (change, had) in changes.iter().zip(&mut had) {
                if change.fits(cell) {
                    had.push((sla.id().clone(), cell.value.clone()));
                }
            }
        }
        let mut record: Record<Sla> = sla.clone();
        set_cells(&mut record.spec, changes);
        changed.slas.put(record);
    }
    (changed, had)
}

/// Returns what agreements said before, with the same cells changed.
pub fn contents_with_cells(contents: &Contents, changes: &[CellChange]) -> Contents {
    let mut changed = contents.clone();
    for content in changed.slas.values_mut().flatten() {
        set_cells(&mut content.record.spec, changes);
    }
    changed
}

fn set_cells(sla: &mut Sla, changes: &[CellChange]) {
    for cell in &mut sla.matrix.value {
        let days = changes
            .iter()
            .find(|change| change.fits(cell))
            .map(|change| change.days);
        if days.is_some() {
            cell.value.days = days;
            cell.value.hours = None;
        }
    }
}

/// How a finding stands to its due date, seen from the period.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Late in the period.
    Breached,
    /// Late before the period or after it.
    BreachedOutside,
    /// Open, and not due yet.
    Open,
    /// A decision stands for it, or stood at its due date.
    ByDecision,
    InTime,
    /// Not in the rates.
    LeftOut,
}

impl Verdict {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Breached => "breached",
            Self::BreachedOutside => "breached_outside",
            Self::Open => "open",
            Self::ByDecision => "by_decision",
            Self::InTime => "in_time",
            Self::LeftOut => "left_out",
        }
    }

    fn of(finding: &Finding, register: &Register<'_>) -> Self {
        if finding.disposition.is_removed() {
            return Self::LeftOut;
        }
        let zone = register.as_of.zone();
        let period = register.period.from..=register.period.to;
        match (finding.breached, finding.closed) {
            (Some(at), _) if period.contains(&zone.day_of(at)) => Self::Breached,
            (Some(_), _) => Self::BreachedOutside,
            (None, _) if finding.disposition == Disposition::ClosedRetired => Self::LeftOut,
            (None, Some(closed)) if closed <= finding.base_due => Self::InTime,
            (None, _) if finding.decided_at_base_due => Self::ByDecision,
            (None, Some(_)) => Self::InTime,
            (None, None) if finding.disposition.is_by_decision() => Self::ByDecision,
            (None, None) => Self::Open,
        }
    }
}

/// A finding whose verdict changes.
#[derive(Clone, Copy, Debug)]
pub struct Turned<'a> {
    pub is: &'a Finding,
    pub would_be: &'a Finding,
    pub verdict: Verdict,
    pub would: Verdict,
}

/// How many findings of a severity and tier were late in the period, and how many would have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    pub findings: u64,
    pub breached: u64,
    pub would_breach: u64,
    pub newly: u64,
    pub no_longer: u64,
}

/// The difference that the changed cells make.
#[derive(Debug)]
pub struct Difference<'a> {
    pub total: Tally,
    /// The gravest severity first; the tier is `None` where a finding has none.
    pub tallies: BTreeMap<(std::cmp::Reverse<Severity>, Option<Arc<str>>), Tally>,
    /// By host, then vulnerability, then opening.
    pub turned: Vec<Turned<'a>>,
}

/// Compares the findings as they are with those under changed cells; both registers are of the same exports.
pub fn difference<'a>(is: &'a Register<'_>, would_be: &'a Register<'_>) -> Difference<'a> {
    let mut difference = Difference {
        total: Tally::default(),
        tallies: BTreeMap::new(),
        turned: Vec::new(),
    };
    let key = |finding: &Finding| (finding.host.clone(), finding.vuln.clone(), finding.first_seen);
    let others: BTreeMap<_, &Finding> = would_be
        .findings
        .iter()
        .map(|finding| (key(finding), finding))
        .collect();
    for finding in &is.findings {
        let Some(other) = others.get(&key(finding)) else {
            continue;
        };
        let (verdict, would) = (Verdict::of(finding, is), Verdict::of(other, would_be));
        let cell = (std::cmp::Reverse(finding.severity), finding.tier.clone());
        for tally in [&mut difference.total, difference.tallies.entry(cell).or_default()] {
            count(tally, verdict, would);
        }
        if verdict != would {
            difference.turned.push(Turned {
                is: finding,
                would_be: other,
                verdict,
                would,
            });
        }
    }
    difference
}

fn count(tally: &mut Tally, verdict: Verdict, would: Verdict) {
    let (did, would) = (verdict == Verdict::Breached, would == Verdict::Breached);
    tally.findings += 1;
    tally.breached += u64::from(did);
    tally.would_breach += u64::from(would);
    tally.newly += u64::from(would && !did);
    tally.no_longer += u64::from(did && !would);
}
