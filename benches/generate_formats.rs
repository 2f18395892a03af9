//! Exports of the formats that matter most, of any size: the same bytes each time.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::generate::{HOSTS, cve, finding, host_name, sentence, write_host, write_item};

/// Words of a description; with them a row has about the bytes of a real one.
const WORDS: usize = 100;

fn open(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

const QUALYS_COLUMNS: [&str; 32] = [
    "IP",
    "Network",
    "DNS",
    "NetBIOS",
    "Tracking Method",
    "OS",
    "IP Status",
    "QID",
    "Title",
    "Vuln Status",
    "Type",
    "Severity",
    "Port",
    "Protocol",
    "FQDN",
    "SSL",
    "First Detected",
    "Last Detected",
    "Times Detected",
    "Date Last Fixed",
    "CVE ID",
    "Vendor Reference",
    "Bugtraq ID",
    "CVSS3.1 Base",
    "Threat",
    "Impact",
    "Solution",
    "Exploitability",
    "Associated Malware",
    "Results",
    "PCI Vuln",
    "Category",
];

/// Writes a scan report with its preamble, one row a finding.
pub(crate) fn write_qualys(path: &Path, findings: usize) -> io::Result<()> {
    let mut out = open(path)?;
    let (threat, impact) = (sentence(WORDS), sentence(WORDS / 2));
    writeln!(
        out,
        "\"Vulnerability Scan Report\",\"10/01/2026 at 06:12:33 (GMT+0000)\"\n\"Bench\",\"1 Main Street\"\n"
    )?;
    let columns = QUALYS_COLUMNS.map(|column| format!("\"{column}\""));
    writeln!(out, "{}", columns.join(","))?;
    for host in 0..HOSTS {
        let (name, second) = (host_name(host), host % 60);
        for rank in 0..findings / HOSTS {
            let plugin = finding(host, rank).1;
            let (day, level) = (1 + (host + rank) % 28, 2 + plugin % 4);
            write!(
                out,
                "\"10.{}.{}.{}\",\"Global Default Network\",\"{name}\",\"HOST{host:05}\",\"QAGENT\",\"Debian 13\",\
                 \"host scanned, found vuln\",\"{}\",\"nginx < 1.28.{plugin} Multiple Vulnerabilities\",\"Active\",\
                 \"Vuln\",\"{level}\",\"443\",\"tcp\",,\"no\",\"09/{day:02}/2026 04:11:{second:02}\",\
                 \"09/30/2026 05:00:00\",\"{}\",,\"{}\",\"nginx advisory\",,\"7.5 (AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N)\",\
                 \"{threat}\",\"{impact}\",\"Upgrade to nginx version 1.28.{plugin} or later.\",,,\
                 \"URL : https://{name}/\nInstalled version : 1.26.0\nFixed version : \"\"1.28.{plugin}\"\"\",\"yes\",\
                 \"Web server\"\n",
                host >> 16,
                (host >> 8) & 255,
                host & 255,
                100_000 + plugin,
                1 + rank % 90,
                cve(plugin),
            )?;
        }
    }
    out.flush()
}

/// Writes one report a host into a folder.
pub(crate) fn write_trivy(folder: &Path, findings: usize) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let description = sentence(WORDS);
    for host in 0..HOSTS {
        let name = host_name(host);
        let mut out = open(&folder.join(format!("{host:05}.json")))?;
        write!(
            out,
            "{{\n  \"SchemaVersion\": 2,\n  \"CreatedAt\": \"2026-09-30T05:00:00Z\",\n  \"ArtifactName\": \"{name}\",\n  \
             \"ArtifactType\": \"filesystem\",\n  \"Metadata\": {{\"OS\": {{\"Family\": \"debian\", \"Name\": \"13\"}}}},\n  \
             \"Results\": [\n    {{\n      \"Target\": \"{name} (debian 13)\",\n      \"Class\": \"os-pkgs\",\n      \
             \"Type\": \"debian\",\n      \"Vulnerabilities\": [\n"
        )?;
        for rank in 0..findings / HOSTS {
            let comma = if rank == 0 { "" } else { ",\n" };
            write!(out, "{comma}")?;
            write_vulnerability(&mut out, finding(host, rank).1, &description)?;
        }
        write!(out, "\n      ]\n    }}\n  ]\n}}\n")?;
        out.flush()?;
    }
    Ok(())
}

