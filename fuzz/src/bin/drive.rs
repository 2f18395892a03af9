//! Runs a target without an engine, on any toolchain: seeds changed by chance, the same chances every time.
//!
//! `cargo run --release --no-default-features --bin drive -- TARGET SECONDS [NUMBER]`; NUMBER begins another row
//! of chances. What makes a target panic is written to `fuzz/artifacts/<target>/`, and the run ends with 1.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// An input may take this long and no longer.
const MAX_TIME: Duration = Duration::from_secs(10);
/// Pieces of text that parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"'",
    b"<",
    b">",
    b"&",
    b"&#0;",
    b"]]>",
    b"<!--",
    b"<![CDATA[",
    b"<!DOCTYPE a [<!ENTITY b \"c\">]>",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b";",
    b"\t",
    b"\r\n",
    b"\n",
    b"\0",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"NaN",
    b"\\u0000",
    b"\\ud800",
    b"\x1b[2J",
    b"2026-02-30",
    b"0000-00-00",
    b"9999-12-31T23:59:60Z",
    b"CVE-2026-0000000000000000",
    b"*a",
    b"&a",
    b"!!x",
    b"? ",
    b"- ",
    b"|",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"\x28\xb5\x2f\xfd",
];

/// A row of numbers that nobody chose, the same for the same beginning.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds, rest @ ..] = &words[..] else {
        eprintln!("drive TARGET SECONDS [NUMBER]");
        return ExitCode::from(2);
    };
    let found = countersign_fuzz::TARGETS.iter().find(|(known, _)| known == name);
    let (Some((name, target)), Ok(seconds)) = (found, seconds.parse()) else {
        let known: Vec<&str> = countersign_fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
        eprintln!("targets are {}", known.join(", "));
        return ExitCode::from(2);
    };
    let number: u64 = rest.first().and_then(|number| number.parse().ok()).unwrap_or(1);
    drive(
        name,
        *target,
        Duration::from_secs(seconds),
        &mut Chance(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
    )
}

fn drive(name: &str, target: countersign_fuzz::Target, time: Duration, chance: &mut Chance) -> ExitCode {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = read(&fuzz.join("corpus").join(name));
    if seeds.is_empty() {
        eprintln!("there are no seeds; run `cargo run --no-default-features --bin seeds`");
        return ExitCode::from(2);
    }
    let start = Instant::now();
    let (mut runs, mut slowest) = (0_u64, Duration::ZERO);
    while start.elapsed() < time {
        let mut data = match usize::try_from(runs).ok().and_then(|run| seeds.get(run)) {
            // First each seed as it is.
            Some(seed) => seed.clone(),
            None => changed(&seeds, chance),
        };
        data.truncate(1 << 18);
        let begin = Instant::now();
        let outcome = std::panic::catch_unwind(|| target(&data));
        let took = begin.elapsed();
        slowest = slowest.max(took);
        if outcome.is_err() || took > MAX_TIME {
            let folder = fuzz.join("artifacts").join(name);
            let path = folder.join(format!("drive-{runs}"));
            let _ = std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(&path, &data));
            eprintln!("{name}: run {runs} failed after {took:?}: {}", path.display());
            return ExitCode::FAILURE;
        }
        runs += 1;
    }
    println!(
        "{name}: {runs} runs in {:?}, the slowest {slowest:?}",
        start.elapsed()
    );
    ExitCode::SUCCESS
}

/// One to eight changes of a seed.
fn changed(seeds: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut data = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(8) {
        let at = chance.below(data.len() + 1);
        let end = (at + 1 + chance.below(32)).min(data.len());
        let at = at.min(end);
        match chance.below(8) {
            0 => drop(data.drain(at..end)),
            1 => data.truncate(at),
            2 if at < data.len() => data[at] ^= 1 << chance.below(8),
            3 => drop(data.splice(at..at, PIECES[chance.below(PIECES.len())].iter().copied())),
            4 => drop(data.splice(at..end, PIECES[chance.below(PIECES.len())].iter().copied())),
            5 => {
                let piece = data[at..end].to_vec();
                let times = 1 << chance.below(10);
                drop(data.splice(at..at, piece.repeat(times)));
            }
            6 => {
                let other = &seeds[chance.below(seeds.len())];
                let from = chance.below(other.len());
                let to = (from + 1 + chance.below(256)).min(other.len());
                drop(data.splice(at..end, other[from.min(to)..to].iter().copied()));
            }
            _ if at < data.len() => data[at] = u8::try_from(chance.below(256)).unwrap_or(0),
            _ => {}
        }
    }
    data
}

fn read(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}
