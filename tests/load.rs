//! What loading refuses: each with its code, its place and a way out.

use countersign::load::{LoadLimits, Repository, load, load_configuration};
use countersign::model::Kind;
use countersign::source::read_folder;

const ISMS: &str = "apiVersion: countersign/v1\nkind: Isms\nid: isms\ntitle: Test\nowner: role-ciso\ncreated: 2025-01-01\nversion: 1.0.0\nspec:\n  organisation: Test\n  scope_statement: All.\n  timezone: UTC\n  frameworks: [{id: iso27001, edition: '2022'}]\n  severities: [critical, high, medium, low]\n  tiers: [{id: tier1, name: One}]\n";

fn load_files(files: &[(&str, &[u8])]) -> Repository {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let tree = read_folder(folder.path()).unwrap();
    let (configuration, _, faults) = load_configuration(&tree).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    load(&tree, configuration, LoadLimits::default()).unwrap()
}

fn faults(files: &[(&str, &[u8])]) -> Vec<(String, String, u32, u32, String)> {
    let mut all: Vec<(&str, &[u8])> = vec![("isms.yaml", ISMS.as_bytes())];
    all.retain(|(path, _)| !files.iter().any(|(other, _)| other == path));
    all.extend(files);
    let repository = load_files(&all);
    repository
        .faults
        .iter()
        .map(|fault| {
            assert!(fault.help.is_some(), "no way out: {fault:?}");
            let path = repository.sources.path(fault.span.file).to_owned();
            (
                fault.code.to_owned(),
                path,
                fault.span.line,
                fault.span.column,
                fault.message.clone(),
            )
        })
        .collect()
}

/// A risk whose text is laid over line by line.
fn risk(body: &str) -> Vec<u8> {
    format!("apiVersion: countersign/v1\nkind: Risk\nid: r-001\ntitle: One\nowner: role-ciso\ncreated: 2025-01-01\n{body}").into_bytes()
}

const SPEC: &str = "spec:\n  scenario: Something happens.\n  likelihood: likely\n  impact: major\n  treatment: modify\n  reviewed: 2025-06-01\n";

#[test]
fn a_plain_record_is_taken() {
    assert_eq!(faults(&[("risks/r-001.yaml", &risk(SPEC))]), []);
}

#[test]
fn what_is_not_strict_yaml_is_refused_with_its_place() {
    let deep = format!("spec: {}1{}\n", "[".repeat(40), "]".repeat(40));
    let rows: Vec<(&str, String, &str, u32, u32, &str)> = vec![
        (
            "duplicate key",
            format!("{SPEC}  impact: minor\n"),
            "SCH001",
            13,
            3,
            "stands twice",
        ),
        (
            "anchor",
            "spec: &a\n  scenario: x\n".into(),
            "SCH001",
            8,
            3,
            "anchor",
        ),
        (
            "alias",
            "spec:\n  scenario: *a\n".into(),
            "SCH001",
            8,
            13,
            "anchor or alias",
        ),
        ("tag", "spec: !!map {}\n".into(), "SCH001", 7, 13, "a tag"),
        ("own tag", "spec: !x {}\n".into(), "SCH001", 7, 10, "a tag"),
        (
            "merge key",
            "spec:\n  <<: {a: 1}\n".into(),
            "SCH001",
            8,
            3,
            "merge key",
        ),
        (
            "two documents",
            format!("{SPEC}---\na: 1\n"),
            "SCH001",
            13,
            1,
            "second document",
        ),
        (
            "not YAML",
            "spec: [1, 2\n".into(),
            "SCH001",
            7,
            7,
            "not valid YAML",
        ),
        (
            "tab as indentation",
            "spec:\n\tscenario: x\n".into(),
            "SCH001",
            8,
            2,
            "not valid YAML",
        ),
        ("deep", deep, "SCH001", 7, 38, "nested deeper"),
        (
            "a list as key",
            "spec:\n  ? [a]\n  : b\n".into(),
            "SCH001",
            8,
            5,
            "as a key",
        ),
        (
            "infinite",
            SPEC.replace("reviewed: 2025-06-01", "reviewed: 2025-06-01\n  plan: .inf"),
            "SCH001",
            13,
            9,
            "cannot be kept",
        ),
        (
            "bidi",
            SPEC.replace("Something", "Some\u{202e}thing"),
            "SCH004",
            8,
            17,
            "bidirectional",
        ),
        (
            "bidi by escape",
            SPEC.replace("Something happens.", "\"a\\u202eb\""),
            "SCH004",
            8,
            13,
            "bidirectional",
        ),
        (
            "zero width",
            SPEC.replace("Something", "Some\u{200b}thing"),
            "SCH004",
            8,
            17,
            "invisible",
        ),
        (
            "control",
            SPEC.replace("Something", "Some\u{7}thing"),
            "SCH004",
            8,
            17,
            "control",
        ),
        (
            "no date",
            SPEC.replace("2025-06-01", "2025-06-31"),
            "SCH005",
            12,
            13,
            "not a date",
        ),
        (
            "another form of date",
            SPEC.replace("2025-06-01", "01.06.2025"),
            "SCH005",
            12,
            13,
            "not a date",
        ),
        (
            "a year of another age",
            SPEC.replace("2025-06-01", "0205-06-01"),
            "SCH005",
            12,
            13,
            "lies outside",
        ),
        (
            "unknown field",
            format!("{SPEC}  impcat: minor\n"),
            "SCH002",
            13,
            3,
            "unknown field `impcat`",
        ),
        (
            "missing field",
            SPEC.replace("  impact: major\n", ""),
            "SCH002",
            7,
            1,
            "`impact` is missing in `spec`",
        ),
        (
            "no value of the set",
            SPEC.replace("modify", "modfy"),
            "SCH002",
            11,
            14,
            "`modfy` is no value of `spec.treatment`",
        ),
        (
            "another type",
            SPEC.replace("impact: major", "impact: [major]"),
            "SCH002",
            10,
            11,
            "must be text, not a list",
        ),
        (
            "empty",
            SPEC.replace("impact: major", "impact:"),
            "SCH002",
            10,
            9,
            "must be text, not nothing",
        ),
    ];
    for (case, body, code, line, column, words) in rows {
        let found = faults(&[("risks/r-001.yaml", &risk(&body))]);
        let first = found.first().unwrap_or_else(|| panic!("{case}: taken"));
        assert_eq!(
            (first.0.as_str(), first.2, first.3),
            (code, line, column),
            "{case}: {first:?}"
        );
        assert!(first.4.contains(words), "{case}: {first:?}");
    }
}

