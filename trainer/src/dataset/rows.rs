//! What a data set answers about its rows.

use super::{Dataset, Features, Targets};
use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array2, Axis, concatenate};

impl Features {
    /// The number of samples.
    pub fn samples(&self) -> usize {
        match self {
            Self::Pixels(pixels) => pixels.nrows(),
            Self::Real(values) => values.nrows(),
        }
    }

    /// The number of features of one sample.
    pub fn width(&self) -> usize {
        match self {
            Self::Pixels(pixels) => pixels.ncols(),
            Self::Real(values) => values.ncols(),
        }
    }

    /// The real values, samples x features: `pixel / 255` for pixels.
    pub fn real(&self) -> Array2<f32> {
        match self {
            Self::Pixels(pixels) => pixels.mapv(|pixel| f32::from(pixel) / 255.0),
            Self::Real(values) => values.clone(),
        }
    }

    /// What is wrong with the first number that is not finite, if there is one.
    pub(crate) fn not_finite(&self) -> Option<String> {
        let Self::Real(values) = self else { return None };
        let ((row, column), value) = values.indexed_iter().find(|(_, value)| !value.is_finite())?;
        Some(format!("row {row}, column {column}: {value} is not a finite number; fill it in or delete the row"))
    }

    /// The given rows in the given order.
    /// # Panics
    /// Where a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Pixels(pixels) => Self::Pixels(pixels.select(Axis(0), rows)),
            Self::Real(values) => Self::Real(values.select(Axis(0), rows)),
        }
    }
}

impl Dataset {
    /// Takes a named column out of the features, and gives it.
    /// # Errors
    /// [`ErrorKind::Data`] where there is no such column.
    pub fn take_column(&mut self, name: &str) -> Result<Vec<f32>> {
        let at = self.feature_names.iter().position(|known| known == name);
        let (Some(at), Features::Real(values)) = (at, &mut self.features) else {
            let known = self.feature_names.join(", ");
            let message = format!("has no column {name:?} (there are: {known})");
            return Err(Error::new(ErrorKind::Data, &self.name, message));
        };
        let column = values.column(at).to_vec();
        values.remove_index(ndarray::Axis(1), at);
        *values = values.as_standard_layout().into_owned();
        self.feature_names.remove(at);
        Ok(column)
    }

    /// The number of samples.
    pub fn samples(&self) -> usize {
        self.features.samples()
    }

    /// The given rows in the given order, with their targets.
    /// # Panics
    /// Where a row does not exist.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let targets = match &self.targets {
            Targets::Classes(classes) => Targets::Classes(rows.iter().map(|&row| classes[row]).collect()),
            Targets::Values(values) => Targets::Values(values.select(Axis(0), rows)),
            Targets::None => Targets::None,
        };
        Self { features: self.features.select(rows), targets, ..self.clone_meaning() }
    }

    /// The first `count` samples, or all where there are fewer.
    #[must_use]
    pub fn head(&self, count: usize) -> Self {
        self.select(&(0..count.min(self.samples())).collect::<Vec<_>>())
    }

    /// These samples, then the others'.
    /// # Errors
    /// [`ErrorKind::Data`] where the features or the targets are of another kind or width.
    pub fn followed_by(&self, others: &Self) -> Result<Self> {
        let differ =
            || Error::new(ErrorKind::Data, &self.name, "the parts for training and testing differ in kind or width");
        let features = match (&self.features, &others.features) {
            (Features::Pixels(a), Features::Pixels(b)) => {
                Features::Pixels(concatenate(Axis(0), &[a.view(), b.view()]).map_err(|_| differ())?)
            }
            (Features::Real(a), Features::Real(b)) => {
                Features::Real(concatenate(Axis(0), &[a.view(), b.view()]).map_err(|_| differ())?)
            }
            _ => return Err(differ()),
        };
        let targets = match (&self.targets, &others.targets) {
            (Targets::Classes(a), Targets::Classes(b)) => Targets::Classes([&a[..], b].concat()),
            (Targets::Values(a), Targets::Values(b)) => {
                Targets::Values(concatenate(Axis(0), &[a.view(), b.view()]).map_err(|_| differ())?)
            }
            (Targets::None, Targets::None) => Targets::None,
            _ => return Err(differ()),
        };
        Ok(Self { features, targets, ..self.clone_meaning() })
    }

    /// Everything but the numbers.
    fn clone_meaning(&self) -> Self {
        Self {
            name: self.name.clone(),
            features: Features::Real(Array2::zeros((0, 0))),
            targets: Targets::None,
            class_names: self.class_names.clone(),
            feature_names: self.feature_names.clone(),
            image_shape: self.image_shape,
        }
    }

    /// The same data with class indices as targets: a single column of whole numbers from 0 becomes indices into
    /// `class_names`, where the caller knows that it must classify (a table's last column may be either). Classes that have
    /// the same names already become those of the same name.
    /// # Errors
    /// [`ErrorKind::Data`] where the targets are no class indices, or an index has no name.
    pub fn classified(mut self, class_names: &[String]) -> Result<Self> {
        if let Targets::Values(values) = &self.targets {
            let refuse = |what: String| Error::new(ErrorKind::Data, &self.name, what);
            if values.ncols() != 1 {
                return Err(refuse(format!("{} target columns; a class index is one column", values.ncols())));
            }
            let indices = values.iter().enumerate().map(|(row, &value)| {
                if value >= 0.0 && value.fract() == 0.0 && value < 65_536.0 {
                    Ok(value as u32)
                } else {
                    let what = "is no class index (a whole number from 0)";
                    Err(refuse(format!("sample {}, counted from 1: the target {value} {what}", row + 1)))
                }
            });
            self.targets = Targets::Classes(indices.collect::<Result<_>>()?);
        }
        // A table of words counts its classes in its own order.
        if let Targets::Classes(classes) = &mut self.targets {
            let own = |class: &u32| self.class_names.get(*class as usize);
            let place = |class: &u32| class_names.iter().position(|name| Some(name) == own(class));
            if let Some(places) = classes.iter().map(place).collect::<Option<Vec<_>>>() {
                *classes = places.into_iter().map(|place| place as u32).collect();
            }
        }
        if let Targets::Classes(classes) = &self.targets {
            let most = classes.iter().max().map_or(0, |&most| most as usize + 1);
            if !class_names.is_empty() && most > class_names.len() {
                return Err(Error::new(
                    ErrorKind::Data,
                    &self.name,
                    format!(
                        "class index {} occurs, but the classes are 0 to {}; correct the label",
                        most - 1,
                        class_names.len() - 1
                    ),
                ));
            }
            self.class_names = if class_names.is_empty() {
                (0..most).map(|index| index.to_string()).collect()
            } else {
                class_names.to_vec()
            };
        }
        Ok(self)
    }
}
