//! The inputs of a layer without the zeros that lie together.
//!
//! A list of what is to be multiplied would take memory. But the zeros themselves are memory that nothing reads: the first word of
//! each gap tells how long it is, and how long the run of inputs after it. Where there is no gap worth it, there is one run, and
//! nothing is lost.

use super::chunks::filled;
use core::ops::Range;

/// The pairs of 32 inputs, after which FORMAT.md adds up the sums of 2-bit weights: they are skipped together.
#[cfg(any(thumbnet_dsp, thumbnet_scalar))]
pub(super) const BLOCK: usize = 16;

/// Words of inputs, in units of `UNIT` (a power of two) that are skipped as a whole; the first unit may have fewer.
#[derive(Clone, Copy)]
pub(super) struct Runs<'a, const UNIT: usize> {
    words: &'a [u32],
    /// The units of the first run.
    first: usize,
}

impl<'a, const UNIT: usize> Runs<'a, UNIT> {
    /// Finds the gaps of at least `least` units of zero words, and marks them.
    pub(super) fn new(words: &'a mut [u32], least: usize) -> Self {
        let units = filled(words.len(), UNIT) / UNIT;
        // Numbers of units take 16 bits.
        if units > 0xffff {
            return Self { words, first: units };
        }
        let mut runs = Self { words: &[], first: units };
        // From the last unit to the first: what follows a gap is known when the gap is.
        let (mut gap, mut run) = (0, 0);
        let mut follows = 0;
        for index in (0..=units).rev() {
            let zero = index != 0 && words.get(Self::places(words.len(), index - 1..index)).is_some_and(is_zero);
            if zero {
                if gap == 0 {
                    follows = run;
                }
                gap += 1;
                continue;
            }
            if gap >= least {
                if let Some(first) = words.get_mut(Self::places(words.len(), index..index + 1).start) {
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

    /// Where units stand among `len` words.
    #[inline]
    fn places(len: usize, units: Range<usize>) -> Range<usize> {
        let missing = filled(len, UNIT) - len;
        let place = |index: usize| (index * UNIT).saturating_sub(missing);
        place(units.start)..place(units.end)
    }

    /// Calls `each` with the words of every run, and where they stand among all.
    #[inline]
    pub(super) fn each(&self, mut each: impl FnMut(&'a [u32], usize)) {
        let units = filled(self.words.len(), UNIT) / UNIT;
        if self.first == units {
            return each(self.words, 0);
        }
        let (mut at, mut run) = (0, self.first);
        loop {
            let place = Self::places(self.words.len(), at..at + run);
            let start = place.start;
            if let Some(words) = self.words.get(place).filter(|words| !words.is_empty()) {
                each(words, start);
            }
            at += run;
            if at >= units {
                return;
            }
            let Some(&mark) = self.words.get(Self::places(self.words.len(), at..at).start) else { return };
            at += (mark >> 16) as usize;
            run = (mark & 0xffff) as usize;
        }
    }
}

fn is_zero(words: &[u32]) -> bool {
    words.iter().all(|&word| word == 0)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::Runs;
    use std::{vec, vec::Vec};

    /// Words among which zeros lie together.
    fn words(length: usize, random: &mut u32) -> Vec<u32> {
        let often = if length.is_multiple_of(3) { 128 } else { 20 };
        let mut zero = false;
        let mut next = || {
            *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            zero ^= *random >> 24 < often;
            if zero { 0 } else { *random >> 8 | 1 }
        };
        (0..length).map(|_| next()).collect()
    }

    /// All words that are not zero are in a run, at their place, and no gap of the least length is.
    fn check<const UNIT: usize>(least: usize, random: &mut u32) {
        for length in 0..400 {
            let words = words(length, random);
            let (mut marked, mut seen) = (words.clone(), vec![false; length]);
            Runs::<UNIT>::new(&mut marked, least).each(|run, start| {
                assert_eq!(run, &words[start..start + run.len()]);
                assert_eq!((length - start - run.len()) % UNIT, 0, "a run ends with a unit");
                seen[start..start + run.len()].fill(true);
            });
            assert!(words.iter().zip(&seen).all(|(&word, &seen)| seen || word == 0), "{words:x?} {seen:?}");
            let zeros: Vec<bool> = words.rchunks(UNIT).map(|unit| unit.iter().all(|&word| word == 0)).collect();
            let gaps: usize = zeros.split(|zero| !zero).map(<[bool]>::len).filter(|&gap| gap >= least).sum();
            assert_eq!(seen.rchunks(UNIT).filter(|unit| !unit[0]).count(), gaps, "{words:x?}");
        }
    }

    #[test]
    fn runs_hold_all_but_the_gaps() {
        let mut random = 1;
        check::<1>(1, &mut random);
        check::<2>(3, &mut random);
        check::<4>(2, &mut random);
        check::<16>(1, &mut random);
    }
}
