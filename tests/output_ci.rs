//! Diagnostics for build servers: SARIF, JUnit, and the forms of GitHub and GitLab.

use countersign::diagnostic::Diagnostic;
use countersign::output::Style;
use countersign::output::diagnostics::{Format, Report, write};
use countersign::source::{FileId, Sources, Span};
use serde_json::Value;

use super::output::{
    APPROVAL, COMMIT, EXCEPTION, as_of, assert_valid, expired, json, named, place, shop, sources, written,
};

#[test]
fn sarif_is_valid_and_points_at_its_rule() {
    let shop = shop();
    let diagnostics = [
        expired(&shop),
        named(Diagnostic::warn("ZZZ001", place(&shop, 0, "id"), "m"), "no-rule"),
        Diagnostic::info("AAA001", Span::start_of(FileId(7)), "m"),
    ];
    let log = json(&shop, &diagnostics, Format::Sarif);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for (index, level) in ["error", "warning", "note"].into_iter().enumerate() {
        let result = &run["results"][index];
        assert_eq!(result["level"], level);
        assert_eq!(
            rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"],
            result["ruleId"]
        );
        assert_eq!(result["locations"].as_array().unwrap().len(), 1);
    }
    let rule = rules.iter().find(|rule| rule["id"] == "EXC001").unwrap();
    assert_eq!(rule["name"], "expired-exception");
    assert_eq!(
        rule["shortDescription"]["text"],
        "Flags an exception that is past its last day."
    );
    assert_eq!(rule["defaultConfiguration"]["level"], "error");
    assert!(
        rule["help"]["markdown"]
            .as_str()
            .unwrap()
            .contains("```yaml flagged")
    );
    let place = &run["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "exceptions/exc-0007.yaml");
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 4, "startColumn": 12, "endLine": 4, "endColumn": 22})
    );
    let second = &run["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(
        second["artifactLocation"]["uri"],
        "approvals/exc-0007/%C3%A4%20b.yaml"
    );
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/official-schemas/sarif-2.1.0.schema.json");
    let Ok(schema) = std::fs::read_to_string(&path) else {
        println!("SKIPPED: the official SARIF schema is not here, so that validity was not checked");
        return;
    };
    assert_valid(&serde_json::from_str(&schema).unwrap(), &log);
    assert_valid(
        &serde_json::from_str(&schema).unwrap(),
        &json(&Sources::default(), &[], Format::Sarif),
    );
}

#[test]
fn fingerprints_outlive_moved_lines_and_tell_twins_apart() {
    let fingerprints = |text: &str| {
        let sources = sources(&[("exceptions/exc-0007.yaml", text)]);
        let twin = || Diagnostic::error("EXC001", place(&sources, 0, "2026-08-31"), "m").subject("exc-0007");
        let other = Diagnostic::error("EXC001", place(&sources, 0, "2026-08-31"), "m").subject("exc-0008");
        let diagnostics = [twin(), twin(), other];
        let of = |value: &Value| value.as_str().unwrap().to_owned();
        let sarif = json(&sources, &diagnostics, Format::Sarif);
        let gitlab = json(&sources, &diagnostics, Format::Gitlab);
        let all: Vec<String> = (0..3).map(|index| of(&gitlab[index]["fingerprint"])).collect();
        let same = &sarif["runs"][0]["results"][1]["partialFingerprints"]["countersign/v1"];
        assert_eq!(of(same), all[1]);
        all
    };
    let before = fingerprints(EXCEPTION);
    assert_eq!(
        before,
        fingerprints(&format!(
            "# moved\n\n{}",
            EXCEPTION.replace("  expires", "      expires")
        ))
    );
    assert!(before[0] != before[1] && before[0] != before[2] && before[1] != before[2]);
}

#[test]
fn gitlab_gets_its_own_words() {
    let shop = shop();
    let report = json(
        &shop,
        &[
            expired(&shop),
            Diagnostic::warn("AAA001", place(&shop, 0, "id"), "m"),
        ],
        Format::Gitlab,
    );
    assert_eq!(
        report[0]["description"],
        "exception `exc-0007` has expired: ended 30 d ago"
    );
    assert_eq!(report[0]["check_name"], "EXC001");
    assert_eq!(report[0]["severity"], "blocker");
    assert_eq!(report[0]["location"]["path"], "exceptions/exc-0007.yaml");
    assert_eq!(report[0]["location"]["lines"]["begin"], 4);
    assert_eq!(report[1]["severity"], "minor");
}

