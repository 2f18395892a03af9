//! The systems, hosts and tools that a model speaks of, defined once where it asks for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{prop, responsible};
use crate::export::Request;
use crate::export::identity::host_iri;
use crate::export::text::markup;
use crate::model::{RecordId, SystemState};

/// Who and what was named.
pub(super) struct Cast<'a> {
    request: &'a Request<'a>,
    systems: BTreeSet<RecordId>,
    hosts: BTreeSet<Arc<str>>,
    tools: BTreeSet<Arc<str>>,
}

impl<'a> Cast<'a> {
    pub(super) fn new(request: &'a Request<'a>) -> Self {
        Self {
            request,
            systems: BTreeSet::new(),
            hosts: BTreeSet::new(),
            tools: BTreeSet::new(),
        }
    }

    /// Names a host as the subject of something.
    pub(super) fn host(&mut self, host: &Arc<str>, props: Vec<Value>) -> Value {
        self.hosts.insert(Arc::clone(host));
        json!({
            "subject-uuid": self.uuid_of_host(host),
            "type": "inventory-item",
            "title": markup(host),
            "props": props,
        })
    }

    /// Names a tool as the origin of something.
    pub(super) fn tool(&mut self, tool: &Arc<str>) -> Value {
        self.tools.insert(Arc::clone(tool));
        json!({"type": "tool", "actor-uuid": self.request.uuid(&["tool", tool]).to_string()})
    }

    /// Returns the definitions: systems and tools as components, hosts as items of the inventory.
    pub(super) fn definitions(mut self) -> Value {
        let register = self.request.register;
        let hosts: Vec<Value> = self.hosts.clone().iter().map(|host| self.item(host)).collect();
        let systems = self.systems.iter().map(|id| self.system(id));
        let tools = self.tools.iter().map(|tool| {
            let source = RecordId::new(tool).and_then(|id| register.repository.tools.get(&id));
            let title = source.map_or(&**tool, |source| &source.meta.title);
            json!({
                "uuid": self.request.uuid(&["tool", tool]).to_string(),
                "type": "software",
                "title": markup(title),
                "description": markup(&format!("tool {tool}")),
                "status": {"state": "operational"},
            })
        });
        json!({"components": systems.chain(tools).collect::<Vec<_>>(), "inventory-items": hosts})
    }

    fn uuid_of_host(&self, host: &str) -> String {
        self.request.uuid(&["host", host]).to_string()
    }

    fn uuid_of_system(&self, id: &RecordId) -> String {
        self.request.uuid(&["system", id.as_str()]).to_string()
    }

    fn item(&mut self, host: &str) -> Value {
        let row = self.request.register.host(host);
        let system = row.and_then(|row| row.system.clone());
        let component = system
            .as_ref()
            .map(|id| vec![json!({"component-uuid": self.uuid_of_system(id)})]);
        let os = row.and_then(|row| row.os.as_deref());
        let mut props = vec![prop("iri", &host_iri(host))];
        props.extend(os.map(|os| prop("operating-system", os)));
        self.systems.extend(system);
        json!({
            "uuid": self.uuid_of_host(host),
            "description": markup(host),
            "props": props,
            "implemented-components": component,
        })
    }

    fn system(&self, id: &RecordId) -> Value {
        let record = self.request.register.repository.systems.get(id);
        let owner = record.map(|record| responsible(self.request, &record.meta.owner));
        let (roles, mut props) = owner.unwrap_or_default();
        props.push(prop("record", id.as_str()));
        let state = match record.and_then(|record| record.spec.state) {
            Some(SystemState::Planned) => "under-development",
            Some(SystemState::Active) | None => "operational",
            Some(SystemState::Retiring | SystemState::Retired) => "disposition",
        };
        let title = record.map_or(id.as_str(), |record| &record.meta.title);
        json!({
            "uuid": self.uuid_of_system(id),
            "type": "system",
            "title": markup(title),
            "description": markup(&format!("{title} ({id})")),
            "props": props,
            "status": {"state": state},
            "responsible-roles": roles,
        })
    }
}
