//! One step of training with every number, as one would compute it by hand: plain loops in f64, formula by formula, and nothing
//! of the library's own arithmetic, with which the results are compared.

use crate::error::{Error, ErrorKind, Result};
use crate::nn::{Activation, Loss, Sequential, Target};
use ndarray::Array2;
use serde_json::{Value, json};
use std::fmt::Write;

/// More numbers than these nobody reads.
const MOST_PARAMETERS: usize = 100;

/// How far a parameter is moved both ways for a central difference.
const MOVE: f64 = 1e-4;

/// A row for each input, with a number for each unit.
type Matrix = Vec<Vec<f64>>;

/// A layer on the way to the loss, and the way back.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    activation: Activation,
    kernel: Matrix,
    bias: Vec<f64>,
    /// What enters, `x`.
    inputs: Vec<f64>,
    /// `z = x w + b`
    sums: Vec<f64>,
    /// `a`, the activation of `z`
    outputs: Vec<f64>,
    /// `dL/dz`, which is `dL/db`, too
    delta: Vec<f64>,
}

/// The loss of one sample, and its gradient with respect to every parameter.
#[derive(Clone, Debug)]
pub struct Explanation {
    steps: Vec<Step>,
    loss: Loss,
    target: Vec<f64>,
    value: f64,
    /// What the library says: the loss, and per layer `dL/dw` and `dL/db`.
    library: (f64, Vec<(Matrix, Vec<f64>)>),
    /// The learning rate of plain gradient descent, where that is what follows.
    rate: Option<f32>,
    /// The same by central differences of the loss by hand.
    differences: Vec<(Matrix, Vec<f64>)>,
}

impl Explanation {
    /// Follows one sample (1 x features) through the network to its loss and back, and takes a step of plain gradient descent
    /// where there is a learning rate.
    /// # Errors
    /// [`ErrorKind::Recipe`] where the network has more than a hundred parameters, or an activation or a loss whose formula is
    /// not among those that are shown.
    pub fn of(
        net: &Sequential,
        sample: &Array2<f32>,
        target: Target<'_>,
        loss: Loss,
        rate: Option<f32>,
    ) -> Result<Self> {
        let wrong = |message: String| Error::new(ErrorKind::Recipe, &net.name, message);
        if net.parameters() > MOST_PARAMETERS {
            let most = format!("explain shows at most {MOST_PARAMETERS} parameters");
            return Err(wrong(format!("{most}, and the network has {}; remove explain", net.parameters())));
        }
        let wide = |row: ndarray::ArrayView1<f32>| row.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        let rows = |matrix: &Array2<f32>| matrix.rows().into_iter().map(wide).collect::<Matrix>();
        let mut steps: Vec<Step> = net
            .dense_layers()
            .map(|dense| Step {
                name: dense.name.clone(),
                activation: dense.activation,
                kernel: rows(&dense.kernel),
                bias: wide(dense.bias.view()),
                inputs: Vec::new(),
                sums: Vec::new(),
                outputs: Vec::new(),
                delta: Vec::new(),
            })
            .collect();
        let last = steps.len().saturating_sub(1);
        let known = steps.iter().enumerate().all(|(k, step)| match step.activation {
            Activation::Linear | Activation::Relu | Activation::Sigmoid | Activation::Tanh => true,
            Activation::Softmax => k == last && matches!(loss, Loss::CategoricalCrossentropy { .. }),
            _ => false,
        });
        let cross = matches!(loss, Loss::CategoricalCrossentropy { label_smoothing: 0.0 } | Loss::BinaryCrossentropy);
        if !known || steps.is_empty() || !(cross || loss == Loss::MeanSquaredError) {
            let what = "explain knows linear, relu, sigmoid, tanh and a softmax at the end, the mean squared error and the \
                        cross-entropies without smoothing; remove explain";
            return Err(wrong(what.into()));
        }
        let input = wide(net.input.prepare(sample.view()).row(0));
        let target_values: Vec<f64> = (0..net.outputs()).map(|j| f64::from(target.value(j, net.outputs()))).collect();
        let value = forward(&mut steps, &input, &target_values, loss);
        backward(&mut steps, &target_values, loss);
        let (library, gradients) = net.gradients(sample.view(), &[target], loss);
        let library_gradients =
            gradients.iter().map(|gradient| (rows(&gradient.kernel), wide(gradient.bias.view()))).collect();
        let differences = differences(&steps, &input, &target_values, loss);
        let library = (f64::from(library), library_gradients);
        Ok(Self { steps, loss, target: target_values, value, library, rate, differences })
    }

