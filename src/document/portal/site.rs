//! What every page of the portal asks: the findings in order, who covers what, who names whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::decisions::{DecisionRow, decision_rows};
use super::super::findings::by_urgency;
use super::super::html::{Block, Page};
use super::super::table::{Cell, Table};
use super::super::{Provenance, Request};
use super::controls::{ControlPlace, control_places};
use crate::diagnostic::Diagnostic;
use crate::model::{Disposition, Finding, Meta, RecordId, ReferenceSort};
use crate::reconcile::Register;
use crate::source::FileId;

/// Rows that a page holds; a register with more goes over several pages.
pub(super) const ROWS: usize = 500;
/// Links that the rows of a page hold, where a row has many.
const LINKS: usize = 4000;
/// The folder of all pages but the first.
const FOLDER: &str = "portal";

/// The indexes over one register.
pub(super) struct Site<'a> {
    pub(super) register: &'a Register<'a>,
    pub(super) provenance: &'a Provenance<'a>,
    /// By urgency.
    pub(super) findings: Vec<&'a Finding>,
    /// Places in `findings`, by System; those of no System under the empty name.
    pub(super) by_system: BTreeMap<&'a str, Vec<usize>>,
    /// The page of its System on which each finding stands, the first being 0.
    parts: Vec<usize>,
    /// The first finding of each host in the order of its System.
    first_of_host: HashMap<&'a str, usize>,
    /// Places in `findings`, by the record that stands for them.
    pub(super) covered: BTreeMap<&'a RecordId, Vec<usize>>,
    /// The records that name one, and in which field.
    pub(super) named_by: BTreeMap<&'a str, Vec<(&'a Meta, &'a str)>>,
    diagnostics: HashMap<FileId, Vec<&'a Diagnostic>>,
    by_subject: HashMap<&'a str, Vec<&'a Diagnostic>>,
    pub(super) decisions: BTreeMap<&'a RecordId, DecisionRow<'a>>,
    pub(super) controls: Vec<ControlPlace<'a>>,
}

impl<'a> Site<'a> {
    pub(super) fn new(request: &Request<'a>) -> Self {
        let (register, provenance) = (request.register, request.provenance);
        let findings = by_urgency(register);
        let mut site = Self {
            register,
            provenance,
            by_system: BTreeMap::new(),
            parts: vec![0; findings.len()],
            first_of_host: HashMap::new(),
            covered: BTreeMap::new(),
            findings,
            named_by: BTreeMap::new(),
            diagnostics: HashMap::new(),
            by_subject: HashMap::new(),
            decisions: decision_rows(request)
                .into_iter()
                .map(|row| (&row.meta.id.value, row))
                .collect(),
            controls: control_places(register),
        };
        for (place, finding) in site.findings.iter().enumerate() {
            let system = finding.system.as_ref().map_or("", RecordId::as_str);
            site.by_system.entry(system).or_default().push(place);
            if let Some(coverage) = &finding.coverage {
                site.covered.entry(&coverage.id).or_default().push(place);
            }
        }
        site.spread_systems();
        for meta in register.repository.records() {
            for reference in meta
                .references
                .iter()
                .filter(|one| one.sort == ReferenceSort::Record)
            {
                let of_one = site.named_by.entry(&reference.text).or_default();
                if !of_one
                    .iter()
                    .any(|(other, field)| other.id.value == meta.id.value && *field == &*reference.field)
                {
                    of_one.push((meta, &reference.field));
                }
            }
        }
        for diagnostic in provenance.diagnostics {
            site.diagnostics
                .entry(diagnostic.span.file)
                .or_default()
                .push(diagnostic);
            if let Some(subject) = &diagnostic.subject {
                site.by_subject.entry(subject).or_default().push(diagnostic);
            }
        }
        site
    }

    /// Lays the findings of each System out on pages; where it takes several, those of a host stand together.
    fn spread_systems(&mut self) {
        for places in self.by_system.values_mut() {
            if places.len() > ROWS {
                places.sort_by_key(|place| (&self.findings[*place].host, *place));
            }
            for (index, place) in places.iter().enumerate() {
                self.parts[*place] = index / ROWS;
                self.first_of_host
                    .entry(&self.findings[*place].host)
                    .or_insert(*place);
            }
        }
    }

    /// Returns the way to the findings of a host; `None` where it has none.
    pub(super) fn findings_of_host(&self, host: &str) -> Option<String> {
        let first = self.first_of_host.get(host)?;
        Some(filtered(&self.page_of_finding(*first), "q", host))
    }

    /// Returns the way to the findings of a System that have a disposition.
    pub(super) fn findings_that_are(&self, system: &str, disposition: Disposition) -> String {
        let page = findings_of(system);
        // A filter looks at one page alone.
        match self.by_system.get(system) {
            Some(places) if places.len() > ROWS => page,
            Some(_) | None => filtered(&page, "disposition", disposition.word()),
        }
    }

