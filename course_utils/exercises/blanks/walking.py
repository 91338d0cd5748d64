"""Round 5's tapes: what a result was made from, in the order of a walk back."""

from collections.abc import Callable
from typing import Any


def back_along(made: Any, require_pair: Callable[[Any], None]) -> list:
    """Return ``made`` and all that it was made from, what was made last first.

    require_pair(entry) raises NotRight where an entry of ``made_from`` is no pair of an earlier
    one and what belongs to its edge.
    """
    found: dict[int, Any] = {}
    to_visit = [made]
    while to_visit:
        each = to_visit.pop()
        if id(each) not in found:
            found[id(each)] = each
            for pair in each.made_from:
                require_pair(pair)
                to_visit.append(pair[0])
    return sorted(found.values(), key=lambda each: -each.place)
