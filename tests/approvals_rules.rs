//! What the rules say about records that are approved, or not, by signatures: the examples of the requirements.

use countersign::check;
use countersign::trust::{self, Question};

use crate::approvals::{ACCEPTANCE, EXC, Lab, NOON};
use crate::checks::{new_year, read, register_with};

/// Judges the signatures of a repository and returns what one rule says about a record.
fn said(lab: &Lab, code: &str, subject: &str) -> Vec<String> {
    let (tree, repository, settings) = read(lab.path());
    let as_of = new_year(&repository);
    let question = Question {
        rules: settings.approval_rules(),
        ..Question::of_itself(&repository, as_of.instant())
    };
    let register = register_with(&repository, &tree, as_of, trust::judge(&repository, &question));
    let told = check::run(&register, &settings);
    let told = told
        .into_iter()
        .filter(|one| one.code == code && one.subject.as_deref() == Some(subject));
    told.map(|one| one.message).collect()
}

/// Requirement 0:2.6: a critical exception stands on an acceptance that the business has signed.
#[test]
fn a_critical_exception_needs_a_signed_acceptance() {
    let lab = Lab::new();
    lab.edit(EXC, "severity: high", "severity: critical");
    lab.edit(
        EXC,
        "expires: 2026-01-31",
        "expires: 2026-01-15\n  acceptance: rac-0001",
    );
    lab.edit(
        EXC,
        "systems: [sys-shop], as_of: 2025-12-01, resolved: [web01]",
        "systems: [sys-files], as_of: 2025-12-01, resolved: [file01]",
    );
    lab.edit("systems/sys-files.yaml", "tier: tier2", "tier: tier1");
    let acceptance = ACCEPTANCE
        .replace("systems: [sys-shop]", "systems: [sys-files]")
        .replace("[web01]", "[file01]");
    lab.write("acceptances/rac-0001.yaml", &acceptance);
    let refused = "exception `exc-0001` is not permitted for severity critical on `sys-files` of the two most critical tiers: \
                   `rac-0001` is not approved by all who must";
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [refused]);
    // Somebody of security is not the business.
    lab.approve("rac-0001", "p-kim", "role-ciso", NOON);
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [refused]);
    lab.approve("rac-0001", "p-berg", "role-management", NOON);
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [""; 0]);
}

/// What is exploited needs both at the top, two people, later than the day on which it became known.
#[test]
fn what_is_exploited_needs_the_top_to_know_it() {
    let lab = |since: &str| {
        let lab = Lab::new();
        lab.edit(
            EXC,
            "expires: 2026-01-31",
            "expires: 2025-12-15\n  acceptance: rac-0001\n  covers_exploited: true",
        );
        lab.edit(EXC, "starts: 2025-12-01", "starts: 2025-12-20");
        lab.edit(EXC, "expires: 2025-12-15", "expires: 2026-01-03");
        let acceptance = ACCEPTANCE
            .replace("  risk:", "  covers_exploited: true\n  risk:")
            .replace(
                "residual: {likelihood: unlikely, impact: major}",
                "residual: {likelihood: possible, impact: major}",
            );
        lab.write("acceptances/rac-0001.yaml", &acceptance);
        lab.write(
            "triage/tri-0001.yaml",
            &format!("apiVersion: countersign/v1\nkind: Triage\nid: tri-0001\ntitle: In use\nowner: role-ciso\ncreated: 2025-12-01\n\
             spec:\n  subject: {{vuln: CVE-2025-1111, systems: [sys-shop], resolved: [web01]}}\n  status: affected\n  method: seen\n  \
             evidence: []\n  ssvc: {{exploitation: active}}\n  exploit_evidence: [{{source: CERT, at: {since}}}]\n  expires: 2026-03-01\n"),
        );
        lab
    };
    let told = |lab: &Lab| said(lab, "EXC009", "exc-0001").join("; ");
    let good = lab("2025-12-01");
    good.approve("rac-0001", "p-kim", "role-ciso", NOON);
    assert!(
        told(&good).contains("by `tri-0001`, on `sys-shop` that the internet reaches"),
        "{}",
        told(&good)
    );
    assert!(
        told(&good).contains("not approved after 2025-12-01 by senior_management"),
        "{}",
        told(&good)
    );
    good.approve("rac-0001", "p-berg", "role-management", NOON);
    assert_eq!(told(&good), "");
    // On the day itself nobody can tell which came first.
    let late = lab("2025-12-02");
    late.approve("rac-0001", "p-kim", "role-ciso", NOON);
    late.approve("rac-0001", "p-berg", "role-management", NOON);
    assert!(
        told(&late).contains("not approved after 2025-12-02 by ciso and senior_management"),
        "{}",
        told(&late)
    );
    let mild = lab("2025-12-02");
    mild.edit("triage/tri-0001.yaml", "active", "poc");
    mild.edit(EXC, "  covers_exploited: true\n", "");
    assert_eq!(told(&mild), "");
    for (old, new, words) in [
        (
            "vulns: [CVE-2025-1111]",
            "vulns: [CVE-2025-2222]",
            "`rac-0001` does not name `CVE-2025-1111`",
        ),
        (
            "systems: [sys-shop]",
            "systems: [sys-files]",
            "`rac-0001` does not name `sys-shop`",
        ),
        (
            "covers_exploited: true",
            "covers_exploited: false",
            "`rac-0001` does not say `covers_exploited: true`",
        ),
        (
            "expires: 2026-06-30",
            "expires: 2025-12-31",
            "`rac-0001` ended on 2025-12-31",
        ),
        (
            "created: 2025-12-01",
            "created: 2025-12-01\nstatus: revoked",
            "`rac-0001` is a draft or has ended",
        ),
    ] {
        let lab = lab("2025-12-01");
        lab.edit("acceptances/rac-0001.yaml", old, new);
        lab.approve("rac-0001", "p-kim", "role-ciso", NOON);
        lab.approve("rac-0001", "p-berg", "role-management", NOON);
        assert!(told(&lab).contains(words), "{words}: {}", told(&lab));
    }
    // One person in both roles is one person.
    let one = lab("2025-12-01");
    one.edit(
        "roles/role-ciso.yaml",
        "{person: p-kim, from: 2025-11-03}",
        "{person: p-kim, from: 2025-11-03}, {person: p-berg, from: 2025-11-03}",
    );
    one.approve("rac-0001", "p-berg", "role-ciso", NOON);
    one.approve("rac-0001", "p-berg", "role-management", NOON);
    assert!(
        told(&one).contains("`rac-0001` is not approved"),
        "{}",
        told(&one)
    );
}

