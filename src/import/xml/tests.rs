//! Our reader against quick-xml, over whole documents and over broken ones.

use quick_xml::XmlVersion;
use quick_xml::events::Event;

use super::{Tag, Xml};

const DOCUMENTS: [&str; 4] = [
    include_str!("../../../tests/fixtures/import/nessus-v2/many.nessus"),
    include_str!("../../../tests/fixtures/import/nessus-v2/one.nessus"),
    "<?xml version='1.0' encoding=\"utf-8\"?>\n<!-- a --><!DOCTYPE a SYSTEM \"b[c].dtd\">\n<a b='1' c = \"&lt;&#x41;&amp;\"\n d=\">\"/>\n<!-- z -->",
    "<a>x&amp;<b/>y<![CDATA[<z>&]]>&#233;<!-- - --><c  ><?p q?></c >ü&quot;<d e=\"a b\"></d></a>",
];

/// Lists what a document holds: names, attributes, and texts as they run on.
fn ours(text: &str) -> Option<Vec<String>> {
    let mut bytes = text.as_bytes();
    let mut xml = Xml::new(&mut bytes);
    let mut events = Vec::new();
    loop {
        let mut words = Vec::new();
        let tag = xml
            .advance(&mut |chunk: &[u8]| words.extend_from_slice(chunk))
            .ok()?;
        push_text(&mut events, std::str::from_utf8(&words).ok()?);
        match tag {
            Tag::End => return Some(events),
            Tag::Close => events.push("close".into()),
            Tag::Open => {
                events.push(format!("open {}", String::from_utf8_lossy(xml.name())));
                let names: Vec<String> = xml
                    .attributes
                    .iter()
                    .map(|(name, _)| name.clone())
                    .map(|name| String::from_utf8_lossy(&xml.window.rest()[name]).into_owned())
                    .collect();
                for name in names {
                    let value = xml.attribute(&name).ok()??;
                    events.push(format!("{name}={value}"));
                }
            }
        }
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "quick-xml's events are many, and the rest says nothing"
)]
fn theirs(text: &str) -> Option<Vec<String>> {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut events = Vec::new();
    let mut depth = 0_usize;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                open(&mut events, &tag)?;
                depth += 1;
            }
            Event::Empty(tag) => {
                open(&mut events, &tag)?;
                events.push("close".into());
            }
            Event::End(_) => {
                events.push("close".into());
                depth -= 1;
            }
            Event::Text(words) => push_text(&mut events, &words.into_inner()),
            Event::CData(words) => push_text(&mut events, &words.into_inner()),
            Event::GeneralRef(name) => {
                let resolved = match name.resolve_char_ref().ok()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name.into_inner())?.to_owned(),
                };
                push_text(&mut events, &resolved);
            }
            Event::Eof => return (depth == 0).then_some(events),
            _ => {}
        }
    }
}

fn open(events: &mut Vec<String>, tag: &quick_xml::events::BytesStart<'_>) -> Option<()> {
    events.push(format!("open {}", tag.name().0));
    for attribute in tag.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
        events.push(format!("{}={value}", attribute.key.0));
    }
    Some(())
}

/// Texts in pieces are one text; between two tags they may be empty.
fn push_text(events: &mut Vec<String>, words: &str) {
    if words.is_empty() {
        return;
    }
    match events.last_mut().filter(|last| last.starts_with("text ")) {
        Some(last) => last.push_str(words),
        None => events.push(format!("text {words}")),
    }
}

/// Texts outside the root are space only, which quick-xml reports and we drop.
fn within_root(events: Vec<String>) -> Vec<String> {
    let start = events
        .iter()
        .position(|event| event.starts_with("open "))
        .unwrap_or(0);
    let end = events
        .iter()
        .rposition(|event| event == "close")
        .map_or(events.len(), |at| at + 1);
    events[start..end].to_vec()
}

#[test]
fn whole_documents_read_alike() {
    for document in DOCUMENTS {
        let found = within_root(ours(document).unwrap_or_else(|| panic!("{document}")));
        assert_eq!(found, within_root(theirs(document).unwrap()));
        assert!(found.len() > 3);
    }
}

/// Whatever we accept of a broken document, quick-xml accepts and reads in the same way.
#[test]
fn broken_documents_are_not_read_otherwise() {
    let marks = b"<>/&;\"'=!?[]- a\n#x1:";
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut accepted = 0;
    for round in 0..6000 {
        let mut bytes = DOCUMENTS[2 + round % 2].as_bytes().to_vec();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = marks[next(marks.len())],
                1 => bytes.insert(at, marks[next(marks.len())]),
                _ => drop(bytes.remove(at)),
            }
        }
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let Some(found) = ours(&text) else { continue };
        let Some(expected) = theirs(&text) else {
            panic!("only we accept {text:?}")
        };
        assert_eq!(within_root(found), within_root(expected), "{text:?}");
        accepted += 1;
    }
    assert!(
        accepted > 500,
        "only {accepted} of the broken documents were accepted"
    );
}
