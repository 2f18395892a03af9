//! Tenable: CSV of Nessus Professional, Vulnerability Management (the older export and Explore) and Security Center.
//!
//! Nessus Professional and the older export repeat an item's row for each of its CVEs. Rows of one item
//! that follow each other become one observation again; only the last one is held. Rows of one item
//! that stand apart stay apart: they are instances of one finding, and nothing is lost by it.

mod columns;
mod hosts;
mod rating;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

use super::delimited::Rows;
use super::header::{self, Header};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use crate::model::{DateOrder, Exploit, Observation, ObservationState, ScanSummary, Stamp};
use columns::{Dialect, Field, Groups, NAMES, dialect};

pub(super) const IMPORTER: Importer = Importer {
    name: "tenable-csv",
    product: Product::Scan,
    recognises,
    import,
};

/// Rows that follow each other add this many CVEs to one observation; honest items have a few hundred.
const MAX_UNITED_CVES: usize = 1024;

fn recognises(head: &[u8]) -> bool {
    header::locate(head, dialect).is_some()
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut rows = Rows::new(input, b',');
    let dialect = header::open(&mut rows, "Tenable", dialect)?;
    let header = Header::of(&rows, NAMES)?;
    let reader = Reader {
        groups: Groups::of(&header.names),
        rows,
        header,
        dialect,
        order: options.date_order,
        tally: Tally::new(options, sink),
        item: Observation::blank("nessus"),
        held: None,
        vectors: Vectors::default(),
        hosts: HashMap::new(),
        key: Vec::new(),
        host: None,
    };
    reader.read()
}

struct Reader<'r, 's> {
    rows: Rows<'r>,
    header: Header,
    groups: Groups,
    dialect: Dialect,
    /// The order of day and month, for dates that a table program rewrote.
    order: Option<DateOrder>,
    tally: Tally<'s>,
    item: Observation,
    /// The last observation, to which the next row may add a CVE, and its host.
    held: Option<(Option<HostIndex>, Observation)>,
    vectors: Vectors,
    hosts: HashMap<Vec<u8>, Option<HostIndex>>,
    /// The key and the number of the last row's host.
    key: Vec<u8>,
    host: Option<HostIndex>,
}

impl Reader<'_, '_> {
    fn read(mut self) -> Result<ScanSummary, ImportError> {
        if self.dialect == Dialect::Summary {
            self.tally
                .incomplete("sums up plugins and names no host; export the list of vulnerabilities");
        }
        while self.rows.next()? {
            if self.rows.is_blank() {
                continue;
            }
            if self.rows.is_empty() && self.rows.has_line_end() {
                self.tally.skip("an empty row", 1);
            } else if self.rows.len() != self.header.names.len() {
                return Err(self.rows.wrong_width(self.header.names.len()));
            } else {
                self.row()?;
            }
        }
        self.pour_held();
        Ok(self.tally.summary)
    }

    fn row(&mut self) -> Result<(), ImportError> {
        let id = self.header.cell(&self.rows, Field::Plugin as usize);
        if let Some(flaw) = value::flaw_of_id(&id) {
            return Err(ImportError::Malformed {
                place: self.header.place(&self.rows, Field::Plugin as usize),
                message: flaw,
            });
        }
        self.item.clear();
        self.item.id.push_str(&id);
        self.settle_host()?;
        self.run_at()?;
        let rating = self.rating()?;
        self.state()?;
        if rating.severity.is_none() {
            self.tally.informational();
            return Ok(());
        }
        self.item.severity = rating.severity;
        self.item.severity_given.push_str(&rating.given);
        self.item.suppressed = rating.suppressed;
        self.item
            .title
            .push_str(&self.header.cell(&self.rows, Field::Title as usize));
        self.instance();
        self.cves()?;
        self.vectors();
        self.remedy()?;
        self.item.exploit = self.exploit()?;
        let output = self.cell(Field::Output);
        self.item.fingerprint = Some(value::fingerprint(output.as_bytes())).filter(|_| !output.is_empty());
        self.pour();
        Ok(())
    }

