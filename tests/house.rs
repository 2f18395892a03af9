//! A small governed repository with keys that were made on the spot, for tests of decisions.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey};

/// Id, function, and the role that the person holds.
const PEOPLE: &[(&str, &str, &[&str])] = &[
    ("p-berg", "business", &["role-shop-owner"]),
    ("p-kim", "security", &["role-ciso", "role-security-owner"]),
    (
        "p-lee",
        "it_ops",
        &["role-it-ops", "role-security", "role-security-owner"],
    ),
    ("p-osei", "security", &["role-security", "role-security-owner"]),
];

/// Id and what the role may approve.
const ROLES: &[(&str, &str)] = &[
    (
        "role-ciso",
        "[{kind: Exception, max_severity: critical, max_days: 60}, {kind: Role}]",
    ),
    ("role-it-ops", "[]"),
    (
        "role-security",
        "[{kind: Exception, max_severity: high, max_days: 90}]",
    ),
    (
        "role-security-owner",
        "[{kind: Person}, {kind: Role}, {kind: Configuration}]",
    ),
    ("role-shop-owner", "[{kind: Exception}]"),
];

const HEAD: &str = "apiVersion: countersign/v1\nowner: role-ciso\ncreated: 2025-01-01\n";

/// The exception that most tests decide about.
pub(crate) const EXCEPTION: &str = "\
# why this record is here: the release freeze
apiVersion: countersign/v1
kind: Exception
id: exc-0014
title: Hold back the shop until the freeze ends
owner: role-it-ops
created: 2025-01-01
status: submitted
review: {cycle_days: 30, last: 2026-11-01}   # monthly
spec:
  scope:
    vulns: [CVE-2026-1444]
    systems: [sys-shop]
    resolved: [shop01, shop02]
    as_of: 2026-11-20
  severity: high
  reason: business_cycle
  business_impact: The shop sells half of the year's goods in these weeks.
  requested_by: p-lee
  requested_on: 2025-01-01
  starts: 2026-11-20
  expires: 2026-12-15   # the freeze ends on that day
  compensating:
    - {type: waf_rule, description: Rule 12 blocks the request, assessed_by: p-osei}
";

/// A folder with a repository in git, and the private keys beside it.
pub(crate) struct House {
    folder: tempfile::TempDir,
    pub(crate) keys: BTreeMap<String, PrivateKey>,
}

