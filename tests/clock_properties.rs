//! What must hold for every due date, whatever happened to a finding.

use countersign::model::{Finding, Severity};
use proptest::prelude::*;

use crate::world::{World, find};

const CVE: &str = "CVE-2026-1111";
const AS_OF: &str = "2026-11-30";

/// What happens to one finding; days are those of September.
#[derive(Clone, Debug)]
struct Story {
    severity: u8,
    first: u32,
    rises: Option<u32>,
    listed: Option<u32>,
    evidence: Option<u32>,
    regulated: bool,
    high: u32,
    version: Option<(u32, u32)>,
    overridden: Option<(u32, u32)>,
    lowered: Option<u32>,
    paused: Option<(u32, Option<u32>)>,
    accelerator: Option<u32>,
}

fn story() -> impl Strategy<Value = Story> {
    let day = || prop::option::of(1_u32..29);
    let one = (0_u8..3, 1_u32..20, day(), day(), day(), any::<bool>());
    let two = (
        1_u32..40,
        prop::option::of((1_u32..29, 1_u32..40)),
        prop::option::of((1_u32..29, 1_u32..200)),
        day(),
        prop::option::of((1_u32..20, day())),
        prop::option::of(1_u32..10),
    );
    (one, two).prop_map(
        |(
            (severity, first, rises, listed, evidence, regulated),
            (high, version, overridden, lowered, paused, accelerator),
        )| Story {
            severity,
            first,
            rises,
            listed,
            evidence,
            regulated,
            high,
            version,
            overridden,
            lowered,
            paused,
            accelerator,
        },
    )
}

fn agreement(id: &str, high: u32, more: &str, accelerator: Option<u32>) -> String {
    let accelerators = accelerator.map_or(String::new(), |days| {
        format!("  accelerators: [{{name: proof, when: \"exploitation in [poc, active]\", days: {days}}}]\n")
    });
    format!(
        "kind: Sla\nid: {id}\ntitle: All\nversion: 1.0.0\n{more}spec:\n  parties: [role-ciso]\n  applies_to: \"tier == tier1\"\n  matrix:\n    - {{severity: critical, tier: tier1, days: {}}}\n    - {{severity: high, tier: tier1, days: {high}}}\n    - {{severity: medium, tier: tier1, days: {}}}\n    - {{severity: low, tier: tier1, days: 90}}\n  clock: {{start: first_detected, stop: verified_absence, pause: [vendor_fix_missing], max_pause_days: 20}}\n{accelerators}  kev: {{mode: days_after_added, days: 5, min_days: 3}}\n  raci: []\n  escalation: []\n  expires: 2027-12-31\n",
        high.div_ceil(2),
        high * 2
    )
}

fn triage(world: &mut World, id: &str, more: &str, day: u32) {
    world.record(
        &format!("triage/{id}.yaml"),
        &format!("kind: Triage\nid: {id}\ntitle: Looked\nspec:\n  subject: {{vuln: {CVE}, resolved: [app01]}}\n  status: affected\n  method: looked\n  evidence: []\n  expires: 2026-12-31\n{more}"),
    );
    world.approve("Triage", id, &format!("2026-09-{day:02}T06:00:00Z"));
}

fn severity(number: u8) -> Severity {
    [Severity::Medium, Severity::High, Severity::Critical][usize::from(number.min(2))]
}

fn world(story: &Story) -> World {
    let mut world = World::new();
    let regulations = if story.regulated {
        "  regulations: [pci_dss]\n"
    } else {
        ""
    };
    world.record(
        "systems/sys-app.yaml",
        &format!("kind: System\nid: sys-app\ntitle: App\nspec:\n  type: server\n  tier: tier1\n{regulations}  members: [app01]\n  scope: {{in: true}}\n"),
    );
    world.scan(
        "src-one",
        &format!("2026-09-{:02}T08:00:00Z", story.first),
        |scan| {
            scan.seen("app01", "200", &[CVE], severity(story.severity), None);
        },
    );
    if let Some(day) = story.rises {
        world.scan("src-one", &format!("2026-09-{day:02}T09:00:00Z"), |scan| {
            scan.seen("app01", "200", &[CVE], severity(story.severity + 1), None);
        });
    }
    if let Some(day) = story.listed {
        world.kev(CVE, &format!("2026-09-{day:02}"), None);
    }
    if let Some(day) = story.evidence {
        let more = format!(
            "  ssvc: {{exploitation: poc}}\n  exploit_evidence: [{{source: src-one, at: 2026-09-{day:02}}}]\n"
        );
        triage(&mut world, "tri-0001", &more, day);
    }
    if let Some(day) = story.lowered {
        let vector = "  cvss_env: CVSS:3.1/AV:N/AC:H/PR:L/UI:R/S:U/C:L/I:L/A:L\n";
        triage(&mut world, "tri-0002", vector, day);
    }
    if let Some((since, fixed)) = story.paused {
        let more = format!("  fix_available: {{value: false, since: 2026-09-{since:02}, ref: x}}\n");
        triage(&mut world, "tri-0003", &more, since);
        if let Some(day) = fixed {
            let more = format!("  fix_available: {{value: true, since: 2026-09-{day:02}, ref: x}}\n");
            triage(&mut world, "tri-0004", &more, day);
        }
    }
    if let Some((day, hours)) = story.overridden {
        world.record(
            "incidents/inc-0003.yaml",
            &format!("kind: Incident\nid: inc-0003\ntitle: Exploited\nspec:\n  class: exploited_vulnerability\n  systems: [sys-app]\n  impact: high\n  urgency: high\n  priority: P1\n  support_tier: tier3\n  detected: 2026-09-01T06:00:00Z\n  sla_overrides:\n    - {{severity: high, tier: tier1, hours: {hours}, from: 2026-09-{day:02}T06:00:00Z, to: 2026-09-29T06:00:00Z, justification: seen}}\n"),
        );
        world.approve("Incident", "inc-0003", "2026-09-01T06:00:00Z");
    }
    world.remove("slas/sla-all.yaml");
    world.record(
        "slas/sla-one.yaml",
        &agreement("sla-one", story.high, "", story.accelerator),
    );
    world.approve("Sla", "sla-one", "2025-01-02T06:00:00Z");
    if let Some((day, high)) = story.version {
        world.record(
            "slas/sla-two.yaml",
            &agreement("sla-two", high, "supersedes: sla-one\n", story.accelerator),
        );
        world.approve("Sla", "sla-two", &format!("2026-09-{day:02}T07:00:00Z"));
    }
    world
}

