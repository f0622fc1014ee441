"""Certificates: what can't be used is one sentence, what is renewed is taken up."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.certificates import write_pair

from mainstay.errors import InputError
from mainstay.serving.guard.certificate import not_after
from mainstay.serving.guard.tls import Tls

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("days", [30, 365 * 40])
def test_the_expiry_is_read_in_both_of_its_forms(tmp_path: Path, days: int) -> None:
    certificate, key, until = write_pair(tmp_path, days)
    assert not_after(certificate.read_text()) == until
    tls = Tls(certificate, key)
    assert tls.expires == until
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        not_after(ssl.DER_cert_to_PEM_cert(data))


def test_what_cant_be_used_is_one_sentence(tmp_path: Path) -> None:
    certificate, key, _ = write_pair(tmp_path)
    other = write_pair(tmp_path, name="other")
    locked = write_pair(tmp_path, name="locked", phrase=b"secret")
    old = write_pair(tmp_path, days=-1, name="old")
    (tmp_path / "text").write_text("hello")
    for pair, said in (
        ((certificate, tmp_path / "none"), "none can't be read"),
        ((tmp_path / "none", key), "none can't be read"),
        ((tmp_path / "text", key), "isn't a certificate"),
        ((certificate, tmp_path / "text"), "that can be used"),
        ((certificate, other[1]), "isn't the key of the certificate"),
        ((locked[0], locked[1]), "locked by a pass phrase"),
        ((old[0], old[1]), "expired on"),
    ):
        with pytest.raises(InputError, match=said):
            Tls(*pair)


def test_a_renewed_pair_is_taken_up_and_a_bad_one_isnt(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    certificate, key, _ = write_pair(tmp_path)
    tls = Tls(certificate, key)
    assert not tls.renew()
    fresh = write_pair(tmp_path, days=200, name="fresh")
    fresh[0].replace(certificate)  # the key comes a moment later, as renewing programs do it
    assert not tls.renew()
    assert "stays in use" in capfd.readouterr().err
    fresh[1].replace(key)
    assert tls.renew()
    assert tls.expires == fresh[2]


def test_an_expiry_that_is_near_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    certificate, key, _ = write_pair(tmp_path, days=3)
    Tls(certificate, key)
    assert "expires on" in capfd.readouterr().err
