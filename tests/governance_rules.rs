//! GOV004 and GOV006: what may be suppressed, by whom and for how long, and documents that nobody wrote by hand.

use serde_json::Value;

use crate::pull_request::{NOW, PullRequest};

const CONFIG: &str = "compliance.yaml";
/// A day on which the review of `role-security-owner` is overdue.
const LATER: &str = "2026-06-15";
const REASON: &str = "The owners of security are named anew by the committee.";

fn suppression(rule: &str, subject: &str, expires: &str) -> String {
    format!(
        "suppressions:\n  - id: sup-1\n    rule: {rule}\n    subject: {subject}\n    owner: role-ciso\n    \
         reason: {REASON}\n    expires: {expires}\n"
    )
}

fn add(one: &PullRequest, text: &str) {
    let whole = one.read(CONFIG) + text;
    one.write(CONFIG, &whole);
}

fn approve(one: &PullRequest, at: &str) {
    for person in ["p-kim", "p-osei"] {
        one.decide("compliance", (person, "role-security-owner", at), "approve");
    }
}

/// Commits, and judges the branch by itself.
fn alone(one: &PullRequest) -> Vec<Value> {
    one.commit("Change");
    let (code, out, err) = one.run(&["check", "--format", "json"]);
    let document: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{code} {out}{err}"));
    document["diagnostics"].as_array().unwrap().clone()
}

fn find<'a>(all: &'a [Value], code: &str, subject: &str) -> &'a Value {
    let found = all
        .iter()
        .find(|one| one["code"] == code && one["subject"] == subject);
    found.unwrap_or_else(|| panic!("no {code} of {subject} in {all:#?}"))
}

fn of<'a>(all: &'a [Value], code: &str) -> Vec<&'a Value> {
    all.iter().filter(|one| one["code"] == code).collect()
}

fn is_suppressed(one: &Value) -> bool {
    one["level"] == "info" && one["related"].to_string().contains("suppressed by `sup-1` until")
}

fn later(prepare: impl FnOnce(&PullRequest)) -> PullRequest {
    let mut one = PullRequest::new(prepare);
    one.as_of = LATER.into();
    one
}

#[test]
fn an_approved_suppression_makes_one_diagnostic_information() {
    let one = later(|_| {});
    let before = alone(&one);
    let overdue = find(&before, "DAT001", "role-security-owner");
    assert_ne!(overdue["level"], "info", "{overdue}");
    add(&one, &suppression("DAT001", "role-security-owner", "2026-07-05"));
    approve(&one, NOW);
    let after = alone(&one);
    let told = find(&after, "DAT001", "role-security-owner");
    assert!(is_suppressed(told), "{told}");
    let (_, human, _) = one.run(&["check"]);
    let words = format!("this error is suppressed by `sup-1` of `role-ciso` until 2026-07-05: {REASON}");
    assert!(human.contains(&words), "{human}");
    assert_eq!(told["line"], overdue["line"]);
    assert!(of(&after, "GOV004").is_empty(), "{:?}", of(&after, "GOV004"));
    // Nothing but that one is milder.
    let others = |all: &[Value]| {
        let mut others: Vec<String> = all
            .iter()
            .filter(|one| one["level"] != "info" && one["subject"] != "role-security-owner")
            .map(ToString::to_string)
            .collect();
        others.sort();
        others
    };
    assert_eq!(others(&before), others(&after));
}

#[test]
fn a_suppression_needs_two_owners_of_security_on_any_tree() {
    let one = later(|one| {
        add(one, &suppression("DAT001", "role-security-owner", "2026-07-05"));
        one.decide("compliance", ("p-kim", "role-security-owner", NOW), "approve");
    });
    let all = alone(&one);
    let fault = find(&all, "GOV004", "sup-1");
    assert_eq!(fault["level"], "error");
    assert_eq!((&fault["file"], &fault["line"]), (&CONFIG.into(), &6.into()));
    assert!(
        fault["message"].to_string().contains("is not approved"),
        "{fault}"
    );
    let (_, human, _) = one.run(&["check"]);
    assert!(
        human.contains("it needs `role-security-owner`, 1 of 2 people"),
        "{human}"
    );
    assert!(!is_suppressed(find(&all, "DAT001", "role-security-owner")));
    // The second makes it count, and any other word in the file makes both approvals old.
    one.decide("compliance", ("p-osei", "role-security-owner", NOW), "approve");
    let all = alone(&one);
    assert!(is_suppressed(find(&all, "DAT001", "role-security-owner")));
    one.edit(CONFIG, "rules:\n", "rules:\n  EXC002: {soon_days: 40}\n");
    let all = alone(&one);
    assert_eq!(find(&all, "GOV004", "sup-1")["level"], "error");
    assert!(!is_suppressed(find(&all, "DAT001", "role-security-owner")));
}

