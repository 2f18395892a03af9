//! What must hold for every day, zone and history, tried on many.

use chrono::{NaiveDate, TimeDelta, Utc};
use countersign::model::{AsOf, Date, Disposition, Severity, Zone};
use proptest::prelude::*;

use crate::world::World;

const VULNS: [&str; 3] = ["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003"];

/// Which of three vulnerabilities a run of one of two scanners sees on one of two hosts, and on which day.
type RunRow = (bool, u8, u32, u32);

fn runs() -> impl Strategy<Value = Vec<RunRow>> {
    prop::collection::vec((any::<bool>(), 0_u8..8, 1_u32..28, 1_u32..3), 1..8)
}

fn world(rows: &[RunRow]) -> World {
    let mut world = World::new();
    let mut taken = std::collections::BTreeSet::new();
    for (is_second, seen, day, host) in rows {
        let source = if *is_second { "src-two" } else { "src-one" };
        let at = format!("2026-09-{day:02}T08:00:00Z");
        if !taken.insert((source, *day, *host)) {
            continue;
        }
        let host = format!("app{host:02}");
        world.scan(source, &at, |scan| {
            scan.host(&host);
            for (bit, vuln) in VULNS.iter().enumerate().filter(|(bit, _)| seen & (1 << bit) != 0) {
                scan.seen(&host, &bit.to_string(), &[vuln], Severity::High, None);
            }
        });
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_day_ends_one_second_before_the_next_begins(zone in prop::sample::select(chrono_tz::TZ_VARIANTS.to_vec()), days in 0_i64..36_000) {
        let zone = Zone(zone);
        let day = Date(NaiveDate::from_ymd_opt(1980, 1, 1).unwrap()).plus_days(days);
        let end = zone.end_of_day(day).with_timezone(&Utc);
        prop_assert!(zone.day_of(end) <= day);
        prop_assert!(zone.day_of(end + TimeDelta::seconds(1)) > day);
        let as_of = AsOf::end_of(day, zone);
        prop_assert!(!as_of.is_past(day));
        prop_assert!(AsOf::new(end + TimeDelta::seconds(1), zone).is_past(day));
    }

    #[test]
    fn the_order_of_exports_changes_nothing(rows in runs(), turn in 0_usize..8) {
        let mut world = world(&rows);
        let first = world.judge("2026-09-29", |register| format!("{:?}", register.findings));
        let turn = turn % world.scans.len();
        world.scans.rotate_left(turn);
        prop_assert_eq!(world.judge("2026-09-29", |register| format!("{:?}", register.findings)), first);
    }

    #[test]
    fn every_finding_has_one_disposition_and_none_disappears(rows in runs()) {
        let world = world(&rows);
        let mut expected = std::collections::BTreeSet::new();
        for scan in &world.scans {
            for (host, sighting) in scan.sightings.iter() {
                let host = &scan.hosts[host.0 as usize].name;
                expected.insert((host.clone(), scan.checks[sighting.check as usize].cves[0].to_string()));
            }
        }
        world.judge("2026-09-29", |register| {
            let found: std::collections::BTreeSet<_> =
                register.findings.iter().map(|finding| (finding.host.to_string(), finding.vuln.to_string())).collect();
            assert_eq!(found, expected);
            assert_eq!(register.by_disposition().values().sum::<u64>(), register.findings.len() as u64);
        });
    }

    #[test]
    fn an_exception_never_moves_the_due_date_of_what_it_does_not_cover(rows in runs(), expires in 2_u32..29) {
        let mut world = world(&rows);
        let before = world.judge("2026-09-29", |register| register.findings.clone());
        world.exception("exc-0001", VULNS[0], "app01", "2026-09-01", &format!("2026-09-{expires:02}"), "");
        world.approve("Exception", "exc-0001", "2026-09-01T08:00:00Z");
        let after = world.judge("2026-09-29", |register| register.findings.clone());
        prop_assert_eq!(before.len(), after.len());
        for (one, other) in before.iter().zip(&after) {
            if other.disposition != Disposition::Deferred {
                prop_assert_eq!(one.due, other.due);
                // It may have stood until the finding was fixed; then the finding is not late.
                let stood = one.disposition == Disposition::FixedLate && other.decided_at_base_due;
                prop_assert!(stood || one.disposition == other.disposition);
            }
            prop_assert_eq!(one.base_due, other.base_due);
        }
    }
}
