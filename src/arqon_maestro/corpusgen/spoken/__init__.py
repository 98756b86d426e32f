"""How single tokens are said: numbers, symbols, words."""
