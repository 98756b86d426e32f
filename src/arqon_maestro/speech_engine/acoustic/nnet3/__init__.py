"""Kaldi's nnet3: networks read from and written to ``final.mdl``, and their forward pass."""
