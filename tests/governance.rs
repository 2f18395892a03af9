//! GOV001 to GOV003 and `diff`: what a pull request may not do, and its honest twin.

use crate::output::{assert_valid, output_schema};
use crate::pull_request::{NOW, PullRequest};

const EXCEPTION: &str = "apiVersion: countersign/v1
kind: Exception
id: exc-0001
title: Defer KB5043050 on the file service
owner: role-it-ops
created: 2025-12-01
spec:
  scope: {vulns: [CVE-2025-1111], systems: [sys-files], as_of: 2025-12-01, resolved: [files01]}
  severity: high
  reason: business_cycle
  business_impact: The shop is closed for two hours in its best season.
  risk: r-001
  requested_by: p-lee
  requested_on: 2025-12-01
  starts: 2025-12-01
  expires: 2026-01-20
  compensating: [{type: waf, description: A rule at the edge blocks the path, assessed_by: p-osei, verified_at: 2025-12-01}]
  plan: {target_date: 2026-01-18}
";
const EXC: &str = "exceptions/exc-0001.yaml";
const GOV: [&str; 3] = ["GOV001", "GOV002", "GOV003"];

/// A base with an exception that business and security approved.
fn with_exception() -> PullRequest {
    PullRequest::new(|one| {
        one.write(EXC, EXCEPTION);
        let at = "2025-12-02T09:00:00Z";
        one.decide("exc-0001", ("p-berg", "role-shop-owner", at), "approve");
        one.decide("exc-0001", ("p-osei", "role-security", at), "approve");
    })
}

/// What lies in the configuration of the base, with one rule set otherwise.
fn soften(one: &PullRequest, from: &str, to: &str) {
    one.edit("compliance.yaml", from, to);
}

#[test]
fn nothing_changed_is_nothing_said() {
    let one = with_exception();
    one.write("imports/note.txt", "a fact");
    one.check().assert_no_errors(&GOV);
}

#[test]
fn an_approved_exception_is_not_extended_in_place() {
    let one = with_exception();
    one.edit(EXC, "expires: 2026-01-20", "expires: 2026-02-28");
    // Even with everybody's new approval: the age of the chain would be hidden.
    one.approve("exc-0001", "p-berg", "role-shop-owner");
    one.approve("exc-0001", "p-osei", "role-security");
    let verdict = one.check();
    verdict.assert_error("GOV001", EXC, 16, "spec.expires 2026-01-20 -> 2026-02-28");
}

#[test]
fn an_exception_is_shortened_in_place_and_closed() {
    let one = with_exception();
    one.edit(EXC, "expires: 2026-01-20", "expires: 2026-01-19");
    one.check().assert_no_errors(&GOV);
    let one = with_exception();
    one.edit(EXC, "spec:", "status: closed\nspec:");
    one.check().assert_no_errors(&GOV);
}

#[test]
fn scope_and_dates_of_an_approved_exception_never_change() {
    let rows = [
        ("resolved: [files01]", "resolved: [files01, files02]", 8),
        (
            "vulns: [CVE-2025-1111]",
            "vulns: [CVE-2025-1111, CVE-2025-2222]",
            8,
        ),
        ("requested_on: 2025-12-01", "requested_on: 2025-12-02", 14),
        ("severity: high", "severity: low", 9),
        ("severity: high", "severity: high\n  covers_exploited: true", 10),
    ];
    for (from, to, line) in rows {
        let one = with_exception();
        one.edit(EXC, from, to);
        one.check()
            .assert_error("GOV001", EXC, line, "`exc-0001` is approved");
    }
}

#[test]
fn what_nobody_approved_may_still_change() {
    let one = PullRequest::new(|one| one.write(EXC, EXCEPTION));
    one.edit(EXC, "expires: 2026-01-20", "expires: 2026-01-25");
    one.check().assert_no_errors(&GOV);
}

#[test]
fn a_status_is_not_moved_back() {
    let one = PullRequest::new(|one| {
        one.write(EXC, &EXCEPTION.replace("spec:\n", "status: closed\nspec:\n"));
    });
    one.edit(EXC, "status: closed\n", "");
    one.check().assert_error("GOV001", EXC, 3, "is moved back");
}

#[test]
fn an_active_record_is_not_deleted() {
    let one = with_exception();
    one.remove(EXC);
    one.check()
        .assert_error("GOV002", EXC, 1, "`exc-0001` was deleted while it is active");
}

