//! Evaluates model.tnet on one sample, and says what it found.
#![no_std]
#![no_main]

{{modules}}use cortex_m_rt::entry;
use defmt::info;
use {{logger}} as _;

// The weights stay in flash; a file that is no model fails the build.
thumbnet::model!(static MODEL = "../model.tnet");

/// A sample as a sensor gives it. Put yours here.
const SAMPLE: [{{raw}}; {{inputs}}] = [{{zero}}; {{inputs}}];

#[entry]
fn main() -> ! {
    let mut scratch = MODEL.scratch();
{{prepare}}
    // All sizes are known to the compiler: this cannot fail.
    let output = MODEL.evaluate(&input, &mut scratch);
{{report}}

    {{end}}
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
