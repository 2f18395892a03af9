//! A pull reader of delimited text: RFC 4180 with any one-byte separator.
//!
//! Rows are read where they lie and nothing is copied; a file that ends inside quotes is cut off, and
//! a text after a closing quote is refused, for either way rows would melt into one another.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr2};

use super::window::Window;
use super::{ImportError, Place};

/// One row may have this many bytes.
const MAX_ROW: usize = 16 << 20;
const MAX_CELLS: usize = 4096;

struct Cell {
    place: Range<usize>,
    /// Whether quotes inside are doubled.
    is_doubled: bool,
}

pub(super) struct Rows<'r> {
    window: Window<'r>,
    delimiter: u8,
    cells: Vec<Cell>,
    /// Bytes of the present row, its line end included.
    length: usize,
    /// Rows that were read since the count began; blank lines are none.
    row: u64,
    is_blank: bool,
}

impl<'r> Rows<'r> {
    pub(super) fn new(input: &'r mut dyn std::io::BufRead, delimiter: u8) -> Self {
        let window = Window::new(input, MAX_ROW);
        Self {
            window,
            delimiter,
            cells: Vec::new(),
            length: 0,
            row: 0,
            is_blank: false,
        }
    }

    /// Sets the separator before the first row is read.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Returns the text ahead, up to about `count` bytes of it, without reading a row.
    pub(super) fn ahead(&mut self, count: usize) -> Result<&[u8], ImportError> {
        self.window.fill_to(self.length + count)?;
        let rest = &self.window.rest()[self.length..];
        Ok(&rest[..rest.len().min(count)])
    }

    /// Calls the present row the first one.
    pub(super) fn count_from_here(&mut self) {
        self.row = 1;
    }

    /// Takes the present row as the header; one without a line end may lack its last columns.
    pub(super) fn begin_table(&mut self) -> Result<(), ImportError> {
        self.count_from_here();
        if self.has_line_end() {
            return Ok(());
        }
        let message = "the file ends in its header".into();
        Err(ImportError::Truncated {
            place: self.place(""),
            message,
        })
    }

    /// Goes on to the next row, blank lines included; `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool, ImportError> {
        self.window.pass(std::mem::take(&mut self.length));
        let is_last = loop {
            match split(self.window.rest(), self.delimiter, &mut self.cells) {
                Split::Row(length) => {
                    self.length = length;
                    break false;
                }
                Split::Flaw(message) => {
                    self.row += 1;
                    return Err(ImportError::Malformed {
                        place: self.place(""),
                        message: message.into(),
                    });
                }
                Split::Open { in_quotes } => {
                    if self.window.more()? {
                        continue;
                    }
                    if in_quotes {
                        self.row += 1;
                        let message = "the file ends inside quotes".into();
                        return Err(ImportError::Truncated {
                            place: self.place(""),
                            message,
                        });
                    }
                    self.length = self.window.rest().len();
                    break true;
                }
            }
        };
        if is_last && self.length == 0 {
            self.cells.clear();
            return Ok(false);
        }
        self.is_blank = self.cells.iter().all(|cell| cell.place.is_empty()) && self.cells.len() == 1;
        self.row += u64::from(!self.is_blank);
        if self.cells.len() > MAX_CELLS {
            let message = format!("a row has more than {MAX_CELLS} cells");
            return Err(ImportError::OverLimit {
                place: self.place(""),
                message,
            });
        }
        Ok(true)
    }

    /// Tells whether the present row is an empty line.
    pub(super) fn is_blank(&self) -> bool {
        self.is_blank
    }

    /// Tells whether the present row is separators only.
    pub(super) fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.place.is_empty())
    }

    /// Tells whether the present row ends with a line end, as a whole one does.
    pub(super) fn has_line_end(&self) -> bool {
        self.window.rest()[..self.length].ends_with(b"\n")
    }

    /// Returns the number of cells of the present row.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns a cell, trimmed; empty where the row has none.
    pub(super) fn cell(&self, index: usize) -> Cow<'_, str> {
        let Some(cell) = self.cells.get(index) else {
            return Cow::Borrowed("");
        };
        let text = std::str::from_utf8(&self.window.rest()[cell.place.clone()])
            .unwrap_or_default()
            .trim();
        if cell.is_doubled {
            Cow::Owned(undoubled(text))
        } else {
            Cow::Borrowed(text)
        }
    }

    /// Returns a cell as it lies, quotes doubled where they are.
    pub(super) fn raw(&self, index: usize) -> &[u8] {
        self.cells
            .get(index)
            .map_or(&[], |cell| &self.window.rest()[cell.place.clone()])
    }

    /// Tells whether quotes inside a cell are doubled.
    pub(super) fn is_doubled(&self, index: usize) -> bool {
        self.cells.get(index).is_some_and(|cell| cell.is_doubled)
    }

    /// Returns all cells of the present row.
    pub(super) fn cells(&self) -> Vec<String> {
        (0..self.len())
            .map(|index| self.cell(index).into_owned())
            .collect()
    }

    /// Returns the place of a column in the present row.
    pub(super) fn place(&self, column: &str) -> Place {
        Place::Row(self.row, column.to_owned())
    }

    /// Makes the error for a row that has not the header's number of cells.
    ///
    /// A short last row without a line end is one that was cut off.
    pub(super) fn wrong_width(&self, expected: usize) -> ImportError {
        let message = format!("{} cells, but the header has {expected}", self.len());
        if self.len() < expected && !self.has_line_end() {
            return ImportError::Truncated {
                place: self.place(""),
                message,
            };
        }
        ImportError::Malformed {
            place: self.place(""),
            message,
        }
    }
}