#[test]
fn what_guards_the_repository_is_never_suppressed() {
    for code in ["APR001", "GOV002", "GOV004", "SCH003", "EXC001", "REC002"] {
        let one = PullRequest::new(|one| {
            add(one, &suppression(code, "sys-shop", "2026-01-20"));
            approve(one, "2025-12-30T09:00:00Z");
        });
        let all = alone(&one);
        let fault = find(&all, "GOV004", "sup-1");
        assert_eq!(
            (&fault["level"], &fault["line"]),
            (&"error".into(), &7.into()),
            "{fault}"
        );
        assert!(
            fault["message"].to_string().contains("can never be suppressed"),
            "{fault}"
        );
    }
}

#[test]
fn a_faulty_suppression_suppresses_nothing_and_names_its_field() {
    let rows = [
        ("id: sup-1", "id: Sup 1", 6, "is not an id"),
        ("    owner: role-ciso\n", "", 6, "without `owner`"),
        ("owner: role-ciso", "owner: p-kim", 9, "there is no Role `p-kim`"),
        (REASON, "soon", 10, "at least 20 are needed"),
        (REASON, "\"TBD, to be written by somebody\"", 10, "placeholder"),
        (REASON, "\"..............................\"", 10, "placeholder"),
        (
            "expires: 2026-07-05",
            "expires: 2026-06-14",
            11,
            "expired on 2026-06-14",
        ),
        (
            "expires: 2026-07-05",
            "expires: 2026-07-16",
            11,
            "lasts 31 more days",
        ),
        ("expires: 2026-07-05", "expires: never", 11, "is no day"),
        ("rule: DAT001", "rule: DAT999", 7, "is no rule"),
        (
            "subject: role-security-owner",
            "subject: \" \"",
            8,
            "nothing in particular",
        ),
    ];
    for (from, to, line, words) in rows {
        let one = later(|one| {
            let text = suppression("DAT001", "role-security-owner", "2026-07-05");
            assert!(text.contains(from), "{from}");
            add(one, &text.replace(from, to));
            approve(one, NOW);
        });
        let all = alone(&one);
        let faults = of(&all, "GOV004");
        let is_told = faults.iter().any(|one| {
            one["level"] == "error"
                && one["file"] == CONFIG
                && one["line"] == line
                && one["message"].as_str().unwrap().contains(words)
        });
        assert!(is_told, "{to}: {faults:#?}");
        assert!(
            !is_suppressed(find(&all, "DAT001", "role-security-owner")),
            "{to}"
        );
    }
}

#[test]
fn another_subject_is_not_suppressed_and_an_unused_suppression_is_told() {
    let one = later(|one| {
        let twice = suppression("DAT001", "role-security-owne", "2026-07-05")
            + "  - {id: sup-1, rule: DAT001, subject: role-security-owner, owner: role-ciso, reason: The same id stands there again, expires: 2026-07-01}\n";
        add(one, &twice);
        approve(one, NOW);
    });
    let all = alone(&one);
    assert!(!is_suppressed(find(&all, "DAT001", "role-security-owner")));
    let faults = of(&all, "GOV004");
    let told = |level: &str, line: u64, words: &str| {
        faults.iter().any(|one| {
            one["level"] == level && one["line"] == line && one["message"].to_string().contains(words)
        })
    };
    assert!(told("info", 6, "suppresses nothing"), "{faults:#?}");
    assert!(told("error", 12, "is there twice"), "{faults:#?}");
}

/// Makes the review of `role-ciso` long overdue.
fn overdue(one: &PullRequest) {
    let path = "roles/role-ciso.yaml";
    let text = one.read(path);
    let (start, rest) = text.split_once("last: ").unwrap();
    one.write(
        path,
        &format!("{start}last: 2024-01-10{}", &rest["2025-11-10".len()..]),
    );
    one.edit(path, "created: 2025-11-03", "created: 2023-11-03");
}

#[test]
fn a_change_is_judged_by_the_suppressions_of_its_base() {
    let one = PullRequest::new(|one| {
        add(one, &suppression("DAT001", "role-ciso", "2026-01-20"));
        approve(one, "2025-12-30T09:00:00Z");
    });
    overdue(&one);
    let verdict = one.check();
    let all: Vec<Value> = verdict.diagnostics().cloned().collect();
    assert!(
        is_suppressed(find(&all, "DAT001", "role-ciso")),
        "{}",
        verdict.told()
    );
    verdict.assert_no_errors(&["GOV004"]);
    // Without it, the same change is blocked.
    let one = PullRequest::new(|_| {});
    overdue(&one);
    let verdict = one.check();
    assert_eq!(verdict.errors("DAT001").len(), 1, "{}", verdict.told());
}

#[test]
fn a_suppression_that_a_change_adds_is_a_weakening_and_counts_from_the_next_one_on() {
    let one = later(|_| {});
    add(&one, &suppression("DAT001", "role-security-owner", "2026-07-05"));
    let verdict = one.check();
    verdict.assert_error("GOV003", CONFIG, 11, "suppressions[sup-1]");
    verdict.assert_error("GOV004", CONFIG, 6, "is not approved");
    approve(&one, NOW);
    let verdict = one.check();
    verdict.assert_no_errors(&["GOV003", "GOV004", "APR001"]);
    let all: Vec<Value> = verdict.diagnostics().cloned().collect();
    assert!(!is_suppressed(find(&all, "DAT001", "role-security-owner")));
    assert!(is_suppressed(find(&alone(&one), "DAT001", "role-security-owner")));
}

