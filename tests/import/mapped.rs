//! Lists of deployment tools and alerts, by the columns and words that a Source maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::check::{self, Settings};
use countersign::diagnostic::Level;
use countersign::import::{Content, Export, ImportError, Imported, Options, Product, collect};
use countersign::model::{Configuration, DateOrder, MappingProfile, ObservationState, Severity, StateWords};
use countersign::reconcile::ImportState;

use super::{Recorder, assert_refused, fixture, read_with, show};
use crate::world::{World, at, find};

fn profile(columns: &[(&str, &str)], delimiter: Option<&str>, states: Option<StateWords>) -> MappingProfile {
    let columns: BTreeMap<String, String> = columns
        .iter()
        .map(|(field, header)| ((*field).into(), (*header).into()))
        .collect();
    let file = countersign::source::FileId(0);
    MappingProfile {
        delimiter: delimiter.map(Into::into),
        columns: countersign::source::Spanned {
            value: columns,
            span: countersign::source::Span::start_of(file),
        },
        active: Vec::new(),
        retired: Vec::new(),
        states,
    }
}

fn words(lists: [&[&str]; 5]) -> Option<StateWords> {
    let [installed, missing, failed, pending_reboot, unknown] =
        lists.map(|list| list.iter().map(|word| (*word).to_owned()).collect());
    Some(StateWords {
        installed,
        missing,
        failed,
        pending_reboot,
        unknown,
    })
}

pub(crate) fn wsus() -> MappingProfile {
    profile(
        &[
            ("name", "FullDomainName"),
            ("patch", "KnowledgebaseArticles"),
            ("state", "UpdateInstallationState"),
            ("time", "LastReportedStatusTime"),
            ("title", "Title"),
        ],
        None,
        words([
            &["Installed"],
            &["NotInstalled", "Downloaded"],
            &["Failed"],
            &["InstalledPendingReboot"],
            &["Unknown", "NotApplicable"],
        ]),
    )
}

pub(crate) fn alerts() -> MappingProfile {
    profile(
        &[
            ("name", "host.name"),
            ("cve", "vulnerability.id"),
            ("time", "@timestamp"),
            ("id", "event.id"),
        ],
        None,
        None,
    )
}

fn read_mapped(
    bytes: &[u8],
    profile: &MappingProfile,
    date_order: Option<DateOrder>,
) -> Result<(Imported, Recorder), ImportError> {
    let options = Options {
        mapping: Some(profile),
        date_order,
        ..Options::default()
    };
    read_with(bytes, &options)
}

fn told(recorder: &Recorder) -> Vec<String> {
    let row = |(host, item): &(countersign::import::HostIndex, countersign::model::Observation)| {
        let state = match item.state {
            ObservationState::Fixed => "installed",
            ObservationState::Seen | ObservationState::Reopened => "not",
        };
        let time = show(item.last_fixed.or(item.last_seen));
        let host = &recorder.hosts[host.0 as usize].name;
        format!("{host} {} {state} {time} {}", item.id, item.severity_given)
    };
    recorder.observations.iter().map(row).collect()
}

#[test]
fn an_export_of_wsus_is_read_by_its_words() {
    let (imported, recorder) = read_mapped(&fixture("mapping-deployment/wsus.csv"), &wsus(), None).unwrap();
    assert_eq!(
        (imported.importer.name, imported.importer.product),
        ("mapping-deployment", Product::Deployment)
    );
    assert_eq!(
        told(&recorder),
        [
            "win01.example.com KB5043050 installed 2026-09-14 07:21:07 Installed",
            "win01.example.com KB5043051 not 2026-09-14 07:21:07 InstalledPendingReboot",
            "win02.example.com KB5043050 not 2026-09-14 07:25:00 Failed",
            "win02.example.com KB5043052 not 2026-09-14 07:25:00 Failed",
            "win03.example.com KB5043053 not - NotInstalled",
        ]
    );
    assert_eq!(
        recorder.observations[1].1.title,
        "Other Update (waits for a restart)"
    );
    let skipped: Vec<&str> = imported
        .summary
        .skipped
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(
        skipped,
        [
            "a list of patches that PowerShell did not write out, such as `System.String[]`",
            "a row without the key of a patch",
            "a state that the tool does not know: no evidence",
        ]
    );
    assert_eq!(
        imported.summary.left_out[0].reason, "a time that is none, or could be of two days",
        "6 September or 9 June"
    );
    let (_, recorder) = read_mapped(
        &fixture("mapping-deployment/wsus.csv"),
        &wsus(),
        Some(DateOrder::MonthFirst),
    )
    .unwrap();
    assert_eq!(show(recorder.observations[4].1.last_seen), "2026-09-06 07:25:00");
}

