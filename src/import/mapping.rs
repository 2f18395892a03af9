//! Any delimited list of hosts, such as a CMDB's, by the columns that a Source maps.

use std::io::BufRead;

use super::delimited::{Rows, fold};
use super::stamp::{self, Written};
use super::tally::Tally;
use super::value;
use super::{ImportError, Importer, Options, Product, Sink};
use crate::model::{DateOrder, Host, HostStatus, MappingProfile, ScanSummary, Stamp};

pub(super) const IMPORTER: Importer = Importer {
    name: "mapping",
    product: Product::Inventory,
    recognises,
    import,
};

/// The header is one of the first records; reports put titles before it.
const HEADER_WITHIN: usize = 20;

/// A list of hosts looks like any other table: it is read only where a Source maps its columns.
fn recognises(_head: &[u8]) -> bool {
    false
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let Some(profile) = options.mapping else {
        return Err(ImportError::Foreign(
            "the Source maps no columns; give it a `mapping`".into(),
        ));
    };
    let mut rows = Rows::new(input, delimiter(profile)?);
    let columns = Columns::find(&mut rows, profile)?;
    let mut tally = Tally::new(options, sink);
    while rows.next()? {
        if rows.is_blank() {
            continue;
        }
        if rows.is_empty() && rows.has_line_end() {
            tally.skip("an empty row", 1);
            continue;
        }
        if rows.len() != columns.width {
            return Err(rows.wrong_width(columns.width));
        }
        let host = columns.host(&rows, profile, (&mut tally, options.date_order))?;
        if host.name.is_empty() {
            tally.skip("a row without a name", 1);
        } else {
            let malformed = |message| ImportError::Malformed {
                place: rows.place(&columns.name_header),
                message,
            };
            tally.host(&host).map_err(malformed)?;
        }
    }
    Ok(tally.summary)
}

pub(super) fn delimiter(profile: &MappingProfile) -> Result<u8, ImportError> {
    match profile
        .delimiter
        .as_deref()
        .map_or(b",".as_slice(), str::as_bytes)
    {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(*byte),
        _ => {
            let message = "`mapping.delimiter` must be one ASCII character that is no quote".into();
            Err(ImportError::Foreign(message))
        }
    }
}

/// Where in a row each mapped field is.
pub(super) struct Columns {
    /// Field, header and place, in the order of the fields.
    fields: Vec<(String, String, usize)>,
    pub(super) name_header: String,
    pub(super) width: usize,
}

impl Columns {
    /// Finds the first row that has all mapped columns.
    pub(super) fn find(rows: &mut Rows<'_>, profile: &MappingProfile) -> Result<Self, ImportError> {
        let mapped = &profile.columns.value;
        let mut nearest: Option<(usize, Vec<String>)> = None;
        for _ in 0..HEADER_WITHIN {
            if !rows.next()? {
                break;
            }
            let names: Vec<String> = (0..rows.len()).map(|index| fold(&rows.cell(index))).collect();
            let found = mapped
                .values()
                .filter(|header| !places(&names, header).is_empty())
                .count();
            if found == mapped.len() {
                rows.begin_table()?;
                return Self::of_header(rows, profile, &names);
            }
            if nearest.as_ref().is_none_or(|(most, _)| found > *most) {
                nearest = Some((found, rows.cells()));
            }
        }
        let present = nearest.map(|(_, names)| names).unwrap_or_default();
        let folded: Vec<String> = present.iter().map(|name| fold(name)).collect();
        let missing: Vec<String> = mapped
            .values()
            .filter(|header| places(&folded, header).is_empty())
            .map(|header| format!("`{header}`"))
            .collect();
        let present: Vec<String> = present
            .iter()
            .take(100)
            .map(|name| format!("`{}`", name.escape_debug()))
            .collect();
        let message = format!(
            "no column {}; the columns are {}",
            missing.join(", "),
            present.join(", ")
        );
        Err(ImportError::Foreign(message))
    }

    fn of_header(rows: &Rows<'_>, profile: &MappingProfile, names: &[String]) -> Result<Self, ImportError> {
        let mut fields = Vec::new();
        for (field, header) in &profile.columns.value {
            let places = places(names, header);
            if places.len() > 1 {
                let message = format!("the mapped column `{header}` comes twice");
                return Err(ImportError::Malformed {
                    place: rows.place(header),
                    message,
                });
            }
            let first = places.first().copied().unwrap_or_default();
            fields.push((field.clone(), header.clone(), first));
        }
        let name_header = profile.columns.value.get("name").cloned().unwrap_or_default();
        Ok(Self {
            fields,
            name_header,
            width: rows.len(),
        })
    }

