//! Who must approve, who may, and who may not: tables of cases over really signed repositories.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use countersign::load::Repository;
use countersign::model::{RecordId, parse_instant};
use countersign::source::{ContentReader, read_history};
use countersign::trust::{self, ApprovalState, Basis, Decided, Question, Standing, Testimony, testify};

use crate::checks::{base, read};
use crate::signing::{decide, fingerprint_of, key_of, sign};

pub(crate) const NOON: &str = "2025-12-02T12:00:00Z";
pub(crate) const EXC: &str = "exceptions/exc-0001.yaml";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    parse_instant(text).unwrap().utc()
}

/// The signed base repository, changed and signed further.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
}

impl Lab {
    /// The base with an exception of severity high on the shop, which Robin Lee asks for.
    pub(crate) fn new() -> Self {
        let lab = Self { folder: base() };
        lab.write(EXC, EXCEPTION);
        lab
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    /// Replaces a text that must be there.
    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.text(path);
        assert!(text.contains(old), "{path} has no `{old}`");
        self.write(path, &text.replacen(old, new, 1));
    }

    pub(crate) fn repository(&self) -> Repository {
        read(self.path()).1
    }

    pub(crate) fn approve(&self, id: &str, person: &str, role: &str, when: &str) -> String {
        self.decide(id, person, role, when, "approve")
    }

    pub(crate) fn decide(&self, id: &str, person: &str, role: &str, when: &str, decision: &str) -> String {
        decide(
            self.path(),
            &self.repository(),
            id,
            (person, role, when),
            decision,
        )
    }

    /// Signs a file anew with another key.
    fn sign_with(&self, path: &str, key: &str) {
        let signature = sign(key, "countersign-approval", self.text(path).as_bytes());
        self.write(&format!("{path}.sig"), &signature);
    }

    /// Takes away the decisions of a person about a record.
    pub(crate) fn forget(&self, id: &str, person: &str) {
        for entry in std::fs::read_dir(self.path().join("approvals").join(id)).unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().contains(&format!("-{person}-")) {
                std::fs::remove_file(path).unwrap();
            }
        }
    }

    /// Writes a person with a key of some name, and lists the key.
    fn person(&self, id: &str, email: &str, function: &str, key: &str) {
        self.write(
            &format!("people/{id}.yaml"),
            &format!(
                "apiVersion: countersign/v1\nkind: Person\nid: {id}\ntitle: {id}\nowner: role-ciso\ncreated: 2025-11-03\n\
                 spec:\n  name: {id}\n  email: {email}\n  active: {{from: 2020-01-01}}\n  function: {function}\n  \
                 keys: [{{type: ssh-ed25519, fingerprint: \"{}\", valid_from: 2025-11-03, purpose: approve}}]\n",
                fingerprint_of(key)
            ),
        );
        self.list_key(email, key);
    }

    fn list_key(&self, email: &str, key: &str) {
        let public = key_of(key).public_key().to_openssh().unwrap();
        let list = self.text("keyring/allowed_signers");
        let line = format!("{email} namespaces=\"countersign-approval\" {public}\n");
        self.write("keyring/allowed_signers", &format!("{list}{line}"));
    }

    /// Judges the repository by itself; `changed` are records that a change touches.
    pub(crate) fn standing_of(
        &self,
        id: &str,
        when: &str,
        changed: &[&str],
        testimony: Testimony,
    ) -> Standing {
        let (_, repository, settings) = read(self.path());
        let question = Question {
            rules: settings.approval_rules(),
            changed: changed.iter().filter_map(|id| RecordId::new(id)).collect(),
            testimony: Arc::new(testimony),
            ..Question::of_itself(&repository, at(when))
        };
        let standings = trust::judge(&repository, &question);
        let kind = repository.record(&RecordId::new(id).unwrap()).unwrap().kind;
        standings.of(kind, &RecordId::new(id).unwrap()).clone()
    }

    pub(crate) fn standing(&self, id: &str, when: &str) -> Standing {
        self.standing_of(id, when, &[], Testimony::default())
    }

    /// The words that the matrix asks for, with the number of people where it is more than one.
    fn words(&self, id: &str) -> BTreeSet<String> {
        let standing = self.standing(id, NOON);
        let words = standing.demands.iter().map(|met| {
            let count = if met.needed > 1 {
                format!(" x{}", met.needed)
            } else {
                String::new()
            };
            format!("{}{count}", met.demand.word)
        });
        words.collect()
    }
}

/// Why a decision of a person does not count, each with its rule; empty when it does.
pub(crate) fn flaws(standing: &Standing, path: &str) -> Vec<String> {
    let decided = decided(standing, path);
    let flaws = decided.flaws.iter().map(|flaw| format!("{} {flaw}", flaw.code()));
    flaws.collect()
}

