//! What Wazuh and Defender say of the machines that run their agents.

use countersign::import::Options;
use countersign::model::{Exploit, ObservationState, Quality, Severity};

use super::packages::{items, refuse};
use super::{fixture, read, read_fixture, read_with, show};

#[test]
fn an_agent_of_wazuh_is_known_beside_its_cluster() {
    let (_, recorder) = read_fixture("wazuh-json/one.json");
    let host = recorder.host("web01");
    assert_eq!(
        (host.agent.as_deref(), host.quality, host.os.as_deref()),
        (
            Some("nordhafen/001"),
            Some(Quality::Agent),
            Some("Ubuntu 24.04.2 LTS")
        )
    );
    let item = items(&recorder)[0];
    assert_eq!(
        (item.id.as_str(), &*item.cves, item.instance.as_str()),
        ("CVE-2026-1111", &["CVE-2026-1111".to_owned()][..], "libssl@3.0.1")
    );
    assert_eq!(show(item.first_seen), "2026-09-01T17:07:15.204Z");
    let (_, recorder) = read_fixture("wazuh-json/many.json");
    assert_eq!(recorder.of("web01").len(), 2);
    assert_eq!(recorder.host("db01").agent.as_deref(), Some("suedhafen/001"));
    let rated: Vec<_> = items(&recorder).iter().map(|item| item.severity).collect();
    assert_eq!(rated, [Some(Severity::High), None, None, Some(Severity::Low)]);
}

#[test]
fn older_answers_of_wazuh_are_of_the_host_that_is_given() {
    let (imported, recorder) = read_fixture("wazuh-json/older.json");
    assert!(recorder.hosts.is_empty() && recorder.observations.is_empty());
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("names no host; give `--host`")
    );
    let options = Options {
        host: Some("web01"),
        ..Options::default()
    };
    let (imported, recorder) = read_with(&fixture("wazuh-json/older.json"), &options).unwrap();
    assert_eq!(imported.summary.incomplete, None);
    let found = recorder.of("web01");
    let said: Vec<_> = found
        .iter()
        .map(|item| (item.state, item.potential, item.severity, item.fix_available))
        .collect();
    let seen = ObservationState::Seen;
    assert_eq!(
        said,
        [
            (seen, false, Some(Severity::High), Some(true)),
            (seen, true, None, Some(false)),
            (ObservationState::Fixed, false, Some(Severity::Low), None),
            (seen, false, Some(Severity::Medium), None),
        ]
    );
    assert_eq!(
        (found[3].id.as_str(), found[3].cves.len()),
        ("CVE-YYYY-abcd", 0),
        "never the letter `C`"
    );
    let left_out: Vec<_> = imported
        .summary
        .left_out
        .iter()
        .map(|out| out.reason.as_str())
        .collect();
    assert_eq!(left_out, ["not a status", "not a CVE id"]);
}

#[test]
fn an_answer_of_wazuh_says_when_it_is_not_whole() {
    let name = "wazuh-json/one.json";
    let whole = String::from_utf8(fixture(name)).unwrap();
    for (from, to, says) in [
        ("\"eq\"", "\"gte\"", "lists 1 of 1 vulnerabilities"),
        (
            "\"timed_out\": false",
            "\"timed_out\": true",
            "the search timed out",
        ),
        ("\"failed\": 0", "\"failed\": 1", "a part of the index failed"),
    ] {
        let text = whole.replacen(from, to, 1);
        let reason = read(text.as_bytes()).unwrap().0.summary.incomplete;
        assert!(
            reason.as_deref().is_some_and(|reason| reason.contains(says)),
            "{to}: {reason:?}"
        );
    }
    let older = String::from_utf8(fixture("wazuh-json/older.json")).unwrap();
    for (from, to, says) in [
        (
            "\"total_affected_items\": 4",
            "\"total_affected_items\": 500",
            "lists 4 of 500",
        ),
        ("\"error\": 0", "\"error\": 2", "the server says error 2"),
        (
            "\"total_failed_items\": 0",
            "\"total_failed_items\": 3",
            "3 items failed",
        ),
    ] {
        let text = older.replacen(from, to, 1);
        let reason = read(text.as_bytes()).unwrap().0.summary.incomplete.unwrap();
        assert!(reason.contains(says), "{to}: {reason}");
    }
    for (from, to, kind, says) in [
        (
            "\"value\": 1",
            "\"value\": 0",
            "malformed",
            "the total is 0, but there are 1",
        ),
        (
            "\"Critical\"",
            "\"Severe\"",
            "unknown",
            "row 1: `severity` is `Severe`",
        ),
        ("\"CVE-2026-1111\"", "\"\"", "malformed", "is no id"),
        (
            "\"total\": {\"value\": 1, \"relation\": \"eq\"},",
            "",
            "malformed",
            "its total is missing",
        ),
    ] {
        refuse(name, from, to, kind, says);
    }
    refuse(
        "wazuh-json/older.json",
        "\"VALID\"",
        "\"GONE\"",
        "unknown",
        "`status` is `GONE`",
    );
}

