//! Exit codes: part of the command's interface, as the README lists them.

use std::fmt;

/// Why the command ends with something other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The fax was not delivered, or the job did not end well; the reason was printed.
    NotDone = 1,
    /// The input was refused; the reason was printed.
    Refused = 65,
    /// The input cannot be read.
    NoInput = 66,
    /// Something the command needs is not there: a job, a library, a port.
    Unavailable = 69,
    /// A fault of our own.
    Internal = 70,
    /// The output cannot be written.
    NoOutput = 73,
    /// The job store or the artifacts cannot be used.
    Storage = 74,
    /// Another process holds what this one needs.
    InUse = 75,
    /// The configuration is not valid.
    Config = 78,
    /// Stopped by a signal.
    Interrupted = 130,
}

/// An error that says which exit code it ends the command with.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            exit,
            code: code.into(),
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
