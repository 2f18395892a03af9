//! A document as a workbook: a cover, then a sheet for each table, with typed cells and no formulas.
//!
//! Text is text whatever it begins with, numbers are numbers, and a day is a date, so that a reader can filter
//! and sort. The time of making is as-of: the same document has the same bytes.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::Document;
use super::table::{Cell, Column, Layout, Room, Share, Table};
use super::text::visible;
use crate::model::{AsOf, parse_date};

/// A sheet has this many rows with its heading; what a table has beyond stands on a further sheet.
const MAX_ROWS: usize = 1 << 20;
/// A cell holds this many characters; of a longer text the beginning stands there, and its twins have it whole.
const MAX_CHARACTERS: usize = 32_767;
const CUT: &str = " … cut: the JSON beside this file has the whole text";

struct Formats {
    title: Format,
    heading: Format,
    text: Format,
    wide: Format,
    day: Format,
    number: Format,
    percent: Format,
}

impl Formats {
    fn new() -> Self {
        let top = Format::new().set_align(FormatAlign::Top);
        Self {
            title: Format::new().set_bold().set_font_size(16),
            heading: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_background_color(Color::RGB(0x00F1_F3F5))
                .set_border_bottom(FormatBorder::Thin),
            wide: top.clone().set_text_wrap(),
            day: top.clone().set_num_format("yyyy-mm-dd"),
            number: top.clone().set_num_format("0"),
            percent: top.clone().set_num_format("0.0"),
            text: top,
        }
    }
}

/// Writes the workbook of a document.
pub(super) fn write(document: &Document, as_of: AsOf) -> Result<Vec<u8>, XlsxError> {
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let made = as_of.instant();
    let made = ExcelDateTime::from_timestamp(made.timestamp())?;
    let values = &document.cover.values;
    let properties = DocProperties::new()
        .set_title(format!("{} {}", values.id, values.title))
        .set_company(visible(&values.organisation))
        .set_comment(format!("as of {}; {}", values.as_of, values.classification))
        .set_creation_datetime(&made);
    workbook.set_properties(&properties);
    cover(document, workbook.add_worksheet(), &formats)?;
    let of_cover = document.cover.tables.iter();
    let tables = document.view.tables.iter().chain(of_cover);
    for table in tables.filter(|table| table.layout != Layout::Facts) {
        sheets(table, &mut workbook, &formats)?;
    }
    workbook.save_to_buffer()
}

/// Writes what the document is and where it comes from, as its first page has it.
fn cover(document: &Document, sheet: &mut Worksheet, formats: &Formats) -> Result<(), XlsxError> {
    let values = &document.cover.values;
    sheet.set_name("Cover")?;
    sheet.set_column_width(0, 34)?;
    sheet.set_column_width(1, 100)?;
    sheet.write_string_with_format(0, 0, text(values.title), &formats.title)?;
    sheet.write_string_with_format(1, 0, text(values.purpose), &formats.text)?;
    let mut row = 3;
    if values.has_errors {
        let banner = format!(
            "Made with {} open: see the sheet `errors`",
            values.errors_in_words
        );
        sheet.write_string_with_format(row, 0, text(&banner), &formats.heading)?;
        row += 2;
    }
    for table in document
        .cover
        .tables
        .iter()
        .filter(|table| table.layout == Layout::Facts)
    {
        sheet.write_string_with_format(row, 0, text(&table.caption), &formats.heading)?;
        sheet.write_blank(row, 1, &formats.heading)?;
        row += 1;
        for cells in &table.rows {
            for (column, cell) in (0..).zip(cells) {
                write_cell(sheet, (row, column), cell, &formats.wide, formats)?;
            }
            row += 1;
        }
        row += 1;
    }
    for command in &values.commands {
        sheet.write_string_with_format(row, 0, text(command.shows), &formats.wide)?;
        sheet.write_string_with_format(row, 1, text(&command.run), &formats.wide)?;
        row += 1;
    }
    Ok(())
}

/// Writes a table, on several sheets where one does not hold it.
fn sheets(table: &Table, workbook: &mut Workbook, formats: &Formats) -> Result<(), XlsxError> {
    let columns = columns(table);
    let mut parts = table.rows.chunks(MAX_ROWS - 1);
    let mut part = parts.next().unwrap_or_default();
    for number in 1.. {
        let sheet = workbook.add_worksheet();
        let name = if number == 1 {
            table.name.to_owned()
        } else {
            format!("{} ({number})", table.name)
        };
        sheet.set_name(name)?;
        rows(sheet, &columns, part, formats)?;
        if part.is_empty() {
            sheet.write_string_with_format(1, 0, text(table.when_empty), &formats.text)?;
        }
        match parts.next() {
            Some(next) => part = next,
            None => break,
        }
    }
    Ok(())
}

