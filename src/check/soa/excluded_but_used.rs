//! SOA003: a control that is excluded and yet relied upon.

use super::{counterparts, live_soas};
use crate::check::words::excerpt;
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::controls::{ControlRef, Edition, ISO27001};
use crate::model::{Kind, Record, ReferenceSort, Soa, SoaEntry};

pub(in crate::check) const CHECK: Check = Check {
    code: "SOA003",
    name: "excluded-but-used",
    family: Family::Soa,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("excluded_but_used.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let repository = context.repository();
    for soa in live_soas(repository) {
        for meta in repository
            .records()
            .filter(|meta| meta.is_live() && meta.kind != Kind::Soa)
        {
            for reference in meta
                .references
                .iter()
                .filter(|reference| reference.sort == ReferenceSort::Control)
            {
                let Ok(cited) = reference.text.parse::<ControlRef>() else {
                    continue;
                };
                let Some(entry) = excluded(soa, &cited) else {
                    continue;
                };
                let message = format!(
                    "`{}` relies on `{}`, which is excluded",
                    meta.id,
                    excerpt(&reference.text)
                );
                out.push(
                    Diagnostic::error(CHECK.code, reference.span, message)
                        .label(format!(
                            "`{}` is not applicable by `{}`",
                            excerpt(&entry.control),
                            soa.id()
                        ))
                        .related(entry.applicable.span, "excluded here")
                        .help("include the control with a reason, or stop citing it")
                        .subject(meta.id.to_string()),
                );
            }
        }
    }
}

/// Returns the entry that excludes what is cited; a control of the other edition that went into several is excluded
/// when all of them are.
fn excluded<'a>(soa: &'a Record<Soa>, cited: &ControlRef) -> Option<&'a SoaEntry> {
    if cited.framework() != ISO27001 {
        return None;
    }
    let edition = soa.spec.edition.value;
    let cited_edition: Edition = cited.edition().parse().ok()?;
    let ids = if cited_edition == edition {
        vec![cited.control()]
    } else {
        counterparts(cited_edition, cited.control())
    };
    let entry_of = |id: &&str| soa.spec.entries.iter().find(|entry| entry.control.value == **id);
    let excluded: Vec<&SoaEntry> = ids
        .iter()
        .filter_map(entry_of)
        .filter(|entry| !entry.applicable.value)
        .collect();
    if excluded.len() == ids.len() {
        excluded.first().copied()
    } else {
        None
    }
}
