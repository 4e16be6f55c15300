"""Image pull secrets for every ServiceAccount, as a Pulumi component.

``ImagePullSecrets`` puts one registry credential into every listed namespace and attaches it to ServiceAccounts, and
``cluster_provider`` makes the Kubernetes provider that it needs.
"""

from .oldest import check_installed

check_installed()

from .args import ImagePullSecretsArgs, NamespaceArgs, RegistryArgs
from .component import ImagePullSecrets
from .errors import (
    CertificateFileError,
    ClusterUnreachableError,
    DockerConfigError,
    ImagePullSecretsError,
    InvalidArgumentsError,
    KubeconfigError,
    MissingPackageError,
    OutdatedPackageError,
    PreflightError,
    Problem,
    RegistryAddressError,
    SettingsError,
)
from .provider import cluster_provider

__version__ = "0.1.0"
USER_AGENT = f"pulumi-image-pull-secrets/{__version__}"
"""What API servers and registries are told, and write to their logs."""

__all__ = [
    "CertificateFileError",
    "ClusterUnreachableError",
    "DockerConfigError",
    "ImagePullSecrets",
    "ImagePullSecretsArgs",
    "ImagePullSecretsError",
    "InvalidArgumentsError",
    "KubeconfigError",
    "MissingPackageError",
    "NamespaceArgs",
    "OutdatedPackageError",
    "PreflightError",
    "Problem",
    "RegistryAddressError",
    "RegistryArgs",
    "SettingsError",
    "cluster_provider",
]
