"""The clouds' own commands, for the servers that people type."""

import pytest
from pulumi_image_pull_secrets.passwords import lifetime, recipes


@pytest.mark.parametrize(
    ("source", "server", "command"),
    [
        ("ecr", "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "aws ecr get-login-password --region eu-west-1"),
        (
            "ecr",
            "https://1.DKR.ecr.us-east-2.amazonaws.com/",
            "aws ecr get-login-password --region us-east-2",
        ),
        ("ecr", "1.dkr.ecr-fips.us-gov-west-1.amazonaws.com/team", "aws ecr get-login-password --region us-gov-west-1"),
        ("ecr", "1.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws ecr get-login-password --region cn-north-1"),
        ("ecr", "1.dkr-ecr.us-east-1.on.aws", "aws ecr get-login-password --region us-east-1"),
        ("ecr", "public.ecr.aws", "aws ecr-public get-login-password --region us-east-1"),
        ("gar", "europe-west3-docker.pkg.dev/acme/images", "gcloud auth print-access-token"),
        ("gar", "gcr.io", "gcloud auth print-access-token"),
        ("gar", "eu.gcr.io", "gcloud auth print-access-token"),
        ("acr", "acme.azurecr.io", "az acr login --name acme --expose-token --query accessToken -o tsv"),
        ("acr", "acme-e7g0.azurecr.io", "az acr login --name acme --expose-token --query accessToken -o tsv"),
        ("acr", "acme.azurecr.cn", "az acr login --name acme --expose-token --query accessToken -o tsv"),
    ],
)
def test_the_command_for_a_server(source: str, server: str, command: str) -> None:
    recipe = recipes.find(source, server)
    assert list(recipe.command) == command.split()
    assert recipe.username
    assert lifetime.parse(recipe.lifetime)


@pytest.mark.parametrize(
    ("source", "server"),
    [
        ("ecr", "*.dkr.ecr.eu-west-1.amazonaws.com"),
        ("ecr", "1.dkr.ecr.*.amazonaws.com"),
        ("ecr", "ghcr.io"),
        ("gar", "pkg.dev"),
        ("gar", "*.pkg.dev"),
        ("acr", "*.azurecr.io"),
        ("acr", ""),
        ("acr", "azurecr.io"),
    ],
)
def test_a_server_of_somebody_else(source: str, server: str) -> None:
    with pytest.raises(ValueError, match=r"needs a server such as .*; correct it, or give a passwordCommand"):
        recipes.find(source, server)
