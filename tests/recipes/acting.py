"""The action's steps, and what they come to with given inputs."""

from tests.recipes.ci import ROOT, Machine, filled, loaded

ACTION = loaded(ROOT / "action.yml")
STEPS = {step.get("id", f"{number}"): step for number, step in enumerate(ACTION["runs"]["steps"])}
SETUP, INSTALL, RUN, UPLOAD, END = STEPS.values()
SMALL = "--max-requests\n\n  16\n--time-scale\n0"


def inputs(**given: str) -> dict[str, str]:
    """Return the inputs as `inputs.NAME`, with the defaults of those that are not given."""
    named = {name.replace("_", "-"): text for name, text in given.items()}
    assert named.keys() <= ACTION["inputs"].keys()
    return {
        f"inputs.{name}": named.get(name, about["default"])
        for name, about in ACTION["inputs"].items()
    }


def acted(machine: Machine, **given: str) -> dict[str, str]:
    """Run the action after its installation and return its outputs; `code` is how it ends."""
    context = {**inputs(**given), "steps.install.outputs.bin": str(machine.place / "path")}
    assert machine.step(RUN, context) == 0, machine.said
    code = machine.run(END["run"], CODE=filled(END["env"]["CODE"], context, machine.work))
    outputs = {
        name: filled(about["value"], context, machine.work)
        for name, about in ACTION["outputs"].items()
    }
    return {**outputs, "code": str(code)}
