//! What no honest scanner writes.

use std::fmt::Write as _;

use super::{assert_refused, files, fixture, fixtures, read};

#[test]
fn foreign_files_are_told_apart() {
    let says = |name: &str| match name {
        "nessus-v1.nessus" => "version 2",
        "nessus-policy.nessus" => "a Nessus policy",
        "empty" => "it is empty",
        _ => "known formats are nessus-v2, ",
    };
    for path in files(&fixtures().join("foreign")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert_refused(
            &name,
            read(&std::fs::read(&path).unwrap()),
            "foreign",
            says(&name),
        );
    }
    assert_refused(
        "zip",
        read(b"PK\x03\x04rest"),
        "truncated",
        "the directory of the archive",
    );
    assert_refused("utf-16", read(b"\xff\xfe<\0"), "foreign", "begins with `<`");
    assert_refused("escape", read(b"\x1b[2J\x1b[31m"), "foreign", "begins with");
}

fn document(doctype: &str, inner: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?>{doctype}<NessusClientData_v2><Report>{inner}</Report></NessusClientData_v2>"
    )
    .into_bytes()
}

#[test]
fn entities_are_neither_declared_nor_fetched() {
    let outside = "<!DOCTYPE NessusClientData_v2 SYSTEM \"https://example.org/a[b]>.dtd\">";
    assert!(
        read(&document(outside, "")).is_ok(),
        "honest exports name a DTD; it is not fetched"
    );
    let bomb = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    assert_refused("bomb", read(&document(bomb, "&b;")), "malformed", "DOCTYPE");
    let file = "<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>";
    assert_refused("file", read(&document(file, "&a;")), "malformed", "DOCTYPE");
    assert_refused(
        "custom",
        read(&document("", "<a>&secret;</a>")),
        "malformed",
        "`&secret;` is not allowed",
    );
    assert_refused(
        "attribute",
        read(&document("", "<a b=\"&secret;\"/>")),
        "malformed",
        "`&secret;` is not allowed",
    );
    assert_refused("late", read(&document("", outside)), "malformed", "declaration");
    for reference in [
        "&#0;",
        "&#xD800;",
        "&#x110000;",
        "&#;",
        "&#x;",
        "&#-1;",
        "&amp",
        "& ",
        "&#9999999999999;",
    ] {
        assert!(
            read(&document("", &format!("<a>{reference}</a>"))).is_err(),
            "{reference}"
        );
    }
    assert!(read(&document("", "<a>&#65;&#x1F600;&lt;&gt;&quot;&apos;&amp;</a>")).is_ok());
}

#[test]
fn xml_that_is_not_well_formed_is_refused() {
    let rows = [
        ("<a></b>", "malformed", "`</b>` closes `<a>`"),
        ("<a b=\"1\" b=\"2\"/>", "malformed", "`b` comes twice"),
        ("<a b=1/>", "malformed", "without quotes"),
        ("<a b/>", "malformed", "without a value"),
        ("<a b=\"1\"c=\"2\"/>", "malformed", "no space"),
        ("<a b=\"<\"/>", "malformed", "`&lt;`"),
        ("<1/>", "malformed", "`1` is no element name"),
        ("< a/>", "malformed", "is no element name"),
        ("<a", "malformed", ""),
        ("<![CDATA[ open", "truncated", "CDATA"),
        ("<!-- open", "truncated", "comment"),
        ("<?open", "truncated", "instruction"),
        ("<a b=\"open", "truncated", "inside a tag"),
        ("<!ELEMENT a>", "malformed", "declaration"),
    ];
    for (inner, kind, says) in rows {
        assert_refused(inner, read(&document("", inner)), kind, says);
    }
    let whole = document("", "");
    assert_refused(
        "junk",
        read(&[&whole, &b"junk"[..]].concat()),
        "malformed",
        "outside the root",
    );
    assert_refused(
        "second",
        read(&[&whole, &b"<a/>"[..]].concat()),
        "malformed",
        "second root",
    );
    assert_refused(
        "latin",
        read(&[&whole[..50], b"\xe9", &whole[50..]].concat()),
        "malformed",
        "not UTF-8",
    );
    let encoding =
        String::from_utf8(whole)
            .unwrap()
            .replacen("\"1.0\"", "\"1.0\" encoding=\"ISO-8859-1\"", 1);
    assert_refused(
        "encoding",
        read(encoding.as_bytes()),
        "malformed",
        "save the export as UTF-8",
    );
}

