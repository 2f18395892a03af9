//! D09, the internal audit: criteria and questions by control, a sample that anybody can draw again, and room for
//! what the auditor finds.

mod critical;
mod drawn;

use serde::Serialize;

use super::cover::each_once;
use super::evidence::{Proof, proofs};
use super::force::version_of;
use super::soa::{ControlStatus, current};
use super::table::{Cell, Column, Layout, Table};
use super::words::share;
use super::{DocumentKind, Request, View, values};
use crate::load::{Repository, effective_tier};
use crate::model::{Kind, PersonFunction, Rate};
use crate::reconcile::{METHOD, Register};
use crate::trust::roles_of;
use critical::{Held, critical_findings, system_table, systems};
use drawn::{population_table, sample_table, samples};

/// The internal audit checklist and report.
pub(in crate::document) const D09: DocumentKind = DocumentKind {
    id: "D09",
    slug: "internal-audit",
    title: "Internal audit: checklist and report",
    audience: "internal auditors",
    purpose: "What is asked of each control, what is offered as evidence, which items were drawn how, and what the auditor finds.",
    template: "D09.md",
    tables: &[
        "totals",
        "auditors",
        "checklist",
        "critical-systems",
        "critical-findings",
        "populations",
        "sample",
    ],
    view,
};

/// The single values of the view.
#[derive(Serialize)]
struct Audit {
    statement: String,
    has_tier: bool,
    tier: String,
    seed: String,
    method: &'static str,
}

fn view(request: &Request<'_>) -> View {
    let register = request.register;
    let proofs = proofs(register);
    let systems = systems(register);
    let seed = seed(request);
    let samples = samples(register, &seed);
    let soa = current(register);
    let mut underlying: Vec<_> = soa.iter().map(|soa| (Kind::Soa, soa.id().clone())).collect();
    underlying.extend(
        register
            .repository
            .policies
            .iter()
            .filter(|policy| policy.meta.is_live())
            .map(|policy| (Kind::Policy, policy.id().clone())),
    );
    let tier = first_tier(register.repository);
    View {
        classification: "confidential",
        values: values(&Audit {
            statement: soa.map_or_else(
                || "none: there is no Statement of Applicability".to_owned(),
                |soa| format!("{} {}", soa.id(), version_of(&soa.meta)),
            ),
            has_tier: tier.is_some(),
            tier: tier.unwrap_or_default(),
            seed,
            method: METHOD,
        }),
        tables: vec![
            totals(register, &proofs, &systems),
            auditor_table(register),
            checklist(register, &proofs),
            system_table(register, &systems),
            critical_findings(register),
            population_table(&samples),
            sample_table(&samples),
        ],
        figures: Vec::new(),
        underlying: each_once(underlying),
    }
}

/// Returns the seed of this document's own sample; whoever writes the records could know it.
fn seed(request: &Request<'_>) -> String {
    let digest = &request.provenance.tree_digest;
    format!("tree-{}", digest.get(..16).unwrap_or(digest))
}

/// Returns the most critical tier in words.
fn first_tier(repository: &Repository) -> Option<String> {
    let tier = repository.isms.as_ref()?.spec.tiers.first()?;
    Some(format!("{} ({})", tier.id.value, tier.name))
}

const TOTALS: &[Column] = &[
    Column::new("label", "Figure"),
    Column::new("number", "Number"),
    Column::new("meaning", "What it means"),
];

fn totals(register: &Register<'_>, proofs: &[Proof<'_>], systems: &[Held<'_>]) -> Table {
    let rate = |numerator: usize, denominator: usize| {
        Cell::Share(share(
            register,
            Rate {
                numerator: numerator as u64,
                denominator: denominator as u64,
            },
        ))
    };
    let controls: Vec<&Proof<'_>> = proofs.iter().filter(|proof| proof.checkpoint.is_none()).collect();
    let claimed = controls
        .iter()
        .filter(|proof| ControlStatus::of(proof.entry) == ControlStatus::Implemented);
    let claimed: Vec<_> = claimed.collect();
    let proved = claimed.iter().filter(|proof| !proof.pieces.is_empty()).count();
    let judged: Vec<&Held<'_>> = systems
        .iter()
        .filter(|system| system.is_kept().is_some())
        .collect();
    let kept = judged
        .iter()
        .filter(|system| system.is_kept() == Some(true))
        .count();
    let row = |label: &str, number: Cell, meaning: &str| vec![Cell::text(label), number, Cell::text(meaning)];
    Table {
        name: "totals",
        caption: "The audit in figures".into(),
        layout: Layout::Cards,
        columns: TOTALS,
        rows: vec![
            row(
                "Applicable controls",
                Cell::count(controls.len()),
                "each with its criteria and questions below",
            ),
            row(
                "Called implemented, with evidence",
                rate(proved, claimed.len()),
                "of the twelve months to the end of the period",
            ),
            row(
                "Most critical Systems at 100 %",
                rate(kept, judged.len()),
                "of those of which anything was due; 100 % is required",
            ),
            row(
                "Results and findings",
                Cell::text("not recorded"),
                "the auditor writes them into the forms below",
            ),
        ],
        when_empty: "",
    }
}

