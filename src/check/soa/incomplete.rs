//! SOA001: a statement that does not have exactly one entry for each control.

use std::collections::BTreeMap;

use super::{counterparts, declared_editions, live_soas, other};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::controls::{Control, Edition, catalogue, control};
use crate::model::{Record, Soa, SoaEntry};

pub(in crate::check) const CHECK: Check = Check {
    code: "SOA001",
    name: "incomplete-statement",
    family: Family::Soa,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("incomplete.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    if let (Some(isms), true) = (&repository.isms, live_soas(repository).next().is_none())
        && !declared_editions(repository).is_empty()
    {
        out.push(
            Diagnostic::error(
                CHECK.code,
                isms.meta.id.span,
                "there is no Statement of Applicability",
            )
            .label("`iso27001` is among `frameworks`")
            .help("write one with an entry for each control: `countersign new soa`")
            .subject(isms.id().to_string()),
        );
    }
    for soa in live_soas(repository) {
        let mut faults = Vec::new();
        missing(soa, &mut faults);
        doubled(soa, &mut faults);
        faults.extend(
            soa.spec
                .entries
                .iter()
                .filter_map(|entry| stranger(soa.spec.edition.value, entry)),
        );
        out.extend(
            faults
                .into_iter()
                .map(|fault| fault.subject(soa.id().to_string())),
        );
    }
}

fn missing(soa: &Record<Soa>, out: &mut Vec<Diagnostic>) {
    let edition = soa.spec.edition.value;
    let has = |id: &str| soa.spec.entries.iter().any(|entry| entry.control.value == id);
    for Control { id, title } in catalogue(edition).iter().filter(|control| !has(control.id)) {
        let message = format!("no entry for {}, {title}", in_both_numberings(edition, id));
        out.push(
            Diagnostic::error(CHECK.code, soa.spec.edition.span, message)
                .label(format!(
                    "edition {edition} has {} controls",
                    catalogue(edition).len()
                ))
                .help(format!(
                    "add an entry `control: \"{id}\"`, applicable or not, with its justification"
                )),
        );
    }
}

/// Writes `8.8 (2013: A.12.6.1, A.18.2.3)`.
fn in_both_numberings(edition: Edition, id: &str) -> String {
    let counterparts = counterparts(edition, id);
    if counterparts.is_empty() {
        return format!("{id} (new in {edition})");
    }
    format!("{id} ({}: {})", other(edition), counterparts.join(", "))
}

fn doubled(soa: &Record<Soa>, out: &mut Vec<Diagnostic>) {
    let mut first_of: BTreeMap<&str, &SoaEntry> = BTreeMap::new();
    for entry in soa.spec.entries.iter() {
        let id = entry.control.value.as_str();
        let Some(first) = first_of.get(id) else {
            first_of.insert(id, entry);
            continue;
        };
        out.push(
            Diagnostic::error(
                CHECK.code,
                entry.control.span,
                format!("a second entry for `{}`", excerpt(id)),
            )
            .related(first.control.span, "the first one is here")
            .help("keep one of the two; a control is applicable or it is not"),
        );
    }
}

/// An entry for something that the edition's catalogue lacks is marked as the organisation's own.
///
/// An id of the other edition is SOA005's to flag.
fn stranger(edition: Edition, entry: &SoaEntry) -> Option<Diagnostic> {
    let id = entry.control.value.as_str();
    let fault = |message: String| Diagnostic::error(CHECK.code, entry.control.span, message);
    match (control(edition, id), entry.custom) {
        (Some(found), true) => Some(
            fault(format!(
                "`{id}` is called custom, but edition {edition} has it: {}",
                found.title
            ))
            .help("remove `custom`, or give your own control an id of its own"),
        ),
        (None, false) if control(other(edition), id).is_none() => Some(
            fault(format!("edition {edition} has no control `{}`", excerpt(id)))
                .help("mend the id, or mark a control of your own with `custom: true` and a `title`"),
        ),
        (None, true) if entry.title.as_deref().is_none_or(|title| title.trim().is_empty()) => Some(
            fault(format!("the custom control `{}` has no title", excerpt(id)))
                .help("add `title:`; only the titles of Annex A are built in"),
        ),
        (Some(_), false) | (None, _) => None,
    }
}