#[test]
fn limits_hold() {
    assert_refused(
        "deep",
        read(&document("", &"<a>".repeat(100))),
        "limit",
        "deeper than 64",
    );
    let mut attributes = String::new();
    for number in 0..300 {
        write!(attributes, " a{number}=\"\"").unwrap();
    }
    assert_refused(
        "attributes",
        read(&document("", &format!("<a{attributes}/>"))),
        "limit",
        "256 attributes",
    );
    let long = "x".repeat(2 << 20);
    assert_refused(
        "tag",
        read(&document("", &format!("<a b=\"{long}\"/>"))),
        "limit",
        "bytes",
    );
    let item = |inner: &str| {
        format!(
            "<ReportHost name=\"a\"><ReportItem severity=\"1\" pluginID=\"1\">{inner}</ReportItem></ReportHost>"
        )
    };
    assert_refused(
        "text",
        read(&document("", &item(&format!("<xref>{long}</xref>")))),
        "limit",
        "a text has more than",
    );
    assert!(
        read(&document(
            "",
            &item(&format!("<description>{long}</description>"))
        ))
        .is_ok()
    );
    let cves = "<cve>CVE-2026-1111</cve>".repeat(9000);
    assert_refused("cves", read(&document("", &item(&cves))), "limit", "8192 CVEs");
    let name = "n".repeat(2000);
    assert_refused(
        "name",
        read(&document("", &format!("<ReportHost name=\"{name}\"/>"))),
        "malformed",
        "a name of 2000 bytes",
    );
    let report = String::from_utf8(fixture("qualys-csv/report-one.csv")).unwrap();
    let cell = report.replacen("last\"", &format!("{}\"", "x".repeat(17 << 20)), 1);
    assert_refused("row", read(cell.as_bytes()), "limit", "bytes");
    let trivy = String::from_utf8(fixture("trivy-json/one.json")).unwrap();
    let deep = trivy.replacen(
        "\"References\": [",
        &format!("\"References\": {}", "[".repeat(100_000)),
        1,
    );
    assert!(read(deep.as_bytes()).is_err());
}

#[test]
fn a_file_that_unpacks_to_far_too_much_is_refused() {
    use std::io::Write as _;
    let pack = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let mut bomb = pack(&document("", "")[..50]);
    bomb.extend(pack(&vec![b' '; 1 << 20]).repeat(18));
    assert_refused("bomb", read(&bomb), "limit", "no honest export");
}

/// Any byte may be wrong; no text brings the importers down or makes them lose a row.
#[test]
fn a_wrong_byte_is_survived() {
    for name in [
        "nessus-v2/many.nessus",
        "qualys-csv/report-many.csv",
        "openvas-xml/many.xml",
        "openvas-csv/many.csv",
        "tenable-csv/nessus-many.csv",
        "tenable-csv/sc-many.csv",
        "tenable-csv/explore-many-semicolon.csv",
        "trivy-json/many.json",
        "tenable-vm/many.json",
        "tenable-vm/rows.ndjson",
        "tenable-vm-assets/many.json",
        "katello-errata/many.json",
        "epss-csv/many.csv",
    ] {
        let whole = fixture(name);
        for at in (0..whole.len()).step_by(11) {
            for byte in [0, b'"', b'<', b',', 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = byte;
                if let Err(error) = read(&bytes) {
                    assert!(
                        !error.to_string().chars().any(char::is_control),
                        "{name} {at}: {error:?}"
                    );
                }
            }
        }
    }
}

/// A spreadsheet that wraps its heads writes line ends into them; what an error names stays on its line.
#[test]
fn a_head_with_line_ends_is_named_on_one_line() {
    let table = String::from_utf8(fixture("qualys-csv/report-day-first.csv")).unwrap();
    let spoiled = table
        .replacen("\"First Detected\"", "\"First \r\nDetected\"", 1)
        .replacen("03/04/2026", "03/0]/2026", 1);
    assert_refused(
        "a date under it",
        read(spoiled.as_bytes()),
        "unknown",
        "column `First \\r\\nDetected`",
    );
}
