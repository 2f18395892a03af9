//! Samples of wall and CPU time by name, and the table that lays each stage beside its floor.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::formats::{IMPORT, Row, WHOLE};

static SAMPLES: Mutex<BTreeMap<String, Vec<Sample>>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy)]
struct Sample {
    wall: Duration,
    /// Of all threads together; `None` where the system does not say.
    cpu: Option<Duration>,
}

/// A stage, and what it is measured against.
pub(crate) struct Comparison {
    pub(crate) stage: &'static str,
    pub(crate) floor: &'static str,
    pub(crate) words: &'static str,
    /// The most that the stage is meant to cost, as a ratio to the floor.
    pub(crate) target: Option<f64>,
}

/// Does the work once and keeps how long it took.
pub(crate) fn sample<T>(name: impl Into<String>, work: impl FnOnce() -> T) -> T {
    let (cpu, start) = (cpu_time(), Instant::now());
    let result = work();
    let wall = start.elapsed();
    let cpu = cpu.and_then(|before| cpu_time()?.checked_sub(before));
    if let Ok(mut samples) = SAMPLES.lock() {
        samples.entry(name.into()).or_default().push(Sample { wall, cpu });
    }
    result
}

/// Runs a program of one thread once and keeps how long it took; what it prints is dropped.
pub(crate) fn sample_program(name: impl Into<String>, program: &mut std::process::Command) {
    let start = Instant::now();
    let status = program.stdout(std::process::Stdio::null()).status();
    let wall = start.elapsed();
    assert!(status.is_ok_and(|status| status.success()), "{program:?}");
    if let Ok(mut samples) = SAMPLES.lock() {
        let sample = Sample { wall, cpu: None };
        samples.entry(name.into()).or_default().push(sample);
    }
}

/// Returns the time that all threads have run, those included that have ended.
#[cfg(unix)]
fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(
        time.tv_sec.try_into().ok()?,
        time.tv_nsec.try_into().ok()?,
    ))
}

#[cfg(not(unix))]
fn cpu_time() -> Option<Duration> {
    None
}

/// Returns the medians of wall and CPU time; the CPU time is the wall time where the system does not say.
fn median(samples: &[Sample]) -> (Duration, Duration) {
    let middle = |mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let wall = samples.iter().map(|sample| sample.wall).collect();
    let cpu = samples
        .iter()
        .map(|sample| sample.cpu.unwrap_or(sample.wall))
        .collect();
    (middle(wall), middle(cpu))
}

/// Returns the medians of wall and CPU time of a stage, when it was sampled.
pub(crate) fn medians(name: &str) -> Option<(Duration, Duration)> {
    let samples = SAMPLES.lock().ok()?;
    samples.get(name).map(|samples| median(samples))
}

/// Prints a format at one size: its stages, then its floors and what the whole is beside each.
pub(crate) fn print_row(row: &Row) {
    println!(
        "\n{:<44} {:>12} {:>12} {:>10}",
        format!(
            "{}, {} findings, {:.0} MB",
            row.format.name,
            row.findings,
            row.bytes as f64 / 1e6
        ),
        "wall",
        "cpu",
        "ratio"
    );
    let whole = medians(&row.stage(WHOLE[0]));
    let floors = row.floors().iter().map(|floor| floor.name);
    for name in IMPORT.into_iter().chain(WHOLE).chain(floors) {
        let Some((wall, cpu)) = medians(&row.stage(name)) else {
            continue;
        };
        let ratio = whole.map_or(0.0, |(_, whole)| whole.as_secs_f64() / cpu.as_secs_f64());
        println!(
            "{name:<44} {:>12} {:>12} {ratio:>9.2}x",
            milliseconds(wall),
            milliseconds(cpu)
        );
    }
}

/// Prints the medians of what was sampled, and each stage beside its floor by CPU time.
pub(crate) fn print(comparisons: &[Comparison]) {
    let samples = SAMPLES.lock().map(|samples| samples.clone()).unwrap_or_default();
    if samples.is_empty() {
        return;
    }
    println!("\n{:<28} {:>12} {:>12} {:>6}", "median of", "wall", "cpu", "runs");
    for (name, samples) in &samples {
        let (wall, cpu) = median(samples);
        println!(
            "{name:<28} {:>12} {:>12} {:>6}",
            milliseconds(wall),
            milliseconds(cpu),
            samples.len()
        );
    }
    println!();
    for Comparison {
        stage,
        floor,
        words,
        target,
    } in comparisons
    {
        let (Some(stage_samples), Some(floor_samples)) = (samples.get(*stage), samples.get(*floor)) else {
            continue;
        };
        let ratio = median(stage_samples).1.as_secs_f64() / median(floor_samples).1.as_secs_f64();
        let verdict = match target {
            Some(target) if ratio <= *target => format!(" (target {target}x: met)"),
            Some(target) => format!(" (target {target}x: missed)"),
            None => String::new(),
        };
        println!("{stage}: {ratio:.2}x {words}{verdict}");
    }
}

/// Prints what one piece of the work costs, when the stage was sampled.
pub(crate) fn print_each(stage: &str, pieces: usize, unit: &str) {
    let samples = SAMPLES.lock().map(|samples| samples.clone()).unwrap_or_default();
    if let Some(samples) = samples.get(stage) {
        let each = median(samples).1.as_secs_f64() * 1e6 / pieces as f64;
        println!("{stage}: {each:.2} µs of CPU a {unit}");
    }
}

/// Prints what one piece of the work adds, when both stages were sampled.
pub(crate) fn print_more((with, without): (&str, &str), pieces: usize, unit: &str) {
    let samples = SAMPLES.lock().map(|samples| samples.clone()).unwrap_or_default();
    if let (Some(with), Some(without)) = (samples.get(with), samples.get(without)) {
        let more = median(with).1.saturating_sub(median(without).1);
        let each = more.as_secs_f64() * 1e6 / pieces as f64;
        println!("{each:.1} µs of CPU more a {unit}");
    }
}

pub(crate) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
