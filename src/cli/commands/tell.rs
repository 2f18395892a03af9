//! `explain`, `schema`, `completions` and `man`: what the tool says of itself.

use clap::CommandFactory as _;

use crate::check::CHECKS;
use crate::cli::args::{Arguments, Explain, Schema};
use crate::cli::console::Console;
use crate::cli::failure::{CLEAN, Failure};
use crate::model::{Kind, configuration_schema, schema_text};
use crate::output::schemas::OUTPUT_SCHEMAS;

pub(in crate::cli) fn explain(console: &mut Console<'_>, explain: &Explain) -> Result<u8, Failure> {
    let wanted = &explain.code;
    let found = CHECKS
        .iter()
        .find(|check| check.code.eq_ignore_ascii_case(wanted) || check.name == wanted);
    let Some(check) = found else {
        let codes: Vec<&str> = CHECKS.iter().map(|check| check.code).collect();
        return Err(Failure::usage(format!(
            "there is no rule `{wanted}`; rules are {}",
            codes.join(", ")
        )));
    };
    write!(console.out, "{}", check.explanation)?;
    Ok(CLEAN)
}

pub(in crate::cli) fn schema(console: &mut Console<'_>, schema: &Schema) -> Result<u8, Failure> {
    let Some(word) = &schema.kind else {
        for kind in Kind::ALL {
            writeln!(console.out, "{kind}")?;
        }
        writeln!(console.out, "Configuration")?;
        for output in OUTPUT_SCHEMAS {
            writeln!(console.out, "{}", output.name)?;
        }
        return Ok(CLEAN);
    };
    let text = match Kind::from_word(word) {
        Some(kind) => Some(schema_text(kind)),
        None if word.eq_ignore_ascii_case("configuration") => Some(configuration_schema()),
        None => OUTPUT_SCHEMAS
            .iter()
            .find(|output| output.name == word)
            .map(|output| output.text),
    };
    let text = text.ok_or_else(|| {
        Failure::usage(format!(
            "there is no schema `{word}`; `countersign schema` lists all"
        ))
    })?;
    write!(console.out, "{text}")?;
    Ok(CLEAN)
}

pub(in crate::cli) fn completions(
    console: &mut Console<'_>,
    shell: clap_complete::Shell,
) -> Result<u8, Failure> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "countersign", &mut bytes);
    console.out.write_all(&bytes)?;
    Ok(CLEAN)
}

pub(in crate::cli) fn man(console: &mut Console<'_>) -> Result<u8, Failure> {
    let command = Arguments::command();
    clap_mangen::Man::new(command.clone()).render(&mut console.out)?;
    for subcommand in command.get_subcommands() {
        let name = format!("countersign-{}", subcommand.get_name());
        writeln!(console.out)?;
        clap_mangen::Man::new(subcommand.clone().name(name)).render(&mut console.out)?;
    }
    Ok(CLEAN)
}
