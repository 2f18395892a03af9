//! Decisions made at the command line: what is shown, what is refused, what is written.

use std::path::Path;
use std::process::{Command, Stdio};

use super::house::{EXCEPTION, House};
use super::peers::require;

/// Runs the line that any auditor can run over an approval.
pub(crate) fn openssh_says(root: &Path, approval: &str, principal: &str) -> String {
    openssh_says_with(root, approval, principal, &[])
}

pub(crate) fn openssh_says_with(root: &Path, approval: &str, principal: &str, more: &[&str]) -> String {
    let text = std::fs::read_to_string(root.join(approval)).unwrap();
    let at = text.lines().find_map(|line| line.strip_prefix("at: ")).unwrap();
    let digits: String = at.chars().filter(char::is_ascii_digit).collect();
    let output = Command::new("ssh-keygen")
        .args(["-Y", "verify", "-f", "keyring/allowed_signers", "-I", principal])
        .args([
            "-n",
            "countersign-approval",
            "-O",
            &format!("verify-time={digits}Z"),
            "-s",
        ])
        .arg(format!("{approval}.sig"))
        .args(more)
        .current_dir(root)
        .stdin(Stdio::from(std::fs::File::open(root.join(approval)).unwrap()))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn two_people_approve_and_the_exception_counts() {
    let house = House::new();
    let (code, out, err) = house.run_as("p-osei", &["approve", "exc-0014"]);
    assert_eq!(code, 0, "{err}");
    let paths: Vec<&str> = out.lines().collect();
    assert_eq!(paths.len(), 2, "{out}");
    assert!(
        paths[0].starts_with("approvals/exc-0014/") && paths[0].ends_with("-p-osei-1.yaml"),
        "{out}"
    );
    for words in [
        "Hold back the shop until the freeze ends",
        "CVE-2026-1444 to stay open on sys-shop",
        "2: shop01, shop02",
        "2026-11-20 to 2026-12-15 (25 d)",
        "Rule 12 blocks the request (waf_rule, assessed by p-osei)",
        "approve: yes, as role-security, up to high, 90 d",
        "sha256:",
        "`exc-0014` is not approved yet",
        "could be p-berg as role-shop-owner",
        "git add approvals/exc-0014/",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    let text = house.read(paths[0]);
    assert!(
        text.contains("at: 2026-11-22T12:00:00Z")
            && text.contains("exc-0014 high, sys-shop (2 hosts), until 2026-12-15"),
        "{text}"
    );
    let (code, _, err) = house.run_as("p-berg", &["approve", "exc-0014", "--role", "role-shop-owner"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("`exc-0014` is approved"), "{err}");
    assert_eq!(house.approval_faults(), [""; 0]);
    if require(&["ssh-keygen"]) {
        let said = openssh_says(&house.root(), paths[0], "p-osei@nordhafen.example");
        assert!(
            said.starts_with("Good \"countersign-approval\" signature"),
            "{said}"
        );
    }
    // Whoever approves twice is told so, and nothing is written.
    let before = house.approvals();
    let (code, out, err) = house.run_as("p-osei", &["approve", "exc-0014", "--role", "role-security"]);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(
        err.contains("has approved `exc-0014` as role-security already"),
        "{err}"
    );
    assert_eq!(house.approvals(), before);
}

#[test]
fn what_a_person_may_not_do_is_refused_before_it_is_signed() {
    let mut house = House::new();
    house.make_key("stranger");
    let rows: [(&str, &[&str], &str); 5] = [
        (
            "p-lee",
            &["approve", "exc-0014", "--role", "role-security"],
            "error APR003 exc-0014 - p-lee as role-security: `p-lee` requested it and cannot approve it",
        ),
        (
            "p-osei",
            &["approve", "exc-0014", "--role", "role-ciso"],
            "error APR002 exc-0014 - p-osei as role-ciso: the person did not hold the role",
        ),
        (
            "p-osei",
            &["approve", "exc-0014", "--role", "role-security-owner"],
            "error APR002 exc-0014 - p-osei as role-security-owner: the role may not approve the kind Exception",
        ),
        (
            "p-kim",
            &["reject", "exc-0014", "--reason", "no", "--role", "role-security"],
            "error APR002 exc-0014 - p-kim as role-security: the person did not hold the role",
        ),
        (
            "stranger",
            &["approve", "exc-0014", "--role", "role-ciso"],
            "error APR005 exc-0014 - SHA256:",
        ),
    ];
    for (who, words, expected) in rows {
        let (code, out, err) = house.run_as(who, words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {err}");
        assert!(err.contains(expected), "{words:?}: {err}");
    }
    house.replace("exceptions/exc-0014.yaml", "severity: high", "severity: critical");
    house.commit("p-lee", "Worse");
    let (code, _, err) = house.run_as("p-osei", &["approve", "exc-0014", "--role", "role-security"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("error APR002 exc-0014 - p-osei as role-security: the role may approve up to high; this is critical"),
        "{err}"
    );
    assert!(house.approvals().is_empty());
}

#[test]
fn the_author_of_the_content_is_refused_before_the_first_approval() {
    let house = House::new();
    house.replace("exceptions/exc-0014.yaml", "2026-12-15", "2026-12-10");
    house.commit("p-osei", "A shorter one");
    let (code, _, err) = house.run_as("p-osei", &["approve", "exc-0014", "--role", "role-security"]);
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("error APR003") && err.contains("wrote the last change of the content"),
        "{err}"
    );
    let (_, out, _) = house.run(&["status", "exc-0014"]);
    assert!(out.contains("p-osei may not: the approver wrote"), "{out}");
    house.replace("exceptions/exc-0014.yaml", "2026-12-10", "2026-12-11");
    let (code, _, err) = house.run_as("p-berg", &["approve", "exc-0014"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("is not committed as it is"), "{err}");
}

#[test]
fn wrong_usage_says_what_to_do() {
    let house = House::new();
    let rows: [(&[&str], &str); 8] = [
        (&["approve", "exc-0014#scope"], "no kind of record has such parts"),
        (&["approve", "exc-9999"], "there is no record `exc-9999`"),
        (&["approve", "Exc 1"], "is no id of a record"),
        (
            &["approve", "exc-0014", "--as-of", "2026-11-20"],
            "a decision is made when it is made",
        ),
        (
            &["reject", "exc-0014", "--reason", " "],
            "`--reason` is a sentence",
        ),
        (&["review", "exc-0014", "--end"], "--reason"),
        (
            &["review", "exc-0014", "--keep", "--end", "--reason", "x"],
            "cannot be used with",
        ),
        (&["approve", "isms", "--role", "Not a role"], "is no id of a role"),
    ];
    for (words, expected) in rows {
        let (code, out, err) = house.run_as("p-osei", words);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(expected), "{words:?}: {err}");
    }
    // The roles are listed where none fits alone.
    let (code, _, err) = house.run_as("p-kim", &["approve", "exc-0014"]);
    assert_eq!(code, 2);
    assert!(err.contains("`role-ciso`, `role-security-owner`"), "{err}");
    assert!(house.approvals().is_empty());
}

#[test]
fn a_record_that_does_not_fit_its_schema_is_not_decided_about() {
    let house = House::new();
    house.replace("exceptions/exc-0014.yaml", "severity: high", "severity: dreadful");
    let (code, out, err) = house.run_as("p-osei", &["approve", "exc-0014"]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("dreadful") && err.contains("exceptions/exc-0014.yaml:16"),
        "{err}"
    );
    assert!(house.approvals().is_empty());
}

#[test]
fn a_rejection_and_a_revocation_are_kept_and_end_it() {
    let house = House::new();
    house.run_as("p-osei", &["approve", "exc-0014"]);
    house.run_as("p-berg", &["approve", "exc-0014"]);
    let (code, out, err) = house.run_as(
        "p-berg",
        &["reject", "exc-0014", "--reason", "the rule \"12\" leaks\nbadly"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("-p-berg-2.yaml"), "{out}");
    assert!(err.contains("`exc-0014` is rejected"), "{err}");
    let (code, out, err) = house.run_as("p-osei", &["revoke", "exc-0014", "--reason", "exploited"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("-p-osei-2.yaml") && err.contains("`exc-0014` is revoked"),
        "{out}{err}"
    );
    let faults = house.approval_faults();
    assert!(
        faults
            .iter()
            .any(|fault| fault.contains("was revoked by `p-osei`")),
        "{faults:?}"
    );
    let (code, out, _) = house.run(&["status", "exc-0014"]);
    assert_eq!(code, 0);
    for words in [
        "p-osei as role-security approved: counted, until the same person decided anew",
        "p-berg as role-shop-owner rejected (the rule \"12\" leaks\\nbadly): counts",
        "p-osei as role-security revoked (exploited): counts",
        "2026-12-15 (in 23 d); its findings are then due",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    assert_eq!(house.approvals().len(), 8);
}

#[test]
fn a_review_is_signed_and_written_into_its_record_alone() {
    let house = House::new();
    house.run_as("p-osei", &["approve", "exc-0014"]);
    house.run_as("p-berg", &["approve", "exc-0014"]);
    let (code, out, err) = house.run_as("p-osei", &["review", "exc-0014", "--keep"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("exceptions/exc-0014.yaml\n"), "{out}");
    assert!(err.contains("the next review is due on 2026-12-22"), "{err}");
    let expected = EXCEPTION
        .replace(
            "{cycle_days: 30, last: 2026-11-01}",
            "{next: 2026-12-22, cycle_days: 30, last: 2026-11-22}",
        )
        .replace(
            "  scope:\n",
            "  reviews: [{at: 2026-11-22, by: p-osei, outcome: keep}]\n  scope:\n",
        );
    assert_eq!(house.read("exceptions/exc-0014.yaml"), expected);
    assert_eq!(house.approval_faults(), [""; 0], "the approvals still count");
    let (code, _, err) = house.run_as(
        "p-osei",
        &["review", "exc-0014", "--end", "--reason", "the freeze is over"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(
        house
            .read("exceptions/exc-0014.yaml")
            .contains("outcome: keep}, {at: 2026-11-22, by: p-osei, outcome: end}]"),
    );
    assert!(err.contains("`exc-0014` is revoked"), "{err}");
}

#[test]
fn reviews_fit_into_every_form_of_yaml() {
    let rows = [
        (
            "review: {cycle_days: 30, last: 2026-11-01}   # monthly\n",
            "",
            "status: submitted\nspec:\n",
        ),
        (
            "review: {cycle_days: 30, last: 2026-11-01}   # monthly\n",
            "review:\n  # by contract\n  cycle_days: 10\n",
            "review:\n  # by contract\n  next: 2026-12-02\n  last: 2026-11-22\n  cycle_days: 10\n",
        ),
        (
            "  severity: high\n",
            "  reviews:\n    - at: 2026-11-21\n      by: p-osei\n      outcome: keep   # the first\n  severity: high\n",
            "      outcome: keep   # the first\n    - {at: 2026-11-22, by: p-osei, outcome: keep}\n  severity: high\n",
        ),
        (
            "  severity: high\n",
            "  reviews: []\n  severity: high\n",
            "  reviews: [{at: 2026-11-22, by: p-osei",
        ),
    ];
    for (from, to, expected) in rows {
        let house = House::new();
        house.replace("exceptions/exc-0014.yaml", from, to);
        let (code, _, err) = house.run_as(
            "p-osei",
            &["review", "exc-0014", "--keep", "--role", "role-security"],
        );
        assert_eq!(code, 0, "{err}");
        let text = house.read("exceptions/exc-0014.yaml");
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn what_is_shown_is_harmless_and_tells_what_changed() {
    let house = House::new();
    house.run_as("p-osei", &["approve", "exc-0014"]);
    house.commit("p-osei", "Approve");
    house.replace(
        "exceptions/exc-0014.yaml",
        "expires: 2026-12-15",
        "expires: 2026-12-31",
    );
    house.commit("p-lee", "Longer");
    let (code, out, err) = house.run(&["review", "exc-0014"]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("since p-osei approved it: spec.expires 2026-12-15 -> 2026-12-31"),
        "{out}"
    );
    assert!(out.contains("was changed after it was approved"), "{out}");
    let (_, out, _) = house.run_as("p-osei", &["review", "exc-0014"]);
    assert!(out.contains("approve: yes, as role-security"), "{out}");
    let (code, out, err) = house.run_as("p-osei", &["approve", "exc-0014"]);
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(house.approvals().len(), 4, "nothing that was there is gone");
}

#[test]
fn the_configuration_needs_two_owners() {
    let house = House::new();
    house.write(
        "compliance.yaml",
        "apiVersion: countersign/v1\nkind: Configuration\nrules:\n  EXC002: {soon_days: 21}\n",
    );
    house.commit("p-lee", "Configure");
    let (code, out, err) = house.run_as("p-kim", &["approve", "compliance"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("approvals/compliance/"), "{out}");
    assert!(
        err.contains("role-security-owner, 1 of 2 people") && err.contains("could be p-lee, p-osei"),
        "{err}"
    );
    let (_, _, err) = house.run_as("p-osei", &["approve", "compliance"]);
    assert!(err.contains("2 of 2 people"), "{err}");
}

#[test]
fn the_inbox_holds_what_the_person_can_answer_and_what_ends() {
    let house = House::new();
    house.write_person(
        "p-berg",
        &house.key_entry("p-berg", "valid_from: 2025-01-01, valid_to: 2026-12-01"),
        "  delegations: [{to: p-kim, roles: [role-shop-owner], from: 2026-11-01, until: 2026-11-30}]\n",
    );
    let (code, out, err) = house.run_as("p-berg", &["status"]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines,
        [
            "waits for p-berg",
            "  exc-0014  as role-shop-owner  severity high  Hold back the shop until the freeze ends",
            "ends or is due by then",
            "  2026-11-30  the delegation of role-shop-owner by p-berg to p-kim ends",
            &format!("  2026-12-01  the key {} ends", house.fingerprint("p-berg")),
        ]
    );
    house.run_as("p-berg", &["approve", "exc-0014"]);
    let (_, out, _) = house.run_as("p-berg", &["status"]);
    assert!(
        !out.contains("waits for") && out.contains("2026-12-15  Exception exc-0014 ends"),
        "{out}"
    );
    // The requester is asked for nothing, and owns what ends and is to be reviewed.
    let (_, out, _) = house.run_as("p-lee", &["status"]);
    assert!(!out.contains("waits for"), "{out}");
    assert!(
        out.contains("2026-12-01  Exception exc-0014 is to be reviewed"),
        "{out}"
    );
    let (code, out, err) = house.run_as("p-osei", &["status", "--as-of", "2026-11-21"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("exc-0014  as role-security"), "{out}");
}

#[test]
fn an_emergency_approval_counts_until_its_fuse_has_burnt_down() {
    let house = House::new();
    house.write("policies/pol-one.md", "# Policy\n");
    house.write(
        "policies/pol-one.yaml",
        "apiVersion: countersign/v1\nkind: Policy\nid: pol-one\ntitle: Policy\nowner: role-ciso\ncreated: 2025-01-01\n\
         status: draft\nversion: 1.0.0\nspec:\n  text: policies/pol-one.md\n  cadence: []\n\
         \x20 scanning: {max_age_days: 7, after_change_hours: 72, authenticated: true}\n  approved_sources: []\n\
         \x20 change_rules: []\n  communications: []\n  retention_years: 2\n  emergency: {fuse_hours: 48}\n",
    );
    house.write_role("role-emergency-approver", "[{kind: Exception}]", "");
    house.replace(
        "roles/role-emergency-approver.yaml",
        "holders: []",
        "holders: [{person: p-kim, from: 2025-01-01}]",
    );
    house.commit("p-berg", "An emergency lane");
    let (code, _, err) = house.run_as(
        "p-kim",
        &["approve", "exc-0014", "--role", "role-emergency-approver"],
    );
    assert_eq!(code, 0, "{err}");
    assert!(
        err.contains("`exc-0014` counts by an emergency approval until 2026-11-24T12:00:00Z")
            && !err.contains("is asked for"),
        "{err}"
    );
    let (_, out, _) = house.run_as("p-osei", &["status"]);
    assert!(
        out.contains("  exc-0014                 as role-security  ")
            && out.contains("  role-emergency-approver  as role-security-owner  it says who may decide")
            && out.contains("2026-11-24T12:00:00Z  the emergency approval of exc-0014 ends"),
        "{out}"
    );
}
