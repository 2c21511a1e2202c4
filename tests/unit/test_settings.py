"""Settings: read once, checked together, secrets kept; and the page that explains them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.settings import EMBEDDED, Settings, SettingsError, load

EXAMPLE = Path(__file__).parents[2] / ".env.example"

PRODUCTION = {
    "DJANGO_ENV": "production",
    "DJANGO_SECRET": "a-long-secret-of-production",
    "REDIS_URL": "redis://:cache-password@cache:6379/0",
    "REDIS_STATE_URL": "rediss://:state-password@state:6379/0",
    "MYCREDEX_APP_URL": "https://core.example/v1",
    "CLIENT_API_KEY": "a-long-key-of-production",
    "CREDEX_WEBHOOK_SECRET": "a-long-webhook-secret",
    "WHATSAPP_API_URL": "https://graph.facebook.com/v25.0/",
    "WHATSAPP_ACCESS_TOKEN": "a-long-token-of-production",
    "WHATSAPP_PHONE_NUMBER_ID": "109876543210987",
    "WHATSAPP_BUSINESS_ID": "987654321098765",
    "WHATSAPP_APP_SECRET": "a-long-app-secret-of-production",
    "WHATSAPP_VERIFY_TOKEN": "a-long-verify-token",
}
SECRETS = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]


def made(**environment: str) -> Settings:
    """Settings from these variables alone: no developer's environment, no developer's file."""
    return load(environment, env_file=None)


def problems(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        made(**environment)
    return [line.removeprefix("  - ") for line in str(refused.value).splitlines() if line.startswith("  - ")]


# -- development ----------------------------------------------------------------------------------------------------


def test_development_starts_with_nothing_set() -> None:
    """It talks to the simulator, with a Redis inside the process."""
    settings = made()
    assert settings.django_env == "development"
    assert (settings.redis_url, settings.redis_state_url) == (EMBEDDED, EMBEDDED)
    assert settings.whatsapp_api_url.startswith("http://127.0.0.1:")
    assert settings == Settings()


def test_a_variable_is_read_by_its_name_and_what_is_none_of_ours_is_not(tmp_path: Path) -> None:
    """The environment wins over the file; what is empty counts as not set; other variables are nobody's business."""
    file = tmp_path / "env"
    file.write_text("PORT=9000\nDEBUG=True\nDJANGO_SECRET=\nHOME=/nowhere\n", "utf-8")
    settings = load({"PORT": "9001", "HOST": "", "PATH": "/bin"}, env_file=file)
    assert (settings.port, settings.debug, settings.host) == (9001, True, "127.0.0.1")
    assert settings.django_secret == Settings().django_secret
    assert load({}, env_file=tmp_path / "missing") == Settings()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """And nothing starts on half of a configuration."""
    file = tmp_path / "mine.env"
    file.write_bytes(b"PORT=\xff\n")
    with pytest.raises(SettingsError, match=r"mine\.env cannot be read, and nothing was started"):
        load({}, env_file=file)


def test_the_example_can_be_copied_as_it_is() -> None:
    """Copied to .env it changes nothing."""
    assert load({}, env_file=EXAMPLE) == Settings()


