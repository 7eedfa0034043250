//! Which file system a path is on, for messages: what one cannot do is best told with its name.

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt, path::Path};

/// The kind of the file system that a path is on, as the kernel names it, such as `ext4` or `nfs4`;
/// `None` where nothing is there, or the system does not say.
pub fn kind_of(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).ok()?;
    kind_among(&fs::read("/proc/self/mounts").ok()?, &path)
}

/// The kind of the innermost of these mounts (`proc_mounts(5)`) that the path is in; of two at one place
/// the later hides the earlier.
fn kind_among(mounts: &[u8], path: &Path) -> Option<String> {
    let mut found: Option<(usize, &[u8])> = None;
    for line in mounts.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b' ');
        let (Some(place), Some(kind)) = (fields.nth(1), fields.next()) else { continue };
        let place = OsString::from_vec(unescaped(place));
        let depth = Path::new(&place).components().count();
        if path.starts_with(&place) && found.is_none_or(|(deepest, _)| deepest <= depth) {
            found = Some((depth, kind));
        }
    }
    found.map(|(_, kind)| String::from_utf8_lossy(kind).into_owned())
}

/// A field of that file: blanks and backslashes of a name stand there as three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_on_the_innermost_mount_that_has_it() {
        let mounts = b"/dev/a / ext4 rw 0 0\nserver:/x /mnt/my\\040files nfs4 rw 0 0\n\
                       /dev/b /mnt xfs rw 0 0\n/dev/c /mnt vfat rw 0 0\nodd\n";
        for (path, kind) in [
            ("/home/x", "ext4"),
            ("/mntx", "ext4"),
            ("/mnt/other", "vfat"),
            ("/mnt/my files/store", "nfs4"),
            ("/mnt/my files", "nfs4"),
        ] {
            assert_eq!(kind_among(mounts, Path::new(path)).as_deref(), Some(kind), "{path}");
        }
        assert_eq!(kind_among(b"", Path::new("/")), None);
        assert_eq!(kind_of(Path::new("/proc")).as_deref(), Some("proc"));
    }
}
