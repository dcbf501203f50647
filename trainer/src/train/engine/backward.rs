//! The way back: gradients and updates, as each thread runs them.

use super::kernel;
use super::lanes::{Lanes, flat, flat_mut};
use super::rounding::slope_gradient;
use super::shaping::{Shaping, squares};
use super::vector::{Plain, Vector};
use super::{Engine, round};
use crate::nn::Activation;
use crate::train::optimizer::Update;

/// What is done with a layer's gradient.
#[derive(Clone, Copy, Debug)]
enum Pass {
    /// Its squares are added up.
    Measure,
    /// The optimizer takes it, times this.
    Update(f32),
}

impl Engine {
    /// Takes the gradient back through the layers and updates the thread's parameters on the way: a layer's weights as soon
    /// as nobody needs the old ones. Where the gradient's norm is cut, it is made once more, to measure it.
    #[inline(always)]
    pub(super) fn backward<V: Vector>(
        &self,
        thread: usize,
        samples: usize,
        last_delta: &[Lanes],
        update: &Update,
        made: u64,
    ) {
        let layers = self.shapes.len();
        let limit = self.plan.clip.norm;
        let delta = |layer: usize| {
            if layer + 1 == layers {
                return last_delta;
            }
            // SAFETY: written before a barrier, or by this thread alone.
            unsafe { self.signals[layer + 1].delta.read() }
        };
        for layer in (0..layers).rev() {
            if layer > 0 {
                self.delta_before::<V>(thread, layer, samples, delta(layer), made);
                self.barrier.wait();
            }
            let pass = if limit.is_some() { Pass::Measure } else { Pass::Update(1.0) };
            self.update_layer::<V>(thread, layer, samples, delta(layer), update, pass);
        }
        if let Some(limit) = limit {
            self.barrier.wait();
            // SAFETY: written before the barrier.
            let squares = self.parameters.iter().flat_map(|p| unsafe { p.squares.read() });
            let scalars = self.parameters.iter().enumerate().filter_map(|(layer, p)| {
                // SAFETY: collected before a barrier.
                let gradient = unsafe { p.scalar()?.gradient() };
                let gradient = f64::from(self.shaping(layer, 1.0).cut(gradient));
                self.plan.layers[layer].trainable.then_some(gradient * gradient)
            });
            let norm = (squares.sum::<f64>() + scalars.sum::<f64>()).sqrt() as f32;
            let scale = (limit / (norm + 1e-6)).min(1.0);
            for layer in (0..layers).rev() {
                self.update_layer::<V>(thread, layer, samples, delta(layer), update, Pass::Update(scale));
            }
        }
    }

    /// What is done to a layer's gradient.
    fn shaping(&self, layer: usize, scale: f32) -> Shaping {
        let settings = &self.plan.layers[layer];
        Shaping {
            kernel: settings.kernel_regularizer,
            bias: settings.bias_regularizer,
            // A normalization takes a bias away again; what is left of its gradient is rounding.
            use_bias: settings.use_bias && settings.batch_normalization.is_none(),
            clip: self.plan.clip.value.unwrap_or(f32::INFINITY),
            scale,
        }
    }

    /// Updates the thread's parameters of a layer, or only measures its gradient.
    #[inline(always)]
    fn update_layer<V: Vector>(
        &self,
        thread: usize,
        layer: usize,
        samples: usize,
        delta: &[Lanes],
        update: &Update,
        pass: Pass,
    ) {
        let settings = &self.plan.layers[layer];
        if let (Some(followed), 0, Pass::Update(_)) = (&self.parameters[layer].followed, thread, pass) {
            // SAFETY: collected before a barrier; others read it in other phases.
            unsafe { followed.update() };
        }
        if !settings.trainable {
            return;
        }
        let shape = &self.shapes[layer];
        let (before, after) = (&self.signals[layer], &self.signals[layer + 1]);
        let (first, last) = (after.bounds[thread], after.bounds[thread + 1]);
        let range = first * (shape.inputs + 1)..last * (shape.inputs + 1);
        let parameters = &self.parameters[layer];
        // SAFETY: the thread's own parts; the others have passed the barrier after their last use of these weights.
        let (x, w, m, v) = unsafe {
            (
                before.values.read(),
                parameters.weights.write(range.clone()),
                parameters.first.write(range.clone()),
                parameters.second.write(range.clone()),
            )
        };
        let (shaping, mut sums) = match pass {
            Pass::Update(scale) => (self.shaping(layer, scale), None),
            Pass::Measure => {
                // SAFETY: the thread's own part.
                let sums = unsafe { parameters.squares.write(first..last) };
                sums.fill(0.0);
                (self.shaping(layer, 1.0), Some(sums))
            }
        };
        let nonzeros = self.nonzeros(before, samples * shape.inputs);
        kernel::update::<V>(
            x,
            nonzeros.as_ref(),
            self.capacity,
            samples,
            (shape.inputs, shape.units),
            &delta[first * self.capacity..last * self.capacity],
            [w, m, v],
            &shaping,
            update,
            sums.as_deref_mut(),
        );
        self.update_extras(thread, layer, &shaping, update, sums, pass);
        if let (Some(grid), Some(rounded), Pass::Update(_)) = (settings.grid, &parameters.rounded, pass) {
            // SAFETY: the thread's own parts, as above.
            let (w, rounded) = unsafe { (&parameters.weights.read()[range.clone()], rounded.write(range)) };
            round(grid, shape.inputs + 1, w, rounded);
        }
    }

