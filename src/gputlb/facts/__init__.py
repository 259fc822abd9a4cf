"""Facts as data: registers, platforms, bugs. Each with its source, loaded when first asked for."""
