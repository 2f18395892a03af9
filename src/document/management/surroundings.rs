//! What surrounds the management system, as far as the records tell: what was written, regulations, agreements.

use crate::diagnostic::counted;
use crate::document::force::{Force, version_of};
use crate::document::table::{Cell, Column, Layout, Table};
use crate::document::words::approval_mark;
use crate::model::{CapStart, Kind, Meta, RegulationCap};
use crate::reconcile::Register;

const WRITTEN: &[Column] = &[
    Column::new("kind", "Kind of record"),
    Column::new("written", "Written in the period"),
    Column::new("live", "In use now"),
    Column::new("ended", "Ended"),
    Column::new("which", "Written in the period: which").wide(),
];

/// Names of one kind that a row lists.
const MOST_NAMED: usize = 8;

/// Counts the records of each kind by the day on which they were first written.
pub(super) fn written_table(register: &Register<'_>) -> Table {
    let period = register.period;
    let rows = Kind::ALL.iter().filter_map(|kind| {
        let of_kind: Vec<&Meta> = register
            .repository
            .records()
            .filter(|meta| meta.kind == *kind)
            .collect();
        let written: Vec<&&Meta> = of_kind
            .iter()
            .filter(|meta| (period.from..=period.to).contains(&meta.created.value))
            .collect();
        let live = of_kind.iter().filter(|meta| meta.is_live()).count();
        let mut named: Vec<String> = written
            .iter()
            .take(MOST_NAMED)
            .map(|meta| meta.id.to_string())
            .collect();
        if written.len() > MOST_NAMED {
            named.push(format!("and {} more", written.len() - MOST_NAMED));
        }
        (!of_kind.is_empty()).then(|| {
            vec![
                Cell::text(kind_words(*kind)),
                Cell::count(written.len()),
                Cell::count(live),
                Cell::count(of_kind.len() - live),
                Cell::text(named.join(", ")),
            ]
        })
    });
    Table {
        name: "written",
        caption: format!(
            "Records by kind, and those written from {} to {}",
            period.from, period.to
        ),
        layout: Layout::Plain,
        columns: WRITTEN,
        rows: rows.collect(),
        when_empty: "There is no record.",
    }
}

/// Returns the name of a kind as people write it, such as `Risk acceptance`.
fn kind_words(kind: Kind) -> String {
    let mut words = String::new();
    for (index, letter) in kind.name().char_indices() {
        if letter.is_ascii_uppercase() && index > 0 {
            words.push(' ');
            words.push(letter.to_ascii_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

const REGULATIONS: &[Column] = &[
    Column::new("regulation", "Regulation"),
    Column::beneath("edition", ""),
    Column::new("systems", "Systems under it"),
    Column::new("caps", "Longest times").wide(),
    Column::new("retention", "Evidence is kept"),
    Column::new("report_due", "Reports are due").wide(),
];

/// Lists the regulations that the Isms names.
pub(super) fn regulation_table(register: &Register<'_>) -> Table {
    let isms = register.repository.isms.as_ref();
    let regulations = isms.map_or(&[][..], |isms| &isms.spec.regulations);
    let rows = regulations.iter().map(|regulation| {
        let systems = register.repository.systems.iter();
        let under = systems
            .filter(|system| system.meta.is_live() && system.spec.regulations.contains(&regulation.tag));
        let years = regulation
            .retention_years
            .map(|years| counted(years as usize, "year"));
        vec![
            Cell::text(regulation.id.as_str()),
            Cell::maybe(regulation.edition.as_deref()),
            Cell::count(under.count()),
            if regulation.caps.is_empty() {
                Cell::text("none recorded")
            } else {
                Cell::list(regulation.caps.iter().map(cap))
            },
            Cell::text(years.unwrap_or_else(|| "not recorded".into())),
            Cell::text(regulation.report_due.as_deref().unwrap_or("not recorded")),
        ]
    });
    Table {
        name: "regulations",
        caption: "Regulations in force for the organisation".into(),
        layout: Layout::Plain,
        columns: REGULATIONS,
        rows: rows.collect(),
        when_empty: "No regulation is recorded.",
    }
}

fn cap(cap: &RegulationCap) -> String {
    let time = match (cap.days, cap.months) {
        (Some(days), _) => counted(days as usize, "day"),
        (None, Some(months)) => counted(months as usize, "month"),
        (None, None) => "no time".into(),
    };
    let from = match cap.from {
        CapStart::PatchReleased => "the release of the patch",
        CapStart::FirstDetected => "the first sighting",
    };
    format!("{}: {time} from {from}", cap.severity)
}

const AGREEMENTS: &[Column] = &[
    Column::new("agreement", "Agreement").tight(),
    Column::beneath("title", ""),
    Column::new("version", "Version"),
    Column::new("parties", "Parties").wide(),
    Column::new("state", "State"),
    Column::beneath("expires", "").around("until ", "").tight(),
    Column::new("approval", "Approval"),
];

/// Lists the agreements on times to remediate.
pub(super) fn agreement_table(register: &Register<'_>) -> Table {
    let agreements = register.repository.slas.iter();
    let rows = agreements.filter(|sla| sla.meta.is_live()).map(|sla| {
        let force = Force::of(register, &sla.meta, Some(sla.spec.expires.value));
        vec![
            Cell::shown(sla.id()),
            Cell::text(sla.meta.title.as_str()),
            Cell::text(version_of(&sla.meta)),
            Cell::list_shown(&sla.spec.parties),
            Cell::Mark(force.mark()),
            Cell::shown(sla.spec.expires.value),
            Cell::Mark(approval_mark(register, Kind::Sla, sla.id())),
        ]
    });
    Table {
        name: "agreements",
        caption: "Agreements with the parts of the organisation and others".into(),
        layout: Layout::Plain,
        columns: AGREEMENTS,
        rows: rows.collect(),
        when_empty: "No agreement is recorded.",
    }
}
