"""An import-linter contract by allow-list: what a package may import, and nothing else.

The `forbidden` contract that import-linter brings names what must not be imported, so a new dependency passes until
somebody thinks of it. Here a new dependency fails until somebody allows it. The standard library is always allowed.
"""

import sys
from collections.abc import Iterable

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

ANY_THIRD_PARTY = "*"


def _within(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


class AllowedImports(Contract):
    """Direct imports of a package are limited to itself, the standard library and a list.

    Configuration options:
        - package: the package (or module) whose imports are limited.
        - allowed: packages it may import. `*` allows every third party; a trailing `:` allows that very module and
          nothing below it.
        - exempt: modules of the package that this contract leaves to another one (optional).
    """

    type_name = "allowed"

    package = fields.StringField()
    allowed = fields.SetField(subfield=fields.StringField(), required=False)
    exempt = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - import-linter's signature
        """Compare every direct import made inside the package with the list."""
        package = str(self.package)
        output.verbose_print(verbose, f"Looking at what {package} imports...")
        importers = {package, *graph.find_descendants(package)} if package in graph.modules else set()
        found = [
            (importer, imported, self._lines(graph, importer, imported))
            for importer in sorted(importers)
            if not _within(importer, self._names("exempt"))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._is_allowed(imported, package)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def _names(self, option: str) -> set[str]:
        return set(getattr(self, option) or ())

    def _is_allowed(self, imported: str, package: str) -> bool:
        allowed = self._names("allowed")
        root = imported.partition(".")[0]
        third_party = root != package.partition(".")[0]
        return (
            root in sys.stdlib_module_names
            or _within(imported, {package, *allowed})
            or f"{imported}:" in allowed
            or (third_party and ANY_THIRD_PARTY in allowed)
        )

    @staticmethod
    def _lines(graph: ImportGraph, importer: str, imported: str) -> str:
        details = graph.get_import_details(importer=importer, imported=imported)
        return ", ".join(f"line {detail['line_number']}" for detail in details)

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each import that is not on the list."""
        for importer, imported, lines in check.metadata["found"]:
            output.print_error(f"- {importer} -> {imported} ({lines})")
        output.new_line()
