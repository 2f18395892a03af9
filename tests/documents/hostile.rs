//! Hostile text in every field that others fill: it is shown, and does nothing.

use std::sync::Arc;

use super::{DOCUMENTS, rendered, text};

/// Markup, scripts, formulas, links, table separators, code and line breaks in one.
pub(super) const HOSTILE: &str = " <script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3)) ](javascript:alert(4)) | a `b` *c* _d_ \"e\" 'f' & &lt; </style> -->\n# not a heading\n\n- not a list\n\n=1+1 {{ 7*7 }} https://evil.example/ www.evil.example <https://evil.example/>";

/// Returns every start tag of a page, the parts in quotes left out.
pub(super) fn tags(html: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with("style>") || rest.starts_with("script") {
            let name = &rest[..rest.find(['>', ' ']).unwrap()];
            tags.push(name.to_owned());
            rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
            continue;
        }
        let end = rest.find('>').unwrap();
        let outside: String = rest[..end].split('"').step_by(2).collect();
        tags.push(outside);
        rest = &rest[end..];
    }
    tags
}

#[test]
fn html_shows_hostile_text_and_runs_none_of_it() {
    let made = rendered(HOSTILE);
    for id in DOCUMENTS.iter().map(|kind| kind.id) {
        let html = text(&made, &format!("{id}.html"));
        assert_harmless(id, html, |address| made.contains_key(address));
    }
}

/// Shows the hostile text and does nothing that it says; a page may lead to itself and to those that were made with it.
pub(super) fn assert_harmless(id: &str, html: &str, was_made: impl Fn(&str) -> bool) {
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "{id}: the text is shown"
    );
    assert!(html.contains("{{ 7*7 }}"), "{id}: a value is no template");
    let tags = tags(html);
    assert_tags_harmless(id, &tags);
    assert!(
        tags.iter().filter(|tag| *tag == "script").count() <= 1,
        "{id}: only our own script"
    );
    assert_eq!(tags.iter().filter(|tag| *tag == "style").count(), 1);
    for attribute in ["href=\"", "src=\"", "action=\""] {
        for address in html
            .split(attribute)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
        {
            let inside = address.starts_with('#') || was_made(address);
            assert!(inside, "{id}: an address leads out: {address}");
        }
    }
}

/// Loads nothing, acts on nothing, and styles nothing of its own.
pub(super) fn assert_tags_harmless(page: &str, tags: &[String]) {
    for tag in tags {
        let name = tag
            .trim_start_matches('/')
            .split([' ', '='])
            .next()
            .unwrap()
            .to_lowercase();
        assert!(
            !matches!(
                name.as_str(),
                "img" | "iframe" | "object" | "embed" | "base" | "link"
            ),
            "{page}: <{tag}>"
        );
        assert!(!tag.contains(" on") && !tag.contains("style="), "{page}: <{tag}>");
    }
}

#[test]
fn a_policy_allows_only_the_style_and_script_of_the_page() {
    use sha2::{Digest as _, Sha256};
    let made = rendered("");
    for id in DOCUMENTS.iter().map(|kind| kind.id) {
        let html = text(&made, &format!("{id}.html"));
        let policy = html
            .split("http-equiv=\"Content-Security-Policy\" content=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        assert!(
            policy.starts_with("default-src 'none';") && policy.contains("img-src data:"),
            "{policy}"
        );
        // A page without a table to sort or filter has no script, and allows none.
        let elements = if html.contains("<script>") {
            vec!["style", "script"]
        } else {
            assert!(policy.contains("script-src 'none'"), "{policy}");
            vec!["style"]
        };
        for element in elements {
            let inner = html
                .split(&format!("<{element}>"))
                .nth(1)
                .unwrap()
                .split(&format!("</{element}>"))
                .next()
                .unwrap();
            let mut reader = policy
                .split(&format!("{element}-src 'sha256-"))
                .nth(1)
                .unwrap()
                .split('\'');
            assert_eq!(
                reader.next().unwrap(),
                base64(&Sha256::digest(inner)),
                "{id}: <{element}>"
            );
        }
        assert!(html.find("Content-Security-Policy").unwrap() < html.find("<style>").unwrap());
    }
}

