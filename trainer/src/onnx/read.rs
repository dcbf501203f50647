//! From a file to a [`Graph`]: decoding, external data, functions.

use super::attribute::{self, Attributes};
use super::graph::{Graph, GraphInput, Node, sort};
use super::proto::{DimensionValue, FunctionProto, ModelProto, NodeProto, TensorProto, TypeValue, ValueInfoProto};
use super::tensor::Tensor;
use crate::error::{Error, ErrorKind, Result};
use bytes::Bytes;
use prost::Message;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// More nodes than any multilayer perceptron has: functions that call functions could expand without end.
const MAX_NODES: usize = 20_000;

/// The bytes of functions that may be read again for their calls, beside four times the file's own: a function is copied into
/// each node that calls it.
const MAX_REPEATED: usize = 1 << 24;

impl Graph {
    /// Reads a model file, and the files beside it that hold its weights.
    /// # Errors
    /// A file that cannot be read, is no ONNX model, or is damaged; weights in a file outside the model's folder.
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|error| Error::unreadable(path, &error))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::decode(bytes.into(), Some(folder)).map_err(|error| error.within(path.display()))
    }

    /// Reads a model from memory; `folder` is where its external data may lie, if it may have any.
    /// # Errors
    /// Bytes that are no ONNX model or a damaged one.
    pub fn decode(bytes: Bytes, folder: Option<PathBuf>) -> Result<Self> {
        let repeatable = MAX_REPEATED.saturating_add(bytes.len().saturating_mul(4));
        let model = ModelProto::decode(bytes)
            .map_err(|error| bad("model", format!("not an ONNX model ({error}); export it again")))?;
        let Some(graph) = model.graph else {
            return Err(bad("model", "not an ONNX model: it has no graph; export it again"));
        };
        if let Some(sparse) = graph.sparse_initializer.first() {
            let name = sparse.values.as_ref().map_or("", |values| values.name.as_str());
            return Err(bad(format!("initializer \"{name}\""), "sparse weights are not supported; export them dense"));
        }
        let mut reader = Reader { folder, files: HashMap::new(), expanded: 0, repeatable };
        let mut constants = HashMap::with_capacity(graph.initializer.len());
        for tensor in graph.initializer {
            let value =
                reader.tensor(&tensor).map_err(|message| bad(format!("initializer \"{}\"", tensor.name), message))?;
            constants.insert(tensor.name, Arc::new(value));
        }
        let versions = versions(&model.opset_import);
        let functions: HashMap<_, _> = model
            .functions
            .iter()
            .map(|function| ((domain(&function.domain), function.name.as_str()), function))
            .collect();
        let mut nodes = Vec::with_capacity(graph.node.len());
        for proto in graph.node {
            reader.expand(proto, &functions, &versions, &HashMap::new(), 0, &mut nodes)?;
        }
        let inputs: Vec<GraphInput> =
            graph.input.into_iter().filter(|input| !constants.contains_key(&input.name)).map(graph_input).collect();
        let input_names: HashSet<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        let known = |name: &str| constants.contains_key(name) || input_names.contains(name);
        let mut nodes = sort(nodes, known).map_err(|node| {
            bad(node.place(), "reads a value that nothing before it computes; the file is damaged, export it again")
        })?;
        // A Constant node is a constant.
        nodes.retain_mut(|node| {
            let constant = node.domain.is_empty() && node.op == "Constant";
            let (true, Some(name)) = (constant, node.outputs.first()) else { return true };
            let Some(tensor) = node.attributes.take_tensor("value") else { return true };
            constants.insert(name.clone(), Arc::new(tensor));
            false
        });
        let metadata = model.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
        let outputs = graph.output.into_iter().map(|output| output.name).collect();
        Ok(Self { name: graph.name, nodes, inputs, outputs, constants, metadata })
    }
}

/// What is needed while messages are decoded.
struct Reader {
    folder: Option<PathBuf>,
    files: HashMap<PathBuf, Bytes>,
    /// The nodes and calls that were expanded so far.
    expanded: usize,
    /// How many bytes of functions may still be copied into the nodes that call them.
    repeatable: usize,
}

impl Reader {
    fn tensor(&mut self, proto: &TensorProto) -> std::result::Result<Tensor, String> {
        let external = if proto.data_location == 1 { Some(self.external(proto)?) } else { None };
        Tensor::decode(proto, external.as_ref())
    }

    /// The bytes of a tensor that lie in another file.
    fn external(&mut self, proto: &TensorProto) -> std::result::Result<Bytes, String> {
        let entry =
            |key: &str| proto.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &str| {
            entry(key)
                .map(|text| text.parse::<usize>().map_err(|_| format!("its {key} {text:?} is not a number")))
                .transpose()
        };
        let location = entry("location").ok_or("its elements are in another file that is not named")?;
        let Some(folder) = &self.folder else {
            return Err(format!(
                "its elements are in the file {location:?}, which is not at hand; give the model as a file"
            ));
        };
        let inside =
            Path::new(location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            return Err(format!(
                "its elements are in {location:?}, outside the model's folder, which is refused; put the file beside the model and name it so"
            ));
        }
        let path = folder.join(location);
        if !self.files.contains_key(&path) {
            let inside = || Some(path.canonicalize().ok()?.starts_with(folder_or_here(folder).canonicalize().ok()?));
            let bytes = std::fs::read(&path).map_err(|error| {
                format!(
                    "its elements are in {}, which cannot be read ({error}); keep it beside the model",
                    path.display()
                )
            })?;
            if inside() != Some(true) {
                return Err(format!(
                    "its elements are in {location:?}, a link that leaves the model's folder; this is refused"
                ));
            }
            self.files.insert(path.clone(), bytes.into());
        }
        let bytes = &self.files[&path];
        let start = number("offset")?.unwrap_or(0);
        let end = number("length")?.map_or(Some(bytes.len()), |length| start.checked_add(length));
        match end {
            Some(end) if start <= end && end <= bytes.len() => Ok(bytes.slice(start..end)),
            _ => Err(format!(
                "its elements lie beyond the end of {} ({} bytes); the file is cut short",
                path.display(),
                bytes.len()
            )),
        }
    }

