//! What the four tables of Tenable say.

use countersign::import::Options;
use countersign::model::{DateOrder, Exploit, ObservationState, Quality, Severity};

use super::{assert_refused, fixture, read, read_fixture, read_with, show};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

#[test]
fn rows_of_one_item_are_one_observation_with_all_cves() {
    let (imported, recorder) = read_fixture("tenable-csv/nessus-many.csv");
    let web = recorder.of("web01.nordhafen.example");
    let seen: Vec<(&str, &[String])> = web
        .iter()
        .map(|item| (item.instance.as_str(), item.cves.as_slice()))
        .collect();
    let [united, on_8443, apart] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert_eq!(united.0, "443/tcp");
    assert_eq!(united.1, ["CVE-2026-1111", "CVE-2026-1112", "CVE-2026-1113"]);
    assert_eq!(on_8443.0, "8443/tcp");
    assert_eq!(on_8443.1, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(apart.1, ["CVE-2026-1114"], "rows that stand apart stay apart");
    assert_eq!((web[0].family, web[0].id.as_str()), ("nessus", "200001"));
    assert_eq!(
        (web[0].severity, web[0].severity_given.as_str()),
        (Some(Severity::Critical), "Critical")
    );
    assert_eq!(web[0].remediation.as_deref(), Some("KB5043050"));
    assert_eq!(
        (web[0].exploit, web[0].state),
        (Exploit::Poc, ObservationState::Seen)
    );
    assert!(web[0].first_seen.is_none() && imported.summary.run_at.is_none());
    assert_eq!(
        imported.summary.skipped[0].reason,
        "a row that adds a CVE to the one before"
    );
}

#[test]
fn the_port_behind_a_host_is_no_part_of_its_name() {
    let (imported, recorder) = read_fixture("tenable-csv/nessus-many.csv");
    let other = recorder.of("192.0.2.11");
    assert_eq!(recorder.host("192.0.2.11").ips, ["192.0.2.11"]);
    assert_eq!(other[0].cves, ["CVE-2026-1111"], "no CVE of another host's row");
    assert_eq!(
        (&other[1].id, &other[2].id),
        (&"200002".to_owned(), &"200002".to_owned()),
        "two items that say the same are two"
    );
    let resolver = other[3];
    assert_eq!(resolver.instance, "53/udp");
    assert_eq!(resolver.exploit, Exploit::Active);
    assert_eq!(resolver.remediation.as_deref(), Some("RHSA-2026:1234"));
    assert!(resolver.cves.is_empty());
    assert_eq!(imported.summary.left_out[0].reason, "not a CVE id");
}

#[test]
fn the_older_export_says_how_a_finding_lives() {
    let (imported, recorder) = read_fixture("tenable-csv/classic-many.csv");
    let app = recorder.of("app01.nordhafen.example");
    assert_eq!(app[0].cves, ["CVE-2026-2001", "CVE-2026-2002"]);
    assert_eq!(
        [app[0].first_seen, app[0].last_seen, app[2].last_fixed].map(show),
        [
            "2026-08-01T10:00:00Z",
            "2026-09-20T10:00:00Z",
            "2026-09-10T08:00:00Z"
        ]
    );
    let states: Vec<ObservationState> = app.iter().map(|item| item.state).collect();
    assert_eq!(
        states,
        [
            ObservationState::Seen,
            ObservationState::Reopened,
            ObservationState::Fixed
        ]
    );
    let fixes: Vec<Option<bool>> = app.iter().map(|item| item.fix_available).collect();
    assert_eq!(
        fixes,
        [Some(true), Some(true), None],
        "`FALSE` is not that there is none"
    );
    let versions: Vec<u8> = app[0].vectors.iter().map(|vector| vector.version).collect();
    assert_eq!(versions, [30, 20], "the temporal vector is none of its own");
    assert_eq!((app[0].exploit, app[1].exploit), (Exploit::Poc, Exploit::None));
    assert!(app[0].fingerprint.is_some());
    assert_eq!(show(imported.summary.run_at), "2026-09-20T10:05:00Z");
    let hosts = ["app01.nordhafen.example", "db01.nordhafen.example"].map(|name| recorder.host(name));
    assert_eq!(
        hosts.map(|host| host.quality),
        [Some(Quality::Authenticated), Some(Quality::Unauthenticated)]
    );
    assert_eq!(hosts[0].hostname.as_deref(), Some("APP01"));
    assert_eq!(hosts[0].ips, ["192.0.2.20"]);
    assert_eq!(show(hosts[0].scanned_at), "2026-09-20T10:05:00Z");
    assert_eq!(imported.summary.skipped[1].reason, "an empty row");
}

/// What somebody recast or accepted in the tool is told, and never lowers what the scanner rated.
#[test]
fn a_severity_lowered_in_tenable_is_a_suppression() {
    let rows = [
        (
            "classic-many",
            "176703",
            Severity::Critical,
            "critical",
            Some("recast from critical to low in Tenable"),
        ),
        (
            "classic-many",
            "176704",
            Severity::High,
            "3",
            Some("accepted in Tenable"),
        ),
        ("classic-many", "176705", Severity::Critical, "4", None),
        (
            "classic-many",
            "176706",
            Severity::High,
            "high",
            Some("recast from high to info in Tenable"),
        ),
        (
            "sc-many",
            "73757",
            Severity::High,
            "high",
            Some("recast to low in Tenable: not reachable from outside"),
        ),
        (
            "sc-many",
            "73758",
            Severity::Medium,
            "Medium",
            Some("accepted in Tenable: by the board"),
        ),
        (
            "explore-many-semicolon",
            "166554",
            Severity::Critical,
            "critical",
            Some("recast from critical to low in Tenable: behind a proxy"),
        ),
        (
            "explore-many-semicolon",
            "166555",
            Severity::Medium,
            "Medium",
            Some("accepted in Tenable"),
        ),
        ("explore-many-semicolon", "70658", Severity::Low, "Low", None),
    ];
    for (file, id, severity, given, suppressed) in rows {
        let (_, recorder) = read_fixture(&format!("tenable-csv/{file}.csv"));
        let (_, item) = recorder
            .observations
            .iter()
            .find(|(_, item)| item.id == id)
            .unwrap();
        assert_eq!(item.severity, Some(severity), "{id}");
        assert_eq!(item.severity_given, given, "{id}");
        assert_eq!(item.suppressed.as_deref(), suppressed, "{id}");
    }
    let silent = text("tenable-csv/classic-one.csv").replacen(",3,3,NONE,", ",3,4,NONE,", 1);
    let (_, recorder) = read(silent.as_bytes()).unwrap();
    assert_eq!(
        recorder.observations[0].1.suppressed.as_deref(),
        Some("lowered from critical to high in Tenable"),
        "the two severities differ, whatever the modification says"
    );
}

#[test]
fn security_center_names_several_cves_in_one_cell() {
    let (imported, recorder) = read_fixture("tenable-csv/sc-many.csv");
    let mail = recorder.of("mail01.nordhafen.example");
    assert_eq!(mail.len(), 2, "a row a port");
    assert_eq!(mail[1].cves, ["CVE-2016-2183", "CVE-2016-6329"]);
    assert_eq!(
        [mail[0].first_seen, mail[0].last_seen].map(show),
        ["2026-02-09T10:48:42Z", "2026-09-17T17:24:54Z"]
    );
    assert_eq!(mail[0].fix_available, None, "`N/A` is no date");
    assert_eq!(
        mail[0].vectors[0].text.as_ref(),
        "CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"
    );
    assert!(
        mail[0].fingerprint.is_some(),
        "`Plugin Output` and `Plugin Text` are one thing"
    );
    let server = recorder.of("SQL01");
    assert_eq!(
        (server[0].exploit, server[0].remediation.as_deref()),
        (Exploit::Active, Some("KB5043050"))
    );
    assert_eq!(server[0].patch_published.unwrap().to_string(), "2026-08-24");
    let host = recorder.host("SQL01");
    assert_eq!(host.quality, Some(Quality::Agent));
    assert_eq!(
        host.agent.as_deref(),
        Some("0f0e0d0c-0000-4000-8000-000000000001")
    );
    assert_eq!(host.macs, ["00:00:5e:00:53:01"]);
    assert_eq!(
        recorder.hosts.len(),
        3,
        "an address in another repository is another host"
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-17T17:24:54Z");
}

/// It sums up all hosts, so that `--host` must not make it one host's.
#[test]
fn a_summary_by_plugin_makes_no_finding() {
    for host in [None, Some("web01")] {
        let options = Options {
            host,
            ..Options::default()
        };
        let (imported, recorder) = read_with(&fixture("tenable-csv/sc-summary.csv"), &options).unwrap();
        assert!(recorder.hosts.is_empty() && recorder.observations.is_empty());
        assert_eq!(
            (imported.summary.observations, imported.summary.informational),
            (2, 1)
        );
        let reason = imported.summary.incomplete.unwrap();
        assert!(reason.contains("names no host"), "{reason}");
    }
}

#[test]
fn explore_is_read_with_its_semicolons() {
    let (imported, recorder) = read_fixture("tenable-csv/explore-many-semicolon.csv");
    let second = recorder.of("ssh02.nordhafen.example");
    assert_eq!(second[0].state, ObservationState::Reopened);
    assert_eq!(second[0].cves, ["CVE-2022-21619", "CVE-2022-21624"]);
    assert_eq!(second[0].remediation.as_deref(), Some("RHSA-2022:7002"));
    assert_eq!(second[0].exploit, Exploit::Active);
    assert_eq!(second[1].state, ObservationState::Fixed);
    assert_eq!(show(second[1].last_fixed), "2026-07-10T00:00:00Z");
    let first = recorder.of("ssh01.nordhafen.example");
    assert_eq!(first[0].instance, "22/tcp");
    assert_eq!(first[0].fix_available, None);
    let versions: Vec<u8> = first[0].vectors.iter().map(|vector| vector.version).collect();
    assert_eq!(versions, [30, 20]);
    let host = recorder.host("ssh01.nordhafen.example");
    assert_eq!(
        host.agent.as_deref(),
        Some("00000000-0000-4000-8000-000000000001"),
        "as in the JSON export"
    );
    assert_eq!(host.ips, ["198.51.100.1", "fe80::20d:3aff:fe45:647f"]);
    assert_eq!(show(imported.summary.run_at), "2026-07-12T12:14:16.850Z");
}

#[test]
fn without_a_host_the_rows_are_counted_and_make_no_finding() {
    let bare = text("tenable-csv/nessus-one.csv").replacen("web01.nordhafen.example", "", 1);
    let (imported, recorder) = read(bare.as_bytes()).unwrap();
    assert_eq!((imported.summary.hosts, imported.summary.observations), (1, 1));
    assert!(recorder.observations.is_empty());
    assert!(imported.summary.incomplete.unwrap().contains("--host"));
    let options = Options {
        host: Some("web01"),
        ..Options::default()
    };
    let (_, recorder) = read_with(bare.as_bytes(), &options).unwrap();
    assert_eq!(recorder.of("web01").len(), 1);
}

/// Columns may come in any order, and optional ones before or after; places never count.
#[test]
fn columns_are_found_by_name() {
    let table = "Name,Risk, plugin  ID ,Other,Host\nOld,High,200001,x,192.0.2.1\n";
    let (_, recorder) = read(table.as_bytes()).unwrap();
    let item = &recorder.observations[0].1;
    assert_eq!((item.title.as_str(), item.id.as_str()), ("Old", "200001"));
    let preamble = format!("Report of September\n\n{table}");
    assert_eq!(read(preamble.as_bytes()).unwrap().1.observations.len(), 1);
    let tabs = table.replace(',', "\t");
    assert_eq!(read(tabs.as_bytes()).unwrap().1.observations.len(), 1);
    let numbers = table.replace("High", "3").replace("x,", ",");
    assert_eq!(
        read(numbers.as_bytes()).unwrap().1.observations[0].1.severity,
        Some(Severity::High)
    );
}

#[test]
fn dates_that_a_table_program_rewrote_need_their_order() {
    let classic =
        text("tenable-csv/classic-one.csv").replacen("2026-08-01T10:00:00.000Z", "08/01/2026 10:00", 1);
    assert_refused("either", read(classic.as_bytes()), "unknown", "set `date_order`");
    for (order, day) in [
        (DateOrder::MonthFirst, "2026-08-01 10:00:00"),
        (DateOrder::DayFirst, "2026-01-08 10:00:00"),
    ] {
        let options = Options {
            date_order: Some(order),
            ..Options::default()
        };
        let (_, recorder) = read_with(classic.as_bytes(), &options).unwrap();
        assert_eq!(
            show(recorder.observations[0].1.first_seen),
            day,
            "wall time, without a zone"
        );
    }
}

#[test]
fn what_is_not_known_is_refused_with_its_place() {
    let rows = [
        (
            "nessus-one",
            "\"High\"",
            "\"Grave\"",
            "unknown",
            "row 2, column `Risk`: `Grave` is not known",
        ),
        (
            "nessus-one",
            "\"High\"",
            "\"\"",
            "unknown",
            "`Critical` and `0` to `4` are",
        ),
        (
            "nessus-one",
            "\"200001\"",
            "\"\"",
            "malformed",
            "row 2, column `Plugin ID`",
        ),
        (
            "nessus-one",
            "\"200001\"",
            "\"20 01\"",
            "malformed",
            "`20 01` is no id",
        ),
        (
            "nessus-one",
            "\"tcp\",",
            "",
            "malformed",
            "row 2: 12 cells, but the header has 13",
        ),
        (
            "nessus-one",
            "web01.nord",
            "web\u{202e}01.nord",
            "malformed",
            "U+202E",
        ),
        (
            "nessus-one",
            "Synopsis",
            "Host",
            "malformed",
            "two columns for `host`",
        ),
        (
            "classic-one",
            ",Active,",
            ",Dormant,",
            "unknown",
            "`Dormant` is not known; `Active`",
        ),
        (
            "classic-one",
            ",NONE,",
            ",HIDDEN,",
            "unknown",
            "`NONE`, `RECASTED` and `ACCEPTED` are",
        ),
        (
            "classic-one",
            "2026-08-01T10:00:00.000Z",
            "soon",
            "unknown",
            "column `First Found`: `soon`",
        ),
        (
            "classic-one",
            ",NONE,FALSE,",
            ",NONE,perhaps,",
            "unknown",
            "`TRUE` and `FALSE` are",
        ),
        (
            "sc-one",
            "Feb 9, 2026 10:48:42 UTC",
            "Feb 9, 2026 10:48:42 XYZ",
            "unknown",
            "column `First Discovered`",
        ),
    ];
    for (file, from, to, kind, says) in rows {
        let text = text(&format!("tenable-csv/{file}.csv"));
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
}

/// One item with more rows than any honest one has is poured in parts, and all of its CVEs are there.
#[test]
fn endless_rows_of_one_item_are_held_in_parts() {
    let mut table = "Plugin ID,CVE,Risk,Host,Name\n".to_owned();
    for number in 0..2500 {
        table.push_str(&format!("1,CVE-2026-{:04},High,web01,Old\n", 1000 + number));
    }
    let (imported, recorder) = read(table.as_bytes()).unwrap();
    let sizes: Vec<usize> = recorder
        .observations
        .iter()
        .map(|(_, item)| item.cves.len())
        .collect();
    assert_eq!(sizes, [1024, 1024, 452]);
    assert_eq!(imported.summary.skipped[0].rows, 2497);
}
