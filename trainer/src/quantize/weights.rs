//! Rounding a unit's weights to few bits.

use super::WeightType;
use super::range::normal;

/// How many scales are tried between a third of the largest weight and all of it, for widths where clipping pays.
const SCALES: u32 = 64;

impl WeightType {
    /// The largest weight; the least is its negative.
    pub fn limit(self) -> i8 {
        match self {
            Self::Int8 => 127,
            Self::Int4 => 7,
            Self::Int2 => 1,
        }
    }
}

/// One unit's weights as integers, and the real value of one step.
///
/// Eight bits cover the largest weight. Fewer bits clip it where that lowers the square error of the whole row. The scale is
/// at least `least_scale`.
pub(super) fn round_row(row: &[f32], weight_type: WeightType, least_scale: f32) -> (Vec<i8>, f32) {
    let limit = f32::from(weight_type.limit());
    let largest = row.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
    let full = normal(largest / limit).max(least_scale);
    let scale = match weight_type {
        WeightType::Int8 => full,
        WeightType::Int4 | WeightType::Int2 => (0..=SCALES)
            .map(|i| 1.0 - i as f32 / SCALES as f32 * 2.0 / 3.0)
            // Weights that lie on a grid already (as quantization-aware training leaves them) stay as they are, whatever
            // multiple of their step the largest is.
            .chain((1..limit as u32).map(|largest| limit / largest as f32))
            .map(|factor| normal(full * factor).max(least_scale))
            .map(|scale| {
                (scale, row.iter().map(|&w| f64::from(rounded(w, scale, limit) * scale - w).powi(2)).sum::<f64>())
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(full, |(scale, _)| scale),
    };
    (row.iter().map(|&w| rounded(w, scale, limit) as i8).collect(), scale)
}

fn rounded(weight: f32, scale: f32, limit: f32) -> f32 {
    (weight / scale).round_ties_even().clamp(-limit, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: [f32; 8] = [0.9, -0.31, 0.02, 0.33, -0.28, 0.3, 0.0, -0.01];

    fn error(weights: &[i8], scale: f32) -> f32 {
        ROW.iter().zip(weights).map(|(w, &q)| (f32::from(q) * scale - w).powi(2)).sum()
    }

    #[test]
    fn eight_bits_hold_the_largest_weight_and_miss_by_half_a_step_at_most() {
        let (weights, scale) = round_row(&ROW, WeightType::Int8, 0.0);
        assert_eq!(weights[0], 127);
        assert!(ROW.iter().zip(&weights).all(|(w, &q)| (f32::from(q) * scale - w).abs() <= scale * 0.5001));
    }

    #[test]
    fn few_bits_clip_where_that_lowers_the_error() {
        for weight_type in [WeightType::Int4, WeightType::Int2] {
            let limit = f32::from(weight_type.limit());
            let (weights, scale) = round_row(&ROW, weight_type, 0.0);
            assert!(weights.iter().all(|w| w.abs() <= weight_type.limit()));
            let unclipped: Vec<i8> = ROW.iter().map(|w| rounded(*w, 0.9 / limit, limit) as i8).collect();
            assert!(error(&weights, scale) <= error(&unclipped, 0.9 / limit));
        }
    }

    #[test]
    fn weights_on_a_grid_stay_as_they_are() {
        for (limit, weight_type) in [(7, WeightType::Int4), (1, WeightType::Int2)] {
            for largest in 1..=limit {
                let grid: Vec<i8> = (0..9).map(|k| (k % (2 * largest + 1) - largest) as i8).collect();
                let row: Vec<f32> = grid.iter().map(|&q| f32::from(q) * 0.037).collect();
                let (weights, scale) = round_row(&row, weight_type, 0.0);
                let back = weights.iter().map(|&q| f32::from(q) * scale);
                let error = back.zip(&row).fold(0f32, |error, (back, w)| error.max((back - w).abs()));
                assert!(error < 1e-6, "{weight_type:?}, largest {largest}: {error}");
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        assert_eq!(round_row(&[0.0; 3], WeightType::Int2, 0.0), (vec![0; 3], 1.0));
    }
}
