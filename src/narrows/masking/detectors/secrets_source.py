"""Secrets of hosts of source code."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed
from narrows.masking.validators.secrets import is_mixed
from narrows.masking.validators.secrets_checksums import has_crc32_base62, has_routable_crc32

GITLAB_PREFIXES: Final = "pat|dt|ptt|ft|imt|agent|oas|soat|ffct|wt|rtr|cbt|rt"

GITHUB: Final = (
    issued(
        "github_token.checked",
        "GITHUB_TOKEN",
        f"gh[pousr]_[{ALNUM}]{{36,251}}",
        "ghp_<w30>3qniV6",
        validate=has_crc32_base62,
        score=1.0,
        refused=("ghp_<w36>",),
    ),
    issued("github_token", "GITHUB_TOKEN", f"gh[pousr]_[{ALNUM}]{{36,251}}", "gho_<w36>"),
    issued(
        "github_token.fine_grained",
        "GITHUB_TOKEN",
        f"github_pat_[{ALNUM}]{{22}}_[{ALNUM}]{{59}}",
        "github_pat_<w22>_<w59>",
    ),
    issued("github_token.installation", "GITHUB_TOKEN", "v1\\.[0-9a-f]{40}", "v1.<h40>", before=ALNUM),
    keyed(
        "github_token.keyed",
        "GITHUB_TOKEN",
        "github|gh[_-]token|oauth_token",
        "[0-9a-f]{40}",
        "<h40>",
        before="A-Za-z0-9/@",
    ),
)

GITLAB: Final = (
    issued(
        "gitlab_token.routable",
        "GITLAB_TOKEN",
        f"gl[a-z]{{2,6}}-(?:t[0-9]_)?[{URL}]{{27,300}}(?:\\.[0-9a-z]{{2}})?\\.[0-9a-z]{{9}}",
        "glpat-<w36>.01.170<l6>",
    ),
    issued(
        "gitlab_token.checked",
        "GITLAB_TOKEN",
        f"gl[a-z]{{2,6}}-(?:t[0-9]_)?[{URL}]{{27,300}}(?:\\.[0-9a-z]{{2}})?\\.[0-9a-z]{{9}}",
        "glpat-<w36>.011o1pyw5",
        validate=has_routable_crc32,
        score=1.0,
        refused=("glpat-<w36>.01<l7>",),
    ),
    issued("gitlab_token", "GITLAB_TOKEN", f"gl(?:{GITLAB_PREFIXES})-(?:t[0-9]_)?[{URL}]{{20,300}}", "glpat-<w20>"),
    issued("gitlab_token.job", "GITLAB_TOKEN", f"glcbt-[0-9a-zA-Z]{{1,5}}_[{URL}]{{20}}", "glcbt-64_<w20>"),
    issued("gitlab_token.runner_registration", "GITLAB_TOKEN", f"GR1348941[{URL}]{{20}}", "GR1348941<w20>"),
    keyed(
        "gitlab_session", "GITLAB_SESSION", "gitlab[ _.-]{0,1}session", "[0-9a-f]{32}", "<h32>", key="gitlab_session"
    ),
    keyed(
        "gitlab_token.keyed",
        "GITLAB_TOKEN",
        "gitlab|private-token",
        f"[{URL}]{{20}}",
        "<w20>",
        entropy=3.3,
        validate=is_mixed,
    ),
)

OTHERS: Final = (
    issued(
        "bitbucket_token.app_password",
        "BITBUCKET_TOKEN",
        f"ATBB[{ALNUM}]{{24}}[0-9A-F]{{8}}",
        "ATBB<w24><H8>",
        before=ALNUM,
    ),
    issued(
        "bitbucket_token.repository",
        "BITBUCKET_TOKEN",
        f"ATCTT3xFfG[{URL}=]{{100,400}}",
        "ATCTT3xFfG<b180>=<H8>",
        after="",
    ),
    issued("bitbucket_token.data_center", "BITBUCKET_TOKEN", "BBDC-[A-Za-z0-9+/@_-]{40,50}", "BBDC-<w44>"),
    keyed(
        "bitbucket_token.keyed",
        "BITBUCKET_TOKEN",
        "bitbucket",
        f"(?:[{URL}=]{{64}}|[{ALNUM}]{{32}}|[{ALNUM}]{{20}})",
        "<w32>",
        entropy=3.5,
        validate=is_mixed,
    ),
    keyed("gitea_token", "GITEA_TOKEN", "gitea|forgejo|codeberg|gogs", "[0-9a-f]{40}", "<h40>"),
    issued(
        "azure_devops_token", "AZURE_DEVOPS_TOKEN", f"[{ALNUM}]{{76}}AZDO[{ALNUM}]{{4}}", "<w76>AZDO<w4>", before=ALNUM
    ),
    keyed(
        "azure_devops_token.keyed",
        "AZURE_DEVOPS_TOKEN",
        "azure|devops|vsts|ado[_-]|system_accesstoken|visualstudio",
        "[a-z2-7]{52}",
        "q7zkw2xvbn4jrtpl3mq7zkw2xvbn4jrtpl3mq7zkw2xvbn4jrtpl",
    ),
    keyed("gitee_token", "GITEE_TOKEN", "gitee", "[0-9a-f]{32}", "<h32>"),
    issued(
        "sourcegraph_token",
        "SOURCEGRAPH_TOKEN",
        "(?:sgp_(?:[0-9a-fA-F]{16}_|local_)?[0-9a-fA-F]{40}|slk_[0-9a-f]{64}|sgd_[0-9a-f]{64})",
        "sgp_<h16>_<h40>",
    ),
    issued(
        "phabricator_token", "PHABRICATOR_TOKEN", "(?:api|cli)-[a-z0-9]{28}", "api-<l28>", before=URL, validate=is_mixed
    ),
    keyed("gitguardian_key", "GITGUARDIAN_KEY", "gitguardian|ggshield", "[0-9a-fA-F]{71}", "<h71>"),
    issued("cursor_key", "CURSOR_KEY", "key_[0-9a-f]{64}", "key_<h64>", before=URL),
    keyed("gitter_token", "GITTER_TOKEN", "gitter", "[0-9a-f]{40}", "<h40>"),
    keyed("gitkraken_token", "GITKRAKEN_TOKEN", "gitkraken|codeium|windsurf|tabnine", UUID, "<uuid>"),
)

DETECTORS: Final[tuple[Detector, ...]] = (*GITHUB, *GITLAB, *OTHERS)