/// One column of a table as the sheet has it: a rate takes three, so that it can be computed again.
struct Sheeted {
    headings: Vec<String>,
    room: Room,
}

fn columns(table: &Table) -> Vec<Sheeted> {
    let of_column = |(index, column): (usize, &Column)| {
        let title = heading(column);
        let holds_shares = table
            .rows
            .iter()
            .any(|row| matches!(row.get(index), Some(Cell::Share(_))));
        let headings = if holds_shares {
            vec![
                format!("{title} (%)"),
                format!("{title}: counted"),
                format!("{title}: of"),
            ]
        } else {
            vec![title]
        };
        Sheeted {
            headings,
            room: column.room,
        }
    };
    table.columns.iter().enumerate().map(of_column).collect()
}

/// Returns the title of a column; one that a page shows without a title goes by its key.
fn heading(column: &Column) -> String {
    if column.title.is_empty() {
        column.key.replace('_', " ")
    } else {
        column.title.to_owned()
    }
}

fn rows(
    sheet: &mut Worksheet,
    columns: &[Sheeted],
    rows: &[Vec<Cell>],
    formats: &Formats,
) -> Result<(), XlsxError> {
    let mut at: u16 = 0;
    for column in columns {
        for heading in &column.headings {
            sheet.write_string_with_format(0, at, text(heading), &formats.heading)?;
            sheet.set_column_width(at, width(column))?;
            at += 1;
        }
    }
    let mut last = 0;
    for (row, cells) in (1..).zip(rows) {
        let mut at = 0;
        for (column, cell) in columns.iter().zip(cells) {
            let format = if column.room == Room::Wide {
                &formats.wide
            } else {
                &formats.text
            };
            if let Cell::Share(share) = cell {
                write_share(sheet, (row, at), *share, formats)?;
            } else {
                write_cell(sheet, (row, at), cell, format, formats)?;
            }
            at += u16::try_from(column.headings.len()).unwrap_or(u16::MAX);
        }
        last = row;
    }
    sheet.set_freeze_panes(1, 0)?;
    if last > 0 && at > 0 {
        sheet.autofilter(0, 0, last, at - 1)?;
    }
    Ok(())
}

fn width(column: &Sheeted) -> u32 {
    match column.room {
        _ if column.headings.len() > 1 => 14,
        Room::Wide => 60,
        Room::Any => 24,
        Room::Tight => 18,
    }
}

fn write_share(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    share: Share,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let percent = share.rate.percent();
    match percent.parse::<f64>() {
        Ok(number) => sheet.write_number_with_format(row, column, number, &formats.percent)?,
        Err(_) => sheet.write_string_with_format(row, column, text(&percent), &formats.text)?,
    };
    // A spreadsheet keeps whole numbers exactly up to 2^53.
    sheet.write_number_with_format(row, column + 1, share.rate.numerator as f64, &formats.number)?;
    sheet.write_number_with_format(row, column + 2, share.rate.denominator as f64, &formats.number)?;
    Ok(())
}

fn write_cell(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    format: &Format,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(value) => match parse_date(value) {
            Some(day) => {
                let day = ExcelDateTime::parse_from_str(&day.to_string())?;
                sheet.write_datetime_with_format(row, column, &day, &formats.day)?;
            }
            None => drop(sheet.write_string_with_format(row, column, text(value), format)?),
        },
        Cell::Code(value) => drop(sheet.write_string_with_format(row, column, text(value), format)?),
        Cell::Number(number) => {
            sheet.write_number_with_format(row, column, *number as f64, &formats.number)?;
        }
        Cell::Decimal(number) => drop(sheet.write_number_with_format(row, column, *number, format)?),
        Cell::Mark(mark) => drop(sheet.write_string_with_format(row, column, mark.word, format)?),
        Cell::List(texts) => {
            sheet.write_string_with_format(row, column, text(&texts.join("; ")), format)?;
        }
        Cell::Links(links) => {
            let files: Vec<&str> = links.iter().map(|(_, file)| &**file).collect();
            sheet.write_string_with_format(row, column, text(&files.join("; ")), format)?;
        }
        Cell::Share(share) => {
            let shown = format!("{} ({})", share.percent(), share.basis());
            sheet.write_string_with_format(row, column, text(&shown), format)?;
        }
    }
    Ok(())
}

/// Makes foreign text harmless and short enough for a cell.
fn text(value: &str) -> String {
    let shown = visible(value);
    if shown.encode_utf16().count() <= MAX_CHARACTERS {
        return shown.into_owned();
    }
    let mut left = MAX_CHARACTERS - CUT.encode_utf16().count();
    let fits = |character: &char| {
        let fits = character.len_utf16() <= left;
        left = left.saturating_sub(character.len_utf16());
        fits
    };
    shown.chars().take_while(fits).chain(CUT.chars()).collect()
}
