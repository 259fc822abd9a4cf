"""How a flush is done: one class a scheme."""
