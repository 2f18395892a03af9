//! Levels and parameters of the rules, from `compliance.yaml` over the defaults.

use std::collections::BTreeMap;

use super::{CHECKS, Check, Default, Family, Parameter};
use crate::diagnostic::{Diagnostic, Level};
use crate::load::LoadLimits;
use crate::model::{
    Configuration, Expression, ExpressionValue, Meta, RecordId, RuleSetting, SYSTEM_NAMES, system_value,
};
use crate::reconcile::Register;
use crate::source::{FileId, Node, NodeValue, Span, Spanned};
use crate::trust::{ApprovalRules, MATRIX_WORDS};

/// What `applies_to` may read of the record that a diagnostic stands in, besides a System's fields.
const RECORD_NAMES: &[&str] = &["kind"];

/// The settings of every rule.
#[derive(Clone, Debug)]
pub struct Settings {
    by_code: BTreeMap<&'static str, Setting>,
}

/// The settings of one rule.
#[derive(Clone, Debug)]
pub struct Setting {
    /// `None` when the rule is off.
    level: Option<Level>,
    applies_to: Option<Expression>,
    numbers: BTreeMap<&'static str, i64>,
    tables: BTreeMap<&'static str, BTreeMap<String, i64>>,
    words: BTreeMap<&'static str, Vec<String>>,
}

impl Settings {
    /// Lays a configuration over the defaults; everything unknown in it is a diagnostic.
    pub fn new(configuration: &Configuration) -> Result<Self, Vec<Diagnostic>> {
        let mut by_code: BTreeMap<&'static str, Setting> = CHECKS
            .iter()
            .map(|check| (check.code, Setting::default_of(check)))
            .collect();
        let mut faults = Vec::new();
        for rule in &configuration.rules {
            match CHECKS.iter().find(|check| check.code == rule.code.value) {
                Some(check) => {
                    if let Some(setting) = by_code.get_mut(check.code) {
                        setting.lay_over(check, rule, &mut faults);
                    }
                }
                None => faults.push(*unknown_rule(&rule.code)),
            }
        }
        if faults.is_empty() {
            Ok(Self { by_code })
        } else {
            Err(faults)
        }
    }

    /// Returns the settings of a rule.
    pub(super) fn of(&self, check: &Check) -> &Setting {
        static NONE: Setting = Setting {
            level: None,
            applies_to: None,
            numbers: BTreeMap::new(),
            tables: BTreeMap::new(),
            words: BTreeMap::new(),
        };
        self.by_code.get(check.code).unwrap_or(&NONE)
    }

    /// Returns a number that is set for a rule; `None` when the rule or the parameter does not exist.
    pub fn number(&self, code: &str, name: &str) -> Option<i64> {
        self.by_code
            .get(code)
            .and_then(|setting| setting.numbers.get(name).copied())
    }

    /// Returns the words that are set for a rule; none when the rule or the parameter does not exist.
    pub fn words(&self, code: &str, name: &str) -> &[String] {
        self.by_code.get(code).map_or(&[], |setting| setting.words(name))
    }

    /// Returns an entry of a table that is set for a rule; `None` when it does not exist.
    pub fn entry(&self, code: &str, table: &str, name: &str) -> Option<i64> {
        self.by_code
            .get(code)
            .and_then(|setting| setting.tables.get(table)?.get(name).copied())
    }

    /// Returns the codes of the rules that are turned off, in order.
    pub fn codes_off(&self) -> Vec<&'static str> {
        self.by_code
            .iter()
            .filter(|(_, setting)| setting.level.is_none())
            .map(|(code, _)| *code)
            .collect()
    }

    /// Returns what is set about approvals.
    pub fn approval_rules(&self) -> ApprovalRules {
        let mut rules = ApprovalRules::default();
        for (word, _) in MATRIX_WORDS {
            let named = self
                .by_code
                .get("APR001")
                .map_or(&[][..], |setting| setting.words(word));
            // What is no id can be no role, and so stands for nobody.
            let roles = named.iter().filter_map(|id| RecordId::new(id)).collect();
            rules.words.insert((*word).to_owned(), roles);
        }
        if let Some(ages) = self.by_code.get("APR004") {
            rules.max_age_days = ages.table("max_age_days").clone();
        }
        if let Some(minutes) = self.number("APR007", "max_skew_minutes") {
            rules.max_skew_minutes = minutes;
        }
        rules
    }

    /// Returns what loading may take.
    pub fn load_limits(&self) -> LoadLimits {
        let number = |code: &str, name: &str| self.number(code, name);
        let mut limits = LoadLimits::default();
        let size = |value: Option<i64>, default: usize| {
            value
                .and_then(|value| usize::try_from(value).ok())
                .unwrap_or(default)
        };
        limits.yaml.max_bytes =
            number("SCH001", "max_bytes").map_or(limits.yaml.max_bytes, i64::unsigned_abs);
        limits.yaml.max_depth = size(number("SCH001", "max_depth"), limits.yaml.max_depth);
        limits.yaml.max_nodes = size(number("SCH001", "max_nodes"), limits.yaml.max_nodes);
        let year = |value: Option<i64>, default: i32| {
            value
                .and_then(|value| i32::try_from(value).ok())
                .unwrap_or(default)
        };
        limits.min_year = year(number("SCH005", "min_year"), limits.min_year);
        limits.max_year = year(number("SCH005", "max_year"), limits.max_year);
        limits
    }
}

