"""Pure functions between the Hub's words and ours."""
