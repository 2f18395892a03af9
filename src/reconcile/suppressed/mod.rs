//! What scanners hide, against what was decided: an entry of an ignore file, or a finding that an export calls
//! hidden, is covered by a decision or by nobody's.

mod decisions;
mod hidden;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::alias::plain_names;
use super::register::ImportState;
use super::runs::Run;
use crate::import::Product;
use crate::load::{IgnoringTool, Repository, ScannerSuppression};
use crate::model::{AsOf, Date, Finding, RecordId};
use crate::source::Span;
use crate::trust::Standings;
use decisions::{Decision, Decisions, decisions};
pub(super) use hidden::hidden;

/// What hides a finding.
#[derive(Clone, PartialEq, Debug)]
pub enum HiddenBy {
    /// An entry of an ignore file.
    IgnoreFile { tool: IgnoringTool, span: Span },
    /// The scanner itself: the Source or format, the host, its System, the scanner's own id and its own words.
    Scanner {
        observer: Arc<str>,
        host: Arc<str>,
        system: Option<RecordId>,
        check: Arc<str>,
        why: Arc<str>,
    },
}

/// How something hidden stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SuppressedState {
    /// A decision stands for it.
    Covered,
    /// A decision stands for it, and it hides longer than was decided.
    Outlasting,
    /// Nobody decided that it is hidden.
    Uncovered,
    /// It hides nothing any more: its own end has passed, or nothing that was seen bears its name.
    Dead,
}

impl SuppressedState {
    /// Returns the word of the machine formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::Outlasting => "outlasting",
            Self::Uncovered => "uncovered",
            Self::Dead => "dead",
        }
    }
}

/// A record that names what is hidden.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Naming {
    pub id: RecordId,
    /// The name that the record and the hidden finding have in common.
    pub name: String,
    /// When it ends; the record's own day, or the end of an emergency approval.
    pub until: Option<DateTime<Utc>>,
    /// Why it does not stand; `None` where it does.
    pub not_because: Option<&'static str>,
}

/// Something that a scanner hides, or was told to hide.
#[derive(Clone, PartialEq, Debug)]
pub struct Suppressed {
    pub by: HiddenBy,
    /// The ignore file, or the export; relative to the governed root, or as it was given.
    pub file: Arc<str>,
    /// As it is written; `None` where a whole class of findings is hidden.
    pub id: Option<String>,
    /// From when on it is no longer hidden.
    pub until: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub narrowed_to: Vec<String>,
    pub state: SuppressedState,
    /// The vulnerabilities that were seen under its id or under an alias of it, sorted.
    pub seen_as: Vec<Arc<str>>,
    /// How many of the findings with these names are open.
    pub open: usize,
    /// Every record that names it, those that stand first.
    pub records: Vec<Naming>,
}

impl Suppressed {
    /// Returns the records that stand for it.
    pub fn standing(&self) -> impl Iterator<Item = &Naming> {
        self.records.iter().filter(|one| one.not_because.is_none())
    }
}

/// Judges the entries of the ignore files; without any there is nothing to do.
pub(super) fn configured(
    repository: &Repository,
    standings: &Standings,
    findings: &[Finding],
    kev: &BTreeMap<String, Date>,
    runs: &[Run<'_>],
    as_of: AsOf,
) -> Vec<Suppressed> {
    let entries = &repository.scanner_suppressions;
    if entries.is_empty() {
        return Vec::new();
    }
    let has_scan = runs
        .iter()
        .any(|run| run.scan.importer.product == Product::Scan && run.state != ImportState::Ignored);
    let bench = Bench {
        decisions: decisions(repository, standings, as_of),
        seen: seen(entries, findings),
        kev: kev
            .iter()
            .map(|(vuln, day)| (vuln.to_lowercase(), *day))
            .collect(),
        has_scan,
        as_of,
    };
    entries.iter().map(|entry| bench.judge(entry)).collect()
}

struct Bench<'a> {
    decisions: Decisions<'a>,
    /// The findings that bear the id of an entry, by that id in lower case.
    seen: BTreeMap<String, Vec<&'a Finding>>,
    kev: BTreeMap<String, Date>,
    /// Whether any scan was read.
    has_scan: bool,
    as_of: AsOf,
}

