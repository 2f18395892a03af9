//! What a Nessus report says, field by field.

use countersign::model::{Exploit, Fingerprint, ObservationState, Quality, Severity};

use super::{assert_refused, fixture, read, read_fixture, show};

#[test]
fn an_item_keeps_the_scanners_words_beside_ours() {
    let (imported, recorder) = read_fixture("nessus-v2/one.nessus");
    let (_, item) = &recorder.observations[0];
    assert_eq!((item.family, item.id.as_str()), ("nessus", "12345"));
    assert_eq!(item.title, "Portal < 1.1 RCE \"September\"");
    assert_eq!(
        (item.severity, item.severity_given.as_str()),
        (Some(Severity::Critical), "Critical")
    );
    assert_eq!(item.cves, ["CVE-2026-1111"]);
    assert_eq!(
        item.vectors
            .iter()
            .map(|vector| (vector.version, vector.score))
            .collect::<Vec<_>>(),
        [(31, 9.8), (20, 10.0)]
    );
    assert_eq!(item.instance, "443/tcp");
    assert_eq!(item.remediation.as_deref(), Some("KB5043050"));
    assert_eq!((item.exploit, item.fix_available), (Exploit::Poc, Some(true)));
    assert_eq!(item.patch_published.unwrap().to_string(), "2026-09-08");
    assert_eq!(item.state, ObservationState::Seen);
    // The digest of the text with its reference resolved.
    let expected = "sha256:be46aa0ba2cd7105dc1a3075a956a710f35d30664fd8c82ada45fe3dce6d8a24";
    assert_eq!(
        item.fingerprint.map(|one| one.to_string()).as_deref(),
        Some(expected)
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-30T03:10:11Z");
}

#[test]
fn a_host_is_known_by_all_its_names() {
    let (_, recorder) = read_fixture("nessus-v2/one.nessus");
    let host = &recorder.hosts[0];
    assert_eq!(host.name, "192.0.2.10");
    assert_eq!(host.fqdn.as_deref(), Some("web01.nordhafen.example"));
    assert_eq!(host.hostname.as_deref(), Some("WEB01"));
    assert_eq!(host.ips, ["192.0.2.10"]);
    assert_eq!(host.macs, ["00:50:56:aa:bb:01", "00:50:56:aa:bb:02"]);
    assert_eq!(host.uuid.as_deref(), Some("4c4c4544-0051-3610-8052-b4c04f4e3232"));
    assert_eq!(
        host.agent.as_deref(),
        Some("9f1b3c5a-1111-4222-8333-444455556666")
    );
    assert_eq!(host.cloud_id.as_deref(), Some("i-0abc123def4567890"));
    assert_eq!(host.quality, Some(Quality::Authenticated));
    assert_eq!(show(host.scanned_at), "2026-09-30T03:10:11Z");
}

#[test]
fn many_hosts_keep_their_items_apart() {
    let (imported, recorder) = read_fixture("nessus-v2/many.nessus");
    let web = recorder.of("192.0.2.10");
    assert_eq!(
        web.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(),
        ["12345", "20001", "20007", "20007", "10114"]
    );
    assert_eq!(web[1].cves, ["CVE-2026-2001", "CVE-2026-2002"]);
    assert_eq!(
        (web[1].exploit, web[1].remediation.as_deref()),
        (Exploit::Active, Some("RHSA-2026:4711"))
    );
    assert_eq!(
        web[2].exploit,
        Exploit::None,
        "nothing is left over from another item"
    );
    assert_eq!(
        (web[2].instance.as_str(), web[3].instance.as_str()),
        ("443/tcp", "8443/tcp")
    );
    assert_ne!(web[2].fingerprint, web[3].fingerprint);
    assert_eq!(imported.summary.left_out.len(), 1);
    assert_eq!(
        (
            imported.summary.left_out[0].reason.as_str(),
            imported.summary.left_out[0].rows
        ),
        ("not a CVE id", 1)
    );
    let database = recorder.of("db01");
    assert_eq!(
        database.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(),
        ["21157/aa11", "21157/bb22"]
    );
    assert_eq!(database[0].title, "5.2.1 Root login");
    assert_eq!(
        show(recorder.host("db01").scanned_at),
        "2026-09-30 06:10:11",
        "without a zone it stays so"
    );
    assert_eq!(recorder.host("db01").quality, Some(Quality::Unauthenticated));
    assert_eq!(
        recorder.host("leer01").quality,
        Some(Quality::Authenticated),
        "the later kind of results decides"
    );
    let cloud = recorder.of("cloud01");
    assert_eq!(cloud[0].title, "Größe – „ok“");
    assert_eq!(
        (cloud[0].state, cloud[1].state),
        (ObservationState::Reopened, ObservationState::Fixed)
    );
    assert_eq!(
        [cloud[0].first_seen, cloud[0].last_fixed].map(show),
        ["2026-08-01T10:00:00Z", "2026-08-15T10:00:00Z"]
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-30T05:10:11.120310Z");
}

fn with(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(fixture("nessus-v2/one.nessus")).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn what_is_not_known_is_refused_with_its_place() {
    let rows = [
        (
            "severity=\"4\"",
            "severity=\"5\"",
            "unknown",
            "line 21: `severity` is `5`; `0` to `4` are known",
        ),
        ("severity=\"4\"", "severity=\"\"", "unknown", "`severity` is ``"),
        (" severity=\"4\"", "", "malformed", "without `severity`"),
        ("pluginID=\"12345\"", "pluginID=\"\"", "malformed", "is no id"),
        (
            "pluginID=\"12345\"",
            "pluginID=\"1&#x1b;[2J\"",
            "malformed",
            "is no id",
        ),
        (" pluginID=\"12345\"", "", "malformed", "without `pluginID`"),
        (
            "name=\"192.0.2.10\"",
            "name=\"web&#27;[2Jx\"",
            "malformed",
            "U+001B",
        ),
        (
            "name=\"192.0.2.10\"",
            "name=\"web\u{202e}x\"",
            "malformed",
            "U+202E",
        ),
        (
            "<exploit_available>true",
            "<exploit_available>maybe",
            "unknown",
            "`exploit_available` is `maybe`",
        ),
        (
            "2026/09/08",
            "soon",
            "unknown",
            "`patch_publication_date` is `soon`",
        ),
        ("2026/09/08", "2026/02/30", "unknown", "2026/02/30"),
        (
            "<solution>",
            "<vulnerability_state>Gone</vulnerability_state><solution>",
            "unknown",
            "`Resurfaced`",
        ),
        (">true</tag>", ">perhaps</tag>", "unknown", "`Credentialed_Scan`"),
        ("1790737811", "yesterday", "unknown", "`HOST_END_TIMESTAMP`"),
        (
            "</ReportHost>",
            "<HostProperties></HostProperties></ReportHost>",
            "malformed",
            "after the first `ReportItem`",
        ),
    ];
    for (from, to, kind, says) in rows {
        assert_refused(to, read(&with(from, to)), kind, says);
    }
}

#[test]
fn an_item_without_a_good_cve_or_vector_is_kept_under_its_own_id() {
    let bytes = with(
        "<cve>CVE-2026-1111</cve>",
        "<cve>n/a</cve><cvss3_vector>CVSS:3.1/nonsense</cvss3_vector>",
    );
    let (imported, recorder) = read(&bytes).unwrap();
    let (_, item) = &recorder.observations[0];
    assert!(item.cves.is_empty());
    assert_eq!((item.id.as_str(), item.vectors.len()), ("12345", 2));
    let left_out: Vec<&str> = imported
        .summary
        .left_out
        .iter()
        .map(|skipped| skipped.reason.as_str())
        .collect();
    assert_eq!(left_out, ["not a CVE id", "not a CVSS vector"]);
}

#[test]
fn a_host_without_a_name_goes_by_what_else_names_it() {
    let (_, recorder) = read(&with("ReportHost name=\"192.0.2.10\"", "ReportHost")).unwrap();
    assert_eq!(recorder.hosts[0].name, "web01.nordhafen.example");
    let text = "<NessusClientData_v2><Report><ReportHost><ReportItem severity=\"2\" pluginID=\"1\"/></ReportHost></Report></NessusClientData_v2>";
    let (imported, recorder) = read(text.as_bytes()).unwrap();
    assert_eq!((imported.summary.hosts, imported.summary.observations), (1, 1));
    assert!(recorder.observations.is_empty() && recorder.hosts.is_empty());
    assert!(imported.summary.incomplete.unwrap().contains("--host"));
    let options = countersign::import::Options {
        host: Some("web09"),
        ..Default::default()
    };
    let (imported, recorder) = super::read_with(text.as_bytes(), &options).unwrap();
    assert_eq!(
        (recorder.of("web09").len(), imported.summary.incomplete),
        (1, None)
    );
}

/// One item may be larger than memory; what is needed of it is not.
#[test]
fn a_huge_output_is_hashed_as_it_passes() {
    use sha2::Digest as _;
    let line = "A line of output with <b>, & and \"quotes\".\n";
    let written = line.replace('&', "&amp;").replace('<', "&lt;");
    let count = 60_000;
    let bytes = with("\n  Installed : 1.0 &lt; 1.1\n", &written.repeat(count));
    let (_, recorder) = read(&bytes).unwrap();
    let expected = sha2::Sha256::digest(line.repeat(count)).into();
    assert_eq!(
        recorder.observations[0].1.fingerprint,
        Some(Fingerprint(expected))
    );
}
