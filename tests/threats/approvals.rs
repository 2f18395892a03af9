//! T01 to T07, T37, T38: approvals that the right people did not give, over this content, on that day.

use super::lab::{
    EARLIER, EXC, EXCEPTION, approve_both, approve_both_at, approve_configuration, assert_refused, base,
    hold, list_key, passes, person, refused, with_exception, with_exception_as,
};
use crate::pull_request::{NOW, PullRequest};
use crate::signing::{key_of, sign};

pub(super) fn a_requester_approves_their_own_request() {
    let one = base();
    one.write(
        EXC,
        &EXCEPTION.replace("requested_by: p-lee", "requested_by: p-berg"),
    );
    approve_both(&one, "exc-0001");
    refused(&one, "APR003", "approvals/exc-0001/", "`p-berg` requested it");
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn a_requester_approves_under_another_name() {
    let attempt = |key: &str| {
        let one = PullRequest::new(|one| {
            person(one, "p-twin", "twin@nordhafen.example", key);
            hold(one, "p-twin", "role-shop-owner");
        });
        one.write(EXC, EXCEPTION);
        let path = one.approve("exc-0001", "p-twin", "role-shop-owner");
        let text = one.read(&path);
        one.write(
            &format!("{path}.sig"),
            &sign(key, "countersign-approval", text.as_bytes()),
        );
        one.approve("exc-0001", "p-osei", "role-security");
        one
    };
    refused(
        &attempt("p-lee"),
        "APR003",
        "approvals/exc-0001/",
        "`p-lee` requested it",
    );
    passes(&attempt("p-twin"));
}

pub(super) fn a_requester_has_a_delegate_approve() {
    let attempt = |requester: &str| {
        let one = PullRequest::new(|one| {
            one.edit(
                "people/p-berg.yaml",
                "  keys:",
                "  delegations: [{to: p-lee, roles: [role-shop-owner], from: 2025-12-20, until: 2026-01-10, reason: Leave}]\n  keys:",
            );
        });
        let request = format!("requested_by: {requester}");
        one.write(
            EXC,
            &EXCEPTION
                .replace("requested_by: p-lee", &request)
                .replace("owner: role-it-ops", "owner: role-ciso"),
        );
        one.approve("exc-0001", "p-lee", "role-shop-owner");
        one.approve("exc-0001", "p-osei", "role-security");
        one
    };
    refused(
        &attempt("p-berg"),
        "APR003",
        "approvals/exc-0001/",
        "on behalf of `p-berg`",
    );
    passes(&attempt("p-kim"));
}

pub(super) fn a_requester_votes_in_a_committee() {
    let attempt = |requester: &str| {
        let one = PullRequest::new(|one| {
            one.edit(
                "roles/role-security.yaml",
                "type: role",
                "type: committee\n  quorum: 1",
            );
            one.edit(
                "roles/role-security.yaml",
                "holders: [",
                "holders: [{person: p-lee, from: 2025-11-03}, ",
            );
        });
        let request = format!("requested_by: {requester}");
        one.write(
            EXC,
            &EXCEPTION
                .replace("requested_by: p-lee", &request)
                .replace("owner: role-it-ops", "owner: role-ciso"),
        );
        one.approve("exc-0001", "p-berg", "role-shop-owner");
        one.approve("exc-0001", "p-lee", "role-security");
        one
    };
    refused(
        &attempt("p-lee"),
        "APR003",
        "approvals/exc-0001/",
        "`p-lee` requested it",
    );
    passes(&attempt("p-kim"));
}

pub(super) fn one_human_counts_for_two() {
    let attempt = |key: &str| {
        let one = PullRequest::new(|one| {
            person(one, "p-twin", "twin@nordhafen.example", key);
            hold(one, "p-twin", "role-security-owner");
        });
        one.edit(
            "compliance.yaml",
            "rules:\n",
            "rules:\n  EXC002: {soon_days: 1}\n",
        );
        one.approve("compliance", "p-osei", "role-security-owner");
        let path = one.approve("compliance", "p-twin", "role-security-owner");
        let text = one.read(&path);
        one.write(
            &format!("{path}.sig"),
            &sign(key, "countersign-approval", text.as_bytes()),
        );
        one
    };
    refused(
        &attempt("p-osei"),
        "GOV003",
        "compliance.yaml",
        "EXC002.soon_days 30 -> 1",
    );
    passes(&attempt("p-twin"));
}

pub(super) fn a_second_identity_reads_like_the_first() {
    let attempt = |email: &str| {
        PullRequest::new(|one| {
            person(one, "p-twin", "twin@nordhafen.example", "p-twin");
            one.edit("people/p-twin.yaml", "twin@nordhafen.example", email);
            one.edit("keyring/allowed_signers", "twin@nordhafen.example", email);
        })
    };
    let one = attempt("robin.1ee@nordhafen.example");
    let (code, out, _) = one.run(&["check", "--format", "json"]);
    assert!(
        code == 1 && out.contains("SCH003") && out.contains("reads like the address of `p-lee`"),
        "{out}"
    );
    let (code, out, err) = attempt("twin@nordhafen.example").run(&["check"]);
    assert_eq!(code, 0, "{out}{err}");
}

pub(super) fn an_approved_record_is_edited() {
    let one = with_exception();
    one.edit(EXC, "for two hours", "for two minutes");
    refused(&one, "APR004", "", "spec.business_impact");
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn the_file_is_swapped_after_the_approval() {
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    one.commit("Approve");
    one.edit(EXC, "resolved: [web02]", "resolved: [web01, web02]");
    refused(&one, "APR004", "", "exc-0001");
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn an_approval_is_replayed_for_another_record() {
    let copied = |changed: bool| {
        let one = with_exception();
        one.write(
            "exceptions/exc-0002.yaml",
            &EXCEPTION
                .replace("exc-0001", "exc-0002")
                .replace("CVE-2025-2222", "CVE-2025-3333"),
        );
        for entry in std::fs::read_dir(one.path("approvals/exc-0001")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let mut text = one.read(&format!("approvals/exc-0001/{name}"));
            if changed && name.ends_with(".yaml") {
                text = text.replace("exc-0001", "exc-0002");
            }
            one.write(&format!("approvals/exc-0002/{name}"), &text);
        }
        one
    };
    refused(&copied(true), "APR005", "approvals/exc-0002/", "signature");
    let verdict = copied(false).check();
    assert_refused(
        &verdict,
        "SCH003",
        "approvals/exc-0002/",
        "does not lie where its subject",
    );
    assert_refused(&verdict, "APR001", "exceptions/exc-0002.yaml", "");
    let one = with_exception();
    one.write(
        "exceptions/exc-0002.yaml",
        &EXCEPTION
            .replace("exc-0001", "exc-0002")
            .replace("CVE-2025-2222", "CVE-2025-3333"),
    );
    approve_both(&one, "exc-0002");
    passes(&one);
}

pub(super) fn an_approval_is_replayed_for_an_older_version() {
    let one = with_exception();
    one.edit(EXC, "for two hours", "for four hours");
    approve_both_at(&one, "exc-0001", "2025-12-10T09:00:00Z");
    passes(&one);
    one.edit(EXC, "for four hours", "for two hours");
    refused(&one, "APR004", "", "another content was approved");
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn a_signature_for_another_purpose_is_replayed() {
    let one = base();
    one.write(EXC, EXCEPTION);
    let path = one.approve("exc-0001", "p-berg", "role-shop-owner");
    one.approve("exc-0001", "p-osei", "role-security");
    let honest = one.read(&format!("{path}.sig"));
    let text = one.read(&path);
    one.write(
        &format!("{path}.sig"),
        &sign("p-berg", "countersign-bundle", text.as_bytes()),
    );
    refused(
        &one,
        "APR005",
        "approvals/exc-0001/",
        "namespace `countersign-bundle`",
    );
    one.write(&format!("{path}.sig"), &honest);
    passes(&one);
}

pub(super) fn an_approval_is_older_than_the_request() {
    let decided = |at: &str| {
        let one = base();
        one.write(EXC, EXCEPTION);
        approve_both_at(&one, "exc-0001", at);
        one
    };
    refused(
        &decided("2025-11-20T09:00:00Z"),
        "APR007",
        "approvals/exc-0001/",
        "earlier than `requested_on`",
    );
    passes(&decided(NOW));
}

pub(super) fn an_approval_is_younger_than_its_commit() {
    let mut one = base();
    one.as_of = "2026-01-02".into();
    one.write(EXC, EXCEPTION);
    approve_both_at(&one, "exc-0001", "2026-01-02T09:00:00Z");
    refused(&one, "APR007", "approvals/exc-0001/", "later than the commit");
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn a_key_signs_after_its_end() {
    let ended = || {
        PullRequest::new(|one| {
            one.edit(
                "people/p-osei.yaml",
                "valid_to: 2027-11-03",
                "valid_to: 2025-12-20",
            );
            let list = one.read("keyring/allowed_signers");
            let lines = list.lines().map(|line| match line.starts_with("kwame") {
                true => line.replace("20271103225959Z", "20251220225959Z") + "\n",
                false => format!("{line}\n"),
            });
            one.write("keyring/allowed_signers", &lines.collect::<String>());
        })
    };
    let one = ended();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    refused(
        &one,
        "APR005",
        "approvals/exc-0001/",
        "is not valid on 2026-01-01",
    );
    let one = ended();
    one.write(EXC, EXCEPTION);
    approve_both_at(&one, "exc-0001", EARLIER);
    passes(&one);
}

pub(super) fn what_the_approver_was_shown_is_changed() {
    let one = base();
    one.write(EXC, EXCEPTION);
    let path = one.approve("exc-0001", "p-berg", "role-shop-owner");
    one.approve("exc-0001", "p-osei", "role-security");
    one.edit(&path, "shown: \"exc-0001\"", "shown: \"exc-0001, one host only\"");
    refused(&one, "APR005", &path, "signature");
    one.edit(&path, "shown: \"exc-0001, one host only\"", "shown: \"exc-0001\"");
    passes(&one);
}

pub(super) fn a_key_that_main_revoked_meanwhile_is_used() {
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    passes(&one);
    one.switch("main");
    let public = key_of("p-osei").public_key().to_openssh().unwrap();
    one.write("keyring/revoked", &format!("{public}\n"));
    one.commit("The key of p-osei is stolen");
    one.switch("change");
    refused(&one, "APR005", "approvals/exc-0001/", "is revoked");
}

pub(super) fn a_leaver_signs() {
    let left = |day: &str| {
        let one = PullRequest::new(|one| {
            person(one, "p-twin", "twin@nordhafen.example", "p-twin");
            hold(one, "p-twin", "role-shop-owner");
            one.edit(
                "people/p-twin.yaml",
                "from: 2020-01-01",
                "from: 2020-01-01, to: 2025-12-28",
            );
            one.edit(
                "roles/role-shop-owner.yaml",
                "p-twin, from: 2025-11-03",
                "p-twin, from: 2025-11-03, to: 2025-12-28",
            );
            one.edit(
                "people/p-twin.yaml",
                "valid_from: 2025-11-03",
                "valid_from: 2025-11-03, valid_to: 2025-12-28",
            );
            let list = one.read("keyring/allowed_signers");
            let lines: Vec<&str> = list.lines().filter(|line| !line.starts_with("twin")).collect();
            one.write("keyring/allowed_signers", &(lines.join("\n") + "\n"));
            list_key(
                one,
                "twin@nordhafen.example",
                "p-twin",
                "valid-after=\"20251102230000Z\",valid-before=\"20251228225959Z\"",
            );
        });
        one.write(EXC, EXCEPTION);
        one.decide("exc-0001", ("p-twin", "role-shop-owner", day), "approve");
        one.approve("exc-0001", "p-osei", "role-security");
        one
    };
    refused(&left(NOW), "APR005", "approvals/exc-0001/", "only until");
    passes(&left("2025-12-27T09:00:00Z"));
}

pub(super) fn nobody_approves_a_severity_that_the_findings_exceed() {
    let says = |severity: &str| {
        let one = base();
        one.write(
            EXC,
            &EXCEPTION
                .replace("CVE-2025-2222", "CVE-2025-1111")
                .replace("[web02]", "[web01]")
                .replace("severity: medium", &format!("severity: {severity}")),
        );
        approve_both(&one, "exc-0001");
        one
    };
    refused(&says("low"), "APR002", EXC, "its findings are rated high");
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn a_false_positive_needs_its_approval() {
    let one = base();
    one.write("data/evidence/modules.txt", "headers_module\nssl_module\n");
    one.write(
        "evidence/ev-0001.yaml",
        "apiVersion: countersign/v1\nkind: Evidence\nid: ev-0001\ntitle: The modules that are loaded\nowner: role-security\n\
         created: 2025-12-31\nspec:\n  type: config_export\n  location: data/evidence/modules.txt\n  \
         sha256: 4262d573c7837e00ac8b5e227d412406b105f50300b0f6d6d6e824f1033521dd\n  \
         produced_at: 2025-12-31T08:00:00Z\n  controls: [iso27001:2022/8.8]\n  retain_until: 2028-12-31\n  collected_by: p-osei\n",
    );
    one.write(
        "triage/tri-0001.yaml",
        "apiVersion: countersign/v1\nkind: Triage\nid: tri-0001\ntitle: The web server is not reached\nowner: role-it-ops\n\
         created: 2025-12-31\nspec:\n  subject:\n    vuln: CVE-2025-1111\n    systems: [sys-shop]\n    resolved: [web01]\n  \
         status: not_affected\n  justification: vulnerable_code_not_in_execute_path\n  \
         method: The module is not loaded, as the list of loaded modules of that day shows.\n  evidence: [ev-0001]\n  expires: 2026-03-12\n",
    );
    refused(&one, "APR001", "triage/tri-0001.yaml", "");
    one.approve("ev-0001", "p-osei", "role-security");
    one.approve("tri-0001", "p-osei", "role-security");
    passes(&one);
}

pub(super) fn an_approval_of_the_configuration_is_for_its_bytes() {
    let one = base();
    one.edit(
        "compliance.yaml",
        "rules:\n",
        "rules:\n  EXC002: {soon_days: 20}\n",
    );
    approve_configuration(&one);
    one.edit("compliance.yaml", "soon_days: 20", "soon_days: 1");
    refused(&one, "GOV003", "compliance.yaml", "EXC002.soon_days 30 -> 1");
    one.edit("compliance.yaml", "soon_days: 1}", "soon_days: 20}");
    passes(&one);
}

pub(super) fn the_severity_is_split_over_a_renewal() {
    let one = with_exception_as(&EXCEPTION.replace("2026-01-31", "2026-01-10"));
    one.edit(EXC, "severity: medium", "severity: low");
    refused(&one, "GOV001", EXC, "spec.severity medium -> low");
}