    /// Pours the row's observation, or adds its CVE to that of the row before.
    fn pour(&mut self) {
        let repeats = matches!(self.dialect, Dialect::Nessus | Dialect::Classic);
        if !repeats {
            self.tally.observation(self.host, &self.item);
            return;
        }
        if let Some((host, held)) = &mut self.held
            && *host == self.host
            && adds_cves(held, &mut self.item)
        {
            held.cves.append(&mut self.item.cves);
            self.tally.skip("a row that adds a CVE to the one before", 1);
            return;
        }
        self.pour_held();
        let next = std::mem::replace(&mut self.item, Observation::blank("nessus"));
        self.held = Some((self.host, next));
    }

    fn pour_held(&mut self) {
        if let Some((host, held)) = self.held.take() {
            self.tally.observation(host, &held);
        }
    }

    /// Returns a cell; what a table writes for nothing is empty.
    fn cell(&self, field: Field) -> Cow<'_, str> {
        self.header.cell(&self.rows, field as usize)
    }

    fn unknown(&self, field: Field, known: &str) -> ImportError {
        self.header.unknown(&self.rows, field as usize, known)
    }

    fn stamp(&self, field: Field) -> Result<Option<Stamp>, ImportError> {
        let cell = self.cell(field);
        if cell.is_empty() {
            return Ok(None);
        }
        let written = stamp::read(&cell);
        let is_open = matches!(written, Some(Written::Either { .. })) && self.order.is_none();
        if is_open {
            return Err(self.unknown(
                field,
                "it does not show which is day and which is month: set `date_order` in the Source",
            ));
        }
        let settled =
            written.and_then(|written| stamp::settle(written, self.order.unwrap_or(DateOrder::MonthFirst)));
        settled
            .map(Some)
            .ok_or_else(|| self.unknown(field, "a date such as `2026-09-01T10:00:00Z` is"))
    }

    fn run_at(&mut self) -> Result<(), ImportError> {
        for field in [Field::HostEnd, Field::Last, Field::Fixed] {
            if let Some(found) = self.stamp(field)? {
                stamp::keep_latest(&mut self.tally.summary.run_at, found);
            }
        }
        Ok(())
    }

    /// Reads what the table says of the finding's life; those of a single scan say nothing.
    fn state(&mut self) -> Result<(), ImportError> {
        self.item.state = match self.cell(Field::State).to_ascii_lowercase().as_str() {
            "active" | "new" | "open" | "" => ObservationState::Seen,
            "resurfaced" | "reopened" => ObservationState::Reopened,
            "fixed" => ObservationState::Fixed,
            _ => {
                return Err(self.unknown(Field::State, "`Active`, `New`, `Resurfaced` and `Fixed` are"));
            }
        };
        self.item.first_seen = self.stamp(Field::First)?;
        self.item.last_seen = self.stamp(Field::Last)?;
        self.item.last_fixed = self.stamp(Field::Fixed)?;
        Ok(())
    }

    fn instance(&mut self) {
        let port = self.header.cell(&self.rows, Field::Port as usize);
        let protocol = self
            .header
            .cell(&self.rows, Field::Protocol as usize)
            .to_ascii_lowercase();
        self.item.instance.push_str(&port);
        if !protocol.is_empty() {
            self.item.instance.push('/');
            self.item.instance.push_str(&protocol);
        }
    }

    fn cves(&mut self) -> Result<(), ImportError> {
        for part in value::list(&self.header.cell(&self.rows, Field::Cve as usize)) {
            match value::cve(part) {
                Some(cve) => self.item.cves.push(cve),
                None => self.tally.leave_out("not a CVE id"),
            }
        }
        if self.item.cves.len() > value::MAX_CVES {
            return Err(ImportError::OverLimit {
                place: self.header.place(&self.rows, Field::Cve as usize),
                message: format!("a row has more than {} CVEs", value::MAX_CVES),
            });
        }
        value::settle_cves(&mut self.item.cves);
        Ok(())
    }

    fn vectors(&mut self) {
        for index in &self.groups.vectors {
            let cell = self.rows.cell(*index);
            if cell.is_empty() || matches!(cell.as_ref(), "null" | "N/A") {
                continue;
            }
            match self.vectors.read(&cell) {
                Some(vector) => self.item.vectors.push(vector),
                None => self.tally.leave_out("not a CVSS vector"),
            }
        }
    }

    /// Takes the patch; a table that says that Tenable knows of none does not say that there is none.
    fn remedy(&mut self) -> Result<(), ImportError> {
        let mut remediation = None;
        for part in value::list(&self.cell(Field::Mskb)) {
            value::prefer(
                &mut remediation,
                value::advisory_of_family(&format!("MSKB:{part}")),
            );
        }
        let references = references(&self.cell(Field::References));
        for reference in &references {
            value::prefer(&mut remediation, value::advisory_of_family(reference));
        }
        if references
            .iter()
            .any(|one| one.starts_with("CISA-KNOWN-EXPLOITED:"))
        {
            self.item.exploit = Exploit::Active;
        }
        self.item.remediation = remediation.map(|(_, key)| key);
        self.item.patch_published = self.stamp(Field::PatchPublished)?.map(|stamp| match stamp {
            Stamp::At(instant) => instant.date_naive(),
            Stamp::Wall(wall) => wall.date(),
            Stamp::Day(day) => day,
        });
        let has_patch = self.item.patch_published.is_some()
            || self.cell(Field::PatchAvailable).eq_ignore_ascii_case("true");
        self.item.fix_available = has_patch.then_some(true);
        Ok(())
    }

    fn exploit(&self) -> Result<Exploit, ImportError> {
        let says = |index: &usize| -> Result<bool, ImportError> {
            let cell = self.rows.cell(*index);
            match cell.to_ascii_lowercase().as_str() {
                "true" | "yes" => Ok(true),
                "false" | "no" | "" | "null" | "n/a" => Ok(false),
                _ => Err(ImportError::UnknownValue {
                    place: self.rows.place(&self.header.names[*index]),
                    message: format!("{} is not known; `TRUE` and `FALSE` are", value::shown(&cell)),
                }),
            }
        };
        let mut known = self.item.exploit;
        for index in &self.groups.exploits {
            if says(index)? {
                known = known.max(Exploit::Poc);
            }
        }
        for index in &self.groups.malware {
            if says(index)? {
                known = known.max(Exploit::Active);
            }
        }
        let ease = self.cell(Field::ExploitEase).to_ascii_lowercase();
        if matches!(ease.as_str(), "available" | "exploits are available") {
            known = known.max(Exploit::Poc);
        }
        if self.cell(Field::OnKev).eq_ignore_ascii_case("true") {
            known = Exploit::Active;
        }
        Ok(known)
    }
}

