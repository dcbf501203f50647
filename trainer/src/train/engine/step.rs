//! One epoch's steps, as each thread runs them.

use super::kernel;
use super::lanes::{LANES, Lanes, flat, flat_mut};
use super::nonzeros::{Nonzeros, Part};
use super::source::{Inputs, Outputs};
#[cfg(target_arch = "x86_64")]
use super::vector::Fused;
use super::vector::{Plain, Vector};
use super::{Engine, NonzeroBuffers, Signal};
use crate::train::optimizer::Update;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What to train on, and how long.
#[derive(Clone, Copy)]
pub(in crate::train) struct Job<'a, 'd> {
    pub(in crate::train) inputs: Inputs<'d>,
    pub(in crate::train) outputs: Outputs<'d>,
    /// The samples in the order of training; batch after batch is taken from it.
    pub(in crate::train) order: &'a [usize],
    /// The learning rate by the number of updates made before.
    pub(in crate::train) rate: &'a (dyn Fn(u64) -> f32 + Sync),
    /// Raised by someone else to end after the current step.
    pub(in crate::train) stop: &'a AtomicBool,
    /// Called after every step with the number of samples so far.
    pub(in crate::train) progress: &'a (dyn Fn(usize, f32) + Sync),
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
        let mut rows = [vec![0.0; outputs], vec![0.0; outputs], vec![0.0; outputs]];
        for (step, order) in job.order.chunks(self.capacity).enumerate() {
            if thread == 0 {
                self.halt.store(job.stop.load(Ordering::Relaxed), Ordering::Relaxed);
            }
            self.gather(thread, job, order);
            self.barrier.wait();
            // Decided before the barrier, so that all threads see the same.
            if self.halt.load(Ordering::Relaxed) {
                tally.end = End::Stopped(step);
                return tally;
            }
            for layer in 0..self.shapes.len() {
                self.forward::<V>(thread, layer, order.len());
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
            let made = self.steps + step as u64;
            let update = self.optimizer.update((job.rate)(made), made + 1);
            self.backward::<V>(thread, order.len(), &last_delta, &update);
            if thread == 0 {
                (job.progress)(tally.samples, (tally.loss / tally.samples as f64) as f32);
            }
            self.barrier.wait();
        }
        tally
    }

    /// The thread's part of a signal, as a range of its memory.
    fn part(&self, signal: &Signal, thread: usize) -> Range<usize> {
        signal.bounds[thread] * self.capacity..signal.bounds[thread + 1] * self.capacity
    }

    /// Copies the thread's features of a batch.
    #[inline(always)]
    fn gather(&self, thread: usize, job: &Job<'_, '_>, order: &[usize]) {
        let signal = &self.signals[0];
        // SAFETY: the thread's own part, which the others read only after the next barrier.
        let values = unsafe { signal.values.write(self.part(signal, thread)) };
        job.inputs.gather(order, signal.bounds[thread]..signal.bounds[thread + 1], self.capacity, values);
        self.collect(signal, thread, values, order.len());
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
    fn nonzeros<'a>(&self, signal: &'a Signal, elements: usize) -> Option<Nonzeros<'a>> {
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
    fn forward<V: Vector>(&self, thread: usize, layer: usize, samples: usize) {
        let (shape, before, after) = (&self.shapes[layer], &self.signals[layer], &self.signals[layer + 1]);
        let (first, last) = (after.bounds[thread], after.bounds[thread + 1]);
        // SAFETY: the weights and the signal before were written in earlier phases, and the values of this part are ours.
        let (x, w, out) = unsafe {
            let out = after.values.write(self.part(after, thread));
            (before.values.read(), self.parameters[layer].weights.read(), out)
        };
        if let Some(nonzeros) = self.nonzeros(before, samples * shape.inputs) {
            kernel::forward_nonzeros::<V>(&nonzeros, samples, self.capacity, shape.inputs, w, (first, last), out);
        } else {
            kernel::forward::<V>(x, self.capacity, samples, shape.inputs, w, (first, last), out);
        }
        if layer + 1 == self.shapes.len() {
            return;
        }
        if let Some(sums) = &after.sums {
            // SAFETY: the thread's own part.
            unsafe { sums.write(self.part(after, thread)) }.copy_from_slice(out);
        }
        for p in first..last {
            let units = LANES.min(shape.units - p * LANES);
            let rows = &mut out[(p - first) * self.capacity..][..samples];
            // All at once: the compiler vectorizes a long loop, but not one of eight.
            shape.activation.apply_row(flat_mut(rows));
            if units < LANES {
                for lanes in rows {
                    lanes.0[units..].fill(0.0);
                }
            }
        }
        self.collect(after, thread, out, samples);
    }

