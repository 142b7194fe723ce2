"""Encryption of a PostgreSQL connection: what `sslmode` and `sslrootcert` of an address mean to the driver pg8000."""

import ssl

from sqlalchemy import URL

from kbgate.errors import SettingsError

PARAMETERS = frozenset({"sslmode", "sslrootcert"})
_UNVERIFIED = {"disable": False, "allow": None, "prefer": None, "require": True}
_VERIFIED = ("verify-ca", "verify-full")


def split_tls(url: URL, setting: str) -> tuple[URL, ssl.SSLContext | bool | None]:
    """Return the address without libpq's two parameters, which pg8000 does not know, and its `ssl_context` in their place.

    False is plain text, None encrypts if the server can, True encrypts to whoever answers; a context also checks the
    certificate, by the authorities in the file `sslrootcert` or by those that the system trusts.

    Raises:
        SettingsError: the mode is none of libpq's, or the file of `sslrootcert` is not used or cannot be read.
    """
    query = dict(url.query)
    mode, authority = query.pop("sslmode", "prefer"), query.pop("sslrootcert", None)
    return url.set(query=query), _context(str(mode), authority if authority is None else str(authority), setting)


def _context(mode: str, authority: str | None, setting: str) -> ssl.SSLContext | bool | None:
    if mode in _UNVERIFIED:
        if authority is not None:
            raise SettingsError(
                f"{setting} has sslrootcert, but with sslmode={mode} no certificate is checked. "
                "Write sslmode=verify-full (or verify-ca), or leave sslrootcert out."
            )
        return _UNVERIFIED[mode]
    if mode not in _VERIFIED:
        raise SettingsError(f"{setting} has sslmode={mode}. Use one of: {', '.join([*_UNVERIFIED, *_VERIFIED])}.")
    try:
        context = ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise SettingsError(
            f"{setting} has sslrootcert={authority}, which cannot be read as certificates in PEM form ({error}). "
            "Name the file of the authority that signed the server's certificate."
        ) from error
    context.check_hostname = mode == "verify-full"
    return context
