"""Evidence for the registry, of what audits and panels say of themselves.

In: an audit, or the file of one; a panel. Out: ``Audited``, ``Checked``. An audit holds for the
code it was made with, so one of other code is refused here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from quorate.api.auditing import Audit
from quorate.api.auditing.binding import code_hash
from quorate.api.learning import certificate_of
from quorate.errors import LeakageError, RegistryError
from quorate.research.evidence import Audited, Checked, audit_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.lake import Panel

_AUDIT: Final = "give what `quorate audit ... --json > audit.json` left"


def audited_of(audit: Audit | Mapping[str, Any] | str | Path) -> Audited:
    """Return an audit as evidence; refuse one that does not pass, or is not of this code.

    Parameters
    ----------
    audit : Audit, mapping or path
        From ``quorate.audit``, ``Audit.as_file``, or the file of ``quorate audit --json``.

    Raises
    ------
    LeakageError
        It does not pass.
    RegistryError
        It was changed, cannot be read, or was made with other code. Whether it is signed the
        registry asks.

    Notes
    -----
    Units: none.  Causal: none.  Missing: refused.  METHODS 12.
    """
    if isinstance(audit, Audit):
        audit.raise_if_found()
        told, digest, seal = audit.as_dict(), audit.digest, audit.seal
    else:
        told, digest, seal = _told(audit)
    # how long it took is no part of what is kept: the same night leaves the same bytes
    parts = [{n: v for n, v in part.items() if n != "seconds"} for part in told["parts"]]
    told = {**told, "parts": parts}
    made = Audited(told=told, digest=digest, seal=seal)
    if reasons := made.reasons:
        raise LeakageError(reasons[0], hint="`quorate audit` says where, and what to do")
    if told["binds"].get("code") != code_hash():
        raise RegistryError(
            f"the audit {digest[:16]} was made with other code than this",
            hint="audit again with this version, then publish",
        )
    return made


def _told(
    audit: Mapping[str, Any] | str | Path,
) -> tuple[dict[str, Any], str, Mapping[str, str] | None]:
    """Return what an audit told, its digest, which is computed again, and its seal."""
    where = "the audit" if not isinstance(audit, (str, Path)) else f"the audit {audit}"
    try:
        raw = json.loads(Path(audit).read_bytes()) if isinstance(audit, (str, Path)) else audit
        told = {name: raw[name] for name in ("data", "is_pass", "binds", "parts")}
        digest = audit_digest(told)
        # a file without a digest may have been edited; a mapping may come from ``Audit.as_dict``
        said = raw["digest"] if isinstance(audit, (str, Path)) else raw.get("digest", digest)
        seal = raw.get("seal")
    except OSError as error:
        raise RegistryError(f"{where} cannot be read: {error.strerror}", hint=_AUDIT) from error
    except KeyError as error:
        raise RegistryError(f"{where} is not one: it lacks {error}", hint=_AUDIT) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise RegistryError(f"{where} is not one: {error}", hint=_AUDIT) from error
    if said != digest:
        raise RegistryError(
            f"{where} has the digest {str(said)[:16]}, its content has {digest[:16]}: it "
            "was changed",
            hint="audit again",
        )
    return told, digest, seal


def checked_of(panel: Panel) -> Checked:
    """Return what the rules of data said of a panel, as evidence for a set that is fitted on it.

    Parameters
    ----------
    panel : Panel
        From ``quorate.load``; a market that was made up has no certificate and was not checked.

    Notes
    -----
    Units: coins.  Causal: none.  Missing: a coin that failed and was loaded all the same
    (``accept_failed``) is a failure; one that was left out is none.

    Examples
    --------
    >>> import quorate
    >>> checked_of(quorate.synthetic(n_coins=1, days=1)).reasons
    ('no data were checked',)
    """
    made = panel.certificate
    failures = () if made is None else tuple(f"{c} ({why})" for _, c, why in made.failed.rows())
    n_checked = 0 if made is None else sum(each.coins.height for _, each in made.venues)
    return Checked(
        certificate=certificate_of(panel),
        n_checked=n_checked,
        failures=failures if made is None else (*failures, *made.damaged),
    )