#[test]
fn titles_and_prefixes_of_a_report_are_passed() {
    let states = words([
        &["Update is installed"],
        &["Update is required"],
        &[],
        &[],
        &["Detection state unknown"],
    ]);
    let by_short_names = profile(
        &[
            ("name", "DeviceName"),
            ("patch", "ArticleID"),
            ("state", "StateName"),
            ("reported", "LastUpdateScan"),
        ],
        None,
        states.clone(),
    );
    let by_whole_names = profile(
        &[
            ("name", "Details_Table0_DeviceName"),
            ("patch", "Details_Table0_ArticleID"),
            ("state", "Details_Table0_StateName"),
        ],
        None,
        states,
    );
    for profile in [&by_short_names, &by_whole_names] {
        let (imported, recorder) =
            read_mapped(&fixture("mapping-deployment/ssrs.csv"), profile, None).unwrap();
        assert_eq!(
            told(&recorder),
            [
                "WIN01 KB5043050 installed - Update is installed",
                "WIN02 KB5043050 not - Update is required"
            ]
        );
        assert_eq!(imported.summary.skipped[0].rows, 1);
        assert_eq!(
            recorder.hosts.len(),
            3,
            "a host of which nothing is known is a host"
        );
    }
    let (imported, recorder) =
        read_mapped(&fixture("mapping-deployment/ssrs.csv"), &by_short_names, None).unwrap();
    assert_eq!(
        show(recorder.host("WIN03").scanned_at),
        "2026-08-01 08:00:00",
        "it has not reported since"
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-14 08:00:00");
}

#[test]
fn a_separator_at_the_end_of_each_row_is_no_column() {
    let localised = profile(
        &[
            ("name", "Netbios_Name01"),
            ("patch", "Update01"),
            ("state", "Status01"),
        ],
        Some(";"),
        words([&["3"], &["2"], &[], &[], &["0"]]),
    );
    let text = String::from_utf8(fixture("mapping-deployment/semicolon.csv")).unwrap();
    let without = text.replacen("Status01;", "Status01", 1);
    for text in [&text, &without] {
        let (_, recorder) = read_mapped(text.as_bytes(), &localised, None).unwrap();
        assert_eq!(
            told(&recorder),
            ["WIN01 KB5043050 installed - 3", "WIN02 KB5043050 not - 2"]
        );
    }
    let more = without.replacen("3;", "3;x", 1);
    assert_refused(
        "more",
        read_mapped(more.as_bytes(), &localised, None),
        "malformed",
        "4 cells, but the header has 3",
    );
}

#[test]
fn a_state_that_no_list_has_is_refused() {
    let text = String::from_utf8(fixture("mapping-deployment/one.csv")).unwrap();
    let rows = [
        (
            "\"Installed\"",
            "\"Ready\"",
            "unknown",
            "row 2, column `UpdateInstallationState`: the state `Ready` is in no list of `mapping.states`; `installed` is [Installed]",
        ),
        (
            "\"UpdateInstallationState\"",
            "\"State\"",
            "foreign",
            "no column `UpdateInstallationState`",
        ),
        ("\"Title\"", "\"FullDomainName\"", "foreign", "no column `Title`"),
        (
            "win01",
            "win\u{200b}01",
            "malformed",
            "row 2, column `FullDomainName`",
        ),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(
            to,
            read_mapped(text.replacen(from, to, 1).as_bytes(), &wsus(), None),
            kind,
            says,
        );
    }
    let mut twice = wsus();
    twice.states.as_mut().unwrap().failed.push("installed".into());
    assert_refused(
        "twice",
        read_mapped(text.as_bytes(), &twice, None),
        "unknown",
        "in several lists: `installed`, `failed`",
    );
}

fn export(file: &str, text: &str, mapping: MappingProfile) -> Export {
    Export {
        file: file.into(),
        content: Content::Bytes(Arc::from(text.as_bytes())),
        source: None,
        mapping: Some(mapping),
        date_order: None,
        host: None,
        is_ad_hoc: true,
    }
}

/// A list of one tool: day of the run, state and time.
fn list(day: &str, state: &str, time: &str) -> Export {
    let text = format!(
        "FullDomainName,KnowledgebaseArticles,UpdateInstallationState,LastReportedStatusTime,Title\napp01,{{5043050}},{state},{time},An update\n"
    );
    export(&format!("wsus-{day}.csv"), &text, wsus())
}

fn world(exports: &[Export]) -> World {
    let mut world = World::new();
    world.scan("src-one", "2026-09-01T08:00:00Z", |scan| {
        scan.seen_with("app01", "1", &["CVE-2026-1111"], Severity::High, None, |item| {
            item.remediation = Some("KB5043050".into());
        });
    });
    world
        .scans
        .extend(collect(exports).into_iter().map(Result::unwrap));
    world
}

#[test]
fn what_a_tool_calls_installed_waits_for_a_scan() {
    let missing = list("2026-09-05", "NotInstalled", "");
    let says = |exports: &[Export], when: &str| {
        world(exports).judge(when, |register| {
            let finding = find(register, "app01", "CVE-2026-1111");
            let installed = finding.installed.as_ref().map(|one| (one.at, one.between));
            let rows = register.installs.len();
            (
                installed,
                rows,
                finding
                    .notes
                    .iter()
                    .map(|note| note.to_string())
                    .collect::<Vec<_>>(),
            )
        })
    };
    let told = says(
        &[list("2026-09-08", "Installed", "2026-09-07T10:00:00Z")],
        "2026-09-09",
    );
    let moment = at("2026-09-07T10:00:00Z");
    assert_eq!(
        told,
        (Some((moment, (moment, moment))), 1, Vec::new()),
        "by its own time"
    );
    let told = says(
        &[missing.clone(), list("2026-09-08", "Installed", "")],
        "2026-09-09",
    );
    let (from, to) = (at("2026-09-05T00:00:00Z"), at("2026-09-08T00:00:00Z"));
    assert_eq!(told, (Some((to, (from, to))), 1, Vec::new()), "between two runs");
    let told = says(&[list("2026-09-08", "Installed", "")], "2026-09-09");
    assert_eq!(
        (told.0.map(|one| one.0), told.1),
        (Some(to), 0),
        "nobody knows when, so no Change is asked for"
    );
    let told = says(
        &[list("2026-09-08", "Installed", "2026-09-07T10:00:00Z")],
        "2026-09-06",
    );
    assert_eq!(told.0, None, "not yet");
    let taken_back = [
        list("2026-09-08", "Installed", "2026-09-07T10:00:00Z"),
        list("2026-09-09", "Failed", "2026-09-09T10:00:00Z"),
    ];
    let told = says(&taken_back, "2026-09-10");
    assert_eq!((told.0, told.1), (None, 0));
    assert_eq!(
        told.2,
        ["mapping-deployment, 2026-09-09: KB5043050: An update (failed)"]
    );
    let waits = says(
        &[list(
            "2026-09-08",
            "InstalledPendingReboot",
            "2026-09-07T10:00:00Z",
        )],
        "2026-09-10",
    );
    assert_eq!(waits.0, None, "what waits for a restart is not installed");
    assert_eq!(
        waits.2,
        ["mapping-deployment, 2026-09-07: KB5043050: An update (waits for a restart)"]
    );
    let unknown = says(&[missing, list("2026-09-08", "Unknown", "")], "2026-09-10");
    assert_eq!(unknown.0, None, "what the tool does not know is no evidence");
    assert_eq!(
        unknown.2,
        ["mapping-deployment, 2026-09-05: KB5043050: An update (missing)"]
    );
}

#[test]
fn an_alert_makes_a_finding_exploited_from_its_moment() {
    let (imported, recorder) = read_mapped(&fixture("mapping-alerts/many.ndjson"), &alerts(), None).unwrap();
    assert_eq!(imported.importer.product, Product::Alerts);
    let first = recorder.of("web01")[0];
    assert_eq!(first.cves, ["CVE-2026-1111", "CVE-2026-2222"]);
    assert_eq!(
        (first.id.as_str(), show(first.first_seen)),
        ("al-1", "2026-09-20T10:00:00Z".into())
    );
    let skipped: Vec<&str> = imported
        .summary
        .skipped
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(skipped, ["an alert without a CVE", "an alert without a host"]);

    let line = |host: &str, cve: &str| {
        format!(
            "{{\"@timestamp\": \"2026-09-20T10:00:00Z\", \"event\": {{\"id\": \"1\"}}, \"host\": {{\"name\": \"{host}\"}}, \"vulnerability\": {{\"id\": \"{cve}\"}}}}\n"
        )
    };
    let since = |text: &str, when: &str| {
        world(&[export("alerts.ndjson", text, alerts())]).judge(when, |register| {
            let finding = find(register, "app01", "CVE-2026-1111");
            assert_eq!(register.findings.len(), 1, "an alert is no finding");
            let states: Vec<ImportState> = register.imports.iter().map(|line| line.state).collect();
            assert_eq!(states.len(), 2);
            finding.exploited_since.map(|day| day.to_string())
        })
    };
    let about = line("app01", "CVE-2026-1111");
    assert_eq!(since(&about, "2026-09-21").as_deref(), Some("2026-09-20"));
    assert_eq!(since(&about, "2026-09-19"), None, "before the alert");
    assert_eq!(since(&line("app01", "CVE-2026-9999"), "2026-09-21"), None);
    assert_eq!(since(&line("app02", "CVE-2026-1111"), "2026-09-21"), None);
}

/// The hours begin with the alert, and what names a host that nobody knows is not lost.
#[test]
fn an_alert_asks_for_an_incident_within_four_hours() {
    let line = |host: &str, cve: &str, at: &str| {
        format!(
            "{{\"@timestamp\": \"{at}\", \"event\": {{\"id\": \"1\"}}, \"host\": {{\"name\": \"{host}\"}}, \"vulnerability\": {{\"id\": \"{cve}\"}}}}\n"
        )
    };
    let lines = [
        line("app01", "CVE-2026-1111", "2026-09-20T11:00:00Z"),
        line("app01", "CVE-2026-1111", "2026-09-20T10:00:00Z"),
        line("mail09", "CVE-2026-7777", "2026-09-20T13:00:00Z"),
        line("mail09", "CVE-2026-8888", "2026-09-20T12:30:00Z"),
    ];
    let world = world(&[export("alerts.ndjson", &lines.concat(), alerts())]);
    let settings = Settings::new(&Configuration::default()).unwrap();
    let told = |when: &str| {
        world.judge(when, |register| {
            let told = check::run(register, &settings).into_iter();
            told.filter(|diagnostic| diagnostic.code == "REC017")
                .map(|diagnostic| (diagnostic.level, diagnostic.message))
                .collect::<Vec<_>>()
        })
    };
    assert_eq!(told("2026-09-20T12:00:00Z"), []);
    let stray = (
        Level::Warn,
        "`alerts.ndjson` holds 2 alerts about hosts that neither inventory nor scans know: `mail09`"
            .to_owned(),
    );
    assert_eq!(
        told("2026-09-20T14:00:00Z").as_slice(),
        std::slice::from_ref(&stray)
    );
    let late = told("2026-09-20T14:00:01Z");
    assert_eq!((late.len(), late[1].0), (2, Level::Error), "{late:?}");
    assert!(
        late[1].1.starts_with("`CVE-2026-1111` is attacked on `app01`"),
        "{late:?}"
    );
    assert_eq!(late[0], stray);
}

#[test]
fn an_alert_without_a_time_is_refused() {
    let text = String::from_utf8(fixture("mapping-alerts/one.ndjson")).unwrap();
    let rows = [
        ("\"@timestamp\"", "\"time\"", "unknown", ": alert 1 has no time"),
        (
            "2026-09-20T10:00:00Z",
            "soon",
            "unknown",
            "the time of alert 1 is `soon`",
        ),
        ("web01", "web\\u202e01", "unknown", "U+202E"),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(
            to,
            read_mapped(text.replacen(from, to, 1).as_bytes(), &alerts(), None),
            kind,
            says,
        );
    }
}
