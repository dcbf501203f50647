//! The means of an image's windows, in front of the first layer.

use ndarray::{Array2, ArrayView2};

/// An average pooling of an image without gaps or overlaps, as Keras' `AveragePooling2D` after a `Cropping2D`. Each pair is rows
/// and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePool {
    /// The image that enters.
    pub image: [usize; 2],
    /// Where the first window starts; what lies before is cut off, as is what lies behind the last window.
    pub offset: [usize; 2],
    /// The image that leaves.
    pub outputs: [usize; 2],
    /// The size of a window.
    pub size: [usize; 2],
}

impl AveragePool {
    /// What the layer is called.
    pub const NAME: &str = "pool";

    /// The middle `crop` of an image, in windows of `size`.
    /// # Errors
    /// Says what does not fit.
    pub fn centered(image: [usize; 2], crop: [usize; 2], size: [usize; 2]) -> Result<Self, String> {
        for axis in 0..2 {
            let (image, crop, size) = (image[axis], crop[axis], size[axis]);
            if size == 0 || crop == 0 || crop > image {
                return Err(format!(
                    "windows of {size} in {crop} of {image} pixels; give at least 1 and at most the image"
                ));
            }
            if crop % size != 0 {
                return Err(format!(
                    "{crop} pixels are no whole number of windows of {size}; crop to a multiple of it"
                ));
            }
        }
        let each = |of: fn(usize, usize, usize) -> usize| [0, 1].map(|axis| of(image[axis], crop[axis], size[axis]));
        Ok(Self {
            image,
            offset: each(|image, crop, _| (image - crop) / 2),
            outputs: each(|_, crop, size| crop / size),
            size,
        })
    }

    /// This pooling and `next` as one, where one of them only crops.
    #[must_use]
    pub fn then(self, next: Self) -> Option<Self> {
        if self.outputs != next.image || (self.size != [1, 1] && next.size != [1, 1]) {
            return None;
        }
        let pair = |of: fn(&Self, &Self, usize) -> usize| [0, 1].map(|axis| of(&self, &next, axis));
        Some(Self {
            image: self.image,
            offset: pair(|first, next, axis| first.offset[axis] + first.size[axis] * next.offset[axis]),
            outputs: next.outputs,
            size: pair(|first, next, axis| first.size[axis] * next.size[axis]),
        })
    }

    /// The number of values that leave.
    pub fn len(&self) -> usize {
        self.outputs[0] * self.outputs[1]
    }

    /// Whether nothing leaves.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The means of real numbers, samples x [`Self::len`]: added row by row, then divided, as the runtime does.
    ///
    /// # Panics
    /// If `real` is not samples x image.
    pub fn means(&self, real: ArrayView2<f32>) -> Array2<f32> {
        let count = (self.size[0] * self.size[1]) as f32;
        self.each(real, |values| values.fold(0.0, |sum, x| sum + x) / count)
    }

    /// The means of pixels, halves to even: what the runtime makes of quantized pixels, in the numbers of pixels.
    ///
    /// # Panics
    /// If `pixels` is not samples x image.
    pub fn mean_pixels(&self, pixels: ArrayView2<u8>) -> Array2<u8> {
        let count = (self.size[0] * self.size[1]) as i32;
        self.each(pixels, |values| {
            // Halves go to the even integer, and the integer of a pixel is 128 less.
            let sum: i32 = values.map(i32::from).sum();
            let (floor, rest) = (sum / count, sum % count);
            (floor + i32::from(2 * rest > count || (2 * rest == count && floor % 2 != 0))) as u8
        })
    }

    fn each<T: Copy>(&self, images: ArrayView2<T>, mean: impl Fn(&mut dyn Iterator<Item = T>) -> T) -> Array2<T> {
        assert_eq!(images.ncols(), self.image[0] * self.image[1], "the pixels of an image");
        Array2::from_shape_fn((images.nrows(), self.len()), |(sample, output)| {
            let (row, column) = (output / self.outputs[1], output % self.outputs[1]);
            let first = (self.offset[0] + row * self.size[0]) * self.image[1] + self.offset[1] + column * self.size[1];
            let [rows, columns] = self.size;
            let places = (0..rows).flat_map(|k| (0..columns).map(move |c| first + k * self.image[1] + c));
            mean(&mut places.map(|place| images[[sample, place]]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn means_by_hand() {
        let pool = AveragePool::centered([3, 4], [2, 4], [2, 2]).unwrap();
        assert_eq!((pool.offset, pool.outputs, pool.len()), ([0, 0], [1, 2], 2));
        let pixels = array![[0, 1, 2, 3, 4, 5, 6, 9, 255, 255, 255, 255]];
        // 10 / 4 and 20 / 4; halves go to even.
        assert_eq!(pool.mean_pixels(pixels.view()), array![[2, 5]]);
        assert_eq!(pool.means(pixels.mapv(f32::from).view()), array![[2.5, 5.0]]);
        let cropped = AveragePool::centered([4, 4], [2, 2], [1, 1]).unwrap();
        let image = Array2::from_shape_fn((1, 16), |(_, k)| k as u8);
        assert_eq!(cropped.mean_pixels(image.view()), array![[5, 6, 9, 10]]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(AveragePool::centered([28, 28], [28, 28], [3, 3]).unwrap_err().contains("crop to a multiple"));
        assert!(AveragePool::centered([28, 28], [30, 30], [2, 2]).unwrap_err().contains("at most the image"));
        assert!(AveragePool::centered([28, 28], [28, 28], [0, 1]).unwrap_err().contains("at least 1"));
    }
}
