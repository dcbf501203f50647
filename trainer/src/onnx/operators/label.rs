//! The operators of `ai.onnx.ml` around a scikit-learn network: preparation of the input, linear models, labels.

use super::super::tensor::{Tensor, map_each};
use super::{Call, Outputs, typed};
use ndarray::{Array2, ArrayD, Axis, Ix2};
use std::collections::HashMap;

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    Some(match call.node.op.as_str() {
        "Scaler" => scaler(call),
        "Normalizer" => normalizer(call),
        "Binarizer" => binarizer(call),
        "ArrayFeatureExtractor" => array_feature_extractor(call),
        // A list of maps from label to probability holds the same numbers as the tensor it is made of.
        "ZipMap" => call.input(0).map(|x| vec![x.clone()]),
        "LinearRegressor" => linear_regressor(call),
        "LinearClassifier" => linear_classifier(call),
        "LabelEncoder" => label_encoder(call),
        _ => return None,
    })
}

/// `(x - offset) * scale`, by the last axis. The result is f32.
fn scaler(call: &Call) -> Outputs {
    let x = call.real(0)?.mapv(|v| v as f32);
    let attributes = &call.node.attributes;
    let (offset, scale) = (attributes.floats("offset").unwrap_or(&[0.0]), attributes.floats("scale").unwrap_or(&[1.0]));
    let features = x.shape().last().copied().unwrap_or(1);
    if [offset.len(), scale.len()].iter().any(|&len| len != 1 && len != features) {
        return Err(format!(
            "offset and scale have {} and {} elements, expected {features}",
            offset.len(),
            scale.len()
        ));
    }
    let at = |list: &[f32], feature: usize| if list.len() == 1 { list[0] } else { list[feature] };
    let mut y = x;
    for (index, value) in y.iter_mut().enumerate() {
        let feature = index % features.max(1);
        *value = (*value - at(offset, feature)) * at(scale, feature);
    }
    Ok(vec![Tensor::F32(y)])
}

/// Divides each row by its norm; rows of zeros stay.
fn normalizer(call: &Call) -> Outputs {
    let mut x = call.real(0)?;
    if x.ndim() == 0 {
        return Err("its input is a single number".to_owned());
    }
    let norm = call.node.attributes.text("norm", "MAX");
    let last = Axis(x.ndim() - 1);
    for mut row in x.lanes_mut(last) {
        let size = match norm {
            "L1" => row.iter().map(|x| x.abs()).sum(),
            "L2" => row.iter().map(|x| x * x).sum::<f64>().sqrt(),
            "MAX" => row.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            other => return Err(format!("norm {other:?} is not one of MAX, L1, L2")),
        };
        if size != 0.0 {
            row.mapv_inplace(|x| x / size);
        }
    }
    Ok(vec![Tensor::F32(x.mapv(|v| v as f32))])
}

fn binarizer(call: &Call) -> Outputs {
    let threshold = f64::from(call.node.attributes.float("threshold", 0.0));
    Ok(vec![typed(call.real(0)?.mapv(|x| f64::from(x > threshold)), call.input(0)?)])
}

