//! Every figure that the findings of the document hold is computed again, from the document alone.
//!
//! Written from the definitions of the figures, without a look at how they are computed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate};
use countersign::model::{Date, Quality, Severity};
use countersign::output::Style;
use countersign::output::register::{Format, Report, write};
use countersign::reconcile::{Period, Register};
use serde_json::Value;

use super::output::{assert_valid, output_schema};
use super::world::World;

type Moment = DateTime<FixedOffset>;

/// Numerator and denominator.
type Counted = (u64, u64);

fn moment(value: &Value) -> Option<Moment> {
    Some(DateTime::parse_from_rfc3339(value.as_str()?).unwrap())
}

fn day(value: &Value) -> Option<NaiveDate> {
    Some(value.as_str()?.parse().unwrap())
}

/// The document, and the zone of its as-of, which no test lets change its offset over midnight.
struct Document {
    json: Value,
    zone: chrono_tz::Tz,
}

impl Document {
    fn as_of(&self) -> Moment {
        moment(&self.json["as_of"]).unwrap()
    }

    fn local_day(&self, at: Moment) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }

    fn midnight(&self, day: NaiveDate) -> Moment {
        use chrono::TimeZone as _;
        let midnight = day.and_hms_opt(0, 0, 0).unwrap();
        self.zone.from_local_datetime(&midnight).unwrap().fixed_offset()
    }

    fn in_period(&self, at: Moment) -> bool {
        let day_of = self.local_day(at);
        let bound = |name: &str| day(&self.json["period"][name]).unwrap();
        bound("from") <= day_of && day_of <= bound("to") && at <= self.as_of()
    }

    /// Tells whether a finding was open at some moment of the period.
    fn is_open_in_period(&self, finding: &Value) -> bool {
        let from = day(&self.json["period"]["from"]).unwrap();
        moment(&finding["closed"]).is_none_or(|closed| from <= self.local_day(closed))
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.json["findings"].as_array().unwrap().iter()
    }

    fn of_system(&self, id: &Value, field: &str) -> String {
        let systems = self.json["systems"].as_array().unwrap();
        let system = systems.iter().find(|system| system["id"] == *id);
        let value = system.and_then(|system| system[field].as_str());
        value.unwrap_or("none").to_owned()
    }

    fn segment(&self, dimension: &str, finding: &Value) -> String {
        match dimension {
            "severity" => finding["severity"].as_str().unwrap().to_owned(),
            "system_type" => self.of_system(&finding["system"], "type"),
            other => self.of_system(&finding["system"], other),
        }
    }
}

fn is(finding: &Value, words: &[&str]) -> bool {
    words.contains(&finding["disposition"].as_str().unwrap())
}

const REMOVED: [&str; 3] = ["not_applicable", "out_of_scope", "unsupported_ungoverned"];

/// The values of a list of seconds: sum, median, nine of ten, longest; of two middle ones the greater.
fn spread(mut seconds: Vec<i64>) -> [u64; 5] {
    seconds.sort_unstable();
    let n = seconds.len();
    let at = |index: usize| {
        seconds
            .get(index.min(n.wrapping_sub(1)))
            .map_or(0, |one| *one as u64)
    };
    [
        seconds.iter().sum::<i64>() as u64,
        at(n / 2),
        at(n * 9 / 10),
        at(n),
        n as u64,
    ]
}

