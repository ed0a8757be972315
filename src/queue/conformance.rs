//! What every queue must do, whatever it stands on.
