"""What locks must hold, and install steps must say, so that installing resolves and builds nothing.

pip resolves again while it installs a lock, unless it is told `--no-deps`; then the lock has to
hold everything, for every Python and platform. Each function returns its complaints as sentences.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution

from packaging.markers import Environment, default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

WHEELS_ONLY = "--only-binary :all:"
"""The line of a lock that forbids pip to build: what a build needs is in no lock."""

_HASHES = re.compile(r"(?:\s+--hash=sha256:[0-9a-f]{64}(?=\s|$))+$")
_HOST = re.compile(
    r"://|\bfile:|\blocalhost\b|\b[\w-]+\.(?:org|com|net|io|dev|cloud|internal)\b", re.IGNORECASE
)
_STEP = re.compile(
    r"(?:(?P<python>\S+) -m )?\bpip3?(?: --python (?P<target>\S+)| -\S+)*"
    r" (?P<command>install|check)\b(?P<options>[^;&|`\n]*)"
)

_RELEASES = ("3.11.0", "3.11.14", "3.12.0", "3.12.12", "3.13.0", "3.13.9", "3.14.0", "3.14.2")
_SYSTEMS = {
    ("linux", "Linux", "posix"): ("x86_64", "aarch64"),
    ("darwin", "Darwin", "posix"): ("x86_64", "arm64"),
    ("win32", "Windows", "nt"): ("AMD64", "ARM64"),
}


def _environment(release: str, system: tuple[str, str, str], machine: str) -> Environment:
    environment = default_environment()
    environment["python_full_version"] = environment["implementation_version"] = release
    environment["python_version"] = release.rpartition(".")[0]
    environment["implementation_name"] = "cpython"
    environment["platform_python_implementation"] = "CPython"
    environment["sys_platform"], environment["platform_system"], environment["os_name"] = system
    environment["platform_machine"] = machine
    return environment


PLATFORMS: Sequence[Environment] = [
    _environment(release, system, machine)
    for release in _RELEASES
    for system, machines in _SYSTEMS.items()
    for machine in machines
]
"""The Pythons (the first and a late release of each) and platforms that the locks are for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One entry of a lock; `version` is empty where the entry does not name exactly one."""

    name: NormalizedName
    version: str
    requirement: Requirement

    def applies(self, platform: Environment) -> bool:
        """Tell whether the entry is installed on a platform."""
        return _applies(self.requirement, platform)


def pins(lock: str) -> list[Pin]:
    """Read the entries of a lock; raises InvalidRequirement where a line is none."""
    return [_pin(text) for _, text in _statements(lock) if not text.startswith("-")]


def loose(lock: str) -> list[str]:
    """Complain of what is not pinned to one version with hashes, of options and of hosts."""
    statements = list(_statements(lock))
    complaints = [
        f"line {number} names a host"
        for number, text in enumerate(lock.splitlines(), start=1)
        if _HOST.search(text)
    ]
    for number, text in statements:
        complaints.extend(f"line {number}: {reason}" for reason in _loose(text))
    if WHEELS_ONLY not in [text for _, text in statements]:
        complaints.append(f"no line says {WHEELS_ONLY}")
    return complaints


def doubled(entries: Collection[Pin]) -> list[str]:
    """Complain of two entries for one name that apply to the same platform."""
    complaints = _Complaints()
    for platform in PLATFORMS:
        names = [pin.name for pin in entries if pin.applies(platform)]
        for name in {name for name in names if names.count(name) > 1}:
            complaints.add(f"{name} is pinned twice", platform)
    return complaints.texts()


def unmet(
    entries: Collection[Pin],
    owner: str,
    requirements: Iterable[str],
    *,
    extras: Collection[str] = (),
    platforms: Iterable[Environment] = PLATFORMS,
) -> list[str]:
    """Complain of what an owner with these extras requires and a lock does not hold on a platform.

    Only a pin that names the extras meets a requirement with extras: pip 23 takes `coverage[toml]`
    for another thing than the pinned `coverage`, and wants it pinned as well.
    """
    complaints = _Complaints()
    wanted = [Requirement(text) for text in requirements]
    for platform in platforms:
        applying = {pin.name: pin for pin in entries if pin.applies(platform)}
        for requirement in wanted:
            if _applies(requirement, platform, *extras):
                pin = applying.get(canonicalize_name(requirement.name))
                for reason in _unmet(pin, requirement):
                    complaints.add(f"{owner} wants {requirement}: {reason}", platform)
    return complaints.texts()


def incomplete(entries: Collection[Pin], installed: Iterable[Distribution]) -> list[str]:
    """Complain of what installed packages require and the lock that pins these versions lacks.

    Of a package that is not installed in the pinned version nothing is known.
    """
    packages = {
        (canonicalize_name(package.name), package.version): package for package in installed
    }
    complaints = []
    for pin in entries:
        if package := packages.get((pin.name, pin.version)):
            platforms = [platform for platform in PLATFORMS if pin.applies(platform)]
            extras = pin.requirement.extras
            requirements = package.requires or ()
            complaints += unmet(entries, pin.name, requirements, extras=extras, platforms=platforms)
    return complaints


def apart(entries: Collection[Pin], larger: Collection[Pin]) -> list[str]:
    """Complain of entries that a larger lock does not hold with the same version and marker."""
    agreed = {(pin.name, pin.version, str(pin.requirement.marker)) for pin in larger}
    return [
        f"{pin.name} {pin.version} is not in the larger lock"
        for pin in entries
        if (pin.name, pin.version, str(pin.requirement.marker)) not in agreed
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A `pip install` or `pip check` with its options, and the environment that it works on."""

    text: str
    environment: str
    command: str
    options: Sequence[str]


