"""Classes made of the published schemas by one generator in one language, compiled, and ready to read messages."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.catalogue import CATALOGUE
from tests.generated.corpus import variant_of
from tests.generated.tools import CACHE, HERE, JARS, ROOT, run

SCHEMAS: Final = ROOT / "schemas"
QUICKTYPE: Final = "quicktype"
MODELINA: Final = "modelina"
_NEWTONSOFT: Final = (
    "node_modules/jillejr.newtonsoft.json-for-unity/Plugins/Newtonsoft.Json Editor/Newtonsoft.Json.dll"
)
_QUICKTYPE_OPTIONS: Final = {
    "java": ("--lang=java", "--array-type=list", "--package=ccas"),
    "csharp": (
        "--lang=csharp",
        "--array-type=list",
        "--namespace=Ccas",
        "--csharp-version=6",
        "--framework=NewtonSoft",
        "--no-date-times",
    ),
    "typescript": ("--lang=typescript", "--no-date-times"),
}
"""As the guide gives them."""
_SUFFIXES: Final = {"java": "java", "csharp": "cs", "typescript": "ts"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Jobs or replies: what is generated, read and compared."""

    name: str
    """Of the schema's file: ``request``."""
    root: str
    suffix: str
    """Of the class of a check."""
    member: str
    """The parts of a check that have a class of their own."""


REQUEST: Final = Envelope("request", "VerificationRequest", "Request", "params")
REPLY: Final = Envelope("reply", "Reply", "Reply", "data")

Reader = Callable[[Path, Path], str]
"""From a folder of messages and one for what is written back to what the program printed."""


def made(generator: str, language: str, envelope: Envelope, node: Path) -> Reader:
    """Generate and compile classes, and return what reads messages with them. Raises ``ToolError``."""
    folder = CACHE / "classes" / f"{generator}-{language}-{envelope.name}"
    shutil.rmtree(folder, ignore_errors=True)
    sources = folder / "sources"
    sources.mkdir(parents=True)
    if generator == QUICKTYPE:
        _quicktype(language, envelope, sources, node)
    else:
        run(["node", HERE / "modelina.mjs", SCHEMAS / "asyncapi.json", language, sources], node)
    return {"java": _java, "csharp": _csharp, "typescript": _typescript}[language](
        generator, envelope, folder, node
    )


def _quicktype(language: str, envelope: Envelope, sources: Path, node: Path) -> None:
    """Make a class of the whole, and one of each part: in the whole, quicktype joins all checks into one class."""
    schema = SCHEMAS / "json" / f"verification.{envelope.name}.v1.schema.json"
    output = sources / f"{envelope.root}.{_SUFFIXES[language]}"
    from_both = (
        "--src-lang=schema",
        "--src",
        f"{schema}#/$defs/",
        "--src",
        schema,
        "--top-level",
        envelope.root,
    )
    run(["node_modules/.bin/quicktype", *_QUICKTYPE_OPTIONS[language], *from_both, "--out", output], node)


def _java(generator: str, envelope: Envelope, folder: Path, _node: Path) -> Reader:
    converter = folder / "sources" / "Converter.java"
    if converter.exists():
        # Debian's Jackson declares the wider exception, which Jackson's own releases do not.
        _replace(converter, "throws JsonProcessingException", "throws IOException")
    jars = ":".join(map(str, JARS))
    files = sorted((folder / "sources").glob("*.java"))
    run(
        [
            "javac",
            "-nowarn",
            "-cp",
            jars,
            "-d",
            folder / "classes",
            *files,
            *sorted((HERE / "java").glob("*.java")),
        ]
    )
    services = folder / "classes" / "META-INF" / "services"
    services.mkdir(parents=True)
    (services / "com.fasterxml.jackson.databind.Module").write_text("Instants\n", "utf-8")
    command = ["java", "-cp", f"{jars}:{folder / 'classes'}", "ReadBack", generator, *_arguments(envelope)]
    return lambda messages, output: run([*command, messages, output])


