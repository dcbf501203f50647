//! An executor that is not ours: what tract makes of a model, to check exports and imports against.

use super::evaluate::as_given;
use super::graph::Graph;
use crate::error::{Error, ErrorKind, Result};
use ndarray::{Array2, ArrayView2, Axis};
use std::path::Path;
use tract_onnx::prelude::{
    Framework, InferenceFact, InferenceModel, InferenceModelExt, IntoRunnable, IntoTValue, Tensor, TractResult, tvec,
};

/// The first output of an ONNX model in memory for samples x features, as tract evaluates it: samples x outputs.
/// # Errors
/// Where tract cannot read or run the model; the message is tract's.
pub fn tract_outputs(model: &[u8], real: ArrayView2<f32>) -> Result<Array2<f32>> {
    let graph = Graph::decode(model.to_vec().into(), None)?;
    let mut bytes = model;
    tract_onnx::onnx()
        .model_for_read(&mut bytes)
        .and_then(|model| evaluate(model, &graph, real))
        .map_err(|e| failed(&e))
}

/// As [`tract_outputs`], of a file, which may have its weights beside it; `graph` is what we read from it.
/// # Errors
/// As [`tract_outputs`].
pub fn tract_outputs_of_file(path: &Path, graph: &Graph, real: ArrayView2<f32>) -> Result<Array2<f32>> {
    tract_onnx::onnx().model_for_path(path).and_then(|model| evaluate(model, graph, real)).map_err(|e| failed(&e))
}

fn failed(error: &tract_onnx::prelude::TractError) -> Error {
    Error::new(ErrorKind::Model, "tract", format!("{error:#}").replace('\n', " "))
}

fn evaluate(model: InferenceModel, graph: &Graph, real: ArrayView2<f32>) -> TractResult<Array2<f32>> {
    let fixed = graph.fixed_samples().unwrap_or(real.nrows()).max(1);
    let parts =
        real.axis_chunks_iter(Axis(0), fixed).map(|part| given(graph, part)).collect::<TractResult<Vec<_>>>()?;
    // A file that names its batch dimension keeps it; where it is only unknown, tract needs a number.
    let runnable = match (model.clone().into_typed().and_then(IntoRunnable::into_runnable), parts.first()) {
        (Ok(runnable), _) => runnable,
        (Err(error), None) => return Err(error),
        (Err(_), Some(first)) => {
            let fact = InferenceFact::dt_shape(first.datum_type(), first.shape());
            model.with_input_fact(0, fact)?.into_typed()?.into_runnable()?
        }
    };
    let mut values = Vec::new();
    for part in parts {
        let outputs = runnable.run(tvec!(part.into_tvalue()))?;
        let output = outputs[outputs.len() - 1].cast_to::<f32>()?;
        values.extend_from_slice(output.try_as_plain_ram()?.as_slice::<f32>()?);
    }
    let columns = values.len() / real.nrows().max(1);
    Ok(Array2::from_shape_vec((real.nrows(), columns), values)?)
}

/// Samples x features in the shape and type that the graph takes.
fn given(graph: &Graph, real: ArrayView2<f32>) -> TractResult<Tensor> {
    let given = as_given(graph, real).map_err(|message| tract_onnx::prelude::TractError::msg(message.to_string()))?;
    let flat: Vec<f32> = given.to_f32().map(|array| array.into_iter().collect()).unwrap_or_default();
    let input = Tensor::from_shape(given.shape(), &flat)?;
    Ok(match given.type_name() {
        "uint8" => input.cast_to::<u8>()?.into_owned(),
        "double" => input.cast_to::<f64>()?.into_owned(),
        _ => input,
    })
}
