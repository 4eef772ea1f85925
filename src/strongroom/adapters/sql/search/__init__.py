"""Filters as SQL: the same answers on SQLite and PostgreSQL, indexed where an index can say who fits.

A filter may be answered in several ways that give the same rows in the same order; `finder` chooses. They are the rows
that an index finds for one part of it (`candidates`), if they are few, or few of them fit the other parts; else rows as
they are met along an index that has them in the order asked for (`walks`), which ends at the page's size. Regular
expressions are checked on the rows that the rest of the filter leaves (`residual`).
"""
