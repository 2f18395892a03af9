//! SOA005: ids of the wrong edition, ids that the crosswalk does not know, and the edition that was withdrawn.

use super::{counterparts, declared_editions, live_soas, other};
use crate::check::words::{excerpt, listed};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::Repository;
use crate::model::controls::{ControlRef, Edition, ISO27001, control, predecessors, successors};
use crate::model::{Date, Record, ReferenceSort, Soa, SoaEntry};

pub(in crate::check) const CHECK: Check = Check {
    code: "SOA005",
    name: "edition-crosswalk",
    family: Family::Soa,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("edition_crosswalk.md"),
    run,
};

/// The end of the transition; since this day certificates to the 2013 edition are withdrawn.
fn withdrawn_on() -> Option<Date> {
    crate::model::parse_date("2025-10-31")
}

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    for soa in live_soas(repository) {
        let mut faults = Vec::new();
        for entry in soa.spec.entries.iter() {
            faults.extend(mixed(soa.spec.edition.value, entry));
            faults.extend(legacy(soa.spec.edition.value, entry));
        }
        faults.extend(undeclared(repository, soa));
        out.extend(
            faults
                .into_iter()
                .map(|fault| fault.subject(soa.id().to_string())),
        );
    }
    if withdrawn_on().is_some_and(|withdrawn| context.as_of().day() >= withdrawn) {
        withdrawn(repository, out);
    }
}

fn mixed(edition: Edition, entry: &SoaEntry) -> Option<Diagnostic> {
    let id = entry.control.value.as_str();
    let found = control(other(edition), id).filter(|_| control(edition, id).is_none() && !entry.custom)?;
    let here = counterparts(other(edition), id);
    let message = format!(
        "mixed editions: `{id}` is of {}, the statement of {edition}",
        other(edition)
    );
    Some(
        Diagnostic::error(CHECK.code, entry.control.span, message)
            .label(found.title)
            .help(format!("the crosswalk has it in {edition} as {}", listed(here))),
    )
}

/// The `legacy` of an entry is all of the ids that the crosswalk has, in any order.
fn legacy(edition: Edition, entry: &SoaEntry) -> Option<Diagnostic> {
    let given = entry.legacy.as_ref()?;
    let id = entry.control.value.as_str();
    let expected = match edition {
        Edition::Iso2013 => &[][..],
        Edition::Iso2022 => predecessors(id),
    };
    let mut ids: Vec<&str> = given.iter().map(|id| id.value.as_str()).collect();
    ids.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    if ids == wanted || entry.custom {
        return None;
    }
    let given_words = listed(given.iter().map(|id| excerpt(id)));
    let expects = if expected.is_empty() {
        "no id of 2013".into()
    } else {
        listed(expected)
    };
    let help = if expected.is_empty() {
        "remove `legacy`: the control has no predecessor".into()
    } else {
        format!("write `legacy: [{}]`", expected.join(", "))
    };
    Some(
        Diagnostic::error(
            CHECK.code,
            given.span,
            format!("the crosswalk expects {expects} for `{}`", excerpt(id)),
        )
        .label(format!("given is {given_words}"))
        .help(help),
    )
}

fn undeclared(repository: &Repository, soa: &Record<Soa>) -> Option<Diagnostic> {
    let declared = declared_editions(repository);
    let edition = soa.spec.edition;
    if declared.is_empty() || declared.contains(&edition.to_string().as_str()) {
        return None;
    }
    let isms = repository.isms.as_ref()?;
    let message = format!(
        "mixed editions: the statement is of {edition}, the Isms of {}",
        listed(declared)
    );
    Some(
        Diagnostic::error(CHECK.code, edition.span, message)
            .related(isms.meta.id.span, "`frameworks` names the edition of `iso27001`")
            .help("name the edition that is certified against in both"),
    )
}

fn withdrawn(repository: &Repository, out: &mut Vec<Diagnostic>) {
    for soa in live_soas(repository).filter(|soa| soa.spec.edition.value == Edition::Iso2013) {
        let message = "the 2013 edition is withdrawn since 2025-10-31";
        out.push(
            Diagnostic::warn(CHECK.code, soa.spec.edition.span, message)
                .label("no certificate to it is valid any more")
                .help(
                    "write a statement of edition 2022 that supersedes this one; `legacy` keeps the old ids",
                )
                .subject(soa.id().to_string()),
        );
    }
    for meta in repository.records().filter(|meta| meta.is_live()) {
        for reference in meta
            .references
            .iter()
            .filter(|reference| reference.sort == ReferenceSort::Control)
        {
            let Ok(cited) = reference.text.parse::<ControlRef>() else {
                continue;
            };
            if cited.framework() != ISO27001 || cited.edition().parse() != Ok(Edition::Iso2013) {
                continue;
            }
            let now: Vec<String> = successors(cited.control())
                .iter()
                .map(|id| format!("{ISO27001}:2022/{id}"))
                .collect();
            let message = format!(
                "`{}` is of the 2013 edition, withdrawn since 2025-10-31",
                excerpt(&reference.text)
            );
            out.push(
                Diagnostic::warn(CHECK.code, reference.span, message)
                    .label(format!("in 2022: {}", listed(&now)))
                    .help("cite the 2022 edition")
                    .subject(meta.id.to_string()),
            );
        }
    }
}
