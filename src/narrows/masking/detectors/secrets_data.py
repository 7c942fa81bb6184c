"""Secrets of databases as a service, warehouses, streams and search."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed

WAREHOUSES: Final = (
    issued(
        "databricks_token",
        "DATABRICKS_TOKEN",
        "d(?:api|kea|ose|sec)[0-9a-f]{32}(?:-[0-9]{1,2})?",
        "dapi<h32>",
        before=ALNUM,
    ),
    keyed(
        "snowflake_secret",
        "SNOWFLAKE_SECRET",
        "snowflake|snowsql",
        r"[A-Za-z0-9!@#%^*+=._-]{8,120}",
        "<w24>",
        after="",
        validate=is_mixed,
    ),
    issued("dbt_token", "DBT_TOKEN", f"dbt[cu]_[{URL}=]{{30,80}}", "dbtc_<w44>", before=ALNUM, after=URL),
    issued("clickhouse_key", "CLICKHOUSE_KEY", f"4b1d[{ALNUM}]{{38}}", "4b1d<w38>", before=ALNUM, validate=is_mixed),
    issued("kaggle_token", "KAGGLE_TOKEN", "KGAT_[0-9a-f]{32}", "KGAT_<h32>"),
    keyed("kaggle_key", "KAGGLE_KEY", 'kaggle|"username":"[A-Za-z0-9_-]{1,40}","key', "[0-9a-f]{32}", "<h32>"),
    issued("confluent_key", "CONFLUENT_KEY", "cflt[A-Za-z0-9+/]{60}", "cflt<w60>", before=ALNUM + "+/"),
    keyed(
        "confluent_secret",
        "CONFLUENT_SECRET",
        "confluent|ccloud|kafka[_-](?:api|sasl|secret|key)",
        "(?:[A-Za-z0-9+/]{64}|[A-Z0-9]{16})",
        "<B64>",
        after="A-Za-z0-9+/",
        entropy=3.2,
        validate=is_mixed,
    ),
)

DATABASES: Final = (
    issued(
        "planetscale_token",
        "PLANETSCALE_TOKEN",
        f"pscale_(?:tkn|pw|oauth)_[{URL}=.]{{32,64}}",
        "pscale_tkn_<w43>",
        after=URL,
    ),
    issued(
        "supabase_token",
        "SUPABASE_TOKEN",
        f"(?:sbp_(?:v0_|oauth_)?[0-9a-f]{{40}}|sb_secret_[{URL}]{{20,60}})",
        "sbp_<h40>",
    ),
    issued(
        "neon_key",
        "NEON_KEY",
        f"(?:napi_[a-z0-9]{{50,80}}|npg_[{ALNUM}]{{12,20}})",
        "napi_<l64>",
        before=URL,
        validate=is_mixed,
    ),
    issued("cockroach_key", "COCKROACH_KEY", f"CCDB1_[{ALNUM}]{{22}}_[{ALNUM}]{{40}}", "CCDB1_<w22>_<w40>"),
    issued("aiven_password", "AIVEN_PASSWORD", f"AVNS_[{URL}]{{19}}", "AVNS_<w19>", after=URL),
    issued("mongodb_atlas_secret", "MONGODB_ATLAS_SECRET", f"mdb_sa_sk_[{URL}]{{40,60}}", "mdb_sa_sk_<b40>", after=URL),
    keyed("mongodb_atlas_key", "MONGODB_ATLAS_KEY", "mongo(?:db)?[ _-]{0,1}(?:atlas|api)|atlas[_-]", UUID, "<uuid>"),
    issued(
        "fauna_secret", "FAUNA_SECRET", f"fn[A-Z][{URL}]{{37,52}}", "fnA<b39>", before=URL, after=URL, validate=is_mixed
    ),
    issued("xata_key", "XATA_KEY", f"xau_[{ALNUM}]{{20,40}}", "xau_<w32>", before=ALNUM),
    issued(
        "prisma_key",
        "PRISMA_KEY",
        f"prisma(?:\\+postgres)?://[{URL}.]{{1,60}}/\\?api_key=[{URL}.]{{20,400}}",
        "prisma://accelerate.prisma-data.net/?api_key=<w60>",
        after=URL,
    ),
    service(
        "database_service_key",
        "DATABASE_SERVICE_KEY",
        (
            "upstash turso libsql hasura fauna astra datastax scylla tidb yugabyte singlestore rethink "
            "couchdb cloudant arango dgraph tigergraph surreal supabase firebase firestore appwrite "
            "pocketbase nhost convex redis[_-]{0,1}cloud aiven planetscale neon timescale materialize rockset "
            "pinot druid questdb stardog rabbitmq cloudamqp pulsar nats[_-] solace ably temporal"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,300}})",
        "<w40>",
        validate=is_mixed,
        key="upstash_redis_rest_token",
    ),
    service(
        "pipeline_service_key",
        "PIPELINE_SERVICE_KEY",
        (
            "airbyte fivetran hightouch census stitch matillion talend dagster astronomer airflow meltano "
            "rudder looker tableau metabase superset mode[_-](?:api|token) sigma thoughtspot powerbi domo qlik redash "
            "hex[_-](?:api|token) deepnote"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,200}})",
        "<w32>",
        validate=is_mixed,
        key="metabase_api_key",
    ),
)

TABLES_AND_SEARCH: Final = (
    issued("airtable_token", "AIRTABLE_TOKEN", f"pat[{ALNUM}]{{14}}\\.[0-9a-f]{{64}}", "pat<w14>.<h64>", before=ALNUM),
    keyed(
        "airtable_key",
        "AIRTABLE_KEY",
        "airtable",
        f"(?:key[{ALNUM}]{{14}}|[{ALNUM}]{{17}})",
        "key<w14>",
        validate=is_mixed,
    ),
    keyed("algolia_key", "ALGOLIA_KEY", "algolia|docsearch", "[0-9a-f]{32}", "<h32>"),
    issued("metabase_key", "METABASE_KEY", "mb_[A-Za-z0-9+/]{43}=", "mb_<w43>=", before=URL, after="="),
    issued(
        "elastic_cloud_key", "ELASTIC_CLOUD_KEY", "essu_[A-Za-z0-9+/=_-]{40,120}", "essu_<w72>", before=URL, after=URL
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*WAREHOUSES, *DATABASES, *TABLES_AND_SEARCH)
