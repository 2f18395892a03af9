//! Each export with its Source, its time and whether it may be used.

use chrono::{DateTime, Utc};

use super::register::{ImportLine, ImportState};
use crate::import::{Product, Scan};
use crate::load::Repository;
use crate::model::{AsOf, Date, Host, Quality, Record, Source, SourceQuality, SourceState, Stamp, Zone};

/// An export in its place in time.
pub(super) struct Run<'a> {
    pub(super) scan: &'a Scan,
    /// Its place among the exports as they were given.
    pub(super) given: usize,
    pub(super) source: Option<&'a Record<Source>>,
    pub(super) zone: Zone,
    /// The time of the run; as-of where the export names none, and then it proves nothing.
    pub(super) at: DateTime<Utc>,
    pub(super) state: ImportState,
    pub(super) line: ImportLine,
}

impl Run<'_> {
    /// Returns the name that a finding lists as its observer: the Source's id, else the format.
    pub(super) fn observer(&self) -> &str {
        self.source
            .map_or(self.scan.importer.name, |source| source.id().as_str())
    }

    /// Resolves a stamp in the source's zone; a day begins at its first moment.
    pub(super) fn instant(&self, stamp: Stamp) -> DateTime<Utc> {
        self.zone.instant(stamp)
    }

    /// Returns the last moment that a stamp may mean: of a day its end.
    pub(super) fn last_of(&self, stamp: Stamp) -> DateTime<Utc> {
        match stamp {
            Stamp::Day(day) => self.zone.end_of_day(Date(day)).with_timezone(&Utc),
            Stamp::At(_) | Stamp::Wall(_) => self.zone.instant(stamp),
        }
    }

    /// Returns when a host was scanned.
    pub(super) fn host_at(&self, host: &Host) -> DateTime<Utc> {
        host.scanned_at.map_or(self.at, |stamp| self.instant(stamp))
    }

    /// Returns how well a host was seen: by the export, else by the Source, else without credentials.
    pub(super) fn quality(&self, host: &Host) -> Quality {
        let declared = self
            .source
            .and_then(|source| source.spec.quality)
            .map(|quality| match quality {
                SourceQuality::Agent => Quality::Agent,
                SourceQuality::Authenticated => Quality::Authenticated,
                SourceQuality::Unauthenticated => Quality::Unauthenticated,
            });
        host.quality.or(declared).unwrap_or(Quality::Unauthenticated)
    }

    /// Tells whether the export holds all that it should; one that does not closes nothing.
    pub(super) fn is_whole(&self) -> bool {
        self.scan.summary.incomplete.is_none()
    }

    /// Tells whether what is not in the run is gone; of a run of the ledger, as its Source said then.
    pub(super) fn proves_absence(&self) -> bool {
        let says_now = || self.source.is_some_and(|source| source.spec.absence_means_fixed);
        self.state == ImportState::Complete && self.scan.absence_means_fixed.unwrap_or_else(says_now)
    }

    /// Tells whether the Source is still in use; a retired one no longer holds a finding open.
    pub(super) fn is_active(&self) -> bool {
        self.source
            .is_none_or(|source| source.spec.state != SourceState::Retired && source.meta.is_live())
    }
}

/// Puts every export into its time; the order in which they were given means nothing.
pub(super) fn runs<'a>(repository: &'a Repository, scans: &'a [Scan], as_of: AsOf) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = scans
        .iter()
        .enumerate()
        .map(|(given, scan)| run(repository, scan, given, as_of))
        .collect();
    // The parts of one archive have one digest.
    runs.sort_by_key(|run| (run.at, &*run.scan.sha256, run.scan.importer.name));
    supersede(&mut runs, Product::Inventory);
    supersede(&mut runs, Product::Kev);
    supersede(&mut runs, Product::Epss);
    supersede(&mut runs, Product::Knowledge);
    runs
}

