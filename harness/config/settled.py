"""The choices that hold: the command line's first, then the configuration's, then the defaults."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.config.choices import CONFIGURABLE, Place
from harness.config.read import Config, load_config
from harness.core.errors import UsageError
from harness.planning.flags import FLAG, assembled, flagged
from harness.planning.options import SLOW, Against, Options, Question

AGAINST, ONLY = ("target", "against"), ("planning", "only")
PROVIDERS = ("target", "providers")
BUDGETS = ("limits", "budgets")
RESUME = ("output", "resume")

LOAD = ("arrivals", "rates", "sweep", "ramp", "concurrency")
"""They set the load together: where one is typed, the configuration says nothing of it."""

_LIVE = ("base_urls", "assets_url", "webhook_url", "receive_port")
_CONFORMANCE = ("quick", "discover", "strength", "explore")
_REPLAYED_BENCHMARK = ("slo", "reference", "exchange_rates", "calibrate")
_RESUMED = ("cassettes", "frames", "formats", "otel")
"""What a run that is resumed does not keep; its TOMLs it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The values of a verb's options, and where each comes from that is no default.

    `unused` are those of the configuration that do not hold this time, and when they would.
    """

    values: Mapping[Place, object]
    origins: Mapping[Place, str]
    unused: Mapping[Place, str] = field(default_factory=dict)

    def of_file(self, config: Config) -> dict[str, str]:
        """Return the flags whose values the configuration gives, with file and line of each."""
        flags = {
            (group.name, each.name): each.metadata[FLAG].spelling.partition("/")[0]
            for verb in CONFIGURABLE.values()
            for group, each in flagged(verb)
        }
        return {
            flags[place]: origin
            for place, origin in self.origins.items()
            if place in config.lines and origin == config.where(place)
        }


def settled(
    config: Config, typed: Mapping[Place, object], *, known: Collection[Place] | None = None
) -> Settled:
    """Return the choices that hold where these were typed; `known` are a verb's, all by default.

    What was typed holds, be it the default. Of what the configuration says, that holds for which a
    run like this has a use, and which goes together with what was typed: it is a default, and
    never the reason why a command is refused. A run that is resumed goes on as it began.
    """
    known = known if known is not None else places_of(Options)
    file = {place: value for place, value in config.values.items() if place in known}
    run = _Run.of({**file, **typed}, typed, known)
    unused = {place: why for place in file if (why := run.has_no_use(place))}
    values: dict[Place, object] = {}
    origins: dict[Place, str] = {}
    for place, value in file.items():
        if place not in unused and place not in typed:
            values[place], origins[place] = value, config.where(place)
    for place, value in typed.items():
        earlier = file.get(place) if place not in unused else None
        both = isinstance(value, dict) and isinstance(earlier, dict)
        values[place] = {**earlier, **value} if both else value  # type: ignore[dict-item]  # both are
        origins[place] = "flag" + (f", {config.where(place)}" if both else "")
    return Settled(values=values, origins=origins, unused=unused)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The kind of run that is asked for; `against` is None where nothing is sent."""

    against: object
    only: object
    resumed: bool
    typed: Mapping[Place, object]

    @classmethod
    def of(
        cls, values: Mapping[Place, object], typed: Mapping[Place, object], known: Collection[Place]
    ) -> "_Run":
        plain = Options()
        return cls(
            against=values.get(AGAINST, plain.target.against) if AGAINST in known else None,
            only=values.get(ONLY, plain.planning.only),
            resumed=typed.get(RESUME) is not None,
            typed=typed,
        )

    def has_no_use(self, place: Place) -> str:
        """Say when an option of the configuration would hold; nothing where it holds."""
        group, name = place
        if self.resumed and name not in _RESUMED:
            return "a run that is resumed goes on as it began"
        if self._contradicts(name):
            return "what is typed says otherwise"
        return self._elsewhere(group, name)

    def _elsewhere(self, group: str, name: str) -> str:
        benchmark, replay = self.only == "benchmark", self.against == "cassettes"
        if group == "benchmark" and not benchmark:
            return "with --only benchmark"
        if group == "benchmark" and replay and name not in _REPLAYED_BENCHMARK:
            return "with --against emulator or live"
        if name in (*_CONFORMANCE, "operations", "max_shrink") and benchmark:
            return "with --only conformance"
        if name in (*_CONFORMANCE, "seed") and replay:
            return "with --against emulator or live"
        if group == "emulator" and self.against != "emulator":
            return "with --against emulator"
        if name in _LIVE and self.against != "live":
            return "with --against live"
        return ""

    def _contradicts(self, name: str) -> bool:
        typed = {each for _, each in self.typed}
        slow = {flag.lstrip("-") for flag in SLOW}
        if name == "quick":
            return bool(typed & {*slow, "record"})
        if name in slow:
            return "quick" in typed
        return name in LOAD and self.only == "benchmark" and bool(typed & {*LOAD})


def read_config(
    file: str | Path | None = None,
    *,
    against: Against = "cassettes",
    only: Question = "conformance",
) -> Options:
    """Return the options of a run that a `harness.toml` makes: that file, or else the nearest one.

    No other function of `harness.api` reads a configuration. The options hold what such a run has a
    use for; without any file, they are the defaults. Raises UsageError with every mistake of the
    file, and for a key in it.

        run(read_config(against="emulator"))
    """
    return configured(load_config(file), against=against, only=only)


def configured(config: Config, *, against: Against, only: Question) -> Options:
    """Return the options of such a run that a configuration alone makes."""
    typed: dict[Place, object] = {AGAINST: against, ONLY: only}
    return assembled(Options, settled(config, typed).values)


def explain(error: UsageError, flags: Mapping[str, str]) -> None:
    """Say of the flags that an error names which of them stand in a configuration, and where."""
    advice = error.hint.partition("harness ")[0]  # a command to type instead says it anew
    said = f"{error.message} {advice}".replace(",", " ").replace(":", " ").split()
    named = [f"{flag} stands in {where}" for flag, where in flags.items() if flag in said]
    if named:
        error.hint = "; ".join([*filter(None, [error.hint]), *named])


def places_of(choices_of_verb: Any) -> list[Place]:  # noqa: ANN401 - any class of options
    """Return the place of each option of a verb."""
    return [(group.name, each.name) for group, each in flagged(choices_of_verb)]
