//! The inputs of a layer without the zeros that lie together.
//!
//! A list of what is to be multiplied would take memory. But the zeros themselves are memory that nothing reads: the first word of
//! each gap tells how long it is, and how long the run of inputs after it. Where there is no gap worth it, there is one run, and
//! nothing is lost.

use core::ops::Range;

/// The pairs of 32 inputs, after which FORMAT.md adds up the sums of 2-bit weights: they are skipped together.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
pub(super) const BLOCK: usize = 16;

/// Words of inputs, in units that are skipped as a whole.
#[derive(Clone, Copy)]
pub(super) struct Runs<'a> {
    words: &'a [u32],
    /// The words of a unit; the first unit may have fewer.
    unit: usize,
    /// The units of the first run.
    first: usize,
}

impl<'a> Runs<'a> {
    /// Finds the gaps of at least `least` units of zero words, and marks them.
    pub(super) fn new(words: &'a mut [u32], unit: usize, least: usize) -> Self {
        let units = words.len().div_ceil(unit.max(1));
        // Numbers of units take 16 bits.
        if units > 0xffff {
            return Self { words, unit, first: units };
        }
        let mut runs = Self { words: &[], unit, first: units };
        // From the last unit to the first: what follows a gap is known when the gap is.
        let (mut gap, mut run) = (0, 0);
        let mut follows = 0;
        for index in (0..=units).rev() {
            let zero = index != 0 && words.get(places(words.len(), unit, index - 1..index)).is_some_and(is_zero);
            if zero {
                if gap == 0 {
                    follows = run;
                }
                gap += 1;
                continue;
            }
            if gap >= least {
                if let Some(first) = words.get_mut(places(words.len(), unit, index..index + 1).start) {
                    *first = (gap << 16 | follows) as u32;
                }
                run = 0;
            } else {
                run += gap;
            }
            gap = 0;
            run += 1;
        }
        // The step before the first unit counted as one.
        runs.first = run - 1;
        runs.words = words;
        runs
    }

    /// Calls `each` with the words of every run, and where they stand among all.
    #[inline]
    pub(super) fn each(&self, mut each: impl FnMut(&'a [u32], usize)) {
        let units = self.words.len().div_ceil(self.unit.max(1));
        let (mut at, mut run) = (0, self.first);
        loop {
            let place = places(self.words.len(), self.unit, at..at + run);
            let start = place.start;
            if let Some(words) = self.words.get(place).filter(|words| !words.is_empty()) {
                each(words, start);
            }
            at += run;
            if at >= units {
                return;
            }
            let Some(&mark) = self.words.get(places(self.words.len(), self.unit, at..at).start) else { return };
            at += (mark >> 16) as usize;
            run = (mark & 0xffff) as usize;
        }
    }
}

/// Where units stand among `len` words.
#[inline]
fn places(len: usize, unit: usize, units: Range<usize>) -> Range<usize> {
    let missing = len.next_multiple_of(unit.max(1)) - len;
    let place = |index: usize| (index * unit).saturating_sub(missing);
    place(units.start)..place(units.end)
}

fn is_zero(words: &[u32]) -> bool {
    words.iter().all(|&word| word == 0)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::Runs;
    use std::{vec, vec::Vec};

    /// All words that are not zero are in a run, at their place, and no gap of the least length is.
    #[test]
    fn runs_hold_all_but_the_gaps() {
        let mut random = 1u32;
        for round in 0..3000 {
            let (unit, least) = [(1, 1), (2, 3), (16, 1), (4, 2)][round % 4];
            let length = round % 97;
            let mut words: Vec<u32> = vec![0; length];
            let mut zero = false;
            for word in &mut words {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                zero ^= random >> 24 < if round % 3 == 0 { 128 } else { 20 };
                *word = if zero { 0 } else { random >> 8 | 1 };
            }
            let mut marked = words.clone();
            let mut seen = vec![false; length];
            Runs::new(&mut marked, unit, least).each(|run, start| {
                assert_eq!(run, &words[start..start + run.len()]);
                assert_eq!((length - start - run.len()) % unit, 0, "runs end with a unit");
                seen[start..start + run.len()].fill(true);
            });
            assert!(words.iter().zip(&seen).all(|(&word, &seen)| seen || word == 0), "{words:x?} {seen:?}");
            let left: Vec<bool> = words.rchunks(unit).map(|unit| unit.iter().all(|&word| word == 0)).collect();
            let skipped: usize = left.split(|zero| !zero).map(<[bool]>::len).filter(|&gap| gap >= least).sum();
            let units = seen.rchunks(unit).filter(|unit| !unit[0]).count();
            assert_eq!(units, skipped, "{words:x?}");
        }
    }
}
