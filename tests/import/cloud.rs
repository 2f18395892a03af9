//! What clouds and agents say: Inspector, Security Hub, Wazuh and Defender.

use countersign::import::Options;
use countersign::model::{Exploit, Observation, ObservationState, Quality, Severity};

use super::{Recorder, assert_refused, fixture, read, read_fixture, read_with, show};

fn items(recorder: &Recorder) -> Vec<&Observation> {
    recorder.observations.iter().map(|(_, item)| item).collect()
}

fn refuse(name: &str, from: &str, to: &str, kind: &str, says: &str) {
    let text = String::from_utf8(fixture(name)).unwrap();
    assert!(text.contains(from), "{name}: {from}");
    assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
}

#[test]
fn an_instance_of_inspector_is_a_key_of_the_cloud() {
    let (imported, recorder) = read_fixture("aws-inspector2/one.json");
    assert_eq!(show(imported.summary.run_at), "2026-09-29T02:03:53.051Z");
    let host = recorder.host("i-0abc1234def567890");
    assert_eq!(host.cloud_id.as_deref(), Some("i-0abc1234def567890"));
    assert_eq!(host.ips, ["192.0.2.7", "198.51.100.7"]);
    assert_eq!(host.os.as_deref(), Some("UBUNTU_24_04"));
    let item = items(&recorder)[0];
    assert_eq!(
        (show(item.first_seen), show(item.last_seen)),
        (
            "2026-02-02T15:30:33.045Z".into(),
            "2026-09-29T02:03:53.051Z".into()
        )
    );
    assert_eq!(
        (item.exploit, item.fix_available, item.severity),
        (Exploit::Poc, Some(true), Some(Severity::High))
    );
    assert_eq!(item.instance, "libssl@3.0.1");
}

#[test]
fn times_of_inspector_are_texts_or_seconds() {
    let (_, recorder) = read_fixture("aws-inspector2/many.json");
    let found: Vec<_> = items(&recorder)
        .iter()
        .map(|item| show(item.first_seen))
        .collect();
    assert_eq!(
        found,
        [
            "2026-01-01T00:00:00.250Z",
            "2026-01-01T13:21:44.742Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00Z",
        ]
    );
}

#[test]
fn inspector_closes_and_a_rule_of_it_hides() {
    let (_, recorder) = read_fixture("aws-inspector2/many.json");
    let found = items(&recorder);
    assert_eq!(
        found[1].suppressed.as_deref(),
        Some("suppressed by a rule of Inspector")
    );
    assert_eq!(found[1].state, ObservationState::Seen);
    assert_eq!(
        (found[2].state, show(found[2].last_fixed)),
        (ObservationState::Fixed, "2026-02-03T00:00:00Z".into())
    );
    assert_eq!(found[0].cves, ["CVE-2026-2222", "CVE-2026-3333"]);
    assert_eq!(
        (
            found[0].severity,
            found[0].remediation.as_deref(),
            found[0].fix_available
        ),
        (None, Some("ALAS2-2026-001"), Some(true))
    );
    assert_eq!(found[0].instance, "left@1, right@2 app/right");
    assert_eq!(found[1].fix_available, Some(false));
    assert_eq!(
        (found[3].id.as_str(), found[3].instance.as_str()),
        ("python/log-injection@v1.0", "src/api.py:268")
    );
    let image = recorder.host("arn:aws:ecr:eu-central-1:123456789012:repository/shop/sha256:aa");
    assert_eq!(image.aliases, ["shop:1.4", "shop:stable"]);
}

#[test]
fn pages_are_not_whole() {
    for (name, says) in [
        (
            "aws-inspector2/page.json",
            "is one page of several: `nextToken` is given",
        ),
        ("ms-defender-json/many.json", "`@odata.nextLink` is given"),
        ("ms-defender-machines/many.json", "`@odata.nextLink` is given"),
        ("wazuh-json/page.json", "lists 1 of 125 vulnerabilities"),
    ] {
        let (imported, recorder) = read_fixture(name);
        let reason = imported.summary.incomplete.unwrap_or_else(|| panic!("{name}"));
        assert!(reason.contains(says), "{name}: {reason}");
        assert!(!recorder.hosts.is_empty(), "{name} is taken all the same");
    }
    for name in [
        "aws-inspector2/many.json",
        "wazuh-json/many.json",
        "ms-defender-json/one.json",
    ] {
        assert_eq!(read_fixture(name).0.summary.incomplete, None, "{name}");
    }
}