#[test]
fn a_closed_record_stays_for_its_retention() {
    let closed = |one: &PullRequest| {
        one.write(EXC, &EXCEPTION.replace("spec:\n", "status: closed\nspec:\n"));
        one.write(
            "exceptions/exc-0002.yaml",
            &EXCEPTION.replace("exc-0001", "exc-0002"),
        );
    };
    let one = PullRequest::new(closed);
    one.remove(EXC);
    let verdict = one.check();
    verdict.assert_error(
        "GOV002",
        EXC,
        1,
        "inside retention (closed, last used 2026-01-20, keep until 2028-01-20)",
    );
    let mut one = PullRequest::new(|one| {
        closed(one);
        one.edit(EXC, "expires: 2026-01-20", "expires: 2021-01-20");
        one.edit(EXC, "created: 2025-12-01", "created: 2020-12-01");
    });
    one.as_of = "2026-01-02".into();
    one.remove(EXC);
    one.check().assert_no_errors(&["GOV002"]);
}

#[test]
fn a_record_under_a_new_id_is_the_old_one() {
    let one = with_exception();
    one.remove(EXC);
    one.write(
        "exceptions/exc-0009.yaml",
        &EXCEPTION.replace("exc-0001", "exc-0009"),
    );
    let verdict = one.check();
    verdict.assert_error("GOV002", EXC, 1, "`exc-0001` was deleted");
    let related = verdict.errors("GOV002")[0]["related"].to_string();
    assert!(related.contains("exc-0009"), "{related}");
}

#[test]
fn the_folder_of_a_kind_is_not_emptied() {
    let one = PullRequest::new(|one| {
        one.write(EXC, &EXCEPTION.replace("spec:\n", "status: draft\nspec:\n"));
    });
    one.remove(EXC);
    one.check()
        .assert_error("GOV002", EXC, 1, "`exceptions/` held records and is empty now");
}

#[test]
fn a_decision_is_never_changed_or_removed() {
    let of = |one: &PullRequest, end: &str| {
        let folder = std::fs::read_dir(one.path("approvals/exc-0001")).unwrap();
        let mut names: Vec<String> = folder
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("p-osei") && name.ends_with(end))
            .collect();
        names.sort();
        format!("approvals/exc-0001/{}", names[0])
    };
    let one = with_exception();
    let path = of(&one, ".yaml");
    one.remove(&path);
    one.check()
        .assert_error("GOV002", &path, 1, "an approval was removed");
    let one = with_exception();
    let path = of(&one, ".sig");
    one.write(&path, "nothing");
    one.check()
        .assert_error("GOV002", &path, 1, "a signature was changed");
}

#[test]
fn a_softer_rule_needs_two_owners_of_security() {
    let base = || PullRequest::new(|one| soften(one, "rules:\n", "rules:\n  EXC001: {level: error}\n"));
    let one = base();
    soften(&one, "level: error", "level: warn");
    let verdict = one.check();
    verdict.assert_error("GOV003", "compliance.yaml", 4, "EXC001 error -> warn");
    one.approve("compliance", "p-kim", "role-security-owner");
    let verdict = one.check();
    verdict.assert_error("GOV003", "compliance.yaml", 4, "EXC001 error -> warn");
    one.approve("compliance", "p-osei", "role-security-owner");
    let verdict = one.check();
    verdict.assert_no_errors(&["GOV001", "GOV002", "GOV003", "APR001"]);
}

#[test]
fn a_softer_rule_comes_alone() {
    let one = with_exception();
    soften(&one, "rules:\n", "rules:\n  EXC003: {caps: {high: 120}}\n");
    one.write(
        "exceptions/exc-0002.yaml",
        &EXCEPTION.replace("exc-0001", "exc-0002"),
    );
    one.approve("compliance", "p-kim", "role-security-owner");
    one.approve("compliance", "p-osei", "role-security-owner");
    let verdict = one.check();
    verdict.assert_error(
        "GOV003",
        "compliance.yaml",
        4,
        "also changes `exceptions/exc-0002.yaml`",
    );
    assert_eq!(verdict.errors("GOV003").len(), 1, "{}", verdict.told());
}

