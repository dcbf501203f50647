//! How far a real number may be from its truth, in every test of the workspace: what is computed, against what, and why no less.
//! Integers have no tolerance. The Rust tests include this file as the module `tolerance`; the Python ones read its lines.
//! Changing a bound is a decision of its own, with its reason here.
#![allow(dead_code, unreachable_pub, reason = "each crate's tests use some of them")]

/// A network's float outputs against onnxruntime or tract, relative to the larger of the value and 1: other orders of float32 sums.
pub const NETWORK: f32 = 1e-5;
/// The same of a network whose weights are float16, which has 11 bits.
pub const NETWORK_F16: f32 = 4e-3;
/// A dynamically quantized network imported with real values between its layers, against onnxruntime, relative to the larger of
/// the value and 1: onnxruntime rounds each batch's values to 8 bits by their own range before each of three layers.
pub const NETWORK_DYNAMIC: f32 = 5e-2;
/// Probabilities that are rounded to steps of 1/255, against onnxruntime, which fuses softmax and rounding and takes 254 steps
/// where 1 divided by the scale is 254.99998; absolute.
pub const ROUNDED_SOFTMAX: f32 = 4e-3;
/// An operator against ONNX's own node tests, relative; the official bound is a hundred times larger.
pub const OPERATOR: f32 = 1e-5;
/// The same near 0, absolute.
pub const OPERATOR_ABSOLUTE: f32 = 1e-6;
/// Losses, logits and parameters over ten steps of training against PyTorch, absolute: other orders of float32 sums.
pub const TRAINING_STEPS: f32 = 5e-6;
/// One step of training against its formula, absolute.
pub const TRAINING_STEP: f32 = 2e-6;
/// One float32 function or a few terms, against a number by hand or another library, relative to the larger of the value and 1.
pub const FUNCTION: f32 = 1e-6;
/// The same computed in float64 or nearly exact in float32, absolute.
pub const FUNCTION_F64: f32 = 1e-9;
/// The same in float64 of float32 inputs near 1, absolute.
pub const FUNCTION_OF_F32: f32 = 1e-7;
/// A weight rounded in training, in steps of its grid: float32 keeps four places of a step.
pub const GRID: f32 = 1e-3;
/// A float32 difference of numbers near 1000, absolute: four places of seven are left.
pub const FUNCTION_AT_1000: f32 = 1e-4;
/// Sums of some ten float32 products, absolute.
pub const SUM: f32 = 1e-5;
/// The gradient of one activation or loss against central differences with steps of 1/256 and 1/128, absolute.
pub const GRADIENT: f32 = 2e-4;
/// The gradient of a whole network against central differences, absolute.
pub const GRADIENT_NETWORK: f32 = 3e-4;
/// The derivative of an activation against central differences in float32 alone, relative to the larger of the value and 1.
pub const DERIVATIVE: f32 = 2e-3;
/// `exp`, `tanh` and their like on the chip against float64, in units of the last place.
pub const CHIP_FUNCTION_ULP: f32 = 3.0;
/// `exp` alone.
pub const CHIP_EXP_ULP: f32 = 1.5;
/// `ln` on the chip against float64, relative to the larger of the value and 1.
pub const CHIP_LN: f32 = 2e-7;
/// A loss that the playground shows with four decimals, absolute: half of the last one, and float32 sums.
pub const SHOWN_LOSS: f32 = 6e-5;
/// An accuracy that the playground shows in percent with one decimal, absolute.
pub const SHOWN_PERCENT: f32 = 6e-2;
