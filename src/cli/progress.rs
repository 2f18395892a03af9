//! A line that moves while something takes long: on a terminal only, never in a pipe or in CI.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::Global;
use super::console::Console;

/// Shows that work goes on, from half a second on; gone when dropped.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn start(console: &Console<'_>, global: &Global, what: &'static str) -> Self {
        if !console.err_is_terminal || global.quiet {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}, {elapsed}") {
            bar.set_style(style);
        }
        // The first tick comes after this time, so that quick work shows nothing.
        bar.enable_steady_tick(Duration::from_millis(500));
        Self(Some(bar))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
