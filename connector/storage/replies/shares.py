"""How the reply memory is shared between vendors, as values."""

from collections.abc import Mapping


def reduced(held_bytes: Mapping[str, int], most_bytes: int) -> Mapping[str, int]:
    """Return, for each vendor that has to give bytes back, how many it may keep.

    Nobody gives any while all fit in ``most_bytes``. Beyond, whoever holds the most is reduced first, to what makes all
    fit (max-min fairness: Bertsekas and Gallager, *Data Networks*, 6.5.2). So a vendor that holds no more than
    ``most_bytes`` divided by the number of vendors never gives any, whatever the others do.
    """
    left_bytes = most_bytes
    ascending = sorted(held_bytes.items(), key=lambda item: item[1])
    for position, (_vendor, held) in enumerate(ascending):
        share = left_bytes // (len(ascending) - position)
        if held > share:
            return {vendor: share for vendor, _held in ascending[position:]}
        left_bytes -= held
    return {}
