//! The words of `serve`.

use clap::Args;

use super::args::Scans;

#[derive(Args, Debug)]
pub(super) struct Serve {
    /// The port of 127.0.0.1 to listen on; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 8000)]
    pub(super) port: u16,
    #[command(flatten)]
    pub(super) scans: Scans,
}
