"""A CrossGuard policy pack for the stacks that use the component; see README.md beside it.

https://www.pulumi.com/docs/iac/crossguard/
"""

from pull_secret_policies import POLICIES
from pulumi_policy import EnforcementLevel, PolicyPack

PolicyPack("image-pull-secrets", policies=POLICIES, enforcement_level=EnforcementLevel.MANDATORY)