    /// The loss as computed by hand.
    pub fn loss(&self) -> f64 {
        self.value
    }

    /// The loss after a step against the gradient, where that is what follows.
    pub fn loss_after(&self) -> Option<f64> {
        let rate = f64::from(self.rate?);
        let mut steps = self.steps.clone();
        for step in &mut steps {
            step.kernel = step.stepped(rate);
            step.bias.iter_mut().zip(&step.delta).for_each(|(bias, delta)| *bias -= rate * delta);
        }
        Some(forward(&mut steps, &self.steps[0].inputs, &self.target, self.loss))
    }

    /// The largest differences of a number by hand from the library's and, of the gradients, from the central differences.
    pub fn disagreement(&self) -> [f64; 2] {
        let furthest = |others: &[(Matrix, Vec<f64>)]| {
            let by_hand = self.steps.iter().flat_map(|step| [step.gradient().concat(), step.delta.clone()].concat());
            let others = others.iter().flat_map(|(kernel, bias)| [kernel.concat(), bias.clone()].concat());
            by_hand.zip(others).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let library = furthest(&self.library.1).max((self.value - self.library.0).abs());
        [library, furthest(&self.differences)]
    }

    /// All numbers as JSON.
    pub fn value(&self) -> Value {
        let layers =
            self.steps.iter().zip(&self.library.1).zip(&self.differences).map(|((step, library), differences)| {
                json!({
                    "name": step.name, "inputs": step.inputs, "sums": step.sums, "outputs": step.outputs,
                    "gradient": {"kernel": step.gradient(), "bias": step.delta},
                    "library": {"kernel": library.0, "bias": library.1},
                    "differences": {"kernel": differences.0, "bias": differences.1},
                })
            });
        json!({
            "target": self.target, "loss": self.value, "loss_after": self.loss_after(), "library_loss": self.library.0,
            "layers": layers.collect::<Vec<_>>(),
        })
    }

    /// All numbers in words.
    pub fn text(&self) -> String {
        let mut text = String::from("the first step, by hand\n");
        let mut line = |what: &str, formula: &str| {
            let _ = writeln!(text, "  {what:<20} {formula}");
        };
        line("inputs", &format!("x = {}", list(&self.steps[0].inputs)));
        for (k, step) in self.steps.iter().enumerate() {
            let x = if k == 0 { "x" } else { "a" };
            line(&step.name, &format!("z = {x} w + b = {}", list(&step.sums)));
            match step.activation {
                Activation::Softmax => {
                    let powers: Vec<f64> = step.sums.iter().map(|z| z.exp()).collect();
                    line("softmax", &format!("e^z = {}, their sum {:.4}", list(&powers), powers.iter().sum::<f64>()));
                    line("", &format!("y = e^z / sum = {}", list(&step.outputs)));
                }
                Activation::Linear => {}
                activation => {
                    let (name, formula, _) = formulas(activation);
                    line(name, &format!("a = {formula} = {}", list(&step.outputs)));
                }
            }
        }
        let (y, t) = (&self.steps[self.steps.len() - 1].outputs, &self.target);
        match self.loss {
            Loss::CategoricalCrossentropy { .. } => {
                let whole: Vec<String> = t.iter().map(ToString::to_string).collect();
                line("truth, one-hot", &format!("t = [{}]", whole.join(", ")));
                let class = t.iter().position(|&t| t == 1.0).unwrap_or(0);
                line("cross-entropy", &format!("L = -sum t ln y = -ln {:.4} = {:.4}", y[class], self.value));
            }
            Loss::BinaryCrossentropy => {
                line("truth", &format!("t = {}", list(t)));
                line("cross-entropy", &format!("L = -(t ln y + (1 - t) ln(1 - y)) = {:.4}", self.value));
            }
            _ => {
                line("truth", &format!("t = {}", list(t)));
                line("squared error", &format!("L = mean (a - t)^2 = {:.4}", self.value));
            }
        }
        line("the library's", &format!("L = {:.4}", self.library.0));
        text += "and back, by the chain rule\n";
        let mut line = |what: &str, formula: &str| {
            let _ = writeln!(text, "  {what:<20} {formula}");
        };
        for k in (0..self.steps.len()).rev() {
            let step = &self.steps[k];
            let slope = formulas(step.activation).2;
            let formula = match (k + 1 == self.steps.len(), self.loss) {
                (true, Loss::MeanSquaredError) => format!("2 (a - t) {slope}").trim_end().to_owned(),
                (true, _) => "y - t".into(),
                (false, _) => format!("(w dL/dz of {}) {slope}", self.steps[k + 1].name).trim_end().to_owned(),
            };
            line(&step.name, &format!("dL/dz = {formula} = {}", fine(&step.delta)));
            line(
                "",
                &format!(
                    "dL/db = dL/dz, dL/dw = {} dL/dz = {}",
                    if k == 0 { "x" } else { "a" },
                    matrix(&step.gradient())
                ),
            );
            line("the library's", &format!("dL/dw = {}", matrix(&self.library.1[k].0)));
            line("central differences", &format!("dL/dw = {}", matrix(&self.differences[k].0)));
        }
        text += "  central difference   (L(w + h) - L(w - h)) / 2h with h = 0.0001\n";
        if let (Some(rate), Some(after)) = (self.rate, self.loss_after()) {
            let _ = writeln!(text, "a step of {rate} against the gradient, the biases too");
            for step in &self.steps {
                let _ =
                    writeln!(text, "  {:<20} w - {rate} dL/dw = {}", step.name, matrix(&step.stepped(f64::from(rate))));
            }
            let _ = writeln!(text, "  {:<20} L = {after:.4}, before {:.4}", "the loss", self.value);
        }
        text
    }
}

impl Step {
    /// The kernel after a step against its gradient.
    fn stepped(&self, rate: f64) -> Matrix {
        let step =
            |(row, gradient): (&Vec<f64>, Vec<f64>)| row.iter().zip(gradient).map(|(w, g)| w - rate * g).collect();
        self.kernel.iter().zip(self.gradient()).map(step).collect()
    }

