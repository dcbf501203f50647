//! The way forward: a layer's sums from its inputs.

use super::{group, in_groups};
use crate::train::engine::lanes::{LANES, Lanes};
use crate::train::engine::nonzeros::Nonzeros;
use crate::train::engine::vector::{Kernel, Vector};
use std::array::from_fn;

/// `out = x · w + bias` for panels `first..last` of `w` and all of `samples`, with a ReLU of it where `relu` is set.
///
/// `x` has `capacity` rows and `inputs` columns; `w` has the rows of the kernel and, as its last, the bias; `out` holds just
/// the panels `first..last`, of `capacity` rows.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Views of one layer; a struct for one caller would hide them.
pub(in crate::train::engine) fn forward<V: Vector>(
    x: &[Lanes],
    capacity: usize,
    samples: usize,
    (inputs, units): (usize, usize),
    w: &[Lanes],
    (first, last): (usize, usize),
    relu: bool,
    out: &mut [Lanes],
) {
    if units == 1 && samples >= LANES && first < last {
        return V::alone(ForwardOfOne { x, capacity, samples, inputs, w, relu, out });
    }
    macro_rules! panels {
        ($n:literal, $p:expr) => {
            V::alone(Forward {
                x,
                capacity,
                samples,
                inputs,
                w: group::<$n>(w, inputs + 1, $p),
                relu,
                out: &mut out[($p - first) * capacity..],
            })
        };
    }
    in_groups!(first, last, [2, 1], panels);
}

/// `N` panels of [`forward`].
struct Forward<'a, const N: usize> {
    x: &'a [Lanes],
    capacity: usize,
    samples: usize,
    inputs: usize,
    w: [&'a [Lanes]; N],
    relu: bool,
    out: &'a mut [Lanes],
}

impl<const N: usize> Kernel for Forward<'_, N> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, capacity, samples, inputs, w, relu, out } = self;
        let mut row = 0;
        // One panel alone has too few sums in flight.
        while N == 1 && row + 8 <= samples {
            forward_tile::<V, 8, N>(x, capacity, row, inputs, w, relu, out);
            row += 8;
        }
        while row + 4 <= samples {
            forward_tile::<V, 4, N>(x, capacity, row, inputs, w, relu, out);
            row += 4;
        }
        while row < samples {
            forward_tile::<V, 1, N>(x, capacity, row, inputs, w, relu, out);
            row += 1;
        }
    }
}

/// As [`Forward`], for the only unit of a layer: eight samples at once, not eight units.
struct ForwardOfOne<'a> {
    x: &'a [Lanes],
    capacity: usize,
    /// At least [`LANES`].
    samples: usize,
    inputs: usize,
    w: &'a [Lanes],
    relu: bool,
    out: &'a mut [Lanes],
}

impl Kernel for ForwardOfOne<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, capacity, samples, inputs, w, relu, out } = self;
        let mut row = 0;
        while row + 4 * LANES <= samples {
            one_tile::<V, 4>(x, capacity, row, inputs, w, relu, out);
            row += 4 * LANES;
        }
        while row < samples {
            // The last eight may have been done in part.
            let first = row.min(samples - LANES);
            one_tile::<V, 1>(x, capacity, first, inputs, w, relu, out);
            row += LANES;
        }
    }
}

/// `M` times eight samples of [`ForwardOfOne`].
#[inline(always)]
fn one_tile<V: Vector, const M: usize>(
    x: &[Lanes],
    capacity: usize,
    row: usize,
    inputs: usize,
    w: &[Lanes],
    relu: bool,
    out: &mut [Lanes],
) {
    let mut sums = [V::splat(w[inputs].0[0]); M];
    for (p, w) in w[..inputs].chunks(LANES).enumerate() {
        for m in 0..M {
            let x: &[Lanes; LANES] = x[p * capacity + row + m * LANES..][..LANES].try_into().expect("eight samples");
            let x = V::turned(x);
            if let Ok(w) = <&[Lanes; LANES]>::try_from(w) {
                for c in 0..LANES {
                    sums[m] = sums[m].add_product(x[c], V::splat(w[c].0[0]));
                }
            } else {
                for (w, x) in w.iter().zip(x) {
                    sums[m] = sums[m].add_product(x, V::splat(w.0[0]));
                }
            }
        }
    }
    for m in 0..M {
        let mut sum = Lanes::ZERO;
        finished(sums[m], relu).store(&mut sum);
        for (out, sum) in out[row + m * LANES..][..LANES].iter_mut().zip(sum.0) {
            *out = Lanes::ZERO;
            out.0[0] = sum;
        }
    }
}

