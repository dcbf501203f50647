//! The changed images of an epoch, made while the one before is trained on.

use crate::dataset::{Augmentation, Augmenter};
use ndarray::{Array2, ArrayView2};
use std::ops::Range;
use std::slice::ChunksMut;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where the changed images come from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Originals<'a> {
    /// Images x pixels, in one piece.
    pub(super) pixels: ArrayView2<'a, u8>,
    /// Rows and columns of an image.
    pub(super) shape: [usize; 2],
    pub(super) settings: Augmentation,
    pub(super) seed: u64,
}

impl Originals<'_> {
    /// All images of an epoch, made by so many threads.
    pub(super) fn images(self, epoch: usize, threads: usize) -> Array2<u8> {
        let mut images = Array2::zeros(self.pixels.dim());
        let work = Work::new(self, epoch, 64, threads, &mut images);
        std::thread::scope(|scope| {
            for thread in 1..threads {
                scope.spawn({
                    let work = &work;
                    move || work.finish(thread)
                });
            }
            work.finish(0);
        });
        drop(work);
        images
    }
}

/// The images of an epoch in the making: whoever has time takes the next few.
pub(super) struct Work<'o, 'i> {
    originals: Originals<'o>,
    epoch: usize,
    /// Images in a piece.
    piece: usize,
    pieces: usize,
    /// The pieces that nobody has taken, and how many have been.
    left: Mutex<(ChunksMut<'i, u8>, usize)>,
    /// One per thread.
    augmenters: Vec<Mutex<Augmenter>>,
    /// Raised when nobody needs them any more.
    enough: AtomicBool,
}

impl<'o, 'i> Work<'o, 'i> {
    /// For so many threads, in pieces of so many images.
    pub(super) fn new(
        originals: Originals<'o>,
        epoch: usize,
        piece: usize,
        threads: usize,
        images: &'i mut Array2<u8>,
    ) -> Self {
        let (count, pixels) = originals.pixels.dim();
        let piece = piece.max(1);
        let images = images.as_slice_mut().expect("in one piece");
        let augmenter = || Mutex::new(Augmenter::new(originals.settings, originals.shape));
        Self {
            originals,
            epoch,
            piece,
            pieces: count.div_ceil(piece),
            left: Mutex::new((images.chunks_mut(piece * pixels.max(1)), 0)),
            augmenters: (0..threads).map(|_| augmenter()).collect(),
            enough: AtomicBool::new(false),
        }
    }

    /// Makes one piece, if there is one left and `wanted` says so of the number that have been taken; says whether it did.
    fn make(&self, thread: usize, wanted: impl Fn(usize) -> bool) -> bool {
        let (out, first) = {
            let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
            let taken = left.1;
            if !wanted(taken) {
                return false;
            }
            let Some(out) = left.0.next() else { return false };
            left.1 += 1;
            (out, taken * self.piece)
        };
        let Originals { pixels, seed, .. } = self.originals;
        let mut augmenter = self.augmenters[thread].lock().unwrap_or_else(PoisonError::into_inner);
        for (sample, to) in (first..).zip(out.chunks_exact_mut(pixels.ncols())) {
            let from = pixels.row(sample).to_slice().expect("in one piece");
            augmenter.apply(from, seed, (self.epoch * pixels.nrows() + sample) as u64, to);
        }
        true
    }

    /// Makes a piece if fewer than `done` of `steps` of them all have been taken: so all threads of a training bear the work
    /// evenly, step by step.
    pub(super) fn keep_pace(&self, thread: usize, done: usize, steps: usize) {
        self.make(thread, |taken| taken * steps < done * self.pieces);
    }

    /// Makes pieces until there are no more, or enough.
    pub(super) fn finish(&self, thread: usize) {
        while self.make(thread, |_| !self.enough.load(Ordering::Relaxed)) {}
    }

    /// Trains, with the `spare` threads at work meanwhile. Where the training comes to its end (the first of what it gives),
    /// the images do, too.
    pub(super) fn during<T>(&self, spare: Range<usize>, train: impl FnOnce() -> (bool, T)) -> T {
        std::thread::scope(|scope| {
            for thread in spare {
                scope.spawn(move || self.finish(thread));
            }
            let (done, result) = train();
            if done {
                self.finish(0);
            }
            self.enough.store(true, Ordering::Relaxed);
            result
        })
    }
}
