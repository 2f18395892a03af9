//! T11 to T13, T16 to T18, T21: records that vanish, move, stretch, spread, or read like others.

use super::lab::{
    EXC, EXCEPTION, approve_both, approve_configuration, assert_refused, base, passes, refused, span,
    with_exception, with_expired,
};
use crate::pull_request::PullRequest;

pub(super) fn an_expired_exception_is_deleted() {
    let one = with_expired();
    one.remove(EXC);
    refused(&one, "GOV002", EXC, "`exc-0001` was deleted");
    let one = with_expired();
    one.edit(EXC, "spec:\n", "status: closed\nspec:\n");
    passes(&one);
}

pub(super) fn an_id_is_used_again() {
    let again = |id: &str| {
        let one = with_exception();
        one.switch("main");
        one.remove(EXC);
        std::fs::remove_dir_all(one.path("approvals/exc-0001")).unwrap();
        one.commit("Gone, by a push past every pull request");
        one.branch("change");
        let text = EXCEPTION
            .replace("CVE-2025-2222", "CVE-2025-3333")
            .replace("season is over", "new year");
        one.write(&format!("exceptions/{id}.yaml"), &text.replace("exc-0001", id));
        approve_both(&one, id);
        one.check()
    };
    assert_refused(
        &again("exc-0001"),
        "SCH003",
        EXC,
        "was used before, by another record",
    );
    again("exc-0002").assert_no_errors(&["SCH003"]);
}

pub(super) fn a_new_id_hides_the_age() {
    let one = with_exception();
    one.remove(EXC);
    one.write(
        "exceptions/exc-0009.yaml",
        &EXCEPTION.replace("exc-0001", "exc-0009"),
    );
    approve_both(&one, "exc-0009");
    let verdict = one.check();
    assert_refused(&verdict, "GOV002", EXC, "`exc-0001` was deleted");
    assert!(
        verdict.errors("GOV002")[0]["related"]
            .to_string()
            .contains("exc-0009"),
        "{}",
        verdict.told()
    );
}

pub(super) fn a_new_id_sets_the_count_of_renewals_back() {
    let chain = |last: bool| {
        PullRequest::new(|one| {
            span(one, "exc-0001", "2025-11-13", "2025-11-20", "status: closed\n");
            span(one, "exc-0002", "2025-11-21", "2025-12-01", "status: closed\n");
            if last {
                span(one, "exc-0003", "2025-12-02", "2025-12-20", "status: closed\n");
            }
        })
    };
    let one = chain(true);
    span(&one, "exc-0077", "2026-01-01", "2026-01-20", "");
    refused(&one, "EXC004", "exceptions/exc-0077.yaml", "renew");
    let one = chain(false);
    span(&one, "exc-0003", "2026-01-01", "2026-01-20", "");
    passes(&one);
}

pub(super) fn an_expiry_is_extended_in_place() {
    let one = with_exception();
    one.edit(EXC, "expires: 2026-01-31", "expires: 2026-02-28");
    let verdict = one.check();
    assert_refused(&verdict, "GOV001", EXC, "spec.expires 2026-01-31 -> 2026-02-28");
    assert_refused(&verdict, "APR004", "", "spec.expires");
    approve_both(&one, "exc-0001");
    refused(&one, "GOV001", EXC, "spec.expires 2026-01-31 -> 2026-02-28");
    let one = with_exception();
    let renewal = EXCEPTION
        .replace("exc-0001", "exc-0002")
        .replace("created: 2025-12-01", "created: 2026-01-01\nrenews: exc-0001")
        .replace("requested_on: 2025-12-01", "requested_on: 2026-01-01")
        .replace("starts: 2025-12-01", "starts: 2026-01-01")
        .replace("2026-01-31", "2026-02-28");
    one.write("exceptions/exc-0002.yaml", &renewal);
    approve_both(&one, "exc-0002");
    passes(&one);
}

pub(super) fn a_record_moves_out_of_sight() {
    for (to, code, words) in [
        ("notes/exc-0001.yaml", "SCH003", "no folder of records"),
        ("data/exc-0001.yaml", "SCH003", "a folder that holds none"),
        (
            "exceptions/exc-0001.yml",
            "SCH003",
            "unknown file under `exceptions/`",
        ),
        (
            "exceptions/exc-0001.txt",
            "SCH003",
            "unknown file under `exceptions/`",
        ),
        (
            "exceptions/old/exc-0001.yaml",
            "SCH003",
            "unknown file under `exceptions/`",
        ),
        ("Exceptions/exc-0001.yaml", "SCH003", "no folder of records"),
        ("notes/exc-0001.txt", "GOV002", "exc-0001"),
    ] {
        let one = with_expired();
        let text = one.read(EXC);
        one.remove(EXC);
        one.write(to, &text);
        let verdict = one.check();
        assert_refused(&verdict, code, "", words);
        assert_refused(&verdict, "GOV002", "", "exc-0001");
    }
    let one = with_expired();
    one.edit(EXC, "spec:\n", "status: closed\nspec:\n");
    one.write("notes/why.txt", "The season is over.\n");
    passes(&one);
}

