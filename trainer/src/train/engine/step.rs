//! One epoch's steps, as each thread runs them.

use super::dropout;
use super::kernel;
use super::lanes::{LANES, Lanes, flat, flat_mut};
use super::nonzeros::{Nonzeros, Part};
use super::rounding::{Rounding, learned_end};
use super::source::{Inputs, Outputs};
#[cfg(target_arch = "x86_64")]
use super::vector::Fused;
use super::vector::{Plain, Vector};
use super::{Engine, NonzeroBuffers, Parameters, Signal};
use crate::nn::{Activation, Elementwise};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to train on, and how long.
#[derive(Clone, Copy)]
pub(in crate::train) struct Job<'a, 'd> {
    pub(in crate::train) inputs: Inputs<'d>,
    pub(in crate::train) outputs: Outputs<'d>,
    /// How much each sample's loss counts; all the same where it is not given.
    pub(in crate::train) weights: Option<&'a [f32]>,
    /// The samples in the order of training; batch after batch is taken from it.
    pub(in crate::train) order: &'a [usize],
    /// The learning rate by the number of updates made before.
    pub(in crate::train) rate: &'a (dyn Fn(u64) -> f32 + Sync),
    /// Raised by someone else to end after the current step.
    pub(in crate::train) stop: &'a AtomicBool,
    /// Called after every step with the number of samples so far.
    pub(in crate::train) progress: &'a (dyn Fn(usize, f32) + Sync),
    /// Work of the caller that each thread does a share of in every step, which both count from 0: `beside(thread, step)`.
    pub(in crate::train) beside: &'a (dyn Fn(usize, usize) + Sync),
}

/// How a [`Job`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::train) enum End {
    /// All samples were taken.
    Done,
    /// The loss of this batch (counted from 0) was not finite; the parameters are those after the batch before.
    Diverged(usize),
    /// Stopped after so many batches.
    Stopped(usize),
}

/// What a [`Job`] saw: sums over its samples, each taken before the update of its batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::train) struct Tally {
    pub(in crate::train) samples: usize,
    pub(in crate::train) loss: f64,
    /// Samples whose largest output (or whose single output, against one half) is the target class.
    pub(in crate::train) correct: usize,
    pub(in crate::train) end: End,
}

/// Whether the processor has fused multiply-adds in vectors of eight.
pub(super) fn has_fused() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

impl Engine {
    /// Trains on a job's samples, once.
    pub(in crate::train) fn run(&mut self, job: &Job<'_, '_>) -> Tally {
        self.halt.store(false, Ordering::Relaxed);
        let engine = &*self;
        let tally = std::thread::scope(|scope| {
            for thread in 1..engine.threads {
                scope.spawn(move || engine.work(thread, job));
            }
            engine.work(0, job)
        });
        self.steps += match tally.end {
            End::Done => job.order.len().div_ceil(self.capacity),
            End::Diverged(step) | End::Stopped(step) => step,
        } as u64;
        tally
    }

    /// One thread's share, by the best instructions that the processor has.
    fn work(&self, thread: usize, job: &Job<'_, '_>) -> Tally {
        #[cfg(target_arch = "x86_64")]
        if self.fused {
            /// Compiles what is inlined here for AVX2 and FMA.
            #[target_feature(enable = "avx2,fma")]
            fn fused(engine: &Engine, thread: usize, job: &Job<'_, '_>) -> Tally {
                engine.steps::<Fused>(thread, job)
            }
            // SAFETY: `has_fused` has found both features.
            return unsafe { fused(self, thread, job) };
        }
        self.steps::<Plain>(thread, job)
    }

