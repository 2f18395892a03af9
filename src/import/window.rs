//! A window over an export's text that moves forward once.
//!
//! It holds one token of the export and the rest of one read, whatever the size of the file, and
//! hands out nothing that has not been checked to be UTF-8.

use std::cell::RefCell;
use std::io::BufRead;

use super::{ImportError, Place};

/// Bytes of the first read, which many an export does not fill.
const FIRST: usize = 8 * 1024;
/// Bytes of each further read; large enough that a token seldom lies across two.
const STEP: usize = 128 * 1024;

thread_local! {
    /// The memory of a window that was closed, for the next one: a run may have ten thousand exports.
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Window<'r> {
    input: &'r mut dyn BufRead,
    bytes: Vec<u8>,
    /// The first byte that has not been passed.
    start: usize,
    /// The end of what has been read and checked.
    valid: usize,
    /// The end of what has been read; at the most three bytes further.
    end: usize,
    has_read: bool,
    ended: bool,
    /// Line ends that have left the window.
    lines: u64,
    limit: usize,
    /// How often the window has moved, so that places in it are not taken for others.
    moves: u64,
}

/// A place in a window, good until the window moves.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    moves: u64,
    at: usize,
}

impl<'r> Window<'r> {
    /// Opens a window in which one token may have `limit` bytes.
    pub(super) fn new(input: &'r mut dyn BufRead, limit: usize) -> Self {
        let mut bytes = MEMORY.take();
        bytes.truncate(limit);
        if bytes.len() < FIRST {
            bytes.resize(FIRST.min(limit), 0);
        }
        Self {
            input,
            bytes,
            start: 0,
            valid: 0,
            end: 0,
            has_read: false,
            ended: false,
            lines: 0,
            limit,
            moves: 0,
        }
    }

    /// Returns what has been read and not passed.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..self.valid]
    }

    pub(super) fn pass(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.valid, "only what was read can be passed");
    }

    /// Returns the last `count` bytes that were passed since the window moved.
    pub(super) fn passed(&self, count: usize) -> &[u8] {
        &self.bytes[self.start - count..self.start]
    }

    /// Marks the byte of `rest` at an offset.
    pub(super) fn mark(&self, offset: usize) -> Mark {
        Mark {
            moves: self.moves,
            at: self.start + offset,
        }
    }

    /// Returns what was passed since a mark; `None` when the window has moved since.
    pub(super) fn since(&self, mark: Mark) -> Option<&[u8]> {
        (mark.moves == self.moves)
            .then(|| self.bytes.get(mark.at..self.start))
            .flatten()
    }

    /// Reads on, so that `rest` grows; `false` at the end of the export.
    pub(super) fn more(&mut self) -> Result<bool, ImportError> {
        if self.ended {
            return Ok(false);
        }
        self.make_room()?;
        let before = self.valid;
        while self.end < self.bytes.len() {
            match self.input.read(&mut self.bytes[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.check_text()?;
        Ok(self.valid > before)
    }

    /// Reads on until `rest` has at least `count` bytes; `false` when the export ends before.
    pub(super) fn fill_to(&mut self, count: usize) -> Result<bool, ImportError> {
        while self.rest().len() < count {
            if !self.more()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns the place of a byte of `rest`.
    pub(super) fn place(&self, offset: usize) -> Place {
        Place::Line(self.lines + line_ends(&self.bytes[..self.start + offset]) + 1)
    }

    fn make_room(&mut self) -> Result<(), ImportError> {
        self.moves += 1;
        self.lines += line_ends(&self.bytes[..self.start]);
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.valid -= self.start;
        self.start = 0;
        if std::mem::replace(&mut self.has_read, true) && self.bytes.len() < STEP.min(self.limit) {
            self.bytes.resize(STEP.min(self.limit), 0);
        }
        if self.end < self.bytes.len() {
            return Ok(());
        }
        if self.bytes.len() >= self.limit {
            let message = format!("one tag, row or value has more than {} bytes", self.limit);
            return Err(ImportError::OverLimit {
                place: self.place(0),
                message,
            });
        }
        self.bytes.resize((self.bytes.len() * 2).min(self.limit), 0);
        Ok(())
    }

    fn check_text(&mut self) -> Result<(), ImportError> {
        let Err(error) = std::str::from_utf8(&self.bytes[self.valid..self.end]) else {
            self.valid = self.end;
            return Ok(());
        };
        self.valid += error.valid_up_to();
        let place = || self.place(self.valid - self.start);
        if error.error_len().is_some() {
            return Err(ImportError::Malformed {
                place: place(),
                message: "not UTF-8 text".into(),
            });
        }
        if self.ended {
            let message = "the text ends inside a character".into();
            return Err(ImportError::Truncated {
                place: place(),
                message,
            });
        }
        Ok(())
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        if self.bytes.len() <= STEP {
            MEMORY.set(std::mem::take(&mut self.bytes));
        }
    }
}

fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
