//! XCCDF, ARF and OVAL.

use countersign::import::Options;
use countersign::model::{ObservationState, Quality, Severity};

use super::{assert_refused, fixture, read, read_fixture, read_with, show};

fn text_of(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

#[test]
fn only_what_failed_is_a_finding() {
    let (imported, recorder) = read_fixture("xccdf-results/many.xml");
    let found: Vec<(&str, ObservationState, Option<Severity>)> = recorder
        .of("db01.example.com")
        .iter()
        .map(|item| (item.id.as_str(), item.state, item.severity))
        .collect();
    assert_eq!(
        found,
        [
            (
                "oval-com.example-def-1",
                ObservationState::Seen,
                Some(Severity::Medium)
            ),
            ("rule-accepted", ObservationState::Seen, Some(Severity::High)),
            ("rule-remedied", ObservationState::Fixed, Some(Severity::Low)),
            ("rule-shared", ObservationState::Seen, None),
            ("rule-shared", ObservationState::Seen, None),
        ]
    );
    let skipped: Vec<(&str, u64)> = imported
        .summary
        .skipped
        .iter()
        .map(|skipped| (skipped.reason.as_str(), skipped.rows))
        .collect();
    assert_eq!(
        skipped,
        [
            ("`notapplicable`: the rule is not about this host", 1),
            ("`notselected`: the profile leaves the rule out", 1),
            ("`notchecked`: not evidenced", 1),
            ("`error`: not evidenced", 1),
            ("`unknown`: not evidenced", 1),
        ]
    );
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("rules could not be decided: 1 `error`, 1 `notchecked`, 1 `unknown`")
    );
    let (whole, _) = read_fixture("xccdf-results/one.xml");
    assert_eq!(whole.summary.incomplete, None);
}

#[test]
fn a_rule_says_its_patch_and_what_was_overridden() {
    let (imported, recorder) = read_fixture("xccdf-results/many.xml");
    let items = recorder.of("db01.example.com");
    let patch = items[0];
    assert_eq!(
        patch.title,
        "RHSA-2026:1111: frobnicate security update (Moderate)"
    );
    assert_eq!(patch.cves, ["CVE-2026-1111", "CVE-2026-2222"]);
    assert_eq!(
        (patch.remediation.as_deref(), patch.fix_available),
        (Some("RHSA-2026:1111"), Some(true))
    );
    let left_out: Vec<&str> = imported
        .summary
        .left_out
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(left_out, ["not an IP address"]);
    assert_eq!(
        items[1].suppressed.as_deref(),
        Some("overridden by auditor@example.com: compensated by the gateway")
    );
    assert_eq!(show(items[2].last_fixed), "2026-09-01 07:43:37");
    assert_eq!(
        [&*items[3].instance, &*items[4].instance],
        ["/srv/one", "/srv/two"]
    );
    // Of many rules one number of a control is no name; that of a configuration is.
    let (_, recorder) = read_fixture("xccdf-results/one.xml");
    assert_eq!(recorder.observations[0].1.aliases, ["CCE-90001-1"]);
    assert_eq!(
        recorder.observations[0].1.title,
        "Root must not log in over the network"
    );
}

