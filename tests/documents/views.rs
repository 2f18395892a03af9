//! What each document says of the sample.

use std::collections::BTreeMap;

use countersign::document::{Format, render};
use countersign::model::{Severity, parse_date};

use super::{all, files, provenance, rendered, repository, row, rows, sample_register, text};

#[test]
fn statement_of_applicability_has_every_control_in_order() {
    let made = rendered("");
    let page = text(&made, "D01.md");
    assert!(page.contains("version 3.2.0 (soa-2025), against ISO/IEC 27001:2022"));
    assert!(
        page.contains("- approval: role-ciso, Kim Larsen (p-kim), 2025-02-01, verified, SHA256:believed")
    );
    let controls = rows(page, "Controls of ISO/IEC 27001:2022");
    assert_eq!(controls.len(), 93);
    let at = |id: &str| controls.iter().position(|row| row[0] == id).unwrap();
    assert!(at("5.9") < at("5.10") && at("5.37") < at("6.1"));
    let patching = &controls[at("8.8")];
    assert_eq!(
        patching[1..4],
        [
            "Management of technical vulnerabilities",
            "A.12.6.1; A.18.2.3",
            "yes"
        ]
    );
    assert_eq!(
        controls[at("8.16")][1],
        "Monitoring activities; no entry in the statement"
    );
    assert_eq!(controls[at("5.7")][2], "new in 2022");
    let excluded: Vec<String> = rows(page, "Excluded controls")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(excluded, ["7.4", "8.30"]);
    assert_eq!(rows(page, "1 control without an entry")[0][0], "8.16");
    assert!(rows(page, "Controls outside Annex A")[0][1].contains("Four eyes"));
    let themes = rows(page, "Status by theme");
    let totals: Vec<&str> = themes.iter().map(|row| row[7].as_str()).collect();
    assert_eq!(totals, ["37", "8", "14", "34", "93"]);
    assert!(
        text(&made, "D01.html")
            .contains("<desc id=\"figure-status-by-theme-desc\">Organizational controls: 37 controls (")
    );
}

#[test]
fn without_a_statement_every_control_is_missing() {
    let mut records = files("");
    records.retain(|path, _| !path.starts_with("soa/") && !path.starts_with("approvals/soa"));
    let repository = repository(&records);
    let register = sample_register(&repository, "");
    let made = render(
        &all(),
        &[Format::Markdown],
        &register,
        &provenance(&[]),
        &BTreeMap::new(),
    )
    .unwrap();
    let page = text(&made, "D01.md");
    assert!(page.contains("There is no Statement of Applicability"));
    assert_eq!(rows(page, "93 controls without an entry").len(), 93);
}

#[test]
fn exceptions_stand_where_the_calendar_and_the_approvals_put_them() {
    let made = rendered("");
    let page = text(&made, "D02.md");
    for (caption, ids) in [
        ("Ending within 30 days", vec!["exc-0002"]),
        ("In force", vec!["exc-0003", "rac-0001"]),
        ("Expired and not closed", vec!["exc-0004"]),
        ("Not approved", vec!["exc-0005", "exc-0006", "rac-0002"]),
        ("Approved, not yet started", vec!["exc-0007"]),
        ("Closed, revoked or superseded", vec!["exc-0001", "exc-0008"]),
    ] {
        let found: Vec<String> = rows(page, caption)
            .iter()
            .map(|row| row[0].split(';').next().unwrap().to_owned())
            .collect();
        assert_eq!(found, ids, "{caption}");
    }
    let expiring = rows(page, "Ending within 30 days");
    assert!(
        expiring[0][1].starts_with("expiring; 14 days left; from 2025-07-01; to 2026-01-15"),
        "{expiring:?}"
    );
    assert_eq!(
        expiring[0][5],
        "approval: role-ciso, Kim Larsen (p-kim), 2025-07-01, verified, SHA256:believed"
    );
    assert!(
        expiring[0][6].starts_with("2025-03-01; 306 days ago; renews exc-0001"),
        "the chain counts: {expiring:?}"
    );
    assert_eq!(expiring[0][7], "2");
    let waiting = rows(page, "Not approved");
    assert_eq!(row(&waiting, "exc-0005")[5], "approval absent");
    assert!(row(&waiting, "exc-0006")[5].starts_with("rejection: role-ciso"));
    assert_eq!(row(&waiting, "exc-0005")[7], "0; set aside, exploited: 1");
    assert_eq!(
        rows(page, "Expired and not closed")[0][7],
        "0; open since it ended: 1"
    );
    let acceptance = rows(page, "In force");
    assert!(
        row(&acceptance, "rac-0001")[4]
            .contains("risk extreme (likely × major), residual medium (rare × major)")
    );
    let ages: Vec<[String; 2]> = rows(page, "Age of the decisions")
        .into_iter()
        .map(|row| [row[1].clone(), row[2].clone()])
        .collect();
    assert_eq!(
        ages,
        [["0", "0"], ["1", "0"], ["0", "1"], ["2", "0"]].map(|row| row.map(String::from))
    );
}

#[test]
fn a_decision_lasts_to_the_end_of_its_day() {
    let repository = repository(&files(""));
    for (day, caption) in [
        ("2026-01-15", "Ending within 30 days"),
        ("2026-01-16", "Expired and not closed"),
    ] {
        let mut register = sample_register(&repository, "");
        register.as_of = countersign::model::AsOf::end_of(parse_date(day).unwrap(), register.as_of.zone());
        let made = render(
            &all(),
            &[Format::Markdown],
            &register,
            &provenance(&[]),
            &BTreeMap::new(),
        )
        .unwrap();
        let section = rows(text(&made, "D02.md"), caption);
        assert!(
            section.iter().any(|row| row[0].starts_with("exc-0002")),
            "{day}: {section:?}"
        );
    }
}

