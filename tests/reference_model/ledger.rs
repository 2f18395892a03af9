//! What went through the ledger is what the exports said, in whatever order it was filed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use countersign::import::{HostIndex, IMPORTERS, Scan, Sighting};
use countersign::ledger::{Filed, Ledger, LedgerFile, Refusal, Statement, Terms, Wanted, read_ledger};
use countersign::load::Repository;
use countersign::model::{Finding, Severity, Stamp};

use super::build;
use super::compare::reconciled_with;
use super::laws::{holds_everywhere, same};
use super::world::Case;

/// Files runs one after the other and returns those that were filed, with the bytes of the ledger.
fn filed(repository: &Repository, scans: Vec<Scan>) -> (Vec<Scan>, Vec<LedgerFile>) {
    let mut ledger = Ledger::default();
    let (mut kept, mut files) = (Vec::new(), Vec::new());
    for mut scan in scans {
        // The ledger names a format by the importer that the tool has.
        let product = scan.importer.product;
        scan.importer = IMPORTERS
            .iter()
            .find(|importer| importer.product == product)
            .unwrap();
        let source = scan.source.as_ref().and_then(|id| repository.tools.get(id));
        let id = source.map_or("src-none", |source| source.id().as_str());
        let terms = Terms {
            source: id,
            zone: source.map_or("UTC", |source| source.spec.timezone.value.as_str()),
            absence_means_fixed: source.is_some_and(|source| source.spec.absence_means_fixed),
            host: None,
            accept_drop: None,
            max_drop: 100,
        };
        match ledger.file(&scan, &terms) {
            Ok(Filed::New(segment)) => {
                let head = &segment.head;
                let statement = Statement {
                    import: 1,
                    segment: segment.sequence,
                    digest: segment.digest.clone(),
                    source: head.source.clone(),
                    file: head.file.clone(),
                    sha256: head.sha256.clone(),
                    run_at: head.run_at,
                    zone: head.zone.clone(),
                    absence_means_fixed: head.absence_means_fixed,
                    host: None,
                    accept_drop: None,
                    imported_at: DateTime::UNIX_EPOCH,
                    tool: "0".into(),
                    person: None,
                    signature: None,
                };
                files.push((Arc::from(segment.path.as_str()), segment.bytes.clone()));
                files.push((
                    Arc::from(statement.path().as_str()),
                    statement.to_text().into_bytes(),
                ));
                kept.push(scan);
            }
            // The generator makes runs that no scanner makes twice; those are no part of the comparison.
            Ok(Filed::Known { .. }) | Err(Refusal::SameRun { .. } | Refusal::OtherSource { .. }) => {}
            Err(refusal) => panic!("{refusal}"),
        }
    }
    (kept, files)
}

fn findings(repository: &Repository, case: &Case, scans: &[Scan]) -> Vec<Finding> {
    reconciled_with(repository, scans, case, |register| register.findings.clone())
}

/// Lets hosts be scanned at moments of their own, and findings be seen last at others.
fn varied(mut scans: Vec<Scan>) -> Vec<Scan> {
    for (turn, scan) in scans.iter_mut().enumerate() {
        let Some(Stamp::At(at)) = scan.summary.run_at else {
            continue;
        };
        for (index, host) in scan.hosts.iter_mut().enumerate() {
            let early = TimeDelta::hours(index as i64 % 3);
            host.scanned_at = (index % 2 == 0).then(|| Stamp::At(at - early));
            host.ips = vec![format!("192.0.2.{}", (index + turn) % 3)];
        }
        let sightings = scan.sightings.iter().enumerate();
        let varied = sightings.map(|(index, (host, sighting))| {
            let early = TimeDelta::minutes(7 * (index as i64 % 4));
            let sighting = Sighting {
                last_seen: (index % 5 != 4).then(|| Stamp::At(at - early)),
                instances: 1 + (index as u32 + turn as u32) % 2,
                ..sighting.clone()
            };
            (host, sighting)
        });
        scan.sightings = varied.collect();
    }
    scans
}

#[test]
fn what_a_run_has_in_common_with_the_one_before_is_held_once() {
    let mut world = crate::world::World::new();
    for (run, is_last) in [
        ("2026-09-01T08:00:00Z", false),
        ("2026-09-08T08:00:00Z", false),
        ("2026-09-15T08:00:00Z", true),
    ] {
        world.scan("src-one", run, |scan| {
            scan.seen("app01", "100", &["CVE-2026-1111"], Severity::High, None);
            scan.seen("app02", "100", &["CVE-2026-1111"], Severity::High, None);
            if is_last {
                scan.seen("app02", "200", &["CVE-2026-2222"], Severity::High, None);
            }
        });
    }
    let scans = std::mem::take(&mut world.scans);
    let (_, files) = filed(&world.repository(), scans);
    let ledger = read_ledger(files, Wanted::RunsAt([DateTime::<Utc>::MAX_UTC].into()));
    assert_eq!(ledger.faults, []);
    let told = |run: usize, host: u32| {
        let sightings: Vec<&Sighting> = ledger.scans[run]
            .sightings
            .on(HostIndex(host))
            .map(|(sighting, _)| sighting)
            .collect();
        sightings
    };
    for run in 1..3 {
        assert!(
            std::ptr::eq(told(0, 0)[0], told(run, 0)[0]),
            "run {run} has a copy of its own"
        );
        assert!(Arc::ptr_eq(
            &ledger.scans[0].checks[0],
            &ledger.scans[run].checks[0]
        ));
    }
    assert!(std::ptr::eq(told(0, 1)[0], told(1, 1)[0]));
    assert_eq!((told(1, 1).len(), told(2, 1).len()), (1, 2));
}

#[test]
fn the_ledger_says_what_the_exports_said() {
    holds_everywhere(|case| {
        let repository = build::repository(case);
        for turn in 0..3 {
            let mut scans = varied(build::scans(case));
            match turn {
                0 => {}
                1 => scans.reverse(),
                _ => {
                    let half = scans.len() / 2;
                    scans.rotate_left(half);
                }
            }
            let (scans, files) = filed(&repository, scans);
            let ledger = read_ledger(files, Wanted::RunsAt([DateTime::<Utc>::MAX_UTC].into()));
            if let Some(fault) = ledger.faults.first() {
                return Err(format!("{}: {}", fault.path, fault.what));
            }
            let from_exports = findings(&repository, case, &scans);
            same(&from_exports, &findings(&repository, case, &ledger.scans))?;
        }
        Ok(())
    });
}
