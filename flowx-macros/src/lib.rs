//! The attribute and the derive of flowx-core; use them through flowx-core.
