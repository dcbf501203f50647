//! MNIST, which the program carries, and data sets in the same four files.

use super::{Dataset, Features, Idx, Splits, Targets};
use crate::error::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// The four files' names, in the order training images and labels, test images and labels.
pub(super) const FILES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// MNIST (Y. LeCun, C. Cortes, C. J. C. Burges), compressed anew with gzip. It is part of the program, so that the first lesson
/// works wherever the program does.
const BUNDLED: [&[u8]; 4] = [
    include_bytes!("../../data/mnist/train-images-idx3-ubyte.gz"),
    include_bytes!("../../data/mnist/train-labels-idx1-ubyte.gz"),
    include_bytes!("../../data/mnist/t10k-images-idx3-ubyte.gz"),
    include_bytes!("../../data/mnist/t10k-labels-idx1-ubyte.gz"),
];

/// The classes of Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017).
pub(super) const FASHION_CLASSES: [&str; 10] =
    ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// The classes of MNIST.
pub(super) const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// MNIST as it is bundled.
pub(super) fn bundled() -> Result<Splits> {
    let idx = |file: usize| {
        Idx::parse(BUNDLED[file]).map_err(|what| Error::new(ErrorKind::Data, format!("bundled {}", FILES[file]), what))
    };
    let part = |images: usize| {
        pair("mnist", "bundled MNIST", idx(images)?, Some(("bundled MNIST", idx(images + 1)?)), &DIGITS)
    };
    Ok(Splits { train: part(0)?, test: part(2)? })
}

/// Reads the four files, gzipped or not, in `folder`.
pub(super) fn read_folder(name: &str, folder: &Path, class_names: &[&str]) -> Result<Splits> {
    let part = |images: usize| {
        let path = |file: usize| {
            find_file(folder, FILES[file]).ok_or_else(|| {
                let what = "is missing; a folder holds four files named as MNIST's; put it there, or name a file";
                Error::new(ErrorKind::Data, folder.display(), format!("{}.gz {what}", FILES[file]))
            })
        };
        let (images, labels) = (path(images)?, path(images + 1)?);
        read_pair(name, &images, Some(&labels), class_names)
    };
    Ok(Splits { train: part(0)?, test: part(2)? })
}

/// Reads a file of images and, where there is one, the file of their labels.
pub(super) fn read_pair(name: &str, images: &Path, labels: Option<&Path>, class_names: &[&str]) -> Result<Dataset> {
    let label_place = labels.map(|path| path.display().to_string()).unwrap_or_default();
    let labels = labels.map(Idx::read).transpose()?.map(|labels| (label_place.as_str(), labels));
    pair(name, &images.display().to_string(), Idx::read(images)?, labels, class_names)
}

fn pair(name: &str, place: &str, images: Idx, labels: Option<(&str, Idx)>, class_names: &[&str]) -> Result<Dataset> {
    let wrong = |place: &str, what: String| Error::new(ErrorKind::Data, place, what);
    let (pixels, shape) = images.images().map_err(|what| wrong(place, what))?;
    let mut class_names: Vec<String> = class_names.iter().map(ToString::to_string).collect();
    let targets = match labels {
        None => Targets::None,
        Some((label_place, labels)) => {
            let labels = labels.labels().map_err(|what| wrong(label_place, what))?;
            if labels.len() != pixels.nrows() {
                let what = format!("{} labels for the {} images of {place}", labels.len(), pixels.nrows());
                return Err(wrong(label_place, what));
            }
            let classes = labels.iter().max().map_or(0, |&most| most as usize + 1);
            if class_names.is_empty() {
                class_names = (0..classes).map(|class| class.to_string()).collect();
            } else if classes > class_names.len() {
                return Err(wrong(label_place, format!("label {} is not below {}", classes - 1, class_names.len())));
            }
            Targets::Classes(labels)
        }
    };
    Ok(Dataset {
        name: name.into(),
        features: Features::Pixels(pixels),
        targets,
        class_names,
        feature_names: Vec::new(),
        image_shape: Some(shape),
    })
}

/// The file of that name in `folder`, gzipped or not.
pub(super) fn find_file(folder: &Path, name: &str) -> Option<PathBuf> {
    [format!("{name}.gz"), name.to_string()].iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::io::Read;

    #[test]
    fn the_bundled_files_are_the_published_ones() {
        // SHA-256 of the published files, decompressed.
        let published = [
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ];
        for ((file, name), expected) in BUNDLED.iter().zip(FILES).zip(published) {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(*file).read_to_end(&mut plain).unwrap();
            let digest = Sha256::digest(&plain).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
            assert_eq!(digest, expected, "{name}");
        }
    }

    #[test]
    fn mnist_is_what_it_is() {
        let Splits { train, test } = bundled().unwrap();
        assert_eq!((train.samples(), test.samples(), train.features.width()), (60_000, 10_000, 784));
        let Targets::Classes(labels) = &train.targets else { panic!() };
        assert_eq!(labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
        let Features::Pixels(pixels) = &train.features else { panic!() };
        assert_eq!(pixels.row(0).iter().map(|&pixel| u32::from(pixel)).sum::<u32>(), 27_525);
    }
}
