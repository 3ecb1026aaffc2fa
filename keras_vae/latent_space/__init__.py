"""Arrays of latents: arithmetic, attribute directions, projections, fitted priors, probes."""
