//! `sample`: what an auditor looks at, by the auditor's own seed.

use super::{deliver, say};
use crate::cli::args::{Global, PlanFormat, Sample};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::cli::job::{Asked, open_in};
use crate::cli::progress::Progress;
use crate::cli::time;
use crate::output::sample;
use crate::output::text::visible;
use crate::reconcile::{self, Stratum};

/// The longest seed, in bytes.
const SEED_BYTES: usize = 200;

pub(in crate::cli) fn sample(
    console: &mut Console<'_>,
    global: &Global,
    asked: &Sample,
) -> Result<u8, Failure> {
    refuse_seed(&asked.seed)?;
    let period = asked.period.as_deref().map(time::period).transpose()?;
    let progress = Progress::start(console, global, "drawing");
    let has_months = false;
    let job = open_in(console, global, &asked.at, Asked { period, has_months })?;
    let stratum = Stratum::parse(&job.repository, &asked.stratum)
        .map_err(|words| refused_stratum(&asked.stratum, &words))?;
    let scans = job.scans(console, &progress, &asked.scans)?;
    let register = job.register(&scans, period);
    let drawn = reconcile::sample(
        &register,
        stratum,
        &asked.seed,
        usize::try_from(asked.n).unwrap_or(usize::MAX),
    );
    drop(progress);
    if let Some(path) = &asked.population {
        deliver(console, Some(path), |out, _| {
            out.write_all(drawn.population_text().as_bytes())
        })?;
    }
    let report = sample::Report {
        sample: &drawn,
        as_of: job.as_of,
        period: register.period,
        commit: job.commit.as_deref(),
    };
    let format = match asked.format {
        PlanFormat::Human => sample::Format::Human,
        PlanFormat::Json => sample::Format::Json,
        PlanFormat::Csv => sample::Format::Csv,
    };
    deliver(console, asked.output.as_deref(), |out, style| {
        sample::write(&report, format, style, out)
    })?;
    if job.is_modified {
        say(
            console,
            global,
            "the work tree differs from its commit: nobody else can draw this sample again",
        )?;
    }
    Ok(CLEAN)
}

fn refuse_seed(seed: &str) -> Result<(), Failure> {
    let is_plain = seed.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if is_plain && seed == seed.trim() && (1..=SEED_BYTES).contains(&seed.len()) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the seed `{}` is not 1 to {SEED_BYTES} letters, digits, signs and blanks within; write one such as `AUD-0916`",
        visible(seed)
    )))
}

fn refused_stratum(word: &str, words: &[String]) -> Failure {
    let how = if words.iter().any(|one| one.ends_with(&format!(":{word}"))) {
        "more than one stratum is called"
    } else {
        "there is no stratum"
    };
    Failure::usage(format!("{how} `{word}`; write one of {}", words.join(", ")))
}
