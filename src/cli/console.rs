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

/// A stream whose reader may go away, such as `head`: the rest is dropped, and the run goes on to its verdict.
pub(super) struct Unread<W> {
    stream: W,
    is_closed: bool,
}

impl<W: Write> Unread<W> {
    pub(super) fn new(stream: W) -> Self {
        Self {
            stream,
            is_closed: false,
        }
    }

    fn unless_closed<T>(&mut self, result: std::io::Result<T>, otherwise: T) -> std::io::Result<T> {
        match result {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(otherwise)
            }
            // Buffers try again what was interrupted.
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => Err(std::io::Error::new(
                error.kind(),
                format!("the output cannot be written: {error}"),
            )),
            result => result,
        }
    }
}

impl<W: Write> Write for Unread<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let result = self.stream.write(bytes);
        self.unless_closed(result, bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let result = self.stream.flush();
        self.unless_closed(result, ())
    }
}