    /// `dL/dw`: each input times each sum's share of the blame.
    fn gradient(&self) -> Matrix {
        self.inputs.iter().map(|x| self.delta.iter().map(|delta| x * delta).collect()).collect()
    }
}

/// Name, formula and derivative of an activation of each sum alone.
fn formulas(activation: Activation) -> (&'static str, &'static str, &'static str) {
    match activation {
        Activation::Sigmoid => ("sigmoid", "1 / (1 + e^-z)", "a (1 - a)"),
        Activation::Tanh => ("tanh", "(e^z - e^-z) / (e^z + e^-z)", "(1 - a^2)"),
        Activation::Relu => ("relu", "max(0, z)", "[z > 0]"),
        _ => ("", "z", ""),
    }
}

/// From the input to the loss; fills in what comes on the way.
fn forward(steps: &mut [Step], input: &[f64], target: &[f64], loss: Loss) -> f64 {
    let mut x = input.to_vec();
    for step in &mut *steps {
        step.sums = step.bias.clone();
        for (x, weights) in x.iter().zip(&step.kernel) {
            step.sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += x * weight);
        }
        let total: f64 = step.sums.iter().map(|z| z.exp()).sum();
        let function = |z: f64| match step.activation {
            Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
            Activation::Tanh => (z.exp() - (-z).exp()) / (z.exp() + (-z).exp()),
            Activation::Relu => z.max(0.0),
            Activation::Softmax => z.exp() / total,
            _ => z,
        };
        step.outputs = step.sums.iter().map(|&z| function(z)).collect();
        step.inputs = std::mem::replace(&mut x, step.outputs.clone());
    }
    let terms = x.iter().zip(target).map(|(&y, &t)| match loss {
        Loss::CategoricalCrossentropy { .. } => -t * y.ln(),
        Loss::BinaryCrossentropy => -(t * y.ln() + (1.0 - t) * (1.0 - y).ln()) / target.len() as f64,
        _ => (y - t).powi(2) / target.len() as f64,
    });
    terms.sum()
}

