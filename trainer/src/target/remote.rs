//! The firmware behind a line, with its model: what an emulated chip and a board have in common.

use super::{Client, Evaluation, Transport, client};
use crate::error::{Error, ErrorKind, Result};
use std::time::Duration;
use thumbnet_link::{Counter, Hello, ModelInfo, Request};

/// How long the firmware may take to answer at first: it sums up the model's checksum before.
const START: Duration = Duration::from_secs(10);

/// A firmware that evaluates a model.
pub(super) struct Remote<T> {
    pub(super) client: Client<T>,
    pub(super) model: ModelInfo,
    hello: Hello,
}

impl<T: Transport> Remote<T> {
    /// Asks the firmware who it is.
    /// # Errors
    /// [`ErrorKind::Target`] if it does not answer, or refuses its model.
    pub(super) fn open(name: &str, line: T) -> Result<Self> {
        let mut client = Client::new(name, line, START);
        let hello = client.hello()?;
        let model = hello.model.map_err(|e| Error::new(ErrorKind::Target, name, super::refused_model(e)))?;
        Ok(Self { client, model, hello })
    }

    /// A count of the firmware's: cycles, or nanoseconds of its timer. QEMU's clock advances by one with each instruction.
    fn scaled(&self, count: u32) -> u64 {
        match self.hello.counter {
            Counter::Ticks(hertz) => u64::from(count) * 1_000_000_000 / u64::from(hertz.max(1)),
            _ => u64::from(count),
        }
    }

    pub(super) fn evaluate(&mut self, inputs: &[u8]) -> Result<Evaluation> {
        let mut all = Evaluation { outputs: Vec::new(), count: 0 };
        for inputs in client::batches(&self.hello, &self.model, inputs) {
            let (outputs, count) = self.client.outputs(&Request::Infer { inputs })?;
            all.outputs.extend(outputs);
            all.count += self.scaled(count);
        }
        Ok(all)
    }

    pub(super) fn layer(&mut self, layer: usize, input: &[u8]) -> Result<Evaluation> {
        let layer = u16::try_from(layer).unwrap_or(u16::MAX);
        let (outputs, count) = self.client.layer(layer, input)?;
        Ok(Evaluation { outputs, count: self.scaled(count) })
    }

    pub(super) fn profile(&mut self, input: &[u8]) -> Result<Vec<u64>> {
        let counts = self.client.profile(input)?;
        Ok(counts.into_iter().map(|count| self.scaled(count)).collect())
    }
}