/// Tells whether an observation says the same as another but for CVEs, of which it has only new ones.
fn adds_cves(held: &mut Observation, item: &mut Observation) -> bool {
    let is_new = !held.cves.is_empty()
        && !item.cves.is_empty()
        && held.cves.len() + item.cves.len() <= MAX_UNITED_CVES
        && !item.cves.iter().any(|cve| held.cves.contains(cve));
    if !is_new {
        return false;
    }
    let (cves, more) = (std::mem::take(&mut held.cves), std::mem::take(&mut item.cves));
    let is_same = held == item;
    held.cves = cves;
    item.cves = more;
    is_same
}

/// Reads references as `FAMILY:id`.
///
/// Nessus writes `FAMILY:id, …`, Security Center `FAMILY #id, …` and Explore `FAMILY=[id, id], …`.
fn references(cell: &str) -> Vec<String> {
    let mut family = "";
    let mut found = Vec::new();
    for part in cell.split([',', ';', '\n']).map(str::trim) {
        let id = match part.split_once('=') {
            Some((name, id)) => {
                family = name.trim();
                id
            }
            None => part,
        };
        let id = id.trim_matches(['[', ']', ' ']);
        if let Some((name, id)) = id.split_once('#').filter(|_| family.is_empty()) {
            found.push(format!("{}:{}", name.trim(), id.trim()));
        } else if family.is_empty() {
            found.push(id.to_owned());
        } else {
            found.push(format!("{family}:{id}"));
        }
        if part.ends_with(']') {
            family = "";
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::references;

    #[test]
    fn references_are_read_in_each_notation() {
        let rows = [
            (
                "MSKB:5043050, IAVA:2026-A-0001",
                ["MSKB:5043050", "IAVA:2026-A-0001"],
            ),
            (
                "MSKB #5043050, IAVA #2026-A-0001",
                ["MSKB:5043050", "IAVA:2026-A-0001"],
            ),
            ("CWE=[20, 79]", ["CWE:20", "CWE:79"]),
            ("CWE=[20], RHSA=[2020:3861]", ["CWE:20", "RHSA:2020:3861"]),
        ];
        for (cell, expected) in rows {
            assert_eq!(references(cell), expected, "{cell}");
        }
    }
}
