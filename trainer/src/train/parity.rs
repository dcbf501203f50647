//! Training against PyTorch and scikit-learn: the fixtures hold what `tests/python/torch_steps.py` and `torch_training.py` computed from the same
//! formulas.

use super::engine::{Engine, Inputs, Job, Outputs, Part, Plan};
use super::recipe::ActivationName;
use super::{BatchNormalization, Clip, LayerSettings, Optimizer, Regularizer, Schedule};
use crate::dataset::{Features, MinMaxScaler, StandardScaler};
use crate::nn::{Activation, Dense, Elementwise, Encoding, Initializer, Input, Layer, Loss, Sequential, Target};
use crate::tolerance;
use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::sync::atomic::AtomicBool;

const SIZES: [usize; 4] = [6, 8, 5, 3];
const SAMPLES: usize = 12;

/// A file of what others computed.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// A list of numbers.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The script's `pattern`.
fn pattern(count: usize, factor: usize, modulus: usize) -> Vec<f32> {
    (0..count).map(|k| ((k * factor + 3) % modulus) as f32 / 64.0 - modulus as f32 / 128.0).collect()
}

fn network() -> Sequential {
    let activations = [Activation::Relu, Activation::Tanh, Activation::Softmax];
    let layers = SIZES.windows(2).zip(activations).enumerate().map(|(index, (w, activation))| {
        let kernel = Array2::from_shape_vec((w[0], w[1]), pattern(w[0] * w[1], 29 + index, 101)).unwrap();
        let bias = Array1::from(pattern(w[1], 17, 31));
        Layer::Dense(Dense { name: format!("dense_{index}"), kernel, bias, activation })
    });
    let layers = layers.collect();
    Sequential { name: "parity".into(), input: Input::new(vec![6], Encoding::Real), layers, class_names: vec![] }
}

fn batch(step: usize) -> (Array2<f32>, Vec<u32>) {
    let mut x = Array2::from_shape_vec((SAMPLES, SIZES[0]), pattern(SAMPLES * SIZES[0], 37 + step, 127)).unwrap();
    x.column_mut(step % 5).fill(0.0);
    (x, (0..SAMPLES).map(|k| ((k + step) % SIZES[3]) as u32).collect())
}

fn plan(optimizer: Optimizer) -> Plan {
    Plan {
        loss: Loss::CategoricalCrossentropy { label_smoothing: 0.0 },
        optimizer,
        clip: Clip::default(),
        input_dropout: 0.0,
        layers: vec![LayerSettings::default(); SIZES.len() - 1],
        seed: 1,
    }
}

/// Ten steps by a plan, on one and on three threads, against the fixture's.
fn check(what: &str, expected: &Value, net: &Sequential, plan: &Plan, weights: Option<&[f32]>) {
    for threads in [1, 3] {
        let mut engine = Engine::new(net, plan.clone(), SAMPLES, threads);
        let close = |of: &str, got: f64, expected: f64| {
            assert!(
                (got - expected).abs() < f64::from(tolerance::TRAINING_STEPS),
                "{what}: {of}: {got} instead of {expected}"
            );
        };
        let losses = numbers(&expected["losses"]);
        assert_eq!(losses.len(), 10);
        for (step, &loss) in losses.iter().enumerate() {
            let (x, classes) = batch(step);
            if let Some(logits) = expected["step_logits"].get(step) {
                let mut now = net.clone();
                engine.store(Part::Weights, &mut now);
                for (got, logit) in now.sums(x.view()).iter().zip(numbers(logits)) {
                    close(&format!("logit {step}"), f64::from(*got), logit);
                }
            }
            let order: Vec<usize> = (0..SAMPLES).collect();
            let (inputs, outputs) = (Inputs::Real(x.view()), Outputs::Classes(&classes));
            let class_weights = numbers(&fixture("torch_training.json")["class_weights"]);
            let weights: Option<Vec<f32>> = weights
                .map(|own| own.iter().zip(&classes).map(|(w, &c)| w * class_weights[c as usize] as f32).collect());
            let rate = |_| plan.optimizer.learning_rate();
            let stop = AtomicBool::new(false);
            let weights = weights.as_deref();
            let beside = |_, _| {};
            let (order, rate) = (&order, &rate);
            let progress = |_, _| {};
            let job = Job { inputs, outputs, weights, order, rate, stop: &stop, progress: &progress, beside: &beside };
            close(&format!("loss {step}"), engine.run(&job).loss / SAMPLES as f64, loss);
        }
        let mut net = net.clone();
        engine.finish(&mut net);
        let logits = net.sums(batch(0).0.view());
        for (got, expected) in logits.iter().zip(numbers(&expected["logits"])) {
            close("logit", f64::from(*got), expected);
        }
        let Some(expected) = expected["parameters"].as_array() else { continue };
        let parameters = net.dense_layers().flat_map(|dense| dense.kernel.iter().chain(&dense.bias));
        let expected: Vec<f64> = expected.iter().flat_map(numbers).collect();
        assert_eq!(net.parameters(), expected.len());
        for (got, expected) in parameters.zip(expected) {
            close("parameter", f64::from(*got), expected);
        }
    }
}

