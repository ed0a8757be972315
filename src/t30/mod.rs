//! T.30 fax sessions over the spandsp engine: packets and time in, packets and events out.
