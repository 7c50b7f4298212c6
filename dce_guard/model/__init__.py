"""The nouns: frozen values that every package may import and that import nothing but `errors`."""
