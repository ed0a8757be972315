//! The database engines, and the few statements in which they differ.
//!
//! Everything else is the same SQL for both: ids and JSON are TEXT, moments BIGINT milliseconds,
//! places `$1`.

/// A database engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// `SQLite`: one file, one writer at a time.
    Sqlite,
    /// `PostgreSQL`: any number of writers, each holding the rows that it changes.
    Postgres,
}

/// The advisory lock that orders events: writers hold it shared until they commit, so whoever
/// takes it alone knows that no event with a lower cursor is still to come.
const EVENTS_LOCK: &str = "1716876653";

impl Engine {
    /// Begins a transaction that is going to write.
    ///
    /// `SQLite` takes its write lock at once: taken later, it could be refused in mid-transaction.
    pub(super) fn begin(self) -> String {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE".to_owned(),
            Self::Postgres => {
                format!("BEGIN; SELECT pg_advisory_xact_lock_shared({EVENTS_LOCK})")
            }
        }
    }

    /// Begins a transaction before which every event with a cursor below its last one is visible.
    pub(super) fn begin_after_writers(self) -> Option<String> {
        match self {
            // One writer at a time: cursors are committed in their order.
            Self::Sqlite => None,
            Self::Postgres => Some(format!(
                "BEGIN READ ONLY; SELECT pg_advisory_xact_lock({EVENTS_LOCK})"
            )),
        }
    }

    /// Begins a transaction that changes the schema while nobody else does.
    pub(super) const fn begin_alone(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN; SELECT pg_advisory_xact_lock(1716876654)",
        }
    }

    /// Counts 1 where the table of schema versions is there.
    pub(super) const fn has_version(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'",
            Self::Postgres => "SELECT COUNT(to_regclass('schema_version')::text)",
        }
    }

    /// Ends a `SELECT` whose rows are going to be changed.
    pub(super) const fn for_change(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// Ends a `SELECT` of what one of many takers is to have: rows that another is taking are
    /// passed by.
    pub const fn for_one_taker(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// Waits until no other transaction holds the same name, and holds it until the end of this
    /// one; `None` where a transaction is alone anyway.
    pub(super) const fn only_one(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"),
        }
    }
}
