//! Qualys: CSV of scan and asset reports, of VMDR lists and of PCI reports.
//!
//! Columns are found by name, for templates leave out and reorder them. Dates are read in the order
//! that the file itself shows.

mod columns;
mod dates;
mod hosts;
mod known;

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

use chrono::FixedOffset;
use sha2::{Digest as _, Sha256};

use super::delimited::Rows;
use super::qualys;
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value::{self, Vectors};
use super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use crate::model::{DateOrder, Exploit, Observation, ObservationState, ScanSummary, Severity, Stamp};
use columns::{Columns, Dialect, Field, find_header, locate};
use dates::{Preamble, evidence, mixed_orders};
use known::Known;

pub(super) const IMPORTER: Importer = Importer {
    name: "qualys-csv",
    product: Product::Scan,
    recognises,
    import,
};

const HEAD_BYTES: usize = 64 * 1024;
/// The order of day and month is looked for in so many bytes from the header on.
const EVIDENCE_BYTES: usize = 4 << 20;

fn recognises(head: &[u8]) -> bool {
    locate(head).is_some()
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut rows = Rows::new(input, b',');
    let no_header = || ImportError::Foreign("no header of a Qualys table among the first 20 records".into());
    let (_, delimiter) = locate(rows.ahead(HEAD_BYTES)?).ok_or_else(no_header)?;
    rows.set_delimiter(delimiter);
    let mut preamble = Preamble::default();
    let dialect = find_header(&mut rows, |row| preamble.take(row))?.ok_or_else(no_header)?;
    rows.begin_table()?;
    let columns = Columns::of_header(&rows, dialect)?;
    let shown = evidence(rows.ahead(EVIDENCE_BYTES)?, delimiter, &columns, &preamble)?;
    let order = shown.or(options.date_order);
    let mut tally = Tally::new(options, sink);
    tally.summary.run_at = preamble.told().and_then(|(written, offset)| {
        let stamp = match (written, order) {
            (Written::Either { .. }, None) => return None,
            (_, order) => stamp::settle(written, order.unwrap_or(DateOrder::MonthFirst))?,
        };
        Some(stamp::at_offset(stamp, offset))
    });
    let offset = preamble.offset().filter(|_| dialect == Dialect::Vmdr);
    tally.summary.incomplete = preamble.incomplete;
    let reader = Reader {
        rows,
        columns,
        order,
        offset,
        has_run_at: tally.summary.run_at.is_some(),
        tally,
        item: Observation::blank(qualys::FAMILY),
        vectors: Vectors::default(),
        known: Known::default(),
        scratch: String::new(),
        hosts: HashMap::new(),
        key: Vec::new(),
        host: None,
    };
    reader.read()
}

struct Reader<'r, 's> {
    rows: Rows<'r>,
    columns: Columns,
    /// The order of day and month; `None` where nothing shows it.
    order: Option<DateOrder>,
    /// The offset of all times, where the table documents it.
    offset: Option<FixedOffset>,
    has_run_at: bool,
    tally: Tally<'s>,
    item: Observation,
    vectors: Vectors,
    known: Known,
    scratch: String,
    hosts: HashMap<Vec<u8>, Option<HostIndex>>,
    /// The key and the number of the last row's host; rows of a host stand together.
    key: Vec<u8>,
    host: Option<HostIndex>,
}

/// What the type of a row says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Confirmed,
    Potential,
    Information,
}

impl Reader<'_, '_> {
    fn read(mut self) -> Result<ScanSummary, ImportError> {
        let mut is_after_blank = false;
        while self.rows.next()? {
            if self.rows.is_blank() {
                is_after_blank = true;
            } else if self.rows.is_empty() && self.rows.has_line_end() {
                self.tally.skip("an empty row", 1);
            } else if self.rows.len() != self.columns.width {
                if !(is_after_blank && self.is_trailer()) {
                    return Err(self.rows.wrong_width(self.columns.width));
                }
                self.tally.skip("a trailer after the table", 1);
            } else {
                is_after_blank = false;
                self.row()?;
            }
        }
        Ok(self.tally.summary)
    }

    /// Tells whether a row of another width is a trailer; one that may be a cut-off row is none.
    fn is_trailer(&self) -> bool {
        let first = self.rows.cell(0).to_ascii_uppercase();
        first.starts_with(|first: char| first.is_alphabetic())
            && !"CVE-".starts_with(&first)
            && !first.starts_with("CVE-")
    }

    fn row(&mut self) -> Result<(), ImportError> {
        if self.cell(Field::Qid).is_empty() {
            return self.row_without_check();
        }
        self.settle_host()?;
        let sort = self.sort()?;
        if sort == Sort::Information {
            self.tally.informational();
            return Ok(());
        }
        let known = self.known.find(&self.rows, &self.columns);
        match known {
            Some(place) => self.exchange(place),
            None => self.check(sort)?,
        }
        self.instance();
        self.life()?;
        self.item.suppressed = self.suppressed()?;
        let result = cell(&self.rows, &self.columns, Field::Result);
        let hash = (!result.is_empty()).then(|| Sha256::new_with_prefix(result.as_bytes()));
        self.item.fingerprint = hash.map(value::fingerprint_of);
        match known {
            None => self.tally.observation(self.host, &self.item),
            Some(place) => {
                self.tally
                    .repeated(self.host, &self.item, self.known.number(place));
                self.exchange(place);
            }
        }
        Ok(())
    }

