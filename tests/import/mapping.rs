//! Lists of hosts by mapped columns.

use countersign::import::{ImportError, Imported, Options};
use countersign::model::{HostStatus, MappingProfile};

use super::counts::profile;
use super::{Recorder, assert_refused, fixture, read_with};

fn read_mapped(bytes: &[u8], profile: &MappingProfile) -> Result<(Imported, Recorder), ImportError> {
    read_with(
        bytes,
        &Options {
            mapping: Some(profile),
            ..Options::default()
        },
    )
}

#[test]
fn mapped_columns_make_hosts() {
    let (imported, recorder) = read_mapped(&fixture("mapping/many.csv"), &profile()).unwrap();
    let web = recorder.host("web01");
    assert_eq!(web.fqdn.as_deref(), Some("web01.nordhafen.example"));
    assert_eq!(
        (&*web.ips, &*web.macs),
        (
            &["192.0.2.10".to_owned(), "192.0.2.11".to_owned()][..],
            &["00:50:56:aa:bb:01".to_owned()][..]
        )
    );
    assert_eq!(
        (web.serial.as_deref(), &*web.aliases),
        (Some("SN1"), &["www".to_owned(), "shop".to_owned()][..])
    );
    assert_eq!(web.fields["tier"], "1");
    assert_eq!(web.fields["name"], "web01", "every mapped column is a field");
    assert_eq!(web.fields.len(), 8);
    let statuses: Vec<HostStatus> = recorder.hosts.iter().map(|host| host.status).collect();
    assert_eq!(
        statuses,
        [HostStatus::Active, HostStatus::Active, HostStatus::Retired]
    );
    assert!(recorder.host("db01").ips.is_empty());
    assert_eq!(imported.summary.left_out[0].reason, "not an IP address");
    let reasons: Vec<&str> = imported
        .summary
        .skipped
        .iter()
        .map(|skipped| skipped.reason.as_str())
        .collect();
    assert_eq!(reasons, ["a row without a name", "an empty row"]);
    for (name, hosts) in [("mapping/none.csv", 0), ("mapping/one.csv", 1)] {
        let (imported, _) = read_mapped(&fixture(name), &profile()).unwrap();
        assert_eq!(
            (imported.summary.hosts, imported.importer.name),
            (hosts, "mapping")
        );
    }
}

#[test]
fn what_does_not_fit_the_mapping_is_refused() {
    let text = String::from_utf8(fixture("mapping/one.csv")).unwrap();
    let rows = [
        (
            "In Use",
            "Lent",
            "unknown",
            "row 2, column `Status`: the status \"Lent\" is in neither list; `mapping.active` is [In Use, Planned]",
        ),
        ("In Use", "", "unknown", "the status \"\""),
        (
            "Status",
            "State",
            "foreign",
            "no column `Status`; the columns are `Name`, `FQDN`",
        ),
        ("Tier", "Serial", "foreign", "no column `Tier`"),
        ("Aliases", "Name", "foreign", "no column `Aliases`"),
        (",www", "", "malformed", "row 2: 7 cells, but the header has 8"),
        ("web01,", "web\u{1b}01,", "malformed", "row 2, column `Name`"),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(
            to,
            read_mapped(text.replacen(from, to, 1).as_bytes(), &profile()),
            kind,
            says,
        );
    }
    let twice = text
        .replacen("Aliases", "Aliases,Name", 1)
        .replacen(",www", ",www,x", 1);
    assert_refused(
        "twice",
        read_mapped(twice.as_bytes(), &profile()),
        "malformed",
        "`Name` comes twice",
    );
    assert_refused("empty", read_mapped(b"", &profile()), "foreign", "no column");
    assert_refused(
        "foreign",
        read_mapped(&fixture("nessus-v2/one.nessus"), &profile()),
        "foreign",
        "no column",
    );
    let mut both = profile();
    both.retired.push("in use".into());
    assert_refused(
        "both",
        read_mapped(text.as_bytes(), &both),
        "unknown",
        "in both lists",
    );
}

#[test]
fn the_separator_is_the_mappings() {
    let mut semicolons = profile();
    semicolons.delimiter = Some(";".into());
    let text = String::from_utf8(fixture("mapping/one.csv"))
        .unwrap()
        .replace(',', ";");
    assert_eq!(
        read_mapped(text.as_bytes(), &semicolons).unwrap().0.summary.hosts,
        1
    );
    semicolons.delimiter = Some("\"".into());
    assert_refused(
        "quote",
        read_mapped(text.as_bytes(), &semicolons),
        "foreign",
        "`mapping.delimiter`",
    );
}