    /// Returns the cell of a field, trimmed, with its header; empty where the field is not mapped.
    pub(super) fn cell<'c>(
        &'c self,
        rows: &'c Rows<'_>,
        field: &str,
    ) -> (std::borrow::Cow<'c, str>, &'c str) {
        let found = self.fields.iter().find(|(name, ..)| name == field);
        found.map_or((std::borrow::Cow::Borrowed(""), ""), |(_, header, index)| {
            (rows.cell(*index), header.as_str())
        })
    }

    /// Refuses a row of another width; more separators at its end are what some tools write.
    pub(super) fn check_width(&self, rows: &Rows<'_>) -> Result<(), ImportError> {
        let is_padded =
            rows.len() > self.width && (self.width..rows.len()).all(|at| rows.cell(at).is_empty());
        if rows.len() == self.width || is_padded {
            return Ok(());
        }
        Err(rows.wrong_width(self.width))
    }

    fn host(
        &self,
        rows: &Rows<'_>,
        profile: &MappingProfile,
        (tally, order): (&mut Tally<'_>, Option<DateOrder>),
    ) -> Result<Host, ImportError> {
        let mut host = Host::default();
        for (field, header, index) in &self.fields {
            let cell = rows.cell(*index);
            let some = || Some(cell.to_string()).filter(|text| !text.is_empty());
            match field.as_str() {
                "name" => host.name = cell.to_string(),
                "fqdn" => host.fqdn = value::fqdn(&cell),
                "hostname" => host.hostname = value::hostname(&cell),
                "ip" => host.ips = addresses(&cell, value::ip, "not an IP address", tally),
                "mac" => host.macs = addresses(&cell, value::mac, "not a MAC address", tally),
                "serial" => host.serial = some(),
                "uuid" => host.uuid = some().map(|uuid| uuid.to_lowercase()),
                "agent" => host.agent = some(),
                "cloud_id" => host.cloud_id = some(),
                "os" => host.os = some(),
                "aliases" => host.aliases = value::list(&cell).map(str::to_owned).collect(),
                "status" => {
                    let unknown = |message| ImportError::UnknownValue {
                        place: rows.place(header),
                        message,
                    };
                    host.status = status(&cell, profile).map_err(unknown)?;
                }
                "lease_from" | "lease_to" => {
                    let text = end_of_lease(&cell, order, tally);
                    host.fields.insert(field.clone(), text);
                    continue;
                }
                _ => {}
            }
            host.fields.insert(field.clone(), cell.into_owned());
        }
        Ok(host)
    }
}

/// Finds the columns with a header; where none has it, those that have it behind the prefix of a report's table.
fn places(names: &[String], header: &str) -> Vec<usize> {
    let wanted = fold(header);
    let with = |read: fn(&str) -> &str| -> Vec<usize> {
        let found = names.iter().enumerate().filter(|(_, name)| read(name) == wanted);
        found.map(|(index, _)| index).collect()
    };
    let exact = with(|name| name);
    if exact.is_empty() {
        with(without_table)
    } else {
        exact
    }
}

/// Takes `details_table0_` off, which reports of SQL Server put before each column.
fn without_table(name: &str) -> &str {
    let rest = name
        .strip_prefix("details_table")
        .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.and_then(|rest| rest.strip_prefix('_')).unwrap_or(name)
}

/// Writes an end of a lease in one notation; nothing where it is none, so that no address joins by it.
fn end_of_lease(cell: &str, order: Option<DateOrder>, tally: &mut Tally<'_>) -> String {
    if cell.is_empty() {
        return String::new();
    }
    match settled(cell, order) {
        Some(stamp) => stamp.text(),
        None => {
            tally.leave_out("the end of a lease that is no time, or could be two days");
            String::new()
        }
    }
}

/// Reads a time; `None` where it is none, or could be of two days.
pub(super) fn settled(cell: &str, order: Option<DateOrder>) -> Option<Stamp> {
    let written = stamp::read(cell)?;
    match (written, stamp::order_of(written).or(order)) {
        (Written::Sure(stamp), _) => Some(stamp),
        (Written::Either { .. }, Some(order)) => stamp::settle(written, order),
        (Written::Either { .. }, None) => None,
    }
}

pub(super) fn addresses(
    cell: &str,
    read: fn(&str) -> Option<String>,
    reason: &str,
    tally: &mut Tally<'_>,
) -> Vec<String> {
    let mut found = Vec::new();
    for part in value::list(cell) {
        match read(part) {
            Some(address) => found.push(address),
            None => tally.leave_out(reason),
        }
    }
    found
}

fn status(cell: &str, profile: &MappingProfile) -> Result<HostStatus, String> {
    let is_in = |values: &[String]| values.iter().any(|value| fold(value) == fold(cell));
    match (is_in(&profile.active), is_in(&profile.retired)) {
        (true, false) => Ok(HostStatus::Active),
        (false, true) => Ok(HostStatus::Retired),
        (true, true) => Err(format!(
            "the status {cell:?} is in both lists, `mapping.active` and `mapping.retired`"
        )),
        (false, false) => Err(format!(
            "the status {cell:?} is in neither list; `mapping.active` is [{}], `mapping.retired` is [{}]; add it to one",
            profile.active.join(", "),
            profile.retired.join(", ")
        )),
    }
}
