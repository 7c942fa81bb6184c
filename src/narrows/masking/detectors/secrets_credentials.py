"""User names and passwords: in addresses, connection strings, command lines and configuration.

Only the password is masked; the address around it stays readable.
"""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import PLACEHOLDERS
from narrows.masking.validators.secrets import is_credential, is_password_value, is_secret_value

USER: Final = r"[^\s:/@\"'<>]{0,64}:"
IN_ADDRESS: Final = r"[^\s/\"'<>`\\]{1,128}"
AT: Final = "^@"
"""Whatever follows must be the sign before the host."""

TO_QUOTE: Final = r"^\"'`\\<"
NAMES: Final = (
    r"(?i:passw(?:or)?d|passphrase|passcode|pwd|pswd|(?:db|user|root|my|ftp|smtp|admin|mail|proxy|login)[_-]{0,1}pass)"
)
ASSIGNS: Final = (
    r"[A-Za-z0-9_.\-]{0,16}(?:\\{0,2}[\"'`\])]{0,2}[ \t]{0,16}(?:[:?+.|]{0,3}=>?|:|\(|-?>)|[\"'],)"
    r"(?:[ \t]{0,16}|[\r\n]{1,2}[ \t]{1,16})[bru]{0,1}\\{0,2}"
)


def address(name: str, schemes: str, example: str) -> Detector:
    """The password in `scheme://user:password@host`; `example` has it as `{}`."""
    return Detector(
        name=f"{name}_password",
        entity=f"{name.upper()}_PASSWORD",
        lead=rf"(?i:{schemes})(?:\+[A-Za-z0-9_]{{1,16}})?://{USER}",
        pattern=IN_ADDRESS,
        not_after=AT,
        validate=is_credential,
        score=0.9,
        keyword_score=0.9,
        examples=(example.format("n0t-a-p4ss"), f'DATABASE_URL="{example.format("Kx8!vQ2")}"'),
        counterexamples=(
            example.format("password"),
            example.format("${PASSWORD}"),
            example.partition("://")[0] + "://localhost:5432/",
            example.format("%s"),
        ),
    )


def written(
    name: str,
    entity: str,
    lead: str,
    pattern: str,
    examples: tuple[str, ...],
    counterexamples: tuple[str, ...],
    *,
    after: str = "",
    score: float = 0.8,
) -> Detector:
    """A password at a place where nothing else stands."""
    return Detector(
        name=name,
        entity=entity,
        lead=lead,
        pattern=pattern,
        not_after=after,
        validate=is_credential,
        stop_words=("xxxx",),
        score=score,
        keyword_score=score,
        examples=examples,
        counterexamples=counterexamples,
    )


ADDRESSES: Final = (
    address(
        "postgres", "postgres(?:ql)?|pgsql|cockroachdb|redshift|timescaledb", "postgresql://gate:{}@db.test:5432/app"
    ),
    address("mysql", "mysqlx?|mariadb|percona", "mysql+pymysql://gate:{}@db.test:3306/app"),
    address("mongodb", r"mongodb(?:\+srv)?", "mongodb+srv://gate:{}@cluster0.test/app"),
    address("redis", "rediss?|valkey|keydb", "redis://:{}@cache.test:6379/0"),
    address("amqp", "amqps?|kombu|stomp|mqtts?|nats|kafka", "amqps://gate:{}@queue.test/app"),
    address(
        "mssql",
        "mssql|sqlserver|oracle|db2|snowflake|clickhouses?|vertica|presto|trino|hive|impala|teradata|couchbases?|neo4js?|bolt|cassandra|influxdb",
        "mssql+pyodbc://sa:{}@db.test/app",
    ),
    address("ldap", "ldaps?|smtps?|imaps?|pop3s?|xmpp|ircs?|sips?", "ldaps://cn=gate:{}@dir.test"),
    address("ftp", "s?ftps?|ssh|scp|webdavs?|smb|rsync|svn|telnet|vnc|rdp", "sftp://gate:{}@files.test/in"),
    address(
        "url", r"https?|git|wss?|socks[45]h?|proxy|s3|docker|elasticsearch|solr", "https://gate:{}@host.test/x.git"
    ),
)

