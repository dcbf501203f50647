//! The model in its region, and the buffers that its evaluation works in.

use crate::counter::Counter;
use bytemuck::Pod;
use thumbnet::{Kind, Model, ParseError, WeightType};
use thumbnet_link::{Answer, Element, ModelError, ModelInfo, PIECE, Refusal, frame_len};

/// The payload of a frame where no model says how long frames must be.
const SHORT: usize = 64;

/// How many samples a frame may hold, if the RAM lets it: over a probe every exchange takes its time.
const BATCH: usize = if cfg!(feature = "rtt") { 8 } else { 1 };

/// The types of weights and the kinds of layers that this program has kernels for.
const KINDS: u8 = kind(cfg!(feature = "f32"), WeightType::F32)
    | kind(cfg!(feature = "f16"), WeightType::F16)
    | kind(cfg!(feature = "int8"), WeightType::Int8)
    | kind(cfg!(feature = "int4"), WeightType::Int4)
    | kind(cfg!(feature = "int2"), WeightType::Int2)
    | if cfg!(feature = "pool") { Kind::AveragePool.bit() } else { 0 };

const fn kind(held: bool, kind: WeightType) -> u8 {
    if held { kind.bit() } else { 0 }
}

/// Whether models of floats are among them.
const FLOAT: bool = KINDS & (WeightType::F32.bit() | WeightType::F16.bit()) != 0;

/// A model that can be evaluated.
pub(crate) struct Evaluator {
    model: Model<'static>,
    plan: Plan,
    memory: &'static mut [u8],
}

/// Reads and checks the model in `region`, and divides `arena`, which begins at a multiple of four, between the frames and
/// the evaluation.
pub(crate) fn load(
    region: &'static [u8],
    arena: &'static mut [u8],
) -> (&'static mut [u8], Result<Evaluator, ModelError>) {
    let (model, mut plan) = match check(region, arena.len()) {
        Ok(found) => found,
        Err(error) => return (arena.get_mut(..frame_len(SHORT)).unwrap_or_default(), Err(error)),
    };
    // What is left over makes room for more samples at once.
    while plan.samples < BATCH && plan.more().total() <= arena.len() {
        plan = plan.more();
    }
    let (frame, memory) = arena.split_at_mut_checked(plan.frame()).unwrap_or_default();
    (frame, Ok(Evaluator { model, plan, memory }))
}

fn check(region: &'static [u8], available: usize) -> Result<(Model<'static>, Plan), ModelError> {
    let model = Model::parse(region).map_err(|error| match error {
        ParseError::Magic => ModelError::Missing,
        ParseError::Version { found, supported } => {
            ModelError::Version { found: found.into(), supported: supported.into() }
        }
        ParseError::Truncated { .. } => ModelError::Truncated,
        _ => ModelError::Malformed,
    })?;
    if model.verify_checksum().is_err() {
        return Err(ModelError::Checksum);
    }
    if model.kinds() & !KINDS != 0 {
        return Err(ModelError::Weights);
    }
    let plan = Plan::new(&model);
    let needed = plan.total();
    if needed > available {
        return Err(ModelError::Memory { needed: needed as u32, available: available as u32 });
    }
    Ok((model, plan))
}

/// How many bytes go where. All parts are multiples of four, so that each can hold floats.
#[derive(Clone, Copy)]
struct Plan {
    /// One sample.
    input: usize,
    /// Its outputs.
    output: usize,
    /// The working memory.
    scratch: usize,
    /// The samples in a frame.
    samples: usize,
    /// Whether the inputs must be copied to where floats may lie.
    copies: bool,
}

impl Plan {
    fn new(model: &Model) -> Self {
        let copies = model.is_float();
        let size = if copies { size_of::<f32>() } else { 1 };
        let bytes = |elements: usize| elements.saturating_mul(size);
        Self {
            input: bytes(model.input_len()),
            output: bytes(model.output_len()),
            scratch: bytes(model.scratch_len()),
            samples: 1,
            copies,
        }
    }

    fn more(self) -> Self {
        Self { samples: self.samples + 1, ..self }
    }

    fn frame(&self) -> usize {
        words(frame_len(self.input.max(self.output).saturating_mul(self.samples).max(PIECE)))
    }

    fn copied(&self) -> usize {
        if self.copies { self.input } else { 0 }
    }

    fn outputs(&self) -> usize {
        words(self.output.saturating_mul(self.samples))
    }

    fn evaluation(&self) -> usize {
        let parts = [self.copied(), self.outputs(), PIECE, words(self.scratch)];
        parts.into_iter().fold(0, usize::saturating_add)
    }

    fn total(&self) -> usize {
        self.frame().saturating_add(self.evaluation())
    }
}

/// The next multiple of four; a number too large for one is too large for any memory anyway.
fn words(bytes: usize) -> usize {
    bytes.checked_next_multiple_of(4).unwrap_or(usize::MAX)
}

/// The parts of an evaluation's memory.
struct Parts<'a> {
    copied: &'a mut [u8],
    /// The outputs of one sample and a piece to note something in, or the outputs of as many samples as a frame holds.
    results: &'a mut [u8],
    scratch: &'a mut [u8],
}

impl Evaluator {
    /// What the host wants to know about the model.
    pub(crate) fn info(&self) -> ModelInfo {
        ModelInfo {
            checksum: self.model.checksum(),
            bytes: self.model.bytes().len() as u32,
            element: if self.model.is_float() { Element::F32 } else { Element::I8 },
            input_len: self.model.input_len() as u32,
            output_len: self.model.output_len() as u32,
            layers: self.model.layer_count(),
        }
    }

