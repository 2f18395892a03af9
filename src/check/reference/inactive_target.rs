//! REF002: references to somebody or something that is no longer there.

use crate::check::people::{holds, left};
use crate::check::systems::is_retired;
use crate::check::{Check, Context, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::{Date, Holder, Kind, Meta, RecordId, Reference, ReferenceSort, Role};
use crate::source::Span;

pub(in crate::check) const CHECK: Check = Check {
    code: "REF002",
    name: "inactive-target",
    family: Family::Reference,
    level: Level::Error,
    parameters: &[Parameter {
        name: "grace_days",
        default: Default::Number(14),
        meaning: "days for which an owner or approver who left is a warning; a role that nobody holds never is",
    }],
    explanation: include_str!("inactive_target.md"),
    run,
};

/// Fields whose target answers for the record or must approve.
const ANSWERING: &[&str] = &[
    "owner",
    "spec.app_owner",
    "spec.approval_matrix.roles",
    "spec.change_rules.approvals",
    "spec.entries.owner",
    "spec.parties",
    "spec.patch_owner",
    "spec.rings.approvals",
];
/// Fields that tell what once was; whoever did it may have left since, and what is replaced has ended.
const PAST: &[&str] = &[
    "assessed_by",
    "assessor",
    "by",
    "collected_by",
    "renews",
    "requested_by",
    "supersedes",
    "verified_by",
];

/// Why a target no longer counts.
struct Inactive {
    /// The words after the id.
    what: String,
    /// The last day on which it counted, where one is known.
    until: Option<Date>,
    /// Nobody is left at all, so that no grace helps.
    is_vacant: bool,
    span: Span,
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    let day = context.as_of().day();
    let retired = |meta: &Meta| {
        repository
            .systems
            .get(&meta.id)
            .is_some_and(|system| is_retired(system, day))
    };
    for meta in repository
        .records()
        .filter(|meta| meta.is_live() && !retired(meta))
    {
        for reference in meta.references.iter().filter(|reference| is_about_now(reference)) {
            if *reference.text == *meta.id.as_str() {
                continue;
            }
            let inactive = inactivity(repository, &reference.text, day);
            out.extend(inactive.map(|inactive| tell(context, meta, reference, &inactive)));
        }
    }
}

/// A holder who left is no fault as long as another holds the role; when none does, the role is flagged.
fn is_about_now(reference: &Reference) -> bool {
    let last = reference.field.rsplit('.').next().unwrap_or_default();
    reference.sort == ReferenceSort::Record
        && !PAST.contains(&last)
        && &*reference.field != "spec.holders.person"
}

fn tell(context: &Context<'_>, meta: &Meta, reference: &Reference, inactive: &Inactive) -> Diagnostic {
    let field = reference.field.rsplit('.').next().unwrap_or_default();
    let message = format!(
        "`{field}` of `{}` is `{}`, {}",
        meta.id, reference.text, inactive.what
    );
    let answers = ANSWERING.contains(&&*reference.field);
    let grace = context.number("grace_days");
    let past = inactive
        .until
        .map(|until| context.as_of().day().days_since(until));
    let in_grace = !inactive.is_vacant && past.is_some_and(|days| days <= grace);
    let new = if answers && !in_grace {
        Diagnostic::error
    } else {
        Diagnostic::warn
    };
    let label = match inactive.until {
        Some(until) => format!("until {until}, {} d ago", past.unwrap_or_default()),
        None => "no longer active".into(),
    };
    let help = if answers {
        "name somebody who is there: only a person in office can decide or be asked"
    } else {
        "name what took its place, or remove the reference"
    };
    new(CHECK.code, reference.span, message)
        .label(label)
        .related(inactive.span, "ended here")
        .help(help)
        .subject(meta.id.to_string())
}

fn inactivity(repository: &Repository, text: &str, day: Date) -> Option<Inactive> {
    let known = repository.known.get(text)?;
    let id = &known.id;
    match known.kind {
        Kind::Person => {
            let person = repository.people.get(id)?;
            let until = left(repository, id, day);
            if until.is_none() && person.meta.is_live() {
                return None;
            }
            Some(Inactive {
                what: "who has left".into(),
                until,
                is_vacant: false,
                span: known.span,
            })
        }
        Kind::Role => {
            let record = repository.roles.get(id)?;
            let role = &record.spec;
            if !record.meta.is_live() {
                return Some(Inactive {
                    what: "a role that has ended".into(),
                    until: None,
                    is_vacant: true,
                    span: known.span,
                });
            }
            if role.holders.iter().any(|holder| holds(repository, holder, day)) {
                return None;
            }
            let until = last_held(repository, role, day);
            Some(Inactive {
                what: "a role that nobody holds".into(),
                until,
                is_vacant: true,
                span: known.span,
            })
        }
        Kind::System => {
            let system = repository
                .systems
                .get(id)
                .filter(|system| is_retired(system, day) || !system.meta.is_live())?;
            let until = system.spec.retired_on.as_ref().map(|date| date.value);
            Some(Inactive {
                what: "a retired System".into(),
                until,
                is_vacant: false,
                span: known.span,
            })
        }
        Kind::Policy => {
            let what = superseded(repository, id)?;
            Some(Inactive {
                what,
                until: None,
                is_vacant: false,
                span: known.span,
            })
        }
        Kind::Isms
        | Kind::Soa
        | Kind::Risk
        | Kind::Source
        | Kind::Triage
        | Kind::Exception
        | Kind::RiskAcceptance
        | Kind::Sla
        | Kind::Change
        | Kind::Calendar
        | Kind::Incident
        | Kind::Evidence
        | Kind::Approval => None,
    }
}

fn last_held(repository: &Repository, role: &Role, day: Date) -> Option<Date> {
    let end = |holder: &Holder| {
        let to = holder.to.as_ref().map(|to| to.value);
        [to, left(repository, &holder.person, day)]
            .into_iter()
            .flatten()
            .min()
    };
    role.holders.iter().filter_map(end).filter(|end| *end < day).max()
}

fn superseded(repository: &Repository, id: &RecordId) -> Option<String> {
    let policy = repository.policies.get(id)?;
    if !policy.meta.is_live() {
        return Some("a Policy that has ended".into());
    }
    let names = |other: &&crate::model::Record<crate::model::Policy>| {
        other.meta.is_live()
            && other
                .meta
                .supersedes
                .as_ref()
                .is_some_and(|named| named.value == *id)
    };
    let later = repository.policies.iter().find(names)?;
    Some(format!("a Policy that `{}` supersedes", later.id()))
}