STRINGS: Final = (
    written(
        "connection_string_password",
        "CONNECTION_STRING_PASSWORD",
        (
            r"(?i:(?:server|data source|host|hostname|addr|address|uid|user id|user|username|database|initial catalog|"
            r"driver|dsn|endpoint|port)[ ]{0,1}=[^;\r\n\"']{0,40};[^\r\n\"']{0,40}(?:password|pwd)[ ]{0,1}=[ ]{0,1})"
        ),
        r"[^;\s\"'<>{}]{3,100}",
        ("Server=tcp:db.test,1433;User ID=gate;Password=Kx8vQ2n0t;Encrypt=True", "DRIVER={x};UID=sa;PWD=n0t4p4ss;"),
        ("Server=db.test;Password={password};", "Server=db.test;Password=%s;"),
        after=r"^;\s\"'<>",
    ),
    written(
        "query_password",
        "QUERY_PASSWORD",
        r"[?&;](?i:password|passwd|pwd|pass|secret|client_secret|api_key|apikey|access_token|auth_token|token|key|sig|signature)=",
        r"[A-Za-z0-9_.~!*+%$-]{6,500}",
        (
            "jdbc:postgresql://db.test/app?user=gate&password=n0t4p4ss",
            "https://api.test/v1?access_token=Kx8vQ2n0t4p4ss",
        ),
        ("https://api.test/v1?token=%s", "https://api.test/?key=value", "?password=<password>"),
        after=r"A-Za-z0-9_.~!*+%$\-({\[",
        score=0.6,
    ),
    written(
        "netrc_password",
        "NETRC_PASSWORD",
        r"(?:machine[ \t]{1,4}[^\s]{1,64}|default)\s{1,8}login\s{1,4}[^\s]{1,64}\s{1,8}password\s{1,4}",
        r"[^\s]{1,100}",
        ("machine api.test login gate password n0t-a-p4ss", "machine api.test\n  login gate\n  password Kx8vQ2"),
        ("machine api.test login gate", "default login anonymous password secret"),
        after=r"^\s\"'`<\\",
    ),
    written(
        "command_line_password",
        "COMMAND_LINE_PASSWORD",
        (
            r"(?:sshpass[ ]{1,2}-p[ ]{0,2}|(?:mysql|mysqldump|mysqladmin|mariadb)[ ][^\r\n|;]{0,60}[ ]-p|"
            r"(?:curl|wget|http)[ ][^\r\n]{0,60}(?:-u|--user|-U|--proxy-user|-a)[ =]{1,2}"
            r"[\"']{0,1}[A-Za-z0-9_.@+-]{1,40}:|"
            r"--(?:http-|ftp-|proxy-)?(?:password|passwd|passphrase|pass)[= ]{1,2}|"
            r"docker login[^\r\n]{0,40} -p[ ]{1,2}|"
            r"net use[^\r\n]{0,40} /user:[^\s]{1,40} )[\"']{0,1}"
        ),
        r"[^\s\"'<>|;`$(){}\[\]-][^\s\"'<>|;`]{2,80}",
        (
            "curl -s -u gate:n0t-a-p4ss https://api.test",
            "mysql -h db.test -u root -pKx8vQ2n0t app",
            "tool --password n0t4p4ss",
        ),
        ("curl -u user:password https://api.test", "tool --password=$PASSWORD", "mysql -u root -p app"[:16]),
        after=r"^\s\"'<>|;`",
    ),
    written(
        "sql_password",
        "SQL_PASSWORD",
        (
            r"(?i:identified[ ]{1,2}(?:with[ ][a-z0-9_]{1,32}[ ])?by(?:[ ]password)?|"
            r"(?:role|user|login)[ ][^\r\n;]{0,60}password)[ =]{1,3}[\"']"
        ),
        r"[^\"'\r\n]{3,64}",
        ("CREATE USER gate IDENTIFIED BY 'n0t-a-p4ss';", "ALTER ROLE gate WITH LOGIN PASSWORD 'Kx8vQ2';"),
        ("CREATE USER gate IDENTIFIED BY 'password';",),
        after="^\"'",
    ),
    written(
        "network_credential",
        "NETWORK_CREDENTIAL",
        r"(?:NetworkCredential|PSCredential|UsernamePasswordCredential|HTTPBasicAuth|PasswordAuthentication|DirectoryEntry)"
        r"\s{0,2}\((?:\s{0,12}[\"'][^\"'\r\n]{1,64}[\"']\s{0,2},){1,2}\s{0,12}[\"']",
        r"[^\"'\r\n]{3,50}",
        ('new NetworkCredential("gate", "n0t-a-p4ss");', "requests.get(url, auth=HTTPBasicAuth('gate', 'Kx8vQ2'))"),
        ('new NetworkCredential("user", "password");', "HTTPBasicAuth(user, password)"),
        after="^\"'",
    ),
    written(
        "password_file_entry",
        "PASSWORD_FILE_ENTRY",
        r"(?:[A-Za-z0-9_.*-]{1,64}:(?:5432|5433|6432|\*):[^\s:]{1,40}:[^\s:]{1,40}:|"
        r"<Pass(?: encoding=\"[a-z0-9]{1,10}\")?>|"
        r"jdbc:oracle:thin:[^\s/:@\"']{1,40}/|sqlplus [^\s/:@\"']{1,40}/)",
        r"[^\s:@<\"']{4,100}",
        (
            "db.test:5432:app:gate:n0t4p4ss\n",
            '<Pass encoding="base64">bjB0LWEtcDRzcw==</Pass>',
            "sqlplus gate/n0t4p4ss@db",
        ),
        ("db.test:5432:app:gate:password\n", "<Pass></Pass>"),
        after=r"^\s@<",
    ),
    written(
        "otp_secret",
        "OTP_SECRET",
        (
            r"(?:otpauth://[ht]otp/[^\s\"'<>]{1,80}[?&]secret=|(?i:totp|otp|mfa|2fa|two[_-]factor|authenticator)[_-]{0,1}"
            r"(?i:secret|seed|key)[\"']{0,1}[ ]{0,2}[:=][ ]{0,2}[\"']{0,1})"
        ),
        r"[A-Z2-7]{16,64}={0,6}",
        (
            "otpauth://totp/Gate:ada?secret=JBSWY3DPEHPK3PXP&issuer=Gate",
            'totp_secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"',
        ),
        ("otpauth://totp/Gate:ada?secret=", 'otp_secret = "ask-the-admin"'),
        after="A-Za-z0-9",
    ),
)

