//! D10: for which control and month there is evidence, and whether it is unchanged.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::{files, page_of, row, rows};

fn sha256(text: &str) -> String {
    Sha256::digest(text)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Evidence with the location, digest, moment, further lines and last day that a test wants.
fn evidence(
    id: &str,
    (location, sha256): (&str, &str),
    (at, until): (&str, &str),
    more: &str,
) -> (String, String) {
    let text = format!(
        "apiVersion: countersign/v1\nkind: Evidence\nid: {id}\ntitle: Scan\nowner: role-ciso\ncreated: 2025-06-01\nspec:\n  type: scan_import\n  \
         location: {location}\n  sha256: \"{sha256}\"\n  produced_at: {at}T08:00:00Z\n  controls: [iso27001:2022/8.8]\n  retain_until: {until}\n  \
         collected_by: p-ada\n{more}"
    );
    (format!("evidence/{id}.yaml"), text)
}

fn records() -> BTreeMap<String, String> {
    let mut records = files("");
    let soa = records.get_mut("soa/soa-2025.yaml").unwrap();
    let at = soa.find("  - control: \"8.9\"").unwrap();
    soa.insert_str(
        at,
        "    checkpoints:\n    - {id: 8.8-a, question: Scanned every week, period: month}\n    - {id: 8.8-b, question: Reviewed, period: quarter}\n",
    );
    records.insert("data/evidence/a.txt".into(), "a".into());
    records.insert("data/evidence/b.txt".into(), "changed".into());
    records.insert(
        "data/store.sha256".into(),
        format!("{}  scans/c.xml\n", sha256("c")),
    );
    let good = sha256("a");
    records.extend([
        evidence(
            "ev-0001",
            ("data/evidence/a.txt", &good),
            ("2025-11-12", "2028-01-01"),
            "  checkpoints: [8.8-a]\n",
        ),
        evidence(
            "ev-0002",
            ("data/evidence/b.txt", &good),
            ("2025-08-20", "2027-08-01"),
            "  period: 2025-Q3\n  checkpoints: [8.8-b]\n",
        ),
        evidence(
            "ev-0003",
            ("store://scans/c.xml", &sha256("c")),
            ("2025-12-30", "2028-01-01"),
            "  checkpoints: [8.8-a]\n",
        ),
        evidence(
            "ev-0004",
            ("store://scans/d.xml", &good),
            ("2025-12-30", "2026-06-01"),
            "  legal_hold: true\n",
        ),
        evidence(
            "ev-0005",
            ("data/evidence/none.txt", &good),
            ("2025-03-30", "2028-01-01"),
            "",
        ),
        evidence(
            "ev-0006",
            ("data/evidence/a.txt", &good),
            ("2026-01-20", "2029-01-01"),
            "",
        ),
    ]);
    records
}

#[test]
fn the_matrix_counts_evidence_by_month_and_says_where_none_is() {
    let page = page_of("D10", &records(), |_| {});
    assert!(page.contains("covers 2025-02 to 2026-01"));
    assert!(page.contains(
        "Pieces of evidence: 5. Left out, and counted here: produced after as-of 1, closed or superseded 0."
    ));
    let header = page
        .lines()
        .find(|line| line.starts_with("| Control or checkpoint |"))
        .unwrap();
    assert!(
        header.contains("| Feb | Mar |") && header.ends_with("| Dec | Jan |"),
        "{header}"
    );
    let matrix = rows(&page, "Pieces of evidence by control and month");
    let none = "none";
    let monthly = row(&matrix, "8.8-a");
    assert_eq!(
        monthly[10..],
        ["1", "1", "–"],
        "November, December, and January that is not over: {monthly:?}"
    );
    assert!(monthly[1..10].iter().all(|cell| cell == none), "{monthly:?}");
    let quarterly = row(&matrix, "8.8-b");
    assert_eq!(quarterly[6..9], ["1", "1", "1"], "one piece proves the quarter");
    assert_eq!(quarterly[9..], [none, none, none, "–"]);
    let control = row(&matrix, "8.8;");
    assert_eq!(
        control[1..],
        ["–", "1", "–", "–", "–", "1", "1", "1", "–", "1", "2", "–"]
    );
    assert_eq!(row(&matrix, "5.1;")[1..], ["–"; 12]);
}

#[test]
fn gaps_name_the_months_and_the_controls() {
    let page = page_of("D10", &records(), |_| {});
    let gaps = rows(&page, "Checkpoints with months without evidence");
    assert_eq!(row(&gaps, "8.8-a")[3], "9 of 11");
    assert_eq!(row(&gaps, "8.8-b")[3], "8 of 11");
    let uncovered = rows(&page, "Applicable controls without any evidence");
    assert!(uncovered.iter().all(|row| row[0] != "8.8"));
    assert_eq!(
        uncovered.len(),
        93 - 3 + 1 - 1,
        "all but 8.16, two excluded and 8.8, and one of their own"
    );
}

#[test]
fn digests_and_retention_are_judged_piece_by_piece() {
    let page = page_of("D10", &records(), |_| {});
    let pieces: Vec<(String, String, String)> = rows(&page, "Evidence, what cannot be relied on first")
        .into_iter()
        .map(|row| (row[0][..7].to_owned(), row[4].clone(), row[5].clone()))
        .collect();
    let piece = |id: &str, digest: &str, kept: &str| (id.to_owned(), digest.to_owned(), kept.to_owned());
    assert_eq!(
        pieces,
        [
            piece(
                "ev-0005",
                "not there; the repository has no such file",
                "long enough; until 2028-01-01"
            ),
            piece(
                "ev-0002",
                "different; with the file in the repository",
                "too short; until 2027-08-01"
            ),
            piece(
                "ev-0004",
                "not checked; no list of the store names it",
                "legal hold; until 2026-06-01"
            ),
            piece(
                "ev-0001",
                "equal; with the file in the repository",
                "long enough; until 2028-01-01"
            ),
            piece(
                "ev-0003",
                "equal; with the list data/store.sha256",
                "long enough; until 2028-01-01"
            ),
        ]
    );
    let totals = rows(&page, "The evidence in figures");
    assert_eq!(
        row(&totals, "Evidence with its digest checked")[1],
        "40.0 % (2 of 5, small n)"
    );
    assert_eq!(
        row(&totals, "Months of checkpoints with evidence")[1],
        "22.7 % (5 of 22)"
    );
}

#[test]
fn without_evidence_or_a_statement_the_page_says_so() {
    let mut records = files("");
    records.retain(|path, _| !path.starts_with("soa/") && !path.starts_with("approvals/soa"));
    let page = page_of("D10", &records, |_| {});
    assert!(page.contains("none: there is no Statement of Applicability"));
    assert!(page.contains("There is no evidence in the repository."));
}
