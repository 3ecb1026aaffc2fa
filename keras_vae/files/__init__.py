"""Files: atomic writing, locks, safe reading of images, and names that users type."""
