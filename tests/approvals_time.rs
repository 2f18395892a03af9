//! When a decision counts, for how long, and over which content.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use chrono::TimeDelta;
use countersign::model::{Kind, Zone};
use countersign::trust::{self, ApprovalState, Question, digest_of_text};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::approvals::{EXC, Lab, NOON, at, decided, flaws};
use crate::checks::read;
use crate::signing::decide;

/// The last second of a local day, in UTC, and the first of the next.
const ENDS: [(&str, &str, &str); 5] = [
    ("2025-12-31", "2025-12-31T22:59:59Z", "2025-12-31T23:00:00Z"),
    ("2026-03-28", "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"),
    // Clocks go forward, and back.
    ("2026-03-29", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"),
    ("2026-10-24", "2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z"),
    ("2026-10-25", "2026-10-25T22:59:59Z", "2026-10-25T23:00:00Z"),
];

const OSEI: &str = "people/p-osei.yaml";
const HELD: &str = "{person: p-osei, from: 2025-11-03}";

/// Asserts that a person's approval counts at one moment and not at another, and why.
fn from_to(edits: &[(&str, &str, String)], person: &str, good: &str, bad: &str, words: &str) {
    let lab = Lab::new();
    for (path, old, new) in edits {
        lab.edit(path, old, new);
    }
    let repository = lab.repository();
    let sign = |when: &str| {
        let by = (person, "role-security", when);
        decide(lab.path(), &repository, "exc-0001", by, "approve")
    };
    let (good, bad) = (sign(good), sign(bad));
    let standing = lab.standing("exc-0001", "2026-12-31T00:00:00Z");
    assert_eq!(flaws(&standing, &good), [""; 0], "{edits:?}");
    let told = flaws(&standing, &bad).join("; ");
    assert!(told.contains(words), "{edits:?}: {told}");
}

#[test]
fn last_days_end_at_local_midnight() {
    for (day, last, next) in ENDS {
        let key = (OSEI, "valid_to: 2027-11-03", format!("valid_to: {day}"));
        from_to(
            &[key],
            "p-osei",
            last,
            next,
            "APR005 the record of the person holds no key",
        );
        let holder = (
            "roles/role-security.yaml",
            HELD,
            format!("{{person: p-osei, from: 2025-11-03, to: {day}}}"),
        );
        from_to(
            &[holder],
            "p-osei",
            last,
            next,
            "APR002 the person did not hold the role",
        );
        let left = (
            OSEI,
            "{from: 2022-05-01}",
            format!("{{from: 2022-05-01, to: {day}}}"),
        );
        from_to(
            &[left],
            "p-osei",
            last,
            next,
            "APR002 the person did not belong to the organisation",
        );
        let delegation = format!(
            "purpose: approve}}]\n  delegations: [{{to: p-kim, roles: [role-security], from: 2025-12-01, until: {day}}}]\n"
        );
        let delegation = (OSEI, "purpose: approve}]\n", delegation);
        from_to(
            &[delegation],
            "p-kim",
            last,
            next,
            "APR007 the delegation by `p-osei`",
        );
    }
}

#[test]
fn first_days_begin_at_local_midnight() {
    for (day, last, next) in ENDS {
        let after = Zone::named("Europe/Berlin").unwrap().day_of(at(next));
        assert_ne!(after.to_string(), day);
        let key = (OSEI, "valid_from: 2025-11-03", format!("valid_from: {after}"));
        from_to(
            &[key],
            "p-osei",
            next,
            last,
            "APR005 the record of the person holds no key",
        );
        let holder = (
            "roles/role-security.yaml",
            HELD,
            format!("{{person: p-osei, from: {after}}}"),
        );
        from_to(
            &[holder],
            "p-osei",
            next,
            last,
            "APR002 the person did not hold the role",
        );
        let created = (EXC, "created: 2025-12-01", format!("created: {after}"));
        from_to(
            &[created],
            "p-osei",
            next,
            last,
            "APR007 it is earlier than `created` of the record",
        );
        let requested = (EXC, "requested_on: 2025-12-01", format!("requested_on: {after}"));
        from_to(
            &[requested],
            "p-osei",
            next,
            last,
            "APR007 it is earlier than `requested_on` of the record",
        );
    }
}

/// Person, role and decision.
type Step<'a> = (&'a str, &'a str, &'a str);

