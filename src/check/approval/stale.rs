//! APR004: approvals of another content than the record has now, and approvals that have aged.

use super::flaws::{find, tell_all};
use crate::check::words::{excerpt, listed_up_to};
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Decision, Meta, RecordId, Status};
use crate::source::Span;
use crate::trust::{
    ApprovalState, CONFIGURATION_ID, Decided, MAX_AGE_DAYS, Standing, fields, place_of, short,
};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR004",
    name: "approval-stale",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[Parameter {
        name: "max_age_days",
        default: Default::Table(MAX_AGE_DAYS),
        meaning: "days for which an approval counts, by kind; a signed review that keeps the record counts anew",
    }],
    explanation: include_str!("stale.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    tell_all(context, CHECK.code, |file| file.approval.at.span, out);
    let standings = &context.register.standings;
    for meta in context
        .repository()
        .records()
        .filter(|meta| meta.declared() == Status::Submitted)
    {
        let standing = standings.of(meta.kind, &meta.id);
        if standing.state == ApprovalState::Stale {
            out.push(changed(context, &meta.id.value, place(context, meta), standing));
        }
    }
    let standing = standings.of_configuration();
    // A stricter configuration needs nobody's approval, so that an old one may rest.
    let is_stale = standing.is_demanded && standing.state == ApprovalState::Stale;
    if let (true, Some(id)) = (is_stale, RecordId::new(CONFIGURATION_ID)) {
        let file = context.repository().sources.find("compliance.yaml");
        let span = file.map_or_else(|| context.repository().root_span(), Span::start_of);
        out.push(changed(context, &id, span, standing));
    }
}

/// The place is the first field that was changed, where that can be told, else the id.
fn place(context: &Context<'_>, meta: &Meta) -> Span {
    let edits = context.edits(&meta.id);
    let source = context.repository().sources.get(meta.file);
    let found = edits.first().zip(source).and_then(|(edit, source)| {
        let fields = fields(meta.file, Some(meta.kind), &source.text)?;
        place_of(&edit.field, &fields)
    });
    found.unwrap_or(meta.id.span)
}

fn changed(context: &Context<'_>, id: &RecordId, span: Span, standing: &Standing) -> Diagnostic {
    let signed: Vec<&Decided> = standing
        .decisions
        .iter()
        .filter(|decided| decided.decision == Decision::Approve && !decided.covers_current)
        .collect();
    let last = signed.last();
    let current = standing.digest.as_deref().unwrap_or("not readable");
    let by = last.map_or_else(String::new, |decided| {
        format!(" by `{}` covers {}", decided.person, short(&decided.digest))
    });
    let edits = context.edits(id);
    let what = if edits.is_empty() {
        String::new()
    } else {
        let edits = edits.iter().map(ToString::to_string);
        format!("; changed: {}", plain(listed_up_to(6, edits)))
    };
    let message = format!(
        "the approval of `{id}`{by}, the record is now {}{what}",
        short(current)
    );
    let mut again: Vec<String> = standing.demands.iter().flat_map(|met| met.demand.who()).collect();
    if again.is_empty() {
        again = signed.iter().map(|decided| decided.role.to_string()).collect();
    }
    again.dedup();
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message)
        .help(format!(
            "take the change back, or have it approved anew by {}: `countersign approve {id}`",
            excerpt(&again.join(", "))
        ))
        .subject(id.to_string());
    for decided in signed {
        let span = find(context, decided).map_or(decided.span, |file| file.approval.subject.span);
        diagnostic = diagnostic.related(span, format!("`{}` signed another content", decided.person));
    }
    diagnostic
}

/// Edits carry their own marks; backticks around them would hide those.
fn plain(text: String) -> String {
    text.replace('`', "")
}
