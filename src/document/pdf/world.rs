//! What the typesetter may see: one program of ours and the data of one document; no other file, no clock, no network.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike as _, Offset as _, Timelike as _};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt as _, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::fonts::FONTS;
use crate::model::AsOf;

/// The program that lays out every document.
const PROGRAM: &str = include_str!("../../../templates/page.typ");

/// With the feature that lets a cell say that it heads its row.
static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| {
    let features = std::iter::once(Feature::A11yExtras).collect();
    LazyHash::new(Library::builder().with_features(features).build())
});

/// The files of one document.
struct Files {
    main: Source,
    files: Vec<(FileId, Bytes)>,
}

impl World for Files {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() {
            Ok(self.main.clone())
        } else {
            Err(FileError::AccessDenied)
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.files.iter().find(|(name, _)| *name == id);
        found
            .map(|(_, bytes)| bytes.clone())
            .ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// Names a file of the world; a name that is no path there is a slip of ours, and nothing is found under it.
fn id_of(name: &str) -> Option<FileId> {
    let path = VirtualPath::new(name).ok()?;
    Some(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// Typesets files of which `page.json` holds the blocks, and writes them as PDF/A-3a of the time as-of.
pub(super) fn typeset(
    files: BTreeMap<String, Vec<u8>>,
    identity: String,
    as_of: AsOf,
) -> Result<Vec<u8>, String> {
    let main = id_of("page.typ").ok_or("the program has no name")?;
    let world = Files {
        main: Source::new(main, PROGRAM.to_owned()),
        files: files
            .into_iter()
            .filter_map(|(name, bytes)| Some((id_of(&name)?, Bytes::new(bytes))))
            .collect(),
    };
    let standards = PdfStandards::new(&[PdfStandard::A_3a]).map_err(|error| error.message().to_string())?;
    let options = PdfOptions {
        ident: Smart::Custom(identity),
        creator: Smart::Custom(Some(
            concat!("countersign ", env!("CARGO_PKG_VERSION")).to_owned(),
        )),
        timestamp: timestamp(as_of),
        standards,
        ..PdfOptions::default()
    };
    let made = typst::compile::<PagedDocument>(&world)
        .output
        .and_then(|document| typst_pdf::pdf(&document, &options))
        .map_err(|errors| in_words(&errors));
    // What was remembered of this document would not be used again, and a run makes many.
    typst::comemo::evict(0);
    made
}

fn timestamp(as_of: AsOf) -> Option<Timestamp> {
    let at = as_of.instant().with_timezone(&as_of.zone().0);
    let two = |number: u32| u8::try_from(number).ok();
    let day = (at.year(), two(at.month())?, two(at.day())?);
    let time = (two(at.hour())?, two(at.minute())?, two(at.second())?);
    let datetime = Datetime::from_ymd_hms(day.0, day.1, day.2, time.0, time.1, time.2)?;
    Timestamp::new_local(datetime, at.offset().fix().local_minus_utc() / 60)
}

fn in_words(errors: &[SourceDiagnostic]) -> String {
    let words: Vec<&str> = errors
        .iter()
        .take(3)
        .map(|error| error.message.as_str())
        .collect();
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::pdf::content::{Block, Inline, Line, Page, Twin};
    use crate::document::pdf::fit::Grid;
    use crate::document::table::Room;
    use crate::model::{Zone, parse_date};

    /// Typesets text in every form that text can have.
    fn typeset_text(text: &str) -> Result<Vec<u8>, String> {
        let inline = || {
            vec![
                Inline::text(text),
                Inline::Strong(vec![Inline::Emphasis(vec![Inline::text(text)])]),
            ]
        };
        let grid = Grid {
            caption: inline(),
            heads: vec!["Head".to_owned()],
            rooms: vec![Room::Any],
            numbers: vec![false],
            rows: vec![vec![vec![Line::text(text)]]],
            blanks: vec![false],
            rest: Vec::new(),
        };
        let page = Page {
            title: text.to_owned(),
            author: text.to_owned(),
            description: text.to_owned(),
            keywords: Vec::new(),
            is_landscape: false,
            head: Vec::new(),
            classification: Vec::new(),
            foot: Vec::new(),
            blocks: vec![
                Block::Title(inline()),
                Block::Paragraph(inline()),
                Block::Code(vec![Inline::code(text)]),
                Block::Table(grid.fitted(400.0)),
            ],
            twin: Twin {
                name: "x.json".into(),
                is_attached: true,
                description: String::new(),
                words: inline(),
            },
        };
        let files = BTreeMap::from([
            (
                "page.json".to_owned(),
                serde_json::to_vec(&page).map_err(|error| error.to_string())?,
            ),
            ("x.json".to_owned(), b"{}".to_vec()),
        ]);
        let day = parse_date("2026-01-01").ok_or("no day")?;
        let zone = Zone::named("UTC").ok_or("no zone")?;
        typeset(files, String::new(), AsOf::end_of(day, zone))
    }

    #[test]
    fn no_character_stops_the_work() {
        let all = (0..0x1_0000_u32).filter_map(char::from_u32);
        let shown: String = all
            .filter(|character| FONTS.shown(&character.to_string()).starts_with(*character))
            .collect();
        assert!(shown.chars().count() > 1_500, "{shown}");
        // Once all of them, once each behind a mark that belongs to the letter before it, once what none of our fonts has.
        let marked: String = shown
            .chars()
            .flat_map(|character| ['\u{301}', character])
            .collect();
        let none: String = (0..0x200)
            .filter_map(|code| char::from_u32(code * 0x67 + 0x500))
            .collect();
        for text in [shown, marked, none] {
            let made = typeset_text(&text);
            assert!(made.is_ok(), "{made:?}");
        }
    }

    #[test]
    fn hostile_words_are_no_code() {
        for text in [
            "#panic()",
            "\"#panic()\"",
            "]#panic()[",
            "*/ #panic() /*",
            "{{ x }}",
            "@x <x> $x$",
        ] {
            assert!(typeset_text(text).is_ok(), "{text}");
        }
    }
}
