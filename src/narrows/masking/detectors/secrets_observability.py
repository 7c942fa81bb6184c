"""Secrets of monitoring, logging, analytics, paging and feature flags."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed
from narrows.masking.validators.secrets_checksums import has_crc32_hex
from narrows.masking.validators.secrets_encoded import is_prefixed_json

MONITORING: Final = (
    keyed(
        "datadog_key",
        "DATADOG_KEY",
        "data[_-]{0,1}dog|dd[ _-](?:api|app|key|client)|ddog",
        f"(?:[0-9a-f]{{32}}|[{ALNUM}]{{40}})",
        "<h32>",
        validate=is_mixed,
        before="A-Za-z0-9/@",
    ),
    issued("datadog_key.prefixed", "DATADOG_KEY", f"dd(?:ap[ipu]|pub|w)_[{ALNUM}]{{30,60}}", "ddapp_<w34>", before=URL),
    issued(
        "new_relic_key", "NEW_RELIC_KEY", f"NR(?:AK|AA|RA|BR|II|IQ|SP|MA)-[{URL}]{{25,42}}", "NRAK-<u27>", before=ALNUM
    ),
    issued(
        "new_relic_license",
        "NEW_RELIC_LICENSE",
        "(?:eu01xx|gov01x|[0-9a-f]{6})[0-9a-f]{30}(?:NRAL|FFFF[A-Z]{0,4})",
        "eu01xx<h30>NRAL",
        before=ALNUM,
    ),
    issued("new_relic_browser_key", "NEW_RELIC_BROWSER_KEY", "NRJS-[0-9a-f]{19}", "NRJS-<h19>"),
    keyed(
        "new_relic_key.keyed",
        "NEW_RELIC_KEY",
        "new[ _-]{0,1}relic",
        f"(?:[0-9a-f]{{40}}|[0-9a-f]{{47}}|[{ALNUM}]{{64}})",
        "<h40>",
        validate=is_mixed,
        before="A-Za-z0-9/@",
    ),
    issued(
        "sentry_token.organisation",
        "SENTRY_TOKEN",
        "sntrys_eyJ[A-Za-z0-9+/=_-]{60,500}",
        "sntrys_eyJpYXQiOjE3MDAwMDAwMDAuMSwidXJsIjoiaHR0cHM6Ly9zZW50cnkudGVzdCIsIm9yZyI6ImEifQ==_<w43>",
        after="",
        validate=is_prefixed_json,
    ),
    issued("sentry_token", "SENTRY_TOKEN", "sntry[aiu]_[0-9a-f]{64}", "sntryu_<h64>"),
    keyed("sentry_token.keyed", "SENTRY_TOKEN", "sentry", "[0-9a-f]{64}", "<h64>"),
    issued(
        "sentry_dsn",
        "SENTRY_DSN",
        "https?://[0-9a-f]{32}(?::[0-9a-f]{32})?@[A-Za-z0-9.-]{1,80}/[0-9]{1,20}",
        "https://<h32>@o42.ingest.sentry.io/<d7>",
        after="0-9",
    ),
    issued(
        "grafana_token.checked",
        "GRAFANA_TOKEN",
        f"glsa_[{ALNUM}]{{32}}_[0-9A-Fa-f]{{8}}",
        "glsa_<w32>_8103e69f",
        validate=has_crc32_hex,
        score=1.0,
        refused=("glsa_<w32>_<h8>",),
    ),
    issued("grafana_token", "GRAFANA_TOKEN", f"glsa_[{ALNUM}]{{32}}_[0-9A-Fa-f]{{8}}", "glsa_<w32>_<h8>"),
    issued(
        "grafana_cloud_token",
        "GRAFANA_CLOUD_TOKEN",
        "glc_[A-Za-z0-9+/]{32,500}={0,2}",
        "glc_eyJvIjoi<w60>",
        after="A-Za-z0-9+/",
    ),
    issued(
        "grafana_key",
        "GRAFANA_KEY",
        "eyJrIjoi[A-Za-z0-9+/_-]{40,400}={0,2}",
        "eyJrIjoi<w72>",
        before=ALNUM,
        after="A-Za-z0-9+/",
    ),
    issued("honeycomb_key", "HONEYCOMB_KEY", "hc[abx][il][kc]_[a-z0-9]{58}", "hcaik_<l58>", before=ALNUM),
    keyed(
        "honeycomb_key.keyed",
        "HONEYCOMB_KEY",
        "honeycomb|x-honeycomb-team",
        f"(?:[0-9a-f]{{32}}|[{ALNUM}]{{22}})",
        "<w22>",
        entropy=3.2,
        validate=is_mixed,
    ),
    issued(
        "dynatrace_token",
        "DYNATRACE_TOKEN",
        "dt0[a-z][0-9]{2}\\.[A-Za-z0-9]{8,24}\\.[A-Za-z0-9]{64}",
        "dt0c01.<u24>.<u64>",
    ),
    issued(
        "pagerduty_key",
        "PAGERDUTY_KEY",
        f"[uy]\\+[{URL}]{{18}}",
        "u+<w18>",
        before=ALNUM + "+/",
        after=URL,
        validate=is_mixed,
        entropy=3.2,
    ),
    keyed(
        "pagerduty_key.keyed",
        "PAGERDUTY_KEY",
        "pager[_-]{0,1}duty|pd[_-](?:api|token|key)|routing_key",
        f"(?:[0-9a-f]{{32}}|[{URL}+]{{20}}|R[A-Z0-9]{{31}})",
        "<w20>",
        entropy=3.2,
        validate=is_mixed,
    ),
    keyed("opsgenie_key", "OPSGENIE_KEY", "ops[_-]{0,1}genie|geniekey", UUID, "<uuid>"),
    keyed("rollbar_token", "ROLLBAR_TOKEN", "rollbar", "[0-9a-f]{32}", "<h32>"),
    keyed("bugsnag_key", "BUGSNAG_KEY", "bugsnag", "[0-9a-f]{32}", "<h32>"),
    keyed("airbrake_key", "AIRBRAKE_KEY", "airbrake|errbit", "(?:[0-9a-f]{32}|[0-9a-f]{40})", "<h32>"),
    service(
        "error_tracker_key",
        "ERROR_TRACKER_KEY",
        (
            "raygun honeybadger appsignal instabug crashlytics trackjs logrocket exceptionless glitchtip "
            "scout[_-]{0,1}apm skylight appdynamics instana lightstep signalfx wavefront stackify site24x7 "
            "uptrends statuscake catchpoint thousandeyes nagios zabbix prtg librenms"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,120}})",
        "<w32>",
        validate=is_mixed,
        key="raygun_api_key",
    ),
    issued("checkly_key", "CHECKLY_KEY", "cu_[0-9a-f]{32}", "cu_<h32>", before=URL),
    issued(
        "uptimerobot_key",
        "UPTIMEROBOT_KEY",
        "(?:u[0-9]{5,9}|m[0-9]{9,12}|ur[0-9]{5,9})-[0-9a-f]{24,32}",
        "u<d7>-<h24>",
        before=ALNUM,
    ),
    issued("coralogix_key", "CORALOGIX_KEY", f"cx(?:t[ph]|up|tw)_[{ALNUM}]{{30,32}}", "cxtp_<w30>", before=URL),
    issued("axiom_token", "AXIOM_TOKEN", f"xa[ap]t-{UUID}", "xaat-<uuid>"),
    service(
        "log_service_token",
        "LOG_SERVICE_TOKEN",
        (
            "loggly logz[._]{0,1}io logdna mezmo papertrail logentries better[_-]{0,1}(?:stack|uptime) "
            "log[_-]{0,1}tail splunk humio logscale graylog sematext scalyr datasette fluentbit coralogix "
            "last9 signoz openobserve"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,120}})",
        "<uuid>",
        validate=is_mixed,
        key="splunk_hec_token",
    ),
    keyed(
        "sumologic_key",
        "SUMOLOGIC_KEY",
        "sumo(?:logic)?",
        f"(?:su[{ALNUM}]{{12}}|[{ALNUM}]{{64}})",
        "su<w12>",
        entropy=3.0,
        validate=is_mixed,
    ),
    keyed("influx_token", "INFLUX_TOKEN", "influx(?:db)?", f"[{URL}]{{86}}==", "<b86>==", after="=", entropy=4.0),
    keyed(
        "elastic_key",
        "ELASTIC_KEY",
        "elastic|kibana|es[_-]api[_-]key|apikey",
        "(?:essu_)?[A-Za-z0-9+/]{58,80}={1,2}",
        "<w58>==",
        before="A-Za-z0-9+/",
        after="=",
        entropy=4.0,
    ),
    service(
        "status_page_key",
        "STATUS_PAGE_KEY",
        (
            "status[_-]{0,1}page victorops xmatters squadcast incident[._]{0,1}io firehydrant rootly pingdom "
            "freshping cronitor healthchecks"
        ),
        f"(?:{UUID}|[A-Za-z0-9_-]{{20,100}})",
        "<uuid>",
        validate=is_mixed,
        key="pingdom_api_token",
    ),
)

ANALYTICS: Final = (
    issued("segment_token", "SEGMENT_TOKEN", f"sgp_[{ALNUM}]{{64}}", "sgp_<w64>", before=ALNUM),
    keyed("segment_key", "SEGMENT_KEY", "segment", f"[{ALNUM}]{{32}}", "<w32>", entropy=3.5, validate=is_mixed),
    keyed("amplitude_key", "AMPLITUDE_KEY", "amplitude", "[0-9a-f]{32}", "<h32>"),
    keyed("mixpanel_secret", "MIXPANEL_SECRET", "mixpanel", "[0-9a-f]{32}", "<h32>"),
    issued("posthog_key", "POSTHOG_KEY", f"ph[csxr]_[{ALNUM}]{{40,50}}", "phx_<w43>", before=URL),
    service(
        "analytics_key",
        "ANALYTICS_KEY",
        (
            "heap[_-] fullstory rudder(?:stack)? mparticle appsflyer adjust[_-] branch[_-] kochava countly "
            "matomo piwik plausible fathom pendo hotjar kissmetrics snowplow chartbeat parsely tealium "
            "localytics flurry smartlook mouseflow crazyegg clearbit apollo[_-] zoominfo fullcontact "
            "peopledatalabs"
        ),
        f"(?:{UUID}|key_live_[{ALNUM}]{{32}}|[A-Za-z0-9_+=-]{{20,120}})",
        "<h32>",
        validate=is_mixed,
        key="rudderstack_write_key",
    ),
    issued("branch_key", "BRANCH_KEY", f"(?:key|secret)_(?:live|test)_[{ALNUM}]{{32}}", "key_live_<w32>", before=URL),
    issued("launchdarkly_key", "LAUNCHDARKLY_KEY", f"(?:sdk|api|mob|rel)-{UUID}", "sdk-<uuid>", before=URL),
    keyed(
        "launchdarkly_key.keyed",
        "LAUNCHDARKLY_KEY",
        "launch[_-]{0,1}darkly",
        f"[{URL}]{{40}}",
        "<h40>",
        before="A-Za-z0-9/@",
        validate=is_mixed,
    ),
    issued(
        "statsig_key",
        "STATSIG_KEY",
        f"(?:secret|console)-[{ALNUM}]{{40,48}}",
        "secret-<w44>",
        before=URL,
        validate=is_mixed,
    ),
    issued(
        "flagsmith_key", "FLAGSMITH_KEY", f"ser\\.[{ALNUM}]{{22}}", "ser.<w22>", before=URL + ".", validate=is_mixed
    ),
    issued(
        "unleash_token",
        "UNLEASH_TOKEN",
        "[A-Za-z0-9_*-]{1,40}:[A-Za-z0-9_*-]{1,40}\\.[0-9a-f]{56}",
        "default:development.<h56>",
        before=URL,
    ),
    service(
        "feature_flag_key",
        "FEATURE_FLAG_KEY",
        ("configcat split[._]{0,1}io optimizely growthbook devcycle flagsmith unleash harness[_-]ff"),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{22,120}})",
        "<w43>",
        entropy=3.2,
        validate=is_mixed,
        key="configcat_sdk_key",
    ),
    issued(
        "configcat_key",
        "CONFIGCAT_KEY",
        f"configcat-sdk-[0-9]/[{URL}]{{22}}/[{URL}]{{22}}",
        "configcat-sdk-1/<w22>/<w22>",
    ),
    issued(
        "mapbox_token",
        "MAPBOX_TOKEN",
        f"[psk]k\\.eyJ1Ijoi[{URL}]{{20,200}}\\.[{URL}]{{22}}",
        "sk.eyJ1Ijoi<w52>.<b22>",
        before=ALNUM,
        after=URL,
    ),
    service(
        "geo_service_key",
        "GEO_SERVICE_KEY",
        (
            "mapbox here[_-](?:api|app|maps) tomtom opencage locationiq maptiler positionstack ipinfo ipstack "
            "ipdata ipgeolocation ipapi geoapify graphhopper stadia jawg bing[_-]{0,1}maps what3words "
            "foursquare maxmind smartystreets radar openweather(?:map)? appid weatherapi accuweather "
            "weatherbit visualcrossing tomorrow[._]{0,1}io darksky climacell aerisweather"
        ),
        f"(?:{UUID}|[A-Za-z0-9_-]{{14,90}})",
        "<h32>",
        entropy=2.8,
        validate=is_mixed,
        key="openweathermap_api_key",
    ),
    issued("maxmind_key", "MAXMIND_KEY", f"[{ALNUM}]{{6}}_[{ALNUM}]{{29}}_mmk", "<w6>_<w29>_mmk", before=ALNUM),
    service(
        "threat_feed_key",
        "THREAT_FEED_KEY",
        (
            "virus[_-]{0,1}total vt[_-]api shodan censys abuse[_-]{0,1}ip[_-]{0,1}db greynoise securitytrails "
            "otx alienvault urlscan hybrid[_-]{0,1}analysis haveibeenpwned hibp intelx crowdstrike "
            "sentinelone qualys tenable rapid7 metadefender passivetotal riskiq recordedfuture misp"
        ),
        f"(?:{UUID}|[A-Za-z0-9_|-]{{28,90}})",
        "<h64>",
        validate=is_mixed,
        key="virustotal_api_key",
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*MONITORING, *ANALYTICS)
