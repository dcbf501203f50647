//! Images as they might have been, too: mirrored, shifted, turned, scaled, sheared, and with the wobble of a hand.
#![allow(clippy::inline_always)] // What is inlined into a function compiled for AVX2 is compiled for it, too.

use nalgebra::{Matrix3, Point2, Vector2};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How far an image may be changed. Every change is drawn evenly between both extremes; all of them together are one affine
/// transform and one displacement of each pixel, and the image is sampled once, bilinearly.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Whether every other image, by chance, is mirrored: left becomes right.
    pub flip: bool,
    /// Pixels in each direction.
    pub shift: f32,
    /// Degrees.
    pub rotation: f32,
    /// The share by which each side may grow or shrink.
    pub scale: f32,
    /// Degrees by which upright lines may lean.
    pub shear: f32,
    /// The elastic distortion (Simard, Steinkraus and Platt 2003): the factor of the displacements, drawn from 0 to this; 0
    /// for none.
    pub elastic: f32,
    /// The deviation, in pixels, of the Gaussian that smooths the displacements.
    pub sigma: f32,
}

/// What the distortion of one image after another needs, without an allocation for each.
#[derive(Clone, Debug)]
pub struct Augmenter {
    settings: Augmentation,
    rows: usize,
    columns: usize,
    /// The smoothing Gaussian, `2 * radius + 1` factors.
    kernel: Vec<f32>,
    /// The same, times the displacements' factor.
    scaled: Vec<f32>,
    fields: [Vec<f32>; 2],
    /// The random bits of a field.
    bits: Vec<u8>,
    /// A row with zeros around it, or the rows of a field.
    before: Vec<f32>,
    /// The image with zeros around it: two rows and columns on each side.
    framed: Vec<u8>,
    line: Line,
}

/// A row of the result in the making; each of the vectors has an element per column.
#[derive(Clone, Debug)]
struct Line {
    /// Where the pixels come from, x and y; then how far that is from the corner above and left.
    from: [Vec<f32>; 2],
    /// Where that corner stands in the framed image.
    corner: Vec<i32>,
    /// The pixels at the four corners: left and right above, left and right below.
    pixels: [Vec<f32>; 4],
}

impl Augmenter {
    /// For images of this shape.
    pub fn new(settings: Augmentation, [rows, columns]: [usize; 2]) -> Self {
        let sigma = settings.sigma.max(1e-3);
        let radius = (3.0 * sigma).ceil() as i32;
        let bell = (-radius..=radius).map(|k| (-0.5 * (k as f32 / sigma).powi(2)).exp());
        let total: f32 = bell.clone().sum();
        let kernel: Vec<f32> = bell.map(|factor| factor / total).collect();
        Self {
            settings,
            rows,
            columns,
            scaled: kernel.clone(),
            fields: [vec![0.0; rows * columns], vec![0.0; rows * columns]],
            bits: vec![0; 4 * rows * columns],
            before: vec![0.0; (columns + 2 * radius as usize).max(rows * columns)],
            kernel,
            framed: vec![0; (rows + 4) * (columns + 4)],
            line: Line {
                from: [const { Vec::new() }; 2].map(|_: Vec<f32>| vec![0.0; columns]),
                corner: vec![0; columns],
                pixels: [const { Vec::new() }; 4].map(|_: Vec<f32>| vec![0.0; columns]),
            },
        }
    }

