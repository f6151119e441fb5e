"""Encryption: only the same secret and purpose decrypt, changes are detected, secrets can be rotated."""

import pytest
from pydantic import SecretStr

from herwa_shared.auth.encryption import DeterministicEncryptor, Encryptor, create_encryptor
from herwa_shared.runtime.data_dir import DataFolder

CONTENT = {"access": "a token", "n": 1}


def test_ciphertext_is_unreadable_and_decrypts_to_the_content():
    encryptor = Encryptor("secret", purpose="tokens")
    ciphertext = encryptor.encrypt(CONTENT)

    assert encryptor.decrypt(ciphertext) == CONTENT
    assert b"token" not in ciphertext
    assert ciphertext != encryptor.encrypt(CONTENT)


@pytest.mark.parametrize(
    "other_encryptor", [Encryptor("another", purpose="tokens"), Encryptor("secret", purpose="attempts")]
)
def test_another_secret_or_purpose_cannot_decrypt(other_encryptor):
    assert other_encryptor.decrypt(Encryptor("secret", purpose="tokens").encrypt(CONTENT)) is None


def test_rotated_encryptor_decrypts_old_and_new_content():
    old_encryptor, rotated_encryptor = Encryptor("old", purpose="tokens"), Encryptor("new", "old", purpose="tokens")

    assert rotated_encryptor.decrypt(old_encryptor.encrypt(CONTENT)) == CONTENT
    assert Encryptor("new", purpose="tokens").decrypt(rotated_encryptor.encrypt(CONTENT)) == CONTENT


def test_changed_ciphertext_is_not_decrypted():
    encryptor = Encryptor("secret", purpose="tokens")
    ciphertext = bytearray(encryptor.encrypt(CONTENT))
    for index in range(0, len(ciphertext), 7):
        tampered = ciphertext.copy()
        tampered[index] = ord("A") if tampered[index] != ord("A") else ord("B")
        assert encryptor.decrypt(bytes(tampered)) is None
    assert [encryptor.decrypt(invalid) for invalid in (b"", b"x", bytes(ciphertext[:-4]), "ü".encode())] == [None] * 4


def test_secret_key_set_later_decrypts_earlier_content(tmp_path, settings):
    folder = DataFolder(tmp_path)
    ciphertext = create_encryptor(settings, folder, purpose="tokens").encrypt(CONTENT)
    later_settings = settings.model_copy(update={"secret_key": SecretStr("set later")})

    assert create_encryptor(later_settings, folder, purpose="tokens").decrypt(ciphertext) == CONTENT
    assert (
        create_encryptor(settings, folder, purpose="tokens").decrypt(
            create_encryptor(later_settings, folder, purpose="tokens").encrypt(CONTENT)
        )
        is None
    )


def test_equal_contents_have_equal_ciphertexts_if_they_are_deterministic():
    encryptor = DeterministicEncryptor("secret", purpose="cursors")
    ciphertext = encryptor.encrypt(b"content")
    assert ciphertext == DeterministicEncryptor("secret", purpose="cursors").encrypt(b"content")
    assert encryptor.decrypt(ciphertext) == b"content"
    assert b"content" not in ciphertext
    others = (DeterministicEncryptor("other", purpose="cursors"), DeterministicEncryptor("secret", purpose="other"))
    assert [other.decrypt(ciphertext) for other in others] == [None, None]
    for changed in (b"", b"x", ciphertext[:-1], ciphertext + b"x", bytes([ciphertext[0] ^ 1]) + ciphertext[1:]):
        assert encryptor.decrypt(changed) is None


def test_changed_secret_key_decrypts_what_the_earlier_one_has_encrypted(tmp_path, settings):
    folder = DataFolder(tmp_path)
    old, new = SecretStr("old secret key"), SecretStr("new secret key")
    before = settings.model_copy(update={"secret_key": old})
    rotated = settings.model_copy(update={"secret_key": new, "earlier_secret_keys": (old,)})
    after = settings.model_copy(update={"secret_key": new})
    ciphertext = create_encryptor(before, folder, purpose="tokens").encrypt(CONTENT)

    assert create_encryptor(rotated, folder, purpose="tokens").decrypt(ciphertext) == CONTENT
    assert create_encryptor(after, folder, purpose="tokens").decrypt(ciphertext) is None
    new_ciphertext = create_encryptor(rotated, folder, purpose="tokens").encrypt(CONTENT)
    assert create_encryptor(after, folder, purpose="tokens").decrypt(new_ciphertext) == CONTENT
