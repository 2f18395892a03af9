//! Host assets of the asset API, root `ServiceResponse`: hosts with the keys of agents and clouds.
//!
//! The vulnerabilities in it have no state and no severity; they are counted and passed over.

use std::io::BufRead;

use memchr::memmem;

use super::super::stamp;
use super::super::tally::Tally;
use super::super::value;
use super::super::xml::{Tag, Xml};
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::{Names, is_root, said, text, time};
use crate::model::{HostStatus, ScanSummary};

pub(super) const IMPORTER: Importer = Importer {
    name: "qualys-host-asset",
    product: Product::Hosts,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let has = |mark: &[u8]| memmem::find(head, mark).is_some();
    is_root(head, "ServiceResponse") && (has(b"<HostAsset>") || has(b"/am/hostasset.xsd"))
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut reader = Reader {
        xml: Xml::new(input),
        tally: Tally::new(options, sink),
        count: None,
    };
    reader.document()?;
    Ok(reader.tally.summary)
}

struct Reader<'r, 's> {
    xml: Xml<'r>,
    tally: Tally<'s>,
    /// How many assets the answer says that it has.
    count: Option<u64>,
}

#[derive(Default)]
struct Asset {
    names: Names,
    name: Option<String>,
    macs: Vec<String>,
    is_gone: bool,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Result<(), ImportError> {
        self.xml.next()?;
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"responseCode" => {
                    let code = text(&mut self.xml)?;
                    if code != "SUCCESS" {
                        let code = value::shown(&code);
                        let message = format!("Qualys answered {code} and no assets; ask again");
                        return Err(ImportError::Foreign(message));
                    }
                }
                b"count" => self.count = text(&mut self.xml)?.parse().ok(),
                b"hasMoreRecords" => {
                    if text(&mut self.xml)?.eq_ignore_ascii_case("true") {
                        let reason = "it is one page of several; ask for the others too";
                        self.tally.incomplete(reason);
                    }
                }
                b"data" => {
                    while self.xml.next()? == Tag::Open {
                        if self.xml.name() == b"HostAsset" {
                            self.asset()?;
                        } else {
                            self.xml.skip()?;
                        }
                    }
                }
                _ => self.xml.skip()?,
            }
        }
        self.xml.next()?;
        let found = self.tally.summary.hosts;
        if let Some(count) = self.count.filter(|count| *count != found) {
            let reason = format!("its `count` is {count}, and it has {found} assets");
            self.tally.summary.incomplete.get_or_insert(reason);
        }
        Ok(())
    }

    fn asset(&mut self) -> Result<(), ImportError> {
        let mut asset = Asset::default();
        while self.xml.next()? == Tag::Open {
            let (names, xml) = (&mut asset.names, &mut self.xml);
            match xml.name() {
                b"id" => names.asset = said(xml)?,
                b"qwebHostId" => names.host = said(xml)?,
                b"name" => asset.name = said(xml)?,
                b"dnsHostName" => names.dns = said(xml)?,
                b"fqdn" => names.fqdn = said(xml)?,
                b"netbiosName" => names.netbios = said(xml)?,
                b"os" => names.os = said(xml)?,
                b"trackingMethod" => names.tracking = said(xml)?,
                b"modified" => {
                    if let Some(at) = time(xml)? {
                        stamp::keep_latest(&mut self.tally.summary.run_at, at);
                    }
                }
                b"address" => self.addresses(&mut asset)?,
                b"agentInfo" | b"sourceInfo" | b"networkInterface" => self.nested(&mut asset)?,
                b"vuln" => self.vulnerabilities()?,
                _ => xml.skip()?,
            }
        }
        self.pour(asset)
    }

    /// Looks for keys in what lies below an element, such as those of a cloud.
    fn nested(&mut self, asset: &mut Asset) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            match self.xml.name() {
                b"agentId" => asset.names.agent = said(&mut self.xml)?,
                b"instanceId" | b"vmId" => asset.names.cloud = said(&mut self.xml)?,
                b"instanceState" | b"state" => {
                    let state = text(&mut self.xml)?;
                    let ends = ["TERMINATED", "DELETED"];
                    asset.is_gone |= ends.iter().any(|end| end.eq_ignore_ascii_case(&state));
                }
                b"macAddress" => {
                    let found = said(&mut self.xml)?.and_then(|text| value::mac(&text));
                    asset.macs.extend(found.filter(|mac| !asset.macs.contains(mac)));
                }
                b"address" | b"privateIpAddress" => self.addresses(asset)?,
                b"list" | b"HostAssetInterface" => self.nested(asset)?,
                name if name.ends_with(b"AssetSourceSimple") => self.nested(asset)?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn addresses(&mut self, asset: &mut Asset) -> Result<(), ImportError> {
        let junk = said(&mut self.xml)?.map_or(0, |text| asset.names.take_ips(&text));
        (0..junk).for_each(|_| self.tally.leave_out("not an IP address"));
        Ok(())
    }

    fn vulnerabilities(&mut self) -> Result<(), ImportError> {
        while self.xml.next()? == Tag::Open {
            while self.xml.next()? == Tag::Open {
                self.tally
                    .skip("a vulnerability of an asset; export the host detection", 1);
                self.xml.skip()?;
            }
        }
        Ok(())
    }

    fn pour(&mut self, asset: Asset) -> Result<(), ImportError> {
        if asset.names.asset.is_none() {
            return Err(self.xml.malformed("a `HostAsset` without an `id`"));
        }
        let mut host = asset.names.host();
        if let Some(name) = asset
            .name
            .filter(|_| host.fqdn.is_none() && host.hostname.is_none())
        {
            host.name = name;
        }
        if host.name.is_empty() {
            host.name = host.agent.clone().unwrap_or_default();
        }
        host.macs = asset.macs;
        host.status = if asset.is_gone {
            HostStatus::Retired
        } else {
            HostStatus::Unknown
        };
        // That an agent is on it does not say that anything was looked at.
        host.quality = None;
        let poured = self.tally.host(&host);
        poured.map(drop).map_err(|flaw| self.xml.malformed(flaw))
    }
}
