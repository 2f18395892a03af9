//! The history of what scanners said: append-only segments, each bound to the one before by its SHA-256.
//!
//! A segment is one run, written as its difference to the last run of the same Source before it. Read back,
//! reconciliation sees the same as it would see in the exports; in memory runs share what they have in common, and
//! of catalogues only the newest is put together. No severity, no due date and no decision is in here: those are
//! judged anew each time. Only what the Source said when the export came in is kept beside it, so that a later
//! change of a Source does not change the past.
//!
//! Lines stand in a fixed order: the head, then hosts, checks, catalogue and advisory entries that are new, then each
//! host that was looked at, by number, followed by what is otherwise on it, by the scanner's id.

mod delta;
mod epss;
mod line;
mod refusal;
mod replay;
mod segment;
mod state;
mod statement;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::import::{IMPORTERS, Product, Scan};
use crate::model::{Host, Zone};

pub use line::{EventKind, Head, Rows};
pub use refusal::Refusal;
pub use segment::{LEDGER, Segment};
pub use statement::{MANIFEST, Statement};

use state::State;

/// The most segments that are read; one an hour fills this in a century.
const MAX_SEGMENTS: u64 = 1_000_000;

/// The ledger, read.
#[derive(Debug, Default)]
pub struct Ledger {
    /// By their number.
    pub segments: Vec<Segment>,
    /// The runs, in the order of the segments; none where they were not wanted.
    pub scans: Vec<Scan>,
    /// What was imported, by the number of the segment.
    pub statements: BTreeMap<u64, Statement>,
    /// Files that cannot be what they must be; where there is one, nothing after it is believed.
    pub faults: Vec<LedgerFault>,
    wanted: Wanted,
    states: BTreeMap<String, (u64, State)>,
    /// The place of the run whose catalogue counts, by Source and moment.
    catalogues: BTreeMap<(String, DateTime<Utc>), usize>,
    /// A last segment that no statement names: an import was killed before it was done, and the next one goes on.
    pub unfinished: Option<Arc<str>>,
    /// The digest that the next segment must name.
    last: Option<String>,
}

/// What a ledger is read for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Wanted {
    /// Whether it is whole, and to add to it.
    #[default]
    Segments,
    /// The runs, to be judged at some moments; a catalogue that is the newest of its Source at none of them is left empty.
    RunsAt(Arc<[DateTime<Utc>]>),
}

/// What is wrong with a file of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerFault {
    /// Relative to the governed root.
    pub path: Arc<str>,
    pub what: String,
}

/// A file of the ledger: its path, relative to the governed root, and its bytes.
pub type LedgerFile = (Arc<str>, Vec<u8>);

/// What a run is filed with beside its content.
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The id of the Source.
    pub source: &'a str,
    /// The name of its zone.
    pub zone: &'a str,
    pub absence_means_fixed: bool,
    pub host: Option<&'a str>,
    pub accept_drop: Option<&'a str>,
    /// The percentage by which the hosts of a run may drop.
    pub max_drop: i64,
}

/// What became of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Filed {
    /// A new segment, to be written.
    New(Box<NewSegment>),
    /// The same export is in this segment.
    Known { path: Arc<str> },
}

/// A segment to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewSegment {
    pub sequence: u64,
    /// Relative to the governed root.
    pub path: String,
    pub bytes: Vec<u8>,
    /// `sha256:` of the unpacked text.
    pub digest: String,
    pub head: Head,
    /// How many of each event it holds.
    pub events: BTreeMap<EventKind, u64>,
}

/// Reads a ledger: the files of `ledger/` and `imports/manifest/` by path, with their bytes; others are passed over.
pub fn read_ledger(files: impl IntoIterator<Item = LedgerFile>, wanted: Wanted) -> Ledger {
    let mut ledger = Ledger {
        wanted,
        ..Ledger::default()
    };
    let mut segments: BTreeMap<u64, Vec<LedgerFile>> = BTreeMap::new();
    let mut signatures: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    for (path, bytes) in files {
        // The lock, and what a killed run has left beside the place of its file.
        if path.starts_with("ledger/.") || path.contains(".partial-") {
            continue;
        }
        if path.starts_with("ledger/") {
            match segment::sequence_of(&path) {
                Some(sequence) => segments.entry(sequence).or_default().push((path, bytes)),
                None => ledger.fault(&path, "it is no segment, and only segments lie here".into()),
            }
        } else if let Some(name) = path.strip_suffix(".sig") {
            if let Some(sequence) = statement::sequence_of(name) {
                signatures.insert(sequence, bytes);
            }
        } else if let Some(sequence) = statement::sequence_of(&path) {
            match Statement::parse(sequence, &path, &bytes) {
                Ok(statement) => {
                    ledger.statements.insert(sequence, statement);
                }
                Err(what) => ledger.fault(&path, what),
            }
        }
    }
    for (sequence, signature) in signatures {
        if let Some(statement) = ledger.statements.get_mut(&sequence) {
            statement.signature = Some(signature);
        }
    }
    let stated = ledger.statements.keys().max().copied().unwrap_or(0);
    for sequence in 1..=stated.min(MAX_SEGMENTS) {
        ledger.take(sequence, segments.remove(&sequence).unwrap_or_default());
    }
    if let Some(next) = segments.remove(&(stated + 1)) {
        ledger.unfinished = next.into_iter().next().map(|(path, _)| path);
    }
    for (path, _) in segments.into_values().flatten() {
        ledger.fault(&path, "no statement says that it was imported".into());
    }
    ledger
}

