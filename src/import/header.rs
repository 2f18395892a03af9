//! The header of a delimited table: found among the first records, its columns found by their names.

use std::borrow::Cow;

use super::delimited::{Rows, fold};
use super::{ImportError, Place};

/// The header is one of the first records; what stands before it is a preamble.
const WITHIN: usize = 20;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The header is sought in this many bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// Goes on to the header of a table, whatever its separator; the error says of `whose` table there is none.
pub(super) fn open<D>(
    rows: &mut Rows<'_>,
    whose: &str,
    dialect: impl Fn(&[String]) -> Option<D>,
) -> Result<D, ImportError> {
    let no_header = || {
        ImportError::Foreign(format!(
            "no header of a {whose} table among the first {WITHIN} records"
        ))
    };
    let (_, delimiter) = locate(rows.ahead(HEAD_BYTES)?, &dialect).ok_or_else(no_header)?;
    rows.set_delimiter(delimiter);
    let found = find(rows, dialect)?.ok_or_else(no_header)?;
    rows.begin_table()?;
    Ok(found)
}

/// Finds the header in the first bytes of a file: its table and its separator.
pub(super) fn locate<D>(head: &[u8], dialect: impl Fn(&[String]) -> Option<D>) -> Option<(D, u8)> {
    DELIMITERS.into_iter().find_map(|delimiter| {
        let mut head = head;
        let mut rows = Rows::new(&mut head, delimiter);
        let found = find(&mut rows, &dialect).ok().flatten();
        found.map(|dialect| (dialect, delimiter))
    })
}

/// Goes on to the header.
pub(super) fn find<D>(
    rows: &mut Rows<'_>,
    dialect: impl Fn(&[String]) -> Option<D>,
) -> Result<Option<D>, ImportError> {
    let mut seen = 0;
    while seen < WITHIN && rows.next()? {
        if rows.is_blank() {
            continue;
        }
        let names: Vec<String> = (0..rows.len()).map(|index| fold(&rows.cell(index))).collect();
        if let Some(dialect) = dialect(&names) {
            return Ok(Some(dialect));
        }
        seen += 1;
    }
    Ok(None)
}

/// Tells whether a header has all of some columns.
pub(super) fn has_all(names: &[String], wanted: &[&str]) -> bool {
    wanted.iter().all(|name| names.iter().any(|known| known == name))
}

/// Where in a row each field of a table is; an importer numbers its fields.
pub(super) struct Header {
    places: Vec<Option<usize>>,
    /// The names as the header writes them.
    pub(super) names: Vec<String>,
}

impl Header {
    /// Maps the present row; `fields` holds the folded names of each field's column. Unknown columns are left alone.
    pub(super) fn of(rows: &Rows<'_>, fields: &[&[&str]]) -> Result<Self, ImportError> {
        let names = rows.cells();
        let mut places = vec![None; fields.len()];
        for (index, header) in names.iter().enumerate() {
            let name = fold(header);
            let Some(field) = fields.iter().position(|known| known.contains(&name.as_str())) else {
                continue;
            };
            if places[field].replace(index).is_some() {
                let message = format!("the header has two columns for {}", super::value::shown(&name));
                return Err(ImportError::Malformed {
                    place: rows.place(header),
                    message,
                });
            }
        }
        Ok(Self { places, names })
    }

    /// Returns whether the table has a field.
    pub(super) fn has(&self, field: usize) -> bool {
        self.places[field].is_some()
    }

    /// Returns a cell of the present row as it lies; empty where the table has none.
    pub(super) fn raw<'a>(&self, rows: &'a Rows<'_>, field: usize) -> &'a [u8] {
        self.places[field].map_or(&[], |index| rows.raw(index))
    }

    /// Returns a cell of the present row; empty where the table has none, or writes a word for nothing.
    pub(super) fn cell<'a>(&self, rows: &'a Rows<'_>, field: usize) -> Cow<'a, str> {
        let cell = self.places[field].map_or(Cow::Borrowed(""), |index| rows.cell(index));
        if ["null", "N/A"]
            .iter()
            .any(|nothing| nothing.eq_ignore_ascii_case(&cell))
        {
            Cow::Borrowed("")
        } else {
            cell
        }
    }

    /// Returns the place of a field in the present row.
    pub(super) fn place(&self, rows: &Rows<'_>, field: usize) -> Place {
        rows.place(self.places[field].map_or("", |index| &self.names[index]))
    }

    /// Makes the error for a cell that is not known.
    pub(super) fn unknown(&self, rows: &Rows<'_>, field: usize, known: &str) -> ImportError {
        let message = format!(
            "{} is not known; {known}",
            super::value::shown(&self.cell(rows, field))
        );
        ImportError::UnknownValue {
            place: self.place(rows, field),
            message,
        }
    }
}
