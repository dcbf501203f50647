//! The products of a training step, over panels.
//!
//! Every element of every result is one chain of multiply-adds in the order of its index, however the work is cut into tiles
//! and threads, and whether zeros are skipped or not: that is why the bits never depend on the number of threads. (The one
//! exception, [`gradient_before`], adds eight chains in a fixed order.)

use super::lanes::{LANES, Lanes};
use super::nonzeros::Nonzeros;
use super::shaping::{self, Shaping};
use super::vector::Vector;
use crate::train::optimizer::Update;
use std::array::from_fn;

/// The panels `first..first + N` of a matrix of `rows` rows.
#[inline(always)]
fn group<const N: usize>(matrix: &[Lanes], rows: usize, first: usize) -> [&[Lanes]; N] {
    from_fn(|n| &matrix[(first + n) * rows..(first + n) * rows + rows])
}

/// Runs `$body!(N, p)` for groups of `N` panels from `$first` to `$last`, with the constants `N` as large as they fit.
macro_rules! in_groups {
    ($first:expr, $last:expr, [$($n:literal),+], $body:ident) => {{
        let mut p = $first;
        $(while $last - p >= $n {
            $body!($n, p);
            p += $n;
        })+
    }};
}

/// `out = x · w + bias` for panels `first..last` of `w` and all of `samples`, with a ReLU of it where `relu` is set.
///
/// `x` has `capacity` rows and `inputs` columns; `w` has the rows of the kernel and, as its last, the bias; `out` holds just
/// the panels `first..last`, of `capacity` rows.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // As `update`.
pub(super) fn forward<V: Vector>(
    x: &[Lanes],
    capacity: usize,
    samples: usize,
    inputs: usize,
    w: &[Lanes],
    (first, last): (usize, usize),
    relu: bool,
    out: &mut [Lanes],
) {
    macro_rules! panels {
        ($n:literal, $p:expr) => {{
            let w = group::<$n>(w, inputs + 1, $p);
            let out = &mut out[($p - first) * capacity..];
            let mut row = 0;
            while row + 4 <= samples {
                forward_tile::<V, 4, $n>(x, capacity, row, inputs, w, relu, out);
                row += 4;
            }
            while row < samples {
                forward_tile::<V, 1, $n>(x, capacity, row, inputs, w, relu, out);
                row += 1;
            }
        }};
    }
    in_groups!(first, last, [3, 2, 1], panels);
}

/// `M` samples by `N` panels of [`forward`].
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
#[allow(clippy::too_many_arguments)] // As `update`.
pub(super) fn forward_nonzeros<V: Vector>(
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
        ($n:literal, $p:expr) => {{
            let w = group::<$n>(w, inputs + 1, $p);
            let out = &mut out[($p - first) * capacity..];
            for row in 0..samples {
                let mut sums: [V; $n] = from_fn(|n| V::load(&w[n][inputs]));
                for segment in x.row(row) {
                    for entry in segment {
                        let x = V::splat(entry.value);
                        for n in 0..$n {
                            sums[n] = sums[n].add_product(x, V::load(&w[n][entry.index as usize]));
                        }
                    }
                }
                for n in 0..$n {
                    finished(sums[n], relu).store(&mut out[n * capacity + row]);
                }
            }
        }};
    }
    in_groups!(first, last, [8, 4, 2, 1], panels);
}

/// How many rows of a gradient are made before the optimizer takes them, while they are in the nearest cache.
pub(super) const BLOCK: usize = 32;

/// Rows `start..start + BLOCK` (as far as there are) of the gradient of a layer's parameters, for `N` panels: `x`ᵀ · `delta`,
/// and as row `inputs` the bias's, the sum of `delta` over the samples. `start` is a multiple of [`LANES`].
#[inline(always)]
pub(super) fn gradient<V: Vector, const N: usize>(
    x: &[Lanes],
    capacity: usize,
    samples: usize,
    inputs: usize,
    delta: [&[Lanes]; N],
    start: usize,
    out: &mut [[Lanes; BLOCK]; N],
) {
    let delta: [&[Lanes]; N] = from_fn(|n| &delta[n][..samples]);
    let end = inputs.min(start + BLOCK);
    let mut row = start;
    while row < end {
        let x = &x[row / LANES * capacity..][..samples];
        if row + 4 <= end {
            gradient_tile::<V, 4, N>(x, row % LANES, delta, row - start, out);
            row += 4;
        } else {
            gradient_tile::<V, 1, N>(x, row % LANES, delta, row - start, out);
            row += 1;
        }
    }
    bias_gradient::<V, N>(inputs, delta, start, out);
}

