//! Trust that was weakened on the main branch itself, where no pull request was asked: the plain `check` finds it.

use countersign::model::Kind;

use super::author_keys::approve;
use super::house::House;

const AT: &str = "2026-11-22T06:00:00Z";
const OWNERS: [(&str, &str); 2] = [("p-kim", "role-security-owner"), ("p-lee", "role-security-owner")];

/// Returns the errors of `check` of some rules: code, file and message.
fn errors(house: &House, codes: &[&str]) -> Vec<String> {
    let (_, out, err) = house.run(&["check", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
    let all = document["diagnostics"].as_array().unwrap();
    let text = |one: &serde_json::Value, name: &str| one[name].as_str().unwrap().to_owned();
    all.iter()
        .filter(|one| one["level"] == "error" && codes.contains(&one["code"].as_str().unwrap()))
        .map(|one| {
            format!(
                "{} {} {}",
                text(one, "code"),
                text(one, "file"),
                text(one, "message")
            )
        })
        .collect()
}

fn trust_errors(house: &House) -> Vec<String> {
    errors(house, &["APR001", "APR002", "APR004", "APR006", "GOV003"])
        .into_iter()
        .filter(|error| !error.contains("exceptions/"))
        .collect()
}

#[test]
fn a_softer_rule_pushed_to_the_main_branch_is_found() {
    let house = House::new();
    assert_eq!(trust_errors(&house), [""; 0]);
    let configuration = "apiVersion: countersign/v1\nkind: Configuration\nrules:\n  EXC001: {level: warn}\n";
    house.write("compliance.yaml", configuration);
    for is_committed in [false, true] {
        if is_committed {
            house.commit("p-berg", "Softer");
        }
        let found = trust_errors(&house);
        assert!(
            found
                .iter()
                .any(|one| one.starts_with("GOV003 compliance.yaml") && one.contains("EXC001 error -> warn")),
            "committed: {is_committed}: {found:?}"
        );
    }
    house.write("compliance.yaml", &configuration.replace("warn", "error"));
    house.commit("p-berg", "As strict as ever");
    assert_eq!(trust_errors(&house), [""; 0]);
}

#[test]
fn who_gives_themselves_a_role_approves_nothing_with_it() {
    let house = House::new();
    let holders = "holders: [{person: p-berg, from: 2025-01-01}, ";
    for role in ["role-ciso", "role-security-owner"] {
        house.replace(&format!("roles/{role}.yaml"), "holders: [", holders);
    }
    house.commit("p-lee", "Somebody helps");
    for role in ["role-ciso", "role-security-owner"] {
        let people = [
            ("p-berg", "role-security-owner"),
            ("p-berg", "role-ciso"),
            ("p-osei", "role-security-owner"),
        ];
        approve(&house, (Kind::Role, role), &people, AT);
    }
    house.commit("p-berg", "Approve");
    let found = trust_errors(&house);
    for role in ["role-ciso", "role-security-owner"] {
        assert!(
            found
                .iter()
                .any(|one| one.starts_with("GOV003") && one.contains("p-berg") && one.contains(role)),
            "{role}: {found:?}"
        );
    }
}

#[test]
fn trust_grows_by_approvals_of_those_who_had_it() {
    let house = House::new();
    let holders = "holders: [{person: p-berg, from: 2025-01-01}, ";
    house.replace("roles/role-security-owner.yaml", "holders: [", holders);
    house.commit("p-lee", "One owner more");
    let people = [("p-osei", "role-security-owner"), ("p-kim", "role-ciso")];
    approve(&house, (Kind::Role, "role-security-owner"), &people, AT);
    house.commit("p-kim", "Approve");
    assert_eq!(trust_errors(&house), [""; 0]);
    // The new owner counts from then on, for what comes after.
    house.replace(
        "roles/role-security.yaml",
        "may_approve: [",
        "may_approve: [{kind: Triage}, ",
    );
    house.commit("p-lee", "The role may more");
    assert!(!trust_errors(&house).is_empty());
    let people = [("p-berg", "role-security-owner"), ("p-kim", "role-ciso")];
    approve(&house, (Kind::Role, "role-security"), &people, AT);
    house.commit("p-kim", "Approve");
    assert_eq!(trust_errors(&house), [""; 0]);
}

#[test]
fn what_approvals_leave_out_asks_for_none() {
    let house = House::new();
    house.replace(
        "people/p-osei.yaml",
        "review: {cycle_days: 180, last: 2026-11-01}",
        "review: {cycle_days: 180, last: 2026-11-20}",
    );
    house.commit("p-lee", "Reviewed");
    assert_eq!(trust_errors(&house), [""; 0]);
    house.replace("people/p-osei.yaml", "function: security", "function: business");
    house.commit("p-lee", "Moved");
    let found = trust_errors(&house);
    assert!(
        found
            .iter()
            .any(|one| one.starts_with("APR001 people/p-osei.yaml")),
        "{found:?}"
    );
    approve(&house, (Kind::Person, "p-osei"), &OWNERS[..1], AT);
    house.commit("p-kim", "Approve");
    assert!(!trust_errors(&house).is_empty(), "one of two owners");
    approve(&house, (Kind::Person, "p-osei"), &OWNERS[1..], AT);
    house.commit("p-kim", "Approve");
    // The author of the change is one of the two.
    let found = trust_errors(&house);
    assert!(
        found.iter().all(|one| one.contains("p-osei")) && !found.is_empty(),
        "{found:?}"
    );
}

#[test]
fn a_draft_gives_nobody_authority() {
    let house = House::new();
    let people = [("p-osei", "role-security"), ("p-berg", "role-shop-owner")];
    approve(&house, (Kind::Exception, "exc-0014"), &people, AT);
    house.replace(
        "roles/role-shop-owner.yaml",
        "title: role-shop-owner",
        "title: role-shop-owner\nstatus: draft",
    );
    let found = errors(&house, &["APR002"]);
    assert!(
        found
            .iter()
            .any(|one| one.contains("`role-shop-owner` is a draft")),
        "{found:?}"
    );
}
