import ssl
from pathlib import Path

import pytest
from sqlalchemy import make_url

from kbgate.errors import SettingsError
from kbgate.postgres_tls import split_tls

ADDRESS = "postgresql+pg8000://ann:s3cret@db/kb"


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", None), ("?sslmode=disable", False), ("?sslmode=prefer", None), ("?sslmode=require", True)],
)
def test_modes_that_check_nothing_are_those_of_the_driver(query: str, expected: bool | None) -> None:
    assert split_tls(make_url(ADDRESS + query), "store.options.dsn")[1] is expected


@pytest.mark.parametrize(("mode", "hostname"), [("verify-ca", False), ("verify-full", True)])
def test_modes_that_verify_check_the_certificate(mode: str, hostname: bool) -> None:
    context = split_tls(make_url(f"{ADDRESS}?sslmode={mode}"), "store.options.dsn")[1]
    assert isinstance(context, ssl.SSLContext)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, hostname)


def test_the_driver_sees_every_other_parameter_and_neither_of_these() -> None:
    url, _ = split_tls(make_url(f"{ADDRESS}?sslmode=require&application_name=gate"), "registry.dsn")
    assert dict(url.query) == {"application_name": "gate"}
    assert (url.password, url.database) == ("s3cret", "kb")


@pytest.mark.parametrize("mode", ["verify_full", "banana", "REQUIRE", "disable&sslmode=require"])
def test_a_mode_that_libpq_does_not_know_is_refused_by_name(mode: str) -> None:
    with pytest.raises(SettingsError, match=r"registry\.dsn has sslmode=.*Use one of: disable.*verify-full") as caught:
        split_tls(make_url(f"{ADDRESS}?sslmode={mode}"), "registry.dsn")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "root.crt"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingsError, match=r"store\.options\.dsn has sslrootcert=.*root\.crt, which cannot be read"):
        split_tls(make_url(f"{ADDRESS}?sslmode=verify-full&sslrootcert={file}"), "store.options.dsn")


def test_an_authority_that_would_not_be_used_is_refused() -> None:
    with pytest.raises(SettingsError, match="sslmode=require no certificate is checked"):
        split_tls(make_url(f"{ADDRESS}?sslmode=require&sslrootcert=/ca.pem"), "store.options.dsn")
