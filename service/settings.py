"""Settings: environment variables, read once and checked together.

The names are those of existing deployments; ``DJANGO_SECRET`` and ``DJANGO_ENV`` are kept for them although there is
no Django here any more. Development needs none: the defaults talk to the simulator's well-known invented values.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

_ENV_FILE: Final = Path(".env")
EMBEDDED: Final = "embedded://"
"""A Redis inside the process (fakeredis): for development and tests only."""

_REDIS_SCHEMES: Final = {"redis", "rediss", "unix"}
_CLUSTER_SCHEMES: Final = {"redis+cluster", "rediss+cluster"}
_DEVELOPMENT_SECRETS: Final = {
    "django_secret": "development-secret-that-is-not-secret",
    "client_api_key": "development-api-key",
    "credex_webhook_secret": "development-webhook-secret",
    "whatsapp_access_token": "development-access-token",
    "whatsapp_app_secret": "development-app-secret",
    "whatsapp_verify_token": "development-verify-token",
}
_DEVELOPMENT_IDS: Final = {
    "whatsapp_phone_number_id": "506914307656634",
    "whatsapp_business_id": "215589313241560883",
}
_LEAST_SECRET: Final = 16
_WRONG: Final = {
    "bool_parsing": "must be True or False",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
}
"""Our texts for pydantic's errors, by their type."""


class SettingsError(ValueError):
    """The configuration is wrong; the text lists every problem and never a secret's value."""


def _development(name: str) -> SecretStr:
    return SecretStr(_DEVELOPMENT_SECRETS[name])


class Settings(BaseSettings):
    """The configuration. Each field is the environment variable of the same name in capitals.

    The constructor takes arguments and defaults only; `load` reads the environment.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    django_env: Literal["development", "production"] = "development"
    debug: bool = False
    django_secret: SecretStr = _development("django_secret")
    release: str = "unknown"
    environment: str = ""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000

    redis_url: Annotated[str, Field(repr=False)] = EMBEDDED  # it may hold a password
    redis_state_url: Annotated[str, Field(repr=False)] = EMBEDDED
    redis_max_connections: Annotated[int, Field(ge=2, le=1000)] = 50
    redis_timeout_seconds: Annotated[float, Field(gt=0, le=30)] = 2.0

    mycredex_app_url: str = "http://127.0.0.1:8001/v1/"
    client_api_key: SecretStr = _development("client_api_key")
    credex_webhook_secret: SecretStr = _development("credex_webhook_secret")
    credex_calls_per_minute: Annotated[int, Field(ge=1, le=100_000)] = 50

    whatsapp_api_url: str = "http://127.0.0.1:8001/v25.0/"
    whatsapp_access_token: SecretStr = _development("whatsapp_access_token")
    whatsapp_phone_number_id: str = _DEVELOPMENT_IDS["whatsapp_phone_number_id"]
    whatsapp_business_id: str = _DEVELOPMENT_IDS["whatsapp_business_id"]
    whatsapp_app_secret: SecretStr = _development("whatsapp_app_secret")
    whatsapp_verify_token: SecretStr = _development("whatsapp_verify_token")
    whatsapp_messages_per_second: Annotated[int, Field(ge=1, le=1000)] = 80

    use_progressive_flow: bool = True
    whatsapp_registration_flow_id: str = ""
    whatsapp_company_registration_flow_id: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the shape that pydantic-settings calls, here and below
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Reads nothing but the arguments."""
        return (init_settings,)

    @field_validator("redis_url")
    @classmethod
    def _cache_redis(cls, url: str) -> str:
        if urlsplit(url).scheme in _CLUSTER_SCHEMES and urlsplit(url).hostname:
            return url
        return _redis(url, "redis://host:6379/0, rediss://…, rediss+cluster://…, or embedded:// (development only)")

    @field_validator("redis_state_url")
    @classmethod
    def _state_redis(cls, url: str) -> str:
        if urlsplit(url).scheme in _CLUSTER_SCHEMES:
            raise ValueError("the state cannot be a cluster: one instance keeps it, and only the cache may be one")
        return _redis(url, "redis://host:6379/0, rediss://…, or embedded:// (development only)")

    @field_validator("mycredex_app_url", "whatsapp_api_url")
    @classmethod
    def _http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an http:// or https:// address with its prefix, e.g. https://host/v1/")
        return url if url.endswith("/") else f"{url}/"

    @field_validator("whatsapp_api_url")
    @classmethod
    def _versioned(cls, url: str) -> str:
        if not re.search(r"/v[0-9]+\.[0-9]+/$", url):
            raise ValueError("must end with the Graph API version, e.g. https://graph.facebook.com/v25.0/")
        return url

    @field_validator("whatsapp_phone_number_id", "whatsapp_business_id")
    @classmethod
    def _digits(cls, value: str) -> str:
        if not value.isdecimal() or not value.isascii():
            raise ValueError("must be the digits that Meta shows in the app dashboard")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        problems = [*self._missing_forms(), *(self._unfit_for_production() if self.production else ())]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def production(self) -> bool:
        """Whether members' money is at stake."""
        return self.django_env == "production"

    def _missing_forms(self) -> list[str]:
        if self.use_progressive_flow:
            return []
        return [
            f"{name.upper()}: is needed when USE_PROGRESSIVE_FLOW is False (`python -m service whatsapp setup`)"
            for name in ("whatsapp_registration_flow_id", "whatsapp_company_registration_flow_id")
            if not getattr(self, name)
        ]

    def _unfit_for_production(self) -> list[str]:
        problems = []
        for name, invented in _DEVELOPMENT_SECRETS.items():
            secret: SecretStr = getattr(self, name)
            if secret.get_secret_value() == invented:
                problems.append(f"{name.upper()}: is needed in production (it has its development value)")
            elif name != "whatsapp_access_token" and len(secret.get_secret_value()) < _LEAST_SECRET:
                problems.append(f"{name.upper()}: must have at least {_LEAST_SECRET} characters in production")
        problems += [
            f"{name.upper()}: is needed in production (it has its development value)"
            for name, invented in _DEVELOPMENT_IDS.items()
            if getattr(self, name) == invented
        ]
        problems += [
            f"{name.upper()}: embedded:// forgets everything at exit and is refused in production"
            for name in ("redis_url", "redis_state_url")
            if getattr(self, name) == EMBEDDED
        ]
        if self.redis_url == self.redis_state_url != EMBEDDED:
            problems.append("REDIS_STATE_URL: must be another instance than REDIS_URL (one evicts, the other must not)")
        problems += [
            f"{name.upper()}: must be https:// in production"
            for name in ("mycredex_app_url", "whatsapp_api_url")
            if urlsplit(getattr(self, name)).scheme != "https"
        ]
        if self.debug:
            problems.append("DEBUG: must be False in production")
        return problems


