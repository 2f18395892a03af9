//! `plan`: what to patch when.

use super::{deliver, say};
use crate::cli::args::{Global, Plan, PlanFormat};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::cli::job::open;
use crate::cli::progress::Progress;
use crate::output::plan;
use crate::reconcile;

pub(in crate::cli) fn plan(console: &mut Console<'_>, global: &Global, asked: &Plan) -> Result<u8, Failure> {
    let progress = Progress::start(console, global, "planning");
    let job = open(console, global, &asked.at)?;
    let scans = job.scans(console, &progress, &asked.scans)?;
    let register = job.register(&scans, None);
    let planned = reconcile::plan(&register);
    drop(progress);
    let report = plan::Report {
        plan: &planned,
        as_of: job.as_of,
        commit: job.commit.as_deref(),
    };
    let format = match asked.format {
        PlanFormat::Human => plan::Format::Human,
        PlanFormat::Json => plan::Format::Json,
        PlanFormat::Csv => plan::Format::Csv,
    };
    deliver(console, asked.output.as_deref(), |out, style| {
        plan::write(&report, format, style, out)
    })?;
    let patches: usize = planned.systems.iter().map(|system| system.patches.len()).sum();
    say(
        console,
        global,
        format_args!("{patches} missing patches as of {}", job.as_of),
    )?;
    Ok(CLEAN)
}
