//! The only room with arguments, clock, environment, terminal and exit codes.

mod args;
mod console;
mod failure;
mod job;
mod time;

pub use console::Console;
