"""What a run is, as its manifest says it."""

from orchestrator.legs.manifest import environment


def test_the_environment_names_versions_and_hardware() -> None:
    found = environment()
    assert found["ray"] == "2.60.0"
    assert found["torch"].startswith("2.13.0")
    assert " x " in found["cpus"]
    assert found["git commit"]
