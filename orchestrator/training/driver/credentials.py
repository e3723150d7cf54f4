"""Whether `ray` can speak for the user to a cloud: it says so itself, but in a traceback."""

from collections.abc import Callable
from importlib.util import find_spec

from trainable.errors import UserError


def check_credentials(provider: str) -> None:
    """Refuse a cloud for which no credentials are here; nothing is sent to it.

    Raises:
        UserError: says how to get some.
    """
    if check := CHECKS.get(provider):
        check()


def _aws() -> None:
    if find_spec("boto3") is None:
        raise UserError("boto3 is missing: pip install -c cluster/constraints.txt boto3")
    import boto3  # type: ignore[import-untyped, unused-ignore]

    if boto3.Session().get_credentials() is None:
        raise UserError(
            "no AWS credentials are here: `aws configure` makes some, or set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )


def _gcp() -> None:
    if find_spec("googleapiclient") is None:
        raise UserError(
            "google-api-python-client is missing: pip install google-api-python-client google-auth"
        )
    import google.auth  # type: ignore[import-not-found, unused-ignore]

    try:
        google.auth.default()
    except google.auth.exceptions.DefaultCredentialsError as error:
        raise UserError(
            "no Google Cloud credentials are here: `gcloud auth application-default login` makes some"
        ) from error


CHECKS: dict[str, Callable[[], None]] = {"aws": _aws, "gcp": _gcp}