const ADAM: Optimizer = Optimizer::Adam { learning_rate: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 };

fn sgd(learning_rate: f32, momentum: f32, nesterov: bool) -> Optimizer {
    Optimizer::Sgd { learning_rate, momentum, nesterov }
}

#[test]
fn ten_steps_agree_with_pytorch() {
    let fixture = fixture("torch_steps.json");
    let (learning_rate, beta_1, beta_2, epsilon) = (0.01, 0.9, 0.999, 1e-8);
    for (name, optimizer) in [
        ("sgd", sgd(0.1, 0.0, false)),
        ("momentum", sgd(0.05, 0.9, false)),
        ("nesterov", sgd(0.05, 0.9, true)),
        ("adam", ADAM),
        ("adamw", Optimizer::AdamW { learning_rate, weight_decay: 0.1, beta_1, beta_2, epsilon }),
    ] {
        check(name, &fixture[name], &network(), &plan(optimizer), None);
    }
}

#[test]
fn ten_steps_of_the_other_optimizers_agree() {
    let fixture = &fixture("torch_training.json")["steps"];
    let (beta_1, beta_2, epsilon) = (0.9, 0.999, 1e-8);
    for (name, optimizer) in [
        ("rmsprop", Optimizer::Rmsprop { learning_rate: 0.01, rho: 0.9, momentum: 0.0, epsilon }),
        ("rmsprop_momentum", Optimizer::Rmsprop { learning_rate: 0.005, rho: 0.95, momentum: 0.8, epsilon }),
        ("adagrad", Optimizer::Adagrad { learning_rate: 0.05, initial_accumulator: 0.0, epsilon }),
        ("nadam", Optimizer::Nadam { learning_rate: 0.01, beta_1, beta_2, epsilon }),
        ("lion", Optimizer::Lion { learning_rate: 0.003, weight_decay: 0.1, beta_1, beta_2: 0.99 }),
    ] {
        check(name, &fixture[name], &network(), &plan(optimizer), None);
    }
}

#[test]
fn ten_steps_with_everything_beside_agree() {
    let fixture = &fixture("torch_training.json")["steps"];
    let test = |name: &str, optimizer: Optimizer, change: &dyn Fn(&mut Plan)| {
        let mut plan = plan(optimizer);
        change(&mut plan);
        let mut net = network();
        if plan.layers[0].learned_slope {
            let prelu = Activation::Elementwise(Elementwise::LeakyRelu { slope: 0.25 });
            net.dense_layers_mut().take(1).for_each(|dense| dense.activation = prelu);
        }
        check(name, &fixture[name], &net, &plan, None);
    };
    let l = |l1: f32, l2: f32| Regularizer { l1, l2 };
    let normalized = |plan: &mut Plan| plan.layers[0].batch_normalization = Some(BatchNormalization::default());
    let clip = |norm: f32| move |plan: &mut Plan| plan.clip.norm = Some(norm);
    test("clip_norm", ADAM, &clip(0.05));
    test("clip_norm_sgd", sgd(0.5, 0.0, false), &clip(0.3));
    test("clip_value", sgd(0.5, 0.0, false), &|plan| plan.clip.value = Some(0.02));
    test("regularizers", sgd(0.1, 0.0, false), &|plan| {
        let layers = &mut plan.layers;
        (layers[0].kernel_regularizer, layers[1].kernel_regularizer) = (l(0.01, 0.02), l(0.0, 0.03));
        (layers[1].bias_regularizer, layers[2].bias_regularizer) = (l(0.01, 0.0), l(0.0, 0.02));
        (layers[0].activity_regularizer, layers[1].activity_regularizer) = (l(0.0, 0.03), l(0.02, 0.0));
        layers[2].activity_regularizer = l(0.0, 0.05);
    });
    test("normalization", sgd(0.05, 0.9, false), &normalized);
    test("normalization_clipped", sgd(0.5, 0.0, false), &|plan| {
        normalized(plan);
        clip(0.2)(plan);
    });
    test("slope", ADAM, &|plan| plan.layers[0].learned_slope = true);
    test("slope_clipped", sgd(0.5, 0.0, false), &|plan| {
        plan.layers[0].learned_slope = true;
        clip(0.3)(plan);
    });
    let rounded = |plan: &mut Plan| plan.layers[0].output_range = Some(0.7);
    test("rounded", sgd(0.2, 0.0, false), &rounded);
    test("rounded_clipped", ADAM, &|plan| {
        rounded(plan);
        clip(0.3)(plan);
    });
    for (name, first, second) in [
        ("rounded_sigmoid_tanh", ActivationName::Sigmoid, ActivationName::Tanh),
        ("rounded_relu6_silu", ActivationName::Relu6, ActivationName::Silu),
        ("rounded_gelu_elu", ActivationName::Gelu, ActivationName::Elu),
    ] {
        let mut net = network();
        for (dense, activation) in net.dense_layers_mut().zip([first, second]) {
            dense.activation = activation.into();
        }
        let mut plan = plan(sgd(0.2, 0.0, false));
        plan.layers[..2].iter_mut().for_each(|settings| settings.output_range = Some(6.0));
        check(name, &fixture[name], &net, &plan, None);
    }
    test("label_smoothing", ADAM, &|plan| plan.loss = Loss::CategoricalCrossentropy { label_smoothing: 0.1 });
}

