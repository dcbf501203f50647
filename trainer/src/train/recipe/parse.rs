//! Reading a recipe, with errors that name line and key and suggest what may have been meant.

use super::{LossName, MonitorName, Recipe, built_in, names};
use crate::error::{Error, ErrorKind, Result, nearest};
use std::ops::RangeInclusive;
use std::path::Path;

/// A file's name without its ending; its folder's where it is only called a recipe.
fn file_name(path: &Path) -> String {
    let name = |path: &Path| path.file_stem().map(|name| name.to_string_lossy().into_owned());
    match (name(path), path.parent().and_then(name)) {
        (Some(own), Some(folder)) if own == "recipe" => folder,
        (own, _) => own.unwrap_or_default(),
    }
}

impl Recipe {
    /// Reads a built-in recipe by its name, or a file by its path.
    /// # Errors
    /// [`ErrorKind::Recipe`] where there is neither or it is wrong, [`ErrorKind::Io`] where the file cannot be read.
    pub fn load(source: &str) -> Result<Self> {
        if let Some(text) = built_in(source) {
            return Self::parse(source, text);
        }
        let path = Path::new(source);
        let is_file = path.extension().is_some_and(|extension| extension == "toml") || path.components().count() > 1;
        if is_file {
            let text = std::fs::read_to_string(path).map_err(|error| Error::unreadable(path, &error))?;
            return Self::parse(source, &text);
        }
        let nearest = nearest(source, names()).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        let known = names().collect::<Vec<_>>().join(", ");
        let message = format!("is no built-in recipe ({known}) and no file name ending in .toml{nearest}");
        Err(Error::new(ErrorKind::Recipe, source, message))
    }

    /// Reads a recipe from its text; `place` names it in errors.
    /// # Errors
    /// [`ErrorKind::Recipe`] with the line, where the text is no recipe or asks for what makes no sense.
    pub fn parse(place: &str, text: &str) -> Result<Self> {
        let mut recipe: Self = toml::from_str(text).map_err(|error| explain(place, text, &error))?;
        if recipe.name.is_empty() {
            recipe.name = file_name(Path::new(place));
        }
        recipe.check().map_err(|error| {
            let key = error.split(' ').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
            let line = text.lines().position(|line| line.trim_start().starts_with(key));
            let line = line.map(|line| format!(": line {}", line + 1)).unwrap_or_default();
            Error::new(ErrorKind::Recipe, format!("{place}{line}"), error)
        })?;
        Ok(recipe)
    }

