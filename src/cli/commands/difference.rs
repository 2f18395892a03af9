//! `render --document posture-diff`: what changed between two moments.

use super::publish::BANNER;
use super::publish::{destination, provenance, templates};
use super::{say, tell_errors};
use crate::check::changes_of;
use crate::cli::args::{Global, Render};
use crate::cli::change::between;
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Job, open_at};
use crate::cli::progress::Progress;
use crate::document::{Earlier, Format, render_difference};
use crate::output::text::visible;
use crate::reconcile::Period;
use crate::source::write::write_folder;

pub(super) fn difference(
    console: &mut Console<'_>,
    global: &Global,
    render: &Render,
    (from, to): (&str, &str),
    formats: &[Format],
) -> Result<u8, Failure> {
    if render.at.at.is_some() || render.period.is_some() || global.as_of.is_some() {
        return Err(Failure::usage(
            "`--from` and `--to` say the moments of `posture-diff`; leave `--at`, `--as-of` and `--period` out",
        ));
    }
    let progress = Progress::start(console, global, "comparing");
    let (then, now) = (open_at(console, global, from)?, open_at(console, global, to)?);
    refuse_order(&then, &now, (from, to))?;
    let out = destination(console, &now, &render.out)?;
    let scans = (
        then.scans(console, &progress, &render.scans)?,
        now.scans(console, &progress, &render.scans)?,
    );
    let earlier = then.register(&scans.0, None);
    // What was closed since the earlier moment must be there, and the twelve months that the figures are over.
    let year = Period::year_before(now.as_of);
    let since = Period {
        from: then.as_of.day(),
        to: now.as_of.day(),
    };
    let whole = Period {
        from: year.from.min(since.from),
        to: year.to,
    };
    let mut later = now.register(&scans.1, Some(whole));
    if let Some(figures) = later.figures_of([year]).pop() {
        later.kpis = figures;
    }
    later.period = since;
    let found = (
        then.diagnostics(&earlier, &scans.0),
        now.diagnostics(&later, &scans.1),
    );
    let change = between(&then, &now, from)?;
    let changes = changes_of(&later, &change);
    let provenances = (provenance(&then, &found.0)?, provenance(&now, &found.1)?);
    let earlier = Earlier {
        register: &earlier,
        provenance: &provenances.0,
        changes: &changes,
        names: (from, to),
    };
    let files = render_difference(formats, &later, &provenances.1, &earlier, &templates(&now)?)
        .map_err(|error| Failure::usage(format!("the document cannot be made: {error}")))?;
    write_folder(&out, &files)?;
    drop(progress);
    say(
        console,
        global,
        format_args!(
            "{} files in {}, from {} to {}: {}",
            files.len(),
            visible(&out.display().to_string()),
            then.as_of,
            now.as_of,
            visible(&changes.headline)
        ),
    )?;
    tell_errors(console, global, &found.1, BANNER)
}

fn refuse_order(then: &Job, now: &Job, (from, to): (&str, &str)) -> Result<(), Failure> {
    if then.as_of.instant() < now.as_of.instant() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "`--from {from}` is {}, and `--to {to}` is {}, which is not later; name the earlier moment first",
        then.as_of, now.as_of
    )))
}
