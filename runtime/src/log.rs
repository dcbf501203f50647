//! `defmt::Format` of what [`Debug`](core::fmt::Debug) writes by hand: a model, its layers and its names.

use crate::{Layer, Model, Names, StaticModel};
use defmt::{Format, Formatter, write};

impl Format for Model<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "Model {{ inputs: {=usize}, outputs: {=usize}, layers: {=u16}, float: {=bool}, bytes: {=usize} }}",
            self.input_len(),
            self.output_len(),
            self.layer_count(),
            self.is_float(),
            self.bytes().len()
        );
    }
}

impl<T, const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8> Format
    for StaticModel<T, IN, OUT, SCRATCH, KINDS>
{
    fn format(&self, f: Formatter<'_>) {
        Format::format(&**self, f);
    }
}

impl Format for Layer<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(
            f,
            "Layer {{ kind: {}, weight_type: {}, order: {}, inputs: {=usize}, outputs: {=usize}, function: {} }}",
            self.kind(),
            self.weight_type(),
            self.order(),
            self.inputs(),
            self.outputs(),
            self.function()
        );
    }
}

impl Format for Names<'_> {
    fn format(&self, f: Formatter<'_>) {
        write!(f, "[");
        for (index, name) in self.iter().enumerate() {
            if index != 0 {
                write!(f, ", ");
            }
            write!(f, "{=str}", name);
        }
        write!(f, "]");
    }
}
