//! T08, T09, T14, T15, T20, T35, T41 to T43: trust, rules and tools that a change would bend for itself.

use super::lab::{
    EXC, EXCEPTION, approve_both, approve_configuration, assert_refused, base, hold, list_key, passes,
    person, refused, span, with_expired,
};
use crate::pull_request::PullRequest;
use crate::signing::fingerprint_of;

pub(super) fn a_key_is_brought_and_used_at_once() {
    let bring = |one: &PullRequest| {
        person(one, "p-eve", "eve@nordhafen.example", "p-eve");
        hold(one, "p-eve", "role-shop-owner");
    };
    let decide = |one: &PullRequest| {
        one.write(EXC, EXCEPTION);
        one.approve("exc-0001", "p-eve", "role-shop-owner");
        one.approve("exc-0001", "p-osei", "role-security");
    };
    let one = base();
    bring(&one);
    decide(&one);
    refused(
        &one,
        "APR006",
        "approvals/exc-0001/",
        "added in this change itself",
    );
    let one = PullRequest::new(bring);
    decide(&one);
    passes(&one);
}

pub(super) fn a_role_is_taken_and_used_at_once() {
    let one = base();
    hold(&one, "p-kim", "role-shop-owner");
    one.write(EXC, EXCEPTION);
    one.approve("exc-0001", "p-kim", "role-shop-owner");
    one.approve("exc-0001", "p-osei", "role-security");
    refused(&one, "APR006", "approvals/exc-0001/", "did not hold the role");
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn a_key_counts_before_anybody_can_object() {
    let adds = |day: &str, stamp: &str| {
        let one = base();
        let key = format!(
            "keys: [{{type: ssh-ed25519, fingerprint: \"{}\", valid_from: {day}, purpose: approve}}, ",
            fingerprint_of("p-fresh")
        );
        one.edit("people/p-lee.yaml", "keys: [", &key);
        list_key(
            &one,
            "robin.lee@nordhafen.example",
            "p-fresh",
            &format!("valid-after=\"{stamp}\""),
        );
        one.approve("p-lee", "p-kim", "role-security-owner");
        one.approve("p-lee", "p-osei", "role-security-owner");
        one
    };
    refused(
        &adds("2026-01-01", "20251231230000Z"),
        "GOV003",
        "people/p-lee.yaml",
        "leaves nobody time to object",
    );
    passes(&adds("2026-01-05", "20260104230000Z"));
}

pub(super) fn a_rule_is_lowered_for_what_breaks_it() {
    let one = with_expired();
    one.edit("compliance.yaml", "rules:\n", "rules:\n  EXC001: {level: warn}\n");
    let verdict = one.check();
    assert_refused(&verdict, "GOV003", "compliance.yaml", "EXC001 error -> warn");
    assert_refused(&verdict, "EXC001", EXC, "expired");
    let one = base();
    one.edit("compliance.yaml", "rules:\n", "rules:\n  EXC001: {level: warn}\n");
    approve_configuration(&one);
    passes(&one);
}

pub(super) fn a_path_is_excluded() {
    let one = with_expired();
    one.edit("compliance.yaml", "rules:\n", "exclude: [exceptions]\nrules:\n");
    let verdict = one.check();
    assert_refused(&verdict, "GOV003", "compliance.yaml", "exclude[exceptions]");
    assert_refused(&verdict, "EXC001", EXC, "expired");
    let one = base();
    one.edit("compliance.yaml", "rules:\n", "exclude: [notes]\nrules:\n");
    approve_configuration(&one);
    passes(&one);
}

pub(super) fn caps_and_headline_are_loosened() {
    let one = base();
    one.edit(
        "compliance.yaml",
        "rules:\n",
        "rules:\n  EXC003: {caps: {high: 900}}\n",
    );
    refused(&one, "GOV003", "compliance.yaml", "EXC003");
    let one = base();
    one.edit(
        "slas/sla-standard.yaml",
        "  accelerators:",
        "  headline: net\n  accelerators:",
    );
    refused(&one, "GOV003", "slas/sla-standard.yaml", "spec.headline");
    let one = base();
    one.edit(
        "compliance.yaml",
        "rules:\n",
        "rules:\n  EXC003: {caps: {high: 60}}\n",
    );
    passes(&one);
}

const GUARDS: [&str; 5] = [
    ".github/workflows/countersign.yml",
    ".gitlab-ci.yml",
    ".github/CODEOWNERS",
    ".github/actions/countersign/action.yml",
    ".github/countersign-version",
];

pub(super) fn the_workflow_and_its_guards_are_changed() {
    let guarded = || {
        PullRequest::new(|one| {
            for path in GUARDS {
                one.write(path, "run: countersign check --base main\n");
            }
        })
    };
    for text in [Some("run: true\n"), None] {
        let one = guarded();
        for path in GUARDS {
            match text {
                Some(text) => one.write(path, text),
                None => one.remove(path),
            }
        }
        let verdict = one.check();
        for path in GUARDS {
            assert_refused(&verdict, "GOV003", "", path);
        }
    }
    let one = guarded();
    one.write(GUARDS[0], "run: countersign check --base main --strict\n");
    approve_configuration(&one);
    passes(&one);
}

pub(super) fn schemas_and_templates_are_edited() {
    for (path, text) in [
        ("schemas/exception.schema.json", "{}\n"),
        ("templates/D02.md", "# All is well\n"),
    ] {
        let one = base();
        one.write(path, text);
        refused(&one, "GOV003", path, path);
        approve_configuration(&one);
        passes(&one);
    }
    // The schema in the binary judges, whatever the one in the repository says.
    let one = base();
    one.write("schemas/exception.schema.json", "{}\n");
    one.write(
        EXC,
        &EXCEPTION.replace("severity: medium", "severity: none_at_all"),
    );
    refused(&one, "SCH002", EXC, "severity");
}

pub(super) fn an_older_tool_is_let_in() {
    let with_pin =
        || PullRequest::new(|one| one.edit("compliance.yaml", "rules:\n", "tool: \">= 0.1\"\nrules:\n"));
    let one = with_pin();
    one.edit("compliance.yaml", ">= 0.1", ">= 0.0.1");
    refused(&one, "GOV003", "compliance.yaml", "tool");
    let one = PullRequest::new(|one| one.edit("compliance.yaml", "rules:\n", "tool: \">= 99.0\"\nrules:\n"));
    let (code, _, err) = one.run(&["check", "--base", "main"]);
    assert!(code == 2 && err.contains("install a newer one"), "{code} {err}");
    let one = with_pin();
    one.edit("compliance.yaml", ">= 0.1", ">= 0.1.0");
    approve_configuration(&one);
    passes(&one);
}

pub(super) fn a_tier_is_lowered_before_the_report() {
    let one = base();
    one.edit("systems/sys-shop.yaml", "tier: tier1", "tier: tier2");
    refused(
        &one,
        "GOV003",
        "systems/sys-shop.yaml",
        "spec.tier tier1 -> tier2",
    );
    one.approve("sys-shop", "p-berg", "role-shop-owner");
    one.approve("sys-shop", "p-kim", "role-security-owner");
    one.approve("sys-shop", "p-osei", "role-security-owner");
    refused(&one, "SCP003", "systems/sys-shop.yaml", "tier1");
    let one = base();
    one.edit("systems/sys-files.yaml", "location: HAM", "location: BRE");
    one.approve("sys-files", "p-lee", "role-it-ops");
    one.approve("sys-files", "p-kim", "role-security-owner");
    passes(&one);
}

pub(super) fn a_system_leaves_the_scope() {
    let one = base();
    one.edit("systems/sys-shop.yaml", "in: true, basis:", "in: false, basis:");
    refused(&one, "SCP002", "systems/sys-shop.yaml", "");
}

pub(super) fn a_push_goes_past_the_pull_request() {
    let one = base();
    one.switch("main");
    one.commit("The last commit that an anchor holds");
    one.branch("anchored");
    one.switch("main");
    one.edit("compliance.yaml", "rules:\n", "rules:\n  EXC001: {level: warn}\n");
    one.commit("[skip ci] a push past the pull request");
    let (code, out, err) = one.run(&["check", "--base", "anchored", "--format", "json"]);
    assert!(
        code == 1 && out.contains("GOV003") && out.contains("EXC001 error -> warn"),
        "{out}{err}"
    );
    one.edit("compliance.yaml", "level: warn", "level: error");
    one.commit("Back again");
    let (code, out, err) = one.run(&["check", "--base", "anchored"]);
    assert_eq!(code, 0, "{out}{err}");
}

pub(super) fn two_changes_are_fine_alone_and_not_together() {
    let one = PullRequest::new(|one| {
        span(one, "exc-0001", "2025-11-15", "2025-11-30", "status: closed\n");
        span(one, "exc-0002", "2025-12-01", "2025-12-20", "status: closed\n");
    });
    one.branch("other");
    one.switch("change");
    span(&one, "exc-0003", "2026-01-01", "2026-01-10", "");
    passes(&one);
    let first: Vec<(String, String)> = files_of(&one, "exc-0003");
    one.switch("other");
    one.write(
        "exceptions/exc-0004.yaml",
        &EXCEPTION
            .replace("exc-0001", "exc-0004")
            .replace("2025-12-01", "2026-01-01")
            .replace("starts: 2026-01-01", "starts: 2026-01-11")
            .replace("2026-01-31", "2026-01-20"),
    );
    approve_both(&one, "exc-0004");
    passes(&one);
    for (path, text) in first {
        one.write(&path, &text);
    }
    refused(&one, "EXC004", "exceptions/", "renew");
}

fn files_of(one: &PullRequest, id: &str) -> Vec<(String, String)> {
    let mut paths = vec![format!("exceptions/{id}.yaml")];
    for entry in std::fs::read_dir(one.path(&format!("approvals/{id}"))).unwrap() {
        paths.push(format!(
            "approvals/{id}/{}",
            entry.unwrap().file_name().to_str().unwrap()
        ));
    }
    paths
        .into_iter()
        .map(|path| (path.clone(), one.read(&path)))
        .collect()
}

pub(super) fn a_comment_suppresses_nothing() {
    let one = with_expired();
    one.edit(
        EXC,
        "  expires:",
        "  # countersign: ignore EXC001\n  # noqa\n  expires:",
    );
    refused(&one, "EXC001", EXC, "expired");
    one.edit("compliance.yaml", "rules:\n", "rules:\n  EXC001: {level: off}\n");
    let verdict = one.check();
    assert_refused(&verdict, "EXC001", EXC, "expired");
    assert_refused(&verdict, "GOV003", "compliance.yaml", "EXC001 error -> off");
    for code in ["APR001", "GOV003", "SCH001"] {
        let one = base();
        let rule = format!("rules:\n  {code}: {{level: off}}\n");
        one.edit("compliance.yaml", "rules:\n  APR001:", "rules:\n  APR004:");
        one.write(
            "compliance.yaml",
            &one.read("compliance.yaml")
                .replace("rules:\n", &rule)
                .replace("  APR004: {senior_management: [role-management]}\n", ""),
        );
        one.commit("Off");
        let (exit, out, err) = one.run(&["check", "--base", "main"]);
        assert!(exit == 2 && err.contains(code), "{code}: {exit} {out}{err}");
    }
    let one = with_expired();
    one.edit(EXC, "spec:\n", "status: closed\nspec:\n");
    passes(&one);
}