impl Ledger {
    fn fault(&mut self, path: &Arc<str>, what: String) {
        self.faults.push(LedgerFault {
            path: Arc::clone(path),
            what,
        });
    }

    /// Takes in the files of one number. What was imported is what the statement of the import says.
    fn take(&mut self, sequence: u64, mut files: Vec<LedgerFile>) {
        let stated = self
            .statements
            .get(&sequence)
            .map(|statement| statement.digest.clone());
        let expected = self.last.take();
        self.last.clone_from(&stated);
        if files.is_empty() {
            let path = Arc::from(segment::path_of(sequence, false));
            self.fault(&path, "it is not there".into());
            return;
        }
        for (path, _) in files.split_off(1) {
            self.fault(&path, "there is another segment of this number".into());
        }
        let Some((path, bytes)) = files.pop() else { return };
        let (segment, text) = match segment::read(&path, bytes) {
            Ok(read) => read,
            Err(what) => return self.fault(&path, what),
        };
        if stated.as_ref().is_some_and(|stated| *stated != segment.digest) {
            self.fault(
                &path,
                format!("its text is not the one that was imported: {}", segment.digest),
            );
        } else if stated.is_none() {
            self.last = Some(segment.digest.clone());
            self.fault(
                &path,
                format!(
                    "no statement says that it was imported: `{}`",
                    statement::path_of(sequence)
                ),
            );
        }
        if segment.head.sequence != sequence {
            self.fault(
                &path,
                format!("by its head it is segment {}", segment.head.sequence),
            );
        } else if segment.head.previous != expected {
            self.fault(&path, "its head does not bind the segment before it".into());
        }
        if self.faults.is_empty()
            && let Err(what) = self.expand(&segment, &text)
        {
            self.fault(&path, what);
        }
        self.segments.push(segment);
    }

    /// Brings the state of a Source forward by a segment, and puts the run together where runs are wanted.
    fn expand(&mut self, segment: &Segment, text: &str) -> Result<(), String> {
        let head = &segment.head;
        let importer = IMPORTERS
            .iter()
            .find(|importer| importer.name == head.format)
            .ok_or_else(|| format!("this tool knows no format `{}`", head.format))?;
        let mut state = self.state_at(&head.source, head.base)?;
        let told = replay::replay(&mut state, segment::lines(text))?;
        match self.wanted.clone() {
            Wanted::Segments => {}
            Wanted::RunsAt(moments) => {
                let counts = match importer.product {
                    // A part of a knowledge base takes the place of none.
                    Product::Knowledge if head.incomplete.is_some() => {
                        moments.iter().any(|at| is_told_at(head, *at))
                    }
                    Product::Kev | Product::Epss | Product::Knowledge => self.supersede(head, &moments),
                    Product::Scan
                    | Product::Inventory
                    | Product::Hosts
                    | Product::Deployment
                    | Product::Alerts
                    | Product::Advisories => false,
                };
                let scan = replay::run(&mut state, head, &told, (importer, counts));
                self.scans.push(scan);
            }
        }
        self.states.insert(head.source.clone(), (head.sequence, state));
        Ok(())
    }

