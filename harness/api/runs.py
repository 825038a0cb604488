"""The verbs that plan, run, judge and report."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from harness.api.exporting import exported
from harness.api.sending import send, trust_lists
from harness.choosing.choose import choose as chosen
from harness.choosing.model import Choice
from harness.core.benchmark import Slo
from harness.core.case import Plan
from harness.core.errors import (
    UsageError,
)
from harness.core.inspection import Inspection
from harness.core.jsonvalue import Json
from harness.core.rate import Rate
from harness.diagnosis.known_file import known_of
from harness.inspection.inspect import inspect_files
from harness.inspection.model import FilesInspected
from harness.planning.conformance import new_plan
from harness.planning.judging import judged_against
from harness.planning.options import (
    STRENGTH,
    Options,
)
from harness.planning.plan import Limits
from harness.report.choosing import measured_run
from harness.report.formats.format import refuse_unknown_formats
from harness.report.frames.frames import Frames, framed, joined_tables, run_names, tables_of
from harness.run_result import RunResult, concluded, reread, without_images
from harness.runner.execution.provider_run import ProgressListener
from harness.runner.inspecting import (
    Looking,
    all_of,
    cleaner,
    image_place,
    inspected,
    read_anchors,
)
from harness.runner.recorded import recorded
from harness.runner.run import saying_where
from harness.runner.scanning import environment_keys
from harness.runner.slices import refuse_undecided
from harness.runner.specs import keys_by_variable
from harness.runner.traffic.judging import WatchFile, keep, read_traffic
from harness.spec.catalogue import Spec, catalogue_of, found, named_provider
from harness.spec.explain.asked import from_body, present, with_plain_values
from harness.spec.explain.explain import Explanation
from harness.spec.explain.explain import explain as explained
from harness.spec.provider import Provider
from harness.spec.workload.workloads import select_purchase, select_workloads
from harness.store.folder import RunFolder
from harness.telemetry.readiness import refuse_unready
from harness.transport.bodies.decoder import usual_decoders
from harness.transport.bodies.images import ImageCollector


def load_provider(name_or_path: str | Path) -> Provider:
    """Return a provider's promises: of a shipped or installed one by its name, or of a TOML file.

    A text that has a suffix or a slash is a path. Raises UsageError
    for an unknown name (with the nearest) or an unreadable file, SpecError with every mistake of a
    TOML.

        load_provider("buble").operation("generate").constraints
        load_provider("mine.toml").prices.unit
    """
    return named_provider(name_or_path)


def plan(  # noqa: PLR0913 - what a plan depends on
    provider: Provider | str,
    *,
    specs: Sequence[Spec] = (),
    seed: int = 0,
    operations: Sequence[str] = (),
    budget: Decimal | None = None,
    max_images: int | None = None,
    max_requests: int | None = None,
    strength: int = STRENGTH,
    discover: bool = False,
) -> Plan:
    """Return what a run for conformance would send to a provider, in order, each with its price.

    Nothing is sent. The same arguments give the same plan, in any process. `operations` are names
    or kinds; without any, all are planned. `budget` is in the provider's own unit; without a limit
    each operation has its allowance of 40 images. `strength`
    (2 or 3) is how many values are tried together in all combinations; `discover` also tries what
    the documents leave open. A name is that of a shipped provider, of an installed one, or of one
    of the `specs`. Raises UsageError for any other, SpecError for a TOML with mistakes.

        sum(shot.price.images for shot in plan("buble", max_images=20).shots)
    """
    return new_plan(
        found(provider, specs)[1],
        seed=seed,
        operations=operations,
        limits=Limits(images=max_images, amount=budget, requests=max_requests),
        strength=strength,
        discover=discover,
    )


def run(
    options: Options | None = None,
    *,
    watch: ProgressListener | None = None,
    environment: Mapping[str, str] | None = None,
) -> RunResult:
    """Plan, send, judge, measure, report; without options, replay the cassettes of all providers.

    Blocks until the run has ended. Ctrl-C waits for requests under way, where this is called in the
    main thread. `watch` receives its progress. Keys come from the `environment`, that of the
    process by default. The run folder holds every reply as soon as it is there, and the TOML of
    each provider that does not ship with the harness. A provider without a recording, a twin in the
    emulator, or a TOML without mistakes is left out; `header.notes` name it.

    Raises UsageError for choices that do not go together, a live run without an address, a key or a
    budget (nothing was sent then), where no provider is left, and inside of an event loop;
    NothingTested for a plan without a case; StoreError for a disk that is full (what was received
    before is in the folder); EmulatorError where the emulator does not start.

        result = run(Options(target=Target(against="emulator", providers=("buble",))))
        [finding.finding.constraint for finding in result.report.findings]
    """
    options, watch = options or Options(), watch or ProgressListener()
    formats = options.output.on_request
    refuse_unknown_formats(formats)
    refuse_undecided(options)
    if options.output.otel:
        refuse_unready(os.environ)
    sent = send(options, watch=watch, environment=environment)
    done, options, catalogue = sent.run, sent.options, sent.catalogue
    with saying_where(done.folder):
        clean = cleaner(keys_by_variable(options, catalogue), catalogue)
        anchors, own = sent.anchors, options.emulator.signed
        if own is not None:
            anchors = read_anchors((*trust_lists(options), own))
        looking = Looking(
            anchors=anchors,
            decoders=options.output.decoders or usual_decoders(),
            clean=clean,
            note=watch.noted,
        )
        found = {} if done.header.interrupted else inspected(done.records, done.folder, looking)
        result = concluded(
            done.header,
            done.records,
            done.folder,
            catalogue,
            inspections=found,
            known=sent.known.entries,
            formats=formats,
        )
        result = replace(result, notes=(*sent.explored, *result.notes))
    if options.output.record and not done.header.interrupted:
        notes = (*result.notes, *recorded(done, options, catalogue, sound=not result.exit_code))
        result = replace(result, notes=notes)
    result = without_images(result, options.output.keep_images)
    return exported(result) if options.output.otel else result


def judge(  # noqa: PLR0913 - what is judged, by what, and who hears of it
    paths: Sequence[str | Path],
    provider: Provider | str | None = None,
    *,
    specs: Sequence[Spec] = (),
    out: str | Path | None = None,
    trust_anchors: Sequence[str | Path] = (),
    known: str | Path | None = None,
    formats: Sequence[str] = (),
    note: Callable[[str], None] = lambda _sentence: None,
    watch: WatchFile = lambda _file, _size, _entries: None,
) -> RunResult:
    """Judge exchanges that others recorded (cassettes, HAR and more: `judge --help`); send nothing.

    They are judged by what a provider promises: a shipped or installed one's, or that of one of the
    `specs`, which is meant where no provider is named. `note` receives a sentence for all else that
    the files hold; the result's `header.notes` hold them, too. `watch` receives each file with the
    bytes of it that have been read, twice its size in the end, and its interactions. With `out`, a
    run folder is written there. Who signed the images is checked against `trust_anchors`, PEM
    files. What the file `known` expects to be broken fails nothing (`harness.known.file`). The
    `formats` on request (`--format`) are written into `out`, and the result's `notes` say where.

    Raises UsageError where no file is a recording, or `out` is there already and not empty, and for
    an unknown format or one without `out`;
    NothingTested where none holds an exchange of the provider; StoreError where `out` cannot be
    written.

        judge(["traffic.har"], "buble").exit_code
    """
    _refuse_formats(formats, out)
    catalogue, entry = found(provider, specs)
    anchors = read_anchors(trust_anchors)
    expected = known_of(known, (), catalogue)
    folder = RunFolder.create(Path(out)) if out else None
    try:
        with image_place(folder, note) as place:
            keys = environment_keys(os.environ, catalogue)
            files, pictures = [Path(path) for path in paths], ImageCollector(place.keep)
            recorded = read_traffic(files, entry, pictures, note=note, keys=keys, watch=watch)
            if folder is not None:
                keep(folder, recorded, entry)
                for name, text in expected.kept.items():
                    folder.write_file(name, text.encode())
            looking = Looking(anchors=anchors, clean=cleaner(keys, catalogue), note=note)
            shown = inspected(recorded.records, place.path, looking)
        path = folder.path if folder else None
        return concluded(
            recorded.header,
            recorded.records,
            path,
            catalogue,
            inspections=shown,
            known=expected.entries,
            formats=formats,
        )
    finally:
        if folder is not None:
            folder.close()


def report(  # noqa: PLR0913 - what a report depends on
    folder: str | Path,
    *more: str | Path,
    specs: Sequence[Spec] = (),
    out: str | Path | None = None,
    slo: Slo | str | None = None,
    reference: str | None = None,
    exchange_rates: Mapping[str, Rate] | None = None,
    known_rates: Mapping[str, Rate] | None = None,
    trust_anchors: Sequence[str | Path] = (),
    known: str | Path | None = None,
    known_otherwise: str | Path | None = None,
    formats: Sequence[str] = (),
    note: Callable[[str], None] = lambda _sentence: None,
) -> RunResult:
    """Judge the records of one or more run folders again, with today's checks; send nothing.

    With `out`, which may be one of the folders, every format of the report is written there, and of
    those on request (`--format`) the `formats` that are named; else nothing is written. `slo`
    (`p95<60s`) is a ceiling to hold a benchmark against, `reference` the provider that the others
    are compared with, `exchange_rates` say what one unit of a provider's price is worth in US
    dollars, and so do `known_rates`, of whoever was measured. A provider that does not ship with
    the harness is judged by the TOML that the folder keeps of it, or by that of the `specs`; a note
    says so where those differ. What the documents say otherwise since the run was planned is not
    scored: it could not have known. What the images show is told as the folder keeps it;
    `trust_anchors`, PEM files, have it looked at again. `note` hears of it where it takes long.
    What the file `known` expects to be broken fails nothing; without one, the file of which the
    folders keep a copy, and `known_otherwise` where none does: so an old run says what it said.

    Raises UsageError for a folder that no run has written, a provider that is in two of them, a
    benchmark beside another run, a reference that was not measured, or one of these three for a run
    that is no benchmark, and for an unknown format or one without `out`; StoreError where `out`
    cannot be written.

        report("reports/2026-12-01T093000-live").why
    """
    _refuse_formats(formats, out)
    again = reread([Path(each) for each in (folder, *more)], specs)
    catalogue, documents = again.catalogue, again.documents
    header = judged_against(
        again.header,
        folder,
        slo=slo,
        reference=reference,
        exchange_rates=exchange_rates,
        known_rates=known_rates or {},
        refuse_unknown=catalogue.entry,
    )
    file = known if known is not None or any(again.known) else known_otherwise
    expected = known_of(file, again.known, catalogue)
    looking = Looking(
        anchors=read_anchors(trust_anchors) if trust_anchors else None,
        clean=cleaner(environment_keys(os.environ, catalogue), catalogue),
        note=note,
    )
    shown: list[Mapping[str, Inspection]] = []
    for path, each in zip(map(Path, (folder, *more)), again.runs, strict=True):
        keeps = out is not None and path.resolve() == Path(out).resolve()
        shown.append(inspected(each.records, path, looking, keep=keeps))
    target = None if out is None else Path(out)
    result = concluded(
        header,
        again.records,
        target,
        catalogue,
        inspections=all_of(shown),
        documents=documents,
        known=expected.entries,
        formats=formats,
    )
    if target is not None:
        expected.write(target)
    return result


def choose(  # noqa: PLR0913 - what a choice depends on
    workload: str | Path | Sequence[str],
    runs: Sequence[str | Path] = (),
    *,
    providers: Sequence[str] = (),
    specs: Sequence[Spec] = (),
    exchange_rates: Mapping[str, Rate] | None = None,
    known_rates: Mapping[str, Rate] | None = None,
    note: Callable[[str], None] = lambda _sentence: None,
) -> Choice:
    """Say which provider serves workloads as their file's `[purchase]` asks; send nothing.

    `workload` is a TOML file, or what `--workload` takes; `harness.spec.workload.purchase` says how
    a purchase is written. Without `runs`, benchmarks' folders that are judged again, the documents
    alone speak. All known providers are asked without `providers`, those of the `specs` included.
    `exchange_rates` and `known_rates` (of whoever is asked) say what a provider's unit is worth in
    US dollars; without one its price stays in its own unit, and is in no ranking. Raises UsageError
    as `report` does, and for a mistake in the file.

        choose("mine.toml", ["reports/2026-12-01T093000-live"]).sentence
    """
    words = [str(workload)] if isinstance(workload, str | Path) else [*workload]
    workloads, purchase = select_workloads(words), select_purchase(words)
    results = [report(each, specs=specs, note=note) for each in runs]
    catalogue = catalogue_of(specs)
    for name in exchange_rates or ():
        catalogue.entry(name)
    for sentence in catalogue.left_out(providers):
        note(sentence)
    names = catalogue.chosen(providers or (*catalogue.entries,))
    return chosen(
        workloads,
        [catalogue.provider(name) for name in names],
        purchase=purchase,
        runs=[run for result in results if (run := measured_run(result.report)) is not None],
        rates={**(known_rates or {}), **(exchange_rates or {})},
        unmeasured=[result.header.run for result in results if result.report.benchmark is None],
    )


def frames(
    run: RunResult | str | Path | Sequence[RunResult | str | Path],
    *,
    exchange_rates: Mapping[str, Rate] | None = None,
    write: bool = False,
) -> Frames:
    """Return a run as four tidy data frames: `attempts`, `verdicts`, `findings`, `prices`.

    Every column has a fixed type, and its unit in its name; `harness.report.frames.columns` says
    what each means. A folder is judged again, with today's checks. Of several runs (results,
    folders, or both) the rows stand below each other, and a column `run` comes first: the run's id,
    or its folder where two have one id. `exchange_rates` say what one unit of a provider's price is
    worth in US dollars, by provider, beside those that a benchmark knows. With `write`, all four
    stand as CSV and Parquet in the run folder, each in its own. Raises UsageError as `report` does,
    and where there is no folder to write into or pyarrow is missing; StoreError where the folder
    cannot be written.

        frames("reports/2026-12-01T093000-live").attempts.groupby("provider").seconds_to_images.median()
    """
    if not isinstance(run, RunResult | str | Path):
        results = [_judged(each) for each in run]
        made = [tables_of(each.records, each.report, exchange_rates or {}) for each in results]
        if write:
            for result, tables in zip(results, made, strict=True):
                _write(framed(tables), result)
        names = run_names((each.header.run, each.folder) for each in results)
        return framed(joined_tables(zip(names, made, strict=True)), several=True)
    result = _judged(run)
    one = framed(tables_of(result.records, result.report, exchange_rates or {}))
    if write:
        _write(one, result)
    return one


def _judged(run: RunResult | str | Path) -> RunResult:
    return run if isinstance(run, RunResult) else replace(report(run), folder=Path(run))


def _write(frames: Frames, result: RunResult) -> None:
    if result.folder is None:
        raise UsageError("this run has no folder to write its frames into")
    frames.write(result.folder)


def explain(
    provider: Provider | str,
    arguments: Mapping[str, Json] | None = None,
    *,
    body: Mapping[str, Json] | None = None,
    operation: str | None = None,
    specs: Sequence[Spec] = (),
) -> Explanation:
    """Say whether a request is within a provider's documents, and what is nearest if not.

    Nothing is sent. `arguments` are in canonical words and ask about a part of a request: a plain
    prompt, model, mode and image stand in where they are needed and not given. A `body` is taken as
    it is: canonical arguments, or the provider's wire body. With both, the arguments override it.
    Without an operation it is the one that the body or the arguments fit. Any text is taken as an
    operation or parameter, for the documents to judge. Raises UsageError where neither is given, or
    no operation of the provider has such a body.

        explain("nanobanana", {"size": "3840x1024", "n": 2}).verdict  # "refused"
    """
    if isinstance(provider, Provider):
        documents = provider
    else:
        documents = catalogue_of(specs).provider(provider) if specs else load_provider(provider)
    if body is None:
        if not arguments and operation is None:
            raise UsageError("no request is given", hint='like explain("buble", {"n": 2})')
        request = with_plain_values(documents, operation, present(arguments or {}))
    else:
        (request,) = from_body([documents], operation, body, over=arguments or {}, where="body")
    return explained(
        documents,
        request.operation,
        request.arguments,
        unknown=request.unknown,
        odd=request.odd,
    )


def inspect(  # noqa: PLR0913 - what is inspected, and beside what
    files: Sequence[str | Path],
    *,
    asked: Sequence[str] | Mapping[str, Json] = (),
    usage: int | None = None,
    trust_anchors: Sequence[str | Path] = (),
    provider: Provider | str | None = None,
    specs: Sequence[Spec] = (),
    note: Callable[[str], None] = lambda _sentence: None,
) -> FilesInspected:
    """Say what image files show, and whether they were really drawn as asked; send nothing.

    A folder stands for the images in it and below it. `asked` are arguments of the request
    (`{"size": "1024x1024", "quality": "high"}`), or texts of them; `usage` are the output tokens of
    the one reply that all files are from. They are laid beside what the maker of the provider's
    model counts and signs: that of OpenAI's own, without a provider. Who signed is checked against
    `trust_anchors`, PEM files. `note` hears of it where it takes long.

    What a path or a file holds is a value (`others`, `contradictions`), never an exception. Raises
    UsageError for arguments that no image can be compared with, an unknown provider, and a trust
    list that cannot be read.

        inspect(["a.png"], asked={"size": "1024x1024", "quality": "high"}, usage=1756).answer
    """
    chosen = provider if provider is not None or specs else "openai"
    documents = chosen if isinstance(chosen, Provider) else found(chosen, specs)[1].provider
    return inspect_files(
        files,
        documents,
        asked=asked,
        usage=usage,
        anchors=read_anchors(trust_anchors),
        note=note,
    )


def _refuse_formats(names: Sequence[str], out: str | Path | None) -> None:
    """Raise UsageError for an unknown format on request, and where there is no folder for one."""
    refuse_unknown_formats(names)
    if names and out is None:
        raise UsageError(
            f"--format {names[0]}: there is no folder to write it into",
            hint="name one with --out DIR",
        )
