//! FIRST's exploit prediction scores, as CSV.
//!
//! The comment with the date of the scores and the header may both be missing.

use std::io::BufRead;

use super::delimited::{Rows, fold};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{ScanSummary, Stamp};

pub(super) const IMPORTER: Importer = Importer {
    name: "epss-csv",
    product: Product::Epss,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(&line[..line.len().min(200)]).to_ascii_lowercase();
    let mut cells = line.trim().split(',');
    let (first, second) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    line.starts_with("#model_version:")
        || first == "cve" && second == "epss"
        || value::cve(first).is_some() && probability(second).is_some() && cells.count() <= 1
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut rows = Rows::new(input, b',');
    let mut tally = Tally::new(options, sink);
    let mut width = None;
    let mut is_first = true;
    while rows.next()? {
        let first = rows.cell(0);
        if rows.is_blank() {
            continue;
        }
        if !rows.has_line_end() {
            let message = "the last line has no end, so that it may be cut".into();
            return Err(ImportError::Truncated {
                place: rows.place(""),
                message,
            });
        }
        if first.starts_with('#') && is_first {
            tally.summary.run_at = Some(score_date(&rows)?);
            continue;
        }
        let is_header =
            std::mem::take(&mut is_first) && fold(&first) == "cve" && fold(&rows.cell(1)) == "epss";
        let expected = *width.get_or_insert(rows.len());
        if rows.len() != expected {
            return Err(rows.wrong_width(expected));
        }
        if !is_header {
            let cve =
                value::cve(&first).ok_or_else(|| unknown(&rows, "cve", format!("{first:?} is no CVE id")))?;
            let score = probability(&rows.cell(1)).ok_or_else(|| {
                unknown(
                    &rows,
                    "epss",
                    format!("{:?} is no probability from 0 to 1", rows.cell(1)),
                )
            })?;
            tally.summary.observations += 1;
            tally.sink.epss(&cve, score);
        }
    }
    Ok(tally.summary)
}

fn unknown(rows: &Rows<'_>, column: &str, message: String) -> ImportError {
    ImportError::UnknownValue {
        place: rows.place(column),
        message,
    }
}

/// Reads the date in `#model_version:v2025.03.14,score_date:2026-05-18T00:00:00+0000`.
fn score_date(rows: &Rows<'_>) -> Result<Stamp, ImportError> {
    let text = (0..rows.len())
        .map(|index| rows.cell(index))
        .find(|cell| cell.starts_with("score_date:"));
    let text = text
        .as_deref()
        .and_then(|cell| cell.strip_prefix("score_date:"))
        .unwrap_or_default();
    match stamp::read(text) {
        Some(Written::Sure(stamp)) => Ok(stamp),
        Some(Written::Either { .. }) | None => Err(unknown(
            rows,
            "",
            format!("`score_date` is {text:?}, which is no time"),
        )),
    }
}

fn probability(text: &str) -> Option<f64> {
    let is_number = text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|score| is_number && (0.0..=1.0).contains(score))
}
