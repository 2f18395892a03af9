//! The page around a document: head, policy, table of contents, style and script.

use sha2::{Digest as _, Sha256};

use super::super::Document;
use super::super::table::Layout;
use super::super::text::escape_html;
use super::Heading;

const STYLE: &str = include_str!("../../../templates/page.css");

/// What stands around the body of a page.
pub(in crate::document) struct Frame<'a> {
    /// What the window and the bookmark are called.
    pub(in crate::document) title: String,
    pub(in crate::document) organisation: &'a str,
    pub(in crate::document) classification: &'a str,
    /// The way to this page, its own name last; an address where a step has a page.
    pub(in crate::document) way: Vec<(Option<String>, String)>,
    /// The pages of a site: address, words, whether it is this one; empty for a page that stands alone.
    pub(in crate::document) site: Vec<(String, String, bool)>,
    pub(in crate::document) contents: &'a [Heading],
    /// A class of the body.
    pub(in crate::document) class: &'a str,
    /// What is printed at the foot of each sheet: our own words, dates and hexadecimal digits.
    pub(in crate::document) foot: String,
    pub(in crate::document) scripts: Vec<&'static str>,
    /// Whether the page may ask the server that it came from.
    pub(in crate::document) may_ask: bool,
}

/// Sorts and filters the tables of a page.
pub(in crate::document) const TABLES: &str = include_str!("../../../templates/page.js");

/// Puts a document into a page that may load nothing but its own style and script.
pub(super) fn write(document: &Document, body: &str, headings: &[Heading]) -> String {
    let values = &document.cover.values;
    let kind = document.kind;
    let has_script = document
        .view
        .tables
        .iter()
        .any(|table| matches!(table.layout, Layout::Sortable | Layout::Filterable));
    let mut way = Vec::new();
    if document.has_index && kind.id != "index" {
        way.push((Some("index.html".to_owned()), "All documents".to_owned()));
    }
    way.push((
        None,
        if kind.id == "index" {
            kind.title.to_owned()
        } else {
            format!("{} {}", kind.id, kind.title)
        },
    ));
    let mut scripts = Vec::new();
    scripts.extend(has_script.then_some(TABLES));
    scripts.extend(document.is_live.then_some(LIVE));
    let frame = Frame {
        title: format!("{} – {} – {}", kind.title, values.organisation, values.as_of_day),
        organisation: &values.organisation,
        classification: values.classification,
        way,
        site: document.site.clone(),
        contents: headings,
        class: kind.id,
        foot: foot(
            &format!("{} {}", kind.id, kind.title),
            &values.as_of_day,
            values.commit.as_deref(),
        ),
        scripts,
        may_ask: document.is_live,
    };
    write_frame(&frame, body)
}

/// Asks the server that a page came from whether there is a newer one.
pub(in crate::document) const LIVE: &str = include_str!("../../../templates/live.js");

/// Writes a page; its policy names its own style and scripts by their digests, and nothing else.
pub(in crate::document) fn write_frame(frame: &Frame<'_>, body: &str) -> String {
    let style = format!("{STYLE}@page{{@bottom-left{{content:\"{}\"}}}}\n", frame.foot);
    let hashes: Vec<String> = frame
        .scripts
        .iter()
        .map(|script| format!("'sha256-{}'", sha256_base64(script)))
        .collect();
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src {}; img-src data:;{} base-uri 'none'; form-action 'none'",
        sha256_base64(&style),
        if hashes.is_empty() {
            "'none'".to_owned()
        } else {
            hashes.join(" ")
        },
        if frame.may_ask { " connect-src 'self';" } else { "" },
    );
    let mut out = String::with_capacity(body.len() + STYLE.len() + TABLES.len() + 4096);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"
    ));
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    escape_html(&frame.title, &mut out);
    out.push_str(&format!(
        "</title>\n<style>{style}</style>\n</head>\n<body class=\"{}\">\n",
        frame.class
    ));
    out.push_str("<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
    write_head(frame, &mut out);
    out.push_str("<div class=\"page\">\n<div class=\"side\">\n");
    write_site(&frame.site, &mut out);
    write_contents(frame.contents, &mut out);
    out.push_str("</div>\n<main id=\"content\" tabindex=\"-1\">\n");
    out.push_str(body);
    out.push_str("</main>\n</div>\n");
    for script in &frame.scripts {
        out.push_str(&format!("<script>{script}</script>\n"));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn write_link(address: &str, words: &str, out: &mut String) {
    out.push_str("<a href=\"");
    escape_html(address, out);
    out.push_str("\">");
    escape_html(words, out);
    out.push_str("</a>");
}

fn write_head(frame: &Frame<'_>, out: &mut String) {
    out.push_str("<header class=\"head\"><p>");
    escape_html(frame.organisation, out);
    out.push_str("</p><p>");
    for (index, (address, words)) in frame.way.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { " / " });
        match address {
            Some(address) => write_link(address, words, out),
            None => escape_html(words, out),
        }
    }
    out.push_str("</p><p class=\"classification\">");
    escape_html(frame.classification, out);
    out.push_str("</p></header>\n");
}

fn write_site(pages: &[(String, String, bool)], out: &mut String) {
    if pages.is_empty() {
        return;
    }
    out.push_str("<nav class=\"site\" aria-labelledby=\"site\"><h2 id=\"site\">Portal</h2><ul>");
    for (address, words, is_here) in pages {
        out.push_str(if *is_here { "<li class=\"here\">" } else { "<li>" });
        write_link(address, words, out);
        out.push_str("</li>");
    }
    out.push_str("</ul></nav>\n");
}

fn write_contents(headings: &[Heading], out: &mut String) {
    if headings.is_empty() {
        return;
    }
    out.push_str("<nav aria-labelledby=\"contents\"><h2 id=\"contents\">Contents</h2><ol>");
    for heading in headings {
        out.push_str(&format!("<li><a href=\"#{}\">", heading.id));
        escape_html(&heading.text, out);
        out.push_str("</a></li>");
    }
    out.push_str("</ol></nav>\n");
}

/// Returns what is printed at the foot of each sheet; nothing in it can break out of a string of the style sheet.
pub(in crate::document) fn foot(name: &str, as_of_day: &str, commit: Option<&str>) -> String {
    let is_harmless =
        |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, ' ' | '.' | '-' | ',');
    let name: String = name.chars().filter(is_harmless).take(80).collect();
    let digits = commit.unwrap_or_default().chars().filter(char::is_ascii_hexdigit);
    let commit: String = digits.take(12).collect();
    if commit.is_empty() {
        format!("{name}, as of {as_of_day}, not in git")
    } else {
        format!("{name}, as of {as_of_day}, commit {commit}")
    }
}

fn sha256_base64(text: &str) -> String {
    base64(&Sha256::digest(text.as_bytes()))
}

/// Writes bytes as RFC 4648 has it, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [one, two, three] = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let group = u32::from_be_bytes([0, one, two, three]);
        for place in 0..4 {
            let digit = DIGITS[(group >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
