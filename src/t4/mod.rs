//! Group 3 and Group 4 facsimile coding: MH, MR and MMR (ITU-T T.4 and T.6), pure bytes in and out.

mod bitmap;

pub use bitmap::Bitmap;
