//! D06 and D14: rows that add up, months as of their ends, causes, targets, and the same numbers in both.

use std::collections::BTreeMap;

use countersign::document::{DocumentKind, Format, find, render};
use countersign::model::{AsOf, Severity, parse_date};
use countersign::reconcile::{Period, Question, months, reconcile};
use serde_json::Value;

use super::example::of_example;
use super::register::provenance;
use crate::kpis::busy;
use crate::signing::believing;
use crate::world::{World, as_of};

fn period(from: &str, to: &str) -> Option<Period> {
    let (from, to) = (parse_date(from)?, parse_date(to)?);
    Some(Period { from, to })
}

/// Renders D06 and D14 of a world, with the months before.
fn made(world: &World, when: &str, period: Option<Period>) -> (Value, Value, String) {
    let repository = world.repository();
    let ask = |period: Option<Period>, as_of: AsOf| {
        let standings = believing(&repository, as_of.instant());
        let question = Question {
            as_of,
            period,
            due_soon_days: 7,
            verify_hours: 72,
        };
        reconcile(&repository, standings, &world.scans, question)
    };
    let mut register = ask(period, as_of(when));
    register.months = months(&register, |period, as_of| ask(Some(period), as_of));
    let kinds: Vec<&'static DocumentKind> =
        ["compliance", "scorecard"].map(|slug| find(slug).unwrap()).into();
    let formats = [Format::Json, Format::Markdown];
    let made = render(&kinds, &formats, &register, &provenance(&[]), &BTreeMap::new()).unwrap();
    let json = |name: &str| serde_json::from_slice(&made[name]).unwrap();
    let page = String::from_utf8(made["D14.md"].clone()).unwrap();
    (json("D06.json"), json("D14.json"), page)
}

fn rows<'a>(document: &'a Value, table: &str) -> &'a Vec<Value> {
    document["tables"][table]["rows"]
        .as_array()
        .unwrap_or_else(|| panic!("no table {table}"))
}

fn named<'a>(document: &'a Value, table: &str, key: &str, name: &str) -> &'a Value {
    rows(document, table)
        .iter()
        .find(|row| row[key] == name)
        .unwrap_or_else(|| panic!("no `{name}` in {table}"))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Holds each cut, the causes and the list of what was missed against the rates.
fn add_up(document: &Value) {
    let rate = |name: &str| named(document, "rates", "name", name)["rate"].clone();
    let (net, strict, governed) = (
        rate("sla_rate_net"),
        rate("sla_rate_strict"),
        rate("sla_rate_governed"),
    );
    for cut in [
        "by-severity",
        "by-tier",
        "by-system-type",
        "by-department",
        "by-location",
    ] {
        let (all, parts) = rows(document, cut).split_last().unwrap();
        assert_eq!(all["segment"], "All", "{cut}");
        for (key, value) in all.as_object().unwrap() {
            let parts_of = |path: &str| -> u64 {
                let found = parts.iter().map(|part| number(part.pointer(path).unwrap()));
                found.sum()
            };
            if value.is_object() {
                for side in ["numerator", "denominator"] {
                    let sum = parts_of(&format!("/{key}/{side}"));
                    assert_eq!(sum, number(&value[side]), "{cut}: {key}, {side}");
                }
            } else if value.is_number() {
                assert_eq!(parts_of(&format!("/{key}")), number(value), "{cut}: {key}");
            }
        }
        for (key, rate) in [
            ("sla_rate_net", &net),
            ("sla_rate_strict", &strict),
            ("sla_rate_governed", &governed),
        ] {
            assert_eq!(all[key], *rate, "{cut}");
        }
        assert_eq!(all["due"], strict["denominator"], "{cut}");
    }
    let view = &document["view"];
    let missed = number(&net["denominator"]) - number(&net["numerator"]);
    assert_eq!(number(&view["missed"]), missed);
    assert_eq!(rows(document, "missed").len() as u64, missed);
    let causes = rows(document, "causes");
    let total = causes.last().map_or(0, |row| number(&row["total"]));
    assert_eq!(total, missed);
    let counted: u64 = causes.iter().map(|row| number(&row["total"])).sum();
    assert_eq!(counted, 2 * total, "the causes add up to all");
    let sum: u64 = ["in_time", "by_decision", "missed"]
        .map(|name| number(&view[name]))
        .iter()
        .sum();
    assert_eq!(sum, number(&view["due"]));
    let seconds: Vec<u64> = rows(document, "latency")
        .iter()
        .filter(|row| row["findings"] != "not recorded")
        .map(|row| number(&row["seconds"]))
        .collect();
    let (whole, stages) = seconds.split_last().unwrap();
    assert_eq!(
        stages.iter().sum::<u64>(),
        *whole,
        "the stages add up to the whole"
    );
}

