//! Ansible's facts and callbacks.

use countersign::import::Product;
use countersign::model::ObservationState;

use super::{assert_refused, fixture, read, read_fixture, show};

#[test]
fn facts_are_a_host_that_answered() {
    let (imported, recorder) = read_fixture("ansible-facts/one.json");
    assert_eq!(imported.importer.product, Product::Deployment);
    let host = recorder.host("db01.example.com");
    assert_eq!(host.hostname.as_deref(), Some("db01"));
    assert_eq!(host.ips, ["192.0.2.71", "2001:db8::71"], "no loopback");
    assert_eq!(host.macs, ["00:00:5e:00:53:71"]);
    assert_eq!(host.uuid.as_deref(), Some("4c4c4544-0000-1111-2222-333333333333"));
    assert_eq!(host.serial, None, "`NA` is no serial number");
    assert_eq!(host.os.as_deref(), Some("Example Linux 9.2"));
    assert_eq!(show(host.scanned_at), "2026-09-05T06:00:00Z");
    assert!(host.fields.is_empty(), "nothing of the environment is kept");
    let (_, recorder) = read_fixture("ansible-facts/cache.json");
    assert_eq!(recorder.host("cache01").fqdn, None, "no name with a domain");
}

#[test]
fn hosts_that_did_not_answer_are_a_gap() {
    let (imported, recorder) = read_fixture("ansible-facts/many.txt");
    let names: Vec<&str> = recorder.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(names, ["web01", "10.0.0.9"]);
    assert_eq!(recorder.hosts[0].aliases, ["web01.example.com"]);
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("1 hosts could not be reached; 1 hosts failed to answer")
    );
    let (imported, recorder) = read_fixture("ansible-facts/none.json");
    assert!(recorder.hosts.is_empty() && imported.summary.incomplete.is_some());
}

#[test]
fn a_playbook_tells_what_it_installed() {
    let (imported, recorder) = read_fixture("ansible-callback/many.json");
    let told: Vec<(String, &str, ObservationState, String)> = recorder
        .observations
        .iter()
        .map(|(host, item)| {
            let host = recorder.hosts[host.0 as usize].name.clone();
            (
                host,
                item.title.as_str(),
                item.state,
                item.remediation.clone().unwrap(),
            )
        })
        .collect();
    let row = |host: &str, title, state, key: &str| (host.to_owned(), title, state, key.to_owned());
    let (installed, seen) = (ObservationState::Fixed, ObservationState::Seen);
    assert_eq!(
        told,
        [
            row(
                "win01.example.com",
                "Cumulative Update (KB5043050)",
                installed,
                "KB5043050"
            ),
            row("win01.example.com", "Other Update (failed)", seen, "KB5043051"),
            row(
                "win02.example.com",
                "Cumulative Update (KB5043050) (waits for a restart)",
                seen,
                "KB5043050"
            ),
            row(
                "lin01",
                "openssl-1:3.0.7-27.el9.x86_64",
                installed,
                "openssl-1:3.0.7-27.el9.x86_64"
            ),
            row(
                "lin02",
                "curl-7.76.1-29.el9.x86_64",
                installed,
                "curl-7.76.1-29.el9.x86_64"
            ),
        ]
    );
    assert_eq!(
        show(recorder.observations[0].1.last_fixed),
        "2026-09-06T02:00:00Z",
        "the time stands after the hosts"
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-06T02:30:00Z");
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("1 hosts could not be reached")
    );
    assert!(!recorder.hosts.iter().any(|host| host.name.starts_with("win03")));
    let reasons: Vec<&str> = imported
        .summary
        .skipped
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        [
            "unreachable: a gap, not a pass",
            "a task in check mode, which changes nothing",
            "a task whose result is hidden by `no_log`",
            "a task that failed and names no patch",
        ]
    );
}

#[test]
fn events_come_one_a_line() {
    let (imported, recorder) = read_fixture("ansible-callback/events.ndjson");
    assert_eq!(show(recorder.of("lin01")[0].last_fixed), "2026-09-06T01:10:00Z");
    assert_eq!(
        imported.summary.incomplete.as_deref(),
        Some("1 hosts could not be reached")
    );
    let text = String::from_utf8(fixture("ansible-callback/events.ndjson")).unwrap();
    let cut = text.lines().take(3).collect::<Vec<_>>().join("\n");
    let (imported, _) = read(cut.as_bytes()).unwrap();
    assert!(imported.summary.incomplete.unwrap().contains("no final `stats`"));
    assert_refused(
        "time",
        read(text.replacen("2026-09-06T01:10:00.000000Z", "soon", 1).as_bytes()),
        "malformed",
        "line 3: `soon` is no time",
    );
    assert_refused(
        "cut line",
        read(&text.as_bytes()[..text.len() - 20]),
        "truncated",
        "line 5",
    );
    let many = String::from_utf8(fixture("ansible-callback/many.json")).unwrap();
    assert_refused(
        "time",
        read(many.replacen("2026-09-06T02:00:00Z\"}", "soon\"}", 1).as_bytes()),
        "unknown",
        "`soon` is no time",
    );
    assert_refused(
        "a name",
        read(many.replacen("\"lin05\"", "\"lin\\u200b05\"", 1).as_bytes()),
        "malformed",
        "U+200B",
    );
}
