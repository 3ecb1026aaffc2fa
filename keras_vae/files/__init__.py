"""The ground floor: outputs whole or absent, photos read safely, names as people type them."""