/// Requirement 0:10.6: a regulation asks for its officer, and nobody lengthens what it leaves.
#[test]
fn a_system_under_a_regulation_asks_for_its_officer_and_keeps_its_cap() {
    let lab = Lab::new();
    lab.edit(
        "systems/sys-files.yaml",
        "  window:",
        "  regulations: [pci_dss]\n  window:",
    );
    lab.edit("isms.yaml", "  tiers:\n", "  regulations: [{id: pci, tag: pci_dss, caps: [{severity: critical, months: 1, from: patch_released}, {severity: high, days: 60, from: first_detected}]}]\n  tiers:\n");
    lab.edit(
        EXC,
        "vulns: [CVE-2025-1111], systems: [sys-shop], as_of: 2025-12-01, resolved: [web01]",
        "vulns: [CVE-2025-9999], systems: [sys-files], as_of: 2025-12-01, resolved: [file01]",
    );
    lab.edit(EXC, "severity: high", "severity: critical");
    lab.edit(EXC, "expires: 2026-01-31", "expires: 2026-01-10");
    let missing = said(&lab, "APR001", "exc-0001").join("; ");
    assert!(missing.contains("`role-compliance`"), "{missing}");
    let told = "exception `exc-0001` runs to 40 d after it was first granted on 2025-12-01, against the 1-month cap of `pci` for critical on `sys-files`";
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [told]);
    lab.edit(EXC, "expires: 2026-01-10", "expires: 2026-01-01");
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [""; 0]);
    // A chain counts from its beginning.
    lab.edit(EXC, "  starts:", "  first_granted: 2025-11-20\n  starts:");
    assert_eq!(said(&lab, "EXC009", "exc-0001").len(), 1);
    // The cap of another severity, in days.
    lab.edit(EXC, "severity: critical", "severity: high");
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [""; 0]);
    lab.edit(EXC, "expires: 2026-01-01", "expires: 2026-01-20");
    let told = said(&lab, "EXC009", "exc-0001").join("; ");
    assert!(
        told.contains("61 d") && told.contains("60-day cap of `pci` for high"),
        "{told}"
    );
}