#[test]
fn ten_steps_with_weights_agree() {
    let fixture = fixture("torch_training.json");
    let weights: Vec<f32> = numbers(&fixture["sample_weights"]).iter().map(|&w| w as f32).collect();
    check("weights", &fixture["steps"]["weights"], &network(), &plan(ADAM), Some(&weights));
}

#[test]
fn activations_are_those_of_pytorch() {
    let fixture = fixture("torch_training.json");
    let points = numbers(&fixture["points"]);
    for (name, expected) in fixture["activations"].as_object().unwrap() {
        let name: ActivationName = serde_json::from_value(name.clone().into()).unwrap();
        let activation = Activation::from(name);
        for ((&x, y), slope) in points.iter().zip(numbers(&expected["y"])).zip(numbers(&expected["dy"])) {
            let z = [x as f32];
            let (mut value, mut gradient) = (z, [1.0]);
            activation.apply_row(&mut value);
            activation.backward_row(&z, &value, &mut gradient);
            let near = |got: f32, expected: f64| {
                (f64::from(got) - expected).abs() < f64::from(tolerance::FUNCTION) * expected.abs().max(1.0)
            };
            assert!(near(value[0], y), "{name:?} at {x}: {} instead of {y}", value[0]);
            assert!(near(gradient[0], slope), "{name:?}' at {x}: {} instead of {slope}", gradient[0]);
        }
    }
}

#[test]
fn losses_are_those_of_pytorch() {
    let fixture = fixture("torch_training.json");
    let row = |name: &str| numbers(&fixture[name]).iter().map(|&x| x as f32).collect::<Vec<_>>();
    let (z, values, distribution) = (row("z"), row("values"), row("distribution"));
    let crossentropy = |label_smoothing| Loss::CategoricalCrossentropy { label_smoothing };
    let (values, distribution, class) = (Target::Values(&values), Target::Values(&distribution), Target::Class(2));
    let signs = [1.0f32, 1.0, 0.0, -1.0];
    for (name, loss, activation, target) in [
        ("mean_squared_error", Loss::MeanSquaredError, Activation::Linear, values),
        ("mean_absolute_error", Loss::MeanAbsoluteError, Activation::Linear, values),
        ("huber", Loss::Huber { delta: 0.75 }, Activation::Linear, values),
        ("log_cosh", Loss::LogCosh, Activation::Linear, values),
        ("hinge", Loss::Hinge, Activation::Linear, Target::Values(&signs)),
        ("binary_crossentropy", Loss::BinaryCrossentropy, Activation::Sigmoid, distribution),
        ("categorical_crossentropy", crossentropy(0.0), Activation::Softmax, distribution),
        ("sparse_categorical_crossentropy", crossentropy(0.0), Activation::Softmax, class),
        ("smoothed", crossentropy(0.2), Activation::Softmax, class),
        ("kl_divergence", Loss::KullbackLeibler, Activation::Softmax, distribution),
    ] {
        let expected = &fixture["losses"][name];
        let (mut y, mut gradient) = (z.clone(), z.clone());
        let value = f64::from(loss.sample(activation, &z, target, &mut y, &mut gradient));
        let loss = expected["y"].as_f64().unwrap();
        assert!((value - loss).abs() < f64::from(tolerance::FUNCTION), "{name}: {value} instead of {loss}");
        for (got, expected) in gradient.iter().zip(numbers(&expected["dy"][0])) {
            assert!(
                (f64::from(*got) - expected).abs() < f64::from(tolerance::FUNCTION),
                "{name}: {got} instead of {expected}"
            );
        }
    }
}

