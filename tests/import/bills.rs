//! What SARIF and CycloneDX say, whatever tool wrote them.

use countersign::import::Options;
use countersign::model::{ObservationState, Severity};

use super::packages::{items, refuse};
use super::{assert_refused, fixture, read, read_fixture, read_with, show};

/// Returns the words of why an export is not whole.
fn incomplete(name: &str) -> String {
    read_fixture(name)
        .0
        .summary
        .incomplete
        .unwrap_or_else(|| panic!("{name} is called whole"))
}

#[test]
fn a_sarif_result_is_rated_by_its_rule() {
    let options = Options {
        host: Some("shop"),
        ..Options::default()
    };
    let (imported, recorder) = read_with(&fixture("sarif/one.sarif"), &options).unwrap();
    let item = items(&recorder)[0];
    assert_eq!(
        (item.id.as_str(), &*item.cves, item.title.as_str()),
        (
            "Trivy/CVE-2026-1111",
            &["CVE-2026-1111".to_owned()][..],
            "overflow in libssl"
        )
    );
    assert_eq!(
        (item.severity_given.as_str(), item.severity),
        ("9.8", Some(Severity::Critical))
    );
    assert_eq!(item.instance, "library/shop:1 library/shop: libssl@3.0.1");
    assert_eq!(show(imported.summary.run_at), "2026-09-30T05:01:00Z");
}

#[test]
fn sarif_rules_are_found_by_index_id_and_extension() {
    let options = Options {
        host: Some("shop"),
        ..Options::default()
    };
    let (_, recorder) = read_with(&fixture("sarif/many.sarif"), &options).unwrap();
    let found: Vec<_> = items(&recorder)
        .iter()
        .map(|item| (item.id.as_str(), item.severity_given.as_str(), item.severity))
        .collect();
    let expected = [
        ("Code_Scanner/S1", "error", Some(Severity::High)),
        ("Code_Scanner/S2", "0.5", Some(Severity::Low)),
        ("Code_Scanner/S9", "warning", Some(Severity::Medium)),
        ("Code_Scanner/S1/weak", "4", Some(Severity::Medium)),
        ("Code_Scanner/X1", "7.0", Some(Severity::High)),
        ("Code_Scanner/X1", "7.0", Some(Severity::High)),
        ("Code_Scanner/S1", "warning", Some(Severity::Medium)),
        ("Code_Scanner/S2", "0.5", Some(Severity::Low)),
        ("Code_Scanner/S2", "0.5", Some(Severity::Low)),
        ("Code_Scanner/S2", "0.5", Some(Severity::Low)),
        (
            "Code_Scanner/GHSA-aaaa-bbbb-cccc-left",
            "warning",
            Some(Severity::Medium),
        ),
        ("Lint/Prototype_pollution", "note", Some(Severity::Low)),
    ];
    assert_eq!(found, expected);
    assert_eq!(recorder.observations[10].1.aliases, ["GHSA-aaaa-bbbb-cccc"]);
    assert_eq!(recorder.hosts.len(), 1, "one file is of one host");
    assert!(recorder.observations[6].1.potential, "left to a person");
}

#[test]
fn a_sarif_result_is_hidden_only_by_what_was_accepted() {
    let options = Options {
        host: Some("shop"),
        ..Options::default()
    };
    let (_, recorder) = read_with(&fixture("sarif/many.sarif"), &options).unwrap();
    let found = items(&recorder);
    assert_eq!(found[1].suppressed, None, "an empty list suppresses nothing");
    assert_eq!(
        found[7].suppressed.as_deref(),
        Some("suppressed in the source: a test")
    );
    assert_eq!(found[8].suppressed, None, "one of them is under review");
    assert_eq!(found[9].state, ObservationState::Fixed);
    assert_eq!(found[7].state, ObservationState::Seen);
}

#[test]
fn a_sarif_run_that_could_not_be_had_is_not_whole() {
    for (name, says) in [
        ("sarif/no-runs.sarif", "holds no run"),
        ("sarif/failed.sarif", "the tool says that its run failed"),
        ("sarif/failed.sarif", "a run of `Lint` has no list of results"),
    ] {
        let reason = incomplete(name);
        assert!(reason.contains(says), "{name}: {reason}");
    }
    let text = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Lint"}}, "results": [],
        "externalPropertyFileReferences": {"results": [{"location": {"uri": "x"}}]}}]}"#;
    let reason = read(text.as_bytes()).unwrap().0.summary.incomplete.unwrap();
    assert!(reason.contains("keeps results in other files"), "{reason}");
    assert_eq!(
        read(br#"{"version": "2.1.0", "runs": null}"#)
            .unwrap()
            .0
            .summary
            .incomplete
            .as_deref(),
        Some("holds no run")
    );
}

