//! Evaluates a model once, to see what of it gets into an image.
#![no_std]
#![no_main]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[cfg(not(feature = "empty"))]
thumbnet::model!(static MODEL = "../../../runtime/tests/models/xor.tnet");

/// The entry point, by the linker's name for it.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    #[cfg(not(feature = "empty"))]
    core::hint::black_box(MODEL.evaluate(&core::hint::black_box([0; 2]), &mut MODEL.scratch()));
    loop {}
}