/// `M` samples by `N` panels of [`Forward`].
#[inline(always)]
fn forward_tile<V: Vector, const M: usize, const N: usize>(
    x: &[Lanes],
    capacity: usize,
    row: usize,
    inputs: usize,
    w: [&[Lanes]; N],
    relu: bool,
    out: &mut [Lanes],
) {
    let mut sums: [[V; N]; M] = from_fn(|_| from_fn(|n| V::load(&w[n][inputs])));
    for p in 0..inputs / LANES {
        let x: &[Lanes; M] = x[p * capacity + row..p * capacity + row + M].try_into().expect("M rows");
        let w: [&[Lanes; LANES]; N] = from_fn(|n| w[n][p * LANES..(p + 1) * LANES].try_into().expect("8 rows"));
        for c in 0..LANES {
            let w: [V; N] = from_fn(|n| V::load(&w[n][c]));
            for m in 0..M {
                let x = V::splat(x[m].0[c]);
                for n in 0..N {
                    sums[m][n] = sums[m][n].add_product(x, w[n]);
                }
            }
        }
    }
    for i in inputs / LANES * LANES..inputs {
        for m in 0..M {
            let x = V::splat(x[i / LANES * capacity + row + m].0[i % LANES]);
            for n in 0..N {
                sums[m][n] = sums[m][n].add_product(x, V::load(&w[n][i]));
            }
        }
    }
    for m in 0..M {
        for n in 0..N {
            finished(sums[m][n], relu).store(&mut out[n * capacity + row + m]);
        }
    }
}

/// A sum as it leaves a layer.
#[inline(always)]
fn finished<V: Vector>(sum: V, relu: bool) -> V {
    if relu { sum.rectified() } else { sum }
}

/// As [`forward`], from the nonzero elements of `x`.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Views of one layer; a struct for one caller would hide them.
pub(in crate::train::engine) fn forward_nonzeros<V: Vector>(
    x: &Nonzeros<'_>,
    samples: usize,
    capacity: usize,
    inputs: usize,
    w: &[Lanes],
    (first, last): (usize, usize),
    relu: bool,
    out: &mut [Lanes],
) {
    macro_rules! panels {
        ($n:literal, $p:expr) => {
            V::alone(SparseForward {
                x: *x,
                samples,
                capacity,
                inputs,
                w: group::<$n>(w, inputs + 1, $p),
                relu,
                out: &mut out[($p - first) * capacity..],
            })
        };
    }
    in_groups!(first, last, [8, 4, 2, 1], panels);
}

/// `N` panels of [`forward_nonzeros`].
struct SparseForward<'a, const N: usize> {
    x: Nonzeros<'a>,
    samples: usize,
    capacity: usize,
    inputs: usize,
    w: [&'a [Lanes]; N],
    relu: bool,
    out: &'a mut [Lanes],
}

impl<const N: usize> Kernel for SparseForward<'_, N> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, samples, capacity, inputs, w, relu, out } = self;
        // Of one length: one check of an index is enough for all.
        let w = w.map(|w| &w[..=inputs]);
        for row in 0..samples {
            let mut sums: [V; N] = from_fn(|n| V::load(&w[n][inputs]));
            for segment in x.row(row) {
                for entry in segment {
                    let x = V::splat(entry.value);
                    for n in 0..N {
                        sums[n] = sums[n].add_product(x, V::load(&w[n][entry.index as usize]));
                    }
                }
            }
            for n in 0..N {
                finished(sums[n], relu).store(&mut out[n * capacity + row]);
            }
        }
    }
}
