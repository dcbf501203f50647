//! The MODEL of the command line: a file of either format, read and checked.

use crate::dataset::Features;
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Input, Sequential};
use crate::onnx;
use crate::quantize::QuantizedSequential;
use crate::tnet::{self, Executor, Network};
use ndarray::{Array2, ArrayView2};
use std::path::Path;

/// A model file's contents.
#[derive(Clone, Debug)]
pub enum Model {
    /// An ONNX graph of real numbers.
    Float(Sequential),
    /// A quantized ONNX graph.
    Integer(QuantizedSequential),
    /// A `.tnet` file, as it is; it has been checked.
    Tnet(Vec<u8>),
}

impl Model {
    /// Reads a `.onnx` or a `.tnet`; the contents decide which, not the name.
    /// # Errors
    /// [`ErrorKind::Io`] where the file cannot be read, [`ErrorKind::Model`] where it is no model or one that we cannot
    /// evaluate.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
        let is_tnet = bytes.starts_with(&thumbnet::format::MAGIC)
            || path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("tnet"));
        if is_tnet {
            tnet::read(&bytes).map_err(|error| error.within(path.display()))?;
            return Ok(Self::Tnet(bytes));
        }
        let folder = path.parent().map(Path::to_owned);
        let imported = onnx::Graph::decode(bytes.into(), folder).and_then(|graph| onnx::import(&graph));
        Ok(match imported.map_err(|error| error.within(path.display()))? {
            onnx::Imported::Float(network) => Self::Float(network),
            onnx::Imported::Quantized(network) => Self::Integer(network),
        })
    }

    /// The network, whatever file it came from.
    /// # Errors
    /// [`ErrorKind::Model`] where a `.tnet`'s bytes are none.
    pub fn into_network(self) -> Result<Network> {
        match self {
            Self::Float(network) => Ok(Network::Float(network)),
            Self::Integer(network) => Ok(Network::Integer(network)),
            Self::Tnet(bytes) => tnet::read(&bytes),
        }
    }

    /// What evaluates it: a graph of real numbers is evaluated as it is trained, everything else by the chip's runtime.
    /// # Errors
    /// [`ErrorKind::Model`] where the network has no form for the runtime.
    pub fn evaluator(&self) -> Result<Evaluator> {
        let (engine, input, class_names) = match self {
            Self::Float(network) => (Engine::Float(network.clone()), &network.input, &network.class_names),
            Self::Integer(network) => {
                (Engine::Runtime(Executor::new(tnet::write(network)?)?), &network.input, &network.class_names)
            }
            Self::Tnet(bytes) => {
                let engine = Engine::Runtime(Executor::new(bytes.clone())?);
                let (input, class_names) = match tnet::read(bytes)? {
                    Network::Float(network) => (network.input, network.class_names),
                    Network::Integer(network) => (network.input, network.class_names),
                };
                return Ok(Evaluator { engine, input, class_names });
            }
        };
        Ok(Evaluator { engine, input: input.clone(), class_names: class_names.clone() })
    }
}

/// Evaluates a model on samples.
#[derive(Clone, Debug)]
pub struct Evaluator {
    engine: Engine,
    /// What enters.
    pub input: Input,
    /// The classes' names; empty for regression.
    pub class_names: Vec<String>,
}

#[derive(Clone, Debug)]
enum Engine {
    Float(Sequential),
    Runtime(Executor),
}

impl Evaluator {
    /// The real outputs, samples x outputs.
    /// # Errors
    /// [`ErrorKind::Model`] where the samples do not fit the model's input.
    pub fn outputs(&self, features: &Features) -> Result<Array2<f32>> {
        self.check(features.width())?;
        match &self.engine {
            Engine::Float(network) => Ok(network.forward(features.real().view())),
            Engine::Runtime(executor) => executor.outputs(features),
        }
    }

    /// The executor of an integer model.
    /// # Errors
    /// [`ErrorKind::Usage`] where the model works on real numbers.
    pub fn integer(&self) -> Result<&Executor> {
        match &self.engine {
            Engine::Runtime(executor) if executor.is_integer() => Ok(executor),
            _ => Err(Error::new(ErrorKind::Usage, "model", "works on real numbers; take an int8 model for integers")),
        }
    }

    /// The class of each sample: the largest output's, or of a single output whether it is above one half.
    pub fn classes(outputs: ArrayView2<f32>) -> Vec<usize> {
        outputs
            .rows()
            .into_iter()
            .map(|row| match row.len() {
                1 => usize::from(row[0] > 0.5),
                _ => {
                    row.iter().enumerate().fold(0, |best, (class, &value)| if value > row[best] { class } else { best })
                }
            })
            .collect()
    }

    /// The name of a class, or its index where it has none.
    pub fn class_name(&self, class: usize) -> String {
        self.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }

    fn check(&self, width: usize) -> Result<()> {
        let expected = self.input.features();
        if width == expected {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Model,
            "data",
            format!(
                "the samples have {width} features, but the model takes {expected}; give the data that it was trained on"
            ),
        ))
    }
}
