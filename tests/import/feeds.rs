//! The catalogue of known exploited vulnerabilities and the prediction scores.

use super::{assert_refused, fixture, read, read_fixture, show};

#[test]
fn the_catalogue_is_read_whole() {
    let (imported, recorder) = read_fixture("cisa-kev/many.json");
    let entries: Vec<String> = recorder
        .kev
        .iter()
        .map(|(cve, added, due)| {
            format!(
                "{cve} {added} {}",
                due.map(|due| due.to_string()).unwrap_or_default()
            )
        })
        .collect();
    assert_eq!(
        entries,
        [
            "CVE-2026-1111 2026-09-01 2026-09-22",
            "CVE-2026-2222 2026-09-02 ",
            "CVE-2026-3333 2026-09-03 "
        ]
    );
    assert_eq!(show(imported.summary.run_at), "2026-09-30T17:04:19.979600Z");
    let text = String::from_utf8(fixture("cisa-kev/many.json")).unwrap();
    let rows = [
        (
            "\"count\": 3",
            "\"count\": 4",
            "malformed",
            "`count` is 4, but there are 3 vulnerabilities",
        ),
        ("\"count\": 3,", "", "malformed", "`count` is missing"),
        (
            "CVE-2026-1111",
            "CVE-2026-1",
            "unknown",
            "line 14: `cveID` is \"CVE-2026-1\"",
        ),
        ("2026-09-01", "01.09.2026", "unknown", "`dateAdded`"),
        ("2026-09-22", "soon", "unknown", "`dueDate`"),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
}

#[test]
fn the_catalogue_is_read_as_csv_too() {
    let (imported, recorder) = read_fixture("cisa-kev-csv/many.csv");
    let entries: Vec<String> = recorder
        .kev
        .iter()
        .map(|(cve, added, due)| format!("{cve} {added} {due:?}"))
        .collect();
    assert_eq!(
        entries,
        [
            "CVE-2026-1111 2026-09-01 Some(Date(2026-09-22))",
            "CVE-2026-2222 2026-09-02 None"
        ]
    );
    assert_eq!(show(imported.summary.run_at), "-", "the name of the file says it");
    let text = String::from_utf8(fixture("cisa-kev-csv/one.csv")).unwrap();
    let rows = [
        (
            "CVE-2026-1111",
            "CVE-2026-1",
            "unknown",
            "row 2, column `cveID`: `CVE-2026-1` is no CVE id",
        ),
        ("2026-09-01", "9/1/2026", "unknown", "row 2, column `dateAdded`"),
        (
            "2026-09-01",
            "",
            "unknown",
            "row 2, column `dateAdded`: it is empty",
        ),
        ("2026-09-22", "soon", "unknown", "row 2, column `dueDate`"),
        (",CWE-79", "", "malformed", "10 cells, but the header has 11"),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
}

#[test]
fn scores_are_probabilities() {
    let (imported, recorder) = read_fixture("epss-csv/many.csv");
    let expected = [
        ("CVE-2026-1111".to_owned(), 0.42),
        ("CVE-2026-2222".to_owned(), 1.0),
        ("CVE-2026-3333".to_owned(), 9e-5),
    ];
    assert_eq!(recorder.epss, expected);
    assert_eq!(show(imported.summary.run_at), "2026-09-30T12:55:00Z");
    let bare = "CVE-2026-1111,0.42,0.97\nCVE-2026-2222,0.1,0.5\n";
    assert_eq!(
        read(bare.as_bytes()).unwrap().1.epss.len(),
        2,
        "neither comment nor header"
    );
    for bad in ["1.01", "-0.1", "NaN", "inf", "high", ""] {
        let text = format!("cve,epss,percentile\nCVE-2026-1111,{bad},0.97\n");
        assert_refused(bad, read(text.as_bytes()), "unknown", "row 2, column `epss`");
    }
    assert_refused(
        "id",
        read(b"cve,epss,percentile\nCVE-1,0.1,0.97\n"),
        "unknown",
        "row 2, column `cve`",
    );
    assert_refused(
        "width",
        read(b"cve,epss,percentile\nCVE-2026-1111,0.1\n"),
        "malformed",
        "row 2: 2 cells",
    );
    assert_refused(
        "cut",
        read(b"cve,epss,percentile\nCVE-2026-1111,0.1,0.9"),
        "truncated",
        "row 2",
    );
    assert_refused(
        "date",
        read(b"#model_version:v1,score_date:x\ncve,epss,percentile\n"),
        "unknown",
        "score_date",
    );
}