#[test]
fn github_gets_one_command_a_diagnostic() {
    let shop = sources(&[("a,b:c%.yaml", APPROVAL), ("exceptions/exc-0007.yaml", EXCEPTION)]);
    let several = Span {
        end_line: 2,
        end_column: 3,
        ..place(&shop, 0, "subject")
    };
    let hostile = "100 %\r\n::error file=x::owned\n::stop-commands::t";
    let diagnostics = [
        expired(&shop),
        named(
            Diagnostic::warn("AAA001", place(&shop, 0, "id"), hostile).help("a\n::error::b"),
            "x,y::z",
        ),
        Diagnostic::info("AAA002", several, "m"),
    ];
    let expected = "\
::error file=exceptions/exc-0007.yaml,line=4,col=12,endLine=4,endColumn=22,title=EXC001 expired-exception::exception `exc-0007` has expired: ended 30 d ago%0Aexceptions/exc-0007.yaml:1: of this record%0Aa,b:c%25.yaml:2: approved here%0Ahelp: close it, or have its owner renew it
::warning file=a%2Cb%3Ac%25.yaml,line=2,col=3,endLine=2,endColumn=5,title=AAA001 x%2Cy%3A%3Az::100 %25\\r\\n::error file=x::owned\\n::stop-commands::t%0Ahelp: a\\n::error::b
::notice file=a%2Cb%3Ac%25.yaml,line=1,endLine=2,title=AAA002::m
";
    assert_eq!(written(&shop, &diagnostics, Format::Github), expected);
}

#[test]
fn junit_fails_for_errors_skips_what_is_off_and_passes_the_silent() {
    let shop = shop();
    let warning = || {
        named(
            Diagnostic::warn("AAA001", place(&shop, 0, "id"), "a <b> & \"c\" \u{1b}"),
            "some-rule",
        )
    };
    let text = written(&shop, &[expired(&shop), warning(), warning()], Format::Junit);
    let silent = countersign::check::CHECKS.len() - 1;
    let head = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="countersign" tests="{tests}" failures="1" errors="0" skipped="0">
  <testsuite name="countersign check" tests="{tests}" failures="1" errors="0" skipped="0">
    <properties>
      <property name="as_of" value="2026-09-30T23:59:59+02:00"/>
      <property name="commit" value="{COMMIT}"/>
    </properties>
    <testcase classname="EXC001 expired-exception" name="exceptions/exc-0007.yaml:4: exception `exc-0007` has expired" file="exceptions/exc-0007.yaml" line="4">
      <failure message="exception `exc-0007` has expired: ended 30 d ago" type="EXC001">error[EXC001]: exception `exc-0007` has expired: ended 30 d ago
at exceptions/exc-0007.yaml:4:12
see exceptions/exc-0007.yaml:1:5: of this record
see approvals/exc-0007/ä b.yaml:2:7: approved here
help: close it, or have its owner renew it</failure>
    </testcase>
    <testcase classname="AAA001 some-rule" name="approvals/exc-0007/ä b.yaml:2: a &lt;b&gt; &amp; &quot;c&quot; \u{{1b}}" file="approvals/exc-0007/ä b.yaml" line="2">
      <system-out>warn[AAA001]: a &lt;b&gt; &amp; &quot;c&quot; \u{{1b}}
at approvals/exc-0007/ä b.yaml:2:3</system-out>
    </testcase>
    <testcase classname="AAA001 some-rule" name="approvals/exc-0007/ä b.yaml:2: a &lt;b&gt; &amp; &quot;c&quot; \u{{1b}} (2)""#,
        tests = silent + 3
    );
    assert!(text.starts_with(&head), "{text}");
    let report = Report {
        diagnostics: &[],
        sources: &shop,
        as_of: as_of(),
        commit: None,
        codes_off: &["EXC001"],
    };
    let mut out = Vec::new();
    write(&report, Format::Junit, Style::plain(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.contains("skipped=\"1\"")
            && text.contains("<skipped message=\"turned off in compliance.yaml\"/>")
    );
}
