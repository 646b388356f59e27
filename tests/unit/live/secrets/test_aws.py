import traceback

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from quorate.errors import SecretsError, SecretsUnavailableError
from quorate.live.secrets.aws import AwsSecrets
from quorate.live.secrets.entry import Scope, SecretKind, Slot
from quorate.live.secrets.secret import Secret
from quorate.live.secrets.vault import Vault

pytestmark = pytest.mark.slow  # the library takes a second to load

ONE, TWO = (Secret(f"canary-token-{word}-5521") for word in ("one", "two"))


@pytest.fixture(scope="module")
def client():
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="eu-central-1")


@pytest.fixture
def made(client, request):
    """Return what makes a backing, below a path of this test's."""
    return lambda: AwsSecrets(request.node.name[:60], client=client)


def test_slots_live_there_as_in_files(made, clock, tmp_path):
    def vault():
        return Vault(made(), tmp_path / "desk" / "enrolment.json", clock, lambda: "this box")

    assert vault().set("hook", SecretKind.TOKEN, ONE) is Slot.CURRENT
    assert vault().set("hook", SecretKind.TOKEN, TWO) is Slot.NEXT
    vault().rotate("hook", grace_ms=1000)
    assert vault().open().active("hook") == (TWO, ONE)
    with pytest.raises(SecretsError, match="not enrolled"):
        vault().open(Scope.TRADE)
    vault().enrol("ann")
    assert vault().open(Scope.TRADE).entries() == ()


def test_of_two_who_change_it_at_once_one_is_told(made):
    one, other = made(), made()
    one.save(Scope.READ_ONLY, "first", "")
    with pytest.raises(SecretsError, match="changed by another"):
        other.save(Scope.READ_ONLY, "lost", "")
    seen = other.load(Scope.READ_ONLY)
    one.save(Scope.READ_ONLY, "second", seen.version)
    with pytest.raises(SecretsError, match="changed by another"):
        other.save(Scope.READ_ONLY, "lost", seen.version)
    assert one.load(Scope.READ_ONLY).text == "second"
    one.save(Scope.READ_ONLY, "third", one.load(Scope.READ_ONLY).version)
    assert other.load(Scope.READ_ONLY).text == "third"


def failing(error):
    class Client:
        exceptions = type("E", (), {"ResourceNotFoundException": KeyError})

        def get_secret_value(self, **_):
            raise error

    return AwsSecrets("quorate", client=Client())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ThrottlingException", SecretsUnavailableError),
        ("InternalServiceError", SecretsUnavailableError),
        ("AccessDeniedException", SecretsError),
        ("DecryptionFailure", SecretsError),
    ],
)
def test_what_is_refused_is_told_from_what_may_be_asked_again(code, kind):
    said = {"Error": {"Code": code, "Message": ONE.reveal()}}
    with pytest.raises(SecretsError) as found:
        failing(ClientError(said, "GetSecretValue")).load(Scope.READ_ONLY)
    assert type(found.value) is kind
    assert code in found.value.message
    assert ONE.reveal() not in "".join(traceback.format_exception(found.value))


def test_no_answer_may_be_asked_again():
    with pytest.raises(SecretsUnavailableError):
        failing(EndpointConnectionError(endpoint_url="https://x")).load(Scope.READ_ONLY)
