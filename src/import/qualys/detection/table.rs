//! The same as CSV: a table between marks, with the warnings of the service after it.

use std::collections::HashMap;
use std::io::BufRead;

use memchr::memmem;

use super::super::super::delimited::{Rows, fold};
use super::super::super::tally::Tally;
use super::super::super::{HostIndex, ImportError, stamp, value};
use super::super::{FAMILY, incomplete};
use super::field::{HOST_FIELDS, Row, SEEN_FIELDS, Sort, Subject, find};
use crate::model::{Observation, ScanSummary};

const BODY: &str = "----BEGIN_RESPONSE_BODY_CSV";
const BODY_END: &str = "----END_RESPONSE_BODY_CSV";
const FOOTER: &str = "----BEGIN_RESPONSE_FOOTER_CSV";
const FOOTER_END: &str = "----END_RESPONSE_FOOTER_CSV";
/// What a footer of an answer that came whole says, and the word before a warning.
const FOOTER_WORDS: [&str; 4] = ["", "WARNING", "Status Message", "Finished"];
/// The body begins within so many records.
const BODY_WITHIN: usize = 100;

/// Columns that are named otherwise than in the XML.
const OTHER_NAMES: [(&str, &str); 9] = [
    ("host id", "ID"),
    ("ip address", "IP"),
    ("ipv6 address", "IPV6"),
    ("operating system", "OS"),
    ("dns name", "DNS"),
    ("netbios name", "NETBIOS"),
    ("qg hostid", "QG_HOSTID"),
    ("ignored", "IS_IGNORED"),
    ("disabled", "IS_DISABLED"),
];

pub(super) fn recognises(head: &[u8]) -> bool {
    let is_marked = head.trim_ascii_start().starts_with(b"----BEGIN_RESPONSE");
    let has = |name: &[u8]| memmem::find(head, name).is_some();
    is_marked && has(b"QID") && has(b"First Found Datetime")
}

pub(super) fn import(input: &mut dyn BufRead, tally: Tally<'_>) -> Result<ScanSummary, ImportError> {
    let mut rows = Rows::new(input, b',');
    for _ in 0..BODY_WITHIN {
        if !rows.next()? {
            return Err(cut_off(&rows, "its body"));
        }
        if mark(&rows) == Some(BODY) {
            break;
        }
    }
    if !rows.next()? {
        return Err(cut_off(&rows, "its header"));
    }
    rows.begin_table()?;
    let columns = Columns::of_header(&rows)?;
    let table = Table {
        rows,
        columns,
        tally,
        item: Observation::blank(FAMILY),
        hosts: HashMap::new(),
    };
    table.read()
}