/// From the loss to the first layer.
fn backward(steps: &mut [Step], target: &[f64], loss: Loss) {
    let slope = |step: &Step, j: usize| match step.activation {
        Activation::Sigmoid => step.outputs[j] * (1.0 - step.outputs[j]),
        Activation::Tanh => 1.0 - step.outputs[j] * step.outputs[j],
        Activation::Relu => f64::from(u8::from(step.sums[j] > 0.0)),
        _ => 1.0,
    };
    for k in (0..steps.len()).rev() {
        let delta = if let Some(after) = steps.get(k + 1) {
            let blame = |row: &Vec<f64>| row.iter().zip(&after.delta).map(|(w, delta)| w * delta).sum::<f64>();
            after.kernel.iter().enumerate().map(|(j, row)| blame(row) * slope(&steps[k], j)).collect()
        } else {
            let count = target.len() as f64;
            let gradient = |(j, error): (usize, f64)| match loss {
                Loss::CategoricalCrossentropy { .. } => error,
                Loss::BinaryCrossentropy => error / count,
                _ => 2.0 * error / count * slope(&steps[k], j),
            };
            let errors = steps[k].outputs.iter().zip(target).map(|(y, t)| y - t);
            errors.enumerate().map(gradient).collect()
        };
        steps[k].delta = delta;
    }
}

/// The gradients in the plain way: each parameter is moved a little, both ways.
fn differences(steps: &[Step], input: &[f64], target: &[f64], loss: Loss) -> Vec<(Matrix, Vec<f64>)> {
    let slope = |change: &dyn Fn(&mut [Step], f64)| {
        let at = |distance: f64| {
            let mut moved = steps.to_vec();
            change(&mut moved, distance);
            forward(&mut moved, input, target, loss)
        };
        (at(MOVE) - at(-MOVE)) / (2.0 * MOVE)
    };
    let layer = |(k, step): (usize, &Step)| {
        let (rows, columns) = (0..step.kernel.len(), 0..step.bias.len());
        let weight = |row: usize, column: usize| slope(&|steps, h| steps[k].kernel[row][column] += h);
        let kernel = rows.map(|row| columns.clone().map(|column| weight(row, column)).collect()).collect();
        (kernel, columns.clone().map(|column| slope(&|steps, h| steps[k].bias[column] += h)).collect())
    };
    steps.iter().enumerate().map(layer).collect()
}

fn list(values: &[f64]) -> String {
    let words: Vec<String> = values.iter().map(|value| format!("{value:.4}")).collect();
    format!("[{}]", words.join(", "))
}

fn fine(values: &[f64]) -> String {
    let words: Vec<String> = values.iter().map(|value| format!("{value:.6}")).collect();
    format!("[{}]", words.join(", "))
}