#[test]
fn a_base_whose_configuration_nobody_approved_suppresses_nothing() {
    let one = PullRequest::new(|one| add(one, &suppression("DAT001", "role-ciso", "2026-01-20")));
    overdue(&one);
    approve(&one, "2025-12-30T09:00:00Z");
    let verdict = one.check();
    assert_eq!(verdict.errors("DAT001").len(), 1, "{}", verdict.told());
    verdict.assert_no_errors(&["GOV004"]);
}

/// A base whose bundle was made from what lies there.
fn with_bundle() -> PullRequest {
    let one = PullRequest::new(|_| {});
    let (_, _, err) = one.run(&["bundle", "--out", "generated/q1"]);
    assert!(one.path("generated/q1/SHA256SUMS").exists(), "{err}");
    one
}

/// Asserts that GOV006 says one thing of a file, in these words, and nothing else.
fn assert_told(all: &[Value], path: &str, words: &str) {
    let told = of(all, "GOV006");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(
        (&told[0]["file"], &told[0]["level"]),
        (&path.into(), &"error".into())
    );
    assert!(told[0]["message"].as_str().unwrap().contains(words), "{told:#?}");
}

#[test]
fn a_bundle_as_the_tool_wrote_it_is_said_nothing_of() {
    let one = with_bundle();
    assert!(of(&alone(&one), "GOV006").is_empty());
    // Exports are no sources of their own, and neither is the bundle itself.
    one.write("imports/note.txt", "a fact");
    assert!(of(&alone(&one), "GOV006").is_empty());
}

#[test]
fn a_generated_document_that_was_edited_is_named() {
    const DOCUMENT: &str = "generated/q1/register.json";
    let one = with_bundle();
    let text = one.read(DOCUMENT);
    one.write(DOCUMENT, &text.replacen('{', "{ ", 1));
    let all = alone(&one);
    assert_told(&all, DOCUMENT, "edited by hand, or never written by the tool");
    let related = of(&all, "GOV006")[0]["related"][0].clone();
    assert_eq!(related["file"], "generated/q1/SHA256SUMS");
    let line = usize::try_from(related["line"].as_u64().unwrap()).unwrap();
    let listed = one.read("generated/q1/SHA256SUMS");
    assert!(listed.lines().nth(line - 1).unwrap().ends_with("  register.json"));
    one.remove(DOCUMENT);
    assert_told(&alone(&one), "generated/q1/SHA256SUMS", "removed by hand");
    one.write(DOCUMENT, &text);
    one.write("generated/q1/more.md", "more");
    assert_told(&alone(&one), "generated/q1/more.md", "never written by the tool");
    // A manifest beside it does not help where the one above says otherwise.
    one.remove("generated/q1/more.md");
    let mut inner = listed.lines().filter_map(|line| line.split_once("  "));
    let (_, inner) = inner.find(|(_, path)| path.contains('/')).unwrap();
    let (folder, name) = inner.rsplit_once('/').unwrap();
    let edited = countersign::source::sha256_hex(b"edited");
    one.write(&format!("generated/q1/{inner}"), "edited");
    one.write(
        &format!("generated/q1/{folder}/SHA256SUMS"),
        &format!("{edited}  {name}\n"),
    );
    assert_told(&alone(&one), &format!("generated/q1/{inner}"), "edited by hand");
}

#[test]
fn a_bundle_of_other_sources_is_an_error_in_a_change_too() {
    const STATEMENT: &str = "generated/q1/bundle.json";
    let one = with_bundle();
    one.edit("systems/sys-shop.yaml", "title: ", "title: The other ");
    assert_told(
        &alone(&one),
        STATEMENT,
        "`generated/q1` was made from other sources",
    );
    let verdict = one.check();
    verdict.assert_error("GOV006", STATEMENT, 1, "made from other sources");
    // A commit that is not here cannot be compared with.
    let one = with_bundle();
    let text = one.read(STATEMENT);
    let (start, rest) = text.split_once("\"commit\": \"").unwrap();
    one.write(
        STATEMENT,
        &format!("{start}\"commit\": \"{}{}", "0".repeat(40), &rest[40..]),
    );
    let (_, human, _) = {
        alone(&one);
        one.run(&["check"])
    };
    assert!(human.contains("which is not here to compare with"), "{human}");
}

#[test]
fn other_folders_of_generated_documents_are_named_in_the_configuration() {
    let one = PullRequest::new(|one| {
        one.edit(
            CONFIG,
            "rules:\n",
            "rules:\n  GOV006: {generated_paths: [out/]}\n",
        );
        one.write("out/report.md", "by hand");
        one.write("generated/report.md", "by hand");
        one.write("outside/report.md", "by hand");
    });
    assert_told(&alone(&one), "out/report.md", "edited by hand");
}
