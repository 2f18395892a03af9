//! Imports that are killed, that find the disk full, that run at once: the ledger is whole, the next run goes on.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{EXPORTS, Lab};

type Export<'a> = (&'a str, &'a str);

/// Where the smallest block of a disk ends.
const PAGE: u64 = 4096;

/// Runs the program itself; `before` is put in front of it in a shell.
fn program(lab: &Lab, before: &str, (source, file): Export<'_>) -> Command {
    let export = lab.root().join("imports").join(source).join(file);
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!(
            "{before} exec \"$0\" import --repo \"$1\" --source \"$2\" \"$3\""
        ))
        .arg(env!("CARGO_BIN_EXE_countersign"))
        .arg(lab.root())
        .arg(source)
        .arg(export)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A number that nobody chose, the same in every run of the test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: Duration) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let end = u64::try_from(end.as_micros()).unwrap().max(1);
        Duration::from_micros((self.0 >> 33) % end)
    }
}

/// Waits until an import has taken the ledger, which is when it begins to write, or is done.
fn wait_for_lock(lab: &Lab, child: &mut Child) {
    let lock = lab.root().join("ledger/.lock");
    while !lock.exists() && child.try_wait().unwrap().is_none() {
        std::hint::spin_loop();
    }
}

fn kill(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Says how long an import takes, and how long it then holds the ledger.
fn times(export: Export<'_>) -> (Duration, Duration) {
    let lab = Lab::new();
    let start = Instant::now();
    let mut child = program(&lab, "", export).spawn().unwrap();
    wait_for_lock(&lab, &mut child);
    let taken = start.elapsed();
    assert!(child.wait().unwrap().success());
    (start.elapsed(), start.elapsed() - taken)
}

/// Asserts that nothing is wrong but, at most, that an import was killed; tells whether one was.
fn is_unfinished(lab: &Lab) -> bool {
    let (code, out, err) = lab.verify();
    let is_unfinished = out.contains("an import was killed");
    assert!(
        out.lines().count() <= 1 && is_unfinished != out.is_empty(),
        "{out}{err}"
    );
    assert_eq!(code == 0, !is_unfinished, "{out}{err}");
    is_unfinished
}

#[test]
fn killed_at_any_point_the_ledger_is_whole_and_the_next_run_goes_on() {
    let lab = Lab::new();
    let expected = lab.register();
    let (whole, holding) = times(EXPORTS[3]);
    let mut dice = Dice(42);
    let (mut before, mut within, mut after) = (0, 0, 0);
    for (number, export) in EXPORTS.iter().enumerate() {
        for turn in 0..4 {
            let mut child = program(&lab, "", *export).spawn().unwrap();
            if turn % 4 == 0 {
                std::thread::sleep(dice.below(whole));
            } else {
                wait_for_lock(&lab, &mut child);
                std::thread::sleep(dice.below(holding));
            }
            kill(&mut child);
            let is_there = lab
                .root()
                .join(format!("imports/manifest/{:06}.yaml", number + 1))
                .exists();
            match (is_unfinished(&lab), is_there) {
                (true, _) => within += 1,
                (false, true) => after += 1,
                (false, false) => before += 1,
            }
        }
        lab.import_all([export]);
        assert!(!is_unfinished(&lab));
    }
    println!(
        "killed {before} times before, {within} times between segment and statement, {after} times after"
    );
    assert!(before > 0, "no import was killed");
    assert_eq!(lab.segments().len(), EXPORTS.len());
    assert_eq!(expected, lab.register());
}

#[test]
fn an_import_that_waits_goes_on_where_the_one_before_it_is_killed() {
    let lab = Lab::new();
    let (_, holding) = times(EXPORTS[3]);
    let mut dice = Dice(7);
    for pair in EXPORTS.chunks(2) {
        let mut first = program(&lab, "", pair[0]).spawn().unwrap();
        wait_for_lock(&lab, &mut first);
        let mut second = program(&lab, "", pair[1]).spawn().unwrap();
        std::thread::sleep(dice.below(holding));
        kill(&mut first);
        assert!(second.wait().unwrap().success());
        assert!(!is_unfinished(&lab));
        lab.import_all(&pair[..1]);
    }
    assert_eq!(lab.segments().len(), EXPORTS.len());
    assert!(!is_unfinished(&lab));
}

#[test]
fn an_unsigned_import_takes_no_signature_over_from_a_killed_one() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS[..1]);
    let root = lab.root();
    std::fs::write(root.join("ledger/000002.jsonl"), "{\"ledger\":1").unwrap();
    std::fs::write(root.join("imports/manifest/000002.yaml.sig"), "of the killed one").unwrap();
    lab.import_all(&EXPORTS[3..4]);
    let (code, _, err) = lab.verify();
    assert_eq!(code, 0);
    assert!(err.contains("0 of the imports signed"), "{err}");
}

#[test]
fn where_no_file_may_grow_nothing_is_half_written() {
    let lab = Lab::new();
    lab.import_all(&EXPORTS[..1]);
    let head = lab.head();
    let status = program(&lab, "ulimit -f 0;", EXPORTS[4]).status().unwrap();
    assert!(!status.success());
    assert_eq!(lab.head(), head);
    lab.import_all(&EXPORTS[4..5]);
    assert_eq!(lab.segments().len(), 2);
}

/// A small disk of memory, gone when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// Mounts one; `None`, and loudly, where this is not allowed.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(folder.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: no disk of memory may be mounted here, so that no full disk was tried");
        None
    }

    /// Fills it, but for so many pages.
    fn fill(&self, pages: u64) {
        let path = self.filler();
        let mut filler = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        while filler.write_all(&[0; PAGE as usize]).is_ok() {}
        let size = std::fs::metadata(&path).unwrap().len();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(size - size % PAGE - pages * PAGE)
            .unwrap();
    }

    fn filler(&self) -> std::path::PathBuf {
        self.path().join("filler")
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}

#[test]
fn with_the_disk_full_nothing_is_half_written() {
    let Some(disk) = Disk::mount() else { return };
    let lab = Lab::on(tempfile::tempdir_in(disk.path()).unwrap());
    lab.import_all(&EXPORTS[..1]);
    let head = lab.head();
    let mut refused = 0;
    // With every page more the import comes a step further, until it has all that it needs.
    for pages in 0..64 {
        disk.fill(pages);
        let (code, _, err) = lab.import(EXPORTS[4].0, EXPORTS[4].1);
        let left: Vec<_> = lab.segments().into_iter().filter(|path| path.is_dir()).collect();
        assert!(left.is_empty(), "{left:?}");
        if code == 0 {
            break;
        }
        assert!(err.contains("No space left"), "{code} {err}");
        refused += 1;
        std::fs::remove_file(disk.filler()).unwrap();
        if !is_unfinished(&lab) {
            assert_eq!(lab.head(), head);
        }
    }
    assert!(refused > 1, "the disk was never full");
    std::fs::remove_file(disk.filler()).unwrap();
    assert!(!is_unfinished(&lab));
    lab.import_all(&EXPORTS[5..6]);
    assert_eq!(lab.segments().len(), 3);
}

#[test]
fn imports_at_once_are_segments_one_after_the_other() {
    let lab = Lab::new();
    let expected = lab.register();
    let children: Vec<_> = EXPORTS
        .iter()
        .map(|export| program(&lab, "", *export).spawn().unwrap())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(lab.segments().len(), EXPORTS.len());
    assert_eq!(lab.verify().0, 0);
    assert_eq!(expected, lab.register());
}
