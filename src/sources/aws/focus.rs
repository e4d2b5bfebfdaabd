//! FOCUS as AWS exports it.
