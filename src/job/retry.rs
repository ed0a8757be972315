//! When another attempt follows, and how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::job::{LadderStep, Reason, Retry};
use crate::units::UnixMillis;

/// Bounds on repetition that a job takes from the configuration when it is accepted.
///
/// Which reasons are tried again, and after how long, is [`Reason::retry`]; how often a number may
/// be dialed is the request's own `dials_max` and `answered_max`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryPolicy {
    /// How often work that is not a call may be begun again after its worker was lost.
    pub losses_max: u32,
    /// How often work that is not a call may fail for reasons that are tried again; faults of our
    /// own ([`Reason::is_our_fault`]) are tried until the deadline.
    pub failures_max: u32,
    /// Longest delay before another attempt, in milliseconds, before jitter.
    pub delay_ms_max: u64,
    /// How long a call may go on past the job's deadline before it is asked to end, in
    /// milliseconds.
    pub overrun_ms_max: u64,
    /// The steps of the ladder that the fax engine offers, top first.
    pub steps: Vec<LadderStep>,
}

/// Longest delay after a fault of our own, before jitter.
const OUR_FAULT_DELAY_MAX: Duration = Duration::from_secs(300);

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            losses_max: 3,
            failures_max: 5,
            delay_ms_max: 3_600_000,
            overrun_ms_max: 3_600_000,
            steps: vec![
                LadderStep::T38Ecm,
                LadderStep::T38NoEcm,
                LadderStep::T38NoV17,
            ],
        }
    }
}

impl RetryPolicy {
    /// The delay before the attempt that follows the `count`-th end for `reason`, if one follows.
    ///
    /// `chance` in 0..1 spreads it by ±50 %, so that jobs that failed together don't return
    /// together.
    pub fn delay(&self, reason: Reason, count: u32, chance: f64) -> Option<Duration> {
        let delay = match reason.retry() {
            Retry::Never => return None,
            Retry::Once(_) if count > 1 => return None,
            Retry::After(delay) if reason.is_our_fault() => {
                // Soon at first, then at a pace that a broken disk does not notice.
                let doublings = count.saturating_sub(1).min(16);
                delay.max(OUR_FAULT_DELAY_MAX.min(delay * (1 << doublings)))
            }
            Retry::Once(delay) | Retry::After(delay) => delay,
        };
        Some(self.jittered(delay, chance))
    }

    /// `delay` within this policy's bound, spread by ±50 %.
    pub fn jittered(&self, delay: Duration, chance: f64) -> Duration {
        let chance = if chance.is_finite() {
            chance.clamp(0.0, 1.0)
        } else {
            0.5
        };
        delay
            .min(Duration::from_millis(self.delay_ms_max))
            .mul_f64(0.5 + chance)
    }

    /// The moment past which a call that overran `deadline` is asked to end.
    pub fn overrun_at(&self, deadline: UnixMillis) -> UnixMillis {
        deadline.plus(Duration::from_millis(self.overrun_ms_max))
    }
}
