"""The composition root: settings -> adapters -> gateway -> application. Nothing else knows which adapters there are."""
