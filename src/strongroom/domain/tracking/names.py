"""Names of experiments, and the paths by which clients without namespaces write them.

A path is cut at its last slash where both sides are what namespaces and names may be; any other path, such as
A path is cut at its last slash where both sides are what namespace and name may be. Any other path, such as
"""

from strongroom.domain.errors import BadName
from strongroom.domain.registry.names import NAME_LONGEST, clean_name, clean_namespace_path
from strongroom.domain.registry.text import clean_line


def place_of_experiment(path: str) -> tuple[str, str]:
    """Namespace path and name of an experiment, from its path as a client writes it."""
    head, _, tail = path.rpartition("/")
    try:
        return "/".join(clean_namespace_path(head)) if head or "/" not in path else _refuse(path), clean_name(tail)
    except BadName:
        return "", path


def _refuse(path: str) -> str:
    raise BadName("A path does not begin with a slash.", path=path)


def clean_experiment_name(text: str) -> str:
    """Name of an experiment inside its namespace, in NFC.

    :raises BadName: not 1 to 255 characters; control or invisible characters, outer whitespace; a name with slashes
        that would be read as a namespace and a name.
    """
    name = clean_line(text, what="name", longest=NAME_LONGEST)
    if place_of_experiment(name) != ("", name):
        raise BadName("This name is a path: create the experiment in that namespace.")
    if name in {".", ".."}:
        raise BadName("A name may not be '.' or '..'.")
    return name