ASSIGNED: Final = (
    Detector(
        name="assigned_password.quoted",
        entity="PASSWORD",
        lead=rf"{NAMES}(?:{ASSIGNS}[\"'`]|[ \t]{{1,16}}[\"'`]|"
        rf"[A-Za-z0-9_.-]{{0,16}}[\"']\s{{1,4}}value\s{{0,2}}=\s{{0,2}}[\"'])",
        pattern=r"[^\s\"'`\\<>]{5,80}",
        not_after=TO_QUOTE,
        validate=is_password_value,
        stop_words=PLACEHOLDERS,
        score=0.6,
        keyword_score=0.6,
        examples=('password = "Kx8!vQ2n"', '{"db_password": "n0t4p4ss!"}', "'passwd' => 'hunter42',"),
        counterexamples=('password = "password"', 'password = "your-password"', 'name="password_2"', 'pwd: "${PWD}"'),
    ),
    Detector(
        name="assigned_password.bare",
        entity="PASSWORD",
        lead=rf"{NAMES}{ASSIGNS}",
        pattern=r"[A-Za-z0-9!@#$%^&*+=?~_-]{7,80}",
        not_after=r"A-Za-z0-9!@#$%^&*+=?~_\-(\[.{:\"'`",
        validate=is_secret_value,
        stop_words=PLACEHOLDERS,
        score=0.6,
        keyword_score=0.6,
        examples=("DB_PASSWORD=Kx8!vQ2n0t", "password: qx7Zk2Wv\n", "export PGPASSWORD=n0t4p4ssw"),
        counterexamples=(
            "password = get_password()",
            "password=None",
            "PASSWORD: string",
            "password = os.environ['X']",
        ),
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*ADDRESSES, *STRINGS, *ASSIGNED)