fn rates(document: &Document, findings: &[&Value]) -> Vec<(&'static str, Counted)> {
    let (mut all, mut decided, mut in_time) = (0, 0, 0);
    for finding in findings {
        let breached = moment(&finding["breached"]);
        let base = moment(&finding["base_due"]).unwrap();
        let is_neutral = is(finding, &["closed_retired"]) && breached.is_none();
        if is(finding, &REMOVED) || is_neutral || !document.in_period(breached.unwrap_or(base)) {
            continue;
        }
        all += 1;
        let closed = moment(&finding["closed"]);
        if finding["decided_at_base_due"] == true && closed.is_none_or(|at| at > base) {
            decided += 1;
        } else if closed.is_some() && breached.is_none() {
            in_time += 1;
        }
    }
    let back = |finding: &&&Value| {
        finding["recurrence"].as_u64().unwrap() > 0 && document.is_open_in_period(finding)
    };
    let ended =
        |finding: &&&Value| moment(&finding["closed"]).is_some_and(|closed| document.in_period(closed));
    let came_back = findings.iter().filter(back).count() as u64;
    let closed = findings.iter().filter(|one| back(one) || ended(one)).count() as u64;
    vec![
        ("sla_rate_strict", (in_time, all)),
        ("sla_rate_net", (in_time, all - decided)),
        ("sla_rate_governed", (in_time + decided, all)),
        ("recurrence", (came_back, closed)),
    ]
}

fn times(document: &Document, findings: &[&Value]) -> Vec<(&'static str, Counted)> {
    let (mut detected, mut released, mut open) = (vec![], vec![], vec![]);
    for finding in findings {
        let first = moment(&finding["first_seen"]).unwrap();
        match moment(&finding["closed"]) {
            Some(closed) => {
                if is(finding, &["fixed_in_time", "fixed_late"]) && document.in_period(closed) {
                    detected.push((closed - first).num_seconds());
                    let patch = day(&finding["patch_published"]).map(|day| document.midnight(day));
                    released.extend(patch.map(|patch| (closed - patch).num_seconds().max(0)));
                }
            }
            None if is(finding, &REMOVED) => {}
            None => open.push((document.as_of() - first).num_seconds()),
        }
    }
    let [sum, median, most, _, n] = spread(detected);
    let [released_sum, released_median, released_most, _, known] = spread(released);
    let [_, open_median, _, open_max, all_open] = spread(open);
    vec![
        ("mttp_mean", (sum, n)),
        ("mttp_median", (median, n)),
        ("mttp_p90", (most, n)),
        ("mttp_released_mean", (released_sum, known)),
        ("mttp_released_median", (released_median, known)),
        ("mttp_released_p90", (released_most, known)),
        ("mttp_released_known", (known, n)),
        ("open_age_median", (open_median, all_open)),
        ("open_age_max", (open_max, all_open)),
    ]
}

fn exposure(document: &Document, findings: &[&Value]) -> Vec<(&'static str, Counted)> {
    let bound = |name: &str| day(&document.json["period"][name]).unwrap();
    let begin = document.midnight(bound("from"));
    let end = document
        .midnight(bound("to").succ_opt().unwrap())
        .min(document.as_of());
    let mut windows = vec![];
    let mut minutes: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
    for finding in findings {
        let grave = finding["severity"] == "critical" || finding["kev"] == true;
        let counts = grave && !is(finding, &REMOVED) && document.is_open_in_period(finding);
        let Some(known) = day(&finding["exploited_since"]).filter(|_| counts) else {
            continue;
        };
        let hosts = document.json["hosts"].as_array().unwrap();
        let host = hosts.iter().find(|host| host["id"] == finding["host"]).unwrap();
        let start = document
            .midnight(known)
            .max(moment(&host["first_known"]).unwrap());
        let stop = moment(&finding["closed"]).unwrap_or(document.as_of());
        if start >= stop || start > end {
            continue;
        }
        windows.push((stop - start).num_seconds());
        // Minute by minute, so that no span is counted twice.
        let seen = minutes.entry(finding["host"].as_str().unwrap()).or_default();
        let (from, to) = (start.max(begin).timestamp(), stop.min(end).timestamp());
        seen.extend((from.div_euclid(60))..(to + 59).div_euclid(60));
    }
    let total: u64 = minutes.values().map(|seen| seen.len() as u64 * 60).sum();
    let [_, median, _, longest, n] = spread(windows);
    vec![
        ("exposure_window_median", (median, n)),
        ("exposure_window_max", (longest, n)),
        ("exposure_host_days", (total, minutes.len() as u64)),
    ]
}

