"""What is sealed can be opened by this copy, for the same purpose, and by nobody else."""

import pytest
from pydantic import SecretStr

from herwa_shared.auth.encryption import Encryptor, create_encryptor
from herwa_shared.runtime.data_dir import DataFolder

CONTENT = {"access": "a token", "n": 1}


def test_encrypted_content_is_decrypted_and_unreadable():
    encryptor = Encryptor("secret", purpose="tokens")
    ciphertext = encryptor.encrypt(CONTENT)

    assert encryptor.decrypt(ciphertext) == CONTENT
    assert b"token" not in ciphertext
    assert ciphertext != encryptor.encrypt(CONTENT)


@pytest.mark.parametrize(
    "other_encryptor", [Encryptor("another", purpose="tokens"), Encryptor("secret", purpose="attempts")]
)
def test_neither_another_secret_nor_another_purpose_decrypts_it(other_encryptor):
    assert other_encryptor.decrypt(Encryptor("secret", purpose="tokens").encrypt(CONTENT)) is None


def test_a_new_secret_first_and_the_old_one_last_decrypt_both():
    old_encryptor, rotated_encryptor = Encryptor("old", purpose="tokens"), Encryptor("new", "old", purpose="tokens")

    assert rotated_encryptor.decrypt(old_encryptor.encrypt(CONTENT)) == CONTENT
    assert Encryptor("new", purpose="tokens").decrypt(rotated_encryptor.encrypt(CONTENT)) == CONTENT


def test_every_change_is_noticed():
    encryptor = Encryptor("secret", purpose="tokens")
    ciphertext = bytearray(encryptor.encrypt(CONTENT))
    for index in range(0, len(ciphertext), 7):
        tampered = ciphertext.copy()
        tampered[index] = ord("A") if tampered[index] != ord("A") else ord("B")
        assert encryptor.decrypt(bytes(tampered)) is None
    assert [encryptor.decrypt(invalid) for invalid in (b"", b"x", bytes(ciphertext[:-4]), "ü".encode())] == [None] * 4


def test_a_secret_that_is_set_later_decrypts_what_was_encrypted_before(tmp_path, settings):
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
