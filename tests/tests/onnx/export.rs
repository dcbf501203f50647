//! What we export is what we mean: in tract, in our own evaluator, and after an import.

use crate::networks::{difference, exports, networks, samples};
use thumbnet_tests::tolerance;
use thumbnet_trainer::onnx::{ElementType, Graph, Imported, export, export_with_opset, import, tract_outputs};

#[test]
fn every_executor_gives_the_outputs_of_the_network() {
    for model in networks() {
        let x = samples(33, model.input.features(), 11);
        let expected = model.forward(x.view());
        for opset in [12, 13, 17, 22] {
            let bytes = export_with_opset(&model, opset);
            let graph = Graph::decode(bytes.clone().into(), None).expect("our own export");
            let ours = graph.run(x.clone().into_dyn().into()).expect("our own operators");
            assert_eq!(ours[0].element_type(), ElementType::F32, "{}: not float", model.name);
            let ours = ours[0].to_f32().expect("numbers").into_dimensionality().expect("samples x outputs");
            assert!(
                difference(&expected, &ours) < tolerance::NETWORK,
                "{} at opset {opset}: {}",
                model.name,
                difference(&expected, &ours)
            );
        }
        let bytes = export(&model);
        // tract has no Normalizer of ai.onnx.ml, and its Celu ignores that the exponent is x / alpha; onnxruntime checks these in Python.
        if model.input.unit_norm.is_none() && !model.name.ends_with("celu") {
            let theirs = tract_outputs(&bytes, x.view()).unwrap_or_else(|error| panic!("{}: {error}", model.name));
            assert!(
                difference(&expected, &theirs) < tolerance::NETWORK,
                "{}: {}",
                model.name,
                difference(&expected, &theirs)
            );
        }
        let folder = exports();
        std::fs::write(folder.join(format!("{}.onnx", model.name)), &bytes).expect("a written model");
        ndarray_npy::write_npy(folder.join(format!("{}.input.npy", model.name)), &x).expect("written inputs");
        ndarray_npy::write_npy(folder.join(format!("{}.output.npy", model.name)), &expected).expect("written outputs");
    }
}

#[test]
fn an_import_of_an_export_is_the_network() {
    for model in networks() {
        for opset in [12, 17, 24] {
            let graph = Graph::decode(export_with_opset(&model, opset).into(), None).expect("our own export");
            let imported = import(&graph).unwrap_or_else(|error| panic!("{}: {error}", model.name));
            let Imported::Float(imported) = imported else { panic!("{}: became integers", model.name) };
            assert_eq!(imported, model);
        }
    }
}
