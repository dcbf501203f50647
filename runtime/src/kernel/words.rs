//! Bytes of the file and of the memory as the words that the kernels read and write.

#![allow(unsafe_code)]

/// Whether a kernel can read words from here.
pub(super) fn aligned(bytes: &[u8]) -> bool {
    bytes.as_ptr().addr().is_multiple_of(4)
}

/// Numbers of the file as the machine reads them; none where it cannot.
pub(super) fn numbers(bytes: &[[u8; 4]]) -> &[u32] {
    // SAFETY: any four bytes are a u32. What comes before the first aligned one is not taken for it.
    let (before, numbers, _) = unsafe { bytes.align_to() };
    if before.is_empty() { numbers } else { &[] }
}

/// The whole words of `work`.
pub(super) fn words(work: &mut [i8]) -> &mut [u32] {
    // SAFETY: any four bytes are a u32 and the reverse.
    unsafe { work.align_to_mut().1 }
}
