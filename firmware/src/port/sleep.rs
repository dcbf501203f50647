//! Sleeping until the UART has something, without an interrupt handler: a pending interrupt wakes the core even while
//! interrupts are masked.

use crate::chip::INTERRUPT;
use cortex_m::{asm, interrupt::InterruptNumber, peripheral::NVIC};

#[derive(Clone, Copy)]
struct Receive;

// SAFETY: the number is the chip's own and never changes.
unsafe impl InterruptNumber for Receive {
    fn number(self) -> u16 {
        INTERRUPT
    }
}

/// Lets the UART's interrupt wake the core.
pub(super) fn enable() {
    cortex_m::interrupt::disable();
    // SAFETY: interrupts are masked and stay so; no critical section is broken.
    unsafe { NVIC::unmask(Receive) };
}

/// Sleeps until the interrupt is pending, lets `acknowledge` take it back at the UART, and then at the core.
pub(super) fn wait(acknowledge: impl FnOnce()) {
    asm::wfi();
    acknowledge();
    NVIC::unpend(Receive);
}