#[test]
fn each_way_to_soften_the_configuration_is_seen() {
    let rows = [
        (
            "rules:\n",
            "rules:\n  EXC001: {grace_hours: 48}\n",
            "EXC001.grace_hours 0 -> 48",
        ),
        (
            "rules:\n",
            "rules:\n  EXC002: {soon_days: 1}\n",
            "EXC002.soon_days 30 -> 1",
        ),
        (
            "rules:\n",
            "rules:\n  REC002: {level: off}\n",
            "REC002 error -> off",
        ),
        (
            "rules:\n",
            "rules:\n  SOA001: {applies_to: kind == Soa}\n",
            "SOA001.applies_to kind == Soa added",
        ),
        (
            "rules:\n",
            "exclude: [notes]\nrules:\n",
            "exclude[notes] notes added",
        ),
        (
            "[role-management]",
            "[role-management, role-it-ops]",
            "APR001.senior_management[role-it-ops]",
        ),
    ];
    for (from, to, words) in rows {
        let one = PullRequest::new(|_| {});
        soften(&one, from, to);
        let verdict = one.check();
        let found = verdict.errors("GOV003");
        let is_told = found
            .iter()
            .any(|one| one["message"].as_str().unwrap().contains(words));
        assert!(is_told, "{words}: {}", verdict.told());
    }
}

#[test]
fn stricter_rules_need_nobody() {
    let one = PullRequest::new(|_| {});
    soften(
        &one,
        "rules:\n",
        "tool: \">= 0.1\"\nrules:\n  EXC003: {caps: {high: 60}}\n  EXC002: {soon_days: 40}\n",
    );
    one.check()
        .assert_no_errors(&["GOV001", "GOV002", "GOV003", "APR001", "APR004"]);
}

#[test]
fn files_that_drive_the_forge_are_rules() {
    for path in [
        ".github/workflows/check.yml",
        "CODEOWNERS",
        "templates/D01.md",
        "schemas/exception.schema.json",
    ] {
        let one = PullRequest::new(|_| {});
        one.write(path, "x\n");
        let verdict = one.check();
        let found = verdict.errors("GOV003");
        let is_told = found
            .iter()
            .any(|one| one["message"].as_str().unwrap().contains(path));
        assert!(is_told, "{path}: {}", verdict.told());
    }
    // A schema that is the tool's own changes nothing.
    let one = PullRequest::new(|_| {});
    let kind = countersign::model::Kind::Exception;
    one.write(
        "schemas/exception.schema.json",
        countersign::model::schema_text(kind),
    );
    one.check().assert_no_errors(&["GOV003"]);
}

const SLA: &str = "slas/sla-standard.yaml";

#[test]
fn a_longer_time_to_remediate_needs_the_owners_of_security_beside_the_parties() {
    let one = PullRequest::new(|one| {
        one.edit(
            "roles/role-security-owner.yaml",
            "{kind: Configuration}",
            "{kind: Configuration}, {kind: Sla}",
        );
    });
    one.edit(
        SLA,
        "{severity: high, tier: tier1, days: 14}",
        "{severity: high, tier: tier1, days: 30}",
    );
    for (person, role) in [
        ("p-lee", "role-it-ops"),
        ("p-berg", "role-shop-owner"),
        ("p-kim", "role-ciso"),
    ] {
        one.approve("sla-standard", person, role);
    }
    let verdict = one.check();
    verdict.assert_error("GOV003", SLA, 17, "spec.matrix[high/tier1].days 14 -> 30");
    one.approve("sla-standard", "p-kim", "role-security-owner");
    one.approve("sla-standard", "p-osei", "role-security-owner");
    one.check().assert_no_errors(&GOV);
}

#[test]
fn trust_in_people_roles_systems_and_sources_is_classified() {
    let rows = [
        (
            "systems/sys-shop.yaml",
            "tier: tier1",
            "tier: tier2",
            "spec.tier tier1 -> tier2",
        ),
        (
            "roles/role-ciso.yaml",
            "{kind: Isms}",
            "{kind: Isms}\n    - {kind: Triage}",
            "spec.may_approve",
        ),
        (
            "roles/role-security-owner.yaml",
            "quorum: 2",
            "quorum: 1",
            "spec.quorum 2 -> 1",
        ),
        (
            "roles/role-it-ops.yaml",
            "holders: [",
            "holders: [{person: p-osei, from: 2025-11-03}, ",
            "spec.holders[p-osei]",
        ),
        (
            "sources/src-nessus.yaml",
            "max_age_hours: ",
            "max_age_hours: 9",
            "spec.max_age_hours",
        ),
        ("people/p-lee.yaml", "email: ", "email: x", "spec.email"),
        (
            "isms.yaml",
            "appetite: medium",
            "appetite: high",
            "spec.risk_matrix.appetite medium -> high",
        ),
        (
            "slas/sla-standard.yaml",
            "accelerators:",
            "headline: net\n  accelerators:",
            "spec.headline",
        ),
    ];
    for (path, from, to, words) in rows {
        let one = PullRequest::new(|_| {});
        one.edit(path, from, to);
        let verdict = one.check();
        let found = verdict.errors("GOV003");
        let is_told = found
            .iter()
            .any(|one| one["file"] == path && one["message"].as_str().unwrap().contains(words));
        assert!(is_told, "{words}: {}", verdict.told());
    }
}