#[test]
fn what_inspector_does_not_write_is_refused() {
    let name = "aws-inspector2/one.json";
    for (from, to, kind, says) in [
        (
            "\"ACTIVE\"",
            "\"GONE\"",
            "unknown",
            "finding 1: `status` is `GONE`; `ACTIVE`",
        ),
        ("\"HIGH\"", "\"BAD\"", "unknown", "`severity` is `BAD`"),
        ("\"YES\"", "\"MAYBE\"", "unknown", "`fixAvailable` is `MAYBE`"),
        ("PACKAGE_VULNERABILITY", "OTHER", "unknown", "`type` is `OTHER`"),
        (
            "\"vulnerabilityId\": \"CVE-2026-1111\"",
            "\"vulnerabilityId\": null",
            "malformed",
            "is no id",
        ),
        (
            "2026-02-02T16:30:33.045000+01:00",
            "1990-1sdf",
            "unknown",
            "`firstObservedAt` is `1990-1sdf`",
        ),
        (
            "\"resources\"",
            "\"resource\"",
            "malformed",
            "a finding without `resources`",
        ),
    ] {
        refuse(name, from, to, kind, says);
    }
}

#[test]
fn findings_of_security_hub_come_in_three_shapes() {
    for (name, count) in [("asff/one.json", 1), ("asff/list.json", 2), ("asff/many.json", 8)] {
        assert_eq!(read_fixture(name).1.observations.len(), count, "{name}");
    }
    let (imported, recorder) = read_fixture("asff/one.json");
    let host = recorder.host("i-0abc1234def567890");
    assert_eq!(
        (host.cloud_id.as_deref(), &*host.ips),
        (Some("i-0abc1234def567890"), &["192.0.2.7".to_owned()][..])
    );
    assert_eq!(imported.summary.left_out[0].reason, "not an address");
    assert_eq!(show(imported.summary.run_at), "2026-09-16T05:00:24Z");
    let item = items(&recorder)[0];
    assert_eq!(item.instance, "left@1.0 /opt/left.jar, right@2.0");
    assert_eq!(
        (show(item.first_seen), item.vectors.len()),
        ("2026-01-01T20:07:14Z".into(), 2)
    );
    assert_eq!((item.fix_available, item.exploit), (Some(true), Exploit::Poc));
    let (_, recorder) = read_fixture("asff/list.json");
    let both = items(&recorder)[1];
    assert_eq!(both.cves, ["CVE-2026-2222", "CVE-2026-3333", "CVE-2026-4444"]);
    assert_eq!(both.aliases, ["GHSA-aaaa-bbbb-cccc"]);
}

/// Only Inspector's own word closes; what somebody did in Security Hub hides.
#[test]
fn security_hub_hides_and_seldom_closes() {
    let (imported, recorder) = read_fixture("asff/many.json");
    let found: Vec<_> = items(&recorder)
        .iter()
        .map(|item| (item.state, item.suppressed.as_deref(), item.severity))
        .collect();
    let (seen, high) = (ObservationState::Seen, Some(Severity::High));
    assert_eq!(
        found,
        [
            (seen, None, high),
            (seen, Some("suppressed in Security Hub: a test machine"), high),
            (seen, Some("called resolved in Security Hub"), high),
            (ObservationState::Fixed, None, high),
            (seen, Some("archived by its product"), high),
            (
                seen,
                Some("recast from CRITICAL to LOW in Security Hub"),
                Some(Severity::Critical)
            ),
            (seen, None, Some(Severity::Critical)),
            (seen, None, high),
        ]
    );
    let skipped: Vec<_> = imported
        .summary
        .skipped
        .iter()
        .map(|skipped| skipped.reason.as_str())
        .collect();
    assert_eq!(
        skipped,
        [
            "a control that could not be evaluated",
            "a detection, not a vulnerability"
        ]
    );
    let control = items(&recorder)[7];
    assert_eq!(
        (control.id.as_str(), control.cves.len()),
        ("best-practices/v/1.0.0/S3.1", 0)
    );
}

