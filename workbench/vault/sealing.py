"""Sealing of small things as a whole: manifests, executed notebooks.

Layout: ``WBS1`` | key id 8 | salt 16 | commitment 32 | nonce 12 | AES-256-GCM ciphertext and tag.
The id is that of the key file's key, from which the sealing key was derived.
Encryption key and commitment come from HKDF over the sealing key, the salt and the *context* (what
it is and where it belongs), so content opened in another place fails. A wrong key is told apart
from damage by the commitment: only the right key in the right place gives it. Where it differs,
the key's id in the head tells whether another key is needed.
"""

import hmac
import re
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workbench.foundation.errors import AccessError, IntegrityError
from workbench.vault.keys import Key

_MAGIC = b"WBS1"
_ID = re.compile(rb"[0-9a-f]{8}")
_HEAD = len(_MAGIC) + 8 + 16 + 32 + 12


def sealed(content: bytes, *, key: Key, context: str) -> bytes:
    """Encrypt content so that it opens only under this key and in this context."""
    salt = secrets.token_bytes(16)
    nonce = secrets.token_bytes(12)
    secret, commitment = _derive(key, salt, context)
    head = _MAGIC + key.origin.encode() + salt + commitment + nonce
    return head + AESGCM(secret).encrypt(nonce, content, head)


def unsealed(content: bytes, *, key: Key, context: str) -> bytes:
    """Decrypt what ``sealed`` made.

    Raises
    ------
    AccessError
        It was sealed with another key, which is named by its id.
    IntegrityError
        It was changed or damaged, or belongs somewhere else.
    """
    if not is_sealed(content):
        raise IntegrityError(f"{context} is damaged: it does not begin as a sealed holding does")
    head, rest = content[:_HEAD], content[_HEAD:]
    made_with, salt, commitment, nonce = head[4:12], head[12:28], head[28:60], head[60:72]
    secret, expected = _derive(key, salt, context)
    if not hmac.compare_digest(commitment, expected):
        if made_with != key.origin.encode() and _ID.fullmatch(made_with):
            raise AccessError(
                f"{context} was sealed with key {made_with.decode()}, the key at hand is "
                f"{key.origin}: name the right key file with --key or WORKBENCH_KEY"
            )
        raise IntegrityError(
            f"{context} was swapped, changed or damaged: what lies there was not sealed for it"
        )
    try:
        return AESGCM(secret).decrypt(nonce, rest, head)
    except InvalidTag as error:
        raise IntegrityError(f"{context} was changed or damaged since it was written") from error


def is_sealed(content: bytes) -> bool:
    """Whether content has the form of a sealed holding, whatever the key."""
    return len(content) >= _HEAD and content.startswith(_MAGIC)


def _derive(key: Key, salt: bytes, context: str) -> tuple[bytes, bytes]:
    info = b"workbench seal|" + context.encode()
    both = HKDF(algorithm=SHA256(), length=64, salt=salt, info=info).derive(key.secret)
    return both[:32], both[32:]