#[test]
fn the_host_is_never_what_every_machine_is_called() {
    let (imported, recorder) = read_fixture("xccdf-results/one.xml");
    let host = recorder.host("APP01");
    assert_eq!(host.ips, ["198.51.100.7"], "no loopback");
    assert_eq!(host.macs, ["00:00:5e:00:53:01"]);
    assert_eq!(
        (host.fqdn.as_deref(), host.hostname.as_deref()),
        (None, Some("app01"))
    );
    assert_eq!(host.os.as_deref(), Some("Example Linux 9.2"));
    assert_eq!(host.quality, Some(Quality::Authenticated));
    assert_eq!(
        show(imported.summary.run_at),
        "2026-09-01 02:10:00",
        "no zone is made up"
    );

    let (imported, recorder) = read_fixture("xccdf-results/many.xml");
    let names: Vec<&str> = recorder.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["db01.example.com", "198.51.100.22"]);
    assert_eq!(recorder.hosts[0].aliases, ["db01-alias"]);
    assert_eq!(
        recorder.hosts[0].quality, None,
        "OpenSCAP says `false` of everybody"
    );
    assert_eq!(recorder.hosts[1].quality, Some(Quality::Unauthenticated));
    assert_eq!(show(recorder.hosts[0].scanned_at), "2026-09-01 07:43:39");
    assert_eq!(show(imported.summary.run_at), "2026-09-02 07:05:00");
    assert_eq!(
        show(read_fixture("xccdf-results/none.xml").0.summary.run_at),
        "2026-09-01T00:10:00Z"
    );

    let nameless = text_of("xccdf-results/one.xml")
        .replace("APP01", "localhost")
        .replace("198.51.100.7", "127.0.0.2");
    let (imported, recorder) = read(nameless.as_bytes()).unwrap();
    assert_eq!((imported.summary.hosts, recorder.hosts.len()), (1, 0));
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("names no host; give `--host`")
    );
    let options = Options {
        host: Some("app01"),
        ..Options::default()
    };
    let (imported, recorder) = read_with(nameless.as_bytes(), &options).unwrap();
    assert_eq!(imported.summary.incomplete, None);
    assert_eq!(recorder.of("app01").len(), 1);
}

#[test]
fn a_report_joins_results_to_its_assets() {
    let (imported, recorder) = read_fixture("arf/many.xml");
    let first = recorder.host("mail01");
    assert_eq!(first.fqdn.as_deref(), Some("mail01.example.com"));
    assert_eq!(
        (&first.ips[..], &first.macs[..]),
        (
            &["192.0.2.31".to_owned()][..],
            &["00:00:5e:00:53:31".to_owned()][..]
        )
    );
    assert_eq!(recorder.of("mail01")[0].title, "The first rule");
    let second = recorder.of("mail02.example.com");
    assert_eq!(second.len(), 1, "named by what the report is about");
    assert_eq!(
        second[0].title, "xccdf_com.example_rule_two",
        "a rule that no benchmark has"
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-03T11:00:00Z");
    assert_eq!(
        read_fixture("arf/one.xml").1.observations.len(),
        1,
        "1.1 in a report, OVAL beside it"
    );
    let without = text_of("arf/one.xml")
        .replace("<TestResult", "<Other")
        .replace("</TestResult", "</Other");
    assert_refused(
        "no result",
        read(without.as_bytes()),
        "foreign",
        "without a `TestResult`",
    );
}

#[test]
fn what_true_means_depends_on_the_class() {
    let (imported, recorder) = read_fixture("oval-results/many.xml");
    let ids = |name| -> Vec<String> {
        let items = recorder.of(name);
        items
            .iter()
            .map(|item| item.id.trim_start_matches("oval:com.example:").to_owned())
            .collect()
    };
    assert_eq!(ids("node1.example.com"), ["def:1", "def:2"]);
    assert_eq!(ids("node2.example.com"), ["def:3", "def:8"]);
    let patch = recorder.of("node1.example.com")[0];
    assert_eq!(patch.cves, ["CVE-2026-1111", "CVE-2026-2222"]);
    assert_eq!(patch.remediation.as_deref(), Some("RHSA-2026:1111"));
    assert_eq!(
        (patch.severity, &*patch.severity_given),
        (Some(Severity::High), "Important")
    );
    assert_eq!(patch.patch_published.unwrap().to_string(), "2026-08-20");
    let untriaged = recorder.of("node1.example.com")[1];
    assert_eq!((untriaged.severity, untriaged.fix_available), (None, None));
    assert!(imported.summary.left_out.is_empty());
    let host = recorder.host("node2.example.com");
    assert_eq!(host.macs, ["00:00:5e:00:53:42"]);
    assert_eq!(show(host.scanned_at), "2026-09-04 07:52:00");
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("4 definitions could not be decided")
    );
}

