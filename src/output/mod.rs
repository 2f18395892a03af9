//! Diagnostics and registers become the bytes of each format.
//!
//! Everything in here writes into a `Write` that it is given, in many small pieces: the caller
//! buffers. What is not here: rules, decisions, the terminal. Whether there are colours, and how wide
//! a line may be, is told by a [`Style`].
//!
//! Text from files is hostile. For people it goes through [`text::visible`], for machines through
//! the escaper of its format; no format lets it end a line, move a cursor or start a command.

pub mod changes;
pub mod diagnostics;
pub mod log;
pub mod plan;
pub mod register;
pub mod sample;
pub mod schemas;
pub mod text;
pub mod trace;
pub mod whatif;

mod json;
mod spreadsheet;
mod summary;
mod table;

pub use summary::Summary;

/// Whom a report is written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Human,
    /// The report's own machine format.
    Json,
}

/// How text for people may look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// Whether ANSI colours are understood.
    pub color: bool,
    /// Columns of a line; `usize::MAX` where there is no limit.
    pub width: usize,
}

impl Style {
    /// Returns the style of files and pipes: no colours, no limit.
    pub fn plain() -> Self {
        Self {
            color: false,
            width: usize::MAX,
        }
    }
}