#[test]
fn a_new_key_cools_and_a_revoked_one_stays_revoked() {
    let one = PullRequest::new(|_| {});
    let key = "{type: ssh-ed25519, fingerprint: \"SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s\", valid_from: 2026-01-01}, ";
    one.edit("people/p-lee.yaml", "keys: [", &format!("keys: [{key}"));
    let verdict = one.check();
    let line = one
        .read("people/p-lee.yaml")
        .lines()
        .position(|line| line.contains("keys:"))
        .unwrap() as u64
        + 1;
    verdict.assert_error(
        "GOV003",
        "people/p-lee.yaml",
        line,
        "leaves nobody time to object",
    );
    let revoked = one
        .read("keyring/allowed_signers")
        .lines()
        .next()
        .unwrap()
        .split_once(" ssh-")
        .unwrap()
        .1
        .to_owned();
    let revoked = format!("ssh-{revoked}\n");
    let one = PullRequest::new(|_| {});
    one.write("keyring/revoked", &revoked);
    one.check().assert_no_errors(&["GOV003"]);
    let one = PullRequest::new(|one| one.write("keyring/revoked", &revoked));
    one.remove("keyring/revoked");
    let verdict = one.check();
    assert!(
        verdict.told().contains("a revoked key counts again"),
        "{}",
        verdict.told()
    );
}

#[test]
fn diff_says_what_a_change_means() {
    let one = with_exception();
    let renewal = EXCEPTION
        .replace("exc-0001", "exc-0002")
        .replace("created: 2025-12-01", "created: 2025-12-28\nrenews: exc-0001")
        .replace("expires: 2026-01-20", "expires: 2026-02-26")
        .replace("title: Defer", "title: \"@admin <b>Defer</b>\" # ");
    one.write("exceptions/exc-0002.yaml", &renewal);
    one.decide("exc-0002", ("p-osei", "role-security", NOW), "approve");
    one.commit("Renew");
    let (code, out, err) = one.run(&["diff", "--base", "main", "--format", "json", "--summary", "pr.md"]);
    assert_eq!(code, 0, "{err}");
    let document: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_valid(&output_schema("changes-v1"), &document);
    assert_eq!(document["headline"], "1 exception +37 d, 0 weakenings");
    let record = &document["records"][0];
    assert_eq!(
        (&record["what"], &record["days"]),
        (&"renewed".into(), &37.into())
    );
    assert_eq!(record["approval_state"], "pending");
    assert!(record["needs"].to_string().contains("severity high"), "{record}");
    let summary = one.read("pr.md");
    assert!(
        summary.starts_with("### 1 exception +37 d, 0 weakenings\n"),
        "{summary}"
    );
    assert!(
        !summary.contains("<b>") && summary.contains("`@admin "),
        "{summary}"
    );
    let (code, out, _) = one.run(&["diff", "--base", "main"]);
    assert_eq!(code, 0);
    assert!(out.contains("exc-0002 renewed +37 d"), "{out}");
}

#[test]
fn diff_names_each_weakening_and_its_rule() {
    let one = with_exception();
    one.edit(EXC, "expires: 2026-01-20", "expires: 2026-02-26");
    one.edit(SLA, "days: 14}", "days: 7}");
    one.commit("Change");
    let (code, out, _) = one.run(&["diff", "--base", "main"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("1 exception +37 d, 1 agreement, 1 weakening\n"),
        "{out}"
    );
    assert!(
        out.contains("weakens  GOV001 exceptions/exc-0001.yaml:16 spec.expires"),
        "{out}"
    );
    assert!(out.contains("tightens GOV003 slas/sla-standard.yaml:17"), "{out}");
    let (code, _, err) = one.run(&["diff", "--base", "nowhere"]);
    assert_eq!(code, 2, "{err}");
}
