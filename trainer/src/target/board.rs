//! A chip behind a debug probe: flashed by probe-rs, and talked to over RTT, so that no board needs a driver of its own.

use super::remote::Remote;
use super::{Chip, Evaluation, Flashing, Goal, Image, Progress, Sizes, Target, Transport, Unit, firmware};
use crate::error::{Error, ErrorKind, Result};
use probe_rs::flashing::{DownloadOptions, FlashProgress, ProgressEvent, ProgressOperation};
use probe_rs::probe::{DebugProbeSelector, list::Accessibility, list::Lister};
use probe_rs::rtt::{Rtt, ScanRegion, try_attach_to_rtt};
use probe_rs::{Permissions, Session};
use std::time::{Duration, Instant};
use std::{fs, io, thread};
use thumbnet_link::{Memory, ModelInfo};

/// How long a firmware may take to lay out its RTT channels after a reset.
const BOOT: Duration = Duration::from_secs(3);
/// How long the core may take to stop.
const HALT: Duration = Duration::from_millis(500);
/// Where the channels' description lies: among the firmware's variables, which begin the RAM and are far fewer bytes.
const STATICS: u64 = 4096;
/// How long the chip may leave the line full.
const FULL: Duration = Duration::from_secs(2);
/// The channels, as the firmware's `port/rtt.rs` names them: logs, then frames.
const LOGS: usize = 0;
const FRAMES: usize = 1;

/// A chip on a board.
pub(super) struct Board {
    chip: Chip,
    /// Without it, logs cannot be put into words.
    image: Option<Image>,
    remote: Remote<Line>,
}

impl Board {
    /// Flashes firmware and model, or the model alone, and starts the firmware. What is in the flash already is not written
    /// again.
    /// # Errors
    /// [`ErrorKind::Target`] with what to do about it: no probe, several, a chip that is locked or too small or is another
    /// one, a firmware that does not answer or refuses the model.
    pub(super) fn open(chip: &Chip, model: &[u8], how: &Flashing, progress: &mut dyn FnMut(Progress)) -> Result<Self> {
        chip.check(model)?;
        let selector = connected(how.probe.as_deref())?;
        let mut parts = vec![(chip.model.origin, model.to_vec())];
        let mut image = None;
        if !how.model_only {
            let built = firmware::build(chip, &firmware::kernels(model), Goal::Size)?;
            let elf = fs::read(&built.path).map_err(|error| Error::unreadable(&built.path, &error))?;
            let segments = firmware::segments(&elf).unwrap_or_default();
            parts.extend(
                segments.iter().filter(|segment| !segment.bytes.is_empty()).map(|s| (s.address, s.bytes.to_vec())),
            );
            image = Some(built);
        }
        let error = |cause: probe_rs::Error| failed(chip, &cause);
        let permissions = if how.erase_all { Permissions::new().allow_erase_all() } else { Permissions::new() };
        let probe = Lister::new().open(selector).map_err(|cause| error(cause.into()))?;
        let mut session = probe.attach(chip.name.as_str(), permissions).map_err(error)?;
        write(chip, &mut session, &parts, progress)?;
        let line = Line::open(chip, session)?;
        Ok(Self { chip: chip.clone(), image, remote: Remote::open(&chip.name, line)? })
    }
}

/// Writes and reads back.
fn write(
    chip: &Chip,
    session: &mut Session,
    parts: &[(u64, Vec<u8>)],
    progress: &mut dyn FnMut(Progress),
) -> Result<()> {
    let error = |cause: probe_rs::flashing::FlashError| {
        let message = format!("{}; is it the right chip, and is its flash unlocked?", chain(&cause));
        Error::new(ErrorKind::Target, &chip.name, message)
    };
    let mut loader = session.target().flash_loader();
    for (address, bytes) in parts {
        loader.add_data(*address, bytes).map_err(error)?;
    }
    let mut options = DownloadOptions::new();
    options.preverify = true;
    options.verify = true;
    options.progress = FlashProgress::new(|event| match event {
        ProgressEvent::AddProgressBar { operation: ProgressOperation::Program, total } => {
            progress(Progress::Begin(total.unwrap_or(0)));
        }
        ProgressEvent::Progress { operation: ProgressOperation::Program, size, .. } => progress(Progress::Wrote(size)),
        _ => {}
    });
    loader.commit(session, options).map_err(error)
}

/// The variable by which probe-rs's own tools choose among several probes.
const PROBE: &str = "PROBE_RS_PROBE";