    /// Changes an image (row-major) in the way that these numbers decide.
    ///
    /// # Panics
    /// If `image` and `out` are not of the shape.
    pub fn apply(&mut self, image: &[u8], seed: u64, stream: u64, out: &mut [u8]) {
        assert_eq!(
            (image.len(), out.len()),
            (self.rows * self.columns, self.rows * self.columns),
            "images of one shape"
        );
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            /// Compiles what is inlined here for AVX2. (Without fused multiply-adds: the bits are the same.)
            #[target_feature(enable = "avx2")]
            fn with_avx2(this: &mut Augmenter, image: &[u8], seed: u64, stream: u64, out: &mut [u8]) {
                this.change(image, seed, stream, out);
            }
            // SAFETY: the processor has just been asked.
            return unsafe { with_avx2(self, image, seed, stream, out) };
        }
        self.change(image, seed, stream, out);
    }

    #[inline(always)]
    fn change(&mut self, image: &[u8], seed: u64, stream: u64, out: &mut [u8]) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        let source = self.transform(&mut random);
        let elastic = self.settings.elastic > 0.0;
        if elastic {
            let factor = random.random::<f32>() * self.settings.elastic;
            for field in 0..2 {
                self.displace(field, factor, &mut random);
            }
        }
        let Self { rows, columns, fields, framed, line, .. } = self;
        let (rows, columns, width) = (*rows, *columns, *columns + 4);
        for (row, framed) in image.chunks_exact(columns).zip(framed.chunks_exact_mut(width).skip(2)) {
            framed[2..2 + columns].copy_from_slice(row);
        }
        // Moves along a row by the matrix's first column.
        let step = Vector2::new(source[(0, 0)], source[(1, 0)]);
        for (y, out) in out.chunks_exact_mut(columns).enumerate() {
            let [right, down] = &mut line.from;
            let mut from = source.transform_point(&Point2::new(0.0, y as f32));
            for (x, y) in right.iter_mut().zip(&mut *down) {
                (*x, *y) = (from.x, from.y);
                from += step;
            }
            if elastic {
                let own = y * columns..(y + 1) * columns;
                right.iter_mut().zip(&fields[0][own.clone()]).for_each(|(x, wobble)| *x += wobble);
                down.iter_mut().zip(&fields[1][own]).for_each(|(y, wobble)| *y += wobble);
            }
            // All that is outside is 0: the frame stands for it.
            for ((x, y), corner) in right.iter_mut().zip(&mut *down).zip(&mut line.corner) {
                let (left, above) = (x.floor(), y.floor());
                (*x, *y) = (*x - left, *y - above);
                let (column, row) = (left.clamp(-2.0, columns as f32) + 2.0, above.clamp(-2.0, rows as f32) + 2.0);
                *corner = row as i32 * width as i32 + column as i32;
            }
            let [a, b, c, d] = &mut line.pixels;
            for (((a, b), (c, d)), &corner) in
                a.iter_mut().zip(&mut *b).zip(c.iter_mut().zip(&mut *d)).zip(&line.corner)
            {
                let four = &framed[corner as usize..][..width + 2];
                [*a, *b, *c, *d] = [four[0], four[1], four[width], four[width + 1]].map(f32::from);
            }
            for (x, out) in out.iter_mut().enumerate() {
                let (right, down) = (right[x], down[x]);
                let above = a[x] * (1.0 - right) + b[x] * right;
                let below = c[x] * (1.0 - right) + d[x] * right;
                *out = (above * (1.0 - down) + below * down + 0.5) as u8;
            }
        }
    }

    /// Where each pixel of the result comes from: around the image's center.
    fn transform(&self, random: &mut impl Rng) -> Matrix3<f32> {
        let mut within = |limit: f32| (random.random::<f32>() * 2.0 - 1.0) * limit;
        let Augmentation { shift, rotation, scale, shear, .. } = self.settings;
        let center = Vector2::new(self.columns as f32 - 1.0, self.rows as f32 - 1.0) / 2.0;
        let moved = Vector2::new(within(shift), within(shift));
        let turn = Matrix3::new_rotation(within(rotation).to_radians());
        let size = Matrix3::new_nonuniform_scaling(&Vector2::new(1.0 + within(scale), 1.0 + within(scale)));
        let lean = Matrix3::new(1.0, within(shear).to_radians().tan(), 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0);
        // Drawn last, so that the other changes are the same with it and without.
        let side = if self.settings.flip && random.random() { -1.0 } else { 1.0 };
        let mirror = Matrix3::new_nonuniform_scaling(&Vector2::new(side, 1.0));
        Matrix3::new_translation(&center) * mirror * turn * lean * size * Matrix3::new_translation(&(moved - center))
    }

    /// Draws a field of displacements, smooths it, and multiplies it.
    #[inline(always)]
    fn displace(&mut self, field: usize, factor: f32, random: &mut impl Rng) {
        let (rows, columns, radius) = (self.rows, self.columns, self.kernel.len() / 2);
        let Self { kernel, scaled, fields, bits, before, .. } = self;
        let field = &mut fields[field];
        evenly(random, bits, field);
        // Beyond the border there is no displacement. Along the rows:
        before.fill(0.0);
        for row in field.chunks_exact_mut(columns) {
            before[radius..radius + columns].copy_from_slice(row);
            weigh(kernel, before, 1, row);
        }
        // Along the columns, a row at a time, from the rows that there are:
        for (scaled, weight) in scaled.iter_mut().zip(kernel) {
            *scaled = *weight * factor;
        }
        before[..rows * columns].copy_from_slice(field);
        for (y, row) in field.chunks_exact_mut(columns).enumerate() {
            let (first, last) = (radius.saturating_sub(y), scaled.len().min(radius + rows - y));
            weigh(&scaled[first..last], &before[(y + first - radius) * columns..], columns, row);
        }
    }
}

