//! A small file system of a test's own: a tmpfs where this process may mount one, else the same test once
//! more in a user namespace of its own where it may.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// Says that this run is the one in the namespace.
const INSIDE: &str = "LINEPASS_TEST_IN_NAMESPACE";

/// A mounted small file system; dropped, it goes.
pub struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Runs a test on one of so many MiB.
    #[track_caller]
    pub fn with(test: &str, mib: u32, run: impl FnOnce(&Self)) {
        if let Some(disk) = Self::mount(mib) {
            run(&disk);
            return;
        }
        assert!(std::env::var_os(INSIDE).is_none(), "a namespace that may mount nothing");
        let own = std::env::current_exe().expect("this test has a path");
        let mut again = Command::new("unshare");
        again.args(["-rm"]).arg(own).args(["--exact", test, "--nocapture"]).env(INSIDE, "1");
        let ended = again.status();
        assert!(
            ended.as_ref().is_ok_and(std::process::ExitStatus::success),
            "{test}, run once more by unshare -rm, failed ({ended:?}). If nothing was mounted: run it \
             as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, \
             kernel.apparmor_restrict_unprivileged_userns=0)"
        );
    }

    fn mount(mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=700"), "linepass-test"]);
        let mounted = command.arg(folder.path()).output().expect("mount runs");
        mounted.status.success().then_some(Self { folder })
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Bytes that are free.
    pub fn free(&self) -> u64 {
        let space = rustix::fs::statvfs(self.path()).expect("a file system");
        space.f_bavail * space.f_frsize
    }

    /// Another program takes room until so many bytes are left; the file to remove when it gives it back.
    pub fn fill_to(&self, left: u64) -> PathBuf {
        let ballast = self.path().join("ballast");
        let mut file = File::options().append(true).create(true).open(&ballast).expect("a file");
        while self.free() > left {
            let piece = (self.free() - left).min(1 << 20);
            // The last piece may meet a full disk; then it is full.
            if file.write_all(&vec![0x5a; usize::try_from(piece).expect("small")]).is_err() {
                break;
            }
        }
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
        let _ = fs::remove_dir(self.path());
    }
}