#[test]
fn what_sarif_does_not_know_is_refused() {
    let name = "sarif/one.sarif";
    for (from, to, kind, says) in [
        (
            "\"2.1.0\"",
            "\"2.0.0\"",
            "unknown",
            "`version` is `2.0.0`; only `2.1.0`",
        ),
        (
            "\"level\": \"error\"",
            "\"kind\": \"bad\"",
            "unknown",
            "`kind` is `bad`",
        ),
        ("\"9.8\"}", "\"high\"}", "unknown", ""),
        (
            "\"level\": \"error\"",
            "\"suppressions\": [{\"kind\": \"external\", \"status\": \"maybe\"}]",
            "unknown",
            "`suppressions.status` is `maybe`",
        ),
        (
            "\"level\": \"error\"",
            "\"baselineState\": \"old\"",
            "unknown",
            "`baselineState` is `old`",
        ),
        ("\"ruleId\": \"CVE-2026-1111\",", "", "none", ""),
        (
            "\"name\": \"Trivy\"",
            "\"name\": \"\"",
            "malformed",
            "`driver` has no `name`",
        ),
        ("\"tool\"", "\"tools\"", "malformed", "a run without `tool`"),
    ] {
        let text = String::from_utf8(fixture(name)).unwrap();
        assert!(text.contains(from), "{from}");
        let result = read(text.replacen(from, to, 1).as_bytes());
        match (to, kind) {
            ("\"high\"}", _) => {
                let (imported, _) = result.unwrap();
                assert_eq!(
                    imported.summary.left_out[0].reason,
                    "not a `security-severity` from 0.0 to 10.0"
                );
            }
            (_, "none") => assert_eq!(
                result.unwrap().0.summary.observations,
                1,
                "the index names the rule"
            ),
            _ => assert_refused(to, result, kind, says),
        }
    }
    let nameless = r#"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Lint"}}, "results": [{"message": {"text": "x"}}]}]}"#;
    assert_refused(
        "nameless",
        read(nameless.as_bytes()),
        "malformed",
        "result 1: neither `ruleId`",
    );
}

#[test]
fn a_bill_names_what_is_affected() {
    let (imported, recorder) = read_fixture("cyclonedx-json/one.json");
    assert_eq!(show(imported.summary.run_at), "2026-09-30T05:00:00Z");
    assert_eq!(recorder.host("shop").aliases, ["nordhafen/shop@1.4"]);
    let item = items(&recorder)[0];
    assert_eq!(item.instance, "org.example/left@1.0, inner@0.1");
    assert_eq!(
        (
            item.severity_given.as_str(),
            item.severity,
            item.suppressed.as_deref()
        ),
        ("high", Some(Severity::High), None),
        "what the writer rates as none beside it lowers nothing"
    );
    assert_eq!(item.vectors[0].version, 31, "the method is the prefix");
    let (_, recorder) = read_fixture("cyclonedx-xml/one.xml");
    let item = recorder.of("shop")[0];
    assert_eq!(item.instance, "org.example/left@1.0");
    assert_eq!(
        (item.id.as_str(), &*item.cves),
        ("SNYK-JAVA-1", &["CVE-2026-1111".to_owned()][..])
    );
    assert_eq!(
        (item.severity, item.vectors[0].version),
        (Some(Severity::Critical), 30)
    );
}

/// That is a word of who wrote the file: it hides, and closes nothing.
#[test]
fn an_analysis_never_closes() {
    let (_, recorder) = read_fixture("cyclonedx-json/many.json");
    let found = items(&recorder);
    assert!(found.iter().all(|item| item.state == ObservationState::Seen));
    let hidden: Vec<_> = found.iter().map(|item| item.suppressed.as_deref()).collect();
    assert_eq!(
        hidden,
        [
            Some("called not affected (code_not_reachable): never called"),
            Some("called a false positive"),
            Some("called resolved"),
            None,
            None,
        ]
    );
    let (_, recorder) = read_fixture("cyclonedx-xml/one.xml");
    assert_eq!(
        items(&recorder)[0].suppressed.as_deref(),
        Some("called not affected (code_not_reachable): never called")
    );
}