def _csharp(generator: str, envelope: Envelope, folder: Path, node: Path) -> Reader:
    files = sorted((folder / "sources").glob("*.cs"))
    if generator == MODELINA:
        _for_an_old_compiler(files)
    library = folder / "Newtonsoft.Json.dll"
    shutil.copy(node / _NEWTONSOFT, library)
    compile_: list[str | Path] = ["mcs", "-nowarn:0-9999", "-langversion:latest", f"-r:{library}"]
    run([*compile_, "-target:library", f"-out:{folder / 'classes.dll'}", *files])
    run([*compile_, f"-out:{folder / 'ReadBack.exe'}", HERE / "csharp" / "ReadBack.cs"])
    command: list[str | Path] = [
        "mono",
        folder / "ReadBack.exe",
        folder / "classes.dll",
        generator,
        *_arguments(envelope),
    ]
    return lambda messages, output: run([*command, messages, output])


def _for_an_old_compiler(files: Sequence[Path]) -> None:
    """Take out what Mono's compiler, of C# 7, does not know: marks on types that may be null anyway, a switch over ``dynamic``."""
    texts = {file: file.read_text("utf-8") for file in files}
    values = {name for text in texts.values() for name in re.findall(r"enum (\w+)", text)} | {
        "DateTimeOffset"
    }
    mark = re.compile(r"(\]|>|\b(?:string|dynamic|[A-Z]\w*))\?(?=[ >)\]])")
    for file, text in texts.items():
        plain = mark.sub(lambda found: found[0] if found[1] in values else found[1], text)
        file.write_text(plain.replace("(dynamic value)", "(string value)"), "utf-8")


def _typescript(generator: str, envelope: Envelope, folder: Path, node: Path) -> Reader:
    sources = folder / "sources"
    typed = sources / "typed.ts"
    typed.write_text(_typed(generator, envelope), "utf-8")
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck", "--types", "")
    (sources / "package.json").write_text('{"type": "module"}', "utf-8")
    if generator == MODELINA:
        for file in sources.glob("*.ts"):
            _replace(file, "from './", "from './", suffix=".js'")
    run(["node_modules/.bin/tsc", *options, "--outDir", folder / "classes", typed], node)
    (folder / "classes" / "package.json").write_text('{"type": "module"}', "utf-8")
    module = str(folder / "classes" / f"{envelope.root}.js") if generator == QUICKTYPE else "-"
    command: list[str | Path] = [
        "node",
        HERE / "typescript" / "readback.mjs",
        module,
        envelope.root,
        envelope.suffix,
    ]

    def read(messages: Path, output: Path) -> str:
        run([*command, messages, output])
        return "".join(
            f"{name}\t0\t{variant_of(name, envelope.suffix)}\t{variant_of(name, envelope.member.capitalize())}\n"
            for name in CATALOGUE
        )

    return read


def _typed(generator: str, envelope: Envelope) -> str:
    """Return a program that the compiler takes only where each check's member has the class of that check."""
    lines = [f'import type {{ {envelope.root} }} from "./{envelope.root}.js";']
    if generator == QUICKTYPE:
        lines = [f'import {{ Convert }} from "./{envelope.root}.js";']
    for name in CATALOGUE:
        title, check = variant_of(name, envelope.member.capitalize()), variant_of(name, envelope.suffix)
        lines.append(
            f'import type {{ {title} }} from "./{envelope.root if generator == QUICKTYPE else title}.js";'
        )
        if generator == QUICKTYPE:
            lines.append(
                f"export const {name}: {title} | null | undefined = Convert.to{check}('').{envelope.member};"
            )
            continue
        lines.append(f'import type {{ {check} }} from "./{check}.js";')
        lines.append(f'import {{ {variant_of(name, "Name")} }} from "./{variant_of(name, "Name")}.js";')
        lines.append(
            f"export function {name}(message: {envelope.root}): void {{ for (const check of message.checks) "
            f"if (check.check === {variant_of(name, 'Name')}.{name.upper()}) "
            f"{{ const member: {title} | null | undefined = (check as {check}).{envelope.member}; void member; }} }}"
        )
    return "\n".join(lines) + "\n"


def _arguments(envelope: Envelope) -> tuple[str, str, str]:
    return envelope.root, envelope.suffix, envelope.member


def _replace(file: Path, old: str, new: str, suffix: str = "") -> None:
    text = file.read_text("utf-8").replace(old, new)
    file.write_text(re.sub(r"(from '\./\w+)'", rf"\1{suffix}", text) if suffix else text, "utf-8")
