//! How the process takes memory from the system.

/// Has the system give memory in small pages from now on.
///
/// The allocator asks for pages of 2 MiB where it may. The system zeroes such a page as a whole when it is first
/// touched, and whoever allocated stands still for it: four to six milliseconds on the machine of
/// benches/README.md (wake). Programs that this one starts inherit it. Where the system does not know the wish, it
/// stays as it was.
pub fn take_small_pages() {
    // No log is open yet, and nothing depends on it.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}