#[test]
fn a_template_writes_the_cve_beside_the_resource() {
    let (_, recorder) = read_fixture("asff/many.json");
    let item = recorder.of("shop:1.4 (alpine 3.20)")[0];
    assert_eq!(
        (
            item.id.as_str(),
            item.instance.as_str(),
            item.fix_available,
            item.first_seen
        ),
        ("CVE-2026-2222", "apk-tools@2.10", Some(true), None)
    );
    assert_eq!(item.vectors.len(), 1);
}

#[test]
fn what_security_hub_does_not_write_is_refused() {
    let name = "asff/one.json";
    for (from, to, kind, says) in [
        (
            "\"NEW\"",
            "\"DONE\"",
            "unknown",
            "finding 1: `Workflow.Status` is `DONE`",
        ),
        (
            "\"RecordState\": \"ACTIVE\"",
            "\"RecordState\": \"OLD\"",
            "unknown",
            "`RecordState` is `OLD`",
        ),
        ("\"HIGH\"", "\"BAD\"", "unknown", "`Severity.Label` is `BAD`"),
        (
            "\"Resources\"",
            "\"Resource\"",
            "malformed",
            "a finding without `Resources`",
        ),
        ("\"Title\"", "\"Id\"", "none", ""),
        (
            "\"Title\"",
            "\"Severity\": {}, \"Title\"",
            "malformed",
            "duplicate field",
        ),
    ] {
        if kind == "none" {
            let text = String::from_utf8(fixture(name)).unwrap().replacen(from, to, 1);
            assert!(read(text.as_bytes()).is_ok(), "the title is not needed");
        } else {
            refuse(name, from, to, kind, says);
        }
    }
}

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

#[test]
fn a_recommendation_of_azure_is_open_met_or_exempted() {
    let marked = [b"\xef\xbb\xbf", &*fixture("azure-defender-csv/many.csv")].concat();
    let (imported, recorder) = read(&marked).unwrap();
    assert_eq!(show(imported.summary.run_at), "2026-09-30T05:00:00.646Z");
    let host = recorder.host("web01");
    assert!(host.agent.as_deref().unwrap().ends_with("/virtualmachines/web01"));
    let found: Vec<_> = items(&recorder)
        .iter()
        .map(|item| {
            (
                item.state,
                item.suppressed.as_deref(),
                show(item.first_seen),
                show(item.last_fixed),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                ObservationState::Seen,
                None,
                "2026-02-24T05:56:30.353863600Z".into(),
                "-".into()
            ),
            (
                ObservationState::Fixed,
                None,
                "-".into(),
                "2026-03-24T05:56:30Z".into()
            ),
            (
                ObservationState::Seen,
                Some("not applicable: Exempt"),
                "-".into(),
                "-".into()
            ),
        ]
    );
    assert_eq!(
        items(&recorder)[0].title,
        "Machines should have \"disk\" encryption"
    );
    for (from, to, kind, says) in [
        ("\"Unhealthy\"", "\"Ill\"", "unknown", "row 2: `state` is `Ill`"),
        ("\"Medium\"", "\"Bad\"", "unknown", "`severity` is `Bad`"),
        (
            "2026-01-24T05:56:30.3538636Z",
            "soon",
            "unknown",
            "`firstEvaluationDate` is `soon`",
        ),
        (
            "c2c6f250-f098-4e62-9f43-90d7df7188aa",
            "",
            "malformed",
            "`recommendationName`",
        ),
        (
            "\"statusChangeDate\"",
            "\"state\"",
            "malformed",
            "column `state` is missing or comes twice",
        ),
    ] {
        refuse("azure-defender-csv/one.csv", from, to, kind, says);
    }
}
