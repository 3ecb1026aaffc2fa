"""Exported models: opened by name or path, run in this process or on a server."""
