"""Finding real GPUs and reading their registers."""