fn matrix(rows: &[Vec<f64>]) -> String {
    let rows: Vec<String> = rows.iter().map(|row| fine(row)).collect();
    format!("[{}]", rows.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Options, Targets, load};
    use crate::tolerance;
    use crate::train::Recipe;

    fn explained(recipe: &str, changes: &[&str]) -> Result<Explanation> {
        let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
        let recipe = Recipe::load(recipe).unwrap().with(&changes).unwrap();
        let train = load(&recipe.data.source, &Options { seed: recipe.seed, ..Options::default() }).unwrap().train;
        recipe.explanation(&recipe.network(&train).unwrap(), &train)
    }

    #[test]
    fn by_hand_and_by_the_library_and_by_differences_it_is_the_same() {
        for (recipe, changes) in [
            ("backpropagation", &[][..]),
            ("backpropagation", &["layers.0.activation=tanh", "layers.1.activation=linear"]),
            ("backpropagation", &["layers.0.activation=relu"]),
            ("backpropagation", &["data.source=gate-or", "loss=binary_crossentropy"]),
            ("softmax", &[]),
        ] {
            let [library, differences] = explained(recipe, changes).unwrap().disagreement();
            assert!(library < f64::from(tolerance::FUNCTION), "{recipe} {changes:?}: {library}");
            assert!(differences < f64::from(tolerance::FUNCTION_OF_F32), "{recipe} {changes:?}: {differences}");
        }
    }

    #[test]
    fn the_softmax_of_the_lesson() {
        let explanation = explained("softmax", &[]).unwrap();
        let last = &explanation.steps[0];
        assert_eq!(last.sums.iter().map(|&z| z as f32).collect::<Vec<_>>(), [2.3, 4.1, 5.6]);
        assert_eq!(explanation.target, [0.0, 0.0, 1.0]);
        for (y, expected) in last.outputs.iter().zip([0.029_272_05, 0.177_085_56, 0.793_642_4]) {
            assert!((y - expected).abs() < f64::from(tolerance::FUNCTION), "{y}");
        }
        assert!((explanation.loss() - 0.231_122_3).abs() < f64::from(tolerance::FUNCTION));
    }

    #[test]
    fn the_step_is_the_trainings() {
        let recipe = Recipe::load("backpropagation").unwrap().with(&["epochs=1".into()]).unwrap();
        let data = load("one-sample", &Options::default()).unwrap().train;
        let mut net = recipe.network(&data).unwrap();
        let explanation = recipe.explanation(&net, &data).unwrap();
        let fit = recipe.fit(&data).unwrap();
        fit.run(&mut net, &data, None, None, &crate::train::Silent).unwrap();
        let after = crate::train::measure(&net, &data, fit.loss).unwrap().loss;
        assert!((explanation.loss_after().unwrap() - after).abs() < f64::from(tolerance::FUNCTION_OF_F32));
        assert!(after < explanation.loss());
    }

    #[test]
    fn what_would_be_no_explanation_is_refused() {
        let large = explained("activations", &["loss=mean_squared_error"]).unwrap_err().to_string();
        assert!(large.contains("at most 100 parameters, and the network has 105"), "{large}");
        let foreign = explained("backpropagation", &["layers.0.activation=gelu"]).unwrap_err().to_string();
        assert!(foreign.contains("explain knows linear, relu"), "{foreign}");
        let values = explained("backpropagation", &["loss=huber"]).unwrap_err().to_string();
        assert!(values.contains("explain knows"), "{values}");
    }

    #[test]
    fn the_sample_is_the_first_one() {
        let data = load("one-sample", &Options::default()).unwrap().train;
        let Targets::Values(values) = &data.targets else { panic!() };
        let explanation = explained("backpropagation", &[]).unwrap();
        assert_eq!(explanation.steps[0].inputs.iter().map(|&x| x as f32).collect::<Vec<_>>(), [0.5, 0.1]);
        assert_eq!(explanation.target[0] as f32, values[[0, 0]]);
    }
}
