//! `demo`, `init` and `new`.

use crate::cli::args::{Demo, Global, Init, New};
use crate::cli::console::Console;
use crate::cli::failure::Failure;

pub(in crate::cli) fn demo(_: &mut Console<'_>, _: &Global, _: &Demo) -> Result<u8, Failure> {
    Err(Failure::usage("not merged"))
}

pub(in crate::cli) fn init(_: &mut Console<'_>, _: &Global, _: &Init) -> Result<u8, Failure> {
    Err(Failure::usage("not merged"))
}

pub(in crate::cli) fn new(_: &mut Console<'_>, _: &Global, _: &New) -> Result<u8, Failure> {
    Err(Failure::usage("not merged"))
}
