//! Call control over SIP and the fax calls it carries.
