//! The products of a training step, over panels.
//!
//! Every element of every result is one chain of multiply-adds in the order of its index, however the work is cut into tiles
//! and threads, and whether zeros are skipped or not: that is why the bits never depend on the number of threads. (The one
//! exception, [`gradient_before`], adds eight chains in a fixed order.)

mod before;
mod forward;
mod gradient;

pub(super) use before::{before_relu, gradient_before};
pub(super) use forward::{forward, forward_nonzeros};

use self::gradient::{BLOCK, Gradient, GradientOfOne, SparseGradient};
use super::lanes::Lanes;
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
use in_groups;

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
    (inputs, units): (usize, usize),
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
            let delta = group::<$n>(delta, capacity, $p).map(|delta| &delta[..samples]);
            let mut block = [[Lanes::ZERO; BLOCK]; $n];
            for start in (0..rows).step_by(BLOCK) {
                let out = &mut block;
                match nonzeros {
                    None if units == 1 => {
                        let (delta, out) = (delta[0], &mut out[0]);
                        V::alone(GradientOfOne { x, capacity, inputs, delta, start, out });
                    }
                    Some(&x) => V::alone(SparseGradient { x, inputs, delta, start, out }),
                    None => V::alone(Gradient { x, capacity, inputs, delta, start, out }),
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
        in_groups!(0, count, [2, 1], panels);
    }
}