fn finding(story: &Story) -> Finding {
    world(story).judge(AS_OF, |register| find(register, "app01", CVE).clone())
}

fn due(story: &Story) -> chrono::DateTime<chrono::Utc> {
    finding(story).base_due
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// What asks for an earlier date never gives a later one.
    #[test]
    fn a_stricter_story_is_never_due_later(story in story()) {
        let base = due(&story);
        let stricter: [(&str, Story); 6] = [
            ("regulation", Story { regulated: true, ..story.clone() }),
            ("accelerator", Story { accelerator: story.accelerator.or(Some(9)), ..story.clone() }),
            ("stricter version", Story {
                version: story.version.map(|(day, high)| (day, high.min(story.high))),
                ..story.clone()
            }),
            ("stricter cells", Story { high: story.high.div_ceil(2), ..story.clone() }),
            ("no pause", Story { paused: None, ..story.clone() }),
            ("not lowered", Story { lowered: None, ..story.clone() }),
        ];
        for (what, other) in stricter {
            // A lowering that ends is worked out anew under the newest agreement, which may ask for an earlier date yet.
            if what == "not lowered" && story.version.is_some() {
                continue;
            }
            prop_assert!(due(&other) <= base, "{}: {} > {}", what, due(&other), base);
        }
        let without = Story { overridden: None, ..story.clone() };
        prop_assert!(base <= due(&without), "an override gave more time");
    }

    /// Segments are in order, each differs from the one before, and only decisions move a date later.
    #[test]
    fn segments_are_in_order_and_only_decisions_give_time(story in story()) {
        let finding = finding(&story);
        let last = finding.segments.last().unwrap();
        prop_assert_eq!((last.due, &last.reason), (finding.base_due, &finding.due_reason));
        for pair in finding.segments.windows(2) {
            prop_assert!(pair[0].from < pair[1].from);
            prop_assert!(pair[0] != pair[1]);
            if pair[1].due > pair[0].due {
                let may = ["severity", "agreement", "pause"];
                prop_assert!(may.contains(&pair[1].cause.word()), "{:?}", pair);
                // What was missed by then stays a breach.
                if pair[0].due < pair[1].from {
                    prop_assert!(finding.breached.is_some_and(|breached| breached <= pair[0].due));
                }
            }
        }
        prop_assert!(finding.segments.iter().all(|segment| !segment.by.is_empty()));
    }

    /// What is judged on a later day begins with what was judged on an earlier one.
    #[test]
    fn the_past_is_never_rewritten(story in story(), day in 20_u32..29) {
        let world = world(&story);
        let early = world.judge(&format!("2026-09-{day:02}"), |register| find(register, "app01", CVE).segments.clone());
        let late = world.judge(AS_OF, |register| find(register, "app01", CVE).segments.clone());
        prop_assert!(late.starts_with(&early), "{:#?}\n{:#?}", early, late);
    }
}

/// The list ends the lowering on the 13th, when the due date of the 9th has passed; a stricter agreement follows, and
/// then more evidence, which must not count the agreement from the first day.
#[test]
fn a_lowering_ends_once() {
    let lowered = Story {
        severity: 2,
        first: 1,
        rises: None,
        listed: Some(13),
        evidence: Some(17),
        regulated: false,
        high: 15,
        version: Some((13, 4)),
        overridden: None,
        lowered: Some(1),
        paused: None,
        accelerator: None,
    };
    let never = Story {
        lowered: None,
        ..lowered.clone()
    };
    assert_eq!(due(&never).to_string(), "2026-09-09 21:59:59 UTC");
    assert_eq!(due(&lowered), due(&never));
}

/// The lowering ends with the list; that the vendor's fix comes out later gives back none of its time.
#[test]
fn no_later_decision_brings_an_ended_lowering_back() {
    let lowered = Story {
        severity: 1,
        first: 1,
        rises: None,
        listed: Some(18),
        evidence: None,
        regulated: false,
        high: 1,
        version: None,
        overridden: None,
        lowered: Some(1),
        paused: Some((3, Some(18))),
        accelerator: None,
    };
    let never = Story {
        lowered: None,
        ..lowered.clone()
    };
    assert_eq!(due(&never).to_string(), "2026-09-02 21:59:59 UTC");
    assert_eq!(due(&lowered), due(&never));
}