/// Both who must have approved the exception of high severity.
fn both(lab: &Lab, when: &str) {
    lab.approve("exc-0001", "p-berg", "role-shop-owner", when);
    lab.approve("exc-0001", "p-osei", "role-security", when);
}

#[test]
fn what_was_approved_changed_and_changed_back_needs_a_new_signature() {
    let lab = Lab::new();
    let state = |lab: &Lab| lab.standing("exc-0001", "2025-12-20T00:00:00Z").state;
    both(&lab, "2025-12-02T12:00:00Z");
    assert_eq!(state(&lab), ApprovalState::Approved);
    lab.edit(EXC, "expires: 2026-01-31", "expires: 2026-01-15");
    assert_eq!(state(&lab), ApprovalState::Stale);
    both(&lab, "2025-12-03T12:00:00Z");
    assert_eq!(state(&lab), ApprovalState::Approved);
    lab.edit(EXC, "expires: 2026-01-15", "expires: 2026-01-31");
    let standing = lab.standing("exc-0001", "2025-12-20T00:00:00Z");
    assert!(!standing.counts(), "{:?}", standing.state);
    both(&lab, "2025-12-04T12:00:00Z");
    assert_eq!(state(&lab), ApprovalState::Approved);
    // What was never approved in between takes nothing away.
    let lab = Lab::new();
    both(&lab, "2025-12-02T12:00:00Z");
    lab.edit(EXC, "expires: 2026-01-31", "expires: 2026-01-15");
    lab.edit(EXC, "expires: 2026-01-15", "expires: 2026-01-31");
    assert_eq!(state(&lab), ApprovalState::Approved);
}

#[test]
fn an_emergency_approval_counts_until_its_fuse_has_burnt_down() {
    let lab = Lab::new();
    lab.write(
        "roles/role-emergency-approver.yaml",
        "apiVersion: countersign/v1\nkind: Role\nid: role-emergency-approver\ntitle: On duty\nowner: role-ciso\ncreated: 2025-11-03\n\
         spec:\n  type: role\n  holders: [{person: p-kim, from: 2025-11-03}]\n  may_approve: [{kind: Exception}]\n",
    );
    lab.approve("exc-0001", "p-kim", "role-emergency-approver", NOON);
    let state = |lab: &Lab, when: &str| lab.standing("exc-0001", when).state;
    // Without a fuse in a Policy nobody decides alone.
    assert_eq!(state(&lab, "2025-12-02T12:00:00Z"), ApprovalState::Pending);
    lab.edit(
        "policies/pol-patch.yaml",
        "  retention_years",
        "  emergency: {fuse_hours: 24}\n  retention_years",
    );
    for (when, expected) in [
        ("2025-12-02T11:59:59Z", ApprovalState::Absent),
        ("2025-12-02T12:00:00Z", ApprovalState::Emergency),
        ("2025-12-03T11:59:59Z", ApprovalState::Emergency),
        ("2025-12-03T12:00:00Z", ApprovalState::Emergency),
        ("2025-12-03T12:00:01Z", ApprovalState::Pending),
    ] {
        assert_eq!(state(&lab, when), expected, "{when}");
    }
    lab.approve("exc-0001", "p-berg", "role-shop-owner", "2025-12-03T09:00:00Z");
    assert_eq!(state(&lab, "2025-12-03T10:00:00Z"), ApprovalState::Emergency);
    lab.approve("exc-0001", "p-osei", "role-security", "2025-12-03T11:00:00Z");
    assert_eq!(state(&lab, "2025-12-03T10:59:59Z"), ApprovalState::Emergency);
    assert_eq!(state(&lab, "2025-12-03T11:00:00Z"), ApprovalState::Approved);
    assert_eq!(state(&lab, "2025-12-09T00:00:00Z"), ApprovalState::Approved);
}

