//! The three tables that Qualys calls CSV, and where in each what is.

use super::super::delimited::{Rows, fold};
use super::super::{ImportError, Place};

/// The header is one of the first records; what stands before it is the preamble.
const HEADER_WITHIN: usize = 20;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Which of the tables it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// Scan and asset reports: one row a host and check, named by IP.
    Report,
    /// Lists of VMDR: one row an asset and check, or an asset, check and CVE.
    Vmdr,
    /// PCI reports.
    Pci,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    Ip,
    Ipv6,
    Network,
    Dns,
    Fqdn,
    Netbios,
    AssetId,
    HostId,
    AgentId,
    CloudId,
    AssetName,
    Tracking,
    Os,
    IpStatus,
    Qid,
    Title,
    Status,
    Type,
    Severity,
    SeverityNumber,
    Port,
    Protocol,
    Instance,
    First,
    Last,
    Fixed,
    Cve,
    Vendor,
    Exploits,
    Malware,
    Threats,
    Result,
    Patchable,
    PatchReleased,
    FalsePositive,
    Disabled,
    Ignored,
}

const FIELDS: usize = Field::Ignored as usize + 1;

/// The folded names of each field's column, in all tables.
const NAMES: [(Field, &[&str]); FIELDS] = [
    (Field::Ip, &["ip", "asset ipv4"]),
    (Field::Ipv6, &["asset ipv6"]),
    (Field::Network, &["network"]),
    (Field::Dns, &["dns", "hostname"]),
    (Field::Fqdn, &["fqdn"]),
    (Field::Netbios, &["netbios"]),
    (Field::AssetId, &["asset id"]),
    (Field::HostId, &["host id"]),
    (Field::AgentId, &["qg host id", "qg hostid"]),
    (
        Field::CloudId,
        &["ec2 instance id", "azure vm id", "gcp instance id"],
    ),
    (Field::AssetName, &["asset name"]),
    (Field::Tracking, &["tracking method"]),
    (Field::Os, &["os", "operating system"]),
    (Field::IpStatus, &["ip status"]),
    (Field::Qid, &["qid"]),
    (Field::Title, &["title", "vuln title"]),
    (Field::Status, &["vuln status", "status"]),
    (Field::Type, &["type", "type detected"]),
    (Field::Severity, &["severity"]),
    (Field::SeverityNumber, &["q_severity"]),
    (Field::Port, &["port"]),
    (Field::Protocol, &["protocol"]),
    (Field::Instance, &["instance"]),
    (Field::First, &["first detected"]),
    (Field::Last, &["last detected", "last scan"]),
    (Field::Fixed, &["date last fixed", "last fixed"]),
    (Field::Cve, &["cve id", "cve", "cveid"]),
    (Field::Vendor, &["vendor reference"]),
    (Field::Exploits, &["exploitability"]),
    (Field::Malware, &["associated malware"]),
    (Field::Threats, &["rti"]),
    (Field::Result, &["results", "result"]),
    (Field::Patchable, &["vuln patchable"]),
    (Field::PatchReleased, &["patch released"]),
    (Field::FalsePositive, &["false positive status"]),
    (Field::Disabled, &["disabled"]),
    (Field::Ignored, &["ignored"]),
];

/// Where in a row each field is.
pub(super) struct Columns {
    pub(super) dialect: Dialect,
    pub(super) width: usize,
    places: [Option<usize>; FIELDS],
    /// The names as the header writes them.
    headers: Vec<String>,
    /// The columns with CVSS vectors, and the prefix that their cells leave out.
    pub(super) vectors: Vec<(usize, &'static str)>,
}

impl Columns {
    /// Maps the present row as the header.
    pub(super) fn of_header(rows: &Rows<'_>, dialect: Dialect) -> Result<Self, ImportError> {
        let headers = rows.cells();
        let mut places = [None; FIELDS];
        let mut vectors = Vec::new();
        for (index, header) in headers.iter().enumerate() {
            let name = fold(header);
            if name.starts_with("cvss") && name.ends_with("base") {
                vectors.push((index, prefix(&name)));
            }
            let Some((field, _)) = NAMES.iter().find(|(_, names)| names.contains(&name.as_str())) else {
                continue;
            };
            if places[*field as usize].replace(index).is_some() {
                let message = format!("the header has two columns for `{name}`");
                return Err(ImportError::Malformed {
                    place: rows.place(header),
                    message,
                });
            }
        }
        Ok(Self {
            dialect,
            width: headers.len(),
            places,
            headers,
            vectors,
        })
    }

    /// Returns where a field is, if the table has it.
    pub(super) fn index(&self, field: Field) -> Option<usize> {
        self.places[field as usize]
    }

    /// Returns the place of a field in the present row.
    pub(super) fn place(&self, rows: &Rows<'_>, field: Field) -> Place {
        rows.place(self.index(field).map_or("", |index| &self.headers[index]))
    }
}

/// Vectors are written without their prefix; the name of the column says which it is.
fn prefix(name: &str) -> &'static str {
    if name.contains("3.1") {
        "CVSS:3.1/"
    } else if name.contains("cvss4") || name.contains("4.0") {
        "CVSS:4.0/"
    } else if name.contains("cvss3") || name.contains("v3") {
        "CVSS:3.0/"
    } else {
        ""
    }
}

/// Finds the header in the first bytes of a file: its table and its separator.
pub(super) fn locate(head: &[u8]) -> Option<(Dialect, u8)> {
    DELIMITERS.into_iter().find_map(|delimiter| {
        let mut head = head;
        let mut rows = Rows::new(&mut head, delimiter);
        let dialect = find_header(&mut rows, |_| ()).ok().flatten();
        dialect.map(|dialect| (dialect, delimiter))
    })
}

/// Goes on to the header, and shows each row before it.
pub(super) fn find_header(
    rows: &mut Rows<'_>,
    mut preamble: impl FnMut(&Rows<'_>),
) -> Result<Option<Dialect>, ImportError> {
    let mut seen = 0;
    while seen < HEADER_WITHIN && rows.next()? {
        if rows.is_blank() {
            continue;
        }
        if let Some(dialect) = dialect(rows) {
            return Ok(Some(dialect));
        }
        preamble(rows);
        seen += 1;
    }
    Ok(None)
}

fn dialect(rows: &Rows<'_>) -> Option<Dialect> {
    if rows.len() < 5 {
        return None;
    }
    let names: Vec<String> = (0..rows.len()).map(|index| fold(&rows.cell(index))).collect();
    let has_all = |wanted: &[&str]| wanted.iter().all(|name| names.iter().any(|known| known == name));
    if has_all(&[
        "ip",
        "hostname",
        "last scan",
        "qid",
        "vuln title",
        "type",
        "severity",
    ]) {
        Some(Dialect::Pci)
    } else if has_all(&["qid", "title", "severity", "type detected", "status"])
        && ["asset id", "asset name", "asset ipv4"]
            .iter()
            .any(|name| has_all(&[name]))
    {
        Some(Dialect::Vmdr)
    } else if has_all(&["ip", "qid", "title", "type", "severity"]) {
        Some(Dialect::Report)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{FIELDS, NAMES};

    #[test]
    fn each_field_has_its_row_in_the_table() {
        for (index, (field, names)) in NAMES.iter().enumerate() {
            assert_eq!(*field as usize, index);
            assert!(!names.is_empty());
        }
        assert_eq!(NAMES.len(), FIELDS);
    }
}