impl Bench<'_> {
    fn judge(&self, entry: &ScannerSuppression) -> Suppressed {
        let until = entry.until.map(|until| self.as_of.zone().instant(until.value));
        let mut judged = Suppressed {
            by: HiddenBy::IgnoreFile {
                tool: entry.tool,
                span: entry.span,
            },
            file: Arc::clone(&entry.path),
            id: entry.id.clone(),
            until,
            reason: entry.reason.clone(),
            narrowed_to: entry.narrowed_to.clone(),
            state: SuppressedState::Uncovered,
            seen_as: Vec::new(),
            open: 0,
            records: Vec::new(),
        };
        let ended = until.is_some_and(|until| until <= self.as_of.instant());
        let is_decided = match &entry.id {
            Some(id) => self.decide(id, &mut judged),
            None => false,
        };
        judged.state = if ended {
            SuppressedState::Dead
        } else if !is_decided {
            SuppressedState::Uncovered
        } else if self.outlasts(&judged) {
            SuppressedState::Outlasting
        } else if judged.open == 0 && self.has_scan && !entry.is_unlisted {
            SuppressedState::Dead
        } else {
            SuppressedState::Covered
        };
        judged
    }

    /// Finds the records of an entry; tells whether one stands for each vulnerability that bears its id.
    fn decide(&self, id: &str, judged: &mut Suppressed) -> bool {
        let found = self.seen.get(&id.to_lowercase()).map_or(&[][..], Vec::as_slice);
        judged.open = found.iter().filter(|finding| finding.closed.is_none()).count();
        let mut by_vuln: BTreeMap<&Arc<str>, Vec<&Finding>> = BTreeMap::new();
        for finding in found {
            by_vuln.entry(&finding.vuln).or_default().push(finding);
        }
        judged.seen_as = by_vuln.keys().map(|vuln| Arc::clone(vuln)).collect();
        let mut records: BTreeMap<(bool, RecordId), Naming> = BTreeMap::new();
        let mut is_decided = true;
        if by_vuln.is_empty() {
            is_decided = self.name(&names_of(id, &[]), &[], &mut records);
        }
        for findings in by_vuln.values() {
            is_decided &= self.name(&names_of(id, findings), findings, &mut records);
        }
        judged.records = records.into_values().collect();
        is_decided
    }

    /// Collects the records that bear one of the names; tells whether one of them stands.
    fn name(
        &self,
        names: &BTreeSet<String>,
        findings: &[&Finding],
        records: &mut BTreeMap<(bool, RecordId), Naming>,
    ) -> bool {
        let listed = names.iter().filter_map(|name| self.kev.get(name).copied());
        let known = findings.iter().filter_map(|finding| finding.exploited_since);
        let exploited = listed.chain(known).min();
        let mut is_decided = false;
        for (decision, name) in names.iter().filter_map(|name| self.decisions.get(name)).flatten() {
            let not_because = decision.not_because.or_else(|| {
                let is_stopped = exploited.is_some_and(|day| !self.survives(decision, day));
                is_stopped
                    .then_some("the vulnerability is exploited, and that was not known to who approved it")
            });
            is_decided |= not_because.is_none();
            let naming = Naming {
                id: decision.id.clone(),
                name: (*name).to_owned(),
                until: decision.until,
                not_because,
            };
            records
                .entry((not_because.is_some(), decision.id.clone()))
                .or_insert(naming);
        }
        is_decided
    }

    fn survives(&self, decision: &Decision<'_>, exploited: Date) -> bool {
        let zone = self.as_of.zone();
        let knew = |approvals: &Vec<DateTime<Utc>>| approvals.iter().any(|at| zone.day_of(*at) > exploited);
        decision.is_fact || decision.for_exploited.as_ref().is_some_and(knew)
    }

    /// Tells whether it hides longer than the last of its decisions lasts; one without an end ends with them.
    fn outlasts(&self, judged: &Suppressed) -> bool {
        let Some(until) = judged.until else { return false };
        let decided = judged.standing().filter_map(|naming| naming.until).max();
        let last_hidden = until - TimeDelta::seconds(1);
        decided.is_some_and(|decided| last_hidden > decided)
    }
}

/// Returns the names of a vulnerability: the id of the entry, and those of the findings that bear it.
fn names_of(id: &str, findings: &[&Finding]) -> BTreeSet<String> {
    let own = std::iter::once(id.to_lowercase());
    own.chain(findings.iter().flat_map(|finding| names(finding)))
        .collect()
}

/// Returns the names of a finding in lower case, a scanner's own advisory with and without its family.
fn names(finding: &Finding) -> impl Iterator<Item = String> {
    plain_names(&finding.vuln, &finding.said.aliases)
}

fn seen<'a>(entries: &[ScannerSuppression], findings: &'a [Finding]) -> BTreeMap<String, Vec<&'a Finding>> {
    let ids = entries.iter().filter_map(|entry| entry.id.as_ref());
    let mut seen: BTreeMap<String, Vec<&Finding>> = ids.map(|id| (id.to_lowercase(), Vec::new())).collect();
    for finding in findings {
        let names: BTreeSet<String> = names(finding).collect();
        for name in names {
            if let Some(found) = seen.get_mut(&name) {
                found.push(finding);
            }
        }
    }
    seen
}
