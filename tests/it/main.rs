//! The one test binary: linking polars once is slow enough.
