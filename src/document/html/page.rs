//! The page around a document: head, policy, table of contents, style and script.

use sha2::{Digest as _, Sha256};

use super::super::table::Layout;
use super::super::text::escape_html;
use super::super::{Document, DocumentKind};
use super::Heading;

const STYLE: &str = include_str!("../../../templates/page.css");
const SCRIPT: &str = include_str!("../../../templates/page.js");

/// Puts a body into a page that may load nothing but its own style and script.
pub(super) fn write(document: &Document, body: &str, headings: &[Heading]) -> String {
    let values = &document.cover.values;
    let kind = document.kind;
    let style = format!("{STYLE}{}", print_footer(document));
    let has_script = document
        .view
        .tables
        .iter()
        .any(|table| matches!(table.layout, Layout::Sortable | Layout::Filterable));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        sha256_base64(&style),
        if has_script {
            format!("'sha256-{}'", sha256_base64(SCRIPT))
        } else {
            "'none'".into()
        },
    );
    let mut out = String::with_capacity(body.len() + STYLE.len() + SCRIPT.len() + 4096);
    out.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n"
    ));
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    escape_html(
        &format!("{} – {} – {}", kind.title, values.organisation, values.as_of_day),
        &mut out,
    );
    out.push_str(&format!(
        "</title>\n<style>{style}</style>\n</head>\n<body class=\"{}\">\n",
        kind.id
    ));
    out.push_str("<a class=\"skip\" href=\"#content\">Skip to the content</a>\n");
    write_head(document, kind, &mut out);
    out.push_str("<div class=\"page\">\n");
    write_contents(headings, &mut out);
    out.push_str("<main id=\"content\" tabindex=\"-1\">\n");
    out.push_str(body);
    out.push_str("</main>\n</div>\n");
    if has_script {
        out.push_str(&format!("<script>{SCRIPT}</script>\n"));
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn write_head(document: &Document, kind: &DocumentKind, out: &mut String) {
    out.push_str("<header class=\"head\"><p>");
    escape_html(&document.cover.values.organisation, out);
    out.push_str("</p><p>");
    match (kind.id == "index", document.has_index) {
        (true, _) => escape_html(kind.title, out),
        (false, true) => {
            out.push_str("<a href=\"index.html\">All documents</a> / ");
            escape_html(&format!("{} {}", kind.id, kind.title), out);
        }
        (false, false) => escape_html(&format!("{} {}", kind.id, kind.title), out),
    }
    out.push_str("</p><p class=\"classification\">");
    escape_html(document.cover.values.classification, out);
    out.push_str("</p></header>\n");
}

fn write_contents(headings: &[Heading], out: &mut String) {
    out.push_str("<nav aria-labelledby=\"contents\"><h2 id=\"contents\">Contents</h2><ol>");
    for heading in headings {
        out.push_str(&format!("<li><a href=\"#{}\">", heading.id));
        escape_html(&heading.text, out);
        out.push_str("</a></li>");
    }
    out.push_str("</ol></nav>\n");
}

/// Returns the rule that prints the document's name at the foot of each page.
///
/// It is made of our own words, a date and hexadecimal digits, so that nothing can break out of the string.
fn print_footer(document: &Document) -> String {
    let values = &document.cover.values;
    let commit: String = values
        .commit
        .iter()
        .flat_map(|commit| commit.chars())
        .filter(char::is_ascii_hexdigit)
        .take(12)
        .collect();
    let commit = if commit.is_empty() {
        "not in git".to_owned()
    } else {
        format!("commit {commit}")
    };
    let (id, title, day) = (document.kind.id, document.kind.title, &values.as_of_day);
    format!("@page{{@bottom-left{{content:\"{id} {title}, as of {day}, {commit}\"}}}}\n")
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
