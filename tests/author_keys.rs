//! Keys of people at the command line: in files, behind a passphrase, in an agent; renewed, lost, and left behind.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use chrono::{DateTime, Utc};
use countersign::author::{ApprovalDraft, Numbers, approval_files};
use countersign::model::{Decision, Kind, RecordId};
use countersign::trust::signer::Signer;

use super::author_decide::{openssh_says, openssh_says_with};
use super::example_repo::load_folder;
use super::house::House;
use super::peers::require;

const ID: &str = "exc-0014";

fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

/// Lets two people have approved the exception the day before the tests, and commits that.
fn approved_yesterday(house: &House) {
    let people = [("p-osei", "role-security"), ("p-berg", "role-shop-owner")];
    approve(house, (Kind::Exception, ID), &people, "2026-11-21T10:00:00Z");
    house.commit("p-osei", "Approve");
    assert_eq!(house.approval_faults(), [""; 0]);
}

/// Lets the owners of the keyring approve what was changed of somebody's keys, on the day of the tests.
fn owners_agree(house: &House, person: &str) {
    let owners = [("p-kim", "role-security-owner"), ("p-lee", "role-security-owner")];
    approve(house, (Kind::Person, person), &owners, "2026-11-22T06:00:00Z");
    house.commit("p-kim", "Approve the keys");
}

pub(crate) fn approve(house: &House, (kind, subject): (Kind, &str), people: &[(&str, &str)], at: &str) {
    let repository = load_folder(&house.root());
    let mut numbers = Numbers::default();
    for (person, role) in people {
        let draft = ApprovalDraft {
            kind,
            id: id(subject),
            fragment: String::new(),
            decision: Decision::Approve,
            role: id(role),
            person: id(person),
            at: at.parse::<DateTime<Utc>>().unwrap(),
            basis_commit: None,
            reason: String::new(),
        };
        let signer = Signer::open(&house.key(person)).unwrap();
        for (path, bytes) in approval_files(&repository, &draft, &mut numbers, &signer).unwrap() {
            house.write(&path, std::str::from_utf8(&bytes).unwrap());
        }
    }
}

/// Gives p-osei a new key from the day of the tests on; the old one ended the day before.
fn renew_key(house: &mut House) {
    house.make_key("fresh");
    let old = house.key_entry("p-osei", "valid_from: 2025-01-01, valid_to: 2026-11-21");
    let fresh = house.key_entry("fresh", "valid_from: 2026-11-22");
    house.write_person("p-osei", &format!("{old}, {fresh}"), "");
    let old = house.keyring_line("p-osei", "p-osei", "2025-01-01", Some("2026-11-21"));
    let fresh = house.keyring_line("p-osei", "fresh", "2026-11-22", None);
    house.write_keyring(&[("p-osei", old), ("p-osei", fresh)]);
}

#[test]
fn a_key_that_ended_or_is_revoked_signs_nothing() {
    let mut house = House::new();
    renew_key(&mut house);
    let (code, out, err) = house.run_as("p-osei", &["approve", ID]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("error APR005 exc-0014 - line") && err.contains("only until 2026-11-21 23:59:59 UTC"),
        "{err}"
    );
    house.write("keyring/revoked", &(house.public("fresh") + "\n"));
    let (code, out, err) = house.run_as("fresh", &["approve", ID]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("error APR005 exc-0014 - SHA256:") && err.contains("is revoked"),
        "{err}"
    );
    // The keyring lists the key, and the record of the person does not.
    house.write("keyring/revoked", "");
    house.make_key("other");
    house.write_keyring(&[(
        "p-osei",
        house.keyring_line("p-osei", "other", "2025-01-01", None),
    )]);
    let (code, _, err) = house.run_as("other", &["approve", ID]);
    assert_eq!(code, 1, "{err}");
    assert!(
        err.contains("is no key for approvals in any person's record"),
        "{err}"
    );
    assert!(house.approvals().is_empty());
}

