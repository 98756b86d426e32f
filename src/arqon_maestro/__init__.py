"""Trains the models that turn speech into code, from source code alone."""

__version__ = "0.1.0"
