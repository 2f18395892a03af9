//! What reports of Greenbone say, as XML and as a table.

use countersign::import::Options;
use countersign::model::{Exploit, Observation, ObservationState, Quality, Severity};

use super::{Recorder, assert_refused, fixture, read, read_fixture, read_with, show};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn by_id<'a>(recorder: &'a Recorder, id: &str) -> &'a Observation {
    let found = recorder
        .observations
        .iter()
        .find(|(_, item)| item.id.ends_with(id));
    &found.unwrap_or_else(|| panic!("no {id}")).1
}

#[test]
fn a_result_keeps_the_scanners_words_beside_ours() {
    let (imported, recorder) = read_fixture("openvas-xml/many.xml");
    let item = by_id(&recorder, ".900001");
    assert_eq!(
        (item.family, item.id.as_str()),
        ("openvas", "1.3.6.1.4.1.25623.1.0.900001")
    );
    assert_eq!(item.title, "September, Multiple Vulnerabilities (KB5043050)");
    assert_eq!(
        (item.severity, item.severity_given.as_str()),
        (Some(Severity::Critical), "High")
    );
    assert_eq!(item.cves, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(item.instance, "443/tcp");
    assert_eq!(item.remediation.as_deref(), Some("KB5043050"));
    assert_eq!((item.fix_available, item.exploit), (Some(true), Exploit::Active));
    assert_eq!(item.vectors.len(), 1, "written twice, it is one");
    assert_eq!(item.vectors[0].version, 31);
    assert_eq!(item.state, ObservationState::Seen);
    assert!(!item.potential && item.suppressed.is_none() && item.fingerprint.is_some());
    assert!(
        item.first_seen.is_none(),
        "a report of one scan knows no first day"
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-22T15:09:57Z");
    assert_eq!(imported.summary.incomplete, None);
    let left_out: Vec<&str> = imported
        .summary
        .left_out
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(left_out, ["not a CVE id", "not an address"]);
}

#[test]
fn what_was_overridden_in_the_console_is_a_suppression() {
    let (_, recorder) = read_fixture("openvas-xml/many.xml");
    let lowered = by_id(&recorder, ".900002");
    assert_eq!(
        lowered.suppressed.as_deref(),
        Some("overridden from 7.5 to 2.0 in Greenbone")
    );
    assert_eq!(
        (lowered.severity, lowered.severity_given.as_str()),
        (Some(Severity::High), "High")
    );
    let denied = by_id(&recorder, ".900003");
    assert_eq!(denied.suppressed.as_deref(), Some("false positive in Greenbone"));
    assert_eq!(
        (denied.severity, denied.fix_available),
        (Some(Severity::Medium), Some(false))
    );
    let (_, recorder) = read_fixture("openvas-csv/many.csv");
    let denied = by_id(&recorder, ".900004");
    assert_eq!(denied.suppressed.as_deref(), Some("false positive in Greenbone"));
    assert_eq!(denied.severity, None, "a table does not say what it was before");
}

/// What the report says of hosts comes after their results, and still reaches them.
#[test]
fn a_host_is_known_by_what_comes_last() {
    let (_, recorder) = read_fixture("openvas-xml/many.xml");
    let web = recorder.host("web01.nordhafen.example");
    assert_eq!(web.fqdn.as_deref(), Some("web01.nordhafen.example"));
    assert_eq!(web.ips, ["192.0.2.10"]);
    assert_eq!(web.macs, ["00:00:5e:00:53:01"]);
    assert_eq!(web.os.as_deref(), Some("Debian 12"));
    assert_eq!(web.agent.as_deref(), Some("96329f0e-0000-4000-8000-000000000001"));
    assert_eq!(web.quality, Some(Quality::Authenticated), "one login is enough");
    assert_eq!(show(web.scanned_at), "2026-09-22T14:00:00Z");
    let junk = recorder.host("192.168.1.1001");
    assert_eq!((junk.ips.len(), junk.hostname.as_deref()), (0, Some("old01")));
    let quiet = recorder.host("192.0.2.12");
    assert_eq!(quiet.quality, Some(Quality::Unauthenticated));
    assert_eq!(quiet.hostname, None, "an address is no name");
    assert_eq!(show(quiet.scanned_at), "2026-09-22T13:02:00Z");
    assert!(
        recorder.of("192.0.2.12").is_empty(),
        "a host without results was still scanned"
    );
}

#[test]
fn each_host_keeps_its_own_results() {
    let (_, recorder) = read_fixture("openvas-xml/many.xml");
    let count = |name: &str| recorder.of(name).len();
    assert_eq!(count("web01.nordhafen.example"), 3);
    let [guess] = recorder.of("192.168.1.1001")[..] else {
        panic!()
    };
    assert_eq!(guess.id, "CVE-2026-1113");
    assert_eq!(
        guess.cves,
        ["CVE-2026-1113"],
        "the scanner of CVEs names it as the check alone"
    );
    assert_eq!(guess.instance, "80/tcp");
    assert!(guess.potential, "a quality of detection of 30 is unconfirmed");
    assert_eq!(guess.severity_given, "5.0", "there is no word");
}

#[test]
fn an_old_report_without_scores_is_rated_by_its_words() {
    let (imported, recorder) = read_fixture("openvas-xml/old.xml");
    let item = &recorder.observations[0].1;
    assert_eq!(
        (item.severity, item.severity_given.as_str()),
        (Some(Severity::Medium), "Medium")
    );
    assert_eq!(item.cves, ["CVE-2003-1418", "CVE-2003-1419"]);
    assert_eq!((item.vectors[0].version, item.fix_available), (20, Some(false)));
    assert_eq!(item.instance, "80/tcp");
    assert_eq!(imported.summary.run_at, None);
}

#[test]
fn a_report_that_is_not_whole_says_so() {
    let rows = [
        (">Done<", ">Stopped<", "the scan is `Stopped`"),
        (
            "<filtered>1</filtered><hole>",
            "<filtered>7</filtered><hole>",
            "holds 1 of 7 results",
        ),
        (
            "<scan_run_status>",
            "<filters><term>apply_overrides=0 levels=h\n rows=-1</term></filters><scan_run_status>",
            "its filter leaves results out: `levels=h`",
        ),
    ];
    let one = text("openvas-xml/one.xml");
    for (from, to, says) in rows {
        assert!(one.contains(from), "{from}");
        let (imported, recorder) = read(one.replacen(from, to, 1).as_bytes()).unwrap();
        assert_eq!(imported.summary.incomplete.as_deref(), Some(says));
        assert_eq!(
            recorder.observations.len(),
            1,
            "what is there counts all the same"
        );
    }
    let start = one.find("    <results").unwrap();
    let end = one.find("    <result_count").unwrap();
    let without = format!("{}{}", &one[..start], &one[end..]);
    let (imported, _) = read(without.as_bytes()).unwrap();
    assert!(imported.summary.incomplete.is_some());
}

#[test]
fn a_table_is_read_by_its_columns_names() {
    let (imported, recorder) = read_fixture("openvas-csv/many.csv");
    let item = by_id(&recorder, ".900001");
    assert_eq!(
        (item.severity, item.severity_given.as_str()),
        (Some(Severity::Critical), "High")
    );
    assert_eq!(item.cves, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(
        (item.instance.as_str(), item.remediation.as_deref()),
        ("443/tcp", Some("KB5043050"))
    );
    assert_eq!((item.fix_available, item.potential), (Some(true), false));
    let by_cve = by_id(&recorder, "CVE-2026-1113");
    assert_eq!(by_cve.cves, ["CVE-2026-1113"], "the column of CVEs is empty");
    assert_eq!(by_cve.instance, "");
    assert!(by_id(&recorder, ".900005").potential);
    assert_eq!(
        recorder.host("192.0.2.10").fqdn.as_deref(),
        Some("web01.nordhafen.example")
    );
    assert_eq!(
        recorder.of("192.0.2.10").len(),
        3,
        "its name comes with a later row"
    );
    assert_eq!(recorder.host("192.0.2.11").hostname, None);
    assert!(recorder.host("192.168.1.1001").ips.is_empty());
    assert_eq!(show(imported.summary.run_at), "2026-09-22T16:27:22Z");
    let (_, recorder) = read_fixture("openvas-csv/one.csv");
    assert_eq!(
        recorder.of("web01.nordhafen.example").len(),
        1,
        "fewer columns, the same row"
    );
    let wall = text("openvas-csv/one.csv").replacen("+02:00", "", 1);
    assert_eq!(
        show(read(wall.as_bytes()).unwrap().0.summary.run_at),
        "2026-09-22 16:27:22"
    );
}

/// The same scan yields the same findings, whichever way it is exported.
#[test]
fn both_exports_of_one_scan_agree() {
    let (_, xml) = read_fixture("openvas-xml/one.xml");
    let (_, csv) = read_fixture("openvas-csv/one.csv");
    let of = |recorder: &Recorder| {
        let (_, item) = recorder.observations[0].clone();
        (
            item.id,
            item.cves,
            item.title,
            item.severity,
            item.instance,
            item.fix_available,
        )
    };
    assert_eq!(of(&xml), of(&csv));
}

#[test]
fn without_a_host_results_are_counted_and_make_no_finding() {
    let bare = text("openvas-csv/one.csv").replacen("192.0.2.10,web01.nordhafen.example", ",", 1);
    let (imported, recorder) = read(bare.as_bytes()).unwrap();
    assert_eq!(
        (imported.summary.observations, recorder.observations.len()),
        (1, 0)
    );
    assert!(imported.summary.incomplete.unwrap().contains("--host"));
    let options = Options {
        host: Some("web01"),
        ..Options::default()
    };
    assert_eq!(
        read_with(bare.as_bytes(), &options).unwrap().1.of("web01").len(),
        1
    );
}

#[test]
fn what_is_not_known_is_refused_with_its_place() {
    let rows = [
        (
            "openvas-xml/one.xml",
            "<threat>High",
            "<threat>Grave",
            "unknown",
            "`threat` is `Grave`",
        ),
        (
            "openvas-xml/one.xml",
            "<severity>9.8</severity>\n        <qod>",
            "<severity>98</severity>\n        <qod>",
            "unknown",
            "`severity` is `98`",
        ),
        (
            "openvas-xml/one.xml",
            "<value>80<",
            "<value>many<",
            "unknown",
            "line 15: `qod` is `many`",
        ),
        (
            "openvas-xml/one.xml",
            "1.3.6.1.4.1.25623.1.0.900001",
            "",
            "malformed",
            "the `oid` of a result",
        ),
        (
            "openvas-xml/one.xml",
            "2026-09-22T17:09:57+02:00",
            "soon",
            "unknown",
            "`scan_end` is `soon`",
        ),
        (
            "openvas-xml/one.xml",
            "192.0.2.10<asset",
            "192.0.2.10&#8238;<asset",
            "malformed",
            "U+202E",
        ),
        (
            "openvas-xml/one.xml",
            "<threat>",
            "<delta>gone</delta><threat>",
            "foreign",
            "a delta",
        ),
        (
            "openvas-xml/one.xml",
            "<report id=\"00000000-0000-4000-8000-000000000001\">",
            "<report type=\"delta\">",
            "foreign",
            "a delta",
        ),
        (
            "openvas-csv/one.csv",
            "High",
            "Grave",
            "unknown",
            "row 2, column `Severity`: `Grave`",
        ),
        (
            "openvas-csv/one.csv",
            "9.8",
            "9,8",
            "malformed",
            "row 2: 15 cells, but the header has 14",
        ),
        (
            "openvas-csv/one.csv",
            "9.8",
            "98",
            "unknown",
            "column `CVSS`: `98`",
        ),
        (
            "openvas-csv/one.csv",
            "2026-09-22T16:27:22+02:00",
            "soon",
            "unknown",
            "column `Timestamp`: `soon`",
        ),
        (
            "openvas-csv/one.csv",
            "NVT OID",
            "NVT",
            "malformed",
            "no column `NVT OID`",
        ),
        (
            "openvas-csv/one.csv",
            "1.3.6.1.4.1.25623.1.0.900001",
            "",
            "malformed",
            "column `NVT OID`",
        ),
    ];
    for (file, from, to, kind, says) in rows {
        let text = text(file);
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
}

/// Other reports have a root of that name, too.
#[test]
fn a_report_of_something_else_is_not_taken() {
    for root in [
        "<report><case/></report>",
        "<report name=\"tests\"><testsuite/></report>",
    ] {
        assert_refused(root, read(root.as_bytes()), "foreign", "known formats");
    }
}

/// Texts of any length pass by, and those that are kept are bounded.
#[test]
fn no_text_is_held_without_end() {
    let long = "x".repeat(4 << 20);
    let one = text("openvas-xml/one.xml");
    let passing = one
        .replacen("Installed version", &long, 1)
        .replacen("summary=In short", &long, 1);
    let (_, recorder) = read(passing.as_bytes()).unwrap();
    assert_eq!(
        recorder.observations[0].1.vectors.len(),
        1,
        "it is written elsewhere as well"
    );
    let kept = one.replacen("<threat>High", &format!("<threat>{long}"), 1);
    assert_refused(
        "threat",
        read(kept.as_bytes()),
        "limit",
        "a text has more than 65536 bytes",
    );
    let named = one.replacen("192.0.2.10<asset", &format!("{long}<asset"), 1);
    assert_refused(
        "host",
        read(named.as_bytes()),
        "malformed",
        "at most 1024 are allowed",
    );
}
