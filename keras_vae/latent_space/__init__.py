"""Latents as arrays: arithmetic, attribute directions, projections, fitted priors and probes."""
