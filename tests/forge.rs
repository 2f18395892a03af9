//! The files that let a forge judge pull requests: safe by their form, and run step by step.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::anchors::Lab;
use super::attest_keys::has_peer;

const WORKFLOWS: [&str; 2] = [
    "src/author/skeleton/.github/workflows/countersign.yml",
    ".github/actions/countersign/action.yml",
];

fn text(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn yaml(path: &str) -> Value {
    serde_yaml::from_str(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn steps(document: &Value) -> Vec<Value> {
    let jobs = document["jobs"].as_object();
    let lists = jobs.map_or_else(
        || vec![&document["runs"]["steps"]],
        |jobs| jobs.values().map(|job| &job["steps"]).collect(),
    );
    lists
        .into_iter()
        .flat_map(|list| list.as_array().unwrap().clone())
        .collect()
}

#[test]
fn the_example_has_what_init_writes() {
    for path in [
        ".github/workflows/countersign.yml",
        ".github/countersign-version",
        ".github/CODEOWNERS",
        ".gitlab-ci.yml",
    ] {
        assert_eq!(
            text(&format!("example-repo/{path}")),
            text(&format!("src/author/skeleton/{path}")),
            "{path}"
        );
    }
}

#[test]
pub(crate) fn a_pull_request_gets_no_rights_and_brings_no_tool() {
    let document = yaml(WORKFLOWS[0]);
    // `on` is a word for true to this reader of YAML, as to others.
    let triggers = document.get("on").or_else(|| document.get("true")).unwrap();
    for trigger in ["pull_request", "merge_group", "schedule"] {
        assert!(triggers.get(trigger).is_some(), "{trigger}");
    }
    assert!(triggers.get("pull_request_target").is_none());
    assert_eq!(document["permissions"], serde_json::json!({"contents": "read"}));
    assert!(
        document["jobs"]
            .as_object()
            .unwrap()
            .values()
            .all(|job| job.get("permissions").is_none())
    );
    let checkout = &steps(&document)[0];
    assert_eq!(checkout["with"]["fetch-depth"], 0);
    assert_eq!(checkout["with"]["persist-credentials"], false);
    for path in WORKFLOWS {
        let whole = text(path);
        assert!(
            !whole.contains("secrets.") && !whole.contains("--as-of"),
            "{path}"
        );
        for step in steps(&yaml(path)) {
            if let Some(uses) = step["uses"].as_str() {
                let (_, pin) = uses.split_once('@').unwrap();
                assert!(
                    pin.len() == 40 && pin.bytes().all(|byte| byte.is_ascii_hexdigit()),
                    "{uses}"
                );
                assert!(
                    text(".github/workflows/ci.yml").contains(uses)
                        || text(".github/workflows/release.yml").contains(uses),
                    "{uses}"
                );
            }
            // What somebody else may name reaches a shell in a variable only.
            let run = step["run"].as_str().unwrap_or_default();
            assert!(!run.contains("${{"), "{path}: {run}");
        }
    }
    let gitlab = yaml("src/author/skeleton/.gitlab-ci.yml");
    assert_eq!(gitlab["countersign"]["variables"]["GIT_DEPTH"], "0");
}

#[test]
fn every_script_is_one_that_bash_reads() {
    if !has_peer("bash") {
        return;
    }
    let mut scripts: Vec<String> = WORKFLOWS
        .iter()
        .flat_map(|path| steps(&yaml(path)))
        .filter_map(|step| step["run"].as_str().map(str::to_owned))
        .collect();
    let gitlab = yaml("src/author/skeleton/.gitlab-ci.yml");
    scripts.push(gitlab["countersign"]["script"][0].as_str().unwrap().to_owned());
    assert_eq!(scripts.len(), 9);
    for script in scripts {
        let output = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
        assert!(
            output.status.success(),
            "{}\n{script}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A runner: a clone of a lab, and a `curl` that brings what lies in a folder.
struct Runner {
    lab: Lab,
    folder: tempfile::TempDir,
}

impl Runner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runner = Self {
            lab: Lab::new(),
            folder,
        };
        std::fs::create_dir_all(runner.path("tools")).unwrap();
        runner.program("tools/curl", "out=\nwhile [ $# -gt 0 ]; do case \"$1\" in --output) out=$2; shift;; esac; last=$1; shift; done\nprintf '%s\\n' \"$last\" >> \"$ASKED\"\ncp \"$RELEASE\" \"$out\"\n");
        let release = runner.path("release/countersign-v1.2.3-x86_64-unknown-linux-gnu");
        std::fs::create_dir_all(&release).unwrap();
        runner.program(
            "release/countersign-v1.2.3-x86_64-unknown-linux-gnu/countersign",
            &format!("exec {} \"$@\"\n", env!("CARGO_BIN_EXE_countersign")),
        );
        let packed = Command::new("tar")
            .current_dir(runner.path("release"))
            .args([
                "-czf",
                "../release.tar.gz",
                "countersign-v1.2.3-x86_64-unknown-linux-gnu",
            ])
            .status()
            .unwrap();
        assert!(packed.success());
        runner
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, script: &str) {
        std::fs::write(self.path(name), format!("#!/bin/sh\n{script}")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn pin(&self, sha256: &str) {
        self.lab.put(
            ".github/countersign-version",
            &format!("version: 1.2.3\nsha256: {sha256}\nreleases: https://releases.example/download\n"),
        );
    }

    fn digest(&self) -> String {
        let bytes = std::fs::read(self.path("release.tar.gz")).unwrap();
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Runs the steps up to the check, as GitHub does; returns whether each succeeded, and all that was said.
    fn steps(&self, base: &str) -> (Vec<bool>, String) {
        let clone = self.path("clone");
        let _ = std::fs::remove_dir_all(&clone);
        self.lab.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
        let (env, path) = (self.path("env"), self.path("path"));
        for file in [&env, &path] {
            std::fs::write(file, "").unwrap();
        }
        let mut said = String::new();
        let mut succeeded = Vec::new();
        let document = yaml(WORKFLOWS[0]);
        for step in steps(&document)
            .iter()
            .filter(|step| step["run"].is_string())
            .take(3)
        {
            let added = std::fs::read_to_string(&path).unwrap();
            let tools = format!(
                "{}:{}:{}",
                added.trim(),
                self.path("tools").display(),
                std::env::var("PATH").unwrap()
            );
            let variables = std::fs::read_to_string(&env).unwrap();
            let output = Command::new("bash")
                .current_dir(&clone)
                .args([
                    "--noprofile",
                    "--norc",
                    "-eo",
                    "pipefail",
                    "-c",
                    step["run"].as_str().unwrap(),
                ])
                .env("PATH", tools)
                .env("BASE", base)
                .env("GITHUB_ENV", &env)
                .env("GITHUB_PATH", &path)
                .env("RUNNER_TEMP", self.folder.path())
                .env("RELEASE", self.path("release.tar.gz"))
                .env("ASKED", self.path("asked"))
                .envs(variables.lines().filter_map(|line| line.split_once('=')))
                .output()
                .unwrap();
            said.push_str(&String::from_utf8_lossy(&output.stdout));
            said.push_str(&String::from_utf8_lossy(&output.stderr));
            succeeded.push(output.status.success());
            if !output.status.success() {
                break;
            }
        }
        (succeeded, said)
    }
}

#[test]
#[cfg(unix)]
fn the_workflow_judges_with_the_tool_that_the_base_trusts() {
    if !has_peer("bash") || !has_peer("sha256sum") {
        return;
    }
    let runner = Runner::new();
    // As `init` leaves it: it fails, and says what is to be filled in.
    let (succeeded, said) = runner.steps("main");
    assert_eq!(succeeded, [true, false], "{said}");
    assert!(
        said.contains("write the version and the SHA-256 of the release you trust"),
        "{said}"
    );

    runner.pin(&runner.digest());
    runner.lab.commit("2026-01-06T09:00:00Z", "Trust a release");
    let (succeeded, said) = runner.steps("main");
    assert_eq!(succeeded[..2], [true, true], "{said}");
    assert!(said.contains("records"), "the tool ran: {said}");
    let asked = std::fs::read_to_string(runner.path("asked")).unwrap();
    assert_eq!(
        asked.lines().last(),
        Some("https://releases.example/download/v1.2.3/countersign-v1.2.3-x86_64-unknown-linux-gnu.tar.gz")
    );

    // A pull request that brings another pin is still judged with that of the base.
    runner.lab.git(&["checkout", "-q", "-b", "cheat"]);
    runner.pin(&"0".repeat(64));
    runner
        .lab
        .commit("2026-01-07T09:00:00Z", "Bring a tool of my own");
    let (succeeded, said) = runner.steps("main");
    assert_eq!(succeeded[..2], [true, true], "{said}");
    // And one whose bytes differ from the pin never runs.
    let (succeeded, said) = runner.steps("");
    assert_eq!(succeeded, [true, false], "{said}");
}
