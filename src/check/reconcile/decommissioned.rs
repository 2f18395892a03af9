//! REC006: a machine that is said to be gone and still answers, or that the records and the inventory disagree about.

use super::place;
use crate::check::systems::is_retired;
use crate::check::words::{excerpt, listed_up_to};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::{HostStatus, Record, System};
use crate::reconcile::HostRow;

pub(in crate::check) const CHECK: Check = Check {
    code: "REC006",
    name: "decommissioned-but-seen",
    family: Family::Reconcile,
    level: Level::Error,
    parameters: &[],
    explanation: include_str!("decommissioned.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let day = context.as_of().day();
    for host in &context.register.hosts {
        let system = host
            .system
            .as_ref()
            .and_then(|id| context.repository().systems.get(id));
        let retired = system.filter(|system| is_retired(system, day));
        if host.status == HostStatus::Retired {
            out.extend(seen_after_the_inventory(context, host));
        } else if let Some(system) = retired {
            out.extend(seen_after_the_record(context, host, system));
        }
    }
    for system in &context.repository().systems {
        out.extend(disagreement(context, system));
    }
}

fn fault(context: &Context<'_>, host: &HostRow, message: String, label: String) -> Diagnostic {
    Diagnostic::error(CHECK.code, place(context, host.system.as_ref()), message)
        .label(label)
        .help("switch it off for good, or have it called in use again and patch it; nobody patches what is gone")
        .subject(host.id.to_string())
}

fn seen_after_the_inventory(context: &Context<'_>, host: &HostRow) -> Option<Diagnostic> {
    let last = host.last_scan?;
    let zone = context.as_of().zone();
    let since = host.retired_since;
    if since.is_some_and(|since| last <= since) {
        return None;
    }
    let message = format!(
        "`{}` is decommissioned but was seen by a scan on {}",
        excerpt(&host.id),
        zone.day_of(last)
    );
    let label = since.map_or_else(
        || "the inventory calls it retired and does not say since when".into(),
        |since| format!("retired by the inventory of {}", zone.day_of(since)),
    );
    Some(fault(context, host, message, label))
}

fn seen_after_the_record(
    context: &Context<'_>,
    host: &HostRow,
    system: &Record<System>,
) -> Option<Diagnostic> {
    let last = context.as_of().zone().day_of(host.last_scan?);
    let retired_on = system.spec.retired_on.map(|day| day.value);
    if retired_on.is_some_and(|day| last <= day) {
        return None;
    }
    let message = format!(
        "`{}` of the retired `{}` was seen by a scan on {last}",
        excerpt(&host.id),
        system.id()
    );
    let label = retired_on.map_or_else(
        || "`retired_on` is not given, so every scan counts".into(),
        |day| format!("retired on {day}"),
    );
    Some(fault(context, host, message, label))
}

/// Flags a System that the records retire and the inventory has in use, and the reverse.
fn disagreement(context: &Context<'_>, system: &Record<System>) -> Option<Diagnostic> {
    let row = context.register.systems.get(system.id())?;
    let hosts: Vec<&HostRow> = row
        .hosts
        .iter()
        .filter_map(|host| context.register.host(host))
        .collect();
    let active: Vec<&HostRow> = hosts
        .iter()
        .copied()
        .filter(|host| host.status == HostStatus::Active)
        .collect();
    let is_gone = is_retired(system, context.as_of().day());
    let (message, help) = if is_gone && !active.is_empty() {
        let names = listed_up_to(3, active.iter().map(|host| &host.id));
        (
            format!(
                "`{}` is retired, and the inventory has {names} in use",
                system.id()
            ),
            "retire them in the inventory, or give them to the System that they serve now",
        )
    } else if !is_gone
        && row.counts
        && !hosts.is_empty()
        && hosts.iter().all(|host| host.status == HostStatus::Retired)
    {
        let names = listed_up_to(3, hosts.iter().map(|host| &host.id));
        (
            format!(
                "`{}` is in use, and the inventory has retired all that it has: {names}",
                system.id()
            ),
            "set `state: retired` and `retired_on`, or mend its `members`: as it is nothing of it is counted",
        )
    } else {
        return None;
    };
    Some(
        Diagnostic::error(CHECK.code, system.meta.id.span, message)
            .label("the record and the inventory disagree")
            .help(help)
            .subject(system.id().to_string()),
    )
}
