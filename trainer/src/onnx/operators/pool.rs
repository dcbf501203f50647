//! Means of an image's windows.

use super::super::graph::Node;
use super::{Call, Outputs, typed};
use ndarray::{ArrayD, IxDyn};

pub(super) fn evaluate(call: &Call) -> Option<Outputs> {
    (call.node.op == "AveragePool").then(|| average_pool(call))
}

/// The size of the windows and the steps between them, rows and columns each.
/// # Errors
/// Where the windows are padded, have gaps, or are not those of images.
pub(in super::super) fn windows(node: &Node) -> Result<([usize; 2], [usize; 2]), String> {
    let attributes = &node.attributes;
    let pair = |name: &str| match attributes.ints(name) {
        None => Ok([1, 1]),
        Some(&[rows, columns]) if rows > 0 && columns > 0 && rows.max(columns) <= i64::from(u16::MAX) => {
            Ok([rows as usize, columns as usize])
        }
        Some(other) => Err(format!("its {name} is {other:?}, expected rows and columns")),
    };
    let padded = attributes.ints("pads").is_some_and(|pads| pads.iter().any(|&pad| pad != 0))
        || !matches!(attributes.text("auto_pad", "NOTSET"), "NOTSET" | "VALID")
        || attributes.flag("ceil_mode");
    if padded || pair("dilations")? != [1, 1] {
        return Err("its windows are padded or have gaps; only whole windows within the image are supported".to_owned());
    }
    Ok((pair("kernel_shape")?, pair("strides")?))
}

fn average_pool(call: &Call) -> Outputs {
    let x = call.real(0)?;
    let (size, strides) = windows(call.node)?;
    let [samples, channels, rows, columns] = *x.shape() else {
        return Err(format!("its input has the shape {:?}, expected images", x.shape()));
    };
    if size[0] > rows || size[1] > columns {
        return Err(format!("its windows of {size:?} are larger than the image of {rows} x {columns}"));
    }
    let outputs = [(rows - size[0]) / strides[0] + 1, (columns - size[1]) / strides[1] + 1];
    let count = (size[0] * size[1]) as f64;
    let means = ArrayD::from_shape_fn(IxDyn(&[samples, channels, outputs[0], outputs[1]]), |at| {
        let (top, left) = (at[2] * strides[0], at[3] * strides[1]);
        let window = (0..size[0]).flat_map(|r| (0..size[1]).map(move |c| (r, c)));
        window.map(|(r, c)| x[[at[0], at[1], top + r, left + c]]).sum::<f64>() / count
    });
    Ok(vec![typed(means, call.input(0)?)])
}
