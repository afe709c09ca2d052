//! What messages look like, written out.
