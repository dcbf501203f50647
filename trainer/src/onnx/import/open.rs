//! A layer of integers whose result is not quantized yet: what follows may still scale it, shift it and cut it off.

use super::chain::{Bias, IntegerKernel};
use super::expression::zip;
use super::walk::Found;
use crate::quantize::{IntegerActivation, Quantization, QuantizedDense, WeightType};

/// A layer whose result is not quantized yet.
pub(super) struct Open {
    name: String,
    inputs: usize,
    /// Outputs x inputs.
    weights: Vec<i8>,
    /// One per output, as are the scales.
    zero_points: Vec<i8>,
    scales: Vec<f32>,
    bias: Bias,
    input: Quantization,
    lo: f32,
    hi: f32,
}

impl Open {
    /// A layer's sums. With an order, which tells the place of each of its inputs among so many, the weights are moved there.
    /// # Errors
    /// Weights of other than 8 bits; an order that takes a value twice.
    pub(super) fn new(
        name: String,
        kernel: &IntegerKernel,
        order: Option<(&[usize], usize)>,
        bias: Bias,
        input: Quantization,
    ) -> Found<Self> {
        let (mut inputs, outputs) = kernel.weights.dim();
        let (mut weights, shift) = kernel.weights.integers()?;
        let narrow = |&zero: &i32| {
            i8::try_from(zero.saturating_sub(shift)).map_err(|_| {
                format!("its weights' zero point {zero} does not fit their type; quantize the model again")
            })
        };
        let zero_points = kernel.zero_points.iter().map(narrow).collect::<Found<Vec<i8>>>()?;
        if let Some((order, all)) = order {
            let taken = std::mem::replace(&mut inputs, all);
            // Where an input is not taken, a weight of 0.
            let mut moved: Vec<i8> = zero_points.iter().flat_map(|&zero| std::iter::repeat_n(zero, all)).collect();
            let mut seen = vec![false; all];
            for (i, &from) in order.iter().enumerate() {
                if std::mem::replace(&mut seen[from], true) {
                    return Err(format!("what stands before it takes value {from} twice; take each once"));
                }
                for j in 0..outputs {
                    moved[j * all + from] = weights[j * taken + i];
                }
            }
            weights = moved;
        }
        let scales = kernel.scales.clone();
        let (lo, hi) = (f32::NEG_INFINITY, f32::INFINITY);
        Ok(Self { name, inputs, weights, zero_points, scales, bias, input, lo, hi })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn outputs(&self) -> usize {
        self.scales.len()
    }

    /// Cuts the real sums off below and above.
    pub(super) fn clip(&mut self, lo: f32, hi: f32) {
        (self.lo, self.hi) = (self.lo.max(lo), self.hi.min(hi));
    }

    /// Multiplies the real sums with a factor per output.
    pub(super) fn scale_by(&mut self, slope: &[f64]) {
        if slope.iter().all(|&s| s == 1.0) {
            return;
        }
        self.bias = Bias::Real(zip(&self.real_bias(), slope, |b, s| b * s).into_iter().map(|b| b as f32).collect());
        self.scales = zip(&self.scales.iter().map(|&s| f64::from(s)).collect::<Vec<_>>(), slope, |a, b| a * b)
            .into_iter()
            .map(|s| s as f32)
            .collect();
        // Scales are positive: the sign goes into the weights. `!w - !z` is `-(w - z)`, and fits.
        for (j, scale) in self.scales.iter_mut().enumerate() {
            if *scale < 0.0 {
                *scale = -*scale;
                self.zero_points[j] = !self.zero_points[j];
                self.weights[j * self.inputs..][..self.inputs].iter_mut().for_each(|weight| *weight = !*weight);
            }
        }
    }

    /// The bias as real numbers.
    fn real_bias(&self) -> Vec<f64> {
        match &self.bias {
            Bias::Real(bias) => bias.iter().map(|&b| f64::from(b)).collect(),
            Bias::Integer(bias) => {
                bias.iter().zip(&self.scales).map(|(&b, &s)| f64::from(b) * f64::from(self.input.scale * s)).collect()
            }
        }
    }

    /// Adds a real number per output: exactly, where the bias was empty and this is one in whole steps.
    pub(super) fn add(&mut self, term: &[f64]) -> Found<()> {
        if term.iter().all(|&t| t == 0.0) {
            return Ok(());
        }
        let outputs = self.scales.len();
        let mut steps = Vec::with_capacity(outputs);
        let integers = self.integer_bias()?;
        for (j, &bias) in integers.iter().enumerate() {
            let step = f64::from(self.input.scale * self.scales[j]);
            steps.push(to_i32(f64::from(bias) + (term[if term.len() == 1 { 0 } else { j }] / step).round_ties_even())?);
        }
        self.bias = Bias::Integer(steps);
        Ok(())
    }

    fn integer_bias(&self) -> Found<Vec<i32>> {
        match &self.bias {
            Bias::Integer(bias) => Ok(bias.clone()),
            Bias::Real(bias) => bias
                .iter()
                .zip(&self.scales)
                .map(|(&b, &s)| to_i32((f64::from(b) / f64::from(self.input.scale * s)).round_ties_even()))
                .collect(),
        }
    }

    pub(super) fn close(self, output: Quantization) -> Found<QuantizedDense> {
        let bias = self.integer_bias()?;
        if let Some(bad) = self.scales.iter().find(|scale| !(scale.is_normal() && **scale > 0.0)) {
            return Err(format!("a weight scale is {bad}, expected a positive number; quantize the model again"));
        }
        let outputs = self.scales.len();
        let (weights, weight_zero_points) = stored(self.weights, self.inputs, self.zero_points);
        let level = |real: f32| {
            ((real / output.scale).round_ties_even() + f32::from(output.zero_point)).clamp(-128.0, 127.0) as i8
        };
        let (lo, hi) = (level(self.lo), level(self.hi));
        Ok(QuantizedDense {
            name: self.name,
            inputs: self.inputs,
            outputs,
            weight_type: WeightType::Int8,
            weights,
            weight_zero_points,
            weight_scales: self.scales,
            bias,
            input: self.input,
            output,
            activation: IntegerActivation::Clamp { lo, hi },
        })
    }
}

fn to_i32(value: f64) -> Found<i32> {
    if value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX) {
        Ok(value as i32)
    } else {
        Err(format!("its bias of {value} steps does not fit 32 bits; quantize the model with larger scales"))
    }
}

/// Weights, outputs x inputs, and their zero points: none where the differences fit 8 bits.
fn stored(mut weights: Vec<i8>, inputs: usize, zero_points: Vec<i8>) -> (Vec<i8>, Vec<i8>) {
    let wide = inputs.max(1);
    let fit = weights
        .chunks(wide)
        .zip(&zero_points)
        .all(|(row, &zero)| row.iter().all(|weight| weight.checked_sub(zero).is_some()));
    if !fit {
        return (weights, zero_points);
    }
    for (row, &zero) in weights.chunks_mut(wide).zip(&zero_points) {
        for weight in row {
            *weight -= zero;
        }
    }
    (weights, Vec::new())
}
