//! One handler per stage of a job, and what keeps jobs moving.
