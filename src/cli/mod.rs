//! The only room with arguments, clock, environment, terminal and exit codes.
//!
//! A command opens a [`job::Job`], asks the other rooms, and writes what they say. It decides nothing.

mod args;
mod args_export;
mod args_ledger;
mod args_plan;
mod args_proof;
mod args_serve;
mod change;
mod commands;
mod configuration;
mod console;
mod exports;
mod failure;
mod generated;
mod job;
mod ledger;
mod loopback;
mod past;
mod progress;
mod time;

use std::ffi::OsString;
use std::io::{BufWriter, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::check::rule_set_digest;
use crate::output::text::visible;
use crate::source::undo;
use args::{Arguments, Color, Command};
pub use console::Console;
use console::Unread;
use failure::{Failure, USAGE};

/// Runs the program in the real world.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock and the environment"
)]
pub fn main() -> ExitCode {
    let stdout = std::io::stdout();
    let stderr = std::io::stderr();
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_ci = std::env::var_os("CI").is_some();
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let out_is_terminal = stdout.is_terminal();
    let err_is_terminal = stderr.is_terminal() && !is_ci;
    let mut out = BufWriter::with_capacity(1 << 16, Unread::new(stdout.lock()));
    // Not locked: the line of progress is drawn by a thread of its own.
    let mut err = Unread::new(stderr);
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        now: chrono::Utc::now(),
        folder: std::env::current_dir().unwrap_or_default(),
        out_is_colored: out_is_terminal && !is_plain,
        err_is_terminal,
        can_ask: std::io::stdin().is_terminal() || std::env::var_os("SSH_ASKPASS").is_some(),
        width: if out_is_terminal {
            columns.unwrap_or(100)
        } else {
            usize::MAX
        },
    };
    end_cleanly_when_interrupted();
    let mut code = run(std::env::args_os(), &mut console);
    if let Err(error) = out.flush() {
        code = tell_failure(&error.into(), &mut err);
    }
    undo::wait_if_ending();
    ExitCode::from(code)
}

/// Takes away what is half written when a person or the system ends the run.
#[expect(
    clippy::exit,
    clippy::disallowed_methods,
    reason = "the thread that works cannot be asked to return; nothing of it is left behind"
)]
fn end_cleanly_when_interrupted() {
    // Where it cannot be had the next run takes away what this one leaves.
    let _ = ctrlc::set_handler(|| {
        undo::take_away();
        std::process::exit(failure::INTERRUPTED)
    });
}

/// Runs one command line and returns its exit code; the first argument is the program's name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, console: &mut Console<'_>) -> u8 {
    let version = format!(
        "{} ({}, rules {})",
        env!("CARGO_PKG_VERSION"),
        env!("COUNTERSIGN_COMMIT"),
        rule_set_digest().get(..12).unwrap_or_default()
    );
    let command = Arguments::command().version(version);
    let parsed = command
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => return tell_usage(&error, console),
    };
    match arguments.global.color {
        Color::Auto => {}
        Color::Always => console.out_is_colored = true,
        Color::Never => console.out_is_colored = false,
    }
    match dispatch(&arguments, console) {
        Ok(code) => code,
        Err(failure) => tell_failure(&failure, console.err),
    }
}

fn dispatch(arguments: &Arguments, console: &mut Console<'_>) -> Result<u8, Failure> {
    let global = &arguments.global;
    match &arguments.command {
        Command::Check(check) => commands::check(console, global, check),
        Command::Reconcile(reconcile) => commands::reconcile(console, global, reconcile),
        Command::Render(render) => commands::render(console, global, render),
        Command::Export(export) => commands::export(console, global, export),
        Command::Serve(serve) => commands::serve(console, global, serve),
        Command::Bundle(bundle) => commands::bundle(console, global, bundle),
        Command::Audit(audit) => commands::audit(console, global, audit),
        Command::Verify(verify) => commands::verify(console, global, verify),
        Command::Diff(diff) => commands::diff(console, global, diff),
        Command::Demo(demo) => commands::demo(console, global, demo),
        Command::Init(init) => commands::init(console, global, init),
        Command::New(new) => commands::new(console, global, new),
        Command::Renew(renew) => commands::renew(console, global, renew),
        Command::Approve(approve) => commands::approve(console, global, approve),
        Command::Reject(reject) => commands::reject(console, global, reject),
        Command::Revoke(revoke) => commands::revoke(console, global, revoke),
        Command::Review(review) => commands::review(console, global, review),
        Command::Status(status) => commands::status(console, global, status),
        Command::Anchor(anchor) => commands::anchor(console, global, anchor),
        Command::Import(import) => commands::import(console, global, import),
        Command::Trace(trace) => commands::trace(console, global, trace),
        Command::Ledger(command) => commands::ledger(console, global, command),
        Command::Plan(plan) => commands::plan(console, global, plan),
        Command::Sample(sample) => commands::sample(console, global, sample),
        Command::Whatif(whatif) => commands::whatif(console, global, whatif),
        Command::Log(log) => commands::log(console, global, log),
        Command::Explain(explain) => commands::explain(console, explain),
        Command::Schema(schema) => commands::schema(console, schema),
        Command::Completions(completions) => commands::completions(console, completions.shell),
        Command::Man => commands::man(console),
    }
}

fn tell_usage(error: &clap::Error, console: &mut Console<'_>) -> u8 {
    let text = error.render();
    if error.use_stderr() {
        let _ = write!(console.err, "{text}");
        USAGE
    } else {
        let _ = write!(console.out, "{text}");
        failure::CLEAN
    }
}

fn tell_failure(failure: &Failure, err: &mut dyn std::io::Write) -> u8 {
    undo::wait_if_ending();
    let text = format!("{:#}", failure.error);
    for (index, line) in text.lines().enumerate() {
        let head = if index == 0 { "error: " } else { "" };
        let _ = writeln!(err, "{head}{}", visible(line));
    }
    failure.code
}
