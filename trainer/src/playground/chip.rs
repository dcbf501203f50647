//! The chip beside a session, emulated or behind a debug probe: it takes its time, so it has a thread of its own and answers when it is done.

use super::answer::{Answer, Outbox};
use super::digits::MODEL;
use crate::dataset::Features;
use crate::error::{Error, ErrorKind, Result};
use crate::target::{self, Evaluation, Footprint, Host, Target};
use crate::tnet::Executor;
use ndarray::Array2;
use serde_json::json;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

/// The chip that the page means where it names none.
pub(super) const SPEC: &str = "qemu";

/// Work for the chip.
#[derive(Debug)]
pub(super) enum Job {
    /// What this model takes of the chip.
    Measure { tnet: Vec<u8> },
    /// What the chip of this name (see [`target::open`]) says to these samples (samples x inputs), and what this machine says.
    Run { spec: String, tnet: Vec<u8>, samples: Array2<f32> },
    /// Which debug probe there is.
    Board,
    /// What the chip reads in an image of 28 x 28 pixels.
    Digit { image: Vec<u8> },
}

/// A chip that is started when it is needed first.
#[derive(Debug)]
pub(super) struct Chip {
    outbox: Outbox,
    jobs: Option<Sender<Job>>,
}

impl Chip {
    /// A chip that answers here.
    pub(super) fn new(outbox: Outbox) -> Self {
        Self { outbox, jobs: None }
    }

    /// Gives it work. A measurement or a digit that still waits is dropped for a newer one.
    pub(super) fn give(&mut self, job: Job) {
        let outbox = self.outbox.clone();
        let jobs = self.jobs.get_or_insert_with(|| {
            let (jobs, waiting) = channel();
            thread::spawn(move || work(&waiting, &outbox));
            jobs
        });
        // The worker ends only with us.
        let _ = jobs.send(job);
    }
}

fn work(jobs: &Receiver<Job>, outbox: &Outbox) {
    let mut reader: Option<Box<dyn Target>> = None;
    let mut ready = None;
    while let Ok(mut job) = jobs.recv() {
        let mut waiting: Vec<Job> = jobs.try_iter().collect();
        let same = |a: &Job, b: &Job| std::mem::discriminant(a) == std::mem::discriminant(b);
        waiting.insert(0, job);
        while let Some(next) = (!waiting.is_empty()).then(|| waiting.remove(0)) {
            if waiting.iter().any(|later| same(later, &next)) {
                continue;
            }
            job = next;
            let (about, answer) = match &job {
                // Nobody asked for this one but the page itself, so it downloads nothing.
                Job::Measure { .. } if !*ready.get_or_insert_with(target::is_ready) => {
                    let what = "QEMU or a compiler for the chip is missing; `thumbnet flash` says how to get it";
                    ("measure", Err(Error::new(ErrorKind::Target, SPEC, what)))
                }
                Job::Measure { tnet } => ("measure", measure(tnet)),
                Job::Run { spec, tnet, samples } => ("run", run(spec, tnet, samples)),
                Job::Board => {
                    ("board", target::probe().map(|probe| Answer::new(json!({"kind": "board", "probe": probe}))))
                }
                Job::Digit { image } => ("chip digit", digit(&mut reader, image)),
            };
            outbox.send(answer.unwrap_or_else(|error| Answer::error(about, &error)));
        }
    }
}

fn measure(tnet: &[u8]) -> Result<Answer> {
    let footprint = Footprint::measure(SPEC, tnet)?;
    let mut head = footprint.value();
    head["kind"] = "measure".into();
    Ok(Answer::new(head))
}

/// The chip's outputs as bytes for -1..=1 of their meaning, and how many differ from this machine's.
fn run(spec: &str, tnet: &[u8], samples: &Array2<f32>) -> Result<Answer> {
    let inputs = target::samples(tnet, &Features::Real(samples.clone()))?;
    let mut chip = target::open(spec, tnet)?;
    let Evaluation { outputs, count } = chip.evaluate(&inputs)?;
    let expected = Host::new(tnet)?.evaluate(&inputs)?.outputs;
    let executor = Executor::new(tnet.to_vec())?;
    let size = outputs.len() / samples.nrows().max(1);
    let different =
        outputs.chunks(size.max(1)).zip(expected.chunks(size.max(1))).filter(|(chip, host)| chip != host).count();
    let real: Vec<f32> = if executor.is_integer() {
        let integers = Array2::from_shape_fn((samples.nrows(), size), |(row, k)| outputs[row * size + k] as i8);
        executor.meaning(integers.view())?.into_iter().collect()
    } else {
        outputs.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
    };
    let payload = real.iter().flat_map(|value| value.to_le_bytes()).collect();
    let head = json!({
        "kind": "run", "core": chip.core(), "samples": samples.nrows(), "different": different,
        "count": count, "unit": chip.unit().name(),
    });
    Ok(Answer { head, payload })
}

fn digit(reader: &mut Option<Box<dyn Target>>, image: &[u8]) -> Result<Answer> {
    let chip = match reader {
        Some(chip) => chip,
        None => reader.insert(target::open(SPEC, MODEL)?),
    };
    let pixels = Array2::from_shape_vec((1, image.len()), image.to_vec())
        .map_err(|error| Error::new(ErrorKind::Data, "digit", error))?;
    let evaluation = chip.evaluate(&target::samples(MODEL, &Features::Pixels(pixels))?)?;
    let classes = target::classes(MODEL, &evaluation.outputs)?;
    Ok(Answer::new(json!({
        "kind": "chip digit", "digit": classes.first(), "core": chip.core(), "count": evaluation.count,
        "unit": chip.unit().name(),
    })))
}
