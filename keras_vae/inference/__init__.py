"""Exported models at work: in this process or on a server, found by name or path."""