#[test]
fn after_a_renewed_key_old_approvals_stay_good_and_the_new_key_signs() {
    let mut house = House::new();
    approved_yesterday(&house);
    renew_key(&mut house);
    house.commit("p-osei", "A new key for p-osei");
    let faults = house.approval_faults();
    assert!(
        faults
            .iter()
            .any(|fault| fault.starts_with("GOV003") && fault.contains("one key more counts")),
        "a key that only its person wants: {faults:?}"
    );
    owners_agree(&house, "p-osei");
    assert_eq!(
        house.approval_faults(),
        [""; 0],
        "what the old key signed stays good"
    );
    let (code, out, err) = house.run_as("fresh", &["reject", ID, "--reason", "the rule leaks"]);
    assert_eq!(code, 0, "{err}");
    if require(&["ssh-keygen"]) {
        let paths = house.approvals();
        for path in paths
            .iter()
            .filter(|path| path.contains("exc-0014/") && path.contains("p-osei") && path.ends_with("yaml"))
        {
            let said = openssh_says(&house.root(), path, "p-osei@nordhafen.example");
            assert!(said.starts_with("Good"), "{path}: {said}");
        }
    }
    assert!(out.contains("-p-osei-2.yaml"), "{out}");
}

#[test]
fn after_a_lost_key_what_it_signed_is_approved_anew() {
    let mut house = House::new();
    approved_yesterday(&house);
    renew_key(&mut house);
    house.write("keyring/revoked", &(house.public("p-osei") + "\n"));
    house.commit("p-berg", "The key of p-osei is lost");
    owners_agree(&house, "p-osei");
    let faults = house.approval_faults();
    assert!(
        faults
            .iter()
            .any(|fault| fault.starts_with("APR005") && fault.contains("is revoked")),
        "{faults:?}"
    );
    let lost: Vec<String> = house
        .approvals()
        .into_iter()
        .filter(|path| path.contains("p-osei-1"))
        .collect();
    if require(&["ssh-keygen"]) {
        let said = openssh_says_with(
            &house.root(),
            &lost[0],
            "p-osei@nordhafen.example",
            &["-r", "keyring/revoked"],
        );
        assert!(!said.starts_with("Good"), "{said}");
    }
    let (_, out, _) = house.run(&["status", ID]);
    assert!(
        out.contains("role-security (severity high): open; could be p-osei") && out.contains("is revoked"),
        "{out}"
    );
    let (code, out, err) = house.run_as("fresh", &["approve", ID]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("-p-osei-2.yaml") && err.contains("`exc-0014` is approved"),
        "{out}{err}"
    );
    // The file of the lost key stays as evidence, and nothing hangs on it any more.
    assert_eq!(house.approval_faults(), [""; 0]);
    assert!(house.approvals().contains(&lost[0]));
}

#[test]
fn who_leaves_signs_no_more_and_their_approvals_stay() {
    let house = House::new();
    approved_yesterday(&house);
    let key = house.key_entry("p-osei", "valid_from: 2025-01-01, valid_to: 2026-11-21");
    house.write_person("p-osei", &key, "");
    house.replace(
        "people/p-osei.yaml",
        "active: {from: 2020-01-01}",
        "active: {from: 2020-01-01, to: 2026-11-21}",
    );
    for role in ["role-security", "role-security-owner"] {
        let path = format!("roles/{role}.yaml");
        house.replace(
            &path,
            "{person: p-osei, from: 2025-01-01}",
            "{person: p-osei, from: 2025-01-01, to: 2026-11-21}",
        );
    }
    let line = house.keyring_line("p-osei", "p-osei", "2025-01-01", Some("2026-11-21"));
    house.write_keyring(&[("p-osei", line)]);
    house.commit("p-berg", "p-osei has left");
    owners_agree(&house, "p-osei");
    for role in ["role-security", "role-security-owner"] {
        let people = [("p-lee", "role-security-owner"), ("p-kim", "role-ciso")];
        approve(&house, (Kind::Role, role), &people, "2026-11-22T06:00:00Z");
    }
    house.commit("p-kim", "Approve that p-osei has left");
    assert_eq!(house.approval_faults(), [""; 0]);
    let (code, _, err) = house.run_as("p-osei", &["revoke", ID, "--reason", "out of spite"]);
    assert_eq!(code, 1);
    assert!(err.contains("error APR005"), "{err}");
}

/// Runs the program itself, which asks the agent and the person.
fn program(house: &House, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command
        .args(words)
        .arg("--repo")
        .arg(house.root())
        .env_remove("SSH_AUTH_SOCK")
        .env_remove("SSH_ASKPASS")
        .stdin(Stdio::null());
    command
}

