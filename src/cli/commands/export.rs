//! `export`: files for other systems.

use super::publish::{destination, provenance};
use super::{say, tell_errors};
use crate::cli::args::{Export, Global};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Asked, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::diagnostic::counted;
use crate::output::text::visible;
use crate::source::write::write_folder;

pub(in crate::cli) fn export(
    console: &mut Console<'_>,
    global: &Global,
    arguments: &Export,
) -> Result<u8, Failure> {
    let period = arguments.period.as_deref().map(time::period).transpose()?;
    let progress = Progress::start(console, global, "exporting");
    let has_months = false;
    let job = open_in(console, global, &arguments.at, Asked { period, has_months })?;
    let out = destination(console, &job, &arguments.out)?;
    let scans = job.scans(console, &progress, &arguments.scans)?;
    let register = job.register(&scans, period);
    let found = job.diagnostics(&register, &scans);
    let exported = crate::export::export(arguments.kind, &register, &provenance(&job, &found)?);
    write_folder(&out, &exported.files)?;
    drop(progress);
    for why in &exported.left_out {
        say(console, global, visible(why))?;
    }
    let files = counted(exported.files.len() as u64, "file");
    let place = out.display().to_string();
    say(
        console,
        global,
        format_args!("{files} in {}, as of {}", visible(&place), job.as_of),
    )?;
    tell_errors(console, global, &found, "the files were made all the same")
}