/// The probe to take: the one that `wanted` or else the variable [`PROBE`] names, or the only one.
pub(super) fn connected(wanted: Option<&str>) -> Result<DebugProbeSelector> {
    let variable = std::env::var(PROBE).ok();
    let wanted = wanted.or(variable.as_deref());
    let found: Vec<Found> = Lister::new()
        .list_all_with_access()
        .into_iter()
        .map(|item| Found {
            name: item.info.identifier.clone(),
            selector: DebugProbeSelector::from(&item.info),
            accessible: item.accessibility == Accessibility::Accessible,
        })
        .collect();
    choose(&found, wanted)
}

/// A probe that is connected.
struct Found {
    name: String,
    selector: DebugProbeSelector,
    accessible: bool,
}

fn choose(found: &[Found], wanted: Option<&str>) -> Result<DebugProbeSelector> {
    let error = |message: String| Error::new(ErrorKind::Target, "probe", message);
    let list = |found: &[&Found]| {
        let names: Vec<String> = found.iter().map(|probe| format!("{} ({})", probe.selector, probe.name)).collect();
        names.join(", ")
    };
    let all: Vec<&Found> = found.iter().collect();
    if all.is_empty() {
        let message = "no debug probe is connected; plug one in (on Linux it may need a udev rule: https://probe.rs/docs/getting-started/probe-setup), or take the emulated chip: --target qemu";
        return Err(error(message.into()));
    }
    let fits = |probe: &&Found| wanted.is_none_or(|wanted| is(&probe.selector, wanted));
    match all.iter().copied().filter(fits).collect::<Vec<_>>()[..] {
        [] => Err(error(format!("{} is not connected; there is {}", wanted.unwrap_or_default(), list(&all)))),
        [probe] if probe.accessible => Ok(probe.selector.clone()),
        [probe] => Err(error(format!(
            "{} must not be opened by you; it needs a udev rule: https://probe.rs/docs/getting-started/probe-setup",
            list(&[probe])
        ))),
        ref several => Err(error(format!(
            "{} probes are connected, choose one with `flash --probe` or the variable {PROBE}: {}",
            several.len(),
            list(several)
        ))),
    }
}

/// Whether `wanted` (`VID:PID`, `VID:PID:SERIAL`, or a serial number) names this probe.
fn is(probe: &DebugProbeSelector, wanted: &str) -> bool {
    let serial = probe.serial_number.as_deref().unwrap_or_default();
    let whole = format!("{:04x}:{:04x}:{serial}", probe.vendor_id, probe.product_id);
    let short = whole.trim_end_matches(serial).trim_end_matches(':');
    let same = |name: &str| !name.is_empty() && name.eq_ignore_ascii_case(wanted);
    [&whole, short, serial].into_iter().any(same) || same(&probe.to_string())
}

/// What probe-rs could not do, with what to do about it.
fn failed(chip: &Chip, cause: &probe_rs::Error) -> Error {
    let text = chain(cause);
    let lower = text.to_lowercase();
    let remedy = if lower.contains("permission") && lower.contains("erase_all") {
        "the chip is locked; --erase-all unlocks it, and erases all that is on it"
    } else {
        "is the chip powered and connected, and is it this one?"
    };
    Error::new(ErrorKind::Target, &chip.name, format!("{text}; {remedy}"))
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| error.to_string().replace('\n', " ")).collect::<Vec<_>>().join(": ")
}

/// The RTT channels of a running firmware.
struct Line {
    session: Session,
    rtt: Rtt,
    place: ScanRegion,
    logs: Vec<u8>,
}

impl Line {
    /// Starts the firmware, and looks for its channels.
    fn open(chip: &Chip, mut session: Session) -> Result<Self> {
        let error = |cause: probe_rs::Error| failed(chip, &cause);
        let silent = |cause: probe_rs::rtt::Error| {
            let message =
                format!("the firmware does not start ({}); flash it again without --model-only", chain(&cause));
            Error::new(ErrorKind::Target, &chip.name, message)
        };
        let mut core = session.core(0).map_err(error)?;
        let place = ScanRegion::range(chip.ram.origin..chip.ram.origin + chip.ram.length.min(STATICS));
        // What the last program has left there is not taken for the new one's.
        core.halt(HALT).map_err(error)?;
        Rtt::clear_control_block(&mut core, &place).map_err(silent)?;
        core.reset().map_err(error)?;
        let rtt = try_attach_to_rtt(&mut core, BOOT, &place).map_err(silent)?;
        drop(core);
        Ok(Self { session, rtt, place, logs: Vec::new() })
    }

    /// What has come over the frames' channel; the logs are kept.
    fn poll(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut core = self.session.core(0).map_err(io::Error::other)?;
        for (channel, logs) in [(LOGS, true), (FRAMES, false)] {
            let channel = self.rtt.up_channel(channel).ok_or_else(no_channel)?;
            match channel.read(&mut core, buffer) {
                Ok(len) if logs => self.logs.extend(&buffer[..len]),
                Ok(len) => return Ok(len),
                // The firmware has started again, and with it the channels.
                Err(probe_rs::rtt::Error::ReadPointerChanged) => {
                    self.rtt = try_attach_to_rtt(&mut core, BOOT, &self.place).map_err(io::Error::other)?;
                    break;
                }
                Err(cause) => return Err(io::Error::other(cause)),
            }
        }
        Ok(0)
    }
}

