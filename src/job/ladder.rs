//! The settings an attempt is made with, from the best to the most forgiving.
//!
//! An attempt that failed for a reason that other settings may cure is followed by one a step
//! further down; every other attempt repeats the step before it.

use serde::{Deserialize, Serialize};

use crate::job::Reason;

/// How pages travel inside the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// ITU-T T.38 over UDPTL.
    T38,
    /// Modem tones in G.711 audio.
    Audio,
}

/// One step of the ladder of settings.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum LadderStep {
    /// T.38 with error correction: the first choice.
    #[default]
    T38Ecm,
    /// G.711 with error correction.
    AudioEcm,
    /// G.711 with error correction, V.29 and V.27ter only.
    AudioNoV17,
    /// T.38 without error correction.
    T38NoEcm,
    /// T.38 without error correction, V.29 and V.27ter only.
    T38NoV17,
}

impl LadderStep {
    /// Every step, top first.
    pub const ALL: [Self; 5] = [
        Self::T38Ecm,
        Self::AudioEcm,
        Self::AudioNoV17,
        Self::T38NoEcm,
        Self::T38NoV17,
    ];

    /// How pages travel.
    pub const fn transport(self) -> Transport {
        match self {
            Self::T38Ecm | Self::T38NoEcm | Self::T38NoV17 => Transport::T38,
            Self::AudioEcm | Self::AudioNoV17 => Transport::Audio,
        }
    }

    /// Whether error correction (T.30 Annex A) is offered.
    pub const fn ecm(self) -> bool {
        matches!(self, Self::T38Ecm | Self::AudioEcm | Self::AudioNoV17)
    }

    /// Whether V.17 (14,400 bit/s) is offered.
    pub const fn v17(self) -> bool {
        !matches!(self, Self::AudioNoV17 | Self::T38NoV17)
    }

    /// The step after an attempt with this one ended for `reason`, of those available.
    ///
    /// Where no available step cures the reason, the step stays as it is.
    #[must_use]
    pub fn after(self, reason: Reason, available: &[Self]) -> Self {
        let first = |cures: &dyn Fn(&Self) -> bool| available.iter().copied().find(cures);
        let same_transport = |step: &Self| step.transport() == self.transport();
        match reason {
            Reason::T38Refused | Reason::T38NoMedia => {
                first(&|step| step.transport() == Transport::Audio)
            }
            Reason::TrainFailed => first(&|step| !step.v17() && same_transport(step))
                .or_else(|| first(&|step| !step.v17())),
            Reason::EcmError => first(&|step| !step.ecm() && same_transport(step))
                .or_else(|| first(&|step| !step.ecm())),
            _ => None,
        }
        .unwrap_or(self)
    }
}
