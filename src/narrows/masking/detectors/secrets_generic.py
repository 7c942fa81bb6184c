"""Secrets that no vendor issues: keys in files, tokens by standard, and what is assigned to the name of a secret."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, PLACEHOLDERS, URL, issued, keyed, spell
from narrows.masking.validators.secrets import is_mixed, is_secret_value
from narrows.masking.validators.secrets_checksums import has_whole_crc32_base62
from narrows.masking.validators.secrets_encoded import is_basic_credential, is_jwt

BASE64: Final = "A-Za-z0-9+/"
BREAK: Final = r"[ \t\r\n\\nrt\"'+,;.|>]"
"""What stands between the lines of a key in files, in JSON, and in the string literals of source code."""

PEM_BODY: Final = r"A-Za-z0-9+/=_ \t\r\n\\\"'.,;:+|>-"
PEM_HEADERS: Final = rf"(?:{BREAK}{{1,8}}[A-Z][A-Za-z-]{{3,20}}: [^\r\n\\]{{0,80}}){{0,4}}"

NAMES: Final = (
    r"(?i:api[ _.-]{0,1}key|secret|token|passw(?:or)?d|passphrase|passcode|credential|creds|"
    r"(?:access|private|auth|encrypt(?:ion)?|crypt|signing|sign|master|licen[sc]e|app|account|storage|shared|admin|"
    r"client|session|security|webhook|deploy|hmac|subscription|write|host|project|server|rest|integration|"
    r"authorization|cookie)[ _.-]{0,1}key|[_-](?:key|jwt|salt)|auth[_-]{0,1}(?:code|pass)|"
    r"(?:db|user|root|my|ftp|smtp|admin)[_-]{0,1}(?:pass|pw|pwd))"
)
REST_OF_NAME: Final = r"[A-Za-z0-9_.\-]{0,24}"
ASSIGNS: Final = (
    r"\\{0,2}[\"'`\])]{0,2}[ \t]{0,16}(?::[ ]{0,1}[A-Za-z][A-Za-z\[\]., |]{1,20}[ ])?"
    r"(?:[:?+.|]{0,3}=>?|:|,|\(|>|->)\s{0,4}"
)
"""A key's end and one of the notations of assignment: `": `, ` = `, ` := `, `=>`, `(`, `: str = `, `>` of XML."""

IN_ATTRIBUTE: Final = r"[\"']\s{1,4}(?i:value|string|content|default|password)\s{0,2}=\s{0,2}"
BLOCK: Final = r"(?:[|>][+-]{0,1}[ \t]{0,2}[\r\n]{1,2}[ \t]{1,12})?"


def assigned(
    name: str, entity: str, names: str, quote: str, pattern: str, sample: str, *, after: str, entropy: float, key: str
) -> Detector:
    """A value that an assignment to one of `names` gives, behind `quote`."""
    value = spell(sample)
    return Detector(
        name=name,
        entity=entity,
        pattern=pattern,
        lead=f"{names}{REST_OF_NAME}(?:{ASSIGNS}{BLOCK}|{IN_ATTRIBUTE}){quote}",
        not_after=after,
        validate=is_secret_value,
        min_entropy=entropy,
        stop_words=PLACEHOLDERS,
        score=0.6,
        keyword_score=0.6,
        examples=(
            (f'{key} = "{value}"', f'{{"{key}": "{value}"}}', f"os.environ['{key}'] = '{value}'")
            if quote.startswith("[")
            else (f"export {key.upper()}={value}", f"{key}: {value}\n", f"<{key}>{value}</{key}>")
        ),
        counterexamples=(
            f"{key} = get_{key}(request)",
            f"{key} = settings.{key.upper()}",
            f'{key}_name = "session_identifier"',
            f'"integrity": "{value}"',
            f"{key} = ${{{key.upper()}}}",
        ),
    )


