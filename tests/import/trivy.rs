//! What Trivy's reports say.

use countersign::import::Options;
use countersign::model::Severity;

use super::{assert_refused, fixture, read, read_fixture, read_with, show};

#[test]
fn a_finding_is_a_vulnerability_in_a_package() {
    let (imported, recorder) = read_fixture("trivy-json/many.json");
    assert_eq!(show(imported.summary.run_at), "2026-09-30T05:00:00.000000005Z");
    let host = &recorder.hosts[0];
    assert_eq!(host.name, "registry.nordhafen.example/shop:1.4");
    assert_eq!(
        (host.os.as_deref(), &*host.aliases),
        (
            Some("debian 12.1"),
            &["shop:1.4".to_owned(), "sha256:aa".to_owned()][..]
        )
    );
    let items: Vec<_> = recorder.observations.iter().map(|(_, item)| item).collect();
    assert_eq!(items[0].instance, "libssl@1.1.1");
    assert_eq!(items[1].instance, "libcrypto@1.1.1");
    assert_eq!(items[0].title, "openssl: \"overflow\"");
    let scores: Vec<(u8, f64)> = items[0]
        .vectors
        .iter()
        .map(|vector| (vector.version, vector.score))
        .collect();
    assert_eq!(
        scores,
        [(31, 7.8), (31, 9.8), (20, 7.5)],
        "the vectors of the source that rates come first"
    );
    assert_eq!(
        (items[0].severity, items[0].fix_available),
        (Some(Severity::High), Some(true))
    );
    assert_eq!(
        (items[2].severity, items[2].severity_given.as_str()),
        (None, "UNKNOWN")
    );
    assert_eq!(items[2].fix_available, Some(false));
    assert_eq!(
        (items[3].id.as_str(), items[3].cves.len(), items[3].fix_available),
        ("TEMP-0290435-0B57B5", 0, None)
    );
    assert_eq!(items[3].title, "TEMP-0290435-0B57B5 in libssl");
    assert_eq!(
        (items[4].id.as_str(), &*items[4].cves),
        ("GHSA-aaaa-bbbb-cccc", &["CVE-2026-2222".to_owned()][..])
    );
    assert_eq!(items[4].instance, "libssl@1.1.1 app/node_modules/x/package.json");
    assert_eq!(items[4].vectors[0].version, 40);
    assert!(items[5].suppressed.is_some());
    let skipped: Vec<(&str, u64)> = imported
        .summary
        .skipped
        .iter()
        .map(|skipped| (skipped.reason.as_str(), skipped.rows))
        .collect();
    assert_eq!(
        skipped,
        [
            ("a secret, not a vulnerability", 1),
            ("a misconfiguration, not a vulnerability", 2)
        ]
    );
}

#[test]
fn a_vendors_advisory_is_the_key_of_the_patch() {
    let (_, recorder) = read_fixture("trivy-json/one.json");
    let item = &recorder.observations[0].1;
    assert_eq!(
        (item.remediation.as_deref(), &*item.aliases),
        (Some("DSA-5532-1"), &["DSA-5532-1".to_owned()][..])
    );
}

#[test]
fn the_name_may_come_last_or_never() {
    let (_, recorder) = read_fixture("trivy-json/name-last.json");
    assert_eq!(recorder.of("late:1.0").len(), 1);
    let (imported, recorder) = read_fixture("trivy-json/unnamed.json");
    assert!(recorder.hosts.is_empty() && recorder.observations.is_empty());
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("names no host; give `--host`")
    );
    for name in ["trivy-json/unnamed.json", "trivy-json/null.json"] {
        let options = Options {
            host: Some("shop"),
            ..Options::default()
        };
        let (imported, recorder) = read_with(&fixture(name), &options).unwrap();
        assert_eq!(
            (recorder.hosts[0].name.as_str(), imported.summary.incomplete),
            ("shop", None),
            "{name}"
        );
    }
}

#[test]
fn older_reports_are_named_by_their_first_target() {
    let (_, recorder) = read_fixture("trivy-json/legacy.json");
    assert_eq!(recorder.hosts[0].name, "shop:1.3");
}

#[test]
fn a_cluster_has_a_host_for_each_resource() {
    let (imported, recorder) = read_fixture("trivy-json/kubernetes.json");
    assert_eq!(recorder.of("Deployment/default/shop").len(), 2);
    assert_eq!(recorder.host("Node/node01").name, "Node/node01");
    let items = recorder.of("Deployment/default/shop");
    assert_eq!(
        items[0].instance, "libssl@1.1.1 shop:1.4 (debian 12.1)",
        "which of its images it is in"
    );
    let reason = imported.summary.incomplete.unwrap();
    assert_eq!(reason, "`Pod/default/broken` could not be scanned: no such image");
}

