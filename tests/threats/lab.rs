//! What the attempts share: records as people write them, keys, and what a verdict must say.

use crate::pull_request::{PullRequest, Verdict};
use crate::signing::{fingerprint_of, key_of};

pub(super) const EXC: &str = "exceptions/exc-0001.yaml";

/// An exception on the second web server, asked for by Robin Lee; business and security must approve it.
pub(super) const EXCEPTION: &str = "apiVersion: countersign/v1
kind: Exception
id: exc-0001
title: Defer the second web server until the season is over
owner: role-it-ops
created: 2025-12-01
spec:
  scope: {vulns: [CVE-2025-2222], systems: [sys-shop], as_of: 2025-12-01, resolved: [web02]}
  severity: medium
  reason: business_cycle
  business_impact: The shop is closed for two hours in its best season.
  risk: r-001
  requested_by: p-lee
  requested_on: 2025-12-01
  starts: 2025-12-01
  expires: 2026-01-31
  plan: {target_date: 2026-01-31}
";

/// When people decided about what the base holds.
pub(super) const EARLIER: &str = "2025-12-02T09:00:00Z";

/// The base as it is.
pub(super) fn base() -> PullRequest {
    PullRequest::new(|_| {})
}

/// The base with the exception, approved by everybody who must.
pub(super) fn with_exception() -> PullRequest {
    with_exception_as(EXCEPTION)
}

/// The base with an exception as it is given, approved.
pub(super) fn with_exception_as(text: &str) -> PullRequest {
    PullRequest::new(|one| {
        one.write(EXC, text);
        approve_both_at(one, "exc-0001", EARLIER);
    })
}

/// The base with an exception that ended before the day of the tests, and that nobody closed.
pub(super) fn with_expired() -> PullRequest {
    with_exception_as(&EXCEPTION.replace("2026-01-31", "2025-12-20"))
}

/// Has both people who must approve the exception do so, at the moment of the tests.
pub(super) fn approve_both(one: &PullRequest, id: &str) {
    approve_both_at(one, id, crate::pull_request::NOW);
}

pub(super) fn approve_both_at(one: &PullRequest, id: &str, at: &str) {
    one.decide(id, ("p-berg", "role-shop-owner", at), "approve");
    one.decide(id, ("p-osei", "role-security", at), "approve");
}

/// Has both owners of the keyring approve the configuration and what guards it.
pub(super) fn approve_configuration(one: &PullRequest) {
    one.approve("compliance", "p-kim", "role-security-owner");
    one.approve("compliance", "p-osei", "role-security-owner");
}

/// Writes another exception over the same matter from one day to another, approved on its first day.
pub(super) fn span(one: &PullRequest, id: &str, from: &str, until: &str, more: &str) {
    let text = EXCEPTION
        .replace("exc-0001", id)
        .replace("2025-12-01", from)
        .replace("2026-01-31", until)
        .replace("spec:\n", &format!("{more}spec:\n"));
    one.write(&format!("exceptions/{id}.yaml"), &text);
    approve_both_at(one, id, &format!("{from}T09:00:00Z"));
}

/// Writes a person whose only key is that of some name, and lists the key.
pub(super) fn person(one: &PullRequest, id: &str, email: &str, key: &str) {
    one.write(
        &format!("people/{id}.yaml"),
        &format!(
            "apiVersion: countersign/v1\nkind: Person\nid: {id}\ntitle: {id}\nowner: role-ciso\ncreated: 2025-11-03\n\
             review: {{cycle_days: 180, last: 2025-11-10}}\nspec:\n  name: {id}\n  email: {email}\n  \
             active: {{from: 2020-01-01}}\n  function: business\n  \
             keys: [{{type: ssh-ed25519, fingerprint: \"{}\", valid_from: 2025-11-03, purpose: approve}}]\n",
            fingerprint_of(key)
        ),
    );
    list_key(one, email, key, "valid-after=\"20251102230000Z\"");
}

/// Adds a line to the keyring.
pub(super) fn list_key(one: &PullRequest, email: &str, key: &str, validity: &str) {
    let public = key_of(key).public_key().to_openssh().unwrap();
    let list = one.read("keyring/allowed_signers");
    one.write(
        "keyring/allowed_signers",
        &format!("{list}{email} namespaces=\"countersign-approval\",{validity} {public}\n"),
    );
}

/// Lets a person hold a role beside those who hold it.
pub(super) fn hold(one: &PullRequest, person: &str, role: &str) {
    let holder = format!("holders: [{{person: {person}, from: 2025-11-03}}, ");
    one.edit(&format!("roles/{role}.yaml"), "holders: [", &holder);
}

/// Asserts that the branch is refused, by a rule at error level in a file and in these words.
pub(super) fn refused(one: &PullRequest, code: &str, file: &str, words: &str) {
    assert_refused(&one.check(), code, file, words);
}

pub(super) fn assert_refused(verdict: &Verdict, code: &str, file: &str, words: &str) {
    let found = verdict.errors(code).into_iter().any(|one| {
        let message = format!("{} {}", one["message"].as_str().unwrap(), one["label"]);
        one["file"].as_str().unwrap().starts_with(file) && message.contains(words)
    });
    assert!(found, "{code} at {file} `{words}`: {}", verdict.told());
    assert_eq!(verdict.code, 1, "{}", verdict.told());
}

/// Asserts that the branch passes as a whole.
pub(super) fn passes(one: &PullRequest) {
    let verdict = one.check();
    assert_eq!(verdict.code, 0, "{}", verdict.told());
}
