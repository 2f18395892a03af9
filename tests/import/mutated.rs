//! The fixtures of every importer, spoiled in every way that is known: refused or harmlessly taken, soon.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use countersign::import::{IMPORTERS, ImportError, Options};
use serde_json::Value;

use super::counts::{COUNTS, mapping_of};
use super::{fixture, read_with};

/// Far more than any of it takes, also on a machine that has much else to do.
const MAX_TIME: Duration = Duration::from_secs(90);
/// What must never reach a terminal, a page or a spreadsheet as it is.
const HOSTILE: &str = "<script>alert(1)</script>\u{1b}[2J\u{202e}=cmd|' /C calc'!A0&\u{7f}\u{0085}";

/// Reads a spoiled fixture, and returns what was said of it where it was refused.
fn feed(name: &str, bytes: &[u8]) -> Result<(), String> {
    let profile = mapping_of(name.split('/').next().unwrap_or_default());
    let options = Options {
        mapping: profile.as_ref(),
        ..Options::default()
    };
    let start = Instant::now();
    let result = read_with(bytes, &options);
    assert!(start.elapsed() < MAX_TIME, "{name}: took {:?}", start.elapsed());
    let (imported, recorder) = match result {
        Ok(read) => read,
        Err(error) => {
            assert!(!matches!(error, ImportError::Unreadable(_)), "{name}: {error}");
            let text = error.to_string();
            let is_raw = |letter: char| letter.is_control() || letter == '\u{202e}';
            assert!(
                !text.chars().any(is_raw),
                "{name}: {text:?} would reach the terminal raw"
            );
            assert!(text.len() < 4000, "{name}: a message of {} bytes", text.len());
            return Err(text);
        }
    };
    if imported.summary.incomplete.is_none() {
        let poured =
            recorder.observations.len() + recorder.kev.len() + recorder.epss.len() + recorder.advice.len();
        assert!(
            poured as u64 <= imported.summary.observations,
            "{name}: poured and not counted"
        );
    }
    Ok(())
}

/// Every fixture with its form: `<`, `{` or `,`.
fn fixtures() -> impl Iterator<Item = (&'static str, Vec<u8>, char)> {
    COUNTS.iter().map(|(name, ..)| {
        let bytes = fixture(name);
        let text = String::from_utf8_lossy(&bytes);
        let form = match text.trim_start_matches('\u{feff}').trim_start().chars().next() {
            Some('<') => '<',
            Some('{' | '[') => '{',
            _ => ',',
        };
        (*name, bytes, form)
    })
}

#[test]
fn every_importer_has_fixtures_to_spoil() {
    let formats: BTreeSet<&str> = COUNTS.iter().map(|(_, format, _)| *format).collect();
    let known: BTreeSet<&str> = IMPORTERS.iter().map(|importer| importer.name).collect();
    assert_eq!(formats, known);
}

#[test]
fn a_packed_file_that_never_ends_is_refused_by_every_importer() {
    let mut seen = BTreeSet::new();
    // Members of gzip follow each other, and the long one is packed once.
    let endless = super::packed::gz(&vec![b'\n'; 18 << 20]);
    for (name, bytes, _) in fixtures() {
        let folder = name.split('/').next().unwrap();
        if !seen.insert(folder) {
            continue;
        }
        let packed = [super::packed::gz(&bytes), endless.clone()].concat();
        let said = feed(name, &packed).expect_err(name);
        assert!(said.contains("is over a limit"), "{name}: {said}");
    }
}

#[test]
fn entities_are_no_bomb_in_any_format_of_xml() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>";
    for (name, bytes, _) in fixtures().filter(|(.., form)| *form == '<') {
        let text = String::from_utf8(bytes).unwrap();
        let plain = drop_doctype(&text);
        let root = root_of(&plain);
        let spoiled = format!("{}{bomb}{}", &plain[..root], &plain[root..]);
        let said = feed(name, spoiled.as_bytes()).expect_err(name);
        assert!(
            said.contains("DOCTYPE") || said.contains("no known format"),
            "{name}: {said}"
        );
        for reference in [
            "&b;",
            "&c;",
            "&unknown;",
            "&#0;",
            "&#xD800;",
            "&#99999999999;",
            "& ",
        ] {
            let inside = plain[root..].find('>').unwrap() + root + 1;
            let spoiled = format!("{}{reference}{}", &plain[..inside], &plain[inside..]);
            assert!(feed(name, spoiled.as_bytes()).is_err(), "{name} {reference}");
        }
    }
}

fn drop_doctype(text: &str) -> String {
    match text.find("<!DOCTYPE") {
        Some(start) => {
            let end = start + text[start..].find('>').unwrap() + 1;
            format!("{}{}", &text[..start], &text[end..])
        }
        None => text.to_owned(),
    }
}

/// Returns where the root element begins.
fn root_of(text: &str) -> usize {
    let is_root = |(at, _): &(usize, &str)| text[at + 1..].starts_with(|letter: char| letter.is_alphabetic());
    text.match_indices('<').find(is_root).unwrap().0
}

