//! Artifacts: documents, fax images and recordings, stored once under the key of their job.
