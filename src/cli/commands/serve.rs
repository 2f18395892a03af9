//! `serve`: the portal on this machine, made anew whenever the records change.

use std::path::Path;
use std::time::Duration;

use super::pages::documents;
use super::say;
use crate::cli::args::{At, Global, Serve};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::job::{Asked, open_in, root};
use crate::cli::loopback::{Built, Stand, answer_all, listen};
use crate::cli::progress::Progress;
use crate::document::{Format, PORTAL};
use crate::output::text::visible;
use crate::source::stamp;
use crate::source::write::Files;

/// How often the folder is looked at.
const PAUSE: Duration = Duration::from_secs(1);
/// The first page.
const START: &str = "D13.html";

/// Serves until the process is stopped.
pub(in crate::cli) fn serve(
    console: &mut Console<'_>,
    global: &Global,
    serve: &Serve,
) -> Result<u8, Failure> {
    let root = root(console, global)?;
    let mut seen = state(console, global, &root)?;
    let files = build(console, global, serve)?;
    let stand = Stand::new(
        Built {
            files,
            version: seen.clone(),
        },
        START,
    );
    let (listener, port) = listen(serve.port).map_err(|error| {
        Failure::usage(format!(
            "port {} cannot be opened ({error}); name another with `--port N`",
            serve.port
        ))
    })?;
    writeln!(console.out, "http://127.0.0.1:{port}/")?;
    console.out.flush()?;
    say(console, global, "this machine alone can read it; Ctrl-C ends it")?;
    let answering = stand.clone();
    std::thread::spawn(move || answer_all(&listener, port, &answering));
    let mut failed = String::new();
    loop {
        std::thread::sleep(PAUSE);
        look_at_clock(console);
        // A folder that cannot be listed is being moved about, and is looked at again.
        let Some(now) = state(console, global, &root).ok().filter(|now| *now != seen) else {
            continue;
        };
        match build(console, global, serve) {
            Ok(files) => {
                failed.clear();
                stand.put(Built {
                    files,
                    version: now.clone(),
                });
            }
            Err(failure) => {
                let text = format!("{:#}", failure.error);
                if text != failed {
                    say(
                        console,
                        global,
                        format_args!("the pages stay as they were: {}", visible(&text)),
                    )?;
                    failed = text;
                }
            }
        }
        seen = now;
    }
}

/// Returns another word whenever the pages may have changed: with the folder and, where no day is named, with the day.
fn state(console: &Console<'_>, global: &Global, root: &Path) -> anyhow::Result<String> {
    let stamp = stamp(root)?;
    Ok(match &global.as_of {
        Some(_) => stamp,
        None => format!("{stamp} {}", console.now.date_naive()),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this room reads the clock, and a server that runs for days reads it again"
)]
fn look_at_clock(console: &mut Console<'_>) {
    console.now = chrono::Utc::now();
}

fn build(console: &mut Console<'_>, global: &Global, serve: &Serve) -> Result<Files, Failure> {
    let asked = Asked {
        period: None,
        has_months: true,
    };
    let job = open_in(console, global, &At::default(), asked)?;
    let progress = Progress::start(console, global, "reading");
    let scans = job.scans(console, &progress, &serve.scans)?;
    drop(progress);
    let mut register = job.register(&scans, None);
    register.months = job.months(&scans, &register);
    let found = job.diagnostics(&register, &scans);
    documents(&job, &register, &found, (&[PORTAL], &[Format::Html]), true)
}
