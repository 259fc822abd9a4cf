"""The kernel's side of a GPU TLB invalidation."""