fn run(mut command: Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn ssh_keygen(words: &[&str], key: &Path) {
    let status = Command::new("ssh-keygen")
        .args(words)
        .arg("-f")
        .arg(key)
        .status()
        .unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn a_key_with_a_passphrase_is_asked_for_it() {
    use std::os::unix::fs::PermissionsExt as _;
    if !require(&["ssh-keygen"]) {
        return;
    }
    let house = House::new();
    let key = house.key("p-osei");
    ssh_keygen(&["-q", "-p", "-P", "", "-N", "open sesame"], &key);
    let (code, out, err) = house.run_as("p-osei", &["approve", ID]);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(
        err.contains("has a passphrase, and there is no terminal"),
        "{err}"
    );
    assert!(house.approvals().is_empty());
    let asker = house.key("askpass");
    std::fs::write(&asker, "#!/bin/sh\necho open sesame\n").unwrap();
    std::fs::set_permissions(&asker, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = program(&house, &["approve", ID, "--key", key.to_str().unwrap()]);
    command
        .env("SSH_ASKPASS", &asker)
        .env("SSH_ASKPASS_REQUIRE", "force");
    let (code, out, err) = run(command);
    assert_eq!(code, 0, "{err}");
    let path = out.lines().next().unwrap();
    let said = openssh_says(&house.root(), path, "p-osei@nordhafen.example");
    assert!(said.starts_with("Good"), "{said}");
}

/// An agent of our own, gone when dropped.
struct Agent {
    child: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("agent");
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..200 {
            if socket.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self { child, socket }
    }

    fn add(&self, key: &Path) {
        let status = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", &self.socket)
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[cfg(unix)]
#[test]
fn the_only_key_of_the_agent_that_counts_is_taken() {
    if !require(&["ssh-keygen", "ssh-agent", "ssh-add"]) {
        return;
    }
    let mut house = House::new();
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(folder.path());
    let ask = |words: &[&str]| {
        let mut command = program(&house, words);
        command.env("SSH_AUTH_SOCK", &agent.socket);
        run(command)
    };
    let (code, _, err) = ask(&["approve", ID]);
    assert_eq!(code, 2);
    assert!(err.contains("no key is at hand"), "{err}");
    house.make_key("stranger");
    let ask = |words: &[&str]| {
        let mut command = program(&house, words);
        command.env("SSH_AUTH_SOCK", &agent.socket);
        run(command)
    };
    agent.add(&house.key("stranger"));
    let (code, _, err) = ask(&["status"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("lists none of the agent's keys") && err.contains(&house.fingerprint("stranger")),
        "{err}"
    );
    agent.add(&house.key("p-osei"));
    let (code, out, err) = ask(&["approve", ID]);
    assert_eq!(code, 0, "{err}");
    let path = out.lines().next().unwrap();
    let said = openssh_says(&house.root(), path, "p-osei@nordhafen.example");
    assert!(said.starts_with("Good"), "{said}");
    agent.add(&house.key("p-berg"));
    let (code, _, err) = ask(&["approve", ID]);
    assert_eq!(code, 2);
    assert!(
        err.contains("several keys") && err.contains("of p-berg") && err.contains("of p-osei"),
        "{err}"
    );
    // The public half names one of them.
    let public = house.key("p-berg").with_extension("pub");
    let (code, _, err) = ask(&["approve", ID, "--key", public.to_str().unwrap()]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("`exc-0014` is approved"), "{err}");
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let house = House::new();
    let (_, out, _) = house.run_as("p-osei", &["approve", ID]);
    let first = out.lines().next().unwrap().to_owned();
    let second = first.replace("-1.yaml", "-2.yaml");
    // A signature that somebody left behind, and a decision without one.
    house.write(&format!("{second}.sig"), "mine");
    house.write(&first.replace("-1.yaml", "-3.yaml"), "mine");
    let (code, out, err) = house.run_as("p-osei", &["reject", ID, "--reason", "on second thoughts"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("-p-osei-4.yaml"), "{out}");
    assert_eq!(house.read(&format!("{second}.sig")), "mine");
    // Many at once: each gets a number of its own.
    let house = House::new();
    let threads: Vec<_> = (0..4)
        .map(|number| {
            let key = house.key("p-osei");
            let mut command = program(
                &house,
                &[
                    "reject",
                    ID,
                    "--reason",
                    &format!("no {number}"),
                    "--key",
                    key.to_str().unwrap(),
                ],
            );
            std::thread::spawn(move || command.output().unwrap())
        })
        .collect();
    for thread in threads {
        let output = thread.join().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{err}");
    }
    let written = house.approvals();
    let decisions = written.iter().filter(|path| path.ends_with(".yaml")).count();
    assert_eq!(written.len(), 2 * decisions, "{written:?}");
    for path in written.iter().filter(|path| path.ends_with(".yaml")) {
        assert!(house.read(path).contains("decision: reject"), "{path}");
    }
}
