"""The tests of Strongroom."""
