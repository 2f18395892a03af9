//! `trace`: a finding from its beginning.

use super::{say, style};
use crate::cli::args::{Global, Trace};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::cli::job::open;
use crate::cli::progress::Progress;
use crate::model::Date;
use crate::output::text::visible;
use crate::output::trace;
use crate::reconcile::{self, Period};

pub(in crate::cli) fn trace(
    console: &mut Console<'_>,
    global: &Global,
    trace: &Trace,
) -> Result<u8, Failure> {
    let job = open(console, global, &trace.at)?;
    let progress = Progress::start(console, global, "tracing");
    let scans = job.scans(console, &progress, &trace.scans)?;
    drop(progress);
    // Every life counts here, however long ago it ended.
    let always = Period {
        from: Date(chrono::NaiveDate::MIN),
        to: job.as_of.day(),
    };
    let register = job.register(&scans, Some(always));
    let traces = reconcile::trace(&register, &scans, &trace.machine, &trace.vuln);
    if traces.is_empty() {
        return Err(Failure::usage(format!(
            "no run has seen `{}` on a host `{}`; `countersign reconcile` lists what was seen where",
            visible(&trace.vuln),
            visible(&trace.machine)
        )));
    }
    let report = trace::Report {
        traces: &traces,
        as_of: job.as_of,
        commit: job.commit.as_deref(),
        missing_history: register.missing_history,
    };
    let style = style(console);
    trace::write(&report, trace.format.into(), style, console.out)?;
    if traces.len() > 1 {
        say(
            console,
            global,
            format_args!("{} findings go by these names", traces.len()),
        )?;
    }
    Ok(CLEAN)
}