    /// Tells whether a whole catalogue, the next run, is at any moment the newest of its Source so far; then what it supersedes
    /// at all of them is emptied.
    fn supersede(&mut self, head: &Head, moments: &[DateTime<Utc>]) -> bool {
        let key = |head: &Head| (head.run_at, head.file.clone(), head.sha256.clone());
        let mut counts = false;
        for at in moments {
            if !is_told_at(head, *at) {
                continue;
            }
            let place = (head.source.clone(), *at);
            let known = self.catalogues.get(&place).copied();
            let other = known.and_then(|known| self.segments.get(known));
            if other.is_some_and(|other| key(&other.head) > key(head)) {
                continue;
            }
            counts = true;
            self.catalogues.insert(place, self.scans.len());
            let is_needed = |known: usize| self.catalogues.values().any(|place| *place == known);
            if let Some(known) = known.filter(|known| !is_needed(*known))
                && let Some(scan) = self.scans.get_mut(known)
            {
                scan.kev = Vec::new();
                scan.epss = Vec::new();
                scan.knowledge = Vec::new();
            }
        }
        counts
    }

    /// Hands the runs out, and lets go of what only adding to the ledger needs.
    pub fn take_runs(&mut self) -> Vec<Scan> {
        self.states = BTreeMap::new();
        std::mem::take(&mut self.scans)
    }

    /// Returns what a Source had said up to a segment; nothing where there is none.
    fn state_at(&mut self, source: &str, base: Option<u64>) -> Result<State, String> {
        let Some(base) = base else {
            return Ok(State::default());
        };
        if let Some((sequence, _)) = self.states.get(source)
            && *sequence == base
            && let Some((_, state)) = self.states.remove(source)
        {
            return Ok(state);
        }
        let mut chain = Vec::new();
        let mut next = Some(base);
        while let Some(sequence) = next {
            let index = usize::try_from(sequence)
                .ok()
                .and_then(|sequence| sequence.checked_sub(1));
            let segment = index.and_then(|index| self.segments.get(index));
            let segment = segment.filter(|segment| {
                segment.head.source == source && segment.head.base.is_none_or(|base| base < sequence)
            });
            let Some(segment) = segment else {
                return Err(format!(
                    "line 1: `base` {sequence} is no earlier segment of `{source}`"
                ));
            };
            chain.push(segment);
            next = segment.head.base;
        }
        let mut state = State::default();
        for segment in chain.into_iter().rev() {
            replay::replay(&mut state, segment::lines(&segment.text()?))?;
        }
        Ok(state)
    }

    /// Returns the hosts of the run in a segment.
    fn hosts_of(&mut self, segment: &Segment) -> Result<Vec<Host>, String> {
        let mut state = self.state_at(&segment.head.source, segment.head.base)?;
        let told = replay::replay(&mut state, segment::lines(&segment.text()?))?;
        Ok(replay::hosts(&state, &told))
    }

    /// Returns the digest of the newest segment.
    pub fn head(&self) -> Option<&str> {
        self.segments.last().map(|segment| segment.digest.as_str())
    }

    /// Files a run: the segment to be written, or the one that holds it already.
    pub fn file(&mut self, scan: &Scan, terms: &Terms<'_>) -> Result<Filed, Refusal> {
        if let Some(fault) = self.faults.first() {
            return Err(Refusal::Damaged(fault.clone()));
        }
        let zone = Zone::named(terms.zone).ok_or_else(|| Refusal::UnknownZone(terms.zone.to_owned()))?;
        let run_at = scan.stamp().map(|stamp| zone.instant(stamp));
        if let Some(known) = self.known(scan, terms.source)? {
            return Ok(Filed::Known { path: known });
        }
        self.refuse_same_run(scan, terms.source, run_at)?;
        let base = self.base_of(terms.source, run_at);
        self.refuse_drop(scan, base, terms)?;
        let head = Head {
            ledger: 1,
            sequence: self.segments.len() as u64 + 1,
            previous: self.head().map(str::to_owned),
            base,
            source: terms.source.to_owned(),
            format: scan.importer.name.to_owned(),
            file: scan.file.clone(),
            sha256: scan.sha256.clone(),
            run_at,
            zone: terms.zone.to_owned(),
            absence_means_fixed: terms.absence_means_fixed,
            host: terms.host.map(str::to_owned),
            accept_drop: terms.accept_drop.map(str::to_owned),
            incomplete: scan.summary.incomplete.clone(),
            hosts: scan.summary.hosts,
            observations: scan.summary.observations,
            informational: scan.summary.informational,
            skipped: rows(&scan.summary.skipped),
            left_out: rows(&scan.summary.left_out),
        };
        let proves = terms.absence_means_fixed && head.incomplete.is_none() && run_at.is_some();
        let state = self.state_at(terms.source, base).map_err(Refusal::Unwritable)?;
        let lines = delta::delta(&mut state.clone(), scan, &delta::Terms { zone, run_at, proves });
        // What is written is read back from here on before it counts, and not from the first segment.
        if let Some(base) = base {
            self.states.insert(terms.source.to_owned(), (base, state));
        }
        let unwritable = |error: anyhow::Error| Refusal::Unwritable(format!("{error:#}"));
        let (path, bytes, digest) = segment::write(&head, &lines).map_err(unwritable)?;
        let mut events = BTreeMap::new();
        for line in &lines {
            if let line::Line::Event(event) = line {
                *events.entry(event.event).or_default() += 1;
            }
        }
        let sequence = head.sequence;
        self.last = Some(digest.clone());
        let (segment, text) =
            segment::read(&Arc::from(path.as_str()), bytes.clone()).map_err(Refusal::Unwritable)?;
        self.expand(&segment, &text).map_err(Refusal::Unwritable)?;
        self.segments.push(segment);
        Ok(Filed::New(Box::new(NewSegment {
            sequence,
            path,
            bytes,
            digest,
            head,
            events,
        })))
    }

