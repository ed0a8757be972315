//! Memory that the allocator keeps for the next page.

/// Has the allocator keep what is freed, however large, until the process ends.
///
/// Pages of a document take the same few megabytes one after the other. By default the allocator
/// gives each back to the kernel, which then has to clear it page by page of memory for the next:
/// as long as it takes to decode a scan. Where there is no such allocator, nothing changes.
pub(super) fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Larger than any buffer of a page, and than what the process may have in all.
        const NEVER: i32 = i32::MAX;
        /// The largest that the allocator takes: beyond it memory comes from the kernel.
        const FROM_KERNEL_BYTES: i32 = 32 << 20;
        // SAFETY: both are settings of the allocator, which may be changed at any time. A value
        // that it does not take leaves all as it was.
        #[allow(unsafe_code)]
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, NEVER);
            libc::mallopt(libc::M_MMAP_THRESHOLD, FROM_KERNEL_BYTES);
        }
    }
}