    #[inline(always)]
    fn steps<V: Vector>(&self, thread: usize, job: &Job<'_, '_>) -> Tally {
        let mut tally = Tally { samples: 0, loss: 0.0, correct: 0, end: End::Done };
        let outputs = self.shapes[self.shapes.len() - 1].units;
        let mut last_delta = vec![Lanes::ZERO; outputs.div_ceil(LANES) * self.capacity];
        let mut rows = [const { Vec::new() }; 4].map(|_: Vec<f32>| vec![0.0; outputs]);
        let mut updates = self.plan.optimizer.updates(self.steps);
        for (step, order) in job.order.chunks(self.capacity).enumerate() {
            if thread == 0 {
                self.halt.store(job.stop.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            let made = self.steps + step as u64;
            (job.beside)(thread, step);
            self.gather(thread, job, order, made);
            self.barrier.wait();
            // Decided before the barrier, so that all threads see the same.
            if self.halt.load(Ordering::Relaxed) {
                tally.end = End::Stopped(step);
                return tally;
            }
            for layer in 0..self.shapes.len() {
                self.forward::<V>(thread, layer, order.len(), made);
                self.barrier.wait();
            }
            // Every thread for itself: cheaper than a barrier, and all come to the same end.
            let (loss, correct) = self.loss(job, order, &mut rows, &mut last_delta);
            if !loss.is_finite() {
                tally.end = End::Diverged(step);
                return tally;
            }
            tally.samples += order.len();
            tally.loss += loss;
            tally.correct += correct;
            let update = updates.next((job.rate)(made));
            self.backward::<V>(thread, order.len(), &last_delta, &update, made);
            if thread == 0 {
                (job.progress)(tally.samples, (tally.loss / tally.samples as f64) as f32);
            }
            self.barrier.wait();
        }
        tally
    }

    /// The thread's part of a signal, as a range of its memory.
    pub(super) fn part(&self, signal: &Signal, thread: usize) -> Range<usize> {
        signal.bounds[thread] * self.capacity..signal.bounds[thread + 1] * self.capacity
    }

    /// Copies the thread's features of a batch.
    #[inline(always)]
    fn gather(&self, thread: usize, job: &Job<'_, '_>, order: &[usize], made: u64) {
        let signal = &self.signals[0];
        // SAFETY: the thread's own part, which the others read only after the next barrier.
        let values = unsafe { signal.values.write(self.part(signal, thread)) };
        job.inputs.gather(order, signal.bounds[thread]..signal.bounds[thread + 1], self.capacity, values);
        self.drop_out(thread, 0, order.len(), made, values);
        self.collect(signal, thread, values, order.len());
    }

    /// Multiplies the thread's part of a signal (its values, or their gradient) by the mask of its dropout.
    #[inline(always)]
    pub(super) fn drop_out(&self, thread: usize, index: usize, samples: usize, made: u64, values: &mut [Lanes]) {
        let signal = &self.signals[index];
        if let Some(dropout) = signal.dropout {
            let key = dropout::key(self.plan.seed, made, index);
            for (local, p) in (signal.bounds[thread]..signal.bounds[thread + 1]).enumerate() {
                dropout.apply(key, p, &mut values[local * self.capacity..][..samples]);
            }
        }
    }

    /// The parameters of a layer as the products see them.
    /// # Safety
    /// Until the next barrier nobody writes what the caller reads of it.
    #[inline(always)]
    pub(super) unsafe fn seen(&self, layer: usize) -> &[Lanes] {
        let parameters = &self.parameters[layer];
        // SAFETY: the caller's promise.
        unsafe { parameters.rounded.as_ref().unwrap_or(&parameters.weights).read() }
    }

    /// A layer's activation and how its outputs are rounded, as they are now.
    /// # Safety
    /// Until the next barrier nobody updates its slope and range.
    #[inline(always)]
    pub(super) unsafe fn activation(&self, layer: usize) -> (Activation, Option<Rounding>) {
        let Parameters { slope, range, followed, .. } = &self.parameters[layer];
        // SAFETY: the caller's promise.
        unsafe {
            let activation = match slope {
                None => self.shapes[layer].activation,
                Some(slope) => Activation::Elementwise(Elementwise::LeakyRelu { slope: slope.value() }),
            };
            let rounding = match (range, followed) {
                (Some(range), _) => Some(Rounding::Learned { range: learned_end(range.value()) }),
                (None, Some(followed)) => followed.rounding(activation),
                (None, None) => None,
            };
            (activation, rounding)
        }
    }

    /// Lists the nonzeros of the thread's part of a signal.
    #[inline(always)]
    fn collect(&self, signal: &Signal, thread: usize, values: &[Lanes], samples: usize) {
        let Some(NonzeroBuffers { rows, row_counts, columns, column_counts, totals }) = &signal.nonzeros else {
            return;
        };
        let (first, last) = (signal.bounds[thread] * LANES, signal.bounds[thread + 1] * LANES);
        let capacity = self.capacity;
        // SAFETY: the thread's own parts, which the others read only after the next barrier.
        unsafe {
            let mut part = Part {
                rows: rows.write((first + thread) * capacity..(last + thread + 1) * capacity),
                row_counts: row_counts.write(thread * capacity..(thread + 1) * capacity),
                columns: columns.write(first * (capacity + 1)..last * (capacity + 1)),
                column_counts: column_counts.write(first..last),
            };
            totals.write(thread..thread + 1)[0] =
                part.collect(values, capacity, samples, signal.bounds[thread]..signal.bounds[thread + 1]);
        }
    }

    /// A signal's nonzeros, if they are few enough to be worth the detour.
    #[inline(always)]
    pub(super) fn nonzeros<'a>(&self, signal: &'a Signal, elements: usize) -> Option<Nonzeros<'a>> {
        let buffers = signal.nonzeros.as_ref()?;
        // SAFETY: written in phases before this one.
        unsafe {
            let total: usize = buffers.totals.read().iter().sum();
            (total * 2 < elements).then(|| Nonzeros {
                rows: buffers.rows.read(),
                row_counts: buffers.row_counts.read(),
                columns: buffers.columns.read(),
                column_counts: buffers.column_counts.read(),
                capacity: self.capacity,
                bounds: &signal.bounds,
            })
        }
    }