FILES: Final = (
    Detector(
        name="private_key",
        entity="PRIVATE_KEY",
        pattern=(
            r"-----BEGIN[ ](?:[A-Z0-9]{1,12}[ ]){0,3}PRIVATE KEY(?: BLOCK)?-----"
            rf"{PEM_HEADERS}{BREAK}{{0,40}}[A-Za-z0-9+/=]{{32}}"
        ),
        body=PEM_BODY,
        until=r"-----END [A-Z0-9 ]{0,40}KEY(?: BLOCK)?-----",
        examples=(
            f"-----BEGIN RSA PRIVATE KEY-----\n{spell('MII<B60>')}\n{spell('<B64>')}\n-----END RSA PRIVATE KEY-----\n",
            f'"private_key": "-----BEGIN PRIVATE KEY-----\\n{spell("MII<B61>")}\\n-----END PRIVATE KEY-----\\n"',
            f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v1\n\n{spell('lQ<B62>')}\n",
            f'"-----BEGIN EC PRIVATE KEY-----\\n" +\n  "{spell("MHc<B61>")}\\n"',
        ),
        counterexamples=(
            f"-----BEGIN PUBLIC KEY-----\n{spell('MII<B60>')}\n-----END PUBLIC KEY-----",
            "A key starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.",
        ),
    ),
    Detector(
        name="putty_private_key",
        entity="PRIVATE_KEY",
        lead=r"Private-Lines: [0-9]{1,3}[\r\n\\nr]{1,4}",
        pattern=r"[A-Za-z0-9+/=]{40}",
        body=r"A-Za-z0-9+/=\r\n",
        examples=(f"Private-Lines: 1\n{spell('<B64>')}\nPrivate-MAC: {spell('<h40>')}",),
        counterexamples=(f"Public-Lines: 1\n{spell('<B64>')}\n",),
    ),
    issued("age_key", "AGE_KEY", "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", "AGE-SECRET-KEY-1<t58>"),
    issued("age_key.plugin", "AGE_KEY", "AGE-PLUGIN-[A-Z0-9]{2,20}-1[A-Z0-9]{20,400}", "AGE-PLUGIN-YUBIKEY-1<t40>"),
    Detector(
        name="json_web_key",
        entity="JSON_WEB_KEY",
        lead=r"\\{0,2}\"(?:d|k|dp|dq|qi)\\{0,2}\"[ ]{0,2}:[ ]{0,2}\\{0,2}\"",
        pattern=rf"[{URL}]{{43}}",
        body=URL,
        validate=is_mixed,
        min_entropy=4.0,
        examples=(f'{{"kty":"OKP","crv":"Ed25519","d":"{spell("<b43>")}"}}', f'"k": "{spell("<b64>")}"'),
        counterexamples=(f'{{"kty":"OKP","x":"{spell("<b43>")}"}}', '{"d": "short"}'),
    ),
)

