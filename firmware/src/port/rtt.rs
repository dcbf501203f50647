//! RTT: buffers in RAM that a debug probe reads and writes while the core runs. It needs no pins and no driver.

use rtt_target::{ChannelMode, DownChannel, UpChannel, rtt_init};

/// The channel to the host; the logs have their own.
pub(crate) struct Channel {
    up: UpChannel,
    down: DownChannel,
}

impl Channel {
    /// Lays out the channels where the probe finds them.
    pub(crate) fn new() -> Self {
        let channels = rtt_init! {
            up: {
                0: { size: 256, mode: ChannelMode::NoBlockSkip, name: "defmt" }
                // A host that comes back finds what was said when it left, and then the chip goes on.
                1: { size: 256, mode: ChannelMode::BlockIfFull, name: "thumbnet" }
            }
            down: {
                0: { size: 16, mode: ChannelMode::NoBlockSkip, name: "terminal" }
                1: { size: 256, mode: ChannelMode::BlockIfFull, name: "thumbnet" }
            }
        };
        #[cfg(feature = "log")]
        rtt_target::set_defmt_channel(channels.up.0);
        Self { up: channels.up.1, down: channels.down.1 }
    }

    /// Waits for a byte. The probe raises no interrupt, so that the core cannot sleep.
    pub(crate) fn read(&mut self) -> u8 {
        let mut byte = [0];
        while self.down.read(&mut byte) == 0 {}
        byte[0]
    }

    /// Sends bytes; waits for the host where the buffer is full.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.up.write(bytes);
    }

    /// Gives the probe time to fetch what was said, before a reset lays the channels out anew.
    #[expect(clippy::unused_self, reason = "the other ports use it")]
    pub(crate) fn flush(&mut self) {
        cortex_m::asm::delay(2_000_000);
    }
}
