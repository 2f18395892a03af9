//! Checks that were read before: what a row says of its check is the same on every host that it is found on.
//!
//! A row whose cells on the check are those of an earlier one means what that one meant, so they are
//! compared and not read again.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;

use super::super::delimited::Rows;
use super::columns::{Columns, Field};
use crate::model::Observation;

/// All that is kept may have this many bytes; beyond it, it is forgotten and learnt anew.
const MAX_BYTES: usize = 16 << 20;
const MAX_CELL: usize = 16 << 10;
const MAX_ID: usize = 64;
/// So many checks that came once are remembered.
const MAX_SEEN: usize = 1 << 16;

/// The cells on the check itself, beside those with vectors.
const OF_CHECK: [Field; 11] = [
    Field::Title,
    Field::Type,
    Field::Severity,
    Field::SeverityNumber,
    Field::Cve,
    Field::Vendor,
    Field::Exploits,
    Field::Malware,
    Field::Threats,
    Field::Patchable,
    Field::PatchReleased,
];

#[derive(Default)]
pub(super) struct Known {
    places: HashMap<Box<[u8]>, usize, RandomState>,
    checks: Vec<Check>,
    /// Checks that came at least once; one that comes no more is not worth keeping.
    seen: HashSet<Box<[u8]>, RandomState>,
    bytes: usize,
    /// How many checks were ever kept.
    count: usize,
}

/// The last row of a check that was read.
struct Check {
    /// The cells on the check, one after the other, and of each its length and whether its quotes are doubled.
    text: Vec<u8>,
    cells: Vec<(usize, bool)>,
    /// What the row said; all that is not of the check is another row's.
    item: Observation,
    /// No other check that is ever kept has it.
    number: usize,
}

impl Known {
    /// Finds the check of the present row, if its cells on the check are the known ones.
    pub(super) fn find(&self, rows: &Rows<'_>, columns: &Columns) -> Option<usize> {
        let id = rows.raw(columns.index(Field::Qid)?);
        let place = *self.places.get(id)?;
        let check = self.checks.get(place)?;
        let mut left = &check.text[..];
        let mut known = check.cells.iter();
        for index in indices(columns) {
            let (length, is_doubled) = *known.next()?;
            let cell = rows.raw(index);
            if cell.len() != length || rows.is_doubled(index) != is_doubled {
                return None;
            }
            left = left.strip_prefix(cell)?;
        }
        Some(place)
    }

    /// Returns what the row of a check said, to be exchanged with the present one.
    pub(super) fn item(&mut self, place: usize) -> Option<&mut Observation> {
        self.checks.get_mut(place).map(|check| &mut check.item)
    }

    /// Returns the number of a check.
    pub(super) fn number(&self, place: usize) -> usize {
        self.checks.get(place).map_or(0, |check| check.number)
    }

    /// Tells whether a check comes again, as one must that is to be kept.
    fn comes_again(&mut self, id: &[u8]) -> bool {
        if self.seen.contains(id) {
            return true;
        }
        if self.seen.len() >= MAX_SEEN {
            self.seen.clear();
        }
        self.seen.insert(id.into());
        false
    }

    /// Keeps the check of the present row, where it comes again, in place of what was known of it.
    pub(super) fn keep(&mut self, rows: &Rows<'_>, columns: &Columns, item: &Observation) {
        let Some(id) = columns.index(Field::Qid).map(|index| rows.raw(index)) else {
            return;
        };
        // An honest id is a number of a few digits; one may have spaces around it.
        if id.len() > MAX_ID || !self.comes_again(id) {
            return;
        }
        let mut check = Check {
            text: Vec::new(),
            cells: Vec::new(),
            item: Observation::blank(item.family),
            number: self.count,
        };
        for index in indices(columns) {
            let cell = rows.raw(index);
            check.cells.push((cell.len(), rows.is_doubled(index)));
            check.text.extend_from_slice(cell);
        }
        if check.text.len() > MAX_CELL {
            return;
        }
        check.item.clone_from(item);
        if self.bytes + cost(&check.text) > MAX_BYTES {
            *self = Self {
                count: self.count,
                seen: std::mem::take(&mut self.seen),
                ..Self::default()
            };
        }
        self.bytes += cost(&check.text);
        self.count += 1;
        match self.places.get(id).and_then(|place| self.checks.get_mut(*place)) {
            Some(known) => {
                self.bytes -= cost(&known.text);
                *known = check;
            }
            None => {
                self.places.insert(id.into(), self.checks.len());
                self.checks.push(check);
            }
        }
    }
}

fn indices(columns: &Columns) -> impl Iterator<Item = usize> {
    let fields = OF_CHECK.iter().filter_map(|field| columns.index(*field));
    fields.chain(columns.vectors.iter().map(|(index, _)| *index))
}

/// What keeping a check takes: its cells, what they say at most, and what a check has beside.
fn cost(text: &[u8]) -> usize {
    3 * text.len() + 1024
}
