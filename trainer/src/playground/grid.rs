//! The points of the plane where the network's answers are drawn.

use super::feature::Feature;
use ndarray::Array2;

/// The output's picture has so many points a side.
pub(super) const FINE: usize = 60;
/// A neuron's picture has so many points a side.
pub(super) const COARSE: usize = 30;

/// The centers of `side` x `side` cells of a plane (left, right, bottom, top), row by row from the top left, points x 2.
pub(super) fn points(side: usize, [left, right, bottom, top]: [f32; 4]) -> Array2<f32> {
    let place = |index: usize| (index as f32 + 0.5) / side as f32;
    Array2::from_shape_fn((side * side, 2), |(cell, axis)| match axis {
        0 => left + (right - left) * place(cell % side),
        _ => top + (bottom - top) * place(cell / side),
    })
}

/// What the network sees there, points x inputs.
pub(super) fn features(side: usize, domain: [f32; 4], inputs: &[Feature]) -> Array2<f32> {
    Feature::columns(inputs, points(side, domain).view())
}

/// Numbers as a picture: a byte each, -127..=127 for -range..=range.
pub(super) fn picture(values: impl Iterator<Item = f32>, range: f32) -> impl Iterator<Item = u8> {
    // A NaN becomes 0.
    values.map(move |value| (value / range * 127.0).clamp(-127.0, 127.0).round() as i8 as u8)
}

/// As [`picture`], with the largest absolute value as the range; a neuron that is 0 everywhere is 0.
pub(super) fn scaled_picture(values: &[f32]) -> impl Iterator<Item = u8> + '_ {
    let range = values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    picture(values.iter().copied(), if range > 0.0 { range } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::{picture, points, scaled_picture};

    #[test]
    fn the_first_point_is_at_the_top_left() {
        let points = points(4, [0.0, 4.0, -1.0, 1.0]);
        assert_eq!(points.row(0).to_vec(), [0.5, 0.75]);
        assert_eq!(points.row(3).to_vec(), [3.5, 0.75]);
        assert_eq!(points.row(12).to_vec(), [0.5, -0.75]);
    }

    #[test]
    fn pictures_are_cut_at_their_range() {
        let bytes: Vec<i8> = picture([0.0, 1.0, -2.0, 9.0, f32::NAN].into_iter(), 2.0).map(|b| b as i8).collect();
        assert_eq!(bytes, [0, 64, -127, 127, 0]);
        assert_eq!(scaled_picture(&[0.0, 0.0]).collect::<Vec<_>>(), [0, 0]);
        assert_eq!(scaled_picture(&[0.5, -0.25]).map(|b| b as i8).collect::<Vec<_>>(), [127, -64]);
    }
}