pub(super) fn a_second_configuration_hides_below() {
    let one = base();
    one.write(
        "exceptions/compliance.yaml",
        "apiVersion: countersign/v1\nkind: Configuration\nexclude: [exceptions]\n",
    );
    refused(
        &one,
        "SCH003",
        "exceptions/compliance.yaml",
        "second `compliance.yaml`",
    );
    let one = base();
    one.write("notes/compliance.txt", "There is one at the root.\n");
    passes(&one);
}

pub(super) fn attributes_and_ignores_hide_nothing() {
    let one = base();
    one.write(".gitignore", "exceptions/\n*.yaml\n");
    one.write(
        ".gitattributes",
        "exceptions/* export-ignore filter=hide -text\n*.yaml export-subst ident\n",
    );
    one.write("exceptions/.gitattributes", "* export-ignore\n");
    one.remove("exceptions/.gitattributes");
    one.write(EXC, &EXCEPTION.replace("2026-01-31", "2025-12-20"));
    approve_both(&one, "exc-0001");
    refused(&one, "EXC001", EXC, "expired");
    let (code, out, err) = one.run(&["check", "--base", "main", "--at", "change", "--format", "json"]);
    assert!(code == 1 && out.contains("EXC001"), "{out}{err}");
    // What git ignores and nobody commits lies there all the same.
    let one = base();
    one.write(".gitignore", "exceptions/\n");
    one.commit("Ignore");
    one.write(EXC, &EXCEPTION.replace("2026-01-31", "2025-12-20"));
    let (code, out, err) = one.run(&["check", "--format", "json"]);
    assert!(code == 1 && out.contains("EXC001"), "{out}{err}");
    let one = base();
    one.write(".gitignore", "/generated/\n");
    passes(&one);
    // Attributes say how git treats everything else, so that they need the owners of the keyring.
    let one = base();
    one.write(".gitattributes", "*.yaml text eol=lf\n");
    refused(&one, "GOV003", ".gitattributes", "");
    approve_configuration(&one);
    passes(&one);
}

pub(super) fn an_exception_covers_everything() {
    for (from, to, code) in [
        ("vulns: [CVE-2025-2222]", "vulns: [\"*\"]", "EXC007"),
        ("vulns: [CVE-2025-2222]", "vulns: [CVE-2025-*]", "EXC007"),
        ("resolved: [web02]", "resolved: []", "EXC007"),
        (
            "systems: [sys-shop], as_of: 2025-12-01, resolved: [web02]",
            "systems: [sys-files], as_of: 2025-12-01, resolved: [file01, web02]",
            "EXC007",
        ),
        (
            "systems: [sys-shop], as_of: 2025-12-01, resolved: [web02]",
            "selector: \"exposure == internet\"",
            "SCH002",
        ),
    ] {
        let one = base();
        one.write(EXC, &EXCEPTION.replace(from, to));
        refused(&one, code, EXC, "");
    }
    let one = base();
    one.write(EXC, EXCEPTION);
    approve_both(&one, "exc-0001");
    passes(&one);
}

pub(super) fn a_host_that_joins_later_is_not_covered() {
    // The finding is on web01; the exception was frozen before that host was there.
    let covering = |host: &str| {
        let mut one = base();
        one.as_of = "2026-01-20".into();
        one.write(
            EXC,
            &EXCEPTION
                .replace("CVE-2025-2222", "CVE-2025-1111")
                .replace("severity: medium", "severity: high")
                .replace("resolved: [web02]", &format!("resolved: [{host}]")),
        );
        approve_both(&one, "exc-0001");
        one.commit("Change");
        let (_, out, err) = one.run(&["reconcile", "--format", "json"]);
        let register: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let findings = register["findings"].as_array().unwrap();
        let found = findings
            .iter()
            .find(|one| one["vuln"] == "CVE-2025-1111")
            .unwrap();
        found["coverage"].clone()
    };
    assert!(covering("web02").is_null());
    assert!(
        covering("web01").to_string().contains("exc-0001"),
        "{}",
        covering("web01")
    );
}

pub(super) fn look_alikes_and_hidden_characters() {
    let one = with_exception();
    one.write(
        "exceptions/exc-ooo1.yaml",
        &EXCEPTION.replace("exc-0001", "exc-ooo1"),
    );
    refused(&one, "SCH003", "exceptions/", "reads like");
    for (title, words) in [
        ("Defer \u{202e}revo si nosaes eht", "bidirectional"),
        ("Defer\u{200b} the server", "invisible"),
        ("\"Defer \\u202e the server\"", ""),
        ("\"Defer \\e[2J the server\"", ""),
    ] {
        let one = base();
        one.write(
            EXC,
            &EXCEPTION.replace("Defer the second web server until the season is over", title),
        );
        refused(&one, "SCH004", EXC, words);
    }
    let one = base();
    one.write(
        EXC,
        &EXCEPTION.replace("Defer the second", "Später, 後で, позже –"),
    );
    approve_both(&one, "exc-0001");
    passes(&one);
}
