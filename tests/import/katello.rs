//! What the errata of a host say, and what their list says of itself.

use std::sync::Arc;

use countersign::import::{Content, Export, Options, Product, collect};
use countersign::model::Severity;
use countersign::output::Style;
use countersign::output::register::{Format, Report, write};
use countersign::reconcile::ImportState;

use crate::output::{assert_valid, output_schema};
use crate::world::{World, find};

use super::{Recorder, assert_refused, fixture, read, read_fixture, read_with};

fn on_host(
    bytes: &[u8],
) -> Result<(countersign::import::Imported, Recorder), countersign::import::ImportError> {
    let options = Options {
        host: Some("db01.nordhafen.example"),
        ..Options::default()
    };
    read_with(bytes, &options)
}

#[test]
fn an_erratum_that_is_listed_is_a_patch_that_the_host_lacks() {
    let (imported, recorder) = on_host(&fixture("katello-errata/many.json")).unwrap();
    assert_eq!(imported.importer.product, Product::Deployment);
    let summary = imported.summary;
    assert_eq!((summary.incomplete, summary.run_at), (None, None));
    assert_eq!(
        (summary.observations, summary.informational),
        (3, 2),
        "only those of type `security`"
    );
    let items = recorder.of("db01.nordhafen.example");
    let rows: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item.id.as_str(),
                item.severity,
                item.severity_given.as_str(),
                item.remediation.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (
                "RHSA-2026:1234",
                Some(Severity::Critical),
                "Critical",
                Some("RHSA-2026:1234")
            ),
            ("RHSA-2026:2000", None, "None", Some("RHSA-2026:2000")),
            ("FEDORA-EPEL-2026-ab12", None, "", Some("FEDORA-EPEL-2026-ab12")),
        ]
    );
    assert_eq!(
        (&*items[0].cves, &*items[0].aliases),
        (
            &["CVE-2026-1111".to_owned()][..],
            &["RHSA-2026:1234".to_owned()][..]
        )
    );
    assert_eq!((items[0].family, items[0].fix_available), ("redhat", Some(true)));
    assert_eq!(items[0].patch_published.unwrap().to_string(), "2026-09-08");
    assert_eq!(items[0].instance, "firefox-128.2.0-1.el9_4.x86_64");
    assert_eq!(items[1].title, "kernel (applicable, not installable)");
    assert_eq!(items[2].title, "FEDORA-EPEL-2026-ab12");
    assert_eq!(summary.left_out[0].reason, "not a CVE id");
}

#[test]
fn without_a_host_rows_are_counted_and_nothing_is_made_of_them() {
    let (imported, recorder) = read_fixture("katello-errata/one.json");
    assert_eq!(imported.summary.observations, 1);
    assert!(recorder.hosts.is_empty() && recorder.observations.is_empty());
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("names no host; give `--host`")
    );
}

#[test]
fn a_host_without_errata_is_a_host_all_the_same() {
    let (imported, recorder) = on_host(&fixture("katello-errata/none.json")).unwrap();
    assert_eq!((imported.summary.incomplete, recorder.hosts.len()), (None, 1));
}

#[test]
fn a_page_or_a_search_is_not_the_whole_list() {
    let (imported, recorder) = on_host(&fixture("katello-errata/page.json")).unwrap();
    let reason = imported.summary.incomplete.unwrap();
    assert_eq!(
        reason,
        "lists 1 of 24 errata; ask with `per_page=24` and no `search`"
    );
    assert_eq!(recorder.observations.len(), 1);
    let text = String::from_utf8(fixture("katello-errata/one.json")).unwrap();
    let searched = text.replacen("\"search\": null", "\"search\": \"type = security\\u001b[2J\"", 1);
    let reason = on_host(searched.as_bytes())
        .unwrap()
        .0
        .summary
        .incomplete
        .unwrap();
    assert_eq!(reason, "is narrowed by the search `type = security\\u{1b}[2J`");
    let narrowed = text.replacen("\"total\": 1", "\"total\": 3", 1);
    assert!(
        on_host(narrowed.as_bytes())
            .unwrap()
            .0
            .summary
            .incomplete
            .is_some()
    );
}