#[test]
fn results_that_are_left_out_are_missed() {
    let one = text_of("oval-results/one.xml");
    assert_eq!(read(one.as_bytes()).unwrap().0.summary.incomplete, None);
    let withheld = |name: &str, text: &str| {
        let from = format!("<definition_{name} reported=\"true\"");
        assert!(text.contains(&from));
        let text = text.replace(&from, &format!("<definition_{name} reported=\"false\""));
        read(text.as_bytes()).unwrap().0.summary.incomplete
    };
    assert!(
        withheld("true", &one)
            .unwrap()
            .contains("leave out results that are `true`")
    );
    assert!(withheld("error", &one).is_some());
    assert_eq!(withheld("false", &one), None, "`false` of a patch is nothing");
    assert!(
        withheld("false", &text_of("oval-results/none.xml")).is_some(),
        "of compliance it is the finding"
    );
}

#[test]
fn long_texts_are_passed_over() {
    let long = "x".repeat(11 << 20);
    let text = text_of("xccdf-results/one.xml").replace("Long ", &long);
    assert_eq!(read(text.as_bytes()).unwrap().1.observations.len(), 1);
    let text = text_of("arf/one.xml").replace(
        "<definitions>",
        &format!("<tests><message>{long}</message></tests><definitions>"),
    );
    assert_eq!(read(text.as_bytes()).unwrap().1.observations.len(), 1);
}

#[test]
fn what_is_not_known_is_refused_with_its_place() {
    let cases = [
        (
            "xccdf-results/one.xml",
            "<cdf:result>fail",
            "<cdf:result>failed",
            "unknown",
            "line 29: `result` is `failed`; `pass`",
        ),
        (
            "xccdf-results/one.xml",
            "severity=\"high\">\n      <cdf:result",
            "severity=\"grave\">\n      <cdf:result",
            "unknown",
            "`severity` is `grave`",
        ),
        (
            "xccdf-results/one.xml",
            "end-time=\"2026-09-01T02:10:00\"",
            "end-time=\"soon\"",
            "unknown",
            "`end-time` is `soon`; it is no time",
        ),
        (
            "xccdf-results/one.xml",
            "idref=\"xccdf_com.example_rule_root_login\"",
            "",
            "malformed",
            "`idref`: `` is no id",
        ),
        (
            "xccdf-results/one.xml",
            "<cdf:result>fail</cdf:result>",
            "",
            "malformed",
            "has no `result`",
        ),
        (
            "xccdf-results/one.xml",
            "<cdf:result>fail</cdf:result>",
            "<cdf:result>pass</cdf:result><cdf:result>fail</cdf:result>",
            "malformed",
            "two results",
        ),
        (
            "xccdf-results/one.xml",
            "<cdf:score",
            "<cdf:target>other</cdf:target><cdf:score",
            "malformed",
            "after the first `rule-result`",
        ),
        (
            "xccdf-results/one.xml",
            "<cdf:target>APP01",
            "<cdf:target>APP&#x202e;01",
            "malformed",
            "U+202E",
        ),
        (
            "xccdf-results/one.xml",
            "authenticated=\"true\"",
            "authenticated=\"maybe\"",
            "unknown",
            "`authenticated` is `maybe`",
        ),
        (
            "oval-results/one.xml",
            "result=\"true\"",
            "result=\"yes\"",
            "unknown",
            "`result` is `yes`",
        ),
        (
            "oval-results/one.xml",
            "class=\"patch\"",
            "class=\"fix\"",
            "unknown",
            "`class` is `fix`",
        ),
        (
            "oval-results/one.xml",
            "date=\"2026-08-20\"",
            "date=\"20/08/26\"",
            "unknown",
            "`issued` is `20/08/26`",
        ),
        (
            "oval-results/one.xml",
            "2026-09-04T07:51:00",
            "today",
            "unknown",
            "`timestamp` is `today`",
        ),
    ];
    for (name, from, to, kind, says) in cases {
        let text = text_of(name);
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x xmlns=\"http://checklists.nist.gov/xccdf/1.2\"/>";
    assert_refused(
        "bomb",
        read(bomb.as_bytes()),
        "malformed",
        "a DOCTYPE that declares",
    );
}
