"""The decoding graph: lang folder, L, G, context, H and HCLG, without Kaldi."""
