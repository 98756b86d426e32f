"""Acoustic models: an input to training, fetched or embedded."""
