//! Which file system a path is on, for messages: what one cannot do is best told with its name.

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use std::{fs, path::Path};

/// The kind of the file system that a path is on, as the kernel names it, such as `ext4` or `nfs4`;
/// `None` where nothing is there, or the system does not say.
///
/// The kernel itself is asked which mount it finds the path on. The table alone does not tell: a later
/// mount hides what was mounted below its place before, and one that was moved, as the root of most
/// systems is at their start, stands behind those that are in it.
pub fn kind_of(path: &Path) -> Option<String> {
    let found = statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    // Linux tells it from 5.8 on.
    let is_told = StatxFlags::from_bits_retain(found.stx_mask).contains(StatxFlags::MNT_ID);
    let mounts = fs::read("/proc/self/mountinfo").ok().filter(|_| is_told)?;
    kind_among(&String::from_utf8_lossy(&mounts), found.stx_mnt_id)
}

/// The kind of the mount of this number among these (`proc_pid_mountinfo(5)`): the number is the first field,
/// and the kind follows the hyphen that ends the optional ones. No field has a blank in it.
fn kind_among(mounts: &str, number: u64) -> Option<String> {
    let mut fields = mounts.lines().map(|line| line.split(' '));
    let mut its = fields.find_map(|mut fields| {
        let is_it = fields.next()?.parse() == Ok(number);
        is_it.then_some(fields)
    })?;
    // Five fields come before the optional ones, and a place may be named like the hyphen.
    its.nth(4)?;
    its.find(|field| *field == "-")?;
    its.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_on_the_mount_that_the_kernel_finds_it_on() {
        let mounts = "22 27 0:21 / /proc rw,relatime - proc proc rw\n\
                      27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard\n\
                      28 27 0:25 / /mnt/my\\040files rw shared:2 master:1 - nfs4 server:/x rw\n\
                      29 27 0:26 - /mnt rw - vfat /dev/c rw\nodd\n30 27 0:27 / /x rw\n";
        for (number, kind) in [
            (22, Some("proc")),
            (27, Some("ext4")),
            (28, Some("nfs4")),
            (29, Some("vfat")),
            (30, None),
            (2, None),
        ] {
            assert_eq!(kind_among(mounts, number).as_deref(), kind, "{number}");
        }
        // Wherever it stands in the table of this machine.
        assert_eq!(kind_of(Path::new("/proc")).as_deref(), Some("proc"));
        assert_eq!(kind_of(Path::new("/proc/self/mountinfo")).as_deref(), Some("proc"));
        assert!(kind_of(Path::new("/")).is_some_and(|kind| kind != "proc"));
        assert_eq!(kind_of(Path::new("/proc/there/is/no/such/file")), None);
    }
}
