//! The nonzero elements of a batch of inputs: 81 % of MNIST's pixels are 0, and most outputs of a trained ReLU layer.

use super::lanes::{LANES, Lanes};
use std::ops::Range;

/// One nonzero element of a row (its column as index) or of a column (its row).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) index: u32,
    pub(super) value: f32,
}

impl Entry {
    pub(super) const NONE: Self = Self { index: 0, value: 0.0 };
}

/// One thread's part: the nonzeros of a range of panels.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// Of each row, room for all the part's columns and one that does not count.
    pub(super) rows: &'a mut [Entry],
    /// How many of them are taken, one per row.
    pub(super) row_counts: &'a mut [u32],
    /// Of each column, room for all rows and one that does not count.
    pub(super) columns: &'a mut [Entry],
    /// How many of them are taken, one per column.
    pub(super) column_counts: &'a mut [u32],
}

impl Part<'_> {
    /// Lists the nonzeros of panels `panels` of a matrix of `capacity` rows, of which `samples` count; `x` holds just these
    /// panels. Gives their number.
    pub(super) fn collect(&mut self, x: &[Lanes], capacity: usize, samples: usize, panels: Range<usize>) -> usize {
        let width = panels.len() * LANES;
        self.row_counts[..samples].fill(0);
        self.column_counts.fill(0);
        for p in panels.clone() {
            let local = (p - panels.start) * LANES;
            let columns = &mut self.columns[local * (capacity + 1)..][..LANES * (capacity + 1)];
            let counts: &mut [u32; LANES] =
                (&mut self.column_counts[local..local + LANES]).try_into().expect("a panel's columns");
            let x = &x[(p - panels.start) * capacity..][..samples];
            for (b, lanes) in x.iter().enumerate() {
                // Bits, not numbers: without a branch for each lane, and a NaN counts as nonzero.
                if lanes.0.iter().fold(0, |any, value| any | value.to_bits() << 1) == 0 {
                    continue;
                }
                let row = &mut self.rows[b * (width + 1)..][..=width];
                let mut taken = self.row_counts[b] as usize;
                for (c, &value) in lanes.0.iter().enumerate() {
                    // Written always, counted only if nonzero: cheaper than a branch that nobody can predict.
                    let one = u32::from(value.to_bits() << 1 != 0);
                    row[taken] = Entry { index: (p * LANES + c) as u32, value };
                    columns[c * (capacity + 1) + counts[c] as usize] = Entry { index: b as u32, value };
                    taken += one as usize;
                    counts[c] += one;
                }
                self.row_counts[b] = taken as u32;
            }
        }
        self.row_counts[..samples].iter().map(|&count| count as usize).sum()
    }
}

/// The nonzeros of a whole matrix: the parts of all threads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nonzeros<'a> {
    pub(super) rows: &'a [Entry],
    pub(super) row_counts: &'a [u32],
    pub(super) columns: &'a [Entry],
    pub(super) column_counts: &'a [u32],
    pub(super) capacity: usize,
    /// The panels where each part begins, and the last panel's end.
    pub(super) bounds: &'a [usize],
}

impl<'a> Nonzeros<'a> {
    /// The nonzeros of a row by ascending column, in as many slices as there are parts.
    #[inline(always)]
    pub(super) fn row(self, row: usize) -> impl Iterator<Item = &'a [Entry]> {
        self.bounds.windows(2).enumerate().map(move |(part, bounds)| {
            let width = (bounds[1] - bounds[0]) * LANES;
            let count = self.row_counts[part * self.capacity + row] as usize;
            &self.rows[(bounds[0] * LANES + part) * self.capacity + row * (width + 1)..][..count]
        })
    }

    /// The nonzeros of a column by ascending row.
    #[inline(always)]
    pub(super) fn column(self, column: usize) -> &'a [Entry] {
        &self.columns[column * (self.capacity + 1)..][..self.column_counts[column] as usize]
    }
}