fn write_vulnerability(out: &mut impl Write, plugin: usize, description: &str) -> io::Result<()> {
    const SEVERITIES: [&str; 4] = ["LOW", "MEDIUM", "HIGH", "CRITICAL"];
    let (cve, severity) = (cve(plugin), SEVERITIES[plugin % 4]);
    let references: Vec<String> = (0..12)
        .map(|number| {
            format!("            \"https://vendor{number}.example/advisory?id={plugin}&n={number}\"")
        })
        .collect();
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N";
    write!(
        out,
        "        {{\n          \"VulnerabilityID\": \"{cve}\",\n          \"PkgID\": \"nginx@1.26.0\",\n          \
         \"PkgName\": \"nginx-{plugin}\",\n          \"PkgIdentifier\": {{\n            \
         \"PURL\": \"pkg:deb/debian/nginx-{plugin}@1.26.0?arch=amd64\",\n            \"UID\": \"{plugin:016x}\"\n          }},\n          \
         \"InstalledVersion\": \"1.26.0\",\n          \"FixedVersion\": \"1.28.{plugin}\",\n          \"Status\": \"fixed\",\n          \
         \"Layer\": {{\n            \"DiffID\": \"sha256:{plugin:064x}\"\n          }},\n          \"SeveritySource\": \"debian\",\n          \
         \"PrimaryURL\": \"https://avd.example/nvd/{cve}\",\n          \"DataSource\": {{\n            \"ID\": \"debian\",\n            \
         \"Name\": \"Debian Security Tracker\",\n            \"URL\": \"https://tracker.example\"\n          }},\n          \
         \"Title\": \"nginx: \\\"crafted\\\" request number {plugin} overflows the heap\",\n          \
         \"Description\": \"{description}\",\n          \"Severity\": \"{severity}\",\n          \"CweIDs\": [\n            \"CWE-787\"\n          ],\n          \
         \"VendorSeverity\": {{\n            \"nvd\": 3,\n            \"redhat\": 2\n          }},\n          \"CVSS\": {{\n            \
         \"nvd\": {{\n              \"V3Vector\": \"{vector}\",\n              \"V3Score\": 7.5\n            }},\n            \
         \"redhat\": {{\n              \"V3Vector\": \"{vector}\",\n              \"V3Score\": 7.5\n            }}\n          }},\n          \
         \"References\": [\n{}\n          ],\n          \"PublishedDate\": \"2026-08-12T10:15:09.123Z\",\n          \
         \"LastModifiedDate\": \"2026-09-01T05:17:07.923Z\"\n        }}",
        references.join(",\n")
    )
}

/// Writes a Nessus export whose items are all on one host, no two alike.
pub(crate) fn write_one_host(path: &Path, findings: usize) -> io::Result<()> {
    let mut out = open(path)?;
    let description = sentence(WORDS);
    writeln!(out, "<NessusClientData_v2>\n<Report name=\"bench\">")?;
    write_host(&mut out, 0)?;
    for plugin in 0..findings {
        write_item(&mut out, 0, plugin, &description)?;
    }
    writeln!(out, "</ReportHost>\n</Report>\n</NessusClientData_v2>")?;
    out.flush()
}

/// Writes a Nessus export of one item whose output has so many bytes.
pub(crate) fn write_long_text(path: &Path, bytes: usize) -> io::Result<()> {
    let mut out = open(path)?;
    writeln!(out, "<NessusClientData_v2>\n<Report name=\"bench\">")?;
    write_host(&mut out, 0)?;
    write!(
        out,
        "<ReportItem port=\"0\" protocol=\"tcp\" severity=\"3\" pluginID=\"1\" pluginName=\"Long\"><plugin_output>"
    )?;
    let line = sentence(20) + "\n";
    for _ in 0..bytes / line.len() + 1 {
        out.write_all(line.as_bytes())?;
    }
    writeln!(
        out,
        "</plugin_output></ReportItem></ReportHost>\n</Report>\n</NessusClientData_v2>"
    )?;
    out.flush()
}
