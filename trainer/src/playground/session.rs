//! One open page: its requests in turn, and frames as often as it can draw them.

use super::answer::{Answer, Outbox};
use super::chip::{Chip, Job, SPEC};
use super::digits::{self, Reader};
use super::file::file;
use super::lab::Lab;
use super::problem::{from_table, no_points, with_point};
use super::request::Request;
use super::settings::Settings;
use crate::dataset::parse_csv;
use crate::error::{Error, ErrorKind, Result};
use std::sync::mpsc::{Receiver, TryRecvError};

/// So many frames may be on their way: one is drawn while the next is learned, so that neither waits for the other.
const AHEAD: usize = 2;

/// The conversation with one page.
#[derive(Debug)]
pub(super) struct Session {
    outbox: Outbox,
    chip: Chip,
    reader: Reader,
    /// What is learned; nothing before the page has sent its settings.
    lab: Option<Lab>,
    playing: bool,
    /// So many frames may be sent; the page asks for another with each that it draws.
    frames: usize,
    /// Something has changed since the last frame.
    changed: bool,
}

impl Session {
    /// A session that answers here.
    pub(super) fn new(outbox: Outbox) -> Self {
        let chip = Chip::new(outbox.clone());
        Self { outbox, chip, reader: Reader::default(), lab: None, playing: false, frames: AHEAD, changed: false }
    }

    /// Answers until there are no more requests: each is the text of a message.
    pub(super) fn run(mut self, requests: &Receiver<String>) {
        loop {
            let request = if self.frames > 0 && (self.playing || self.changed) {
                match requests.try_recv() {
                    Err(TryRecvError::Empty) => {
                        self.send_frame();
                        continue;
                    }
                    other => other.ok(),
                }
            } else {
                requests.recv().ok()
            };
            let Some(request) = request else { return };
            if let Err(error) = Request::parse(&request).and_then(|request| self.answer(request)) {
                self.outbox.send(Answer::error("request", &error));
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<()> {
        let request = match request {
            Request::Frame => {
                self.frames = (self.frames + 1).min(AHEAD);
                return Ok(());
            }
            Request::Digit { side, ink, chip } => return self.digit(side, &ink, chip),
            Request::Settings(settings) => return self.settings(settings),
            Request::Board => {
                self.chip.give(Job::Board);
                return Ok(());
            }
            other => other,
        };
        let Some(lab) = &mut self.lab else {
            return Err(Error::new(ErrorKind::Usage, "message", "the settings come first"));
        };
        match request {
            Request::Play => self.playing = true,
            Request::Pause => self.playing = false,
            Request::Step => {
                self.playing = false;
                lab.learn(1)?;
            }
            Request::Reset => {
                self.playing = false;
                lab.reset()?;
            }
            Request::Weight { layer, from, to, value } => lab.set_weight(layer, from, to, value)?,
            Request::Add { x1, x2, class } => {
                lab.take_points(with_point(lab.own(), x1, x2, class)?)?;
                self.outbox.send(lab.data());
            }
            Request::Clear => {
                lab.take_points(no_points())?;
                self.outbox.send(lab.data());
            }
            Request::Table { name, text } => {
                let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
                let mut points = from_table(&name, &parse_csv(&name, text.as_bytes())?)?;
                points.name = stem.into();
                lab.take_points(points)?;
                self.outbox.send(lab.data());
            }
            Request::File { form } => {
                self.outbox.send(file(lab, form)?);
                return Ok(());
            }
            Request::Measure => {
                self.chip.give(Job::Measure { tnet: lab.view()?.tnet()? });
                return Ok(());
            }
            Request::Run { chip } => {
                // As `verify --target` names them.
                let spec = chip.map_or_else(|| SPEC.into(), |name| format!("probe:{name}"));
                self.chip.give(Job::Run { spec, tnet: lab.view()?.tnet()?, samples: lab.coarse().clone() });
                return Ok(());
            }
            Request::Frame | Request::Board | Request::Digit { .. } | Request::Settings(_) => {}
        }
        self.changed = true;
        Ok(())
    }

    fn settings(&mut self, settings: Settings) -> Result<()> {
        let new_data = if let Some(lab) = &mut self.lab {
            lab.change(settings)?
        } else {
            self.lab = Some(Lab::new(settings, no_points())?);
            true
        };
        if let Some(lab) = self.lab.as_ref().filter(|_| new_data) {
            self.outbox.send(lab.data());
        }
        self.changed = true;
        Ok(())
    }

    fn digit(&mut self, side: usize, ink: &str, chip: bool) -> Result<()> {
        let image = digits::image(&digits::from_hex(ink)?, side)?;
        let (head, payload) = self.reader.read(&image)?;
        self.outbox.send(Answer { head, payload });
        if chip {
            self.chip.give(Job::Digit { image });
        }
        Ok(())
    }

    /// Learns if it plays, and sends what there is to see. An error pauses.
    fn send_frame(&mut self) {
        self.changed = false;
        let Some(lab) = &mut self.lab else { return };
        if self.playing
            && let Err(error) = lab.learn(lab.settings().training.speed)
        {
            self.playing = false;
            self.outbox.send(Answer::error("training", &error));
        }
        match lab.frame(self.playing) {
            Ok(frame) => {
                self.frames -= 1;
                self.outbox.send(frame);
            }
            Err(error) => {
                self.playing = false;
                self.outbox.send(Answer::error("frame", &error));
            }
        }
    }
}