/// Columns of the last axis, by number.
fn array_feature_extractor(call: &Call) -> Outputs {
    let x = call.input(0)?;
    let rank = x.shape().len();
    let width = x.shape().last().copied().ok_or("its input is a single number")?;
    let columns = call.integers(1)?.into_iter().map(|column| {
        usize::try_from(column)
            .ok()
            .filter(|&column| column < width)
            .ok_or_else(|| format!("column {column} is outside the {width} there are"))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let taken = map_each!(x, array => array.select(Axis(rank - 1), &columns));
    // A list comes out as a matrix of one row.
    let shape = if rank == 1 { vec![1, columns.len()] } else { taken.shape().to_vec() };
    Ok(taken.reshaped(&shape).into_iter().collect())
}

/// `post_transform` of a row of scores.
fn transform(mut scores: Array2<f64>, kind: &str) -> Result<Array2<f64>, String> {
    match kind {
        "NONE" => {}
        "LOGISTIC" => scores.mapv_inplace(super::activation::sigmoid),
        "SOFTMAX" => {
            for mut row in scores.rows_mut() {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                row.mapv_inplace(|x| (x - largest).exp());
                let sum = row.sum();
                row.mapv_inplace(|x| x / sum);
            }
        }
        other => return Err(format!("post_transform {other:?} is not supported")),
    }
    Ok(scores)
}

/// `x * coefficients' + intercepts`, with `rows` rows of coefficients.
fn linear(call: &Call, intercepts: &str, rows: usize) -> Result<Array2<f64>, String> {
    let attributes = &call.node.attributes;
    let mut x = call.real(0)?;
    if x.ndim() == 1 {
        x = x.insert_axis(Axis(0));
    }
    let x = x.into_dimensionality::<Ix2>().map_err(|_| "its input is not a matrix".to_owned())?;
    let coefficients = attributes.floats("coefficients").ok_or("its coefficients are missing")?;
    if rows == 0 || coefficients.len() != rows * x.ncols() {
        return Err(format!("it has {} coefficients, expected {rows} x {}", coefficients.len(), x.ncols()));
    }
    let weights = Array2::from_shape_vec((rows, x.ncols()), coefficients.iter().map(|&v| f64::from(v)).collect())
        .map_err(|error| error.to_string())?;
    let mut y = x.dot(&weights.t());
    if let Some(intercepts) = attributes.floats(intercepts).filter(|list| !list.is_empty()) {
        if intercepts.len() != rows {
            return Err(format!("it has {} intercepts, expected {rows}", intercepts.len()));
        }
        for (mut column, &intercept) in y.columns_mut().into_iter().zip(intercepts) {
            column += f64::from(intercept);
        }
    }
    Ok(y)
}

fn linear_regressor(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let y = linear(call, "intercepts", attributes.int("targets", 1).max(0) as usize)?;
    let y = transform(y, attributes.text("post_transform", "NONE"))?;
    Ok(vec![Tensor::F32(y.mapv(|v| v as f32).into_dyn())])
}

fn linear_classifier(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let labels = match (attributes.texts("classlabels_strings"), attributes.ints("classlabels_ints")) {
        (Some(texts), _) if !texts.is_empty() => Tensor::Text(ndarray::Array1::from(texts.to_vec()).into_dyn()),
        (_, Some(ints)) => Tensor::I64(ndarray::Array1::from(ints.to_vec()).into_dyn()),
        _ => return Err("its class labels are missing".to_owned()),
    };
    let features = call.input(0)?.shape().last().copied().unwrap_or(1);
    let rows = attributes.floats("coefficients").map_or(0, |list| list.len() / features.max(1));
    let mut scores = linear(call, "intercepts", rows)?;
    let kind = attributes.text("post_transform", "NONE");
    let classes = labels.len();
    let mut probabilities = transform(scores.clone(), kind)?;
    if rows == 1 && classes == 2 {
        // One score for two classes: that of the second.
        let first = if kind == "NONE" { scores.mapv(|s| -s) } else { probabilities.mapv(|p| 1.0 - p) };
        probabilities =
            ndarray::concatenate(Axis(1), &[first.view(), probabilities.view()]).map_err(|error| error.to_string())?;
        scores.clone_from(&probabilities);
    }
    if scores.ncols() != classes {
        return Err(format!("it has {} rows of coefficients for {classes} classes", scores.ncols()));
    }
    let best: Vec<usize> = scores
        .rows()
        .into_iter()
        .map(|row| (0..classes).fold(0, |best, j| if row[j] > row[best] { j } else { best }))
        .collect();
    let label = map_each!(&labels, array => array.select(Axis(0), &best));
    Ok(vec![label, Tensor::F32(probabilities.mapv(|v| v as f32).into_dyn())])
}

/// A look-up of each element in a list of keys.
fn label_encoder(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let list = |kind: &str| -> Option<Tensor> {
        if let Some(tensor) = attributes.tensor(&format!("{kind}_tensor")) {
            return Some(tensor.clone());
        }
        if let Some(texts) = attributes.texts(&format!("{kind}_strings")) {
            return Some(Tensor::Text(ndarray::Array1::from(texts.to_vec()).into_dyn()));
        }
        if let Some(ints) = attributes.ints(&format!("{kind}_int64s")) {
            return Some(Tensor::I64(ndarray::Array1::from(ints.to_vec()).into_dyn()));
        }
        attributes
            .floats(&format!("{kind}_floats"))
            .map(|floats| Tensor::F32(ndarray::Array1::from(floats.to_vec()).into_dyn()))
    };
    let (keys, values) = (list("keys").ok_or("its keys are missing")?, list("values").ok_or("its values are missing")?);
    if keys.len() != values.len() {
        return Err(format!("it has {} keys and {} values", keys.len(), values.len()));
    }
    let names = |tensor: &Tensor| -> Vec<String> {
        super::super::tensor::each!(tensor, array => array.iter().map(ToString::to_string).collect())
    };
    let places: HashMap<String, usize> =
        names(&keys).into_iter().enumerate().map(|(place, key)| (key, place)).rev().collect();
    let wanted: Vec<Option<usize>> = names(call.input(0)?).iter().map(|key| places.get(key).copied()).collect();
    let shape = call.input(0)?.shape();
    macro_rules! look_up {
        ($array:expr, $default:expr) => {{
            let default = $default;
            let flat: Vec<_> = $array.iter().cloned().collect();
            let found =
                wanted.iter().map(|place| place.map_or_else(|| default.clone(), |place| flat[place].clone())).collect();
            ArrayD::from_shape_vec(shape, found).map_err(|error| error.to_string())?
        }};
    }
    let default = attributes.tensor("default_tensor").and_then(Tensor::to_f64).and_then(|array| array.first().copied());
    Ok(vec![match &values {
        Tensor::Text(array) => Tensor::Text(look_up!(
            array,
            match attributes.tensor("default_tensor") {
                Some(Tensor::Text(text)) => text.iter().next().cloned().unwrap_or_default(),
                _ => attributes.text("default_string", "_Unused").to_owned(),
            }
        )),
        Tensor::F32(array) => {
            Tensor::F32(look_up!(array, default.map_or(attributes.float("default_float", -0.0), |v| v as f32)))
        }
        Tensor::F64(array) => Tensor::F64(look_up!(array, default.unwrap_or(0.0))),
        Tensor::I64(array) => {
            Tensor::I64(look_up!(array, default.map_or(attributes.int("default_int64", -1), |v| v as i64)))
        }
        other => {
            let real = other.to_f64().ok_or("its values are of a type that is not supported")?;
            typed(look_up!(real, default.unwrap_or(-1.0)), other)
        }
    }])
}
