//! The gradient of a layer's parameters, a block of rows at a time.

use crate::train::engine::lanes::{LANES, Lanes};
use crate::train::engine::nonzeros::Nonzeros;
use crate::train::engine::vector::{Kernel, Vector};
use std::array::from_fn;

/// How many rows of a gradient are made before the optimizer takes them, while they are in the nearest cache.
pub(super) const BLOCK: usize = 32;

/// Rows `start..start + BLOCK` (as far as there are) of the gradient of a layer's parameters, for `N` panels: `x`ᵀ · `delta`,
/// and as row `inputs` the bias's, the sum of `delta` over the samples. `start` is a multiple of [`LANES`].
pub(super) struct Gradient<'a, const N: usize> {
    pub(super) x: &'a [Lanes],
    pub(super) capacity: usize,
    pub(super) inputs: usize,
    /// Of just the samples that there are.
    pub(super) delta: [&'a [Lanes]; N],
    pub(super) start: usize,
    pub(super) out: &'a mut [[Lanes; BLOCK]; N],
}

impl<const N: usize> Kernel for Gradient<'_, N> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, capacity, inputs, delta, start, out } = self;
        let end = inputs.min(start + BLOCK);
        let mut row = start;
        while row < end {
            let x = &x[row / LANES * capacity..][..delta[0].len()];
            // The bias's row is one more of the last tile, whose chains do not wait for it.
            let last = inputs - start < BLOCK;
            macro_rules! rows {
                ($m:literal) => {{
                    if last && row + $m == inputs {
                        gradient_tile::<V, $m, N, true>(x, row % LANES, delta, row - start, out);
                    } else {
                        gradient_tile::<V, $m, N, false>(x, row % LANES, delta, row - start, out);
                    }
                    row += $m;
                }};
            }
            match (end - row).min(LANES - row % LANES) {
                // One panel alone has too few sums in flight.
                8 if N == 1 => rows!(8),
                5 => rows!(5),
                4.. => rows!(4),
                3 => rows!(3),
                2 => rows!(2),
                _ => rows!(1),
            }
        }
        if start == inputs {
            bias_gradient::<V, N>(inputs, delta, start, out);
        }
    }
}

/// `M` rows by `N` panels of [`Gradient`], from lanes `lane..lane + M` of a panel of `x`, and with `BIAS` the bias's row after
/// them.
#[inline(always)]
fn gradient_tile<V: Vector, const M: usize, const N: usize, const BIAS: bool>(
    x: &[Lanes],
    lane: usize,
    delta: [&[Lanes]; N],
    at: usize,
    out: &mut [[Lanes; BLOCK]; N],
) {
    let mut sums = [[V::splat(0.0); N]; M];
    let mut bias = [V::splat(0.0); N];
    for b in 0..x.len() {
        let x: &[f32; M] = x[b].0[lane..lane + M].try_into().expect("M lanes");
        let delta: [V; N] = from_fn(|n| V::load(&delta[n][b]));
        for m in 0..M {
            let x = V::splat(x[m]);
            for n in 0..N {
                sums[m][n] = sums[m][n].add_product(x, delta[n]);
            }
        }
        if BIAS {
            for n in 0..N {
                bias[n] = bias[n].add(delta[n]);
            }
        }
    }
    for n in 0..N {
        for m in 0..M {
            sums[m][n].store(&mut out[n][at + m]);
        }
        if BIAS {
            bias[n].store(&mut out[n][at + M]);
        }
    }
}

/// As [`Gradient`], for the only unit of a layer: eight rows at once, not eight units.
pub(super) struct GradientOfOne<'a> {
    pub(super) x: &'a [Lanes],
    pub(super) capacity: usize,
    pub(super) inputs: usize,
    /// Of just the samples that there are.
    pub(super) delta: &'a [Lanes],
    pub(super) start: usize,
    pub(super) out: &'a mut [Lanes; BLOCK],
}

impl Kernel for GradientOfOne<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        const PANELS: usize = BLOCK / LANES;
        let Self { x, capacity, inputs, delta, start, out } = self;
        let samples = delta.len();
        let left = inputs.saturating_sub(start).div_ceil(LANES).min(PANELS);
        // Where there are fewer panels, the last stands for those that are missing.
        let x: [&[Lanes]; PANELS] = from_fn(|p| match left {
            0 => &[][..],
            _ => &x[(start / LANES + p.min(left - 1)) * capacity..][..samples],
        });
        let mut sums = [V::splat(0.0); PANELS];
        let mut bias = 0.0;
        for b in 0..samples {
            let delta = delta[b].0[0];
            bias += delta;
            if left > 0 {
                for p in 0..PANELS {
                    sums[p] = sums[p].add_product(V::load(&x[p][b]), V::splat(delta));
                }
            }
        }
        let rows = left * LANES;
        for (p, out) in out[..rows].chunks_exact_mut(LANES).enumerate() {
            let mut sum = Lanes::ZERO;
            sums[p].store(&mut sum);
            for (out, sum) in out.iter_mut().zip(sum.0) {
                *out = Lanes::ZERO;
                out.0[0] = sum;
            }
        }
        if (start..start + BLOCK).contains(&inputs) {
            out[inputs - start] = Lanes::ZERO;
            out[inputs - start].0[0] = bias;
        }
    }
}

/// As [`Gradient`], from the nonzero elements of `x`.
pub(super) struct SparseGradient<'a, const N: usize> {
    pub(super) x: Nonzeros<'a>,
    pub(super) inputs: usize,
    pub(super) delta: [&'a [Lanes]; N],
    pub(super) start: usize,
    pub(super) out: &'a mut [[Lanes; BLOCK]; N],
}

impl<const N: usize> Kernel for SparseGradient<'_, N> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, inputs, delta, start, out } = self;
        // Of one length: one check of an index is enough for all.
        let samples = delta[0].len();
        let delta = delta.map(|delta| &delta[..samples]);
        for row in start..inputs.min(start + BLOCK) {
            let mut sums = [V::splat(0.0); N];
            for entry in x.column(row) {
                let x = V::splat(entry.value);
                for n in 0..N {
                    sums[n] = sums[n].add_product(x, V::load(&delta[n][entry.index as usize]));
                }
            }
            for n in 0..N {
                sums[n].store(&mut out[n][row - start]);
            }
        }
        bias_gradient::<V, N>(inputs, delta, start, out);
    }
}

/// The bias's row of [`Gradient`], where it is among the rows from `start` on.
#[inline(always)]
fn bias_gradient<V: Vector, const N: usize>(
    inputs: usize,
    delta: [&[Lanes]; N],
    start: usize,
    out: &mut [[Lanes; BLOCK]; N],
) {
    if (start..start + BLOCK).contains(&inputs) {
        for n in 0..N {
            let mut sum = V::splat(0.0);
            for delta in delta[n] {
                sum = sum.add(V::load(delta));
            }
            sum.store(&mut out[n][inputs - start]);
        }
    }
}
