"""The manifests of Kubernetes, read for the tests as Kustomize would: by the resources that each folder names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from tests.deploy import DEPLOY

KUBERNETES: Final = DEPLOY / "kubernetes"
BASE: Final = KUBERNETES / "base"
PRODUCTION: Final = KUBERNETES / "overlays" / "production"
NAME: Final = "app.kubernetes.io/name"
COMPONENT: Final = "app.kubernetes.io/component"
_KUSTOMIZATION: Final = "kustomization.yaml"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object, and the file that it stands in."""

    file: Path
    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What it is."""
        return str(self.content["kind"])

    @property
    def component(self) -> str:
        """Which part of the connector it is for."""
        return str(self.content["metadata"]["labels"][COMPONENT])

    @property
    def spec(self) -> Mapping[str, Any]:
        """What it asks for."""
        spec: Mapping[str, Any] = self.content["spec"]
        return spec

    @property
    def pod(self) -> Mapping[str, Any]:
        """What its pods are."""
        pod: Mapping[str, Any] = self.spec["template"]["spec"]
        return pod

    @property
    def container(self) -> Mapping[str, Any]:
        """The one container of its pods."""
        [container] = self.pod["containers"]
        found: Mapping[str, Any] = container
        return found

    @property
    def words(self) -> list[str]:
        """The words that its container starts the program with, after the program itself."""
        words: list[str] = [*self.container["command"], *self.container.get("args", [])]
        assert words[0] == "ccas-connector"
        return words[1:]


def kustomization(folder: Path) -> Mapping[str, Any]:
    """Return what a folder is made of."""
    read: Mapping[str, Any] = yaml.load((folder / _KUSTOMIZATION).read_text("utf-8"), Loader=yaml.CSafeLoader)
    return read


def manifests(folder: Path) -> Iterator[Manifest]:
    """Yield every object that a folder's resources lead to."""
    for name in kustomization(folder)["resources"]:
        path = (folder / name).resolve()
        if path.is_dir():
            yield from manifests(path)
        else:
            for content in yaml.load_all(path.read_text("utf-8"), Loader=yaml.CSafeLoader):
                yield Manifest(path, content)


def of_kind(folder: Path, *kinds: str) -> list[Manifest]:
    """Return the objects of some kinds."""
    return [one for one in manifests(folder) if one.kind in kinds]


def settings_of(folder: Path) -> dict[str, str]:
    """Return the settings that a folder's ConfigMap holds, those of its bases first."""
    told = kustomization(folder)
    found: dict[str, str] = {}
    for name in told["resources"]:
        if (folder / name).is_dir():
            found |= settings_of(folder / name)
    for generated in told.get("configMapGenerator", []):
        found |= dict(line.split("=", 1) for line in generated["literals"])
    return found