TOKENS: Final = (
    Detector(
        name="jwt",
        entity="JWT",
        pattern=rf"ey[JA][{URL}]{{12,900}}\.[{URL}]{{4}}",
        body=rf"{URL}.=",
        validate=is_jwt,
        examples=(
            f"Cookie: id=eyJhbGciOiJIUzI1NiJ9.{spell('eyJ<b40>')}.{spell('<b43>')}",
            f'{{"id_token":"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{spell("eyJ<b40>")}.{spell("<b86>")}"}}',
        ),
        counterexamples=(f"eyJub3RoaW5nIjoxfQ.{spell('eyJ<b40>')}.{spell('<b43>')}", "eyJhbGciOiJIUzI1NiJ9 alone"),
    ),
    issued(
        "jwt.encoded",
        "JWT",
        "ZXlK(?:aGJHY2lPaU|MGVYQWlPaU|cmFXUWlP)[A-Za-z0-9+/]{60}",
        "ZXlKaGJHY2lPaU<w60>",
        body="A-Za-z0-9+/=_-",
    ),
    Detector(
        name="http_bearer_token",
        entity="HTTP_BEARER_TOKEN",
        lead=r"(?i:bearer)(?:[ ]{1,2}|[\"':=\\, ]{1,6})",
        pattern=r"[A-Za-z0-9_~+/=.\-]{16,400}",
        body=r"A-Za-z0-9_~+/=.\-",
        validate=is_secret_value,
        min_entropy=3.0,
        stop_words=PLACEHOLDERS,
        score=0.8,
        keyword_score=0.8,
        examples=(f"Authorization: Bearer {spell('<w40>')}", f'-H "authorization: bearer {spell("<h32>")}"'),
        counterexamples=(
            "Authorization: Bearer realm=users",
            "a bearer-token-authentication handler",
            "Bearer ${TOKEN}",
        ),
    ),
    Detector(
        name="http_basic_credential",
        entity="HTTP_BASIC_CREDENTIAL",
        lead=r"(?i:basic)[ ]{1,2}",
        pattern=rf"[{BASE64}]{{8,400}}={{0,2}}",
        not_after=BASE64 + "=",
        validate=is_basic_credential,
        examples=(
            "Authorization: Basic Z2F0ZTpub3QtYS1yZWFsLW9uZQ==",
            "basic dXNlcjpwYXNz",
        ),
        counterexamples=("basic concepts of the language", "Basic Authentication"),
    ),
    Detector(
        name="http_header_secret",
        entity="HTTP_HEADER_SECRET",
        lead=(
            r"(?i:authorization|x-[a-z-]{0,30}(?:key|token|secret|auth)|api-key|apikey|private-token|job-token)"
            r"\\{0,2}[\"']{0,2}[ ]{0,2}[:=,][ ]{0,2}\\{0,2}[\"']{0,2}"
            r"(?:(?i:token|key|apikey|api-key|bot|oauth|ssws|splunk|sso-key|geniekey|jwt|ntlm|client-id|"
            r"auth|app|session)[ =:]{1,2})?"
        ),
        pattern=r"[A-Za-z0-9_~+/=.:\-]{16,400}",
        not_after=r"A-Za-z0-9_~+/=.:\-(\[",
        validate=is_secret_value,
        min_entropy=3.0,
        stop_words=PLACEHOLDERS,
        score=0.7,
        keyword_score=0.7,
        examples=(
            f"Authorization: token {spell('<h40>')}",
            f"X-Api-Key: {spell('<w32>')}",
            f'"x-auth-token": "{spell("<l32>")}"',
        ),
        counterexamples=(
            "Authorization: token your-token-goes-here",
            "X-Api-Key: string",
            "authorization = request.headers_v2",
        ),
    ),
    keyed(
        "session_cookie",
        "SESSION_COOKIE",
        r"cookie[\"']{0,1}[ ]{0,2}[:=,][^\r\n]{0,60}(?:sess|sid|auth|token|csrf|remember)",
        r"[A-Za-z0-9_%+/=.~-]{20,400}",
        "<w40>",
        before="",
        after="",
        validate=is_mixed,
        key="Cookie: theme=dark; sessionid",
    ),
    issued(
        "narrows_key.checked",
        "NARROWS_KEY",
        f"nrw_sa_[0-9a-z]{{12}}_[{ALNUM}]{{39}}",
        "nrw_sa_<l12>_<w33>1ik7kI",
        validate=has_whole_crc32_base62,
        score=1.0,
        refused=("nrw_sa_<l12>_<w39>",),
    ),
    issued(
        "narrows_key",
        "NARROWS_KEY",
        f"nrw_(?:[a-z]{{2,8}}_)?(?:[0-9a-z]{{12}}_)?[{ALNUM}]{{24,80}}",
        "nrw_sa_<l12>_<w39>",
        validate=is_mixed,
    ),
)

