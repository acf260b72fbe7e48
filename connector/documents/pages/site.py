"""Every page of the contract, with the file that each one goes to."""

from collections.abc import Mapping
from pathlib import Path

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import CheckDefinition
from connector.documents.pages.check_page import check_page
from connector.documents.pages.layout import INDEX, address
from connector.documents.pages.overview import overview


def pages(folder: Path, catalogue: Mapping[str, CheckDefinition] = CATALOGUE) -> dict[Path, str]:
    """Return the content of each page in ``folder``. Raises ``ExampleError`` for a check without a usable example."""
    of_checks = {
        folder / address(name): check_page(catalogue, definition) for name, definition in catalogue.items()
    }
    return {folder / INDEX: overview(catalogue), **of_checks}
