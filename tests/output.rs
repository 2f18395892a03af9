//! Diagnostics in each format: exact bytes for small inputs, validity against the schemas, hostile text.

use countersign::diagnostic::Diagnostic;
use countersign::model::{AsOf, Zone, parse_date};
use countersign::output::diagnostics::{Format, Report, write};
use countersign::output::schemas::OUTPUT_SCHEMAS;
use countersign::output::text::is_unsafe;
use countersign::output::{Style, Summary};
use countersign::source::{FileId, SourceFile, Sources, Span};
use serde_json::Value;

pub(crate) const COMMIT: &str = "4be1a0c4be1a0c4be1a0c4be1a0c4be1a0c4be1a";

pub(crate) fn as_of() -> AsOf {
    AsOf::end_of(
        parse_date("2026-09-30").unwrap(),
        Zone::named("Europe/Berlin").unwrap(),
    )
}

pub(crate) fn sources(files: &[(&str, &str)]) -> Sources {
    let file = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).into(),
        text: (*text).into(),
    };
    Sources::new(files.iter().map(file).collect())
}

/// Returns the place of the first occurrence of a text.
pub(crate) fn place(sources: &Sources, file: u32, needle: &str) -> Span {
    let text = &sources.get(FileId(file)).unwrap().text;
    let start = text.find(needle).unwrap();
    let end = start + needle.len();
    let count = |at: usize| {
        let before = &text[..at];
        let line_start = before.rfind('\n').map_or(0, |found| found + 1);
        (
            before.matches('\n').count() as u32 + 1,
            before[line_start..].chars().count() as u32 + 1,
        )
    };
    let ((line, column), (end_line, end_column)) = (count(start), count(end));
    Span {
        file: FileId(file),
        start: start as u32,
        end: end as u32,
        line,
        column,
        end_line,
        end_column,
    }
}

