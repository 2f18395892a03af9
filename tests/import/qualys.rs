//! What the tables of Qualys say.

use countersign::import::Options;
use countersign::model::{DateOrder, Exploit, ObservationState, Quality, Severity};

use super::{assert_refused, fixture, read, read_fixture, read_with, show};

#[test]
fn a_report_is_read_by_its_columns_names() {
    let (imported, recorder) = read_fixture("qualys-csv/report-many.csv");
    let web = recorder.of("web01.nordhafen.example");
    assert_eq!((web[0].family, web[0].id.as_str()), ("qualys", "92100"));
    assert_eq!(web[0].title, "September, \"cumulative\"");
    assert_eq!(
        (web[0].severity, web[0].severity_given.as_str()),
        (Some(Severity::Critical), "5")
    );
    assert_eq!(web[0].cves, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(web[0].remediation.as_deref(), Some("KB5043050"));
    assert_eq!(web[0].instance, "445/tcp");
    let vectors: Vec<(u8, f64)> = web[0]
        .vectors
        .iter()
        .map(|vector| (vector.version, vector.score))
        .collect();
    assert_eq!(vectors, [(31, 9.8), (20, 10.0)]);
    assert_eq!(
        [web[0].first_seen, web[0].last_seen].map(show),
        ["2026-09-13 07:08:28", "2026-09-30 05:00:00"]
    );
    assert_eq!(
        (web[1].state, web[1].severity),
        (ObservationState::Reopened, Some(Severity::Low))
    );
    assert_eq!(show(web[1].last_fixed), "2026-09-20 01:00:00");
    assert!(web[1].fingerprint.is_none() && web[0].fingerprint.is_some());
    let database = recorder.of("DB01");
    assert_eq!(
        (database[0].state, database[0].potential),
        (ObservationState::Fixed, true)
    );
    assert_eq!(
        recorder.host("web01.nordhafen.example").quality,
        Some(Quality::Agent)
    );
    assert_eq!(recorder.host("DB01").quality, None);
    assert_eq!(recorder.host("192.0.2.30").fqdn, None);
    assert_eq!(
        show(imported.summary.run_at),
        "2026-10-01T04:12:33Z",
        "printed with its offset"
    );
    let reasons: Vec<&str> = imported
        .summary
        .skipped
        .iter()
        .map(|skipped| skipped.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "a host without findings",
            "a row without a QID",
            "an empty row",
            "a trailer after the table"
        ]
    );
}

#[test]
fn a_list_of_vmdr_takes_its_offset_from_the_preamble() {
    let (imported, recorder) = read_fixture("qualys-csv/vmdr-many.csv");
    let [fixed, open] = &recorder.observations[..] else {
        panic!()
    };
    assert_eq!(show(imported.summary.run_at), "2026-02-04T15:00:00Z");
    assert_eq!(show(fixed.1.last_fixed), "2026-01-20T13:00:00Z");
    assert_eq!(
        (fixed.1.state, fixed.1.fix_available),
        (ObservationState::Fixed, Some(true))
    );
    assert_eq!(fixed.1.suppressed.as_deref(), Some("ignored in Qualys"));
    assert_eq!(fixed.1.patch_published.unwrap().to_string(), "2025-11-15");
    assert_eq!((open.1.exploit, open.1.potential), (Exploit::Active, true));
    assert_eq!(recorder.hosts[0].ips, ["192.0.2.20", "192.0.2.21", "2001:db8::1"]);
    assert_eq!(recorder.hosts[0].agent.as_deref(), Some("100000003"));
    let (_, recorder) = read_fixture("qualys-csv/vmdr-one.csv");
    assert_eq!(
        (
            recorder.observations[0].1.fix_available,
            &recorder.observations[0].1.fingerprint
        ),
        (Some(false), &None)
    );
}

#[test]
fn a_list_by_cve_loses_none_of_them() {
    let (_, recorder) = read_fixture("qualys-csv/vmdr-cve.csv");
    let cves: Vec<&str> = recorder
        .observations
        .iter()
        .flat_map(|(_, item)| &item.cves)
        .map(String::as_str)
        .collect();
    assert_eq!(cves, ["CVE-2021-44228", "CVE-2021-45046"]);
    assert_eq!(recorder.hosts.len(), 1);
}

