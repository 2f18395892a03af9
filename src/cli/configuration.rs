//! `compliance.yaml`, read before anything else is judged.

use super::failure::Failure;
use crate::check::Settings;
use crate::diagnostic::Diagnostic;
use crate::load::load_configuration;
use crate::model::Configuration;
use crate::source::{Sources, Tree};

/// Reads the configuration of a tree and lays it over the defaults.
pub(super) fn read_configuration(tree: &Tree) -> Result<(Configuration, Settings), Failure> {
    let (configuration, sources, faults) = load_configuration(tree)?;
    refuse_configuration(&sources, &faults)?;
    let settings =
        Settings::new(&configuration).map_err(|faults| configuration_failure(&sources, &faults))?;
    refuse_old_tool(configuration.tool.as_ref().map(|tool| tool.value.as_str()))?;
    Ok((configuration, settings))
}

fn refuse_configuration(sources: &Sources, faults: &[Diagnostic]) -> Result<(), Failure> {
    if faults.is_empty() {
        Ok(())
    } else {
        Err(configuration_failure(sources, faults))
    }
}

fn configuration_failure(sources: &Sources, faults: &[Diagnostic]) -> Failure {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| {
            let path = sources.path(fault.span.file);
            let help = fault
                .help
                .as_deref()
                .map(|help| format!("; {help}"))
                .unwrap_or_default();
            format!(
                "{path}:{}:{}: {}{help}",
                fault.span.line, fault.span.column, fault.message
            )
        })
        .collect();
    Failure::usage(format!("the configuration is wrong\n  {}", lines.join("\n  ")))
}

fn refuse_old_tool(needed: Option<&str>) -> Result<(), Failure> {
    let Some(needed) = needed else { return Ok(()) };
    let numbers = |text: &str| -> Vec<u64> {
        text.trim_start_matches(">=")
            .trim()
            .split('.')
            .map(|part| part.parse().unwrap_or(0))
            .collect()
    };
    let mut wanted = numbers(needed);
    wanted.resize(3, 0);
    if numbers(env!("CARGO_PKG_VERSION")) >= wanted {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "`compliance.yaml` asks for a tool `{needed}`, this is {}; install a newer one",
        env!("CARGO_PKG_VERSION")
    )))
}