#[test]
fn sums_over_rows_are_the_totals() {
    let world = busy();
    for (when, period) in [
        ("2026-09-30", None),
        ("2026-07-31", period("2026-07-01", "2026-07-31")),
        ("2026-08-10", period("2026-08-01", "2026-08-31")),
    ] {
        let (report, _, _) = made(&world, when, period);
        add_up(&report);
        assert_eq!(
            number(&report["view"]["missed"]) > 0,
            when != "2026-08-10",
            "{when}"
        );
    }
    let (report, _, _) = made(&world, "2026-09-30", None);
    let latency = rows(&report, "latency");
    assert!(number(&latency.last().unwrap()["seconds"]) > 0);
    // Nothing was ever seen: nothing is claimed.
    let (report, card, _) = made(&World::new(), "2026-09-30", None);
    add_up(&report);
    assert_eq!(
        named(&report, "rates", "name", "sla_rate_net")["rate"]["value"],
        "n/a"
    );
    assert_eq!(rows(&card, "scorecard")[0]["value"], "n/a");
}

#[test]
fn the_example_adds_up_and_says_what_is_not_recorded() {
    let report: Value = serde_json::from_str(&of_example("D06", "json")).unwrap();
    add_up(&report);
    let first = &rows(&report, "scope")[0];
    assert_eq!(
        (&first["system"], &first["scope"]),
        (&"sys-test-lab".into(), &"out_of_scope".into())
    );
    assert_eq!(first["acceptance"], "rac-0002");
    assert_eq!(rows(&report, "unsupported")[0]["system"], "sys-hr-legacy");
    let page = of_example("D06", "md");
    assert!(page.contains("| tested to approved for release | not recorded |"));
    // Six days by the table: due on 28 April, fixed on 4 May.
    let late = named(&report, "missed", "vuln", "CVE-2026-990640");
    assert_eq!(
        (&late["days_late"], &late["state"]),
        (&6.into(), &"fixed_late".into())
    );
    // Before the first scan nothing is known, and no rate is printed.
    let august = named(&report, "months", "month", "2026-08");
    assert_eq!(
        (&august["scans"], &august["sla_rate_net"]),
        (&0.into(), &"n/a".into())
    );
}

#[test]
fn each_month_of_the_trend_is_what_its_own_report_said() {
    let world = busy();
    let (report, _, _) = made(&world, "2026-09-30", None);
    let trend = rows(&report, "months");
    assert_eq!(trend.len(), 12);
    assert_eq!(
        (&trend[0]["month"], &trend[11]["month"]),
        (&"2025-10".into(), &"2026-09".into())
    );
    let mut compared = 0;
    for (month, from, to) in [
        ("2026-06", "2026-06-01", "2026-06-30"),
        ("2026-07", "2026-07-01", "2026-07-31"),
        ("2026-08", "2026-08-01", "2026-08-31"),
        ("2026-09", "2026-09-01", "2026-09-30"),
    ] {
        let (own, _, _) = made(&world, to, period(from, to));
        let told = named(&report, "months", "month", month);
        assert_eq!(told["as_of_day"], to);
        for name in ["sla_rate_net", "sla_rate_strict", "sla_rate_governed"] {
            assert_eq!(
                told[name],
                named(&own, "rates", "name", name)["rate"],
                "{month} {name}"
            );
        }
        let coverage = &named(&own, "coverage", "name", "scan_coverage")["rate"];
        assert_eq!(told["scan_coverage"], *coverage);
        compared += number(&told["sla_rate_strict"]["denominator"]);
        // At its own end a month is known as it is known now.
        let last = named(&own, "known-since", "month", month);
        assert_eq!(last["sla_rate_strict"], told["sla_rate_strict"], "{month}");
    }
    assert!(compared > 10, "the months are not empty");
    // In the middle of a month its figures go up to as-of, and the row says so.
    let (report, _, _) = made(&world, "2026-07-15", None);
    let last = rows(&report, "months").last().unwrap();
    assert_eq!(
        (&last["month"], &last["as_of_day"]),
        (&"2026-07".into(), &"2026-07-15".into())
    );
}

