//! What an evaluation takes: the core's cycles where they can be counted, under QEMU the ticks of a timer that runs on
//! instructions.

use crate::chip::CLOCK;
use cortex_m::peripheral::{DCB, DWT, SYST, syst::SystClkSource};
use thumbnet_link::Counter as Unit;

/// SysTick counts down from here; what takes longer is reported as `u32::MAX`.
const RELOAD: u32 = 0x00ff_ffff;

/// A stopwatch.
pub(crate) struct Counter {
    systick: SYST,
    dwt: bool,
}

impl Counter {
    /// What a count of 1 is.
    pub(crate) const UNIT: Unit = if CLOCK == 0 { Unit::Cycles } else { Unit::Ticks(CLOCK) };

    /// Takes DWT's cycle counter if the chip has one, else SysTick, which every core has.
    pub(crate) fn new(mut systick: SYST, mut dcb: DCB, mut dwt: DWT) -> Self {
        systick.set_clock_source(SystClkSource::Core);
        systick.set_reload(RELOAD);
        systick.enable_counter();
        dcb.enable_trace();
        let has_cycles = CLOCK == 0 && start_cycles(&mut dwt);
        Self { systick, dwt: has_cycles }
    }

    /// Starts a measurement.
    pub(crate) fn start(&mut self) -> u32 {
        if self.dwt {
            return cycles();
        }
        self.systick.clear_current();
        self.systick.has_wrapped();
        0
    }

    /// What has passed since `start` was given.
    pub(crate) fn since(&mut self, start: u32) -> u32 {
        if self.dwt {
            cycles().wrapping_sub(start)
        } else if self.systick.has_wrapped() {
            u32::MAX
        } else {
            // The counter stands at 0 until its first tick.
            (RELOAD + 1 - SYST::get_current()) & RELOAD
        }
    }
}

#[cfg(not(armv6m))]
fn start_cycles(dwt: &mut DWT) -> bool {
    let has_cycles = DWT::has_cycle_counter();
    if has_cycles {
        dwt.enable_cycle_counter();
    }
    has_cycles
}

#[cfg(not(armv6m))]
fn cycles() -> u32 {
    DWT::cycle_count()
}

// Armv6-M has no cycle counter.
#[cfg(armv6m)]
fn start_cycles(_: &mut DWT) -> bool {
    false
}

#[cfg(armv6m)]
fn cycles() -> u32 {
    0
}
