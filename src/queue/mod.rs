//! Wake-ups for workers.
