//! What can be trained, and what is refused before it begins.

use super::engine::Outputs;
use super::fit::Fit;
use crate::dataset::{Dataset, Features, Targets};
use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Activation, Elementwise, Loss, Sequential};
use ndarray::ArrayView2;

impl Fit<'_> {
    /// Refuses what cannot be trained.
    pub(super) fn check(&self, net: &Sequential, train: &Dataset) -> Result<()> {
        let recipe = |message: String| Err(Error::new(ErrorKind::Recipe, &net.name, message));
        if self.epochs == 0 || self.batch_size == 0 {
            return recipe("epochs and batch_size must be at least 1".into());
        }
        let Some(last) = net.dense_layers().last() else {
            return recipe("the network has no layers; give it at least one".into());
        };
        if !self.loss.accepts(last.activation) {
            let needed = match self.loss {
                Loss::Perceptron => "sign",
                Loss::BinaryCrossentropy => "sigmoid",
                _ => "softmax",
            };
            return recipe(format!(
                "the loss {:?} needs a last layer with the activation {needed}, not {:?}",
                self.loss, last.activation
            ));
        }
        self.check_layers(net)?;
        if self.augmentation.is_some()
            && (!matches!(train.features, Features::Pixels(_)) || train.image_shape.is_none())
        {
            return recipe("augmentation needs images; leave it out for other data".into());
        }
        if self.augmentation.is_some() && (net.input.normalization.is_some() || net.input.unit_norm.is_some()) {
            return recipe("augmentation changes pixels as they are; leave out the standardization".into());
        }
        let before = net.dense_layers().take(net.layers.len() - 1);
        for dense in before {
            if matches!(dense.activation, Activation::Softmax | Activation::LogSoftmax) {
                return recipe(format!("layer {:?}: a softmax can be trained in the last layer only", dense.name));
            }
        }
        check_data(net, train)
    }

    /// Refuses settings that a layer cannot have.
    fn check_layers(&self, net: &Sequential) -> Result<()> {
        let last = net.dense_layers().count() - 1;
        for (k, (dense, settings)) in net.dense_layers().zip(self.settings(net)).enumerate() {
            let wrong = |message: String| {
                Err(Error::new(ErrorKind::Recipe, &net.name, format!("layer {:?}: {message}", dense.name)))
            };
            if !(0.0..1.0).contains(&settings.dropout) {
                return wrong(format!("dropout {} is not from 0 to below 1", settings.dropout));
            }
            let slope = matches!(dense.activation, Activation::Elementwise(Elementwise::LeakyRelu { .. }));
            if settings.learned_slope && !slope {
                return wrong("only a leaky ReLU's slope can be learned".into());
            }
            let hidden = [
                ("dropout", settings.dropout > 0.0),
                ("batch normalization", settings.batch_normalization.is_some()),
                ("a learned slope", settings.learned_slope),
                ("rounded outputs", settings.output_range.is_some()),
            ];
            if let Some((what, _)) = hidden.iter().find(|(_, wanted)| *wanted && k == last) {
                return wrong(format!("the last layer cannot have {what}; leave it out there"));
            }
        }
        if (0.0..1.0).contains(&self.input_dropout) {
            return Ok(());
        }
        let message = format!("input_dropout {} is not from 0 to below 1", self.input_dropout);
        Err(Error::new(ErrorKind::Recipe, &net.name, message))
    }

    /// How much each sample counts; `None` where all count the same.
    pub(super) fn weights(&self, train: &Dataset) -> Result<Option<Vec<f32>>> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Recipe, &train.name, message));
        let valid = |weights: &[f32]| weights.iter().all(|weight| *weight >= 0.0 && weight.is_finite());
        if let Some(weights) = &self.sample_weights {
            if weights.len() != train.samples() {
                return wrong(format!(
                    "{} sample weights for {} samples; give one each",
                    weights.len(),
                    train.samples()
                ));
            }
            if !valid(weights) {
                return wrong("a sample weight is negative or not finite; give numbers from 0 on".into());
            }
        }
        let Some(classes) = &self.class_weights else { return Ok(self.sample_weights.clone()) };
        let Targets::Classes(targets) = &train.targets else {
            return wrong("class weights need targets that are classes; leave them out".into());
        };
        let most = targets.iter().max().map_or(0, |&class| class as usize + 1);
        if classes.len() < most || !valid(classes) {
            return wrong(format!(
                "{} class weights for {most} classes; give one number from 0 on each",
                classes.len()
            ));
        }
        let own = |sample: usize| self.sample_weights.as_ref().map_or(1.0, |weights| weights[sample]);
        let weights = targets.iter().enumerate().map(|(sample, &class)| classes[class as usize] * own(sample));
        Ok(Some(weights.collect()))
    }
}

/// The targets in the form of the network's outputs.
pub(super) fn targets<'a>(net: &Sequential, data: &'a Dataset) -> Result<Outputs<'a>> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Data, &data.name, message));
    match &data.targets {
        Targets::Classes(classes) => {
            let limit = net.outputs().max(2);
            if let Some(sample) = classes.iter().position(|&class| class as usize >= limit) {
                let class = classes[sample];
                return wrong(format!(
                    "sample {sample} is of class {class}, but the network has outputs for classes 0 to {}",
                    limit - 1
                ));
            }
            Ok(Outputs::Classes(classes))
        }
        Targets::Values(values) if values.ncols() != net.outputs() => wrong(format!(
            "{} targets per sample, but the network has {} outputs; give the last layer as many units, or take a loss \
                 of classes",
            values.ncols(),
            net.outputs()
        )),
        Targets::Values(values) => {
            finite(values.view(), &data.name, "target")?;
            Ok(Outputs::Values(values.view()))
        }
        Targets::None => wrong("has no targets to learn; take a data set with labels".into()),
    }
}

/// Refuses data that do not fit the network or are not numbers.
pub(super) fn check_data(net: &Sequential, data: &Dataset) -> Result<()> {
    let wrong = |message: String| Err(Error::new(ErrorKind::Data, &data.name, message));
    if data.samples() == 0 {
        return wrong("no samples to learn from".into());
    }
    if data.features.width() != net.inputs() {
        return wrong(format!("{} features, but the network takes {}", data.features.width(), net.inputs()));
    }
    if let Features::Real(values) = &data.features {
        finite(values.view(), &data.name, "feature")?;
    }
    targets(net, data).map(drop)
}

fn finite(values: ArrayView2<f32>, name: &str, what: &str) -> Result<()> {
    match values.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((sample, column), value)) => Err(Error::new(
            ErrorKind::Data,
            name,
            format!("sample {sample}, {what} {column} is {value}; remove the sample or fill the gap"),
        )),
    }
}
