//! What reports of Nexpose and InsightVM say.

use countersign::model::{Exploit, ObservationState, Severity};

use super::{assert_refused, fixture, read, read_fixture, show};

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// Definitions come last, and the case of their ids differs from that of the tests.
#[test]
fn a_test_meets_its_definition() {
    let (imported, recorder) = read_fixture("nexpose-xml/many.xml");
    let web = recorder.of("web01.nordhafen.example");
    let ids: Vec<&str> = web.iter().map(|item| item.id.as_str()).collect();
    assert_eq!(
        ids,
        ["weak-cipher", "old-server", "borne-risk", "a-guess", "old-server"]
    );
    assert_eq!((web[0].family, web[0].title.as_str()), ("nexpose", "Weak cipher"));
    assert_eq!(web[0].cves, ["CVE-2026-1111"]);
    assert_eq!((web[0].vectors[0].version, web[0].vectors[0].base), (20, 4.3));
    let server = web[1];
    assert_eq!(server.cves, ["CVE-2026-1112", "CVE-2026-1113"]);
    assert_eq!(server.remediation.as_deref(), Some("KB5043050"));
    assert_eq!(server.exploit, Exploit::Active, "a kit of malware uses it");
    assert_eq!(web[2].exploit, Exploit::Poc);
    assert_eq!(
        (server.fix_available, server.state),
        (None, ObservationState::Seen)
    );
    assert_eq!(server.instance, "443/tcp /admin");
    assert_eq!(
        (web[0].instance.as_str(), web[4].instance.as_str()),
        ("", "8443/tcp")
    );
    assert_eq!(
        show(server.first_seen),
        "2026-08-01 16:18:46",
        "as it is written, without a zone"
    );
    assert!(server.fingerprint.is_some());
    assert_eq!(show(imported.summary.run_at), "2026-09-22 17:09:57");
    let reasons: Vec<(&str, u64)> = imported
        .summary
        .skipped
        .iter()
        .map(|skipped| (skipped.reason.as_str(), skipped.rows))
        .collect();
    assert_eq!(
        reasons,
        [
            ("a test that found nothing", 2),
            ("a test that came to no end", 1),
            ("a host that did not answer", 1)
        ]
    );
    assert_eq!(imported.summary.incomplete, None);
}

/// The words of the vendor are `Moderate` up to 3, `Severe` up to 7 and `Critical` from 8 on.
#[test]
fn the_vendors_numbers_have_its_own_classes() {
    for (number, severity) in [
        ("1", Severity::Medium),
        ("3", Severity::Medium),
        ("4", Severity::High),
        ("7", Severity::High),
        ("8", Severity::Critical),
        ("10", Severity::Critical),
    ] {
        let one =
            text("nexpose-xml/one.xml").replacen("severity=\"4\"", &format!("severity=\"{number}\""), 1);
        let (_, recorder) = read(one.as_bytes()).unwrap();
        let item = &recorder.observations[0].1;
        assert_eq!(
            (item.severity, item.severity_given.as_str()),
            (Some(severity), number)
        );
    }
}

#[test]
fn an_exception_of_the_console_is_a_suppression() {
    let (_, recorder) = read_fixture("nexpose-xml/many.xml");
    let hidden: Vec<(&str, &str)> = recorder
        .observations
        .iter()
        .filter_map(|(_, item)| Some((item.id.as_str(), item.suppressed.as_deref()?)))
        .collect();
    assert_eq!(
        hidden,
        [("borne-risk", "`exception-vulnerable-version` in Nexpose")]
    );
    let guesses: Vec<&str> = recorder
        .observations
        .iter()
        .filter(|(_, item)| item.potential)
        .map(|(_, item)| item.id.as_str())
        .collect();
    assert_eq!(guesses, ["a-guess"]);
}

#[test]
fn every_node_counts_and_each_once() {
    let (_, recorder) = read_fixture("nexpose-xml/many.xml");
    let names: Vec<&str> = recorder.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["web01.nordhafen.example", "192.0.2.11", "192.0.2.13"]);
    let web = &recorder.hosts[0];
    assert_eq!(
        (web.fqdn.as_deref(), web.hostname.as_deref()),
        (Some("web01.nordhafen.example"), Some("WEB01"))
    );
    assert_eq!(
        web.aliases,
        ["www.nordhafen.example"],
        "`localhost` names every host and so none"
    );
    assert_eq!(
        (web.ips.as_slice(), web.macs.as_slice()),
        (
            &["192.0.2.10".to_owned()][..],
            &["00:00:5e:00:53:01".to_owned()][..]
        )
    );
    assert_eq!(web.os.as_deref(), Some("Ubuntu Linux 20.04"), "the surest");
    assert_eq!(show(web.scanned_at), "2026-09-22 17:09:57");
    let other = &recorder.hosts[1];
    assert_eq!(other.os.as_deref(), Some("Cisco IOS"));
    assert_eq!(
        show(other.scanned_at),
        "2026-08-21 17:00:00",
        "by the scan that its tests name"
    );
    assert_eq!(recorder.of("192.0.2.11")[0].instance, "161/udp");
    assert!(recorder.of("192.0.2.13").is_empty());
}