fn recomputed(document: &Document, findings: &[&Value]) -> Vec<(&'static str, Counted)> {
    let mut all = rates(document, findings);
    all.extend(times(document, findings));
    all.extend(exposure(document, findings));
    all
}

/// The value by unit and count: a percentage rounded down, days rounded up.
fn value(unit: &str, name: &str, (numerator, denominator): Counted) -> String {
    if denominator == 0 {
        return "n/a".into();
    }
    let tenths = match unit {
        "percent" => numerator * 1000 / denominator,
        "exceptions" => return numerator.to_string(),
        _ if name.ends_with("mean") => (numerator * 10).div_ceil(86_400 * denominator),
        _ => (numerator * 10).div_ceil(86_400),
    };
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn counted(kpi: &Value) -> Counted {
    (
        kpi["numerator"].as_u64().unwrap(),
        kpi["denominator"].as_u64().unwrap(),
    )
}

/// Times to the second are cut to minutes where a figure is counted minute by minute.
fn agrees(name: &str, found: Counted, expected: Counted, hosts: u64) -> bool {
    if name == "exposure_host_days" {
        found.1 == expected.1 && found.0.abs_diff(expected.0) <= 120 * hosts
    } else {
        found == expected
    }
}

fn hold_against(json: Value, zone: &str) {
    let document = Document {
        json,
        zone: zone.parse().unwrap(),
    };
    let kpis = document.json["kpis"].as_object().unwrap();
    for (name, kpi) in kpis {
        let (unit, count) = (kpi["unit"].as_str().unwrap(), counted(kpi));
        assert_eq!(kpi["value"], value(unit, name, count), "{name}");
        assert_eq!(kpi["small_n"], count.1 > 0 && count.1 < 20, "{name}");
        assert_eq!(kpi["period"], document.json["period"], "{name}");
    }
    let all: Vec<&Value> = document.findings().collect();
    for (name, expected) in recomputed(&document, &all) {
        let found = counted(&kpis[name]);
        assert!(
            agrees(name, found, expected, expected.1.max(1)),
            "{name}: {found:?}, expected {expected:?}"
        );
    }
    let hosts = document.json["hosts"].as_array().unwrap();
    let of_all: Vec<&Value> = hosts.iter().filter(|host| host["counts"] == true).collect();
    let bad = ["overdue", "unknown"];
    let good = of_all
        .iter()
        .filter(|host| !bad.contains(&host["state"].as_str().unwrap()));
    assert_eq!(
        counted(&kpis["host_compliance"]),
        (good.count() as u64, of_all.len() as u64)
    );
    segments_hold(&document, &all);
}

fn segments_hold(document: &Document, all: &[&Value]) {
    let kpis = document.json["kpis"].as_object().unwrap();
    for dimension in ["system_type", "department", "location", "tier", "severity"] {
        let segments = document.json["kpi_segments"][dimension].as_object().unwrap();
        let mut parts: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        for finding in all {
            let segment = document.segment(dimension, finding);
            parts.entry(segment).or_default().push(finding);
        }
        for (segment, findings) in &parts {
            for (name, expected) in recomputed(document, findings) {
                let figures = segments
                    .get(segment)
                    .unwrap_or_else(|| panic!("{dimension} {segment}"));
                let found = figures
                    .get(name)
                    .map_or((0, 0), |kpi| (counted(kpi).0, counted(kpi).1));
                let of_nothing = expected.1 == 0 && found.1 == 0;
                assert!(
                    of_nothing || agrees(name, found, expected, expected.1.max(1)),
                    "{dimension} {segment} {name}: {found:?}, expected {expected:?}"
                );
            }
        }
        for (name, kpi) in kpis {
            let is_sum = matches!(
                kpi["unit"].as_str().unwrap(),
                "percent" | "exceptions" | "finding_days"
            ) || name.ends_with("mean");
            let (mut numerator, mut denominator) = (0, 0);
            for figures in segments.values() {
                let part = figures.get(name).map_or((0, 0), counted);
                numerator += part.0;
                denominator += part.1;
            }
            let whole = counted(kpi);
            if is_sum && whole.1 > 0 {
                assert_eq!((numerator, denominator), whole, "{dimension} {name}");
            }
        }
    }
}

fn json_of(register: &Register<'_>) -> Value {
    let report = Report {
        register,
        diagnostics: &[],
        commit: None,
    };
    let mut out = Vec::new();
    write(&report, Format::Json, Style::plain(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// Findings of all severities that are fixed, deferred, late, came back and are exploited, on two systems.
pub(crate) fn busy() -> World {
    let mut world = World::new();
    world.record(
        "systems/sys-lab.yaml",
        "kind: System\nid: sys-lab\ntitle: Lab\nspec:\n  type: client\n  tier: tier1\n  department: research\n  location: north\n  members: [lab01, lab02]\n  scope: {in: true}\n",
    );
    let grades = Severity::ALL;
    for (week, run) in [
        "2026-06-01",
        "2026-06-20",
        "2026-07-10",
        "2026-08-20",
        "2026-09-20",
    ]
    .into_iter()
    .enumerate()
    {
        world.scan("src-one", &format!("{run}T08:00:00Z"), |scan| {
            for host in ["app01", "app02", "lab01", "lab02", "stray"] {
                scan.host(host);
                scan.quality(
                    host,
                    if host == "lab02" {
                        Quality::Unauthenticated
                    } else {
                        Quality::Agent
                    },
                );
            }
            for number in 0..24_usize {
                let host = ["app01", "app02", "lab01", "lab02", "stray"][number % 5];
                // Seen in some runs and gone in others, so that lives end and begin again.
                if !(number + week).is_multiple_of(3) {
                    let cve = format!("CVE-2026-{:04}", 1000 + number);
                    scan.seen_with(
                        host,
                        &number.to_string(),
                        &[&cve],
                        grades[number % 4],
                        None,
                        |check| {
                            check.remediation = Some(format!("KB{}", number / 2).into());
                            check.patch_published = (number % 2 == 0).then(|| "2026-05-20".parse().unwrap());
                        },
                    );
                }
            }
        });
    }
    world.kev("CVE-2026-1001", "2026-07-01", Some("2026-07-20"));
    world.exception(
        "exc-0001",
        "CVE-2026-1005",
        "app01",
        "2026-06-05",
        "2026-12-31",
        "",
    );
    world.approve("Exception", "exc-0001", "2026-06-05T08:00:00Z");
    world.exception(
        "exc-0002",
        "CVE-2026-1010",
        "app01",
        "2026-06-05",
        "2026-07-31",
        "",
    );
    world.approve("Exception", "exc-0002", "2026-06-06T08:00:00Z");
    world.exception(
        "exc-0003",
        "CVE-2026-1011, CVE-2026-1016",
        "app02",
        "2026-03-05",
        "2026-12-31",
        "renews: exc-0002\n",
    );
    world.approve("Exception", "exc-0003", "2026-07-06T08:00:00Z");
    world
}

#[test]
fn every_figure_is_computed_again_from_the_document() {
    let world = busy();
    for when in ["2026-06-02", "2026-07-15", "2026-09-30", "2027-03-01"] {
        let json = world.judge(when, json_of);
        hold_against(json, "Europe/Berlin");
    }
    // The worlds are not empty: each figure has something to count at some time.
    let json = world.judge("2026-09-30", json_of);
    for (name, kpi) in json["kpis"].as_object().unwrap() {
        if !matches!(name.as_str(), "unsupported" | "evidence_completeness") {
            assert!(counted(kpi).1 > 0, "{name}");
        }
    }
    hold_against(World::new().judge("2026-09-30", json_of), "Europe/Berlin");
}

#[test]
fn every_figure_of_the_example_is_computed_again_from_its_document() {
    for period in ["2026", "2026-Q3", "2026-09", "2026-07-01..2026-07-31"] {
        let words = [
            "countersign",
            "reconcile",
            "--repo",
            "example-repo",
            "--as-of",
            "2026-09-30",
            "--format",
            "json",
            "--period",
            period,
        ];
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let words: Vec<std::ffi::OsString> = words.into_iter().map(Into::into).collect();
        let (code, out, err) = super::cli::streams(root, &words);
        assert_eq!(code, 0, "{err}");
        let json = serde_json::from_str(&out).unwrap();
        assert_valid(&output_schema("register-v1"), &json);
        hold_against(json, "Europe/Berlin");
    }
}

/// What exceptions come to, by hand: one stands, one has ended with its finding open, one renews it.
#[test]
fn exceptions_are_counted_by_their_days() {
    let json = busy().judge("2026-09-30", json_of);
    let figure = |name: &str| counted(&json["kpis"][name]);
    assert_eq!(figure("exception_volume"), (2, 3));
    assert_eq!(figure("exception_opened"), (3, 3));
    assert_eq!(figure("exception_closed"), (1, 3));
    assert_eq!(figure("exception_renewed"), (1, 3));
    assert_eq!(figure("exception_age_91_180"), (1, 2));
    // The one that renews another was first granted in March, as its own start says.
    assert_eq!(figure("exception_age_over_180"), (1, 2));
    let debt = figure("exception_debt");
    assert!(debt.0 > 0 && debt.1 <= 4, "{debt:?}");
}

/// One finding under one exception from a whole hour on: the debt is the time between, no more.
#[test]
fn debt_is_the_time_under_exception() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "1", &["CVE-2026-0001"], Severity::High, None);
    });
    for id in ["exc-0001", "exc-0002"] {
        // Two at once are counted once.
        world.exception(id, "CVE-2026-0001", "app01", "2026-09-01", "2026-09-20", "");
        world.approve("Exception", id, "2026-09-10T22:00:00Z");
    }
    let debt = |when: &str| world.judge(when, |register| register.kpis["exception_debt"].value());
    assert_eq!(debt("2026-09-10"), "n/a");
    assert_eq!(debt("2026-09-12T22:00:00Z"), "2.0");
    assert_eq!(debt("2026-09-30"), "10.0");
}

