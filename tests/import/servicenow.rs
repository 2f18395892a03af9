//! Configuration items of ServiceNow.

use countersign::import::Product;
use countersign::model::HostStatus;

use super::{assert_refused, fixture, read, read_fixture};

#[test]
fn a_field_is_read_in_each_of_its_three_shapes() {
    let (imported, recorder) = read_fixture("servicenow-cmdb/many.json");
    assert_eq!(imported.importer.product, Product::Inventory);
    let statuses: Vec<(&str, HostStatus)> = recorder
        .hosts
        .iter()
        .map(|host| (host.name.as_str(), host.status))
        .collect();
    assert_eq!(
        statuses,
        [
            ("web01", HostStatus::Active),
            ("web02", HostStatus::Retired),
            ("web03", HostStatus::Retired),
            ("web04", HostStatus::Unknown),
            ("web07.example.com", HostStatus::Unknown),
        ]
    );
    let groups: Vec<&str> = recorder.hosts[..3]
        .iter()
        .map(|host| host.fields["support_group"].as_str())
        .collect();
    assert_eq!(groups, ["g1", "Web team", "Web team"]);
    let web = recorder.host("web01");
    assert_eq!(web.fqdn.as_deref(), Some("web01.example.com"));
    assert_eq!(web.ips, ["192.0.2.61"]);
    assert_eq!(web.fields["environment"], "Production");
    assert!(!web.fields.contains_key("attachments") && !web.fields.contains_key("comments"));
    let reasons = |list: &[countersign::model::Skipped]| -> Vec<String> {
        list.iter().map(|one| one.reason.clone()).collect()
    };
    assert_eq!(
        reasons(&imported.summary.skipped),
        ["a duplicate of another item", "an item without a name"]
    );
    assert_eq!(
        reasons(&imported.summary.left_out),
        ["not an IP address", "a status that is none of ServiceNow's own"]
    );
}

#[test]
fn the_instance_api_wraps_one_item() {
    let (_, recorder) = read_fixture("servicenow-cmdb/one.json");
    let host = recorder.host("app01");
    assert_eq!(host.fqdn.as_deref(), Some("app01.example.com"));
    assert_eq!(host.macs, ["00:00:5e:00:53:51"]);
    assert_eq!(
        (host.serial.as_deref(), host.os.as_deref()),
        (Some("SN-51"), Some("Example Linux 9.2"))
    );
    assert_eq!(host.fields["location"], "Hall 2");
}

#[test]
fn a_list_that_ends_at_the_cap_is_not_whole() {
    let row = |index: u32| format!("{{\"name\": \"h{index}\", \"install_status\": \"1\"}}");
    let list = |rows: u32| {
        let rows: Vec<String> = (0..rows).map(row).collect();
        format!("{{\"result\": [{}]}}", rows.join(","))
    };
    let whole = read(list(9_999).as_bytes()).unwrap().0.summary;
    assert_eq!((whole.hosts, whole.incomplete), (9_999, None));
    let capped = read(list(10_000).as_bytes()).unwrap().0.summary;
    assert!(capped.incomplete.unwrap().contains("exactly 10000 rows"));
}

#[test]
fn what_is_no_item_is_refused() {
    let text = String::from_utf8(fixture("servicenow-cmdb/many.json")).unwrap();
    let rows = [
        (
            "{\"sys_id\": \"a2\", \"name\": \"web02\",",
            "\"x\", {",
            "malformed",
            "item 2 is no object",
        ),
        (
            "\"name\": \"web02\"",
            "\"name\": \"web02\", \"name\": \"web09\"",
            "malformed",
            "`name` comes twice in one object",
        ),
        (
            "\"name\": \"web02\"",
            "\"name\": \"web\\u202e02\"",
            "malformed",
            "item 2: the name `web\\u{202e}02`",
        ),
        (
            "{\n  \"result\"",
            "{\"error\": {\"message\": \"no\"}, \"result\"",
            "malformed",
            "ask the server again",
        ),
        (
            "{\n  \"result\"",
            "{\"result\": [], \"result\"",
            "malformed",
            "`result` comes twice",
        ),
    ];
    for (from, to, kind, says) in rows {
        assert!(text.contains(from), "{from}");
        assert_refused(to, read(text.replacen(from, to, 1).as_bytes()), kind, says);
    }
    let change = "{\"result\": [{\"number\": \"CHG0000023\", \"sys_class_name\": \"change_request\", \"cmdb_ci\": \"\"}]}";
    assert_refused("a change", read(change.as_bytes()), "foreign", "known formats");
}
