"""Filters as SQL: the same answers on SQLite and PostgreSQL, indexed where an index can say who fits.

A filter may be answered in two ways that give the same rows in the same order. If some part of it that an index
answers (`candidates`) fits few rows, those are fetched and the rest is checked on them; otherwise rows are walked in
the order asked for (`walk`), which ends at the page's size. So the work is bounded by what either way is good at.
"""
