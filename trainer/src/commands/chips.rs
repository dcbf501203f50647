//! `thumbnet chips`: Lists the chips that the firmware is built for.

use super::Settings;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::target::Chip;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Lists chips with a Cortex-M: QEMU's machines, and those of probe-rs's database
///
/// A dash for the model's room says that the firmware does not run there. Clocks are the highest of well-known families.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  thumbnet chips STM32F4\n  thumbnet chips cortex-m33\n  thumbnet chips qemu")]
pub struct Args {
    /// Only chips with this in their name, or in their core's
    pub filter: Option<String>,
}

/// Runs the command.
/// # Errors
/// [`ErrorKind::Usage`] if no chip fits the filter.
pub fn run(args: &Args, settings: &Settings) -> Result<()> {
    let all = Chip::all();
    let filter = args.filter.as_deref().unwrap_or_default().to_lowercase();
    let fits = |chip: &&Chip| {
        let is_core = chip.core.name.to_lowercase() == filter;
        is_core || chip.name.to_lowercase().contains(&filter) || chip.is_emulated() && filter == "qemu"
    };
    let chips: Vec<&Chip> = all.iter().filter(fits).collect();
    if chips.is_empty() {
        let near = nearest(&filter, all.iter().map(|chip| chip.name.as_str()));
        let near = near.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        let message = format!("no chip of {} has that in its name or as its core{near}", all.len());
        return Err(Error::new(ErrorKind::Usage, args.filter.as_deref().unwrap_or_default(), message));
    }
    let value = json!({ "chips": chips.iter().map(|chip| row(chip)).collect::<Vec<Value>>() });
    settings.print(&value, || table(&chips))
}

fn row(chip: &Chip) -> Value {
    json!({
        "name": chip.name, "core": chip.core.name, "flash_bytes": chip.flash_bytes(), "program_bytes": chip.flash.length,
        "model_bytes": chip.model.length, "ram_bytes": chip.ram.length, "clock_mhz": chip.clock,
        "emulated": chip.is_emulated(), "runs_firmware": chip.check(&[]).is_ok(),
    })
}

fn table(chips: &[&Chip]) -> String {
    let widest = chips.iter().map(|chip| chip.name.len()).max().unwrap_or(0).max(4);
    let mut text = format!(
        "{:<widest$}  {:<11} {:>10} {:>14} {:>10} {:>8}\n",
        "chip", "core", "flash kB", "for the model", "RAM kB", "MHz"
    );
    for chip in chips {
        let clock = match chip.clock {
            _ if chip.is_emulated() => "QEMU".into(),
            Some(clock) => clock.to_string(),
            None => "-".into(),
        };
        // The firmware does not fit there, or the boot ROM would not start it.
        let model = chip.check(&[]).map_or_else(|_| "-".into(), |()| (chip.model.length >> 10).to_string());
        let _ = writeln!(
            text,
            "{:<widest$}  {:<11} {:>10} {model:>14} {:>10} {clock:>8}",
            chip.name,
            chip.core.name,
            chip.flash_bytes() >> 10,
            chip.ram.length >> 10
        );
    }
    text
}
