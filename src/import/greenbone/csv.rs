//! The table: one row a result. Consoles of each age have other columns, so they are found by name.

use std::borrow::Cow;
use std::io::BufRead;

use super::super::delimited::Rows;
use super::super::header::{self, Header, has_all};
use super::super::stamp::{self, Written};
use super::super::tally::Tally;
use super::super::value;
use super::super::{HostIndex, ImportError, Importer, Options, Product, Sink};
use super::hosts::{Hosts, Named};
use super::rating::{CONFIRMED, Said, quality_of_detection, rate, score};
use super::{finish, take_rating, take_solution, title};
use crate::model::{Observation, ScanSummary};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "openvas-csv",
    product: Product::Scan,
    recognises,
    import,
};

/// What a column holds.
#[derive(Clone, Copy)]
enum Field {
    Ip,
    Hostname,
    Port,
    Protocol,
    Score,
    Severity,
    Quality,
    Solution,
    Name,
    Oid,
    Cves,
    Time,
    Result,
}

/// The folded name of each field's column.
const NAMES: [&[&str]; 13] = [
    &["ip"],
    &["hostname"],
    &["port"],
    &["port protocol"],
    &["cvss"],
    &["severity"],
    &["qod"],
    &["solution type"],
    &["nvt name"],
    &["nvt oid"],
    &["cves"],
    &["timestamp"],
    &["specific result"],
];

fn is_header(names: &[String]) -> Option<()> {
    has_all(names, &["ip", "severity", "nvt name"]).then_some(())
}

fn recognises(head: &[u8]) -> bool {
    header::locate(head, is_header).is_some()
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut rows = Rows::new(input, b',');
    header::open(&mut rows, "Greenbone", is_header)?;
    let header = Header::of(&rows, &NAMES)?;
    if !header.has(Field::Oid as usize) {
        return Err(ImportError::Malformed {
            place: rows.place(""),
            message: "the table has no column `NVT OID`, without which no check can be told from another"
                .into(),
        });
    }
    let reader = Reader {
        rows,
        header,
        tally: Tally::new(options, sink),
        hosts: Hosts::default(),
        item: Observation::blank("openvas"),
    };
    reader.read()
}

struct Reader<'r, 's> {
    rows: Rows<'r>,
    header: Header,
    tally: Tally<'s>,
    hosts: Hosts,
    item: Observation,
}

impl Reader<'_, '_> {
    fn read(mut self) -> Result<ScanSummary, ImportError> {
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
        let place = self.rows.place("");
        let malformed = |message| ImportError::Malformed { place, message };
        self.hosts.finish(&mut self.tally).map_err(malformed)?;
        Ok(self.tally.summary)
    }

    fn row(&mut self) -> Result<(), ImportError> {
        let is_placeholder = [Field::Ip, Field::Hostname, Field::Oid]
            .into_iter()
            .all(|field| self.cell(field).is_empty());
        if is_placeholder {
            self.tally.skip("a row that names neither a host nor a check", 1);
            return Ok(());
        }
        self.time()?;
        let host = self.host()?;
        self.item.clear();
        let rating = rate(&Said {
            score: score(&self.cell(Field::Score)).map_err(|known| self.unknown(Field::Score, &known))?,
            word: &self.cell(Field::Severity),
            ..Said::default()
        });
        let rating = rating.map_err(|known| self.unknown(Field::Severity, &known))?;
        if !take_rating(rating, &mut self.item, &mut self.tally) {
            return Ok(());
        }
        self.identity()?;
        let quality = quality_of_detection(&self.cell(Field::Quality));
        let quality = quality.map_err(|known| self.unknown(Field::Quality, &known))?;
        self.item.potential = quality.is_some_and(|percent| percent < CONFIRMED);
        let solution = self.header.cell(&self.rows, Field::Solution as usize);
        take_solution(&solution, &mut self.item, &mut self.tally);
        let result = self.cell(Field::Result);
        self.item.fingerprint = Some(value::fingerprint(result.as_bytes())).filter(|_| !result.is_empty());
        finish(&mut self.item);
        self.tally.observation(host, &self.item);
        Ok(())
    }

    fn cell(&self, field: Field) -> Cow<'_, str> {
        self.header.cell(&self.rows, field as usize)
    }

    fn unknown(&self, field: Field, known: &str) -> ImportError {
        self.header.unknown(&self.rows, field as usize, known)
    }

    fn time(&mut self) -> Result<(), ImportError> {
        let cell = self.cell(Field::Time);
        let found = match stamp::read(&cell) {
            _ if cell.is_empty() => return Ok(()),
            Some(Written::Sure(found)) => found,
            Some(Written::Either { .. }) | None => {
                return Err(self.unknown(Field::Time, "a date such as `2026-09-01T10:00:00Z` is"));
            }
        };
        stamp::keep_latest(&mut self.tally.summary.run_at, found);
        Ok(())
    }

    fn host(&mut self) -> Result<Option<HostIndex>, ImportError> {
        let address = self.header.cell(&self.rows, Field::Ip as usize);
        let hostname = self.header.cell(&self.rows, Field::Hostname as usize);
        let named = Named {
            address: &address,
            hostname: &hostname,
            asset: "",
        };
        let malformed = |message| ImportError::Malformed {
            place: self.rows.place(""),
            message,
        };
        self.hosts.settle(&named, &mut self.tally).map_err(malformed)
    }

    fn identity(&mut self) -> Result<(), ImportError> {
        let name = self.header.cell(&self.rows, Field::Name as usize);
        let oid = self.header.cell(&self.rows, Field::Oid as usize);
        self.item.title = title(&name);
        self.item.id = if oid.is_empty() {
            value::cve(&name).unwrap_or_default()
        } else {
            oid.into_owned()
        };
        if let Some(message) = value::flaw_of_id(&self.item.id) {
            return Err(ImportError::Malformed {
                place: self.header.place(&self.rows, Field::Oid as usize),
                message,
            });
        }
        let (port, protocol) = (self.cell(Field::Port), self.cell(Field::Protocol));
        let instance = match (port.is_empty(), protocol.is_empty()) {
            (_, true) => super::instance(&port).to_owned(),
            (true, false) => format!("general/{protocol}"),
            (false, false) => format!("{port}/{protocol}"),
        };
        self.item.instance = instance;
        for part in value::list(&self.header.cell(&self.rows, Field::Cves as usize)) {
            match value::cve(part) {
                Some(cve) => self.item.cves.push(cve),
                None => self.tally.leave_out("not a CVE id"),
            }
        }
        if self.item.cves.len() > value::MAX_CVES {
            return Err(ImportError::OverLimit {
                place: self.header.place(&self.rows, Field::Cves as usize),
                message: format!("a row has more than {} CVEs", value::MAX_CVES),
            });
        }
        Ok(())
    }
}
