//! What an error of the database library means for us.

use crate::store::StoreError;
use crate::store::sql::{postgres, sqlite};

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let why = error.to_string();
        match &error {
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Self::Unreachable { why },
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt { why },
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                // A SQLSTATE has five characters, a result code of SQLite at most four.
                let known = match code.parse::<i32>() {
                    Ok(result) if code.len() < 5 => sqlite::meaning(result, &why),
                    _ => postgres::meaning(&code, &why),
                };
                known.unwrap_or(Self::Other { why })
            }
            _ => Self::Other { why },
        }
    }
}
