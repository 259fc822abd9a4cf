"""The third runtime: every order of the agents is tried. Knows agents and cells, nothing of GPUs."""
