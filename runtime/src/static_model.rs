//! Models that are part of the program, with sizes that the compiler knows.

use crate::evaluate::{LEAN, chain, is_lean};
use crate::{Element, Model};
use core::marker::PhantomData;
use core::ops::Deref;

/// A model that [`model!`](crate::model!) put into the program: `IN` inputs, `OUT` outputs, `SCRATCH` elements to work in, and
/// the kernels of the weight types in `KINDS`.
///
/// It is a [`Model`] with all of its methods, and can be evaluated without a chance to fail.
#[derive(Debug)]
pub struct StaticModel<T, const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8> {
    model: Model<'static>,
    element: PhantomData<fn() -> T>,
}

impl<T: Element, const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8>
    StaticModel<T, IN, OUT, SCRATCH, KINDS>
{
    #[doc(hidden)]
    pub const fn new(bytes: &'static Aligned<[u8]>) -> Self {
        let model = embedded(&bytes.0);
        assert!(model.input_len() == IN && model.output_len() == OUT && model.scratch_len() == SCRATCH);
        assert!(model.is_float() == T::FLOAT && model.kinds() & !KINDS == 0);
        assert!(!is_lean(KINDS) || model.is_simple());
        Self { model, element: PhantomData }
    }

    /// The number of elements of the input; a constant.
    pub const fn input_len(&self) -> usize {
        IN
    }

    /// The number of elements of the output; a constant.
    pub const fn output_len(&self) -> usize {
        OUT
    }

    /// The number of elements that an evaluation works in; a constant.
    pub const fn scratch_len(&self) -> usize {
        SCRATCH
    }

    /// Memory for [`Self::evaluate`] to work in.
    pub fn scratch(&self) -> [T; SCRATCH] {
        [T::ZERO; SCRATCH]
    }

    /// Evaluates the model on one sample. The contents of `scratch` do not matter; it may be larger than needed (several
    /// models can share one), and does not compile where it is smaller.
    pub fn evaluate<const N: usize>(&self, input: &[T; IN], scratch: &mut [T; N]) -> [T; OUT] {
        const { assert!(N >= SCRATCH, "the scratch is smaller than the model's scratch_len()") };
        let mut output = [T::ZERO; OUT];
        chain::<T, KINDS>(&self.model, input, scratch, &mut output, |_, _| {});
        output
    }
}

impl<T, const IN: usize, const OUT: usize, const SCRATCH: usize, const KINDS: u8> Deref
    for StaticModel<T, IN, OUT, SCRATCH, KINDS>
{
    type Target = Model<'static>;

    fn deref(&self) -> &Model<'static> {
        &self.model
    }
}

/// Puts a model file into the program: `model!(pub static DIGITS = "digits.tnet");`.
///
/// The path is relative to the source file, as of `include_bytes!`. The file's sizes are constants of the static, which is a
/// [`StaticModel`]: wrong sizes do not compile, and a file that is no model fails the build. The weights stay in flash.
#[macro_export]
macro_rules! model {
    ($(#[$meta:meta])* $visibility:vis static $name:ident = $path:expr) => {
        $(#[$meta])*
        $visibility static $name: $crate::StaticModel<
            <$crate::Select<{ $crate::embedded(::core::include_bytes!($path)).is_float() }> as $crate::Selected>::Element,
            { $crate::embedded(::core::include_bytes!($path)).input_len() },
            { $crate::embedded(::core::include_bytes!($path)).output_len() },
            { $crate::embedded(::core::include_bytes!($path)).scratch_len() },
            { $crate::kinds(::core::include_bytes!($path)) },
        > = {
            static BYTES: &$crate::Aligned<[u8]> = &$crate::Aligned(*::core::include_bytes!($path));
            $crate::StaticModel::new(BYTES)
        };
    };
}

/// Bytes that start at a multiple of 16.
#[repr(C, align(16))]
pub struct Aligned<B: ?Sized>(pub B);

/// The type of element of a model of floats (`true`) or integers (`false`).
pub struct Select<const FLOAT: bool>;

/// See [`Select`].
pub trait Selected {
    /// The type.
    type Element: Element;
}

impl Selected for Select<false> {
    type Element = i8;
}

impl Selected for Select<true> {
    type Element = f32;
}

/// Reads a model while the program is built.
/// # Panics
/// Where the bytes are not a model; the build fails then.
pub const fn embedded(bytes: &'static [u8]) -> Model<'static> {
    use crate::ParseError;
    match Model::parse(bytes) {
        Ok(model) => model,
        Err(ParseError::Truncated { .. }) => panic!("the model file is cut off"),
        Err(ParseError::Magic) => panic!("the model file is not a .tnet file"),
        Err(ParseError::Version { .. }) => panic!("the model file has a format version that this crate does not read"),
        Err(ParseError::Header { .. }) => panic!("the model file's header makes no sense"),
        Err(ParseError::Layer { .. }) => panic!("a layer of the model file makes no sense"),
    }
}

/// The kernels that a model needs, and whether it needs nothing else.
pub const fn kinds(bytes: &'static [u8]) -> u8 {
    let model = embedded(bytes);
    model.kinds() | if model.is_simple() { LEAN } else { 0 }
}
