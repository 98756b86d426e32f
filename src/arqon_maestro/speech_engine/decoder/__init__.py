"""Decodes acoustic scores with a Kaldi decoding graph: beam search, lattice, word lattice."""
