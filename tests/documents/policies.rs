//! D19: which policies bind, and what changed.

use std::collections::BTreeMap;

use super::{decision, files, page_of, row, rows};

fn policy(id: &str, version: &str, created: &str, extra: &str) -> String {
    format!(
        "apiVersion: countersign/v1\nkind: Policy\nid: {id}\ntitle: Patching\nowner: role-ciso\ncreated: {created}\nversion: {version}\n{extra}spec:\n  \
         text: policies/text.md\n  clauses: [{{id: \"3\", controls: [iso27001:2022/8.8]}}]\n  cadence: [{{tier: tier0, cycle: weekly, emergency_lane: true}}]\n  \
         scanning: {{max_age_days: 7, after_change_hours: 72, authenticated: true}}\n  approved_sources: []\n  \
         change_rules: [{{when: \"tier == tier0\", type: normal, approvals: [role-it]}}]\n  communications: [{{audience: business, lead_hours: 72, channel: mail}}]\n  \
         auto_install: [{{severity: critical, within_hours: 48}}]\n  exception_rules: {{caps: {{critical: 14}}}}\n  retention_years: 2\n"
    )
}

fn records() -> BTreeMap<String, String> {
    let mut records = files("");
    records.insert("policies/text.md".into(), "# Patching\n".into());
    let old = policy("pol-old", "1.0.0", "2024-01-10", "status: superseded\n");
    records.insert("policies/pol-old.yaml".into(), old);
    let new = policy(
        "pol-patch",
        "2.0.0",
        "2025-03-01",
        "supersedes: pol-old\nreview: {cycle_days: 300, last: 2025-03-01, next: 2025-12-26}\n",
    );
    records.insert("policies/pol-patch.yaml".into(), new);
    records.extend(decision("Policy", "pol-patch", "approve", "2025-03-05"));
    records
}

#[test]
fn policies_stand_with_version_approval_review_and_text() {
    let page = page_of("D19", &records(), |_| {});
    assert!(page.contains("In force: 1. Not approved by everybody who must: 0. Ended: 1."));
    assert!(page.contains("**The review is overdue of: pol-patch.**"));
    let listed = rows(&page, "Policies, those in force first");
    assert!(listed[0][0].starts_with("pol-patch; Patching; owner role-ciso; text policies/text.md; "));
    assert_eq!(listed[0][1..3], ["2.0.0", "in force"]);
    assert!(listed[0][3].contains("Kim Larsen (p-kim), 2025-03-05, verified"));
    assert_eq!(listed[0][4], "2025-12-26; -6 days from as-of; last on 2025-03-01");
    use sha2::{Digest as _, Sha256};
    let digest: String = Sha256::digest("# Patching\n")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(listed[0][0].contains(&digest), "{listed:?}");
    assert_eq!(row(&listed, "pol-old")[2], "superseded; replaced by pol-patch");
}

#[test]
fn the_change_log_is_by_day_the_newest_first() {
    let page = page_of("D19", &records(), |_| {});
    let log: Vec<(String, String, String)> = rows(&page, "Changes of the policies")
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone(), row[3].clone()))
        .collect();
    let line = |on: &str, policy: &str, what: &str| (on.to_owned(), policy.to_owned(), what.to_owned());
    assert_eq!(
        log,
        [
            line(
                "2025-03-05",
                "pol-patch; Patching",
                "version 2.0.0: all approvals are there"
            ),
            line("2025-03-01", "pol-patch; Patching", "last looked at"),
            line(
                "2025-03-01",
                "pol-patch; Patching",
                "written; takes the place of pol-old, version 1.0.0"
            ),
            line("2025-01-02", "isms; ISMS", "written"),
            line("2024-01-10", "pol-old; Patching", "written"),
        ]
    );
}

#[test]
fn parameters_and_words_are_printed_in_words() {
    let page = page_of("D19", &records(), |_| {});
    let rules: Vec<(String, String)> = rows(&page, "What the policies lay down")
        .into_iter()
        .map(|row| (row[1].clone(), row[2].clone()))
        .collect();
    for (subject, rule) in [
        ("patch cycle", "tier0: every week, and at once in an emergency"),
        (
            "scans",
            "every host is scanned at least every 7 days, with credentials or an agent",
        ),
        ("sources of patches", "none is approved"),
        ("automatic installation", "critical: within 48 hours"),
        ("changes", "tier == tier0: normal change, approved by role-it"),
        ("longest exceptions", "critical 14 days"),
        ("retention", "records and evidence are kept 2 years at least"),
    ] {
        assert!(
            rules.contains(&(subject.into(), rule.into())),
            "{subject}: {rule} in {rules:#?}"
        );
    }
    let tiers = rows(&page, "Tiers, the most critical first");
    assert_eq!(
        row(&tiers, "tier1; Business critical")[1..],
        ["not told", "2", "5"]
    );
    let severities = rows(&page, "Severities, the gravest first");
    assert_eq!(
        severities[0][1..3],
        ["sla-standard: 7 days", "pol-patch: 14 days"]
    );
    assert!(page.contains("Not recorded: the management system names no terms."));
}

#[test]
fn a_review_is_due_by_its_cycle_and_a_signed_one_counts() {
    let with_cycle = |decided: &[(String, String)]| {
        let mut records = records();
        let policy = policy(
            "pol-patch",
            "2.0.0",
            "2025-03-01",
            "supersedes: pol-old\nreview: {cycle_days: 90, last: 2025-03-01}\n",
        );
        records.insert("policies/pol-patch.yaml".into(), policy);
        records.extend(decided.iter().cloned());
        page_of("D19", &records, |_| {})
    };
    let overdue = "**The review is overdue of: pol-patch.**";
    let page = with_cycle(&[]);
    assert!(page.contains(overdue));
    let cell = |page: &str| rows(page, "Policies, those in force first")[0][4].clone();
    assert_eq!(
        cell(&page),
        "2025-05-30; -216 days from as-of; last on 2025-03-01"
    );
    let page = with_cycle(&decision("Policy", "pol-patch", "review_keep", "2025-12-20"));
    assert!(!page.contains(overdue));
    assert_eq!(cell(&page), "2026-03-20; 78 days from as-of; last on 2025-12-20");
}
