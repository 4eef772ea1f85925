"""The schema of revision 0001, one module an area. Never edited once released: a change is a new revision."""
