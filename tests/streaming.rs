//! Output that is written as it is made, and readers that go away.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};
use countersign::cli::{Console, run};

/// Makes an export with so many findings on one host.
pub(crate) fn large_export(findings: usize) -> Vec<u8> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("example-repo/imports/src-nessus/weekly-2026-09-27.nessus");
    let text = std::fs::read_to_string(example).unwrap();
    let start = text.find("<ReportItem").unwrap();
    let mut made = text[..start].to_owned();
    for number in 0..findings {
        let id = 900_000 + number;
        made += &format!(
            "<ReportItem port=\"0\" svc_name=\"general\" protocol=\"tcp\" severity=\"3\" pluginID=\"{id}\" \
             pluginName=\"Outdated package {id}\" pluginFamily=\"Test\"><risk_factor>High</risk_factor></ReportItem>\n"
        );
    }
    (made + &text[start..]).into_bytes()
}

/// Notes how large the pieces are that are written to it.
#[derive(Default)]
struct Pieces {
    lines: usize,
    largest: usize,
    whole: usize,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.largest = self.largest.max(bytes.len());
        self.whole += bytes.len();
        self.lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_of_findings_are_never_held() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("large.nessus"), large_export(3000)).unwrap();
    let (mut out, mut err) = (Pieces::default(), Vec::new());
    let now: DateTime<Utc> = "2026-11-22T12:00:00Z".parse().unwrap();
    let mut console = Console {
        out: &mut out,
        err: &mut err,
        now,
        folder: folder.path().to_path_buf(),
        out_is_colored: false,
        err_is_terminal: false,
        can_ask: false,
        width: usize::MAX,
    };
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo");
    let mut line: Vec<OsString> = [
        "countersign",
        "reconcile",
        "--format",
        "jsonl",
        "--as-of",
        "2026-09-30",
    ]
    .map(Into::into)
    .into();
    line.extend([
        "--scan".into(),
        "large.nessus".into(),
        "--repo".into(),
        example.into(),
    ]);
    run(line, &mut console);
    let said = String::from_utf8(err).unwrap();
    assert!(out.lines >= 3000, "{} lines; {said}", out.lines);
    // Nothing larger than a line reaches the stream in one piece.
    assert!(out.largest * 500 < out.whole, "{} of {}", out.largest, out.whole);
}

#[test]
fn a_reader_that_goes_away_does_not_change_the_verdict() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("large.nessus"), large_export(3000)).unwrap();
    for format in ["jsonl", "json", "csv", "human"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args([
                "reconcile",
                "--as-of",
                "2026-09-30",
                "--scan",
                "large.nessus",
                "--format",
                format,
            ])
            .arg("--repo")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("example-repo"))
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
        reader.read_line(&mut first).unwrap();
        drop(reader);
        let out = child.wait_with_output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        let code = out.status.code();
        assert_eq!(
            code,
            Some(1),
            "{format}: the verdict is that of the whole run: {said}"
        );
        assert!(
            !said.contains("error: ") && !said.contains("panicked"),
            "{format}: {said}"
        );
        assert!(!first.is_empty(), "{format}");
    }
}
