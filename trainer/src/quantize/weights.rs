//! Rounding a unit's weights to few bits.

use super::WeightType;
use crate::nn::quantization::normal;

/// How many scales are tried between a third of the largest weight and all of it, for widths where clipping pays.
const SCALES: u32 = 64;
/// How far a multiple of a step may lie from the whole number, in steps: 255 roundings to 24 bits, and as many again.
const GRID: f32 = 1.0e-4;

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

/// One unit's weights as integers: the real weights are `scale * (weights - zero_point)`.
pub(super) struct Row {
    pub(super) weights: Vec<i8>,
    pub(super) zero_point: i8,
    pub(super) scale: f32,
}

/// One unit's weights as integers.
///
/// Weights that are whole multiples of some step already, as dynamic quantization and quantization-aware training leave them,
/// keep their values. Of others, eight bits cover the largest; fewer bits clip it where that lowers the square error of the
/// whole row. The scale is at least `least_scale`.
pub(super) fn round_row(row: &[f32], weight_type: WeightType, least_scale: f32) -> Row {
    let limit = f32::from(weight_type.limit());
    let largest = row.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
    let full = normal(largest / limit).max(least_scale);
    let scale = match weight_type {
        WeightType::Int8 => {
            if let Some(row) = on_grid(row, largest).filter(|row| row.scale >= least_scale) {
                return row;
            }
            full
        }
        WeightType::Int4 | WeightType::Int2 => (0..=SCALES)
            .map(|i| 1.0 - i as f32 / SCALES as f32 * 2.0 / 3.0)
            // Weights on a grid stay as they are, whatever multiple of their step the largest is.
            .chain((1..limit as u32).map(|largest| limit / largest as f32))
            .map(|factor| normal(full * factor).max(least_scale))
            .map(|scale| {
                (scale, row.iter().map(|&w| f64::from(rounded(w, scale, limit) * scale - w).powi(2)).sum::<f64>())
            })
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map_or(full, |(scale, _)| scale),
    };
    Row { weights: row.iter().map(|&w| rounded(w, scale, limit) as i8).collect(), zero_point: 0, scale }
}

/// The row's integers, if all its weights are multiples of one step that fit 8 bits: symmetric where they can be, and with the
/// finest such step, which is also the bias's; with a zero point where they span more to one side.
fn on_grid(row: &[f32], largest: f32) -> Option<Row> {
    let multiples = |steps: i32| {
        let inverse = steps as f32 / normal(largest);
        row.iter()
            .map(|w| (w * inverse, (w * inverse).round_ties_even()))
            .map(|(real, whole)| ((real - whole).abs() <= GRID).then_some(whole as i32))
            .collect::<Option<Vec<i32>>>()
    };
    // Few weights lie on some fine grid by chance, and a zero point costs time.
    let most = if row.len() < 4 { 127 } else { 255 };
    let (steps, integers) =
        (1..=127).rev().chain(128..=most).find_map(|steps| multiples(steps).map(|integers| (steps, integers)))?;
    let (low, high) = integers.iter().fold((0, 0), |(low, high), &q| (low.min(q), high.max(q)));
    // What spans 255 steps at most lies in -128..=127 with it; where it does without, it is 0.
    let zero_point = (127 - high).min(0).max(-128 - low);
    let weights = integers.iter().map(|q| i8::try_from(q + zero_point).ok()).collect::<Option<_>>()?;
    Some(Row { weights, zero_point: i8::try_from(zero_point).ok()?, scale: normal(largest / steps as f32) })
}

fn rounded(weight: f32, scale: f32, limit: f32) -> f32 {
    (weight / scale).round_ties_even().clamp(-limit, limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance;

    const ROW: [f32; 8] = [0.900_37, -0.310_13, 0.02, 0.33, -0.28, 0.3, 0.0, -0.01];

    fn error(weights: &[i8], scale: f32) -> f32 {
        ROW.iter().zip(weights).map(|(w, &q)| (f32::from(q) * scale - w).powi(2)).sum()
    }

    #[test]
    fn eight_bits_hold_the_largest_weight_and_miss_by_half_a_step_at_most() {
        let Row { weights, scale, .. } = round_row(&ROW, WeightType::Int8, 0.0);
        assert_eq!(weights[0], 127);
        assert!(ROW.iter().zip(&weights).all(|(w, &q)| (f32::from(q) * scale - w).abs() <= scale * 0.5001));
    }

    #[test]
    fn few_bits_clip_where_that_lowers_the_error() {
        for weight_type in [WeightType::Int4, WeightType::Int2] {
            let limit = f32::from(weight_type.limit());
            let Row { weights, scale, .. } = round_row(&ROW, weight_type, 0.0);
            assert!(weights.iter().all(|w| w.abs() <= weight_type.limit()));
            let unclipped: Vec<i8> = ROW.iter().map(|w| rounded(*w, ROW[0] / limit, limit) as i8).collect();
            assert!(error(&weights, scale) <= error(&unclipped, ROW[0] / limit));
        }
    }

    #[test]
    fn weights_on_a_grid_stay_as_they_are() {
        for weight_type in [WeightType::Int8, WeightType::Int4, WeightType::Int2] {
            let limit = i32::from(weight_type.limit());
            for largest in 1..=limit {
                let grid: Vec<i32> = (0..2 * limit + 9).map(|k| k % (2 * largest + 1) - largest).collect();
                let row: Vec<f32> = grid.iter().map(|&q| q as f32 * 0.037).collect();
                let Row { weights, zero_point, scale } = round_row(&row, weight_type, 0.0);
                let back = weights.iter().map(|&q| f32::from(q) * scale);
                let error = back.zip(&row).fold(0f32, |error, (back, w)| error.max((back - w).abs()));
                assert!(error < tolerance::FUNCTION, "{weight_type:?}, largest {largest}: {error}");
                assert_eq!(zero_point, 0);
            }
        }
    }

    #[test]
    fn a_coarse_grid_leaves_a_fine_step_to_the_bias() {
        let Row { weights, scale, .. } = round_row(&[0.5, -0.5, 0.0, 0.25], WeightType::Int8, 0.0);
        assert_eq!(weights, [126, -126, 0, 63]);
        assert!((scale - 0.5 / 126.0).abs() < tolerance::FUNCTION_F64, "{scale}");
    }

    #[test]
    fn a_grid_to_one_side_gets_a_zero_point() {
        for (low, high) in [(-13, 242), (-255, 0), (-200, 55), (0, 255), (-128, 127), (-128, 90)] {
            let grid: Vec<i32> = (low..=high).collect();
            let row: Vec<f32> = grid.iter().map(|&q| q as f32 * 0.0123).collect();
            let Row { weights, zero_point, scale } = round_row(&row, WeightType::Int8, 0.0);
            let back: Vec<i32> = weights.iter().map(|&q| i32::from(q) - i32::from(zero_point)).collect();
            assert_eq!(back, grid);
            assert!((scale - 0.0123).abs() < tolerance::FUNCTION_F64, "{scale}");
            assert_eq!(zero_point == 0, low >= -128 && high <= 127);
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let Row { weights, scale, .. } = round_row(&[0.0; 3], WeightType::Int2, 0.0);
        assert_eq!((weights, scale), (vec![0; 3], 1.0));
        assert_eq!(round_row(&[0.0; 3], WeightType::Int8, 0.0).weights, vec![0; 3]);
    }
}