#[test]
fn what_is_not_known_is_refused_with_its_row() {
    let text = String::from_utf8(fixture("katello-errata/one.json")).unwrap();
    let deep = format!("\"bugs\": {}", "[".repeat(100_000));
    let many = format!("\"cves\": [{}", "{\"cve_id\": \"CVE-2026-1111\"},".repeat(9000));
    let rows = [
        (
            "\"subtotal\": 1",
            "\"subtotal\": 0",
            "malformed",
            "`subtotal` is 0, but there are 1 errata",
        ),
        (
            "\"subtotal\": 1",
            "\"subtotal\": null",
            "malformed",
            "`subtotal` or `results` is missing",
        ),
        (
            "\"subtotal\": 1",
            "\"subtotal\": 1e99",
            "malformed",
            "invalid type",
        ),
        (
            "\"error\": null",
            "\"error\": {\"message\": \"no\"}",
            "malformed",
            "ask the server again",
        ),
        (
            "\"Important\"",
            "\"Grave\"",
            "unknown",
            "row 1: `severity` is `Grave`; `Critical`",
        ),
        (
            "\"errata_id\": \"RHSA-2026:1234\"",
            "\"errata_id\": \"RHSA 1\"",
            "malformed",
            "row 1: `errata_id`: `RHSA 1` is no id",
        ),
        (
            "\"errata_id\": \"RHSA-2026:1234\"",
            "\"errata\": \"RHSA-2026:1234\"",
            "malformed",
            "missing field `errata_id`",
        ),
        (
            "\"type\": \"security\"",
            "\"type\": 5",
            "malformed",
            "invalid type",
        ),
        (
            "\"issued\": \"2026-09-08\"",
            "\"issued\": \"soon\"",
            "unknown",
            "row 1: `issued` is `soon`",
        ),
        ("\"cves\": [", &many, "limit", "`cves` has more than 8192 CVEs"),
        ("\"bugs\": []", &deep, "limit", "line 39: nested deeper"),
        (
            "\"results\": [",
            "\"results\": [], \"results\": [",
            "malformed",
            "`results` comes twice",
        ),
        ("\"results\": [", "\"results\": [[],", "malformed", "invalid type"),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, on_host(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    assert_refused(
        "cut",
        read(&text.as_bytes()[..text.len() - 4]),
        "truncated",
        "line",
    );
    assert_refused(
        "twice",
        read(text.repeat(2).as_bytes()),
        "malformed",
        "trailing characters",
    );
    let hosts =
        "{\"total\": 1, \"subtotal\": 1, \"page\": 1, \"per_page\": 20, \"results\": [{\"name\": \"a\"}]}";
    assert_refused(
        "hosts of Foreman",
        read(hosts.as_bytes()),
        "foreign",
        "known formats",
    );
    let options = Options {
        host: Some("db\u{202e}01"),
        ..Options::default()
    };
    assert_refused(
        "a host's name",
        read_with(text.as_bytes(), &options),
        "malformed",
        "U+202E",
    );
}

fn export(file: &str, fixture_name: &str, host: Option<&str>) -> Export {
    Export {
        file: file.into(),
        content: Content::Bytes(Arc::from(fixture(fixture_name))),
        source: None,
        mapping: None,
        date_order: None,
        host: host.map(Into::into),
        is_ad_hoc: true,
    }
}

/// What the deployment tool lists is no finding, and what only names hosts is no scan: neither closes anything.
#[test]
fn runs_that_are_no_scans_are_counted_and_nothing_more() {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen("app01", "1", &["CVE-2026-1111"], Severity::High, None);
    });
    world.scans[0].sha256 = "ab".repeat(32);
    let exports = [
        export("errata-2026-09-10.json", "katello-errata/one.json", Some("app01")),
        export("errata.json", "katello-errata/one.json", Some("app01")),
        export("errata-2026-09-11.json", "katello-errata/page.json", None),
        export("assets-2026-09-12.json", "tenable-vm-assets/many.json", None),
    ];
    world
        .scans
        .extend(collect(&exports).into_iter().map(Result::unwrap));
    world.judge("2026-09-30", |register| {
        assert_eq!(register.findings.len(), 1, "no erratum is a finding");
        let finding = find(register, "app01", "CVE-2026-1111");
        assert_eq!(
            (finding.closed, finding.stale),
            (None, false),
            "nobody looked again"
        );
        assert!(
            register.hosts.iter().all(|host| !host.id.contains("web01")),
            "no host is governed by it"
        );
        let lines: Vec<_> = register.imports[1..]
            .iter()
            .map(|line| (line.product, line.observations, line.hosts, line.state))
            .collect();
        assert_eq!(
            lines,
            [
                (Product::Deployment, 1, 1, ImportState::Complete),
                (Product::Deployment, 1, 1, ImportState::Incomplete),
                (Product::Deployment, 1, 1, ImportState::Incomplete),
                (Product::Hosts, 0, 2, ImportState::Complete),
            ]
        );
        assert!(
            register.imports[2]
                .reason
                .as_deref()
                .unwrap()
                .contains("names no time")
        );
        let reason = register.imports[3].reason.as_deref().unwrap();
        assert!(
            reason.contains("give `--host`") && reason.contains("lists 1 of 24 errata"),
            "{reason}"
        );
        let report = Report {
            register,
            diagnostics: &[],
            commit: None,
        };
        let mut out = Vec::new();
        write(&report, Format::Json, Style::plain(), &mut out).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_valid(&output_schema("register-v1"), &document);
        let products: Vec<&str> = document["imports"].as_array().unwrap()[1..]
            .iter()
            .map(|line| line["product"].as_str().unwrap())
            .collect();
        assert_eq!(products, ["deployment", "deployment", "deployment", "hosts"]);
    });
}
