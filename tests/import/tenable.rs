//! What the exports of Tenable Vulnerability Management say, row by row.

use countersign::import::Product;
use countersign::model::{Exploit, HostStatus, ObservationState, Quality, Severity};

use super::{assert_refused, fixture, read, read_fixture, show};

#[test]
fn a_row_is_a_plugin_on_a_port_of_a_host() {
    let (imported, recorder) = read_fixture("tenable-vm/one.json");
    assert_eq!(imported.importer.product, Product::Scan);
    assert_eq!(show(imported.summary.run_at), "2026-09-28T03:10:11.175Z");
    let (_, item) = &recorder.observations[0];
    assert_eq!((item.family, item.id.as_str()), ("nessus", "12345"));
    assert_eq!(item.title, "Portal < 1.1 RCE");
    assert_eq!(item.cves, ["CVE-2026-1111", "CVE-2026-2222"]);
    assert_eq!(
        (item.severity, item.severity_given.as_str()),
        (Some(Severity::Critical), "critical")
    );
    let vectors: Vec<(u8, f64)> = item
        .vectors
        .iter()
        .map(|vector| (vector.version, vector.score))
        .collect();
    assert_eq!(vectors, [(40, 9.3), (30, 9.8), (20, 10.0)]);
    assert_eq!(item.instance, "443/tcp");
    assert_eq!(item.remediation.as_deref(), Some("KB5043050"));
    assert_eq!((item.exploit, item.fix_available), (Exploit::Poc, Some(true)));
    assert_eq!(item.patch_published.unwrap().to_string(), "2026-09-08");
    assert_eq!(item.state, ObservationState::Seen);
    assert_eq!(show(item.first_seen), "2026-08-30T03:10:11.175Z");
    assert_eq!(show(item.last_seen), "2026-09-28T03:10:11.175Z");
    assert!(item.fingerprint.is_some());
}

#[test]
fn a_host_is_known_by_all_its_keys() {
    let (_, recorder) = read_fixture("tenable-vm/many.json");
    let web = recorder.host("web01.nordhafen.example");
    assert_eq!(web.fqdn.as_deref(), Some("web01.nordhafen.example"));
    assert_eq!(web.hostname.as_deref(), Some("web01"));
    assert_eq!(
        (&*web.ips, &*web.macs),
        (
            &["192.0.2.10".to_owned()][..],
            &["00:50:56:aa:bb:01".to_owned()][..]
        )
    );
    assert_eq!(web.uuid.as_deref(), Some("4c4c4544-0051-3610-8052-b4c04f4e3232"));
    assert_eq!(web.agent.as_deref(), Some("9928ced55f8a4121b63c15b50cd461e6"));
    assert_eq!(web.aliases, ["e6782de6-0000-4000-8000-000000000001"]);
    assert_eq!(
        (web.quality, web.os.as_deref()),
        (Some(Quality::Agent), Some("Debian 12"))
    );
    let db = recorder.host("db01.nordhafen.example");
    assert_eq!(db.hostname, None, "an address is no host name");
    assert_eq!(db.agent.as_deref(), Some("e6782de6-0000-4000-8000-000000000002"));
    assert_eq!(
        db.quality,
        Some(Quality::Unauthenticated),
        "the newer results count"
    );
    assert_eq!(
        show(db.scanned_at),
        "2026-09-27T03:10:00Z",
        "and not when another host was scanned"
    );
    let bare = recorder.host("e6782de6-0000-4000-8000-000000000003");
    assert_eq!((bare.quality, recorder.of(&bare.name).len()), (None, 1));
}

