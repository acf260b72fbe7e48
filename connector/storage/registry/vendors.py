"""What an operator changes of one vendor, decided as values before anything is written."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from connector.amqp.topology import REPLY_QUEUE_NAME, reply_queue
from connector.errors import OperatorError
from connector.jobs.records import VENDOR_NAME, Registry, Vendor
from connector.storage.registry.importing import ChangeKind, vendor_change
from connector.storage.registry.tenants_file import VendorEntry

_SEE: Final = "see: ccas-connector vendors list"


class VendorError(OperatorError):
    """A vendor cannot be changed so; the message says why, on one line."""


def plan_vendor(registry: Registry, name: str, given: Mapping[str, Any]) -> Vendor | None:
    """Return the vendor to add; None where it is there with the values ``given``.

    ``given`` holds members of ``VendorEntry``. Product and publisher are by default the name; of a vendor that
    exists, what is not given is as it is. Raises ``VendorError`` when the name has not the form of one, or when
    the vendor exists with other values.
    """
    if not re.fullmatch(VENDOR_NAME, name):
        raise VendorError(
            f"{name!r} is no vendor's name: a small letter, then up to 31 small letters, digits and hyphens"
        )
    current = registry.vendors.get(name)
    default = {"product": name, "publisher": name}
    held = default if current is None else {part: getattr(current, part) for part in VendorEntry.model_fields}
    try:
        entry = VendorEntry.model_validate({**held, **given})
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        part = ".".join(map(str, first["loc"]))
        raise VendorError(f"vendor {name}: {part}: {first['msg'].removeprefix('Value error, ')}") from None
    change = vendor_change(name, entry, current)
    if change.kind is ChangeKind.CHANGED:
        raise VendorError(
            f"vendor {name} exists with another {' and '.join(change.fields)}; to change it, import it: "
            "ccas-connector tenants import FILE",
        )
    return change.record if change.kind is ChangeKind.ADDED and isinstance(change.record, Vendor) else None


def with_reply_queue(registry: Registry, vendor: str, name: str) -> Vendor | None:
    """Return the vendor with a further reply queue; None where it has it. Raises ``VendorError``."""
    found = known_vendor(registry, vendor)
    if not re.fullmatch(REPLY_QUEUE_NAME, name):
        raise VendorError(
            f"{name!r} is no reply queue's name: a small letter or a digit, then up to 63 of them or hyphens; "
            f"the queue is then {reply_queue(vendor, 'NAME')}"
        )
    if name in found.reply_queues:
        return None
    return replace(found, reply_queues=tuple(sorted((*found.reply_queues, name))))


def without_reply_queue(registry: Registry, vendor: str, name: str) -> Vendor:
    """Return the vendor without one of its further reply queues. Raises ``VendorError`` where it has not that one."""
    found = known_vendor(registry, vendor)
    if name not in found.reply_queues:
        raise VendorError(
            f"vendor {vendor} has no further reply queue {name}; see: ccas-connector vendors reply-queue list {vendor}"
        )
    return replace(found, reply_queues=tuple(each for each in found.reply_queues if each != name))


def known_vendor(registry: Registry, name: str) -> Vendor:
    """Return the vendor of that name. Raises ``VendorError`` when there is none."""
    found = registry.vendors.get(name)
    if found is None:
        raise VendorError(f"there is no vendor {name}; {_SEE}")
    return found