pub(crate) fn decided<'a>(standing: &'a Standing, path: &str) -> &'a Decided {
    let found = standing.decisions.iter().find(|decided| &*decided.path == path);
    found.unwrap_or_else(|| panic!("no decision {path}"))
}

pub(crate) const EXCEPTION: &str = "apiVersion: countersign/v1
kind: Exception
id: exc-0001
title: Defer the web server until the season is over
owner: role-shop-owner
created: 2025-12-01
spec:
  scope: {vulns: [CVE-2025-1111], systems: [sys-shop], as_of: 2025-12-01, resolved: [web01]}
  severity: high
  reason: business_cycle
  business_impact: The shop is closed for two hours in its best season.
  risk: r-001
  requested_by: p-lee
  requested_on: 2025-12-01
  starts: 2025-12-01
  expires: 2026-01-31
  plan: {target_date: 2026-01-31}
";

pub(crate) const ACCEPTANCE: &str = "apiVersion: countersign/v1
kind: RiskAcceptance
id: rac-0001
title: The shop goes on with the old web server
owner: role-management
created: 2025-12-01
spec:
  type: vulnerability
  subject: {vulns: [CVE-2025-1111], systems: [sys-shop], as_of: 2025-12-01, resolved: [web01]}
  starts: 2025-12-01
  risk: r-001
  inherent: {likelihood: likely, impact: major}
  residual: {likelihood: unlikely, impact: major}
  alternatives_considered: A second shop for one season costs more than the season brings.
  statement: I accept the residual risk of the booking shop until the expiry date.
  expires: 2026-06-30
";

