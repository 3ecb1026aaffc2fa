"""Faces in photos: detection, alignment, crops, blending."""
