//! Cases of what no record tells yet: a tier that changed, a host that moved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::load::{LoadLimits, parse_record};
use crate::model::{Envelope, Kind, Sla, Zone, parse_instant};
use crate::source::{FileId, decode};

pub(super) fn at(text: &str) -> DateTime<Utc> {
    parse_instant(text).unwrap().utc()
}

pub(super) fn record<S: serde::de::DeserializeOwned>(kind: Kind, text: &str) -> Record<S> {
    let text = format!("apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\n{text}");
    let typed = parse_record(FileId(0), &text, Some(kind), LoadLimits::default()).unwrap();
    let envelope: Envelope<S> = decode(&typed.node).unwrap();
    Record::new(envelope, kind, FileId(0), "x.yaml".into(), Vec::new())
}

fn system(tier: &str) -> Record<System> {
    let text = format!(
        "kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: {tier}\n  members: [app01]\n  scope: {{in: true}}\n"
    );
    record(Kind::System, &text)
}

fn agreement() -> Record<Sla> {
    record(
        Kind::Sla,
        "kind: Sla\nid: sla-all\ntitle: All\nversion: 1.0.0\nspec:\n  parties: [role-ciso]\n  applies_to: type == server\n  matrix:\n    - {severity: high, tier: tier1, days: 14}\n    - {severity: high, tier: tier2, days: 30}\n  clock: {start: first_detected, stop: verified_absence}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n",
    )
}

/// First seen on 1 September 2026 with one tier, and from a day on with another.
fn changed(tiers: [&str; 2], day: &str, loosens: bool) -> (Vec<String>, Option<String>) {
    let (sla, first, second) = (agreement(), system(tiers[0]), system(tiers[1]));
    let version = |from: DateTime<Utc>, system, loosens| SystemVersion {
        from,
        loosens,
        system: Some(system),
        by: None,
        line: 0,
    };
    let facts = Facts {
        first_seen: at("2026-09-01T08:00:00Z"),
        closed: None,
        severity: Severity::High,
        rises: Vec::new(),
        rated: None,
        patch_published: None,
        kev: None,
        epss: None,
        exploit_said: Vec::new(),
        evidence: Vec::new(),
        triages: Vec::new(),
        systems: Cow::Owned(vec![
            version(DateTime::<Utc>::MIN_UTC, &first, true),
            version(at(&format!("{day}T08:00:00Z")), &second, loosens),
        ]),
        pause: None,
        overrides: Vec::new(),
        freezes: &[],
    };
    let zone = Zone::named("Europe/Berlin").unwrap();
    let ground = Ground {
        as_of: AsOf::new(at("2026-11-01T08:00:00Z"), zone),
        isms: None,
        tables: &BTreeMap::new(),
        almanac: Almanac {
            zone,
            holidays: BTreeSet::new(),
        },
        sharing: Sharing::default(),
    };
    let versions = [AgreementVersion {
        from: DateTime::<Utc>::MIN_UTC,
        loosens: true,
        sla: &sla.spec,
        table: None,
        by: Arc::default(),
        line: 0,
    }];
    let course = course(&facts, Law::Agreement(&versions), &ground);
    let segments = course.segments.iter().map(|segment| {
        let (due, cause) = (zone.day_of(segment.due), segment.cause.word());
        format!("{due} {cause} {}", segment.reason)
    });
    let missed = late(&course.segments, ground.as_of.instant()).next();
    (
        segments.collect(),
        missed.map(|late| zone.day_of(late.due).to_string()),
    )
}

#[test]
fn a_stricter_tier_counts_from_the_change_and_a_looser_one_only_once_it_is_approved() {
    let one = "2026-09-15 start sla:high/tier1";
    let two = "2026-10-01 start sla:high/tier2";
    for (tiers, day, loosens, expected, missed) in [
        (
            ["tier2", "tier1"],
            "2026-09-10",
            false,
            vec![two, "2026-09-24 tier sla:high/tier1"],
            "2026-09-24",
        ),
        (
            ["tier2", "tier1"],
            "2026-09-10",
            true,
            vec![two, "2026-09-24 tier sla:high/tier1"],
            "2026-09-24",
        ),
        (["tier2", "tier1"], "2026-09-25", true, vec![two], "2026-10-01"),
        (["tier1", "tier2"], "2026-09-10", false, vec![one], "2026-09-15"),
        (
            ["tier1", "tier2"],
            "2026-09-10",
            true,
            vec![one, "2026-10-01 tier sla:high/tier2"],
            "2026-10-01",
        ),
        (
            ["tier1", "tier2"],
            "2026-09-20",
            true,
            vec![one, "2026-10-01 tier sla:high/tier2"],
            "2026-09-15",
        ),
    ] {
        let found = changed(tiers, day, loosens);
        let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        assert_eq!(
            found,
            (expected, Some(missed.to_owned())),
            "{tiers:?} {day} {loosens}"
        );
    }
}
