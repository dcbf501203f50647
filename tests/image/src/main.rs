//! Evaluates a model once, to see what of it gets into an image, and how much stack it takes.
#![no_std]
#![no_main]

#[cfg(feature = "stack")]
mod stack;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(feature = "empty"))]
thumbnet::model!(static MODEL = env!("IMAGE_MODEL"));

#[cfg(not(feature = "empty"))]
fn evaluate() {
    core::hint::black_box(MODEL.evaluate(&core::hint::black_box(zeros()), &mut MODEL.scratch()));
}

/// Inputs of any number; `Default` has no arrays of more than 32.
#[cfg(not(feature = "empty"))]
fn zeros<T: Copy + Default, const N: usize>() -> [T; N] {
    [T::default(); N]
}

/// The entry point, by the linker's name for it.
#[cfg(not(feature = "stack"))]
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    #[cfg(not(feature = "empty"))]
    evaluate();
    loop {}
}
