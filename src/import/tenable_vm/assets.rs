//! The asset export: hosts with the keys that the vulnerability export does not have, such as a cloud's.

use std::io::BufRead;

use serde::Deserialize as _;
use serde::de::Deserializer;

use super::super::json::{Flaw, Strict, Text, read};
use super::super::stamp;
use super::super::tally::Tally;
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::{Chunks, Keys, Rows, Texts, names_of_first_row, said, time};
use crate::model::{HostStatus, ScanSummary};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "tenable-vm-assets",
    product: Product::Hosts,
    recognises,
    import,
};

/// Asks for little: thousands of installed packages may stand between the first names of a row and the others.
fn recognises(head: &[u8]) -> bool {
    let names = names_of_first_row(head);
    let has = |name: &&str| names.contains(*name);
    ["id", "has_agent"].iter().all(has)
        && ["has_plugin_results", "agent_uuid", "fqdns", "ipv4s"]
            .iter()
            .any(has)
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut chunks = Chunks(Reader {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        rows: 0,
    });
    read(input, &mut chunks)?;
    Ok(chunks.0.tally.summary)
}

struct Reader<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    rows: u64,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Asset<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    agent_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    bios_uuid: Option<Text<'a>>,
    #[serde(borrow)]
    fqdns: Texts<'a>,
    #[serde(borrow)]
    hostnames: Texts<'a>,
    #[serde(borrow)]
    netbios_names: Texts<'a>,
    #[serde(borrow)]
    ipv4s: Texts<'a>,
    #[serde(borrow)]
    ipv6s: Texts<'a>,
    #[serde(borrow)]
    mac_addresses: Texts<'a>,
    #[serde(borrow)]
    operating_systems: Texts<'a>,
    #[serde(borrow)]
    aws_ec2_instance_id: Option<Text<'a>>,
    #[serde(borrow)]
    azure_vm_id: Option<Text<'a>>,
    #[serde(borrow)]
    gcp_instance_id: Option<Text<'a>>,
    #[serde(borrow)]
    updated_at: Option<Text<'a>>,
    #[serde(borrow)]
    terminated_at: Option<Text<'a>>,
    #[serde(borrow)]
    deleted_at: Option<Text<'a>>,
}

impl Rows for Reader<'_> {
    fn row<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        let Strict(asset) = Strict::<Asset<'de>>::deserialize(deserializer)?;
        self.rows += 1;
        let row = self.rows;
        let id = said(&asset.id).ok_or_else(|| {
            self.flaw
                .malformed(format!("row {row}: an asset without an `id`"))
        })?;
        let updated = time("updated_at", &asset.updated_at)
            .map_err(|refusal| refusal.stop(&mut self.flaw, &format!("row {row}")))?;
        if let Some(updated) = updated {
            stamp::keep_latest(&mut self.tally.summary.run_at, updated);
        }
        let keys = Keys {
            asset: Some(id),
            agent: said(&asset.agent_uuid),
            bios: said(&asset.bios_uuid),
            fqdns: &asset.fqdns,
            hostnames: &asset.hostnames,
            netbios: &asset.netbios_names,
            ips: [&asset.ipv4s, &asset.ipv6s],
            macs: &asset.mac_addresses,
            systems: &asset.operating_systems,
        };
        let (mut host, junk) = keys.host();
        for _ in 0..junk {
            self.tally.leave_out("not an address");
        }
        let cloud = [
            &asset.aws_ec2_instance_id,
            &asset.azure_vm_id,
            &asset.gcp_instance_id,
        ];
        host.cloud_id = cloud.into_iter().find_map(said).map(str::to_owned);
        let is_gone = said(&asset.terminated_at).is_some() || said(&asset.deleted_at).is_some();
        host.status = if is_gone {
            HostStatus::Retired
        } else {
            HostStatus::Unknown
        };
        let poured = self.tally.host(&host);
        poured
            .map(drop)
            .map_err(|flaw| self.flaw.malformed(format!("row {row}: {flaw}")))
    }

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }
}
