//! PDF as its readers find it, and what an archive asks of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use countersign::document::{DOCUMENTS, DocumentKind, Format, find, render};
use countersign::reconcile::Register;
use countersign::source::sha256_hex;
use serde_json::Value;

use super::{Files, diagnostics, files, provenance, repository, sample_register, text};
use crate::peers::{python, require};

/// Renders documents as PDF and JSON over a register that the caller has changed.
fn made(kinds: &[&'static DocumentKind], foreign: &str, change: impl FnOnce(&mut Register<'_>)) -> Files {
    let repository = repository(&files(foreign));
    let mut register = sample_register(&repository, foreign);
    change(&mut register);
    let diagnostics = diagnostics(foreign);
    render(
        kinds,
        &[Format::Pdf, Format::Json],
        &register,
        &provenance(&diagnostics),
        &BTreeMap::new(),
    )
    .unwrap()
}

fn one(id: &str, foreign: &str, change: impl FnOnce(&mut Register<'_>)) -> Files {
    made(&[find(id).unwrap()], foreign, change)
}

/// Gives the register so many findings, each with a title that begins and ends with its number.
fn many(register: &mut Register<'_>, count: usize) {
    let seed = register.findings[0].clone();
    register.findings = (0..count)
        .map(|number| {
            let mut finding = seed.clone();
            Arc::make_mut(&mut finding.said).title = format!(
                "begins {number:04} and goes on for some words, so that a row has lines, ends {number:04}"
            )
            .into();
            finding
        })
        .collect();
}

/// Reads a PDF with pikepdf, which shares no code with the writer.
const READER: &str = r#"
import hashlib, json, sys, pikepdf
pdf = pikepdf.open(sys.argv[1])
root = pdf.Root
embedded, glyphs, tags, alts, actions, scopes = [], 0, {}, 0, [], {}
for thing in pdf.objects:
    if not isinstance(thing, pikepdf.Dictionary):
        continue
    kind = thing.get("/Type")
    if kind == "/FontDescriptor":
        embedded.append(any(name in thing for name in ("/FontFile", "/FontFile2", "/FontFile3")))
    if kind == "/Font" and thing.get("/Subtype") == "/Type3":
        glyphs += 1
    if kind == "/StructElem":
        tag = str(thing.get("/S"))
        tags[tag] = tags.get(tag, 0) + 1
        alts += "/Alt" in thing
        of = thing.get("/A", None)
        for one in of if isinstance(of, pikepdf.Array) else [of]:
            if isinstance(one, pikepdf.Dictionary) and "/Scope" in one:
                scopes[str(one.Scope)] = scopes.get(str(one.Scope), 0) + 1
    action = thing.get("/A")
    if isinstance(action, pikepdf.Dictionary) and action.get("/S") != "/GoTo":
        actions.append([str(action.get("/S")), str(action.get("/URI", ""))])
def titles(items):
    return [[item.title, titles(item.children)] for item in items]
with pdf.open_outline() as outline:
    bookmarks = titles(outline.root)
with pdf.open_metadata() as xmp:
    meta = {name: str(value) for name, value in xmp.items()}
files = {
    name: {
        "relationship": str(spec.relationship),
        "type": spec.get_file().mime_type,
        "sha256": hashlib.sha256(spec.get_file().read_bytes()).hexdigest(),
    }
    for name, spec in pdf.attachments.items()
}
print(json.dumps({
    "marked": bool(root.MarkInfo.Marked), "tree": "/StructTreeRoot" in root, "lang": str(root.Lang),
    "intents": [str(intent.S) for intent in root.OutputIntents], "meta": meta, "embedded": embedded,
    "tags": tags, "scopes": scopes, "alts": alts, "actions": actions, "bookmarks": bookmarks, "files": files,
    "associated": len(root.get("/AF", [])), "scripts": "/JavaScript" in root.get("/Names", {}) or "/AA" in root or "/OpenAction" in root,
    "author": str(pdf.docinfo.get("/Author", "")), "created": str(pdf.docinfo.get("/CreationDate", "")),
}))
"#;

/// Opens a PDF in the reader; `None` where there is none, which is said.
fn opened(path: &Path) -> Option<Value> {
    let mut python = python("pikepdf")?;
    let output = python.args(["-c", READER]).arg(path).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn laid_down(files: &Files) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// Returns the words of each page in the order in which they are read; `None` without the program, which is said.
fn pages(path: &Path) -> Option<Vec<String>> {
    if !require(&["pdftotext"]) {
        return None;
    }
    let output = Command::new("pdftotext")
        .args(["-raw", "-enc", "UTF-8"])
        .arg(path)
        .arg("-")
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let mut pages: Vec<String> = text.split('\u{c}').map(str::to_owned).collect();
    pages.pop();
    Some(pages)
}

/// Takes out everything white, since a line may end anywhere in a cell.
fn close(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_whitespace())
        .collect()
}

#[test]
fn every_document_is_an_archive_with_tags_fonts_bookmarks_and_its_twin() {
    let kinds: Vec<&DocumentKind> = DOCUMENTS.iter().collect();
    let files = made(&kinds, "", |_| {});
    let folder = laid_down(&files);
    for kind in kinds {
        let Some(pdf) = opened(&folder.path().join(format!("{}.pdf", kind.id))) else {
            return;
        };
        let id = kind.id;
        assert_eq!(
            (&pdf["marked"], &pdf["tree"]),
            (&true.into(), &true.into()),
            "{id}"
        );
        assert_eq!(pdf["lang"], "en", "{id}");
        let meta = |name: &str| pdf["meta"][name].as_str().unwrap_or_default().to_owned();
        let claim = (
            meta("{http://www.aiim.org/pdfa/ns/id/}part"),
            meta("{http://www.aiim.org/pdfa/ns/id/}conformance"),
        );
        assert_eq!(claim, ("3".into(), "A".into()), "{id}");
        assert!(
            meta("{http://purl.org/dc/elements/1.1/}title").contains(kind.title),
            "{id}"
        );
        assert_eq!(pdf["author"], "Nordhafen Logistics AG", "{id}");
        // As-of in the zone of the organisation, not the moment of the test.
        assert_eq!(pdf["created"], "D:20260101235959+01'00", "{id}");
        assert_eq!(pdf["intents"], serde_json::json!(["/GTS_PDFA1"]), "{id}");
        let embedded = pdf["embedded"].as_array().unwrap();
        assert!(
            !embedded.is_empty() && embedded.iter().all(|is| is == true),
            "{id}: every font is inside"
        );
        assert!(
            pdf["scopes"]["/Column"].as_u64() > Some(0),
            "{id}: heads of columns"
        );
        assert!(
            pdf["scopes"]["/Row"].as_u64() > Some(10),
            "{id}: the cover and rows say what heads them: {}",
            pdf["scopes"]
        );
        assert!(
            pdf["tags"]["/H1"].as_u64() > Some(3),
            "{id}: headings are tagged: {}",
            pdf["tags"]
        );
        let last = pdf["bookmarks"].as_array().unwrap().last().unwrap();
        assert!(
            last[0].as_str().unwrap().ends_with("How to verify"),
            "{id}: {last}"
        );
        let twin = &pdf["files"][format!("{id}.json")];
        assert_eq!(twin["relationship"], "/Data", "{id}");
        assert_eq!(twin["type"], "application/json", "{id}");
        assert_eq!(twin["sha256"], sha256_hex(&files[&format!("{id}.json")]), "{id}");
        assert_eq!((&pdf["associated"], &pdf["scripts"]), (&1.into(), &false.into()));
    }
}

#[test]
fn a_pdf_says_what_the_view_says() {
    let files = one("D05", "", |_| {});
    let folder = laid_down(&files);
    let Some(pages) = pages(&folder.path().join("D05.pdf")) else {
        return;
    };
    let all = close(&pages.concat());
    let twin: Value = serde_json::from_str(text(&files, "D05.json")).unwrap();
    for row in twin["tables"]["findings"]["rows"].as_array().unwrap() {
        for key in ["host", "vulnerability", "title", "due", "disposition", "owner"] {
            let shown = row[key].as_str().unwrap_or_default().replace('_', " ");
            assert!(all.contains(&close(&shown)), "{key}: `{shown}`");
        }
    }
    for share in twin["tables"]["kpis"]["rows"].as_array().unwrap() {
        let (part, whole) = (&share["rate"]["numerator"], &share["rate"]["denominator"]);
        assert!(all.contains(&close(&format!("{part} of {whole}"))), "{share}");
    }
    let count = pages.len();
    for (number, page) in pages.iter().enumerate() {
        assert!(
            page.contains(&format!("page {} of {count}", number + 1)),
            "{page}"
        );
        assert!(page.contains("D05 Vulnerability register"), "{page}");
        assert!(page.contains("CONFIDENTIAL"), "{page}");
        assert!(page.contains("made with 2 errors open"), "{page}");
        assert!(page.contains("As of 2026-01-01T23:59:59"), "{page}");
    }
    assert!(pages[0].contains("Made with 2 errors open."), "the banner");
}

#[test]
fn figures_have_words_for_those_who_cannot_see_them() {
    let files = one("D05", "", |_| {});
    let folder = laid_down(&files);
    let Some(pdf) = opened(&folder.path().join("D05.pdf")) else {
        return;
    };
    assert_eq!(pdf["tags"]["/Figure"], 1, "{}", pdf["tags"]);
    assert!(pdf["alts"].as_u64() >= Some(1));
}

#[test]
fn rows_stay_whole_and_heads_come_again_on_every_page() {
    let files = one("D05", "", |register| many(register, 120));
    let folder = laid_down(&files);
    let Some(pages) = pages(&folder.path().join("D05.pdf")) else {
        return;
    };
    let pages: Vec<String> = pages.iter().map(|page| close(page)).collect();
    for number in 0..120 {
        let begins = |page: &&String| page.contains(&format!("begins{number:04}"));
        let page = pages.iter().find(begins).expect("every finding is there");
        assert!(
            page.contains(&format!("ends{number:04}")),
            "{number} is cut in two"
        );
        assert!(page.contains("Duedate") || page.contains("Firstseen"), "{page}");
    }
}

#[test]
fn no_page_ends_with_a_heading() {
    for count in [1, 7, 13, 19, 25] {
        let files = one("D05", "", |register| many(register, count));
        let folder = laid_down(&files);
        let path = folder.path().join("D05.pdf");
        let (Some(pages), Some(pdf)) = (pages(&path), opened(&path)) else {
            return;
        };
        let headings: Vec<String> = pdf["bookmarks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bookmark| close(bookmark[0].as_str().unwrap()))
            .collect();
        for page in &pages {
            let body = page.lines().filter(|line| !line.trim().is_empty());
            let body: Vec<String> = body.map(close).collect();
            // The last two lines are the foot: where it comes from, and the number of the page.
            let last = body
                .iter()
                .rev()
                .find(|line| !line.starts_with("Asof") && !line.starts_with("page"));
            assert!(
                !headings.contains(last.unwrap()),
                "{count} findings: `{last:?}` ends a page"
            );
        }
    }
}

#[test]
fn the_scorecard_is_one_page_and_each_form_has_its_own() {
    let files = made(&["D03", "D14"].map(|id| find(id).unwrap()), "", |_| {});
    let folder = laid_down(&files);
    let of = |id: &str| pages(&folder.path().join(format!("{id}.pdf")));
    let (Some(forms), Some(scorecard)) = (of("D03"), of("D14")) else {
        return;
    };
    for section in ["Figures", "Gravest risks", "Decisions that end"] {
        assert!(scorecard[0].contains(section), "{section}: {}", scorecard[0]);
    }
    assert!(
        !scorecard[0].contains("How to verify"),
        "its contents stand behind it"
    );
    let twin: Value = serde_json::from_str(text(&files, "D03.json")).unwrap();
    let ids = twin["tables"]["register"]["rows"].as_array().unwrap();
    assert!(ids.len() > 1, "{ids:?}");
    let forms: Vec<&String> = forms.iter().filter(|page| page.contains("As recorded")).collect();
    assert_eq!(forms.len(), ids.len());
    for (page, row) in forms.iter().zip(ids) {
        assert!(page.contains(row["id"].as_str().unwrap()), "{row}: {page}");
        assert_eq!(page.matches("Alternatives considered").count(), 1, "{page}");
    }
}

#[test]
fn a_long_table_names_the_file_that_has_the_rest() {
    let files = one("D05", "", |register| many(register, 640));
    let folder = laid_down(&files);
    let csv = &files["D05-findings.csv"];
    assert_eq!(
        csv.split(|byte| *byte == b'\n').count(),
        642,
        "a head, all rows, an end"
    );
    let Some(pages) = pages(&folder.path().join("D05.pdf")) else {
        return;
    };
    let all = close(&pages.concat());
    let said = format!(
        "Thefirst500of640rowsstandhere.All640rows,whole,areinD05-findings.csv,whichwaswrittenbesidethisdocument,\
         withtheSHA-256{}.",
        sha256_hex(csv)
    );
    assert!(
        all.contains(&said),
        "{}",
        &all[all.find("Thefirst").unwrap()..][..300]
    );
    assert!(all.contains("begins0499") && !all.contains("begins0500"));
}

#[test]
fn the_same_inputs_make_the_same_bytes() {
    let foreign = "a – «b»";
    let kinds: Vec<&DocumentKind> = ["D01", "D05", "index"]
        .iter()
        .map(|id| find(id).unwrap())
        .collect();
    assert!(made(&kinds, foreign, |_| {}) == made(&kinds, foreign, |_| {}));
    let other = made(&kinds, foreign, |register| register.findings.clear());
    assert!(made(&kinds, foreign, |_| {})["D05.pdf"] != other["D05.pdf"]);
}

/// Commands of the typesetter, markup, tags, addresses, and characters that no font of ours has.
const HOSTILE: &str = " #panic(\"x\") #read(\"/etc/passwd\") #import \"@preview/x:0.1.0\" *b* _i_ $x$ `raw` @ref <label> \\ // /* \
    <script>alert(1)</script> [x](javascript:alert(1)) https://evil.example/ 中文 😀 ✓▲ ﬀ ½ ™";
/// Characters that no archive may show, or only in scripts whose letters depend on each other.
const HIDDEN: &str = "a\u{202e}b\u{200b} e\u{301}\u{301}\u{301} שלום العربية हिन्दी \u{0}\u{1b}[31m \u{fffd}\u{ffff} \u{e000}table:hosts\u{e001}";

#[test]
fn hostile_text_is_shown_and_does_nothing() {
    let kinds: Vec<&DocumentKind> = DOCUMENTS.iter().collect();
    let files = made(&kinds, HOSTILE, |register| {
        Arc::make_mut(&mut register.findings[0].said).title =
            format!("{HIDDEN}{HOSTILE} {}", "x".repeat(3_000)).into();
    });
    let folder = laid_down(&files);
    for kind in kinds {
        let path = folder.path().join(format!("{}.pdf", kind.id));
        let (Some(pdf), Some(pages)) = (opened(&path), pages(&path)) else {
            return;
        };
        assert_eq!(pdf["actions"], serde_json::json!([]), "{}", kind.id);
        let all = close(&pages.concat());
        let shown = "#panic(\"x\")#read(\"/etc/passwd\")#import\"@preview/x:0.1.0\"*b*_i_$x$`raw`@ref<label>\\///*<script>alert(1)\
            </script>[x](javascript:alert(1))https://evil.example/‹U+4E2DU+6587›‹U+1F600›✓▲";
        assert!(all.contains(shown), "{}: {all}", kind.id);
        if kind.id == "D05" {
            let shown = "a‹U+202E›b‹U+200B›e‹U+0301U+0301U+0301›‹U+05E9";
            assert!(all.contains(shown), "{all}");
        }
    }
    // A text over the limit is cut, and the file that has it whole is named.
    assert!(files.contains_key("D05-findings.csv"));
}

#[test]
fn a_template_that_writes_without_end_is_refused() {
    let repository = repository(&files(""));
    let register = sample_register(&repository, "");
    let template = "# Title\n\n{% for x in range(3000) %}\n{{ \"many words \" * 100 }}\n\n{% endfor %}\n";
    let overrides = BTreeMap::from([("D05.md".to_owned(), template.to_owned())]);
    let kinds = [find("D05").unwrap()];
    let made = render(&kinds, &[Format::Pdf], &register, &provenance(&[]), &overrides);
    let error = made.unwrap_err().to_string();
    assert!(
        error.contains("`D05.md` makes more than 1048576 bytes"),
        "{error}"
    );
}

#[test]
fn a_heading_of_a_column_that_fills_pages_is_cut() {
    let repository = repository(&files(""));
    let register = sample_register(&repository, "");
    let template = format!(
        "# Title\n\n## Part\n\n| {} | b |\n|---|---|\n| 1 | 2 |\n",
        "many words ".repeat(2_000)
    );
    let overrides = BTreeMap::from([("D05.md".to_owned(), template)]);
    let kinds = [find("D05").unwrap()];
    let made = render(&kinds, &[Format::Pdf], &register, &provenance(&[]), &overrides);
    assert!(made.is_ok(), "{made:?}");
}

#[test]
fn every_sort_of_block_has_a_form() {
    let repository = repository(&files(""));
    let register = sample_register(&repository, "");
    let template = "# Title\n\n## Part\n\n[there](#part) [nowhere](#none) [out](https://a.example/x) [file](D01.html) [js](javascript:x)\n\n\
        1. one\n2. two\n   - deep\n\n> said\n\n---\n\n```sh\nrun it\n```\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n<b>raw</b>\n\n\
        line  \nbreak *soft* `code`\n\n### Below\n\n> > > > > > > > > > > > deep\n\n{{ table(\"hosts\") }}\n";
    let overrides = BTreeMap::from([("D05.md".to_owned(), template.to_owned())]);
    let kinds = [find("D05").unwrap()];
    let made = render(&kinds, &[Format::Pdf], &register, &provenance(&[]), &overrides).unwrap();
    let folder = laid_down(&made);
    let path = folder.path().join("D05.pdf");
    let (Some(pdf), Some(pages)) = (opened(&path), pages(&path)) else {
        return;
    };
    assert_eq!(
        pdf["actions"],
        serde_json::json!([["/URI", "https://a.example/x"]]),
        "only the web"
    );
    let all = close(&pages.concat());
    for word in [
        "1.one2.two•deep",
        "deep",
        "said",
        "runit",
        "<b>raw</b>",
        "linebreaksoftcode",
        "1.1Below",
    ] {
        assert!(all.contains(word), "{word}: {all}");
    }
    assert_eq!(
        pdf["bookmarks"][0][1][0][0].as_str().map(close),
        Some("1.1Below".into())
    );
}