const AUDITORS: &[Column] = &[
    Column::new("person", "Person"),
    Column::new("roles", "Holds the roles").wide(),
    Column::new("records", "Records that they answer for"),
    Column::new("systems", "of these Systems"),
    Column::new("decisions", "Decisions that they signed"),
];

/// Lists who audits, with what would make them judge their own work.
fn auditor_table(register: &Register<'_>) -> Table {
    let (repository, today) = (register.repository, register.as_of.day());
    let people = repository.people.iter();
    let auditors = people.filter(|person| person.spec.function == Some(PersonFunction::Audit));
    let rows = auditors.map(|person| {
        let roles = roles_of(repository, person.id(), today);
        let answers = |owner: &crate::model::RecordId| owner == person.id() || roles.contains(&owner);
        let own = repository
            .records()
            .filter(|meta| meta.is_live() && answers(&meta.owner.value));
        let own: Vec<_> = own.collect();
        let signed = repository.approvals.iter();
        let signed = signed.filter(|file| file.approval.person.value.0 == *person.id());
        vec![
            Cell::text(format!("{} ({})", person.spec.name, person.id())),
            Cell::list_shown(&roles),
            Cell::count(own.len()),
            Cell::count(own.iter().filter(|meta| meta.kind == Kind::System).count()),
            Cell::count(signed.count()),
        ]
    });
    Table {
        name: "auditors",
        caption: "Whose function is audit, and what stands against their independence".into(),
        layout: Layout::Plain,
        columns: AUDITORS,
        rows: rows.collect(),
        when_empty: "Nobody's function is audit in the records; name the auditor in the form.",
    }
}

const CHECKLIST: &[Column] = &[
    Column::new("control", "Control").tight(),
    Column::beneath("checkpoint", "").tight(),
    Column::new("criteria", "Criteria").wide(),
    Column::beneath("own", ""),
    Column::beneath("policies", ""),
    Column::new("question", "Question").wide(),
    Column::new("claim", "The statement says"),
    Column::beneath("owner", "").around("owner ", ""),
    Column::new("evidence", "Evidence offered").wide(),
    Column::new("result", "Result").tight(),
];

/// What the auditor ticks for a control.
const GRADES: [&str; 4] = ["☐ conform", "☐ minor", "☐ major", "☐ improvement"];

/// What the auditor ticks for one item.
const ITEM_RESULTS: [&str; 2] = ["☐ in order", "☐ not in order"];

/// Asks of every applicable control whether it is what the statement claims, and its checkpoints.
fn checklist(register: &Register<'_>, proofs: &[Proof<'_>]) -> Table {
    let soa = current(register);
    let edition = soa.map(|soa| soa.spec.edition.value.to_string());
    let rows = proofs.iter().map(|proof| {
        let entry = proof.entry;
        let title = if proof.checkpoint.is_some() {
            "a checkpoint of it"
        } else {
            proof.title.as_str()
        };
        let is_own = entry.custom.then_some("not of Annex A: the organisation's own");
        let question = proof.checkpoint.map_or(
            "Is it done as the statement says, and does the evidence show it?",
            |checkpoint| checkpoint.question.as_str(),
        );
        let policies = entry.policies.iter().map(|policy| {
            let record = register.repository.policies.get(&policy.value);
            record.map_or_else(
                || format!("{policy}, which is not there"),
                |record| format!("{policy} {}", version_of(&record.meta)),
            )
        });
        vec![
            Cell::text(entry.control.value.as_str()),
            Cell::maybe(proof.checkpoint.map(|checkpoint| checkpoint.id.as_str())),
            Cell::text(title),
            Cell::maybe(is_own),
            Cell::list(policies),
            Cell::text(question),
            Cell::Mark(ControlStatus::of(entry).mark()),
            Cell::maybe_shown(entry.owner.as_ref()),
            if proof.pieces.is_empty() {
                Cell::text("none")
            } else {
                Cell::list(proof.pieces.iter().map(String::as_str))
            },
            Cell::list(GRADES),
        ]
    });
    Table {
        name: "checklist",
        caption: format!(
            "Controls of ISO/IEC 27001{}: criteria, questions and evidence; results are the auditor's to tick",
            edition.map_or_else(String::new, |edition| format!(":{edition}, Annex A"))
        ),
        layout: Layout::Plain,
        columns: CHECKLIST,
        rows: rows.collect(),
        when_empty: "There is no Statement of Applicability, so there is no control to ask about.",
    }
}

/// Tells whether a System is of the most critical tier; one of which no tier is known counts as such.
fn is_most_critical(repository: &Repository, system: &crate::model::Record<crate::model::System>) -> bool {
    effective_tier(repository, system).is_none_or(|tier| tier.rank == 0)
}
