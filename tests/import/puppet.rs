//! Puppet's reports.

use countersign::model::ObservationState;

use super::{assert_refused, fixture, read, read_fixture, show};

#[test]
fn a_package_that_changed_its_version_is_an_install() {
    let (imported, recorder) = read_fixture("puppet-report/many.json");
    let told: Vec<(&str, &str, ObservationState)> = recorder
        .of("web01.example.com")
        .iter()
        .map(|item| {
            (
                item.remediation.as_deref().unwrap(),
                item.title.as_str(),
                item.state,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "openssl-3.0.7-27.el9",
                "openssl: 3.0.7-24.el9 to 3.0.7-27.el9",
                ObservationState::Fixed
            ),
            ("curl-7.2", "curl: 7.1 to 7.2 (failed)", ObservationState::Seen),
        ]
    );
    assert!(
        recorder.of("web02.example.com").is_empty(),
        "the whole run was `noop`"
    );
    assert_eq!(
        show(recorder.host("web02.example.com").scanned_at),
        "2026-09-07T06:14:54Z"
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-07T06:14:54Z");
    let skipped: Vec<(&str, u64)> = imported
        .summary
        .skipped
        .iter()
        .map(|one| (one.reason.as_str(), one.rows))
        .collect();
    assert_eq!(
        skipped,
        [("`noop`: nothing was changed", 2), ("skipped by the agent", 1)]
    );
}

#[test]
fn tags_of_yaml_are_dropped() {
    let (imported, recorder) = read_fixture("puppet-report/agent.yaml");
    assert_eq!(imported.summary.incomplete, None);
    let item = recorder.of("db01.example.com")[0];
    assert_eq!(item.remediation.as_deref(), Some("openssl-3.0.7-27.el9"));
    assert_eq!(show(item.last_fixed), "2026-09-07T11:00:00.244764Z");
    let text = String::from_utf8(fixture("puppet-report/agent.yaml")).unwrap();
    let noop = text.replacen("noop: false", "noop: true", 1);
    assert!(read(noop.as_bytes()).unwrap().1.observations.is_empty());
    let fewer = text.replacen("          - 2\n", "          - 3\n", 1);
    assert!(
        read(fewer.as_bytes()).unwrap().0.summary.incomplete.is_some(),
        "a resource is missing"
    );
    let rows = [
        (
            "status: success",
            "status: perhaps",
            "malformed",
            "`perhaps`; `success`, `failure`",
        ),
        (
            "  host: db01.example.com\n",
            "",
            "malformed",
            "without `certname` or `host`",
        ),
        (
            "  noop: false\n",
            "  noop: false\n  noop: true\n",
            "malformed",
            "`noop` comes twice",
        ),
        ("  logs:\n", "  x: *id009\n  logs:\n", "malformed", "line"),
        (
            "  logs:\n",
            "  x: &a [1]\n  y: *a\n  logs:\n",
            "malformed",
            "more than a plain value",
        ),
        (
            "  noop: false\n",
            &format!("  noop: {}\n", "[".repeat(200) + &"]".repeat(200)),
            "malformed",
            "deep",
        ),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        let result = read(text.replacen(from, to, 1).as_bytes());
        assert_refused(&to.chars().take(60).collect::<String>(), result, kind, says);
    }
}

#[test]
fn facts_of_puppet_are_no_report() {
    let facts =
        "{\"certname\": \"web01\", \"environment\": \"production\", \"values\": {\"report_format\": 10}}";
    assert_refused("facts", read(facts.as_bytes()), "foreign", "known formats");
    let text = String::from_utf8(fixture("puppet-report/one.json")).unwrap();
    let late = text.replacen("2026-09-07T05:14:54.000Z", "yesterday", 1);
    assert_refused(
        "time",
        read(late.as_bytes()),
        "malformed",
        "`end_time` is `yesterday`",
    );
}
