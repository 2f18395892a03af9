//! What clouds say: Inspector, Security Hub and Azure.

use countersign::model::{Exploit, ObservationState, Severity};

use super::packages::{items, refuse};
use super::{fixture, read, read_fixture, show};

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
