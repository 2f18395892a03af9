//! D07: what the committee has to decide, and what was decided.

use super::{decision, files, page_of, row, rows};

#[test]
fn the_agenda_has_what_stands_expired_or_waits_the_oldest_first() {
    let page = page_of("D07", &files(""), |_| {});
    let agenda = rows(&page, "Exceptions to decide");
    let ids: Vec<&str> = agenda.iter().map(|row| &row[0][..8]).collect();
    assert_eq!(ids, ["exc-0002", "exc-0004", "exc-0003", "exc-0005", "exc-0006"]);
    let chained = row(&agenda, "exc-0002");
    assert_eq!(chained[2], "306; renewals: 1");
    assert_eq!(
        chained[4], "92; over findings: 2",
        "46 days past the first due date, twice"
    );
    assert!(
        chained[5].starts_with("end planned on 2026-01-15; 306 of 320 days have passed"),
        "{chained:?}"
    );
    assert_eq!(
        chained[7],
        "keep; 2 findings under it, the planned end lies ahead, 14 days left"
    );
    let expired = &row(&agenda, "exc-0004")[7];
    for fact in [
        "escalate; 1 finding still open after it ended",
        "the planned end, 2025-12-15, has passed",
        "EXC001: exception `exc-0004` has expired",
    ] {
        assert!(expired.replace('\\', "").contains(fact), "{fact} in {expired}");
    }
    assert!(row(&agenda, "exc-0005")[7].contains("not approved: it covers nothing"));
}

#[test]
fn with_no_finding_left_the_facts_suggest_to_close_it() {
    let page = page_of("D07", &files(""), |register| {
        register
            .findings
            .retain(|finding| &*finding.vuln != "CVE-2025-1111");
    });
    let agenda = rows(&page, "Exceptions to decide");
    assert_eq!(
        row(&agenda, "exc-0003")[7],
        "close; no open finding is left under it"
    );
    assert!(page.contains("| exc-0003 | close | ☐ | ☐ | ☐ | |"));
}

#[test]
fn decisions_are_told_one_by_one_and_an_unsigned_one_is_called_so() {
    let mut records = files("");
    records.extend(decision("Exception", "exc-0002", "review_keep", "2025-12-10"));
    records.get_mut("exceptions/exc-0002.yaml").unwrap().push_str(
        "  reviews:\n  - {at: 2025-12-10, by: p-kim, outcome: the vendor names a day}\n  - {at: 2025-12-11, by: p-ada, outcome: keep}\n",
    );
    let page = page_of("D07", &records, |_| {});
    assert!(page.contains("Signed: 1. Told of without a signature that counts: 1."));
    let decisions = rows(&page, "Decisions at reviews of the period");
    assert_eq!(decisions.len(), 2);
    assert_eq!(
        decisions[0][2..6],
        [
            "review (keep)",
            "Kim Larsen (p-kim); as role-ciso",
            "the vendor names a day",
            "signed"
        ]
    );
    assert_eq!(decisions[1][2], "told by the record alone");
    assert_eq!(decisions[1][5], "not signed");
    let agenda = rows(&page, "Exceptions to decide");
    assert_eq!(
        row(&agenda, "exc-0002")[6],
        "2025-12-10: review (keep) by Kim Larsen"
    );
    let html_free = page_of("D07", &files(""), |_| {});
    assert!(html_free.contains("Nobody has signed a review in the period."));
}

#[test]
fn members_of_committees_are_listed_for_the_sign_off() {
    let mut records = files("");
    let role = records.get_mut("roles/role-it.yaml").unwrap();
    *role = role.replace("type: role", "type: committee\n  quorum: 1");
    let page = page_of("D07", &records, |_| {});
    assert_eq!(
        rows(&page, "Members of the committees")[0],
        [
            "role-it; IT operations; quorum 1",
            "Kim Larsen (p-kim)",
            "not told"
        ]
    );
}
