//! APR001: records that not everybody has approved who must.

use crate::check::words::listed;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{Meta, RecordId, Status, utc_text};
use crate::source::Span;
use crate::trust::{ApprovalState, CONFIGURATION_ID, Met, Standing};

pub(in crate::check) const CHECK: Check = Check {
    code: "APR001",
    name: "approval-missing",
    family: Family::Approval,
    level: Level::Error,
    parameters: &[
        Parameter {
            name: "business_owner",
            default: Default::Words(&[]),
            meaning: "roles that stand for the business owner; none: whoever has the function `business`",
        },
        Parameter {
            name: "cab",
            default: Default::Words(&["role-cab"]),
            meaning: "roles or committees that decide on normal changes and on templates",
        },
        Parameter {
            name: "ciso",
            default: Default::Words(&["role-ciso"]),
            meaning: "roles that stand for the chief information security officer",
        },
        Parameter {
            name: "committee",
            default: Default::Words(&[]),
            meaning: "committees that decide on policies; none: every committee that may approve the kind",
        },
        Parameter {
            name: "compliance",
            default: Default::Words(&["role-compliance"]),
            meaning: "roles that answer for regulations",
        },
        Parameter {
            name: "emergency_approver",
            default: Default::Words(&["role-emergency-approver"]),
            meaning: "roles whose approval counts alone until its fuse has burnt down",
        },
        Parameter {
            name: "freeze_approver",
            default: Default::Words(&["role-freeze-approver"]),
            meaning: "roles that allow a change in a freeze",
        },
        Parameter {
            name: "legal",
            default: Default::Words(&["role-legal"]),
            meaning: "roles that answer for data protection",
        },
        Parameter {
            name: "security",
            default: Default::Words(&["role-security"]),
            meaning: "roles that stand for security in the matrix",
        },
        Parameter {
            name: "security_owner",
            default: Default::Words(&["role-security-owner"]),
            meaning: "roles that own keyring, roles and configuration",
        },
        Parameter {
            name: "senior_management",
            default: Default::Words(&["role-senior-management"]),
            meaning: "roles that stand for senior management",
        },
    ],
    explanation: include_str!("approval_missing.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let standings = &context.register.standings;
    for meta in context.repository().records() {
        let standing = standings.of(meta.kind, &meta.id);
        let span = meta.id.span;
        match meta.declared() {
            Status::Draft => out.extend(wanted(context, meta, standing)),
            Status::Submitted if standing.is_demanded => {
                out.extend(judge(context, &meta.id.value, span, standing));
            }
            Status::Submitted | Status::Closed | Status::Revoked | Status::Superseded => {}
        }
    }
    let standing = standings.of_configuration();
    if let (true, Some(id)) = (standing.is_demanded, RecordId::new(CONFIGURATION_ID)) {
        let file = context.repository().sources.find("compliance.yaml");
        let span = file.map_or_else(|| context.repository().root_span(), Span::start_of);
        out.extend(judge(context, &id, span, standing));
    }
}

/// Tells an author who will be asked.
fn wanted(context: &Context<'_>, meta: &Meta, standing: &Standing) -> Option<Diagnostic> {
    if !crate::trust::is_always_demanded(meta.kind) || standing.demands.is_empty() {
        return None;
    }
    let who = standing.demands.iter().map(|met| seats(context, met));
    let message = format!("`{}` will need the approval of {}", meta.id, listed_plain(who));
    Some(
        Diagnostic::info(CHECK.code, meta.id.span, message)
            .help("set `status: submitted` and ask them: `countersign approve`")
            .subject(meta.id.to_string()),
    )
}

fn judge(context: &Context<'_>, id: &RecordId, span: Span, standing: &Standing) -> Option<Diagnostic> {
    match standing.state {
        ApprovalState::Approved => None,
        ApprovalState::Rejected | ApprovalState::Revoked => Some(refused(id, span, standing)),
        // APR004 says what was changed and who must sign again.
        ApprovalState::Stale => None,
        ApprovalState::Emergency => Some(on_fuse(context, id, span, standing)),
        ApprovalState::Absent | ApprovalState::Pending => Some(missing(context, id, span, standing)),
    }
}

fn refused(id: &RecordId, span: Span, standing: &Standing) -> Diagnostic {
    let last = standing.decisions.iter().rfind(|decided| {
        decided.is_in_force() && !matches!(decided.decision, crate::model::Decision::Approve)
    });
    let (by, reason) = last.map_or_else(
        || ("somebody".to_owned(), String::new()),
        |decided| {
            let by = format!("`{}` as `{}`", decided.person, decided.role);
            (by, crate::check::words::excerpt(&decided.reason))
        },
    );
    let what = match standing.state {
        ApprovalState::Rejected => "rejected",
        ApprovalState::Absent
        | ApprovalState::Pending
        | ApprovalState::Approved
        | ApprovalState::Emergency
        | ApprovalState::Stale
        | ApprovalState::Revoked => "revoked",
    };
    Diagnostic::error(CHECK.code, span, format!("`{id}` was {what} by {by}"))
        .label(if reason.is_empty() {
            "no reason is given".into()
        } else {
            reason
        })
        .help("set its `status` to what was decided, or write a new record and ask again")
        .subject(id.to_string())
}

fn on_fuse(context: &Context<'_>, id: &RecordId, span: Span, standing: &Standing) -> Diagnostic {
    let who = standing.missing().map(|met| seats(context, met));
    let until = standing
        .emergency
        .as_ref()
        .map(|emergency| utc_text(emergency.until))
        .unwrap_or_default();
    let message = format!(
        "`{id}` counts by an emergency approval until {until}; it is to be ratified by {}",
        listed_plain(who)
    );
    Diagnostic::warn(CHECK.code, span, message)
        .help("have it approved by the roles of the matrix before the fuse has burnt down")
        .subject(id.to_string())
}

fn missing(context: &Context<'_>, id: &RecordId, span: Span, standing: &Standing) -> Diagnostic {
    let who: Vec<String> = standing.missing().map(|met| seats(context, met)).collect();
    let first = standing
        .missing()
        .next()
        .map(|met| met.demand.who())
        .unwrap_or_default();
    let message = format!("`{id}` lacks the approval of {}", listed_plain(who));
    let mut diagnostic = Diagnostic::error(CHECK.code, span, message).subject(id.to_string());
    if let Some(emergency) = &standing.emergency {
        let until = utc_text(emergency.until);
        diagnostic = diagnostic.label(format!(
            "the emergency approval by `{}` ended on {until} and was not ratified",
            emergency.person
        ));
    } else if standing.missing().any(|met| met.has_double) {
        diagnostic = diagnostic.label("one person counts once, however many roles or keys they have");
    }
    let role = first.first().map_or("role-…", String::as_str);
    diagnostic.help(format!(
        "have it approved: `countersign approve {id} --role {role}`"
    ))
}

/// Says who must approve, how many of how many have, and why.
fn seats(context: &Context<'_>, met: &Met) -> String {
    let demand = &met.demand;
    let who = demand.who();
    let known = who.iter().any(|id| {
        let id = RecordId::new(id);
        id.is_some_and(|id| context.repository().known.contains_key(&id))
    });
    let mut text = who
        .iter()
        .map(|id| format!("`{id}`"))
        .collect::<Vec<_>>()
        .join(" or ");
    if met.needed > 1 {
        text.push_str(&format!(" ({} of {} people)", met.by.len(), met.needed));
    }
    if !known && !matches!(demand.by, crate::trust::Approver::Business) {
        text.push_str(", which is no role; name yours in `APR001`");
    }
    format!("{text} ({})", demand.because)
}

fn listed_plain(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().collect();
    if words.is_empty() {
        listed(["nobody"])
    } else {
        words.join("; ")
    }
}