/// Changes of the base: path, old text, new text.
type Edits<'a> = &'a [(&'a str, &'a str, &'a str)];

/// What a row is about, the severity, further changes, and the words of the matrix.
type MatrixRow<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str, &'a str)>, &'a str);

const ON_FILES: (&str, &str, &str) = (
    EXC,
    "systems: [sys-shop], as_of: 2025-12-01, resolved: [web01]",
    "systems: [sys-files], as_of: 2025-12-01, resolved: [file01]",
);
const PCI: (&str, &str, &str) = (
    "systems/sys-shop.yaml",
    "  window:",
    "  regulations: [pci_dss]\n  window:",
);
const GDPR: (&str, &str, &str) = (
    "systems/sys-shop.yaml",
    "  window:",
    "  regulations: [gdpr]\n  window:",
);

fn severity(word: &'static str) -> (&'static str, &'static str, String) {
    (EXC, "severity: high", format!("severity: {word}"))
}

#[test]
fn the_matrix_asks_for_the_roles_of_its_row() {
    let exploited = (EXC, "  plan:", "  covers_exploited: true\n  plan:");
    let no_system = (EXC, "systems: [sys-shop], ", "");
    // A System that says less than the criteria of the Isms is in the tier that they compute.
    let understated = ("systems/sys-shop.yaml", "tier: tier1", "tier: tier2");
    let row = (
        "policies/pol-patch.yaml",
        "  retention_years",
        "  approval_matrix: [{kind: Exception, severity: [high], when: exposure == internet, roles: [role-it-ops]}]\n  retention_years",
    );
    let rows: [MatrixRow<'_>; 14] = [
        ("low on tier 1", "low", vec![], "security system_owner"),
        ("medium on tier 1", "medium", vec![], "security system_owner"),
        (
            "medium on a tier that is understated",
            "medium",
            vec![understated],
            "security system_owner",
        ),
        ("low on tier 2", "low", vec![ON_FILES], "system_owner"),
        ("medium on tier 2", "medium", vec![ON_FILES], "system_owner"),
        ("medium on no System", "medium", vec![no_system], "security"),
        ("high on tier 1", "high", vec![], "business_owner security"),
        (
            "high on tier 2",
            "high",
            vec![ON_FILES],
            "business_owner security",
        ),
        ("critical on tier 1", "critical", vec![], "business_owner ciso"),
        (
            "critical on tier 2",
            "critical",
            vec![ON_FILES],
            "business_owner ciso",
        ),
        (
            "exploited",
            "high",
            vec![exploited],
            "business_owner ciso security senior_management",
        ),
        (
            "under PCI",
            "high",
            vec![PCI],
            "business_owner compliance security",
        ),
        ("under GDPR", "high", vec![GDPR], "business_owner legal security"),
        (
            "with a row of a Policy",
            "high",
            vec![row],
            "business_owner role-it-ops security",
        ),
    ];
    for (name, word, edits, expected) in rows {
        let lab = Lab::new();
        let (path, old, new) = severity(word);
        lab.edit(path, old, &new);
        for (path, old, new) in edits {
            lab.edit(path, old, new);
        }
        let words: Vec<String> = lab.words("exc-0001").into_iter().collect();
        assert_eq!(words.join(" "), expected, "{name}");
    }
}

#[test]
fn an_acceptance_asks_by_its_residual_risk() {
    let rows = [
        ("unlikely, impact: minor", "vulnerability", "risk_owner"),
        ("unlikely, impact: major", "vulnerability", "business_owner"),
        ("possible, impact: major", "vulnerability", "business_owner ciso"),
        ("likely, impact: major", "vulnerability", "senior_management"),
        ("certain, impact: major", "vulnerability", "senior_management"),
        (
            "unlikely, impact: minor",
            "unsupported_system",
            "risk_owner senior_management",
        ),
        (
            "possible, impact: major",
            "unsupported_system",
            "business_owner ciso senior_management",
        ),
    ];
    for (residual, sort, expected) in rows {
        let lab = Lab::new();
        let text = ACCEPTANCE
            .replace(
                "{likelihood: unlikely, impact: major}",
                &format!("{{likelihood: {residual}}}"),
            )
            .replace("type: vulnerability", &format!("type: {sort}"));
        lab.write("acceptances/rac-0001.yaml", &text);
        let words: Vec<String> = lab.words("rac-0001").into_iter().collect();
        assert_eq!(words.join(" "), expected, "{residual} {sort}");
    }
}

#[test]
fn every_other_kind_asks_for_its_row() {
    let lab = Lab::new();
    let triage = "apiVersion: countersign/v1\nkind: Triage\nid: tri-0001\ntitle: Not this\nowner: role-ciso\ncreated: 2025-12-01\n\
                  spec:\n  subject: {vuln: CVE-2025-1111, systems: [sys-shop], resolved: [web01]}\n  status: false_positive\n  \
                  method: looked\n  evidence: []\n  expires: 2026-03-01\n";
    lab.write("triage/tri-0001.yaml", triage);
    let rows = [
        ("isms", "ciso senior_management"),
        ("soa-2022", "ciso senior_management"),
        ("pol-patch", "ciso committee x2"),
        ("p-lee", "security_owner x2"),
        ("role-it-ops", "ciso security_owner"),
        ("r-001", "ciso risk_owner"),
        ("sys-shop", "security_owner system_owner"),
        ("src-nessus", "security_owner"),
        ("tri-0001", "security"),
        ("sla-standard", "role-ciso role-it-ops role-shop-owner"),
    ];
    for (id, expected) in rows {
        let words: Vec<String> = lab.words(id).into_iter().collect();
        assert_eq!(words.join(" "), expected, "{id}");
    }
    let (_, repository, settings) = read(lab.path());
    let question = Question {
        rules: settings.approval_rules(),
        ..Question::of_itself(&repository, at(NOON))
    };
    let standings = trust::judge(&repository, &question);
    let configuration = &standings.of_configuration().demands[0];
    assert_eq!(
        (configuration.demand.word.as_str(), configuration.needed),
        ("security_owner", 2)
    );
}

/// What a case does, who signs, and what is said about it; nothing where the decision counts.
struct Case<'a> {
    name: &'a str,
    edits: Edits<'a>,
    by: (&'a str, &'a str, &'a str),
    said: &'a str,
}

fn hold(cases: &[Case<'_>]) {
    for case in cases {
        let lab = Lab::new();
        for (path, old, new) in case.edits {
            lab.edit(path, old, new);
        }
        let (person, role, when) = case.by;
        let path = lab.approve("exc-0001", person, role, when);
        let told = flaws(&lab.standing("exc-0001", "2026-06-01T00:00:00Z"), &path).join("; ");
        assert_eq!(told, case.said, "{}", case.name);
    }
}

const OSEI: (&str, &str, &str) = ("p-osei", "role-security", NOON);
const SECURITY: &str = "roles/role-security.yaml";
const HELD: &str = "{person: p-osei, from: 2025-11-03}";

#[test]
fn only_who_holds_a_role_on_the_day_decides_in_it() {
    let delegation = |time: &str| {
        let text =
            format!("purpose: approve}}]\n  delegations: [{{to: p-kim, roles: [role-security], {time}}}]\n");
        (
            String::from("people/p-osei.yaml"),
            String::from("purpose: approve}]\n"),
            text,
        )
    };
    let current = delegation("from: 2025-12-01, until: 2025-12-02");
    let past = delegation("from: 2025-11-20, until: 2025-12-01");
    let coming = delegation("from: 2025-12-03, until: 2025-12-09");
    fn plain(edit: &(String, String, String)) -> [(&str, &str, &str); 1] {
        [(edit.0.as_str(), edit.1.as_str(), edit.2.as_str())]
    }
    let (current, past, coming) = (plain(&current), plain(&past), plain(&coming));
    let ended = (
        SECURITY,
        HELD,
        "{person: p-osei, from: 2025-11-03, to: 2025-12-01}",
    );
    let left_holder = [current[0], ended];
    let kim = ("p-kim", "role-security", NOON);
    hold(&[
        Case {
            name: "holder",
            edits: &[],
            by: OSEI,
            said: "",
        },
        Case {
            name: "nobody",
            edits: &[],
            by: kim,
            said: "APR002 the person did not hold the role on 2025-12-02",
        },
        Case {
            name: "deputy",
            edits: &[(SECURITY, "spec:\n", "spec:\n  deputy: p-kim\n")],
            by: kim,
            said: "",
        },
        Case {
            name: "delegate in time",
            edits: &current,
            by: kim,
            said: "",
        },
        Case {
            name: "delegate too late",
            edits: &past,
            by: kim,
            said: "APR007 the delegation by `p-osei` counts from 2025-11-20 to 2025-12-01, not on 2025-12-02",
        },
        Case {
            name: "delegate too early",
            edits: &coming,
            by: kim,
            said: "APR007 the delegation by `p-osei` counts from 2025-12-03 to 2025-12-09, not on 2025-12-02",
        },
        Case {
            name: "delegate of somebody who does not hold it any more",
            edits: &left_holder,
            by: kim,
            said: "APR007 the delegation by `p-osei` counts from 2025-12-01 to 2025-12-02, not on 2025-12-02",
        },
        Case {
            name: "holder until the day",
            edits: &[(
                SECURITY,
                HELD,
                "{person: p-osei, from: 2025-11-03, to: 2025-12-02}",
            )],
            by: OSEI,
            said: "",
        },
        Case {
            name: "holder until the day before",
            edits: &[ended],
            by: OSEI,
            said: "APR002 the person did not hold the role on 2025-12-02",
        },
        Case {
            name: "holder from the day after",
            edits: &[(SECURITY, HELD, "{person: p-osei, from: 2025-12-03}")],
            by: OSEI,
            said: "APR002 the person did not hold the role on 2025-12-02",
        },
        Case {
            name: "leaver",
            edits: &[(
                "people/p-osei.yaml",
                "{from: 2022-05-01}",
                "{from: 2022-05-01, to: 2025-12-01}",
            )],
            by: OSEI,
            said: "APR002 the person did not belong to the organisation on 2025-12-02",
        },
        Case {
            name: "left after signing",
            edits: &[(
                "people/p-osei.yaml",
                "{from: 2022-05-01}",
                "{from: 2022-05-01, to: 2025-12-02}",
            )],
            by: OSEI,
            said: "",
        },
        Case {
            name: "no such role",
            edits: &[],
            by: ("p-osei", "role-nobody", NOON),
            said: "APR002 there is no such role",
        },
    ]);
}

#[test]
fn a_role_may_approve_no_more_than_its_record_says() {
    let may = "{kind: Exception, max_severity: high, tiers: [tier0, tier1, tier2], max_days: 365}";
    let limited = |text: &'static str| [(SECURITY, may, text)];
    let kind = limited("{kind: Policy}");
    let severity = limited("{kind: Exception, max_severity: medium}");
    let tiers = limited("{kind: Exception, tiers: [tier2]}");
    let days = limited("{kind: Exception, max_days: 60}");
    let exact = limited("{kind: Exception, max_severity: high, tiers: [tier1], max_days: 61}");
    let two = limited(
        "{kind: Exception, max_severity: low}\n    - {kind: Exception, tiers: [tier1], max_days: 90}",
    );
    let both = limited("{kind: Exception, max_severity: low, max_days: 60}");
    let part = limited("{kind: Exception, fragment: reviews}");
    let nowhere = [(EXC, "systems: [sys-shop], ", "systems: [sys-gone], ")];
    hold(&[
        Case {
            name: "kind",
            edits: &kind,
            by: OSEI,
            said: "APR002 the role may not approve the kind Exception",
        },
        Case {
            name: "severity",
            edits: &severity,
            by: OSEI,
            said: "APR002 the role may approve up to medium; this is high",
        },
        Case {
            name: "tiers",
            edits: &tiers,
            by: OSEI,
            said: "APR002 the role may approve for tier2; this is tier1",
        },
        Case {
            name: "days",
            edits: &days,
            by: OSEI,
            said: "APR002 the role may approve up to 60 d; this is 61 d",
        },
        Case {
            name: "exactly as far",
            edits: &exact,
            by: OSEI,
            said: "",
        },
        Case {
            name: "one entry of two reaches",
            edits: &two,
            by: OSEI,
            said: "",
        },
        Case {
            name: "two limits",
            edits: &both,
            by: OSEI,
            said: "APR002 the role may approve up to low; this is high; APR002 the role may approve up to 60 d; this is 61 d",
        },
        Case {
            name: "a part only",
            edits: &part,
            by: OSEI,
            said: "APR002 the role may not approve the kind Exception",
        },
        Case {
            name: "a System that nobody knows",
            edits: &nowhere,
            by: OSEI,
            said: "APR002 the role may approve for tier0, tier1, tier2; this is of no known tier",
        },
    ]);
}

#[test]
fn a_role_accepts_no_more_residual_risk_than_its_record_says() {
    let rows = [
        ("unlikely, impact: major", "p-berg", "role-shop-owner", ""),
        ("possible, impact: major", "p-kim", "role-ciso", ""),
        (
            "likely, impact: major",
            "p-kim",
            "role-ciso",
            "APR002 the role may accept a residual risk up to high; this is very_high",
        ),
        ("likely, impact: major", "p-berg", "role-management", ""),
        (
            "certain, impact: major",
            "p-berg",
            "role-management",
            "APR002 the role may accept a residual risk up to very_high; this is not known",
        ),
    ];
    for (residual, person, role, expected) in rows {
        let lab = Lab::new();
        let text = ACCEPTANCE
            .replace(
                "{likelihood: unlikely, impact: major}",
                &format!("{{likelihood: {residual}}}"),
            )
            .replace("owner: role-management", &format!("owner: {role}"));
        lab.write("acceptances/rac-0001.yaml", &text);
        let path = lab.approve("rac-0001", person, role, NOON);
        assert_eq!(
            flaws(&lab.standing("rac-0001", NOON), &path).join("; "),
            expected,
            "{residual} {role}"
        );
    }
}

#[test]
fn nobody_approves_their_own_work() {
    let requested = (EXC, "requested_by: p-lee", "requested_by: p-osei");
    let delegated = (
        "people/p-osei.yaml",
        "purpose: approve}]\n",
        "purpose: approve}]\n  delegations: [{to: p-kim, roles: [role-security], from: 2025-12-01, until: 2025-12-09}]\n",
    );
    let owned = (EXC, "owner: role-shop-owner", "owner: role-security-owner");
    let incompatible = ("spec:\n", "spec:\n  incompatible_with: [role-security-owner]\n");
    let turned = ("spec:\n", "spec:\n  incompatible_with: [role-security]\n");
    hold(&[
        Case {
            name: "requester",
            edits: &[requested],
            by: OSEI,
            said: "APR003 `p-osei` requested it and cannot approve it (separation of duties: requester/approver)",
        },
        Case {
            name: "delegate of the requester",
            edits: &[requested, delegated],
            by: ("p-kim", "role-security", NOON),
            said: "APR003 it is signed on behalf of `p-osei`, who requested it (separation of duties: requester/approver)",
        },
        Case {
            name: "holder of the owning role, in another role",
            edits: &[owned],
            by: OSEI,
            said: "APR003 the approver holds `role-security-owner`, which owns the record (separation of duties: owner/approver)",
        },
        Case {
            name: "holder of an incompatible role",
            edits: &[(SECURITY, incompatible.0, incompatible.1)],
            by: OSEI,
            said: "APR003 the approver also holds `role-security-owner`, which is incompatible with `role-security`",
        },
        Case {
            name: "holder of a role that says so itself",
            edits: &[("roles/role-security-owner.yaml", turned.0, turned.1)],
            by: OSEI,
            said: "APR003 the approver also holds `role-security-owner`, which is incompatible with `role-security`",
        },
    ]);
}

/// T01, T02: another record of the same human being, by a shared key or a shared address, changes nothing.
#[test]
fn another_record_of_one_human_being_is_no_other_human_being() {
    for (email, key) in [
        ("other@nordhafen.example", "p-osei"),
        ("Kwame.Osei@nordhafen.example", "p-twin"),
    ] {
        let lab = Lab::new();
        lab.person("p-twin", email, "security", key);
        lab.edit(EXC, "requested_by: p-lee", "requested_by: p-twin");
        let path = lab.approve("exc-0001", "p-osei", "role-security", NOON);
        let told = flaws(&lab.standing("exc-0001", NOON), &path);
        assert_eq!(
            told,
            ["APR003 `p-twin` requested it and cannot approve it (separation of duties: requester/approver)"],
            "{email}"
        );
        // The twin holds what does not go together with the role that Osei signs in.
        let lab = Lab::new();
        lab.person("p-twin", email, "security", key);
        lab.write("roles/role-auditor.yaml", AUDITOR);
        let path = lab.approve("exc-0001", "p-osei", "role-security", NOON);
        let told = flaws(&lab.standing("exc-0001", NOON), &path);
        assert_eq!(
            told,
            ["APR003 the approver also holds `role-auditor`, which is incompatible with `role-security`"],
            "{email}"
        );
        // The twin owns what Osei approves in another role.
        let lab = Lab::new();
        lab.person("p-twin", email, "security", key);
        lab.write(
            "roles/role-auditor.yaml",
            &AUDITOR.replace("role-security]", "role-it-ops]"),
        );
        lab.edit(EXC, "owner: role-shop-owner", "owner: role-auditor");
        let path = lab.approve("exc-0001", "p-osei", "role-security", NOON);
        let told = flaws(&lab.standing("exc-0001", NOON), &path);
        assert_eq!(
            told,
            [
                "APR003 the approver holds `role-auditor`, which owns the record (separation of duties: owner/approver)"
            ],
            "{email}"
        );
    }
}

const AUDITOR: &str = "apiVersion: countersign/v1\nkind: Role\nid: role-auditor\ntitle: Auditor\nowner: role-ciso\ncreated: 2025-11-03\n\
                       spec:\n  type: role\n  holders: [{person: p-twin, from: 2025-11-03}]\n  incompatible_with: [role-security]\n";

/// T01: a seat in a committee is no way round.
#[test]
fn a_member_of_a_committee_does_not_vote_on_their_own_request() {
    let lab = Lab::new();
    lab.edit(
        "roles/role-committee.yaml",
        "[{kind: Policy}]",
        "[{kind: Policy}, {kind: Exception}]",
    );
    let path = lab.approve("exc-0001", "p-lee", "role-committee", NOON);
    let told = flaws(&lab.standing("exc-0001", NOON), &path);
    assert_eq!(
        told,
        ["APR003 `p-lee` requested it and cannot approve it (separation of duties: requester/approver)"]
    );
}

/// Nobody makes themselves a holder, or approves their own record.
#[test]
fn a_record_about_somebody_is_approved_by_others() {
    let lab = Lab::new();
    let mine = lab.approve("p-osei", "p-osei", "role-security-owner", NOON);
    let other = lab.approve("p-osei", "p-kim", "role-security-owner", NOON);
    let standing = lab.standing_of("p-osei", NOON, &["p-osei"], Testimony::default());
    let told = "APR003 the record is about the approver (separation of duties: beneficiary/approver)";
    assert_eq!(flaws(&standing, &mine), [told]);
    assert_eq!(flaws(&standing, &other), [""; 0]);
    assert_eq!(standing.state, ApprovalState::Pending);
    // Against a base, who becomes a holder gains; who was one does not.
    let base = Lab::new();
    let lab = Lab::new();
    lab.edit(
        "roles/role-ciso.yaml",
        "{person: p-kim, from: 2025-11-03}",
        "{person: p-kim, from: 2025-11-03}, {person: p-osei, from: 2025-12-01}",
    );
    let gains = lab.approve("role-ciso", "p-osei", "role-security-owner", NOON);
    let kept = lab.approve("role-ciso", "p-kim", "role-ciso", NOON);
    let (believed, changed) = (base.repository(), lab.repository());
    let question = Question {
        basis: Basis::of(&believed),
        ..Question::of_itself(&changed, at(NOON))
    };
    let standings = trust::judge(&changed, &question);
    let standing = standings.of(
        countersign::model::Kind::Role,
        &RecordId::new("role-ciso").unwrap(),
    );
    assert_eq!(flaws(standing, &gains), [told]);
    assert_eq!(flaws(standing, &kept), [""; 0]);
}

#[test]
fn a_committee_decides_with_its_quorum() {
    let at_end = |lab: &Lab| lab.standing("pol-patch", NOON).state;
    let lab = Lab::new();
    assert_eq!(at_end(&lab), ApprovalState::Approved);
    lab.forget("pol-patch", "p-lee");
    assert_eq!(at_end(&lab), ApprovalState::Pending);
    let standing = lab.standing("pol-patch", NOON);
    let missing: Vec<_> = standing
        .missing()
        .map(|met| (met.demand.word.as_str(), met.by.len(), met.needed))
        .collect();
    assert_eq!(missing, [("committee", 1, 2)]);
    lab.approve("pol-patch", "p-osei", "role-committee", NOON);
    assert_eq!(at_end(&lab), ApprovalState::Approved);
    // Requirement 0:10.1: two of a quorum of three.
    lab.edit("roles/role-committee.yaml", "quorum: 2", "quorum: 3");
    assert_eq!(at_end(&lab), ApprovalState::Pending);
    lab.approve("pol-patch", "p-lee", "role-committee", NOON);
    assert_eq!(at_end(&lab), ApprovalState::Approved);
    // Without a quorum it takes more than half: two of three.
    let lab = Lab::new();
    lab.edit("roles/role-committee.yaml", "  quorum: 2\n", "");
    assert_eq!(at_end(&lab), ApprovalState::Approved);
    lab.forget("pol-patch", "p-berg");
    assert_eq!(at_end(&lab), ApprovalState::Pending);
}

#[test]
fn so_many_approvals_are_so_many_human_beings() {
    let state = |lab: &Lab| {
        lab.standing_of("p-lee", NOON, &["p-lee"], Testimony::default())
            .state
    };
    let lab = Lab::new();
    lab.approve("p-lee", "p-kim", "role-security-owner", NOON);
    assert_eq!(state(&lab), ApprovalState::Pending);
    // Again, with another key of the same person.
    let second = fingerprint_of("p-kim-second");
    lab.edit(
        "people/p-kim.yaml",
        "keys: [",
        &format!("keys: [{{type: ssh-ed25519, fingerprint: \"{second}\", valid_from: 2025-11-03, purpose: approve}}, "),
    );
    lab.list_key("jana.kim@nordhafen.example", "p-kim-second");
    let path = lab.approve("p-lee", "p-kim", "role-security-owner", NOON);
    lab.sign_with(&path, "p-kim-second");
    assert_eq!(flaws(&lab.standing("p-lee", NOON), &path), [""; 0]);
    assert_eq!(state(&lab), ApprovalState::Pending);
    // Again, as a second person who shares the key.
    lab.person("p-twin", "twin@nordhafen.example", "security", "p-kim");
    lab.edit(
        "roles/role-security-owner.yaml",
        "{person: p-kim, from: 2025-11-03}",
        "{person: p-kim, from: 2025-11-03}, {person: p-twin, from: 2025-11-03}",
    );
    let path = lab.approve("p-lee", "p-twin", "role-security-owner", NOON);
    lab.sign_with(&path, "p-kim");
    assert_eq!(flaws(&lab.standing("p-lee", NOON), &path), [""; 0]);
    assert_eq!(state(&lab), ApprovalState::Pending);
    lab.approve("p-lee", "p-osei", "role-security-owner", NOON);
    assert_eq!(state(&lab), ApprovalState::Approved);
}

/// One person in two roles of the matrix answers one of them.
#[test]
fn two_demands_take_two_people() {
    let lab = Lab::new();
    lab.edit(
        SECURITY,
        HELD,
        "{person: p-osei, from: 2025-11-03}, {person: p-berg, from: 2025-11-03}",
    );
    lab.approve("exc-0001", "p-berg", "role-shop-owner", NOON);
    let path = lab.approve("exc-0001", "p-berg", "role-security", NOON);
    // Berg holds the role that owns the record, and so speaks for it only in that role.
    assert_eq!(flaws(&lab.standing("exc-0001", NOON), &path).len(), 1);
    lab.edit(EXC, "owner: role-shop-owner", "owner: role-management");
    lab.edit("roles/role-management.yaml", "person: p-berg", "person: p-kim");
    lab.approve("exc-0001", "p-berg", "role-shop-owner", NOON);
    lab.approve("exc-0001", "p-berg", "role-security", NOON);
    let standing = lab.standing("exc-0001", NOON);
    assert_eq!(standing.state, ApprovalState::Pending);
    assert!(standing.missing().all(|met| met.has_double));
    lab.approve("exc-0001", "p-osei", "role-security", NOON);
    assert_eq!(lab.standing("exc-0001", NOON).state, ApprovalState::Approved);
}

/// Who wrote the last change of the content is read from git; formatting makes nobody an author.
#[test]
fn the_author_of_the_content_does_not_approve_it() {
    let lab = Lab::new();
    let git = git2::Repository::init(lab.path()).unwrap();
    let mut minute = 0;
    let mut commit = |author: &str| {
        minute += 1;
        let mut index = git.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = git.find_tree(index.write_tree().unwrap()).unwrap();
        let time = git2::Time::new(at("2025-12-01T08:00:00Z").timestamp() + minute * 60, 60);
        let author = git2::Signature::new("Author", author, &time).unwrap();
        let other = git2::Signature::new("Forge", "noreply@forge.example", &time).unwrap();
        let head = git.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
        git.commit(Some("HEAD"), &author, &other, "A change", &tree, &parents)
            .unwrap()
            .to_string()
    };
    commit("jana.kim@nordhafen.example");
    lab.edit(EXC, "severity: high", "severity: medium");
    commit("Kwame.Osei@nordhafen.example");
    lab.edit(EXC, "severity: medium", "severity: medium # as found");
    lab.edit(EXC, "owner:", "status: submitted\nowner:");
    commit("torben.berg@nordhafen.example");
    let osei = lab.approve("exc-0001", "p-osei", "role-security", NOON);
    let berg = lab.approve("exc-0001", "p-berg", "role-shop-owner", NOON);
    let head = commit("robin.lee@nordhafen.example");
    let repository = lab.repository();
    let history = read_history(lab.path(), &head).unwrap().unwrap();
    let reader = ContentReader::open(lab.path()).unwrap();
    let testimony = testify(&repository, &history, &reader, &[]).unwrap();
    let standing = lab.standing_of("exc-0001", NOON, &[], testimony);
    let told = flaws(&standing, &osei).join("; ");
    assert!(
        told.contains("APR003 the approver wrote the last change of the content, in commit "),
        "{told}"
    );
    assert!(
        told.contains("APR007 it is later than the commit that brought it, of 2025-12-01T08:04:00Z"),
        "{told}"
    );
    assert_eq!(
        flaws(&standing, &berg),
        ["APR007 it is later than the commit that brought it, of 2025-12-01T08:04:00Z"]
    );
}

/// Somebody without the role cannot take the force from an approval by signing another content.
#[test]
fn only_who_may_decide_overtakes_an_approval() {
    for (role, expected) in [
        ("role-it-ops", ""),
        (
            "role-security",
            "another content was approved on 2025-12-02T13:00:00Z",
        ),
    ] {
        let lab = Lab::new();
        let first = lab.approve("exc-0001", "p-osei", "role-security", NOON);
        lab.edit(EXC, "severity: high", "severity: low");
        lab.approve("exc-0001", "p-osei", role, "2025-12-02T13:00:00Z");
        lab.edit(EXC, "severity: low", "severity: high");
        let told = flaws(&lab.standing("exc-0001", "2025-12-03T00:00:00Z"), &first).join("; ");
        assert_eq!(told.trim_start_matches("APR004 "), expected, "{role}");
    }
}

/// What would make a decision count must be on the base: key, person, holder, reach.
#[test]
fn trust_that_the_change_brings_counts_for_nothing() {
    let judge = |lab: &Lab, person: &str, role: &str| {
        let path = lab.approve("exc-0001", person, role, NOON);
        let base = Lab::new();
        let (believed, changed) = (base.repository(), lab.repository());
        let question = Question {
            basis: Basis::of(&believed),
            own: Some(Basis::of(&changed)),
            ..Question::of_itself(&changed, at(NOON))
        };
        let standings = trust::judge(&changed, &question);
        let standing = standings.of(
            countersign::model::Kind::Exception,
            &RecordId::new("exc-0001").unwrap(),
        );
        flaws(standing, &path).join("; ")
    };
    let said = "APR006 what would make it count is added in this change itself; on the base: ";
    let lab = Lab::new();
    assert_eq!(judge(&lab, "p-osei", "role-security"), "");
    lab.edit(SECURITY, HELD, "{person: p-kim, from: 2025-11-03}");
    assert_eq!(
        judge(&lab, "p-kim", "role-security"),
        format!("{said}the person did not hold the role on 2025-12-02")
    );
    let lab = Lab::new();
    lab.edit(SECURITY, "max_severity: high", "max_severity: critical");
    lab.edit(EXC, "severity: high", "severity: critical");
    assert_eq!(
        judge(&lab, "p-osei", "role-security"),
        format!("{said}the role may approve up to high; this is critical")
    );
    let lab = Lab::new();
    lab.person("p-new", "new@nordhafen.example", "security", "p-new");
    lab.edit(SECURITY, HELD, "{person: p-new, from: 2025-11-03}");
    let told = judge(&lab, "p-new", "role-security");
    assert!(told.starts_with(said), "{told}");
    // What the change takes away still counts: it is the base that is believed.
    let lab = Lab::new();
    lab.edit(SECURITY, HELD, "{person: p-kim, from: 2025-11-03}");
    assert_eq!(judge(&lab, "p-osei", "role-security"), "");
}