HASHES_AND_FRAMEWORKS: Final = (
    issued("password_hash.bcrypt", "PASSWORD_HASH", r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}", "$2b$12$<w53>"),
    issued(
        "password_hash.crypt",
        "PASSWORD_HASH",
        r"\$(?:[1567]|apr1|y|gy|md5)\$(?:rounds=[0-9]{1,9}\$|j[A-Za-z0-9]{1,4}\$)?[./A-Za-z0-9]{1,32}\$[./A-Za-z0-9]{22,86}",
        "$6$<w16>$<w86>",
    ),
    issued(
        "password_hash.argon2",
        "PASSWORD_HASH",
        r"\$argon2(?:id|i|d)\$v=[0-9]{1,3}\$m=[0-9]{1,8},t=[0-9]{1,4},p=[0-9]{1,3}\$[A-Za-z0-9+/]{8,64}\$[A-Za-z0-9+/]{16,128}",
        "$argon2id$v=19$m=65536,t=3,p=4$<w22>$<w43>",
    ),
    issued(
        "password_hash.pbkdf2",
        "PASSWORD_HASH",
        r"(?:pbkdf2_sha(?:1|256|512)|scrypt)\$[0-9]{3,8}\$[A-Za-z0-9]{8,32}\$[A-Za-z0-9+/]{27,88}={0,2}",
        "pbkdf2_sha256$600000$<w22>$<w43>=",
    ),
    issued(
        "password_hash.ldap",
        "PASSWORD_HASH",
        r"\{(?:SSHA|SHA|SSHA256|SSHA512|SMD5|CRYPT)\}[A-Za-z0-9+/$.]{24,120}={0,2}",
        "{SSHA}<w32>==",
    ),
    keyed(
        "django_secret_key",
        "DJANGO_SECRET_KEY",
        "secret[ ._-]{0,1}key",
        r"[A-Za-z0-9!@#$%^&*(=+)_-]{50}",
        "<w30>#$%^&*(=+)_@!-<w6>",
        before="",
        after="",
        entropy=4.0,
        key="SECRET_KEY",
    ),
    issued(
        "django_secret_key.insecure",
        "DJANGO_SECRET_KEY",
        r"django-insecure-[A-Za-z0-9!@#$%^&*(=+)_-]{50}",
        "django-insecure-<w50>",
        after="",
    ),
    keyed(
        "laravel_key",
        "LARAVEL_KEY",
        "app[ ._-]{0,1}key",
        r"base64:[A-Za-z0-9+/]{43}=",
        "base64:<B43>=",
        after="=",
        key="APP_KEY",
    ),
    keyed(
        "rails_secret",
        "RAILS_SECRET",
        "secret[_-](?:key[_-]base|token)|master[_-]key|rails",
        "(?:[0-9a-f]{128}|[0-9a-f]{64}|[0-9a-f]{32})",
        "<h128>",
        key="secret_key_base",
    ),
    keyed(
        "machine_key",
        "MACHINE_KEY",
        "(?:validation|decryption)key",
        "[0-9A-Fa-f]{32,256}",
        "<H64>",
        key="validationKey",
    ),
    Detector(
        name="wordpress_salt",
        entity="WORDPRESS_SALT",
        lead=r"(?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)['\"]{0,1}[ ]{0,2}[,=:]\s{0,10}['\"]{0,1}",
        pattern=r"[!-&(-~ ]{48,80}",
        min_entropy=4.0,
        stop_words=PLACEHOLDERS,
        examples=(f"define('AUTH_KEY',         '{spell('<w20>')}|#~ -+{spell('<w30>')}>?$^');",),
        counterexamples=("define('AUTH_KEY', 'put your unique phrase here');",),
    ),
)

ASSIGNMENTS: Final = (
    assigned(
        "generic_secret.quoted",
        "GENERIC_SECRET",
        NAMES,
        "[bru]{0,1}\\\\{0,2}[\"'`]{1,3}",
        r"[^\s\"'`\\<>{}]{8,250}",
        "<w24>",
        after=r"^\"'`\\<",
        entropy=2.8,
        key="api_secret",
    ),
    assigned(
        "generic_secret.bare",
        "GENERIC_SECRET",
        NAMES,
        "",
        r"[A-Za-z0-9_+/=.~\-]{12,250}",
        "<w24>",
        after=r"A-Za-z0-9_+/=.~\-(\[:{@$",
        entropy=3.0,
        key="api_token",
    ),
    Detector(
        name="generic_secret.spoken",
        entity="GENERIC_SECRET",
        lead=(
            rf"{NAMES}s?(?:[ ](?:for|to|of|from)[ ][^\r\n\"'=]{{1,40}})?"
            r"(?:[ ](?:is|was|are|will be|changed to))?(?:[:,][ ]|[ ]:[ ]|[ ])[\"'`]{0,1}"
        ),
        pattern=r"[A-Za-z0-9_+/=.~\-]{12,250}",
        not_after=r"A-Za-z0-9_+/=~\-(\[{@$",
        validate=is_secret_value,
        min_entropy=3.0,
        stop_words=PLACEHOLDERS,
        score=0.6,
        keyword_score=0.6,
        examples=(
            f"my API key for the weather service is {spell('<h32>')}, please fix",
            f"use the secret {spell('<w14>')} to log in.",
            f"the access key is `{spell('<w20>')}`",
        ),
        counterexamples=(
            "the token is invalid",
            "the secret is in settings.SECRET_KEY_2",
            "API key for the service_v2.endpoint",
        ),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*FILES, *TOKENS, *HASHES_AND_FRAMEWORKS, *ASSIGNMENTS)
