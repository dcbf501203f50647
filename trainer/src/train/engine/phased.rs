//! Memory that threads share in turns, and the barrier between the turns.

use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A buffer that, between two barriers, is either read by everyone or written by each thread in a range of its own.
///
/// Locks would say the same, but seven of them for every phase of a step that lasts microseconds cost more than the barriers.
#[derive(Debug)]
pub(super) struct Phased<T>(UnsafeCell<Vec<T>>);

// SAFETY: access goes through `read` and `write` only, whose callers keep readers and writers of an element in different
// phases; `T: Send + Sync` makes both kinds of access sound from any thread.
unsafe impl<T: Send + Sync> Sync for Phased<T> {}

impl<T: Clone> Phased<T> {
    pub(super) fn new(value: T, length: usize) -> Self {
        Self(UnsafeCell::new(vec![value; length]))
    }

    /// The whole buffer, where no thread can be at work on it.
    pub(super) fn get_mut(&mut self) -> &mut Vec<T> {
        self.0.get_mut()
    }

    /// The whole buffer.
    /// # Safety
    /// Until the next barrier nobody writes what the caller reads of it.
    pub(super) unsafe fn read(&self) -> &[T] {
        // SAFETY: the caller's promise; the vector itself (its pointer and length) never changes while threads run.
        unsafe { (*self.0.get()).as_slice() }
    }

    /// A range of the buffer, to change it.
    /// # Safety
    /// Until the next barrier nobody else reads or writes this range.
    /// # Panics
    /// If the range is not within the buffer.
    #[allow(clippy::mut_from_ref)] // The promise above is what makes it sound.
    pub(super) unsafe fn write(&self, range: Range<usize>) -> &mut [T] {
        // SAFETY: only the vector's own fields are read here, and they never change while threads run.
        let (pointer, length) = unsafe { ((*self.0.get()).as_ptr().cast_mut(), (*self.0.get()).len()) };
        assert!(range.start <= range.end && range.end <= length, "a range within the buffer");
        // SAFETY: the range lies within the allocation, and the caller promises that it is nobody else's.
        unsafe { std::slice::from_raw_parts_mut(pointer.add(range.start), range.len()) }
    }
}

/// Where threads wait for each other: they spin, for a phase is shorter than going to sleep and waking up.
#[derive(Debug)]
pub(super) struct SpinBarrier {
    threads: usize,
    arrived: AtomicUsize,
    turn: AtomicUsize,
}

/// After so many turns of the loop (some ten microseconds) a waiting thread lets others have the processor: it may be theirs
/// that we wait for. On a machine that is busy with other work, all that is waited beyond that is lost.
const PATIENCE: u32 = 400;

impl SpinBarrier {
    pub(super) fn new(threads: usize) -> Self {
        Self { threads, arrived: AtomicUsize::new(0), turn: AtomicUsize::new(0) }
    }

    /// Returns when all threads have called it; what they wrote before is visible after.
    pub(super) fn wait(&self) {
        if self.threads == 1 {
            return;
        }
        let turn = self.turn.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.threads {
            self.arrived.store(0, Ordering::Relaxed);
            self.turn.store(turn.wrapping_add(1), Ordering::Release);
            return;
        }
        let mut spins = 0;
        while self.turn.load(Ordering::Acquire) == turn {
            spins += 1;
            if spins < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Phased, SpinBarrier};

    #[test]
    fn a_barrier_separates_writing_and_reading() {
        const THREADS: usize = 4;
        let (barrier, buffer) = (SpinBarrier::new(THREADS), Phased::new(0usize, THREADS));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (barrier, buffer) = (&barrier, &buffer);
                scope.spawn(move || {
                    for round in 0..2000 {
                        // SAFETY: each thread writes its own element, and the barriers part writing from reading.
                        unsafe { buffer.write(thread..thread + 1)[0] = round * thread };
                        barrier.wait();
                        // SAFETY: as above.
                        let sum: usize = unsafe { buffer.read() }.iter().sum();
                        assert_eq!(sum, round * (THREADS * (THREADS - 1) / 2));
                        barrier.wait();
                    }
                });
            }
        });
    }
}