    fn known(&self, scan: &Scan, source: &str) -> Result<Option<Arc<str>>, Refusal> {
        let mut same = self
            .segments
            .iter()
            // A folder or an archive may hold the exports of several formats, each for its own Source.
            .filter(|segment| segment.head.format == scan.importer.name)
            .filter(|segment| segment.head.sha256 == scan.sha256);
        match same.next() {
            Some(segment) if segment.head.source == source => Ok(Some(Arc::clone(&segment.path))),
            Some(segment) => Err(Refusal::OtherSource {
                path: Arc::clone(&segment.path),
                source: segment.head.source.clone(),
            }),
            None => Ok(None),
        }
    }

    /// Two exports of one Source, one moment and one host are one run, and a run has one content.
    fn refuse_same_run(
        &mut self,
        scan: &Scan,
        source: &str,
        run_at: Option<DateTime<Utc>>,
    ) -> Result<(), Refusal> {
        let Some(run_at) = run_at else { return Ok(()) };
        let keys = state::keys_of(&scan.hosts);
        let is_same =
            |segment: &&Segment| segment.head.source == source && segment.head.run_at == Some(run_at);
        let same: Vec<Segment> = self.segments.iter().filter(is_same).cloned().collect();
        for segment in same {
            let others = self.hosts_of(&segment).map_err(Refusal::Unwritable)?;
            let has_hosts = !keys.is_empty() || !others.is_empty();
            let shares = state::keys_of(&others).iter().any(|key| keys.contains(key));
            if shares || !has_hosts {
                return Err(Refusal::SameRun {
                    path: Arc::clone(&segment.path),
                    sha256: segment.head.sha256.clone(),
                });
            }
        }
        Ok(())
    }

    /// Finds the run of a Source that comes last before a moment; of the same moment the newest segment.
    fn base_of(&self, source: &str, run_at: Option<DateTime<Utc>>) -> Option<u64> {
        let mine = self
            .segments
            .iter()
            .filter(|segment| segment.head.source == source);
        let earlier = mine.filter(|segment| match (segment.head.run_at, run_at) {
            (Some(other), Some(at)) => other <= at,
            (None, _) | (_, None) => true,
        });
        let last = earlier.max_by_key(|segment| (segment.head.run_at, segment.head.sequence));
        last.map(|segment| segment.head.sequence)
    }

    fn refuse_drop(&self, scan: &Scan, base: Option<u64>, terms: &Terms<'_>) -> Result<(), Refusal> {
        let counts = matches!(scan.importer.product, Product::Scan | Product::Inventory);
        let base = base.and_then(|base| self.segments.get(usize::try_from(base).ok()?.checked_sub(1)?));
        let (Some(base), true, None) = (base, counts, terms.accept_drop) else {
            return Ok(());
        };
        let (before, now) = (base.head.hosts, scan.summary.hosts);
        let lost = i64::try_from(before.saturating_sub(now)).unwrap_or(i64::MAX);
        let all = i64::try_from(before).unwrap_or(i64::MAX);
        if all == 0 || lost.saturating_mul(100) <= terms.max_drop.saturating_mul(all) {
            return Ok(());
        }
        Err(Refusal::Dropped {
            before,
            now,
            percent: lost.saturating_mul(100) / all,
            limit: terms.max_drop,
        })
    }
}

/// Tells whether a run is told at a moment; one that names no time is at every one.
fn is_told_at(head: &Head, at: DateTime<Utc>) -> bool {
    head.run_at.is_none_or(|run_at| run_at <= at)
}

fn rows(rows: &[crate::model::Skipped]) -> Vec<Rows> {
    let rows = rows.iter().map(|skipped| Rows {
        reason: skipped.reason.clone(),
        rows: skipped.rows,
    });
    rows.collect()
}
