//! What went through the ledger is what the exports said, in whatever order it was filed.

use std::sync::Arc;

use chrono::TimeDelta;
use countersign::import::{IMPORTERS, Scan};
use countersign::ledger::{Filed, Ledger, LedgerFile, Refusal, Statement, Terms, read_ledger};
use countersign::load::Repository;
use countersign::model::{Finding, Stamp};

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
                    imported_at: chrono::DateTime::UNIX_EPOCH,
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
        for (index, sighting) in scan.sightings.iter_mut().enumerate() {
            let early = TimeDelta::minutes(7 * (index as i64 % 4));
            sighting.last_seen = (index % 5 != 4).then(|| Stamp::At(at - early));
            sighting.instances = 1 + (index as u32 + turn as u32) % 2;
        }
    }
    scans
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
            let ledger = read_ledger(files);
            if let Some(fault) = ledger.faults.first() {
                return Err(format!("{}: {}", fault.path, fault.what));
            }
            let from_exports = findings(&repository, case, &scans);
            same(&from_exports, &findings(&repository, case, &ledger.scans))?;
        }
        Ok(())
    });
}
