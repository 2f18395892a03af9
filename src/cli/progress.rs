//! A line that moves while something takes long: on a terminal only, never in a pipe or in CI.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Global;
use super::console::Console;
use crate::import::Meter;
use crate::output::text::visible;

const SPINNER: &str = "{spinner} {msg}, {elapsed}";
const READING: &str =
    "{spinner} reading exports {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

/// Shows that work goes on, from half a second on; gone when dropped.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    is_quiet: bool,
}

impl Progress {
    pub(super) fn start(console: &Console<'_>, global: &Global, what: &'static str) -> Self {
        let is_quiet = global.quiet;
        if !console.err_is_terminal || is_quiet {
            return Self { bar: None, is_quiet };
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        restyle(&bar, SPINNER);
        // The first tick comes after this time, so that quick work shows nothing.
        bar.enable_steady_tick(Duration::from_millis(500));
        Self {
            bar: Some(bar),
            is_quiet,
        }
    }

    /// Shows how many of the bytes are read, how fast, and how long the rest will take.
    pub(super) fn reading<T>(&self, bytes: u64, meter: &Meter, work: impl FnOnce() -> T) -> T {
        let Some(bar) = &self.bar else { return work() };
        bar.set_length(bytes);
        bar.reset_eta();
        restyle(bar, READING);
        let result = std::thread::scope(|scope| {
            let (done, waits) = channel::<()>();
            scope.spawn(move || {
                while waits.recv_timeout(Duration::from_millis(100)) == Err(RecvTimeoutError::Timeout) {
                    bar.set_position(meter.bytes());
                }
            });
            let result = work();
            drop(done);
            result
        });
        restyle(bar, SPINNER);
        result
    }

    /// Says a line to the person while work goes on, unless told to be quiet.
    pub(super) fn say(&self, console: &mut Console<'_>, line: &str) -> std::io::Result<()> {
        if self.is_quiet {
            return Ok(());
        }
        let mut write = || writeln!(console.err, "{}", visible(line));
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}

fn restyle(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
