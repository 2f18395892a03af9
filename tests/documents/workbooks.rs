//! Workbooks as a reader of spreadsheets finds them.

use serde_json::Value;

use super::{Files, rendered, text};
use crate::peers::python;

/// Reads a workbook with openpyxl, which shares no code with the writer.
const READER: &str = "
import json, sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
sheets = []
for sheet in book.worksheets:
    rows = [[[cell.data_type, str(cell.value) if cell.is_date else cell.value] for cell in row] for row in sheet.iter_rows()]
    sheets.append({'name': sheet.title, 'frozen': sheet.freeze_panes, 'filter': sheet.auto_filter.ref, 'rows': rows})
print(json.dumps({'title': book.properties.title, 'created': str(book.properties.created), 'sheets': sheets}))
";

/// Opens a workbook in the reader; `None` where there is none, which is said.
fn opened(files: &Files, name: &str) -> Option<Value> {
    let mut python = python("openpyxl")?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, &files[name]).unwrap();
    let output = python.args(["-c", READER]).arg(&path).output();
    let output = output.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn sheet<'a>(book: &'a Value, name: &str) -> &'a Value {
    let sheets = book["sheets"].as_array().unwrap();
    sheets.iter().find(|sheet| sheet["name"] == name).unwrap()
}

/// The column under a heading: type and value of each cell below it.
fn column<'a>(sheet: &'a Value, heading: &str) -> Vec<(&'a str, &'a Value)> {
    let rows = sheet["rows"].as_array().unwrap();
    let headings = rows[0].as_array().unwrap();
    let place = headings.iter().position(|cell| cell[1] == heading);
    let place = place.unwrap_or_else(|| panic!("no {heading} among {headings:?}"));
    let cell = |row: &'a Value| (row[place][0].as_str().unwrap(), &row[place][1]);
    rows[1..].iter().map(cell).collect()
}

#[test]
fn a_workbook_has_a_cover_and_a_sheet_for_each_table() {
    let files = rendered("");
    let Some(book) = opened(&files, "D05.xlsx") else {
        return;
    };
    let twin: Value = serde_json::from_str(text(&files, "D05.json")).unwrap();
    assert_eq!(book["title"], "D05 Vulnerability register");
    // As-of, not the moment of the test.
    assert_eq!(book["created"], "2026-01-01 22:59:59");
    assert_eq!(book["sheets"][0]["name"], "Cover");
    for (name, table) in twin["tables"].as_object().unwrap() {
        let rows = table["rows"].as_array().unwrap();
        let sheet = sheet(&book, name);
        let filled = sheet["rows"].as_array().unwrap().len();
        // An empty table has a line that says so.
        assert_eq!(filled, 1 + rows.len().max(1), "{name}");
        assert_eq!(sheet["frozen"], "A2", "{name}");
        assert_eq!(sheet["filter"].is_null(), rows.is_empty(), "{name}");
    }
}

#[test]
fn values_have_the_type_that_they_mean() {
    let files = rendered("");
    let Some(book) = opened(&files, "D05.xlsx") else {
        return;
    };
    let findings = sheet(&book, "findings");
    let twin: Value = serde_json::from_str(text(&files, "D05.json")).unwrap();
    let rows = twin["tables"]["findings"]["rows"].as_array().unwrap();
    let due = column(findings, "Due");
    assert_eq!(due.len(), rows.len());
    for ((kind, shown), row) in due.iter().zip(rows) {
        assert_eq!(*kind, "d", "a day is a date: {shown}");
        let day = shown.as_str().unwrap().split(' ').next();
        assert_eq!(day, row["due"].as_str(), "the day of the JSON twin");
    }
    let hosts = column(findings, "Host");
    assert!(hosts.iter().all(|(kind, _)| *kind == "s"));
}

#[test]
fn no_text_becomes_a_formula() {
    let files = rendered("=HYPERLINK(\"https://evil.example\",\"x\")");
    for name in files.keys().filter(|name| name.ends_with(".xlsx")) {
        let Some(book) = opened(&files, name) else { return };
        let sheets = book["sheets"].as_array().unwrap();
        let cells = sheets
            .iter()
            .flat_map(|sheet| sheet["rows"].as_array().unwrap())
            .flat_map(|row| row.as_array().unwrap());
        let mut foreign = 0;
        for cell in cells {
            assert_ne!(cell[0], "f", "{name}: {cell}");
            let is_foreign = cell[1].as_str().is_some_and(|text| text.contains("=HYPERLINK"));
            foreign += usize::from(is_foreign);
        }
        assert!(
            name == "index.xlsx" || foreign > 0,
            "{name} shows the text as it is"
        );
    }
}

#[test]
fn a_workbook_made_again_is_the_same() {
    let (one, other) = (rendered("a"), rendered("a"));
    let names: Vec<&String> = one.keys().filter(|name| name.ends_with(".xlsx")).collect();
    assert!(names.len() > 3, "{names:?}");
    for name in names {
        assert!(one[name] == other[name], "{name}");
    }
}
