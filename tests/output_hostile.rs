//! No text from a file reaches a terminal, a log or a spreadsheet as anything but text.

use countersign::diagnostic::Diagnostic;
use countersign::output::Style;
use countersign::output::diagnostics::{Format, Report, write};
use countersign::output::text::{formula_safe, is_unsafe, visible};
use countersign::source::{FileId, SourceFile, Sources, Span};
use proptest::prelude::*;

#[test]
fn unsafe_characters_are_written_out() {
    let rows = [
        ("plain, ä 日本 \u{1f600}", "plain, ä 日本 \u{1f600}"),
        ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
        ("\u{202e}evil\u{2069}", "\\u{202e}evil\\u{2069}"),
        ("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}"),
        ("c1 \u{9b}2J del \u{7f}", "c1 \\u{9b}2J del \\u{7f}"),
        (
            "two\r\nlines\tand\u{2028}more",
            "two\\r\\nlines\\tand\\u{2028}more",
        ),
        (
            "tag \u{e0041} variant \u{fe0f} none \u{ffff}",
            "tag \\u{e0041} variant \\u{fe0f} none \\u{ffff}",
        ),
        ("::error file=x::owned", "\\u{3a}:error file=x::owned"),
        ("  ::error::x", "  \\u{3a}:error::x"),
        ("::1 and a::b::c", "\\u{3a}:1 and a::b::c"),
        ("::1", "::1"),
        ("fe80::1", "fe80::1"),
        (
            "x ##[error]y ##vso[task.x]z",
            "x \\u{23}#[error]y \\u{23}#vso[task.x]z",
        ),
        ("# heading ## two", "# heading ## two"),
    ];
    for (text, expected) in rows {
        assert_eq!(visible(text), expected, "{text:?}");
    }
}

#[test]
fn no_cell_is_a_formula() {
    let formulas = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\tx",
        "  =1",
        "\"=1",
        "'=1",
        "\u{ff1d}1",
        "\u{ff0b}1",
        "\u{ff0d}1",
        "\u{ff20}x",
        "\u{200b}=1",
        "\u{a0}=cmd|' /C calc'!A0",
    ];
    for formula in formulas {
        let cell = formula_safe(formula);
        assert!(cell.starts_with('\''), "{formula:?} became {cell:?}");
    }
    for text in ["web01", "CVE-2026-1111", "a=b", "3.5", "", "CVSS:3.1/AV:N"] {
        assert_eq!(formula_safe(text), text);
    }
}

fn shown(text: &str, message: &str, spans: &[Span], format: Format, style: Style) -> String {
    let file = |path: &str| SourceFile {
        path: path.into(),
        text: text.into(),
    };
    let sources = Sources::new(vec![file("a.yaml"), file("b/a.yaml")]);
    let mut diagnostic = Diagnostic::error("AAA001", spans[0], message)
        .label(message)
        .help(message)
        .subject(message);
    for span in &spans[1..] {
        diagnostic = diagnostic.related(*span, message);
    }
    let report = Report {
        diagnostics: &[diagnostic],
        sources: &sources,
        as_of: super::output::as_of(),
        commit: None,
        codes_off: &[],
    };
    let mut out = Vec::new();
    write(&report, format, style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn any_span() -> impl Strategy<Value = Span> {
    (
        0..3_u32,
        0..80_u32,
        0..80_u32,
        1..9_u32,
        1..30_u32,
        1..9_u32,
        1..30_u32,
    )
        .prop_map(|(file, start, end, line, column, end_line, end_column)| Span {
            file: FileId(file),
            start,
            end,
            line,
            column,
            end_line,
            end_column,
        })
}

fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\r".to_owned()),
        Just("\t".to_owned()),
        Just("::error::".to_owned()),
        Just("##[x]".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("日本".to_owned()),
        Just("x".repeat(700)),
        any::<char>().prop_map(String::from),
        "[ -~]{0,8}",
    ];
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_and_any_place_become_harmless_lines(
        text in any_text(),
        message in any_text(),
        spans in prop::collection::vec(any_span(), 1..5),
        width in 0..200_usize,
    ) {
        for format in Format::ALL {
            let shown = shown(&text, &message, &spans, format, Style { color: false, width });
            prop_assert!(!shown.chars().any(|character| character != '\n' && is_unsafe(character)), "{shown:?}");
            // An arrow of a frame is no command: a build server reads its third colon as the name.
            let is_command = |line: &&str| {
                let line = line.trim_start();
                line.starts_with("::") && !line.starts_with("::: ") && line[2..].contains("::")
            };
            let allowed = usize::from(format == Format::Github);
            if format == Format::Junit {
                let mut reader = quick_xml::Reader::from_str(&shown);
                while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
            }
            prop_assert_eq!(shown.lines().filter(is_command).count(), allowed, "{}", shown);
        }
    }
}