/// Which field each column holds.
struct Columns {
    of_host: Vec<(usize, &'static str)>,
    of_row: Vec<(usize, &'static str)>,
    results: Option<usize>,
    width: usize,
}

impl Columns {
    fn of_header(rows: &Rows<'_>) -> Result<Self, ImportError> {
        let mut columns = Self {
            of_host: Vec::new(),
            of_row: Vec::new(),
            results: None,
            width: rows.len(),
        };
        let mut is_double = false;
        for index in 0..rows.len() {
            let name = fold(&rows.cell(index));
            let other = OTHER_NAMES.iter().find(|(column, _)| *column == name);
            let name = other.map_or_else(
                || name.to_uppercase().replace(' ', "_"),
                |(_, name)| (*name).to_owned(),
            );
            // In the table that is the name by which a service was asked, and not the host's.
            let of_host = find(&HOST_FIELDS, name.as_bytes()).filter(|name| *name != "FQDN");
            if let Some(field) = of_host {
                is_double |= columns.of_host.iter().any(|(_, known)| *known == field);
                columns.of_host.push((index, field));
            } else if let Some(field) = find(&SEEN_FIELDS, name.as_bytes()) {
                is_double |= columns.of_row.iter().any(|(_, known)| *known == field);
                columns.of_row.push((index, field));
            } else if name == "RESULTS" {
                is_double |= columns.results.replace(index).is_some();
            }
        }
        let has = |wanted: &str| columns.of_row.iter().any(|(_, field)| *field == wanted);
        let message = if is_double {
            "the header has two columns of one name"
        } else if !has("QID") || !has("TYPE") || columns.of_host.is_empty() {
            "the header lacks `QID`, `Type` or what names the host"
        } else {
            return Ok(columns);
        };
        Err(malformed(rows, message))
    }
}

struct Table<'r, 's> {
    rows: Rows<'r>,
    columns: Columns,
    tally: Tally<'s>,
    item: Observation,
    /// By what names a host; rows of one need not stand together.
    hosts: HashMap<Vec<u8>, Option<HostIndex>>,
}

impl Table<'_, '_> {
    fn read(mut self) -> Result<ScanSummary, ImportError> {
        loop {
            if !self.rows.next()? {
                return Err(cut_off(&self.rows, "the mark that ends its body"));
            }
            if self.rows.is_blank() {
                continue;
            }
            if mark(&self.rows) == Some(BODY_END) {
                break;
            }
            if self.rows.len() != self.columns.width {
                return Err(self.rows.wrong_width(self.columns.width));
            }
            self.row()?;
        }
        self.footer()?;
        Ok(self.tally.summary)
    }

    fn row(&mut self) -> Result<(), ImportError> {
        let host = self.host()?;
        self.item.clear();
        let mut row = Row::default();
        for (index, field) in &self.columns.of_row {
            let taken = row.take(&mut self.item, field, &self.rows.cell(*index));
            taken.map_err(|message| unknown(&self.rows, field, message))?;
        }
        let results = self.columns.results.map(|index| self.rows.cell(index));
        let results = results.filter(|results| !results.is_empty());
        self.item.fingerprint = results.map(|results| value::fingerprint(results.as_bytes()));
        let sort = row.finish(&mut self.item);
        match sort.map_err(|flaw| malformed(&self.rows, flaw))? {
            Sort::Information => self.tally.informational(),
            Sort::Confirmed | Sort::Potential => self.tally.observation(host, &self.item),
        }
        Ok(())
    }

    fn host(&mut self) -> Result<Option<HostIndex>, ImportError> {
        let cells = self
            .columns
            .of_host
            .iter()
            .map(|(index, _)| self.rows.raw(*index));
        let key: Vec<u8> = cells
            .flat_map(|cell| cell.iter().chain(b"\x1f"))
            .copied()
            .collect();
        if let Some(known) = self.hosts.get(&key) {
            return Ok(*known);
        }
        let mut subject = Subject::default();
        for (index, field) in &self.columns.of_host {
            let junk = subject.take(field, &self.rows.cell(*index));
            let junk = junk.map_err(|message| unknown(&self.rows, field, message))?;
            (0..junk).for_each(|_| self.tally.leave_out("not an IP address"));
        }
        let host = subject.host();
        if let Some(at) = host.scanned_at {
            stamp::keep_latest(&mut self.tally.summary.run_at, at);
        }
        let index = self
            .tally
            .host(&host)
            .map_err(|flaw| malformed(&self.rows, &flaw))?;
        self.hosts.insert(key, index);
        Ok(index)
    }

    /// Reads what the service says after the table. There need not be anything; what begins must end.
    fn footer(&mut self) -> Result<(), ImportError> {
        let mut is_open = false;
        while self.rows.next()? {
            let mark = mark(&self.rows);
            if mark == Some(FOOTER) {
                is_open = true;
            } else if mark == Some(FOOTER_END) {
                is_open = false;
            } else if is_open && self.rows.len() == 3 && fold(&self.rows.cell(0)) != "code" {
                let reason = incomplete(&self.rows.cell(0), &self.rows.cell(1));
                self.tally.incomplete(reason);
            } else if is_open && self.rows.len() == 1 && !FOOTER_WORDS.contains(&&*self.rows.cell(0)) {
                let said = value::shown(&self.rows.cell(0));
                self.tally.incomplete(format!("Qualys says {said}"));
            } else if !is_open && !self.rows.is_empty() {
                return Err(malformed(&self.rows, "a row after the end of the body"));
            }
        }
        if is_open {
            return Err(cut_off(&self.rows, "the mark that ends its footer"));
        }
        Ok(())
    }
}

/// Returns which mark a row is.
fn mark(rows: &Rows<'_>) -> Option<&'static str> {
    let first = rows.cell(0);
    let known = [BODY, BODY_END, FOOTER, FOOTER_END].into_iter();
    known.filter(|_| rows.len() == 1).find(|mark| **mark == *first)
}

fn cut_off(rows: &Rows<'_>, what: &str) -> ImportError {
    ImportError::Truncated {
        place: rows.place(""),
        message: format!("the file ends before {what}"),
    }
}

fn malformed(rows: &Rows<'_>, message: &str) -> ImportError {
    ImportError::Malformed {
        place: rows.place(""),
        message: message.to_owned(),
    }
}

fn unknown(rows: &Rows<'_>, field: &str, message: String) -> ImportError {
    ImportError::UnknownValue {
        place: rows.place(field),
        message,
    }
}
