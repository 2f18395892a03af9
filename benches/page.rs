//! The page of the results: what was measured, beside what, on which machine and by which command.

use std::fmt::Write as _;

use crate::formats::{FORMATS, IMPORT, Row, WHOLE};
use crate::measure::{Comparison, medians, milliseconds};
use crate::memory::Peak;

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/RESULTS.md");

/// Writes the page; whatever was not measured has no line in it.
pub(crate) fn write(comparisons: &[Comparison], rows: &[Row], peaks: &[Peak]) {
    let mut page = head();
    page += "\n## Formats\n\nThe ratio is the CPU time of `import and reconcile, one thread` to that of the line.\n";
    for row in rows {
        push_row(&mut page, row);
    }
    page += "\n## Threads and growth\n\n| | result | target |\n|---|---|---|\n";
    for row in rows {
        push_threads(&mut page, row);
    }
    push_growth(&mut page, rows);
    page += "\n## Stages\n\nBy CPU time, against the floor that was measured in the same run.\n\n| stage | beside | ratio | target |\n|---|---|---|---|\n";
    for comparison in comparisons {
        push_comparison(&mut page, comparison);
    }
    page += "\n## Memory of an import\n\nIn megabytes; kept is what a register is made from: the sightings, and what the checks say, each text once.\n\n\
             | import of | file | peak | kept | beyond |\n|---|---|---|---|---|\n";
    for peak in peaks {
        let Peak {
            name,
            file,
            peak,
            kept,
        } = peak;
        let beyond = peak - kept;
        let _ = writeln!(
            page,
            "| {name} | {file:.1} | {peak:.1} | {kept:.1} | {beyond:.1} |"
        );
    }
    std::fs::write(PLACE, page).unwrap();
    println!("\nwrote benches/RESULTS.md");
}

fn head() -> String {
    let cpu = fact("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = fact("/proc/meminfo", "MemTotal").unwrap_or_else(|| "unknown".to_owned());
    let findings = std::env::var("COUNTERSIGN_BENCH_FINDINGS").ok();
    let prefix = findings.map_or_else(String::new, |count| {
        format!("COUNTERSIGN_BENCH_FINDINGS={count} ")
    });
    format!(
        "# What the benches measured\n\nWritten by `{prefix}cargo bench -- --write`; do not edit.\n\n\
         Machine: {cpu}, {cores} cores, {memory} of memory, {}. Inputs are in the page cache; each figure is a median.\n\
         Every stage was checked to have found what is in its input.\n",
        std::env::consts::OS
    )
}

/// Reads the first value of a name from a file of the system.
fn fact(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn push_row(page: &mut String, row: &Row) {
    let _ = write!(
        page,
        "\n### {}, {} findings, {:.0} MB\n\n| | wall | CPU | ratio | target |\n|---|---|---|---|---|\n",
        row.format.name,
        row.findings,
        row.bytes as f64 / 1e6
    );
    let whole = medians(&row.stage(WHOLE[0]));
    let stages = IMPORT.into_iter().chain(WHOLE).map(|name| (name, None));
    let floors = row.floors().iter().map(|floor| (floor.name, floor.target));
    for (name, target) in stages.chain(floors) {
        let (Some((wall, cpu)), Some((_, whole))) = (medians(&row.stage(name)), whole) else {
            continue;
        };
        let ratio = whole.as_secs_f64() / cpu.as_secs_f64();
        let (wall, cpu, target) = (milliseconds(wall), milliseconds(cpu), verdict(ratio, target));
        let _ = writeln!(page, "| {name} | {wall} | {cpu} | {ratio:.2} | {target} |");
    }
}

fn verdict(ratio: f64, target: Option<f64>) -> String {
    target.map_or_else(String::new, |target| {
        let word = if ratio <= target { "met" } else { "missed" };
        format!("{target} ({word})")
    })
}

/// Writes what a second core brings.
fn push_threads(page: &mut String, row: &Row) {
    let [one, two] = WHOLE.map(|stage| medians(&row.stage(stage)));
    if let (Some((one, _)), Some((two, _))) = (one, two) {
        let ratio = two.as_secs_f64() / one.as_secs_f64();
        let (name, findings) = (row.format.name, row.findings);
        let target = verdict(ratio, Some(0.6));
        let _ = writeln!(
            page,
            "| {name}, {findings} findings: wall time of two threads to that of one | {ratio:.2} | {target} |"
        );
    }
}

/// Writes how the time of each format grows from the usual size to the larger one.
fn push_growth(page: &mut String, rows: &[Row]) {
    for format in FORMATS {
        let sizes: Vec<&Row> = rows.iter().filter(|row| row.format.name == format.name).collect();
        let [small, large] = sizes[..] else { continue };
        let [small_time, large_time] = [small, large].map(|row| medians(&row.stage(WHOLE[0])));
        if let (Some((_, small_time)), Some((_, large_time))) = (small_time, large_time) {
            let ratio = large_time.as_secs_f64() / small_time.as_secs_f64();
            let times = large.findings as f64 / small.findings as f64;
            let is_met = (0.8 * times..=1.2 * times).contains(&ratio);
            let word = if is_met { "met" } else { "missed" };
            let _ = writeln!(
                page,
                "| {}: CPU time at {} findings to that at {} | {ratio:.1} | {:.0} to {:.0} ({word}) |",
                format.name,
                large.findings,
                small.findings,
                0.8 * times,
                1.2 * times
            );
        }
    }
}

fn push_comparison(page: &mut String, comparison: &Comparison) {
    let Comparison {
        stage,
        floor,
        words,
        target,
    } = comparison;
    if let (Some((_, stage_time)), Some((_, floor_time))) = (medians(stage), medians(floor)) {
        let ratio = stage_time.as_secs_f64() / floor_time.as_secs_f64();
        let _ = writeln!(
            page,
            "| {stage} | {words} | {ratio:.2} | {} |",
            verdict(ratio, *target)
        );
    }
}
