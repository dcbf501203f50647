//! A line that loses, repeats and changes bytes, in both directions.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{io, time::Duration};
use thumbnet_trainer::target::Transport;

/// A transport whose bytes are spoiled on the way.
pub struct Faulty<T> {
    line: T,
    random: ChaCha8Rng,
    /// The probability of each kind of fault, per byte.
    rate: f64,
    /// How many bytes were lost, repeated or changed so far.
    pub faults: u64,
}

impl<T> Faulty<T> {
    /// Spoils bytes of `line`, each kind of fault with probability `rate` per byte.
    pub fn new(line: T, rate: f64, seed: u64) -> Self {
        Self { line, random: ChaCha8Rng::seed_from_u64(seed), rate, faults: 0 }
    }

    fn spoil(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut spoiled = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let fate: f64 = self.random.random();
            self.faults += u64::from(fate < 3.0 * self.rate);
            if fate < self.rate {
                continue;
            }
            if fate < 2.0 * self.rate {
                spoiled.extend([byte, byte]);
            } else if fate < 3.0 * self.rate {
                spoiled.push(byte ^ (1 << self.random.random_range(0..8)));
            } else {
                spoiled.push(byte);
            }
        }
        spoiled
    }
}

impl<T: Transport> Transport for Faulty<T> {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let spoiled = self.spoil(bytes);
        self.line.send(&spoiled)
    }

    fn receive(&mut self, timeout: Duration) -> io::Result<Vec<u8>> {
        let bytes = self.line.receive(timeout)?;
        Ok(self.spoil(&bytes))
    }
}
