//! An executor that is not ours: what tract makes of a model, to check exports and imports against.

use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayView2};
use tract_onnx::prelude::{DatumExt, Framework, InferenceModelExt, IntoRunnable, IntoTValue, Tensor, tvec};

/// The first output of an ONNX model for samples x features, as tract evaluates it: samples x outputs.
/// # Errors
/// Where tract cannot read or run the model; the message is tract's.
pub fn tract_outputs(model: &[u8], real: ArrayView2<f32>) -> Result<Array2<f32>> {
    evaluate(model, real)
        .map_err(|error| Error::new(ErrorKind::Model, "tract", format!("{error:#}").replace('\n', " ")))
}

fn evaluate(model: &[u8], real: ArrayView2<f32>) -> tract_onnx::prelude::TractResult<Array2<f32>> {
    let fact = f32::fact([real.nrows(), real.ncols()]);
    let mut bytes = model;
    let model = tract_onnx::onnx()
        .model_for_read(&mut bytes)?
        .with_input_fact(0, fact.into())?
        .into_typed()?
        .into_runnable()?;
    let flat: Vec<f32> = real.iter().copied().collect();
    let input = Tensor::from_shape(&[real.nrows(), real.ncols()], &flat)?;
    let outputs = model.run(tvec!(input.into_tvalue()))?;
    let output = outputs[0].cast_to::<f32>()?;
    let values = output.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
    let columns = values.len() / real.nrows().max(1);
    Ok(Array2::from_shape_vec((real.nrows(), columns), values)?)
}
