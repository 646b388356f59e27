"""Known secrets taken out of texts, in every spelling in which they travel.

In: secrets as they become known, and texts. Out: the texts without them. A venue's client puts the
address it called, with its query and signature, into what it raises: a message is a place where
secrets appear without anybody having written them there.
"""

from __future__ import annotations

import base64
import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from quorate.live.secrets.secret import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quorate.live.secrets.secret import Secret

LEAST: Final = 8
"""Shorter texts are not looked for: they are in words that say nothing. None is kept either."""
_LINE: Final = 16
_DEPTH: Final = 50
# what is signed with a secret, and what names an account, is told by the name it stands under
_NAMED: Final = re.compile(
    r"(?i)(?P<name>\b(?:signature|sign|x-mbx-apikey|x-bapi-api-key|x-bapi-sign|api_?key|listen_?key"
    r"|x-vault-token|secret_?id|client_token)\b[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s&\"',;)}\]]{8,})"
)


class Scrubber:
    """What is known to be secret, and how to take it out of a text.

    Examples
    --------
    >>> from quorate.live.secrets.secret import Secret
    >>> known = Scrubber()
    >>> known.learn(Secret("pa/ss word"))
    >>> known.scrub("GET /x?p=pa%2Fss%20word&signature=0123456789abcdef failed: 'pa/ss word'")
    "GET /x?p=<secret>&signature=<secret> failed: '<secret>'"
    """

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, *secrets: Secret) -> None:
        """Know secrets from now on.

        Parameters
        ----------
        *secrets : Secret
            With every text in them; texts of fewer than eight characters are passed over.

        Notes
        -----
        Units: none.  Causal: a text that was scrubbed before is as it was.  Missing: none.
        """
        found = {form for each in secrets for part in each.parts() for form in forms(part)}
        if not found <= self._forms:
            self._forms |= found
            longest = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest)))

    def scrub(self, text: str) -> str:
        """Return a text without what is known, and without what stands under a telling name."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _NAMED.sub(lambda found: found["name"] + MASK, text)

    def knows(self, text: str) -> bool:
        """Say whether a known secret is in a text."""
        return self._pattern is not None and self._pattern.search(text) is not None

    def cleanse(self, error: BaseException) -> None:
        """Take what is known out of an exception and of all that it came from.

        Parameters
        ----------
        error : BaseException
            Its texts are changed where it is: ``args``, notes, and attributes that are texts.

        Notes
        -----
        Units: none.  Causal: pure but for the exception.  Missing: none. Local variables of a
        traceback are not reached; nothing here prints them.
        """
        chain: list[BaseException] = [error]
        seen: set[int] = set()
        while chain and len(seen) < _DEPTH:
            each = chain.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            each.args = tuple(self._clean(part) for part in each.args)
            for name, held in list(vars(each).items()):
                setattr(each, name, self._clean(held))
            chain += [other for other in (each.__cause__, each.__context__) if other is not None]
            if isinstance(each, BaseExceptionGroup):
                chain += each.exceptions

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Cleanse whatever is raised inside, and raise it on."""
        try:
            yield
        except BaseException as error:
            self.cleanse(error)
            raise

    def _clean(self, held: Any) -> Any:  # noqa: ANN401  (whatever an exception carries)
        if isinstance(held, str):
            return self.scrub(held)
        if isinstance(held, bytes):
            text = held.decode("latin-1")
            return self.scrub(text).encode("latin-1") if self.scrub(text) != text else held
        if type(held) in (list, tuple):
            return type(held)(self._clean(part) for part in held)
        if type(held) is dict:
            return {self._clean(name): self._clean(part) for name, part in held.items()}
        return held


def forms(text: str) -> Iterable[str]:
    """Return the spellings of a text: as it is, quoted for an address, in JSON, base64 and hex.

    Parameters
    ----------
    text : str
        Lines of sixteen characters and more are looked for alone too.

    Returns
    -------
    iterable of str
        Of base64 all three alignments, without the characters that depend on what stands around.

    Examples
    --------
    >>> found = set(forms("a b/c+d=e"))
    >>> {"a%20b%2Fc%2Bd%3De", "YSBiL2MrZD1l", "6120622f632b643d65"} <= found
    True
    """
    lines = [line for line in text.splitlines() if len(line) >= _LINE]
    for each in {text, text.strip(), *lines}:
        if len(each) >= LEAST:
            yield from _spelled(each)


def _spelled(text: str) -> Iterable[str]:
    yield text
    for quoted in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield quoted
        yield re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), quoted)
    for escaped in (json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text)):
        yield escaped[1:-1]
    raw = text.encode()
    yield from (raw.hex(), raw.hex().upper())
    for shift in range(3):
        cut = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
        # six bits a character: the first ones share bits with what stands before, the last after
        inner = cut[(shift * 8 + 5) // 6 : (shift + len(raw)) * 8 // 6]
        yield from (inner, inner.replace("+", "-").replace("/", "_"), quote(inner, safe=""))


KNOWN: Final = Scrubber()
"""Of this process: every secret that a vault has opened or taken."""
