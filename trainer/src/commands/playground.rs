//! `thumbnet playground`: a page on this machine that watches a network learn.

use super::Settings;
use crate::error::Result;
use crate::playground::Server;
use crate::train::watch;
use serde_json::json;

/// Opens a page on this machine: watch a network learn, quantize it, draw a digit, run both on an emulated chip
///
/// The page is served to this machine only, and fetches nothing from elsewhere. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port on 127.0.0.1; 0 takes any free one
    #[arg(long, default_value_t = 7160)]
    pub port: u16,
    /// Only say where the page is, and do not open it in the browser
    #[arg(long)]
    pub no_open: bool,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where the port is taken.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let server = Server::bind(args.port)?;
    let url = server.url();
    settings.print(&json!({ "url": url }), || url.clone())?;
    settings.note("Ctrl-C ends the playground");
    if !args.no_open && open::that_detached(&url).is_err() {
        settings.note("no browser could be opened; open the address above yourself");
    }
    server.run(watch())
}