fn no_channel() -> io::Error {
    io::Error::other("the firmware has no such channel; flash it again")
}

impl Transport for Line {
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut core = self.session.core(0).map_err(io::Error::other)?;
        let channel = self.rtt.down_channel(FRAMES).ok_or_else(no_channel)?;
        let mut last = Instant::now();
        while !bytes.is_empty() {
            let written = channel.write(&mut core, bytes).map_err(io::Error::other)?;
            bytes = &bytes[written..];
            if written > 0 {
                last = Instant::now();
            } else if last.elapsed() > FULL {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the chip takes no bytes; reset it"));
            }
        }
        Ok(())
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>> {
        let deadline = Instant::now() + timeout;
        let mut buffer = [0; 1024];
        loop {
            let len = self.poll(&mut buffer)?;
            if len > 0 || Instant::now() >= deadline {
                return Ok(buffer[..len].to_vec());
            }
            thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Target for Board {
    fn name(&self) -> &str {
        &self.chip.name
    }

    fn core(&self) -> &str {
        self.chip.core.name
    }

    fn unit(&self) -> Unit {
        Unit::Cycles
    }

    fn model(&self) -> ModelInfo {
        self.remote.model
    }

    fn evaluate(&mut self, inputs: &[u8]) -> Result<Evaluation> {
        self.remote.evaluate(inputs)
    }

    fn layer(&mut self, layer: usize, input: &[u8]) -> Result<Evaluation> {
        self.remote.layer(layer, input)
    }

    fn profile(&mut self, input: &[u8]) -> Result<Vec<u64>> {
        self.remote.profile(input)
    }

    fn program(&self) -> Option<Sizes> {
        self.image.as_ref().map(|image| image.sizes)
    }

    fn memory(&mut self) -> Result<Option<Memory>> {
        self.remote.client.memory().map(Some)
    }

    fn logs(&mut self) -> Result<Vec<String>> {
        let Some(image) = &self.image else { return Ok(Vec::new()) };
        let elf = fs::read(&image.path).map_err(|error| Error::unreadable(&image.path, &error))?;
        super::log::decode(&elf, &self.remote.client.transport().logs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(serial: &str, accessible: bool) -> Found {
        let selector = format!("0483:374b:{serial}").parse().expect("a selector");
        Found { name: "ST-LINK".into(), selector, accessible }
    }

    fn refusal(found: &[Found], wanted: Option<&str>) -> String {
        choose(found, wanted).expect_err("no choice").to_string()
    }

    #[test]
    fn the_only_probe_is_taken_and_one_of_several_by_its_name() {
        let two = [found("A1", true), found("B2", true)];
        assert_eq!(choose(&two[..1], None).unwrap(), two[0].selector);
        for name in ["b2", "0483:374b:B2", "0483:374B:b2"] {
            assert_eq!(choose(&two, Some(name)).unwrap(), two[1].selector, "{name}");
        }
        assert_eq!(choose(&two[..1], Some("0483:374b")).unwrap(), two[0].selector);
    }

    #[test]
    fn what_is_wrong_with_the_probes_is_one_line_with_its_remedy() {
        let two = [found("A1", true), found("B2", true)];
        assert!(refusal(&[], None).contains("plug one in") && refusal(&[], None).contains("--target qemu"));
        let several = refusal(&two, None);
        assert!(
            several.contains("2 probes") && several.contains("PROBE_RS_PROBE: 0483:374b:A1 (ST-LINK), 0483:374b:B2")
        );
        assert!(refusal(&two, Some("0483:374b")).contains("2 probes"));
        let unknown = refusal(&two, Some("C3"));
        assert!(unknown.contains("C3 is not connected; there is 0483:374b:A1"), "{unknown}");
        assert!(refusal(&[found("A1", false)], None).contains("udev"));
    }

    #[test]
    fn a_locked_chip_is_told_with_the_way_to_unlock_it() {
        let chip = Chip::find("nRF52840_xxAA").expect("a chip");
        let message = failed(&chip, &probe_rs::Error::MissingPermissions("erase_all".into())).to_string();
        assert!(message.contains("locked") && message.contains("--erase-all"), "{message}");
        let arm = probe_rs::architecture::arm::ArmError::MissingPermissions("erase_all".into());
        assert!(failed(&chip, &arm.into()).to_string().contains("--erase-all"));
    }
}
