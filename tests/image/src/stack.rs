//! A program for an emulated core that tells by its exit code how many words of stack the evaluation takes, or 255 where it
//! does not give the outputs of FORMAT.md and of the host.

use core::arch::asm;
use thumbnet::{Backend, Model};

/// The words below the stack pointer that are painted.
const WORDS: usize = 240;
const PAINT: u32 = 0xa5a5_5a5a;

unsafe extern "C" {
    static stack_start: u32;
}

/// The first stack pointer, and the entry point.
#[repr(C)]
struct Vectors(&'static u32, extern "C" fn() -> !);

#[unsafe(link_section = ".vectors")]
#[used]
// SAFETY: the linker's script has the symbol; only its address is taken.
static VECTORS: Vectors = Vectors(unsafe { &stack_start }, start);

extern "C" fn start() -> ! {
    // SAFETY: the FPU's access bits, before the first instruction that needs it.
    unsafe { (0xe000_ed88 as *mut u32).write_volatile(0xf << 20) };
    let used = if outputs_are_right() { paint_and_run() } else { 255 };
    let block = [0x0002_0026, used];
    // SAFETY: semihosting's SYS_EXIT_EXTENDED reads the block and does not return.
    unsafe { asm!("bkpt #0xab", in("r0") 0x20, in("r1") &raw const block) };
    loop {}
}

#[inline(never)]
fn paint_and_run() -> u32 {
    let top: *mut u32;
    // SAFETY: it reads the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) top) };
    let paint = |word: usize| top.wrapping_sub(1 + word);
    for word in 0..WORDS {
        // SAFETY: RAM below the stack pointer, which nothing uses now.
        unsafe { paint(word).write_volatile(PAINT) };
    }
    run();
    // SAFETY: as above.
    let touched = |word: &usize| unsafe { paint(*word).read_volatile() } != PAINT;
    (0..WORDS).rev().find(touched).map_or(0, |word| word as u32 + 1)
}

thumbnet::model!(static MNIST = "../../../models/mnist/model.tnet");
thumbnet::model!(static INT4 = "../../../models/mnist-int4/model.tnet");
thumbnet::model!(static INT2 = "../../../models/mnist-int2/model.tnet");
thumbnet::model!(static BOSTON = "../../../models/boston-tutorial/model.tnet");
thumbnet::model!(static LEAST = "../../../models/boston-tutorial/model.tnet", least_memory);
thumbnet::model!(static MIXED = "../../../runtime/tests/models/mixed.tnet");

/// What the host gives for [`inputs`], of one model after the other.
const HOST: &[u8] = include_bytes!(env!("IMAGE_OUTPUTS"));

/// The plain kernels work in no memory but the activations', and read a model wherever it lies.
const PLAIN: bool = matches!(Backend::NATIVE, Backend::Portable);

/// The test vectors of FORMAT.md; and other models give what the host gives, whether they are known to the compiler or not, and in
/// all the memory that they ask for or the least.
#[inline(never)]
fn outputs_are_right() -> bool {
    let mut host = HOST.iter().map(|&y| y as i8);
    let mut same = |outputs: &[i8]| outputs.iter().all(|y| host.next() == Some(*y));
    let xor = [([0, 0], [64, -64]), ([0, 64], [-64, 64]), ([64, 0], [-64, 64]), ([64, 64], [64, -64])];
    xor.into_iter().all(|(input, output)| {
        super::MODEL.evaluate(&core::hint::black_box(input), &mut super::MODEL.scratch()) == output
    }) && agree(&MNIST, MNIST.evaluate(&inputs(), &mut MNIST.scratch()), &inputs::<784>(), MNIST.scratch(), &mut same)
        && same(&BOSTON.evaluate(&inputs(), &mut BOSTON.scratch()))
        && LEAST.evaluate(&inputs(), &mut LEAST.scratch()) == BOSTON.evaluate(&inputs(), &mut BOSTON.scratch())
        && (PLAIN || LEAST.scratch_len() < BOSTON.scratch_len())
        && agree(&INT4, INT4.evaluate(&inputs(), &mut INT4.scratch()), &inputs::<784>(), INT4.scratch(), &mut same)
        && agree(&INT2, INT2.evaluate(&inputs(), &mut INT2.scratch()), &inputs::<784>(), INT2.scratch(), &mut same)
        && (PLAIN || shifted_is_refused())
        && agree(&MIXED, MIXED.evaluate(&inputs(), &mut MIXED.scratch()), &inputs::<13>(), MIXED.scratch(), &mut same)
        && host.next().is_none()
}

/// A model whose words do not lie at multiples of four is read, but not evaluated.
#[inline(never)]
fn shifted_is_refused() -> bool {
    /// A model's bytes behind three others.
    #[repr(C, align(4))]
    struct Shifted([u8; 3], [u8; 256]);
    let mut shifted = Shifted([0; 3], [0; 256]);
    let bytes = super::MODEL.bytes();
    let Some(place) = shifted.1.get_mut(..bytes.len()) else { return false };
    place.copy_from_slice(bytes);
    let mut output = [7; 2];
    let refused = Model::parse(place).map(|model| model.run(&[0, 0], &mut super::MODEL.scratch(), &mut output));
    core::hint::black_box(&shifted.0);
    refused == Ok(Err(thumbnet::RunError::Alignment)) && output == [7; 2]
}

/// Inputs of all kinds; half of them are zero.
fn inputs<const N: usize>() -> [i8; N] {
    core::array::from_fn(|i| if i % 4 < 2 { i8::MIN } else { (i * 89 % 256) as u8 as i8 })
}

/// Whether the model gives these outputs, which are the host's and not all the same, with all the scratch and with the least.
#[inline(never)]
fn agree<const M: usize, const N: usize>(
    model: &Model<'_>,
    expected: [i8; M],
    input: &[i8],
    mut scratch: [i8; N],
    same: &mut impl FnMut(&[i8]) -> bool,
) -> bool {
    let least = model.least_scratch_len();
    [N, least].into_iter().all(|length| {
        let mut output = [0; M];
        let scratch = scratch.get_mut(..length).unwrap_or_default();
        model.run(input, scratch, &mut output).is_ok() && output == expected
    }) && (PLAIN || least < N)
        && same(&expected)
        && expected.iter().any(|y| *y != expected[0])
}

#[inline(never)]
fn run() {
    super::evaluate();
}
