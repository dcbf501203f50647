//! What can go wrong on the host: a kind, the place, and what to do about it. Only `main.rs` prints.

use std::path::Path;
use std::{fmt, io};

/// What went wrong, as far as the exit code and a caller care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The command line asks for something that makes no sense: exit code 2.
    Usage,
    /// A file cannot be read or written.
    Io,
    /// A data set is missing, corrupt or of the wrong kind.
    Data,
    /// A recipe is wrong.
    Recipe,
    /// A model file is wrong, or does not fit what it is used with.
    Model,
    /// The training diverged.
    Diverged,
    /// The user pressed Ctrl-C: exit code 130.
    Interrupted,
    /// Two executors that must agree do not.
    Mismatch,
    /// A chip, an emulator or a tool on the way to it failed.
    Target,
    /// Whoever read our standard output has gone: no error, nothing to print.
    BrokenPipe,
}

/// An error with its place: `model.onnx: node "fc2" (Gemm): input B is 64x10, expected 128x10`.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    place: String,
    message: String,
}

/// A result whose error names its place.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error at `place` (a file, a command, a layer) whose `message` says what is wrong and what to do.
    pub fn new(kind: ErrorKind, place: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self { kind, place: place.to_string(), message: message.to_string() }
    }

    /// A file that cannot be read, and what to do about it.
    pub fn unreadable(path: &Path, cause: &io::Error) -> Self {
        let message = match cause.kind() {
            io::ErrorKind::NotFound => "no such file; check the path".into(),
            io::ErrorKind::IsADirectory => "is a folder; name a file in it".into(),
            io::ErrorKind::InvalidData => "is no UTF-8 text; is it another kind of file?".into(),
            io::ErrorKind::PermissionDenied => "must not be read; give yourself the permission".into(),
            _ => format!("cannot be read: {cause}; check the disk, or copy the file anew"),
        };
        Self::new(ErrorKind::Io, path.display(), message)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same error, seen from a larger place: `model.onnx` before `node "fc2"`.
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.place = format!("{place}: {}", self.place);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Error {}

/// For a message about a word that is none of `names`: the one that is the fewest changes away, if they are few enough to be a slip.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, name) = names.map(|name| (edit_distance(word, name), name)).min_by_key(|(distance, _)| *distance)?;
    (distance <= word.chars().count().div_ceil(2)).then_some(name)
}

/// The least number of letters to insert, remove or replace (Wagner and Fischer 1974); capitals are as good as small ones.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(!x.eq_ignore_ascii_case(&y));
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "aBc"), 3);
        assert_eq!(edit_distance("aBc", "AbC"), 0);
        assert_eq!(nearest("zzzzzz", ["epochs"].into_iter()), None);
    }
}