#[test]
fn what_is_not_known_is_refused_with_its_line() {
    let text = String::from_utf8(fixture("trivy-json/one.json")).unwrap();
    let rows = [
        (
            "\"HIGH\"",
            "\"SEVERE\"",
            "unknown",
            "`Severity` is \"SEVERE\"; `CRITICAL`",
        ),
        ("\"fixed\"", "\"done\"", "unknown", "`Status` is \"done\""),
        (
            "\"SchemaVersion\": 2",
            "\"SchemaVersion\": 3",
            "unknown",
            "line 2: `SchemaVersion` is `3`; `2` is known",
        ),
        (
            "\"SchemaVersion\": 2,",
            "",
            "malformed",
            "neither `SchemaVersion` nor `ClusterName`",
        ),
        (
            "\"CVE-2026-1111\"",
            "\"\"",
            "malformed",
            "`VulnerabilityID`: `` is no id",
        ),
        ("\"CVE-2026-1111\"", "\"CVE\\u001b[2J\"", "malformed", "is no id"),
        ("\"CVE-2026-1111\"", "17", "malformed", "invalid type"),
        (
            "shop:1.4\",\n \"ArtifactType",
            "shop\\u0000\",\n \"ArtifactType",
            "malformed",
            "U+0000",
        ),
        ("2026-09-30T05", "tomorrow", "unknown", "`CreatedAt` is"),
        (
            "\"Vulnerabilities\": [",
            "\"Vulnerabilities\": [[],",
            "malformed",
            "invalid type",
        ),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    assert_refused(
        "junk",
        read(format!("{text}{text}").as_bytes()),
        "malformed",
        "trailing characters",
    );
    assert_refused(
        "cut",
        read(&text.as_bytes()[..text.len() - 3]),
        "truncated",
        "line 5",
    );
}

/// Above 16 MiB a report is no longer read at once; nothing else may change.
#[test]
fn a_large_report_is_read_as_a_stream() {
    let text = String::from_utf8(fixture("trivy-json/one.json")).unwrap();
    let at = text.find("    {\n     \"VulnerabilityID\"").unwrap();
    let end = text.rfind("\n   ]\n  }\n ]").unwrap();
    let count = 180;
    let member = text[at..end].replacen(
        "\"Description\": \"x",
        &format!("\"Description\": \"{}", "x".repeat(100_000)),
        1,
    );
    let large = format!(
        "{}{}{}",
        &text[..at],
        vec![member; count].join(",\n"),
        &text[end..]
    );
    assert!(large.len() > 17 << 20);
    let (imported, _) = read(large.as_bytes()).unwrap();
    assert_eq!(imported.summary.observations, count as u64);
    assert_refused(
        "cut",
        read(&large.as_bytes()[..large.len() - 5]),
        "truncated",
        "line",
    );
    let deep = large.replacen(
        "\"References\": [",
        &format!("\"References\": [{}", "[".repeat(200)),
        1,
    );
    assert_refused("deep", read(deep.as_bytes()), "limit", "nested deeper");
}

#[test]
fn what_trivy_hides_and_shows_is_a_finding_with_the_reason() {
    let hidden = |sort: &str, status: &str, finding: &str| {
        format!(
            r#"{{"SchemaVersion":2,"ArtifactName":"shop:1","Results":[{{"Target":"a.lock","Class":"lang-pkgs","ExperimentalModifiedFindings":[
            {{"Type":"{sort}","Status":"{status}","Statement":"later","Source":".trivyignore.yaml"{finding}}}]}}]}}"#
        )
    };
    let found = r#","Finding":{"VulnerabilityID":"CVE-2026-1111","PkgName":"x","InstalledVersion":"1","Severity":"HIGH","Status":"fixed"}"#;
    let (imported, recorder) = read(hidden("vulnerability", "ignored", found).as_bytes()).unwrap();
    let (_, item) = &recorder.observations[0];
    assert_eq!(
        (item.id.as_str(), item.severity),
        ("CVE-2026-1111", Some(Severity::High))
    );
    assert_eq!(
        item.suppressed.as_deref(),
        Some("ignored by .trivyignore.yaml: later")
    );
    assert_eq!(item.instance, "x@1 a.lock");
    assert_eq!(
        (imported.summary.observations, imported.summary.skipped.len()),
        (1, 0)
    );
    let secret = r#","Finding":{"RuleID":"aws","Severity":"CRITICAL","Title":"key","StartLine":1,"Code":{"Lines":null}}"#;
    let (imported, recorder) = read(hidden("secret", "ignored", secret).as_bytes()).unwrap();
    assert_eq!(
        (recorder.observations.len(), imported.summary.skipped[0].rows),
        (0, 1)
    );
    for (bytes, said) in [
        (
            hidden("vulnerability", "gone", found),
            "`Status` of a hidden finding is \"gone\"",
        ),
        (
            hidden("sbom", "ignored", found),
            "`Type` of a hidden finding is \"sbom\"",
        ),
        (
            hidden("vulnerability", "ignored", ""),
            "a hidden finding without `Finding`",
        ),
    ] {
        let error = read(bytes.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_in_values_that_nobody_reads() {
    let text = String::from_utf8(fixture("trivy-json/one.json")).unwrap();
    let mark = "\"Description\": \"";
    let at = text.find(mark).unwrap() + mark.len();
    let line = text[..at].lines().count();
    for bad in [&b"\xff"[..], b"\xc3(", b"\xed\xa0\x80"] {
        let spoiled = [&text.as_bytes()[..at], bad, &text.as_bytes()[at..]].concat();
        let said = format!("malformed at line {line}: not UTF-8 text");
        assert_refused("not text", read(&spoiled), "malformed", &said);
    }
}
