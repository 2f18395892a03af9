//! What scanners of packages say: Grype and osv-scanner, and what all of them have in common.

use countersign::import::Options;
use countersign::model::{Exploit, Observation, Severity};

use super::{Recorder, assert_refused, fixture, read, read_fixture, read_with, show};

pub(super) fn items(recorder: &Recorder) -> Vec<&Observation> {
    recorder.observations.iter().map(|(_, item)| item).collect()
}

/// Refuses a fixture in which one text is another.
pub(super) fn refuse(name: &str, from: &str, to: &str, kind: &str, says: &str) {
    let text = String::from_utf8(fixture(name)).unwrap();
    assert!(text.contains(from), "{name}: {from}");
    assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
}

#[test]
fn grype_names_the_image_and_its_system() {
    let (imported, recorder) = read_fixture("grype-json/one.json");
    assert_eq!(show(imported.summary.run_at), "2026-09-30T05:00:00Z");
    let host = recorder.host("registry.nordhafen.example/shop:1.5");
    assert_eq!(host.os.as_deref(), Some("alpine 3.20"));
    assert_eq!(host.aliases, ["shop:1.5", "shop@sha256:cc", "sha256:bb"]);
    let item = items(&recorder)[0];
    assert_eq!(item.instance, "libssl@3.0.1 /lib/apk/db/installed");
    assert_eq!(
        (item.severity, item.fix_available, item.first_seen),
        (Some(Severity::High), Some(true), None)
    );
    let (_, recorder) = read_fixture("grype-json/many.json");
    assert_eq!(recorder.hosts[0].name, "/srv/shop");
}

#[test]
fn grypes_advisories_have_their_cves_among_the_related() {
    let (_, recorder) = read_fixture("grype-json/many.json");
    let found = items(&recorder);
    let ghsa = found[0];
    assert_eq!(
        (ghsa.id.as_str(), &*ghsa.cves, &*ghsa.aliases),
        (
            "GHSA-aaaa-bbbb-cccc",
            &["CVE-2026-2222".to_owned()][..],
            &["GHSA-aaaa-bbbb-cccc".to_owned()][..]
        )
    );
    assert_eq!(ghsa.vectors[0].version, 20, "only the related one has a vector");
    assert_eq!((ghsa.exploit, ghsa.fix_available), (Exploit::Active, None));
    let alas = found[1];
    assert_eq!(alas.cves, ["CVE-2026-3333", "CVE-2026-4444"]);
    assert_eq!(alas.remediation.as_deref(), Some("ALAS-2026-2595"));
    let rated: Vec<_> = found
        .iter()
        .map(|item| (item.severity_given.as_str(), item.severity, item.fix_available))
        .collect();
    assert_eq!(
        rated[2..4],
        [
            ("Negligible", Some(Severity::Low), Some(false)),
            ("Unknown", None, Some(false))
        ]
    );
}

#[test]
fn what_grype_ignores_is_a_finding_with_the_reason() {
    let (_, recorder) = read_fixture("grype-json/many.json");
    let hidden: Vec<_> = items(&recorder)
        .iter()
        .map(|item| item.suppressed.as_deref())
        .collect();
    assert_eq!(
        hidden,
        [
            None,
            None,
            None,
            None,
            Some("ignored by a rule for fix state unknown: not reachable"),
            Some("not_affected by a VEX statement: component_not_present"),
        ]
    );
}

#[test]
fn a_report_without_a_name_needs_one() {
    for name in [
        "grype-json/unnamed.json",
        "cyclonedx-json/unnamed.json",
        "sarif/one.sarif",
    ] {
        let (imported, recorder) = read_fixture(name);
        assert!(
            recorder.hosts.is_empty() && recorder.observations.is_empty(),
            "{name}"
        );
        assert_eq!(
            imported.summary.incomplete.as_deref(),
            Some("names no host; give `--host`"),
            "{name}"
        );
        let options = Options {
            host: Some("shop"),
            ..Options::default()
        };
        let (imported, recorder) = read_with(&fixture(name), &options).unwrap();
        assert_eq!(imported.summary.incomplete, None, "{name}");
        assert_eq!(recorder.of("shop").len(), 1, "{name}");
    }
}

#[test]
fn what_grype_does_not_write_is_refused() {
    let name = "grype-json/one.json";
    for (from, to, kind, says) in [
        (
            "\"High\"",
            "\"Severe\"",
            "unknown",
            "match 1: `vulnerability.severity` is `Severe`; `Critical`",
        ),
        ("\"fixed\"", "\"done\"", "unknown", "`fix.state` is `done`"),
        (
            "\"CVE-2026-1111\"",
            "\"\"",
            "malformed",
            "`vulnerability.id`: `` is no id",
        ),
        ("\"CVE-2026-1111\"", "17", "malformed", "invalid type"),
        ("\"matches\"", "\"matched\"", "foreign", "in no known format"),
        (
            "\"distro\"",
            "\"matches\": [], \"distro\"",
            "malformed",
            "`matches` comes twice",
        ),
        ("\"artifact\"", "\"artefact\"", "malformed", "no `artifact`"),
        (
            "2026-09-30T05:00:00Z",
            "soon",
            "unknown",
            "`descriptor.timestamp` is `soon`",
        ),
        (
            "shop:1.5\", \"imageID",
            "shop\\u202e\", \"imageID",
            "malformed",
            "U+202E",
        ),
    ] {
        refuse(name, from, to, kind, says);
    }
}