    /// Reads what the row says of its check, and learns it.
    fn check(&mut self, sort: Sort) -> Result<(), ImportError> {
        let left_out = self.tally.left_out();
        self.item.clear();
        self.item.potential = sort == Sort::Potential;
        self.identity()?;
        self.severity()?;
        self.cves()?;
        self.vectors();
        self.remedy()?;
        self.item.exploit = self.exploit();
        if left_out == self.tally.left_out() {
            self.known.keep(&self.rows, &self.columns, &self.item);
        }
        Ok(())
    }

    fn exchange(&mut self, place: usize) {
        if let Some(item) = self.known.item(place) {
            std::mem::swap(item, &mut self.item);
        }
    }

    /// Takes a row that names a host and nothing found on it.
    fn row_without_check(&mut self) -> Result<(), ImportError> {
        if self
            .cell(Field::IpStatus)
            .to_lowercase()
            .starts_with("host scanned")
        {
            self.settle_host()?;
            self.tally.skip("a host without findings", 1);
        } else {
            self.tally.skip("a row without a QID", 1);
        }
        Ok(())
    }

    /// Returns a cell; what a table writes for nothing is empty.
    fn cell(&self, field: Field) -> Cow<'_, str> {
        cell(&self.rows, &self.columns, field)
    }

    fn unknown(&self, field: Field, known: &str) -> ImportError {
        let cell: String = self
            .cell(field)
            .chars()
            .take(80)
            .flat_map(char::escape_debug)
            .collect();
        let message = format!("`{cell}` is not known; {known}");
        ImportError::UnknownValue {
            place: self.columns.place(&self.rows, field),
            message,
        }
    }

    fn sort(&self) -> Result<Sort, ImportError> {
        let cell = self.cell(Field::Type);
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&cell));
        if is(&["Vuln", "Vulnerability", "Confirmed"]) {
            Ok(Sort::Confirmed)
        } else if is(&["Potential", "Practice"]) {
            Ok(Sort::Potential)
        } else if is(&["Ig", "Info", "Information"]) {
            Ok(Sort::Information)
        } else {
            Err(self.unknown(
                Field::Type,
                "`Vuln`, `Confirmed`, `Practice`, `Potential`, `Ig` and `Info` are",
            ))
        }
    }

    fn identity(&mut self) -> Result<(), ImportError> {
        let qid = cell(&self.rows, &self.columns, Field::Qid);
        if qid.len() > 12 || !qid.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.unknown(Field::Qid, "a number is expected"));
        }
        self.item.id.push_str(&qid);
        self.item
            .title
            .push_str(&cell(&self.rows, &self.columns, Field::Title));
        Ok(())
    }

    fn instance(&mut self) {
        self.item.instance.clear();
        for (before, field) in [("", Field::Port), ("/", Field::Protocol), (" ", Field::Instance)] {
            let part = cell(&self.rows, &self.columns, field);
            if !part.is_empty() {
                self.item
                    .instance
                    .push_str(if self.item.instance.is_empty() { "" } else { before });
                self.item.instance.push_str(&part);
            }
        }
    }

    fn severity(&mut self) -> Result<(), ImportError> {
        let field = if self.cell(Field::Severity).is_empty() {
            Field::SeverityNumber
        } else {
            Field::Severity
        };
        let given = cell(&self.rows, &self.columns, field);
        let severity = match given.as_ref() {
            "L" | "l" => Some(Severity::Low),
            "M" | "m" => Some(Severity::Medium),
            "H" | "h" => Some(Severity::High),
            level => qualys::severity(level).or_else(|| Severity::from_word(level)),
        };
        if severity.is_none() {
            return Err(self.unknown(field, "`1` to `5`, `Low`, `Medium`, `High`, `L`, `M` and `H` are"));
        }
        self.item.severity = severity;
        self.item.severity_given.push_str(&given);
        Ok(())
    }

    fn life(&mut self) -> Result<(), ImportError> {
        let status = self.cell(Field::Status);
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&status));
        let state = if is(&["Active", "New", ""]) {
            ObservationState::Seen
        } else if is(&["Re-Opened", "Reopened"]) {
            ObservationState::Reopened
        } else if is(&["Fixed"]) {
            ObservationState::Fixed
        } else {
            return Err(self.unknown(Field::Status, "`New`, `Active`, `Re-Opened` and `Fixed` are"));
        };
        self.item.state = state;
        self.item.first_seen = self.stamp(Field::First)?;
        self.item.last_seen = self.stamp(Field::Last)?;
        self.item.last_fixed = self.stamp(Field::Fixed)?;
        if let Some(last) = self.item.last_seen.filter(|_| !self.has_run_at) {
            stamp::keep_latest(&mut self.tally.summary.run_at, last);
        }
        Ok(())
    }

    fn stamp(&self, field: Field) -> Result<Option<Stamp>, ImportError> {
        let cell = self.cell(field);
        if cell.is_empty() || cell.eq_ignore_ascii_case("N/A") {
            return Ok(None);
        }
        let written = stamp::read(&cell).ok_or_else(|| self.unknown(field, "a date is expected"))?;
        let order = match (written, self.order) {
            (Written::Either { .. }, None) => {
                let message = format!(
                    "no date in the file shows whether day or month comes first in `{cell}`; \
                    set `date_order` of the Source to `dmy` or `mdy`, or export with the month as a word"
                );
                return Err(ImportError::UnknownValue {
                    place: self.columns.place(&self.rows, field),
                    message,
                });
            }
            (_, order) => order.unwrap_or(DateOrder::MonthFirst),
        };
        let stamp =
            stamp::settle(written, order).ok_or_else(|| mixed_orders(&self.columns, &self.rows, field))?;
        Ok(Some(stamp::at_offset(stamp, self.offset)))
    }

    fn cves(&mut self) -> Result<(), ImportError> {
        let cell = cell(&self.rows, &self.columns, Field::Cve);
        for part in value::list(&cell) {
            match value::cve(part) {
                Some(cve) => self.item.cves.push(cve),
                None => self.tally.leave_out("not a CVE id"),
            }
        }
        if self.item.cves.len() > value::MAX_CVES {
            let message = format!("a row has more than {} CVEs", value::MAX_CVES);
            return Err(ImportError::OverLimit {
                place: self.columns.place(&self.rows, Field::Cve),
                message,
            });
        }
        value::settle_cves(&mut self.item.cves);
        Ok(())
    }

    /// Takes the vectors in cells such as `8.1 (AV:N/…)`; those with a score alone have none.
    fn vectors(&mut self) {
        for (index, prefix) in &self.columns.vectors {
            if !qualys::vector_in(&self.rows.cell(*index), prefix, &mut self.scratch) {
                continue;
            }
            match self.vectors.read(&self.scratch) {
                Some(vector) => self.item.vectors.push(vector),
                None => self.tally.leave_out("not a CVSS vector"),
            }
        }
    }

    fn remedy(&mut self) -> Result<(), ImportError> {
        let mut remediation = None;
        for part in value::list(&self.cell(Field::Vendor)) {
            value::prefer(&mut remediation, value::advisory(part));
        }
        self.item.remediation = remediation.map(|(_, key)| key);
        self.item.patch_published = self.stamp(Field::PatchReleased)?.map(|stamp| match stamp {
            Stamp::At(instant) => instant.date_naive(),
            Stamp::Wall(wall) => wall.date(),
            Stamp::Day(day) => day,
        });
        self.item.fix_available = match (self.item.patch_published, self.yes_or_no(Field::Patchable)?) {
            (Some(_), _) => Some(true),
            (None, patchable) => patchable,
        };
        Ok(())
    }

    fn yes_or_no(&self, field: Field) -> Result<Option<bool>, ImportError> {
        let cell = self.cell(field);
        match cell.to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "yes" | "true" | "1" => Ok(Some(true)),
            "no" | "false" | "0" => Ok(Some(false)),
            _ => Err(self.unknown(field, "`Yes` and `No` are")),
        }
    }

    /// What is known of exploits; the threat indicators are an open set, of which those of attacks count.
    fn exploit(&self) -> Exploit {
        const ATTACKS: [&str; 5] = ["active", "malware", "ransomware", "cisa", "exploit kit"];
        let threats = self.cell(Field::Threats).to_lowercase().replace('_', " ");
        if !self.cell(Field::Malware).is_empty() || ATTACKS.iter().any(|word| threats.contains(word)) {
            Exploit::Active
        } else if !self.cell(Field::Exploits).is_empty() || threats.contains("exploit") {
            Exploit::Poc
        } else {
            Exploit::None
        }
    }

    fn suppressed(&self) -> Result<Option<String>, ImportError> {
        if self.yes_or_no(Field::Ignored)? == Some(true) {
            return Ok(Some("ignored in Qualys".into()));
        }
        if self.yes_or_no(Field::Disabled)? == Some(true) {
            return Ok(Some("disabled in Qualys".into()));
        }
        let claim = self.cell(Field::FalsePositive);
        let is_open = ["", "No", "None", "Requested", "Pending", "Rejected", "Expired"];
        let is_granted = !is_open.iter().any(|word| word.eq_ignore_ascii_case(&claim));
        Ok(is_granted.then(|| format!("false positive in Qualys: {claim}")))
    }
}

fn cell<'a>(rows: &'a Rows<'_>, columns: &Columns, field: Field) -> Cow<'a, str> {
    let Some(index) = columns.index(field) else {
        return Cow::Borrowed("");
    };
    let cell = rows.cell(index);
    // A cell may be guarded against formulas with an apostrophe: `'-`.
    if matches!(cell.as_ref(), "-" | "'-") {
        Cow::Borrowed("")
    } else {
        cell
    }
}