enum Split {
    /// A whole row of so many bytes, its line end included.
    Row(usize),
    /// The text ends before the row does.
    Open {
        in_quotes: bool,
    },
    Flaw(&'static str),
}

/// Splits the first row of a text into cells.
fn split(text: &[u8], delimiter: u8, cells: &mut Vec<Cell>) -> Split {
    cells.clear();
    let mut at = 0;
    loop {
        let (cell, end) = match text.get(at) {
            Some(b'"') => match quoted(text, at + 1) {
                Some(found) => found,
                None => return Split::Open { in_quotes: true },
            },
            _ => plain(text, at, delimiter),
        };
        cells.push(cell);
        match text.get(end..).unwrap_or_default() {
            [] => return Split::Open { in_quotes: false },
            [b'\n', ..] => return Split::Row(end + 1),
            [b'\r', b'\n', ..] => return Split::Row(end + 2),
            [b'\r'] => return Split::Open { in_quotes: false },
            [byte, ..] if *byte == delimiter => at = end + 1,
            _ => return Split::Flaw("text follows a closing quote; a quote inside quotes must be doubled"),
        }
        if cells.len() > MAX_CELLS {
            return Split::Flaw("more cells than any export has");
        }
    }
}

/// Reads a cell to its closing quote; `None` where the text ends before.
fn quoted(text: &[u8], start: usize) -> Option<(Cell, usize)> {
    let mut at = start;
    let mut is_doubled = false;
    loop {
        at += memchr(b'"', &text[at..])?;
        if text.get(at + 1) != Some(&b'"') {
            return Some((
                Cell {
                    place: start..at,
                    is_doubled,
                },
                at + 1,
            ));
        }
        is_doubled = true;
        at += 2;
    }
}

fn plain(text: &[u8], start: usize, delimiter: u8) -> (Cell, usize) {
    let rest = text.get(start..).unwrap_or_default();
    let mut end = memchr2(delimiter, b'\n', rest).map_or(text.len(), |at| start + at);
    if text.get(end) != Some(&delimiter) && end > start && text[end - 1] == b'\r' {
        end -= 1;
    }
    (
        Cell {
            place: start.min(end)..end,
            is_doubled: false,
        },
        end,
    )
}

/// Leaves out the second of each two quotes.
fn undoubled(text: &str) -> String {
    let mut single = String::with_capacity(text.len());
    let mut left = text;
    while let Some(at) = memchr(b'"', left.as_bytes()) {
        single.push_str(&left[..=at]);
        left = &left[at + 1..];
        left = left.strip_prefix('"').unwrap_or(left);
    }
    single.push_str(left);
    single
}

/// Folds a column's name: lower case, single spaces.
pub(super) fn fold(name: &str) -> String {
    name.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{ImportError, Rows};

    fn rows(text: &str) -> Result<Vec<Vec<String>>, ImportError> {
        let mut bytes = text.as_bytes();
        let mut rows = Rows::new(&mut bytes, b',');
        let mut all = Vec::new();
        while rows.next()? {
            all.push(rows.cells());
        }
        Ok(all)
    }

    #[test]
    fn rows_are_those_of_rfc_4180() {
        let cases: [(&str, &[&[&str]]); 8] = [
            ("", &[]),
            ("a", &[&["a"]]),
            ("a,\n", &[&["a", ""]]),
            ("a,b\r\nc,d", &[&["a", "b"], &["c", "d"]]),
            ("\"a,\n\"\"b\"\"\",c\n", &[&["a,\n\"b\"", "c"]]),
            ("\n\r\na\n", &[&[""], &[""], &["a"]]),
            (",\n", &[&["", ""]]),
            ("a\"b\",c\n", &[&["a\"b\"", "c"]]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn rows_that_would_melt_are_refused() {
        assert!(matches!(rows("a,\"b\nc,d\n"), Err(ImportError::Truncated { .. })));
        assert!(matches!(rows("a,\"b\"c\n"), Err(ImportError::Malformed { .. })));
        assert!(matches!(rows("\"\"\"\n"), Err(ImportError::Truncated { .. })));
        assert!(matches!(
            rows(&",".repeat(5000)),
            Err(ImportError::Malformed { .. })
        ));
    }
}