#[test]
fn ratings_may_be_several_or_missing() {
    let (_, recorder) = read_fixture("cyclonedx-json/many.json");
    let found: Vec<_> = items(&recorder)
        .iter()
        .map(|item| (item.id.as_str(), item.severity))
        .collect();
    assert_eq!(
        found,
        [
            ("SNYK-JAVA-1", Some(Severity::Critical)),
            ("CVE-2026-3333", Some(Severity::Low)),
            ("CVE-2026-4444", Some(Severity::Critical)),
            ("CVE-2026-5555", None),
            ("CVE-2026-7777", None),
        ]
    );
    let snyk = items(&recorder)[0];
    assert_eq!(
        (&*snyk.cves, &*snyk.aliases),
        (
            &["CVE-2026-2222".to_owned()][..],
            &["SNYK-JAVA-1".to_owned(), "GHSA-aaaa-bbbb-cccc".to_owned()][..]
        )
    );
    assert_eq!(snyk.instance, "pkg:maven/left@1.0", "of another bill");
    assert_eq!(recorder.hosts[0].name, "shop", "the metadata may come last");
}

#[test]
fn older_bills_have_their_vulnerabilities_within_the_components() {
    let (_, recorder) = read_fixture("cyclonedx-xml/many.xml");
    let found: Vec<_> = recorder
        .of("shop")
        .iter()
        .map(|item| (item.id.as_str(), item.severity, item.instance.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("CVE-2026-1111", Some(Severity::Critical), "left@1.0"),
            ("CVE-2026-2222", None, "left@1.0"),
            ("CVE-2026-4444", Some(Severity::Low), "inner"),
        ]
    );
}

#[test]
fn a_bill_without_the_list_was_not_looked_through() {
    let reason = incomplete("cyclonedx-json/sbom.json");
    assert!(reason.contains("without `vulnerabilities`"), "{reason}");
    let text = String::from_utf8(fixture("cyclonedx-xml/none.xml")).unwrap();
    let (imported, _) = read(text.replace("<vulnerabilities/>", "").as_bytes()).unwrap();
    assert!(imported.summary.incomplete.is_some());
}

#[test]
fn what_a_bill_does_not_know_is_refused() {
    for (name, from, to, kind, says) in [
        (
            "cyclonedx-json/one.json",
            "\"1.5\"",
            "\"2.0\"",
            "unknown",
            "`specVersion` is `2.0`",
        ),
        (
            "cyclonedx-json/one.json",
            "\"high\"",
            "\"severe\"",
            "unknown",
            "vulnerability 1: `ratings.severity` is `severe`",
        ),
        (
            "cyclonedx-json/one.json",
            "\"CVE-2026-1111\"",
            "\"\"",
            "malformed",
            "`id`: `` is no id",
        ),
        (
            "cyclonedx-json/one.json",
            "\"CycloneDX\"",
            "\"Cyclone\"",
            "malformed",
            "`bomFormat` is not",
        ),
        (
            "cyclonedx-json/one.json",
            "2026-09-30T05:00:00Z",
            "soon",
            "unknown",
            "`metadata.timestamp` is `soon`",
        ),
        (
            "cyclonedx-json/many.json",
            "\"not_affected\"",
            "\"fine\"",
            "unknown",
            "`analysis.state` is `fine`",
        ),
        (
            "cyclonedx-xml/one.xml",
            "not_affected",
            "fine",
            "unknown",
            "`analysis.state` is `fine`",
        ),
        (
            "cyclonedx-xml/one.xml",
            ">critical<",
            ">severe<",
            "unknown",
            "`ratings.severity` is `severe`",
        ),
        (
            "cyclonedx-xml/one.xml",
            "bom/1.4",
            "bom/3.0",
            "unknown",
            "`specVersion` is `3.0`",
        ),
        (
            "cyclonedx-xml/one.xml",
            "<id>SNYK-JAVA-1</id>",
            "",
            "malformed",
            "`id`: `` is no id",
        ),
    ] {
        refuse(name, from, to, kind, says);
    }
}
