//! Machines of which inventory, records and scanners do not say the same.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::table::{Cell, Column, Layout, Table};
use super::super::words::day;
use crate::model::{HostStatus, Record, System, SystemState};
use crate::reconcile::{HostRow, Register};

/// The open findings of each host.
type Open<'a> = BTreeMap<&'a str, usize>;

fn seen(register: &Register<'_>, at: Option<DateTime<Utc>>) -> Cell {
    at.map_or_else(|| Cell::text("never"), |at| Cell::text(day(register.as_of, at)))
}

fn open_of(open: &Open<'_>, host: &HostRow) -> Cell {
    Cell::count(open.get(&*host.id).copied().unwrap_or_default())
}

/// Returns the old machine whose name a host answers under now.
fn predecessor<'a>(register: &'a Register<'_>, host: &HostRow) -> Option<&'a HostRow> {
    register
        .hosts
        .iter()
        .find(|other| other.replaced.as_ref().is_some_and(|(by, _)| *by == host.id))
}

const UNKNOWN: &[Column] = &[
    Column::new("host", "Host"),
    Column::beneath("ips", "").tight(),
    Column::beneath("os", ""),
    Column::new("inventory_says", "Inventory says"),
    Column::new("scanners_say", "Scanners say"),
    Column::beneath("last_scan", "").around("last on ", "").tight(),
    Column::new("open_findings", "Open findings"),
    Column::new("action", "What to do").wide(),
];

/// Lists scanned hosts that no System claims.
pub(super) fn unknown(register: &Register<'_>, open: &Open<'_>) -> Table {
    let is_unknown = |host: &&HostRow| {
        host.is_scanned
            && host.claims.is_empty()
            && host.status != HostStatus::Retired
            && host.replaced.is_none()
    };
    let rows = register.hosts.iter().filter(is_unknown).map(|host| {
        let says = match predecessor(register, host) {
            Some(old) => format!("under this name, another serial: {}", old.id),
            None if host.is_known => "known, in no System".to_owned(),
            None => "nothing: not listed".to_owned(),
        };
        vec![
            Cell::text(host.id.clone()),
            Cell::list(host.ips.iter().map(String::as_str)),
            Cell::maybe(host.os.as_deref()),
            Cell::text(says),
            Cell::text("it answers"),
            Cell::maybe(host.last_scan.map(|at| day(register.as_of, at))),
            open_of(open, host),
            Cell::text(
                "Find its owner; take it into a System and the inventory, or take it off the network.",
            ),
        ]
    });
    Table {
        name: "unknown",
        caption: "Scanned hosts that belong to no System: gaps of the scope".into(),
        layout: Layout::Sortable,
        columns: UNKNOWN,
        rows: rows.collect(),
        when_empty: "Every scanned host belongs to a System.",
    }
}

const AMBIGUOUS: &[Column] = &[
    Column::new("host", "Host"),
    Column::new("one_says", "It could be"),
    Column::new("other_says", "Or"),
    Column::new("why", "Why it is not certain"),
    Column::new("open_findings", "Open findings"),
    Column::new("action", "What to do").wide(),
];

/// Lists hosts that could be several known ones, and hosts that several Systems claim.
pub(super) fn ambiguous(register: &Register<'_>, open: &Open<'_>) -> Table {
    let mut rows = Vec::new();
    for host in &register.hosts {
        let mut add = |names: Vec<String>, why: &str, action: &str| {
            let mut names = names.into_iter();
            rows.push(vec![
                Cell::text(host.id.clone()),
                Cell::maybe(names.next()),
                Cell::list(names),
                Cell::text(why),
                open_of(open, host),
                Cell::text(action),
            ]);
        };
        if !host.candidates.is_empty() {
            let names = host.candidates.iter().map(ToString::to_string);
            // One candidate alone is in doubt against the host being a new one.
            let names: Vec<String> = match host.candidates.len() {
                1 => names.chain(["a host of its own".to_owned()]).collect(),
                _ => names.collect(),
            };
            add(
                names,
                "its names, addresses or serials point to different hosts",
                "Mend names, addresses or serials in the inventory so that one host has them.",
            );
        }
        if host.claims.len() > 1 {
            add(
                host.claims.iter().map(ToString::to_string).collect(),
                "several Systems claim it",
                "Let one System claim it; take it out of the members of the others.",
            );
        }
    }
    Table {
        name: "ambiguous",
        caption: "Hosts that could be several, or that several Systems claim".into(),
        layout: Layout::Sortable,
        columns: AMBIGUOUS,
        rows,
        when_empty: "No host is ambiguous.",
    }
}