#[test]
fn nesting_without_an_end_is_refused_in_every_format() {
    for (name, bytes, form) in fixtures().filter(|(.., form)| *form != ',') {
        let text = String::from_utf8(bytes).unwrap();
        let (deep, places): (String, Vec<usize>) = match form {
            '<' => (
                "<a>".repeat(100_000),
                text.match_indices('>').map(|(at, _)| at + 1).collect(),
            ),
            _ => (
                "[".repeat(100_000),
                text.match_indices("\": ").map(|(at, _)| at + 3).collect(),
            ),
        };
        let step = (places.len() / 12).max(1);
        for at in places.iter().step_by(step) {
            let spoiled = format!("{}{deep}{}", &text[..*at], &text[*at..]);
            assert!(feed(name, spoiled.as_bytes()).is_err(), "{name} at {at}");
        }
    }
}

#[test]
fn any_value_of_json_may_be_anything() {
    let long = "x".repeat(100_000);
    let values = [
        Value::Null,
        Value::Bool(true),
        Value::from(-1),
        Value::from(1e300),
        Value::from(""),
        Value::from(HOSTILE),
        Value::from(long),
        Value::from("9999-99-99T99:99:99Z"),
        Value::Array(vec![Value::Array(vec![])]),
        serde_json::json!({HOSTILE: {"a": [1]}}),
    ];
    let mut documents = 0;
    for (name, bytes, _) in fixtures().filter(|(name, _, form)| *form == '{' && name.ends_with(".json")) {
        // Some tools write other lines around their JSON.
        let Ok(whole) = serde_json::from_slice::<Value>(&bytes) else {
            continue;
        };
        documents += 1;
        for pointer in pointers(&whole) {
            for value in &values {
                let mut spoiled = whole.clone();
                *spoiled.pointer_mut(&pointer).unwrap() = value.clone();
                let _ = feed(name, spoiled.to_string().as_bytes());
            }
        }
    }
    assert!(documents > 40, "only {documents} documents were spoiled");
}

/// The first value of each name, wherever it stands, as a pointer.
fn pointers(whole: &Value) -> Vec<String> {
    let (mut found, mut names) = (Vec::new(), BTreeSet::new());
    let mut open = vec![(String::new(), whole)];
    while let Some((pointer, value)) = open.pop() {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    if names.insert(key.clone()) {
                        found.push(pointer.clone());
                    }
                    open.push((pointer, value));
                }
            }
            Value::Array(items) => {
                let items = items.iter().take(2).enumerate();
                open.extend(items.map(|(index, item)| (format!("{pointer}/{index}"), item)));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

#[test]
fn any_cell_may_be_anything_and_no_quote_swallows_the_rest() {
    let long = "x".repeat(100_000);
    let cells = [
        "",
        HOSTILE,
        "\"",
        "\"\"\"",
        "=1+1",
        "99/99/9999 99:99",
        "-1",
        "null",
        "\u{feff}",
        &long,
    ];
    for (name, bytes, _) in fixtures().filter(|(.., form)| *form == ',') {
        let text = String::from_utf8(bytes).unwrap();
        let ends: Vec<usize> = text.match_indices([',', ';', '\n']).map(|(at, _)| at).collect();
        let step = (ends.len() / 60).max(1);
        for pair in ends.windows(2).step_by(step) {
            let (start, end) = (pair[0] + 1, pair[1]);
            for cell in cells {
                let spoiled = format!("{}{cell}{}", &text[..start], &text[end..]);
                let _ = feed(name, spoiled.as_bytes());
            }
        }
        // A row of very many cells, and one without an end.
        let rows = [",".repeat(100_000), format!("\"{}", "y".repeat(17 << 20))];
        for row in rows {
            let _ = feed(name, format!("{text}{row}").as_bytes());
        }
    }
}

#[test]
fn any_text_of_xml_may_hold_markup_and_what_terminals_obey() {
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&#x202e;=cmd|' /C calc'!A0&amp;";
    for (name, bytes, _) in fixtures().filter(|(.., form)| *form == '<') {
        let text = String::from_utf8(bytes).unwrap();
        let root = root_of(&text);
        let values = text[root..].match_indices("=\"").map(|(at, _)| root + at + 2);
        let texts = text[root..].match_indices('>').map(|(at, _)| root + at + 1);
        let mut places: Vec<usize> = values.chain(texts).filter(|at| *at < text.len()).collect();
        places.sort_unstable();
        let step = (places.len() / 150).max(1);
        for at in places.into_iter().step_by(step) {
            for piece in [escaped, "\u{1b}[2J", "\u{0}", "\"", "<![CDATA[", "]]>"] {
                let _ = feed(name, format!("{}{piece}{}", &text[..at], &text[at..]).as_bytes());
            }
        }
    }
}

#[test]
fn what_is_in_another_encoding_is_told_and_not_guessed() {
    for (name, bytes, form) in fixtures() {
        let text = String::from_utf8(bytes.clone()).unwrap();
        // Without a mark UTF-16 is not told from rubbish.
        let bare: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(feed(name, &bare).is_err(), "{name}");
        for at in [bytes.len() / 3, bytes.len() / 2, bytes.len() - 2] {
            for wrong in [
                &b"\xe9"[..],
                b"\xc0\x80",
                b"\xed\xa0\x80",
                b"\xf8\x88\x80\x80\x80",
            ] {
                let spoiled = [&bytes[..at], wrong, &bytes[at..]].concat();
                let read = feed(name, &spoiled);
                // In a value that nobody reads they are passed over.
                assert!(
                    form != '<' || read.is_err(),
                    "{name} at {at}: bytes that are no text were taken"
                );
            }
        }
    }
}
