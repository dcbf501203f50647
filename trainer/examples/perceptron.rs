//! The first neurons: McCulloch and Pitts's gates with weights set by hand, and Rosenblatt's perceptron, which learns them.
//!
//! `cargo run --release --example perceptron`

use thumbnet_trainer::dataset::{Features, Options, Targets, load_whole};
use thumbnet_trainer::error::Result;

/// A neuron with two inputs that fires where the weighted sum exceeds 0.
#[derive(Default)]
struct Neuron {
    weights: [f32; 2],
    bias: f32,
}

impl Neuron {
    /// -1 or 1: the sign of the weighted sum.
    fn answer(&self, x: [f32; 2]) -> f32 {
        if self.weights[0] * x[0] + self.weights[1] * x[1] + self.bias > 0.0 { 1.0 } else { -1.0 }
    }

    /// The perceptron's rule (F. Rosenblatt, 1958): a wrong answer moves the weights towards the right one by the input. It ends
    /// after a round without a mistake, which comes for certain where a line separates the classes. Gives the rounds it took.
    fn learn(&mut self, samples: &[([f32; 2], f32)], rounds: usize) -> Option<usize> {
        (1..=rounds).find(|_| {
            let mut mistakes = 0;
            for &(x, target) in samples {
                if self.answer(x) != target {
                    self.weights[0] += target * x[0];
                    self.weights[1] += target * x[1];
                    self.bias += target;
                    mistakes += 1;
                }
            }
            mistakes == 0
        })
    }

    fn right(&self, samples: &[([f32; 2], f32)]) -> usize {
        samples.iter().filter(|&&(x, target)| self.answer(x) == target).count()
    }
}

const CORNERS: [[f32; 2]; 4] = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];

fn main() -> Result<()> {
    // McCulloch and Pitts (1943) chose the weights themselves: both inputs count 1, and the threshold decides.
    for (name, threshold) in [("AND", 1.5), ("OR", 0.5)] {
        let gate = Neuron { weights: [1.0, 1.0], bias: -threshold };
        let answers = CORNERS.map(|x| i32::from(gate.answer(x) > 0.0));
        println!("{name} by hand (threshold {threshold}): {answers:?}");
    }

    // The perceptron finds weights from examples: for AND and OR, and not for XOR, which no line separates.
    for (name, targets) in
        [("AND", [-1.0, -1.0, -1.0, 1.0]), ("OR", [-1.0, 1.0, 1.0, 1.0]), ("XOR", [-1.0, 1.0, 1.0, -1.0])]
    {
        let samples: Vec<_> = CORNERS.into_iter().zip(targets).collect();
        let mut neuron = Neuron::default();
        match neuron.learn(&samples, 100) {
            Some(rounds) => {
                let Neuron { weights: [a, b], bias } = neuron;
                println!("{name} learned in {rounds} rounds: {a} x1 + {b} x2 + {bias} > 0");
            }
            None => println!("{name} not learned in 100 rounds: {} of 4 right", neuron.right(&samples)),
        }
    }

    // A cloud of points that a line separates, and one that no line does.
    for (name, noise) in [("gaussian", 0.0), ("xor", 0.0)] {
        let data = load_whole(name, &Options { noise, seed: 3, ..Options::default() })?;
        let (Features::Real(points), Targets::Classes(classes)) = (&data.features, &data.targets) else { continue };
        let sign = |class: u32| if class == 1 { 1.0 } else { -1.0 };
        let samples: Vec<_> =
            points.rows().into_iter().zip(classes).map(|(point, &class)| ([point[0], point[1]], sign(class))).collect();
        let mut neuron = Neuron::default();
        let rounds = neuron.learn(&samples, 1000);
        let end = rounds.map_or("gave up after 1000 rounds".into(), |rounds| format!("done in {rounds} rounds"));
        println!("{name}: {end}, {} of {} right", neuron.right(&samples), samples.len());
    }
    Ok(())
}