impl House {
    pub(crate) fn new() -> Self {
        let mut house = Self {
            folder: tempfile::tempdir().unwrap(),
            keys: BTreeMap::new(),
        };
        git2::Repository::init(house.root()).unwrap();
        house.write(
            "isms.yaml",
            &format!("{HEAD}kind: Isms\nid: isms\ntitle: Nordhafen\nversion: 1.0.0\nspec:\n  organisation: Nordhafen\n  scope_statement: The shop.\n  timezone: UTC\n  frameworks: [{{id: iso27001, edition: '2022'}}]\n  severities: [critical, high, medium, low]\n  tiers: [{{id: tier1, name: One}}, {{id: tier2, name: Two}}, {{id: tier3, name: Three}}]\n"),
        );
        house.write(
            "systems/sys-shop.yaml",
            &format!("{HEAD}kind: System\nid: sys-shop\ntitle: Shop\nspec:\n  type: server\n  tier: tier1\n  exposure: internet\n  members: [shop01, shop02]\n  scope: {{in: true}}\n"),
        );
        for (person, _, _) in PEOPLE {
            house.make_key(person);
            house.write_person(person, &house.key_entry(person, "valid_from: 2025-01-01"), "");
        }
        for (role, may) in ROLES {
            house.write_role(role, may, "");
        }
        house.write_keyring(&[]);
        house.write("keyring/revoked", "");
        house.write("exceptions/exc-0014.yaml", EXCEPTION);
        house.commit("p-lee", "Start");
        house
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// Where the private key of a name lies.
    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} holds no {from}");
        self.write(path, &text.replace(from, to));
    }

    /// Makes a key under a name, and writes both halves.
    pub(crate) fn make_key(&mut self, name: &str) {
        let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).unwrap();
        let path = self.key(name);
        std::fs::write(&path, key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let public = key.public_key().to_openssh().unwrap() + "\n";
        std::fs::write(path.with_extension("pub"), public).unwrap();
        self.keys.insert(name.to_owned(), key);
    }

    pub(crate) fn fingerprint(&self, name: &str) -> String {
        self.keys[name]
            .public_key()
            .fingerprint(HashAlg::Sha256)
            .to_string()
    }

    pub(crate) fn public(&self, name: &str) -> String {
        self.keys[name].public_key().to_openssh().unwrap()
    }

    /// An entry of a person's `keys` for the key of a name.
    pub(crate) fn key_entry(&self, name: &str, more: &str) -> String {
        format!("{{fingerprint: \"{}\", {more}}}", self.fingerprint(name))
    }

    pub(crate) fn write_person(&self, person: &str, keys: &str, more: &str) {
        let function = PEOPLE.iter().find(|(id, _, _)| *id == person).unwrap().1;
        self.write(
            &format!("people/{person}.yaml"),
            &format!("{}kind: Person\nid: {person}\ntitle: {person}\nreview: {{cycle_days: 180, last: 2026-11-01}}\nspec:\n  name: {person}\n  email: {person}@nordhafen.example\n  active: {{from: 2020-01-01}}\n  function: {function}\n  keys: [{keys}]\n{more}", HEAD.replace("2025-01-01", "2026-11-01")),
        );
    }

    pub(crate) fn write_role(&self, role: &str, may: &str, more: &str) {
        let holders: Vec<String> = PEOPLE
            .iter()
            .filter(|(_, _, roles)| roles.contains(&role))
            .map(|(person, _, _)| format!("{{person: {person}, from: 2025-01-01}}"))
            .collect();
        self.write(
            &format!("roles/{role}.yaml"),
            &format!("{HEAD}kind: Role\nid: {role}\ntitle: {role}\nspec:\n  type: role\n  holders: [{}]\n  may_approve: {may}\n{more}", holders.join(", ")),
        );
    }

    /// Writes a line for each person's first key, other lines in place of those of the people named.
    pub(crate) fn write_keyring(&self, other: &[(&str, String)]) {
        let mut text = String::new();
        for (person, _, _) in PEOPLE {
            let lines = other.iter().filter(|(name, _)| name == person);
            let lines: Vec<String> = lines.map(|(_, line)| line.clone()).collect();
            if lines.is_empty() {
                text += &self.keyring_line(person, person, "2025-01-01", None);
            }
            text += &lines.concat();
        }
        self.write("keyring/allowed_signers", &text);
    }

    /// A line of the keyring; `last` is the last day on which the key counts, if it ends.
    pub(crate) fn keyring_line(&self, person: &str, key: &str, first: &str, last: Option<&str>) -> String {
        let stamp = |day: &str, time: &str| format!("{}{time}Z", day.replace('-', ""));
        let until = last
            .map(|last| format!(",valid-before=\"{}\"", stamp(last, "235959")))
            .unwrap_or_default();
        format!(
            "{person}@nordhafen.example namespaces=\"countersign-approval\",valid-after=\"{}\"{until} {}\n",
            stamp(first, "000000"),
            self.public(key)
        )
    }

    /// Commits everything as a person, at the moment of the tests.
    pub(crate) fn commit(&self, person: &str, message: &str) {
        self.commit_at(person, message, 1_795_348_800);
    }

    /// Commits everything as a person, at a moment in seconds since 1970.
    pub(crate) fn commit_at(&self, person: &str, message: &str, seconds: i64) {
        let repository = git2::Repository::open(self.root()).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let email = format!("{person}@nordhafen.example");
        let at = git2::Time::new(seconds, 0);
        let who = git2::Signature::new(person, &email, &at).unwrap();
        let head = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
        repository
            .commit(Some("HEAD"), &who, &who, message, &tree, &parents)
            .unwrap();
    }

    /// Runs a command line over the repository; returns the exit code and both streams.
    pub(crate) fn run(&self, words: &[&str]) -> (i32, String, String) {
        let root = self.root();
        let mut line: Vec<OsString> = vec!["countersign".into()];
        line.extend(words.iter().map(Into::into));
        line.extend(["--repo".into(), root.into()]);
        crate::cli::streams(self.folder.path(), &line)
    }

    /// Runs a command line with the key of a name.
    pub(crate) fn run_as(&self, name: &str, words: &[&str]) -> (i32, String, String) {
        let key = self.key(name);
        let mut words = words.to_vec();
        words.extend(["--key", key.to_str().unwrap()]);
        self.run(&words)
    }

    /// Returns the approval files there are, by path.
    pub(crate) fn approvals(&self) -> Vec<String> {
        let root = self.root();
        let mut found: Vec<String> = walkdir::WalkDir::new(root.join("approvals"))
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| relative(entry.path(), &root))
            .collect();
        found.sort();
        found
    }

    /// Returns the errors of `check` about approvals, people and keys: code and message.
    pub(crate) fn approval_faults(&self) -> Vec<String> {
        let (_, out, err) = self.run(&["check", "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let all = document["diagnostics"].as_array().unwrap();
        let faults = all.iter().filter(|one| one["level"] == "error");
        faults
            .filter(|one| {
                let file = one["file"].as_str().unwrap();
                let is_about_trust = file.starts_with("people/") || file.starts_with("keyring/");
                one["code"].as_str().unwrap().starts_with("APR") || is_about_trust
            })
            .map(|one| {
                format!(
                    "{} {}",
                    one["code"].as_str().unwrap(),
                    one["message"].as_str().unwrap()
                )
            })
            .collect()
    }
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root)
        .unwrap()
        .to_str()
        .unwrap()
        .replace('\\', "/")
}
