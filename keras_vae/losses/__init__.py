"""Terms of the objective: pure functions and loss terms, one value for each image."""
