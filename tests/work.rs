//! Calendars, Changes and Incidents: what their schemas refuse, what contradicts itself, who approves, what weakens.

use std::path::Path;

use countersign::check;
use countersign::diagnostic::Diagnostic;
use countersign::model::{AsOf, Kind, RecordId, parse_date};
use countersign::trust::{self, Approver, Effect, classify};

use crate::checks::{base, read, register_of};
use crate::pull_request::change_between;

const CALENDAR: &str = "apiVersion: countersign/v1
kind: Calendar
id: cal-1
title: Windows and freezes of 2026
owner: role-committee
created: 2025-12-01
spec:
  windows:
    - {id: sun-early, rrule: \"FREQ=WEEKLY;BYDAY=SU\", at: \"01:00\", duration: PT4H, timezone: Europe/Berlin, systems: {tier: tier1}}
  freezes:
    - {name: peak, from: 2026-12-15, to: 2027-01-05, systems: {department: sales}}
    - {name: month-end, rule: last_working_days, count: 2, exempt: [emergency]}
    - {name: stocktaking, rrule: \"FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR\"}
  cycles:
    - {name: patch tuesday, rrule: \"FREQ=MONTHLY;BYDAY=2TU\", offset_days: 5, tier: tier1}
  holidays: [2026-01-01, 2026-12-25]
  meetings:
    - {name: Board, rrule: \"FREQ=WEEKLY;BYDAY=WE\", at: \"14:00\", duration: PT1H, committee: role-committee}
";

const CHANGE: &str = "apiVersion: countersign/v1
kind: Change
id: chg-0001
title: Web server 2.4.1 on the booking shop
owner: role-it-ops
created: 2025-12-01
spec:
  type: normal
  systems: [sys-shop]
  patches: [p-2025-12-kb5043050]
  risk: medium
  start: 2026-01-04T01:00:00+01:00
  end: 2026-01-04T04:30:00+01:00
  phases:
    - {cohort: canary, systems: [web01], soak_hours: 24, gate: {metric: error_rate, max: 2}}
    - {cohort: rest, pct: 100}
  order: [sys-shop]
  rollback:
    steps: [stop, revert, start]
    script: scripts/back.sh
    script_sha256: \"0123456789012345678901234567890123456789012345678901234567890123\"
    manual_steps: [tell the desk]
    ha_steps: [one node stays up]
    triggers: [{metric: error_rate, max: 2.5}]
    tested_at: 2025-12-18
    max_minutes: 60
    snapshots: [{system: web01, ref: vm-snap-881, taken_at: 2026-01-03, retain_until: 2026-01-18}]
    executed: {at: 2026-01-04T04:00:00+01:00, by: p-lee, reason: errors, minutes: 20}
  prechecks: [{check: disk has room}]
  postchecks: [{check: a booking is made, result: pass, at: 2026-01-04T03:00:00+01:00, by: p-lee}]
  notices: [{audience: business, sent: 2025-12-29, channel: mail}]
  trigger: {type: exploited, vulns: [CVE-2025-1111], at: 2025-12-30T10:00:00Z, ref: inc-0001}
  justification: The attack needs no account.
  freeze_approval: {freeze: peak, reason: It cannot wait}
  itsm_ref: CHG0030041
  execution: {started: 2026-01-04T01:05:00+01:00, finished: 2026-01-04T03:00:00+01:00, hosts: [web01]}
  result: success
  pir: rev-2026-pir-1
";

const INCIDENT: &str = "apiVersion: countersign/v1
kind: Incident
id: inc-0001
title: CVE-2025-1111 is used against booking shops
owner: role-security
created: 2025-12-01
spec:
  class: exploited_vulnerability
  vulns: [CVE-2025-1111]
  systems: [sys-shop]
  impact: high
  urgency: high
  priority: P1
  support_tier: tier3
  caused_by: chg-0001
  detected: 2025-12-30T10:05:00Z
  contained: 2025-12-30T11:20:00Z
  resolved: 2026-01-04T04:00:00Z
  playbook: pb-exploited-web
  timeline: [{at: 2025-12-30T10:05:00Z, actor: p-osei, action: seen in the logs, ref: siem-771}]
  containment: [{system: web01, action: isolated, at: 2025-12-30T11:20:00Z, by: p-osei}]
  verification: [{at: 2026-01-04T06:00:00Z, by: p-osei, result: clean}]
  triage: {scoped: 2025-12-30T12:00:00Z, volatile_evidence: 2025-12-31T09:00:00Z, verdict_at: 2026-01-01T09:00:00Z, verdict: not_compromised, by: p-osei}
  sla_overrides:
    - {severity: critical, tier: tier1, hours: 24, from: 2025-12-30T12:00:00Z, to: 2026-01-06T12:00:00Z, justification: seen in the logs}
  changes: [chg-0001]
  pir: rev-2026-pir-1
";

const FILES: [(&str, &str); 3] = [
    ("calendar/cal-1.yaml", CALENDAR),
    ("changes/chg-0001.yaml", CHANGE),
    ("incidents/inc-0001.yaml", INCIDENT),
];

fn path_of(kind: Kind) -> &'static str {
    let found = FILES.iter().find(|(path, _)| path.starts_with(kind.folder()));
    found.unwrap().0
}

fn lay(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The base with the three records, one text replaced by another.
fn edited(kind: Kind, from: &str, to: &str) -> tempfile::TempDir {
    let folder = base();
    for (path, text) in FILES {
        let text = if path == path_of(kind) {
            assert!(text.contains(from), "{path}: {from}");
            text.replacen(from, to, 1)
        } else {
            text.to_owned()
        };
        lay(folder.path(), path, &text);
    }
    folder
}

fn told_in(folder: &Path) -> Vec<Diagnostic> {
    let (tree, repository, settings) = read(folder);
    let as_of = AsOf::end_of(parse_date("2026-01-01").unwrap(), repository.zone());
    let register = register_of(&repository, &tree, as_of);
    check::run(&register, &settings)
}

fn said(told: &[Diagnostic], code: &str) -> Vec<String> {
    let of_code = told.iter().filter(|one| one.code == code);
    of_code
        .map(|one| format!("{}: {}", one.span.line, one.message))
        .collect()
}

#[test]
fn every_field_of_the_domain_model_is_read() {
    let folder = edited(Kind::Calendar, "peak", "peak");
    let (_, repository, _) = read(folder.path());
    assert!(repository.faults.is_empty(), "{:#?}", repository.faults);
    let told = told_in(folder.path());
    for code in ["SCH002", "SCH003", "REF001", "DAT002"] {
        assert_eq!(said(&told, code), [""; 0], "{code}");
    }
    let change = repository.changes.iter().next().unwrap();
    assert_eq!(change.spec.rollback.triggers[0].max.to_string(), "2.5");
    assert!(change.meta.references.iter().any(|one| &*one.field == "spec.pir"));
}

/// What a schema refuses stands at the place that is wrong.
#[test]
fn schemas_refuse_what_they_do_not_know() {
    use Kind::{Calendar, Change, Incident};
    let rows = [
        (Calendar, "duration: PT4H", "duration: 4h", 9, "duration"),
        (Calendar, "duration: PT4H", "duration: P9D", 9, ""),
        (Calendar, "at: \"01:00\"", "at: \"25:00\"", 9, "at"),
        (Calendar, ", at: \"01:00\"", "", 9, "at"),
        (Calendar, "id: sun-early", "id: Sun", 9, "id"),
        (Calendar, "exempt: [emergency]", "exempt: [urgent]", 12, "urgent"),
        (
            Calendar,
            "rule: last_working_days",
            "rule: first_days",
            12,
            "first_days",
        ),
        (Calendar, "count: 2", "count: 0", 12, ""),
        (Calendar, "holidays:", "vacations:", 16, "vacations"),
        (
            Calendar,
            "FREQ=WEEKLY;BYDAY=SU",
            "FREQ=SECONDLY",
            9,
            "`FREQ` is `SECONDLY`",
        ),
        (
            Calendar,
            "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            13,
            "names no day at all",
        ),
        (
            Calendar,
            "FREQ=MONTHLY;BYDAY=2TU",
            "FREQ=DAILY;BYMINUTE=1",
            15,
            "names a time",
        ),
        (Change, "type: normal", "type: urgent", 8, "urgent"),
        (Change, "risk: medium", "risk: none", 11, "none"),
        (Change, "  rollback:", "  rollbacks:", 18, "rollbacks"),
        (Change, "pct: 100", "pct: 101", 16, ""),
        (Change, "[p-2025-12-kb5043050]", "[KB5043050]", 10, "KB5043050"),
        (Change, "pir: rev-2026-pir-1", "pir: \"Review 1\"", 38, "Review 1"),
        (Change, "result: success", "result: done", 37, "done"),
        (
            Incident,
            "class: exploited_vulnerability",
            "class: breach",
            8,
            "breach",
        ),
        (Incident, "systems: [sys-shop]", "systems: []", 10, ""),
        (Incident, "priority: P1", "priority: p1", 13, "p1"),
        (
            Incident,
            "playbook: pb-exploited-web",
            "playbook: PB 1",
            19,
            "PB 1",
        ),
        (Incident, "hours: 24", "hours: 0", 25, ""),
        (
            Incident,
            ", justification: seen in the logs",
            "",
            25,
            "justification",
        ),
        (Incident, "action: isolated", "action: hoped", 21, "hoped"),
    ];
    for (kind, from, to, line, words) in rows {
        let told = said(&told_in(edited(kind, from, to).path()), "SCH002");
        let at = format!("{line}: ");
        let found = told.iter().any(|one| one.starts_with(&at) && one.contains(words));
        assert!(found, "{from} -> {to}: {told:#?}");
    }
}

#[test]
fn fields_that_contradict_each_other_are_named() {
    use Kind::{Calendar, Change, Incident};
    let rows = [
        (
            Calendar,
            "timezone: Europe/Berlin",
            "timezone: Europe/Bremerhaven",
            "no time zone",
        ),
        (
            Calendar,
            "{tier: tier1}}\n  freezes",
            "{tears: tier1}}\n  freezes",
            "`tears` is a name without a value",
        ),
        (
            Calendar,
            "{department: sales}",
            "\"departement == sales\"",
            "`departement` is a name without a value",
        ),
        (
            Calendar,
            "to: 2027-01-05, ",
            "",
            "the freeze `peak` needs exactly one of",
        ),
        (
            Calendar,
            "name: month-end, ",
            "name: month-end, from: 2026-01-01, to: 2026-01-02, ",
            "the freeze `month-end` needs exactly one of",
        ),
        (
            Calendar,
            ", count: 2",
            "",
            "the freeze `month-end` needs exactly one of",
        ),
        (
            Calendar,
            "FREQ=YEARLY;BYMONTH=6;BYDAY=-1FR",
            "FREQ=YEARLY;BYMONTH=6",
            "counts from a day, which a freeze has not",
        ),
        (
            Calendar,
            "FREQ=WEEKLY;BYDAY=SU",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
            "counts from a day, and there is none",
        ),
        (
            Calendar,
            "rrule: \"FREQ=WEEKLY;BYDAY=SU\"",
            "from: 2026-02-01, rrule: \"FREQ=WEEKLY;BYDAY=SU;UNTIL=20260131\"",
            "ends on 2026-01-31, before it begins",
        ),
        (
            Calendar,
            "tier: tier1}\n  holidays",
            "tier: tier9}\n  holidays",
            "`tier9` is no tier",
        ),
        (
            Calendar,
            "id: sun-early",
            "id: sun-late",
            "`sun-early` is no window of a Calendar",
        ),
        (
            Calendar,
            "  freezes:",
            "    - {id: sun-early, rrule: FREQ=DAILY, at: \"01:00\", duration: PT1H}\n  freezes:",
            "`sun-early` is there twice",
        ),
        (
            Calendar,
            "name: peak",
            "name: best season",
            "`peak` is no freeze of a Calendar",
        ),
        (
            Change,
            "  end: 2026-01-04T04:30:00+01:00\n",
            "",
            "a Change without `start` and `end`",
        ),
        (
            Change,
            "systems: [sys-shop]",
            "systems: []",
            "a Change of no System",
        ),
        (
            Change,
            "  type: normal",
            "  template: true\n  type: normal",
            "a template of another type",
        ),
        (
            Change,
            "  type: normal",
            "  valid_until: 2026-12-31\n  type: normal",
            "have no effect on a Change that is no template",
        ),
        (
            Change,
            "  type: normal",
            "  uses: chg-0001\n  type: standard",
            "`chg-0001` is no template",
        ),
        (
            Change,
            "  type: normal",
            "  uses: chg-0001\n  type: normal",
            "an effect on a standard change only",
        ),
        (
            Change,
            "  type: normal",
            "  limits: {tiers: [tier7]}\n  type: normal",
            "`tier7` is no tier",
        ),
        (
            Incident,
            "tier: tier1, hours",
            "tier: tier8, hours",
            "`tier8` is no tier",
        ),
    ];
    for (kind, from, to, words) in rows {
        let told = said(&told_in(edited(kind, from, to).path()), "SCH002");
        assert!(
            told.iter().any(|one| one.contains(words)),
            "{from} -> {to}: {told:#?}"
        );
    }
}

#[test]
fn what_ends_before_it_begins_is_flagged() {
    use Kind::{Calendar, Change, Incident};
    let rows = [
        (
            Calendar,
            "to: 2027-01-05",
            "to: 2026-12-14",
            "`to` 2026-12-14 lies before `from` 2026-12-15",
        ),
        (
            Change,
            "end: 2026-01-04T04:30:00+01:00",
            "end: 2026-01-04T00:00:00Z",
            "`end` 2026-01-04T00:00:00Z does not lie after `start`",
        ),
        (
            Change,
            "retain_until: 2026-01-18",
            "retain_until: 2026-01-02",
            "`retain_until` 2026-01-02 lies before",
        ),
        (
            Change,
            "finished: 2026-01-04T03:00:00+01:00",
            "finished: 2026-01-04T00:00:00Z",
            "`execution.finished`",
        ),
        (
            Incident,
            "contained: 2025-12-30T11:20:00Z",
            "contained: 2025-12-30T10:00:00Z",
            "`contained`",
        ),
        (
            Incident,
            "resolved: 2026-01-04T04:00:00Z",
            "resolved: 2025-12-29T04:00:00Z",
            "`resolved`",
        ),
        (
            Incident,
            "to: 2026-01-06T12:00:00Z",
            "to: 2025-12-30T12:00:00Z",
            "`to` 2025-12-30T12:00:00Z does not lie after `from`",
        ),
        (
            Incident,
            "verdict_at: 2026-01-01T09:00:00Z",
            "verdict_at: 2025-12-01T09:00:00Z",
            "`verdict_at`",
        ),
    ];
    for (kind, from, to, words) in rows {
        let told = said(&told_in(edited(kind, from, to).path()), "DAT002");
        assert!(
            told.iter().any(|one| one.contains(words)),
            "{from} -> {to}: {told:#?}"
        );
    }
    // Midnight UTC of the same instant is no earlier than it: offsets count.
    let same = edited(
        Change,
        "end: 2026-01-04T04:30:00+01:00",
        "end: 2026-01-04T00:30:00Z",
    );
    assert_eq!(said(&told_in(same.path()), "DAT002"), [""; 0]);
}

#[test]
fn references_of_the_new_kinds_lead_somewhere_and_those_of_later_ones_are_forms() {
    use Kind::{Change, Incident};
    let rows = [
        (
            Change,
            "systems: [sys-shop]",
            "systems: [sys-none]",
            "`sys-none` leads nowhere",
        ),
        (
            Change,
            "by: p-lee, reason",
            "by: p-none, reason",
            "`p-none` leads nowhere",
        ),
        (
            Incident,
            "changes: [chg-0001]",
            "changes: [chg-0002]",
            "`chg-0002` leads nowhere",
        ),
        (
            Incident,
            "caused_by: chg-0001",
            "caused_by: inc-0001",
            "is a Incident, not what",
        ),
    ];
    for (kind, from, to, words) in rows {
        let told = said(&told_in(edited(kind, from, to).path()), "REF001");
        assert!(
            told.iter().any(|one| one.contains(words)),
            "{from} -> {to}: {told:#?}"
        );
    }
}

fn who(folder: &Path, kind: Kind, id: &str) -> (bool, Vec<String>) {
    let (_, repository, settings) = read(folder);
    let as_of = AsOf::end_of(parse_date("2026-01-01").unwrap(), repository.zone());
    let question = trust::Question {
        rules: settings.approval_rules(),
        ..trust::Question::of_itself(&repository, as_of.instant())
    };
    let standings = trust::judge(&repository, &question);
    let standing = standings.of(kind, &RecordId::new(id).unwrap());
    let who = standing.demands.iter().map(|met| match &met.demand.by {
        Approver::Committee(roles) => format!("committee {roles:?}")
            .replace("RecordId(", "")
            .replace(')', ""),
        Approver::Roles(_) | Approver::Business | Approver::Person(_) => met.demand.who().join(" or "),
    });
    (standing.is_demanded, who.collect())
}

#[test]
fn the_type_of_a_change_decides_who_approves_it() {
    let of = |from: &str, to: &str| who(edited(Kind::Change, from, to).path(), Kind::Change, "chg-0001");
    let freeze = "role-freeze-approver";
    let (is_demanded, normal) = of("type: normal", "type: normal");
    assert!(is_demanded);
    assert_eq!(normal, ["role-cab", "role-shop-owner", freeze]);
    assert_eq!(
        of("type: normal", "type: emergency").1,
        ["role-emergency-approver", freeze]
    );
    assert_eq!(
        of("type: normal", "type: standard").1,
        ["role-cab", "role-shop-owner", freeze]
    );
    let (_, without) = of("  freeze_approval: {freeze: peak, reason: It cannot wait}\n", "");
    assert_eq!(without, ["role-cab", "role-shop-owner"]);
}

/// A standard change needs nobody of its own while its template stands, and everybody once it has run out.
#[test]
fn a_standard_change_is_approved_with_its_template() {
    let template = |until: &str| {
        let spec = CHANGE
            .split("  type:")
            .next()
            .unwrap()
            .replace("chg-0001", "chg-0009");
        format!(
            "{spec}  template: true\n  type: standard\n  systems: []\n  patches: []\n  risk: low\n  valid_until: {until}\n  \
             rollback: {{steps: [revert]}}\n"
        )
    };
    let standard = CHANGE
        .replace("type: normal", "type: standard\n  uses: chg-0009")
        .replace("  freeze_approval: {freeze: peak, reason: It cannot wait}\n", "");
    let of = |until: &str, id: &str| {
        let folder = base();
        lay(folder.path(), "changes/chg-0001.yaml", &standard);
        lay(folder.path(), "changes/chg-0009.yaml", &template(until));
        who(folder.path(), Kind::Change, id)
    };
    assert_eq!(of("2026-01-04", "chg-0001"), (false, Vec::new()));
    assert_eq!(
        of("2026-01-03", "chg-0001"),
        (true, vec!["role-cab".into(), "role-shop-owner".into()])
    );
    assert_eq!(of("2026-01-04", "chg-0009"), (true, vec!["role-cab".into()]));
    let folder = base();
    lay(folder.path(), "changes/chg-0001.yaml", &standard);
    lay(
        folder.path(),
        "changes/chg-0009.yaml",
        &template("2026-12-31").replace("spec:", "status: draft\nspec:"),
    );
    assert!(
        who(folder.path(), Kind::Change, "chg-0001").0,
        "a draft approves nothing"
    );
}

#[test]
fn an_incident_needs_the_ciso_only_where_it_overrides() {
    let folder = edited(Kind::Calendar, "peak", "peak");
    assert_eq!(
        who(folder.path(), Kind::Incident, "inc-0001"),
        (true, vec!["role-ciso".into()])
    );
    let told = said(&told_with_approvals(folder.path()), "APR001");
    assert!(
        told.iter()
            .any(|one| one
                .contains("`inc-0001` lacks the approval of `role-ciso` (it overrides agreed times)")),
        "{told:#?}"
    );
    let start = INCIDENT.find("  sla_overrides").unwrap();
    let end = INCIDENT.find("  changes").unwrap();
    let folder = edited(Kind::Incident, &INCIDENT[start..end], "");
    assert_eq!(
        who(folder.path(), Kind::Incident, "inc-0001"),
        (false, Vec::new())
    );
    let told = said(&told_with_approvals(folder.path()), "APR001");
    assert!(!told.iter().any(|one| one.contains("inc-0001")), "{told:#?}");
}

fn told_with_approvals(folder: &Path) -> Vec<Diagnostic> {
    let (tree, repository, settings) = read(folder);
    let as_of = AsOf::end_of(parse_date("2026-01-01").unwrap(), repository.zone());
    let question = trust::Question {
        rules: settings.approval_rules(),
        ..trust::Question::of_itself(&repository, as_of.instant())
    };
    let standings = trust::judge(&repository, &question);
    let register = crate::checks::register_with(&repository, &tree, as_of, standings);
    check::run(&register, &settings)
}

#[test]
fn a_calendar_needs_a_committee_that_may_approve_it() {
    let folder = edited(Kind::Calendar, "peak", "peak");
    let role = folder.path().join("roles/role-committee.yaml");
    let text = std::fs::read_to_string(&role).unwrap();
    std::fs::write(
        &role,
        text.replace("[{kind: Policy}]", "[{kind: Policy}, {kind: Calendar}]"),
    )
    .unwrap();
    let (is_demanded, demands) = who(folder.path(), Kind::Calendar, "cal-1");
    assert!(is_demanded);
    assert_eq!(demands, ["committee [\"role-committee\"]"]);
}

#[test]
fn each_field_weakens_in_its_direction() {
    use Effect::{Neutral, Tightens, Weakens};
    use Kind::{Calendar, Change, Incident};
    let rows = [
        // A longer freeze keeps systems unpatched, a dropped one lets anybody change them.
        (Calendar, "to: 2027-01-05", "to: 2027-01-10", Weakens),
        (Calendar, "to: 2027-01-05", "to: 2027-01-02", Tightens),
        (Calendar, "from: 2026-12-15", "from: 2026-12-01", Weakens),
        (
            Calendar,
            "    - {name: peak, from: 2026-12-15, to: 2027-01-05, systems: {department: sales}}\n",
            "",
            Weakens,
        ),
        (
            Calendar,
            "  cycles:",
            "    - {name: audit, from: 2026-10-01, to: 2026-10-02}\n  cycles:",
            Weakens,
        ),
        (Calendar, "count: 2", "count: 3", Weakens),
        (
            Calendar,
            "exempt: [emergency]",
            "exempt: [emergency, normal]",
            Weakens,
        ),
        (Calendar, "exempt: [emergency]", "exempt: []", Tightens),
        (Calendar, "{department: sales}", "{department: depot}", Weakens),
        (Calendar, "duration: PT4H", "duration: PT1H", Weakens),
        (Calendar, "offset_days: 5", "offset_days: 9", Weakens),
        (Calendar, "offset_days: 5", "offset_days: 2", Tightens),
        (
            Calendar,
            "holidays: [2026-01-01",
            "holidays: [2026-01-01, 2026-01-02",
            Weakens,
        ),
        (Calendar, "holidays: [2026-01-01, ", "holidays: [", Tightens),
        (Calendar, "at: \"14:00\"", "at: \"15:00\"", Neutral),
        (Incident, "hours: 24", "hours: 48", Weakens),
        (Incident, "hours: 24", "hours: 12", Tightens),
        (
            Incident,
            "to: 2026-01-06T12:00:00Z",
            "to: 2026-01-05T12:00:00Z",
            Weakens,
        ),
        (
            Incident,
            "to: 2026-01-06T12:00:00Z",
            "to: 2026-01-07T12:00:00Z",
            Tightens,
        ),
        (
            Incident,
            "from: 2025-12-30T12:00:00Z",
            "from: 2025-12-31T12:00:00Z",
            Weakens,
        ),
        (
            Incident,
            "systems: [sys-shop]",
            "systems: [sys-shop, sys-files]",
            Tightens,
        ),
        (Change, "type: normal", "type: emergency", Weakens),
        (
            Change,
            "  freeze_approval: {freeze: peak, reason: It cannot wait}\n",
            "",
            Tightens,
        ),
        (Change, "soak_hours: 24", "soak_hours: 1", Weakens),
        (
            Change,
            "steps: [stop, revert, start]",
            "steps: [stop, start]",
            Weakens,
        ),
        (Change, "max_minutes: 60", "max_minutes: 90", Weakens),
        (
            Change,
            "metric: error_rate, max: 2}}",
            "metric: error_rate, max: 9}}",
            Weakens,
        ),
        (Change, "itsm_ref: CHG0030041", "itsm_ref: CHG0030042", Neutral),
    ];
    let before = edited(Calendar, "peak", "peak");
    for (kind, from, to, expected) in rows {
        let after = edited(kind, from, to);
        let change = change_between(before.path(), after.path());
        let (_, repository, _) = read(after.path());
        let found = classify(&change, &repository);
        let effects: Vec<Effect> = found
            .iter()
            .flat_map(|one| &one.edits)
            .map(|edit| edit.effect)
            .collect();
        assert!(
            !effects.is_empty() && effects.iter().all(|effect| *effect == expected),
            "{from} -> {to}: {found:#?}"
        );
    }
}

/// Facts that an import brings and the number of a ticket leave an approval as it is.
#[test]
fn an_execution_leaves_the_digest_of_a_change_alone() {
    let digest = |from: &str, to: &str| {
        let folder = edited(Kind::Change, from, to);
        let (_, repository, _) = read(folder.path());
        let change = repository.changes.iter().next().unwrap();
        trust::digest(&repository, &change.meta).unwrap()
    };
    let plain = digest("peak", "peak");
    assert_eq!(plain, digest("hosts: [web01]", "hosts: [web01, web02]"));
    assert_eq!(plain, digest("CHG0030041", "CHG0099999"));
    assert_ne!(plain, digest("risk: medium", "risk: low"));
}

#[test]
fn a_template_is_reviewed_twice_a_year_and_a_change_never() {
    let told = |text: &str| {
        let folder = base();
        lay(folder.path(), "changes/chg-0001.yaml", text);
        said(&told_in(folder.path()), "DAT001")
    };
    let old = CHANGE.replace("created: 2025-12-01", "created: 2025-05-01");
    assert_eq!(told(&old), [""; 0]);
    let template = old.replace("  type: normal", "  template: true\n  type: standard");
    let said = told(&template);
    assert!(
        said[0].contains("review overdue 65 d: `chg-0001` was due on 2025-10-28"),
        "{said:?}"
    );
}
