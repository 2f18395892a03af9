//! GOV001: fields of approved records that never change, limits loosened in place, statuses moved back.

use super::{changes, places};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Decision, Kind, RecordId};
use crate::trust::{Classified, Effect, Flaw, Question, RecordChange, RecordFate, Standings};

pub(in crate::check) const CHECK: Check = Check {
    code: "GOV001",
    name: "immutable-field",
    family: Family::Governance,
    level: Level::Error,
    parameters: &[Parameter {
        name: "immutable_fields",
        default: Default::Words(IMMUTABLE),
        meaning: "fields of an approved decision that never change, in whichever direction; `spec.scope` means all below it",
    }],
    explanation: include_str!("immutable_field.md"),
    run,
};

/// These are fixed whatever the configuration says; it may only name more.
const IMMUTABLE: &[&str] = &[
    "id",
    "kind",
    "spec.requested_on",
    "spec.first_granted",
    "spec.scope",
    "spec.subject",
];

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let Some(change) = context.change() else { return };
    let at = context.as_of().instant();
    let before: Vec<Standings> = change
        .before
        .iter()
        .map(|before| {
            let question = Question {
                rules: context.approval_rules(),
                ..Question::of_itself(before, at)
            };
            crate::trust::judge(before, &question)
        })
        .collect();
    for one in changes(change, context.repository()) {
        let (Some(kind), Some(id)) = (Kind::from_name(one.kind), RecordId::new(&one.id)) else {
            continue;
        };
        if one.fate != RecordFate::Changed {
            continue;
        }
        let was_approved = before.iter().any(|standings| is_approved(standings, kind, &id));
        for edit in &one.edits {
            if edit.edit.field == "status" && edit.rule == CHECK.code {
                out.push(moved_back(context, &one, edit));
            } else if was_approved && is_decision(kind) {
                out.extend(judge(context, &one, edit));
            }
        }
    }
}

/// Kinds that are prolonged by a new record; the others carry a version and are approved anew.
fn is_decision(kind: Kind) -> bool {
    matches!(kind, Kind::Exception | Kind::RiskAcceptance | Kind::Triage)
}

/// Tells whether somebody's approval counted; one that has aged since did.
fn is_approved(standings: &Standings, kind: Kind, id: &RecordId) -> bool {
    standings.of(kind, id).decisions.iter().any(|decided| {
        let aged = |flaw: &Flaw| matches!(flaw, Flaw::TooOld { .. });
        decided.decision == Decision::Approve && decided.covers_current && decided.flaws.iter().all(aged)
    })
}

fn judge(context: &Context<'_>, one: &RecordChange, edit: &Classified) -> Option<Diagnostic> {
    let field = edit.edit.field.as_str();
    let named = context.words("immutable_fields").iter().map(String::as_str);
    let mut fixed = IMMUTABLE.iter().copied().chain(named);
    let is_fixed = fixed.any(|name| {
        field
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    });
    let is_loosened = edit.effect == Effect::Weakens && edit.rule == CHECK.code;
    if !is_fixed && !is_loosened {
        return None;
    }
    let what = excerpt(&edit.edit.to_string());
    let message = if is_fixed {
        format!("`{}` is approved, and `{what}` never changes in it", one.id)
    } else {
        format!("`{}` is approved, and is loosened in place: `{what}`", one.id)
    };
    let span = edit
        .span
        .unwrap_or_else(|| places::start_of(context.repository(), &one.path));
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message).subject(one.id.to_string());
    if !edit.why.is_empty() {
        diagnostic = diagnostic.label(edit.why.clone());
    }
    Some(diagnostic.help(format!(
        "put the approved text back, and write a new record that `renews` or `supersedes` it: `countersign renew {} --until DATE`",
        one.id
    )))
}

fn moved_back(context: &Context<'_>, one: &RecordChange, edit: &Classified) -> Diagnostic {
    let span = edit
        .span
        .unwrap_or_else(|| places::start_of(context.repository(), &one.path));
    let what = excerpt(&edit.edit.to_string());
    Diagnostic::error(CHECK.code, span, format!("`{}` is moved back: `{what}`", one.id))
        .label("a status goes forward only: draft, submitted, then closed, revoked or superseded")
        .help("put the status back, and write a new record; nothing ended comes to life again under an old approval")
        .subject(one.id.to_string())
}
