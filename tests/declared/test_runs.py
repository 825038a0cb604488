"""A run against a server of a provider that no package ships, by its TOML alone."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from harness import api
from harness.core.errors import UsageError
from harness.planning.options import Options, Output, RunLimits, Target
from harness.report.summary_schema import schema_text
from tests.declared.fluxo import TOML, fluxo
from tests.declared.server import KEY, Fluxo, serving

ENVIRONMENT = {fluxo().auth.env: KEY.removeprefix("Key ")}


def run_of(server: Fluxo, out: Path, *operations: str, **limits: int) -> api.RunResult:
    """Run what a user would, at a server on loopback."""
    with serving(server) as base_url:
        target = Target(
            specs=(TOML,), operations=operations, against="live", base_urls={"fluxo": base_url}
        )
        bounds = RunLimits(budgets={"fluxo": Decimal(50)}, **limits)
        options = Options(target=target, limits=bounds, output=Output(out=out))
        return api.run(options, environment=ENVIRONMENT)


def blamed(result: api.RunResult) -> set[tuple[str | None, str]]:
    """What the findings name: a rule, and the check that it broke."""
    findings = (shown.finding for shown in result.report.findings)
    return {(finding.constraint, finding.check) for finding in findings}


def test_a_faultless_server_has_no_finding(tmp_path: Path) -> None:
    server = Fluxo()
    result = run_of(server, tmp_path / "run", "generate", max_images=40)

    assert blamed(result) == set()
    assert result.exit_code == 0
    assert {path for path, _ in server.requests} == {"/fluxo/v1"}
    sent = set().union(*(body for _, body in server.requests))
    assert sent >= {"guidance_scale", "negative_prompt", "seed", "image_size", "extra"}
    held = {verdict.constraint for verdict in result.report.verdicts if verdict.status == "pass"}
    assert held >= {
        "guidance_scale.range", "guidance_scale.number", "seed.range", "negative_prompt.max_length",
        "loras.array", "loras.count", "layout.object", "safety_checker.boolean", "size.max_edge",
    }  # fmt: skip


def test_faults_at_declared_parameters_are_found_by_name(tmp_path: Path) -> None:
    faults = ("guidance_above", "seed_null_refused", "loras_alone", "layout_as_text", "size_turned")
    result = run_of(Fluxo(faults=frozenset(faults)), tmp_path / "run", "text_to_image")

    assert result.exit_code == 1
    assert blamed(result) == {
        ("guidance_scale.range", "refuses_what_it_forbids"),
        ("seed.nullable", "accepts_what_it_documents"),
        ("loras.array", "refuses_what_it_forbids"),
        ("layout.object", "refuses_what_it_forbids"),
        ("size.format", "images_have_the_asked_dimensions"),
    }


def test_the_report_orders_declared_parameters_and_its_summary_keeps_the_schema(
    tmp_path: Path,
) -> None:
    result = run_of(Fluxo(), tmp_path / "run", "text_to_image", max_images=10)
    rows = [row for row in result.report.matrix.rows if row.kind == "constraint"]
    parameters = list(dict.fromkeys(row.parameter for row in rows))
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())

    assert parameters == [
        "prompt", "n", "size", "negative_prompt", "guidance_scale", "seed", "loras",
        "layout", "safety_checker", "acceleration", "auth",
    ]  # fmt: skip
    Draft202012Validator(json.loads(schema_text())).validate(summary)


def test_an_operation_that_the_provider_has_not_is_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    server = Fluxo()
    with pytest.raises(UsageError, match="--operation text_to_imge: no such operation at fluxo"):
        run_of(server, tmp_path / "run", "text_to_imge")

    assert server.requests == []
