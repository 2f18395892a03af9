//! `whatif`: what other times in the agreements would have meant.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use countersign::model::Severity;
use countersign::reconcile::{CellChange, Question, Verdict, difference, reconcile, with_cells};
use serde_json::Value;

use super::output::{assert_valid, output_schema};
use super::signing::believing;
use super::world::{World, as_of};

fn run(repository: &str, arguments: &[&str]) -> (i32, String, String) {
    let day = ["--repo", repository, "--as-of", "2026-09-30"];
    let words = ["countersign"].into_iter().chain(arguments.iter().copied());
    let words: Vec<OsString> = words.chain(day).map(Into::into).collect();
    super::cli::streams(Path::new(env!("CARGO_MANIFEST_DIR")), &words)
}

#[test]
fn a_cell_that_cannot_be_read_is_exit_2_and_says_what_is_allowed() {
    let forms = ["severities are critical, high, medium, low", "1 to 3660 days"];
    for (sla, words) in [
        ("critical/tier1", "has no `=`"),
        ("critical=5", "has no `/`"),
        ("grave/tier1=5", "names no severity"),
        ("Critical/tier1=5", "names no severity"),
        ("critical/tier9=5", "tiers are tier0, tier1, tier2, tier3"),
        ("critical/tier1=", "has no number of days"),
        ("critical/tier1=0", "has no number of days"),
        ("critical/tier1=+5", "has no number of days"),
        ("critical/tier1=3661", "has no number of days"),
        ("critical/tier1=5d", "has no number of days"),
    ] {
        let (code, out, err) = run("example-repo", &["whatif", "--sla", sla]);
        assert_eq!((code, out.as_str()), (2, ""), "{sla}: {err}");
        for words in forms.into_iter().chain([words]) {
            assert!(err.contains(words), "{sla}: {err}");
        }
    }
    let twice = ["whatif", "--sla", "critical/tier1=5", "--sla", "critical/tier1=6"];
    let (code, _, err) = run("example-repo", &twice);
    assert!(code == 2 && err.contains("once more"), "{err}");
    let (code, _, err) = run("example-repo", &["whatif"]);
    assert!(code == 2 && err.contains("--sla <SEVERITY/TIER=DAYS>"), "{err}");
}

/// The days in which findings of a severity and tier were late, by the register's own words.
fn late(register: &Value, severity: &str, tier: &str) -> u64 {
    let removed = ["not_applicable", "out_of_scope", "unsupported_ungoverned"];
    let findings = register["findings"].as_array().unwrap().iter();
    let late = findings.filter(|finding| {
        finding["severity"] == severity
            && finding["tier"] == tier
            && !finding["breached"].is_null()
            && !removed.contains(&finding["disposition"].as_str().unwrap())
    });
    late.count() as u64
}

/// The records with the cell written into them come to what the question without writing says.
#[test]
fn it_is_what_the_records_would_say_with_that_cell() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("example-repo");
    super::readme::copy(&root.join("example-repo"), &copy);
    let mut edited = 0;
    for file in std::fs::read_dir(copy.join("slas")).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| {
            if line.contains("severity: high, tier: tier2, days: ") {
                edited += 1;
                let head = line.split("days: ").next().unwrap();
                format!("{head}days: 10}}\n")
            } else {
                format!("{line}\n")
            }
        });
        let text: String = lines.collect();
        std::fs::write(&path, text).unwrap();
    }
    assert!(edited > 0, "the agreements of the example have another form");
    let words = [
        "whatif",
        "--sla",
        "high/tier2=10",
        "--format",
        "json",
        "--period",
        "2025-01-01..2026-09-30",
    ];
    let (code, out, err) = run("example-repo", &words);
    assert_eq!(code, 0, "{err}");
    let whatif: Value = serde_json::from_str(&out).unwrap();
    assert_valid(&output_schema("whatif-v1"), &whatif);
    let register = |repository: &str| -> Value {
        let words = [
            "reconcile",
            "--format",
            "json",
            "--period",
            "2025-01-01..2026-09-30",
        ];
        serde_json::from_str(&run(repository, &words).1).unwrap()
    };
    let (is, would) = (register("example-repo"), register(copy.to_str().unwrap()));
    let cells = whatif["cells"].as_array().unwrap();
    let mut newly = 0;
    for cell in cells {
        let (severity, tier) = (cell["severity"].as_str().unwrap(), cell["tier"].as_str().unwrap());
        assert_eq!(cell["breached"], late(&is, severity, tier), "{severity}/{tier}");
        assert_eq!(
            cell["would_breach"],
            late(&would, severity, tier),
            "{severity}/{tier}"
        );
        newly += cell["newly"].as_u64().unwrap();
    }
    assert!(newly > 0, "the example has no finding that turns");
    for name in ["sla_rate_strict", "sla_rate_net", "sla_rate_governed"] {
        for (register, side) in [(&is, "is"), (&would, "would_be")] {
            for part in ["value", "numerator", "denominator"] {
                assert_eq!(
                    whatif["rates"][name][side][part], register["kpis"][name][part],
                    "{name} {side}"
                );
            }
        }
    }
    // Nothing was written: the agreements are what they were.
    let (_, human, _) = run("example-repo", &["whatif", "--sla", "high/tier2=10"]);
    assert!(
        human.contains("high/tier2 in 10 days: `sla-finance` has 30 d"),
        "{human}"
    );
}