fn base64(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text: String = bits
        .as_bytes()
        .chunks(6)
        .map(|chunk| {
            let six = format!("{:0<6}", std::str::from_utf8(chunk).unwrap());
            digits.as_bytes()[usize::from_str_radix(&six, 2).unwrap()] as char
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[test]
fn markdown_keeps_its_shape_under_hostile_text() {
    let (calm, made) = (rendered(""), rendered(HOSTILE));
    for id in DOCUMENTS.iter().map(|kind| kind.id) {
        let name = format!("{id}.md");
        let shape = |page: &str| -> Vec<String> {
            let first = |line: &str| match line.chars().next() {
                Some('|') => format!("row of {}", line.replace("\\|", "").matches('|').count()),
                Some('#') => line.to_owned(),
                Some('-' | '>' | '*' | '`') => line.chars().take(2).collect(),
                Some(_) | None => String::new(),
            };
            page.lines().map(first).filter(|line| !line.is_empty()).collect()
        };
        assert_eq!(shape(text(&calm, &name)), shape(text(&made, &name)), "{name}");
        let page = text(&made, &name);
        assert!(
            page.contains("\\<script\\>alert(1)"),
            "{name}: shown, and escaped"
        );
        // Rendered by somebody else's reader, raw HTML allowed, links made of addresses.
        let mut options = comrak::Options::default();
        (
            options.extension.table,
            options.extension.autolink,
            options.render.r#unsafe,
        ) = (true, true, true);
        let html = comrak::markdown_to_html(page, &options);
        for harm in [
            "<script",
            "<img",
            "javascript:alert(3)\"",
            "href=\"javascript",
            "href=\"http",
        ] {
            assert!(!html.contains(harm), "{name}: {harm}");
        }
    }
}

#[test]
fn no_cell_of_a_csv_begins_a_formula() {
    for start in [
        "=1+1", "+1", "-1", "@x", "\t=1", " =1", "'=1", "＝1", "－1", "＋1", "＠1",
    ] {
        let repository = super::repository(&super::files(""));
        let mut register = super::sample_register(&repository, "");
        for finding in &mut register.findings {
            let said = Arc::make_mut(&mut finding.said);
            (said.title, said.severity_given) = (start.into(), start.into());
            said.observers = [start.into()].into();
        }
        let made = super::render(
            &super::all(),
            &[super::Format::Csv],
            &register,
            &super::provenance(&[]),
            &std::collections::BTreeMap::new(),
        );
        let made = made.unwrap();
        let mut reader = csv::Reader::from_reader(made["D05-findings.csv"].as_slice());
        for field in reader
            .records()
            .flat_map(|record| record.unwrap().iter().map(String::from).collect::<Vec<_>>())
        {
            let bare = field.trim_start_matches([' ', '"']);
            assert!(
                !bare.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t']),
                "`{field}` for `{start}`"
            );
        }
        assert!(text(&made, "D05-findings.csv").contains("\"'"));
    }
}

#[test]
fn hidden_characters_are_shown_as_code_points() {
    let repository = super::repository(&super::files(""));
    let mut register = super::sample_register(&repository, "");
    Arc::make_mut(&mut register.findings[0].said).title =
        "safe\u{202e}exe.txt\u{200b}\u{1b}[31m\u{e000}table:hosts\u{e001}".into();
    let made = super::render(
        &super::all(),
        &super::Format::ALL,
        &register,
        &super::provenance(&[]),
        &std::collections::BTreeMap::new(),
    );
    let made = made.unwrap();
    for name in ["D05.html", "D05.md", "D05-findings.csv"] {
        let page = text(&made, name);
        let said = "safe‹U+202E›exe.txt‹U+200B›‹U+001B›";
        assert!(page.contains(said), "{name}");
    }
    // A workbook is an archive; what its cells hold is read in a test of its own.
    for (name, bytes) in made.iter().filter(|(name, _)| !name.ends_with(".xlsx")) {
        let page = std::str::from_utf8(bytes).unwrap();
        let hidden = page.chars().find(|character| {
            matches!(
                character,
                '\u{202e}' | '\u{200b}' | '\u{1b}' | '\u{e000}' | '\u{e001}'
            )
        });
        assert_eq!(hidden, None, "{name}");
    }
    let json: serde_json::Value = serde_json::from_str(text(&made, "D05.json")).unwrap();
    let titles = json["tables"]["findings"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["title"].as_str().unwrap());
    assert!(
        titles.into_iter().any(|title| title.contains('\u{202e}')),
        "JSON keeps the data, escaped"
    );
}