pub(crate) fn written(sources: &Sources, diagnostics: &[Diagnostic], format: Format) -> String {
    let report = Report {
        diagnostics,
        sources,
        as_of: as_of(),
        commit: Some(COMMIT),
        codes_off: &[],
    };
    let mut out = Vec::new();
    write(&report, format, Style::plain(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub(crate) fn json(sources: &Sources, diagnostics: &[Diagnostic], format: Format) -> Value {
    serde_json::from_str(&written(sources, diagnostics, format)).unwrap()
}

pub(crate) fn assert_valid(schema: &Value, document: &Value) {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

pub(crate) fn output_schema(name: &str) -> Value {
    let schema = OUTPUT_SCHEMAS.iter().find(|schema| schema.name == name).unwrap();
    serde_json::from_str(schema.text).unwrap()
}

pub(crate) const EXCEPTION: &str = "id: exc-0007\ntitle: Überfällig, 日本\nspec:\n  expires: 2026-08-31\n";
pub(crate) const APPROVAL: &str = "subject:\n  id: exc-0007\n";

pub(crate) fn shop() -> Sources {
    sources(&[
        ("approvals/exc-0007/ä b.yaml", APPROVAL),
        ("exceptions/exc-0007.yaml", EXCEPTION),
    ])
}

pub(crate) fn named(mut diagnostic: Diagnostic, name: &'static str) -> Diagnostic {
    diagnostic.name = name;
    diagnostic
}

pub(crate) fn expired(sources: &Sources) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        "EXC001",
        place(sources, 1, "2026-08-31"),
        "exception `exc-0007` has expired",
    )
    .label("ended 30 d ago")
    .help("close it, or have its owner renew it")
    .subject("exc-0007")
    .related(place(sources, 1, "exc-0007"), "of this record")
    .related(place(sources, 0, "exc-0007"), "approved here");
    named(diagnostic, "expired-exception")
}

#[test]
fn a_frame_shows_every_place_and_what_to_do() {
    let shop = shop();
    let expected = "\
error[EXC001]: exception `exc-0007` has expired
 --> exceptions/exc-0007.yaml:4:12
  |
1 | id: exc-0007
  |     -------- of this record
...
4 |   expires: 2026-08-31
  |            ^^^^^^^^^^ ended 30 d ago
  |
 ::: approvals/exc-0007/ä b.yaml:2:7
  |
2 |   id: exc-0007
  |       -------- approved here
  |
  = help: close it, or have its owner renew it

";
    assert_eq!(written(&shop, &[expired(&shop)], Format::Human), expected);
}

#[test]
fn a_frame_stands_for_every_sort_of_place() {
    let sources = sources(&[
        ("crlf.yaml", "a: 1\r\nb: 2\r\n"),
        ("empty.yaml", ""),
        ("tab.yaml", "a: ä\t\u{1f600}x\n"),
        ("many.yaml", "list:\n  - one\n  - two\n"),
    ]);
    let end = Span {
        file: FileId(0),
        start: 12,
        end: 12,
        line: 3,
        column: 1,
        end_line: 3,
        end_column: 1,
    };
    let diagnostics = [
        Diagnostic::warn("AAA001", place(&sources, 0, "2"), "carriage returns").label("here"),
        Diagnostic::info("AAA002", end, "end of file").label("here"),
        Diagnostic::info("AAA003", Span::start_of(FileId(1)), "empty file").label("here"),
        Diagnostic::info("AAA004", place(&sources, 2, "x"), "wide characters").label("here"),
        Diagnostic::info("AAA005", place(&sources, 3, "- one\n  - two"), "several lines").label("from here"),
        Diagnostic::info("AAA006", Span::start_of(FileId(9)), "no file"),
    ];
    let shown = written(&sources, &diagnostics, Format::Human);
    let expected = [
        "warning[AAA001]: carriage returns\n --> crlf.yaml:2:4\n  |\n2 | b: 2\n  |    ^ here\n",
        "info[AAA002]: end of file\n --> crlf.yaml:3:1\n  |\n3 |  \n  | ^ here\n",
        "info[AAA003]: empty file\n --> empty.yaml:1:1\n  |\n1 |  \n  | ^ here\n",
        "info[AAA004]: wide characters\n --> tab.yaml:1:7\n  |\n1 | a: ä    \u{1f600}x\n  |           ^ here\n",
        "info[AAA005]: several lines\n --> many.yaml:2:3\n  |\n2 |   - one\n  |   ^^^^^ from here\n",
        "info[AAA006]: no file\n--> isms.yaml:1:1\n",
    ];
    assert_eq!(shown, expected.map(|frame| format!("{frame}\n")).concat());
}

#[test]
fn a_frame_writes_hostile_text_out_and_still_names_the_true_column() {
    let sources = sources(&[
        ("a.yaml", "x: 1\n"),
        ("b/a.yaml", "t: \u{202e}\u{1b}[31m\u{200b}ok ##vso[task.x]\n"),
    ]);
    let diagnostic = Diagnostic::error(
        "AAA001",
        place(&sources, 1, "ok"),
        "title `\u{1b}]0;x\u{7}` \u{2066}\n::error::x",
    )
    .label("l\u{ad}")
    .related(place(&sources, 0, "1"), "r\u{9b}");
    let expected = "\
error[AAA001]: title `\\u{1b}]0;x\\u{7}` \\u{2066}\\n::error::x
 --> b/a.yaml:1:11
  |
1 | t: \\u{202e}\\u{1b}[31m\\u{200b}ok \\u{23}#vso[task.x]
  |                              ^^ l\\u{ad}
  |
 ::: a.yaml:1:4
  |
1 | x: 1
  |    - r\\u{9b}

";
    assert_eq!(written(&sources, &[diagnostic], Format::Human), expected);
}

#[test]
fn a_frame_of_a_line_without_end_stays_small() {
    let long = format!("{}needle{}\n", "ä".repeat(50_000), "b".repeat(50_000));
    let sources = sources(&[("long.yaml", &long)]);
    let diagnostic = Diagnostic::error("AAA001", place(&sources, 0, "needle"), "here").label("this");
    let shown = written(&sources, &[diagnostic], Format::Human);
    assert!(shown.len() < 2000 && shown.contains("needle"), "{shown}");
    assert!(shown.contains("long.yaml:1:50001\n"), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    let at = |line: &str, what: char| line.chars().position(|character| character == what).unwrap();
    assert_eq!(at(lines[3], 'n'), at(lines[4], '^'), "{shown}");
}

#[test]
fn related_places_are_capped_for_people_only() {
    let sources = sources(&[("a.yaml", &"x\n".repeat(40))]);
    let mut diagnostic = Diagnostic::error("AAA001", place(&sources, 0, "x"), "many");
    for line in 2..=30 {
        let start = (line - 1) * 2;
        let span = Span {
            file: FileId(0),
            start,
            end: start + 1,
            line,
            column: 1,
            end_line: line,
            end_column: 2,
        };
        diagnostic = diagnostic.related(span, "again");
    }
    let shown = written(&sources, &[diagnostic.clone()], Format::Human);
    assert_eq!(shown.matches("again").count(), 8, "{shown}");
    assert!(
        shown.contains("= note: 21 more places; `--format json` has all"),
        "{shown}"
    );
    assert_eq!(
        json(&sources, &[diagnostic], Format::Json)["diagnostics"][0]["related"]
            .as_array()
            .unwrap()
            .len(),
        29
    );
}

#[test]
fn colours_appear_only_when_they_are_asked_for() {
    let shop = shop();
    let diagnostics = [expired(&shop)];
    let report = Report {
        diagnostics: &diagnostics,
        sources: &shop,
        as_of: as_of(),
        commit: None,
        codes_off: &[],
    };
    let mut out = Vec::new();
    write(
        &report,
        Format::Human,
        Style {
            color: true,
            width: 80,
        },
        &mut out,
    )
    .unwrap();
    let coloured = String::from_utf8(out).unwrap();
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut parts = coloured.split("\u{1b}[");
    plain.push_str(parts.next().unwrap());
    parts.for_each(|part| plain.push_str(part.split_once('m').unwrap().1));
    assert_eq!(plain, written(&shop, &diagnostics, Format::Human));
}

#[test]
fn json_is_the_contract_to_the_byte() {
    let shop = shop();
    let expected = r#"{
  "schema": "countersign/diagnostics/v1",
  "as_of": "2026-09-30T23:59:59+02:00",
  "commit": "4be1a0c4be1a0c4be1a0c4be1a0c4be1a0c4be1a",
  "diagnostics": [
    {
      "code": "EXC001",
      "name": "expired-exception",
      "level": "error",
      "subject": "exc-0007",
      "message": "exception `exc-0007` has expired",
      "help": "close it, or have its owner renew it",
      "file": "exceptions/exc-0007.yaml",
      "line": 4,
      "column": 12,
      "end_line": 4,
      "end_column": 22,
      "related": [
        {
          "file": "exceptions/exc-0007.yaml",
          "line": 1,
          "column": 5,
          "message": "of this record"
        },
        {
          "file": "approvals/exc-0007/ä b.yaml",
          "line": 2,
          "column": 7,
          "message": "approved here"
        }
      ]
    },
    {
      "code": "DAT001",
      "name": "",
      "level": "warn",
      "subject": null,
      "message": "m",
      "help": null,
      "file": "exceptions/exc-0007.yaml",
      "line": 2,
      "column": 20,
      "end_line": 2,
      "end_column": 22,
      "related": []
    }
  ],
  "summary": {
    "error": 1,
    "warn": 1,
    "info": 0
  }
}
"#;
    let diagnostics = [
        expired(&shop),
        Diagnostic::warn("DAT001", place(&shop, 1, "日本"), "m"),
    ];
    let text = written(&shop, &diagnostics, Format::Json);
    assert_eq!(text, expected);
    assert_valid(
        &output_schema("diagnostics-v1"),
        &serde_json::from_str(&text).unwrap(),
    );
    assert_valid(
        &output_schema("diagnostics-v1"),
        &json(&Sources::default(), &[], Format::Json),
    );
}

#[test]
fn json_keeps_hostile_text_exactly_and_shows_none_of_it_to_a_terminal() {
    let shop = shop();
    let hostile = "\u{1b}[31m\u{9b}\u{7f}\u{202e}\u{feff}\u{e0041}\u{0}\n##vso[x]###[y] ä日";
    let text = written(
        &shop,
        &[Diagnostic::error("AAA001", place(&shop, 1, "id"), hostile)],
        Format::Json,
    );
    assert!(
        !text
            .chars()
            .any(|character| character != '\n' && is_unsafe(character)),
        "{text:?}"
    );
    assert!(!text.contains("##"), "{text}");
    let back: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(back["diagnostics"][0]["message"], hostile);
}

#[test]
fn the_summary_is_one_line() {
    let shop = shop();
    let error = expired(&shop);
    let warning = Diagnostic::warn("AAA001", error.span, "m");
    let remark = Diagnostic::info("AAA001", error.span, "m");
    let rows = [
        (vec![], "no errors, no warnings"),
        (
            vec![error.clone(), error.clone(), warning.clone()],
            "2 errors, 1 warning",
        ),
        (vec![warning.clone(), warning, remark], "2 warnings, 1 info"),
    ];
    for (diagnostics, expected) in rows {
        assert_eq!(Summary::of(&diagnostics).line(), expected);
    }
}

#[test]
fn the_schemas_are_good_and_say_the_same_of_diagnostics() {
    for schema in OUTPUT_SCHEMAS {
        let value: Value = serde_json::from_str(schema.text).unwrap();
        jsonschema::draft202012::meta::validate(&value).unwrap();
        assert_eq!(
            value["title"],
            format!("countersign/{}", schema.name.replace("-v", "/v"))
        );
    }
    let (diagnostics, register) = (output_schema("diagnostics-v1"), output_schema("register-v1"));
    for part in ["diagnostic", "summary"] {
        assert_eq!(diagnostics["$defs"][part], register["$defs"][part], "{part}");
    }
}

#[test]
fn the_statement_of_a_bundle_fits_its_schema() {
    use countersign::attest::manifest::{Inputs, LeftOut, Redaction, StatedImport, StatedSigner, Statement};
    let fingerprint = "SHA256:uNiVztksCsDhcc0u9e8BrrQXVUpKZIDTMczCvj3tD2s".to_owned();
    let signer = StatedSigner {
        principal: Some("ciso@nordhafen.example".into()),
        fingerprint,
    };
    let as_of = chrono::DateTime::parse_from_rfc3339("2026-09-30T23:59:59+02:00").unwrap();
    for (commit, signer) in [(Some(COMMIT.to_owned()), Some(signer)), (None, None)] {
        let import = StatedImport {
            file: "imports/src-nessus/weekly.nessus".into(),
            sha256: "0".repeat(64),
            source: Some("src-nessus".into()),
            host: None,
            by_hand: false,
        };
        let why = "the clone is shallow".to_owned();
        let what = "repo.bundle".to_owned();
        let day = |text: &str| parse_date(text).unwrap();
        let commit_is_there = commit.is_some();
        let statement = Statement {
            as_of,
            period: commit.is_some().then(|| countersign::reconcile::Period {
                from: day("2025-10-01"),
                to: day("2026-09-30"),
            }),
            commit,
            modified: false,
            tool: "countersign 0.1.0".into(),
            inputs: Inputs {
                tree_sha256: Some("1".repeat(64)),
                imports: vec![import],
                ..Inputs::default()
            },
            left_out: vec![LeftOut { what, why }],
            redacted: commit_is_there.then(|| Redaction {
                full_sha256sums_sha256: "2".repeat(64),
            }),
            signer,
        };
        let bytes = statement.to_bytes().unwrap();
        assert_eq!(Statement::parse(&bytes).unwrap(), statement);
        let document: Value = serde_json::from_slice(&statement.to_bytes().unwrap()).unwrap();
        assert_valid(&output_schema("bundle-v1"), &document);
    }
}
