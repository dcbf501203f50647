//! Evaluates a neural network from a `.tnet` file on a microcontroller: no operating system, no heap, no panic, and bit for
//! bit what the host computes.
//!
//! The file is used where it lies, in flash; only activations take RAM, and how much is known before anything runs. The
//! trainer of the same workspace writes such files, from its own networks and from ONNX.
//!
//! # A model that is part of the program
//!
//! [`model!`] reads the file while the program is built. Wrong sizes do not compile, a broken file fails the build, and what is left
//! cannot fail:
//!
//! ```
//! thumbnet::model!(static XOR = "../tests/models/xor.tnet");
//!
//! let mut scratch = XOR.scratch();
//! let mut input = [0; 2];
//! XOR.quantize_input(&[1.0, 0.0], &mut input)?;
//! let output: [i8; 2] = XOR.evaluate(&input, &mut scratch);
//! assert_eq!(XOR.classify(&output).label, Some("true"));
//! # Ok::<(), thumbnet::RunError>(())
//! ```
//!
//! ```compile_fail
//! thumbnet::model!(static XOR = "../tests/models/xor.tnet");
//!
//! XOR.evaluate(&[0; 3], &mut XOR.scratch()); // expected an array of 2 elements
//! ```
//!
//! ```compile_fail
//! thumbnet::model!(static XOR = "../FORMAT.md"); // the model file is not a .tnet file
//! ```
//!
//! # A model that comes later
//!
//! [`Model::parse`] reads bytes that were flashed or received. Whatever they are, it gives an error or a model that can be
//! evaluated; [`Model::verify_checksum`] finds the damage that still looks like a model.
//!
//! ```
//! use thumbnet::Model;
//!
//! # let received = include_bytes!("../tests/models/xor-f32.tnet");
//! let model = Model::parse(received)?;
//! model.verify_checksum()?;
//! let mut scratch = [0.0; 64];
//! let mut output = [0.0; 2];
//! model.run(&[1.0, 1.0], &mut scratch, &mut output)?;
//! assert_eq!(model.classify(&output).label, Some("false"));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Integers and floats
//!
//! A model works on `i8` or on `f32` from its input to its output ([`Model::is_float`]), and all calls take either. Models of
//! integers have weights of eight, four or two bits, and multiply no floats but one per output; they suit every core.
//! Models of floats have weights of 32 or 16 bits, and suit cores with a floating-point unit.
//!
//! [`Model::quantize_input`] turns sensor values into integers, with the normalization that the network was trained with.
//! For 8-bit images there is [`Model::quantize_pixels`]; where a pixel's step is 1/255, the integer is `pixel - 128`.
//! [`Model::dequantize`], [`Model::probabilities`] and [`Model::classify`] turn the outputs into what they mean.
//!
//! # Looking inside
//!
//! [`Model::run_with`] calls an observer after each layer, to measure the time between the calls or to look at what the layer gave:
//!
//! ```
//! thumbnet::model!(static XOR = "../tests/models/xor.tnet");
//!
//! let mut active = [0; 2];
//! XOR.run_with(&[64, 64], &mut XOR.scratch(), &mut [0; 2], |layer, outputs: &[i8]| {
//!     active[usize::from(layer)] = outputs.iter().filter(|&&y| y > -128).count();
//! })?;
//! assert_eq!(active, [2, 2]);
//! # Ok::<(), thumbnet::RunError>(())
//! ```
//!
//! # Several models, one memory
//!
//! The contents of the scratch do not matter before or after a call, so that models can share it:
//!
//! ```
//! thumbnet::model!(static XOR = "../tests/models/xor.tnet");
//! thumbnet::model!(static MIXED = "../tests/models/mixed.tnet");
//!
//! const SCRATCH: usize = if XOR.scratch_len() > MIXED.scratch_len() { XOR.scratch_len() } else { MIXED.scratch_len() };
//! let mut scratch = [0; SCRATCH];
//! let first = XOR.evaluate(&[0, 64], &mut scratch);
//! let second = MIXED.evaluate(&[0; 13], &mut scratch);
//! # let _ = (first, second);
//! ```
//!
//! # Less memory
//!
//! Kernels expand the inputs of a layer, for which the scratch has room. A model can do with one byte for each activation
//! (one `f32` in a model of floats) and the same bits, for less speed:
//!
//! ```
//! thumbnet::model!(static FAST = "../tests/models/mixed.tnet");
//! thumbnet::model!(static SMALL = "../tests/models/mixed.tnet", least_memory);
//!
//! assert!(SMALL.scratch_len() <= FAST.scratch_len());
//! assert_eq!(SMALL.evaluate(&[7; 13], &mut SMALL.scratch()), FAST.evaluate(&[7; 13], &mut FAST.scratch()));
//! ```
//!
//! [`Model::run`] takes any length from [`Model::least_scratch_len`] on.
//!
//! # What runs where
//!
//! The kernels are chosen by the target, in this crate's build script: nothing has to be switched on, on stable Rust. The
//! environment variable `THUMBNET_BACKEND=portable` (or `--cfg thumbnet_portable`) forces the plain ones, and `dsp` those of the
//! DSP extension for a Cortex-M33 whose target does not promise it. Every backend gives the same bits (of a
//! float that is no number, only that it is NaN).
//!
//! | feature | gives |
//! |---|---|
//! | `defmt` | `defmt::Format` for every type: errors, results, models, layers |
//! | `heapless` | `Model::top_k`: the classes with the highest scores |
//! | `adapt` | `thumbnet::adapt`: the last layer learns on the device |
//!
//! The format is specified in FORMAT.md beside this crate.
#![no_std]
#![deny(unsafe_code)]

mod activation;
#[cfg(feature = "adapt")]
pub mod adapt;
mod answer;
mod bound;
mod checksum;
mod element;
mod error;
mod evaluate;
#[doc(hidden)]
pub mod format;
mod function;
mod kernel;
mod layer;
#[cfg(feature = "defmt")]
mod log;
mod math;
mod model;
mod pool;
mod prepare;
mod static_model;
mod text;
#[cfg(test)]
#[path = "../../tests/tolerances.rs"]
mod tolerance;
mod weights;

pub use answer::Class;
pub use element::Element;
pub use error::{Buffer, ChecksumError, ParseError, RunError};
pub use function::Function;
pub use kernel::Backend;
pub use layer::{Kind, Layer, Quantization};
pub use model::{Encoding, Model, UnitNorm};
pub use pool::AveragePool;
pub use static_model::StaticModel;
#[doc(hidden)]
pub use static_model::{Aligned, Select, Selected, embedded, kinds, scratch};
pub use text::Names;
pub use weights::{Order, WeightType};
