//! Files that are written whole or not at all.

use crate::error::{Error, ErrorKind, Result};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Writes `bytes` beside `path` and renames the file into place; missing folders are made. An earlier file of that name stays
/// as it is until the new one is complete.
/// # Errors
/// [`ErrorKind::Io`] where the folder cannot be written or the disk is full; the earlier file is untouched then.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    write_files(&[(path.to_path_buf(), bytes.to_vec())])
}

/// Writes several files as [`write_file`] does; none is renamed into place before all are complete.
/// # Errors
/// As [`write_file`]; all earlier files are untouched where one cannot be written.
pub fn write_files(files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    let mut complete = Vec::new();
    for (path, bytes) in files {
        let refused = |error: std::io::Error| refused(path, &error);
        if path.is_dir() {
            return Err(refused(std::io::ErrorKind::IsADirectory.into()));
        }
        let mut file = beside(path)?;
        file.write_all(bytes).map_err(refused)?;
        // A temporary file is its owner's alone; what we write is as readable as any other file.
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(refused)?;
        }
        complete.push(file);
    }
    for (file, (path, _)) in complete.into_iter().zip(files) {
        file.persist(path).map_err(|error| refused(path, &error.error))?;
    }
    Ok(())
}

/// Finds out whether files can be written to a folder, which is made if it is missing: before the work whose result they
/// would hold.
/// # Errors
/// [`ErrorKind::Io`] where they cannot.
pub fn probe_folder(folder: &Path) -> Result<()> {
    beside(&folder.join("file")).map(drop).map_err(|_| {
        let what = "is no folder that can be written; make it writable or choose another with --out";
        Error::new(ErrorKind::Io, folder.display(), what)
    })
}

/// An empty temporary file in the folder of `path`, which is made if it is missing.
fn beside(path: &Path) -> Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = std::fs::create_dir_all(folder);
    made.and_then(|()| tempfile::Builder::new().prefix(".thumbnet-").suffix(".tmp").tempfile_in(folder))
        .map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> Error {
    let what = format!("cannot be written: {error}; free the place or choose another");
    Error::new(ErrorKind::Io, path.display(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("file.txt");
        write_file(&path, b"first").unwrap();
        write_file(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_place_that_is_taken_by_a_folder_leaves_all_files() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("first"), folder.path().join("second"));
        std::fs::write(&first, b"kept").unwrap();
        std::fs::create_dir(&second).unwrap();
        let error = write_files(&[(first.clone(), b"x".to_vec()), (second, b"y".to_vec())]).unwrap_err();
        assert!(error.to_string().contains("second: cannot be written: is a directory"), "{error}");
        assert_eq!(std::fs::read(first).unwrap(), b"kept");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_place_that_is_no_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, b"kept").unwrap();
        let error = write_file(&file.join("below"), b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().contains("below: cannot be written"), "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), b"kept");
    }
}