/// `M` rows by `N` panels of [`gradient`], from lanes `lane..lane + M` of a panel of `x`.
#[inline(always)]
fn gradient_tile<V: Vector, const M: usize, const N: usize>(
    x: &[Lanes],
    lane: usize,
    delta: [&[Lanes]; N],
    at: usize,
    out: &mut [[Lanes; BLOCK]; N],
) {
    let mut sums = [[V::splat(0.0); N]; M];
    for b in 0..x.len() {
        let x: &[f32; M] = x[b].0[lane..lane + M].try_into().expect("M lanes");
        let delta: [V; N] = from_fn(|n| V::load(&delta[n][b]));
        for m in 0..M {
            let x = V::splat(x[m]);
            for n in 0..N {
                sums[m][n] = sums[m][n].add_product(x, delta[n]);
            }
        }
    }
    for n in 0..N {
        for m in 0..M {
            sums[m][n].store(&mut out[n][at + m]);
        }
    }
}

/// As [`gradient`], from the nonzero elements of `x`.
#[inline(always)]
pub(super) fn gradient_nonzeros<V: Vector, const N: usize>(
    x: &Nonzeros<'_>,
    samples: usize,
    inputs: usize,
    delta: [&[Lanes]; N],
    start: usize,
    out: &mut [[Lanes; BLOCK]; N],
) {
    let delta: [&[Lanes]; N] = from_fn(|n| &delta[n][..samples]);
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

/// The bias's row of [`gradient`], where it is among the rows from `start` on.
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

/// The loss's gradient with respect to a layer's inputs, `delta · w`ᵀ, for panels `first..last` of the inputs.
///
/// `delta` has `capacity` rows and the panels of `w`; `out` holds just the panels `first..last`. Here the chains run over the
/// layer's units, eight at a time.
#[inline(always)]
pub(super) fn gradient_before<V: Vector>(
    delta: &[Lanes],
    capacity: usize,
    samples: usize,
    inputs: usize,
    w: &[Lanes],
    (first, last): (usize, usize),
    out: &mut [Lanes],
) {
    let panels = w.len() / (inputs + 1);
    if panels <= FEW {
        return before_few::<V>(delta, capacity, samples, inputs, w, (first, last), out);
    }
    for p in first..last {
        let out = &mut out[(p - first) * capacity..][..samples];
        let rows = inputs.min((p + 1) * LANES) - p * LANES;
        let mut k = 0;
        while k < rows {
            let step = if k + 4 <= rows { 4 } else { 1 };
            let mut b = 0;
            while b < samples {
                let w = &w[p * LANES + k..];
                if step == 4 && b + 3 <= samples {
                    before_tile::<V, 3, 4>(&delta[b..], capacity, panels, w, inputs + 1, &mut out[b..], k);
                    b += 3;
                } else if step == 4 {
                    before_tile::<V, 1, 4>(&delta[b..], capacity, panels, w, inputs + 1, &mut out[b..], k);
                    b += 1;
                } else {
                    before_tile::<V, 1, 1>(&delta[b..], capacity, panels, w, inputs + 1, &mut out[b..], k);
                    b += 1;
                }
            }
            k += step;
        }
        for out in out {
            out.0[rows..].fill(0.0);
        }
    }
}

/// The way back through a ReLU: `delta` stays where the output `y` is positive.
#[inline(always)]
pub(super) fn before_relu<V: Vector>(y: &[Lanes], delta: &mut [Lanes]) {
    for (y, delta) in y.iter().zip(delta) {
        V::load(delta).where_positive(V::load(y)).store(delta);
    }
}

/// With so few panels of units, the sums over eight chains would cost more than the products.
const FEW: usize = 4;

/// As [`gradient_before`], for few units: the weights of eight inputs are turned first, so that the chains run over the units
/// one by one.
#[inline(always)]
fn before_few<V: Vector>(
    delta: &[Lanes],
    capacity: usize,
    samples: usize,
    inputs: usize,
    w: &[Lanes],
    (first, last): (usize, usize),
    out: &mut [Lanes],
) {
    let rows = inputs + 1;
    let panels = w.len() / rows;
    let mut turned = [Lanes::ZERO; FEW * LANES];
    for p in first..last {
        for (unit, turned) in turned[..panels * LANES].iter_mut().enumerate() {
            let column = &w[unit / LANES * rows..][..inputs];
            turned.0 = from_fn(|k| column.get(p * LANES + k).map_or(0.0, |lanes| lanes.0[unit % LANES]));
        }
        let out = &mut out[(p - first) * capacity..][..samples];
        let mut b = 0;
        while b + 4 <= samples {
            few_tile::<V, 4>(&delta[b..], capacity, &turned[..panels * LANES], &mut out[b..]);
            b += 4;
        }
        while b < samples {
            few_tile::<V, 1>(&delta[b..], capacity, &turned[..panels * LANES], &mut out[b..]);
            b += 1;
        }
    }
}

/// `M` samples of [`before_few`].
#[inline(always)]
fn few_tile<V: Vector, const M: usize>(delta: &[Lanes], capacity: usize, turned: &[Lanes], out: &mut [Lanes]) {
    let mut sums = [V::splat(0.0); M];
    for (unit, turned) in turned.iter().enumerate() {
        let delta = &delta[unit / LANES * capacity..][..M];
        let turned = V::load(turned);
        for m in 0..M {
            sums[m] = sums[m].add_product(V::splat(delta[m].0[unit % LANES]), turned);
        }
    }
    for m in 0..M {
        sums[m].store(&mut out[m]);
    }
}

/// `M` samples by `K` inputs of [`gradient_before`].
#[inline(always)]
fn before_tile<V: Vector, const M: usize, const K: usize>(
    delta: &[Lanes],
    capacity: usize,
    panels: usize,
    w: &[Lanes],
    rows: usize,
    out: &mut [Lanes],
    lane: usize,
) {
    let mut sums = [[V::splat(0.0); K]; M];
    for p in 0..panels {
        let delta: &[Lanes; M] = delta[p * capacity..p * capacity + M].try_into().expect("M rows");
        let w: &[Lanes; K] = w[p * rows..p * rows + K].try_into().expect("K rows");
        let w: [V; K] = from_fn(|k| V::load(&w[k]));
        for m in 0..M {
            let delta = V::load(&delta[m]);
            for k in 0..K {
                sums[m][k] = sums[m][k].add_product(delta, w[k]);
            }
        }
    }
    for m in 0..M {
        for k in 0..K {
            out[m].0[lane + k] = sums[m][k].sum();
        }
    }
}

/// Makes the gradient of the panels that `w` and its moments (`[w, m, v]`) hold, block by block, and updates each block while
/// it is near: the gradient as a whole never exists in memory. With `squares`, one number per panel, nothing is updated, and
/// the gradient's sums of squares are added there.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Views of one layer; a struct for one caller would hide them.
pub(super) fn update<V: Vector>(
    x: &[Lanes],
    nonzeros: Option<&Nonzeros<'_>>,
    capacity: usize,
    samples: usize,
    inputs: usize,
    delta: &[Lanes],
    [w, m, v]: [&mut [Lanes]; 3],
    shaping: &Shaping,
    update: &Update,
    mut squares: Option<&mut [f64]>,
) {
    let rows = inputs + 1;
    let shaped = !shaping.is_none();
    macro_rules! panels {
        ($n:literal, $p:expr) => {{
            let delta = group::<$n>(delta, capacity, $p);
            let mut block = [[Lanes::ZERO; BLOCK]; $n];
            for start in (0..rows).step_by(BLOCK) {
                match nonzeros {
                    Some(x) => gradient_nonzeros::<V, $n>(x, samples, inputs, delta, start, &mut block),
                    None => gradient::<V, $n>(x, capacity, samples, inputs, delta, start, &mut block),
                }
                let length = BLOCK.min(rows - start);
                for n in 0..$n {
                    let range = ($p + n) * rows + start..($p + n) * rows + start + length;
                    if shaped {
                        shaping.apply(start, inputs, &w[range.clone()], &mut block[n][..length]);
                    }
                    if let Some(squares) = &mut squares {
                        squares[$p + n] += shaping::squares(&block[n][..length]);
                        continue;
                    }
                    update.apply::<V>(&mut w[range.clone()], &block[n][..length], &mut m[range.clone()], &mut v[range]);
                }
            }
        }};
    }
    let count = w.len() / rows;
    if nonzeros.is_some() {
        in_groups!(0, count, [8, 4, 2, 1], panels);
    } else {
        in_groups!(0, count, [3, 2, 1], panels);
    }
}
