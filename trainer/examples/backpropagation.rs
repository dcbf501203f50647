//! Backpropagation through two layers with every number shown, and the same gradients by central differences.
//!
//! `cargo run --release --example backpropagation`

use ndarray::{arr1, arr2, array};
use thumbnet_trainer::nn::{Activation, Dense, Encoding, Input, Layer, Loss, Sequential, Target};

fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

fn main() {
    // Two inputs, two hidden units, one output; sigmoids; half the squared error would do as well, the mean one is Keras's.
    let (x, target) = ([0.5f32, 0.1], 0.7f32);
    let hidden = Dense {
        name: "hidden".into(),
        kernel: arr2(&[[0.1, -0.2], [0.4, 0.2]]),
        bias: arr1(&[0.0, 0.1]),
        activation: Activation::Sigmoid,
    };
    let output = Dense {
        name: "output".into(),
        kernel: arr2(&[[0.3], [-0.5]]),
        bias: arr1(&[0.2]),
        activation: Activation::Sigmoid,
    };

    println!("forward");
    let z1 = [0, 1].map(|j| x[0] * hidden.kernel[[0, j]] + x[1] * hidden.kernel[[1, j]] + hidden.bias[j]);
    let a1 = z1.map(sigmoid);
    println!("  hidden sums     z1 = [{:.4}, {:.4}]", z1[0], z1[1]);
    println!("  hidden outputs  a1 = [{:.4}, {:.4}]", a1[0], a1[1]);
    let z2 = a1[0] * output.kernel[[0, 0]] + a1[1] * output.kernel[[1, 0]] + output.bias[0];
    let y = sigmoid(z2);
    println!("  output          z2 = {z2:.4}, y = {y:.4}");
    let loss = (y - target).powi(2);
    println!("  loss            (y - {target})^2 = {loss:.4}");

    println!("backward");
    // The chain rule from the end: how the loss follows the output, the output its sum, the sum its weights.
    let d2 = 2.0 * (y - target) * y * (1.0 - y);
    println!("  at the output   dL/dz2 = 2 (y - t) y (1 - y) = {d2:.5}");
    let output_gradient = [d2 * a1[0], d2 * a1[1]];
    println!("  its weights     dL/dw2 = dL/dz2 a1 = [{:.5}, {:.5}]", output_gradient[0], output_gradient[1]);
    let d1 = [0, 1].map(|j| d2 * output.kernel[[j, 0]] * a1[j] * (1.0 - a1[j]));
    println!("  at the hidden   dL/dz1 = dL/dz2 w2 a1 (1 - a1) = [{:.6}, {:.6}]", d1[0], d1[1]);
    let hidden_gradient = [[x[0] * d1[0], x[0] * d1[1]], [x[1] * d1[0], x[1] * d1[1]]];
    println!(
        "  their weights   dL/dw1 = x dL/dz1 = [[{:.6}, {:.6}], [{:.6}, {:.6}]]",
        hidden_gradient[0][0], hidden_gradient[0][1], hidden_gradient[1][0], hidden_gradient[1][1]
    );

    // The library's gradients are these.
    let input = Input::new(vec![2], Encoding::Real);
    let layers = vec![Layer::Dense(hidden), Layer::Dense(output)];
    let network = Sequential { name: "two layers".into(), input, layers, class_names: Vec::new() };
    let samples = array![[x[0], x[1]]];
    let targets = [target];
    let (_, gradients) = network.gradients(samples.view(), &[Target::Values(&targets)], Loss::MeanSquaredError);
    let library = &gradients[0].kernel;
    println!(
        "  the library's   dL/dw1 = [[{:.6}, {:.6}], [{:.6}, {:.6}]]",
        library[[0, 0]],
        library[[0, 1]],
        library[[1, 0]],
        library[[1, 1]]
    );

    // And a derivative is what it is: how much the loss changes where one weight changes a little.
    println!("central differences, (L(w + h) - L(w - h)) / 2h with h = 0.01");
    for (row, by_hand) in hidden_gradient.iter().enumerate() {
        for (column, by_hand) in by_hand.iter().enumerate() {
            let loss = |h: f32| {
                let mut moved = network.clone();
                for dense in moved.dense_layers_mut().take(1) {
                    dense.kernel[[row, column]] += h;
                }
                f64::from(moved.forward(samples.view())[[0, 0]] - target).powi(2)
            };
            let difference = (loss(0.01) - loss(-0.01)) / 0.02;
            println!("  w1[{row}][{column}]        {difference:.6}, by hand {by_hand:.6}");
        }
    }
}