/// What falls due in a month counts in its rates, though it was fixed in the month before; in no other figure of the month.
#[test]
fn what_was_fixed_before_the_month_in_which_it_is_due_is_in_time() {
    let mut world = World::new();
    world.kev("CVE-2026-0001", "2026-07-01", None);
    let scan = |world: &mut World, day: &str, cves: &[&str]| {
        world.scan("src-one", &format!("{day}T08:00:00Z"), |scan| {
            scan.host("app01");
            for cve in cves {
                scan.seen("app01", cve, &[cve], Severity::Critical, None);
            }
        });
    };
    scan(&mut world, "2026-08-25", &["CVE-2026-0001", "CVE-2026-0002"]);
    scan(&mut world, "2026-08-30", &["CVE-2026-0002"]);
    scan(&mut world, "2026-09-29", &["CVE-2026-0002"]);
    let september = Period {
        from: Date("2026-09-01".parse().unwrap()),
        to: Date("2026-09-30".parse().unwrap()),
    };
    let json = world.judge_over(september, "2026-09-30", json_of);
    let figure = |name: &str| counted(&json["kpis"][name]);
    let due = |finding: &Value| finding["base_due"].as_str().unwrap()[..7].to_owned();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.iter().map(due).collect::<Vec<_>>(), ["2026-09"; 2]);
    assert_eq!(
        figure("sla_rate_strict"),
        (1, 2),
        "one was fixed in August, in time"
    );
    assert_eq!(figure("mttp_median").1, 0, "nothing was fixed in September");
    assert_eq!(figure("exposure_host_days"), (0, 0), "the exploited one was gone");
    assert_eq!(json["systems"][0]["closed_rate"]["denominator"], 1);
    hold_against(json, "Europe/Berlin");
}
