//! From real numbers to integers: post-training quantization, calibrated on data. The arithmetic is the runtime's.

mod model;

pub use model::{IntegerActivation, Quantization, QuantizedDense, QuantizedSequential, WeightType};
