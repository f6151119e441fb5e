"""What is sealed can be opened by this copy, for the same purpose, and by nobody else."""

import pytest
from pydantic import SecretStr

from herwa_shared.auth.encryption import Seal, seal_of
from herwa_shared.runtime.data_dir import DataFolder

CONTENT = {"access": "a token", "n": 1}


def test_what_was_sealed_is_opened_and_nothing_of_it_can_be_read():
    seal = Seal("secret", purpose="tokens")
    sealed = seal.close(CONTENT)

    assert seal.open(sealed) == CONTENT
    assert b"token" not in sealed
    assert sealed != seal.close(CONTENT)


@pytest.mark.parametrize("other", [Seal("another", purpose="tokens"), Seal("secret", purpose="attempts")])
def test_neither_another_secret_nor_another_purpose_opens_it(other):
    assert other.open(Seal("secret", purpose="tokens").close(CONTENT)) is None


def test_a_new_secret_first_and_the_old_one_last_open_both():
    old, both = Seal("old", purpose="tokens"), Seal("new", "old", purpose="tokens")

    assert both.open(old.close(CONTENT)) == CONTENT
    assert Seal("new", purpose="tokens").open(both.close(CONTENT)) == CONTENT


def test_every_change_is_noticed():
    seal = Seal("secret", purpose="tokens")
    sealed = bytearray(seal.close(CONTENT))
    for at in range(0, len(sealed), 7):
        changed = sealed.copy()
        changed[at] = ord("A") if changed[at] != ord("A") else ord("B")
        assert seal.open(bytes(changed)) is None
    assert [seal.open(wrong) for wrong in (b"", b"x", bytes(sealed[:-4]), "ü".encode())] == [None] * 4


def test_a_secret_that_is_set_later_opens_what_was_sealed_before(tmp_path, settings):
    folder = DataFolder(tmp_path)
    before = seal_of(settings, folder, purpose="tokens").close(CONTENT)
    later = settings.model_copy(update={"secret_key": SecretStr("set later")})

    assert seal_of(later, folder, purpose="tokens").open(before) == CONTENT
    assert (
        seal_of(settings, folder, purpose="tokens").open(seal_of(later, folder, purpose="tokens").close(CONTENT))
        is None
    )
