"""Whether a part of the crate uses what only another part's feature brings.

    features.py MANIFEST [--source DIR]

The feature `demo` asks tokio for `net`; cargo then builds tokio with it for everybody, so that the compiler says nothing where code
outside of src/demo uses `tokio::net`. What the features of such a crate bring is read from its own source, of which this knows
tokio's shape: items within `cfg_NAME! { … }`, in lib.rs and in mod.rs.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def shared_features(manifest: dict[str, dict[str, list[str]]]) -> dict[tuple[str, str], set[str]]:
    """Crates' features that features of ours ask for, and which of ours do."""
    found = defaultdict(set)
    for ours, asked in manifest["features"].items():
        for crate, feature in (one.split("/") for one in asked if "/" in one):
            found[crate, feature].add(ours)
    return found


def tree(text: str, prefix: str = "") -> Iterator[str]:
    """The paths of what follows `use`: `a::{b, c::D as E}` as `a::b` and `a::c::D as E`."""
    depth, begin = 0, 0
    for at, character in enumerate(text + ","):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            one, begin = text[begin:at].strip(), at + 1
            if (brace := one.find("{")) >= 0:
                yield from tree(one[brace + 1 : one.rindex("}")], prefix + one[:brace])
            elif one:
                yield prefix + one


def brought(source: Path, crate: str, feature: str) -> set[str]:
    """The paths of what a feature of a crate brings."""
    block = re.compile(rf"^cfg_{feature.replace('-', '_')}(?:_unix|_windows)?! \{{\n(.*?)^\}}", re.MULTILINE | re.DOTALL)
    found = set()
    for file in (source / "lib.rs", *source.rglob("mod.rs")):
        module = "::".join((crate, *file.parent.relative_to(source).parts))
        for body in block.findall(file.read_text(encoding="utf-8")):
            names = re.findall(r"^ +pub mod (\w+);", body, re.MULTILINE)
            for use in re.findall(r"^ +pub use ([^;]+);", body, re.MULTILINE):
                names += [re.split(r"::| as ", path)[-1] for path in tree(use)]
            found |= {f"{module}::{name}" for name in names}
    return found


def used(text: str, crate: str) -> Iterator[str]:
    """The paths into a crate that a file names, also through what it has imported."""
    text = re.sub(r"//.*", "", text)
    known = {crate: crate}
    for use in re.findall(rf"\buse (?:::)?({crate}::[^;]+);", text):
        for path in tree(re.sub(r"\s+", " ", use)):
            path, _, renamed = path.partition(" as ")
            path = path.removesuffix("::self")
            known[renamed or path.rpartition("::")[2]] = path
            yield path
    for first, rest in re.findall(r"(?<![\w:])(\w+)((?:::\w+)+)", text):
        if first in known:
            yield known[first] + rest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path, help="Cargo.toml")
    parser.add_argument("--source", type=Path, metavar="DIR", help="the crate's src, if cargo should not be asked for it")
    options = parser.parse_args()
    manifest = tomllib.loads(options.manifest.read_text(encoding="utf-8"))
    ours = options.manifest.parent / "src"
    shared = shared_features(manifest)
    sources = dict.fromkeys((crate for crate, _ in shared), options.source)
    if not options.source:
        command = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", str(options.manifest)]
        packages = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)["packages"]
        sources |= {package["name"]: Path(package["manifest_path"]).parent / "src" for package in packages if package["name"] in sources}
    wrong = 0
    for (crate, feature), owners in shared.items():
        items = brought(sources[crate], crate, feature)
        if not items:
            raise SystemExit(f"{crate}/{feature} brings nothing that this check can find in {sources[crate]}")
        for file in sorted(ours.rglob("*.rs")):
            # The program itself is the command line's.
            owner = "cli" if file == ours / "main.rs" else file.relative_to(ours).parts[0]
            for path in sorted(set(used(file.read_text(encoding="utf-8"), crate))) if owner not in owners else ():
                # `a::*` has what `a` has.
                if any(f"{path}::".startswith(f"{item}::") or path == f"{item.rpartition('::')[0]}::*" for item in items):
                    print(f"{file}: {path} is there by {crate}/{feature}, for which only {', '.join(sorted(owners))} asks")
                    wrong += 1
    print(f"features: {len(shared)} of other crates, {wrong} used elsewhere")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
