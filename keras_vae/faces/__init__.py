"""Faces in photos: detection, alignment, crops and blending."""
