//! The machines: what explains the ids of the vulnerabilities. Neither that they were scanned nor that they are governed.

use std::io::BufRead;

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::super::json::{Flaw, Listed, Members, Outline, Report, Strict, Text, outline, read};
use super::super::rows::{Refusal, said};
use super::super::tally::Tally;
use super::super::value;
use super::super::{ImportError, Importer, Options, Product, Sink};
use super::{next_page, within};
use crate::model::{Host, ScanSummary};

pub(in crate::import) const IMPORTER: Importer = Importer {
    name: "ms-defender-machines",
    product: Product::Hosts,
    recognises,
    import,
};

fn recognises(head: &[u8]) -> bool {
    let Outline::Object(names) = outline(head) else {
        return false;
    };
    let is_empty = || names.contains("@odata.context") && within(head, "$metadata#machines");
    names.contains("value") && (within(head, "\"computerdnsname\"") || is_empty())
}

fn import(
    input: &mut dyn BufRead,
    options: &Options<'_>,
    sink: &mut dyn Sink,
) -> Result<ScanSummary, ImportError> {
    let mut page = Listed::new(Page {
        tally: Tally::new(options, sink),
        flaw: Flaw::default(),
        rows: 0,
    });
    read(input, &mut page)?;
    Ok(page.report.tally.summary)
}

struct Page<'s> {
    tally: Tally<'s>,
    flaw: Flaw,
    rows: u64,
}

impl Report for Page<'_> {
    const LIST: &'static str = "value";

    fn flaw(&mut self) -> &mut Flaw {
        &mut self.flaw
    }

    fn other<'de, A: MapAccess<'de>>(&mut self, name: &str, values: &mut A) -> Result<(), A::Error> {
        match name {
            "@odata.nextLink" => {
                let link: Option<Text<'de>> = values.next_value()?;
                next_page(&mut self.tally, &link);
                Ok(())
            }
            _ => values.next_value::<IgnoredAny>().map(drop),
        }
    }
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Machine<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    computer_dns_name: Option<Text<'a>>,
    #[serde(borrow)]
    last_ip_address: Option<Text<'a>>,
    #[serde(borrow)]
    ip_addresses: Option<Vec<Strict<Address<'a>>>>,
    #[serde(borrow)]
    os_platform: Option<Text<'a>>,
    #[serde(borrow)]
    os_version: Option<Text<'a>>,
    #[serde(borrow)]
    vm_metadata: Option<Strict<Virtual<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow)]
    ip_address: Option<Text<'a>>,
    #[serde(borrow)]
    mac_address: Option<Text<'a>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Virtual<'a> {
    #[serde(borrow)]
    vm_id: Option<Text<'a>>,
}

impl Members for Page<'_> {
    fn member<'de, A: SeqAccess<'de>>(&mut self, members: &mut A) -> Result<bool, A::Error> {
        let Some(Strict(machine)) = members.next_element::<Strict<Machine<'de>>>()? else {
            return Ok(false);
        };
        self.rows += 1;
        let row = self.rows;
        let taken = self.take(&machine);
        taken.map_err(|refusal| refusal.stop(&mut self.flaw, &format!("row {row}")))?;
        Ok(true)
    }
}

impl Page<'_> {
    fn take(&mut self, machine: &Machine<'_>) -> Result<(), Refusal> {
        let id = said(&machine.id).unwrap_or_default();
        if let Some(flaw) = value::flaw_of_id(id) {
            return Err(Refusal::Malformed(format!("`id`: {flaw}")));
        }
        let name = said(&machine.computer_dns_name);
        let system = [said(&machine.os_platform), said(&machine.os_version)];
        let os = system.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let mut host = Host {
            name: name.unwrap_or(id).to_owned(),
            fqdn: name.filter(|name| name.contains('.')).and_then(value::fqdn),
            hostname: name.filter(|name| !name.contains('.')).and_then(value::hostname),
            agent: Some(id.to_owned()),
            os: Some(os).filter(|os| !os.is_empty()),
            cloud_id: machine
                .vm_metadata
                .as_ref()
                .and_then(|Strict(machine)| said(&machine.vm_id))
                .map(str::to_owned),
            ..Host::default()
        };
        let listed = machine.ip_addresses.iter().flatten();
        let ips = listed
            .clone()
            .filter_map(|Strict(address)| said(&address.ip_address));
        self.addresses(
            &mut host.ips,
            ips.chain(said(&machine.last_ip_address)),
            value::ip,
        );
        let macs = listed.filter_map(|Strict(address)| said(&address.mac_address));
        self.addresses(&mut host.macs, macs, value::mac);
        self.tally.host(&host).map(drop).map_err(Refusal::Malformed)
    }

    fn addresses<'a>(
        &mut self,
        found: &mut Vec<String>,
        texts: impl Iterator<Item = &'a str>,
        read: fn(&str) -> Option<String>,
    ) {
        for text in texts.take(256) {
            match read(text) {
                Some(address) if !found.contains(&address) => found.push(address),
                Some(_) => {}
                None => self.tally.leave_out("not an address"),
            }
        }
    }
}
