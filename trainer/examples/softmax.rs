//! Softmax and cross-entropy by hand, step by step, and the same from the library.
//!
//! `cargo run --release --example softmax`

use ndarray::arr2;
use thumbnet_trainer::nn::{Activation, Loss, Target};

fn main() {
    // Three classes; the network's last sums, its scores, say how much it believes in each.
    let scores = [2.3f32, 4.1, 5.6];
    println!("scores            {scores:?}");

    // Softmax makes probabilities of them: e^score, divided by the sum of all.
    let powers = scores.map(f32::exp);
    println!("e^score           [{:.3}, {:.3}, {:.3}]", powers[0], powers[1], powers[2]);
    let sum: f32 = powers.iter().sum();
    println!("their sum         {sum:.3}");
    let probabilities = powers.map(|power| power / sum);
    println!("probabilities     [{:.4}, {:.4}, {:.4}]", probabilities[0], probabilities[1], probabilities[2]);

    let mut library = arr2(&[scores]);
    Activation::Softmax.apply(&mut library);
    println!("the library's     [{:.4}, {:.4}, {:.4}]", library[[0, 0]], library[[0, 1]], library[[0, 2]]);

    // The truth as a vector: one-hot, 1 at the true class and 0 elsewhere. Here the third class is true.
    let truth = [0.0f32, 0.0, 1.0];
    println!("one-hot truth     {truth:?}");

    // Cross-entropy: -sum(truth * ln(probability)), of which only the true class's term is left.
    let terms: Vec<f32> =
        truth.iter().zip(probabilities).map(|(truth, probability)| -truth * probability.ln()).collect();
    println!("cross-entropy     {:.4} = -ln {:.4}", terms.iter().sum::<f32>(), probabilities[2]);

    // The library fuses both, which is exact even where a probability underflows, and gives the gradient with them:
    // probability - truth.
    let (mut outputs, mut gradient) = ([0.0; 3], [0.0; 3]);
    let loss = Loss::CategoricalCrossentropy { label_smoothing: 0.0 };
    let value = loss.sample(Activation::Softmax, &scores, Target::Class(2), &mut outputs, &mut gradient);
    println!("the library's     {value:.4}");
    println!("its gradient      [{:.4}, {:.4}, {:.4}]", gradient[0], gradient[1], gradient[2]);

    let far = [0.0f32, 1000.0];
    let by_hand = -(far[0].exp() / far.iter().map(|score| score.exp()).sum::<f32>()).ln();
    let (mut outputs, mut gradient) = ([0.0; 2], [0.0; 2]);
    let fused = loss.sample(Activation::Softmax, &far, Target::Class(0), &mut outputs, &mut gradient);
    println!("scores [0, 1000]  by hand {by_hand}, fused {fused}");
}
