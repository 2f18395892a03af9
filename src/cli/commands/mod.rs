//! The commands, each a few lines over the other rooms.

mod author;
mod brief;
mod bundle;
mod decide;
mod diff;
mod difference;
mod export;
mod identity;
mod judge;
mod ledger;
mod pages;
mod past;
mod plan;
mod prove;
mod publish;
mod redact;
mod sample;
mod serve;
mod status;
mod subject;
mod tell;
mod trace;
mod whatif;

pub(super) use author::{demo, init, new, renew};
pub(super) use bundle::{audit, bundle};
pub(super) use decide::{approve, reject, review, revoke};
pub(super) use diff::diff;
pub(super) use export::export;
pub(super) use judge::{check, reconcile};
pub(super) use ledger::{import, ledger};
pub(super) use past::{anchor, log};
pub(super) use plan::plan;
pub(super) use prove::verify;
pub(super) use publish::render;
pub(super) use sample::sample;
pub(super) use serve::serve;
pub(super) use status::status;
pub(super) use tell::{completions, explain, man, schema};
pub(super) use trace::trace;
pub(super) use whatif::whatif;

use std::io::{BufWriter, Write};
use std::path::Path;

use super::args::Global;
use super::console::Console;
use super::failure::{CLEAN, ERRORS, Failure};
use crate::diagnostic::Diagnostic;
use crate::output::{Style, Summary};
use crate::source::write::write_beside_with;

/// The exit code for what the rules say.
fn verdict(diagnostics: &[Diagnostic], is_strict: bool) -> u8 {
    let summary = Summary::of(diagnostics);
    if summary.error > 0 || (is_strict && summary.warn > 0) {
        ERRORS
    } else {
        CLEAN
    }
}

/// Says that open errors stand in what was written, and returns the exit code.
fn tell_errors(
    console: &mut Console<'_>,
    global: &Global,
    found: &[Diagnostic],
    meaning: &str,
) -> Result<u8, Failure> {
    let summary = Summary::of(found);
    if summary.error > 0 {
        say(
            console,
            global,
            format_args!("{meaning}: {}; `countersign check` shows them", summary.line()),
        )?;
    }
    Ok(verdict(found, false))
}

fn style(console: &Console<'_>) -> Style {
    Style {
        color: console.out_is_colored,
        width: console.width,
    }
}

/// Says a line to the person, unless told to be quiet.
fn say(console: &mut Console<'_>, global: &Global, line: impl std::fmt::Display) -> Result<(), Failure> {
    if !global.quiet {
        writeln!(console.err, "{line}")?;
    }
    Ok(())
}

/// Writes to standard output, or beside a file and renamed.
fn deliver(
    console: &mut Console<'_>,
    output: Option<&Path>,
    produce: impl FnOnce(&mut dyn Write, Style) -> std::io::Result<()>,
) -> Result<(), Failure> {
    match output {
        None => {
            let style = style(console);
            produce(console.out, style)?;
            console.out.flush()?;
        }
        Some(path) => {
            let path = console.folder.join(path);
            write_beside_with(&path, |file| {
                let mut out = BufWriter::new(file);
                produce(&mut out, Style::plain())?;
                out.flush()
            })?;
        }
    }
    Ok(())
}
