"""The one filter language: what may be asked, how it is written, and what it means."""