#[test]
fn rates_never_stand_without_their_numbers() {
    let made = rendered("");
    let page = text(&made, "D05.md");
    let figures = rows(page, "Figures of the period 2025-01-02 to 2026-01-01");
    for (label, rate) in [
        ("SLA rate, net", "93.3 % (28 of 30)"),
        ("SLA rate, strict", "77.7 % (28 of 36)"),
        ("SLA rate, governed", "91.6 % (33 of 36)"),
        ("Host compliance", "60.0 % (6 of 10, small n)"),
        ("Scan coverage", "80.0 % (8 of 10, small n)"),
    ] {
        assert_eq!(row(&figures, label)[1], rate);
    }
    assert!(
        row(&rows(page, "Systems"), "sys-kiosk")
            .iter()
            .any(|cell| cell == "n/a (0 of 0)")
    );
    assert!(page.contains("The agreements put the **net** rate first"));

    let repository = repository(&files(""));
    let mut register = sample_register(&repository, "");
    register.kpis.clear();
    let made = render(
        &all(),
        &[Format::Markdown],
        &register,
        &provenance(&[]),
        &BTreeMap::new(),
    )
    .unwrap();
    let figures = rows(text(&made, "D05.md"), "Figures of the period");
    assert_eq!(
        row(&figures, "SLA rate, strict")[1],
        "not computed",
        "a figure is never left out in silence"
    );
}

#[test]
fn vulnerability_register_puts_the_urgent_first_and_drops_nothing() {
    let made = rendered("");
    let page = text(&made, "D05.md");
    let findings = rows(page, "Findings, the most urgent first");
    assert_eq!(findings.len(), 15);
    let order: Vec<&str> = findings
        .iter()
        .map(|row| row[4].split(';').next().unwrap())
        .collect();
    assert_eq!(order[..5], ["overdue", "overdue", "overdue", "due soon", "open"]);
    assert_eq!(findings[0][3], "critical; CVSS 9.8");
    assert_eq!(findings[0][5], "2025-12-20; accelerator:exploited");
    assert!(findings[0][4].contains("exc-0005 is set aside: exploited"));
    assert!(findings[0][7].starts_with("KEV since 2025-12-10; exploit: active; EPSS 0.951"));
    let deferred = row(&findings, "erp01");
    assert_eq!(deferred[6], "exc-0002; until 2026-01-15; approved");
    assert!(deferred[5].contains("base due 2025-11-16"));
    let stranger = row(&findings, "unknown-7f");
    assert!(
        stranger[1].starts_with("no system")
            && stranger[9] == "nobody"
            && stranger[4].contains("recurrence 1")
    );
    let left_out = rows(page, "What the rates leave out");
    for (what, counts) in [
        ("Out of scope", ["0", "0"]),
        ("Unsupported, nobody decided", ["1", "1"]),
        ("Called not applicable by triage", ["1", "1"]),
        ("Of hosts in no System", ["1", "1"]),
        ("Stale", ["2", "1"]),
        ("Decision set aside", ["1", "1"]),
        ("Hosts without a qualifying scan", ["0", "2"]),
    ] {
        assert_eq!(row(&left_out, what)[1..3], counts, "{what}");
    }
    let hosts = rows(page, "Hosts that are unscanned, unknown or ambiguous");
    assert_eq!(row(&hosts, "kiosk02")[1], "not scanned");
    assert_eq!(row(&hosts, "web02")[1], "no qualifying scan in time");
    assert_eq!(row(&hosts, "erp03")[1], "claimed by several Systems");
    assert!(row(&hosts, "unknown-7f")[1].contains("unknown: scanned, in no inventory"));
    assert!(page.contains("3205 rows read = 680 observations + 2522 informational + 3 skipped"));
    assert_eq!(
        row(&rows(page, "Rows read = "), "All files")[3..7],
        ["3205", "680", "2522", "3"]
    );
}

#[test]
fn dispositions_add_up_to_the_findings() {
    let made = rendered("");
    let table = rows(text(&made, "D05.md"), "Findings by disposition and severity");
    let number = |cell: &String| cell.parse::<u64>().unwrap();
    let all = row(&table, "All findings");
    for column in 1..=Severity::ALL.len() + 1 {
        let sum: u64 = table[..table.len() - 1]
            .iter()
            .map(|row| number(&row[column]))
            .sum();
        assert_eq!(sum, number(&all[column]));
    }
    assert_eq!(all[5], "15");
}

#[test]
fn index_leads_to_what_was_made_and_what_is_urgent() {
    let made = rendered("");
    let page = text(&made, "index.md");
    for link in [
        "[D01](D01.html)",
        "[D02.md](D02.md)",
        "[D05-findings.csv](D05-findings.csv)",
    ] {
        assert!(page.contains(link), "{link}");
    }
    let ends: Vec<String> = rows(page, "Records whose last day")
        .into_iter()
        .map(|row| row[0].split(';').next().unwrap().into())
        .collect();
    assert_eq!(ends, ["tri-0001", "exc-0002", "sla-standard"]);
    assert_eq!(rows(page, "Overdue findings").len(), 3);
    assert!(row(&rows(page, "Age of each import"), "src-qualys")[3].contains("stale: 2 d allowed"));
    let links: Vec<&str> = text(&made, "index.html")
        .split("href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    for link in links.iter().filter(|link| !link.starts_with('#')) {
        assert!(
            made.contains_key(*link),
            "index.html leads to `{link}`, which was not made"
        );
    }
}
