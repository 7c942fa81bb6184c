"""Secrets of continuous integration, package registries, infrastructure as code and secret stores."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed, is_secret_value
from narrows.masking.validators.secrets_checksums import has_crc32_base62
from narrows.masking.validators.secrets_encoded import is_basic_credential

REGISTRIES: Final = (
    issued(
        "npm_token.checked",
        "NPM_TOKEN",
        f"npm_[{ALNUM}]{{36}}",
        "npm_<w30>3qniV6",
        validate=has_crc32_base62,
        score=1.0,
        refused=("npm_<w36>",),
    ),
    issued("npm_token", "NPM_TOKEN", f"npm_[{ALNUM}]{{36}}", "npm_<w36>"),
    keyed(
        "npm_token.npmrc",
        "NPM_TOKEN",
        ":_auth(?:token)?|npm[_-](?:auth|token)|npmrc",
        f"(?:{UUID}|[A-Za-z0-9+/_=-]{{20,400}})",
        "<uuid>",
        after="",
        validate=is_secret_value,
        key="npm_auth_token",
    ),
    issued(
        "pypi_token",
        "PYPI_TOKEN",
        f"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZ)[{URL}]{{50}}",
        "pypi-AgEIcHlwaS5vcmc<b50>",
        body=URL,
    ),
    issued("pypi_token.any", "PYPI_TOKEN", f"pypi-[{URL}]{{85}}", "pypi-<b85>", body=URL),
    issued("rubygems_key", "RUBYGEMS_KEY", "rubygems_[0-9a-f]{48}", "rubygems_<h48>"),
    issued("crates_token", "CRATES_TOKEN", f"cio[{ALNUM}]{{32}}", "cio<w32>", before=ALNUM, validate=is_mixed),
    issued(
        "dockerhub_token",
        "DOCKERHUB_TOKEN",
        f"dckr_(?:pat_[{URL}]{{27}}|oat_[{URL}]{{32}})",
        "dckr_pat_<b27>",
        after=URL,
    ),
    keyed(
        "docker_registry_auth",
        "DOCKER_REGISTRY_AUTH",
        '"auth"|dockerconfigjson|docker[_-]auth',
        "[A-Za-z0-9+/]{12,400}={0,2}",
        "Z2F0ZTpub3QtYS1yZWFsLW9uZQ==",
        after="A-Za-z0-9+/=",
        before="A-Za-z0-9+/",
        validate=is_basic_credential,
        key='"auth"',
    ),
    keyed(
        "dockerhub_token.keyed",
        "DOCKERHUB_TOKEN",
        "docker[_-]{0,1}(?:hub)?[_-](?:pass|pat|token|pw)",
        f"(?:{UUID}|[A-Za-z0-9_@!#$%^&*-]{{8,64}})",
        "<uuid>",
        key="dockerhub_password",
        validate=is_mixed,
    ),
    issued("jfrog_key", "JFROG_KEY", f"AKCp[{ALNUM}]{{69}}", "AKCp<w69>"),
    issued("jfrog_reference_token", "JFROG_REFERENCE_TOKEN", f"cmVmd[{ALNUM}]{{59}}", "cmVmd<w59>"),
    keyed(
        "jfrog_key.keyed",
        "JFROG_KEY",
        "jfrog|artifactory|bintray|xray",
        f"(?:[{ALNUM}]{{73}}|[{ALNUM}]{{64}})",
        "<w73>",
        entropy=3.5,
        validate=is_mixed,
    ),
    issued("nuget_key", "NUGET_KEY", "oy2[a-z0-9]{43}", "oy2<l43>", before=ALNUM),
    issued("clojars_token", "CLOJARS_TOKEN", "(?i:clojars)_[0-9a-f]{60}", "CLOJARS_<h60>"),
    issued("packagist_token", "PACKAGIST_TOKEN", "packagist_[ou][ru][a-z]_[0-9a-f]{48,72}", "packagist_out_<h68>"),
    issued(
        "cloudsmith_key", "CLOUDSMITH_KEY", f"(?:csa|cs)_[{ALNUM}]{{32,48}}", "csa_<w40>", before=URL, validate=is_mixed
    ),
    issued("conda_token", "CONDA_TOKEN", f"[a-z]{{2}}-{UUID}", "tk-<uuid>", before=URL, score=0.7),
    issued("jitpack_token", "JITPACK_TOKEN", "jp_[a-z0-9]{26}", "jp_<l26>", before=URL, validate=is_mixed),
    service(
        "package_registry_key",
        "PACKAGE_REGISTRY_KEY",
        (
            "hex[._]{0,1}pm hex[_-]api packagecloud gemfury cocoapods ossrh sonatype nexus maven[_-]central "
            "gradle[_-](?:publish|enterprise) pub[._]{0,1}dev conan repo[_-]token quay ghcr harbor"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,160}})",
        "<h32>",
        validate=is_mixed,
        key="packagecloud_token",
    ),
)

PIPELINES: Final = (
    issued("circleci_token", "CIRCLECI_TOKEN", f"CCI(?:PAT|PRJ)_[{ALNUM}]{{22}}_[0-9a-f]{{40}}", "CCIPAT_<w22>_<h40>"),
    keyed(
        "circleci_token.keyed",
        "CIRCLECI_TOKEN",
        "circle[_-]{0,1}(?:ci|token)",
        "[0-9a-f]{40}",
        "<h40>",
        before="A-Za-z0-9/@",
    ),
    keyed("travis_token", "TRAVIS_TOKEN", "travis", f"[{URL}]{{20,22}}", "<w22>", entropy=3.3, validate=is_mixed),
    issued("buildkite_token", "BUILDKITE_TOKEN", f"bk(?:ua|ct|aj|ru|pt)_[{ALNUM}]{{40,64}}", "bkua_<h40>"),
    keyed(
        "buildkite_token.agent",
        "BUILDKITE_TOKEN",
        "buildkite",
        f"(?:[{ALNUM}]{{40}}|[0-9a-f]{{50}})",
        "<h50>",
        validate=is_mixed,
    ),
    keyed("jenkins_token", "JENKINS_TOKEN", "jenkins|crumb", "(?:11)?[0-9a-f]{32}", "11<h32>"),
    issued(
        "teamcity_token",
        "TEAMCITY_TOKEN",
        f"eyJ0eXAiOiAiVENWMiJ9\\.[{URL}]{{36}}\\.[{URL}]{{48}}",
        "eyJ0eXAiOiAiVENWMiJ9.<b36>.<b48>",
    ),
    keyed(
        "drone_token",
        "DRONE_TOKEN",
        "drone(?:[_-]{0,1}ci)?",
        f"[{ALNUM}]{{32}}",
        "<w32>",
        entropy=3.3,
        validate=is_mixed,
    ),
    issued("octopus_key", "OCTOPUS_KEY", "API-[A-Z0-9]{25,36}", "API-<u26>", before=URL, validate=is_mixed),
    issued(
        "harness_token",
        "HARNESS_TOKEN",
        f"(?:pat|sat)\\.[{URL}]{{22}}\\.[{ALNUM}]{{24}}\\.[{ALNUM}]{{20}}",
        "pat.<w22>.<w24>.<w20>",
        before=ALNUM,
    ),
    keyed("app_center_token", "APP_CENTER_TOKEN", "app[_-]{0,1}center", "[0-9a-f]{40}", "<h40>"),
    service(
        "build_service_token",
        "BUILD_SERVICE_TOKEN",
        (
            "appveyor bitrise codemagic codeship semaphore wercker cirrus woodpecker concourse bamboo gocd "
            "depot[_-] expo[_-] eas[_-]token fastlane earthly spacelift env0 scalr atlantis codefresh shippable"
        ),
        f"(?:{UUID}|[A-Za-z0-9_=-]{{16,120}})",
        "<w32>",
        validate=is_mixed,
        key="appveyor_token",
    ),
    issued("prefect_key", "PREFECT_KEY", f"pn[ubs]_[{ALNUM}]{{36}}", "pnu_<w36>", before=URL),
    keyed(
        "codecov_token",
        "CODECOV_TOKEN",
        "codecov|coveralls",
        f"(?:{UUID}|[{ALNUM}]{{32}}|[{ALNUM}]{{33}})",
        "<uuid>",
        validate=is_mixed,
    ),
    issued("sonar_token", "SONAR_TOKEN", "sq[uap]_[0-9a-f]{40}", "squ_<h40>", before=ALNUM),
    keyed(
        "sonar_token.keyed", "SONAR_TOKEN", "sonar(?:qube|cloud|source)?", "[0-9a-f]{40}", "<h40>", before="A-Za-z0-9/@"
    ),
    keyed("snyk_token", "SNYK_TOKEN", "snyk", UUID, "<uuid>"),
    issued(
        "snyk_token.prefixed",
        "SNYK_TOKEN",
        f"snyk_(?:uat|sat)\\.[{ALNUM}]{{8}}\\.[{URL}.]{{40,500}}",
        "snyk_uat.<w8>.<b60>",
    ),
    service(
        "code_quality_token",
        "CODE_QUALITY_TOKEN",
        (
            "codacy code[_-]{0,1}climate deepsource semgrep veracode checkmarx fossa mend[_-](?:api|token|user) "
            "whitesource "
            "blackduck qodana embold stackhawk aikido socket[_-]security"
        ),
        f"(?:{UUID}|[A-Za-z0-9_=-]{{20,128}})",
        "<h64>",
        validate=is_mixed,
        key="codacy_project_token",
    ),
    issued("stackhawk_key", "STACKHAWK_KEY", f"hawk\\.[{URL}]{{20}}\\.[{URL}]{{20}}", "hawk.<w20>.<w20>"),
    issued("infracost_key", "INFRACOST_KEY", f"ico-[{ALNUM}]{{32}}", "ico-<w32>", before=ALNUM),
    issued(
        "dependency_track_key",
        "DEPENDENCY_TRACK_KEY",
        f"odt_(?:[{ALNUM}]{{8}}_)?[{ALNUM}]{{32}}",
        "odt_<w32>",
        before=ALNUM,
    ),
    issued("chromatic_token", "CHROMATIC_TOKEN", "chpt_[0-9a-f]{12,20}", "chpt_<h15>"),
)

INFRASTRUCTURE: Final = (
    issued(
        "terraform_token",
        "TERRAFORM_TOKEN",
        f"[{ALNUM}]{{14}}\\.atlasv1\\.[{URL}=]{{60,70}}",
        "<w14>.atlasv1.<w67>",
        before=ALNUM,
        after=URL,
    ),
    issued("pulumi_token", "PULUMI_TOKEN", "pul-[0-9a-f]{40}", "pul-<h40>", before=ALNUM),
    issued("vault_token", "VAULT_TOKEN", f"hv[sbr]\\.[{URL}]{{24,300}}", "hvs.<b90>", before=ALNUM, after=URL),
    issued(
        "vault_token.old",
        "VAULT_TOKEN",
        f"[sbr]\\.[{ALNUM}]{{24}}",
        "s.<w24>",
        before=URL + ".$)\\]",
        validate=is_mixed,
        entropy=3.6,
        score=0.7,
    ),
    issued(
        "ansible_vault",
        "ANSIBLE_VAULT",
        "\\$ANSIBLE_VAULT;[0-9]\\.[0-9];AES256(?:;[^ \\t\\r\\n]{1,40})?[ \\t\\r\\n]{1,12}[0-9a-f]{60,80}",
        "$ANSIBLE_VAULT;1.1;AES256\n<h80>",
        body="0-9a-f \\t\\r\\n",
    ),
    issued(
        "doppler_token",
        "DOPPLER_TOKEN",
        f"dp\\.(?:pt|ct|scim|audit|sa|st)\\.(?:[a-z0-9_-]{{2,35}}\\.)?[{ALNUM}]{{40,44}}",
        "dp.pt.<w43>",
        before=ALNUM,
    ),
    issued(
        "onepassword_token", "ONEPASSWORD_TOKEN", "ops_eyJ[A-Za-z0-9+/_-]{200}", "ops_eyJ<w200>", body="A-Za-z0-9+/=_-"
    ),
    issued(
        "onepassword_secret_key",
        "ONEPASSWORD_SECRET_KEY",
        "A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}",
        "A3-<u6>-<u6>-9XV4B-N8JR3-TP5LM-HFDG6",
        before=ALNUM,
        entropy=3.4,
    ),
    issued(
        "infisical_token",
        "INFISICAL_TOKEN",
        "st\\.[0-9a-f]{24}\\.[0-9a-f]{32}\\.[0-9a-f]{32}",
        "st.<h24>.<h32>.<h32>",
        before=ALNUM,
    ),
    issued(
        "bitwarden_token",
        "BITWARDEN_TOKEN",
        f"[0-9]\\.{UUID}\\.[{ALNUM}]{{30}}:[A-Za-z0-9+/]{{22}}==",
        "0.<uuid>.<w30>:<w22>==",
        after="",
    ),
    service(
        "secret_store_token",
        "SECRET_STORE_TOKEN",
        (
            "akeyless cyberark conjur delinea thycotic keeper[_-] teleport boundary[_-](?:token|auth) consul nomad "
            "vault[_-]token chef puppet saltstack"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,200}})",
        "<uuid>",
        validate=is_mixed,
        key="consul_http_token",
    ),
    issued("openshift_token", "OPENSHIFT_TOKEN", f"sha256~[{URL}]{{43}}", "sha256~<b43>", after=URL),
    issued("rancher_token", "RANCHER_TOKEN", "token-[a-z0-9]{5}:[a-z0-9]{54}", "token-<l5>:<l54>"),
    keyed(
        "kubernetes_bootstrap_token",
        "KUBERNETES_BOOTSTRAP_TOKEN",
        "kubeadm|bootstrap|--token|discovery-token",
        "[a-z0-9]{6}\\.[a-z0-9]{16}",
        "<l6>.<l16>",
        validate=is_mixed,
    ),
    issued(
        "defined_networking_token",
        "DEFINED_NETWORKING_TOKEN",
        f"dnkey-[{URL}=]{{26}}-[{URL}=]{{52}}",
        "dnkey-<w26>-<w52>",
    ),
    issued("settlemint_token", "SETTLEMINT_TOKEN", f"sm_[aps]at_[{ALNUM}]{{16}}", "sm_aat_<w16>", before=URL),
    issued("spectral_key", "SPECTRAL_KEY", "spu-[0-9a-f]{32}", "spu-<h32>", before=ALNUM),
)

DETECTORS: Final[tuple[Detector, ...]] = (*REGISTRIES, *PIPELINES, *INFRASTRUCTURE)