impl Setting {
    /// Returns the settings of one rule; what is wrong in the configuration is left at its default.
    pub(super) fn of_rule(check: &Check, configuration: &Configuration) -> Self {
        let mut setting = Self::default_of(check);
        let written = configuration
            .rules
            .iter()
            .filter(|rule| rule.code.value == check.code);
        for rule in written {
            setting.lay_over(check, rule, &mut Vec::new());
        }
        setting
    }

    fn default_of(check: &Check) -> Self {
        let mut setting = Self {
            level: Some(check.level),
            applies_to: None,
            numbers: BTreeMap::new(),
            tables: BTreeMap::new(),
            words: BTreeMap::new(),
        };
        for parameter in check.parameters {
            match parameter.default {
                Default::Number(number) => {
                    setting.numbers.insert(parameter.name, number);
                }
                Default::Table(entries) => {
                    let table = entries
                        .iter()
                        .map(|(name, number)| ((*name).to_owned(), *number))
                        .collect();
                    setting.tables.insert(parameter.name, table);
                }
                Default::Words(words) => {
                    setting.words.insert(
                        parameter.name,
                        words.iter().map(|word| (*word).to_owned()).collect(),
                    );
                }
            }
        }
        setting
    }

    pub(super) fn number(&self, name: &str) -> i64 {
        self.numbers.get(name).copied().unwrap_or_default()
    }

    pub(super) fn table(&self, name: &str) -> &BTreeMap<String, i64> {
        static EMPTY: BTreeMap<String, i64> = BTreeMap::new();
        self.tables.get(name).unwrap_or(&EMPTY)
    }

    pub(super) fn words(&self, name: &str) -> &[String] {
        self.words.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the word of the level, `off` where the rule is off.
    pub(super) fn level_word(&self) -> &'static str {
        self.level.map_or("off", Level::word)
    }

    /// Returns the condition under which the rule applies, as it is written.
    pub(super) fn condition(&self) -> Option<&str> {
        self.applies_to.as_ref().map(Expression::text)
    }

    /// Gives a diagnostic its rule's name and configured level; `None` where the rule is off or does not apply.
    pub(super) fn judge(
        &self,
        check: &Check,
        mut diagnostic: Diagnostic,
        register: &Register<'_>,
        records: &BTreeMap<FileId, &Meta>,
    ) -> Option<Diagnostic> {
        let configured = self.level?;
        if !self.applies(&diagnostic, register, records) {
            return None;
        }
        diagnostic.name = check.name;
        // A rule's gravest diagnostics take the configured level; its milder ones never become graver by it.
        diagnostic.level = if diagnostic.level == check.level {
            configured
        } else {
            diagnostic.level.max(configured)
        };
        Some(diagnostic)
    }

    fn applies(
        &self,
        diagnostic: &Diagnostic,
        register: &Register<'_>,
        records: &BTreeMap<FileId, &Meta>,
    ) -> bool {
        let Some(expression) = &self.applies_to else {
            return true;
        };
        let Some(meta) = records.get(&diagnostic.span.file) else {
            return true;
        };
        expression.holds(&|name| match name {
            "kind" => Some(ExpressionValue::Text(meta.kind.name().into())),
            "id" => Some(ExpressionValue::Text(meta.id.to_string())),
            "owner" => Some(ExpressionValue::Text(meta.owner.to_string())),
            _ => register
                .repository
                .systems
                .get(&meta.id)
                .and_then(|system| system_value(system, name)),
        })
    }

    fn lay_over(&mut self, check: &Check, rule: &RuleSetting, faults: &mut Vec<Diagnostic>) {
        for (name, node) in &rule.parameters {
            let declared = check
                .parameters
                .iter()
                .find(|parameter| parameter.name == name.value);
            let result = match (name.value.as_str(), declared) {
                ("level", _) => self.lay_level(check, node),
                ("applies_to", _) => self.lay_applies_to(node),
                (_, Some(parameter)) => self.lay_parameter(parameter, node),
                (_, None) => Err(unknown_parameter(check, name)),
            };
            faults.extend(result.err().map(|fault| *fault));
        }
    }