#[test]
fn one_cycle_is_that_of_pytorch() {
    for (step, expected) in numbers(&fixture("torch_steps.json")["one_cycle"]).into_iter().enumerate() {
        let got = f64::from(Schedule::OneCycle.factor(step as u64, 100, 10));
        assert!((got - expected).abs() < f64::from(tolerance::FUNCTION), "{step}: {got} instead of {expected}");
    }
}

#[test]
fn schedules_are_those_of_pytorch() {
    let fixture = &fixture("torch_training.json")["schedules"];
    for (name, schedule) in [
        ("step", Schedule::Step { epochs: 3.0, factor: 0.5 }),
        ("exponential", Schedule::Exponential { factor: 0.9 }),
        ("cosine", Schedule::Cosine { warmup: 0.0, floor: 0.0 }),
        ("cosine_warmup", Schedule::Cosine { warmup: 2.0, floor: 0.1 }),
    ] {
        let factors = numbers(&fixture[name]);
        assert_eq!(factors.len(), 100);
        for (step, expected) in factors.into_iter().enumerate() {
            let got = f64::from(schedule.factor(step as u64, 100, 10));
            assert!(
                (got - expected).abs() < f64::from(tolerance::FUNCTION),
                "{name} at {step}: {got} instead of {expected}"
            );
        }
    }
}

#[test]
fn scalers_are_those_of_scikit_learn() {
    let fixture = &fixture("torch_training.json")["scalers"];
    let rows: Vec<f32> =
        fixture["features"].as_array().unwrap().iter().flat_map(numbers).map(|value| value as f32).collect();
    let features = Features::Real(Array2::from_shape_vec((12, 4), rows).unwrap());
    let (standard, least) = (StandardScaler::fit(&features), MinMaxScaler::fit(&features));
    for (name, got) in
        [("mean", standard.mean), ("deviation", standard.deviation), ("least", least.least), ("range", least.range)]
    {
        let expected = numbers(&fixture[name]);
        assert_eq!(got.len(), expected.len());
        for (got, expected) in got.into_iter().map(f64::from).zip(expected) {
            // Relative also below 1: a small feature is divided by a small number.
            assert!(
                (got - expected).abs() <= f64::from(tolerance::FUNCTION) * expected.abs(),
                "{name}: {got} instead of {expected}"
            );
        }
    }
}

#[test]
fn fresh_weights_spread_as_those_of_pytorch() {
    let fixture = &fixture("torch_training.json")["initializers"];
    let initializers = [
        ("uniform", Initializer::Uniform { limit: 0.3 }),
        ("normal", Initializer::Normal { deviation: 0.3 }),
        ("truncated_normal", Initializer::TruncatedNormal { deviation: 0.3 }),
        ("ones", Initializer::Ones),
        ("glorot_uniform", Initializer::GlorotUniform),
        ("glorot_normal", Initializer::GlorotNormal),
        ("he_uniform", Initializer::HeUniform),
        ("he_normal", Initializer::HeNormal),
        ("lecun_uniform", Initializer::LecunUniform),
        ("lecun_normal", Initializer::LecunNormal),
        ("fan_in_uniform", Initializer::FanInUniform),
        ("orthogonal", Initializer::Orthogonal { gain: 1.0 }),
    ];
    assert_eq!(fixture.as_object().unwrap().len(), initializers.len());
    for (name, initializer) in initializers {
        let kernel = initializer.kernel(300, 200, &mut ChaCha8Rng::seed_from_u64(1));
        let expected = fixture[name]["deviation"].as_f64().unwrap() as f32;
        // Both are of 60,000 draws, which tell a deviation to 0.3 %.
        let deviation = kernel.std(0.0);
        assert!((deviation - expected).abs() <= 0.02 * expected, "{name}: {deviation} instead of {expected}");
        if let Some(expected) = fixture[name]["largest"].as_f64() {
            let largest = kernel.iter().fold(0.0f32, |most, x| most.max(x.abs()));
            assert!((largest - expected as f32).abs() < 0.01 * largest, "{name}: {largest} instead of {expected}");
        }
    }
}
