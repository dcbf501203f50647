//! The colors of all pictures. They can be told apart with any common color vision (M. Okabe and K. Ito, "Color Universal
//! Design", 2008), and differ in lightness where they meet.

use plotters::style::RGBColor;

/// The first series, and the positive class.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
/// The second series, and the negative class.
pub const ORANGE: RGBColor = RGBColor(230, 159, 0);
/// The third series.
pub const GREEN: RGBColor = RGBColor(0, 158, 115);
/// What is wrong.
pub const VERMILION: RGBColor = RGBColor(213, 94, 0);
/// The fifth series.
pub const PURPLE: RGBColor = RGBColor(204, 121, 167);
/// The sixth series.
pub const SKY: RGBColor = RGBColor(86, 180, 233);
/// Text and axes.
pub const INK: RGBColor = RGBColor(34, 34, 34);
/// Grids and frames.
pub const PALE: RGBColor = RGBColor(221, 221, 221);
/// The ground.
pub const PAPER: RGBColor = RGBColor(255, 255, 255);

/// The series' colors in turn.
pub const SERIES: [RGBColor; 6] = [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY];

/// The color `fraction` (0..=1) of the way from one to the other.
pub fn between(from: RGBColor, to: RGBColor, fraction: f32) -> RGBColor {
    let fraction = fraction.clamp(0.0, 1.0);
    let mix = |from: u8, to: u8| (f32::from(from) + (f32::from(to) - f32::from(from)) * fraction).round() as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}

/// A signed value in -1..=1: orange below zero, white at zero, blue above.
pub fn diverging(value: f32) -> RGBColor {
    between(PAPER, if value < 0.0 { ORANGE } else { BLUE }, value.abs())
}

/// A share in 0..=1: white to blue.
pub fn sequential(share: f32) -> RGBColor {
    between(PAPER, BLUE, share)
}

/// A pixel as paper and ink: 0 is white.
pub fn ink(pixel: u8) -> RGBColor {
    RGBColor(255 - pixel, 255 - pixel, 255 - pixel)
}