#[test]
fn version_one_is_read_as_well() {
    let (imported, recorder) = read_fixture("nexpose-xml/one.xml");
    assert_eq!(show(imported.summary.run_at), "2013-11-27 05:02:42");
    assert_eq!(recorder.observations[0].1.first_seen, None);
}

#[test]
fn a_report_that_is_not_whole_says_so() {
    let one = text("nexpose-xml/one.xml");
    let rows = [
        ("\"finished\"", "\"stopped\"", "the scan is `stopped`"),
        (
            "<vulnerability id=\"weak-cipher\"",
            "<vulnerability id=\"other\"",
            "lacks the definitions of 1 tests",
        ),
    ];
    for (from, to, says) in rows {
        assert!(one.contains(from), "{from}");
        let (imported, recorder) = read(one.replacen(from, to, 1).as_bytes()).unwrap();
        assert_eq!(imported.summary.incomplete.as_deref(), Some(says));
        assert_eq!(
            recorder.observations[0].1.id, "weak-cipher",
            "what is there counts all the same"
        );
    }
    let bare = b"<NexposeReport version=\"2.0\"><scans/></NexposeReport>";
    assert_eq!(
        read(bare).unwrap().0.summary.incomplete.as_deref(),
        Some("holds no `nodes`")
    );
}

/// Nothing says that definitions must come last.
#[test]
fn definitions_may_come_first() {
    let one = text("nexpose-xml/one.xml");
    let start = one.find("<VulnerabilityDefinitions>").unwrap();
    let end = one.find("</NexposeReport>").unwrap();
    let nodes = one.find("<nodes>").unwrap();
    let turned = [&one[..nodes], &one[start..end], &one[nodes..start], &one[end..]].concat();
    let (imported, recorder) = read(turned.as_bytes()).unwrap();
    assert_eq!(recorder.observations[0].1.title, "Weak cipher");
    assert_eq!(imported.summary.incomplete, None);
}

#[test]
fn what_is_not_known_is_refused_with_its_place() {
    let rows = [
        (
            "\"vulnerable-exploited\"",
            "\"maybe\"",
            "unknown",
            "line 8: `status` is `maybe`; `vulnerable-…`",
        ),
        (
            "test id=\"weak-cipher\"",
            "test id=\"\"",
            "malformed",
            "the `id` of a test",
        ),
        (
            "severity=\"4\"",
            "severity=\"11\"",
            "unknown",
            "`severity` is `11`; `0` to `10` are known",
        ),
        (
            "20131127T050242739",
            "20131327T050242739",
            "unknown",
            "`startTime` is `20131327T050242739`",
        ),
        (
            "version=\"1.0\">",
            "version=\"3.0\">",
            "unknown",
            "`version` is `3.0`",
        ),
        (
            "NexposeReport",
            "NeXposeSimpleXML",
            "foreign",
            "export `XML Export 2.0`",
        ),
        ("192.0.2.10", "192.0.2.10&#x200b;", "malformed", "U+200B"),
    ];
    for (from, to, kind, says) in rows {
        let one = text("nexpose-xml/one.xml");
        assert!(one.contains(from), "{from}");
        let count = if from == "NexposeReport" { 2 } else { 1 };
        assert_refused(to, read(one.replacen(from, to, count).as_bytes()), kind, says);
    }
    let one = text("nexpose-xml/one.xml");
    let start = one.find("<vulnerability ").unwrap();
    let end = one.find("</VulnerabilityDefinitions>").unwrap();
    let again = one[start..end].replacen("weak-cipher", "WEAK-cipher", 1);
    let twice = format!("{}{again}{}", &one[..end], &one[end..]);
    assert_refused(
        "twice",
        read(twice.as_bytes()),
        "malformed",
        "`weak-cipher` is defined twice",
    );
}

/// The proof of a test may have any length; it is hashed as it passes, with all that is inside of it.
#[test]
fn a_huge_proof_is_hashed_as_it_passes() {
    let one = text("nexpose-xml/one.xml");
    let print = |proof: &str| {
        let (_, recorder) = read(one.replacen("Found it.", proof, 1).as_bytes()).unwrap();
        recorder.observations[0].1.fingerprint
    };
    let long = "x".repeat(4 << 20);
    assert_ne!(print(&long), print(&long[1..]));
    assert_eq!(print(" "), None);
    assert_eq!(print("a<b>c</b>"), print("a<i>c</i>"), "what it says counts");
    let key = one.replacen("key=\"\"", &format!("key=\"{}\"", &long[..2 << 20]), 1);
    assert_refused("key", read(key.as_bytes()), "limit", "bytes");
}
