//! How the engine lays out its matrices: in panels of eight columns.
//!
//! Panel `p` of a matrix holds columns `8p..8p + 8` of all its rows one after the other, so element `(row, column)` stands in
//! lane `column % 8` of `matrix[column / 8 * rows + row]`. Lanes beyond the last column are 0. A range of panels is one
//! contiguous range of memory: that is what a thread owns.

/// The width of a panel: one AVX register.
pub(super) const LANES: usize = 8;

/// One row of one panel.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(32))]
pub(super) struct Lanes(pub(super) [f32; LANES]);

impl Lanes {
    pub(super) const ZERO: Self = Self([0.0; LANES]);
}

/// The number of panels that so many columns take.
pub(super) fn panels(columns: usize) -> usize {
    columns.div_ceil(LANES)
}

/// Rows of a panel as plain numbers.
pub(super) fn flat(rows: &[Lanes]) -> &[f32] {
    // SAFETY: `Lanes` is eight f32 and nothing else: its size is its alignment, 32 bytes.
    unsafe { std::slice::from_raw_parts(rows.as_ptr().cast(), rows.len() * LANES) }
}

/// Rows of a panel as plain numbers, to change them.
pub(super) fn flat_mut(rows: &mut [Lanes]) -> &mut [f32] {
    // SAFETY: as in `flat`; every bit pattern is an f32, and the borrow is handed on.
    unsafe { std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), rows.len() * LANES) }
}
