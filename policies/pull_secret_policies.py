"""The policies, each with what it takes from the pack's configuration.

What each asks is in pull_secret_rules.py; here the SDK's resources become plain values. A value that only an up knows
makes the SDK tell, in a preview, that the policy waits for the up.
"""

from collections.abc import Iterator
from datetime import date, datetime, timezone
from pathlib import Path

from pull_secret_rules import (
    credentials,
    detached_accounts,
    endless_retired_secrets,
    plain_passwords,
    unlisted_registries,
    wide_admins,
)
from pulumi_policy import (
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

COMPONENT = "image-pull-secrets:index:ImagePullSecrets"
SECRET = "kubernetes:core/v1:Secret"


def _no_plain_password(args: StackValidationArgs, report: ReportViolation) -> None:
    folder = (Path(__file__).parent / args.get_config()["project"]).resolve()
    for file in [*folder.glob("Pulumi.yaml"), *sorted(folder.glob("Pulumi.*.yaml"))]:
        try:
            for key in plain_passwords(file.read_text(encoding="utf-8")):
                report(f"{file.name}: {key} is in plain text; pulumi config set --secret --path encrypts it", None)
        except (OSError, ValueError) as error:
            report(f"{file.name} can't be read: {error}", None)


def _allowed_registries(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if not _is_secret_of_ours(args):
        return
    try:
        hosts = [host for host, _ in credentials(args.props["data"])]
    except ValueError as error:
        report(str(error), None)
        return
    for complaint in unlisted_registries(hosts, args.get_config()["registries"]):
        report(complaint, None)


def _no_detach(args: StackValidationArgs, report: ReportViolation) -> None:
    config = args.get_config()
    for component in _components(args):
        for complaint in detached_accounts(
            component.props["attached"],
            stack=component.urn.split("::")[0].rpartition(":")[2],
            stacks=config["stacks"],
            exceptions=config["exceptions"],
            today=_today(),
        ):
            report(complaint, component.urn)


def _no_wide_admin(args: StackValidationArgs, report: ReportViolation) -> None:
    config = args.get_config()
    secrets = {}
    for resource in filter(_is_secret_of_ours, args.resources):
        metadata = resource.props["metadata"]
        try:
            secrets[f"{metadata['namespace']}/{metadata['name']}"] = credentials(resource.props["data"])
        except ValueError as error:
            report(str(error), resource.urn)
    limit = int(config["maxNamespaces"])
    for complaint in wide_admins(secrets, usernames=config["usernames"], max_namespaces=limit):
        report(complaint, None)


def _retired_secrets_end(args: StackValidationArgs, report: ReportViolation) -> None:
    end_dates = args.get_config()["endDates"]
    for component in _components(args):
        secrets, attached = component.props["secrets"], component.props["attached"]
        for complaint in endless_retired_secrets(secrets, attached, end_dates=end_dates, today=_today()):
            report(complaint, component.urn)


def _components(args: StackValidationArgs) -> Iterator[PolicyResource]:
    return (resource for resource in args.resources if resource.resource_type == COMPONENT)


def _is_secret_of_ours(resource: PolicyResource | ResourceValidationArgs) -> bool:
    return resource.resource_type == SECRET and f"{COMPONENT}$" in resource.urn


def _today() -> date:
    return datetime.now(timezone.utc).date()


def _texts(default: list[str]) -> dict[str, object]:
    return {"type": "array", "items": {"type": "string"}, "default": default}


POLICIES: list[StackValidationPolicy | ResourceValidationPolicy] = [
    StackValidationPolicy(
        "no-plain-password",
        "No stack file of the project holds a password in plain text.",
        _no_plain_password,
        config_schema=PolicyConfigSchema({"project": {"type": "string", "default": ".."}}),
    ),
    ResourceValidationPolicy(
        "allowed-registries",
        "Every credential is for a registry that is allowed.",
        _allowed_registries,
        config_schema=PolicyConfigSchema({"registries": _texts([])}, required=["registries"]),
    ),
    StackValidationPolicy(
        "no-detach",
        "Nobody detaches a production stack without an exception that says why and until when.",
        _no_detach,
        config_schema=PolicyConfigSchema(
            {"stacks": _texts(["prod"]), "exceptions": {"type": "object", "default": {}}},
        ),
    ),
    StackValidationPolicy(
        "no-wide-admin",
        "An administrator's login isn't handed to the pods of many namespaces.",
        _no_wide_admin,
        config_schema=PolicyConfigSchema(
            {
                "usernames": _texts(["admin", "*-admin", "administrator", "root"]),
                "maxNamespaces": {"type": "integer", "minimum": 0, "default": 1},
            },
        ),
    ),
    StackValidationPolicy(
        "retired-secrets-end",
        "A retired Secret has a day by which it goes.",
        _retired_secrets_end,
        config_schema=PolicyConfigSchema({"endDates": {"type": "object", "default": {}}}),
    ),
]