    /// Appends a node, or the nodes of the function that it calls.
    fn expand(
        &mut self,
        mut proto: NodeProto,
        functions: &HashMap<(&str, &str), &FunctionProto>,
        versions: &HashMap<String, i64>,
        parameters: &HashMap<String, attribute::Value>,
        depth: usize,
        nodes: &mut Vec<Node>,
    ) -> Result<()> {
        if proto.name.is_empty() {
            proto.name = proto.output.first().cloned().unwrap_or_default();
        }
        let place = format!("node \"{}\" ({})", proto.name, proto.op_type);
        self.expanded += 1;
        if self.expanded > MAX_NODES {
            return Err(bad(
                place,
                format!("the graph has more than {MAX_NODES} nodes; no multilayer perceptron has so many"),
            ));
        }
        let mut attributes = Attributes::default();
        for message in &proto.attribute {
            if message.ref_attr_name.is_empty() {
                let value = attribute::decode(message, |tensor| self.tensor(tensor))
                    .map_err(|error| bad(&place, format!("attribute \"{}\": {error}", message.name)))?;
                attributes.insert(message.name.clone(), value);
            } else if let Some(value) = parameters.get(&message.ref_attr_name) {
                self.repeat(value.bytes(), &place)?;
                attributes.insert(message.name.clone(), value.clone());
            }
        }
        let Some(function) = functions.get(&(domain(&proto.domain), proto.op_type.as_str())) else {
            let domain = domain(&proto.domain).to_owned();
            let version = versions.get(&domain).copied().unwrap_or(1);
            nodes.push(Node {
                name: proto.name,
                op: proto.op_type,
                domain,
                version,
                inputs: proto.input,
                outputs: proto.output,
                attributes,
            });
            return Ok(());
        };
        if depth >= 16 {
            return Err(bad(
                place,
                "its function calls functions more than 16 deep; the file is damaged, export it again",
            ));
        }
        self.repeat(function.encoded_len(), &place)?;
        let mut parameters = HashMap::new();
        for message in function.attribute_proto.iter().chain(&proto.attribute) {
            let value = attribute::decode(message, |tensor| self.tensor(tensor)).map_err(|error| bad(&place, error))?;
            parameters.insert(message.name.clone(), value);
        }
        let mut names: HashMap<&str, String> = HashMap::new();
        for (formal, actual) in
            function.input.iter().zip(proto.input.iter().map(String::as_str).chain(std::iter::repeat("")))
        {
            names.insert(formal, actual.to_owned());
        }
        names.extend(function.output.iter().map(String::as_str).zip(proto.output.iter().cloned()));
        let versions = self::versions(&function.opset_import);
        let renamed = |name: &String| {
            if name.is_empty() {
                String::new()
            } else {
                names.get(name.as_str()).cloned().unwrap_or_else(|| format!("{}/{name}", proto.name))
            }
        };
        for inner in &function.node {
            let mut inner = inner.clone();
            inner.input = inner.input.iter().map(renamed).collect();
            inner.output = inner.output.iter().map(renamed).collect();
            inner.name = format!("{}/{}", proto.name, inner.name);
            self.repeat(inner.encoded_len(), &place)?;
            self.expand(inner, functions, &versions, &parameters, depth + 1, nodes)?;
        }
        Ok(())
    }

    /// Counts bytes that are copied for a call.
    fn repeat(&mut self, bytes: usize, place: &str) -> Result<()> {
        self.repeatable = self.repeatable.checked_sub(bytes).ok_or_else(|| {
            bad(place, "its functions are called too often for their size; export the model without functions, or with its constants as initializers")
        })?;
        Ok(())
    }
}

/// A domain's name; `ai.onnx` is the same as none.
fn domain(name: &str) -> &str {
    if name == "ai.onnx" { "" } else { name }
}

fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

fn versions(imports: &[super::proto::OperatorSetIdProto]) -> HashMap<String, i64> {
    imports.iter().map(|import| (domain(&import.domain).to_owned(), import.version)).collect()
}

fn graph_input(info: ValueInfoProto) -> GraphInput {
    let Some(TypeValue::Tensor(tensor)) = info.r#type.and_then(|t| t.value) else {
        return GraphInput { name: info.name, element_type: 0, shape: None };
    };
    let dimension = |value: Option<DimensionValue>| match value {
        Some(DimensionValue::Value(fixed)) => usize::try_from(fixed).ok().filter(|&fixed| fixed > 0),
        _ => None,
    };
    let shape = tensor.shape.map(|shape| shape.dim.into_iter().map(|dim| dimension(dim.value)).collect());
    GraphInput { name: info.name, element_type: tensor.elem_type, shape }
}

fn bad(place: impl std::fmt::Display, message: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Model, place, message)
}
