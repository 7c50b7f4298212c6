"""Policy is not taken from the change under test: what a range may not say of itself."""

from collections.abc import Callable
from dataclasses import replace

from dce_guard.adapters.git import Repository
from dce_guard.adapters.lookup import Lookup
from dce_guard.cli.places import Past, outer
from dce_guard.cli.running import relocated
from dce_guard.cli.scanning import Seen
from dce_guard.cli.session import Session
from dce_guard.model.finding import Location, Sighting


def reader(repository: Repository, revision: str) -> Callable[[str], bytes | None]:
    """Reads a path as it is at `revision`; None where it is not there. An empty revision has no files."""

    def read(path: str) -> bytes | None:
        if not revision:
            return None
        with Lookup(repository) as lookup:
            found = lookup.object(f"{revision}:{path}")
        return found[1] if found else None

    return read


def untrusted_markers(session: Session, seen: Seen, base: str) -> None:
    """Takes away markers that the base of the range does not have at the same secret; says which."""
    marked = [one for one in seen.sightings if any(place.marker for place in one.locations)]
    if not marked or session.repository is None:
        return
    past = Past(session)
    refused: list[str] = []
    with Lookup(session.repository) as lookup:

        def vouched(place: Location, fingerprint: str) -> Location:
            if not place.marker:
                return place
            old = lookup.object(f"{base}:{outer(place)}") if base else None
            if old and past.holds(old[1], outer(place), fingerprint, marked=True):
                return place
            refused.append(f"{place.path}:{place.line}")
            return replace(place, marker="")

        seen.sightings = [_vouched(one, vouched) for one in seen.sightings]
    if refused:
        session.notices.append(
            "the change adds inline markers, which are listed but do not count without --trust-head: "
            + ", ".join(sorted(set(refused)))
        )


def _vouched(sighting: Sighting, change: Callable[[Location, str], Location]) -> Sighting:
    return relocated(sighting, lambda place: change(place, sighting.fingerprint)) or sighting


def policy_changes(session: Session, base: str, head: str) -> None:
    """Says so when the change edits configuration, baseline or rule packs of this tool."""
    from dce_guard.adapters.config import policy_paths, same_policy

    assert session.repository
    before, after = reader(session.repository, base), reader(session.repository, head)
    edited = sorted(
        path for path in policy_paths(session.policy) if not same_policy(path, before(path), after(path))
    )
    if edited:
        used = "as the change has it (--trust-head)" if session.policy.trust_head else "as the base has it"
        session.notices.append(
            f"the change edits the policy of this scan, which was taken {used}: {', '.join(edited)}"
        )
