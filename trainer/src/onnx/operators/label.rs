//! The operators of `ai.onnx.ml` around a scikit-learn network: preparation of the input, linear models, labels.

use super::super::tensor::{ElementType, Tensor};
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

/// `(x - offset) * scale`, by the last axis, each operation rounded to f32. The result is f32.
fn scaler(call: &Call) -> Outputs {
    let mut x = call.real(0)?;
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
    for (index, value) in x.iter_mut().enumerate() {
        let feature = index % features.max(1);
        *value = f64::from((*value as f32 - at(offset, feature)) * at(scale, feature));
    }
    Ok(vec![Tensor::of_type(x, ElementType::F32)])
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
    Ok(vec![Tensor::of_type(x, ElementType::F32)])
}

fn binarizer(call: &Call) -> Outputs {
    let threshold = f64::from(call.node.attributes.float("threshold", 0.0));
    super::elementwise(call, &|x| f64::from(x > threshold))
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
    let mut places = x.places().select(Axis(rank - 1), &columns);
    // A list comes out as a matrix of one row.
    if rank == 1 {
        places = places.insert_axis(Axis(0));
    }
    Ok(vec![x.at(places.view())])
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
    Ok(vec![Tensor::of_type(y.into_dyn(), ElementType::F32)])
}

fn linear_classifier(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let labels: Tensor = match (attributes.texts("classlabels_strings"), attributes.ints("classlabels_ints")) {
        (Some(texts), _) if !texts.is_empty() => texts.to_vec().into(),
        (_, Some(ints)) => ints.to_vec().into(),
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
    let best: Vec<u32> = scores
        .rows()
        .into_iter()
        .map(|row| (0..classes).fold(0, |best, j| if row[j] > row[best] { j } else { best }) as u32)
        .collect();
    let label = labels.at(ndarray::Array1::from(best).into_dyn().view());
    Ok(vec![label, Tensor::of_type(probabilities.into_dyn(), ElementType::F32)])
}

/// A look-up of each element in a list of keys.
fn label_encoder(call: &Call) -> Outputs {
    let attributes = &call.node.attributes;
    let list = |kind: &str| -> Option<Tensor> {
        if let Some(tensor) = attributes.tensor(&format!("{kind}_tensor")) {
            return Some(tensor.clone());
        }
        if let Some(texts) = attributes.texts(&format!("{kind}_strings")) {
            return Some(texts.to_vec().into());
        }
        if let Some(ints) = attributes.ints(&format!("{kind}_int64s")) {
            return Some(ints.to_vec().into());
        }
        attributes.floats(&format!("{kind}_floats")).map(|floats| floats.to_vec().into())
    };
    let (keys, values) = (list("keys").ok_or("its keys are missing")?, list("values").ok_or("its values are missing")?);
    if keys.len() != values.len() {
        return Err(format!("it has {} keys and {} values", keys.len(), values.len()));
    }
    let places: HashMap<String, usize> =
        keys.to_texts().into_iter().enumerate().map(|(place, key)| (key, place)).rev().collect();
    // The default is one more value behind the others.
    let given = attributes.tensor("default_tensor").filter(|tensor| !tensor.is_empty());
    let number = given.and_then(Tensor::to_f64).and_then(|array| array.first().copied());
    let default: Tensor = match values.element_type() {
        ElementType::Text => match given {
            Some(tensor) if tensor.element_type() == ElementType::Text => tensor.to_texts().swap_remove(0).into(),
            _ => attributes.text("default_string", "_Unused").to_owned().into(),
        },
        ElementType::F32 => number.map_or(attributes.float("default_float", -0.0), |v| v as f32).into(),
        ElementType::I64 => number.map_or(attributes.int("default_int64", -1), |v| v as i64).into(),
        ElementType::F64 => typed(ndarray::arr0(number.unwrap_or(0.0)).into_dyn(), &values),
        _ => typed(ndarray::arr0(number.unwrap_or(-1.0)).into_dyn(), &values),
    };
    let x = call.input(0)?;
    let found: Vec<u32> =
        x.to_texts().iter().map(|key| places.get(key).copied().unwrap_or(values.len()) as u32).collect();
    let found = ArrayD::from_shape_vec(x.shape(), found).map_err(|error| error.to_string())?;
    Ok(vec![Tensor::chained(&[&values, &default])?.at(found.view())])
}
