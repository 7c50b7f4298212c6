"""Offline checks of structure: what a value itself tells, without asking anybody.

A check takes a `Match` and returns a `Verdict`. Rules name checks by the keys of CHECKS.
"""

from collections.abc import Callable

from dce_guard.model.match import Match, Verdict
from dce_guard.scan.checks import aws, checksums, generic, jwt, pem, pypi, values, vendors

Check = Callable[[Match], Verdict]

CHECKS: dict[str, Check] = {
    "age": checksums.age,
    "anthropic": vendors.anthropic,
    "atlassian-crc": checksums.atlassian,
    "aws-access-key-id": aws.access_key_id,
    "aws-secret-key": aws.secret_key,
    "azure": vendors.azure,
    "azure-sas": vendors.azure_sas,
    "basic-auth": values.basic_auth,
    "cloudflare-crc": checksums.cloudflare,
    "digest": values.digest,
    "discord": vendors.discord,
    "generic-value": generic.generic_value,
    "github-crc": checksums.github,
    "github-installation": jwt.github_installation,
    "gitlab-routable": checksums.gitlab_routable,
    "grafana-cloud": vendors.grafana_cloud,
    "grafana-crc": checksums.grafana,
    "header-value": generic.header_value,
    "jwk": pem.jwk,
    "jwt": jwt.token,
    "key-value": generic.key_value,
    "mixed": values.mixed,
    "npm-crc": checksums.npm,
    "openai": vendors.openai,
    "password": values.password,
    "password-value": generic.password_value,
    "pem": pem.private_key,
    "pem-base64": pem.encoded,
    "putty": pem.putty,
    "pypi": pypi.token,
    "query-value": generic.query_value,
    "random-shape": values.random_shape,
    "sentry-org": vendors.sentry_org,
    "service-account": pem.service_account,
    "slack": vendors.slack,
    "stripe": vendors.stripe,
    "supabase": jwt.supabase,
    "vercel-crc": checksums.vercel,
}