    /// The bytes that the evaluation works in.
    pub(crate) fn activations(&self) -> usize {
        self.plan.evaluation()
    }

    /// Evaluates whole samples.
    pub(crate) fn infer(&mut self, inputs: &[u8], counter: &mut Counter) -> Result<Answer<'_>, Refusal> {
        let Plan { input, output, .. } = self.plan;
        let samples = inputs.len().checked_div(input).filter(|&n| n > 0 && n.saturating_mul(input) == inputs.len());
        let Some(samples) = samples else { return Err(self.wrong_length(inputs)) };
        let Evaluator { model, plan, memory } = self;
        let Parts { copied, results, scratch } = plan.parts(memory);
        let outputs = results.get_mut(..samples.saturating_mul(output)).ok_or(Refusal::TooLong)?;
        let mut count: u32 = 0;
        let mut rest = &mut *outputs;
        for input in inputs.chunks(input) {
            let Some((output, next)) = rest.split_at_mut_checked(output) else { break };
            let start = counter.start();
            run(model, input, copied, scratch, output, |_, _| {});
            count = count.saturating_add(counter.since(start));
            rest = next;
        }
        Ok(Answer::Outputs { count, outputs })
    }

    /// Evaluates one sample and gives what leaves one layer, from the byte `start` on.
    pub(crate) fn layer(
        &mut self,
        wanted: u16,
        start: u32,
        input: &[u8],
        counter: &mut Counter,
    ) -> Result<Answer<'_>, Refusal> {
        if wanted >= self.model.layer_count() {
            return Err(Refusal::Layer { layers: self.model.layer_count() });
        }
        let mut count = 0;
        let mut len = 0;
        let observed = self.observe(input, counter, |index, outputs, observed, elapsed| {
            if index == wanted {
                len = copy(outputs.get(start as usize..).unwrap_or_default(), observed);
                count = elapsed;
            }
        })?;
        Ok(Answer::Outputs { count, outputs: observed.get(..len).unwrap_or_default() })
    }

    /// Evaluates one sample and counts each layer, from the layer `first` on.
    pub(crate) fn profile(&mut self, first: u16, input: &[u8], counter: &mut Counter) -> Result<Answer<'_>, Refusal> {
        let mut before = 0;
        let mut len = 0;
        let observed = self.observe(input, counter, |index, _, observed, elapsed| {
            if index >= first {
                let count = elapsed.wrapping_sub(before).to_le_bytes();
                len += copy(&count, observed.get_mut(len..).unwrap_or_default());
            }
            before = elapsed;
        })?;
        Ok(Answer::Profile { counts: observed.get(..len).unwrap_or_default() })
    }

    /// Evaluates one sample; `note` is called after each layer with its index and outputs, the memory to note something in,
    /// and the count so far. Gives that memory.
    fn observe(
        &mut self,
        input: &[u8],
        counter: &mut Counter,
        mut note: impl FnMut(u16, &[u8], &mut [u8], u32),
    ) -> Result<&[u8], Refusal> {
        if input.len() != self.plan.input {
            return Err(self.wrong_length(input));
        }
        let Evaluator { model, plan, memory } = self;
        let Parts { copied, results, scratch } = plan.parts(memory);
        let (outputs, observed) = results.split_at_mut_checked(plan.outputs()).unwrap_or_default();
        let output = outputs.get_mut(..plan.output).unwrap_or_default();
        let start = counter.start();
        run(model, input, copied, scratch, output, |index, outputs| {
            note(index, outputs, observed, counter.since(start));
        });
        Ok(observed)
    }

    fn wrong_length(&self, input: &[u8]) -> Refusal {
        Refusal::Length { found: input.len() as u32, expected: self.plan.input as u32 }
    }
}

impl Plan {
    fn parts<'a>(&self, memory: &'a mut [u8]) -> Parts<'a> {
        let (copied, rest) = memory.split_at_mut_checked(self.copied()).unwrap_or_default();
        let (results, rest) = rest.split_at_mut_checked(self.outputs().saturating_add(PIECE)).unwrap_or_default();
        Parts { copied, results, scratch: rest.get_mut(..self.scratch).unwrap_or_default() }
    }
}

/// Evaluates one sample in the model's own kind of numbers. The lengths are right: `Plan` is made from the model.
fn run(
    model: &Model,
    input: &[u8],
    copied: &mut [u8],
    scratch: &mut [u8],
    output: &mut [u8],
    observer: impl FnMut(u16, &[u8]),
) {
    if FLOAT && model.is_float() {
        copy(input, copied);
        run_as::<f32>(model, copied, scratch, output, observer);
    } else {
        run_as::<i8>(model, input, scratch, output, observer);
    }
}

fn run_as<T: thumbnet::Element + Pod>(
    model: &Model,
    input: &[u8],
    scratch: &mut [u8],
    output: &mut [u8],
    mut observer: impl FnMut(u16, &[u8]),
) {
    let input = bytemuck::try_cast_slice(input);
    let scratch = bytemuck::try_cast_slice_mut(scratch);
    let output = bytemuck::try_cast_slice_mut::<u8, T>(output);
    let (Ok(input), Ok(scratch), Ok(output)) = (input, scratch, output) else { return };
    // It cannot fail: `Plan` has the model's lengths, and the region starts at a multiple of a flash page.
    let _ = model
        .run_only::<T, KINDS>(input, scratch, output, |index, values| observer(index, bytemuck::cast_slice(values)));
}

/// Copies as much as there is and as fits, and says how much that was.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    len
}
