"""The recipes are valid by the schemas that their platforms publish."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.recipes.ci import ROOT

SCHEMAS = Path(__file__).with_name("schemas")
FILES = {
    "action.yml": "github-actions",
    "recipes/github/canary.yml": "github-workflows",
    "recipes/github/conformance.yml": "github-workflows",
    "recipes/github/replay.yml": "github-workflows",
    "recipes/gitlab/.gitlab-ci.yml": "gitlab-ci",
}


def mistakes(schema: str, content: object) -> list[str]:
    validator = Draft7Validator(json.loads((SCHEMAS / f"{schema}.json").read_text()))
    return [error.message for error in validator.iter_errors(content)]


def content_of(name: str) -> dict[str, Any]:
    """Return a file as GitHub and GitLab read it: `on` is no boolean."""
    content = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return {"on" if key is True else str(key): value for key, value in content.items()}


@pytest.mark.parametrize(("name", "schema"), FILES.items())
def test_each_file_is_valid_by_its_platforms_schema(name: str, schema: str) -> None:
    found = mistakes(schema, content_of(name))

    assert found == []


@pytest.mark.parametrize(("name", "schema"), FILES.items())
def test_a_file_with_a_mistake_is_not(name: str, schema: str) -> None:
    content = content_of(name)
    wrong = {"runs": {"using": "magic"}, "jobs": {"a": {"steps": 1}}, "replay": {"script": 1}}
    found = mistakes(schema, {**content, **{k: v for k, v in wrong.items() if k in content}})

    assert found