#[test]
fn defender_joins_by_the_id_of_the_machine() {
    let (_, recorder) = read_fixture("ms-defender-json/one.json");
    let host = recorder.host("m1");
    assert_eq!(host.agent.as_deref(), Some("m1"));
    let item = items(&recorder)[0];
    assert_eq!(
        (
            item.remediation.as_deref(),
            item.fix_available,
            item.instance.as_str()
        ),
        (Some("KB5065429"), Some(true), "example/tools@1.2")
    );
    let (_, recorder) = read_fixture("ms-defender-machines/one.json");
    let host = recorder.host("web01.nordhafen.example");
    assert_eq!(
        (
            host.agent.as_deref(),
            host.fqdn.as_deref(),
            host.cloud_id.as_deref()
        ),
        (
            Some("m1"),
            Some("web01.nordhafen.example"),
            Some("11111111-2222-3333-4444-555555555555")
        )
    );
    assert_eq!(
        (&*host.ips, &*host.macs),
        (
            &["192.0.2.7".to_owned(), "fe80::1".to_owned()][..],
            &["00:53:00:63:c2:26".to_owned()][..]
        )
    );
    let (_, recorder) = read_fixture("ms-defender-json/many.json");
    let found = items(&recorder);
    assert_eq!((found[2].id.as_str(), found[2].cves.len()), ("TVM-2026-0001", 0));
    assert_eq!(found[2].remediation.as_deref(), Some("KB5043050"));
    assert_eq!(found[0].fix_available, None);
}

#[test]
fn rows_of_defender_are_in_any_case_and_in_utc() {
    let (imported, recorder) = read_fixture("ms-defender-ndjson/many.ndjson");
    assert_eq!(show(imported.summary.run_at), "2026-09-29T22:45:00Z");
    let host = recorder.host("web01");
    assert_eq!(
        (host.quality, show(host.scanned_at)),
        (Some(Quality::Agent), "2026-09-29T22:45:00Z".into())
    );
    assert_eq!(recorder.host("web02 (old)").quality, None);
    let found = items(&recorder);
    assert_eq!(
        (
            show(found[0].first_seen),
            found[0].remediation.as_deref(),
            found[0].state
        ),
        (
            "2026-09-01T10:43:58Z".into(),
            Some("RHSA-2026:9315"),
            ObservationState::Seen
        )
    );
    assert_eq!(
        (
            found[1].state,
            show(found[1].last_fixed),
            show(found[1].first_seen),
            found[1].exploit
        ),
        (
            ObservationState::Fixed,
            "2026-09-21T18:00:00Z".into(),
            "-".into(),
            Exploit::Poc
        )
    );
    assert_eq!(imported.summary.left_out[0].reason, "not a time");
    assert_eq!(recorder.of("web01").len(), 2);
    let (_, recorder) = read_fixture("ms-defender-ndjson/one.ndjson");
    let item = items(&recorder)[0];
    assert_eq!(
        (item.exploit, item.remediation.as_deref()),
        (Exploit::Active, Some("KB5051987"))
    );
}

/// The API writes such rows on its pages, too.
#[test]
fn rows_of_defender_may_stand_on_a_page() {
    let row = String::from_utf8(fixture("ms-defender-ndjson/one.ndjson")).unwrap();
    let page = format!(r#"{{"@odata.context": "x", "value": [{row}]}}"#);
    let (imported, recorder) = read(page.as_bytes()).unwrap();
    assert_eq!(imported.importer.name, "ms-defender-json");
    assert_eq!(recorder.of("web01.nordhafen.example").len(), 1);
}

#[test]
fn what_defender_does_not_write_is_refused() {
    let name = "ms-defender-ndjson/one.ndjson";
    for (from, to, kind, says) in [
        (
            "\"High\"",
            "\"Severe\"",
            "unknown",
            "row 1: `severity` is `Severe`",
        ),
        ("\"New\"", "\"Gone\"", "unknown", "`status` is `Gone`"),
        (
            "ExploitIsInKit",
            "ExploitIsNear",
            "unknown",
            "`exploitabilityLevel` is `ExploitIsNear`",
        ),
        (
            "\"CveId\":\"CVE-2026-1111\"",
            "\"CveId\":\"\"",
            "malformed",
            "`cveId`: `` is no id",
        ),
        (
            "\"DeviceId\":\"m1\"",
            "\"DeviceId\":\"m1\",\"deviceId\":\"m2\"",
            "malformed",
            "`deviceId` comes twice",
        ),
        (
            "\"DeviceId\":\"m1\"",
            "\"DeviceId\":null",
            "malformed",
            "the id of the machine",
        ),
    ] {
        refuse(name, from, to, kind, says);
    }
    refuse(
        "ms-defender-machines/one.json",
        "\"id\": \"m1\"",
        "\"id\": null",
        "malformed",
        "row 1: `id`: `` is no id",
    );
}
