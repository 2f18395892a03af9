//! REC005: a scanned host that belongs to no System, could be several, or is told of in two ways.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::place;
use crate::check::words::{excerpt, listed_up_to};
use crate::check::{Check, Context, Family};
use crate::diagnostic::{Diagnostic, Level};
use crate::model::HostStatus;
use crate::reconcile::{FactConflict, HostRow};

pub(in crate::check) const CHECK: Check = Check {
    code: "REC005",
    name: "unknown-or-ambiguous-asset",
    family: Family::Reconcile,
    level: Level::Warn,
    parameters: &[],
    explanation: include_str!("unknown_or_ambiguous.md"),
    run,
};

fn run(context: &Context<'_>, out: &mut Vec<Diagnostic>) {
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in context
        .register
        .findings
        .iter()
        .filter(|finding| !finding.disposition.is_closed())
    {
        *open.entry(&finding.host).or_default() += 1;
    }
    for host in &context.register.hosts {
        let open = open.get(&*host.id).copied().unwrap_or_default();
        if let Some((by, at)) = host
            .replaced
            .as_ref()
            .filter(|_| host.status != HostStatus::Retired)
        {
            out.push(replaced(context, host, (by, *at), open));
            continue;
        }
        // Two claims are SCP001's to flag.
        if host.is_scanned && host.claims.is_empty() && host.status != HostStatus::Retired {
            out.push(unknown(context, host, open));
        }
        if !host.candidates.is_empty() {
            out.push(ambiguous(context, host));
        }
    }
    let conflicts = context.register.conflicts.iter();
    out.extend(conflicts.map(|conflict| disagreement(context, conflict)));
}

fn disagreement(context: &Context<'_>, conflict: &FactConflict) -> Diagnostic {
    let hosts = listed_up_to(3, conflict.hosts.iter().map(|id| excerpt(id)));
    let message = format!(
        "the record of `{}` says {} `{}`, and the inventory `{}` of {hosts}",
        conflict.system,
        conflict.fact,
        excerpt(&conflict.in_record),
        excerpt(&conflict.in_inventory)
    );
    Diagnostic::warn(CHECK.code, place(context, Some(&conflict.system)), message)
        .label(format!("`{}` counts", excerpt(&conflict.counts)))
        .help("mend the one that is wrong, so that both say the same")
        .subject(conflict.system.to_string())
}

fn unknown(context: &Context<'_>, host: &HostRow, open: usize) -> Diagnostic {
    let before = context.register.hosts.iter().find(|other| {
        let by = other.replaced.as_ref().map(|(by, _)| by);
        by == Some(&host.id)
    });
    let known = match before {
        Some(old) => format!(
            "it answers under the name of `{}`, with another serial",
            excerpt(&old.id)
        ),
        None if host.is_known => "the inventory knows it".into(),
        None => "the inventory does not know it".into(),
    };
    let ips = if host.ips.is_empty() {
        String::new()
    } else {
        format!(", at {}", listed_up_to(3, &host.ips))
    };
    let message = format!(
        "scanned host `{}` belongs to no System; it has {open} open findings",
        excerpt(&host.id)
    );
    Diagnostic::warn(CHECK.code, place(context, None), message)
        .label(format!("{known}{ips}"))
        .help("take it into the `members` of a System; until then its findings are due by the shortest cell there is")
        .subject(host.id.to_string())
}

fn replaced(
    context: &Context<'_>,
    host: &HostRow,
    (by, at): (&str, DateTime<Utc>),
    open: usize,
) -> Diagnostic {
    let day = context.as_of().zone().day_of(at);
    let message = format!(
        "`{}` was replaced: since {day} `{}` answers under its name with another serial",
        excerpt(&host.id),
        excerpt(by)
    );
    let help = if host.is_known {
        "retire it in the inventory and take the new machine in with its serial; where it is the same machine, mend \
         the serial there"
    } else {
        "take it into the inventory as retired, by its name and serial, once it is gone for good"
    };
    Diagnostic::warn(CHECK.code, place(context, host.system.as_ref()), message)
        .label(format!(
            "its {open} open findings stay until the inventory calls it retired"
        ))
        .help(help)
        .subject(host.id.to_string())
}

fn ambiguous(context: &Context<'_>, host: &HostRow) -> Diagnostic {
    let candidates = listed_up_to(5, host.candidates.iter().map(|id| excerpt(id)));
    let message = format!(
        "host `{}` could be {candidates}: its keys disagree",
        excerpt(&host.id)
    );
    Diagnostic::warn(CHECK.code, place(context, host.system.as_ref()), message)
        .label("the strictest due of them applies, and no exception does")
        .help("mend the addresses, names or serials in the inventory so that one host has them")
        .subject(host.id.to_string())
}
