//! CISA's catalogue of known exploited vulnerabilities, as CSV.
//!
//! It names neither its day nor its length, so a catalogue that was cut after a whole row cannot be told from one
//! that ends there; the JSON of the same catalogue can.

use std::io::BufRead;

use super::delimited::{Rows, fold};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{Date, ScanSummary, parse_date};

pub(super) const IMPORTER: Importer = Importer {
    name: "cisa-kev-csv",
    product: Product::Kev,
    recognises,
    import,
};

const CVE: &str = "cveID";
const ADDED: &str = "dateAdded";
const DUE: &str = "dueDate";

fn recognises(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(1000)]).replace('"', "");
    let names: Vec<String> = line.split(',').map(fold).collect();
    [CVE, ADDED, DUE].iter().all(|name| names.contains(&fold(name)))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut rows = Rows::new(input, b',');
    let mut tally = Tally::new(options, sink);
    rows.next()?;
    rows.begin_table()?;
    let names: Vec<String> = (0..rows.len()).map(|index| fold(&rows.cell(index))).collect();
    let place = |name: &str| {
        names
            .iter()
            .position(|other| *other == fold(name))
            .unwrap_or(usize::MAX)
    };
    let (cve_at, added_at, due_at) = (place(CVE), place(ADDED), place(DUE));
    while rows.next()? {
        if rows.is_blank() {
            continue;
        }
        if rows.len() != names.len() {
            return Err(rows.wrong_width(names.len()));
        }
        let given = rows.cell(cve_at);
        let no_id = || unknown(&rows, CVE, format!("{} is no CVE id", value::shown(&given)));
        let cve = value::cve(&given).ok_or_else(no_id)?;
        let added = date(&rows, ADDED, added_at)?.ok_or_else(|| {
            let message = "it is empty, and says since when the vulnerability is exploited";
            unknown(&rows, ADDED, message.into())
        })?;
        let due = date(&rows, DUE, due_at)?;
        tally.summary.observations += 1;
        tally.sink.kev(&cve, added, due);
    }
    Ok(tally.summary)
}

/// Reads a day; `None` where the cell is empty.
fn date(rows: &Rows<'_>, name: &str, at: usize) -> Result<Option<Date>, ImportError> {
    let given = rows.cell(at);
    if given.is_empty() {
        return Ok(None);
    }
    let no_date = || unknown(rows, name, format!("{} is no date", value::shown(&given)));
    parse_date(&given).map(Some).ok_or_else(no_date)
}

fn unknown(rows: &Rows<'_>, column: &str, message: String) -> ImportError {
    ImportError::UnknownValue {
        place: rows.place(column),
        message,
    }
}