    fn lay_level(&mut self, check: &Check, node: &Node) -> Result<(), Box<Diagnostic>> {
        self.level = match node.text() {
            Some("error") => Some(Level::Error),
            Some("warn") => Some(Level::Warn),
            Some("info") => Some(Level::Info),
            Some("off") if !is_fixed(check.family) => None,
            Some("off") => {
                let message = format!("`{}` cannot be turned off", check.code);
                return Err(fault(
                    node.span,
                    message,
                    "it guards the repository itself; remove the line",
                ));
            }
            _ => {
                let message = "a level is one of `error`, `warn`, `info` and `off`".into();
                return Err(fault(node.span, message, "write one of these words"));
            }
        };
        if is_fixed(check.family) && self.level != Some(Level::Error) {
            let message = format!("`{}` cannot be lowered", check.code);
            return Err(fault(
                node.span,
                message,
                "it guards the repository itself; remove the line",
            ));
        }
        Ok(())
    }

    fn lay_applies_to(&mut self, node: &Node) -> Result<(), Box<Diagnostic>> {
        let text = node.text().unwrap_or_default();
        let help = "write an expression such as `tier in [tier0, tier1]`";
        let expression =
            Expression::parse(text).map_err(|error| fault(node.span, error.to_string(), help))?;
        let known: Vec<&str> = RECORD_NAMES.iter().chain(SYSTEM_NAMES).copied().collect();
        if let Some(name) = expression.names().into_iter().find(|name| !known.contains(name)) {
            let message = format!("`{name}` is a name without a value");
            return Err(fault(
                node.span,
                message,
                &format!("names are {}", known.join(", ")),
            ));
        }
        self.applies_to = Some(expression);
        Ok(())
    }

    fn lay_parameter(&mut self, parameter: &Parameter, node: &Node) -> Result<(), Box<Diagnostic>> {
        match parameter.default {
            Default::Number(_) => {
                let number = whole_number(node, parameter.name)?;
                self.numbers.insert(parameter.name, number);
            }
            Default::Table(defaults) => {
                let entries = if let NodeValue::Mapping(entries) = &node.value {
                    entries.as_slice()
                } else {
                    &[]
                };
                if entries.is_empty() {
                    let message = format!("`{}` is a mapping of names to whole numbers", parameter.name);
                    return Err(fault(node.span, message, parameter.meaning));
                }
                for (key, value) in entries {
                    if !defaults.iter().any(|(name, _)| **name == *key.name) {
                        let names: Vec<&str> = defaults.iter().map(|(name, _)| *name).collect();
                        let message = format!("`{}` is no entry of `{}`", key.name, parameter.name);
                        return Err(fault(
                            key.span,
                            message,
                            &format!("entries are {}", names.join(", ")),
                        ));
                    }
                    let number = whole_number(value, &key.name)?;
                    self.tables
                        .entry(parameter.name)
                        .or_default()
                        .insert(key.name.to_string(), number);
                }
            }
            Default::Words(_) => {
                let items = if let NodeValue::Sequence(items) = &node.value {
                    Some(items)
                } else {
                    None
                };
                let words: Option<Vec<String>> =
                    items.and_then(|items| items.iter().map(|item| item.text().map(str::to_owned)).collect());
                let Some(words) = words else {
                    let message = format!("`{}` is a list of words", parameter.name);
                    return Err(fault(node.span, message, parameter.meaning));
                };
                self.words.insert(parameter.name, words);
            }
        }
        Ok(())
    }
}

/// Rules that guard the repository and its decisions; their level is fixed.
fn is_fixed(family: Family) -> bool {
    matches!(family, Family::Schema | Family::Approval | Family::Governance)
}

fn whole_number(node: &Node, name: &str) -> Result<i64, Box<Diagnostic>> {
    let mut node = node.clone();
    node.resolve();
    if let NodeValue::Integer(number) = node.value
        && (0..=1 << 40).contains(&number)
    {
        return Ok(number);
    }
    Err(fault(
        node.span,
        format!("`{name}` is a whole number, 0 or more"),
        "write digits only",
    ))
}

fn unknown_rule(code: &Spanned<String>) -> Box<Diagnostic> {
    let codes: Vec<&str> = CHECKS.iter().map(|check| check.code).collect();
    fault(
        code.span,
        format!("`{}` is no rule of this version", code.value),
        &format!("rules are {}", codes.join(", ")),
    )
}

fn unknown_parameter(check: &Check, name: &Spanned<String>) -> Box<Diagnostic> {
    let mut names = vec!["level", "applies_to"];
    names.extend(check.parameters.iter().map(|parameter| parameter.name));
    let message = format!("`{}` is no parameter of `{}`", name.value, check.code);
    fault(
        name.span,
        message,
        &format!("parameters are {}", names.join(", ")),
    )
}

fn fault(span: Span, message: String, help: &str) -> Box<Diagnostic> {
    let mut diagnostic = Diagnostic::error("CFG001", span, message).help(help);
    diagnostic.name = "configuration";
    Box::new(diagnostic)
}
