//! The job store: the truth about every job.
