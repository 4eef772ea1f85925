"""What another system holds, copied into a server: read from where it lies, written through the API, reconciled.

`model` says what is read, `source` how; `importer` copies; `report` compares. Nothing of that system is installed.
"""
