"""A cloud without credentials is one line; nothing is asked of a cloud."""

from pathlib import Path

import pytest

from orchestrator.training.driver import credentials
from orchestrator.training.driver.credentials import check_credentials
from trainable.errors import UserError


@pytest.fixture
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom no cloud knows, on a machine that is none of a cloud's."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_PROFILE",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))


def test_who_has_no_aws_credentials_is_told(nobody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no AWS credentials are here: `aws configure`"):
        check_credentials("aws")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    check_credentials("aws")


@pytest.mark.parametrize(("provider", "package"), [("aws", "boto3"), ("gcp", "google-api-python-client")])
def test_a_missing_client_is_named(provider: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=f"{package} is missing: pip install"):
        check_credentials(provider)


def test_other_providers_need_none() -> None:
    check_credentials("local")