def steps(text: str) -> list[Step]:
    """Read the steps of a script, a Makefile or a page; a line may be continued."""
    return [
        Step(
            text=match[0].strip(),
            environment=match["target"] or (match["python"] or "").removesuffix("/bin/python"),
            command=match["command"],
            options=match["options"].split(),
        )
        for match in _STEP.finditer(re.sub(r"\\\n\s*", " ", text))
    ]


def open_steps(text: str) -> list[str]:
    """Complain of each installation that could resolve or build, or that no `pip check` follows."""
    complaints: list[str] = []
    unchecked: dict[str, str] = {}
    for step in steps(text):
        if step.command == "check":
            unchecked.pop(step.environment, None)
        else:
            unchecked[step.environment] = step.text
            complaints.extend(f"`{step.text}` {reason}" for reason in _open(step.options))
    complaints.extend(f"no `pip check` follows `{step}`" for step in unchecked.values())
    if "--upgrade-deps" in text:
        complaints.append("--upgrade-deps takes the newest pip")
    return complaints


class _Complaints:
    """Complaints that may hold on many platforms, each told with the first of these."""

    def __init__(self) -> None:
        self._platforms: dict[str, Environment] = {}

    def add(self, complaint: str, platform: Environment) -> None:
        self._platforms.setdefault(complaint, platform)

    def texts(self) -> list[str]:
        return [
            f"{complaint} (Python {platform['python_full_version']}, {platform['sys_platform']},"
            f" {platform['platform_machine']})"
            for complaint, platform in self._platforms.items()
        ]


def _statements(lock: str) -> Iterator[tuple[int, str]]:
    """Join continued lines, without comments; yield each with the number of its first line."""
    parts: list[str] = []
    for number, line in enumerate(lock.splitlines(), start=1):
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        parts.append(text.removesuffix("\\").strip())
        if not text.endswith("\\"):
            if statement := " ".join(filter(None, parts)):
                yield number - len(parts) + 1, statement
            parts = []


def _pin(text: str) -> Pin:
    requirement = Requirement(_HASHES.sub("", text))
    specifiers = list(requirement.specifier)
    exact = [
        each.version for each in specifiers if each.operator == "==" and "*" not in each.version
    ]
    return Pin(
        name=canonicalize_name(requirement.name),
        version=exact[0] if len(exact) == len(specifiers) == 1 else "",
        requirement=requirement,
    )


def _loose(text: str) -> list[str]:
    if text.startswith("-"):
        return [] if text == WHEELS_ONLY else [f"the option {text}"]
    try:
        pin = _pin(text)
    except InvalidRequirement:
        return [f"cannot be read: {text}"]
    checks = {
        f"{pin.name} comes from an address": pin.requirement.url is None,
        f"{pin.name} is not pinned to one version with ==": bool(pin.version),
        f"{pin.name} has no hash": bool(_HASHES.search(text)),
    }
    return [reason for reason, holds in checks.items() if not holds]


def _applies(requirement: Requirement, platform: Environment, *extras: str) -> bool:
    """Tell whether a requirement counts on a platform, for a package with these extras."""
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**platform, "extra": extra})  # type: ignore[dict-item] # a str, all of it
        for extra in ("", *extras)
    )


def _unmet(pin: Pin | None, requirement: Requirement) -> list[str]:
    if pin is None:
        return ["it is not in the lock"]
    pinned = {canonicalize_name(extra) for extra in pin.requirement.extras}
    reasons = [
        f"the lock pins it without [{extra}]"
        for extra in sorted(requirement.extras)
        if canonicalize_name(extra) not in pinned
    ]
    if not requirement.specifier.contains(pin.version, prereleases=True):
        reasons.append(f"the lock pins {pin.version}")
    return reasons


def _open(options: Sequence[str]) -> list[str]:
    reasons = [] if "--no-deps" in options else ["resolves: it lacks --no-deps"]
    if "-e" in options:
        return reasons + (
            [] if "--no-build-isolation" in options else ["builds with what is newest"]
        )
    if "--require-hashes" not in options:
        reasons.append("lacks --require-hashes")
    if not any(option.endswith(".lock") for option in options):
        reasons.append("names no lock")
    return reasons