    /// Returns what the rules say of a record: of its file, and what names it as its subject.
    pub(super) fn diagnostics_of(&self, id: &RecordId, file: Option<FileId>) -> Vec<&'a Diagnostic> {
        let of_file = file
            .and_then(|file| self.diagnostics.get(&file))
            .into_iter()
            .flatten();
        let mut found: Vec<&Diagnostic> = of_file.copied().collect();
        let of_subject = self.by_subject.get(id.as_str()).into_iter().flatten();
        let elsewhere = of_subject.filter(|one| Some(one.span.file) != file);
        found.extend(elsewhere.copied());
        found
    }

    /// Returns the page with the findings of a System on which a finding stands.
    pub(super) fn page_of_finding(&self, place: usize) -> String {
        let system = self.findings[place].system.as_ref().map_or("", RecordId::as_str);
        part_path(&findings_of(system), self.parts[place])
    }

    /// Returns a link to a record, or its id alone where there is none.
    pub(super) fn record(&self, id: &str) -> Cell {
        match self.record_link(id) {
            Some(link) => links([link]),
            None => Cell::text(id),
        }
    }

    /// Returns words and address of a record that is there.
    pub(super) fn record_link(&self, id: &str) -> Option<(String, String)> {
        self.has_record(id).then(|| (id.to_owned(), record_path(id)))
    }

    pub(super) fn has_record(&self, id: &str) -> bool {
        self.register.repository.known.contains_key(id)
    }

    /// Returns links to the records that are there, the other ids as links to nowhere left out.
    pub(super) fn records<'i>(&self, ids: impl IntoIterator<Item = &'i str>) -> Cell {
        let ids: Vec<&str> = ids.into_iter().collect();
        if ids.iter().all(|id| self.has_record(id)) {
            links(ids.iter().filter_map(|id| self.record_link(id)))
        } else {
            Cell::list(ids)
        }
    }
}

/// Holds links; none is no value.
pub(super) fn links(of: impl IntoIterator<Item = (String, String)>) -> Cell {
    let links: Vec<_> = of
        .into_iter()
        .map(|(words, address)| (words.into(), address.into()))
        .collect();
    if links.is_empty() {
        Cell::Empty
    } else {
        Cell::Links(links)
    }
}

/// Holds a number that leads to the rows behind it.
pub(super) fn count_link(count: usize, address: impl Into<String>) -> Cell {
    links([(count.to_string(), address.into())])
}

/// Returns the path of a page of the portal.
pub(super) fn page_path(name: &str) -> String {
    format!("{FOLDER}/{name}.html")
}

/// Returns the path of the page of a record.
pub(super) fn record_path(id: &str) -> String {
    format!("{FOLDER}/records/{id}.html")
}

/// Returns the path of the first page with the findings of a System; the empty name is that of none.
pub(super) fn findings_of(system: &str) -> String {
    // No id has a dot, so that no System is called so.
    let name = if system.is_empty() { "no.system" } else { system };
    format!("{FOLDER}/findings/{name}.html")
}

/// Returns the path of a further page of a register.
pub(super) fn part_path(first: &str, part: usize) -> String {
    match (part, first.strip_suffix(".html")) {
        (1.., Some(stem)) => format!("{stem}.{}.html", part + 1),
        (_, Some(_) | None) => first.to_owned(),
    }
}

/// Returns the address of a page with a filter of its table set.
pub(super) fn filtered(page: &str, field: &str, value: &str) -> String {
    let mut address = format!("{page}#{field}=");
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => address.push(char::from(byte)),
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address
}

/// Returns how many rows each page of a table holds.
fn spread(rows: &[Vec<Cell>]) -> Vec<usize> {
    let links = |row: &Vec<Cell>| -> usize {
        let of_cell = |cell: &Cell| {
            if let Cell::Links(links) = cell {
                links.len()
            } else {
                0
            }
        };
        row.iter().map(of_cell).sum()
    };
    let (mut pages, mut count, mut weight) = (Vec::new(), 0, 0);
    for row in rows {
        let own = links(row);
        if count == ROWS || (count > 0 && weight + own > LINKS) {
            pages.push(count);
            (count, weight) = (0, 0);
        }
        count += 1;
        weight += own;
    }
    pages.push(count);
    pages
}

/// Spreads a page with one long table over as many pages as it takes.
pub(super) fn paged(page: Page, mut table: Table) -> Vec<Page> {
    let total = table.rows.len();
    let counts = spread(&table.rows);
    let mut rest = std::mem::take(&mut table.rows).into_iter();
    let mut blocks = Some(page.blocks);
    let mut pages = Vec::new();
    let mut before = 0;
    for (part, count) in counts.iter().enumerate() {
        let mut table = table.clone();
        table.rows = rest.by_ref().take(*count).collect();
        let mut here = blocks.take().unwrap_or_default();
        let mut title = page.title.clone();
        if counts.len() > 1 {
            table.caption = format!(
                "{}, {} to {} of {total}",
                table.caption,
                before + 1,
                before + count
            );
            let others = (0..counts.len()).filter(|other| *other != part);
            let others = others.map(|other| (format!("{}", other + 1), part_path(&page.path, other)));
            let said = format!(
                "Part {} of {}; filters look at this part alone. The others:",
                part + 1,
                counts.len()
            );
            here.push(Block::Links(said, others.collect()));
        }
        if part > 0 {
            title = format!("{title}, part {}", part + 1);
        }
        before += count;
        here.push(Block::Table(table));
        pages.push(Page {
            path: part_path(&page.path, part),
            title,
            purpose: page.purpose.clone(),
            above: page.above.clone(),
            blocks: here,
        });
    }
    pages
}

/// Returns the page on which each row stands, by the words of its first cell.
pub(super) fn pages_by_row(pages: &[Page]) -> BTreeMap<String, String> {
    let mut paths = BTreeMap::new();
    for page in pages {
        for block in &page.blocks {
            let Block::Table(table) = block else { continue };
            for row in &table.rows {
                if let Some(Cell::Text(words)) = row.first() {
                    paths.insert(words.to_string(), page.path.clone());
                }
            }
        }
    }
    paths
}

/// Keeps each once, in order.
pub(super) fn once<T: Ord>(items: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    items.into_iter().collect::<BTreeSet<T>>().into_iter()
}