    /// The recipe with other values: each change is `KEY=VALUE` with a key such as `epochs`, `optimizer.learning_rate` or
    /// `layers.0.units` and a TOML value (a word needs no quotes). The optimizer's keys can stand alone where the recipe has
    /// none of that name, and `layers=128-64` sets the units of the hidden layers, each else like the first.
    /// # Errors
    /// [`ErrorKind::Recipe`] where a change has no such form, no such place, or makes no recipe.
    pub fn with(&self, changes: &[String]) -> Result<Self> {
        let text = self.text()?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| explain(&self.name, &text, &error))?;
        let mut table = toml::Value::Table(table);
        for change in changes {
            let wrong = |what: &str| Error::new(ErrorKind::Recipe, format!("--set {change}"), what);
            let (key, value) = change.split_once('=').ok_or_else(|| wrong("is not of the form KEY=VALUE"))?;
            if let ("layers", Some(units)) = (key, hidden_units(value)) {
                set_hidden(&mut table, &units);
                continue;
            }
            let key = if table.get(key).is_none() && OPTIMIZER_KEYS.contains(&key) {
                &format!("optimizer.{key}")
            } else {
                key
            };
            let value = toml::from_str::<toml::Table>(&format!("value = {value}"))
                .ok()
                .and_then(|mut table| table.remove("value"))
                .unwrap_or_else(|| toml::Value::String(value.into()));
            let mut place = &mut table;
            for part in key.split('.') {
                place = match place {
                    toml::Value::Table(inner) => {
                        inner.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()))
                    }
                    toml::Value::Array(items) => {
                        let item = part.parse().ok().and_then(|index: usize| items.get_mut(index));
                        item.ok_or_else(|| wrong("counts the layers from 0 and names one that there is"))?
                    }
                    _ => return Err(wrong("names no place in a recipe; try optimizer.learning_rate=0.01")),
                };
            }
            *place = value;
            let place = format!("--set {change}");
            table.clone().try_into::<Self>().map_err(|error| explain(&place, "", &error))?;
        }
        let recipe: Self = table.try_into().map_err(|error| explain("--set", "", &error))?;
        recipe.check().map_err(|error| Error::new(ErrorKind::Recipe, "--set", error))?;
        Ok(recipe)
    }

    /// The recipe as a file.
    /// # Errors
    /// [`ErrorKind::Recipe`] where a value cannot be written as TOML.
    pub fn text(&self) -> Result<String> {
        toml::to_string(self).map_err(|error| Error::new(ErrorKind::Recipe, &self.name, error))
    }

    /// What is wrong beyond the form.
    fn check(&self) -> std::result::Result<(), String> {
        if self.epochs == 0 {
            return Err("epochs = 0 trains nothing; give at least 1".into());
        }
        if self.layers.is_empty() {
            return Err("layers is empty; give at least one `[[layers]]`".into());
        }
        for (key, value, range) in self.numbers() {
            // A NaN is in no range.
            if value.is_some_and(|value| !range.contains(&value)) {
                let (value, low, high) = (value.unwrap_or_default(), range.start(), range.end());
                return Err(format!("{key} = {value} is not within {low} and {high}"));
            }
        }
        if self.data.test_samples == Some(0) {
            return Err("data.test_samples = 0 leaves nothing to judge by; give at least 1".into());
        }
        let smooth = matches!(self.loss, LossName::CategoricalCrossentropy | LossName::SparseCategoricalCrossentropy);
        if self.label_smoothing > 0.0 && !smooth {
            return Err("label_smoothing belongs to the categorical cross-entropies; remove it".into());
        }
        if self.delta.is_some() && self.loss != LossName::Huber {
            return Err("delta belongs to the loss huber; remove it".into());
        }
        if self.data.standardize && self.data.min_max {
            return Err("standardize and min_max exclude each other; keep one".into());
        }
        let watches = |name: Option<MonitorName>| name.is_some_and(|name| name != MonitorName::Loss);
        let stopping = self.early_stopping.as_ref().is_some_and(|stopping| watches(stopping.monitor));
        if self.data.validation == 0.0 && (stopping || watches(self.schedule.monitor)) {
            return Err("monitor watches a validation; give `validation` in [data], such as 0.1".into());
        }
        for (key, limit) in
            [("global_clipnorm", self.optimizer.global_clipnorm), ("clipvalue", self.optimizer.clipvalue)]
        {
            if let Some(limit) = limit.filter(|limit| !(*limit > 0.0 && limit.is_finite())) {
                return Err(format!("optimizer.{key} = {limit} is no limit; give a positive number such as 1.0"));
            }
        }
        if let Some(rate) = self.optimizer.learning_rate.filter(|rate| !(*rate > 0.0 && rate.is_finite())) {
            return Err(format!("optimizer.learning_rate = {rate} is no rate; give a positive number such as 0.001"));
        }
        Ok(())
    }

    /// The numbers that are given, by their keys, and what they can be.
    fn numbers(&self) -> Vec<(String, Option<f32>, RangeInclusive<f32>)> {
        let (o, s) = (&self.optimizer, &self.schedule);
        // A decay of 1 would keep what was there at the beginning for ever.
        let decay = 0.0..=0.999_999;
        let mut numbers = vec![
            ("label_smoothing", Some(self.label_smoothing), 0.0..=1.0),
            ("delta", self.delta, 1e-6..=1e6),
            ("data.noise", Some(self.data.noise), 0.0..=0.5),
            ("data.validation", Some(self.data.validation), 0.0..=0.9),
            ("input_dropout", Some(self.input_dropout), 0.0..=0.99),
            ("optimizer.momentum", o.momentum, decay.clone()),
            ("optimizer.rho", o.rho, decay.clone()),
            ("optimizer.beta_1", o.beta_1, decay.clone()),
            ("optimizer.beta_2", o.beta_2, decay),
            ("optimizer.epsilon", o.epsilon, 1e-30..=1.0),
            ("optimizer.weight_decay", o.weight_decay, 0.0..=1e3),
            ("optimizer.initial_accumulator_value", o.initial_accumulator_value, 0.0..=1e6),
            ("schedule.epochs", s.epochs, 0.001..=1e9),
            ("schedule.factor", s.factor, 0.0..=1.0),
            ("schedule.warmup", s.warmup, 0.0..=1.0),
            ("schedule.floor", s.floor, 0.0..=1.0),
        ];
        if let Some(augment) = &self.augment {
            numbers.extend([
                ("augment.shift", Some(augment.shift), 0.0..=100.0),
                ("augment.rotation", Some(augment.rotation), 0.0..=180.0),
                ("augment.scale", Some(augment.scale), 0.0..=0.9),
                ("augment.shear", Some(augment.shear), 0.0..=80.0),
                ("augment.elastic", Some(augment.elastic), 0.0..=1e3),
                ("augment.sigma", Some(augment.sigma), 0.1..=100.0),
            ]);
        }
        let of_layers = self.layers.iter().enumerate().flat_map(|(index, layer)| {
            let (w, b, y) = (layer.kernel_regularizer, layer.bias_regularizer, layer.activity_regularizer);
            [
                ("dropout", layer.dropout, 0.99),
                ("kernel_regularizer.l1", w.l1, 1e6),
                ("kernel_regularizer.l2", w.l2, 1e6),
                ("bias_regularizer.l1", b.l1, 1e6),
                ("bias_regularizer.l2", b.l2, 1e6),
                ("activity_regularizer.l1", y.l1, 1e6),
                ("activity_regularizer.l2", y.l2, 1e6),
            ]
            .map(|(key, value, high)| (format!("layers.{index}.{key}"), Some(value), 0.0..=high))
        });
        let given = self.layers.iter().enumerate().flat_map(|(index, layer)| {
            let normalization = layer.batch_normalization.settings;
            [
                ("alpha", layer.alpha, 1e-6..=1e6),
                ("negative_slope", layer.negative_slope, 0.0..=1.0),
                ("batch_normalization.momentum", normalization.momentum, 0.0..=0.999_999),
                ("batch_normalization.epsilon", normalization.epsilon, 1e-30..=1.0),
            ]
            .map(|(key, value, range)| (format!("layers.{index}.{key}"), value, range))
        });
        numbers
            .into_iter()
            .map(|(key, value, range)| (key.to_owned(), value, range))
            .chain(of_layers)
            .chain(given)
            .collect()
    }
}