#[test]
fn an_approval_ages_and_a_review_that_keeps_renews_it() {
    let lab = Lab::new();
    both(&lab, NOON);
    let standing = |lab: &Lab, days: i64| {
        let when = at(NOON) + TimeDelta::days(days);
        lab.standing("exc-0001", &when.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    assert_eq!(standing(&lab, 400).state, ApprovalState::Approved);
    let old = standing(&lab, 401);
    assert_ne!(old.state, ApprovalState::Approved);
    assert_eq!(
        flaws(&old, &old.decisions[0].path),
        ["APR004 it is 401 d old, and counts for 400 d"]
    );
    // A review by a role that may not approve exceptions is a review, and prolongs nothing.
    lab.decide(
        "exc-0001",
        "p-kim",
        "role-security-owner",
        "2026-11-01T12:00:00Z",
        "review_keep",
    );
    assert_ne!(standing(&lab, 401).state, ApprovalState::Approved);
    lab.decide(
        "exc-0001",
        "p-osei",
        "role-security",
        "2026-11-01T12:00:00Z",
        "review_keep",
    );
    assert_eq!(standing(&lab, 401).state, ApprovalState::Approved);
    assert_ne!(standing(&lab, 800).state, ApprovalState::Approved);
    lab.edit(
        "compliance.yaml",
        "rules:\n",
        "rules:\n  APR004: {max_age_days: {Exception: 10}}\n",
    );
    assert_eq!(standing(&lab, 10).state, ApprovalState::Approved);
    assert_ne!(standing(&lab, 11).state, ApprovalState::Approved);
}

#[test]
fn a_decision_stands_until_the_same_person_takes_it_back_in_the_same_role() {
    let rows: [(&str, &[Step<'_>], ApprovalState); 8] = [
        (
            "rejected",
            &[("p-osei", "role-security", "reject")],
            ApprovalState::Rejected,
        ),
        (
            "rejected and approved again",
            &[
                ("p-osei", "role-security", "reject"),
                ("p-osei", "role-security", "approve"),
            ],
            ApprovalState::Approved,
        ),
        (
            "rejected by one, approved by another",
            &[
                ("p-berg", "role-shop-owner", "reject"),
                ("p-osei", "role-security", "approve"),
            ],
            ApprovalState::Rejected,
        ),
        (
            "rejected in another role",
            &[
                ("p-osei", "role-security-owner", "reject"),
                ("p-osei", "role-security", "approve"),
            ],
            ApprovalState::Rejected,
        ),
        (
            "revoked",
            &[("p-osei", "role-security", "revoke")],
            ApprovalState::Revoked,
        ),
        (
            "revoked and approved again",
            &[
                ("p-osei", "role-security", "revoke"),
                ("p-osei", "role-security", "approve"),
            ],
            ApprovalState::Approved,
        ),
        (
            "revoked by somebody without the role",
            &[("p-lee", "role-security", "revoke")],
            ApprovalState::Approved,
        ),
        (
            "ended by a review",
            &[("p-osei", "role-security", "review_end")],
            ApprovalState::Revoked,
        ),
    ];
    for (name, decisions, expected) in rows {
        let lab = Lab::new();
        both(&lab, NOON);
        for (number, (person, role, decision)) in decisions.iter().enumerate() {
            lab.decide(
                "exc-0001",
                person,
                role,
                &format!("2025-12-0{}T12:00:00Z", number + 3),
                decision,
            );
        }
        assert_eq!(
            lab.standing("exc-0001", "2025-12-20T00:00:00Z").state,
            expected,
            "{name}"
        );
        assert_eq!(
            lab.standing("exc-0001", NOON).state,
            ApprovalState::Approved,
            "{name}, before"
        );
    }
    // A revocation holds over a changed content, too; a rejection is of its content only.
    for (decision, expected) in [
        ("revoke", ApprovalState::Revoked),
        ("reject", ApprovalState::Approved),
    ] {
        let lab = Lab::new();
        lab.decide("exc-0001", "p-kim", "role-ciso", NOON, decision);
        lab.edit(EXC, "expires: 2026-01-31", "expires: 2026-01-15");
        both(&lab, "2025-12-03T12:00:00Z");
        assert_eq!(
            lab.standing("exc-0001", "2025-12-20T00:00:00Z").state,
            expected,
            "{decision}"
        );
    }
}

/// One old approval, made with OpenSSH over a digest that another program computed. It must count for ever.
#[test]
fn an_old_approval_stays_good_for_ever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/approvals");
    let (_, repository, _) = read(&folder);
    assert!(repository.faults.is_empty(), "{:?}", repository.faults);
    let exception = repository.exceptions.iter().next().unwrap();
    let digest = trust::digest(&repository, &exception.meta).unwrap();
    assert_eq!(
        digest,
        "sha256:3f9002ff514db1c08b745bbaf62ca31847c2e357df941029481d56e85a985558"
    );
    let judged = |when: &str| {
        let standings = trust::judge(&repository, &Question::of_itself(&repository, at(when)));
        standings.of(Kind::Exception, exception.id()).clone()
    };
    let standing = judged("2025-06-30T12:00:00Z");
    assert_eq!(
        flaws(&standing, "approvals/exc-0001/3f9002ff-p-ada-1.yaml"),
        [""; 0]
    );
    assert!(decided(&standing, "approvals/exc-0001/3f9002ff-p-ada-1.yaml").is_in_force());
    assert_eq!(standing.state, ApprovalState::Approved);
    assert_eq!(standing.since, Some(at("2025-03-03T09:30:00Z")));
    // Ada has left and her key has ended, and what she signed before is as good.
    assert_eq!(judged("2026-03-01T12:00:00Z").state, ApprovalState::Approved);
    assert_eq!(judged("2025-03-03T09:29:59Z").state, ApprovalState::Absent);
}

/// Every scalar of a record, and another value of the same type for each.
fn sample() -> (Value, Vec<(&'static str, Value)>) {
    let record = json!({
        "apiVersion": "countersign/v1", "kind": "Exception", "id": "exc-0001", "title": "Defer it: the season",
        "owner": "role-shop-owner", "created": "2025-12-01", "status": "submitted", "renews": "exc-0009",
        "controls": ["iso27001:2022/8.8"], "review": {"cycle_days": 90, "last": "2025-12-02", "next": "2026-01-02"},
        "spec": {
            "scope": {"vulns": ["CVE-2025-1111", "qualys:38173"], "systems": ["sys-shop"], "as_of": "2025-12-01", "resolved": ["web01"]},
            "severity": "high", "reason": "legacy", "business_impact": "Closed; two hours", "risk": "r-001", "requested_by": "p-lee",
            "requested_on": "2025-12-01", "starts": "2025-12-01", "expires": "2026-01-31", "covers_exploited": true,
            "plan": {"target_date": "2026-01-31", "steps": ["test it", "do it"]},
            "reviews": [{"at": "2025-12-20", "by": "p-kim", "outcome": "keep"}],
        },
    });
    let others = vec![
        ("/id", json!("exc-0002")),
        ("/title", json!("Defer it: the  season")),
        ("/owner", json!("role-ciso")),
        ("/created", json!("2025-12-02")),
        ("/status", json!("closed")),
        ("/renews", json!("exc-0008")),
        ("/controls/0", json!("iso27001:2022/8.9")),
        ("/review/cycle_days", json!(91)),
        ("/review/last", json!("2025-12-03")),
        ("/review/next", json!("2026-01-03")),
        ("/spec/scope/vulns/0", json!("CVE-2025-1112")),
        ("/spec/scope/vulns/1", json!("qualys:38174")),
        ("/spec/scope/systems/0", json!("sys-files")),
        ("/spec/scope/as_of", json!("2025-12-02")),
        ("/spec/scope/resolved/0", json!("web02")),
        ("/spec/severity", json!("low")),
        ("/spec/reason", json!("resource")),
        ("/spec/business_impact", json!("closed; two hours")),
        ("/spec/risk", json!("r-002")),
        ("/spec/requested_by", json!("p-kim")),
        ("/spec/requested_on", json!("2025-12-02")),
        ("/spec/starts", json!("2025-12-02")),
        ("/spec/expires", json!("2026-02-01")),
        ("/spec/covers_exploited", json!(false)),
        ("/spec/plan/target_date", json!("2026-01-30")),
        ("/spec/plan/steps/0", json!("do it")),
        ("/spec/plan/steps/1", json!("test it")),
        ("/spec/reviews/0/at", json!("2025-12-21")),
        ("/spec/reviews/0/by", json!("p-lee")),
        ("/spec/reviews/0/outcome", json!("end")),
    ];
    (record, others)
}

fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| leaves(member, &format!("{path}/{name}"), found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| leaves(item, &format!("{path}/{index}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => found.push(path.to_owned()),
    }
}

/// Writes a value as YAML; each choice of form takes the next number.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
}

impl Writer<'_> {
    fn choose(&mut self, of: u8) -> u8 {
        self.choices.next().unwrap() % of
    }

    fn scalar(&mut self, value: &Value) -> String {
        let Value::String(text) = value else {
            return value.to_string();
        };
        let is_plain = !text.contains([':', ';', ',']);
        match self.choose(3) {
            0 if is_plain => text.clone(),
            1 => format!("'{text}'"),
            _ => format!(
                "\"{}\"",
                text.replacen('e', "\\u0065", usize::from(self.choose(2)))
            ),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        match value {
            Value::Object(_) => {
                let members: Vec<String> = self
                    .members(value)
                    .into_iter()
                    .map(|(name, member)| format!("{name}: {}", self.flow(&member)))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
            Value::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[ {} ]", items.join(","))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => self.scalar(value),
        }
    }

    /// Returns the members in some order.
    fn members(&mut self, value: &Value) -> Vec<(String, Value)> {
        let mut members: Vec<(String, Value)> = value.as_object().unwrap().clone().into_iter().collect();
        let turn = usize::from(self.choose(5)) % members.len();
        members.rotate_left(turn);
        if self.choose(2) == 1 {
            members.reverse();
        }
        members
    }

    fn block(&mut self, value: &Value, indent: usize, text: &mut String) {
        for (name, member) in self.members(value) {
            if self.choose(4) == 0 {
                writeln!(text, "{:indent$}# a comment: {name}", "").unwrap();
            }
            if member.is_object() && self.choose(2) == 0 {
                writeln!(text, "{:indent$}{name}:", "").unwrap();
                self.block(&member, indent + 2, text);
            } else {
                let blank = if self.choose(3) == 0 { "\n" } else { "" };
                writeln!(text, "{:indent$}{name}: {}{blank}", "", self.flow(&member)).unwrap();
            }
        }
    }
}

fn written(record: &Value, choices: &[u8]) -> String {
    let mut writer = Writer {
        choices: choices.iter().cycle(),
    };
    let mut text = String::new();
    writer.block(record, 0, &mut text);
    text
}

fn digest(text: &str) -> String {
    digest_of_text(Kind::Exception, text, &BTreeMap::new())
        .unwrap_or_else(|error| panic!("{error:#}\n{text}"))
}

#[test]
fn the_table_of_other_values_names_every_scalar() {
    let (record, others) = sample();
    let mut all = Vec::new();
    leaves(&record, "", &mut all);
    all.retain(|path| path != "/apiVersion" && path != "/kind");
    let mut named: Vec<String> = others.iter().map(|(path, _)| (*path).to_owned()).collect();
    all.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, all);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn form_changes_no_digest_and_every_digested_scalar_does(one in prop::collection::vec(any::<u8>(), 1..97), other in prop::collection::vec(any::<u8>(), 1..97), at in 0_usize..30) {
        let (record, others) = sample();
        let expected = digest(&written(&record, &one));
        prop_assert_eq!(&digest(&written(&record, &other)), &expected);
        let (pointer, value) = &others[at % others.len()];
        let mut changed = record.clone();
        *changed.pointer_mut(pointer).unwrap() = value.clone();
        let undigested = ["/status", "/review/last", "/review/next", "/spec/reviews"];
        let is_same = undigested.iter().any(|field| pointer.starts_with(field));
        prop_assert_eq!(digest(&written(&changed, &other)) == expected, is_same, "{}", pointer);
    }
}

/// Absent stays absent: a default that is written out is another record.
#[test]
fn a_default_that_is_written_out_is_another_content() {
    let (mut record, _) = sample();
    record["spec"]["covers_exploited"] = json!(false);
    let written_out = digest(&written(&record, &[0]));
    record["spec"].as_object_mut().unwrap().remove("covers_exploited");
    assert_ne!(digest(&written(&record, &[0])), written_out);
}
