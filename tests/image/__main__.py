"""``make image``: build the image of ``deploy/image`` without a registry, run it without a privilege, and look at it.

Makes a base from Debian's packages, which it keeps for the next time. Needs root, apt-get or buildah and debootstrap, and
2 GB of disk in one folder, which --clean removes. Exits 1 where the image is not what it must be, 2 where it cannot be made.
"""

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Final

from tests.image.build import ROOT, SUITE, Workshop, clean
from tests.image.confined import Confined
from tests.image.looks import (
    extent,
    installed,
    wrong_commands,
    wrong_distributions,
    wrong_packages,
    wrong_user,
    wrong_worker,
)
from tests.image.tools import ImageError, output_of, require_tools

FOLDER: Final = ROOT / ".cache" / "image"
_MEBI: Final = 1024 * 1024


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.image",
        description=__doc__,
        epilog="Example: sudo .venv/bin/python -m tests.image --folder /var/tmp/image",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help="where all of it is kept (default: %(default)s)"
    )
    parser.add_argument("--suite", default=SUITE, help="the Debian of the base (default: %(default)s)")
    parser.add_argument("--clean", action="store_true", help="remove the folder, and end")
    return parser.parse_args()


def _look(workshop: Workshop, name: str) -> list[str]:
    """Print what the image is; return what is wrong with it."""
    inspected = json.loads(output_of(workshop.buildah("inspect", "--type", "image", name)))
    with workshop.container(name) as made:
        root = Path(output_of(workshop.buildah("mount", made)))
        image = Confined(root=root, config=inspected["Docker"]["config"])
        whole, own = extent(root), extent(root / "opt" / "ccas-connector")
        wrong: list[str] = []
        for what, looked in (
            ("its user", wrong_user(image)),
            ("its packages", wrong_packages(image)),
            ("its commands", wrong_commands(image)),
            ("a worker", wrong_worker(image)),
            ("its distributions", wrong_distributions(image, image.config["Labels"][_VERSION_LABEL])),
        ):
            _say(f"looking at {what} …")
            wrong += looked
        print(f"image          {name}, {inspected['FromImageID'][:12]}")
        print(f"size           {whole.size / _MEBI:.0f} MiB, of which the project {own.size / _MEBI:.0f}")
        print(f"files          {whole.files}, of which the project {own.files}")
        print(f"user           {image.user}")
        print(f"starts         {' '.join(image.config['Entrypoint'])}, in {image.config['WorkingDir']}")
        print(f"distributions  {' '.join('=='.join(pair) for pair in sorted(installed(image).items()))}")
        output_of(workshop.buildah("umount", made))
    return wrong


_VERSION_LABEL: Final = "org.opencontainers.image.version"


def main() -> int:
    """Build and look; return the exit status."""
    options = _options()
    # As Ctrl-C does: what was started is ended, what was made in passing is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = options.folder.resolve()
    try:
        if options.clean:
            clean(folder)
            return 0
        require_tools(_say)
        workshop = Workshop(folder, _say)
        try:
            wrong = _look(workshop, workshop.image(workshop.base(options.suite)))
        finally:
            workshop.tidy()
    except ImageError as error:
        _say(f"error: {error}")
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    for line in wrong:
        print(f"WRONG          {line}")
    _say(f"kept in {folder}; removed by: python -m tests.image --clean")
    return int(bool(wrong))


_STARTED: Final = time.monotonic()


def _say(line: str) -> None:
    print(f"{time.monotonic() - _STARTED:4.0f} s  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
