"""Inference with exported models, in this process or on a server, found by name or path."""
