//! The runtime as an executor.

use ndarray::Array2;
use thumbnet::Model;

/// The output integers of a `.tnet` for samples x features of real numbers.
pub(crate) fn integers(tnet: &[u8], real: &Array2<f32>) -> Array2<i8> {
    let model = Model::parse(tnet).expect("a valid model");
    let mut scratch = vec![0_i8; model.scratch_len()];
    let mut outputs = Array2::zeros((real.nrows(), model.output_len()));
    for (sample, mut output) in real.rows().into_iter().zip(outputs.rows_mut()) {
        let mut input = vec![0_i8; model.input_len()];
        model.quantize_input(&sample.to_vec(), &mut input).expect("an input that fits");
        model.run(&input, &mut scratch, output.as_slice_mut().expect("a row")).expect("buffers that fit");
    }
    outputs
}