    /// As [`Engine::update_layer`], for what a layer learns beside weights and bias.
    fn update_extras(
        &self,
        thread: usize,
        layer: usize,
        shaping: &Shaping,
        update: &Update,
        squared: Option<&mut [f64]>,
        pass: Pass,
    ) {
        let signal = &self.signals[layer + 1];
        let (first, last) = (signal.bounds[thread], signal.bounds[thread + 1]);
        if let Some(normalizer) = &self.parameters[layer].normalizer {
            let pairs = first * 2..last * 2;
            // SAFETY: the thread's own parts.
            let (w, m, v, g) = unsafe {
                (
                    normalizer.weights.write(pairs.clone()),
                    normalizer.first.write(pairs.clone()),
                    normalizer.second.write(pairs.clone()),
                    normalizer.gradient.write(pairs),
                )
            };
            for g in flat_mut(g).iter_mut() {
                *g = shaping.cut(*g);
            }
            match squared {
                Some(sums) => sums.iter_mut().zip(g.chunks(2)).for_each(|(sum, pair)| *sum += squares(pair)),
                None => update.apply::<Plain>(w, g, m, v),
            }
        }
        if let (Some(scalar), 0, Pass::Update(_)) = (self.parameters[layer].scalar(), thread, pass) {
            // SAFETY: collected before the barrier; others read it in other phases.
            unsafe { scalar.update(shaping.cut(scalar.gradient()), update) };
        }
    }

    /// The thread's part of the gradient with respect to the sums of the layer before `layer`.
    #[inline(always)]
    fn delta_before<V: Vector>(&self, thread: usize, layer: usize, samples: usize, delta: &[Lanes], made: u64) {
        let (shape, before) = (&self.shapes[layer], &self.signals[layer]);
        let (first, last) = (before.bounds[thread], before.bounds[thread + 1]);
        let own = self.part(before, thread);
        // SAFETY: the weights are read by all in this phase, and this part of the gradient is ours.
        let (w, out) = unsafe { (self.seen(layer), before.delta.write(own.clone())) };
        let settings = &self.plan.layers[layer - 1];
        let parameters = &self.parameters[layer - 1];
        // SAFETY: written in an earlier phase.
        let y = unsafe { &before.whole.as_ref().unwrap_or(&before.values).read()[own.clone()] };
        // SAFETY: this slope and range are updated after the next barrier.
        let (activation, rounding) = unsafe { self.activation(layer - 1) };
        // A ReLU that the gradient comes to first is taken on the way.
        let relu = activation == Activation::Relu
            && before.dropout.is_none()
            && settings.activity_regularizer.is_none()
            && rounding.is_none();
        let (size, part) = ((shape.inputs, shape.units), (first, last));
        kernel::gradient_before::<V>(delta, self.capacity, samples, size, w, part, relu.then_some(y), out);
        self.drop_out(thread, layer, samples, made, out);
        // SAFETY: written in an earlier phase.
        let z = before.sums.as_ref().map_or(y, |sums| unsafe { &sums.read()[own] });
        let activity = settings.activity_regularizer;
        for p in 0..last - first {
            let rows = p * self.capacity..p * self.capacity + samples;
            let (z, y, out) = (&z[rows.clone()], &y[rows.clone()], &mut out[rows]);
            if !activity.is_none() {
                let share = 1.0 / samples as f32;
                flat_mut(out).iter_mut().zip(flat(y)).for_each(|(g, &y)| *g += activity.slope(y) * share);
            }
            let scalar = match (rounding, activation) {
                (Some(rounding), _) => rounding.backward(activation, z, out),
                (None, Activation::Relu) => {
                    if !relu {
                        kernel::before_relu::<V>(y, out);
                    }
                    continue;
                }
                (None, _) => {
                    let slope = parameters.slope.as_ref().map(|_| slope_gradient(z, out));
                    activation.backward_row(flat(z), flat(y), flat_mut(out));
                    slope.unwrap_or_default()
                }
            };
            if let Some(to) = parameters.scalar() {
                // SAFETY: the thread's own panel.
                unsafe { to.collect(first + p, scalar) };
            }
        }
        if let Some(normalizer) = &parameters.normalizer {
            // SAFETY: the thread's own part.
            unsafe { normalizer.backward(first..last, self.capacity, samples, out) };
        }
    }
}