def _redis(url: str, known: str) -> str:
    parts = urlsplit(url)
    if url != EMBEDDED and (parts.scheme not in _REDIS_SCHEMES or not (parts.hostname or parts.path)):
        raise ValueError(f"must look like {known}")
    return url


def load_for_setup() -> Settings:
    """As `load`, but the ids of the forms, which the set-up finds out, may be missing."""
    return load({**os.environ, "USE_PROGRESSIVE_FLOW": "True"})


def load(environment: Mapping[str, str] = os.environ, *, env_file: Path | None = _ENV_FILE) -> Settings:
    """Read the settings from the environment and, for what is not set there, from a file, which need not be there.

    A variable that is empty counts as not set, so that `.env.example` can be copied as it is.

    Raises:
        SettingsError: the file cannot be read; or listing every problem at once, by the variable's name, without any
            secret's value.
    """
    given = _from_file(env_file)
    given |= {name: value for name in Settings.model_fields if (value := environment.get(name.upper()))}
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = _problems(error)
    # Rules between fields are checked only once each field is right by itself: check them with the wrong ones unset.
    unset = {name: Settings.model_fields[name].get_default() for name in problems if name in Settings.model_fields}
    try:
        Settings(**{**given, **unset})
    except ValidationError as error:
        between = [line for line in _problems(error).get("", ()) if line.split(":")[0].lower() not in problems]
        problems[""] = between
    lines = [line for found in problems.values() for line in found]
    listed = "\n".join(f"  - {line}" for line in lines)
    raise SettingsError(
        f"The configuration has {len(lines)} problem{'s'[: len(lines) != 1]}; nothing was started:\n{listed}\n"
        "Set the variables in the environment or in .env; .env.example explains each."
    )


def _from_file(env_file: Path | None) -> dict[str, Any]:
    try:
        return DotEnvSettingsSource(Settings, env_file=env_file, env_file_encoding="utf-8", env_ignore_empty=True)()
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"{env_file} cannot be read, and nothing was started: {error}") from error


def _problems(error: ValidationError) -> dict[str, list[str]]:
    """Lines to show, by field; those of rules between fields under the empty name."""
    found: dict[str, list[str]] = {}
    for problem in error.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in problem["loc"])
        ours = _WRONG.get(problem["type"])
        text = problem["msg"].removeprefix("Value error, ") if ours is None else ours.format(**problem.get("ctx", {}))
        found.setdefault(name, []).extend([f"{name.upper()}: {text}"] if name else text.splitlines())
    return found
