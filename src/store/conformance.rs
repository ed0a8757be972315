//! What every job store must do, whatever it stands on.