#[test]
fn bytes_that_are_not_plain_utf_8_are_refused() {
    let mut bom = b"\xef\xbb\xbf".to_vec();
    bom.extend(risk(SPEC));
    let mut latin = risk(SPEC);
    latin.extend(b"  # caf\xe9\n");
    let large = vec![b'#'; (1 << 20) + 1];
    let rows: [(&str, &[u8], &str, u32, &str); 3] = [
        ("BOM", &bom, "SCH004", 1, "byte order mark"),
        ("Latin-1", &latin, "SCH004", 13, "not UTF-8"),
        ("large", &large, "SCH001", 1, "at most 1048576"),
    ];
    for (case, bytes, code, line, words) in rows {
        let found = faults(&[("risks/r-001.yaml", bytes)]);
        assert_eq!(
            (found[0].0.as_str(), found[0].2),
            (code, line),
            "{case}: {found:?}"
        );
        assert!(found[0].4.contains(words), "{case}: {found:?}");
    }
}

#[test]
fn files_lie_where_their_kind_and_id_say() {
    let record = risk(SPEC);
    let other = String::from_utf8(risk(SPEC)).unwrap().replace("r-001", "r-002");
    let look_alike = String::from_utf8(risk(SPEC)).unwrap().replace("r-001", "rn-01");
    type Files<'a> = Vec<(&'a str, &'a [u8])>;
    let rows: Vec<(&str, Files<'_>, &str, &str)> = vec![
        (
            "another name",
            vec![("risks/r-009.yaml", &record)],
            "SCH003",
            "not the file's name",
        ),
        (
            "another folder",
            vec![("roles/r-001.yaml", &record)],
            "SCH003",
            "in the place of `Role`",
        ),
        (
            "another ending",
            vec![("risks/r-001.yml", &record)],
            "SCH003",
            "unknown file",
        ),
        (
            "deeper",
            vec![("risks/old/r-001.yaml", &record)],
            "SCH003",
            "unknown file",
        ),
        (
            "at the root",
            vec![("r-001.yaml", &record)],
            "SCH003",
            "at the root",
        ),
        (
            "in no folder of records",
            vec![("stuff/r-001.yaml", &record)],
            "SCH003",
            "no folder of records",
        ),
        (
            "hidden in data",
            vec![("data/r-001.yaml", &record)],
            "SCH003",
            "holds none",
        ),
        (
            "a nested configuration",
            vec![("risks/compliance.yaml", b"a: 1\n")],
            "SCH003",
            "second `compliance.yaml`",
        ),
        (
            "a kind of later versions",
            vec![("patches/p-1.yaml", b"a: 1\n")],
            "SCH003",
            "knows no records",
        ),
        (
            "reads the same",
            vec![
                ("risks/rn-01.yaml", look_alike.as_bytes()),
                (
                    "risks/m-01.yaml",
                    look_alike.replace("rn-01", "m-01").leak().as_bytes(),
                ),
            ],
            "SCH003",
            "reads like",
        ),
        ("no isms", vec![("isms.yaml", b"")], "SCH001", "no document"),
    ];
    for (case, files, code, words) in rows {
        let found = faults(&files);
        assert!(
            found
                .iter()
                .any(|fault| fault.0 == code && fault.4.contains(words)),
            "{case}: {found:?}"
        );
    }
    assert_eq!(
        faults(&[
            ("risks/r-001.yaml", &record),
            ("risks/r-002.yaml", other.as_bytes())
        ]),
        []
    );
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("isms.yaml"), ISMS).unwrap();
    std::fs::create_dir(folder.path().join("risks")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("risks/r-001.yaml")).unwrap();
    let tree = read_folder(folder.path()).unwrap();
    let repository = load(&tree, Default::default(), LoadLimits::default()).unwrap();
    assert_eq!(repository.faults[0].code, "SCH004");
    assert!(repository.faults[0].message.contains("symbolic link"));
}