const UNSCANNED: &[Column] = &[
    Column::new("host", "Host"),
    Column::new("system", "System").tight(),
    Column::new("records_say", "Records say"),
    Column::new("last_scan", "Scanners say: last scan").tight(),
    Column::new("last_authenticated_scan", "Last with credentials").tight(),
    Column::new("last_qualifying_scan", "Last that qualifies").tight(),
    Column::new("owner", "Who acts").tight(),
    Column::new("action", "What to do").wide(),
];

/// Lists hosts that count and that no qualifying scan has seen in time.
pub(super) fn unscanned(register: &Register<'_>) -> Table {
    let is_unscanned = |host: &&HostRow| host.counts && !register.is_scanned_in_time(host);
    let rows = register.hosts.iter().filter(is_unscanned).map(|host| {
        let system = system_of(register, host);
        vec![
            Cell::text(host.id.clone()),
            Cell::maybe_shown(host.system.as_ref()),
            Cell::text("in use, in scope"),
            seen(register, host.last_scan),
            seen(register, host.last_authenticated_scan),
            seen(register, host.last_qualifying_scan),
            Cell::maybe_shown(system.map(patch_owner)),
            Cell::text(if host.is_scanned {
                "Scan it as the policy asks and import the export, or retire it in the inventory."
            } else {
                "Take it into the scans, or retire it in the inventory."
            }),
        ]
    });
    Table {
        name: "unscanned",
        caption: "Hosts that count, without a qualifying scan in time: not scanned is not compliant".into(),
        layout: Layout::Sortable,
        columns: UNSCANNED,
        rows: rows.collect(),
        when_empty: "Every host that counts was scanned in time.",
    }
}

fn system_of<'a>(register: &Register<'a>, host: &HostRow) -> Option<&'a Record<System>> {
    let id = host.system.as_ref()?;
    register.repository.systems.get(id)
}

fn patch_owner(system: &Record<System>) -> String {
    let owner = system.spec.patch_owner.as_ref();
    owner.map_or_else(|| system.meta.owner.to_string(), |owner| owner.to_string())
}

const RETIRED: &[Column] = &[
    Column::new("host", "Host"),
    Column::new("system", "System").tight(),
    Column::new("inventory_says", "Inventory says"),
    Column::new("record_says", "Record of the System says"),
    Column::new("last_scan", "Scanners say: last scan").tight(),
    Column::new("action", "What to do").wide(),
];

/// Lists hosts that the inventory or the record of their System calls retired, while another source does not.
pub(super) fn retired(register: &Register<'_>) -> Table {
    let rows = register.hosts.iter().filter_map(|host| {
        let (zone, system) = (register.as_of.zone(), system_of(register, host));
        let of_record = system.and_then(|system| retirement(register, system));
        let by_inventory = host.status == HostStatus::Retired;
        let is_seen = host.last_scan.is_some_and(|last| {
            if by_inventory {
                host.retired_since.is_none_or(|since| since < last)
            } else {
                let retired_on = system.and_then(|system| system.spec.retired_on);
                of_record.is_some() && retired_on.is_none_or(|on| on.value < zone.day_of(last))
            }
        });
        let is_in_use = of_record.is_some() && host.status == HostStatus::Active && host.is_known;
        if !is_seen && !is_in_use {
            return None;
        }
        let inventory = match (host.status, host.retired_since) {
            (HostStatus::Retired, Some(since)) => format!("retired since {}", zone.day_of(since)),
            (HostStatus::Retired, None) => "retired, not since when".to_owned(),
            (HostStatus::Active, _) if host.is_known => "in use".to_owned(),
            (HostStatus::Active | HostStatus::Unknown, _) => "nothing".to_owned(),
        };
        let record = system.map(|_| of_record.unwrap_or_else(|| "in use".to_owned()));
        Some(vec![
            Cell::text(host.id.clone()),
            host.system
                .as_ref()
                .map_or_else(|| Cell::text("none"), Cell::shown),
            Cell::text(inventory),
            record.map_or_else(|| Cell::text("nothing"), Cell::text),
            seen(register, host.last_scan),
            Cell::text(if is_seen {
                "Switch it off for good, or call it in use again and patch it: nobody patches what is gone."
            } else {
                "Retire it in the inventory, or give it to the System that it serves now."
            }),
        ])
    });
    Table {
        name: "retired",
        caption: "Hosts that are retired by one source, and not by another".into(),
        layout: Layout::Sortable,
        columns: RETIRED,
        rows: rows.collect(),
        when_empty: "No retired host was seen after it was retired.",
    }
}