fn run<'a>(repository: &'a Repository, scan: &'a Scan, given: usize, as_of: AsOf) -> Run<'a> {
    let source = source_of(repository, scan);
    let declared_zone = source.and_then(|source| Zone::named(&source.spec.timezone.value));
    let zone = declared_zone.unwrap_or(Zone(chrono_tz::UTC));
    let stamp = scan.stamp();
    let run_at = stamp.map(|stamp| zone.instant(stamp));
    let mut reasons: Vec<String> = scan.summary.incomplete.iter().cloned().collect();
    let mut state = if reasons.is_empty() {
        ImportState::Complete
    } else {
        ImportState::Incomplete
    };
    if source.is_none() {
        reasons.push(format!(
            "no single Source reads `{}`; name one with FILE=SOURCE",
            scan.importer.name
        ));
    }
    if matches!(stamp, Some(Stamp::Wall(_))) && declared_zone.is_none() {
        reasons.push("its times carry no zone and no Source names one: read as UTC".into());
    }
    if run_at.is_none() && matches!(scan.importer.product, Product::Scan | Product::Deployment) {
        state = ImportState::Incomplete;
        reasons.push("it names no time, so it proves nothing about a day".into());
    }
    if run_at.is_some_and(|at| at > as_of.instant()) {
        state = ImportState::Ignored;
        reasons.push("newer than as-of".into());
    }
    let line = ImportLine {
        source: source.map(|source| source.id().clone()),
        format: scan.importer.name,
        product: scan.importer.product,
        file: scan.file.clone(),
        sha256: scan.sha256.clone(),
        run_at,
        hosts: scan.summary.hosts,
        observations: scan.summary.observations,
        informational: scan.summary.informational,
        skipped: scan.summary.skipped.clone(),
        state,
        reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
        zone_is_known: declared_zone.is_some() || !matches!(stamp, Some(Stamp::Wall(_))),
        unauthenticated_hosts: 0,
        same_run_as: None,
    };
    let mut run = Run {
        scan,
        given,
        source,
        zone,
        at: run_at.unwrap_or(as_of.instant()),
        state,
        line,
    };
    let is_unauthenticated = |host: &&Host| run.quality(host) < Quality::Authenticated;
    let unauthenticated = scan.hosts.iter().filter(is_unauthenticated).count();
    run.line.unauthenticated_hosts = u64::try_from(unauthenticated).unwrap_or(u64::MAX);
    run
}

/// Finds the Source of an export: the one that was named, else the only one that reads the format.
fn source_of<'a>(repository: &'a Repository, scan: &Scan) -> Option<&'a Record<Source>> {
    if let Some(id) = &scan.source {
        return repository.tools.get(id);
    }
    let mut fitting = repository
        .tools
        .iter()
        .filter(|source| source.meta.is_live() && source.spec.format.value == scan.importer.name);
    let first = fitting.next()?;
    if fitting.next().is_some() {
        None
    } else {
        Some(first)
    }
}

/// Of several inventories or catalogues of one Source only the newest counts; one that is not whole takes no whole
/// one's place, and a part of a knowledge base takes the place of none.
fn supersede(runs: &mut [Run<'_>], product: Product) {
    let newest = |runs: &[Run<'_>], index: usize| {
        let mine = &runs[index];
        !runs.iter().any(|other| {
            other.scan.importer.product == product
                && other.state != ImportState::Ignored
                && (product != Product::Knowledge || other.state == ImportState::Complete)
                && other.observer() == mine.observer()
                && (other.is_whole() || !mine.is_whole())
                && (other.line.run_at, &other.scan.file, &other.scan.sha256)
                    > (mine.line.run_at, &mine.scan.file, &mine.scan.sha256)
        })
    };
    for index in 0..runs.len() {
        let run = &runs[index];
        if run.scan.importer.product != product || run.state == ImportState::Ignored || newest(runs, index) {
            continue;
        }
        let run = &mut runs[index];
        run.state = ImportState::Ignored;
        run.line.reason = Some("a newer export of the same Source takes its place".into());
    }
}