/// Verdicts of one world under cells, by host: as it is, and as it would be.
fn turned(world: &World, when: &str, changes: &[(Severity, u32)]) -> BTreeMap<String, (Verdict, Verdict)> {
    let changes: Vec<CellChange> = changes
        .iter()
        .map(|(severity, days)| CellChange {
            severity: *severity,
            tier: "tier1".into(),
            days: *days,
        })
        .collect();
    let repository = world.repository();
    let (changed, had) = with_cells(&repository, &changes);
    assert!(had.iter().all(|had| had.len() == 1));
    let moment = as_of(when);
    let question = Question {
        as_of: moment,
        period: None,
        due_soon_days: 7,
        verify_hours: 72,
    };
    let register = |records| {
        let standings = believing(&repository, moment.instant());
        reconcile(records, standings, &world.scans, question)
    };
    let (is, would_be) = (register(&repository), register(&changed));
    let difference = difference(&is, &would_be);
    let total = difference.total;
    assert_eq!(total.breached + total.newly, total.would_breach + total.no_longer);
    let rows = difference.turned.iter();
    rows.map(|one| (one.is.host.to_string(), (one.verdict, one.would)))
        .collect()
}

#[test]
fn findings_turn_with_their_days_and_only_those_of_the_cell() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        for (host, severity) in [
            ("app01", Severity::Critical),
            ("app02", Severity::Critical),
            ("app03", Severity::High),
            ("app04", Severity::Critical),
        ] {
            scan.seen(host, host, &["CVE-2026-0001"], severity, None);
        }
    });
    // The first is fixed on the sixth day of seven, the second on the tenth.
    for (run, left) in [
        ("2026-09-07T08:00:00Z", ["app02", "app04"]),
        ("2026-09-11T08:00:00Z", ["app04", "app04"]),
    ] {
        world.scan("src-one", run, |scan| {
            for host in ["app01", "app02", "app04"] {
                scan.host(host);
            }
            for host in left {
                scan.seen(host, host, &["CVE-2026-0001"], Severity::Critical, None);
            }
        });
    }
    world.exception(
        "exc-0001",
        "CVE-2026-0001",
        "app04",
        "2026-09-04",
        "2026-12-31",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-09-04T08:00:00Z");
    let critical = |days| turned(&world, "2026-09-12", &[(Severity::Critical, days)]);
    assert_eq!(critical(7), BTreeMap::new());
    let one = |host: &str, is, would| (host.to_owned(), (is, would));
    assert_eq!(
        critical(5),
        BTreeMap::from([one("app01", Verdict::InTime, Verdict::Breached)])
    );
    assert_eq!(
        critical(14),
        BTreeMap::from([one("app02", Verdict::Breached, Verdict::InTime)])
    );
    // With two days the decision about the fourth came too late.
    assert_eq!(
        critical(2),
        BTreeMap::from([
            one("app01", Verdict::InTime, Verdict::Breached),
            one("app04", Verdict::ByDecision, Verdict::Breached),
        ])
    );
    let both = [(Severity::Critical, 5), (Severity::High, 3)];
    assert_eq!(
        turned(&world, "2026-09-12", &both)["app03"],
        (Verdict::Open, Verdict::Breached)
    );
}
