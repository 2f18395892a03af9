//! Who does what under an agreement, who is asked next, and who signed it.

use std::collections::BTreeSet;

use super::super::table::{Cell, Column, Layout, Mark, Table, Tone};
use super::super::words::{day, decision_word, name_of, verification};
use super::Agreed;
use crate::model::{Kind, Record, RecordId, Role, RoleRef, RoleType, Sla};
use crate::reconcile::Register;
use crate::source::Spanned;
use crate::trust::{Decided, is_holder};

const RACI: &[Column] = &[
    Column::new("agreement", "Agreement").tight(),
    Column::new("activity", "Activity").wide(),
    Column::new("responsible", "Does it (R)"),
    Column::new("accountable", "Answers for it (A)"),
    Column::new("consulted", "Is asked (C)"),
    Column::new("informed", "Is told (I)"),
];

/// Lists who does, answers for, is asked and is told.
pub(super) fn raci(open: &[Agreed<'_>]) -> Table {
    let roles = |roles: &[Spanned<RoleRef>]| Cell::list_shown(roles.iter().map(|role| &role.value));
    let mut rows = Vec::new();
    for (sla, _) in open {
        rows.extend(sla.spec.raci.iter().map(|row| {
            vec![
                Cell::shown(sla.id()),
                Cell::text(row.activity.as_str()),
                roles(&row.responsible),
                roles(&row.accountable),
                roles(&row.consulted),
                roles(&row.informed),
            ]
        }));
    }
    Table {
        name: "raci",
        caption: "Who does what".into(),
        layout: Layout::Plain,
        columns: RACI,
        rows,
        when_empty: "No agreement says who does what.",
    }
}

const ESCALATION: &[Column] = &[
    Column::new("agreement", "Agreement").tight(),
    Column::new("level", "Level"),
    Column::new("role", "Who is asked"),
    Column::new("holders", "Held today by"),
    Column::new("within_hours", "Answers within hours"),
];

/// Lists who is asked next, and how soon that role answers.
pub(super) fn escalation(register: &Register<'_>, open: &[Agreed<'_>]) -> Table {
    let mut rows = Vec::new();
    for (sla, _) in open {
        let mut steps: Vec<_> = sla.spec.escalation.iter().collect();
        steps.sort_by_key(|step| step.level);
        rows.extend(steps.into_iter().map(|step| {
            vec![
                Cell::shown(sla.id()),
                Cell::count(step.level),
                Cell::shown(&step.role.value),
                holders(register, &step.role.value.0),
                Cell::count(step.within_hours),
            ]
        }));
    }
    Table {
        name: "escalation",
        caption: "Who is asked next".into(),
        layout: Layout::Plain,
        columns: ESCALATION,
        rows,
        when_empty: "No agreement says who is asked next.",
    }
}

/// Lists the people who hold a role on the day of as-of.
fn holders(register: &Register<'_>, role: &RecordId) -> Cell {
    let (repository, today) = (register.repository, register.as_of.day());
    let held = repository
        .people
        .iter()
        .filter(|person| is_holder(repository, person.id(), role, today));
    let names: Vec<String> = held
        .map(|person| format!("{} ({})", person.spec.name, person.id()))
        .collect();
    if names.is_empty() {
        Cell::text("nobody")
    } else {
        Cell::list(names)
    }
}

const SIGNATURES: &[Column] = &[
    Column::new("agreement", "Agreement").tight(),
    Column::new("as", "As"),
    Column::beneath("party", ""),
    Column::new("person", "Person"),
    Column::new("decision", "Decision"),
    Column::beneath("on", "").around("on ", "").tight(),
    Column::new("key", "Key"),
    Column::new("standing", "Standing"),
    Column::beneath("why", ""),
];

/// Lists a line for each party, signed or not, and for each further decision.
pub(super) fn signatures(register: &Register<'_>, open: &[Agreed<'_>]) -> Table {
    let mut rows = Vec::new();
    for (sla, _) in open {
        let decisions = &register.standings.of(Kind::Sla, sla.id()).decisions;
        let parties: Vec<&RecordId> = sla.spec.parties.iter().map(|role| &role.value.0).collect();
        for party in &parties {
            let mut of_party = decisions
                .iter()
                .filter(|decided| decided.role == **party)
                .peekable();
            if of_party.peek().is_none() {
                rows.push(unsigned(sla, party));
            }
            rows.extend(of_party.map(|decided| signed(register, sla, decided, true)));
        }
        let others = decisions
            .iter()
            .filter(|decided| !parties.contains(&&decided.role));
        rows.extend(others.map(|decided| signed(register, sla, decided, false)));
    }
    Table {
        name: "signatures",
        caption: "Who signed".into(),
        layout: Layout::Plain,
        columns: SIGNATURES,
        rows,
        when_empty: "Nobody has signed an agreement.",
    }
}

fn unsigned(sla: &Record<Sla>, party: &RecordId) -> Vec<Cell> {
    let mut row = vec![Cell::Empty; SIGNATURES.len()];
    (row[0], row[1], row[2]) = (Cell::shown(sla.id()), Cell::shown(party), Cell::text("party"));
    row[3] = Cell::text("nobody");
    row[7] = Cell::Mark(Mark {
        word: "not_signed",
        rank: 0,
        tone: Tone::Bad,
    });
    row
}

