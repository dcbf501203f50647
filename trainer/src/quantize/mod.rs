//! From real numbers to integers: post-training quantization, calibrated on data.
//!
//! [`post_training`] chooses scales and zero points and rounds the weights; what comes out is a [`QuantizedSequential`], whose
//! arithmetic is the runtime's. Nothing here evaluates integers.

mod model;
mod post_training;
mod range;
mod weights;

pub use crate::nn::Quantization;
pub use model::{IntegerActivation, QuantizedDense, QuantizedSequential, WeightType};
pub use post_training::{Options, post_training};
