//! Fields of which exactly one must be there, or which need each other.

use super::violation::CHECK;
use crate::check::words::excerpt;
use crate::diagnostic::Diagnostic;
use crate::load::Repository;
use crate::model::{KevMode, Record, Sla};

/// Flags what a schema of single fields cannot say.
pub(super) fn contradictory_fields(repository: &Repository, out: &mut Vec<Diagnostic>) {
    if let Some(isms) = &repository.isms {
        for regulation in &isms.spec.regulations {
            for cap in regulation
                .caps
                .iter()
                .filter(|cap| cap.days.is_some() == cap.months.is_some())
            {
                let message = format!(
                    "the cap of `{}` for `{}` needs exactly one of `days` and `months`",
                    excerpt(&regulation.id),
                    cap.severity
                );
                out.push(
                    Diagnostic::error(CHECK.code, isms.meta.id.span, message)
                        .label(both_or_neither(cap.days))
                        .help("keep the unit that the regulation itself uses")
                        .subject(isms.id().to_string()),
                );
            }
        }
    }
    for sla in &repository.slas {
        for cell in sla
            .spec
            .matrix
            .iter()
            .filter(|cell| cell.days.is_some() == cell.hours.is_some())
        {
            let message = format!(
                "the cell {}/{} needs exactly one of `days` and `hours`",
                cell.severity, cell.tier
            );
            out.push(
                Diagnostic::error(CHECK.code, cell.span, message)
                    .label(both_or_neither(cell.days))
                    .help("write `days` for local days that end at midnight, or `hours` for an absolute time")
                    .subject(sla.id().to_string()),
            );
        }
        out.extend(kev(sla));
    }
}

/// Where one of the two is there, so is the other.
fn both_or_neither(one: Option<u32>) -> &'static str {
    if one.is_some() {
        "both are there"
    } else {
        "neither is there"
    }
}

fn kev(sla: &Record<Sla>) -> Option<Diagnostic> {
    let kev = sla.spec.kev.as_ref()?;
    let missing = match kev.mode {
        KevMode::DaysAfterAdded if kev.days.is_none() => "days",
        KevMode::DecisionTable if kev.table.is_none() => "table",
        KevMode::CatalogDueDate | KevMode::DaysAfterAdded | KevMode::DecisionTable => return None,
    };
    let message = format!("`kev.mode` is `{}`, which needs `kev.{missing}`", kev.mode);
    Some(
        Diagnostic::error(CHECK.code, sla.meta.id.span, message)
            .help(format!("add `{missing}` under `kev`, or choose another mode"))
            .subject(sla.id().to_string()),
    )
}
