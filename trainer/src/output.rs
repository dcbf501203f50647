//! Files that are written whole or not at all.

use crate::error::{Error, ErrorKind, Result};
use std::io::Write;
use std::path::Path;

/// Writes `bytes` beside `path` and renames the file into place; missing folders are made. An earlier file of that name stays
/// as it is until the new one is complete.
/// # Errors
/// [`ErrorKind::Io`] where the folder cannot be written or the disk is full; the earlier file is untouched then.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let refused = |error: std::io::Error| {
        Error::new(
            ErrorKind::Io,
            path.display(),
            format!("cannot be written: {error}; free the place or choose another"),
        )
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(refused)?;
    let mut file = tempfile::Builder::new().prefix(".thumbnet-").suffix(".tmp").tempfile_in(folder).map_err(refused)?;
    file.write_all(bytes).map_err(refused)?;
    // A temporary file is its owner's alone; what we write is as readable as any other file.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644)).map_err(refused)?;
    }
    file.persist(path).map(drop).map_err(|error| refused(error.error))
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