/// Keys of the optimizer that can stand alone.
const OPTIMIZER_KEYS: [&str; 6] =
    ["learning_rate", "weight_decay", "momentum", "nesterov", "global_clipnorm", "clipvalue"];

/// The units in `128-64`.
fn hidden_units(value: &str) -> Option<Vec<i64>> {
    value.split('-').map(|units| units.trim().parse().ok()).collect()
}

/// Makes hidden layers of these units, each else like the recipe's first.
fn set_hidden(recipe: &mut toml::Value, units: &[i64]) {
    if let Some(layers) = recipe.get_mut("layers").and_then(toml::Value::as_array_mut)
        && let (Some(first), Some(last)) = (layers.first().cloned(), layers.pop())
    {
        *layers = units.iter().map(|&units| with_units(first.clone(), units)).chain([last]).collect();
    }
}

fn with_units(mut layer: toml::Value, units: i64) -> toml::Value {
    if let Some(table) = layer.as_table_mut() {
        table.insert("units".into(), units.into());
        table.remove("name");
    }
    layer
}

/// An error of the TOML reader in one line, with its place and the nearest known name.
fn explain(place: &str, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let place = line.map_or(place.to_string(), |line| format!("{place}: line {line}"));
    let message = error.message();
    // serde says: unknown field `epocs`, expected one of `name`, `epochs`
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let suggestion = match quoted.split_first() {
        Some((unknown, known)) if message.starts_with("unknown") => nearest(unknown, known.iter().copied()),
        _ => None,
    };
    let hint = suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    let whole = ["usize", "u64", "u32"].iter().find_map(|width| message.strip_suffix(&format!("expected {width}")));
    let message = whole.map_or(message.into(), |what| format!("{what}expected a whole number of at least 0"));
    Error::new(ErrorKind::Recipe, place, format!("{}{hint}", message.replace('\n', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Options, load};
    use crate::nn::{Activation, Elementwise};
    use crate::train::BatchNormalization;

    fn refusal(from: &str, to: &str) -> String {
        let text = built_in("mnist").unwrap();
        assert!(text.contains(from), "{from}");
        Recipe::parse("recipe.toml", &text.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn every_built_in_recipe_is_one_and_survives_writing() {
        for name in names() {
            let recipe = Recipe::load(name).unwrap();
            assert_eq!(recipe.name, name);
            recipe.optimizer().unwrap();
            recipe.schedule().unwrap();
            assert_eq!(Recipe::parse("again", &recipe.text().unwrap()).unwrap(), recipe);
        }
    }

    #[test]
    fn slips_are_named_with_their_line_and_what_was_meant() {
        let message = refusal("\nepochs", "\nepocs");
        assert!(message.starts_with("recipe.toml: line ") && message.ends_with("did you mean `epochs`?"), "{message}");
        assert!(refusal("\"adam\"", "\"adm\"").ends_with("did you mean `adam`?"));
        assert!(refusal("units", "unit").ends_with("did you mean `units`?"));
        assert!(refusal("learning_rate", "rate").contains("unknown field `rate`"));
        assert!(refusal("\"relu\"", "\"relux\"").ends_with("did you mean `relu`?"));
        let message = Recipe::load("mnits").unwrap_err().to_string();
        assert!(
            message.starts_with("mnits: is no built-in recipe (") && message.ends_with("did you mean mnist?"),
            "{message}"
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let message = refusal("epochs = 10", "epochs = 0");
        assert!(
            message.contains("line ") && message.ends_with("epochs = 0 trains nothing; give at least 1"),
            "{message}"
        );
        assert!(refusal("learning_rate = 0.001", "learning_rate = -1.0").contains("is no rate"));
        let (images, mnist) = (Recipe::load("mnist-best").unwrap(), Recipe::load("mnist").unwrap());
        for (recipe, change) in [
            (&images, "augment.shift=1e30"),
            (&images, "augment.rotation=-5"),
            (&images, "augment.scale=1"),
            (&images, "augment.shear=90"),
            (&images, "augment.elastic=inf"),
            (&images, "augment.sigma=nan"),
            (&images, "augment.sigma=1e9"),
            (&mnist, "optimizer.beta_1=1"),
            (&mnist, "optimizer.epsilon=nan"),
            (&mnist, "schedule.warmup=2"),
            (&mnist, "layers.0.dropout=1"),
            (&mnist, "layers.0.alpha=-1"),
            (&mnist, "layers.0.batch_normalization={ momentum = 1.5 }"),
            (&mnist, "layers.1.kernel_regularizer.l2=-1"),
        ] {
            let error = recipe.with(&[change.to_owned()]).unwrap_err().to_string();
            let key = change.split('=').next().unwrap();
            assert!(error.starts_with(&format!("--set: {key}")) && error.contains("is not within"), "{error}");
        }
        assert!(Recipe::load("nowhere/recipe.toml").unwrap_err().kind() == ErrorKind::Io);
    }

    #[test]
    fn activations_and_normalizations_have_their_numbers() {
        let (mnist, data) = (Recipe::load("mnist").unwrap(), load("mnist", &Options::default()).unwrap().train.head(9));
        let with = |changes: &[&str]| mnist.with(&changes.iter().map(|s| (*s).to_string()).collect::<Vec<_>>());
        let first = |changes: &[&str]| {
            with(changes).unwrap().network(&data).map(|net| net.dense_layers().next().unwrap().activation)
        };
        let elu = first(&["layers.0.activation=elu", "layers.0.alpha=0.5"]).unwrap();
        assert_eq!(elu, Activation::Elementwise(Elementwise::Elu { alpha: 0.5 }));
        let leaky = first(&["layers.0.activation=leaky_relu", "layers.0.negative_slope=0.01"]).unwrap();
        assert_eq!(leaky, Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.01 }));
        let usual = first(&["layers.0.activation=prelu"]).unwrap();
        assert_eq!(usual, Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.25 }));
        let wrong = first(&["layers.0.alpha=0.5"]).unwrap_err().to_string();
        assert!(wrong.contains("alpha belongs to the activations elu and celu"), "{wrong}");

        let changed = with(&["layers.0.batch_normalization={ momentum = 0.99 }", "layers.1.batch_normalization=true"]);
        let changed = changed.unwrap();
        assert_eq!(Recipe::parse("again", &changed.text().unwrap()).unwrap(), changed);
        let settings = changed.fit(&data).unwrap().layers;
        assert_eq!(settings[0].batch_normalization, Some(BatchNormalization { momentum: 0.99, epsilon: 1e-3 }));
        assert_eq!(settings[1].batch_normalization, Some(BatchNormalization::default()));
        assert_eq!(settings[2].batch_normalization, None);
        let unknown = with(&["layers.0.batch_normalization={ momentun = 0.99 }"]).unwrap_err().to_string();
        assert!(unknown.ends_with("did you mean `momentum`?"), "{unknown}");
        let word = with(&["layers.0.batch_normalization=often"]).unwrap_err().to_string();
        assert!(word.contains("expected true, false, or { momentum = ..., epsilon = ... }"), "{word}");
    }

    #[test]
    fn settings_of_another_optimizer_are_refused() {
        let text = built_in("mnist").unwrap().replacen("learning_rate = 0.001", "momentum = 0.9", 1);
        let error = Recipe::parse("recipe.toml", &text).unwrap().optimizer().unwrap_err().to_string();
        assert_eq!(error, "mnist: optimizer.momentum does not belong to the optimizer adam; remove it");
    }

    #[test]
    fn any_value_can_be_set() {
        let recipe = Recipe::load("mnist").unwrap();
        let with = |changes: &[&str]| recipe.with(&changes.iter().map(|s| (*s).to_string()).collect::<Vec<_>>());
        let changed =
            with(&["optimizer.learning_rate=0.01", "layers.1.units=64", "layers.0.activation=tanh", "epochs=2"]);
        let changed = changed.unwrap();
        assert_eq!(changed.optimizer.learning_rate, Some(0.01));
        assert_eq!((changed.layers[1].units, changed.epochs), (64, 2));
        assert_eq!(changed.layers[0].activation, super::super::ActivationName::Tanh);
        assert_eq!(with(&[]).unwrap(), recipe);
        let changed = with(&["layers=96-48-24", "learning_rate=0.02"]).unwrap();
        assert_eq!(changed.layers.iter().map(|layer| layer.units).collect::<Vec<_>>(), [96, 48, 24, 10]);
        assert_eq!(changed.layers[2].activation, recipe.layers[0].activation);
        assert_eq!(changed.layers[3], recipe.layers[2]);
        assert_eq!(changed.optimizer.learning_rate, Some(0.02));
        let refusal = |change: &str| with(&[change]).unwrap_err().to_string();
        assert!(refusal("optimizer.rate=0.1").contains("unknown field `rate`"));
        assert!(refusal("optimizer.learning_rat=0.1").ends_with("did you mean `learning_rate`?"));
        assert!(refusal("layers.7.units=3").contains("names one that there is"));
        assert_eq!(refusal("epochs"), "--set epochs: is not of the form KEY=VALUE");
        assert_eq!(refusal("epochs=0"), "--set: epochs = 0 trains nothing; give at least 1");
        let whole = "expected a whole number of at least 0";
        assert_eq!(refusal("epochs=many"), format!("--set epochs=many: invalid type: string \"many\", {whole}"));
        assert_eq!(refusal("epochs=-1"), format!("--set epochs=-1: invalid value: integer `-1`, {whole}"));
    }

    #[test]
    fn everything_of_a_layer_can_be_said() {
        let text = built_in("mnist").unwrap().replacen(
            "activation = \"relu\"",
            "activation = \"prelu\"\nuse_bias = false\nkernel_initializer = { name = \"truncated_normal\", value = 0.02 }\n\
             kernel_regularizer = { l2 = 1e-4 }\nactivity_regularizer = { l1 = 1e-5 }\nbatch_normalization = true\n\
             dropout = 0.25\nweights = \"int4\"",
            1,
        );
        let recipe = Recipe::parse("recipe.toml", &text).unwrap();
        let layer = &recipe.layers[0];
        assert_eq!(layer.kernel_initializer.value, Some(super::super::InitializerValue::Number(0.02)));
        let settings = layer.settings();
        assert!(settings.learned_slope && !settings.use_bias && settings.batch_normalization.is_some());
        assert_eq!((settings.dropout, settings.kernel_regularizer.l2), (0.25, 1e-4));
        assert_eq!(settings.grid, Some(crate::train::WeightGrid::Int4));
        assert_eq!(Recipe::parse("again", &recipe.text().unwrap()).unwrap(), recipe);
        let refusal =
            |from: &str, to: &str| Recipe::parse("recipe.toml", &text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(refusal("{ l2 =", "{ l3 =").ends_with("did you mean `l1`?"));
        assert!(refusal("truncated_normal", "truncted_normal").ends_with("did you mean `truncated_normal`?"));
        assert!(refusal("value = 0.02", "valeu = 0.02").ends_with("did you mean `value`?"));
        assert!(refusal("dropout = 0.25", "dropout = 1.0").contains("dropout = 1 is not within 0 and 0.99"));
        assert!(
            refusal("\"int4\"", "\"int5\"").ends_with("did you mean `int8`?"),
            "{}",
            refusal("\"int4\"", "\"int5\"")
        );
    }

    #[test]
    fn every_weight_can_be_said() {
        let text = built_in("backpropagation").unwrap();
        let data = crate::dataset::load("one-sample", &crate::dataset::Options::default()).unwrap().train;
        let recipe = Recipe::parse("recipe.toml", text).unwrap();
        let net = recipe.network(&data).unwrap();
        let layers: Vec<_> = net.dense_layers().collect();
        assert_eq!(layers[0].kernel, ndarray::array![[0.1, -0.2], [0.4, 0.2]]);
        assert_eq!(layers[0].bias, ndarray::array![0.0, 0.1]);
        assert_eq!((layers[1].kernel[[1, 0]], layers[1].bias[0]), (-0.5, 0.2));
        assert_eq!(Recipe::parse("again", &recipe.text().unwrap()).unwrap(), recipe);
        let refusal = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            let recipe = Recipe::parse("recipe.toml", &text.replacen(from, to, 1));
            recipe.and_then(|recipe| recipe.network(&data)).unwrap_err().to_string()
        };
        assert_eq!(
            refusal("[0.4, 0.2]]", "[0.4]]"),
            "backpropagation: layer 1: kernel_initializer: value needs 2 lists of 2 numbers, one for each weight"
        );
        assert!(
            refusal("[0.0, 0.1]", "[0.0]")
                .ends_with("bias_initializer: value needs 1 lists of 2 numbers, one for each weight")
        );
        assert!(refusal("[0.0, 0.1]", "\"x\"").contains("expected a number, a list of numbers, or a list of lists"));
        assert!(refusal("\"constant\"", "\"ones\"").contains("belongs to the initializer constant, not Ones"));
    }

    #[test]
    fn what_belongs_elsewhere_is_refused() {
        let refusal = |change: &[&str]| {
            let changes: Vec<String> = change.iter().map(|s| (*s).to_string()).collect();
            Recipe::load("mnist").unwrap().with(&changes).unwrap_err().to_string()
        };
        assert!(refusal(&["loss=mean_squared_error", "label_smoothing=0.1"]).contains("belongs to the categorical"));
        assert!(refusal(&["delta=2.0"]).contains("belongs to the loss huber"));
        assert!(refusal(&["data.standardize=true", "data.min_max=true"]).contains("exclude each other"));
        let stopping = "early_stopping={ monitor = \"val_loss\", patience = 3 }";
        assert!(refusal(&[stopping]).contains("monitor watches a validation"));
        assert!(refusal(&["clipvalue=0.0"]).contains("clipvalue = 0 is no limit"));
        let huge = Recipe::load("mnist").unwrap().with(&["layers=9000000000000".into()]).unwrap();
        let data = crate::dataset::load("mnist", &crate::dataset::Options::default()).unwrap().train.head(10);
        let error = huge.network(&data).unwrap_err().to_string();
        assert!(error.starts_with("mnist: the network has ") && error.ends_with("make its layers smaller"), "{error}");
    }
}
