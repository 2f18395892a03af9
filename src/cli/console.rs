//! What the outside world is to a command: two streams, a clock, a folder, a terminal or none.

use std::io::Write;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

/// What the outside world is to a command. Tests make their own.
pub struct Console<'a> {
    /// Data.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    pub now: DateTime<Utc>,
    /// The current folder.
    pub folder: PathBuf,
    /// Whether `out` is a terminal that shows colours.
    pub out_is_colored: bool,
    /// Whether `err` is a terminal.
    pub err_is_terminal: bool,
    /// Whether a person can be asked for a passphrase: the input is a terminal, or a program asks in a window.
    pub can_ask: bool,
    /// Columns of the terminal; 100 where there is none.
    pub width: usize,
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Console")
            .field("now", &self.now)
            .field("folder", &self.folder)
            .finish()
    }
}
