//! The chips of probe-rs's database: which core they have and where their memory lies.

use super::chip::Chip;
use super::core::Core;
use super::family::{Boot, Family};
use super::machine::Region;
use crate::error::{Error, ErrorKind, Result, nearest};
use probe_rs::CoreType;
use probe_rs::config::{MemoryRegion, Registry};
use std::ops::Range;
use std::sync::LazyLock;

/// What the program may take of a chip's flash: more than the firmware with all kernels, or on a small chip with those for
/// integers. The model begins at the next sector.
const PROGRAM: Range<u64> = 24 << 10..48 << 10;
/// From this much flash on, the program may take the larger share.
const LARGE: u64 = 256 << 10;

/// A chip of the database under one of its names, or that the firmware does not run there.
struct Entry {
    name: String,
    chip: std::result::Result<Chip, String>,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let registry = Registry::from_builtin_families();
    let mut entries = Vec::new();
    for family in registry.families() {
        for chip in family.variants() {
            let described = describe(family, chip);
            entries.extend(chip.package_variants().map(|name| Entry {
                name: name.clone(),
                chip: described.clone().map(|chip| Chip { name: name.clone(), ..chip }),
            }));
        }
    }
    entries
});

/// All chips with a Cortex-M and flash.
pub(super) fn all() -> Vec<Chip> {
    ENTRIES.iter().filter_map(|entry| entry.chip.clone().ok()).collect()
}

/// The chip of this name; its end may be missing, as long as what it could be has the same memory.
pub(super) fn find(name: &str) -> Result<Chip> {
    let unknown = |message: String| Error::new(ErrorKind::Usage, name, message);
    let exact = ENTRIES.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
    let like: Vec<&Entry> = match exact {
        Some(entry) => vec![entry],
        None => ENTRIES.iter().filter(|entry| begins(&entry.name, name)).collect(),
    };
    let Some((first, others)) = like.split_first() else {
        let names = ENTRIES.iter().map(|entry| entry.name.as_str());
        let hint = nearest(name, names).map(|near| format!(", did you mean {near}?")).unwrap_or_default();
        return Err(unknown(format!("no such chip{hint}; `thumbnet chips FILTER` lists them")));
    };
    let same = |other: &&Entry| match (&first.chip, &other.chip) {
        (Ok(a), Ok(b)) => Chip { name: String::new(), ..a.clone() } == Chip { name: String::new(), ..b.clone() },
        (a, b) => a == b,
    };
    if !others.iter().all(same) {
        let names: Vec<&str> = like.iter().map(|entry| entry.name.as_str()).take(8).collect();
        return Err(unknown(format!("could be {}; give more of its name", names.join(", "))));
    }
    first.chip.clone().map_err(|message| Error::new(ErrorKind::Target, &first.name, message))
}

/// Whether `chip` begins with `name`; a small x in the database stands for any letter.
fn begins(chip: &str, name: &str) -> bool {
    let (mut chip, mut name) = (chip.chars(), name.chars());
    name.all(|letter| chip.next().is_some_and(|other| other == 'x' || other.eq_ignore_ascii_case(&letter)))
}

/// The chip as the firmware sees it, or why it does not run there.
fn describe(family: &probe_rs::config::ChipFamily, chip: &probe_rs::config::Chip) -> std::result::Result<Chip, String> {
    let known = Family::of(&chip.name);
    let first = chip.cores.first().ok_or("has no core in probe-rs's database")?;
    let core = match (first.core_type, known) {
        (CoreType::Armv6m | CoreType::Armv7m | CoreType::Armv7em | CoreType::Armv8m, Some(family)) => family.core,
        (CoreType::Armv6m, None) => "Armv6-M",
        (CoreType::Armv7m, None) => "Armv7-M",
        (CoreType::Armv7em, None) => "Armv7E-M",
        (CoreType::Armv8m, None) => "Armv8-M",
        (other, _) => return Err(format!("is a {other:?}, but the firmware is for Cortex-M")),
    };
    let core = Core::named(core).ok_or("has an unknown core")?;
    let mine = |cores: &[String]| cores.is_empty() || cores.contains(&first.name);
    let flash = merge(chip.memory_map.iter().filter_map(|region| match region {
        MemoryRegion::Nvm(nvm) if !nvm.is_alias && mine(&nvm.cores) && nvm.is_readable() && nvm.is_executable() => {
            Some((nvm.range.clone(), nvm.is_boot_memory()))
        }
        _ => None,
    }));
    let ram = merge(chip.memory_map.iter().filter_map(|region| match region {
        MemoryRegion::Ram(ram) if !ram.is_alias && mine(&ram.cores) && ram.is_readable() && ram.is_writable() => {
            Some((ram.range.clone(), false))
        }
        _ => None,
    }));
    // What the core boots from, or else the largest.
    let flash = flash.into_iter().max_by_key(|(range, boots)| (*boots, range.end - range.start));
    let ram = ram.into_iter().max_by_key(|(range, _)| range.end - range.start);
    let (Some((mut flash, _)), Some((ram, _))) = (flash, ram) else {
        return Err("has no flash and RAM in probe-rs's database; name the exact chip".into());
    };
    if let Some(external) = known.and_then(|family| family.external) {
        flash.end = flash.end.min(flash.start + external);
    }
    let length = flash.end - flash.start;
    let least = if length < LARGE { PROGRAM.start } else { PROGRAM.end };
    let program = sector_end(family, chip, &first.name, flash.start, least).min(length);
    Ok(Chip {
        name: chip.name.clone(),
        core,
        clock: known.map(|family| family.clock),
        flash: Region { origin: flash.start, length: program },
        model: Region { origin: flash.start + program, length: length - program },
        ram: Region { origin: ram.start, length: ram.end - ram.start },
        boot: known.map_or(Boot::Vectors, |family| family.boot),
        port: "rtt",
        ticks: 0,
    })
}

/// Joins ranges that lie end to end.
fn merge(ranges: impl Iterator<Item = (Range<u64>, bool)>) -> Vec<(Range<u64>, bool)> {
    let mut ranges: Vec<_> = ranges.collect();
    ranges.sort_by_key(|(range, _)| range.start);
    let mut joined: Vec<(Range<u64>, bool)> = Vec::new();
    for (range, boots) in ranges {
        match joined.last_mut() {
            Some((last, last_boots)) if last.end == range.start => {
                last.end = range.end;
                *last_boots |= boots;
            }
            _ => joined.push((range, boots)),
        }
    }
    joined
}

/// The end of the sector in which the first `least` bytes from `origin` on end, from `origin`: only whole sectors can be
/// erased.
fn sector_end(
    family: &probe_rs::config::ChipFamily,
    chip: &probe_rs::config::Chip,
    core: &str,
    origin: u64,
    least: u64,
) -> u64 {
    let algorithms = chip.flash_algorithms.iter().filter_map(|name| family.get_algorithm(name));
    let mut algorithms = algorithms.filter(|algorithm| {
        algorithm.flash_properties.address_range.contains(&origin)
            && (algorithm.cores.is_empty() || algorithm.cores.iter().any(|name| name == core))
    });
    let first = algorithms.next();
    let chosen = first.filter(|first| first.default).or_else(|| algorithms.find(|other| other.default)).or(first);
    let Some(properties) = chosen.map(|algorithm| &algorithm.flash_properties) else { return least };
    let begin = origin - properties.address_range.start;
    let mut end = begin;
    while end < begin + least {
        let sector = properties.sectors.iter().rfind(|sector| sector.address <= end);
        end += sector.map_or(least, |sector| sector.size.max(1));
    }
    end - begin
}