/// Numbers from -1 to below 1, those of `random::<f32>() * 2.0 - 1.0`, but all bits at once; `bits` has four bytes for each.
#[inline(always)]
fn evenly(random: &mut impl Rng, bits: &mut [u8], to: &mut [f32]) {
    random.fill_bytes(bits);
    for (to, bits) in to.iter_mut().zip(bits.as_chunks().0) {
        *to = (u32::from_le_bytes(*bits) >> 8) as f32 * 2f32.powi(-24) * 2.0 - 1.0;
    }
}

/// `to[x]` = the sum over k of `weights[k] * from[k * stride + x]`, in the order of k.
#[inline(always)]
fn weigh(weights: &[f32], from: &[f32], stride: usize, to: &mut [f32]) {
    macro_rules! sums {
        ($n:literal) => {
            for x in (0..to.len()).step_by($n) {
                // So many at once stay in registers; the last are in part those before.
                let x = x.min(to.len() - $n);
                let mut sums = [0.0; $n];
                for (k, weight) in weights.iter().enumerate() {
                    let from: &[f32; $n] = from[k * stride + x..][..$n].try_into().expect("as many");
                    sums.iter_mut().zip(from).for_each(|(sum, from)| *sum += weight * from);
                }
                to[x..x + $n].copy_from_slice(&sums);
            }
        };
    }
    match to.len() {
        16.. => sums!(16),
        4.. => sums!(4),
        _ => sums!(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot() -> Vec<u8> {
        (0..15 * 15)
            .map(|at| if (5..10).contains(&(at / 15)) && (6..9).contains(&(at % 15)) { 200 } else { 0 })
            .collect()
    }

    fn changed(settings: Augmentation, seed: u64, stream: u64) -> Vec<u8> {
        let mut out = vec![0; 15 * 15];
        Augmenter::new(settings, [15, 15]).apply(&spot(), seed, stream, &mut out);
        out
    }

    /// Mass, and the mean column and row.
    fn moments(image: &[u8]) -> [f32; 3] {
        let sum = |weight: &dyn Fn(usize) -> f32| -> f32 {
            image.iter().enumerate().map(|(at, &pixel)| f32::from(pixel) * weight(at)).sum()
        };
        let mass = sum(&|_| 1.0);
        [mass, sum(&|at| (at % 15) as f32) / mass, sum(&|at| (at / 15) as f32) / mass]
    }

    #[test]
    fn nothing_is_changed_where_nothing_is_asked() {
        assert_eq!(changed(Augmentation::default(), 1, 2), spot());
    }

    #[test]
    fn seed_and_stream_decide_every_pixel() {
        let settings =
            Augmentation { shift: 2.0, rotation: 20.0, scale: 0.2, shear: 10.0, elastic: 20.0, sigma: 3.0, flip: true };
        assert_eq!(changed(settings, 1, 2), changed(settings, 1, 2));
        assert_ne!(changed(settings, 1, 2), changed(settings, 1, 3));
        assert_ne!(changed(settings, 1, 2), changed(settings, 2, 2));
    }

    #[test]
    fn numbers_drawn_at_once_are_those_drawn_one_by_one() {
        let (mut one, mut other) = (ChaCha8Rng::seed_from_u64(3), ChaCha8Rng::seed_from_u64(3));
        let (mut bits, mut drawn) = (vec![0; 4 * 301], vec![0.0; 301]);
        for _ in 0..3 {
            assert_eq!(one.random::<f32>(), other.random::<f32>());
            evenly(&mut one, &mut bits, &mut drawn);
            assert!(drawn.iter().all(|&x| x == other.random::<f32>() * 2.0 - 1.0));
        }
    }

    #[test]
    fn half_of_the_images_are_mirrored() {
        let image: Vec<u8> = (0..=224).collect();
        let mirrored: Vec<u8> = image.chunks(15).flat_map(|row| row.iter().rev().copied()).collect();
        let mut augmenter = Augmenter::new(Augmentation { flip: true, ..Default::default() }, [15, 15]);
        let mut count = 0;
        for stream in 0..1000 {
            let mut out = vec![0; 225];
            augmenter.apply(&image, 5, stream, &mut out);
            assert!(out == image || out == mirrored, "{out:?}");
            count += usize::from(out == mirrored);
        }
        assert!((450..550).contains(&count), "{count} of 1000");
    }

    #[test]
    fn each_change_keeps_what_it_should() {
        let [mass, column, row] = moments(&spot());
        for stream in 0..200 {
            // A shift moves the center by as much as it may, and keeps the mass.
            let [m, c, r] = moments(&changed(Augmentation { shift: 2.0, ..Default::default() }, 5, stream));
            assert!((m - mass).abs() < 0.01 * mass && (c - column).abs() < 2.01 && (r - row).abs() < 2.01);
            // A turn and a shear around the center keep mass and center.
            for settings in [
                Augmentation { rotation: 30.0, ..Default::default() },
                Augmentation { shear: 20.0, ..Default::default() },
            ] {
                let [m, c, r] = moments(&changed(settings, 5, stream));
                assert!(
                    (m - mass).abs() < 0.03 * mass && (c - column).abs() < 0.06 && (r - row).abs() < 0.06,
                    "{m} {c} {r}"
                );
            }
            // A scale keeps the center, and the area follows both sides.
            let [m, c, r] = moments(&changed(Augmentation { scale: 0.2, ..Default::default() }, 5, stream));
            assert!((0.64..1.63).contains(&(m / mass)) && (c - column).abs() < 0.06 && (r - row).abs() < 0.06, "{m}");
        }
    }

    #[test]
    fn elastic_displacements_are_smooth_and_as_large_as_the_formula_says() {
        // White noise of variance 1/3 through a Gaussian has the deviation 1 / (2 sigma sqrt(pi) sqrt(3)) away from borders.
        let settings = Augmentation { elastic: 30.0, sigma: 2.0, ..Default::default() };
        let mut augmenter = Augmenter::new(settings, [41, 41]);
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let (mut squares, mut jumps) = (0.0, 0f32);
        for _ in 0..300 {
            augmenter.displace(0, 30.0, &mut random);
            let center = 20 * 41 + 20;
            squares += augmenter.fields[0][center].powi(2);
            jumps = jumps.max((augmenter.fields[0][center] - augmenter.fields[0][center + 1]).abs());
        }
        let expected = 30.0 / (2.0 * 2.0 * std::f32::consts::PI.sqrt() * 3f32.sqrt());
        let deviation = (squares / 300.0f32).sqrt();
        assert!((deviation / expected - 1.0).abs() < 0.15, "{deviation} instead of {expected}");
        assert!(jumps < expected * 2.0, "{jumps}");
    }
}