    /// The summed loss of a batch, the number of right answers, and the gradient of the *mean* loss with respect to the last
    /// layer's sums.
    #[inline(always)]
    fn loss(&self, job: &Job<'_, '_>, order: &[usize], rows: &mut [Vec<f32>; 3], delta: &mut [Lanes]) -> (f64, usize) {
        // SAFETY: written in the phase before.
        let sums = unsafe { self.signals[self.shapes.len()].values.read() };
        let activation = self.shapes[self.shapes.len() - 1].activation;
        let [z, y, gradient] = rows;
        let share = 1.0 / order.len() as f32;
        let (mut total, mut correct) = (0.0, 0);
        for (b, &sample) in order.iter().enumerate() {
            for (p, z) in z.chunks_mut(LANES).enumerate() {
                z.copy_from_slice(&sums[p * self.capacity + b].0[..z.len()]);
            }
            let target = job.outputs.target(sample);
            total += f64::from(self.loss.sample(activation, z, target, y, gradient));
            correct += usize::from(crate::train::metric::is_right(y, target));
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

    /// Takes the gradient back through the layers and updates the thread's parameters on the way: a layer's weights as soon
    /// as nobody needs the old ones.
    #[inline(always)]
    fn backward<V: Vector>(&self, thread: usize, samples: usize, last_delta: &[Lanes], update: &Update) {
        for layer in (0..self.shapes.len()).rev() {
            let shape = &self.shapes[layer];
            let (before, after) = (&self.signals[layer], &self.signals[layer + 1]);
            // SAFETY: written before a barrier, or by this thread alone.
            let delta = if layer + 1 == self.shapes.len() { last_delta } else { unsafe { after.delta.read() } };
            if layer > 0 {
                self.delta_before::<V>(thread, layer, samples, delta);
                self.barrier.wait();
            }
            let (first, last) = (after.bounds[thread], after.bounds[thread + 1]);
            let range = first * (shape.inputs + 1)..last * (shape.inputs + 1);
            let parameters = &self.parameters[layer];
            // SAFETY: the thread's own parts; the others have passed the barrier after their last use of these weights.
            let (x, w, m, v) = unsafe {
                (
                    before.values.read(),
                    parameters.weights.write(range.clone()),
                    parameters.first.write(range.clone()),
                    parameters.second.write(range),
                )
            };
            let nonzeros = self.nonzeros(before, samples * shape.inputs);
            kernel::update::<V>(
                x,
                nonzeros.as_ref(),
                self.capacity,
                samples,
                shape.inputs,
                &delta[first * self.capacity..last * self.capacity],
                [w, m, v],
                update,
            );
        }
    }

    /// The thread's part of the gradient with respect to the sums of the layer before `layer`.
    #[inline(always)]
    fn delta_before<V: Vector>(&self, thread: usize, layer: usize, samples: usize, delta: &[Lanes]) {
        let (shape, before) = (&self.shapes[layer], &self.signals[layer]);
        let (first, last) = (before.bounds[thread], before.bounds[thread + 1]);
        let own = self.part(before, thread);
        // SAFETY: the weights are read by all in this phase, and this part of the gradient is ours.
        let (w, out) = unsafe { (self.parameters[layer].weights.read(), before.delta.write(own.clone())) };
        kernel::gradient_before::<V>(delta, self.capacity, samples, shape.inputs, w, (first, last), out);
        // SAFETY: written in earlier phases.
        let (y, z) = unsafe {
            let y = &before.values.read()[own.clone()];
            (y, before.sums.as_ref().map_or(y, |sums| &sums.read()[own]))
        };
        let activation = self.shapes[layer - 1].activation;
        for p in 0..last - first {
            let rows = p * self.capacity..p * self.capacity + samples;
            activation.backward_row(flat(&z[rows.clone()]), flat(&y[rows.clone()]), flat_mut(&mut out[rows]));
        }
    }
}
