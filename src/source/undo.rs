//! What is being written, so that an interrupted run can take it away before it ends.
//!
//! Between two names that belong together a run is not interrupted: it is let go on until both are there.
#![expect(
    clippy::disallowed_methods,
    reason = "what was begun beside an output is removed here when the run is interrupted"
)]

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a folder is tried to be removed into which another thread still writes.
const MAX_TRIES: u32 = 50;

struct State {
    /// Whether the run is interrupted: nothing new is begun any more.
    is_ending: bool,
    /// Threads that must not be interrupted.
    steady: u32,
    begun: BTreeSet<PathBuf>,
}

static STATE: Mutex<State> = Mutex::new(State {
    is_ending: false,
    steady: 0,
    begun: BTreeSet::new(),
});
static CHANGED: Condvar = Condvar::new();

thread_local! {
    /// How many of its steady sections this thread is in.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for the end of the process where the run is interrupted, unless this thread must go on.
fn state_to_begin() -> MutexGuard<'static, State> {
    let mut state = state();
    while state.is_ending && DEPTH.get() == 0 {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state
}

/// Notes a file or a folder that is removed if the run is interrupted.
pub(super) fn begin(path: &Path) {
    state_to_begin().begun.insert(path.to_owned());
}

/// Forgets what was begun: it is done, or removed.
pub(super) fn end(path: &Path) {
    state().begun.remove(path);
}

/// While it lives, the run is not interrupted.
#[derive(Debug)]
pub struct Steady(());

/// Holds back an interruption until what it returns is dropped: for names that belong together.
pub fn steady() -> Steady {
    if DEPTH.get() == 0 {
        state_to_begin().steady += 1;
    }
    DEPTH.set(DEPTH.get() + 1);
    Steady(())
}

impl Drop for Steady {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get().saturating_sub(1));
        if DEPTH.get() == 0 {
            let mut state = state();
            state.steady = state.steady.saturating_sub(1);
            CHANGED.notify_all();
        }
    }
}

/// Takes away what was begun and not finished; after it the process must end, for nothing can be begun any more.
pub fn take_away() {
    let mut state = state();
    state.is_ending = true;
    while state.steady > 0 {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    let begun = std::mem::take(&mut state.begun);
    drop(state);
    for path in begun {
        remove(&path);
    }
}

/// Waits for the end of the process where the run is interrupted: what then fails is no failure to tell of.
pub fn wait_if_ending() {
    drop(state_to_begin());
}

fn remove(path: &Path) {
    for _ in 0..MAX_TRIES {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
        if removed.is_ok() || std::fs::symlink_metadata(path).is_err() {
            return;
        }
        // Another thread writes into it, and fails as soon as it is gone.
        std::thread::sleep(Duration::from_millis(5));
    }
}
