//! Arm's CMSDK UART, which QEMU's MPS2 and MPS3 boards have.

use super::sleep;
use crate::chip::PORT;
use core::ptr;

const DATA: usize = 0x00;
const STATE: usize = 0x04;
const CTRL: usize = 0x08;
const INTCLEAR: usize = 0x0c;
const BAUDDIV: usize = 0x10;

const TX_FULL: u32 = 1 << 0;
const RX_FULL: u32 = 1 << 1;
const TX_ENABLE: u32 = 1 << 0;
const RX_ENABLE: u32 = 1 << 1;
const RX_INTERRUPT_ENABLE: u32 = 1 << 3;
const RX_INTERRUPT: u32 = 1 << 1;

/// The UART.
pub(crate) struct Uart {
    /// The address of its first register.
    registers: usize,
}

impl Uart {
    /// Switches the UART on.
    pub(crate) fn new() -> Self {
        let uart = Self { registers: PORT };
        // The least divisor that the UART accepts: an emulated line has no speed.
        uart.set(BAUDDIV, 16);
        uart.set(CTRL, TX_ENABLE | RX_ENABLE | RX_INTERRUPT_ENABLE);
        sleep::enable();
        // QEMU offers what came before the UART was on only after a byte has been read.
        if uart.get(STATE) & RX_FULL == 0 {
            uart.get(DATA);
        }
        uart
    }

    /// Waits for a byte.
    pub(crate) fn read(&mut self) -> u8 {
        while self.get(STATE) & RX_FULL == 0 {
            sleep::wait(|| self.set(INTCLEAR, RX_INTERRUPT));
        }
        self.get(DATA) as u8
    }

    /// Sends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while self.get(STATE) & TX_FULL != 0 {}
            self.set(DATA, u32::from(byte));
        }
    }

    /// Waits until all bytes are out.
    pub(crate) fn flush(&mut self) {
        while self.get(STATE) & TX_FULL != 0 {}
    }

    fn get(&self, register: usize) -> u32 {
        // SAFETY: an aligned register of the UART, which only this module touches.
        unsafe { ptr::with_exposed_provenance::<u32>(self.registers + register).read_volatile() }
    }

    fn set(&self, register: usize, value: u32) {
        // SAFETY: as in `get`; no value makes the UART write memory.
        unsafe { ptr::with_exposed_provenance_mut::<u32>(self.registers + register).write_volatile(value) };
    }
}
