//! Models that are part of the program, with sizes that the compiler knows.

use crate::evaluate::{LEAN, chain, is_lean};
use crate::{Element, Model, ParseError};
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
        let model = match Model::parse(&bytes.0) {
            Ok(model) => model,
            Err(error) => refused(error),
        };
        let needed = if is_lean(KINDS) { model.scratch_len() } else { model.least_scratch_len() };
        assert!(model.input_len() == IN && model.output_len() == OUT && SCRATCH >= needed);
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

    /// The number of elements that an evaluation works in; a constant, and the least where `model!` was asked for it.
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
///
/// With `model!(pub static DIGITS = "digits.tnet", least_memory);` the scratch has [`Model::least_scratch_len`] elements, one for
/// each activation, and an evaluation gives the same bits for less speed (PERFORMANCE.md beside this crate says how much).
#[macro_export]
macro_rules! model {
    ($(#[$meta:meta])* $visibility:vis static $name:ident = $path:expr) => {
        $crate::model!(@ $(#[$meta])* $visibility $name, $path, false);
    };
    ($(#[$meta:meta])* $visibility:vis static $name:ident = $path:expr, least_memory) => {
        $crate::model!(@ $(#[$meta])* $visibility $name, $path, true);
    };
    (@ $(#[$meta:meta])* $visibility:vis $name:ident, $path:expr, $least:literal) => {
        $(#[$meta])*
        // All weights are looked at while the program is built.
        #[allow(long_running_const_eval)]
        $visibility static $name: $crate::StaticModel<
            <$crate::Select<{ $crate::embedded(::core::include_bytes!($path)).is_float() }> as $crate::Selected>::Element,
            { $crate::embedded(::core::include_bytes!($path)).input_len() },
            { $crate::embedded(::core::include_bytes!($path)).output_len() },
            { $crate::scratch(::core::include_bytes!($path), $least) },
            { $crate::kinds(::core::include_bytes!($path), $least) },
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

/// Reads a model while the program is built, as far as its sizes need it.
/// # Panics
/// Where the bytes are not a model; the build fails then.
pub const fn embedded(bytes: &'static [u8]) -> Model<'static> {
    match Model::read(bytes) {
        Ok(model) => model,
        Err(error) => refused(error),
    }
}

/// Fails the build.
const fn refused(error: ParseError) -> ! {
    match error {
        ParseError::Truncated { .. } => panic!("the model file is cut off"),
        ParseError::Magic => panic!("the model file is not a .tnet file"),
        ParseError::Version { .. } => panic!("the model file has a format version that this crate does not read"),
        ParseError::Header { .. } => panic!("the model file's header makes no sense"),
        ParseError::Layer { .. } => panic!("a layer of the model file makes no sense"),
        ParseError::Overflow { .. } => {
            panic!("a layer of the model file has weights that are too large or too many to be packed")
        }
    }
}

/// The elements that a model works in, or the least of them.
pub const fn scratch(bytes: &'static [u8], least: bool) -> usize {
    let model = embedded(bytes);
    if least { model.least_scratch_len() } else { model.scratch_len() }
}

/// The kernels that a model needs, and whether it needs nothing else; with the least memory it does.
pub const fn kinds(bytes: &'static [u8], least: bool) -> u8 {
    let model = embedded(bytes);
    model.kinds() | if !least && model.is_simple() { LEAN } else { 0 }
}