#[test]
fn a_row_has_a_life_and_a_rating_of_its_own() {
    let (imported, recorder) = read_fixture("tenable-vm/many.json");
    let web = recorder.of("web01.nordhafen.example");
    assert_eq!(
        web.iter().map(|item| item.instance.as_str()).collect::<Vec<_>>(),
        ["443/tcp", "8443/tcp", "0/tcp"]
    );
    assert_eq!(web[2].state, ObservationState::Fixed);
    assert_eq!(show(web[2].last_fixed), "2026-09-20T03:10:11Z");
    assert_eq!(
        web[2].fingerprint, None,
        "an output that was blacked out is like any other"
    );
    assert_eq!(
        (web[2].remediation.as_deref(), web[2].fix_available),
        (None, None)
    );
    let db = recorder.of("db01.nordhafen.example");
    assert_eq!(
        (db[0].state, db[0].exploit),
        (ObservationState::Reopened, Exploit::Active)
    );
    assert_eq!(
        (db[0].id.as_str(), db[0].remediation.as_deref()),
        ("200", Some("RHSA-2026:1234"))
    );
    assert_eq!(
        db[0].fix_available, None,
        "`has_patch: false` is not that there is none"
    );
    let ratings: Vec<(Option<Severity>, &str, Option<&str>)> = db[1..]
        .iter()
        .map(|item| {
            (
                item.severity,
                item.severity_given.as_str(),
                item.suppressed.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        ratings,
        [
            (
                Some(Severity::Medium),
                "medium",
                Some("recast from medium to info in Tenable")
            ),
            (Some(Severity::Low), "low", Some("accepted in Tenable")),
            (Some(Severity::Critical), "critical", None),
        ],
        "what was recast downwards is rated as before"
    );
    let left_out: Vec<(&str, u64)> = imported
        .summary
        .left_out
        .iter()
        .map(|left| (left.reason.as_str(), left.rows))
        .collect();
    assert_eq!(left_out, [("not a CVE id", 1)]);
}

#[test]
fn rows_may_stand_one_a_line_and_chunks_one_after_the_other() {
    let (imported, recorder) = read_fixture("tenable-vm/rows.ndjson");
    assert_eq!(recorder.of("web01.nordhafen.example").len(), 2);
    let rows = imported.summary.observations;
    let twice = fixture("tenable-vm/rows.ndjson").repeat(2);
    assert_eq!(read(&twice).unwrap().0.summary.observations, 2 * rows);
    let (imported, recorder) = read(&fixture("tenable-vm/many.json").repeat(3)).unwrap();
    assert_eq!((imported.summary.hosts, imported.summary.observations), (3, 24));
    assert_eq!(recorder.hosts.len(), 3, "a host of several chunks is one");
    let mixed = [
        fixture("tenable-vm/one.json"),
        fixture("tenable-vm-assets/one.json"),
    ]
    .concat();
    assert_refused("mixed", read(&mixed), "malformed", "row 2: a row without `asset`");
    let junk = [fixture("tenable-vm/rows.ndjson"), b"what".to_vec()].concat();
    assert_refused("junk", read(&junk), "malformed", "line 5");
}

#[test]
fn what_is_not_known_is_refused_with_its_row() {
    let text = String::from_utf8(fixture("tenable-vm/one.json")).unwrap();
    let deep = format!("\"plugin\": {}", "[".repeat(100_000));
    let many_cves = format!(
        "\"cve\": [{}\"CVE-2026-1111\",",
        "\"CVE-2026-1111\",".repeat(9000)
    );
    let many_names = format!("\"fqdn\": [{}\"a\"]", "\"a\",".repeat(400));
    let long_name = format!("\"fqdn\": \"{}\"", "n".repeat(2000));
    let rows = [
        (
            "\"OPEN\"",
            "\"GONE\"",
            "unknown",
            "row 1: `state` is `GONE`; `OPEN`",
        ),
        (
            "\"state\": \"OPEN\",",
            "",
            "malformed",
            "row 1: a row without `state`",
        ),
        (
            "\"severity\": \"critical\"",
            "\"severity\": \"grave\"",
            "unknown",
            "row 1: `severity` is `grave`; `info`",
        ),
        (
            "\"severity\": \"critical\"",
            "\"severity\": \"low\"",
            "malformed",
            "`severity` is `low`, but `severity_id` is `4`",
        ),
        (
            "\"severity_id\": 4",
            "\"severity_id\": 18446744073709551615",
            "unknown",
            "`severity_id` is `18446744073709551615`",
        ),
        (
            "\"severity_id\": 4",
            "\"severity_id\": 1e999",
            "malformed",
            "line",
        ),
        (
            "\"severity_id\": 4",
            "\"severity_id\": -4",
            "malformed",
            "invalid value",
        ),
        (
            "\"severity_id\": 4",
            "\"severity_id\": 3, \"severity_id\": 4",
            "malformed",
            "duplicate field",
        ),
        (
            "\"severity_default_id\": 4",
            "\"severity_default_id\": 5",
            "unknown",
            "`severity_default_id` is `5`",
        ),
        (
            "\"NONE\"",
            "\"HIDDEN\"",
            "unknown",
            "`severity_modification_type` is `HIDDEN`",
        ),
        (
            "\"2026-08-30T03:10:11.175Z\"",
            "\"yesterday\"",
            "unknown",
            "row 1: `first_found` is `yesterday`",
        ),
        (
            "\"2026-08-30T03:10:11.175Z\"",
            "\"08/09/2026\"",
            "unknown",
            "which is no time",
        ),
        (
            "\"id\": 12345",
            "\"id\": \"\\u001b[2J\"",
            "malformed",
            "`plugin.id`: `\\u{1b}[2J` is no id",
        ),
        (
            "\"id\": 12345",
            "\"id\": 123.5",
            "malformed",
            "the number of a plugin",
        ),
        ("\"id\": 12345,", "", "malformed", "a `plugin` without `id`"),
        ("\"port\": 443", "\"port\": 70000", "malformed", "u16"),
        ("WEB01.nordhafen.example.", "web\\u202e01", "malformed", "U+202E"),
        (
            "\"fqdn\": \"WEB01.nordhafen.example.\"",
            &long_name,
            "malformed",
            "row 1: a name of 2000 bytes",
        ),
        (
            "\"fqdn\": \"WEB01.nordhafen.example.\"",
            &many_names,
            "malformed",
            "a list of at most 256 texts",
        ),
        (
            "\"fqdn\": \"WEB01.nordhafen.example.\"",
            "\"fqdn\": 7",
            "malformed",
            "invalid type",
        ),
        (
            "\"cve\": [",
            &many_cves,
            "limit",
            "`plugin.cve` has more than 8192 CVEs",
        ),
        ("\"plugin\": {", &deep, "malformed", "invalid type"),
        (
            "\"asset\": {",
            "\"asset\": [], \"old\": {",
            "malformed",
            "expected an object",
        ),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    assert_refused(
        "cut",
        read(&text.as_bytes()[..text.len() - 4]),
        "truncated",
        "line",
    );
    assert_refused(
        "a list of numbers in it",
        read(
            text.replacen(
                '[',
                "[{\"asset\":{},\"plugin\":{},\"severity\":\"low\",\"state\":\"OPEN\"},5,",
                1,
            )
            .as_bytes(),
        ),
        "malformed",
        "without `id`",
    );
}

/// Above 16 MiB a chunk is no longer read at once; nothing else may change.
#[test]
fn a_large_chunk_is_read_as_a_stream() {
    let text = String::from_utf8(fixture("tenable-vm/rows.ndjson")).unwrap();
    let row = text.lines().nth(1).unwrap();
    let large = format!(
        "[{}]",
        vec![row.replacen("Install 1.1", &"x".repeat(100_000), 1); 180].join(",")
    );
    assert!(large.len() > 17 << 20);
    let (imported, recorder) = read(large.as_bytes()).unwrap();
    assert_eq!((imported.summary.observations, recorder.hosts.len()), (180, 1));
    assert_refused(
        "cut",
        read(&large.as_bytes()[..large.len() - 1]),
        "truncated",
        "line 1",
    );
    let lines = large[1..large.len() - 1].replace("},{\"asset\"", "}\n{\"asset\"");
    assert_eq!(read(lines.as_bytes()).unwrap().0.summary.observations, 180);
}

#[test]
fn the_asset_export_names_hosts_and_nothing_else() {
    let (imported, recorder) = read_fixture("tenable-vm-assets/many.json");
    assert_eq!(imported.importer.product, Product::Hosts);
    assert_eq!(show(imported.summary.run_at), "2026-09-29T16:05:52.583Z");
    let web = recorder.host("web01.nordhafen.example");
    assert_eq!(web.cloud_id.as_deref(), Some("i-0abc123def4567890"));
    assert_eq!(web.ips, ["192.0.2.10", "2001:db8::1"]);
    assert_eq!((web.status, web.scanned_at), (HostStatus::Unknown, None));
    let (_, vulnerabilities) = read_fixture("tenable-vm/one.json");
    let same = &vulnerabilities.hosts[0];
    assert_eq!(
        (&same.agent, &same.aliases, &same.uuid),
        (&web.agent, &web.aliases, &web.uuid)
    );
    let gone = recorder.host("e6782de6-0000-4000-8000-000000000004");
    assert_eq!(
        (gone.status, gone.agent.as_deref()),
        (HostStatus::Retired, Some(gone.name.as_str()))
    );
    assert_eq!(imported.summary.left_out[0].reason, "not an address");
    let text = String::from_utf8(fixture("tenable-vm-assets/one.json")).unwrap();
    for (from, to, kind, says) in [
        (
            "\"id\": \"e6782de6",
            "\"id\": \"\", \"old\": \"e6782de6",
            "malformed",
            "row 1: an asset without an `id`",
        ),
        (
            "\"web01.nordhafen.example\"",
            "\"web\\u0000\"",
            "malformed",
            "row 1: the name",
        ),
        (
            "2026-09-29T16:05:52.583Z",
            "soon",
            "unknown",
            "`updated_at` is `soon`",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
}
