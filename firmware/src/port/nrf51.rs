//! The UART of Nordic's nRF51, which QEMU's microbit has.

use super::sleep;
use crate::chip::PORT;
use core::ptr;

const START_RX: usize = 0x000;
const START_TX: usize = 0x008;
const RX_READY: usize = 0x108;
const TX_READY: usize = 0x11c;
const INTERRUPT_ENABLE: usize = 0x304;
const ENABLE: usize = 0x500;
const RXD: usize = 0x518;
const TXD: usize = 0x51c;

const RX_INTERRUPT: u32 = 1 << 2;
const ENABLED: u32 = 4;

/// The UART.
pub(crate) struct Uart {
    /// The address of its first register.
    registers: usize,
}

impl Uart {
    /// Switches the UART on.
    pub(crate) fn new() -> Self {
        let uart = Self { registers: PORT };
        uart.set(ENABLE, ENABLED);
        uart.set(INTERRUPT_ENABLE, RX_INTERRUPT);
        uart.set(START_RX, 1);
        uart.set(START_TX, 1);
        sleep::enable();
        uart
    }

    /// Waits for a byte.
    pub(crate) fn read(&mut self) -> u8 {
        while self.get(RX_READY) == 0 {
            sleep::wait(|| {});
        }
        self.set(RX_READY, 0);
        self.get(RXD) as u8
    }

    /// Sends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.set(TX_READY, 0);
            self.set(TXD, u32::from(byte));
            while self.get(TX_READY) == 0 {}
        }
    }

    /// Waits until all bytes are out.
    pub(crate) fn flush(&mut self) {}

    fn get(&self, register: usize) -> u32 {
        // SAFETY: an aligned register of the UART, which only this module touches.
        unsafe { ptr::with_exposed_provenance::<u32>(self.registers + register).read_volatile() }
    }

    fn set(&self, register: usize, value: u32) {
        // SAFETY: as in `get`; no value makes the UART write memory.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.registers + register).write_volatile(value) };
    }
}
