//! The optimizer's pass over a block of parameters.

use super::lanes::Lanes;
use super::vector::Vector;
use crate::train::optimizer::Update;

/// Below this a moment counts as 0, the second one below its square. It changes no weight (such a step is far below the
/// weight's rounding), and sooner or later it would be a denormal number, on which processors are slow.
const TINY: f32 = 1e-18;

impl Update {
    /// Changes the parameters `w` and their moments `m`, `v` by the gradients `g`; all of one length.
    #[inline(always)]
    pub(super) fn apply<V: Vector>(&self, w: &mut [Lanes], g: &[Lanes], m: &mut [Lanes], v: &mut [Lanes]) {
        let tiny = V::splat(TINY);
        match *self {
            Self::Momentum { rate, momentum, nesterov } => {
                let (minus_rate, momentum) = (V::splat(-rate), V::splat(momentum));
                for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                    let g = V::load(g);
                    let kept = g.add_product(momentum, V::load(m)).quiet(tiny);
                    let step = if nesterov { g.add_product(momentum, kept) } else { kept };
                    kept.store(m);
                    V::load(w).add_product(minus_rate, step).store(w);
                }
            }
            Self::Normalized { rate, decay, fresh, start, momentum, epsilon } => {
                let [minus_rate, decay, fresh, start, momentum, epsilon] =
                    [-rate, decay, fresh, start, momentum, epsilon].map(V::splat);
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    let g = V::load(g);
                    let square = fresh.mul(g).mul(g).add_product(decay, V::load(v)).quiet(V::splat(TINY * TINY));
                    square.store(v);
                    let step =
                        g.div(square.add(start).sqrt().add(epsilon)).add_product(momentum, V::load(m)).quiet(tiny);
                    step.store(m);
                    V::load(w).add_product(minus_rate, step).store(w);
                }
            }
            Self::Adaptive { rate, keep, beta_1, beta_2, root, epsilon } => {
                let (fresh_1, fresh_2) = (V::splat(1.0 - beta_1), V::splat(1.0 - beta_2));
                let [minus_rate, keep, beta_1, beta_2, root, epsilon] =
                    [-rate, keep, beta_1, beta_2, root, epsilon].map(V::splat);
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    let g = V::load(g);
                    let first = fresh_1.mul(g).add_product(beta_1, V::load(m)).quiet(tiny);
                    let second = fresh_2.mul(g).mul(g).add_product(beta_2, V::load(v)).quiet(V::splat(TINY * TINY));
                    first.store(m);
                    second.store(v);
                    let step = minus_rate.mul(first).div(epsilon.add_product(root, second.sqrt()));
                    step.add_product(keep, V::load(w)).store(w);
                }
            }
            Self::Ahead { gradient, mean, beta_1, beta_2, root, epsilon } => {
                let (fresh_1, fresh_2) = (V::splat(1.0 - beta_1), V::splat(1.0 - beta_2));
                let [gradient, mean, beta_1, beta_2, root, epsilon] =
                    [-gradient, -mean, beta_1, beta_2, root, epsilon].map(V::splat);
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    let g = V::load(g);
                    let first = fresh_1.mul(g).add_product(beta_1, V::load(m)).quiet(tiny);
                    let second = fresh_2.mul(g).mul(g).add_product(beta_2, V::load(v)).quiet(V::splat(TINY * TINY));
                    first.store(m);
                    second.store(v);
                    let step = gradient.mul(g).add_product(mean, first).div(epsilon.add_product(root, second.sqrt()));
                    step.add(V::load(w)).store(w);
                }
            }
            Self::Sign { rate, keep, beta_1, beta_2 } => {
                let (fresh_1, fresh_2) = (V::splat(1.0 - beta_1), V::splat(1.0 - beta_2));
                let [minus_rate, keep, beta_1, beta_2] = [-rate, keep, beta_1, beta_2].map(V::splat);
                for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                    let (g, mean) = (V::load(g), V::load(m));
                    let sign = fresh_1.mul(g).add_product(beta_1, mean).sign();
                    fresh_2.mul(g).add_product(beta_2, mean).quiet(tiny).store(m);
                    minus_rate.mul(sign).add_product(keep, V::load(w)).store(w);
                }
            }
        }
    }
}
