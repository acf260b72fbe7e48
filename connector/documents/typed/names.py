"""Names of the published schemas: each is one class in a vendor's program, whatever its language."""

from connector.catalogue.definition import CheckDefinition


def class_name(definition: CheckDefinition, part: str) -> str:
    """Return the name of one part of a check: ``QuotientFamilialData``."""
    return "".join(word.capitalize() for word in definition.name.split("_")) + part


def params_class(definition: CheckDefinition) -> str:
    """Return the name of a check's parameters, those of all its calls."""
    return class_name(definition, "Params")


def data_class(definition: CheckDefinition, api_version: int | None = None) -> str:
    """Return the name of a check's data: of all its versions, or of one where there are several."""
    if api_version is None or len(definition.api_versions) == 1:
        return class_name(definition, "Data")
    return class_name(definition, f"DataApi{api_version}")
