//! `diff`.

use super::{say, style};
use crate::check::changes_of;
use crate::cli::args::{Diff, DiffFormat, Global};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::cli::job::open_against;
use crate::cli::progress::Progress;
use crate::output::{Style, changes};
use crate::source::write::write_beside_with;

pub(in crate::cli) fn diff(console: &mut Console<'_>, global: &Global, diff: &Diff) -> Result<u8, Failure> {
    let progress = Progress::start(console, global, "comparing");
    let job = open_against(console, global, &diff.at, Some(&diff.base))?;
    let scans = job.scans(console, &progress, &diff.scans)?;
    let register = job.register(&scans, None);
    let Some(change) = &job.change else {
        return Err(Failure::usage(format!(
            "`{}` is no base to compare with",
            diff.base
        )));
    };
    let found = changes_of(&register, change);
    drop(progress);
    let report = changes::Report {
        changes: &found,
        sources: &job.repository.sources,
        as_of: job.as_of,
        base: (&change.base_name, &change.base_commit),
        commit: job.commit.as_deref(),
    };
    let format = match diff.format {
        DiffFormat::Human => changes::Format::Human,
        DiffFormat::Json => changes::Format::Json,
        DiffFormat::Md => changes::Format::Markdown,
    };
    let style = style(console);
    changes::write(&report, format, style, console.out)?;
    console.out.flush()?;
    if let Some(path) = &diff.summary {
        let path = console.folder.join(path);
        write_beside_with(&path, |file| {
            let mut out = std::io::BufWriter::new(file);
            changes::write(&report, changes::Format::Markdown, Style::plain(), &mut out)?;
            std::io::Write::flush(&mut out)
        })?;
    }
    say(console, global, &found.headline)?;
    Ok(CLEAN)
}
