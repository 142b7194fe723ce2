"""Resolve the addresses that settings may name: local paths, fsspec URLs and files shipped inside a Python package."""

from importlib.resources import files

from kbgate.errors import SettingsError

PACKAGE_SCHEME = "package://"


def resolve(location: str) -> str:
    """Return a path or fsspec URL that can be opened; `package://name/inner/path` becomes the file inside that package.

    Raises:
        SettingsError: no package is named, or it is not installed.
    """
    if not location.startswith(PACKAGE_SCHEME):
        return location
    package, _, inner = location.removeprefix(PACKAGE_SCHEME).partition("/")
    if not all(part.isidentifier() for part in package.split(".")):
        raise SettingsError(f"{location} names no Python package. Wanted: package://<package>/<path inside it>.")
    try:
        return str(files(package).joinpath(inner))
    except ModuleNotFoundError as error:
        raise SettingsError(f"{location} names the Python package {package!r}, which is not installed.") from error
