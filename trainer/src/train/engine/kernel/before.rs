//! The gradient for the layer before.

use crate::train::engine::lanes::{LANES, Lanes};
use crate::train::engine::vector::{Kernel, Vector};
use std::array::from_fn;

/// The loss's gradient with respect to a layer's inputs, `delta · w`ᵀ, for panels `first..last` of the inputs.
///
/// `delta` has `capacity` rows and the panels of `w`; `out` holds just the panels `first..last`. Here the chains run over the
/// layer's units, eight at a time.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Views of one layer; a struct for one caller would hide them.
pub(in crate::train::engine) fn gradient_before<V: Vector>(
    delta: &[Lanes],
    capacity: usize,
    samples: usize,
    (inputs, units): (usize, usize),
    w: &[Lanes],
    (first, last): (usize, usize),
    y: Option<&[Lanes]>,
    out: &mut [Lanes],
) {
    let panels = w.len() / (inputs + 1);
    if panels <= FEW {
        return before_few::<V>(delta, capacity, samples, (inputs, units), w, (first, last), y, out);
    }
    for p in first..last {
        let own = (p - first) * capacity..(p - first) * capacity + samples;
        let (y, out) = (y.map(|y| &y[own.clone()]), &mut out[own]);
        V::alone(Before { delta, capacity, panels, inputs, w, p, y, out });
    }
}

/// Panel `p` of [`gradient_before`], with a row of `out` for each sample.
struct Before<'a> {
    delta: &'a [Lanes],
    capacity: usize,
    panels: usize,
    inputs: usize,
    w: &'a [Lanes],
    p: usize,
    y: Option<&'a [Lanes]>,
    out: &'a mut [Lanes],
}

impl Kernel for Before<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { delta, capacity, panels, inputs, w, p, y, out } = self;
        let samples = out.len();
        let rows = inputs.min((p + 1) * LANES) - p * LANES;
        let mut k = 0;
        while k < rows {
            let step = if k + 4 <= rows { 4 } else { 1 };
            let mut b = 0;
            while b < samples {
                let w = &w[p * LANES + k..];
                if step == 4 && b + 2 <= samples {
                    before_tile::<V, 2, 4>(&delta[b..], capacity, panels, w, inputs + 1, &mut out[b..], k);
                    b += 2;
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
        for out in &mut *out {
            out.0[rows..].fill(0.0);
        }
        if let Some(y) = y {
            before_relu::<V>(y, out);
        }
    }
}

/// The way back through a ReLU: `delta` stays where the output `y` is positive.
#[inline(always)]
pub(in crate::train::engine) fn before_relu<V: Vector>(y: &[Lanes], delta: &mut [Lanes]) {
    for (y, delta) in y.iter().zip(delta) {
        V::load(delta).where_positive(V::load(y)).store(delta);
    }
}

/// With so few panels of units, the sums over eight chains would cost more than the products.
const FEW: usize = 4;

/// As [`gradient_before`], for few units: the weights of eight inputs are turned first, so that the chains run over the units
/// one by one.
#[inline(always)]
#[allow(clippy::too_many_arguments)] // Views of one layer; a struct for one caller would hide them.
fn before_few<V: Vector>(
    delta: &[Lanes],
    capacity: usize,
    samples: usize,
    (inputs, units): (usize, usize),
    w: &[Lanes],
    (first, last): (usize, usize),
    y: Option<&[Lanes]>,
    out: &mut [Lanes],
) {
    let rows = inputs + 1;
    let mut turned = [Lanes::ZERO; FEW * LANES];
    for p in first..last {
        for (unit, turned) in turned[..units].iter_mut().enumerate() {
            let column = &w[unit / LANES * rows..][..inputs];
            turned.0 = from_fn(|k| column.get(p * LANES + k).map_or(0.0, |lanes| lanes.0[unit % LANES]));
        }
        let own = (p - first) * capacity..(p - first) * capacity + samples;
        let (y, out) = (y.map(|y| &y[own.clone()]), &mut out[own]);
        V::alone(BeforeFew { delta, capacity, turned: &turned[..units], y, out });
    }
}

/// A panel of [`before_few`], with a row of `out` for each sample.
struct BeforeFew<'a> {
    delta: &'a [Lanes],
    capacity: usize,
    turned: &'a [Lanes],
    y: Option<&'a [Lanes]>,
    out: &'a mut [Lanes],
}

impl Kernel for BeforeFew<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { delta, capacity, turned, y, out } = self;
        let mut b = 0;
        while b + 8 <= out.len() {
            few_tile::<V, 8>(&delta[b..], capacity, turned, y.map(|y| &y[b..]), &mut out[b..]);
            b += 8;
        }
        while b < out.len() {
            few_tile::<V, 1>(&delta[b..], capacity, turned, y.map(|y| &y[b..]), &mut out[b..]);
            b += 1;
        }
    }
}

/// `M` samples of [`BeforeFew`].
#[inline(always)]
fn few_tile<V: Vector, const M: usize>(
    delta: &[Lanes],
    capacity: usize,
    turned: &[Lanes],
    y: Option<&[Lanes]>,
    out: &mut [Lanes],
) {
    let mut sums = [V::splat(0.0); M];
    for (unit, turned) in turned.iter().enumerate() {
        let delta = &delta[unit / LANES * capacity..][..M];
        let turned = V::load(turned);
        for m in 0..M {
            sums[m] = sums[m].add_product(V::splat(delta[m].0[unit % LANES]), turned);
        }
    }
    if let Some(y) = y {
        for m in 0..M {
            sums[m] = sums[m].where_positive(V::load(&y[m]));
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
