//! Adapters: a source's bytes in, events or a clear rejection out. One file per source.
