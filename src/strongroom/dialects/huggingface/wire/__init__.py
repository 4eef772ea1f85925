"""The shapes of bodies that are more than one JSON value."""