#[test]
fn scalars_are_strings_where_the_schema_says_so() {
    let body = SPEC
        .replace("scenario: Something happens.", "scenario: NO")
        .replace("likelihood: likely", "likelihood: 012")
        .replace("impact: major", "impact: 1_000");
    let repository = load_files(&[("isms.yaml", ISMS.as_bytes()), ("risks/r-001.yaml", &risk(&body))]);
    assert!(repository.faults.is_empty(), "{:?}", repository.faults);
    let spec = &repository.risks.iter().next().unwrap().spec;
    assert_eq!(
        (
            spec.scenario.as_str(),
            spec.likelihood.value.as_str(),
            spec.impact.value.as_str()
        ),
        ("NO", "012", "1_000")
    );
}

#[test]
fn one_bad_file_does_not_hide_the_next() {
    let found = faults(&[
        ("risks/r-001.yaml", b"a: [\n"),
        ("risks/r-002.yaml", b"kind: Nothing\n"),
        (
            "risks/r-003.yaml",
            &risk(&SPEC.replace("modify", "x").replace("2025-06-01", "never")),
        ),
    ]);
    let paths: Vec<&str> = found.iter().map(|fault| fault.1.as_str()).collect();
    assert_eq!(
        paths,
        [
            "risks/r-001.yaml",
            "risks/r-002.yaml",
            "risks/r-003.yaml",
            "risks/r-003.yaml"
        ]
    );
}

#[test]
fn the_digest_knows_meaning_and_nothing_else() {
    let digest = |text: &[u8]| {
        let repository = load_files(&[("isms.yaml", ISMS.as_bytes()), ("risks/r-001.yaml", text)]);
        assert!(repository.faults.is_empty(), "{:?}", repository.faults);
        let meta = repository
            .records()
            .find(|meta| meta.kind == Kind::Risk)
            .unwrap()
            .clone();
        countersign::trust::digest(&repository, &meta).unwrap()
    };
    let original = digest(&risk(SPEC));
    let formatted = "# a comment\nspec: {reviewed: \"2025-06-01\", treatment: 'modify', impact: major, likelihood: likely, scenario: Something happens.}\ncreated: 2025-01-01\nowner: role-ciso\ntitle: One\nid: r-001\nkind: Risk\napiVersion: countersign/v1\n";
    assert_eq!(
        digest(formatted.as_bytes()),
        original,
        "formatting, comments and order"
    );
    assert_eq!(
        digest(&risk(&format!("status: submitted\n{SPEC}"))),
        original,
        "the declared status"
    );
    assert_ne!(
        digest(&risk(&SPEC.replace("major", "minor"))),
        original,
        "a value"
    );
    assert_ne!(
        digest(&risk(&format!("{SPEC}  threats: []\n"))),
        original,
        "an empty list is not an absent one"
    );
}

/// What another run is writing comes and goes beside the records.
#[test]
fn a_folder_that_goes_away_while_records_are_read_is_no_fault() {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    let folder = tempfile::tempdir().unwrap();
    let passing = folder.path().join("approvals/one.yaml.partial-1-0");
    let is_done = AtomicBool::new(false);
    let faults: Vec<String> = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Relaxed) {
                std::fs::create_dir_all(&passing).unwrap();
                std::fs::write(passing.join("lock"), "").unwrap();
                std::fs::remove_dir_all(&passing).unwrap();
            }
        });
        let reads = (0..3_000).map(|_| read_folder(folder.path()));
        let faults = reads.filter_map(Result::err).map(|fault| format!("{fault:#}"));
        let faults = faults.collect();
        is_done.store(true, Relaxed);
        faults
    });
    assert!(
        faults.is_empty(),
        "{} faults, such as {}",
        faults.len(),
        faults[0]
    );
}