#[test]
fn what_was_missed_is_listed_with_its_causes() {
    let mut world = World::new();
    for (week, run) in ["2026-06-01", "2026-06-29", "2026-07-06"].into_iter().enumerate() {
        world.scan("src-one", &format!("{run}T08:00:00Z"), |scan| {
            for host in ["app01", "app02", "stray"] {
                scan.host(host);
            }
            scan.seen("app01", "1", &["CVE-2026-0001"], Severity::Critical, None);
            scan.seen("stray", "3", &["CVE-2026-0003"], Severity::High, None);
            if week < 2 {
                scan.seen("app02", "2", &["CVE-2026-0002"], Severity::High, None);
            }
        });
    }
    world.exception(
        "exc-0001",
        "CVE-2026-0001",
        "app01",
        "2026-06-02",
        "2026-06-20",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-06-02T08:00:00Z");
    let (report, _, _) = made(&world, "2026-07-07", None);
    add_up(&report);
    let causes = |vuln: &str| {
        let row = named(&report, "missed", "vuln", vuln);
        let texts = row["causes"].as_array().unwrap().iter();
        let texts: Vec<&str> = texts.map(|cause| cause.as_str().unwrap()).collect();
        (texts.join("; "), row["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        causes("CVE-2026-0001"),
        ("the decision for it has ended: exc-0001".into(), "overdue".into())
    );
    assert_eq!(
        causes("CVE-2026-0002"),
        ("no cause recorded".into(), "fixed_late".into())
    );
    assert!(
        causes("CVE-2026-0003")
            .0
            .contains("its host is in no single System")
    );
    assert_eq!(
        rows(&report, "missed")[0]["severity"],
        "critical",
        "the gravest first"
    );
}

/// The world with objectives, a matrix and three risks.
fn with_targets() -> World {
    let mut world = busy();
    world.record(
        "isms.yaml",
        "kind: Isms\nid: isms\ntitle: Test\nversion: 1.0.0\nspec:\n  organisation: Test\n  scope_statement: All.\n  timezone: Europe/Berlin\n  frameworks: [{id: iso27001, edition: '2022'}]\n  severities: [critical, high, medium, low]\n  tiers: [{id: tier1, name: One}]\n  risk_matrix: {likelihood: [rare, likely], impact: [minor, major], levels: [[low, medium], [medium, high]]}\n  objectives:\n  - {id: obj-net, kpi: sla_rate_net, target: '>= 99', owner: role-ciso}\n  - {id: obj-debt, kpi: exception_volume, target: '<= 5', owner: role-ciso}\n  - {id: obj-odd, kpi: scan_coverage, target: as good as we can, owner: role-ciso}\n",
    );
    for (id, likelihood, impact, residual) in [
        (
            "r-001",
            "rare",
            "major",
            "  residual: {likelihood: rare, impact: minor}\n",
        ),
        (
            "r-002",
            "likely",
            "major",
            "  residual: {likelihood: rare, impact: major}\n",
        ),
        ("r-003", "likely", "major", ""),
        ("r-004", "rare", "minor", ""),
    ] {
        world.record(
            &format!("risks/{id}.yaml"),
            &format!("kind: Risk\nid: {id}\ntitle: A risk\nspec:\n  scenario: It happens.\n  likelihood: {likelihood}\n  impact: {impact}\n  treatment: modify\n{residual}  reviewed: 2026-06-01\n"),
        );
    }
    world
}

#[test]
fn the_scorecard_has_the_numbers_of_the_report() {
    let world = with_targets();
    for (when, period) in [
        ("2026-09-30", None),
        ("2026-07-31", period("2026-07-01", "2026-07-31")),
    ] {
        let (report, card, _) = made(&world, when, period);
        let figures = rows(&card, "scorecard");
        assert!((6..=8).contains(&figures.len()), "{}", figures.len());
        for row in figures {
            let name = row["name"].as_str().unwrap();
            let same = named(&report, "figures", "name", name);
            for key in ["shown", "value", "unit", "numerator", "denominator", "definition"] {
                assert_eq!(row[key], same[key], "{when}: {name}, {key}");
            }
        }
        assert_eq!(rows(&card, "months"), rows(&report, "months"));
        assert_eq!(card["provenance"]["as_of"], report["provenance"]["as_of"]);
    }
}

#[test]
fn no_figure_is_judged_without_a_target() {
    let (_, card, page) = made(&with_targets(), "2026-09-30", None);
    let of = |name: &str| named(&card, "scorecard", "name", name);
    assert_eq!(of("sla_rate_net")["against"], "missed");
    assert_eq!(of("sla_rate_net")["target"][0], ">= 99 (obj-net)");
    assert_eq!(of("exception_volume")["against"], "met");
    assert_eq!(of("scan_coverage")["against"], "not_judged");
    for name in ["sla_rate_strict", "sla_rate_governed", "host_compliance"] {
        assert_eq!(of(name)["target"], "no target recorded", "{name}");
        assert_eq!(of(name)["against"], Value::Null, "{name}");
    }
    assert!(page.contains("1 met, 1 missed, 1 not judged; without a target: 5 of 8"));
    let of_months = |name: &str| {
        let months = of(name)["months"].as_array().unwrap().iter();
        months.map(|month| month.as_str().unwrap()).collect::<Vec<_>>()
    };
    let latest = of_months("open_age_median");
    assert!(
        latest.len() == 3 && latest[2].starts_with("2026-09: "),
        "{latest:?}"
    );
    let days = |month: &str| {
        let value = month.split(' ').nth(1).unwrap();
        value.parse::<f64>().unwrap()
    };
    let direction = if days(latest[2]) > days(latest[1]) {
        "up"
    } else {
        "down"
    };
    assert_eq!(of("open_age_median")["direction"], direction, "{latest:?}");
    // Of two of which nobody says what is left the graver one is first; r-001 is the least.
    let risks: Vec<&str> = rows(&card, "risks")
        .iter()
        .map(|row| row["risk"].as_str().unwrap())
        .collect();
    assert_eq!(risks, ["r-003", "r-004", "r-002"]);
    assert_eq!(rows(&card, "risks")[0]["approval"], "not_approved");
    let decisions: Vec<(&str, &str)> = rows(&card, "decisions")
        .iter()
        .map(|row| (row["decision"].as_str().unwrap(), row["state"].as_str().unwrap()))
        .collect();
    assert!(
        decisions.iter().any(|(_, state)| *state == "expired"),
        "{decisions:?}"
    );
}
