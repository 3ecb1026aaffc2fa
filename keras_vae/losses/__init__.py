"""Terms of the objective, as pure functions and layers with one value for each image."""
