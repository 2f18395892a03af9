//! The rules of a tool, which say what its results mean.

use super::super::json::{Strict, Text};
use super::super::rows::{Refusal, Scalar, said, words};
use super::{Message, text_of};

const MAX_RULES: usize = 200_000;

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Tool<'a> {
    #[serde(borrow)]
    driver: Option<Strict<Component<'a>>>,
    #[serde(borrow)]
    extensions: Option<Vec<Strict<Component<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Component<'a> {
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    guid: Option<Text<'a>>,
    #[serde(borrow)]
    rules: Option<Vec<Strict<Descriptor<'a>>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Descriptor<'a> {
    #[serde(borrow)]
    id: Option<Text<'a>>,
    #[serde(borrow)]
    short_description: Option<Strict<Message<'a>>>,
    #[serde(borrow)]
    default_configuration: Option<Strict<Configuration<'a>>>,
    #[serde(borrow)]
    properties: Option<Strict<Properties<'a>>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Configuration<'a> {
    #[serde(borrow)]
    level: Option<Text<'a>>,
}

/// The properties of a rule or of a result that are needed.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Properties<'a> {
    #[serde(rename = "security-severity", borrow)]
    pub(super) security_severity: Option<Scalar<'a>>,
}

/// What is kept of a rule.
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: Option<String>,
    pub(super) level: Option<String>,
    pub(super) security_severity: Option<String>,
}

/// The rules of the driver and of its extensions, each list in the order of the export.
pub(super) struct Rules {
    /// The name of the driver.
    pub(super) tool: String,
    driver: Vec<Rule>,
    extensions: Vec<Extension>,
}

struct Extension {
    name: Option<String>,
    guid: Option<String>,
    rules: Vec<Rule>,
}

/// How a result names its rule.
#[derive(Default)]
pub(super) struct Named {
    pub(super) id: Option<String>,
    pub(super) index: Option<usize>,
    /// The extension whose rule it is, by its place, name or GUID; the driver's where it names none.
    pub(super) extension_index: Option<usize>,
    pub(super) extension: Option<String>,
}

impl Rules {
    pub(super) fn new(tool: Tool<'_>) -> Result<Self, Refusal> {
        let Some(Strict(driver)) = tool.driver else {
            return Err(Refusal::Malformed("no `driver`".into()));
        };
        let name = said(&driver.name).unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::Malformed("`driver` has no `name`".into()));
        }
        let extensions = tool.extensions.unwrap_or_default();
        let rules = Self {
            tool: words(name),
            extensions: extensions
                .iter()
                .map(|Strict(extension)| Extension {
                    name: said(&extension.name).map(str::to_owned),
                    guid: said(&extension.guid).map(str::to_owned),
                    rules: kept(extension),
                })
                .collect(),
            driver: kept(&driver),
        };
        let count: usize = rules.lists().map(<[Rule]>::len).sum();
        if count > MAX_RULES {
            let message = format!("more than {MAX_RULES} rules");
            return Err(Refusal::OverLimit(message));
        }
        Ok(rules)
    }

    fn lists(&self) -> impl Iterator<Item = &[Rule]> {
        let of_extensions = self.extensions.iter().map(|extension| &*extension.rules);
        std::iter::once(&*self.driver).chain(of_extensions)
    }

    /// Finds a rule by its place in the list that is named, if the ids agree, else by its id in any list.
    pub(super) fn find(&self, named: &Named) -> Option<&Rule> {
        let by_name = |name: &String| {
            self.extensions
                .iter()
                .find(|one| one.name.as_ref() == Some(name) || one.guid.as_ref() == Some(name))
        };
        let by_index = named.extension_index.and_then(|index| self.extensions.get(index));
        let extension = by_index.or_else(|| named.extension.as_ref().and_then(by_name));
        let list = extension.map_or(&self.driver, |extension| &extension.rules);
        let at_index = named.index.and_then(|index| list.get(index));
        let Some(id) = &named.id else {
            return at_index;
        };
        at_index
            .filter(|rule| is_of(id, rule))
            .or_else(|| self.lists().flatten().find(|rule| rule.id == *id))
            .or_else(|| self.lists().flatten().find(|rule| is_of(id, rule)))
    }
}

/// Tells whether an id is that of a rule, or of a case of it such as `S0001/weak` of `S0001`.
fn is_of(id: &str, rule: &Rule) -> bool {
    id.strip_prefix(&*rule.id)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn kept(component: &Component<'_>) -> Vec<Rule> {
    let rules = component.rules.iter().flatten();
    rules
        .map(|Strict(rule)| Rule {
            id: said(&rule.id).unwrap_or_default().to_owned(),
            title: text_of(&rule.short_description).map(words),
            level: rule
                .default_configuration
                .as_ref()
                .and_then(|Strict(configuration)| said(&configuration.level))
                .map(str::to_owned),
            security_severity: security_severity(&rule.properties),
        })
        .collect()
}

pub(super) fn security_severity(properties: &Option<Strict<Properties<'_>>>) -> Option<String> {
    let Strict(properties) = properties.as_ref()?;
    let Scalar(text) = properties.security_severity.as_ref()?;
    Some(text.0.trim().to_owned()).filter(|text| !text.is_empty())
}