/// From imports a cap runs from the day on which the patch came out, or the finding was first seen.
#[test]
fn a_cap_runs_from_what_exports_say() {
    let lab = Lab::new();
    lab.edit(
        "systems/sys-shop.yaml",
        "  window:",
        "  regulations: [pci_dss]\n  window:",
    );
    let caps = |from: &str| {
        format!(
            "  regulations: [{{id: pci, tag: pci_dss, caps: [{{severity: high, days: 42, from: {from}}}]}}]\n  tiers:\n"
        )
    };
    lab.edit("isms.yaml", "  tiers:\n", &caps("patch_released"));
    // The scan of 2025-12-30 says that the patch came out on 2025-12-20, 42 d before the end.
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [""; 0]);
    lab.edit("isms.yaml", "days: 42", "days: 41");
    let told = said(&lab, "EXC009", "exc-0001").join("; ");
    assert!(
        told.contains("42 d after the patch came out on 2025-12-20"),
        "{told}"
    );
    lab.edit("isms.yaml", "from: patch_released", "from: first_detected");
    assert_eq!(said(&lab, "EXC009", "exc-0001"), [""; 0]);
    lab.edit("isms.yaml", "days: 41", "days: 31");
    let told = said(&lab, "EXC009", "exc-0001").join("; ");
    assert!(
        told.contains("32 d after it was first detected on 2025-12-30"),
        "{told}"
    );
}

#[test]
fn classes_choose_what_needs_an_acceptance() {
    let lab = Lab::new();
    lab.edit(EXC, "severity: high", "severity: critical");
    let rules = lab.text("compliance.yaml");
    let with = |more: &str| {
        lab.write("compliance.yaml", &format!("{rules}  EXC009: {{{more}}}\n"));
        let (tree, repository, settings) = read(lab.path());
        let as_of = new_year(&repository);
        let register = register_with(
            &repository,
            &tree,
            as_of,
            trust::standings(&repository, as_of.instant()),
        );
        let told = check::run(&register, &settings);
        told.into_iter()
            .filter(|one| one.code == "EXC009")
            .map(|one| one.message)
            .collect::<Vec<_>>()
    };
    assert_eq!(with("max_exploited_days: 14").len(), 1);
    assert_eq!(with("classes: [kev, exploited]"), [""; 0]);
    let told = with("classes: [kev, grave]");
    assert_eq!(told.len(), 2);
    assert!(
        told.contains(&"`grave` is no class of EXC009".to_owned()),
        "{told:?}"
    );
}

/// Requirement 0:5.5: an unsupported system is accepted at the top.
#[test]
fn an_unsupported_system_is_accepted_at_the_top() {
    let lab = Lab::new();
    let text = ACCEPTANCE
        .replace("type: vulnerability", "type: unsupported_system")
        .replace("owner: role-management", "owner: role-shop-owner")
        .replace(
            "residual: {likelihood: unlikely",
            "residual: {likelihood: possible",
        );
    lab.write("acceptances/rac-0001.yaml", &text);
    lab.approve("rac-0001", "p-berg", "role-shop-owner", NOON);
    let told = said(&lab, "APR002", "rac-0001").join("; ");
    assert!(
        told.contains("the role may accept a residual risk up to medium; this is high"),
        "{told}"
    );
    let told = said(&lab, "APR001", "rac-0001").join("; ");
    assert!(told.contains("`role-management`"), "{told}");
    assert_eq!(said(&lab, "RAC002", "rac-0001").len(), 1);
}

/// Requirement 0:10.8: every party signs an agreement; what lies above the appetite is signed at the top.
#[test]
fn every_party_signs_an_agreement() {
    let lab = Lab::new();
    assert_eq!(said(&lab, "APR001", "sla-standard"), [""; 0]);
    lab.forget("sla-standard", "p-berg");
    let told = said(&lab, "APR001", "sla-standard");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("`role-shop-owner`") && !told[0].contains("`role-it-ops`"),
        "{told:?}"
    );
    lab.write(
        "acceptances/rac-0001.yaml",
        &ACCEPTANCE.replace(
            "residual: {likelihood: unlikely",
            "residual: {likelihood: possible",
        ),
    );
    lab.approve("rac-0001", "p-kim", "role-ciso", NOON);
    assert_eq!(
        said(&lab, "RAC002", "rac-0001"),
        ["acceptance `rac-0001` bears a residual risk above the appetite: high > medium"]
    );
    lab.approve("rac-0001", "p-berg", "role-management", NOON);
    assert_eq!(said(&lab, "RAC002", "rac-0001"), [""; 0]);
}

