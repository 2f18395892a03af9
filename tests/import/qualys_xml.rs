//! What the exports of Qualys's API and its scan results say.

use countersign::import::{Input, Options, Product, recognise};
use countersign::model::{Exploit, HostStatus, ObservationState, Quality, Severity};

use super::{Recorder, assert_refused, fixture, read, read_fixture, show};

const AGENT: Option<&str> = Some("5e0f1a4e-0000-4000-8000-000000000001");

fn text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

/// Reads a fixture with one place in it changed, and shows why it is refused.
fn assert_all_refused(name: &str, cases: &[(&str, &str, &str, &str)]) {
    let text = text(name);
    for (from, to, kind, says) in cases {
        assert!(text.contains(from), "{name}: {from}");
        let changed = text.replacen(from, to, 1);
        assert_refused(&format!("{name}: {to}"), read(changed.as_bytes()), kind, says);
    }
}

#[test]
fn a_knowledge_base_names_checks_and_no_host() {
    let (imported, recorder) = read_fixture("qualys-kb/many.xml");
    assert_eq!(imported.importer.product, Product::Knowledge);
    assert_eq!(show(imported.summary.run_at), "2026-09-29T04:00:00Z");
    assert!(recorder.hosts.is_empty() && recorder.observations.is_empty());
    let [patch, certificate, information] = &recorder.knowledge[..] else {
        panic!("{:?}", recorder.knowledge)
    };
    assert_eq!((&*patch.family, &*patch.id), ("qualys", "92100"));
    assert_eq!(&*patch.title, "Cumulative update, <B>September</B>");
    assert_eq!(
        (patch.severity, &*patch.severity_given),
        (Some(Severity::Critical), "5")
    );
    let cves: Vec<&str> = patch.cves.iter().map(|cve| &**cve).collect();
    assert_eq!(cves, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(imported.summary.left_out[0].reason, "not a CVE id");
    let vectors: Vec<(u8, f64)> = patch
        .vectors
        .iter()
        .map(|vector| (vector.version, vector.score))
        .collect();
    assert_eq!(vectors, [(20, 6.8), (31, 7.5)]);
    assert_eq!(patch.remediation.as_deref(), Some("KB5043050"));
    assert_eq!(patch.fix_available, Some(true));
    assert_eq!(patch.patch_published.unwrap().to_string(), "2026-09-09");
    assert_eq!(patch.exploit, Exploit::Poc);
    assert_eq!(
        (
            certificate.fix_available,
            certificate.cves.len(),
            certificate.exploit
        ),
        (Some(false), 0, Exploit::None),
        "nothing of one check is told of the next"
    );
    assert_eq!((&*information.id, information.fix_available), ("45038", None));
}

#[test]
fn a_page_of_an_answer_is_not_the_whole_of_it() {
    for name in [
        "qualys-kb/page.xml",
        "qualys-host-detection/page.xml",
        "qualys-host-detection/page.csv",
    ] {
        let (imported, recorder) = read_fixture(name);
        let reason = imported.summary.incomplete.unwrap_or_else(|| panic!("{name}"));
        assert!(reason.contains("truncation_limit=0"), "{name}: {reason}");
        assert!(
            !reason.contains("qualys.example"),
            "the service is not named: {reason}"
        );
        assert_eq!(
            recorder.observations.len() + recorder.knowledge.len(),
            1,
            "{name}"
        );
    }
    let other = text("qualys-host-detection/page.xml").replace("1980", "2000");
    let (imported, _) = read(other.as_bytes()).unwrap();
    assert!(imported.summary.incomplete.unwrap().contains("`2000`"));
}

#[test]
fn a_broken_knowledge_base_is_refused() {
    assert_all_refused(
        "qualys-kb/one.xml",
        &[
            ("<QID>92100", "<QID>many", "unknown", "`many`; a number"),
            ("<QID>92100</QID>", "", "malformed", "without a `QID`"),
            ("<TITLE>", "<QID>1</QID><TITLE>", "malformed", "two QIDs"),
            (
                "<SEVERITY_LEVEL>5",
                "<SEVERITY_LEVEL>6",
                "unknown",
                "`6`; `1` to `5`",
            ),
            (
                "<PATCHABLE>1",
                "<PATCHABLE>maybe",
                "unknown",
                "`PATCHABLE` is `maybe`",
            ),
            (
                "2026-09-09T07",
                "soon",
                "unknown",
                "`PATCH_PUBLISHED_DATE` is `soon",
            ),
            ("<RESPONSE>", "<ANSWER>", "malformed", "closes"),
        ],
    );
}

#[test]
fn a_detection_is_a_check_on_a_port_of_a_host() {
    let (imported, recorder) = read_fixture("qualys-host-detection/many.xml");
    assert_eq!(imported.importer.product, Product::Scan);
    assert_eq!(show(imported.summary.run_at), "2026-09-29T04:00:00Z");
    let web = recorder.of("web01.nordhafen.example");
    let places: Vec<(&str, &str)> = web
        .iter()
        .map(|item| (item.id.as_str(), item.instance.as_str()))
        .collect();
    assert_eq!(
        places,
        [("38173", "443/tcp"), ("38173", "8443/tcp"), ("92100", "")]
    );
    assert_eq!(
        web[0].fingerprint, web[1].fingerprint,
        "of the result and nothing else"
    );
    assert!(
        web.iter()
            .all(|item| item.title.is_empty() && item.cves.is_empty())
    );
    assert_eq!(
        (web[2].state, show(web[2].last_fixed).as_str()),
        (ObservationState::Seen, "2026-09-10T04:00:00Z"),
        "it was fixed once and found again: the scanner's word is active"
    );
    assert!(web.iter().all(|item| item.suppressed.is_none()));
    let database = recorder.of("DB01.nordhafen.example");
    assert_eq!(
        (
            database[0].state,
            database[0].potential,
            database[0].suppressed.as_deref()
        ),
        (ObservationState::Reopened, true, Some("ignored in Qualys"))
    );
    assert_eq!(
        [database[0].first_seen, database[0].last_seen].map(show),
        ["2026-09-28T04:00:00Z", "2026-09-20T04:00:00Z"],
        "as the scanner says it, though the first is after the last"
    );
    assert_eq!(
        (database[1].state, show(database[1].last_fixed).as_str()),
        (ObservationState::Fixed, "2026-09-27T04:00:00Z")
    );
    assert_eq!(database[1].suppressed.as_deref(), Some("disabled in Qualys"));
    assert_eq!(
        (database[2].severity, database[2].severity_given.as_str()),
        (None, ""),
        "a severity that is not given is not made up"
    );
}

#[test]
fn a_detections_host_is_known_by_its_keys_and_by_how_it_was_seen() {
    let (_, recorder) = read_fixture("qualys-host-detection/many.xml");
    let web = recorder.host("web01.nordhafen.example");
    assert_eq!(
        (web.quality, web.hostname.as_deref()),
        (Some(Quality::Authenticated), Some("WEB01"))
    );
    assert_eq!(
        show(web.scanned_at),
        "2026-09-28T04:00:00Z",
        "when it was scanned, not when the results were processed"
    );
    assert_eq!(
        (web.agent.as_deref(), web.aliases.as_slice()),
        (None, &["qualys-host-6506432".to_owned()][..])
    );
    let database = recorder.host("DB01.nordhafen.example");
    assert_eq!(database.fqdn.as_deref(), Some("db01.nordhafen.example"));
    assert_eq!(
        (database.agent.as_deref(), database.cloud_id.as_deref()),
        (AGENT, Some("i-0abc"))
    );
    assert_eq!(database.ips, ["192.0.2.20", "2001:db8::1"]);
    assert_eq!(database.quality, Some(Quality::Agent));
    let bare = recorder.host("192.0.2.30");
    assert_eq!(
        (bare.quality, bare.fqdn.as_deref()),
        (Some(Quality::Unauthenticated), None),
        "it was seen with credentials a month earlier"
    );
}

#[test]
fn a_detection_as_csv_says_the_same() {
    let (imported, recorder) = read_fixture("qualys-host-detection/many.csv");
    assert_eq!(imported.summary.incomplete, None);
    assert_eq!(show(imported.summary.run_at), "2026-09-28T04:00:00Z");
    let web = recorder.of("web01.nordhafen.example");
    assert_eq!(web.len(), 2, "its rows do not stand together");
    assert_eq!(web[1].instance, "443/tcp CN=\"x\", y");
    assert_eq!(
        (web[1].potential, web[1].suppressed.as_deref()),
        (true, Some("disabled in Qualys"))
    );
    let database = recorder.of("DB01");
    assert_eq!(
        (database[0].state, database[0].suppressed.as_deref()),
        (ObservationState::Fixed, Some("ignored in Qualys"))
    );
    let host = recorder.host("DB01");
    assert_eq!(
        (host.agent.as_deref(), host.quality, host.fqdn.as_deref()),
        (AGENT, Some(Quality::Agent), None),
        "the name by which a service was asked is not the host's"
    );
    let broken = text("qualys-host-detection/one.csv").replace("\"Finished\"", "\"Internal error\"");
    let (imported, _) = read(broken.as_bytes()).unwrap();
    assert!(imported.summary.incomplete.unwrap().contains("`Internal error`"));
    let both = |name: &str| -> Recorder { read_fixture(name).1 };
    let (xml, csv) = (
        both("qualys-host-detection/one.xml"),
        both("qualys-host-detection/one.csv"),
    );
    assert_eq!(xml.observations, csv.observations);
}

#[test]
fn what_is_not_known_in_a_detection_is_refused() {
    assert_all_refused(
        "qualys-host-detection/one.xml",
        &[
            ("<TYPE>Confirmed", "<TYPE>Rumour", "unknown", "`TYPE` is `Rumour`"),
            ("<TYPE>Confirmed</TYPE>", "", "malformed", "without a `TYPE`"),
            ("<STATUS>Active", "<STATUS>Asleep", "unknown", "`Asleep`"),
            ("<SEVERITY>2", "<SEVERITY>0", "unknown", "`SEVERITY` is `0`"),
            (
                "2026-09-28T04:00:00Z</LAST_FOUND",
                "28/09/26</LAST_FOUND",
                "unknown",
                "`LAST_FOUND_DATETIME`",
            ),
            ("<QID>38173</QID>", "", "malformed", "without a `QID`"),
            (
                "<IS_IGNORED>0",
                "<IS_IGNORED>no",
                "unknown",
                "`IS_IGNORED` is `no`",
            ),
            (
                "</DETECTION_LIST>",
                "</DETECTION_LIST><OS>x</OS>",
                "malformed",
                "after the detections",
            ),
            ("web01.nordhafen.example", "web\u{200b}01", "malformed", "U+200B"),
        ],
    );
    assert_all_refused(
        "qualys-host-detection/one.csv",
        &[
            ("\"Confirmed\"", "\"Rumour\"", "unknown", "row 2, column `TYPE`"),
            (
                "\"Netbios Name\"",
                "\"DNS Name\"",
                "malformed",
                "two columns of one name",
            ),
            ("\"Type\"", "\"Sort\"", "malformed", "lacks `QID`, `Type`"),
            ("----END_RESPONSE_BODY_CSV\n", "", "malformed", "1 cells"),
            (
                "----END_RESPONSE_FOOTER_CSV\n",
                "",
                "truncated",
                "ends its footer",
            ),
        ],
    );
}

#[test]
fn a_report_joins_its_glossary_however_late_that_comes() {
    let (imported, recorder) = read_fixture("qualys-asset-data-report/many.xml");
    assert_eq!(show(imported.summary.run_at), "2026-09-30T06:00:00Z");
    let web = recorder.of("web01.nordhafen.example");
    assert_eq!(web[0].cves, ["CVE-2026-1111", "CVE-2026-1112"]);
    assert_eq!(web[0].title, "Cumulative update");
    assert_eq!(
        (web[0].severity, web[0].exploit),
        (Some(Severity::Critical), Exploit::Poc)
    );
    assert_eq!(web[0].remediation.as_deref(), Some("KB5043050"));
    let vectors: Vec<(u8, f64)> = web[0]
        .vectors
        .iter()
        .map(|vector| (vector.version, vector.score))
        .collect();
    assert_eq!(vectors, [(20, 6.8), (30, 7.5)]);
    assert_eq!(
        (
            web[1].cves.len(),
            web[1].vectors.len(),
            web[1].remediation.as_deref()
        ),
        (0, 0, None),
        "nothing of one check is told of the next"
    );
    let ports: Vec<&str> = web[1..].iter().map(|item| item.instance.as_str()).collect();
    assert_eq!(ports, ["443/tcp", "8443/tcp"]);
    let other = recorder.of("192.0.2.20");
    assert_eq!(
        (other[0].state, other[0].potential),
        (ObservationState::Reopened, true)
    );
    assert_eq!(
        (
            other[1].state,
            show(other[1].last_fixed).as_str(),
            &other[1].fingerprint
        ),
        (ObservationState::Fixed, "2026-09-27T04:00:00Z", &None)
    );
    assert_eq!(
        (other[2].id.as_str(), other[2].title.as_str(), other[2].severity),
        ("777777", "", None),
        "what the glossary does not describe is kept"
    );
    assert_eq!(
        imported.summary.left_out[0].reason,
        "a check that is not in the glossary"
    );
}

#[test]
fn a_reports_host_was_looked_at_when_something_was_last_found_on_it() {
    let (_, recorder) = read_fixture("qualys-asset-data-report/many.xml");
    for (name, at) in [
        ("web01.nordhafen.example", "2026-09-29T04:00:00Z"),
        ("192.0.2.20", "2026-09-28T04:00:00Z"),
        ("192.0.2.30", "-"),
    ] {
        assert_eq!(show(recorder.host(name).scanned_at), at, "{name}");
    }
    assert_eq!(recorder.host("192.0.2.20").cloud_id.as_deref(), Some("i-0abc"));
}

#[test]
fn what_is_not_known_in_a_report_is_refused() {
    assert_all_refused(
        "qualys-asset-data-report/one.xml",
        &[
            ("<TYPE>Vuln", "<TYPE>Rumour", "unknown", "`TYPE` is `Rumour`"),
            (
                "<VULN_STATUS>Active",
                "<VULN_STATUS>Asleep",
                "unknown",
                "`Asleep`",
            ),
            ("\">38173</QID>", "\">x</QID>", "unknown", "`x`; a number"),
            ("<SEVERITY>2", "<SEVERITY>9", "unknown", "`9`; `1` to `5`"),
            (
                "2026-09-01T04:00:00Z</FIRST_FOUND",
                "None</FIRST_FOUND",
                "unknown",
                "`FIRST_FOUND` is `None`",
            ),
        ],
    );
    let text = text("qualys-asset-data-report/one.xml");
    let start = text.find("   <VULN_DETAILS id").unwrap();
    let end = text.find("  </VULN_DETAILS_LIST>").unwrap();
    let twice = format!("{}{}{}", &text[..end], &text[start..end], &text[end..]);
    assert_refused(
        "twice",
        read(twice.as_bytes()),
        "malformed",
        "the QID 38173 twice",
    );
}

#[test]
fn a_scan_says_what_its_sections_say() {
    let (imported, recorder) = read_fixture("qualys-scan-xml/many.xml");
    assert_eq!(imported.summary.incomplete, None);
    assert_eq!(show(imported.summary.run_at), "2026-09-28T04:00:00Z");
    let web = recorder.of("web01.nordhafen.example");
    assert_eq!(
        web[0].cves,
        ["CVE-2026-1111", "CVE-2026-1112", "CVE-2026-1113"],
        "each once, of both lists"
    );
    assert_eq!(
        (web[0].exploit, web[0].remediation.as_deref()),
        (Exploit::Active, Some("KB5043050"))
    );
    let rows: Vec<(&str, &str, bool)> = web
        .iter()
        .map(|item| (item.id.as_str(), item.instance.as_str(), item.potential))
        .collect();
    assert_eq!(
        rows,
        [
            ("92100", "", false),
            ("38173", "443/tcp", false),
            ("38173", "8443/tcp", false),
            ("38601", "443/tcp", true),
        ]
    );
    assert!(
        web.iter()
            .all(|item| item.first_seen.is_none() && item.state == ObservationState::Seen)
    );
    assert_eq!(recorder.host("DB01").ips, ["192.0.2.20"]);
    assert_eq!(recorder.host("192.0.2.30").fqdn, None);
}

#[test]
fn a_scan_that_did_not_end_or_lacks_hosts_is_not_whole() {
    let (imported, _) = read_fixture("qualys-scan-xml/cancelled.xml");
    let reason = imported.summary.incomplete.unwrap();
    assert!(reason.contains("`CANCELED`"), "{reason}");
    let one = text("qualys-scan-xml/one.xml");
    let more = one.replace("NBHOST_ALIVE\">1", "NBHOST_ALIVE\">2");
    assert_ne!(one, more);
    let (imported, _) = read(more.as_bytes()).unwrap();
    let reason = imported.summary.incomplete.unwrap();
    assert!(reason.contains("2 hosts were alive, and names 1"), "{reason}");
    let failed = one.replace("</SCAN>", "<ERROR number=\"3\">no licence</ERROR></SCAN>");
    let (imported, _) = read(failed.as_bytes()).unwrap();
    assert!(imported.summary.incomplete.unwrap().contains("no licence"));
    assert_all_refused(
        "qualys-scan-xml/one.xml",
        &[
            ("severity=\"5\"", "severity=\"x\"", "unknown", "`x`; `1` to `5`"),
            ("number=\"92100\"", "", "unknown", "a QID is ``"),
            (
                "2026-09-28T04:00:00Z",
                "yesterday",
                "unknown",
                "`KEY` is `yesterday`",
            ),
        ],
    );
}

#[test]
fn host_assets_are_hosts_with_the_keys_of_clouds_and_agents() {
    let (imported, recorder) = read_fixture("qualys-host-asset/many.xml");
    assert_eq!(imported.importer.product, Product::Hosts);
    assert_eq!(show(imported.summary.run_at), "2026-09-28T18:21:31Z");
    assert_eq!(imported.summary.incomplete, None);
    let web = recorder.host("web01.nordhafen.example");
    assert_eq!(
        (web.agent.as_deref(), web.cloud_id.as_deref()),
        (AGENT, Some("i-023b166432b1c7afc"))
    );
    assert_eq!(
        web.aliases,
        ["qualys-host-6506432"],
        "by which a host detection meets it"
    );
    assert_eq!(
        web.ips,
        ["192.0.2.10", "192.0.2.11"],
        "no address that many may share"
    );
    assert_eq!(web.macs, ["00:50:56:aa:bb:0c", "00:50:56:aa:bb:0d"]);
    assert_eq!((web.status, web.quality), (HostStatus::Unknown, None));
    let gone = recorder.host("gone");
    assert_eq!(
        (gone.status, gone.agent.as_deref()),
        (HostStatus::Retired, Some("709838"))
    );
    let skipped = &imported.summary.skipped[0];
    assert!(
        skipped.reason.contains("host detection") && skipped.rows == 2,
        "{skipped:?}"
    );
}

#[test]
fn host_assets_that_are_not_all_say_so() {
    let (imported, _) = read_fixture("qualys-host-asset/page.xml");
    assert!(imported.summary.incomplete.unwrap().contains("one page"));
    let more = text("qualys-host-asset/one.xml").replace("<count>1<", "<count>7<");
    let (imported, _) = read(more.as_bytes()).unwrap();
    let reason = imported.summary.incomplete.unwrap();
    assert!(reason.contains("`count` is 7, and it has 1"), "{reason}");
    assert_all_refused(
        "qualys-host-asset/one.xml",
        &[
            ("SUCCESS", "UNAUTHORIZED", "foreign", "`UNAUTHORIZED`"),
            ("<id>709838</id>", "", "malformed", "without an `id`"),
        ],
    );
}

/// Exports name a DTD; one that declares something of its own is refused, and is told for what it is.
#[test]
fn a_dtd_of_its_own_is_refused() {
    for name in [
        "qualys-kb/one.xml",
        "qualys-host-detection/one.xml",
        "qualys-asset-data-report/one.xml",
        "qualys-scan-xml/one.xml",
    ] {
        let changed = text(name).replacen(".dtd\">", ".dtd\" [<!ENTITY a \"b\">]>", 1);
        assert_refused(
            name,
            read(changed.as_bytes()),
            "malformed",
            "a DOCTYPE that declares",
        );
    }
    let other = b"<SCAN><KEY/></SCAN>";
    assert!(
        recognise(Input::Bytes(other), &Options::default()).is_err(),
        "any root `SCAN`"
    );
}
