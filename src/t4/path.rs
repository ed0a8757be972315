//! Which instructions the codec uses; every path gives the same bytes.

use std::fmt;

/// A way through the codec that this machine can take.
///
/// For tests and measurements: [`encode`](super::encode()) and [`decode`](super::decode()) take the
/// best one by themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path(pub(super) Level);

/// What a path may use. Those with intrinsics exist only where the machine was seen to have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Code by code, which is what the others are compared with.
    Careful,
    /// Rust without intrinsics.
    Portable,
    /// SSSE3 to AVX2, BMI1, BMI2, LZCNT, POPCNT, PCLMULQDQ.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 with byte compression (VBMI2), GFNI and VPCLMULQDQ, besides all of AVX2's.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Path {
    /// Rust without intrinsics, which every machine can take.
    pub const fn portable() -> Self {
        Self(Level::Portable)
    }

    /// Decodes every row code by code, as the other paths do with rows that are not sound, and
    /// encodes as the portable one: slow, for the others to be compared with.
    pub const fn careful() -> Self {
        Self(Level::Careful)
    }

    /// The fastest path of this machine.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx512() {
                return Self(Level::Avx512);
            }
            if has_avx2() {
                return Self(Level::Avx2);
            }
        }
        Self::portable()
    }

    /// Every path of this machine, the slowest first, but for the careful one.
    pub fn all() -> Vec<Self> {
        let mut paths = vec![Self::portable()];
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx2() {
                paths.push(Self(Level::Avx2));
            }
            if has_avx512() {
                paths.push(Self(Level::Avx512));
            }
        }
        paths
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
        && is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("avx512vpopcntdq")
        && is_x86_feature_detected!("gfni")
        && is_x86_feature_detected!("vpclmulqdq")
}