#[test]
fn groups_of_osv_scanner_are_one_vulnerability() {
    let (_, recorder) = read_fixture("osv-scanner-json/many.json");
    let of_group = recorder.of("/srv/shop/Cargo.lock");
    for item in &of_group {
        assert_eq!(item.id, "GHSA-aaaa-bbbb-cccc");
    }
    assert_eq!(of_group[0].cves, ["CVE-2026-1111"]);
    assert!(of_group[1].aliases.contains(&"RUSTSEC-2026-0013".to_owned()));
    assert_eq!(
        (of_group[0].severity, of_group[1].severity),
        (Some(Severity::High), None),
        "without a score the vector rates; without both nothing does"
    );
    assert_eq!(of_group[0].fix_available, None, "the fix is of another package");
    let (imported, recorder) = read_fixture("osv-scanner-json/one.json");
    let item = items(&recorder)[0];
    assert_eq!(
        (item.severity_given.as_str(), item.severity, item.fix_available),
        ("7.5", Some(Severity::High), Some(true))
    );
    assert_eq!(item.instance, "regex@1.5.1");
    assert_eq!(imported.summary.run_at, None);
}

/// What is related is another vulnerability, but for an advisory of a distribution, which has its CVEs there.
#[test]
fn related_ids_name_an_advisory_only() {
    let cves = |id: &str, aliases: &str| {
        let text = format!(
            r#"{{"results": [{{"source": {{"path": "a"}}, "packages": [{{"package": {{"name": "left", "ecosystem": "x"}},
            "vulnerabilities": [{{"id": "{id}", "aliases": [{aliases}], "related": ["CVE-2026-2222", "DSA-1-1"]}}]}}]}}]}}"#
        );
        items(&read(text.as_bytes()).unwrap().1)[0].cves.clone()
    };
    assert_eq!(cves("DSA-5532-1", ""), ["CVE-2026-2222"]);
    assert_eq!(cves("DSA-5532-1", "\"CVE-2026-1111\""), ["CVE-2026-1111"]);
    assert!(cves("GHSA-aaaa-bbbb-cccc", "").is_empty());
}

#[test]
fn osv_scanner_counts_what_is_no_vector_and_no_vulnerability() {
    let (imported, recorder) = read_fixture("osv-scanner-json/many.json");
    let item = recorder.of("/srv/shop/yarn.lock")[0];
    assert_eq!((item.id.as_str(), item.severity), ("MAL-2026-1035", None));
    assert_eq!(imported.summary.left_out[0].reason, "not a CVSS vector");
    assert_eq!(
        imported.summary.skipped[0].reason,
        "a licence, not a vulnerability"
    );
    refuse(
        "osv-scanner-json/one.json",
        "\"id\": \"GHSA-aaaa-bbbb-cccc\"",
        "\"id\": \"\"",
        "malformed",
        "`id`: `` is no id",
    );
    assert_refused("empty", read(b""), "foreign", "it is empty");
}

/// Above 16 MiB a report is no longer read at once; nothing else may change.
#[test]
fn large_reports_are_read_as_streams() {
    for name in [
        "grype-json/many.json",
        "osv-scanner-json/many.json",
        "sarif/many.sarif",
        "cyclonedx-json/many.json",
        "aws-inspector2/many.json",
        "asff/many.json",
        "wazuh-json/many.json",
        "ms-defender-json/many.json",
    ] {
        let options = Options {
            host: Some("shop"),
            ..Options::default()
        };
        let mut bytes = fixture(name);
        let (at_once, expected) = read_with(&bytes, &options).unwrap();
        bytes.resize((16 << 20) + 1024, b'\n');
        let mut recorder = Recorder::default();
        let summary = (at_once.importer.import)(&mut &*bytes, &options, &mut recorder).unwrap();
        assert_eq!(summary, at_once.summary, "{name}");
        assert_eq!(recorder.observations, expected.observations, "{name}");
        assert_eq!(recorder.hosts, expected.hosts, "{name}");
        let cut = bytes.iter().rposition(|byte| *byte == b'}').unwrap();
        bytes[cut] = b' ';
        let result = (at_once.importer.import)(&mut &*bytes, &options, &mut Recorder::default());
        assert!(
            matches!(result, Err(countersign::import::ImportError::Truncated { .. })),
            "{name} cut off: {result:?}"
        );
    }
}