/// Requirement 0:10.1: two of a quorum of three.
#[test]
fn a_committee_below_its_quorum_is_told() {
    let lab = Lab::new();
    lab.edit("roles/role-committee.yaml", "quorum: 2", "quorum: 3");
    let told = said(&lab, "APR001", "pol-patch");
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("`role-committee`") && told[0].contains("2 of 3"),
        "{told:?}"
    );
}

/// Requirement 0:1.8: another text of a Policy needs new approvals; so does another version.
#[test]
fn another_text_of_a_policy_needs_new_approvals() {
    let before = Lab::new();
    let digest = before.standing("pol-patch", NOON).digest.unwrap();
    let lab = Lab::new();
    lab.edit("policies/pol-patch.md", "", "One more sentence.\n\n");
    lab.edit("policies/pol-patch.yaml", "version: 1.0.0", "version: 1.1.0");
    let told = said(&lab, "APR004", "pol-patch");
    assert_eq!(told.len(), 1);
    let now = lab.standing("pol-patch", NOON).digest.unwrap();
    for digest in [&digest, &now] {
        assert!(told[0].contains(&digest[..15]), "{digest}: {told:?}");
    }
    let text = Lab::new();
    text.edit("policies/pol-patch.md", "", "One more sentence.\n\n");
    assert_eq!(said(&text, "APR004", "pol-patch").len(), 1);
}

/// Threat T19: a severity that says less than the findings does not reach a lower approver.
#[test]
fn a_severity_below_that_of_the_findings_is_an_error() {
    let lab = Lab::new();
    for (word, is_told) in [
        ("low", true),
        ("medium", true),
        ("high", false),
        ("critical", false),
    ] {
        lab.write(
            EXC,
            &crate::approvals::EXCEPTION.replace("severity: high", &format!("severity: {word}")),
        );
        assert_eq!(
            said(&lab, "APR002", "exc-0001").len(),
            usize::from(is_told),
            "{word}"
        );
    }
    lab.edit(EXC, "severity: critical", "severity: low");
    let told = said(&lab, "APR002", "exc-0001");
    assert_eq!(
        told,
        ["`exc-0001` says low, its findings are rated high: `CVE-2025-1111 on web01`"]
    );
    // Where nothing is known of the host, the record alone counts.
    lab.edit(EXC, "[web01]", "[web02]");
    assert_eq!(said(&lab, "APR002", "exc-0001"), [""; 0]);
    lab.edit(EXC, "created: 2025-12-01", "created: 2025-12-01\nstatus: draft");
    lab.edit(EXC, "[web02]", "[web01]");
    assert_eq!(said(&lab, "APR002", "exc-0001"), [""; 0]);
}

/// Requirement 0:1.4: a leaver who alone holds a role leaves what the role owns without an owner.
#[test]
fn a_role_that_only_a_leaver_holds_is_told() {
    let told = |lab: &Lab| {
        let told = said(lab, "REF002", "sys-files");
        told.into_iter()
            .filter(|message| message.starts_with("`owner`"))
            .collect::<Vec<_>>()
    };
    let lab = Lab::new();
    assert_eq!(told(&lab), [""; 0]);
    lab.edit(
        "people/p-lee.yaml",
        "{from: 2021-09-01}",
        "{from: 2021-09-01, to: 2025-12-31}",
    );
    assert_eq!(
        told(&lab),
        ["`owner` of `sys-files` is `role-it-ops`, a role that nobody holds"]
    );
    lab.edit(
        "roles/role-it-ops.yaml",
        "{person: p-lee, from: 2025-11-03}",
        "{person: p-lee, from: 2025-11-03}, {person: p-osei, from: 2025-11-03}",
    );
    assert_eq!(told(&lab), [""; 0]);
}

#[test]
fn two_roles_that_do_not_go_together_are_told_once() {
    let lab = Lab::new();
    lab.edit(
        "roles/role-security.yaml",
        "spec:\n",
        "spec:\n  incompatible_with: [role-security-owner, role-gone]\n",
    );
    lab.edit(
        "roles/role-security-owner.yaml",
        "spec:\n",
        "spec:\n  incompatible_with: [role-security]\n",
    );
    let both = |lab: &Lab| {
        let one = said(lab, "APR003", "role-security");
        one.into_iter()
            .chain(said(lab, "APR003", "role-security-owner"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        both(&lab),
        ["`p-osei` holds `role-security` and `role-security-owner`, which do not go together"]
    );
    lab.edit(
        "roles/role-security.yaml",
        "{person: p-osei, from: 2025-11-03}",
        "{person: p-osei, from: 2025-11-03, to: 2025-12-31}",
    );
    assert_eq!(both(&lab), [""; 0]);
}
