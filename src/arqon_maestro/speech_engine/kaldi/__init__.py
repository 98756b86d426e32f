"""Kaldi's file formats and the models in them: read and written, without Kaldi."""