fn signed(register: &Register<'_>, sla: &Record<Sla>, decided: &Decided, is_party: bool) -> Vec<Cell> {
    let (word, rank, tone) = if decided.is_in_force() {
        ("counts", 2, Tone::Good)
    } else if decided.counts() {
        ("replaced_by_a_later_one", 3, Tone::Quiet)
    } else {
        ("does_not_count", 1, Tone::Bad)
    };
    vec![
        Cell::shown(sla.id()),
        Cell::shown(&decided.role),
        Cell::text(if is_party { "party" } else { "beside the parties" }),
        Cell::text(format!(
            "{} ({})",
            name_of(register, &decided.person),
            decided.person
        )),
        Cell::text(decision_word(decided.decision)),
        Cell::text(day(register.as_of, decided.at)),
        decided
            .fingerprint
            .as_deref()
            .map_or_else(|| Cell::text("none verified"), |key| Cell::Code(key.into())),
        Cell::Mark(Mark { word, rank, tone }),
        Cell::maybe((!decided.counts()).then(|| verification(decided))),
    ]
}

const ROLES: &[Column] = &[
    Column::new("role", "Role").tight(),
    Column::beneath("title", ""),
    Column::new("sort", "Sort"),
    Column::beneath("quorum", "").around("quorum ", ""),
    Column::new("holders", "Held today by").wide(),
    Column::new("deputy", "Deputy"),
];

/// Lists every role that an agreement names, with who holds it.
pub(super) fn roles(register: &Register<'_>, open: &[Agreed<'_>]) -> Table {
    let mut named: BTreeSet<&RecordId> = BTreeSet::new();
    for (sla, _) in open {
        let spec = &sla.spec;
        named.extend(spec.parties.iter().map(|role| &role.value.0));
        named.extend(spec.escalation.iter().map(|step| &step.role.value.0));
        for row in &spec.raci {
            let all = [&row.responsible, &row.accountable, &row.consulted, &row.informed];
            named.extend(all.into_iter().flatten().map(|role| &role.value.0));
        }
    }
    let rows = named
        .into_iter()
        .map(|id| role_row(register, id, register.repository.roles.get(id)));
    Table {
        name: "roles",
        caption: "Roles that the agreements name".into(),
        layout: Layout::Plain,
        columns: ROLES,
        rows: rows.collect(),
        when_empty: "No agreement names a role.",
    }
}

fn role_row(register: &Register<'_>, id: &RecordId, role: Option<&Record<Role>>) -> Vec<Cell> {
    let Some(role) = role else {
        let mut row = vec![Cell::Empty; ROLES.len()];
        (row[0], row[1]) = (Cell::shown(id), Cell::text("no such role"));
        return row;
    };
    let deputy = role.spec.deputy.as_ref().map(|deputy| &deputy.value.0);
    vec![
        Cell::shown(id),
        Cell::text(role.meta.title.as_str()),
        Cell::text(match role.spec.role_type {
            RoleType::Role => "role",
            RoleType::Committee => "committee",
            RoleType::Party => "party",
        }),
        role.spec.quorum.map_or(Cell::Empty, Cell::count),
        holders(register, id),
        Cell::maybe(deputy.map(|deputy| format!("{} ({deputy})", name_of(register, deputy)))),
    ]
}

const APPROVAL_RULES: &[Column] = &[
    Column::new("policy", "Policy").tight(),
    Column::new("of", "Record"),
    Column::new("condition", "When").wide(),
    Column::new("roles", "Also approved by").wide(),
];

/// Lists the approvals that policies ask for beside those that are built in.
pub(super) fn approval_rules(register: &Register<'_>) -> Table {
    let roles = |roles: &[Spanned<RoleRef>]| Cell::list_shown(roles.iter().map(|role| &role.value));
    let mut rows = Vec::new();
    for policy in register
        .repository
        .policies
        .iter()
        .filter(|policy| policy.meta.is_live())
    {
        rows.extend(policy.spec.approval_matrix.iter().map(|row| {
            let severities = row.severity.iter().flatten().map(|severity| severity.word());
            let severities: Vec<&str> = severities.collect();
            let mut conditions = Vec::new();
            if !severities.is_empty() {
                conditions.push(format!("severity {}", severities.join(" or ")));
            }
            conditions.extend(
                row.tiers
                    .as_ref()
                    .map(|tiers| format!("on {}", tiers.join(" or "))),
            );
            conditions.extend(row.when.as_ref().map(|when| when.value.text().to_owned()));
            let condition = if conditions.is_empty() {
                "always".to_owned()
            } else {
                conditions.join(", ")
            };
            vec![
                Cell::shown(policy.id()),
                Cell::text(row.kind.as_str()),
                Cell::text(condition),
                roles(&row.roles),
            ]
        }));
        let asking = policy
            .spec
            .change_rules
            .iter()
            .filter(|rule| !rule.approvals.is_empty());
        rows.extend(asking.map(|rule| {
            vec![
                Cell::shown(policy.id()),
                Cell::text(format!("{} change", rule.change_type)),
                Cell::text(rule.when.value.text()),
                roles(&rule.approvals),
            ]
        }));
    }
    Table {
        name: "approval-rules",
        caption: "Approvals that the policies ask for, beside those that every such record needs".into(),
        layout: Layout::Plain,
        columns: APPROVAL_RULES,
        rows,
        when_empty: "No policy asks for further approvals.",
    }
}