    /// The thread's outputs of a layer; of the last layer the sums.
    #[inline(always)]
    fn forward<V: Vector>(&self, thread: usize, layer: usize, samples: usize, made: u64) {
        let (shape, before, after) = (&self.shapes[layer], &self.signals[layer], &self.signals[layer + 1]);
        let (first, last) = (after.bounds[thread], after.bounds[thread + 1]);
        // SAFETY: the weights and the signal before were written in earlier phases, and the values of this part are ours.
        let (x, w, out) = unsafe {
            let out = after.values.write(self.part(after, thread));
            (before.values.read(), self.seen(layer), out)
        };
        let last_layer = layer + 1 == self.shapes.len();
        // A ReLU whose sums nobody wants to see is taken on the way.
        let unseen = !last_layer && self.parameters[layer].normalizer.is_none() && after.sums.is_none();
        let relu = shape.activation == Activation::Relu && unseen;
        let part = (first, last);
        if let Some(nonzeros) = self.nonzeros(before, samples * shape.inputs) {
            kernel::forward_nonzeros::<V>(&nonzeros, samples, self.capacity, shape.inputs, w, part, relu, out);
        } else {
            let size = (shape.inputs, shape.units);
            kernel::forward::<V>(x, self.capacity, samples, size, w, part, relu, out);
        }
        if last_layer {
            return;
        }
        if let Some(normalizer) = &self.parameters[layer].normalizer {
            // SAFETY: the thread's own part.
            unsafe { normalizer.forward(first..last, self.capacity, samples, out) };
        }
        if let Some(sums) = &after.sums {
            // SAFETY: the thread's own part.
            unsafe { sums.write(self.part(after, thread)) }.copy_from_slice(out);
        }
        // SAFETY: slopes and ranges are updated in other phases.
        let (activation, rounding) = unsafe { self.activation(layer) };
        for p in first..last {
            let units = LANES.min(shape.units - p * LANES);
            let rows = &mut out[(p - first) * self.capacity..][..samples];
            if let Some(followed) = &self.parameters[layer].followed {
                // SAFETY: the thread's own panel.
                unsafe { followed.collect(p, flat(rows)) };
            }
            // All at once: the compiler vectorizes a long loop, but not one of eight.
            match rounding {
                Some(rounding) => rounding.forward(activation, flat_mut(rows)),
                None if relu => {}
                None => activation.apply_row(flat_mut(rows)),
            }
            if units < LANES {
                for lanes in rows {
                    lanes.0[units..].fill(0.0);
                }
            }
        }
        if let Some(whole) = &after.whole {
            // SAFETY: the thread's own part.
            unsafe { whole.write(self.part(after, thread)) }.copy_from_slice(out);
        }
        self.drop_out(thread, layer + 1, samples, made, out);
        self.collect(after, thread, out, samples);
    }

    /// The summed loss of a batch, the number of right answers, and the gradient of the *mean* loss with respect to the last
    /// layer's sums.
    #[inline(always)]
    fn loss(&self, job: &Job<'_, '_>, order: &[usize], rows: &mut [Vec<f32>; 4], delta: &mut [Lanes]) -> (f64, usize) {
        // SAFETY: written in the phase before.
        let sums = unsafe { self.signals[self.shapes.len()].values.read() };
        let activation = self.shapes[self.shapes.len() - 1].activation;
        let [z, y, gradient, penalty] = rows;
        let activity = self.plan.layers[self.shapes.len() - 1].activity_regularizer;
        let share = 1.0 / order.len() as f32;
        let (mut total, mut correct) = (0.0, 0);
        for (b, &sample) in order.iter().enumerate() {
            for (p, z) in z.chunks_mut(LANES).enumerate() {
                z.copy_from_slice(&sums[p * self.capacity + b].0[..z.len()]);
            }
            let target = job.outputs.target(sample);
            let weight = job.weights.map_or(1.0, |weights| weights[sample]);
            let share = share * weight;
            total += f64::from(self.plan.loss.sample(activation, z, target, y, gradient) * weight);
            correct += usize::from(crate::train::metric::is_right(y, target));
            if !activity.is_none() && weight != 0.0 {
                penalty.iter_mut().zip(&*y).for_each(|(penalty, &y)| *penalty = activity.slope(y) / weight);
                activation.backward_row(z, y, penalty);
                gradient.iter_mut().zip(&*penalty).for_each(|(gradient, penalty)| *gradient += penalty);
            }
            for (p, gradient) in gradient.chunks(LANES).enumerate() {
                let delta = &mut delta[p * self.capacity + b];
                *delta = Lanes::ZERO;
                for (to, from) in delta.0.iter_mut().zip(gradient) {
                    *to = from * share;
                }
            }
        }
        (total, correct)
    }
}
