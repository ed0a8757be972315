//! Far ends that send anything at all.
