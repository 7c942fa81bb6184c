"""Secrets of the three large clouds."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, spell
from narrows.masking.validators.secrets import is_mixed
from narrows.masking.validators.secrets_encoded import is_aws_access_key

AWS_IDS: Final = "(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])"
B64: Final = "A-Za-z0-9+/"
SESSION: Final = "A-Za-z0-9+/=%"

AMAZON: Final = (
    issued(
        "aws_access_key.account",
        "AWS_ACCESS_KEY",
        AWS_IDS + "[A-Z2-7]{16}",
        "AKIA<t16>",
        before="A-Z0-9",
        validate=is_aws_access_key,
        score=1.0,
        refused=("AKIA<d16>", "EURASIA<t16>"),
    ),
    issued(
        "aws_access_key", "AWS_ACCESS_KEY", AWS_IDS + "[A-Z0-9]{16}", "AKIA<u16>", before="A-Z0-9", validate=is_mixed
    ),
    keyed(
        "aws_secret_key",
        "AWS_SECRET_KEY",
        "aws|amazon|secret[ _.-]{0,1}(?:access)?[ _.-]{0,1}key|s3[_.-]",
        f"[{B64}]{{40}}",
        "<B40>",
        before=B64,
        after=B64 + "=",
        entropy=4.0,
        validate=is_mixed,
    ),
    Detector(
        name="aws_secret_key.pair",
        entity="AWS_SECRET_KEY",
        lead=AWS_IDS + r"[A-Z0-9]{16}[^A-Za-z0-9+/]{1,10}(?:[A-Za-z_]{1,24}[^A-Za-z0-9+/]{1,10}){0,2}",
        pattern=f"[{B64}]{{40}}",
        not_before=B64,
        not_after=B64 + "=",
        validate=is_mixed,
        min_entropy=3.5,
        examples=(f"AKIA{spell('<t16>')},{spell('<B40>')}", f"ASIA{spell('<t16>')}:{spell('<B40>')}"),
        counterexamples=(f"{spell('<B40>')}", f"AKIA{spell('<t16>')} {spell('<B44>')}"),
    ),
    keyed(
        "aws_session_token",
        "AWS_SESSION_TOKEN",
        "(?:session|security)[ _-]{0,1}token",
        f"[{SESSION}]{{100}}",
        "FwoGZXIvYXdz<B200>",
        before=B64,
        body=SESSION,
        entropy=4.0,
        key="aws_session_token",
    ),
    issued(
        "aws_session_token.sts",
        "AWS_SESSION_TOKEN",
        f"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[{SESSION}]{{80}}",
        "IQoJb3JpZ2lu<B80>",
        body=SESSION,
    ),
    issued(
        "aws_bedrock_key",
        "AWS_BEDROCK_KEY",
        f"(?:ABSKQmVkcm9ja0FQSUtleS|bedrock-api-key-)[{B64}]{{80}}",
        "ABSKQmVkcm9ja0FQSUtleS<B80>",
        body=B64 + "=",
    ),
    issued("aws_appsync_key", "AWS_APPSYNC_KEY", "da2-[a-z0-9]{26}", "da2-<l26>", before=ALNUM),
    issued("aws_mws_key", "AWS_MWS_KEY", f"amzn\\.mws\\.{UUID}", "amzn.mws.<uuid>"),
    keyed(
        "aws_signature",
        "AWS_SIGNATURE",
        "X[ ._-]{0,1}Amz[ ._-]{0,1}Signature|AWS4-HMAC-SHA256[^\\r\\n]{0,100}Signature",
        "[0-9a-f]{64}",
        "<h64>",
        key="x-amz-signature",
    ),
    issued("amazon_oauth_secret", "AMAZON_OAUTH_SECRET", "amzn1\\.oa2-cs\\.v1\\.[0-9a-f]{64}", "amzn1.oa2-cs.v1.<h64>"),
    issued(
        "amazon_oauth_token",
        "AMAZON_OAUTH_TOKEN",
        "Atz[ar]\\|[A-Za-z0-9_/+=-]{60}",
        "Atzr|<b60>",
        body="A-Za-z0-9_/+=-",
    ),
)

GOOGLE: Final = (
    issued("gcp_api_key", "GCP_API_KEY", f"AIza[{URL}]{{35}}", "AIzaSy<b33>"),
    issued("gcp_oauth_client_secret", "GCP_OAUTH_CLIENT_SECRET", f"GOCSPX-[{URL}]{{28}}", "GOCSPX-<b28>"),
    issued("gcp_oauth_token", "GCP_OAUTH_TOKEN", f"ya29\\.[{URL}.]{{30}}", "ya29.<b60>", before=ALNUM, body=URL + "."),
    issued("gcp_refresh_token", "GCP_REFRESH_TOKEN", f"1//0[{URL}]{{40,160}}", "1//0<b60>", before=ALNUM, after=URL),
    issued("gcp_hmac_key", "GCP_HMAC_KEY", "GOOG1[A-Z0-9]{56}", "GOOG1<u56>"),
    keyed(
        "gcp_service_account_key_id",
        "GCP_SERVICE_ACCOUNT_KEY",
        "private_key_id",
        "[0-9a-f]{40}",
        "<h40>",
        key="private_key_id",
    ),
    issued(
        "firebase_server_key",
        "FIREBASE_SERVER_KEY",
        f"AAAA[{URL}]{{7}}:[{URL}]{{140}}",
        "AAAA<b7>:<b140>",
        before=ALNUM,
    ),
)

AZURE: Final = (
    keyed(
        "azure_storage_key",
        "AZURE_STORAGE_KEY",
        "account[ _-]{0,1}key|azure|storage[ _-]{0,1}key|AZ_STORAGE",
        f"[{B64}]{{86}}==",
        "<B86>==",
        before=B64,
        after="=",
        entropy=4.0,
    ),
    keyed(
        "azure_sas_token",
        "AZURE_SAS_TOKEN",
        "[?&;]sig(?:nature)?",
        "[A-Za-z0-9%+/]{43,60}(?:=|%3[dD])",
        "<w43>%3D",
        before="",
        after="",
        entropy=3.8,
        key="?sv=2024&sig",
    ),
    issued(
        "azure_client_secret",
        "AZURE_CLIENT_SECRET",
        "[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}",
        "q7Z8Q~<w34>",
        before="A-Za-z0-9_~",
        after="A-Za-z0-9_~",
    ),
    keyed(
        "azure_client_secret.keyed",
        "AZURE_CLIENT_SECRET",
        "(?:azure|aad|arm|entra|msal|tenant)[A-Za-z0-9_.-]{0,20}secret",
        "[A-Za-z0-9_~.+/=@?:\\[\\]-]{32,44}",
        "<w34>",
        key="azure_client_secret",
        entropy=3.8,
        validate=is_mixed,
    ),
    keyed(
        "azure_service_bus_key",
        "AZURE_SERVICE_BUS_KEY",
        "shared[ _-]{0,1}access[ _-]{0,1}(?:signature[ _-]{0,1})?key|accesskey|SharedSecret(?:Value)?",
        f"[{B64}]{{43}}=",
        "<B43>=",
        before=B64,
        after="=",
        entropy=3.8,
        key="SharedAccessKey",
    ),
    issued("azure_cosmos_key", "AZURE_COSMOS_KEY", f"[{B64}]{{76}}ACDb[{B64}]{{6}}==", "<w76>ACDb<w6>==", before=B64),
    issued(
        "azure_function_key",
        "AZURE_FUNCTION_KEY",
        f"[{URL}]{{44}}AzFu[{URL}]{{5}}[AQgw]==",
        "<w44>AzFu<w5>A==",
        before=URL,
    ),
    issued(
        "azure_search_key",
        "AZURE_SEARCH_KEY",
        f"[{ALNUM}]{{42}}AzSe[A-D][{ALNUM}]{{5}}",
        "<w42>AzSeA<w5>",
        before=ALNUM,
    ),
    issued(
        "azure_cache_key",
        "AZURE_CACHE_KEY",
        f"[{ALNUM}]{{33}}AzCa[A-P][{ALNUM}]{{5}}=",
        "<w33>AzCaA<w5>=",
        before=ALNUM,
    ),
    issued(
        "azure_registry_password",
        "AZURE_REGISTRY_PASSWORD",
        f"[{B64}]{{42}}\\+ACR[A-D][{ALNUM}]{{5}}",
        "<w42>+ACRA<w5>",
        before=B64,
    ),
    issued("azure_iot_key", "AZURE_IOT_KEY", f"[{B64}]{{33}}AIoT[A-P][{B64}]{{5}}=", "<w33>AIoTA<w5>=", before=B64),
    issued(
        "azure_api_management_key",
        "AZURE_API_MANAGEMENT_KEY",
        f"[{ALNUM}/+]{{76}}APIM[{ALNUM}/+]{{5}}[AQgw]==",
        "<w76>APIM<w5>A==",
        before=B64,
    ),
    issued(
        "azure_openai_key",
        "AZURE_OPENAI_KEY",
        f"[{ALNUM}]{{52}}JQQJ99[{ALNUM}]{{26}}",
        "<w52>JQQJ99<w26>",
        before=ALNUM,
    ),
    keyed(
        "azure_openai_key.hex",
        "AZURE_OPENAI_KEY",
        "azure|cognitive|openai|ocp-apim-subscription|speech[_-]{0,1}key",
        "[0-9a-f]{32}",
        "<h32>",
    ),
    issued(
        "azure_logic_app_url",
        "AZURE_LOGIC_APP_URL",
        (
            f"https://[a-z0-9.-]{{4,80}}\\.logic\\.azure\\.com(?::443)?/workflows/[0-9a-f]{{32}}/"
            f"[^ \\t\\r\\n\"'<>]{{0,160}}sig=[{URL}]{{40,50}}"
        ),
        "https://prod-01.westus.logic.azure.com:443/workflows/<h32>/triggers/manual/paths/invoke?sig=<b43>",
        after=URL,
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*AMAZON, *GOOGLE, *AZURE)
