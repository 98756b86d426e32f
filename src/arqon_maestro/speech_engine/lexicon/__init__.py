"""Pronunciations: CMU dictionary, hand-labelled words, letters, spelled words, G2P, vocabulary."""
