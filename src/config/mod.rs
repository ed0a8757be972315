//! The configuration file: what is typed, and what it means.
