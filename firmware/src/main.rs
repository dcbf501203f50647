//! Evaluates the model in a flash region of its own, and answers a host over a link. The model is not linked in: whoever
//! flashes another one needs not build this program again.
#![no_std]
#![no_main]

#[macro_use]
mod log;

#[cfg(boot = "rp2040")]
#[path = "../../trainer/src/embed/template/rp2040.rs"]
mod boot;
#[cfg(boot = "rp2350")]
#[path = "../../trainer/src/embed/template/rp2350.rs"]
mod boot;
mod chip;
mod counter;
mod evaluator;
mod memory;
mod port;
mod server;

use core::panic::PanicInfo;
use cortex_m_rt::entry;
use server::Server;

#[entry]
fn main() -> ! {
    // SAFETY: this is the only call.
    let arena = unsafe { memory::arena() };
    // SAFETY: interrupts have no handlers, and no other code holds the peripherals.
    let core = unsafe { cortex_m::Peripherals::steal() };
    let (frame, evaluator) = evaluator::load(memory::model(), arena);
    if let Ok(evaluator) = &evaluator {
        let info = evaluator.info();
        info!("model {=u32:08x}: {} bytes, {} layers", info.checksum, info.bytes, info.layers);
    } else {
        warn!("the model's region holds no model that can be evaluated");
    }
    let mut server = Server {
        counter: counter::Counter::new(core.SYST, core.DCB, core.DWT),
        evaluator,
        cpuid: core.CPUID.base.read(),
    };
    server.serve(port::Host::new(), frame)
}

/// No interrupt is ever taken: they stay masked, and only wake the core. One entry instead of 240 saves a kilobyte.
#[unsafe(link_section = ".vector_table.interrupts")]
#[unsafe(no_mangle)]
static __INTERRUPTS: [usize; 1] = [0];

/// Starts again: the host notices by its sequence number. No path leads here that we know of; the image's tests look for
/// panics.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}