/// Says since when the record of a System calls it retired; `None` where it does not by as-of.
fn retirement(register: &Register<'_>, system: &Record<System>) -> Option<String> {
    let on = system.spec.retired_on.as_ref().map(|on| on.value);
    match (system.spec.state, on) {
        (_, Some(on)) if on < register.as_of.day() => Some(format!("retired on {on}")),
        (Some(SystemState::Retired), _) => Some("retired".to_owned()),
        (Some(SystemState::Planned | SystemState::Active | SystemState::Retiring) | None, _) => None,
    }
}

const REPLACED: &[Column] = &[
    Column::new("host", "Old machine"),
    Column::new("by", "Answers under its name now"),
    Column::new("since", "Since").tight(),
    Column::new("inventory_says", "Inventory says of the old one"),
    Column::new("open_findings", "Open findings of the old one"),
    Column::new("action", "What to do").wide(),
];

/// Lists machines under whose name another one, with another serial, answers now.
pub(super) fn replaced(register: &Register<'_>, open: &Open<'_>) -> Table {
    let rows = register.hosts.iter().filter_map(|host| {
        let (by, at) = host.replaced.as_ref()?;
        if host.status == HostStatus::Retired {
            return None;
        }
        let (says, action) = if host.is_known {
            (
                "in use, with the old serial",
                "Retire it in the inventory and take the new machine in with its serial; where it is the same machine, \
                 mend the serial.",
            )
        } else {
            (
                "nothing: not listed",
                "Take it into the inventory as retired, by its name and serial, once it is gone for good.",
            )
        };
        Some(vec![
            Cell::text(host.id.clone()),
            Cell::text(by.clone()),
            Cell::text(day(register.as_of, *at)),
            Cell::text(says),
            open_of(open, host),
            Cell::text(action),
        ])
    });
    Table {
        name: "replaced",
        caption: "Machines that were set up anew: another serial answers under the old name".into(),
        layout: Layout::Sortable,
        columns: REPLACED,
        rows: rows.collect(),
        when_empty: "No machine was set up anew under an old name.",
    }
}

const CONFLICTS: &[Column] = &[
    Column::new("system", "System").tight(),
    Column::new("fact", "Fact"),
    Column::new("record_says", "Record says"),
    Column::new("inventory_says", "Inventory says"),
    Column::new("hosts", "Of which hosts").wide(),
    Column::new("counts", "What counts"),
    Column::new("action", "What to do").wide(),
];

/// Lists facts that the record of a System and the inventory of its hosts tell otherwise.
pub(super) fn conflicts(register: &Register<'_>) -> Table {
    let rows = register.conflicts.iter().map(|conflict| {
        vec![
            Cell::shown(&conflict.system),
            Cell::text(conflict.fact.replace('_', " ")),
            Cell::text(conflict.in_record.as_str()),
            Cell::text(conflict.in_inventory.as_str()),
            Cell::list(conflict.hosts.iter().cloned()),
            Cell::text(conflict.counts.as_str()),
            Cell::text("Mend the one that is wrong, so that both say the same."),
        ]
    });
    Table {
        name: "conflicts",
        caption: "Facts that the records and the inventory tell in two ways".into(),
        layout: Layout::Sortable,
        columns: CONFLICTS,
        rows: rows.collect(),
        when_empty: "Records and inventory agree wherever both say something.",
    }
}
