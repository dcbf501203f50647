//! Inverted dropout. Which outputs are dropped is a function of the seed, the step and the place alone, so that it depends
//! neither on the number of threads nor on where a training was interrupted.

use super::lanes::{LANES, Lanes};

/// A signal's dropout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Dropout {
    /// Out of 65,536 numbers, so many drop an output.
    threshold: u16,
    /// What the others are multiplied by, so that the mean stays.
    scale: f32,
}

impl Dropout {
    /// With this share of zeros; `None` where that is none.
    pub(super) fn new(rate: f32) -> Option<Self> {
        let threshold = (rate * 65_536.0).round().clamp(0.0, 65_535.0) as u16;
        (threshold > 0).then(|| Self { threshold, scale: 65_536.0 / (65_536.0 - f32::from(threshold)) })
    }

    /// Multiplies the rows of one panel by the mask: 0 or the scale.
    pub(super) fn apply(self, key: u64, panel: usize, rows: &mut [Lanes]) {
        for (row, lanes) in rows.iter_mut().enumerate() {
            let place = ((panel as u64) << 32 | row as u64) << 1;
            for half in 0..2 {
                let bits = mix(key.wrapping_add(place | half as u64));
                for (lane, x) in lanes.0[half * LANES / 2..(half + 1) * LANES / 2].iter_mut().enumerate() {
                    *x = if (bits >> (16 * lane)) as u16 >= self.threshold { *x * self.scale } else { 0.0 };
                }
            }
        }
    }
}

/// The key of a signal's mask in a step.
pub(super) fn key(seed: u64, step: u64, signal: usize) -> u64 {
    mix(mix(mix(seed).wrapping_add(step)).wrapping_add(signal as u64))
}

/// Scatters a counter over all bits (SplitMix64: Steele, Lea and Flood 2014).
fn mix(counter: u64) -> u64 {
    let mut z = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Dropout, key};
    use crate::train::engine::lanes::{Lanes, flat};

    #[test]
    fn the_share_of_zeros_is_the_rate_and_the_mean_stays() {
        for rate in [0.1, 0.5, 0.8] {
            let mut rows = vec![Lanes([1.0; 8]); 20_000];
            Dropout::new(rate).unwrap().apply(key(1, 2, 3), 4, &mut rows);
            let count = (rows.len() * 8) as f32;
            let zeros = flat(&rows).iter().filter(|&&x| x == 0.0).count() as f32 / count;
            let mean = flat(&rows).iter().sum::<f32>() / count;
            // Four standard deviations of a share, and of the mean.
            let deviation = (rate * (1.0 - rate) / count).sqrt();
            assert!((zeros - rate).abs() < 4.0 * deviation, "{rate}: {zeros}");
            assert!((mean - 1.0).abs() < 4.0 * deviation / (1.0 - rate), "{rate}: {mean}");
        }
        assert_eq!(Dropout::new(0.0), None);
    }

    #[test]
    fn neighbors_in_every_direction_are_independent() {
        let mask = |seed, step, signal, panel| {
            let mut rows = vec![Lanes([1.0; 8]); 4_000];
            Dropout::new(0.5).unwrap().apply(key(seed, step, signal), panel, &mut rows);
            flat(&rows).iter().map(|&x| x - 1.0).collect::<Vec<_>>()
        };
        let first = mask(1, 1, 1, 1);
        let correlation = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>() / a.len() as f32;
        let limit = 4.0 / (first.len() as f32).sqrt();
        for other in [mask(2, 1, 1, 1), mask(1, 2, 1, 1), mask(1, 1, 2, 1), mask(1, 1, 1, 2)] {
            assert!(correlation(&first, &other).abs() < limit);
        }
        for shift in [1, 4, 8, 64] {
            assert!(correlation(&first[shift..], &first).abs() < limit, "{shift}");
        }
    }
}
