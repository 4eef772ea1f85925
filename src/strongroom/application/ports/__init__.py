"""What the application needs from outside, as Protocols by capability; adapters implement them."""