#[test]
fn a_pci_report_is_read_in_the_order_its_dates_show() {
    let (imported, recorder) = read_fixture("qualys-csv/pci-one.csv");
    assert_eq!(show(imported.summary.run_at), "2026-09-22 13:01:00");
    let item = &recorder.observations[0].1;
    assert_eq!(
        (item.severity, item.severity_given.as_str()),
        (Some(Severity::Medium), "Medium")
    );
    assert!(item.potential && item.suppressed.is_none());
    let (_, recorder) = read_fixture("qualys-csv/pci-many.csv");
    let [first, second] = &recorder.observations[..] else {
        panic!()
    };
    assert_eq!(
        first.1.suppressed.as_deref(),
        Some("false positive in Qualys: Approved")
    );
    assert_eq!(
        (second.1.severity, second.1.severity_given.as_str()),
        (Some(Severity::High), "4")
    );
    assert_eq!(second.1.cves, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(show(recorder.hosts[0].scanned_at), "2026-09-16 04:00:30");
}

#[test]
fn day_and_month_are_never_guessed() {
    let (_, recorder) = read_fixture("qualys-csv/report-day-first.csv");
    assert_eq!(
        show(recorder.observations[0].1.first_seen),
        "2026-04-03 07:00:00",
        "a later row shows the order"
    );
    let undecided = fixture("qualys-csv/pci-undecided.csv");
    assert_refused(
        "undecided",
        read(&undecided),
        "unknown",
        "`03/04/2026 13:01`; set `date_order`",
    );
    for (order, expected) in [
        (DateOrder::DayFirst, "2026-04-03"),
        (DateOrder::MonthFirst, "2026-03-04"),
    ] {
        let options = Options {
            date_order: Some(order),
            ..Options::default()
        };
        let (imported, _) = read_with(&undecided, &options).unwrap();
        assert!(show(imported.summary.run_at).starts_with(expected));
    }
    let options = Options {
        date_order: Some(DateOrder::MonthFirst),
        ..Options::default()
    };
    let (imported, _) = read_with(&fixture("qualys-csv/pci-one.csv"), &options).unwrap();
    assert!(
        show(imported.summary.run_at).starts_with("2026-09-22"),
        "what the file shows goes first"
    );
    let text = String::from_utf8(fixture("qualys-csv/report-day-first.csv")).unwrap();
    assert_refused(
        "mixed",
        read(text.replacen("05/06/2026", "06/25/2026", 1).as_bytes()),
        "malformed",
        "another order",
    );
}

#[test]
fn what_is_not_known_is_refused_with_row_and_column() {
    let rows = [
        (
            "\"Active\"",
            "\"Sleeping\"",
            "unknown",
            "row 2, column `Vuln Status`: `Sleeping`",
        ),
        (
            "\"Vuln\"",
            "\"Rumour\"",
            "unknown",
            "row 2, column `Type`: `Rumour`",
        ),
        ("\"5\"", "\"6\"", "unknown", "row 2, column `Severity`: `6`"),
        ("\"5\"", "\"0\"", "unknown", "`0`"),
        ("\"5\"", "", "unknown", "``"),
        ("\"92100\"", "\"QID\"", "unknown", "row 2, column `QID`"),
        (
            "\"09/13/2026 07:08:28\"",
            "\"soon\"",
            "unknown",
            "column `First Detected`: `soon`",
        ),
        (
            "\"92100\",",
            "",
            "malformed",
            "row 2: 27 cells, but the header has 28",
        ),
        ("\"WEB01\"", "\"WEB\u{200b}01\"", "malformed", "U+200B"),
        (
            "\"445\"",
            "\"445\"x",
            "malformed",
            "row 2: text follows a closing quote",
        ),
        ("\"OS\"", "\"QID\"", "malformed", "two columns for `qid`"),
    ];
    let text = String::from_utf8(fixture("qualys-csv/report-one.csv")).unwrap();
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    let quoted = &text[..text.len() - 2];
    assert_refused(
        "cut in quotes",
        read(quoted.as_bytes()),
        "truncated",
        "row 2: the file ends inside quotes",
    );
    let short = format!("{}\"192.0.2.10\",\"x\"", text);
    assert_refused(
        "cut between cells",
        read(short.as_bytes()),
        "truncated",
        "row 3: 2 cells",
    );
}

/// The header is found, so that neither a preamble nor a blank line costs a row.
#[test]
fn no_row_is_lost_to_a_preamble() {
    let text = String::from_utf8(fixture("qualys-csv/report-one.csv")).unwrap();
    for count in 0..18 {
        let preamble = "\"Nordhafen\",\"Report\"\r\n\r\n".repeat(count);
        let (imported, _) = read(format!("{preamble}{text}").as_bytes()).unwrap();
        assert_eq!(imported.summary.observations, 1, "{count}");
    }
    assert_refused(
        "far",
        read(format!("{}{text}", "a,b\n".repeat(21)).as_bytes()),
        "foreign",
        "known formats",
    );
}

/// Rows of one host need not stand together.
#[test]
fn a_host_counts_once_wherever_its_rows_stand() {
    let text = String::from_utf8(fixture("qualys-csv/report-one.csv")).unwrap();
    let (header, row) = text.split_once('\n').unwrap();
    let other = row
        .replace("192.0.2.10", "192.0.2.11")
        .replace("web01", "web02")
        .replace("WEB01", "WEB02");
    let (imported, recorder) = read(format!("{header}\n{row}{other}{row}").as_bytes()).unwrap();
    assert_eq!((imported.summary.hosts, imported.summary.observations), (2, 3));
    assert_eq!(
        recorder
            .observations
            .iter()
            .map(|(host, _)| host.0)
            .collect::<Vec<_>>(),
        [0, 1, 0]
    );
}

/// The columns of scan results, which name no history, behind the preamble that they have.
const SCAN_RESULTS: &str = "\"Scan Results\",\"10/13/2026 at 06:12:33 (GMT)\"\n\
    \"Nordhafen\",\"1 Quay\",,\"Town\"\n\n\
    \"Launch Date\",\"Active Hosts\",\"Total Hosts\",\"Type\",\"Status\",\"Reference\"\n\
    \"10/12/2026 at 22:00:00 (GMT+0200)\",\"1\",\"1\",\"On Demand\",\"Finished\",\"scan/1.2\"\n\n\
    \"IP\",\"DNS\",\"NetBIOS\",\"QG Host ID\",\"Host ID\",\"EC2 Instance ID\",\"IP Status\",\"QID\",\"Title\",\"Type\",\"Severity\",\"Port\",\"Protocol\",\"CVE ID\",\"Results\"\n\
    \"192.0.2.10\",\"No registered hostname\",\"WEB01\",\"5e0f\",\"6506432\",\"i-0abc\",\"host scanned, found vuln\",\"38173\",\"Weak TLS\",\"Practice\",\"2\",\"443\",\"tcp\",,\"x\"\n\
    ,,,,,,,,,,,,,,\n";

#[test]
fn scan_results_ran_when_they_were_launched_and_not_when_they_were_printed() {
    let (imported, recorder) = read(SCAN_RESULTS.as_bytes()).unwrap();
    assert_eq!(show(imported.summary.run_at), "2026-10-12T20:00:00Z");
    assert_eq!(imported.summary.incomplete, None);
    let host = recorder.host("WEB01");
    assert_eq!(
        (
            host.agent.as_deref(),
            host.cloud_id.as_deref(),
            host.aliases[0].as_str()
        ),
        (Some("5e0f"), Some("i-0abc"), "qualys-host-6506432")
    );
    assert!(recorder.observations[0].1.potential);
    let cancelled = SCAN_RESULTS.replace("Finished", "Cancelled");
    let (imported, _) = read(cancelled.as_bytes()).unwrap();
    let reason = imported.summary.incomplete.unwrap();
    assert!(reason.contains("`Cancelled`"), "{reason}");
}

#[test]
fn a_report_that_shows_no_order_of_its_dates_asks_for_it() {
    let text = String::from_utf8(fixture("qualys-csv/report-one.csv")).unwrap();
    let undecided = text
        .replace("09/13/2026", "09/03/2026")
        .replace("09/30/2026", "09/10/2026");
    assert_ne!(text, undecided);
    assert_refused(
        "undecided",
        read(undecided.as_bytes()),
        "unknown",
        "set `date_order`",
    );
    for (order, first) in [
        (DateOrder::MonthFirst, "2026-09-03 07:08:28"),
        (DateOrder::DayFirst, "2026-03-09 07:08:28"),
    ] {
        let options = Options {
            date_order: Some(order),
            ..Options::default()
        };
        let (_, recorder) = read_with(undecided.as_bytes(), &options).unwrap();
        assert_eq!(show(recorder.observations[0].1.first_seen), first);
    }
}