def test_an_address_ends_with_a_slash_so_that_names_can_be_joined_to_it() -> None:
    """Its prefix is kept."""
    settings = made(MYCREDEX_APP_URL="https://core.example/v1", WHATSAPP_API_URL="https://graph.facebook.com/v25.0")
    assert settings.mycredex_app_url == "https://core.example/v1/"
    assert settings.whatsapp_api_url == "https://graph.facebook.com/v25.0/"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("DJANGO_ENV", "staging", "must be 'development' or 'production'"),
        ("DEBUG", "perhaps", "must be True or False"),
        ("PORT", "0", "must be at least 1"),
        ("PORT", "eighty", "must be a whole number"),
        ("REDIS_URL", "http://cache:6379", "must look like redis://"),
        ("REDIS_STATE_URL", "redis://", "must look like redis://"),
        ("REDIS_STATE_URL", "rediss+cluster://state:6379", "the state cannot be a cluster"),
        ("REDIS_URL", "rediss+cluster://", "must look like redis://"),
        ("REDIS_MAX_CONNECTIONS", "1", "must be at least 2"),
        ("REDIS_TIMEOUT_SECONDS", "0", "must be more than 0"),
        ("REDIS_TIMEOUT_SECONDS", "soon", "must be a number"),
        ("MYCREDEX_APP_URL", "core.example/v1/", "must be an http:// or https:// address"),
        ("WHATSAPP_API_URL", "https://graph.facebook.com/", "must end with the Graph API version"),
        ("WHATSAPP_PHONE_NUMBER_ID", "+263 77", "must be the digits"),
        ("WHATSAPP_BUSINESS_ID", "١٢٣", "must be the digits"),
        ("WHATSAPP_MESSAGES_PER_SECOND", "1001", "must be at most 1000"),
        ("CREDEX_CALLS_PER_MINUTE", "0", "must be at least 1"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_should_be(name: str, value: str, problem: str) -> None:
    """By the variable's name, and alone."""
    (line,) = problems(**{name: value})
    assert line.startswith(f"{name}: ")
    assert problem in line


def test_forms_need_their_ids() -> None:
    """Whoever asks by forms says which, of persons and of businesses, and is told where the ids come from."""
    ids = {"WHATSAPP_REGISTRATION_FLOW_ID": "123", "WHATSAPP_COMPANY_REGISTRATION_FLOW_ID": "456"}
    needed = "is needed when USE_PROGRESSIVE_FLOW is False (`python -m service whatsapp setup`)"
    assert problems(USE_PROGRESSIVE_FLOW="False") == [f"{name}: {needed}" for name in ids]
    for name in ids:
        others = {other: value for other, value in ids.items() if other != name}
        assert problems(USE_PROGRESSIVE_FLOW="False", **others) == [f"{name}: {needed}"]
    assert not made(USE_PROGRESSIVE_FLOW="False", **ids).use_progressive_flow


# -- production -----------------------------------------------------------------------------------------------------


def test_production_starts_with_all_that_it_needs() -> None:
    """Nothing else has to be set."""
    settings = made(**PRODUCTION)
    assert settings.production
    assert settings.django_secret.get_secret_value() == PRODUCTION["DJANGO_SECRET"]


@pytest.mark.parametrize("name", sorted(PRODUCTION.keys() - {"DJANGO_ENV"}))
def test_production_refuses_to_start_without_any_of_them(name: str) -> None:
    """What serves development would be a hole, or a loss, in production."""
    without = {other: value for other, value in PRODUCTION.items() if other != name}
    assert [line.split(":")[0] for line in problems(**without)] == [name]


@pytest.mark.parametrize("name", ["REDIS_URL", "REDIS_STATE_URL"])
def test_production_refuses_a_redis_that_forgets_everything_at_exit(name: str) -> None:
    """Also when it is asked for by name."""
    (line,) = problems(**{**PRODUCTION, name: EMBEDDED})
    assert line.startswith(f"{name}: embedded:// forgets everything")


def test_production_refuses_one_redis_for_both() -> None:
    """One evicts, the other must not."""
    (line,) = problems(**{**PRODUCTION, "REDIS_STATE_URL": PRODUCTION["REDIS_URL"]})
    assert line.startswith("REDIS_STATE_URL: must be another instance")


@pytest.mark.parametrize("name", ["DJANGO_SECRET", "CLIENT_API_KEY", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"])
def test_production_refuses_a_short_secret(name: str) -> None:
    """It could be guessed."""
    (line,) = problems(**{**PRODUCTION, name: "x" * 15})
    assert line == f"{name}: must have at least 16 characters in production"


def test_production_refuses_plain_http_and_debug() -> None:
    """Members' money is at stake."""
    changes = {"MYCREDEX_APP_URL": "http://core/v1/", "WHATSAPP_API_URL": "http://graph/v25.0/", "DEBUG": "True"}
    assert problems(**{**PRODUCTION, **changes}) == [
        "MYCREDEX_APP_URL: must be https:// in production",
        "WHATSAPP_API_URL: must be https:// in production",
        "DEBUG: must be False in production",
    ]


def test_all_problems_are_told_at_once() -> None:
    """Wrong values, missing ones, and those that do not go together."""
    told = problems(DJANGO_ENV="production", PORT="0", REDIS_URL="ftp://x", DEBUG="True", USE_PROGRESSIVE_FLOW="False")
    named = [line.split(":")[0] for line in told]
    needed = PRODUCTION.keys() - {"DJANGO_ENV"} | {"PORT", "DEBUG", "WHATSAPP_REGISTRATION_FLOW_ID"}
    needed |= {"WHATSAPP_COMPANY_REGISTRATION_FLOW_ID"}
    assert sorted(named) == sorted(needed)


def test_a_problem_says_that_nothing_was_started_and_where_to_look() -> None:
    """And how many there are."""
    with pytest.raises(SettingsError, match="has 1 problem; nothing was started"):
        made(PORT="0")
    with pytest.raises(SettingsError, match=r"has 2 problems(.|\n)*\.env\.example explains each"):
        made(PORT="0", DEBUG="?")


# -- secrets --------------------------------------------------------------------------------------------------------


def test_there_are_secrets() -> None:
    """So that the rules below are about something."""
    assert {"django_secret", "client_api_key", "whatsapp_access_token", "whatsapp_app_secret"} <= set(SECRETS)


def test_no_secret_is_in_the_repr() -> None:
    """Neither the secrets nor the passwords of Redis."""
    shown = f"{made(**PRODUCTION)!r} {made(**PRODUCTION)}"
    for secret in [*(PRODUCTION[name.upper()] for name in SECRETS), "cache-password", "state-password"]:
        assert secret not in shown


def test_no_secret_is_in_the_text_of_an_error() -> None:
    """Nor in what it came from."""
    short = {name.upper(): f"hush{number}" for number, name in enumerate(SECRETS)}
    redis = {"REDIS_URL": "hush://:hush@cache", "REDIS_STATE_URL": "hush://:hush@state"}
    with pytest.raises(SettingsError) as refused:
        made(**{**PRODUCTION, **short, **redis, "PORT": "hush", "MYCREDEX_APP_URL": "hush"})
    assert "hush" not in f"{refused.value} {refused.value!r} {refused.value.__cause__!r} {refused.value.__context__!r}"


def test_settings_cannot_be_changed() -> None:
    """They are read once."""
    with pytest.raises(ValueError, match="frozen"):
        made().port = 1


# -- .env.example ---------------------------------------------------------------------------------------------------


def explained() -> dict[str, str]:
    """Each variable of the example with the comment right above it."""
    found: dict[str, str] = {}
    comment = ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if line.startswith("# ") and not line.startswith("# ---"):
            comment = f"{comment} {line[2:]}".strip()
        elif match := re.fullmatch(r"([A-Z0-9_]+)=.*", line):
            found[match[1]], comment = comment, ""
        else:
            comment = ""
    return found


def test_every_variable_is_in_the_example_and_no_other() -> None:
    """Under the name by which it is read."""
    assert sorted(explained()) == sorted(name.upper() for name in Settings.model_fields)


def test_every_variable_of_the_example_has_a_comment() -> None:
    """Its own."""
    assert [name for name, comment in explained().items() if len(comment) < 10] == []


def test_the_example_says_which_variables_production_needs() -> None:
    """Just those without which it refuses to start."""
    needed = {name for name, comment in explained().items() if comment.startswith("Needed in production")}
    assert needed == set(PRODUCTION)
