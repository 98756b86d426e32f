"""Training of an acoustic model: speech, synthesised or recorded, to a Kaldi chain model."""
